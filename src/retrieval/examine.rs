//! What must hold between the rows of passages, and the text indexes beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use super::rows::{self, IN_THREAD, OF_MEMORY, OUTBOX, PASSAGES, SCOPES, TO_EMBED};
use super::sick::fits;
use crate::index::text::TextIndex;
use crate::jobs::{Examiner, Findings};
use crate::kernel::{CloneId, MemoryId};
use crate::memories;
use crate::store::{Range, ReadTx, Rows as _, StoreError};

/// Every memory has passages, every passage a memory, its places and a vector or the promise of
/// one; nothing else has.
pub struct RetrievalExaminer;

impl Examiner for RetrievalExaminer {
    fn examine(&self, tx: &ReadTx, findings: &mut Findings) -> Result<(), StoreError> {
        let clones = tx.keys(&SCOPES, &Range::all())?;
        for clone in &clones {
            passages(tx, *clone, findings)?;
        }
        let known: BTreeSet<CloneId> = clones.into_iter().collect();
        for (clone, passage) in tx.keys(&PASSAGES, &Range::all())? {
            let lost = !known.contains(&clone);
            findings.note_if(
                lost,
                PASSAGES.info().name,
                "a passage of no clone",
                &(clone, passage),
            );
        }
        for (clone, number) in tx.keys(&OUTBOX, &Range::all())? {
            let last = rows::scope(tx, clone)?.map(|scope| scope.last_change);
            let wrong = last.is_none_or(|last| number > last);
            let table = OUTBOX.info().name;
            findings.note_if(wrong, table, "a change that was not counted", &(clone, number));
        }
        Ok(())
    }
}

fn passages(tx: &ReadTx, clone: CloneId, findings: &mut Findings) -> Result<(), StoreError> {
    let mut of_memory: BTreeMap<MemoryId, u64> = BTreeMap::new();
    let (mut places, mut threads) = (BTreeSet::new(), BTreeSet::new());
    let mut numbers = BTreeSet::new();
    rows::each_passage(tx, clone, |passage, row| {
        numbers.insert(passage);
        *of_memory.entry(row.memory).or_default() += 1;
        places.insert((clone, row.memory, passage));
        threads.extend(row.thread.map(|thread| (clone, thread, row.order, passage)));
        Ok(ControlFlow::Continue(()))
    })?;
    memories::each_of(tx, clone, |memory| {
        let lost = of_memory.remove(&memory.id).is_none();
        findings.note_if(lost, "memories", "a memory without passages", &(clone, memory.id));
        ControlFlow::Continue(())
    })?;
    for memory in of_memory.keys() {
        findings.note(PASSAGES.info().name, "passages of no memory", &(clone, *memory));
    }
    let all = Range::prefix(&clone);
    compare(&places, tx.keys(&OF_MEMORY, &all)?, OF_MEMORY.info().name, findings);
    compare(&threads, tx.keys(&IN_THREAD, &all)?, IN_THREAD.info().name, findings);
    let mut understood: BTreeSet<u64> = BTreeSet::new();
    rows::each_vector(tx, clone, |passage, _| {
        let lost = !numbers.contains(&passage);
        findings.note_if(lost, "vectors", "a vector of no passage", &(clone, passage));
        understood.insert(passage);
    })?;
    for (_, passage) in tx.keys(&TO_EMBED, &all)? {
        understood.insert(passage);
    }
    for passage in numbers.difference(&understood) {
        findings.note("vectors", "a passage without vector", &(clone, *passage));
    }
    Ok(())
}

fn compare<K: crate::store::Key + Ord>(
    wanted: &BTreeSet<K>,
    there: Vec<K>,
    table: &'static str,
    findings: &mut Findings,
) {
    let there: BTreeSet<K> = there.into_iter().collect();
    for key in wanted.difference(&there) {
        findings.note(table, "a passage is not found by it", key);
    }
    for key in there.difference(wanted) {
        findings.note(table, "it finds what is not there", key);
    }
}

/// What is wrong with a folder below `index/`, if anything: it can be removed then, and is made
/// anew. `folder` is named by its clone.
///
/// # Errors
/// When the database cannot be read.
pub fn fault_of_index(tx: &ReadTx, folder: &Path) -> Result<Option<String>, StoreError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let Ok(clone) = name.parse::<CloneId>() else {
        return Ok(Some("it is named by no clone".to_owned()));
    };
    let Some(scope) = rows::scope(tx, clone)? else {
        return Ok(Some("there is no such clone".to_owned()));
    };
    Ok(match TextIndex::look(folder) {
        Err(error) => Some(error.to_string()),
        Ok(committed) if !fits(committed, &scope) => {
            Some("it is not of the same time as the database".to_owned())
        }
        Ok(_) => None,
    })
}
