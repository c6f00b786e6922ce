//! What a look at somebody else's things is.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::kernel::{AccountId, BreakGlassId, CloneId, ConversationId, SessionId, Text, Timestamp};

/// How many minutes a look can last.
pub const MINUTES: RangeInclusive<u32> = 5..=60;

/// A look that an admin wants to take.
pub struct NewGlass {
    /// Whose things.
    pub account: AccountId,
    /// Why; the person reads it.
    pub reason: Text<10, 500>,
    /// How long at most.
    pub lasts: Duration,
}

/// A look that goes on or is over.
#[derive(Clone, Debug)]
pub struct Glass {
    /// Its identifier.
    pub id: BreakGlassId,
    /// The admin who looks.
    pub by: AccountId,
    /// The only sign-in of theirs that does.
    pub session: SessionId,
    /// The security epoch of their account; it ends with it.
    pub epoch: u64,
    /// Whose things they look at.
    pub account: AccountId,
    /// Why.
    pub reason: String,
    /// Since when.
    pub begun_at: Timestamp,
    /// When its time is over.
    pub until: Timestamp,
    /// When it ended and how, if it did.
    pub ended: Option<(Timestamp, Ended)>,
}

impl Glass {
    /// Whether its time is not over and nobody ended it.
    pub fn goes_on(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.until && now >= self.begun_at
    }
}

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its time was over.
    Time,
    /// An admin ended it.
    Admin,
    /// The sign-in ended, or the admin's account changed.
    SignIn,
}

impl Ended {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Time, Self::Admin, Self::SignIn];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Admin => "admin",
            Self::SignIn => "sign_in",
        }
    }
}

/// Something that can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The list of the clones there are.
    List,
    /// A clone, with its memories and people.
    Clone(CloneId),
    /// A conversation.
    Conversation(ConversationId),
}

impl Opened {
    /// The word for what it is.
    pub fn kind(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Clone(_) => "clone",
            Self::Conversation(_) => "conversation",
        }
    }

    /// Its identifier, if it has one.
    pub fn id(self) -> Option<String> {
        match self {
            Self::List => None,
            Self::Clone(id) => Some(id.to_string()),
            Self::Conversation(id) => Some(id.to_string()),
        }
    }
}

/// Something that was opened.
#[derive(Clone, Debug)]
pub struct Looked {
    /// What.
    pub thing: Opened,
    /// What it is called now, if it is still there.
    pub name: Option<String>,
    /// When it was opened first.
    pub at: Timestamp,
}

/// A clone that can be opened.
#[derive(Clone, Debug)]
pub struct Personal {
    /// Its identifier.
    pub id: CloneId,
    /// What it is called.
    pub name: String,
}
