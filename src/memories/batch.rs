//! Many memories at once, in one transaction, idempotent by their external ids.

use crate::access::{Action, Principal};
use crate::clones;
use crate::consents::{self, Consent};
use crate::jobs::Once;
use crate::kernel::CloneId;

use super::{BatchOutcome, Content, Memories, MemoryError, rows};

impl Memories {
    /// Writes many memories down. One with an external id that is there already changes that
    /// memory, or leaves it alone when it says the same. A repeated request is told what came of
    /// it the first time.
    ///
    /// # Errors
    /// When the asker may not add memories, or the store fails; then none is written.
    pub async fn batch(
        &self,
        who: &Principal,
        clone: CloneId,
        contents: Vec<Content>,
        once: Option<Once>,
    ) -> Result<BatchOutcome, MemoryError> {
        let (this, who) = (self.clone(), who.clone());
        self.store
            .write(move |tx| {
                let (_, role) = clones::open(tx, &who, clone, Action::AddMemories)?;
                consents::require_in(tx, who.account, Consent::DataProcessing)?;
                if let Some(counts) = Once::made_in(once.as_ref(), tx)? {
                    return Ok(outcome_of(counts));
                }
                let mut outcome = BatchOutcome::default();
                for content in contents {
                    let known = match &content.external_id {
                        Some(external_id) => rows::by_external_id(tx, clone, external_id)?,
                        None => None,
                    };
                    let Some(id) = known else {
                        this.insert_in(tx, (who.account, role), clone, content)?;
                        outcome.created += 1;
                        continue;
                    };
                    let (memory, _) = super::changeable(tx, &who, clone, id)?;
                    let revision = memory.revision;
                    let memory = this.rewrite_in(tx, (who.account, role), memory, content)?;
                    if memory.revision == revision {
                        outcome.unchanged += 1;
                    } else {
                        outcome.updated += 1;
                    }
                }
                Once::record_in(once.as_ref(), tx, &counts_of(outcome))?;
                Ok(outcome)
            })
            .await
    }
}

/// What is remembered of a batch: its three counts, since it made no one thing to name.
fn counts_of(outcome: BatchOutcome) -> [u8; 12] {
    let mut counts = [0; 12];
    let all = [outcome.created, outcome.updated, outcome.unchanged];
    for (into, count) in counts.chunks_exact_mut(4).zip(all) {
        into.copy_from_slice(&count.to_be_bytes());
    }
    counts
}

fn outcome_of(counts: [u8; 12]) -> BatchOutcome {
    let whole = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte));
    let [created, updated, unchanged] = [0..4, 4..8, 8..12].map(|at| whole(&counts[at]));
    BatchOutcome { created, updated, unchanged }
}
