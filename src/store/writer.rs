//! The one thread that writes, with group commit and independent rollbacks.
//!
//! Each change works on an overlay over the open transaction. If it succeeds the overlay is
//! applied at once, so that the next change reads it; if it fails the overlay is dropped. When
//! the queue is empty or the batch is full there is one commit for all of them. While the disk
//! is busy the next batch gathers by itself, so nothing waits on purpose.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::overlay::{Batch, Overlay, WriteTx};
use super::{Codec, StoreError, shred};
use crate::kernel::faults::{Planted, planted};
use crate::kernel::points::{Point, pass};

/// How many changes may wait; the next caller waits for a place.
const QUEUE: usize = 1024;
/// How many changes one commit takes at most.
const BATCH_CHANGES: usize = 256;
/// How many bytes of keys and values one commit takes before it is made.
const BATCH_BYTES: usize = 2 << 20;

/// What a change left behind, and whom to tell when it is on disk.
struct Decided {
    overlay: Overlay,
    /// Whether a key is to be destroyed with it.
    shreds: bool,
    durable: oneshot::Sender<()>,
}

type Job = Box<dyn for<'t> FnOnce(WriteTx<'t>) -> Option<Decided> + Send>;

/// Resolves when a decided change is on disk.
#[must_use = "nothing may be acknowledged before this resolves"]
pub struct Durable(oneshot::Receiver<()>);

impl Durable {
    /// Waits for the commit.
    ///
    /// # Errors
    /// When the commit failed; then nothing of the change is there.
    pub async fn wait(self) -> Result<(), StoreError> {
        self.0.await.map_err(|_| StoreError::Commit)
    }
}

/// Counters of the writer since the start.
#[derive(Clone, Copy, Debug)]
pub struct WriterFigures {
    /// Commits made.
    pub commits: u64,
    /// Changes in them.
    pub changes: u64,
}

#[derive(Default)]
struct Shared {
    dead: AtomicBool,
    commits: AtomicU64,
    changes: AtomicU64,
}

/// The handle to the writer thread; dropping it finishes what is queued and joins.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Writer {
    pub(super) fn start(database: Arc<redb::Database>, codec: Codec) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared::default());
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || run(&database, &codec, jobs, &shared)
            })
            .map_err(|error| StoreError::Open(Box::new(error)))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), shared })
    }

    pub(super) async fn submit<T, E, F>(&self, change: F) -> Result<(T, Durable), E>
    where
        F: for<'t> FnOnce(&mut WriteTx<'t>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let job: Job = Box::new(move |tx| decide(tx, change, answer));
        let queue = self.queue.as_ref().ok_or(StoreError::Stopped)?;
        queue.send(job).await.map_err(|_| StoreError::Stopped)?;
        outcome.await.map_err(|_| StoreError::Stopped)?
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.shared.dead.load(Ordering::Acquire)
    }

    pub(super) fn figures(&self) -> WriterFigures {
        WriterFigures {
            commits: self.shared.commits.load(Ordering::Relaxed),
            changes: self.shared.changes.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer thread panicked");
        }
    }
}

fn decide<T, E, F>(
    mut tx: WriteTx<'_>,
    change: F,
    answer: oneshot::Sender<Result<(T, Durable), E>>,
) -> Option<Decided>
where
    F: for<'t> FnOnce(&mut WriteTx<'t>) -> Result<T, E>,
    E: From<StoreError>,
{
    let outcome = catch_unwind(AssertUnwindSafe(|| change(&mut tx)))
        .unwrap_or_else(|_| Err(StoreError::Panicked.into()));
    match outcome {
        Ok(value) => {
            let (durable, committed) = oneshot::channel();
            // A caller that went away does not undo what it asked for.
            let _gone = answer.send(Ok((value, Durable(committed))));
            let shreds = tx.has_doomed();
            Some(Decided { overlay: tx.into_overlay(), shreds, durable })
        }
        Err(error) => {
            let _gone = answer.send(Err(error));
            None
        }
    }
}

fn run(database: &redb::Database, codec: &Codec, mut jobs: mpsc::Receiver<Job>, shared: &Shared) {
    while let Some(first) = jobs.blocking_recv() {
        if let Err(error) = commit(database, codec, first, &mut jobs, shared) {
            // After one failure of the disk the handle answers nothing but errors, so no change
            // can be promised any more: stop taking them, and let the supervisor restart us.
            shared.dead.store(true, Ordering::Release);
            tracing::error!(error = &error as &dyn std::error::Error, "the store cannot write");
            return;
        }
    }
}

/// A transaction as all are committed: visible only when all it needs is on the disk, and known to
/// be whole by the next start without a look at every page.
pub(super) fn begin(database: &redb::Database) -> Result<redb::WriteTransaction, StoreError> {
    let mut tx = database.begin_write()?;
    tx.set_two_phase_commit(!planted(Planted::OnePhase));
    tx.set_quick_repair(!planted(Planted::OnePhase));
    if planted(Planted::NotDurable) {
        tx.set_durability(redb::Durability::None).map_err(redb::Error::from)?;
    }
    Ok(tx)
}

fn commit(
    database: &redb::Database,
    codec: &Codec,
    first: Job,
    jobs: &mut mpsc::Receiver<Job>,
    shared: &Shared,
) -> Result<(), StoreError> {
    let tx = begin(database)?;
    let mut waiting = Vec::new();
    let mut shreds = false;
    {
        let batch = Batch::new(&tx);
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(job) = next.take() {
            if let Some(decided) = job(WriteTx::new(&batch, codec)) {
                bytes += decided.overlay.bytes;
                shreds |= decided.shreds;
                batch.apply(decided.overlay)?;
                waiting.push(decided.durable);
            }
            if waiting.len() < BATCH_CHANGES && bytes < BATCH_BYTES {
                next = jobs.try_recv().ok();
            }
        }
    }
    if waiting.is_empty() {
        tx.abort()?;
        return Ok(());
    }
    pass(Point::WriterDecided);
    if !planted(Planted::KeyringAfterCommit)
        && let Err(error) = codec.settle()
    {
        // What was sealed with a key that is not kept could never be read again.
        tracing::error!(error = &error as &dyn std::error::Error, "the keyring cannot be written");
        tx.abort()?;
        return Ok(());
    }
    pass(Point::WriterSettled);
    let count = waiting.len() as u64;
    if planted(Planted::AcknowledgedEarly) {
        tell(std::mem::take(&mut waiting));
    }
    tx.commit()?;
    pass(Point::WriterCommitted);
    if planted(Planted::KeyringAfterCommit) && codec.settle().is_err() {
        return Ok(());
    }
    if shreds && let Err(error) = shred::carry_out(database, codec) {
        // They are written down, and go with the next erasure or start.
        tracing::error!(error = &error as &dyn std::error::Error, "keys could not be destroyed");
    }
    pass(Point::WriterShredded);
    shared.commits.fetch_add(1, Ordering::Relaxed);
    shared.changes.fetch_add(count, Ordering::Relaxed);
    tell(waiting);
    pass(Point::WriterTold);
    Ok(())
}

/// Tells everybody whose change is on the disk.
fn tell(waiting: Vec<oneshot::Sender<()>>) {
    for durable in waiting {
        let _gone = durable.send(());
    }
}
