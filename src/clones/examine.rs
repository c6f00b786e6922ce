//! What must hold between the rows of clones.

use std::collections::BTreeMap;

use super::rows::{self, COUNTS, IN_SPACE, PERSONAS, SETTINGS};
use crate::jobs::{Examiner, Findings};
use crate::kernel::{AccountId, CloneId};
use crate::spaces;
use crate::store::{Range, ReadTx, Rows as _, StoreError};

/// Every clone is in one space, and what is kept of a clone is of one that exists.
pub struct CloneExaminer;

impl Examiner for CloneExaminer {
    fn examine(&self, tx: &ReadTx, findings: &mut Findings) -> Result<(), StoreError> {
        for clone in tx.keys(&PERSONAS, &Range::all())? {
            let Some(persona) = rows::persona(tx, clone)? else { continue };
            let table = PERSONAS.info().name;
            let lost = !spaces::exists(tx, persona.space)?;
            findings.note_if(lost, table, "a clone in no space", &clone);
            let unknown = !tx.has(&IN_SPACE, &(persona.space, clone))?;
            findings.note_if(unknown, table, "a clone that its space does not know", &clone);
        }
        for (space, clone) in tx.keys(&IN_SPACE, &Range::all())? {
            let is_there = rows::persona(tx, clone)?.is_some_and(|p| p.space == space);
            let table = IN_SPACE.info().name;
            findings.note_if(!is_there, table, "a clone that is not there", &(space, clone));
        }
        for clone in tx.keys(&SETTINGS, &Range::all())? {
            let lost = !tx.has(&PERSONAS, &clone)?;
            findings.note_if(lost, SETTINGS.info().name, "settings of no clone", &clone);
        }
        for key in tx.keys(&COUNTS, &Range::all())? {
            let lost = !tx.has(&PERSONAS, &key.0)?;
            findings.note_if(lost, COUNTS.info().name, "a count of no clone", &key);
        }
        Ok(())
    }
}

/// What was counted by whoever has the things themselves: of which clone and account, and how
/// many in each visibility.
pub type Recount = BTreeMap<(CloneId, u8, (u8, AccountId)), u64>;

impl super::Counted {
    /// Adds one to a recount.
    pub fn recount(self, clone: CloneId, author: AccountId, into: &mut Recount) {
        *into.entry(rows::key_of(clone, author, self)).or_default() += 1;
    }

    /// Notes where the counts of this kind are not what was counted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn compare(
        self,
        tx: &ReadTx,
        counted: &Recount,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let kind = self.kind();
        let table = COUNTS.info().name;
        let stored = tx.list(&COUNTS, &Range::all())?;
        let stored: BTreeMap<_, _> =
            stored.into_iter().filter(|(key, count)| key.1 == kind && *count > 0).collect();
        for (key, count) in counted {
            let wrong = stored.get(key) != Some(count);
            findings.note_if(wrong, table, "a count that is not right", key);
        }
        for key in stored.keys().filter(|key| !counted.contains_key(key)) {
            findings.note(table, "a count of what is not there", key);
        }
        Ok(())
    }
}
