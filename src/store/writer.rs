//! The one thread that writes, with group commit and independent rollbacks.
//!
//! Each change works on an overlay over the open transaction. If it succeeds the overlay is
//! applied at once, so that the next change reads it; if it fails the overlay is dropped. When
//! the queue is empty or the batch is full there is one commit for all of them. While the disk
//! is busy the next batch gathers by itself, so nothing waits on purpose.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::ahead::Ahead;
use super::disk::{Disk, is_full};
use super::overlay::{Batch, Overlay, WriteTx};
use super::{Codec, FILE, StoreError, shred};
use crate::seal::SealError;

/// How many changes may wait; the next caller waits for a place.
const QUEUE: usize = 1024;
/// How many changes one commit takes at most.
const BATCH_CHANGES: usize = 256;
/// How many bytes of keys and values one commit takes before it is made.
const BATCH_BYTES: usize = 2 << 20;

/// What a commit may take of the disk besides what is written in it: pages of the tree, and what
/// a page has more than its rows.
const OVERHEAD: u64 = 1 << 20;
/// How much of the disk a byte that is written may take at the most: pages are copied, and values
/// take a power of two.
const PER_BYTE: u64 = 4;

/// What a change left behind, and whom to tell when it is on disk.
struct Decided {
    overlay: Overlay,
    /// Whether a key is to be destroyed with it.
    shreds: bool,
    durable: oneshot::Sender<Kept>,
}

type Job = Box<dyn for<'t> FnOnce(WriteTx<'t>, &mut Spare<'_>) -> Option<Decided> + Send>;

/// What became of a decided change, if it is not lost with its commit.
#[derive(Clone, Copy)]
enum Kept {
    OnDisk,
    NoRoom,
}

/// What a commit may need of the disk, taken before anything of it is written.
struct Spare<'d> {
    desk: &'d Desk,
    needed: u64,
}

impl Spare<'_> {
    /// Takes what so many bytes may need; what the disk has no room for is never begun.
    fn take(&mut self, bytes: usize) -> Result<(), StoreError> {
        if bytes == 0 {
            return Ok(());
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let needed = self.needed.saturating_add(bytes.saturating_mul(PER_BYTE));
        let Desk { ahead, disk, .. } = self.desk;
        let mut taken = ahead.take(needed);
        if taken.as_ref().is_err_and(is_full) && disk.release() {
            taken = ahead.take(needed);
        }
        match taken {
            // Some file systems take nothing beforehand.
            Ok(()) if !ahead.has(needed) && disk.attainable() < needed => Err(StoreError::Full),
            Ok(()) => {
                self.needed = needed;
                Ok(())
            }
            Err(error) if is_full(&error) => Err(StoreError::Full),
            Err(error) => {
                disk.fail("grow", std::path::Path::new(FILE), &error);
                Err(StoreError::Stopped)
            }
        }
    }
}

/// Resolves when a decided change is on disk.
#[must_use = "nothing may be acknowledged before this resolves"]
pub struct Durable(oneshot::Receiver<Kept>);

