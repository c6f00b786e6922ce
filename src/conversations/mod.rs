//! Conversations: questions to a clone, and answers that say which memories they come from.
//!
//! A conversation is a tree of messages: an answer that is written again stands beside the first
//! one. Only the account that holds a conversation can read it.

mod ask;
mod citations;
mod deciding;
mod error;
mod export;
mod live;
mod model;
mod prompt;
mod reply;
mod rows;
mod visible;

use std::collections::HashMap;
use std::sync::Arc;

use crate::access::{Action, Principal};
use crate::accounts::Accounts;
use crate::clones::{self, CloneError, Counted, Providers};
use crate::jobs::discarded::{self, Discard, Discarded};
use crate::jobs::{Eraser, Once, Subject, Tasks};
use crate::kernel::{
    Clock, CloneId, ConversationId, Cursor, DiscardedId, MessageId, Page, PageRequest, Text,
    Timestamp,
};
use crate::providers::LanguageModel;
use crate::retrieval::Retrieval;
use crate::store::{Direction, Range, Rows, Store, StoreError, WriteTx, page_of};

pub use error::ConversationError;
pub use export::{ExportFormat, export};
pub use live::{Answer, Event, Failure, Listener, Live};
pub use model::{
    Author, Citation, Conversation, ConversationChange, Feedback, Message, Said, Status, Tokens,
};
pub use rows::TABLES;

/// The providers of answers by their id; there is always the one that only quotes.
#[derive(Clone)]
pub struct Models {
    by_id: Arc<HashMap<String, Arc<dyn LanguageModel>>>,
    quoting: Arc<dyn LanguageModel>,
}

impl Models {
    /// The quoting provider and the others.
    pub fn new(quoting: Arc<dyn LanguageModel>, others: Vec<Arc<dyn LanguageModel>>) -> Self {
        let by_id = others.into_iter().map(|model| (model.id().to_owned(), model)).collect();
        Self { by_id: Arc::new(by_id), quoting }
    }

    fn get(&self, id: &str) -> Arc<dyn LanguageModel> {
        Arc::clone(self.by_id.get(id).unwrap_or(&self.quoting))
    }
}

/// What conversations are made with.
pub struct Parts {
    /// Where they are kept.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// What runs them.
    pub tasks: Tasks,
    /// What finds passages.
    pub retrieval: Retrieval,
    /// What a clone's settings come to.
    pub providers: Providers,
    /// Who answers.
    pub models: Models,
    /// Who asks.
    pub accounts: Accounts,
    /// How many answers may run at once.
    pub live: Live,
}

/// The conversations of this instance.
#[derive(Clone)]
pub struct Conversations {
    store: Store,
    clock: Clock,
    tasks: Tasks,
    retrieval: Retrieval,
    providers: Providers,
    models: Models,
    accounts: Accounts,
    live: Live,
}

/// A question that was accepted, and the answer to listen to.
pub struct Begun {
    /// The question; for an answer written again, the one it answers.
    pub question: Message,
    /// The answer's identifier.
    pub message: MessageId,
    /// Where.
    pub conversation: ConversationId,
}

/// In which order messages are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they were said.
    OldestFirst,
    /// The other way round.
    NewestFirst,
}

/// Where something is said.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// In this conversation.
    In(ConversationId),
    /// In a new one with this clone.
    New(CloneId),
}

/// How an answer can be followed.
pub enum Following {
    /// As it happens.
    Live(Listener),
    /// It ended some time ago.
    Ended(Box<Message>),
}

