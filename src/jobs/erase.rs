//! How what belongs to somebody is removed: each slice brings an [`Eraser`] for its own rows.

pub use crate::kernel::Subject;
use crate::store::{Portion, StoreError, WriteTx};

/// Removes a slice's rows of a subject, inside the caller's transaction.
pub trait Eraser: Send + Sync {
    /// Removes the rows, as many as there is room for; it is called again until there is room
    /// left. Doing it again does no harm.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        room: &mut Portion,
    ) -> Result<(), StoreError>;
}

/// Lets every slice remove its rows of a subject, as many as there is room for; whether they are
/// all gone.
///
/// # Errors
/// When the database cannot be read or written.
pub fn erase_in(
    tx: &mut WriteTx<'_>,
    erasers: &[Box<dyn Eraser>],
    subject: Subject,
    room: &mut Portion,
) -> Result<bool, StoreError> {
    for eraser in erasers {
        eraser.erase_in(tx, subject, room)?;
        if room.is_over() {
            return Ok(false);
        }
    }
    Ok(true)
}
