//! Keeping conversations: beginning, listing, renaming, throwing away and bringing back.

use std::collections::HashMap;

use super::{
    Conversation, ConversationChange, ConversationError, Conversations, Message, Status, open_name,
    own, rows,
};
use crate::access::{Action, Principal, Proof, Visit};
use crate::clones::{self, Counted};
use crate::consents::{self, Consent};
use crate::jobs::discarded::{self, Discard, Discarded};
use crate::jobs::{Once, once};
use crate::kernel::{
    AccountId, CloneId, ConversationId, Cursor, DiscardedId, Page, PageRequest, Text, Timestamp,
};
use crate::share_links;
use crate::store::{Portion, StoreError, WriteTx};

impl Conversations {
    /// Begins a conversation.
    ///
    /// # Errors
    /// When the asker may not talk with the clone, or the store fails.
    pub async fn create(
        &self,
        who: &Principal,
        clone: CloneId,
        title: Option<Text<0, 200>>,
        once: Option<Once>,
    ) -> Result<Conversation, ConversationError> {
        let who = who.clone();
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let answerable = share_links::answerable_in(tx, &who, now)?;
                consents::require_in(tx, answerable, Consent::DataProcessing)?;
                if let Some(made) = Once::made_in(once.as_ref(), tx)? {
                    return own(tx, &who, ConversationId::from_bytes(made));
                }
                let (persona, _) = clones::open(tx, &who, clone, Action::Talk)?;
                persona.require_awake_in(tx)?;
                let conversation = begin_in(tx, &who, clone, title, now)?;
                share_links::spend_in(tx, &who, now)?;
                Once::record_in(once.as_ref(), tx, &conversation.id.bytes())?;
                Ok(conversation)
            })
            .await
    }

    /// One conversation of the asker, and the name of its clone.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub fn get(
        &self,
        who: &Principal,
        id: ConversationId,
    ) -> Result<(Conversation, String), ConversationError> {
        self.store.read(|tx| {
            let conversation = own(tx, who, id)?;
            let name = clones::name_of(tx, conversation.clone)?.unwrap_or_default();
            Ok((conversation, name))
        })
    }

    /// The asker's conversations, with one clone or all: pinned ones first, then the newest.
    /// Who shares a share link with others without telling themselves apart is shown none.
    ///
    /// # Errors
    /// When the clone is not theirs to see, or the store fails.
    pub fn list(
        &self,
        who: &Principal,
        clone: Option<CloneId>,
        page: &PageRequest,
    ) -> Result<Page<(Conversation, String)>, ConversationError> {
        self.store.read(|tx| {
            if let Some(clone) = clone {
                clones::open(tx, who, clone, Action::ReadClone)?;
            }
            if matches!(who.proof, Proof::Share { visit: Visit::Common, .. }) {
                return Ok(Page { items: Vec::new(), next: None });
            }
            let mut names: HashMap<CloneId, Option<String>> = HashMap::new();
            let mut found = Vec::new();
            for conversation in rows::of_account(tx, who.account, clone)? {
                if conversation.deleted_at.is_some() {
                    continue;
                }
                let name = match names.get(&conversation.clone) {
                    Some(name) => name.clone(),
                    None => {
                        let name = open_name(tx, who, conversation.clone)?;
                        names.insert(conversation.clone, name.clone());
                        name
                    }
                };
                found.extend(name.map(|name| (conversation, name)));
            }
            found.sort_by_key(|(c, _)| std::cmp::Reverse(place_in_list(c)));
            let skip = match &page.after {
                None => 0,
                Some(after) => found
                    .iter()
                    .position(|(c, _)| c.id.bytes()[..] == after.0[..])
                    .map_or(found.len(), |at| at + 1),
            };
            let more = found.len() > skip + page.limit;
            let items: Vec<_> = found.into_iter().skip(skip).take(page.limit).collect();
            let next = items.last().filter(|_| more).map(|(c, _)| Cursor(c.id.bytes().to_vec()));
            Ok(Page { items, next })
        })
    }

    /// Changes title or place of a conversation, if it is still what is `expected`.
    ///
    /// # Errors
    /// When there is none, it was changed meanwhile, or the store fails.
    pub async fn change(
        &self,
        who: &Principal,
        id: ConversationId,
        change: ConversationChange,
        expected: Option<Conversation>,
    ) -> Result<(Conversation, String), ConversationError> {
        let who = who.clone();
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let mut conversation = own(tx, &who, id)?;
                if expected.is_some_and(|expected| expected != conversation) {
                    return Err(ConversationError::Stale);
                }
                change.title.apply(&mut conversation.title);
                conversation.pinned = change.pinned.unwrap_or(conversation.pinned);
                conversation.updated_at = now;
                rows::put_in(tx, &conversation)?;
                let name = clones::name_of(tx, conversation.clone)?.unwrap_or_default();
                Ok((conversation, name))
            })
            .await
    }

    /// Puts a conversation into the trash, if it is still what is `expected`; an answer that is
    /// being written is stopped. That of a visitor of a share link, who has no trash, is erased.
    ///
    /// # Errors
    /// When there is none, it was changed meanwhile, or the store fails.
    pub async fn delete(
        &self,
        who: &Principal,
        id: ConversationId,
        expected: Option<Conversation>,
    ) -> Result<(), ConversationError> {
        let asker = who.clone();
        let now = self.clock.now();
        let running = self
            .store
            .write(move |tx| {
                let conversation = own(tx, &asker, id)?;
                if expected.is_some_and(|expected| expected != conversation) {
                    return Err(ConversationError::Stale);
                }
                let messages = rows::messages(tx, id)?;
                if asker.share_link().is_some() {
                    rows::erase_conversation_in(tx, id, &mut Portion::unlimited())?;
                } else {
                    discard_in(tx, &asker, conversation, now)?;
                }
                Ok::<_, ConversationError>(
                    messages.into_iter().filter(|m| m.status == Status::Generating).collect(),
                )
            })
            .await;
        let running: Vec<Message> = running?;
        for answer in running.iter().filter_map(|message| self.live.find(message.id)) {
            answer.stop.cancel();
        }
        Ok(())
    }
}

