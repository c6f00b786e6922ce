//! Backups that are made by themselves. When the last one was made is read from where they lie, so
//! that a restart forgets nothing and a place that lost them gets one soon.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::watch::tell_of;
use super::{BackupError, Backups, Destination, ENDING, backups_at};
use crate::kernel::Timestamp;

/// How often somebody looks whether one is due.
#[cfg(not(feature = "testing"))]
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(60);
#[cfg(feature = "testing")]
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long nothing is tried again after it failed.
pub(super) const AGAIN: Duration = Duration::from_secs(60 * 60);

impl Backups {
    /// Makes a backup whenever the newest at a place is older than `every`.
    pub(super) async fn keep_time(self, every: Duration, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let now = self.0.clock.now();
            let failed = self.last().failure.is_some_and(|(at, _)| now.since(at) < AGAIN);
            if failed || !self.is_due(every).await {
                continue;
            }
            let made = self.make(None).await;
            tell_of(&made);
            self.tell_failure(&made).await;
        }
    }

    async fn is_due(&self, every: Duration) -> bool {
        let mut everywhere = Vec::new();
        for place in &self.0.places {
            match self.newest_at(place).await {
                Ok(newest) => everywhere.push(newest),
                // Making one says what is wrong with the place.
                Err(_) => return true,
            }
        }
        let oldest = everywhere.into_iter().min().flatten();
        self.note_newest(oldest);
        oldest.is_none_or(|newest| self.0.clock.now().since(newest) >= every)
    }

    async fn newest_at(&self, place: &Destination) -> Result<Option<Timestamp>, BackupError> {
        let beginning = format!("clonememoria-{}-", self.0.instance);
        let kept = backups_at(place, &beginning).await?;
        Ok(kept.last().and_then(|newest| made_at(&newest.name)))
    }
}

/// When a backup was made, from its name.
pub(super) fn made_at(name: &str) -> Option<Timestamp> {
    let mut parts = name.strip_suffix(ENDING)?.rsplit('-');
    let (_salt, moment) = (parts.next()?, parts.next()?);
    moment_of(moment)
}

/// The moment that a name says.
pub(super) fn moment_of(text: &str) -> Option<Timestamp> {
    let moment = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    let moment = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(moment.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_when() {
        let made = made_at("clonememoria-0a1b2c3d4e5f-20261122T115331Z-9f3c.cmb").unwrap();
        assert_eq!(made.to_string(), "2026-11-22T11:53:31Z");
        for wrong in ["", "x.cmb", "clonememoria-0a1b-2026-9f3c.cmb", "a-20261122T115331Z-1"] {
            assert_eq!(made_at(wrong), None, "{wrong}");
        }
    }
}
