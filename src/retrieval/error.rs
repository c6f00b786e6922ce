//! Why something could not be searched.

use crate::clones::CloneError;
use crate::kernel::Fault;
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum RetrievalError {
    /// The clone is not there for the asker.
    #[error(transparent)]
    Clone(#[from] CloneError),
    /// The search thread panicked.
    #[error("a search ended unexpectedly")]
    Broken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RetrievalError> for Fault {
    fn from(error: RetrievalError) -> Self {
        match error {
            RetrievalError::Clone(error) => error.into(),
            RetrievalError::Store(error) => error.into(),
            other @ RetrievalError::Broken => Self::internal(other),
        }
    }
}
