//! What is kept for searching: the passages of memories, their vectors, and the two queues of
//! the indexes that follow.

use std::ops::ControlFlow;

use half::f16;
use serde::{Deserialize, Serialize};

use crate::access::Visibility;
use crate::kernel::faults::{Planted, planted};
use crate::kernel::{AccountId, CloneId, MemoryId};
use crate::seal::Owner;
use crate::store::{
    Direction, Holds, Portion, Range, RawTable, Row, Rows, StoreError, Table, TableInfo, WriteTx,
};

/// What a clone's search state is made with.
pub(super) const SCOPES: Table<CloneId, ScopeRow> = Table::new("search_scopes", Holds::Clone);
pub(super) const PASSAGES: Table<(CloneId, u64), PassageRow> = Table::new("passages", Holds::Clone);
pub(super) const OF_MEMORY: Table<(CloneId, MemoryId, u64), ()> =
    Table::new("passages_of_memory", Holds::Clone);
/// Passages that have an order, by thread and place.
pub(super) const IN_THREAD: Table<(CloneId, u64, i64, u64), ()> =
    Table::new("passages_in_thread", Holds::Clone);
/// Changes that the text index does not have yet.
pub(super) const OUTBOX: Table<(CloneId, u64), OutboxRow> = Table::new("text_outbox", Holds::Clone);
/// Passages whose vector is missing or out of date.
pub(super) const TO_EMBED: Table<(CloneId, u64), ()> = Table::new("to_embed", Holds::Clone);
/// The model's number in two bytes, then the vector as little-endian f16.
const VECTORS: RawTable<(CloneId, u64)> = RawTable::of_many("vectors", Holds::Clone);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[
    SCOPES.info(),
    PASSAGES.info(),
    OF_MEMORY.info(),
    IN_THREAD.info(),
    OUTBOX.info(),
    TO_EMBED.info(),
    VECTORS.info(),
];

/// The builtin model's number in [`VECTORS`].
const BUILTIN_MODEL: u16 = 1;

/// What a clone's search state is made with.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ScopeRow {
    /// Keys the terms of the text index, so that its files betray no words.
    pub(super) index_key: [u8; 32],
    /// The number of the next passage; never used twice.
    next_passage: u64,
    /// The number of the last change of the outbox.
    pub(super) last_change: u64,
    /// Changes up to this one were taken out of the outbox.
    pub(super) trimmed: u64,
}

/// A passage: where it stands in which memory, and who may know of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PassageRow {
    pub(super) memory: MemoryId,
    pub(super) author: AccountId,
    pub(super) visibility: Visibility,
    /// Where it begins and ends in the memory, in bytes.
    pub(super) from: usize,
    pub(super) to: usize,
    /// Where it begins, in code points.
    pub(super) from_char: usize,
    /// The language of its words (two letters), if it is clear.
    pub(super) language: Option<String>,
    /// The thread it belongs to, under the clone's key.
    pub(super) thread: Option<u64>,
    /// Its place there: the memory's number and the passage's place in the memory.
    pub(super) order: i64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct OutboxRow {
    pub(super) passage: u64,
    pub(super) removed: bool,
}

impl Row<CloneId> for ScopeRow {
    fn owner(&self, clone: &CloneId) -> Owner {
        Owner::Clone(*clone)
    }
}

impl Row<(CloneId, u64)> for PassageRow {
    fn owner(&self, (clone, _): &(CloneId, u64)) -> Owner {
        Owner::Derived { author: self.author, clone: *clone }
    }
}

impl Row<(CloneId, u64)> for OutboxRow {
    fn owner(&self, _: &(CloneId, u64)) -> Owner {
        Owner::Nobody
    }
}

pub(super) fn scope(tx: &impl Rows, clone: CloneId) -> Result<Option<ScopeRow>, StoreError> {
    tx.get(&SCOPES, &clone)
}

pub(super) fn put_scope_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    scope: &ScopeRow,
) -> Result<(), StoreError> {
    tx.put(&SCOPES, &clone, scope)
}

/// The scope of a clone, made when it is the first time.
pub(super) fn scope_in(tx: &mut WriteTx<'_>, clone: CloneId) -> Result<ScopeRow, StoreError> {
    if let Some(scope) = scope(tx, clone)? {
        return Ok(scope);
    }
    let mut index_key = [0; 32];
    getrandom::fill(&mut index_key).map_err(|error| StoreError::Open(Box::new(error)))?;
    Ok(ScopeRow { index_key, next_passage: 1, last_change: 0, trimmed: 0 })
}

