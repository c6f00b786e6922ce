//! Text indexes that cannot be used: damaged, another clone's, newer than the database, or on a
//! disk that fails. A search goes on without, and the worker makes it anew when that is possible.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::index::text::TextIndex;
use crate::kernel::CloneId;

use super::rows::ScopeRow;
use super::{Inner, RetrievalError, record};

/// An index that cannot be used is tried again after so long.
pub(super) const SICK_FOR: Duration = Duration::from_secs(5);

impl Inner {
    pub(super) fn sick(&self) -> MutexGuard<'_, HashMap<CloneId, Instant>> {
        self.sick.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an index could not be used a moment ago.
    pub(super) fn is_resting(&self, clone: CloneId) -> bool {
        let resting = self.sick().get(&clone).is_some_and(|since| since.elapsed() < SICK_FOR);
        if resting {
            self.behind.lock().unwrap_or_else(PoisonError::into_inner).insert(clone);
        }
        resting
    }

    /// An index cannot be used: it is closed, and tried again after a while. Nothing is lost by
    /// it; what it lacks is in the store.
    pub(super) fn fell_sick(&self, clone: CloneId) {
        if self.sick().insert(clone, Instant::now()).is_none() {
            tracing::warn!(%clone, "a text index cannot be used; searching without it");
        }
        self.texts.close(&record::folder_of(clone));
        self.behind.lock().unwrap_or_else(PoisonError::into_inner).insert(clone);
    }

    pub(super) fn is_well_again(&self, clone: CloneId) {
        if self.sick().remove(&clone).is_some() {
            tracing::info!(%clone, "a text index can be used again");
        }
    }

    /// The text index of a clone; an empty one, that fits nothing, if it can be neither opened
    /// nor made.
    pub(super) fn text_index(&self, clone: CloneId) -> Result<Arc<TextIndex>, RetrievalError> {
        self.texts.reading(&record::folder_of(clone)).or_else(|error| {
            tracing::debug!(%error, "a text index can be neither opened nor made");
            self.fell_sick(clone);
            nowhere()
        })
    }

    /// Removes an index that turned out to be damaged; the worker makes it anew.
    pub(super) fn damaged(&self, clone: CloneId) {
        if let Err(error) = self.texts.remove(&record::folder_of(clone)) {
            tracing::warn!(%error, "a damaged text index cannot be removed");
            self.fell_sick(clone);
        }
        self.scopes.forget(clone);
        self.changed.notify_one();
    }
}

/// Whether a text index can be brought up to date from the outbox: it has all that was taken out
/// of there, and nothing from after the last change, as one has that is newer than the database.
pub(super) fn fits(committed: u64, row: &ScopeRow) -> bool {
    (row.trimmed..=row.last_change).contains(&committed)
}

/// An index with nothing in it.
pub(super) fn nowhere() -> Result<Arc<TextIndex>, RetrievalError> {
    TextIndex::nowhere().map(Arc::new).map_err(|_| RetrievalError::Broken)
}
