//! A database as rows that are still sealed, for backups: out of one, and into a new one.

use std::path::Path;

use super::reader::definition;
use super::upgrade::{META, SCHEMA};
use super::{FILE, ReadTx, Rows as _, StoreError, TableInfo, ledger, shred};

/// The tables of the store itself, which are in every database.
pub const OWN_TABLES: [TableInfo; 3] = [META.info(), shred::DOOMED.info(), ledger::LINES.info()];

/// How much is written before it is committed, so that memory stays small.
const AT_ONCE: usize = 32 << 20;

/// The schema of the database of a snapshot.
///
/// # Errors
/// When the database cannot be read.
pub fn schema_of(tx: &ReadTx) -> Result<u64, StoreError> {
    Ok(tx.get(&META, &SCHEMA)?.unwrap_or_default())
}

/// A new database that is filled with rows as they were stored. It is whole after
/// [`Loader::finish`] and worth nothing before.
pub struct Loader {
    database: redb::Database,
    open: Option<(redb::WriteTransaction, usize)>,
}

impl Loader {
    /// A new database in a directory that has none.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(directory: &Path) -> Result<Self, StoreError> {
        let database = redb::Database::create(directory.join(FILE)).map_err(StoreError::opening)?;
        Ok(Self { database, open: None })
    }

    /// Puts rows into a table, which is made if it is missing.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn put<'r>(
        &mut self,
        table: &str,
        rows: impl IntoIterator<Item = (&'r [u8], &'r [u8])>,
    ) -> Result<(), StoreError> {
        let (tx, mut written) = match self.open.take() {
            Some(open) => open,
            None => {
                let mut tx = self.database.begin_write()?;
                tx.set_two_phase_commit(true);
                tx.set_quick_repair(true);
                (tx, 0)
            }
        };
        {
            let mut table = tx.open_table(definition(table))?;
            for (key, value) in rows {
                written += key.len() + value.len();
                table.insert(key, value)?;
            }
        }
        match written > AT_ONCE {
            true => tx.commit()?,
            false => self.open = Some((tx, written)),
        }
        Ok(())
    }

    /// Puts the rest onto the disk.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn finish(mut self) -> Result<(), StoreError> {
        match self.open.take() {
            Some((tx, _)) => Ok(tx.commit()?),
            None => Ok(()),
        }
    }
}
