//! Durable truth. The only place that names redb.
//!
//! The surface is small on purpose: ordered keys, ranges and transactions, so that another
//! ordered transactional engine could stand behind it one day. [`Store::read`] gives a snapshot.
//! [`Store::write`] resolves when the change is on disk; [`Store::decide`] resolves when the
//! change is decided and hands out a [`Durable`] to wait for. Everything that writes goes through
//! one thread, which commits whatever has gathered while the disk was busy (`writer`).

mod ahead;
mod blobs;
mod check;
mod codec;
mod data_file;
mod disk;
mod dump;
mod error;
#[cfg(any(test, feature = "testing"))]
mod faults;
mod inspect;
mod key;
mod ledger;
mod lock;
mod opened;
mod overlay;
mod paging;
mod portion;
mod reader;
mod rewrite;
mod rows;
mod shred;
mod spare;
mod survey;
mod table;
mod upgrade;
mod writer;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::seal::{Owner, Seals};

use self::ahead::Ahead;
use self::ledger::LedgerFile;
use self::opened::{Current, Opened};

pub use blobs::{BlobError, Blobs, NewBlob, is_unfinished};
pub use codec::{Codec, Row, from_cbor};
pub use disk::{Disk, DiskFailure, DiskFigures, Room};
pub use dump::{Loader, OWN_TABLES, schema_of};
pub use error::StoreError;
#[cfg(any(test, feature = "testing"))]
pub use faults::{Call, Faults, Way};
pub use inspect::{Inspection, TableState};
pub use key::{Key, KeyError, Words};
pub use ledger::{LEDGER, LedgerError, LedgerLine};
pub use lock::{DataLock, LockError};
pub use overlay::WriteTx;
pub use paging::page_of;
pub use portion::Portion;
pub use reader::ReadTx;
pub use rows::{Direction, Range, Rows};
pub use survey::Occurrences;
pub use table::{Holds, RawTable, Read, Table, TableInfo};
pub use upgrade::Upgrade;
pub use writer::{Durable, WriterFigures};

/// The database file within a data directory.
const FILE: &str = "clonememoria.redb";

/// How the database is opened.
pub struct Options<'a> {
    /// Every table of every slice; they are created when missing.
    pub tables: &'a [TableInfo],
    /// The steps from older schemas to the present one, in order.
    pub upgrades: &'a [Upgrade],
    /// How much of the file redb may keep in memory, in bytes.
    pub cache_bytes: usize,
}

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    // Declared before the database, so that the last commit is over when the file is closed.
    writer: writer::Writer,
    current: Current,
    codec: Codec,
    /// Every table.
    tables: Vec<TableInfo>,
    /// What was erased since the database was as it is: it came back from a backup.
    to_repeat: Vec<LedgerLine>,
    disk: Disk,
}

impl Store {
    /// Whether there is a database file in `directory`.
    pub fn is_in(directory: &Path) -> bool {
        directory.join(FILE).exists()
    }

    /// The database file of a data directory.
    pub fn file_in(directory: &Path) -> PathBuf {
        directory.join(FILE)
    }

