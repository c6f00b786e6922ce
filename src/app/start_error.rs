//! Why the program cannot start, and the exit codes of commands.

use std::io;
use std::net::SocketAddr;

use crate::accounts;
use crate::backup::BackupError;
use crate::kernel::{Fault, Kind, Timestamp};
use crate::providers::OutboundError;
use crate::seal::SealError;
use crate::store::{LockError, StoreError};
use crate::tls::TlsError;

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be made or entered.
    #[error("the data directory {path} cannot be used: {source}")]
    DataDirectory {
        /// The directory.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner can enter the data directory.
    #[error(
        "others can enter the data directory ({mode:o}); run: chmod 700 {path} (where the file \
        system has no such permissions, set server.accept_open_data_dir)"
    )]
    OpenToOthers {
        /// The directory.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// Another server uses the data directory.
    #[error("the data directory {path} cannot be had: {source}")]
    Lock {
        /// The directory.
        path: String,
        /// Why.
        source: LockError,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The keys of what is stored cannot be had.
    #[error("the keys cannot be had: {0}")]
    Seal(#[from] SealError),
    /// The database cannot be opened.
    #[error("the database cannot be opened: {0}")]
    Store(#[from] StoreError),
    /// The database was written by a later version, and is there as it was before that.
    #[error(
        "{source}; it was brought there at {made_at}, and is kept as it was before: with this \
        version, `clonememoria rollback` goes back to that"
    )]
    Upgraded {
        /// How new it is.
        source: StoreError,
        /// When.
        made_at: Timestamp,
    },
    /// The accounts cannot be opened.
    #[error("the accounts cannot be opened: {0}")]
    Accounts(#[from] accounts::AccountError),
    /// The directory for files cannot be made.
    #[error("the directory for files cannot be made: {0}")]
    Blobs(#[from] crate::store::BlobError),
    /// Backups cannot be made or read.
    #[error("{0}")]
    Backup(#[from] BackupError),
    /// The way out cannot be set up.
    #[error("outgoing connections cannot be set up: {0}")]
    Outbound(#[from] OutboundError),
    /// There is no certificate to serve with.
    #[error("TLS cannot be served: {0}")]
    Tls(#[from] TlsError),
    /// The configured language model cannot be used.
    #[error("`llm.base_url` cannot be used: {0}")]
    Llm(String),
    /// The configured mail server cannot be used.
    #[error("the `[mail]` settings cannot be used: {0}")]
    Mail(String),
    /// A configured provider of sign-ins cannot be used.
    #[error("the providers of sign-ins cannot be used: {0}")]
    Oidc(String),
}

impl StartError {
    /// Whether it is because of what is stored, and not of where or how.
    pub(super) fn is_of_data(&self) -> bool {
        matches!(self, Self::Seal(_) | Self::Store(_) | Self::Accounts(_) | Self::Blobs(_))
    }

    /// The exit code of the process, after `sysexits.h`.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::DataDirectory { .. } | Self::Lock { source: LockError::Io(_), .. } => 73,
            Self::Lock { .. } => 75,
            Self::Listen { .. } => 69,
            Self::OpenToOthers { .. } | Self::Seal(_) => 78,
            Self::Llm(_) | Self::Mail(_) | Self::Oidc(_) | Self::Tls(_) => 78,
            Self::Store(StoreError::Newer { .. } | StoreError::Ledger(_))
            | Self::Upgraded { .. } => 78,
            Self::Backup(error) => exit_code_of_backup(error),
            // A supervisor need not try again: it takes somebody to put it right.
            Self::Store(StoreError::Broken { .. }) => 74,
            Self::Store(_) | Self::Accounts(_) => 75,
            _ => 74,
        }
    }
}

/// What whoever asked a running server for a trial or a restore is told.
impl From<StartError> for Fault {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Backup(error) => error.into(),
            StartError::Store(error @ StoreError::Newer { .. }) => {
                let detail = error.to_string();
                Self::new(Kind::Invalid, "backup_newer", detail).because(error)
            }
            // What is in it cannot be opened.
            error @ (StartError::Seal(_)
            | StartError::Store(
                StoreError::Broken { .. }
                | StoreError::Open(_)
                | StoreError::Damaged { .. }
                | StoreError::Seal { .. },
            )) => {
                let detail = error.to_string();
                Self::new(Kind::Invalid, "backup_damaged", detail).because(error)
            }
            StartError::Store(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

fn exit_code_of_backup(error: &BackupError) -> u8 {
    match error {
        BackupError::Nowhere | BackupError::Newer { .. } | BackupError::Ledger(_) => 78,
        BackupError::Missing(_) | BackupError::NoCopy(_) | BackupError::NoSnapshot(_) => 66,
        BackupError::OtherKeys
        | BackupError::Damaged(_)
        | BackupError::NoRecoveryKey
        | BackupError::NoRecipient => 65,
        BackupError::Running | BackupError::Stopped => 75,
        _ => 74,
    }
}

/// Keeps the kinds of faults in one place for exit codes of commands.
pub fn exit_code_of(kind: Kind) -> u8 {
    match kind {
        Kind::Malformed | Kind::Invalid => 65,
        Kind::NotFound | Kind::Conflict => 66,
        Kind::Unavailable => 69,
        _ => 70,
    }
}
