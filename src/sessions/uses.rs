//! That sign-ins are used, so that those of people who come back live on. It is noted in memory
//! and written a moment later: nobody who looks waits for a disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::jobs::Tasks;
use crate::kernel::{SessionId, Timestamp};
use crate::store::StoreError;

use super::rows::{self, SessionRow};
use super::{Lifetimes, Sessions};

/// When a sign-in was last used is known this well.
const NOTED_EVERY: Duration = Duration::from_secs(5 * 60);
/// For so long uses are gathered before they are written.
const GATHERED_FOR: Duration = Duration::from_millis(500);

/// The uses that are not written yet.
#[derive(Clone, Default)]
pub(super) struct Uses(Arc<Noted>);

#[derive(Default)]
struct Noted {
    sessions: Mutex<HashMap<SessionId, Timestamp>>,
    arrived: Notify,
}

impl Uses {
    fn note(&self, id: SessionId, now: Timestamp) {
        let mut noted = self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        noted.insert(id, now);
        self.0.arrived.notify_one();
    }

    fn take(&self) -> HashMap<SessionId, Timestamp> {
        std::mem::take(&mut *self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sessions {
    /// Begins to write down when sign-ins are used, until the process stops.
    pub fn follow_uses(&self, tasks: &Tasks) {
        let (this, stop) = (self.clone(), tasks.stopping());
        tasks.spawn("sign-in uses", async move { this.write_uses(stop).await });
    }

    /// Notes that a sign-in was used, unless that was done a short while ago.
    pub(super) fn note_use(&self, id: SessionId, row: &SessionRow, now: Timestamp) {
        if now.since(row.seen_at) > NOTED_EVERY.min(self.lifetimes.idle / 8) {
            self.uses.note(id, now);
        }
    }

    async fn write_uses(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.uses.0.arrived.notified() => tokio::time::sleep(GATHERED_FOR).await,
            }
            if let Err(error) = self.write_noted().await {
                tracing::warn!(%error, "that sign-ins were used could not be written down");
            }
            if stop.is_cancelled() {
                return;
            }
        }
    }

    async fn write_noted(&self) -> Result<(), StoreError> {
        let (noted, lifetimes) = (self.uses.take(), self.lifetimes);
        if noted.is_empty() {
            return Ok(());
        }
        self.store
            .write(move |tx| {
                for (id, at) in noted {
                    // It may have ended meanwhile.
                    if let Some(mut row) = rows::session(tx, id)? {
                        live_on(&mut row, lifetimes, at);
                        rows::put_in(tx, id, &row)?;
                    }
                }
                Ok(())
            })
            .await
    }
}

/// Lets a sign-in that is used live on.
pub(super) fn live_on(row: &mut SessionRow, lifetimes: Lifetimes, now: Timestamp) {
    row.seen_at = row.seen_at.max(now);
    if row.by_cookie {
        row.access_until = row.access_until.max(now.plus(lifetimes.idle).min(row.until));
    }
}
