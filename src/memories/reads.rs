//! What the slices above read of memories; they have opened the clone already.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::access::{Role, Visibility, may_read_memory};
use crate::accounts::Hidden;
use crate::kernel::{AccountId, CloneId, MemoryId, Timestamp};
use crate::store::{Direction, Key as _, Range, Rows, StoreError, WriteTx};

use super::{Memory, may_change, places, rows};

/// A memory that is in, for the slices above, which have opened the clone already.
///
/// # Errors
/// When the store fails.
pub fn memory_of(
    tx: &impl Rows,
    clone: CloneId,
    id: MemoryId,
) -> Result<Option<Memory>, StoreError> {
    let there = |memory: &Memory| memory.deleted_at.is_none() && memory.is_in();
    Ok(rows::memory(tx, clone, id)?.filter(there))
}

/// Who wrote a memory, if it is there, in the trash or not.
///
/// # Errors
/// When the store fails.
pub fn author_of(
    tx: &impl Rows,
    clone: CloneId,
    id: MemoryId,
) -> Result<Option<AccountId>, StoreError> {
    Ok(tx.get(&rows::MEMORIES, &(clone, id))?.map(|row| row.author))
}

/// Visits the memories of a clone that are in and not in the trash, oldest first, until it is
/// enough.
///
/// # Errors
/// When the store fails.
pub fn each_of(
    tx: &impl Rows,
    clone: CloneId,
    mut visit: impl FnMut(Memory) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let hidden = Hidden::of(tx)?;
    tx.scan(&rows::MEMORIES, &Range::prefix(&clone), Direction::Up, |(_, id), row| {
        let hidden = hidden.since(row.author);
        let memory = rows::memory_of(clone, id, row, hidden);
        Ok(match memory.deleted_at.is_none() && memory.is_in() {
            true => visit(memory),
            false => ControlFlow::Continue(()),
        })
    })
}

/// Up to `most` memories about a clone that an author wrote and that are not in the trash, in the
/// order of their identifiers, after one of them: also those that nobody is shown.
///
/// # Errors
/// When the store fails.
pub fn written_after(
    tx: &impl Rows,
    (clone, author): (CloneId, AccountId),
    after: Option<MemoryId>,
    most: usize,
) -> Result<Vec<Memory>, StoreError> {
    let all = Range::prefix(&clone);
    let rest = match after {
        Some(last) => all.after(&(clone, last).to_bytes(), Direction::Up),
        None => all,
    };
    let mut written = Vec::new();
    tx.scan(&rows::MEMORIES, &rest, Direction::Up, |(_, id), row| {
        let memory = rows::memory_of(clone, id, row, None);
        if memory.author == author && memory.deleted_at.is_none() {
            written.push(memory);
        }
        let is_enough = written.len() >= most;
        Ok::<_, StoreError>(if is_enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(written)
}

/// Removes what leads to memories of a clone that are not there, and says to which: they could not
/// be read any more.
///
/// # Errors
/// When the store fails.
pub fn remove_dangling_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
) -> Result<BTreeSet<MemoryId>, StoreError> {
    places::remove_dangling_in(tx, clone)
}

/// Whether somebody with a role may read a memory; for the slices above.
pub fn is_readable(account: AccountId, role: Role, author: AccountId, who: Visibility) -> bool {
    may_read_memory(role, account == author, who)
}

/// Whether an account with a role may bring a memory back from the trash or erase it: what it
/// takes to throw it away.
///
/// # Errors
/// When the store fails.
pub fn may_discard(
    tx: &impl Rows,
    (account, role): (AccountId, Role),
    clone: CloneId,
    id: MemoryId,
) -> Result<bool, StoreError> {
    let Some(memory) = rows::memory(tx, clone, id)? else { return Ok(false) };
    let readable = is_readable(account, role, memory.author, memory.shown_to());
    Ok(readable && may_change(account, role, memory.author))
}

/// The moment as a civil day in UTC, for dates said in words.
pub fn day_of(now: Timestamp) -> jiff::civil::Date {
    jiff::Timestamp::from_microsecond(now.0)
        .map_or(jiff::civil::Date::constant(1970, 1, 1), |moment| {
            moment.to_zoned(jiff::tz::TimeZone::UTC).date()
        })
}
