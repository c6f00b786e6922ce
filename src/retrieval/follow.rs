//! The worker behind: brings the text indexes and the vectors up to date with the store, and
//! rebuilds an index that is missing or damaged.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use half::f16;
use tokio_util::sync::CancellationToken;

use crate::embed::Embedder;
use crate::kernel::CloneId;
use crate::kernel::points::{Point, pass};
use crate::store::StoreError;

use super::rows::{self, OUTBOX, TO_EMBED};
use super::sick::SICK_FOR;
use super::texts::{Texts, texts_to_embed};
use super::{Inner, Retrieval, RetrievalError};

/// One commit of a text index a second at most.
const PAUSE: Duration = Duration::from_secs(1);
/// The worker looks by itself now and then, in case a wake-up was lost.
const TICK: Duration = Duration::from_secs(30);
/// So few passages are embedded before a question rather than behind it: some 20 ms.
const FEW: usize = 16;
/// Queues are counted up to here.
const COUNTED: usize = 100_000;

impl Retrieval {
    /// Follows the store until told to stop.
    pub(super) async fn follow(self, stop: CancellationToken) {
        loop {
            // What is derived can wait; what it lacks is searched from memory meanwhile.
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.inner.store.disk().room() => {}
            }
            if let Err(error) = self.catch_up(&stop).await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the indexes could not be brought up to date"
                );
            }
            self.inner.scopes.sweep();
            let tick = if self.inner.sick().is_empty() { TICK } else { SICK_FOR };
            let woken = async {
                tokio::time::sleep(PAUSE).await;
                let _ = tokio::time::timeout(tick, self.inner.changed.notified()).await;
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
            if stop.is_cancelled() || !self.inner.store.disk().has_room() {
                return Ok(());
            }
            if self.inner.is_resting(clone) {
                continue;
            }
            match self.catch_up_words(clone).await {
                Ok(()) => self.inner.is_well_again(clone),
                // One that is sick keeps nobody else's from being followed.
                Err(RetrievalError::Broken) => self.inner.fell_sick(clone),
                Err(error) => self.look_again(clone, error)?,
            }
        }
        if let Some(embedder) = self.inner.embedder.clone() {
            let queued = self.inner.store.read(|tx| rows::waiting(tx, &TO_EMBED))?;
            for clone in queued {
                while !stop.is_cancelled() && self.inner.store.disk().has_room() {
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

    /// Leaves no trace of erased memories in what was derived of a clone's: the text index is
    /// brought up to date and written without them, and vectors that saw them as neighbours are
    /// made anew.
    ///
    /// # Errors
    /// When the store or the index fails.
    pub async fn scrub(&self, clone: CloneId) -> Result<(), RetrievalError> {
        if let Some(embedder) = &self.inner.embedder {
            while self.embed(embedder, clone).await? {}
        }
        let _only_one = self.inner.indexing.lock().await;
        self.write_words(clone).await?;
        if self.inner.store.read(|tx| rows::scope(tx, clone))?.is_none() {
            return Ok(());
        }
        let inner = Arc::clone(&self.inner);
        let purged = crate::jobs::blocking(move || inner.purge(clone));
        purged.await.map_err(|_| RetrievalError::Broken)?
    }

    async fn catch_up_words(&self, clone: CloneId) -> Result<(), RetrievalError> {
        let _only_one = self.inner.indexing.lock().await;
        self.write_words(clone).await
    }

    async fn write_words(&self, clone: CloneId) -> Result<(), RetrievalError> {
        let inner = Arc::clone(&self.inner);
        let indexed = crate::jobs::blocking(move || inner.index(clone)).await;
        let indexed = indexed.map_err(|_| RetrievalError::Broken)?;
        if self.inner.store.read(|tx| rows::scope(tx, clone))?.is_none() {
            // It was erased meanwhile: no file of it may come back.
            self.forget(clone);
            return Ok(());
        }
        self.trim(clone, indexed?).await?;
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
        if !self.inner.store.disk().has_room() {
            return;
        }
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
}