/// Adds a passage: findable by words with this transaction, by meaning soon after.
pub(super) fn add_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    scope: &mut ScopeRow,
    row: &PassageRow,
) -> Result<(), StoreError> {
    let passage = scope.next_passage;
    scope.next_passage += 1;
    tx.put(&PASSAGES, &(clone, passage), row)?;
    tx.put(&OF_MEMORY, &(clone, row.memory, passage), &())?;
    if let Some(thread) = row.thread {
        tx.put(&IN_THREAD, &(clone, thread, row.order, passage), &())?;
        for neighbour in neighbours(tx, clone, thread, (row.order, passage), 1)? {
            tx.put(&TO_EMBED, &(clone, neighbour), &())?;
        }
    }
    tx.put(&TO_EMBED, &(clone, passage), &())?;
    change_in(tx, clone, scope, OutboxRow { passage, removed: false })
}

/// Removes the passages of a memory.
pub(super) fn remove_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    scope: &mut ScopeRow,
    memory: MemoryId,
) -> Result<(), StoreError> {
    for passage in of_memory(tx, clone, memory)? {
        if let Some(row) = tx.get(&PASSAGES, &(clone, passage))?
            && let Some(thread) = row.thread
        {
            for neighbour in neighbours(tx, clone, thread, (row.order, passage), 1)? {
                tx.put(&TO_EMBED, &(clone, neighbour), &())?;
            }
            tx.remove(&IN_THREAD, &(clone, thread, row.order, passage));
        }
        tx.remove(&PASSAGES, &(clone, passage));
        tx.remove(&OF_MEMORY, &(clone, memory, passage));
        tx.remove(&TO_EMBED, &(clone, passage));
        tx.remove_raw(&VECTORS, &(clone, passage));
        change_in(tx, clone, scope, OutboxRow { passage, removed: true })?;
    }
    Ok(())
}

fn change_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    scope: &mut ScopeRow,
    row: OutboxRow,
) -> Result<(), StoreError> {
    scope.last_change += 1;
    if planted(Planted::OutboxDropped) {
        return Ok(());
    }
    tx.put(&OUTBOX, &(clone, scope.last_change), &row)
}

pub(super) fn of_memory(
    tx: &impl Rows,
    clone: CloneId,
    memory: MemoryId,
) -> Result<Vec<u64>, StoreError> {
    let keys: Vec<(CloneId, MemoryId, u64)> =
        tx.keys(&OF_MEMORY, &Range::prefix(&(clone, memory)))?;
    Ok(keys.into_iter().map(|(_, _, passage)| passage).collect())
}

