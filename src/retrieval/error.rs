//! Why something could not be searched.

use std::time::Duration;

use crate::clones::CloneError;
use crate::kernel::{Fault, Kind};
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum RetrievalError {
    /// The clone is not there for the asker.
    #[error(transparent)]
    Clone(#[from] CloneError),
    /// It took too long: the machine has too much to do.
    #[error("a search took too long")]
    TooBusy,
    /// The search thread panicked.
    #[error("a search ended unexpectedly")]
    Broken,
    /// The clone was erased meanwhile.
    #[error("the clone was erased")]
    Gone,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RetrievalError> for Fault {
    fn from(error: RetrievalError) -> Self {
        match error {
            RetrievalError::Clone(error) => error.into(),
            RetrievalError::Store(error) => error.into(),
            RetrievalError::TooBusy => Self::new(
                Kind::Unavailable,
                "search_busy",
                "The server has too much to do to search right now; try again in a moment.",
            )
            .retry_after(Duration::from_secs(1)),
            RetrievalError::Gone => Self::not_found(),
            other @ RetrievalError::Broken => Self::internal(other),
        }
    }
}