    /// The schema of the database file in `directory`, if there is one. Nothing is written.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn schema_in(directory: &Path) -> Result<Option<u64>, StoreError> {
        let length = std::fs::metadata(directory.join(FILE)).map_or(0, |about| about.len());
        if length == 0 {
            return Ok(None);
        }
        let database = check::open_aside(&directory.join(FILE))?;
        // The schema's number is in the clear.
        upgrade::present_schema(&database, &Codec::new(Seals::in_memory()))
    }

    /// Opens or creates the database file in `directory` and brings it to the present schema. A
    /// file that was brought there is written anew: nothing stays in it as it was before.
    ///
    /// # Errors
    /// When the file cannot be opened, was written by a newer program, or an upgrade fails.
    pub fn open(directory: &Path, codec: Codec, options: &Options<'_>) -> Result<Self, StoreError> {
        Self::open_on(Disk::under(directory, Room::default()), directory, codec, options)
    }

    /// The same on a disk that is watched.
    ///
    /// # Errors
    /// The same.
    pub fn open_on(
        disk: Disk,
        directory: &Path,
        codec: Codec,
        options: &Options<'_>,
    ) -> Result<Self, StoreError> {
        let path = directory.join(FILE);
        if path.exists() {
            check::check(&path)?;
        } else {
            rewrite::create(&path, |beside| {
                let (database, _) = open_file((beside, &path), &disk, options.cache_bytes)?;
                upgrade::prepare(&database, &codec, options).map(drop)
            })?;
        }
        let (database, ahead) = open_file((&path, &path), &disk, options.cache_bytes)?;
        let is_stale = upgrade::prepare(&database, &codec, options)?;
        let mut opened = Opened {
            current: Current::new(database),
            codec,
            path: Some(path),
            ledger: LedgerFile::of(directory),
            cache_bytes: options.cache_bytes,
            disk,
            ahead,
            replaced: Vec::new(),
        };
        if is_stale {
            opened.rewrite()?;
        }
        Self::start(opened, options)
    }

    /// A database that lives in memory and is gone when dropped.
    ///
    /// # Errors
    /// When redb refuses its own backend.
    #[cfg(any(test, feature = "testing"))]
    pub fn in_memory(codec: Codec, options: &Options<'_>) -> Result<Self, StoreError> {
        Self::on(redb::backends::InMemoryBackend::new(), codec, options)
    }

    /// A database on something else than a file.
    #[cfg(any(test, feature = "testing"))]
    fn on(
        backend: impl redb::StorageBackend,
        codec: Codec,
        options: &Options<'_>,
    ) -> Result<Self, StoreError> {
        let database = builder(options.cache_bytes)
            .create_with_backend(backend)
            .map_err(StoreError::opening)?;
        upgrade::prepare(&database, &codec, options)?;
        let opened = Opened {
            current: Current::new(database),
            codec,
            path: None,
            ledger: LedgerFile::none(),
            cache_bytes: options.cache_bytes,
            disk: Disk::under(Path::new("/"), Room::default()),
            ahead: Arc::default(),
            replaced: Vec::new(),
        };
        Self::start(opened, options)
    }

    fn start(mut opened: Opened, options: &Options<'_>) -> Result<Self, StoreError> {
        let to_repeat = opened.begin()?;
        let (current, codec, disk) =
            (opened.current.clone(), opened.codec.clone(), opened.disk.clone());
        let writer = writer::Writer::start(opened)?;
        let tables = upgrade::own_tables().chain(options.tables.iter().copied()).collect();
        Ok(Self { inner: Arc::new(Inner { writer, current, codec, tables, to_repeat, disk }) })
    }

    /// Writes the database file anew, so that nothing is left in it of what was removed or
    /// replaced. Reading goes on; writing waits.
    ///
    /// # Errors
    /// When the new file cannot be written; everything is as before then.
    pub async fn rewrite(&self) -> Result<(), StoreError> {
        self.inner.writer.rewrite().await
    }

    /// Whether something was erased since the file was written anew.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_stale(&self) -> Result<bool, StoreError> {
        self.read(upgrade::is_stale)
    }

    /// Up to which line of the ledger of erasures nothing is left in freed pages.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn rewritten(&self) -> Result<u64, StoreError> {
        self.read(upgrade::rewritten)
    }

    /// Whether an owner has no key, here or in the file of the keys.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_shredded(&self, owner: Owner) -> Result<bool, StoreError> {
        let is_doomed = self.read(|tx| shred::is_doomed(tx, owner))?;
        Ok(!is_doomed && !self.inner.codec.has_key(owner))
    }

    /// What was erased since the database was as it is, oldest first: it came back from a backup.
    /// All of it is to be erased again, each with [`WriteTx::adopt_erasure`], before anything else
    /// is written.
    pub fn erasures_to_repeat(&self) -> &[LedgerLine] {
        &self.inner.to_repeat
    }

    /// Every line of the ledger of erasures, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn erasures(&self) -> Result<Vec<LedgerLine>, StoreError> {
        self.read(|tx| ledger::lines(tx, 0))
    }

    /// Runs `look` on a snapshot of everything committed so far.
    ///
    /// # Errors
    /// Whatever `look` returns, or that the database cannot be read.
    pub fn read<T, E, F>(&self, look: F) -> Result<T, E>
    where
        F: FnOnce(&ReadTx) -> Result<T, E>,
        E: From<StoreError>,
    {
        let tx = ReadTx::holding(self.inner.current.get(), &self.inner.codec)?;
        look(&tx)
    }

    /// Runs `change` in the writer's transaction and resolves when it is on disk.
    ///
    /// A change that returns an error leaves nothing behind; others in the same commit are not
    /// touched by it.
    ///
    /// # Errors
    /// Whatever `change` returns, or that the commit failed.
    pub async fn write<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&mut WriteTx<'t>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (value, durable) = self.decide(change).await?;
        durable.wait().await?;
        Ok(value)
    }

    /// Runs `change` in the writer's transaction and resolves as soon as it is decided; the
    /// [`Durable`] tells when it is on disk.
    ///
    /// # Errors
    /// Whatever `change` returns, or that the writer has stopped.
    pub async fn decide<T, E, F>(&self, change: F) -> Result<(T, Durable), E>
    where
        F: for<'t> FnOnce(&mut WriteTx<'t>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.writer.submit(change).await
    }

    /// Whether it still works; after an error of the disk it does not, until a restart.
    pub fn is_alive(&self) -> bool {
        self.inner.writer.is_alive() && self.inner.disk.failure().is_none()
    }

    /// The disk that it is on.
    pub fn disk(&self) -> &Disk {
        &self.inner.disk
    }

    /// What the writer has done so far.
    pub fn figures(&self) -> WriterFigures {
        self.inner.writer.figures()
    }
}

/// Opens the file at a path, or makes it; `called` is what it is called when something fails.
fn open_file(
    (path, called): (&Path, &Path),
    disk: &Disk,
    cache_bytes: usize,
) -> Result<(redb::Database, Arc<Ahead>), StoreError> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let file = file.map_err(|error| StoreError::Open(Box::new(error)))?;
    let file = data_file::DataFile::new(file, called, disk.clone()).map_err(StoreError::opening)?;
    let ahead = file.ahead();
    let database = builder(cache_bytes).create_with_backend(file).map_err(StoreError::opening)?;
    Ok((database, ahead))
}

fn builder(cache_bytes: usize) -> redb::Builder {
    let mut builder = redb::Database::builder();
    builder.set_cache_size(cache_bytes);
    builder
}

#[cfg(test)]
mod tests;
