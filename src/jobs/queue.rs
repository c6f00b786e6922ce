//! The durable queue: work that is promised in a transaction and done after it.
//!
//! A slice declares a [`JobName`], registers what does the work, and enqueues inside the
//! transaction of the cause. A job runs at least once: its row goes when the work is done, so
//! after a crash it runs again. What fails is tried again with growing pauses, and parked when
//! it fails for good. Payloads name things by their identifiers and are resolved when the job
//! runs; neither they nor what an error says reach a log.

mod rows;
mod worker;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

pub use self::rows::forget_parked_in;
use super::{Eraser, Subject, Tasks, discarded};
use crate::kernel::{Clock, Fault, JobId, Timestamp};
use crate::store::{Portion, Store, StoreError, TableInfo, WriteTx};

/// The tables of this module.
pub const TABLES: &[TableInfo] = &[rows::JOBS.info(), rows::PARKED.info()];

/// How often a job is tried: with the pauses between, about ten hours.
pub const MOST_ATTEMPTS: u32 = 16;
/// The pause after the first failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// The name of a kind of job, and the type of what its jobs carry.
pub struct JobName<P> {
    name: &'static str,
    adds: bool,
    payload: PhantomData<fn(P)>,
}

impl<P> JobName<P> {
    /// A kind of this name; names are stored and never reused for something else.
    pub const fn new(name: &'static str) -> Self {
        Self { name, adds: false, payload: PhantomData }
    }

    /// Its jobs add what people keep: they wait while the disk has no room.
    #[must_use]
    pub const fn that_adds(mut self) -> Self {
        self.adds = true;
        self
    }
}

/// A job to enqueue.
pub struct NewJob<'a, P> {
    /// What kind of job it is.
    pub name: &'a JobName<P>,
    /// What it carries.
    pub payload: &'a P,
    /// Whose it is: the job is erased with its subject.
    pub about: Option<Subject>,
    /// When to run it; at once if that is over.
    pub due: Timestamp,
    /// When it makes no sense any more; then it is dropped.
    pub until: Option<Timestamp>,
}

/// Why a job was not done. The code is a stable word, for the log and whoever looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// It may work later.
    #[error("not done yet: {0}")]
    Later(&'static str),
    /// It will never work.
    #[error("cannot be done: {0}")]
    Never(&'static str),
}

impl From<StoreError> for JobError {
    fn from(_: StoreError) -> Self {
        Self::Later("store_failed")
    }
}

impl From<Fault> for JobError {
    fn from(fault: Fault) -> Self {
        Self::Later(fault.code)
    }
}

/// What the queue has done since the start, and what is in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueueFigures {
    /// Jobs that wait or run.
    pub waiting: u64,
    /// Jobs that were given up.
    pub parked: u64,
    /// Jobs that were done since the start.
    pub done: u64,
    /// Attempts that failed since the start.
    pub failed: u64,
}

type Work = Arc<dyn Fn(JobId, &str) -> BoxFuture<'static, Result<(), JobError>> + Send + Sync>;

/// Who works on one kind of job.
#[derive(Clone)]
struct Lane {
    work: Work,
    at_once: usize,
    adds: bool,
}

/// The queue. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Clock,
    lanes: Mutex<BTreeMap<&'static str, Lane>>,
    fresh: Notify,
    done: AtomicU64,
    failed: AtomicU64,
}

impl Queue {
    /// The queue in a store.
    pub fn new(store: Store, clock: Clock) -> Self {
        let inner = Inner {
            store,
            clock,
            lanes: Mutex::default(),
            fresh: Notify::new(),
            done: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Says what does the jobs of a kind, and how many of them at once. Kinds do not wait for
    /// each other; jobs of a kind begin in the order in which they are due.
    pub fn register<P, F>(
        &self,
        name: &JobName<P>,
        at_once: usize,
        work: impl Fn(JobId, P) -> F + Send + Sync + 'static,
    ) where
        P: DeserializeOwned,
        F: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        let work: Work = Arc::new(move |id, payload| match serde_json::from_str(payload) {
            Ok(payload) => Box::pin(work(id, payload)),
            Err(_) => Box::pin(std::future::ready(Err(JobError::Never("job_unreadable")))),
        });
        self.lanes().insert(name.name, Lane { work, at_once, adds: name.adds });
    }

    /// Promises a job in the caller's transaction; it starts once that is on disk.
    ///
    /// # Errors
    /// When the database fails.
    pub fn enqueue_in<P: Serialize>(
        &self,
        tx: &mut WriteTx<'_>,
        job: &NewJob<'_, P>,
    ) -> Result<JobId, StoreError> {
        let id = rows::put_in(tx, job, self.inner.clock.now())?;
        // Whoever wakes up looks through the writer's own queue, that is after this transaction.
        self.inner.fresh.notify_one();
        Ok(id)
    }

    /// Starts working.
    pub fn start(&self, tasks: &Tasks) {
        tasks.spawn("jobs", worker::work(self.clone(), tasks.stopping()));
    }

    /// What it has done, and what is in it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn figures(&self) -> Result<QueueFigures, StoreError> {
        let (waiting, parked) = self.inner.store.read(rows::counts)?;
        Ok(QueueFigures {
            waiting,
            parked,
            done: self.inner.done.load(Relaxed),
            failed: self.inner.failed.load(Relaxed),
        })
    }

    fn lanes(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Lane>> {
        self.inner.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a subject's jobs, and what is in the trash of it. A job that runs meanwhile ends, and is
/// not tried again.
pub struct QueueEraser;

impl Eraser for QueueEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        _: &mut Portion,
    ) -> Result<(), StoreError> {
        rows::erase_in(tx, subject)?;
        discarded::erase_in(tx, subject)
    }
}

/// How long to wait after so many failures. Jobs that failed together do not come back together:
/// each waits up to a quarter longer, by its identifier.
fn pause_after(attempts: u32, id: JobId) -> Duration {
    let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
    let pause = FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
    let mut seed = blake3::Hasher::new();
    seed.update(&id.bytes()).update(&attempts.to_be_bytes());
    pause + pause * u32::from(seed.finalize().as_bytes()[0]) / 1024
}

#[cfg(test)]
mod tests;
