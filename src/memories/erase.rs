//! What becomes of memories and people when they, their clone or their author are erased.

use crate::clones;
use crate::jobs::discarded;
use crate::jobs::{Eraser, Subject};
use crate::kernel::faults::{Planted, planted};
use crate::kernel::{AccountId, CloneId, DiscardedId, MemoryId};
use crate::store::{Portion, StoreError, WriteTx};

use super::{people_rows, rows};

/// Removes what this slice knows of somebody or something; with what forgets a memory elsewhere.
pub struct MemoryEraser(pub Forget);

/// Forgets what was made of a memory.
pub type Forget = fn(&mut WriteTx<'_>, CloneId, MemoryId) -> Result<(), StoreError>;

/// How many rows a memory is made of, roughly.
const ROWS_OF_ONE: usize = 10;

impl MemoryEraser {
    fn erase_memory_in(
        &self,
        tx: &mut WriteTx<'_>,
        clone: CloneId,
        id: MemoryId,
    ) -> Result<(), StoreError> {
        (self.0)(tx, clone, id)?;
        rows::erase_memory_in(tx, clone, id)
    }

    fn erase_author_in(
        &self,
        tx: &mut WriteTx<'_>,
        author: AccountId,
        room: &mut Portion,
    ) -> Result<(), StoreError> {
        for clone in clones::added_to_by(tx, author)? {
            let most = room.left().div_ceil(ROWS_OF_ONE);
            for id in rows::of_author(tx, (clone, author), most)? {
                self.erase_memory_in(tx, clone, id)?;
                discarded::remove_in(tx, DiscardedId::from_bytes(id.bytes()));
                room.take(ROWS_OF_ONE);
            }
            if room.is_over() {
                return Ok(());
            }
            people_rows::erase_author_in(tx, clone, author)?;
        }
        Ok(())
    }
}

impl Eraser for MemoryEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        room: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Clone(clone) => {
                if planted(Planted::ErasureSkipsATable) {
                    return rows::erase_clone_in(tx, clone, room);
                }
                rows::erase_clone_in(tx, clone, room)?;
                people_rows::erase_clone_in(tx, clone)
            }
            Subject::Account(account) => self.erase_author_in(tx, account, room),
            Subject::Memory(clone, id) => self.erase_memory_in(tx, clone, id),
            Subject::Person(clone, id) => {
                tx.remove(&people_rows::PEOPLE, &(clone, id));
                Ok(())
            }
            // A file of a memory is erased above.
            Subject::Attachment(..) | Subject::Conversation(_) => Ok(()),
        }
    }
}
