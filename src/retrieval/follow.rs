//! The worker behind: brings the text indexes and the vectors up to date with the store, and
//! rebuilds an index that is missing or damaged.

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use half::f16;
use tokio_util::sync::CancellationToken;

use crate::embed::Embedder;
use crate::index::tail::Change;
use crate::kernel::CloneId;
use crate::kernel::faults::{Planted, planted};
use crate::kernel::points::{Point, pass};
use crate::memories;
use crate::store::{Rows, StoreError};

use super::passage::{WINDOW_REACH, blended, passage_text, window_text};
use super::rows::{self, OUTBOX, OutboxRow, TO_EMBED};
use super::scope::{Scope, labels, told};
use super::{Inner, Retrieval, RetrievalError, record};

/// One commit of a text index a second at most.
const PAUSE: Duration = Duration::from_secs(1);
/// The worker looks by itself now and then, in case a wake-up was lost.
const TICK: Duration = Duration::from_secs(30);
/// Changes of one commit of a text index.
const COMMIT: usize = 20_000;
/// Changes read at once.
const READ: usize = 2_000;
/// So few passages are embedded before a question rather than behind it: some 20 ms.
const FEW: usize = 16;
/// Queues are counted up to here.
const COUNTED: usize = 100_000;
/// Passages embedded at once.
const EMBED: usize = 64;

