//! Tries that failed, counted until they are written down: the first of an account and hour, the
//! tenth, the hundredth and so on, and how many it were when the hour is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::accounts::{Actor, Failure};
use crate::kernel::{AccountId, Clock, Timestamp};

use super::model::Thing;
use super::rows::NewEntry;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Accounts that are counted at the same time; what is beyond counts as nobody's.
const KEPT: usize = 10_000;

/// By account, if there is one, and what failed.
type Counts = HashMap<(Option<AccountId>, Failure), Count>;

/// The counts. Cheap to clone.
#[derive(Clone)]
pub(super) struct Failures {
    clock: Clock,
    counts: Arc<Mutex<Counts>>,
}

struct Count {
    since: Timestamp,
    tries: u64,
    /// How many of them are in the log.
    written: u64,
}

impl Failures {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, counts: Arc::default() }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, account: Option<AccountId>, failure: Failure) {
        let now = self.clock.now();
        let mut counts = self.counts();
        let fresh = Count { since: now, tries: 0, written: 0 };
        let crowded = counts.len() >= KEPT && !counts.contains_key(&(account, failure));
        let account = account.filter(|_| !crowded);
        counts.entry((account, failure)).or_insert(fresh).tries += 1;
    }

    /// What has to be written down now; everything when the process stops.
    pub(super) fn due(&self, everything: bool) -> Vec<NewEntry> {
        let now = self.clock.now();
        let mut due = Vec::new();
        self.counts().retain(|(account, failure), count| {
            let over = now.since(count.since) >= HOUR || everything;
            let grown = count.written == 0 || count.tries >= count.written.saturating_mul(10);
            if count.tries > count.written && (over || grown) {
                due.push(entry(*account, *failure, count.tries));
                count.written = count.tries;
            }
            !over
        });
        due
    }
}

fn entry(account: Option<AccountId>, failure: Failure, tries: u64) -> NewEntry {
    let (event, method) = match failure {
        Failure::Password => ("sign_in_failed", Some("password")),
        Failure::Code => ("sign_in_failed", Some("code")),
        Failure::Passkey => ("sign_in_failed", Some("passkey")),
        Failure::Suspended => ("sign_in_refused", None),
        Failure::Locked => ("sign_in_locked", None),
        Failure::NoAdmin => ("admin_refused", None),
        Failure::KeyElsewhere => ("api_key_refused", None),
    };
    // Who tries to sign in proved nothing; who asks for what admins may is signed in.
    let actor = match (failure, account) {
        (Failure::NoAdmin, Some(account)) => Actor::Account(account),
        _ => Actor::Nobody,
    };
    let mut entry = NewEntry::new(event, actor).with("tries", tries);
    entry.subject = account.map(Thing::Account);
    match method {
        Some(method) => entry.with("method", method),
        None => entry,
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_tries_are_a_handful_of_entries() {
        let clock = Clock::system();
        let failures = Failures::new(clock.clone());
        let account = Some(AccountId::fresh());
        let mut written = Vec::new();
        for _ in 0..1_234 {
            failures.count(account, Failure::Password);
            written.extend(failures.due(false));
        }
        assert_eq!(tries(&written), ["1", "10", "100", "1000"]);
        failures.count(None, Failure::Password);
        assert_eq!(tries(&failures.due(false)), ["1"], "strangers are counted apart");
        clock.advance(HOUR);
        assert_eq!(tries(&failures.due(false)), ["1234"]);
        clock.advance(HOUR);
        assert!(failures.due(true).is_empty());
        failures.count(account, Failure::Password);
        failures.count(account, Failure::Password);
        assert_eq!(tries(&failures.due(true)), ["2"]);
    }

    fn tries(entries: &[NewEntry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.details["tries"].as_str()).collect()
    }
}
