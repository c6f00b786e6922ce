//! The embedder's own threads: started by work, gone when idle, questions before passages.
//!
//! One thread serves questions alone, at the process's priority, so that a person's question
//! is computed at once even while an import keeps the others busy. As many threads as there
//! are cores take passages, in units of some 256 tokens, at the lowest useful priority, and
//! look for waiting questions between two units.

use std::collections::VecDeque;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use super::EmbedError;

/// What turns texts into vectors; called on several threads at once.
pub(super) trait Encoder: Send + Sync + 'static {
    /// A thread's buffers, kept from unit to unit and dropped with the thread.
    type Scratch: Default;

    /// One vector a text, in their order.
    fn encode(&self, scratch: &mut Self::Scratch, texts: &[String]) -> Vec<Vec<f32>>;

    /// Called when the last thread has ended for want of work.
    fn rest(&self) {}
}

/// How many threads, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Threads for passages.
    pub(super) threads: usize,
    /// A thread without work for so long ends.
    pub(super) idle: Duration,
}

/// Questions that may wait or run at once; more wait for a place.
const QUESTIONS: usize = 256;
/// Calls to `passages` that may wait or run at once; more wait for a place.
const BATCHES: usize = 8;
/// Estimated tokens of a unit of passages: some 15 ms on one core.
const UNIT: usize = 256;
/// Added to the niceness of the threads for passages.
const NICENESS: i32 = 10;

type Vectors = Vec<Vec<f32>>;

/// The threads and their queues.
pub(super) struct Pool<E: Encoder> {
    shared: Arc<Shared<E>>,
    questions: Semaphore,
    batches: Semaphore,
}

struct Shared<E> {
    encoder: E,
    limits: Limits,
    queue: Mutex<Queue>,
    work: Condvar,
}

#[derive(Default)]
struct Queue {
    questions: VecDeque<Question>,
    batches: VecDeque<Arc<Batch>>,
    running: [usize; 2],
    threads: Vec<JoinHandle<()>>,
    stopped: bool,
}

/// What a thread is for; indexes `Queue::running`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Questions = 0,
    Passages = 1,
}

struct Question {
    text: [String; 1],
    reply: oneshot::Sender<Result<Vectors, EmbedError>>,
}

/// One call to `passages`.
struct Batch {
    texts: Vec<String>,
    progress: Mutex<Progress>,
}

struct Progress {
    /// The first text that no thread has taken.
    next: usize,
    /// Empty where not computed yet.
    vectors: Vectors,
    missing: usize,
    /// Gone once answered.
    reply: Option<oneshot::Sender<Result<Vectors, EmbedError>>>,
}

enum Job {
    Question(Question),
    Unit(Arc<Batch>, Range<usize>),
}

impl<E: Encoder> Pool<E> {
    pub(super) fn new(encoder: E, limits: Limits) -> Self {
        let queue = Mutex::default();
        let shared = Shared { encoder, limits, queue, work: Condvar::new() };
        Self {
            shared: Arc::new(shared),
            questions: Semaphore::new(QUESTIONS),
            batches: Semaphore::new(BATCHES),
        }
    }

    pub(super) fn encoder(&self) -> &E {
        &self.shared.encoder
    }

    /// The vector of one text, ahead of all passages.
    pub(super) async fn question(&self, text: String) -> Result<Vec<f32>, EmbedError> {
        let _place = place(&self.questions).await?;
        let (reply, answer) = oneshot::channel();
        self.submit(|queue, shared| {
            queue.questions.push_back(Question { text: [text], reply });
            shared.start(queue, Role::Questions, 1)
        })?;
        let vectors = answer.await.map_err(|_| EmbedError::Stopped)??;
        vectors.into_iter().next().ok_or(EmbedError::Failed)
    }

    /// The vectors of many texts, in their order.
    pub(super) async fn passages(&self, texts: Vec<String>) -> Result<Vectors, EmbedError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let _place = place(&self.batches).await?;
        let (reply, answer) = oneshot::channel();
        let count = texts.len();
        let progress = Progress {
            next: 0,
            vectors: vec![Vec::new(); count],
            missing: count,
            reply: Some(reply),
        };
        let tokens = texts.iter().map(|text| estimate(text)).sum::<usize>();
        let batch = Arc::new(Batch { texts, progress: Mutex::new(progress) });
        self.submit(|queue, shared| {
            queue.batches.push_back(batch);
            let wanted = tokens.div_ceil(UNIT).min(shared.limits.threads);
            shared.start(queue, Role::Passages, wanted)
        })?;
        answer.await.map_err(|_| EmbedError::Stopped)?
    }

    /// Ends all threads, after the units that they are at (some 15 ms), and joins them.
    /// What waits is answered with [`EmbedError::Stopped`].
    pub(super) fn stop(&self) {
        let (threads, batches, questions) = {
            let mut queue = lock(&self.shared.queue);
            queue.stopped = true;
            (
                std::mem::take(&mut queue.threads),
                std::mem::take(&mut queue.batches),
                std::mem::take(&mut queue.questions),
            )
        };
        self.questions.close();
        self.batches.close();
        drop((batches, questions));
        self.shared.work.notify_all();
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the embedder ended in a panic");
            }
        }
    }

    fn submit(
        &self,
        add: impl FnOnce(&mut Queue, &Arc<Shared<E>>) -> Result<(), EmbedError>,
    ) -> Result<(), EmbedError> {
        let mut queue = lock(&self.shared.queue);
        if queue.stopped {
            return Err(EmbedError::Stopped);
        }
        add(&mut queue, &self.shared)?;
        drop(queue);
        self.shared.work.notify_all();
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn running(&self) -> usize {
        lock(&self.shared.queue).running.iter().sum()
    }
}

