//! Retrieval: which passages of a clone answer a question, by words and by meaning.
//!
//! Truth is in the store: passages, vectors, and the queues of the indexes. The text index and
//! the vectors in memory follow behind (`follow`); what they lack is searched from memory, so a
//! memory is found the moment it is acknowledged.

mod chunk;
mod error;
mod evidence;
mod examine;
mod follow;
mod fuse;
mod indexing;
mod months;
mod passage;
mod personal;
mod quote;
mod rank;
mod recall;
mod record;
mod rows;
mod scope;
mod search;
mod sentences;
mod sick;
mod texts;
mod turn;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::embed::Embedder;
use crate::index::shelf::TextIndexes;
use crate::jobs::{Eraser, Subject, Tasks};
use crate::kernel::faults::{Planted, planted};
use crate::kernel::points::{Point, pass};
use crate::kernel::{CloneId, FuzzyDate, MemoryId};
use crate::memories::{Filter, OnChange};
use crate::store::{Portion, Store, StoreError, WriteTx};

pub use error::RetrievalError;
pub use examine::{RetrievalExaminer, fault_of_index};
pub use recall::{Passage, Recall, Recalled};
pub use rows::{TABLES, remove_dangling_in, reseal_in};

use scope::Scopes;
use turn::Turns;

/// When a graph is built for searching by meaning.
#[derive(Clone, Copy, Debug)]
pub struct Graphs {
    /// For a clone with more passages than this.
    pub above: usize,
    /// If it takes no more bytes of memory than this.
    pub memory: usize,
}

/// How much one search may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How long at the most, the waiting for other searches included.
    pub time: Duration,
    /// How many characters somebody may search for. What is said to a clone may be longer.
    pub characters: usize,
}

/// Which legs a search uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchMode {
    /// By words and by meaning.
    Hybrid,
    /// By words.
    Text,
    /// By meaning.
    Vector,
}

/// A search.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// The question.
    pub question: String,
    /// How many memories at most.
    pub limit: usize,
    /// By words, by meaning, or both.
    pub mode: SearchMode,
    /// Whether the last word may be unfinished, as while somebody types.
    pub typing: bool,
    /// Whether memories are left out; there is nothing else yet.
    pub without_memories: bool,
    /// Which memories; `words` and `author` are for browsing and not looked at.
    pub filter: Filter,
}

/// A memory that was found, by its best passage.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of a memory")]
pub struct Hit {
    pub memory: MemoryId,
    pub external_id: Option<String>,
    pub title: Option<String>,
    /// The passage, a slice of the memory.
    pub text: String,
    /// Where it begins in the memory, in code points.
    pub text_start: usize,
    pub occurred_at: Option<FuzzyDate>,
    pub occurred_text: Option<String>,
    pub speaker: Option<String>,
    pub thread: Option<String>,
    pub sequence: Option<i64>,
    /// How well it fits, from 0 to about 1.
    pub score: f32,
    /// Ranges of the memory, in code points, that match.
    pub highlights: Vec<(usize, usize)>,
    /// The sentences of `text` that answer best, as byte ranges, in reading order.
    pub sentences: Vec<std::ops::Range<usize>>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Best first.
    pub hits: Vec<Hit>,
    /// Whether a part of the index is still being built.
    pub degraded: bool,
    /// The language of the question, if it is clear (two letters).
    pub language: Option<String>,
    /// Whether anything found answers the question at all.
    pub relevant: bool,
}

/// The directory of the text indexes within a data directory.
const INDEX: &str = "index";

/// Finds passages. Cheap to clone.
#[derive(Clone)]
pub struct Retrieval {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    embedder: Option<Embedder>,
    graphs: Graphs,
    texts: TextIndexes,
    scopes: Scopes,
    turns: Turns,
    bounds: Bounds,
    /// Held by whoever writes text indexes: what is committed must not be older than what was.
    indexing: tokio::sync::Mutex<()>,
    changed: Notify,
    /// Clones whose text index lacks what the outbox does not have any more; the worker makes
    /// these anew, though nothing waits for them in the outbox.
    behind: Mutex<HashSet<CloneId>>,
    /// Clones whose text index cannot be used, and when that was seen last.
    sick: Mutex<HashMap<CloneId, Instant>>,
}

