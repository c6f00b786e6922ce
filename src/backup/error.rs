//! What can go wrong with backups.

use std::io;

use super::ledger::Mismatch;
use crate::kernel::{Fault, Kind};
use crate::seal::SealError;
use crate::store::StoreError;

/// A failure of making, reading or keeping a backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// No place for backups is set.
    #[error("no place for backups is set: set backup.directory or backup.s3")]
    Nowhere,
    /// Another one is being made.
    #[error("a backup is being made already")]
    Running,
    /// The server is being stopped.
    #[error("the server is being stopped")]
    Stopped,
    /// The data directory has no room for it.
    #[error(
        "there is no room for it in the data directory: {needed} bytes are needed, {free} free"
    )]
    NoRoom {
        /// Bytes that it takes at most.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// A place for backups does not take or give what it should.
    #[error("{place}: {what}")]
    Place {
        /// Which.
        place: String,
        /// What it says; never a credential.
        what: String,
    },
    /// There is no such backup.
    #[error("there is no backup `{0}`")]
    Missing(String),
    /// The copy of the keyring that belongs to a backup is nowhere.
    #[error("the copy of the keys is missing: the file `{0}`, which lies beside the backup")]
    NoCopy(String),
    /// No snapshot from before an upgrade can be gone back to.
    #[error(
        "there is no snapshot of schema {0}, which this version writes: run `rollback` with the \
        version that was here before the upgrade"
    )]
    NoSnapshot(u64),
    /// It was made for other keys.
    #[error("none of the keys that are here open it")]
    OtherKeys,
    /// It is not as it was written.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// A later version wrote it.
    #[error(
        "it was made by version {app}, and holds a database of schema {found}; this version \
        reads schema {known} at most"
    )]
    Newer {
        /// The version that made it.
        app: String,
        /// The schema in it.
        found: u64,
        /// The newest that this program knows.
        known: u64,
    },
    /// A recovery key is not one.
    #[error("it is no recovery key: that begins with AGE-SECRET-KEY-1")]
    NoRecoveryKey,
    /// Something that is to be a public key of age is none.
    #[error("it is no public key of age: that begins with age1")]
    NoRecipient,
    /// The ledgers of erasures do not fit.
    #[error(transparent)]
    Ledger(#[from] Mismatch),
    /// The database failed.
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
    /// The keys failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A file cannot be read or written.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A piece of the work panicked.
    #[error("a piece of the work broke off")]
    Broken,
}

impl BackupError {
    pub(super) fn io(what: impl Into<String> + Clone) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { what: what.clone().into(), source }
    }

    /// An error while a backup is read: what age does not accept comes as one of these kinds.
    pub(super) fn reading(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                Self::Damaged("it is cut short, or was changed")
            }
            _ => Self::Io { what: "the backup cannot be read".to_owned(), source },
        }
    }
}

impl From<BackupError> for Fault {
    fn from(error: BackupError) -> Self {
        let (kind, code) = match &error {
            BackupError::Nowhere => (Kind::Conflict, "no_backup_destination"),
            BackupError::Running => (Kind::Conflict, "backup_running"),
            BackupError::Missing(_) => return Self::not_found(),
            BackupError::NoRecipient | BackupError::NoRecoveryKey => {
                (Kind::Invalid, "not_a_recovery_key")
            }
            BackupError::NoRoom { .. } | BackupError::Place { .. } | BackupError::Stopped => {
                (Kind::Unavailable, "backup_failed")
            }
            BackupError::OtherKeys => (Kind::Invalid, "backup_other_keys"),
            BackupError::Damaged(_) => (Kind::Invalid, "backup_damaged"),
            BackupError::Newer { .. } => (Kind::Invalid, "backup_newer"),
            BackupError::NoCopy(_) => (Kind::Invalid, "keyring_copy_missing"),
            BackupError::Ledger(_) => (Kind::Invalid, "backup_ledger_older"),
            BackupError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                return Self::disk_full().because(error);
            }
            _ => return Self::internal(error),
        };
        let detail = error.to_string();
        Self::new(kind, code, detail).because(error)
    }
}
