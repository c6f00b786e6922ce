//! For how long conversations with a clone are kept, where those who look after it want them to
//! end by themselves.

use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::{ConversationError, Conversations, rows};
use crate::access::{Action, Principal, Role};
use crate::clones;
use crate::kernel::{AccountId, CloneId, ConversationId, Timestamp};
use crate::seal::Owner;
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, WriteTx};

/// The shortest and the longest time that can be chosen, in days.
pub const KEPT_DAYS: (u16, u16) = (30, 3_650);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) const RETENTION: Table<CloneId, RetentionRow> =
    Table::new("clone_retention", Holds::Clone);

#[derive(Serialize, Deserialize)]
pub(super) struct RetentionRow {
    days: u16,
    by: AccountId,
    at: Timestamp,
}

impl Row<CloneId> for RetentionRow {
    fn owner(&self, clone: &CloneId) -> Owner {
        Owner::Clone(*clone)
    }
}

/// For how long conversations with a clone are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// In days without a word; until somebody deletes them if nothing is said.
    pub days: Option<u16>,
    /// Since when it is so.
    pub set_at: Option<Timestamp>,
    /// How many would go now, for those who look after the clone.
    pub would_go: Option<usize>,
}

impl Conversations {
    /// For how long conversations with a clone are kept, and how many would go now if it were so
    /// many days.
    ///
    /// # Errors
    /// When the clone is not there for the asker, or the store fails.
    pub fn retention(
        &self,
        who: &Principal,
        clone: CloneId,
        if_days: Option<u16>,
    ) -> Result<Retention, ConversationError> {
        let now = self.clock.now();
        self.store.read(|tx| {
            let (_, role) = clones::open(tx, who, clone, Action::ReadClone)?;
            let set = tx.get(&RETENTION, &clone)?;
            let days = set.as_ref().map(|set| set.days);
            let would_go = match if_days.or(days).filter(|_| role >= Role::Steward) {
                Some(days) => Some(older_than(tx, clone, (days, now))?.len()),
                None => None,
            };
            Ok(Retention { days, set_at: set.map(|set| set.at), would_go })
        })
    }

    /// Says for how long they are kept from now on.
    ///
    /// # Errors
    /// When the asker may not, or the store fails.
    pub async fn set_retention(
        &self,
        who: &Principal,
        clone: CloneId,
        days: Option<u16>,
    ) -> Result<Retention, ConversationError> {
        let (asker, by, at) = (who.clone(), who.account, self.clock.now());
        let set = self.store.write(move |tx| {
            clones::open(tx, &asker, clone, Action::ChangeClone)?;
            match days {
                Some(days) => tx.put(&RETENTION, &clone, &RetentionRow { days, by, at })?,
                None => tx.remove(&RETENTION, &clone),
            }
            Ok::<_, ConversationError>(())
        });
        set.await?;
        self.retention(who, clone, None)
    }
}

/// The conversations whose time is over.
///
/// # Errors
/// When the store fails.
pub fn over(tx: &impl Rows, now: Timestamp) -> Result<Vec<(CloneId, ConversationId)>, StoreError> {
    let mut found = Vec::new();
    for (clone, set) in tx.list(&RETENTION, &Range::all())? {
        let older = older_than(tx, clone, (set.days, now))?;
        found.extend(older.into_iter().map(|id| (clone, id)));
    }
    Ok(found)
}

/// Whether the time of a conversation is over, asked once more when it is to be erased.
///
/// # Errors
/// When the store fails.
pub fn is_over(
    tx: &impl Rows,
    (clone, id): (CloneId, ConversationId),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(set) = tx.get(&RETENTION, &clone)? else { return Ok(false) };
    let conversation = rows::conversation(tx, id)?;
    Ok(conversation.is_some_and(|c| is_older(last_word(&c), (set.days, now))))
}

fn older_than(
    tx: &impl Rows,
    clone: CloneId,
    at: (u16, Timestamp),
) -> Result<Vec<ConversationId>, StoreError> {
    let mut older = Vec::new();
    for id in rows::of_clone(tx, clone)? {
        let conversation = rows::conversation(tx, id)?;
        if conversation.is_some_and(|c| is_older(last_word(&c), at)) {
            older.push(id);
        }
    }
    Ok(older)
}

fn last_word(c: &super::Conversation) -> Timestamp {
    c.last_message_at.unwrap_or(c.created_at)
}

fn is_older(last: Timestamp, (days, now): (u16, Timestamp)) -> bool {
    now.since(last) > DAY * u32::from(days)
}

pub(super) fn forget_in(tx: &mut WriteTx<'_>, clone: CloneId) {
    tx.remove(&RETENTION, &clone);
}
