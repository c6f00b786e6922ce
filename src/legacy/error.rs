//! Why something with a legacy could not be done.

use crate::accounts::AccountError;
use crate::kernel::{Fault, FieldProblem, Kind};
use crate::privacy::ErasureError;
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum LegacyError {
    /// There is no such claim, or it is not the asker's.
    #[error("there is no such claim")]
    Missing,
    /// No account has this key.
    #[error("the key is not good")]
    WrongKey,
    /// It is the asker's own.
    #[error("it is the asker's own key")]
    Oneself,
    /// One names somebody else.
    #[error("the address is one's own")]
    OwnAddress,
    /// There is a claim already.
    #[error("there is a claim already")]
    Running,
    /// It is over, or goes on too far.
    #[error("it cannot be stopped")]
    Over,
    /// The text that was read is another by now.
    #[error("the text has changed")]
    Outdated,
    /// An account cannot be read.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Something could not be erased.
    #[error(transparent)]
    Erasure(#[from] ErasureError),
    /// The system gives no random bytes.
    #[error("no random bytes")]
    Random(#[from] getrandom::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LegacyError> for Fault {
    fn from(error: LegacyError) -> Self {
        use LegacyError as E;
        match error {
            E::Missing => Self::not_found(),
            E::WrongKey => Self::new(
                Kind::NotFound,
                "legacy_key_invalid",
                "This key opens nothing; look whether every character is right.",
            ),
            E::Oneself => Self::new(
                Kind::Conflict,
                "own_legacy_key",
                "This is the key to your own legacy; it is for the person you named.",
            ),
            E::OwnAddress => Self::field(FieldProblem::NotAllowed, "/email", "is your own address"),
            E::Running => Self::new(
                Kind::Conflict,
                "legacy_claim_running",
                "Somebody has said so already; the wait goes on.",
            ),
            E::Over => Self::new(
                Kind::Conflict,
                "legacy_claim_over",
                "This cannot be stopped any more, or was stopped already.",
            ),
            E::Outdated => Self::field(
                FieldProblem::Unknown,
                "/text_sha256",
                "must be that of the text as it is now; read it again",
            ),
            E::Account(error) => error.into(),
            E::Erasure(error) => error.into(),
            E::Random(error) => Self::internal(error),
            E::Store(error) => error.into(),
        }
    }
}
