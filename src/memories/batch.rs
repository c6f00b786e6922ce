//! Many memories at once, in one transaction, idempotent by their external ids.

use crate::access::{Action, Principal};
use crate::clones;
use crate::kernel::CloneId;

use super::{BatchOutcome, Content, Memories, MemoryError, rows};

impl Memories {
    /// Writes many memories down. One with an external id that is there already changes that
    /// memory, or leaves it alone when it says the same.
    ///
    /// # Errors
    /// When the asker may not add memories, or the store fails; then none is written.
    pub async fn batch(
        &self,
        who: &Principal,
        clone: CloneId,
        contents: Vec<Content>,
    ) -> Result<BatchOutcome, MemoryError> {
        let (this, who) = (self.clone(), who.clone());
        self.store
            .write(move |tx| {
                clones::open(tx, &who, clone, Action::AddMemories)?;
                let mut outcome = BatchOutcome::default();
                for content in contents {
                    let known = match &content.external_id {
                        Some(external_id) => rows::by_external_id(tx, clone, external_id)?,
                        None => None,
                    };
                    let Some(id) = known else {
                        this.insert_in(tx, who.account, clone, content)?;
                        outcome.created += 1;
                        continue;
                    };
                    let memory = super::changeable(tx, &who, clone, id)?;
                    let revision = memory.revision;
                    let memory = this.rewrite_in(tx, who.account, memory, content)?;
                    if memory.revision == revision {
                        outcome.unchanged += 1;
                    } else {
                        outcome.updated += 1;
                    }
                }
                Ok(outcome)
            })
            .await
    }
}
