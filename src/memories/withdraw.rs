//! Memories that nobody can read any more, because their author has died and had shown them to
//! nobody: taken out of counts and indexes, to be erased.

use super::{Happened, Memories, count, rows};
use crate::kernel::{CloneId, MemoryId};
use crate::store::{StoreError, WriteTx};

impl Memories {
    /// Takes a memory out of everything that shows or counts it; what erases it comes next.
    ///
    /// # Errors
    /// When the store fails.
    pub fn withdraw_in(
        &self,
        tx: &mut WriteTx<'_>,
        (clone, id): (CloneId, MemoryId),
    ) -> Result<(), StoreError> {
        let Some(before) = rows::memory(tx, clone, id)?.filter(|m| m.deleted_at.is_none()) else {
            return Ok(());
        };
        let memory = super::Memory { deleted_at: Some(self.clock.now()), ..before.clone() };
        rows::put_in(tx, Some(&before), &memory)?;
        count(tx, &memory, -1)?;
        self.tell(tx, Happened::Removed(&memory))
    }
}
