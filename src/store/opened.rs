//! The database file that is open, and what is written beside it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::ahead::Ahead;
use super::disk::Disk;
use super::ledger::{LedgerFile, LedgerLine};
use super::rewrite::{Replaced, rewrite};
use super::{Codec, StoreError, open_file, shred};
use crate::kernel::faults::{Planted, planted};

/// The database that is open now; another one takes its place when the file is written anew.
#[derive(Clone)]
pub(super) struct Current(Arc<RwLock<Arc<redb::Database>>>);

impl Current {
    pub(super) fn new(database: redb::Database) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(database))))
    }

    /// The database, which stays open as long as this is held.
    pub(super) fn get(&self) -> Arc<redb::Database> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, database: redb::Database) -> Arc<redb::Database> {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, Arc::new(database))
    }
}

/// What the writer writes to.
pub(super) struct Opened {
    pub(super) current: Current,
    pub(super) codec: Codec,
    /// The database file, unless it is in memory.
    pub(super) path: Option<PathBuf>,
    pub(super) ledger: LedgerFile,
    pub(super) cache_bytes: usize,
    /// The disk that it is on.
    pub(super) disk: Disk,
    /// What is taken of the file beforehand.
    pub(super) ahead: Arc<Ahead>,
    /// Files that others have taken the place of, while somebody still reads from them.
    pub(super) replaced: Vec<(Arc<redb::Database>, Replaced)>,
}

impl Opened {
    /// Does what was left to do when the program ended, and says what was erased since the
    /// database was as it is.
    ///
    /// # Errors
    /// When the ledger or the keyring cannot be had, or is not this database's.
    pub(super) fn begin(&mut self) -> Result<Vec<LedgerLine>, StoreError> {
        let database = self.current.get();
        let to_repeat = self.ledger.meet(&database, &self.codec)?;
        if !planted(Planted::ShredNotResumed) {
            shred::carry_out(&database, &self.codec)?;
        }
        Ok(to_repeat)
    }

    /// What follows an erasure that is on the disk. Its line is in the ledger before a key goes.
    ///
    /// # Errors
    /// When ledger or keyring cannot be written; it is done the next time then.
    pub(super) fn finish_erasures(&mut self) -> Result<(), StoreError> {
        let database = self.current.get();
        self.ledger.follow(&database, &self.codec)?;
        shred::carry_out(&database, &self.codec)
    }

    /// Writes the file anew.
    ///
    /// # Errors
    /// When it cannot be written; everything is as before then.
    pub(super) fn rewrite(&mut self) -> Result<(), StoreError> {
        let Some(path) = &self.path else { return Ok(()) };
        let length = std::fs::metadata(path).map_or(0, |about| about.len());
        if self.disk.attainable() < length {
            return Err(StoreError::Full);
        }
        let database = self.current.get();
        let open = |beside: &Path| open_file((beside, path), &self.disk, self.cache_bytes);
        let ((new, ahead), replaced) = rewrite(&database, path, open, &self.codec)?;
        drop(database);
        self.ahead = ahead;
        self.replaced.push((self.current.put(new), replaced));
        self.overwrite_replaced();
        Ok(())
    }

    /// Overwrites files that were replaced and that nobody reads any more.
    pub(super) fn overwrite_replaced(&mut self) {
        let (free, read): (Vec<_>, Vec<_>) = std::mem::take(&mut self.replaced)
            .into_iter()
            .partition(|(database, _)| Arc::strong_count(database) == 1);
        self.replaced = read;
        for (database, mut replaced) in free {
            drop(database);
            if let Err(error) = replaced.overwrite() {
                tracing::error!(%error, "the former database file could not be overwritten");
            }
        }
    }
}
