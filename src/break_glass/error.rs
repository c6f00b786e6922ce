//! Why somebody cannot look at what is not theirs.

use crate::accounts::AccountError;
use crate::kernel::{Fault, FieldProblem, Kind};
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum BreakGlassError {
    /// There is no such look, or it is over, or another sign-in's.
    #[error("there is no such look")]
    Missing,
    /// There is no account to look at.
    #[error("there is no such account")]
    NoSuchAccount,
    /// What is one's own needs no breaking of glass.
    #[error("it is the admin's own account")]
    Oneself,
    /// This sign-in looks there already.
    #[error("it goes on already")]
    Running,
    /// An account cannot be read.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<BreakGlassError> for Fault {
    fn from(error: BreakGlassError) -> Self {
        use BreakGlassError as E;
        match error {
            E::Missing => Self::not_found(),
            E::NoSuchAccount => {
                Self::field(FieldProblem::Unknown, "/account_id", "belongs to no account")
            }
            E::Oneself => {
                Self::field(FieldProblem::NotAllowed, "/account_id", "is your own account")
            }
            E::Running => Self::new(
                Kind::Conflict,
                "break_glass_running",
                "You can read there already; end that first to begin anew.",
            ),
            E::Account(error) => error.into(),
            E::Store(error) => error.into(),
        }
    }
}
