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

use super::opened::Opened;
use super::overlay::{Batch, Overlay, WriteTx};
use super::spare::{OVERHEAD, Spare, erasures_are_finished, keys_are_kept};
use super::{FILE, StoreError};
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
    /// Whether it erases something: the ledger is to be added to, or a key to be destroyed.
    erases: bool,
    durable: oneshot::Sender<Kept>,
}

type Job = Box<dyn for<'t> FnOnce(WriteTx<'t>, &mut Spare<'_>) -> Option<Decided> + Send>;

/// What the writer is asked for.
enum Order {
    Change(Job),
    /// To write the file anew.
    Rewrite(oneshot::Sender<Result<(), StoreError>>),
}

/// What became of a decided change, if it is not lost with its commit.
#[derive(Clone, Copy)]
enum Kept {
    OnDisk,
    NoRoom,
}

/// Resolves when a decided change is on disk.
#[must_use = "nothing may be acknowledged before this resolves"]
pub struct Durable(oneshot::Receiver<Kept>);

impl Durable {
    /// Waits for the commit.
    ///
    /// # Errors
    /// [`StoreError::Full`] when there was no room: nothing of the change is there.
    /// [`StoreError::Commit`] when the disk failed at the commit or at what follows it (keys, the
    /// ledger): the process ends, and the next start shows whether the change is there.
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
    queue: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Writer {
    pub(super) fn start(opened: Opened) -> Result<Self, StoreError> {
        let (queue, orders) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared::default());
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || {
                    run(&mut Desk { opened, owes: false }, orders, &shared);
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
        queue.send(Order::Change(job)).await.map_err(|_| StoreError::Stopped)?;
        outcome.await.map_err(|_| StoreError::Stopped)?
    }

    /// Writes the file anew; nothing else is written meanwhile.
    pub(super) async fn rewrite(&self) -> Result<(), StoreError> {
        let (answer, outcome) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(StoreError::Stopped)?;
        queue.send(Order::Rewrite(answer)).await.map_err(|_| StoreError::Stopped)?;
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
            let erases = tx.dooms() || tx.has_erased();
            Some(Decided { overlay: tx.into_overlay(), erases, durable })
        }
        Err(error) => {
            let _gone = answer.send(Err(error));
            None
        }
    }
}

/// What the writer works with.
struct Desk {
    opened: Opened,
    /// Whether an erasure is not finished that there was no room to finish.
    owes: bool,
}

fn run(desk: &mut Desk, mut orders: mpsc::Receiver<Order>, shared: &Shared) {
    let mut held = None;
    while let Some(order) = held.take().or_else(|| orders.blocking_recv()) {
        let outcome =
            catch_unwind(AssertUnwindSafe(|| carry_out(desk, order, &mut orders, shared)));
        match outcome.unwrap_or(Err(StoreError::Panicked)) {
            Ok(next) => held = next,
            Err(error) => {
                // After one failure of the disk the handle answers nothing but errors, so no
                // change can be promised any more: stop taking them, and let the supervisor
                // restart us.
                shared.dead.store(true, Ordering::Release);
                desk.opened.disk.fail("commit", std::path::Path::new(FILE), &error);
                return;
            }
        }
        desk.opened.overwrite_replaced();
    }
}

/// Does what is asked for; what came after it and has to wait is handed back.
fn carry_out(
    desk: &mut Desk,
    order: Order,
    orders: &mut mpsc::Receiver<Order>,
    shared: &Shared,
) -> Result<Option<Order>, StoreError> {
    let answer = match order {
        Order::Change(first) => return commit(desk, first, orders, shared),
        Order::Rewrite(answer) => answer,
    };
    let outcome = desk.opened.rewrite();
    let is_over = matches!(outcome, Err(StoreError::Commit));
    let _gone = answer.send(outcome);
    if is_over { Err(StoreError::Commit) } else { Ok(None) }
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
    desk: &mut Desk,
    first: Job,
    orders: &mut mpsc::Receiver<Order>,
    shared: &Shared,
) -> Result<Option<Order>, StoreError> {
    let database = desk.opened.current.get();
    let tx = begin(&database)?;
    let mut gathered = Gathered::default();
    gathered.gather(&tx, desk, first, orders)?;
    let Gathered { mut waiting, erases, held } = gathered;
    if waiting.is_empty() {
        tx.abort()?;
        return Ok(held);
    }
    pass(Point::WriterDecided);
    if !planted(Planted::KeyringAfterCommit) && !keys_are_kept(&desk.opened)? {
        // What was sealed with a key that is not kept could never be read again.
        tx.abort()?;
        tell(waiting, Kept::NoRoom);
        return Ok(held);
    }
    pass(Point::WriterSettled);
    let count = waiting.len() as u64;
    if planted(Planted::AcknowledgedEarly) {
        tell(std::mem::take(&mut waiting), Kept::OnDisk);
    }
    tx.commit()?;
    pass(Point::WriterCommitted);
    if planted(Planted::KeyringAfterCommit) && !keys_are_kept(&desk.opened)? {
        return Ok(held);
    }
    if erases || desk.owes {
        desk.owes = !erasures_are_finished(&mut desk.opened)?;
    }
    pass(Point::WriterShredded);
    shared.commits.fetch_add(1, Ordering::Relaxed);
    shared.changes.fetch_add(count, Ordering::Relaxed);
    tell(waiting, Kept::OnDisk);
    pass(Point::WriterTold);
    Ok(held)
}

/// The changes of one commit.
#[derive(Default)]
struct Gathered {
    waiting: Vec<oneshot::Sender<Kept>>,
    erases: bool,
    held: Option<Order>,
}

impl Gathered {
    /// Takes a change and those that wait behind it.
    fn gather(
        &mut self,
        tx: &redb::WriteTransaction,
        desk: &Desk,
        first: Job,
        orders: &mut mpsc::Receiver<Order>,
    ) -> Result<(), StoreError> {
        let batch = Batch::new(tx);
        let (mut bytes, mut spare) = (0, Spare { opened: &desk.opened, needed: OVERHEAD });
        let mut next = Some(first);
        while let Some(job) = next.take() {
            if let Some(decided) = job(WriteTx::new(&batch, &desk.opened.codec), &mut spare) {
                bytes += decided.overlay.bytes;
                self.erases |= decided.erases;
                batch.apply(decided.overlay)?;
                self.waiting.push(decided.durable);
            }
            if self.waiting.len() < BATCH_CHANGES && bytes < BATCH_BYTES {
                match orders.try_recv() {
                    Ok(Order::Change(job)) => next = Some(job),
                    Ok(other) => self.held = Some(other),
                    Err(_) => {}
                }
            }
        }
        Ok(())
    }
}

fn tell(waiting: Vec<oneshot::Sender<Kept>>, kept: Kept) {
    for durable in waiting {
        let _gone = durable.send(kept);
    }
}
