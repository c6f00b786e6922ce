//! What can go wrong between a slice and its rows.

use std::path::PathBuf;

use super::LedgerError;
use crate::kernel::Fault;
use crate::seal::SealError;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database file could not be opened.
    #[error("the database could not be opened")]
    Open(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database file is damaged. Nothing was written to it.
    #[error(
        "the database {} is damaged ({reason}); it was not touched. Put it back from a backup, \
        or ask `clonememoria fsck` what can still be read",
        path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; nothing of what is in it.
        reason: String,
    },
    /// The database was written by a newer program.
    #[error("the database has schema {found}, this program knows {known}")]
    Newer {
        /// The schema in the file.
        found: u64,
        /// The newest schema this program knows.
        known: u64,
    },
    /// Reading or writing failed.
    #[error("the database could not be read or written")]
    Engine(#[from] redb::Error),
    /// A commit failed: nothing of its batch is on disk.
    #[error("the change could not be made durable")]
    Commit,
    /// A stored value could not be read back.
    #[error("a row of {table} is damaged: {reason}")]
    Damaged {
        /// The table's name.
        table: &'static str,
        /// What is wrong with the bytes; never the bytes.
        reason: String,
    },
    /// A row could not be sealed or opened: its key is gone, or cannot be kept.
    #[error("a row of {table} could not be sealed or opened")]
    Seal {
        /// The table's name.
        table: &'static str,
        /// Why.
        #[source]
        source: SealError,
    },
    /// Bytes were to be stored without saying whose they are.
    #[error("it was not said whose the bytes of {table} are")]
    NoOwner {
        /// The table's name.
        table: &'static str,
    },
    /// The ledger of erasures is not to be had, or not this database's.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The change panicked and was dropped.
    #[error("a change panicked")]
    Panicked,
    /// The disk is full: nothing of the change is there.
    #[error("the disk is full")]
    Full,
    /// The writer has stopped: the program is ending, or the disk failed.
    #[error("the database takes no more changes")]
    Stopped,
}

impl StoreError {
    /// Whether it is because the thing was erased while somebody looked at how it was before.
    pub fn is_erased(&self) -> bool {
        matches!(self, Self::Seal { source: SealError::Erased, .. })
    }

    pub(super) fn opening(error: redb::DatabaseError) -> Self {
        Self::Open(Box::new(error))
    }
}

macro_rules! from_engine {
    ($($error:ty),*) => {
        $(impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::Engine(error.into())
            }
        })*
    };
}

// redb gives each call an error type of its own; a function cannot name them all at once.
from_engine!(redb::StorageError, redb::TableError, redb::TransactionError, redb::CommitError);

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stopped | StoreError::Commit => Self::new(
                crate::kernel::Kind::Unavailable,
                "storage_unavailable",
                "The server cannot store anything right now.",
            )
            .retry_after(std::time::Duration::from_secs(5))
            .because(error),
            StoreError::Full => Self::disk_full().because(error),
            error if error.is_erased() => Self::not_found(),
            _ => Self::internal(error),
        }
    }
}