/// Up to `reach` passages before and after a place of a thread, in order, without the one there.
pub(super) fn neighbours(
    tx: &impl Rows,
    clone: CloneId,
    thread: u64,
    (order, passage): (i64, u64),
    reach: usize,
) -> Result<Vec<u64>, StoreError> {
    let here = (clone, thread, order, passage);
    let side = |direction| -> Result<Vec<u64>, StoreError> {
        let key = crate::store::Key::to_bytes(&here);
        let range = Range::prefix(&(clone, thread)).after(&key, direction);
        let mut found = Vec::new();
        tx.scan_keys(&IN_THREAD, &range, direction, |(_, _, _, passage)| {
            found.push(passage);
            let full = found.len() == reach;
            Ok::<_, StoreError>(if full {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        Ok(found)
    };
    let mut found = side(Direction::Down)?;
    found.reverse();
    found.extend(side(Direction::Up)?);
    Ok(found)
}

pub(super) fn passage(
    tx: &impl Rows,
    clone: CloneId,
    passage: u64,
) -> Result<Option<PassageRow>, StoreError> {
    tx.get(&PASSAGES, &(clone, passage))
}

/// Changes of the outbox after a number, at most so many.
pub(super) fn changes(
    tx: &impl Rows,
    clone: CloneId,
    after: u64,
    most: usize,
) -> Result<Vec<(u64, OutboxRow)>, StoreError> {
    let mut found = Vec::new();
    let range = Range::between(&(clone, after + 1), &(clone, u64::MAX));
    tx.scan(&OUTBOX, &range, Direction::Up, |(_, seq), row| {
        found.push((seq, row));
        let full = found.len() == most;
        Ok::<_, StoreError>(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(found)
}

/// The clones that have rows in a queue.
pub(super) fn waiting<R>(
    tx: &impl Rows,
    queue: &Table<(CloneId, u64), R>,
) -> Result<Vec<CloneId>, StoreError> {
    let mut found: Vec<CloneId> = Vec::new();
    loop {
        let mut next = None;
        let range = match found.last() {
            None => Range::all(),
            Some(last) => {
                let key = crate::store::Key::to_bytes(&(*last, u64::MAX));
                Range::all().after(&key, Direction::Up)
            }
        };
        tx.scan_keys(queue, &range, Direction::Up, |(clone, _)| {
            next = Some(clone);
            Ok::<_, StoreError>(ControlFlow::Break(()))
        })?;
        match next {
            Some(clone) => found.push(clone),
            None => return Ok(found),
        }
    }
}

/// Passages that wait for a vector, at most so many.
pub(super) fn to_embed(
    tx: &impl Rows,
    clone: CloneId,
    most: usize,
) -> Result<Vec<u64>, StoreError> {
    let mut found = Vec::new();
    tx.scan_keys(&TO_EMBED, &Range::prefix(&clone), Direction::Up, |(_, passage)| {
        found.push(passage);
        let full = found.len() == most;
        Ok::<_, StoreError>(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(found)
}

/// Stores a vector, unless its passage is gone by now.
pub(super) fn put_vector_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    passage: u64,
    vector: &[f16],
) -> Result<bool, StoreError> {
    tx.remove(&TO_EMBED, &(clone, passage));
    let Some(row) = tx.get(&PASSAGES, &(clone, passage))? else {
        return Ok(false);
    };
    let mut bytes = Vec::with_capacity(2 + 2 * vector.len());
    bytes.extend_from_slice(&BUILTIN_MODEL.to_le_bytes());
    bytes.extend(vector.iter().flat_map(|x| x.to_le_bytes()));
    let owner = Owner::Derived { author: row.author, clone };
    tx.put_raw_of(&VECTORS, &(clone, passage), owner, &bytes)?;
    Ok(true)
}

/// Seals vectors of a time when nothing was for whose passages they are of.
///
/// # Errors
/// When the database fails.
pub fn reseal_in(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    let mut all = Vec::new();
    tx.scan_raw(&VECTORS, &Range::all(), Direction::Up, |key, bytes| {
        all.push((key, bytes));
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    for (key, bytes) in all {
        let (clone, passage) = key;
        match tx.get(&PASSAGES, &(clone, passage))? {
            Some(row) => {
                let owner = Owner::Derived { author: row.author, clone };
                tx.put_raw_of(&VECTORS, &key, owner, &bytes)?;
            }
            None => tx.remove_raw(&VECTORS, &key),
        }
    }
    Ok(())
}

/// Visits the vectors of a clone that the present model made.
pub(super) fn each_vector(
    tx: &impl Rows,
    clone: CloneId,
    mut visit: impl FnMut(u64, &[f16]),
) -> Result<(), StoreError> {
    tx.scan_raw(&VECTORS, &Range::prefix(&clone), Direction::Up, |(_, passage), bytes| {
        if let Some((model, rest)) = bytes.split_first_chunk::<2>()
            && u16::from_le_bytes(*model) == BUILTIN_MODEL
        {
            let numbers = rest.as_chunks::<2>().0.iter().map(|pair| f16::from_le_bytes(*pair));
            visit(passage, &numbers.collect::<Vec<_>>());
        }
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })
}

/// How many rows wait in a queue, counted up to a bound.
pub(super) fn count<R>(
    tx: &impl Rows,
    queue: &Table<(CloneId, u64), R>,
    most: usize,
) -> Result<usize, StoreError> {
    let mut count = 0;
    tx.scan_keys(queue, &Range::all(), Direction::Up, |_: (CloneId, u64)| {
        count += 1;
        let full = count == most;
        Ok::<_, StoreError>(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(count)
}

/// Visits the passages of a clone until it is enough.
pub(super) fn each_passage(
    tx: &impl Rows,
    clone: CloneId,
    mut visit: impl FnMut(u64, PassageRow) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    tx.scan(&PASSAGES, &Range::prefix(&clone), Direction::Up, |(_, passage), row| {
        visit(passage, row)
    })
}

/// Removes from a clone's threads what leads to passages that are not there.
///
/// # Errors
/// When the database fails.
pub fn remove_dangling_in(tx: &mut WriteTx<'_>, clone: CloneId) -> Result<(), StoreError> {
    for key in tx.keys::<(CloneId, u64, i64, u64), ()>(&IN_THREAD, &Range::prefix(&clone))? {
        if !tx.has(&PASSAGES, &(clone, key.3))? {
            tx.remove(&IN_THREAD, &key);
        }
    }
    Ok(())
}

pub(super) fn erase_clone_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    room: &mut Portion,
) -> Result<(), StoreError> {
    let all = Range::prefix(&clone);
    tx.remove_within(&PASSAGES, &all, room)?;
    tx.remove_within(&OF_MEMORY, &all, room)?;
    tx.remove_within(&IN_THREAD, &all, room)?;
    tx.remove_within(&OUTBOX, &all, room)?;
    tx.remove_within(&TO_EMBED, &all, room)?;
    tx.remove(&SCOPES, &clone);
    tx.remove_raw_within(&VECTORS, &all, room)
}
