//! What an API key is.

use std::sync::Arc;
use std::time::Duration;

use crate::kernel::{AccountId, ApiKeyId, CloneId, Network, Secret, Text, Timestamp};

/// What a key is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Reading clones, memories and conversations.
    pub read: bool,
    /// Adding and changing clones and memories.
    pub write: bool,
    /// Talking with clones.
    pub chat: bool,
}

/// How many requests a key may make in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many.
    pub requests: u32,
    /// Within this time from the first.
    pub window: Duration,
}

/// A key that is to be made.
pub struct NewKey {
    /// What its owner calls it.
    pub label: Text<1, 100>,
    /// What it is for.
    pub scopes: Scopes,
    /// The only clones it opens; all of the account's if nothing is said.
    pub clones: Option<Vec<CloneId>>,
    /// The only networks it is good in; all if nothing is said.
    pub networks: Option<Vec<Network>>,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// How often it may be used.
    pub rate: Rate,
}

/// A key as its owner sees it.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its identifier.
    pub id: ApiKeyId,
    /// What its owner calls it.
    pub label: Text<1, 100>,
    /// How it begins.
    pub prefix: String,
    /// What it is for.
    pub scopes: Scopes,
    /// The only clones it opens.
    pub clones: Option<Vec<CloneId>>,
    /// The only networks it is good in.
    pub networks: Option<Vec<Network>>,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// How often it may be used.
    pub rate: Rate,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to some seconds.
    pub last_used_at: Option<Timestamp>,
    /// How many requests it has made within the last thirty days.
    pub requests: u64,
}

impl ApiKey {
    /// Whether its time has come.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|until| until <= now)
    }
}

/// A key that was just made, with the text that is shown once. A repeated request does not get
/// it again.
pub struct MadeKey {
    /// The key.
    pub key: ApiKey,
    /// Its text.
    pub text: Option<Secret<String>>,
}

/// Whose key a request carries, and what it is for.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The account.
    pub account: AccountId,
    /// The key.
    pub key: ApiKeyId,
    /// What it is for.
    pub scopes: Scopes,
    /// The only clones it opens.
    pub clones: Option<Arc<[CloneId]>>,
    /// The account's language (BCP 47).
    pub locale: String,
}

/// How much of its window a key has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// The rate it is measured by.
    pub rate: Rate,
    /// Requests.
    pub requests: u32,
    /// Until the window begins anew.
    pub resets_in: Duration,
}

/// How often a key was used for something on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayUse {
    /// Days since 1970, in UTC.
    pub day: u32,
    /// What it was used for: the name of the operation.
    pub endpoint: String,
    /// How often.
    pub requests: u64,
}
