//! Why something with share links could not be done.

use crate::accounts::AccountError;
use crate::api_keys::Left;
use crate::clones::CloneError;
use crate::consents::ConsentError;
use crate::jobs::OnceError;
use crate::kernel::{Fault, FieldProblem, Kind};
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum ShareLinkError {
    /// There is no such link on the clone.
    #[error("there is no such share link")]
    Missing,
    /// The link opens nothing (any more).
    #[error("the share link is not good")]
    NotGood,
    /// It opens nothing for now: its maker may not share the clone, or the clone is in the trash.
    #[error("the share link is paused")]
    Paused,
    /// The link has ended.
    #[error("the share link has ended")]
    Expired,
    /// All its messages were sent.
    #[error("the messages of the share link are spent")]
    Spent,
    /// Too many messages were sent within an hour.
    #[error("too many messages came by the share link")]
    TooOften(Left),
    /// The clone has as many links as it may.
    #[error("too many share links")]
    TooMany(usize),
    /// It would have ended before it was made.
    #[error("its end lies in the past")]
    Past,
    /// The clone is not there for the asker, or they may not share it.
    #[error(transparent)]
    Clone(#[from] CloneError),
    /// A repeated request was not the same.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// The account could not be had.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ConsentError> for ShareLinkError {
    fn from(error: ConsentError) -> Self {
        match error {
            // It is for whoever made the link to give; visitors cannot, and need not know.
            ConsentError::Required(_) | ConsentError::Restricted | ConsentError::Resting => {
                Self::Paused
            }
            ConsentError::Store(error) => Self::Store(error),
        }
    }
}

impl From<ShareLinkError> for Fault {
    fn from(error: ShareLinkError) -> Self {
        use ShareLinkError as E;
        match error {
            E::Missing => Self::not_found(),
            E::NotGood => Self::new(
                Kind::Unauthenticated,
                "unauthenticated",
                "This link is mistyped or not good any more; ask for another.",
            ),
            E::Paused => Self::new(
                Kind::Unauthenticated,
                "share_link_paused",
                "This link opens nothing for now; try again later, or ask whoever gave it to you.",
            ),
            E::Expired => Self::new(
                Kind::Unauthenticated,
                "share_link_expired",
                "This link has ended; ask whoever gave it to you for another.",
            ),
            E::Spent => Self::new(
                Kind::Payment,
                "share_budget_spent",
                "All the messages of this link were sent; ask whoever gave it to you for another.",
            ),
            E::TooOften(left) => Self::new(
                Kind::Limited,
                "rate_limited",
                "Too many messages came by this link within an hour; wait a little.",
            )
            .retry_after(left.resets_in),
            E::TooMany(most) => Self::new(
                Kind::Conflict,
                "too_many_share_links",
                format!("A clone can have {most} share links; revoke one first."),
            ),
            E::Past => Self::field(
                FieldProblem::OutOfRange,
                "/expires_at",
                "must lie in the future, within a year",
            ),
            E::Clone(error) => error.into(),
            E::Once(error) => error.into(),
            E::Account(error) => error.into(),
            E::Store(error) => error.into(),
        }
    }
}
