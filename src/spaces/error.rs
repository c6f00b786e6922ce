//! Why something with spaces could not be done.

use crate::accounts::AccountError;
use crate::jobs::OnceError;
use crate::kernel::{Fault, Kind};
use crate::store::StoreError;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum SpaceError {
    /// There is no such space, member or invitation, or the account is not in the space.
    #[error("there is no such space")]
    Missing,
    /// The account is in the space, but its role is not enough.
    #[error("the role does not allow this")]
    Forbidden,
    /// A personal space has its owner and nobody else.
    #[error("the space is personal")]
    Personal,
    /// The owner can only go after handing the space over.
    #[error("the owner must hand the space over first")]
    OwnerStays,
    /// The space was changed since the asker looked at it.
    #[error("the space was changed meanwhile")]
    Stale,
    /// The account to which the space would be handed over is suspended.
    #[error("the account is suspended")]
    Suspended,
    /// The account owns as many spaces as it may.
    #[error("too many spaces")]
    TooMany,
    /// The provider does not say that the account is in the group, nor does it administer here.
    #[error("the group is not the account's")]
    NotTheirGroup,
    /// The space lets in as many groups as it may.
    #[error("too many groups")]
    TooManyGroups,
    /// The space is full.
    #[error("too many members or invitations")]
    Full,
    /// The invitation is used, too old, withdrawn, or for somebody else.
    #[error("the invitation is not good")]
    WrongInvitation,
    /// The account is in the space already.
    #[error("the account is in the space already")]
    AlreadyIn,
    /// An account could not be had.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A repeated request was not the same.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SpaceError> for Fault {
    fn from(error: SpaceError) -> Self {
        let (kind, code, detail) = match error {
            SpaceError::Missing => return Self::not_found(),
            SpaceError::Stale => return Self::stale(),
            SpaceError::Account(error) => return error.into(),
            SpaceError::Once(error) => return error.into(),
            SpaceError::Store(error) => return error.into(),
            SpaceError::Forbidden => (
                Kind::Forbidden,
                "forbidden",
                "Your role in this space does not allow this; ask its owner or a steward.",
            ),
            SpaceError::Personal => (
                Kind::Conflict,
                "personal_space",
                "A personal space is for its owner alone; make a shared one for several people.",
            ),
            SpaceError::OwnerStays => (
                Kind::Conflict,
                "owner_stays",
                "The owner cannot leave; make another member the owner first.",
            ),
            SpaceError::Suspended => (
                Kind::Conflict,
                "member_suspended",
                "This account is suspended and could not look after the space; choose another.",
            ),
            SpaceError::TooMany => {
                (Kind::Conflict, "too_many_spaces", "You own as many spaces as one account can.")
            }
            SpaceError::NotTheirGroup => (
                Kind::Forbidden,
                "group_not_yours",
                "You can let in only a group that you were in when you last signed in there; sign \
                 in there again if you joined it since, or invite its people one by one.",
            ),
            SpaceError::TooManyGroups => {
                (Kind::Conflict, "too_many_groups", "This space lets in as many groups as it can.")
            }
            SpaceError::Full => {
                (Kind::Conflict, "space_full", "This space has as many members as it can.")
            }
            SpaceError::WrongInvitation => (
                Kind::Forbidden,
                "invite_invalid",
                "This invitation is used, too old or for somebody else; ask for a new one.",
            ),
            SpaceError::AlreadyIn => {
                (Kind::Conflict, "already_member", "You are in this space already.")
            }
        };
        Self::new(kind, code, detail)
    }
}