impl Retrieval {
    /// Follows the store until told to stop.
    pub(super) async fn follow(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.catch_up(&stop).await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the indexes could not be brought up to date"
                );
            }
            self.inner.scopes.sweep();
            let woken = async {
                tokio::time::sleep(PAUSE).await;
                let _ = tokio::time::timeout(TICK, self.inner.changed.notified()).await;
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = woken => {}
            }
        }
    }

    async fn catch_up(&self, stop: &CancellationToken) -> Result<(), RetrievalError> {
        let behind =
            std::mem::take(&mut *self.inner.behind.lock().unwrap_or_else(PoisonError::into_inner));
        let queued = self.inner.store.read(|tx| rows::waiting(tx, &OUTBOX))?;
        for clone in behind.into_iter().chain(queued) {
            if stop.is_cancelled() {
                return Ok(());
            }
            if let Err(error) = self.catch_up_words(clone).await {
                self.look_again(clone, error)?;
            }
        }
        if let Some(embedder) = self.inner.embedder.clone() {
            let queued = self.inner.store.read(|tx| rows::waiting(tx, &TO_EMBED))?;
            for clone in queued {
                while !stop.is_cancelled() {
                    match self.embed(&embedder, clone).await {
                        Ok(true) => {}
                        Ok(false) => break,
                        Err(error) => {
                            self.look_again(clone, error)?;
                            break;
                        }
                    }
                }
            }
        }
        for scope in self.inner.scopes.all() {
            let graphs = self.inner.graphs;
            let stop = stop.clone();
            crate::jobs::blocking(move || scope.grow_graph(graphs, &stop))
                .await
                .map_err(|_| RetrievalError::Broken)?;
        }
        Ok(())
    }

    async fn catch_up_words(&self, clone: CloneId) -> Result<(), RetrievalError> {
        let inner = Arc::clone(&self.inner);
        let indexed = crate::jobs::blocking(move || inner.index(clone)).await;
        let seq = indexed.map_err(|_| RetrievalError::Broken)??;
        self.trim(clone, seq).await?;
        pass(Point::IndexTrimmed);
        Ok(())
    }

    /// What was erased while it was looked at is looked at again: then it is not there any more.
    fn look_again(&self, clone: CloneId, error: RetrievalError) -> Result<(), RetrievalError> {
        match error {
            RetrievalError::Store(error) if error.is_erased() => {
                let mut behind = self.inner.behind.lock().unwrap_or_else(PoisonError::into_inner);
                behind.insert(clone);
                Ok(())
            }
            other => Err(other),
        }
    }

    /// Embeds what was just written, if it is little, so that a question asked right after it
    /// understands it by meaning too; more is left to the worker.
    pub(super) async fn embed_few(&self, clone: CloneId) {
        let Some(embedder) = &self.inner.embedder else {
            return;
        };
        let waiting = self.inner.store.read(|tx| rows::to_embed(tx, clone, FEW + 1));
        let few = waiting.as_ref().is_ok_and(|waiting| (1..=FEW).contains(&waiting.len()));
        if !few {
            return;
        }
        // Whoever asks may go away, or wait no longer: what was begun is done to the end, or the
        // vectors would be stored and never be in the set in memory.
        let (this, embedder) = (self.clone(), embedder.clone());
        let runtime = tokio::runtime::Handle::current();
        let done = crate::jobs::blocking(move || runtime.block_on(this.embed(&embedder, clone)));
        if let Ok(Err(error)) = done.await {
            tracing::warn!(%error, "fresh memories could not be embedded ahead of a question");
        }
    }

    /// How many changes wait for the text index, and passages for a vector (up to 100,000 each).
    ///
    /// # Errors
    /// When the store fails.
    pub fn waiting(&self) -> Result<(usize, usize), StoreError> {
        self.inner.store.read(|tx| {
            Ok((rows::count(tx, &OUTBOX, COUNTED)?, rows::count(tx, &TO_EMBED, COUNTED)?))
        })
    }

    /// Takes out of the outbox what a text index has.
    async fn trim(&self, clone: CloneId, seq: u64) -> Result<(), StoreError> {
        self.inner
            .store
            .write(move |tx| {
                let Some(mut scope) = rows::scope(tx, clone)? else {
                    return Ok(());
                };
                let range = crate::store::Range::between(&(clone, 0_u64), &(clone, seq + 1));
                tx.remove_range(&OUTBOX, &range)?;
                scope.trimmed = scope.trimmed.max(seq);
                rows::put_scope_in(tx, clone, &scope)
            })
            .await
    }

    /// Embeds some passages of a clone; whether there was any work.
    async fn embed(&self, embedder: &Embedder, clone: CloneId) -> Result<bool, RetrievalError> {
        let (passages, texts) = self.inner.store.read(|tx| texts_to_embed(tx, clone))?;
        if passages.is_empty() {
            return Ok(false);
        }
        let wanted: Vec<String> = texts.iter().flat_map(Texts::all).collect();
        let vectors = match embedder.passages(wanted).await {
            Ok(vectors) => vectors,
            Err(error) => {
                tracing::error!(%error, "memories could not be embedded");
                return Ok(false);
            }
        };
        let mut vectors = vectors.into_iter();
        let made: Vec<(u64, Option<Vec<f16>>)> = passages
            .iter()
            .zip(&texts)
            .map(|(passage, texts)| (*passage, texts.vector(&mut vectors)))
            .collect();
        let stored = made.clone();
        pass(Point::VectorsMade);
        self.inner
            .store
            .write(move |tx| {
                for (passage, vector) in &stored {
                    match vector {
                        Some(vector) => {
                            rows::put_vector_in(tx, clone, *passage, vector)?;
                        }
                        None => tx.remove(&TO_EMBED, &(clone, *passage)),
                    }
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        pass(Point::VectorsStored);
        #[cfg(feature = "testing")]
        tokio::time::sleep(self.inner.turns.slower_by()).await;
        self.inner.note_vectors(clone, &made)?;
        Ok(true)
    }
}

/// What is embedded for a passage.
enum Texts {
    /// The passage is gone.
    None,
    /// It stands alone.
    Own(String),
    /// It has neighbours: itself, and itself among them.
    Among(String, String),
}

impl Texts {
    fn all(&self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::Own(own) => vec![own.clone()],
            Self::Among(own, window) => vec![own.clone(), window.clone()],
        }
    }

    fn vector(&self, made: &mut impl Iterator<Item = Vec<f32>>) -> Option<Vec<f16>> {
        let vector = match self {
            Self::None => return None,
            Self::Own(_) => made.next()?,
            Self::Among(..) => blended(&made.next()?, &made.next()?),
        };
        Some(vector.into_iter().map(f16::from_f32).collect())
    }
}

fn texts_to_embed(tx: &impl Rows, clone: CloneId) -> Result<(Vec<u64>, Vec<Texts>), StoreError> {
    let passages = rows::to_embed(tx, clone, EMBED)?;
    let texts = passages.iter().map(|passage| texts_of(tx, clone, *passage));
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    Ok((passages, texts))
}

fn texts_of(tx: &impl Rows, clone: CloneId, passage: u64) -> Result<Texts, StoreError> {
    let Some(row) = rows::passage(tx, clone, passage)? else {
        return Ok(Texts::None);
    };
    let Some(memory) = memories::memory_of(tx, clone, row.memory)? else {
        return Ok(Texts::None);
    };
    let named = labels(&memory);
    let own = passage_text(&told(&memory, &row, &named));
    let Some(thread) = row.thread else {
        return Ok(Texts::Own(own));
    };
    let place = (row.order, passage);
    let mut around = Vec::new();
    for neighbour in rows::neighbours(tx, clone, thread, place, WINDOW_REACH)? {
        if let Some(other) = rows::passage(tx, clone, neighbour)?
            && let Some(memory) = memories::memory_of(tx, clone, other.memory)?
        {
            around.push((memory, other));
        }
    }
    if around.is_empty() {
        return Ok(Texts::Own(own));
    }
    around.push((memory, row));
    around.sort_by_key(|(_, row)| row.order);
    let told: Vec<_> = around.iter().map(|(memory, row)| told(memory, row, "")).collect();
    Ok(Texts::Among(own, window_text(&told)))
}

impl Inner {
    /// Puts fresh vectors into the set in memory, if there is one.
    fn note_vectors(
        &self,
        clone: CloneId,
        made: &[(u64, Option<Vec<f16>>)],
    ) -> Result<(), StoreError> {
        let Some(scope) = self.scopes.find(clone) else {
            return Ok(());
        };
        let mut vectors = scope.vectors.write().unwrap_or_else(PoisonError::into_inner);
        let Some(set) = vectors.as_mut() else {
            return Ok(());
        };
        self.store.read(|tx| {
            for (passage, vector) in made {
                // Removed while it was being embedded: it must not come back.
                let there = rows::passage(tx, clone, *passage)?.is_some();
                match vector {
                    Some(vector) if there => {
                        set.upsert(*passage, vector);
                    }
                    _ => {
                        set.remove(*passage);
                    }
                }
            }
            Ok(())
        })
    }

    /// Brings the text index of a clone up to date and says how far.
    fn index(&self, clone: CloneId) -> Result<u64, RetrievalError> {
        let Some(row) = self.store.read(|tx| rows::scope(tx, clone))? else {
            return Ok(0);
        };
        let scope = self.scopes.of(clone, &row);
        let mut index = self.text_index(clone)?;
        if index.committed_seq() < row.trimmed && !planted(Planted::IndexBelieved) {
            // It lacks what the outbox does not have any more: everything is indexed again.
            self.texts.remove(&record::folder_of(clone)).map_err(broken)?;
            index = self.texts.writing(&record::folder_of(clone)).map_err(broken)?;
            let seq = self.index_all(clone, &scope, &index)?;
            tracing::info!(%clone, "a text index was made anew");
            return Ok(seq);
        }
        let mut seq = index.committed_seq();
        let mut fresh = 0;
        while fresh < COMMIT {
            let changes = self.store.read(|tx| changes(tx, clone, &scope, seq))?;
            let Some(last) = changes.last() else {
                break;
            };
            seq = last.seq;
            fresh += changes.len();
            index.apply(&changes).map_err(broken)?;
        }
        if fresh > 0 {
            self.commit(clone, &scope, &index, seq)?;
        }
        Ok(seq)
    }

    fn index_all(
        &self,
        clone: CloneId,
        scope: &Scope,
        index: &crate::index::text::TextIndex,
    ) -> Result<u64, RetrievalError> {
        let seq = self.store.read(|tx| {
            let seq = rows::scope(tx, clone)?.map_or(0, |row| row.last_change);
            let mut changes = Vec::new();
            rows::each_passage(tx, clone, |passage, _| {
                let change = OutboxRow { passage, removed: false };
                let op = scope.op(tx, clone, change)?;
                changes.push(Change { seq, passage, op });
                Ok(ControlFlow::Continue(()))
            })?;
            for part in changes.chunks(READ) {
                index.apply(part).map_err(broken)?;
            }
            Ok::<_, RetrievalError>(seq)
        })?;
        self.commit(clone, scope, index, seq)?;
        Ok(seq)
    }

    /// Commits, and lets the tail go of what the index has now. The tail is held meanwhile, so
    /// that no search falls between the two. What it has not looked at yet it looks at before
    /// that is taken out of the outbox, so that it need not look at every passage again.
    fn commit(
        &self,
        clone: CloneId,
        scope: &Scope,
        index: &crate::index::text::TextIndex,
        seq: u64,
    ) -> Result<(), RetrievalError> {
        let mut state = scope.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if state.all_known {
            self.store.read(|tx| scope.follow(tx, clone, seq, &mut state))?;
        }
        index.commit(seq).map_err(broken)?;
        state.tail.forget_up_to(seq);
        Ok(())
    }
}

fn broken(error: crate::index::text::IndexError) -> RetrievalError {
    tracing::error!(%error, "a text index cannot be written");
    RetrievalError::Broken
}

fn changes(
    tx: &impl Rows,
    clone: CloneId,
    scope: &Scope,
    after: u64,
) -> Result<Vec<Change>, StoreError> {
    let rows = rows::changes(tx, clone, after, READ)?;
    let changes = rows.into_iter().map(|(seq, change)| {
        let op = scope.op(tx, clone, change)?;
        Ok(Change { seq, passage: change.passage, op })
    });
    changes.collect()
}
