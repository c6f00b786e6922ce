//! Why something with clones could not be done.

use crate::kernel::{Fault, FieldProblem, Kind};
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum CloneError {
    /// There is no such clone, or it is not for this account to know of.
    #[error("there is no such clone")]
    Missing,
    /// The account can see the clone, but may not do this.
    #[error("the role does not allow this")]
    Forbidden,
    /// Who broke the glass looks at memories and talks; nothing else is open.
    #[error("there is nothing more to see behind broken glass")]
    Glass,
    /// The key opens some clones only, and a new one is not among them.
    #[error("the key opens other clones only")]
    Narrow,
    /// The space it is to move into is not there, or not the account's to know of.
    #[error("there is no such space")]
    NoSuchSpace,
    /// Something with its space could not be done.
    #[error(transparent)]
    Space(#[from] crate::spaces::SpaceError),
    /// The clone was changed since the caller looked.
    #[error("the clone has changed in the meantime")]
    Stale,
    /// No provider has this identifier.
    #[error("there is no such provider")]
    UnknownProvider {
        /// Where it stood in the request.
        pointer: &'static str,
        /// What could have stood there.
        known: Vec<String>,
    },
    /// The provider can only quote.
    #[error("this provider can only quote")]
    VerbatimOnly,
    /// Whoever writes has not agreed that it is kept.
    #[error(transparent)]
    Consent(#[from] crate::consents::ConsentError),
    /// A repeated request was not the same.
    #[error(transparent)]
    Once(#[from] crate::jobs::OnceError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CloneError> for Fault {
    fn from(error: CloneError) -> Self {
        match error {
            CloneError::Missing => Self::not_found(),
            CloneError::Forbidden => Self::new(
                Kind::Forbidden,
                "forbidden",
                "Your role in this space does not allow this; ask its owner or a steward.",
            ),
            CloneError::Glass => Self::new(
                Kind::Forbidden,
                "break_glass_limited",
                "Behind broken glass one sees memories and conversations, and nothing else.",
            ),
            CloneError::NoSuchSpace => {
                Self::field(FieldProblem::Unknown, "/space_id", "there is no such space")
            }
            CloneError::Space(error) => error.into(),
            CloneError::Narrow => Self::new(
                Kind::Forbidden,
                "key_limited",
                "This key opens some clones only; a key for all clones can make new ones.",
            ),
            CloneError::Stale => Self::stale(),
            CloneError::UnknownProvider { pointer, known } => Self::field(
                FieldProblem::Unknown,
                pointer,
                format!("no provider has this id; known: {}", known.join(", ")),
            ),
            CloneError::VerbatimOnly => Self::field(
                FieldProblem::NotAllowed,
                "/grounding",
                "the built-in provider only quotes; set another provider or `verbatim`",
            ),
            CloneError::Consent(error) => error.into(),
            CloneError::Once(error) => error.into(),
            CloneError::Store(error) => error.into(),
        }
    }
}
