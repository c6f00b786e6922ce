//! A snapshot: what was committed when it was taken.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use redb::{ReadableDatabase as _, TableDefinition};

use super::rows::Visit;
use super::{Codec, Direction, Range, Rows, StoreError};

/// A read transaction.
pub struct ReadTx {
    tx: redb::ReadTransaction,
    codec: Codec,
    /// Keeps the file as it is while it is read.
    _database: Option<Arc<redb::Database>>,
}

impl ReadTx {
    pub(super) fn begin(database: &redb::Database, codec: &Codec) -> Result<Self, StoreError> {
        Ok(Self { tx: database.begin_read()?, codec: codec.clone(), _database: None })
    }

    /// The same on a database that another may take the place of meanwhile.
    pub(super) fn holding(
        database: Arc<redb::Database>,
        codec: &Codec,
    ) -> Result<Self, StoreError> {
        Ok(Self { _database: Some(Arc::clone(&database)), ..Self::begin(&database, codec)? })
    }
}

pub(super) fn definition(name: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}

pub(super) type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

pub(super) fn bounds(range: &Range) -> Bounds<'_> {
    (range.from.as_ref().map(Vec::as_slice), range.to.as_ref().map(Vec::as_slice))
}

impl Rows for ReadTx {
    fn get_bytes(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.tx.open_table(definition(table))?;
        Ok(table.get(key)?.map(|value| value.value().to_vec()))
    }

    fn scan_bytes(
        &self,
        table: &'static str,
        range: &Range,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        if range.is_empty() {
            return Ok(());
        }
        let table = self.tx.open_table(definition(table))?;
        let mut rows = table.range::<&[u8]>(bounds(range))?;
        let mut next = || match direction {
            Direction::Up => rows.next(),
            Direction::Down => rows.next_back(),
        };
        while let Some(row) = next() {
            let (key, value) = row?;
            if let ControlFlow::Break(()) = visit(key.value(), value.value()) {
                break;
            }
        }
        Ok(())
    }

    fn codec(&self) -> &Codec {
        &self.codec
    }
}
