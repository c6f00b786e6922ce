//! How often keys are used: windows that limit them, and counts for the developer page. Both
//! live in memory; the counts are written down every few seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::kernel::{AccountId, ApiKeyId, Timestamp};

use super::{DayUse, Left, Rate};

const MICROS_A_DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// The day of a moment, in days since 1970.
pub(super) fn day_of(at: Timestamp) -> u32 {
    u32::try_from(at.0.div_euclid(MICROS_A_DAY)).unwrap_or(0)
}

#[derive(Clone, Copy)]
struct Window {
    began: Timestamp,
    used: u32,
}

#[derive(Default)]
struct Counts {
    windows: HashMap<ApiKeyId, Window>,
    used: HashMap<(AccountId, ApiKeyId), HashMap<(u32, String), u64>>,
}

/// The windows and counts of all keys. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Meter(Arc<Mutex<Counts>>);

/// What the keys were used for since the last time it was written down.
pub(super) type Unwritten = Vec<((AccountId, ApiKeyId), Vec<DayUse>)>;

impl Meter {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a request out of a key's window: what is left, and whether there was one.
    pub(super) fn take(&self, key: ApiKeyId, rate: Rate, now: Timestamp) -> (Left, bool) {
        let mut counts = self.counts();
        let window = counts.windows.entry(key).or_insert(Window { began: now, used: 0 });
        if now.since(window.began) >= rate.window || now < window.began {
            *window = Window { began: now, used: 0 };
        }
        let admitted = window.used < rate.requests;
        if admitted {
            window.used += 1;
        }
        let left = Left {
            rate,
            requests: rate.requests.saturating_sub(window.used),
            resets_in: window.began.plus(rate.window).since(now),
        };
        (left, admitted)
    }

    /// Counts a request.
    pub(super) fn count(&self, owner: (AccountId, ApiKeyId), endpoint: String, now: Timestamp) {
        let mut counts = self.counts();
        let used = counts.used.entry(owner).or_default();
        *used.entry((day_of(now), endpoint)).or_default() += 1;
    }

    /// What was counted since the last call.
    pub(super) fn unwritten(&self) -> Unwritten {
        let used = std::mem::take(&mut self.counts().used);
        let days = |used: HashMap<(u32, String), u64>| {
            let days = used.into_iter();
            days.map(|((day, endpoint), requests)| DayUse { day, endpoint, requests }).collect()
        };
        used.into_iter().map(|(owner, used)| (owner, days(used))).collect()
    }

    /// Forgets a key that was revoked.
    pub(super) fn forget(&self, key: ApiKeyId) {
        let mut counts = self.counts();
        counts.windows.remove(&key);
        counts.used.retain(|(_, other), _| *other != key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_window_admits_its_quota_exactly() {
        let meter = Meter::default();
        let rate = Rate { requests: 100, window: Duration::from_secs(3_600) };
        let key = ApiKeyId::fresh();
        let at = |seconds: i64| Timestamp(1_800_000_000_000_000 + seconds * 1_000_000);
        let admitted = (0..200).filter(|i| meter.take(key, rate, at(*i)).1).count();
        assert_eq!(admitted, 100);
        let (left, admitted) = meter.take(key, rate, at(3_599));
        assert_eq!((left.requests, left.resets_in.as_secs(), admitted), (0, 1, false));
        let (left, admitted) = meter.take(key, rate, at(3_600));
        assert_eq!((left.requests, left.resets_in.as_secs(), admitted), (99, 3_600, true));
    }

    #[test]
    fn what_was_counted_is_handed_out_once() {
        let meter = Meter::default();
        let owner = (AccountId::fresh(), ApiKeyId::fresh());
        let now = Timestamp(1_800_000_000_000_000);
        for endpoint in ["GET /clones", "GET /clones", "POST /clones"] {
            meter.count(owner, endpoint.to_owned(), now);
        }
        let mut days = meter.unwritten().remove(0).1;
        days.sort_by(|a, b| a.endpoint.cmp(&b.endpoint));
        let counts: Vec<u64> = days.iter().map(|day| day.requests).collect();
        assert_eq!((days[0].day, counts), (20_833, vec![2, 1]));
        assert!(meter.unwritten().is_empty());
    }
}