fn discard_in(
    tx: &mut WriteTx<'_>,
    who: &Principal,
    mut conversation: Conversation,
    now: Timestamp,
) -> Result<(), ConversationError> {
    let (persona, _) = clones::open(tx, who, conversation.clone, Action::ReadClone)?;
    conversation.deleted_at = Some(now);
    rows::put_in(tx, &conversation)?;
    let clone = conversation.clone;
    clones::count_in(tx, clone, who.account, Counted::Conversation, -1)?;
    let title = conversation.title.map(Text::into_string);
    let discarded = Discarded {
        id: DiscardedId::from_bytes(conversation.id.bytes()),
        kind: Discard::Conversation,
        clone,
        space: persona.space,
        title: title.unwrap_or_else(|| persona.profile.name.to_string()),
        by: who.account,
        at: now,
    };
    Ok(discarded::put_in(tx, discarded)?)
}

pub(super) fn begin_in(
    tx: &mut WriteTx<'_>,
    who: &Principal,
    clone: CloneId,
    title: Option<Text<0, 200>>,
    now: Timestamp,
) -> Result<Conversation, ConversationError> {
    share_links::meet_in(tx, who, now)?;
    let conversation = Conversation {
        id: ConversationId::fresh(),
        account: who.account,
        clone,
        title,
        pinned: false,
        message_count: 0,
        last_message_at: None,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    rows::put_in(tx, &conversation)?;
    // Nobody sees how many visitors of a link have.
    if who.share_link().is_none() {
        clones::count_in(tx, clone, who.account, Counted::Conversation, 1)?;
    }
    Ok(conversation)
}

fn place_in_list(c: &Conversation) -> (bool, Timestamp, ConversationId) {
    (c.pinned, c.last_message_at.unwrap_or(c.created_at), c.id)
}

/// Takes a conversation out of the trash.
///
/// # Errors
/// When it is gone for good, it is not the asker's, or the store fails.
pub fn restore_in(
    tx: &mut WriteTx<'_>,
    who: &Principal,
    id: ConversationId,
) -> Result<(), ConversationError> {
    let mut conversation = rows::conversation(tx, id)?
        .filter(|c| c.account == who.account)
        .ok_or(ConversationError::Missing)?;
    conversation.deleted_at = None;
    rows::put_in(tx, &conversation)?;
    let clone = conversation.clone;
    Ok(clones::count_in(tx, clone, who.account, Counted::Conversation, 1)?)
}

/// Erases what a visitor of a share link has left: their link has ended, and nobody else could
/// read it.
///
/// # Errors
/// When the store fails.
pub fn forget_visitor_in(tx: &mut WriteTx<'_>, visitor: AccountId) -> Result<(), StoreError> {
    rows::erase_account_in(tx, visitor, &mut Portion::unlimited())?;
    once::erase_account_in(tx, visitor)
}

#[cfg(test)]
mod tests {
    use super::super::{Author, TABLES};
    use super::*;
    use crate::kernel::Clock;
    use crate::seal::Seals;
    use crate::store::{Codec, Options, Store};

    #[tokio::test]
    async fn a_visitor_who_is_forgotten_leaves_nothing_and_others_stay() {
        let tables = [TABLES, once::TABLES].concat();
        let options = Options { tables: &tables, upgrades: &[], cache_bytes: 1 << 20 };
        let store = Store::in_memory(Codec::new(Seals::in_memory()), &options).unwrap();
        let now = Clock::system().now();
        let clone = CloneId::fresh();
        let begun = |account: AccountId| Conversation {
            id: ConversationId::fresh(),
            account,
            clone,
            title: None,
            pinned: false,
            message_count: 1,
            last_message_at: None,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        let (gone, kept) = (begun(AccountId::fresh()), begun(AccountId::fresh()));
        let (visitor, other) = (gone.account, kept.account);
        let (at, stays) = (gone.id, kept.id);
        let left = store.write(move |tx| {
            for conversation in [&gone, &kept] {
                rows::put_in(tx, conversation)?;
                let said = Message::blank(conversation.id, Author::User, now);
                rows::put_message_in(tx, &said)?;
            }
            forget_visitor_in(tx, visitor)?;
            let counts = [(at, visitor), (stays, other)].map(|(id, account)| {
                let messages = rows::messages(tx, id).unwrap().len();
                let listed = rows::of_account(tx, account, None).unwrap().len();
                (rows::conversation(tx, id).unwrap().is_some(), messages, listed)
            });
            Ok::<_, StoreError>(counts)
        });
        assert_eq!(left.await.unwrap(), [(false, 0, 0), (true, 1, 1)]);
    }
}
