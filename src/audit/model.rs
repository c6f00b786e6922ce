//! What an entry of the audit log says.

use std::collections::BTreeMap;

use crate::accounts::Actor;
use crate::kernel::{AccountId, CloneId, SpaceId, Timestamp};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Thing {
    Account(AccountId),
    Clone(CloneId),
    Space(SpaceId),
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place in the log; each is one more than the one before.
    pub number: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, a stable word.
    pub event: String,
    /// Who did it.
    pub actor: Actor,
    /// What it was done to.
    pub subject: Option<Thing>,
    /// More about it: identifiers, words and numbers.
    pub details: BTreeMap<String, String>,
    /// The network address it came from, if the operator wants that written down.
    pub address: Option<String>,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this event.
    pub event: Option<String>,
    /// Only what this account did, or what was done to it.
    pub account: Option<AccountId>,
    /// Not what it did to other accounts: what concerns itself.
    pub own: bool,
}

impl Filter {
    pub(super) fn admits(&self, entry: &Entry) -> bool {
        let other = matches!(entry.subject, Some(Thing::Account(id)) if Some(id) != self.account);
        self.event.as_ref().is_none_or(|event| *event == entry.event) && !(self.own && other)
    }
}

/// What a look through the whole log has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// How many entries fit, from the oldest on.
    pub entries: u64,
    /// The number of the first that does not, or is missing.
    pub broken_at: Option<u64>,
}
