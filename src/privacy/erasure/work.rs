//! What is done for an erasure, step by step.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Erasure, Erasures, JobName, STEP, State, rows};
use crate::accounts;
use crate::jobs::{self, JobError, Subject};
use crate::kernel::{CloneId, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::store::{Portion, StoreError, WriteTx};

pub(super) const WORK: JobName<EraseJob> = JobName::new("erase");

/// How long receipts are kept.
const RECEIPTS_KEPT: Duration = Duration::from_secs(3 * 365 * 24 * 60 * 60);

#[derive(Serialize, Deserialize)]
pub(super) struct EraseJob {
    pub(super) erasure: TokenHash,
}

impl Erasures {
    pub(super) fn register(&self) {
        let this = self.clone();
        self.queue.register(&WORK, 1, move |_, job: EraseJob| {
            let this = this.clone();
            async move { this.work(job.erasure).await }
        });
    }

    /// Does what is left of an erasure; doing it again does no harm.
    async fn work(&self, key: TokenHash) -> Result<(), JobError> {
        let Some(erasure) = self.store.read(|tx| rows::erasure(tx, &key))? else { return Ok(()) };
        if erasure.state == State::Erased {
            return Ok(());
        }
        for clone in &erasure.clones {
            self.remove(key, Subject::Clone(*clone)).await?;
            self.retrieval.forget(*clone);
        }
        if matches!(erasure.subject, Subject::Account(_)) {
            self.remove(key, erasure.subject).await?;
        }
        let swept = self.attachments.sweep().await;
        swept.map_err(|_| JobError::Later("files_failed"))?;
        self.clean_up().await?;
        let (this, now) = (self.clone(), self.clock.now());
        self.store
            .write(move |tx| match rows::erasure(tx, &key)? {
                Some(erasure) if erasure.state == State::Erasing => {
                    Self::finish_in(tx, key, erasure, now)?;
                    this.forget_receipts_in(tx, now)
                }
                _ => Ok(()),
            })
            .await?;
        Ok(())
    }

    /// Removes all rows of a subject, a step at a time.
    async fn remove(&self, key: TokenHash, subject: Subject) -> Result<(), JobError> {
        loop {
            let this = self.clone();
            let is_done = self.store.write(move |tx| {
                let mut room = Portion::of(STEP);
                let is_done = jobs::erase_in(tx, &this.erasers, subject, &mut room)?;
                if let Some(mut erasure) = rows::erasure(tx, &key)? {
                    erasure.count(tx.removed()?);
                    rows::put_in(tx, &key, &erasure)?;
                }
                Ok::<_, StoreError>(is_done)
            });
            if is_done.await? {
                return Ok(());
            }
        }
    }

    /// The last step: the lines of the ledger, the keys, and the end of the receipt.
    pub(super) fn finish_in(
        tx: &mut WriteTx<'_>,
        key: TokenHash,
        mut erasure: Erasure,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Subject::Account(account) = erasure.subject {
            for clone in &erasure.clones {
                end_clone_in(tx, *clone, now)?;
            }
            tx.shred(Owner::Account(account))?;
            accounts::left_in(tx, account);
        }
        if let Subject::Clone(clone) = erasure.subject {
            tx.shred(Owner::Clone(clone))?;
        }
        let line = tx.record_erasure(erasure.subject, now, erasure.removed.clone())?;
        erasure.line = Some((line.number, line.hash));
        erasure.state = State::Erased;
        erasure.erased_at = Some(now);
        rows::put_in(tx, &key, &erasure)
    }

    fn forget_receipts_in(&self, tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
        for (key, erasure) in rows::all(tx)? {
            if erasure.erased_at.is_some_and(|at| now.since(at) > RECEIPTS_KEPT) {
                rows::remove_in(tx, &key);
            }
        }
        Ok(())
    }
}

fn end_clone_in(tx: &mut WriteTx<'_>, clone: CloneId, now: Timestamp) -> Result<(), StoreError> {
    tx.record_erasure(Subject::Clone(clone), now, std::collections::BTreeMap::new())?;
    tx.shred(Owner::Clone(clone))
}
