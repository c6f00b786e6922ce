//! What was deleted and can still be brought back: one row a thing, written by the slice that
//! deletes, read by `privacy`, which lists, restores and finally erases.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, CloneId, DiscardedId, SpaceId, Timestamp};
use crate::seal::Owner;
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx};

use super::Subject;

const DISCARDED: Table<DiscardedId, DiscardedRow> = Table::new("discarded", Holds::Account);

/// The tables of this module.
pub const TABLES: &[TableInfo] = &[DISCARDED.info()];

/// How long things wait in the trash.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What kind of thing was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discard {
    /// A clone with all that belongs to it.
    Clone,
    /// One memory.
    Memory,
    /// One file of a memory.
    Attachment,
    /// One person.
    Person,
    /// One conversation.
    Conversation,
}

/// A thing in the trash.
#[derive(Clone, Debug)]
pub struct Discarded {
    /// The identifier of the thing itself.
    pub id: DiscardedId,
    /// What it is.
    pub kind: Discard,
    /// The clone it belongs to, or is.
    pub clone: CloneId,
    /// The space of that clone.
    pub space: SpaceId,
    /// What to show for it.
    pub title: String,
    /// Who deleted it.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct DiscardedRow {
    kind: Discard,
    clone: CloneId,
    space: SpaceId,
    title: String,
    by: AccountId,
    at: Timestamp,
}

impl Row<DiscardedId> for DiscardedRow {
    fn owner(&self, _: &DiscardedId) -> Owner {
        Owner::Clone(self.clone)
    }
}

/// Puts a thing into the trash.
///
/// # Errors
/// When the database fails.
pub fn put_in(tx: &mut WriteTx<'_>, discarded: Discarded) -> Result<(), StoreError> {
    let Discarded { id, kind, clone, space, title, by, at } = discarded;
    tx.put(&DISCARDED, &id, &DiscardedRow { kind, clone, space, title, by, at })
}

/// A thing in the trash.
///
/// # Errors
/// When the database fails.
pub fn get(tx: &impl Rows, id: DiscardedId) -> Result<Option<Discarded>, StoreError> {
    Ok(tx.get(&DISCARDED, &id)?.map(|row| discarded(id, row)))
}

/// Everything in the trash, in no order that means anything to people.
///
/// # Errors
/// When the database fails.
pub fn all(tx: &impl Rows) -> Result<Vec<Discarded>, StoreError> {
    let rows = tx.list(&DISCARDED, &Range::all())?;
    Ok(rows.into_iter().map(|(id, row)| discarded(id, row)).collect())
}

/// Takes a thing out of the trash, because it was restored or erased.
pub fn remove_in(tx: &mut WriteTx<'_>, id: DiscardedId) {
    tx.remove(&DISCARDED, &id);
}

/// Removes what is in the trash of a subject; of an account its conversations, as the memories
/// that it threw away may be those of others.
pub(super) fn erase_in(tx: &mut WriteTx<'_>, subject: Subject) -> Result<(), StoreError> {
    let of = |kind, id: [u8; 16]| move |row: &Discarded| row.kind == kind && row.id.bytes() == id;
    match subject {
        Subject::Clone(clone) => remove_where(tx, |row| row.clone == clone),
        Subject::Account(account) => {
            remove_where(tx, |row| row.by == account && row.kind == Discard::Conversation)
        }
        Subject::Memory(_, id) => remove_where(tx, of(Discard::Memory, id.bytes())),
        Subject::Attachment(_, id) => remove_where(tx, of(Discard::Attachment, id.bytes())),
        Subject::Person(_, id) => remove_where(tx, of(Discard::Person, id.bytes())),
        Subject::Conversation(id) => remove_where(tx, of(Discard::Conversation, id.bytes())),
    }
}

fn remove_where(tx: &mut WriteTx<'_>, goes: impl Fn(&Discarded) -> bool) -> Result<(), StoreError> {
    let gone: Vec<_> = all(tx)?.into_iter().filter(goes).collect();
    gone.iter().for_each(|row| remove_in(tx, row.id));
    Ok(())
}

/// A short title for something that has only text: its first line, up to 80 characters.
pub fn title_from(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let mut title: String = line.chars().take(80).collect();
    if title.len() < line.len() {
        title.push('…');
    }
    title
}

fn discarded(id: DiscardedId, row: DiscardedRow) -> Discarded {
    let DiscardedRow { kind, clone, space, title, by, at } = row;
    Discarded { id, kind, clone, space, title, by, at }
}
