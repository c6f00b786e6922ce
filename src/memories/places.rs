//! The tables by which memories are found: what is in them and should be, and what leads nowhere.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::kernel::{CloneId, MemoryId, TokenHash};
use crate::store::{Direction, Key as _, Range, Rows, StoreError, WriteTx};

use super::Memory;
use super::model::fold;
use super::rows::{BY_DATE, BY_EXTERNAL_ID, BY_PERSON, MEMORIES, UNDATED, WAITING, blind, days};

/// The tables and keys by which a memory is found.
pub(super) fn places_of(
    tx: &impl Rows,
    memory: &Memory,
) -> Result<Vec<(&'static str, Vec<u8>)>, StoreError> {
    let (clone, id) = (memory.clone, memory.id);
    let mut places = Vec::new();
    if let Some(external_id) = &memory.content.external_id {
        let key = (clone, blind(tx, clone, external_id)?);
        places.push((BY_EXTERNAL_ID.info().name, key.to_bytes()));
    }
    places.push(match days(&memory.content) {
        Some((earliest, latest)) => (BY_DATE.info().name, (clone, earliest, latest, id).to_bytes()),
        None => (UNDATED.info().name, (clone, id).to_bytes()),
    });
    for person in &memory.content.people {
        let key = (clone, blind(tx, clone, &fold(person))?, id);
        places.push((BY_PERSON.info().name, key.to_bytes()));
    }
    if memory.waits() {
        places.push((WAITING.info().name, (clone, id).to_bytes()));
    }
    Ok(places)
}

/// The tables and keys by which anything is found.
pub(super) fn places(tx: &impl Rows) -> Result<Vec<(&'static str, Vec<u8>)>, StoreError> {
    let mut places = Vec::new();
    let all =
        [BY_EXTERNAL_ID.info(), BY_DATE.info(), UNDATED.info(), BY_PERSON.info(), WAITING.info()];
    for table in all {
        tx.scan_bytes(table.name, &Range::all(), Direction::Up, &mut |key, _| {
            places.push((table.name, key.to_vec()));
            ControlFlow::Continue(())
        })?;
    }
    Ok(places)
}

/// Removes what leads to memories of a clone that are not there, and says to which: they could not
/// be read any more.
pub(super) fn remove_dangling_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
) -> Result<BTreeSet<MemoryId>, StoreError> {
    let all = Range::prefix(&clone);
    let mut gone = BTreeSet::new();
    for key in tx.keys::<(CloneId, i64, i64, MemoryId), ()>(&BY_DATE, &all)? {
        if !tx.has(&MEMORIES, &(clone, key.3))? {
            tx.remove(&BY_DATE, &key);
            gone.insert(key.3);
        }
    }
    for key in tx.keys::<(CloneId, MemoryId), ()>(&UNDATED, &all)? {
        if !tx.has(&MEMORIES, &key)? {
            tx.remove(&UNDATED, &key);
            gone.insert(key.1);
        }
    }
    for key in tx.keys::<(CloneId, TokenHash, MemoryId), ()>(&BY_PERSON, &all)? {
        if gone.contains(&key.2) {
            tx.remove(&BY_PERSON, &key);
        }
    }
    for key in tx.keys::<(CloneId, MemoryId), ()>(&WAITING, &all)? {
        if gone.contains(&key.1) {
            tx.remove(&WAITING, &key);
        }
    }
    for (key, memory) in tx.list(&BY_EXTERNAL_ID, &all)? {
        if gone.contains(&memory) {
            tx.remove(&BY_EXTERNAL_ID, &key);
        }
    }
    Ok(gone)
}
