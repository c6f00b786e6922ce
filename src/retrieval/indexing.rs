//! The text index of a clone, brought up to date with what the store says.

use std::ops::ControlFlow;
use std::sync::PoisonError;

use crate::index::tail::Change;
use crate::index::text::IndexError;
use crate::kernel::CloneId;
use crate::kernel::faults::{Planted, planted};
use crate::store::{Rows, StoreError};

use super::rows::{self, OutboxRow};
use super::scope::Scope;
use super::sick::fits;
use super::{Inner, RetrievalError, record};

/// Changes of one commit of a text index.
const COMMIT: usize = 20_000;
/// Changes read at once.
const READ: usize = 2_000;

impl Inner {
    /// Brings the text index of a clone up to date and says how far.
    pub(super) fn index(&self, clone: CloneId) -> Result<u64, RetrievalError> {
        let Some(row) = self.store.read(|tx| rows::scope(tx, clone))? else {
            return Ok(0);
        };
        let scope = self.scopes.of(clone, &row);
        let broken = |error| self.broken(clone, &error);
        let folder = record::folder_of(clone);
        let mut index = self.texts.reading(&folder).map_err(broken)?;
        if !fits(index.committed_seq(), &row) && !planted(Planted::IndexBelieved) {
            // It lacks what the outbox does not have any more, or has what never was: everything
            // is indexed again.
            self.texts.remove(&folder).map_err(broken)?;
            index = self.texts.writing(&folder).map_err(broken)?;
            let seq = self.index_all(clone, &scope, &index)?;
            tracing::info!(%clone, "a text index was made anew");
            return Ok(seq);
        }
        let mut seq = index.committed_seq();
        let mut fresh = 0;
        while fresh < COMMIT {
            let changes = self.store.read(|tx| changes(tx, clone, &scope, seq))?;
            let Some(last) = changes.last() else {
                break;
            };
            seq = last.seq;
            fresh += changes.len();
            index.apply(&changes).map_err(|error| self.broken(clone, &error))?;
        }
        if fresh > 0 {
            self.commit(clone, &scope, &index, seq)?;
        }
        Ok(seq)
    }

    fn index_all(
        &self,
        clone: CloneId,
        scope: &Scope,
        index: &crate::index::text::TextIndex,
    ) -> Result<u64, RetrievalError> {
        let seq = self.store.read(|tx| {
            let seq = rows::scope(tx, clone)?.map_or(0, |row| row.last_change);
            let mut changes = Vec::new();
            rows::each_passage(tx, clone, |passage, _| {
                let change = OutboxRow { passage, removed: false };
                let op = scope.op(tx, clone, change)?;
                changes.push(Change { seq, passage, op });
                Ok(ControlFlow::Continue(()))
            })?;
            for part in changes.chunks(READ) {
                index.apply(part).map_err(|error| self.broken(clone, &error))?;
            }
            Ok::<_, RetrievalError>(seq)
        })?;
        self.commit(clone, scope, index, seq)?;
        Ok(seq)
    }

    /// Commits, and lets the tail go of what the index has now. The tail is held meanwhile, so
    /// that no search falls between the two. What it has not looked at yet it looks at before
    /// that is taken out of the outbox, so that it need not look at every passage again.
    fn commit(
        &self,
        clone: CloneId,
        scope: &Scope,
        index: &crate::index::text::TextIndex,
        seq: u64,
    ) -> Result<(), RetrievalError> {
        let mut state = scope.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if state.all_known {
            self.store.read(|tx| scope.follow(tx, clone, seq, &mut state))?;
        }
        index.commit(seq).map_err(|error| self.broken(clone, &error))?;
        state.tail.forget_up_to(seq);
        Ok(())
    }

    /// Writes the text index of a clone without what was removed.
    pub(super) fn purge(&self, clone: CloneId) -> Result<(), RetrievalError> {
        let index = self.texts.writing(&record::folder_of(clone));
        let purged = index.and_then(|index| index.purge());
        purged.map_err(|error| self.broken(clone, &error))
    }

    /// What a failure of the index means. Of a clone that is erased meanwhile it means nothing.
    pub(super) fn broken(&self, clone: CloneId, error: &IndexError) -> RetrievalError {
        if matches!(self.store.read(|tx| rows::scope(tx, clone)), Ok(None)) {
            return RetrievalError::Gone;
        }
        tracing::warn!(error = error as &dyn std::error::Error, "a text index cannot be written");
        RetrievalError::Broken
    }
}

fn changes(
    tx: &impl Rows,
    clone: CloneId,
    scope: &Scope,
    after: u64,
) -> Result<Vec<Change>, StoreError> {
    let rows = rows::changes(tx, clone, after, READ)?;
    let changes = rows.into_iter().map(|(seq, change)| {
        let op = scope.op(tx, clone, change)?;
        Ok(Change { seq, passage: change.passage, op })
    });
    changes.collect()
}
