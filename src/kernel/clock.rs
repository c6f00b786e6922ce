//! Time, from one place, so that tests can set it.
//!
//! It never goes back while the process runs, nor behind what an earlier process was sure of
//! ([`Clock::not_before`]): a machine whose clock has lost its battery begins in 1970, and nothing
//! that is over may be good again because of that.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment in UTC, in microseconds since 1970.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment plus a duration.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long from `earlier` until this moment; nothing if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with as many digits as needed.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(moment) => write!(out, "{moment}"),
            Err(_) => write!(out, "{}us", self.0),
        }
    }
}

/// The source of the current time. Cheap to copy around.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// The latest moment that it has said.
    latest: Arc<AtomicI64>,
    #[cfg(feature = "testing")]
    ahead: Arc<AtomicI64>,
}

/// A build for tests begins this many seconds ahead.
#[cfg(feature = "testing")]
const AHEAD: &str = "TESTING_CLOCK_AHEAD";

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        let clock = Self::default();
        #[cfg(feature = "testing")]
        if let Some(ahead) = std::env::var(AHEAD).ok().and_then(|text| text.parse::<i64>().ok()) {
            clock.ahead.store(ahead.saturating_mul(1_000_000), Relaxed);
        }
        clock
    }

    /// The current time; never earlier than it was before.
    pub fn now(&self) -> Timestamp {
        let now = self.said().0;
        Timestamp(self.latest.fetch_max(now, Relaxed).max(now))
    }

    /// What the machine says, be it earlier than before.
    #[expect(clippy::disallowed_methods, reason = "the clock is where the time comes from")]
    fn said(&self) -> Timestamp {
        let since_1970 =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp::default().plus(since_1970);
        #[cfg(feature = "testing")]
        let now = Timestamp(now.0.saturating_add(self.ahead.load(Relaxed)));
        now
    }

    /// From now on it says nothing earlier than this moment.
    pub fn not_before(&self, moment: Timestamp) {
        self.latest.fetch_max(moment.0, Relaxed);
    }

    /// How far the machine's clock is behind what was said before; time stands still that long.
    pub fn behind(&self) -> Duration {
        Timestamp(self.latest.load(Relaxed)).since(self.said())
    }

    /// Lets time pass without waiting for it.
    #[cfg(feature = "testing")]
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.ahead.fetch_add(micros, Relaxed);
    }

    /// Turns the machine's clock back.
    #[cfg(feature = "testing")]
    pub fn turn_back(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.ahead.fetch_sub(micros, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back_behind_what_it_said_or_was_told() {
        let clock = Clock::system();
        let now = clock.now();
        let later = now.plus(Duration::from_secs(3_600));
        clock.not_before(later);
        assert_eq!(clock.clone().now(), later, "all copies of it stand still");
        let behind = clock.behind().as_secs();
        assert!((3_590..=3_600).contains(&behind), "{behind}");
        clock.not_before(now);
        assert_eq!(clock.now(), later);
    }
}