impl Durable {
    /// Waits for the commit.
    ///
    /// # Errors
    /// When the commit failed; then nothing of the change is there.
    pub async fn wait(self) -> Result<(), StoreError> {
        match self.0.await {
            Ok(Kept::OnDisk) => Ok(()),
            Ok(Kept::NoRoom) => Err(StoreError::Full),
            Err(_) => Err(StoreError::Commit),
        }
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
    pub(super) fn start(
        database: Arc<redb::Database>,
        codec: Codec,
        (disk, ahead): (Disk, Arc<Ahead>),
    ) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared::default());
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || {
                    let desk = Desk { database, codec, disk, ahead, owes: Cell::new(false) };
                    run(&desk, jobs, &shared);
                }
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
        let job: Job = Box::new(move |tx, spare| decide(tx, spare, change, answer));
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
    spare: &mut Spare<'_>,
    change: F,
    answer: oneshot::Sender<Result<(T, Durable), E>>,
) -> Option<Decided>
where
    F: for<'t> FnOnce(&mut WriteTx<'t>) -> Result<T, E>,
    E: From<StoreError>,
{
    let outcome = catch_unwind(AssertUnwindSafe(|| change(&mut tx)))
        .unwrap_or_else(|_| Err(StoreError::Panicked.into()))
        .and_then(|value| spare.take(tx.bytes()).map(|()| value).map_err(E::from));
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

/// What the writer works with.
struct Desk {
    database: Arc<redb::Database>,
    codec: Codec,
    disk: Disk,
    ahead: Arc<Ahead>,
    /// Whether keys are still to be destroyed that there was no room to destroy.
    owes: Cell<bool>,
}

fn run(desk: &Desk, mut jobs: mpsc::Receiver<Job>, shared: &Shared) {
    while let Some(first) = jobs.blocking_recv() {
        let outcome = catch_unwind(AssertUnwindSafe(|| commit(desk, first, &mut jobs, shared)));
        if let Err(error) = outcome.unwrap_or(Err(StoreError::Panicked)) {
            // After one failure of the disk the handle answers nothing but errors, so no change
            // can be promised any more: stop taking them, and let the supervisor restart us.
            shared.dead.store(true, Ordering::Release);
            desk.disk.fail("commit", std::path::Path::new(FILE), &error);
            return;
        }
    }
}

fn commit(
    desk: &Desk,
    first: Job,
    jobs: &mut mpsc::Receiver<Job>,
    shared: &Shared,
) -> Result<(), StoreError> {
    let Desk { database, codec, .. } = desk;
    let mut tx = database.begin_write()?;
    tx.set_two_phase_commit(true);
    tx.set_quick_repair(true);
    let mut waiting = Vec::new();
    let mut shreds = false;
    {
        let batch = Batch::new(&tx);
        let (mut bytes, mut spare) = (0, Spare { desk, needed: OVERHEAD });
        let mut next = Some(first);
        while let Some(job) = next.take() {
            if let Some(decided) = job(WriteTx::new(&batch, codec), &mut spare) {
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
    if !keys_are_kept(desk)? {
        // What was sealed with a key that is not kept could never be read again.
        tx.abort()?;
        tell(waiting, Kept::NoRoom);
        return Ok(());
    }
    tx.commit()?;
    if shreds || desk.owes.get() {
        desk.owes.set(!keys_are_gone(desk)?);
    }
    shared.commits.fetch_add(1, Ordering::Relaxed);
    shared.changes.fetch_add(waiting.len() as u64, Ordering::Relaxed);
    tell(waiting, Kept::OnDisk);
    Ok(())
}

fn tell(waiting: Vec<oneshot::Sender<Kept>>, kept: Kept) {
    for durable in waiting {
        let _gone = durable.send(kept);
    }
}

/// Whether the keys that were made since are on the disk, or there is no room for them. The file
/// is small and written beside the old one, so a full disk harms nothing; a disk that fails at it
/// is trusted with nothing else.
fn keys_are_kept(desk: &Desk) -> Result<bool, StoreError> {
    let settle = || {
        let seal = |source| StoreError::Seal { table: "keyring", source };
        desk.codec.settle().map_err(seal)
    };
    with_room(desk, settle)
}

/// Whether the keys are destroyed that are written down to be, or there is no room for that: then
/// they go with the next commit, or at the next start.
fn keys_are_gone(desk: &Desk) -> Result<bool, StoreError> {
    with_room(desk, || shred::carry_out(&desk.database, &desk.codec))
}

/// Writes the keyring; a full disk is no failure, and gives the reserve for it first.
fn with_room(desk: &Desk, write: impl Fn() -> Result<(), StoreError>) -> Result<bool, StoreError> {
    let mut written = write();
    if written.as_ref().is_err_and(is_without_room) && desk.disk.release() {
        written = write();
    }
    match written {
        Ok(()) => Ok(true),
        Err(error) if is_without_room(&error) => {
            tracing::warn!("there is no room for the keyring; what needs it is refused");
            Ok(false)
        }
        Err(error) => {
            if let StoreError::Seal { source: SealError::File { path, source }, .. } = &error {
                desk.disk.fail("keys", path, source);
            }
            Err(error)
        }
    }
}

fn is_without_room(error: &StoreError) -> bool {
    let StoreError::Seal { source: SealError::File { source, .. }, .. } = error else {
        return false;
    };
    is_full(source)
}
