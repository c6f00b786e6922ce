//! The database's file as redb sees it: a file that notices when the disk fails, and that uses the
//! reserve before it says that the disk is full.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

use super::ahead::Ahead;
use super::disk::{Disk, is_full};
#[cfg(any(test, feature = "testing"))]
use super::faults::Call;

/// The file of a database.
#[derive(Debug)]
pub(super) struct DataFile {
    file: FileBackend,
    path: PathBuf,
    disk: Disk,
    ahead: Arc<Ahead>,
}

impl DataFile {
    pub(super) fn new(file: File, path: &Path, disk: Disk) -> Result<Self, DatabaseError> {
        let ahead = Arc::new(Ahead::of(&file).map_err(redb::StorageError::Io)?);
        Ok(Self { file: FileBackend::new(file)?, path: path.to_owned(), disk, ahead })
    }

    /// What is taken of the file beforehand.
    pub(super) fn ahead(&self) -> Arc<Ahead> {
        Arc::clone(&self.ahead)
    }

    /// Notes what went wrong. A call that was told that the disk is full is made once more, with
    /// the reserve.
    fn tried<T>(&self, what: &'static str, call: impl Fn() -> io::Result<T>) -> io::Result<T> {
        let outcome = match call() {
            Err(error) if is_full(&error) && self.disk.release() => call(),
            outcome => outcome,
        };
        if let Err(error) = &outcome {
            self.disk.fail(what, &self.path, error);
        }
        outcome
    }

    #[cfg(any(test, feature = "testing"))]
    fn check(&self, call: Call) -> io::Result<()> {
        self.disk.faults().check(call)
    }
}

impl StorageBackend for DataFile {
    fn len(&self) -> io::Result<u64> {
        self.tried("read", || self.file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        #[cfg(any(test, feature = "testing"))]
        self.tried("read", || self.check(Call::Read))?;
        self.file.read(offset, out).inspect_err(|error| self.disk.fail("read", &self.path, error))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.tried("grow", || {
            #[cfg(any(test, feature = "testing"))]
            self.check(Call::Grow)?;
            self.file.set_len(len)
        })?;
        self.ahead.ends(len);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        // Never again after a failure: what could not be written is forgotten by the system, and
        // the next call would say that all is well.
        #[cfg(any(test, feature = "testing"))]
        self.check(Call::Sync).inspect_err(|error| self.disk.fail("sync", &self.path, error))?;
        self.file.sync_data().inspect_err(|error| self.disk.fail("sync", &self.path, error))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.tried("write", || {
            #[cfg(any(test, feature = "testing"))]
            self.check(Call::Write)?;
            self.file.write(offset, data)
        })?;
        self.ahead.wrote(offset..offset + data.len() as u64);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
