//! What a share link is.

use crate::access::{Principal, Proof, Visit};
use crate::clones::Subject;
use crate::kernel::{AccountId, CloneId, Secret, ShareLinkId, Text, Timestamp};

/// A link that is to be made.
pub struct NewShareLink {
    /// What its maker calls it.
    pub label: Option<Text<0, 100>>,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// How many messages all its visitors together may send.
    pub budget: u32,
    /// How many of them within an hour.
    pub per_hour: u32,
}

/// Whether a link works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareState {
    /// It does.
    Open,
    /// All its messages were sent; what was said can still be read.
    Spent,
    /// It has ended.
    Expired,
    /// Who made it may not share the clone any more, for now or for good.
    Paused,
}

/// A link as those see it who may share the clone.
#[derive(Clone, Debug)]
pub struct ShareLink {
    /// Its identifier.
    pub id: ShareLinkId,
    /// The only clone it opens.
    pub clone: CloneId,
    /// What its maker calls it.
    pub label: Option<Text<0, 100>>,
    /// How its token begins.
    pub prefix: String,
    /// Who made it.
    pub by: AccountId,
    /// When.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// How many messages all its visitors together may send.
    pub budget: u32,
    /// How many of them within an hour.
    pub per_hour: u32,
    /// How many were sent.
    pub used: u32,
    /// How many people have talked through it, as far as they can be told apart.
    pub visitors: usize,
    /// When somebody last did.
    pub last_used_at: Option<Timestamp>,
    /// Whether it works.
    pub state: ShareState,
}

/// A link that was just made, with the token that is shown once. A repeated request does not
/// get it again.
pub struct MadeShareLink {
    /// The link.
    pub link: ShareLink,
    /// Its token.
    pub token: Option<Secret<String>>,
}

/// Somebody who came by a link.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The link.
    pub link: ShareLinkId,
    /// The only clone it opens.
    pub clone: CloneId,
    /// Tells this visitor's conversations from another's; no account.
    pub visitor: AccountId,
    /// Whether nobody else is this visitor.
    pub visit: Visit,
    /// The language to fall back to (BCP 47): that of whoever made the link.
    pub locale: String,
}

impl From<Guest> for Principal {
    fn from(guest: Guest) -> Self {
        let Guest { link, clone, visitor: account, visit, locale } = guest;
        Self { account, is_admin: false, proof: Proof::Share { link, clone, visit }, locale }
    }
}

/// What somebody who came by a link may know of it.
#[derive(Clone, Debug)]
pub struct Welcome {
    /// The only clone it opens.
    pub clone: CloneId,
    /// What the clone is called.
    pub name: Text<1, 200>,
    /// What it says of itself.
    pub description: Option<Text<0, 2_000>>,
    /// How it begins.
    pub greeting: Option<Text<0, 2_000>>,
    /// The language its subject speaks.
    pub language: Option<Text<1, 35>>,
    /// Whom it is of.
    pub subject: Subject,
    /// When the link ends by itself.
    pub expires_at: Timestamp,
    /// How many messages are left, for all who have the link.
    pub messages_left: u32,
}
