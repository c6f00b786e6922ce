//! Looking into a database that nobody uses, without changing it: every row is opened and read.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::seal::SealError;

use super::check::{check, guarded, open_aside};
use super::reader::ReadTx;
use super::{Codec, Direction, FILE, Key, Range, Row, Rows as _, StoreError, TableInfo, upgrade};

/// Faults of a table that are kept with their keys; more are counted.
const KEPT: usize = 3;

/// A database that is looked into.
pub struct Inspection {
    database: redb::Database,
    codec: Codec,
    path: PathBuf,
}

/// What is in a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableState {
    /// Rows that can be read.
    pub rows: u64,
    /// Rows that cannot.
    pub faults: u64,
    /// Those of them whose keys are gone.
    pub erased: u64,
    /// Why, and under which keys (in hexadecimal), of the first of them.
    pub first: Vec<String>,
}

impl TableState {
    fn note<T>(&mut self, key: &[u8], read: Result<T, StoreError>) {
        let Err(error) = read else {
            self.rows += 1;
            return;
        };
        self.faults += 1;
        if let StoreError::Seal { source: SealError::NoKey | SealError::Erased, .. } = &error {
            self.erased += 1;
        }
        if self.first.len() < KEPT {
            let reason = match error {
                StoreError::Damaged { reason, .. } => reason,
                StoreError::Seal { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            self.first.push(format!("{}: {reason}", hex(key)));
        }
    }
}

impl Inspection {
    /// Looks through the pages of the database file in `directory`.
    ///
    /// # Errors
    /// [`StoreError::Broken`] with what is wrong.
    pub fn check_pages(directory: &Path) -> Result<(), StoreError> {
        check(&directory.join(FILE))
    }

    /// Opens the database in `directory` as it is.
    ///
    /// # Errors
    /// When it is no database, or none that this program knows.
    pub fn open(directory: &Path, codec: Codec) -> Result<Self, StoreError> {
        let path = directory.join(FILE);
        Ok(Self { database: open_aside(&path)?, codec, path })
    }

    /// Its schema, if it has one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn schema(&self) -> Result<Option<u64>, StoreError> {
        guarded(&self.path, || upgrade::present_schema(&self.database, &self.codec))
    }

    /// Looks at what is in it.
    ///
    /// # Errors
    /// Whatever `look` returns, or that pages cannot be read.
    pub fn read<T>(
        &self,
        look: impl FnOnce(&ReadTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        guarded(&self.path, || look(&ReadTx::begin(&self.database, &self.codec)?))
    }
}

impl TableInfo {
    /// Opens and reads every row.
    ///
    /// # Errors
    /// When there is no such table, or its pages cannot be read.
    pub fn examine(&self, tx: &ReadTx) -> Result<TableState, StoreError> {
        (self.reader())(tx, self.name)
    }
}

/// Reads a table of rows.
pub(super) fn rows<K: Key, R: Row<K>>(
    tx: &ReadTx,
    name: &'static str,
) -> Result<TableState, StoreError> {
    let mut state = TableState::default();
    tx.scan_bytes(name, &Range::all(), Direction::Up, &mut |key, value| {
        let read = super::rows::read_key::<K>(name, key)
            .and_then(|known| tx.codec().decode::<K, R>((name, key), &known, value));
        state.note(key, read);
        ControlFlow::Continue(())
    })?;
    Ok(state)
}

/// Reads a table of plain bytes.
pub(super) fn bytes(tx: &ReadTx, name: &'static str) -> Result<TableState, StoreError> {
    let mut state = TableState::default();
    tx.scan_bytes(name, &Range::all(), Direction::Up, &mut |key, value| {
        state.note(key, tx.codec().decode_raw(name, key, value));
        ControlFlow::Continue(())
    })?;
    Ok(state)
}

/// Bytes as text.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
