//! Whom somebody names for after their death, and what becomes of that when the time has come.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::accounts::Actor;
use crate::clones::{OwnWords, Relation, Shown};
use crate::kernel::{AccountId, LegacyClaimId, SpaceId, Text, Timestamp};

/// The shortest and the longest wait that can be chosen, and the usual one, in days.
pub const WAIT: (u16, u16, u16) = (30, 365, 90);

pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The contact gets the clones, with their memories.
    HandOver,
    /// Everything is erased.
    Erase,
    /// The clones are kept for reading, and nobody gets anything.
    Freeze,
}

impl Then {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::HandOver => "hand_over",
            Self::Erase => "erase",
            Self::Freeze => "freeze",
        }
    }
}

/// Whom an account named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// What they are called.
    pub name: Text<1, 100>,
    /// Their address. The key opens the way also for whoever has another account.
    pub email: String,
    /// How many days nobody may have stopped the claim.
    pub wait_days: u16,
    /// What then.
    pub then: Then,
    /// Whether conversations with the clones that are handed over go along.
    pub conversations: bool,
    /// A few words for them.
    pub note: Option<Text<0, 2_000>>,
    /// Since when it is as it is.
    pub set_at: Timestamp,
}

/// How far a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The wait is not over.
    Waiting,
    /// It is, and nothing has been done yet: it can still be stopped.
    Due,
    /// The account is closed, and what is left goes where it was to go.
    Carrying,
    /// All is done.
    Done,
    /// It was stopped.
    Stopped,
}

impl State {
    /// Whether the person can still stop it.
    pub const fn can_be_stopped(self) -> bool {
        matches!(self, Self::Waiting | Self::Due)
    }
}

/// How a claim was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The person signed in, did something, or said that they are here.
    Person,
    /// An admin stopped it, and said why.
    Admin,
    /// Who made it took it back.
    Withdrawn,
    /// Who made it cannot receive anything: their account may not be used.
    ContactGone,
}

impl Stop {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Admin => "admin",
            Self::Withdrawn => "withdrawn",
            Self::ContactGone => "contact_gone",
        }
    }
}

/// That somebody who has the key says that a person has died.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Its identifier.
    pub id: LegacyClaimId,
    /// Of whom it is said.
    pub person: AccountId,
    /// Who says it.
    pub by: AccountId,
    /// What they were to them, and more in words of their own.
    pub relation: Relation,
    /// More in words of their own.
    pub own_words: Option<OwnWords>,
    /// The words that they had before them.
    pub words: Shown,
    /// Since when.
    pub begun_at: Timestamp,
    /// How long the wait is: as it was chosen when it began.
    pub wait: Duration,
    /// How much of it has passed, as far as the clock is believed.
    pub waited: Duration,
    /// Until when that is counted.
    pub counted_at: Timestamp,
    /// What is to happen: as it was chosen when it began.
    pub then: Then,
    /// Whether conversations go along.
    pub conversations: bool,
    /// How far it is.
    pub state: State,
    /// When it ended, and how if it was stopped.
    pub ended_at: Option<Timestamp>,
    /// How it was stopped.
    pub stop: Option<Stop>,
    /// Why an admin stopped it.
    pub reason: Option<Text<1, 500>>,
    /// The space that was made for what is handed over.
    pub space: Option<SpaceId>,
}

impl Claim {
    /// When the wait is over at the earliest, seen from when it was last counted.
    pub fn ends_at(&self) -> Timestamp {
        self.counted_at.plus(self.wait.saturating_sub(self.waited))
    }

    /// The moments of the wait at which the person is told again, and its end.
    fn stations(&self) -> [Duration; 4] {
        let before = |days: u32| self.wait.saturating_sub(DAY * days);
        [self.wait / 2, before(7), before(1), self.wait]
    }

    /// Lets time pass until now: no more than a few days at once, so that a clock that was put
    /// ahead takes the wait from nobody, and never past a station that was not told yet. Whether
    /// it came to one.
    pub fn passes(&mut self, now: Timestamp, at_most: Duration) -> bool {
        let passed = now.since(self.counted_at).min(at_most);
        self.counted_at = self.counted_at.max(now);
        let next = self.stations().into_iter().filter(|at| *at > self.waited).min();
        let Some(next) = next else { return false };
        self.waited = (self.waited + passed).min(next);
        self.waited == next
    }

    /// Whether it is for a job to carry it out, or to go on with that.
    pub const fn is_under_way(&self) -> bool {
        matches!(self.state, State::Due | State::Carrying)
    }

    /// Whether the wait is over.
    pub fn is_over(&self) -> bool {
        self.waited >= self.wait
    }
}

/// What the holder of a key sees before they say anything.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Offered {
    pub person_name: String,
    pub contact: Contact,
}

/// What the holder of a key says.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Claiming {
    pub key: String,
    pub relation: Relation,
    pub own_words: Option<OwnWords>,
    /// The SHA-256 of the text that they had before them.
    pub sha256: String,
}

/// Who stops a claim, and why.
#[derive(Clone, Debug)]
pub(super) struct Stopping {
    pub(super) by: Actor,
    pub(super) how: Stop,
    pub(super) reason: Option<Text<1, 500>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(days: u32) -> Claim {
        let none = Shown {
            version: String::new(),
            locale: String::new(),
            text: String::new(),
            sha256: String::new(),
        };
        Claim {
            id: LegacyClaimId::fresh(),
            person: AccountId::fresh(),
            by: AccountId::fresh(),
            relation: Relation::new("son").unwrap(),
            own_words: None,
            words: none,
            begun_at: Timestamp(0),
            wait: DAY * days,
            waited: Duration::ZERO,
            counted_at: Timestamp(0),
            then: Then::HandOver,
            conversations: false,
            state: State::Waiting,
            ended_at: None,
            stop: None,
            reason: None,
            space: None,
        }
    }

    #[test]
    fn the_person_is_told_at_every_station_however_fast_the_clock_goes() {
        for (days, step) in [(30, 1), (30, 3), (90, 3), (365, 2), (30, 10_000)] {
            let mut claim = waiting(days);
            let (mut now, mut stations) = (Timestamp(0), Vec::new());
            while !claim.is_over() {
                now = now.plus(DAY * step);
                if claim.passes(now, DAY * 3) {
                    stations.push(claim.wait - claim.waited);
                }
            }
            assert_eq!(stations, [DAY * days / 2, DAY * 7, DAY, Duration::ZERO], "{days} {step}");
            // No clock makes it shorter than its steps are.
            assert!(now.since(Timestamp(0)) >= DAY * days);
        }
    }

    #[test]
    fn a_clock_that_is_put_back_takes_nothing_and_gives_nothing() {
        let mut claim = waiting(30);
        claim.passes(Timestamp(0).plus(DAY * 2), DAY * 3);
        claim.passes(Timestamp(0).plus(DAY), DAY * 3);
        assert_eq!(claim.waited, DAY * 2);
    }
}
