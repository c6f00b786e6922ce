//! Why something with memories could not be done.

use crate::clones::CloneError;
use crate::consents::ConsentError;
use crate::kernel::{Fault, Kind};
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// There is no such memory or person, or it is not for this account to know of.
    #[error("there is no such memory")]
    Missing,
    /// Only the author, a steward or the owner may do this.
    #[error("somebody else's memory")]
    Forbidden,
    /// It was changed since the caller looked.
    #[error("the memory has changed in the meantime")]
    Stale,
    /// Another memory of the clone has this external id.
    #[error("the external id is taken")]
    ExternalIdTaken,
    /// Nothing of it waits to be let in.
    #[error("nothing of it waits")]
    NothingWaits,
    /// The clone is not there for the asker, or may not be used so.
    #[error(transparent)]
    Clone(#[from] CloneError),
    /// Whoever writes has not agreed that it is kept.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// A repeated request was not the same.
    #[error(transparent)]
    Once(#[from] crate::jobs::OnceError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<MemoryError> for Fault {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::Missing => Self::not_found(),
            MemoryError::Forbidden => Self::new(
                Kind::Forbidden,
                "forbidden",
                "Only its author, a steward or the owner of the space may do this.",
            ),
            MemoryError::Stale => CloneError::Stale.into(),
            MemoryError::ExternalIdTaken => Self::new(
                Kind::Conflict,
                "external_id_taken",
                "Another memory of this clone has this external_id.",
            ),
            MemoryError::NothingWaits => Self::new(
                Kind::Conflict,
                "nothing_waits",
                "Nothing of this memory waits to be let in; somebody else may have decided.",
            ),
            MemoryError::Clone(error) => error.into(),
            MemoryError::Consent(error) => error.into(),
            MemoryError::Once(error) => error.into(),
            MemoryError::Store(error) => error.into(),
        }
    }
}
