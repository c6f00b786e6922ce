//! Durable truth. The only place that names redb.
//!
//! The surface is small on purpose: ordered keys, ranges and transactions, so that another
//! ordered transactional engine could stand behind it one day. [`Store::read`] gives a snapshot.
//! [`Store::write`] resolves when the change is on disk; [`Store::decide`] resolves when the
//! change is decided and hands out a [`Durable`] to wait for. Everything that writes goes through
//! one thread, which commits whatever has gathered while the disk was busy (`writer`).

mod blobs;
mod codec;
mod dump;
mod error;
mod key;
mod lock;
mod overlay;
mod paging;
mod reader;
mod rewrite;
mod rows;
mod shred;
mod table;
mod upgrade;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::seal::Seals;

pub use blobs::{BlobError, Blobs};
pub use codec::{Codec, Row, from_cbor};
pub use dump::{Loader, OWN_TABLES, schema_of};
pub use error::StoreError;
pub use key::{Key, KeyError, Words};
pub use lock::{DataLock, LockError};
pub use overlay::WriteTx;
pub use paging::page_of;
pub use reader::ReadTx;
pub use rows::{Direction, Range, Rows};
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
    database: Arc<redb::Database>,
    codec: Codec,
}

impl Store {
    /// Whether there is a database file in `directory`.
    pub fn is_in(directory: &Path) -> bool {
        directory.join(FILE).exists()
    }

    /// The database file of `directory`.
    pub fn file_in(directory: &Path) -> PathBuf {
        directory.join(FILE)
    }

    /// The schema of the database file in `directory`, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn schema_in(directory: &Path) -> Result<Option<u64>, StoreError> {
        if !Self::is_in(directory) {
            return Ok(None);
        }
        let database = redb::Database::open(directory.join(FILE)).map_err(StoreError::opening)?;
        // The schema's number is in the clear.
        upgrade::present_schema(&database, &Codec::new(Seals::in_memory()))
    }

    /// Opens or creates the database file in `directory` and brings it to the present schema. A
    /// file that was brought there is written anew: nothing stays in it as it was before.
    ///
    /// # Errors
    /// When the file cannot be opened, was written by a newer program, or an upgrade fails.
    pub fn open(directory: &Path, codec: Codec, options: &Options<'_>) -> Result<Self, StoreError> {
        let path = directory.join(FILE);
        let database = builder(options).create(&path).map_err(StoreError::opening)?;
        if !upgrade::prepare(&database, &codec, options)? {
            return Self::start(database, codec);
        }
        drop(database);
        rewrite::rewrite(&path)?;
        let database = builder(options).open(&path).map_err(StoreError::opening)?;
        Self::start(database, codec)
    }

    /// A database that lives in memory and is gone when dropped.
    ///
    /// # Errors
    /// When redb refuses its own backend.
    #[cfg(any(test, feature = "testing"))]
    pub fn in_memory(codec: Codec, options: &Options<'_>) -> Result<Self, StoreError> {
        let backend = redb::backends::InMemoryBackend::new();
        let database =
            builder(options).create_with_backend(backend).map_err(StoreError::opening)?;
        upgrade::prepare(&database, &codec, options)?;
        Self::start(database, codec)
    }

    fn start(database: redb::Database, codec: Codec) -> Result<Self, StoreError> {
        let database = Arc::new(database);
        shred::carry_out(&database, &codec)?;
        let writer = writer::Writer::start(Arc::clone(&database), codec.clone())?;
        Ok(Self { inner: Arc::new(Inner { writer, database, codec }) })
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
        let tx = ReadTx::begin(&self.inner.database, &self.inner.codec)?;
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

    /// Whether writing still works; after an error of the disk it does not, until a restart.
    pub fn is_alive(&self) -> bool {
        self.inner.writer.is_alive()
    }

    /// What the writer has done so far.
    pub fn figures(&self) -> WriterFigures {
        self.inner.writer.figures()
    }
}

fn builder(options: &Options<'_>) -> redb::Builder {
    let mut builder = redb::Database::builder();
    builder.set_cache_size(options.cache_bytes);
    builder
}

#[cfg(test)]
mod tests;