impl<E: Encoder> Drop for Pool<E> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<E: Encoder> Shared<E> {
    /// Makes sure that `wanted` threads of a role run; fewer will do if the system has no more.
    fn start(
        self: &Arc<Self>,
        queue: &mut Queue,
        role: Role,
        wanted: usize,
    ) -> Result<(), EmbedError> {
        queue.threads.retain(|thread| !thread.is_finished());
        while queue.running[role as usize] < wanted {
            let shared = Arc::clone(self);
            let thread = std::thread::Builder::new().name("embed".into());
            match thread.spawn(move || shared.serve(role)) {
                Ok(thread) => queue.threads.push(thread),
                // Threads for passages take questions too, but not the other way round.
                Err(_) if queue.running[Role::Passages as usize] > 0 => break,
                Err(error) => {
                    match role {
                        Role::Questions => drop(queue.questions.pop_back()),
                        Role::Passages => drop(queue.batches.pop_back()),
                    }
                    return Err(EmbedError::Thread(error));
                }
            }
            queue.running[role as usize] += 1;
        }
        Ok(())
    }

    fn serve(&self, role: Role) {
        if role == Role::Passages {
            lower_priority();
        }
        let mut scratch = E::Scratch::default();
        while let Some(job) = self.next(role) {
            match job {
                Job::Question(question) => {
                    let vectors = self.encode(&mut scratch, &question.text);
                    // An error here is a caller who has left.
                    drop(question.reply.send(vectors));
                }
                Job::Unit(batch, range) => {
                    let vectors = self.encode(&mut scratch, &batch.texts[range.clone()]);
                    batch.finish(range, vectors);
                }
            }
        }
    }

    /// A panic of the model fails the texts at hand, never the thread.
    fn encode(&self, scratch: &mut E::Scratch, texts: &[String]) -> Result<Vectors, EmbedError> {
        let run = AssertUnwindSafe(|| self.encoder.encode(scratch, texts));
        match catch_unwind(run) {
            Ok(vectors) if vectors.len() == texts.len() => Ok(vectors),
            _ => {
                *scratch = E::Scratch::default();
                tracing::error!(texts = texts.len(), "the embedding model failed");
                Err(EmbedError::Failed)
            }
        }
    }

    /// Waits for work; `None` when there was none for long, or never will be.
    fn next(&self, role: Role) -> Option<Job> {
        let mut queue = lock(&self.queue);
        let patience = Instant::now() + self.limits.idle;
        loop {
            if let Some(job) = queue.take(role) {
                return Some(job);
            }
            let left = patience.saturating_duration_since(Instant::now());
            if queue.stopped || left.is_zero() {
                break;
            }
            let waited = self.work.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.running[role as usize] -= 1;
        if queue.running == [0, 0] {
            self.encoder.rest();
        }
        None
    }
}

impl Queue {
    fn take(&mut self, role: Role) -> Option<Job> {
        while let Some(question) = self.questions.pop_front() {
            if !question.reply.is_closed() {
                return Some(Job::Question(question));
            }
        }
        if role == Role::Questions {
            return None;
        }
        while let Some(batch) = self.batches.pop_front() {
            let Some(range) = batch.take() else { continue };
            if range.end < batch.texts.len() {
                // In turn, so that a memory of one line does not wait for a whole archive.
                self.batches.push_back(Arc::clone(&batch));
            }
            return Some(Job::Unit(batch, range));
        }
        None
    }
}

impl Batch {
    /// The next unit; none if there is none, or nobody waits for it.
    fn take(&self) -> Option<Range<usize>> {
        let mut progress = lock(&self.progress);
        if progress.reply.as_ref().is_none_or(oneshot::Sender::is_closed) {
            return None;
        }
        let start = progress.next;
        let mut tokens = 0;
        for text in self.texts.get(start..)? {
            tokens += estimate(text);
            if tokens > UNIT && progress.next > start {
                break;
            }
            progress.next += 1;
        }
        (progress.next > start).then_some(start..progress.next)
    }

    fn finish(&self, range: Range<usize>, vectors: Result<Vectors, EmbedError>) {
        let mut progress = lock(&self.progress);
        match vectors {
            Ok(vectors) => {
                progress.missing -= vectors.len();
                for (to, vector) in progress.vectors[range].iter_mut().zip(vectors) {
                    *to = vector;
                }
                if progress.missing > 0 {
                    return;
                }
                let vectors = std::mem::take(&mut progress.vectors);
                if let Some(reply) = progress.reply.take() {
                    // An error here is a caller who has left.
                    drop(reply.send(Ok(vectors)));
                }
            }
            Err(error) => {
                if let Some(reply) = progress.reply.take() {
                    drop(reply.send(Err(error)));
                }
            }
        }
    }
}

/// Tokens of a text, roughly: English has four to five bytes a token, Chinese three.
fn estimate(text: &str) -> usize {
    (text.len() / 4 + 2).min(UNIT)
}

async fn place(places: &Semaphore) -> Result<SemaphorePermit<'_>, EmbedError> {
    places.acquire().await.map_err(|_| EmbedError::Stopped)
}

/// A poisoned lock is as good as any: what it guards is changed in single steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// On Linux the "process" of this call is the calling thread.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "the embedder's threads keep their priority");
    }
}

#[cfg(test)]
mod tests;
