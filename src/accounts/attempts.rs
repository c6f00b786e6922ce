//! How often a password may be guessed: a ladder of waits for each account, or address that is
//! none, so that the two cannot be told apart.
//!
//! After a wrong password the next try has to wait 1, 3, 5 and then 10 seconds, and a hundred
//! wrong ones within a day end the guessing for that day (the steps are those of kanidm's
//! softlock). Only passwords and codes are held up: passkeys, open sign-ins and devices that
//! signed in before go on, so that a stranger cannot lock somebody out. The counts live in
//! memory; a restart forgives.
//!
//! Answers say how long to wait and no more. A ladder is no window that `RateLimit` could
//! describe, and the hundred of a day would tell a stranger that somebody else has mistyped a
//! password here, which happens at addresses that have an account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::kernel::{Clock, Timestamp, TokenHash};

use super::AccountError;

/// Seconds to wait after the first, second, third and every later failure in a row.
const LADDER: [u64; 4] = [1, 3, 5, 10];
/// Failures within a day after which nothing is tried any more.
const A_DAY: u32 = 100;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Tries of one account that are checked at the same time.
const AT_ONCE: u32 = 4;
/// Ladders kept; beyond that, those that hold nobody up are forgotten.
const KEPT: usize = 20_000;

#[derive(Clone, Copy)]
struct Ladder {
    failures: usize,
    not_before: Timestamp,
    day_began: Timestamp,
    today: u32,
    in_flight: u32,
}

/// The ladders of all accounts. Cheap to clone.
#[derive(Clone)]
pub struct Attempts {
    clock: Clock,
    ladders: Arc<Mutex<HashMap<TokenHash, Ladder>>>,
}

/// A try that is being checked; it has failed unless it says that it succeeded.
#[must_use]
pub struct Attempt {
    attempts: Attempts,
    key: TokenHash,
    open: bool,
}

impl Attempts {
    /// Nobody has failed yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, ladders: Arc::default() }
    }

    fn ladders(&self) -> MutexGuard<'_, HashMap<TokenHash, Ladder>> {
        self.ladders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a try for whatever `key` stands for.
    ///
    /// # Errors
    /// [`AccountError::TooManyAttempts`] with how long to wait.
    pub fn admit(&self, key: TokenHash) -> Result<Attempt, AccountError> {
        let now = self.clock.now();
        let mut ladders = self.ladders();
        if ladders.len() >= KEPT {
            ladders.retain(|_, ladder| ladder.in_flight > 0 || now.since(ladder.day_began) < DAY);
        }
        let fresh = Ladder { failures: 0, not_before: now, day_began: now, today: 0, in_flight: 0 };
        let ladder = ladders.entry(key).or_insert(fresh);
        if now.since(ladder.day_began) >= DAY {
            (ladder.day_began, ladder.today) = (now, 0);
        }
        let wait = if ladder.today + ladder.in_flight >= A_DAY {
            ladder.day_began.plus(DAY).since(now)
        } else if now < ladder.not_before {
            ladder.not_before.since(now)
        } else if ladder.in_flight >= AT_ONCE {
            Duration::from_secs(1)
        } else {
            ladder.in_flight += 1;
            return Ok(Attempt { attempts: self.clone(), key, open: true });
        };
        Err(AccountError::TooManyAttempts { wait })
    }

    /// Forgets the failures of whatever `key` stands for: the secret they were about is another.
    pub fn forgive(&self, key: &TokenHash) {
        self.ladders().remove(key);
    }
}

impl Attempt {
    /// The try was right: the ladder begins anew.
    pub fn succeeded(mut self) {
        self.open = false;
        let mut ladders = self.attempts.ladders();
        if let Some(ladder) = ladders.get_mut(&self.key) {
            ladder.in_flight = ladder.in_flight.saturating_sub(1);
            ladder.failures = 0;
            ladder.not_before = Timestamp::default();
            if ladder.in_flight == 0 && ladder.today == 0 {
                ladders.remove(&self.key);
            }
        }
    }

    /// The try was never checked, because we could not.
    pub fn unchecked(mut self) {
        self.open = false;
        if let Some(ladder) = self.attempts.ladders().get_mut(&self.key) {
            ladder.in_flight = ladder.in_flight.saturating_sub(1);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let now = self.attempts.clock.now();
        if let Some(ladder) = self.attempts.ladders().get_mut(&self.key) {
            ladder.in_flight = ladder.in_flight.saturating_sub(1);
            let wait = LADDER[ladder.failures.min(LADDER.len() - 1)];
            ladder.failures += 1;
            ladder.today += 1;
            ladder.not_before = now.plus(Duration::from_secs(wait));
        }
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;

    fn waits(attempts: &Attempts, key: TokenHash) -> Option<u64> {
        match attempts.admit(key) {
            Err(AccountError::TooManyAttempts { wait }) => Some(wait.as_secs_f64().ceil() as u64),
            Err(other) => panic!("{other}"),
            Ok(attempt) => {
                attempt.unchecked();
                None
            }
        }
    }

    #[test]
    fn the_ladder_grows_and_success_ends_it() {
        let clock = Clock::system();
        let attempts = Attempts::new(clock.clone());
        let key = TokenHash::of("ada");
        for seconds in [1, 3, 5, 10, 10] {
            drop(attempts.admit(key).unwrap());
            assert_eq!(waits(&attempts, key), Some(seconds));
            assert_eq!(waits(&attempts, TokenHash::of("ben")), None, "others go on");
            clock.advance(Duration::from_secs(seconds));
        }
        attempts.admit(key).unwrap().succeeded();
        drop(attempts.admit(key).unwrap());
        assert_eq!(waits(&attempts, key), Some(1));
    }

    #[test]
    fn a_hundred_a_day_and_no_more_however_many_come_at_once() {
        let clock = Clock::system();
        let attempts = Attempts::new(clock.clone());
        let key = TokenHash::of("ada");
        let mut checked = 0;
        for _ in 0..10_000 {
            let together: Vec<_> = (0..9).map_while(|_| attempts.admit(key).ok()).collect();
            assert!(together.len() <= AT_ONCE as usize);
            checked += together.len();
            drop(together);
            clock.advance(Duration::from_secs(8));
        }
        assert_eq!(checked, 100);
        clock.advance(DAY);
        assert_eq!(waits(&attempts, key), None);
    }
}
