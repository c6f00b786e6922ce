//! Time, from one place, so that tests can set it.

use std::fmt;
use std::sync::Arc;
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
    #[cfg(feature = "testing")]
    ahead: Arc<std::sync::atomic::AtomicI64>,
    #[cfg(not(feature = "testing"))]
    _same_shape: Option<Arc<()>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// The current time.
    #[expect(clippy::disallowed_methods, reason = "the clock is where the time comes from")]
    pub fn now(&self) -> Timestamp {
        let since_1970 =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp::default().plus(since_1970);
        #[cfg(feature = "testing")]
        let now = Timestamp(now.0 + self.ahead.load(std::sync::atomic::Ordering::Relaxed));
        now
    }

    /// Lets time pass without waiting for it.
    #[cfg(feature = "testing")]
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.ahead.fetch_add(micros, std::sync::atomic::Ordering::Relaxed);
    }
}
