//! What is left of an erased memory elsewhere: quotes in answers, terms in an index, vectors of
//! its neighbours.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Erasures, rows};
use crate::conversations;
use crate::jobs::JobError;
use crate::kernel::{CloneId, MemoryId};
use crate::retrieval;
use crate::store::{StoreError, WriteTx};

/// Forgets what was made of a memory that is erased, and notes that there may be more elsewhere.
///
/// # Errors
/// When the store fails.
pub fn forget_memory_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    memory: MemoryId,
) -> Result<(), StoreError> {
    retrieval::forget_memory_in(tx, clone, memory)?;
    rows::add_remains_in(tx, clone, memory)
}

impl Erasures {
    /// Cleans up after all memories that were erased so far.
    pub(super) async fn clean_up(&self) -> Result<(), JobError> {
        for (clone, memories) in self.store.read(rows::remains)? {
            let memories = Arc::new(memories);
            self.forget_quotes(clone, &memories).await?;
            let scrubbed = self.retrieval.scrub(clone).await;
            scrubbed.map_err(|_| JobError::Later("index_failed"))?;
            self.store
                .write(move |tx| {
                    rows::remove_remains_in(tx, clone, &memories);
                    Ok::<_, StoreError>(())
                })
                .await?;
        }
        Ok(())
    }

    async fn forget_quotes(
        &self,
        clone: CloneId,
        memories: &Arc<HashSet<MemoryId>>,
    ) -> Result<(), StoreError> {
        for id in self.store.read(|tx| conversations::citing(tx, clone, memories))? {
            let memories = Arc::clone(memories);
            let forget = move |tx: &mut WriteTx<'_>| {
                conversations::forget_quotes_in(tx, id, &memories).map(drop)
            };
            self.store.write(forget).await?;
        }
        Ok(())
    }
}
