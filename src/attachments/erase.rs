//! What becomes of files when they, their memory, clone or author are erased: their rows go, and
//! with these the only keys; the bytes are removed after that.

use std::ops::ControlFlow;

use super::rows;
use super::rows::{ATTACHMENTS, Place};
use crate::clones;
use crate::jobs::{Eraser, Subject, discarded};
use crate::kernel::{AccountId, CloneId, DiscardedId};
use crate::store::{Direction, Portion, Range, Rows as _, StoreError, WriteTx};

/// Removes what this slice knows of somebody or something.
pub struct AttachmentEraser;

fn remove_in(tx: &mut WriteTx<'_>, place: &Place) {
    tx.remove(&ATTACHMENTS, place);
    discarded::remove_in(tx, DiscardedId::from_bytes(place.2.bytes()));
}

fn erase_author_in(
    tx: &mut WriteTx<'_>,
    (clone, author): (CloneId, AccountId),
    room: &mut Portion,
) -> Result<(), StoreError> {
    let mut found = Vec::new();
    let most = room.left();
    tx.scan(&ATTACHMENTS, &Range::prefix(&clone), Direction::Up, |place, row| {
        if row.author == author {
            found.push(place);
        }
        let is_enough = found.len() >= most;
        Ok::<_, StoreError>(if is_enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    found.iter().for_each(|place| remove_in(tx, place));
    room.take(found.len());
    Ok(())
}

impl Eraser for AttachmentEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        room: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Clone(clone) => tx.remove_within(&ATTACHMENTS, &Range::prefix(&clone), room),
            Subject::Account(account) => {
                for clone in clones::added_to_by(tx, account)? {
                    erase_author_in(tx, (clone, account), room)?;
                    if room.is_over() {
                        return Ok(());
                    }
                }
                Ok(())
            }
            Subject::Memory(clone, memory) => {
                let places: Vec<Place> = tx.keys(&ATTACHMENTS, &Range::prefix(&(clone, memory)))?;
                places.iter().for_each(|place| remove_in(tx, place));
                Ok(())
            }
            Subject::Attachment(clone, id) => {
                if let Some(memory) = rows::memory_with(tx, clone, id)? {
                    remove_in(tx, &(clone, memory, id));
                }
                Ok(())
            }
            Subject::Person(..) | Subject::Conversation(_) => Ok(()),
        }
    }
}
