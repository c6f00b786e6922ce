//! What a space is, and what an account is in it.

use serde::{Deserialize, Serialize};

use crate::identities::SaidGroup;
use crate::kernel::{AccountId, InvitationId, SpaceGroupId, SpaceId, Text, Timestamp, Token};

/// What an account is to a space, and through it to the clones in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May talk with the clones and read what is open to the space.
    Visitor,
    /// May add memories too.
    Contributor,
    /// May shape the clones and all their memories.
    Steward,
    /// May do everything, handing over and deleting included.
    Owner,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Visitor, Self::Contributor, Self::Steward, Self::Owner];

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Contributor => "contributor",
            Self::Steward => "steward",
            Self::Owner => "owner",
        }
    }

    /// The role with a name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What a space is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceType {
    /// The one that comes with an account.
    Personal,
    /// One for several people.
    Shared,
}

/// A family or team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Its identifier.
    pub id: SpaceId,
    /// Its name; empty for a personal one, which the reader's language names.
    pub name: Text<0, 100>,
    /// What it is for.
    pub kind: SpaceType,
    /// What the asking account is in it.
    pub role: Role,
    /// How many accounts are in it.
    pub members: usize,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An account in a space.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The account.
    pub account: AccountId,
    /// What it is there.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
    /// The group that brought it, which also takes it out again.
    pub group: Option<SpaceGroupId>,
}

/// A group at a provider of sign-ins whose people are in a space.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its identifier here.
    pub id: SpaceGroupId,
    /// The space.
    pub space: SpaceId,
    /// What says that somebody is in it: the provider's issuer, whose name in addresses may be
    /// another provider's tomorrow; the claim, which an admin may change for one that they fill
    /// themselves; and what the provider calls the group, letter by letter.
    pub said: SaidGroup,
    /// What its people are in the space; never its owner.
    pub role: Role,
}

/// An invitation that can still be accepted.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Its identifier.
    pub id: InvitationId,
    /// What who accepts it becomes.
    pub role: Role,
    /// The only address that can accept it.
    pub email: Option<String>,
    /// Who invites.
    pub by: AccountId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// An invitation that was just made; its token is handed out once.
pub struct MadeInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// The token in its link; a repeated request does not get it again.
    pub token: Option<Token>,
}

/// What somebody who holds an invitation may know before accepting it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The space.
    pub space: SpaceId,
    /// Its name.
    pub space_name: Text<0, 100>,
    /// Who invites.
    pub by: AccountId,
    /// What one becomes.
    pub role: Role,
    /// The only address that can accept it.
    pub email: Option<String>,
    /// Until when it is good.
    pub expires_at: Timestamp,
}
