//! Who does the jobs: one task that takes what is due and runs it, several at once.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio_util::sync::CancellationToken;

use super::rows::{Claimed, JobKey, JobRow, Settled, Unclaimed, claim_in, settle_in};
use super::{JobError, Lane, Queue};
use crate::kernel::points::{Point, pass};
use crate::kernel::{Clock, JobId, Timestamp};
use crate::store::{Store, StoreError};

/// How often the clock is looked at while something waits for its time.
const TICK: Duration = Duration::from_millis(if cfg!(test) { 10 } else { 1_000 });
/// How long to leave the store alone after it failed.
const RECOVERY: Duration = Duration::from_secs(60);
/// How often in a row somebody can have been erased meanwhile.
const ERASED_MEANWHILE: u32 = 10;
/// How long a stop waits for jobs that run; they are done again after the next start.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// The jobs at work.
struct Desk {
    queue: Queue,
    running: FuturesUnordered<BoxFuture<'static, (&'static str, JobId)>>,
    at_work: BTreeSet<JobId>,
    by_kind: BTreeMap<&'static str, usize>,
}

/// Works until told to stop.
pub(super) async fn work(queue: Queue, stop: CancellationToken) {
    let mut desk = Desk {
        queue,
        running: FuturesUnordered::new(),
        at_work: BTreeSet::new(),
        by_kind: BTreeMap::new(),
    };
    let mut again = 0;
    while !stop.is_cancelled() {
        let next = match desk.begin_what_is_due().await {
            Ok(next) => next,
            // Somebody was erased while it was read; now it is as it is without them.
            Err(error) if error.is_erased() && again < ERASED_MEANWHILE => {
                again += 1;
                tokio::time::sleep(TICK).await;
                continue;
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the queue of jobs cannot be read"
                );
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(RECOVERY) => continue,
                }
            }
        };
        again = 0;
        let inner = desk.queue.inner.clone();
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = desk.running.next() => desk.ended(ended),
            () = inner.fresh.notified() => {}
            () = until(&inner.clock, next) => {}
            () = room_again(&inner.store) => {}
        }
    }
    let rest = async { while desk.running.next().await.is_some() {} };
    if tokio::time::timeout(STOP_WITHIN, rest).await.is_err() {
        tracing::info!(jobs = desk.running.len(), "jobs were interrupted and will run again");
    }
}

/// Resolves when there is room on the disk again, if there is none.
async fn room_again(store: &Store) {
    if store.disk().has_room() {
        return std::future::pending().await;
    }
    store.disk().room().await;
}

/// Resolves when the clock has reached a moment; tests move it without telling.
async fn until(clock: &Clock, moment: Option<Timestamp>) {
    let Some(moment) = moment else { return std::future::pending().await };
    loop {
        let left = moment.since(clock.now());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(TICK)).await;
    }
}

impl Desk {
    /// Begins what is due and says when to look again.
    async fn begin_what_is_due(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let mut lanes = self.queue.lanes().clone();
        let has_room = self.queue.inner.store.disk().has_room();
        lanes.retain(|_, lane| has_room || !lane.adds);
        let room = lanes.iter().map(|(kind, lane)| {
            let busy = self.by_kind.get(kind).copied().unwrap_or_default();
            (*kind, lane.at_once.saturating_sub(busy))
        });
        let room: BTreeMap<_, _> = room.filter(|(_, room)| *room > 0).collect();
        let (now, at_work) = (self.queue.inner.clock.now(), self.at_work.clone());
        // Through the writer, which has decided everything before, and resolves when that and
        // the count of the attempt are on disk.
        let store = &self.queue.inner.store;
        let claimed = store.write(move |tx| claim_in(tx, now, &room, &at_work)).await;
        let Claimed { jobs, next } = match claimed {
            Ok(claimed) => claimed,
            Err(Unclaimed::Idle(next)) => return Ok(next),
            Err(Unclaimed::Store(error)) => return Err(error),
        };
        pass(Point::JobsClaimed);
        for (key, row) in jobs {
            let Some((kind, lane)) = lanes.get_key_value(key.0.0.as_str()) else { continue };
            self.at_work.insert(key.2);
            *self.by_kind.entry(kind).or_default() += 1;
            self.running.push(Box::pin(run(self.queue.clone(), lane.clone(), kind, key, row)));
        }
        Ok(next)
    }

    fn ended(&mut self, (kind, id): (&'static str, JobId)) {
        self.at_work.remove(&id);
        if let Some(count) = self.by_kind.get_mut(kind) {
            *count = count.saturating_sub(1);
        }
    }
}

async fn run(
    queue: Queue,
    lane: Lane,
    kind: &'static str,
    key: JobKey,
    row: JobRow,
) -> (&'static str, JobId) {
    let id = key.2;
    let work = async { (lane.work)(id, &row.payload).await };
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    let outcome = outcome.unwrap_or(Err(JobError::Later("job_panicked")));
    pass(Point::JobsDone);
    let failed = outcome.is_err();
    let now = queue.inner.clock.now();
    let settled = queue.inner.store.write(move |tx| settle_in(tx, &key, outcome, now)).await;
    pass(Point::JobsSettled);
    match settled {
        Ok(Settled::Done) => {
            queue.inner.done.fetch_add(1, Relaxed);
        }
        Ok(Settled::Later(code)) => {
            tracing::info!(job = %id, kind, code, attempt = row.attempts, "a job is tried again");
        }
        Ok(Settled::Gone | Settled::Parked(_)) => {}
        Err(error) => {
            tracing::error!(
                job = %id,
                kind,
                error = &error as &dyn std::error::Error,
                "the end of a job could not be stored"
            );
        }
    }
    if failed {
        queue.inner.failed.fetch_add(1, Relaxed);
    }
    (kind, id)
}
