//! Why something with conversations could not be done.

use std::time::Duration;

use crate::clones::CloneError;
use crate::consents::ConsentError;
use crate::kernel::{Fault, FieldProblem, Kind};
use crate::providers::ModelError;
use crate::retrieval::RetrievalError;
use crate::share_links::ShareLinkError;
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// There is no such conversation or message, or it is not the asker's.
    #[error("there is no such conversation")]
    Missing,
    /// It was changed since the asker looked at it.
    #[error("the conversation was changed meanwhile")]
    Stale,
    /// The message named as parent is not part of the conversation.
    #[error("the parent is not a message of this conversation")]
    WrongParent,
    /// Only an answer can be written again, rated or stopped.
    #[error("not an answer")]
    NotAnAnswer,
    /// Too many answers run at once.
    #[error("too many running answers")]
    TooMany,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// The clone is not there for the asker.
    #[error(transparent)]
    Clone(#[from] CloneError),
    /// A consent is missing.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// The share link that the asker came by does not allow it.
    #[error(transparent)]
    ShareLink(#[from] ShareLinkError),
    /// A repeated request was not the same.
    #[error(transparent)]
    Once(#[from] crate::jobs::OnceError),
    /// Searching failed.
    #[error(transparent)]
    Retrieval(#[from] RetrievalError),
    /// The provider failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ConversationError> for Fault {
    fn from(error: ConversationError) -> Self {
        use ConversationError as E;
        match error {
            E::Missing => Self::not_found(),
            E::Stale => Self::stale(),
            E::WrongParent => Self::field(
                FieldProblem::Unknown,
                "/parent_id",
                "must be a message of this conversation",
            ),
            E::NotAnAnswer => Self::new(
                Kind::Conflict,
                "not_an_answer",
                "This can only be done with an answer of the clone.",
            ),
            // How many at once is no window: there is nothing that `RateLimit` could say of it.
            E::TooMany => Self::new(
                Kind::Limited,
                "too_many_streams",
                "Too many answers are being written; wait for one to end.",
            )
            .retry_after(Duration::from_secs(5)),
            E::Stopping => Self::new(Kind::Unavailable, "stopping", "The server is restarting.")
                .retry_after(Duration::from_secs(5)),
            E::Clone(error) => error.into(),
            E::Consent(error) => error.into(),
            E::ShareLink(error) => error.into(),
            E::Once(error) => error.into(),
            E::Retrieval(error) => error.into(),
            E::Model(error) => error.into(),
            E::Store(error) => error.into(),
        }
    }
}