impl Conversations {
    /// Conversations made with these parts; answers that a crash left open are closed first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open(parts: Parts) -> Result<Self, StoreError> {
        let closed = parts.store.write(rows::close_open_in).await?;
        if closed > 0 {
            tracing::warn!(closed, "answers that broke off at the last stop are marked so");
        }
        let Parts { store, clock, tasks, retrieval, providers, models, accounts, live } = parts;
        Ok(Self { store, clock, tasks, retrieval, providers, models, accounts, live })
    }

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
                if let Some(once) = &once
                    && let Some(made) = once.made_in(tx)?
                {
                    return own(tx, &who, ConversationId::from_bytes(made));
                }
                clones::open(tx, &who, clone, Action::Talk)?;
                let conversation = begin_in(tx, &who, clone, title, now)?;
                if let Some(once) = &once {
                    once.record_in(tx, &conversation.id.bytes())?;
                }
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

    /// Changes title or place of a conversation.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn change(
        &self,
        who: &Principal,
        id: ConversationId,
        change: ConversationChange,
    ) -> Result<(Conversation, String), ConversationError> {
        let who = who.clone();
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let mut conversation = own(tx, &who, id)?;
                change.title.apply(&mut conversation.title);
                conversation.pinned = change.pinned.unwrap_or(conversation.pinned);
                conversation.updated_at = now;
                rows::put_in(tx, &conversation)?;
                let name = clones::name_of(tx, conversation.clone)?.unwrap_or_default();
                Ok((conversation, name))
            })
            .await
    }

    /// Puts a conversation into the trash; an answer that is being written is stopped.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn delete(
        &self,
        who: &Principal,
        id: ConversationId,
    ) -> Result<(), ConversationError> {
        let asker = who.clone();
        let now = self.clock.now();
        let running = self
            .store
            .write(move |tx| {
                let mut conversation = own(tx, &asker, id)?;
                let (persona, _) = clones::open(tx, &asker, conversation.clone, Action::ReadClone)?;
                conversation.deleted_at = Some(now);
                rows::put_in(tx, &conversation)?;
                let clone = conversation.clone;
                clones::count_in(tx, clone, asker.account, Counted::Conversation, -1)?;
                let title = conversation.title.map(Text::into_string);
                let discarded = Discarded {
                    id: DiscardedId::from_bytes(id.bytes()),
                    kind: Discard::Conversation,
                    clone,
                    space: persona.space,
                    title: title.unwrap_or_else(|| persona.profile.name.to_string()),
                    by: asker.account,
                    at: now,
                };
                discarded::put_in(tx, discarded)?;
                let messages = rows::messages(tx, id)?;
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

    /// The messages of a conversation.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub fn messages(
        &self,
        who: &Principal,
        id: ConversationId,
        order: Order,
        page: &PageRequest,
    ) -> Result<Page<Message>, ConversationError> {
        self.store.read(|tx| {
            own(tx, who, id)?;
            let range = Range::prefix(&id);
            let direction = match order {
                Order::OldestFirst => Direction::Up,
                Order::NewestFirst => Direction::Down,
            };
            page_of(tx, &rows::MESSAGES, range, direction, page, |(_, m), row| {
                Ok(Some(rows::message_of(id, m, row)))
            })
        })
    }

    /// One message.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub fn message(
        &self,
        who: &Principal,
        conversation: ConversationId,
        id: MessageId,
    ) -> Result<Message, ConversationError> {
        self.store.read(|tx| {
            own(tx, who, conversation)?;
            rows::message(tx, conversation, id)?.ok_or(ConversationError::Missing)
        })
    }

    /// How many answers are being written.
    pub fn running(&self) -> usize {
        self.live.running()
    }
}

/// Stores an answer as it ended. One whose conversation was erased meanwhile is dropped.
fn end_answer_in(tx: &mut WriteTx<'_>, answer: &Message) -> Result<(), StoreError> {
    let Some(stored) = rows::message(tx, answer.conversation, answer.id)? else {
        return Ok(());
    };
    // A rating may have come while it was being written.
    let answer = Message { feedback: stored.feedback, ..answer.clone() };
    rows::put_message_in(tx, &answer)
}

fn begin_in(
    tx: &mut WriteTx<'_>,
    who: &Principal,
    clone: CloneId,
    title: Option<Text<0, 200>>,
    now: Timestamp,
) -> Result<Conversation, StoreError> {
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
    clones::count_in(tx, clone, who.account, Counted::Conversation, 1)?;
    Ok(conversation)
}

fn own(
    tx: &impl Rows,
    who: &Principal,
    id: ConversationId,
) -> Result<Conversation, ConversationError> {
    let conversation = rows::conversation(tx, id)?
        .filter(|c| c.account == who.account && c.deleted_at.is_none())
        .ok_or(ConversationError::Missing)?;
    // A clone that is gone, or not the asker's to see any more, takes its conversations along.
    open_name(tx, who, conversation.clone)?.ok_or(ConversationError::Missing)?;
    Ok(conversation)
}

/// The name of a clone, if the asker can see it.
fn open_name(
    tx: &impl Rows,
    who: &Principal,
    clone: CloneId,
) -> Result<Option<String>, StoreError> {
    match clones::open(tx, who, clone, Action::ReadClone) {
        Ok((persona, _)) => Ok(Some(persona.profile.name.to_string())),
        Err(CloneError::Store(error)) => Err(error),
        Err(_) => Ok(None),
    }
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

/// Erases a conversation for good (from the trash).
///
/// # Errors
/// When the store fails.
pub fn erase_conversation_in(tx: &mut WriteTx<'_>, id: ConversationId) -> Result<(), StoreError> {
    rows::erase_conversation_in(tx, id)
}

/// Removes what this slice knows of an account or a clone.
pub struct ConversationEraser;

impl Eraser for ConversationEraser {
    fn erase_in(&self, tx: &mut WriteTx<'_>, subject: Subject) -> Result<(), StoreError> {
        match subject {
            Subject::Account(account) => rows::erase_account_in(tx, account),
            Subject::Clone(clone) => rows::erase_clone_in(tx, clone),
        }
    }
}