impl Retrieval {
    /// Retrieval over a store; the text indexes live in `directory/index`.
    pub fn new(
        (store, directory): (Store, &Path),
        embedder: Option<Embedder>,
        graphs: Graphs,
        bounds: Bounds,
    ) -> Self {
        let texts = TextIndexes::new(directory.join(INDEX));
        let inner = Inner {
            store,
            embedder,
            graphs,
            texts,
            scopes: Scopes::default(),
            turns: Turns::new(bounds.time),
            bounds,
            indexing: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            behind: Mutex::default(),
            sick: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Keeps the passages in step with the memories; a listener of their changes.
    pub fn listener(embedder: Option<Embedder>) -> OnChange {
        Arc::new(move |tx, happened| {
            let tokens = |text: &str| match &embedder {
                Some(embedder) => embedder.tokens(text),
                // No model, no word pieces: four bytes a piece is what they come to.
                None => text.len().div_ceil(4),
            };
            record::follow_in(tx, happened, &tokens)
        })
    }

    /// How much one search may take.
    pub fn bounds(&self) -> Bounds {
        self.inner.bounds
    }

    /// Starts the worker that keeps the indexes up to date.
    pub fn start(&self, tasks: &Tasks) {
        if let Err(error) = self.forget_strangers() {
            tracing::warn!(%error, "the indexes of erased clones could not be looked for");
        }
        let this = self.clone();
        let stop = tasks.stopping();
        tasks.spawn("index", async move { this.follow(stop).await });
    }

    /// Tells the worker that memories have changed.
    pub fn wake(&self) {
        self.inner.changed.notify_one();
    }

    /// Whether every text index can be used; what one lacks is found by meaning alone.
    pub fn is_well(&self) -> bool {
        self.inner.sick().is_empty()
    }

    /// Whether questions are understood by meaning, not only by words.
    pub fn has_meaning(&self) -> bool {
        self.inner.embedder.is_some()
    }

    /// From now on each search takes longer by this.
    #[cfg(feature = "testing")]
    pub fn slow_down(&self, by: Duration) {
        self.inner.turns.slow_down(by);
    }

    /// Removes the indexes of clones that are not there: a crash after the erasing of a clone
    /// leaves them.
    fn forget_strangers(&self) -> Result<(), RetrievalError> {
        if planted(Planted::StrangersStay) {
            return Ok(());
        }
        let folders = self.inner.texts.folders().map_err(|_| RetrievalError::Broken)?;
        for folder in folders {
            let clone = folder.parse::<CloneId>().ok();
            let scope = clone.map(|clone| self.inner.store.read(|tx| rows::scope(tx, clone)));
            if scope.transpose()?.flatten().is_none()
                && let Err(error) = self.inner.texts.remove(&folder)
            {
                tracing::warn!(%error, "the text index of an erased clone could not be removed");
            }
        }
        Ok(())
    }

    /// Removes the derived files of a clone that was erased.
    pub fn forget(&self, clone: CloneId) {
        pass(Point::ForgetBegun);
        if planted(Planted::ErasureSkipsTheIndex) {
            return;
        }
        self.inner.scopes.forget(clone);
        if let Err(error) = self.inner.texts.remove(&record::folder_of(clone)) {
            tracing::warn!(%error, "the text index of an erased clone could not be removed");
        }
        pass(Point::ForgetDone);
    }
}

/// Where the text index of a clone lies within a data directory.
pub fn folder_below(directory: &Path, clone: CloneId) -> std::path::PathBuf {
    directory.join(INDEX).join(record::folder_of(clone))
}

/// Forgets the passages of a memory that is erased.
///
/// # Errors
/// When the store fails.
pub fn forget_memory_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    memory: MemoryId,
) -> Result<(), StoreError> {
    record::forget_in(tx, clone, memory)
}

/// Removes what this slice knows of a clone from the store; [`Retrieval::forget`] removes files.
pub struct RetrievalEraser;

impl Eraser for RetrievalEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        room: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Clone(clone) => rows::erase_clone_in(tx, clone, room),
            _ => Ok(()),
        }
    }
}
