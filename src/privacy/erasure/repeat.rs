//! What was erased is erased again in a database that was brought back from a backup, before
//! anything else is done with it.

use super::forget_memory_in;
use crate::jobs::{self, Eraser, Subject};
use crate::kernel::AccountId;
use crate::seal::Owner;
use crate::store::{LedgerLine, Portion, Store, StoreError, WriteTx};
use crate::{clones, memories, retrieval};

/// Erases again what the ledger says and the database does not know of; how much that was.
///
/// # Errors
/// When the store fails.
pub async fn repeat(
    store: &Store,
    erasers: impl Fn() -> Vec<Box<dyn Eraser>>,
) -> Result<usize, StoreError> {
    let lines = store.erasures_to_repeat().to_vec();
    if lines.is_empty() {
        return Ok(0);
    }
    // Their keys are gone: nothing but their room is left to be given back.
    let unreadable = store.remove_unreadable().await?;
    tracing::warn!(
        erasures = lines.len(),
        unreadable,
        "the database is older than the ledger of erasures: what was erased is erased again"
    );
    for line in &lines {
        repeat_one(store, erasers(), line.clone()).await?;
    }
    Ok(lines.len())
}

async fn repeat_one(
    store: &Store,
    erasers: Vec<Box<dyn Eraser>>,
    line: LedgerLine,
) -> Result<(), StoreError> {
    store
        .write(move |tx| {
            if let Subject::Account(account) = line.erased {
                forget_unreadable_in(tx, account)?;
            }
            jobs::erase_in(tx, &erasers, line.erased, &mut Portion::unlimited())?;
            match line.erased {
                Subject::Account(account) => tx.shred(Owner::Account(account))?,
                Subject::Clone(clone) => tx.shred(Owner::Clone(clone))?,
                _ => {}
            }
            tx.adopt_erasure(&line)
        })
        .await
}

/// Forgets what was made of memories that cannot be read any more, in the clones of others.
fn forget_unreadable_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    for clone in clones::added_to_by(tx, account)? {
        for memory in memories::remove_dangling_in(tx, clone)? {
            forget_memory_in(tx, clone, memory)?;
        }
        retrieval::remove_dangling_in(tx, clone)?;
    }
    Ok(())
}
