//! How what belongs to somebody is removed: each slice brings an [`Eraser`] for its own rows.

use crate::kernel::{AccountId, CloneId};
use crate::store::{StoreError, WriteTx};

/// Whose data is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Everything of an account.
    Account(AccountId),
    /// Everything of a clone.
    Clone(CloneId),
}

/// Removes a slice's rows of a subject, inside the caller's transaction.
pub trait Eraser: Send + Sync {
    /// Removes the rows. Doing it again does no harm.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    fn erase_in(&self, tx: &mut WriteTx<'_>, subject: Subject) -> Result<(), StoreError>;
}
