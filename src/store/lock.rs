//! One server a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// Holds the data directory until dropped (or until the process ends, however it ends).
pub struct DataLock {
    _file: File,
}

/// Why the data directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("another process is using this data directory")]
    Taken,
    /// The lock file cannot be opened.
    #[error("its lock file cannot be opened: {0}")]
    Io(#[source] io::Error),
}

impl DataLock {
    /// Takes the data directory for this process.
    ///
    /// # Errors
    /// When another process has it, or the directory cannot be written.
    pub fn take(directory: &Path) -> Result<Self, LockError> {
        let path = directory.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken),
            Err(TryLockError::Error(error)) => Err(LockError::Io(error)),
        }
    }
}
