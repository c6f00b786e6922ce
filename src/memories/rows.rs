//! How memories are stored, and the tables by which they are found.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::access::Visibility;
use crate::accounts::hidden_since;
use crate::kernel::faults::{Planted, planted};
use crate::kernel::{AccountId, CloneId, FuzzyDate, MemoryId, Text, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::store::{
    Direction, Holds, Portion, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx,
};

use super::model::{MemoryType, Metadata, Name, fold};
use super::{Content, Declined, Memory, Revision, Waiting};

pub(super) const MEMORIES: Table<(CloneId, MemoryId), MemoryRow> =
    Table::new("memories", Holds::Clone);
pub(super) const REVISIONS: Table<(CloneId, MemoryId, u32), RevisionRow> =
    Table::new("memory_revisions", Holds::Clone);
pub(super) const BY_EXTERNAL_ID: Table<(CloneId, TokenHash), MemoryId> =
    Table::new("memories_by_external_id", Holds::Clone);
/// Days since 1970 of the earliest and the latest day a memory may be about.
pub(super) const BY_DATE: Table<(CloneId, i64, i64, MemoryId), ()> =
    Table::new("memories_by_date", Holds::Clone);
pub(super) const UNDATED: Table<(CloneId, MemoryId), ()> =
    Table::new("memories_undated", Holds::Clone);
/// What somebody who looks after the clone has to let in.
pub(super) const WAITING: Table<(CloneId, MemoryId), ()> =
    Table::new("memories_waiting", Holds::Clone);
pub(super) const BY_PERSON: Table<(CloneId, TokenHash, MemoryId), ()> =
    Table::new("memories_by_person", Holds::Clone);

pub(super) const TABLES: [TableInfo; 7] = [
    MEMORIES.info(),
    REVISIONS.info(),
    BY_EXTERNAL_ID.info(),
    BY_DATE.info(),
    UNDATED.info(),
    BY_PERSON.info(),
    WAITING.info(),
];

#[derive(Serialize, Deserialize)]
pub(super) struct ContentRow {
    text: Text<1, 50_000>,
    title: Option<Text<0, 300>>,
    kind: MemoryType,
    occurred_at: Option<FuzzyDate>,
    occurred_text: Option<Text<1, 200>>,
    place: Option<Name>,
    people: Vec<Name>,
    tags: Vec<Name>,
    visibility: Visibility,
    external_id: Option<Text<1, 200>>,
    /// JSON text: CBOR has no place for every JSON number.
    metadata: String,
    source: Option<Text<1, 300>>,
    speaker: Option<Name>,
    thread: Option<Text<1, 200>>,
    sequence: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MemoryRow {
    pub(super) author: AccountId,
    content: ContentRow,
    revision: u32,
    created_at: Timestamp,
    updated_at: Timestamp,
    deleted_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waiting: Option<WaitingRow>,
}

#[derive(Serialize, Deserialize)]
struct WaitingRow {
    since: Timestamp,
    change: Option<ContentRow>,
    declined: Option<Declined>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RevisionRow {
    /// Whose memory it is; of the first revisions it is not known.
    #[serde(default)]
    author: Option<AccountId>,
    content: ContentRow,
    changed_at: Timestamp,
    changed_by: AccountId,
    /// Nobody had let it in when it was changed.
    #[serde(default)]
    pub(super) waited: bool,
}

impl Row<(CloneId, MemoryId)> for MemoryRow {
    fn owner(&self, (clone, _): &(CloneId, MemoryId)) -> Owner {
        Owner::Derived { author: self.author, clone: *clone }
    }
}

impl Row<(CloneId, MemoryId, u32)> for RevisionRow {
    fn owner(&self, (clone, ..): &(CloneId, MemoryId, u32)) -> Owner {
        Owner::Derived { author: self.author.unwrap_or(self.changed_by), clone: *clone }
    }
}

impl From<&Content> for ContentRow {
    fn from(content: &Content) -> Self {
        let content = content.clone();
        Self {
            text: content.text,
            title: content.title,
            kind: content.kind,
            occurred_at: content.occurred_at,
            occurred_text: content.occurred_text,
            place: content.place,
            people: content.people,
            tags: content.tags,
            visibility: content.visibility,
            external_id: content.external_id,
            metadata: serde_json::Value::Object(content.metadata).to_string(),
            source: content.source,
            speaker: content.speaker,
            thread: content.thread,
            sequence: content.sequence,
        }
    }
}

impl From<ContentRow> for Content {
    fn from(row: ContentRow) -> Self {
        // Written by us from a map; a row that says otherwise loses the metadata, not the memory.
        let metadata: Metadata = serde_json::from_str(&row.metadata).unwrap_or_default();
        Self {
            text: row.text,
            title: row.title,
            kind: row.kind,
            occurred_at: row.occurred_at,
            occurred_text: row.occurred_text,
            place: row.place,
            people: row.people,
            tags: row.tags,
            visibility: row.visibility,
            external_id: row.external_id,
            metadata,
            source: row.source,
            speaker: row.speaker,
            thread: row.thread,
            sequence: row.sequence,
        }
    }
}

/// A memory as it is stored; one of somebody who is hidden is as good as thrown away.
pub(super) fn memory_of(
    clone: CloneId,
    id: MemoryId,
    row: MemoryRow,
    hidden: Option<Timestamp>,
) -> Memory {
    Memory {
        id,
        clone,
        author: row.author,
        content: row.content.into(),
        revision: row.revision,
        created_at: row.created_at,
        updated_at: row.updated_at,
        deleted_at: row.deleted_at.or(hidden),
        waiting: row.waiting.map(|row| Waiting {
            since: row.since,
            change: row.change.map(Content::from),
            declined: row.declined,
        }),
        files_until: None,
    }
}

/// The memory, whether in the trash or not.
pub(super) fn memory(
    tx: &impl Rows,
    clone: CloneId,
    id: MemoryId,
) -> Result<Option<Memory>, StoreError> {
    let Some(row) = tx.get(&MEMORIES, &(clone, id))? else { return Ok(None) };
    let hidden = hidden_since(tx, row.author)?;
    Ok(Some(memory_of(clone, id, row, hidden)))
}

pub(super) fn by_external_id(
    tx: &impl Rows,
    clone: CloneId,
    external_id: &str,
) -> Result<Option<MemoryId>, StoreError> {
    tx.get(&BY_EXTERNAL_ID, &(clone, blind(tx, clone, external_id)?))
}

/// Stores a memory and keeps the tables by which it is found in step with what it said before.
pub(super) fn put_in(
    tx: &mut WriteTx<'_>,
    before: Option<&Memory>,
    memory: &Memory,
) -> Result<(), StoreError> {
    if let Some(before) = before {
        unlink_in(tx, before)?;
    }
    let row = MemoryRow {
        author: memory.author,
        content: ContentRow::from(&memory.content),
        revision: memory.revision,
        created_at: memory.created_at,
        updated_at: memory.updated_at,
        deleted_at: memory.deleted_at,
        waiting: memory.waiting.as_ref().map(|waiting| WaitingRow {
            since: waiting.since,
            change: waiting.change.as_ref().map(ContentRow::from),
            declined: waiting.declined.clone(),
        }),
    };
    tx.put(&MEMORIES, &(memory.clone, memory.id), &row)?;
    if memory.deleted_at.is_some() {
        return Ok(());
    }
    link_in(tx, memory)
}

/// Adds a memory to the tables by which it is found.
fn link_in(tx: &mut WriteTx<'_>, memory: &Memory) -> Result<(), StoreError> {
    let (clone, id) = (memory.clone, memory.id);
    if let Some(external_id) = &memory.content.external_id {
        tx.put(&BY_EXTERNAL_ID, &(clone, blind(tx, clone, external_id)?), &id)?;
    }
    match days(&memory.content) {
        Some((earliest, latest)) => tx.put(&BY_DATE, &(clone, earliest, latest, id), &())?,
        None => tx.put(&UNDATED, &(clone, id), &())?,
    }
    for person in &memory.content.people {
        tx.put(&BY_PERSON, &(clone, blind(tx, clone, &fold(person))?, id), &())?;
    }
    if memory.waits() {
        tx.put(&WAITING, &(clone, id), &())?;
    }
    Ok(())
}

fn unlink_in(tx: &mut WriteTx<'_>, memory: &Memory) -> Result<(), StoreError> {
    let (clone, id) = (memory.clone, memory.id);
    if let Some(external_id) = &memory.content.external_id {
        tx.remove(&BY_EXTERNAL_ID, &(clone, blind(tx, clone, external_id)?));
    }
    match days(&memory.content) {
        Some((earliest, latest)) => tx.remove(&BY_DATE, &(clone, earliest, latest, id)),
        None => tx.remove(&UNDATED, &(clone, id)),
    }
    for person in &memory.content.people {
        tx.remove(&BY_PERSON, &(clone, blind(tx, clone, &fold(person))?, id));
    }
    tx.remove(&WAITING, &(clone, id));
    Ok(())
}

/// Makes the tables by which names and external ids are found anew: they were found by what they
/// are, and are found under the clone's key now.
///
/// # Errors
/// When the database fails.
pub fn reseal_in(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    tx.remove_range(&BY_EXTERNAL_ID, &Range::all())?;
    tx.remove_range(&BY_PERSON, &Range::all())?;
    for ((clone, id), row) in tx.list(&MEMORIES, &Range::all())? {
        let memory = memory_of(clone, id, row, None);
        if memory.deleted_at.is_none() {
            link_in(tx, &memory)?;
        }
    }
    Ok(())
}

pub(super) fn put_revision_in(
    tx: &mut WriteTx<'_>,
    memory: &Memory,
    changed_by: AccountId,
) -> Result<(), StoreError> {
    if planted(Planted::RevisionNotKept) {
        return Ok(());
    }
    let row = RevisionRow {
        author: Some(memory.author),
        content: ContentRow::from(&memory.content),
        changed_at: memory.updated_at,
        changed_by,
        waited: !memory.is_in(),
    };
    tx.put(&REVISIONS, &(memory.clone, memory.id, memory.revision), &row)
}

pub(super) fn revision_of(number: u32, row: RevisionRow) -> Revision {
    Revision {
        number,
        content: row.content.into(),
        changed_at: row.changed_at,
        changed_by: row.changed_by,
    }
}

/// The memories in which any of these names occurs.
pub(super) fn with_person(
    tx: &impl Rows,
    clone: CloneId,
    name: &str,
) -> Result<Vec<MemoryId>, StoreError> {
    let range = Range::prefix(&(clone, blind(tx, clone, &fold(name))?));
    let keys: Vec<(CloneId, TokenHash, MemoryId)> = tx.keys(&BY_PERSON, &range)?;
    Ok(keys.into_iter().map(|(_, _, id)| id).collect())
}

pub(super) fn erase_memory_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    id: MemoryId,
) -> Result<(), StoreError> {
    if let Some(memory) = memory(tx, clone, id)? {
        unlink_in(tx, &memory)?;
    }
    tx.remove(&MEMORIES, &(clone, id));
    tx.remove_range(&REVISIONS, &Range::prefix(&(clone, id))).map(|_| ())
}

pub(super) fn erase_clone_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    room: &mut Portion,
) -> Result<(), StoreError> {
    let all = Range::prefix(&clone);
    tx.remove_within(&MEMORIES, &all, room)?;
    tx.remove_within(&REVISIONS, &all, room)?;
    tx.remove_within(&BY_EXTERNAL_ID, &all, room)?;
    tx.remove_within(&BY_DATE, &all, room)?;
    tx.remove_within(&UNDATED, &all, room)?;
    tx.remove_within(&WAITING, &all, room)?;
    tx.remove_within(&BY_PERSON, &all, room)
}

/// The memories of a clone that an account wrote down, the trash included; so many at most.
pub(super) fn of_author(
    tx: &impl Rows,
    (clone, author): (CloneId, AccountId),
    most: usize,
) -> Result<Vec<MemoryId>, StoreError> {
    let mut found = Vec::new();
    tx.scan(&MEMORIES, &Range::prefix(&clone), Direction::Up, |(_, id), row| {
        if row.author == author {
            found.push(id);
        }
        let flow =
            if found.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
        Ok::<_, StoreError>(flow)
    })?;
    Ok(found)
}

/// What a text is found by, under the clone's key.
pub(super) fn blind(tx: &impl Rows, clone: CloneId, text: &str) -> Result<TokenHash, StoreError> {
    tx.codec().blind(MEMORIES.info().name, Owner::Clone(clone), text.as_bytes())
}

/// Days since 1970 of the earliest and the latest day.
pub(super) fn days(content: &Content) -> Option<(i64, i64)> {
    let date = content.occurred_at.as_ref()?;
    Some((day_number(date.earliest()), day_number(date.latest())))
}

fn day_number(date: jiff::civil::Date) -> i64 {
    let epoch = jiff::civil::Date::constant(1970, 1, 1);
    i64::from((date - epoch).get_days())
}
