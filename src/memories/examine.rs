//! What must hold between the rows of memories.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::people_rows::{PEOPLE, person_of};
use super::places;
use super::rows::{self, MEMORIES, REVISIONS};
use crate::access::Visibility;
use crate::accounts::Hidden;
use crate::clones::{self, Counted, Recount};
use crate::jobs::{Examiner, Findings};
use crate::store::{Direction, Range, ReadTx, Rows as _, StoreError};

/// Every memory is of a clone and found in the tables by which it is to be found, those name
/// nothing else, and everything is counted right.
pub struct MemoryExaminer;

impl Examiner for MemoryExaminer {
    fn examine(&self, tx: &ReadTx, findings: &mut Findings) -> Result<(), StoreError> {
        let mut counted = Recount::new();
        let mut places = BTreeSet::new();
        tx.scan(&MEMORIES, &Range::all(), Direction::Up, |(clone, id), row| {
            let memory = rows::memory_of(clone, id, row, None);
            let lost = !clones::exists(tx, clone)?;
            findings.note_if(lost, MEMORIES.info().name, "a memory of no clone", &(clone, id));
            if memory.deleted_at.is_none() {
                let what = Counted::Memory(memory.shown_to());
                what.recount(clone, memory.author, &mut counted);
                places.extend(places::places_of(tx, &memory)?);
            }
            Ok::<_, StoreError>(ControlFlow::Continue(()))
        })?;
        Counted::Memory(Visibility::Space).compare(tx, &counted, findings)?;
        let there: BTreeSet<_> = places::places(tx)?.into_iter().collect();
        for (table, key) in places.difference(&there) {
            findings.note_bytes(table, "a memory is not found by it", key);
        }
        for (table, key) in there.difference(&places) {
            findings.note_bytes(table, "it finds what is not there", key);
        }
        for (clone, id, number) in tx.keys(&REVISIONS, &Range::all())? {
            let lost = !tx.has(&MEMORIES, &(clone, id))?;
            let key = (clone, id, number);
            findings.note_if(lost, REVISIONS.info().name, "a revision of no memory", &key);
        }
        people(tx, findings)
    }
}

fn people(tx: &ReadTx, findings: &mut Findings) -> Result<(), StoreError> {
    let mut counted = Recount::new();
    for ((clone, id), row) in tx.list(&PEOPLE, &Range::all())? {
        let person = person_of(clone, id, row, &Hidden::default());
        let lost = !clones::exists(tx, clone)?;
        findings.note_if(lost, PEOPLE.info().name, "a person of no clone", &(clone, id));
        if person.deleted_at.is_none() {
            Counted::Person.recount(clone, person.author, &mut counted);
        }
    }
    Counted::Person.compare(tx, &counted, findings)
}
