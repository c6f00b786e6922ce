//! One change inside the writer's transaction, kept apart until it is known to succeed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use redb::ReadableTable as _;

use super::reader::{bounds, definition};
use super::rows::Visit;
use super::{Codec, Direction, Key, Portion, Range, RawTable, Row, Rows, StoreError, Table};
use crate::seal::Owner;

type OpenTable<'txn> = redb::Table<'txn, &'static [u8], &'static [u8]>;
type TableChanges = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What lies below a change: the writer's open transaction, without its lifetime.
pub(super) trait Base {
    fn get(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Visits what is there with `own` laid over it.
    fn scan(
        &self,
        table: &'static str,
        own: &TableChanges,
        range: &Range,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError>;
}

/// The tables of an open redb transaction, each opened once.
pub(super) struct Batch<'txn> {
    tx: &'txn redb::WriteTransaction,
    tables: RefCell<BTreeMap<&'static str, Rc<RefCell<OpenTable<'txn>>>>>,
}

impl<'txn> Batch<'txn> {
    pub(super) fn new(tx: &'txn redb::WriteTransaction) -> Self {
        Self { tx, tables: RefCell::default() }
    }

    fn table(&self, name: &'static str) -> Result<Rc<RefCell<OpenTable<'txn>>>, StoreError> {
        if let Some(table) = self.tables.borrow().get(name) {
            return Ok(Rc::clone(table));
        }
        let table = Rc::new(RefCell::new(self.tx.open_table(definition(name))?));
        self.tables.borrow_mut().insert(name, Rc::clone(&table));
        Ok(table)
    }

    /// Takes over what a change that succeeded has written.
    pub(super) fn apply(&self, overlay: Overlay) -> Result<(), StoreError> {
        for (name, changes) in overlay.changes {
            let table = self.table(name)?;
            let mut table = table.borrow_mut();
            for (key, value) in changes {
                match value {
                    Some(value) => table.insert(key.as_slice(), value.as_slice())?,
                    None => table.remove(key.as_slice())?,
                };
            }
        }
        Ok(())
    }
}

impl Base for Batch<'_> {
    fn get(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.table(table)?;
        let table = table.borrow();
        Ok(table.get(key)?.map(|value| value.value().to_vec()))
    }

    fn scan(
        &self,
        table: &'static str,
        own: &TableChanges,
        range: &Range,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let table = self.table(table)?;
        let table = table.borrow();
        let mut below = table.range::<&[u8]>(bounds(range))?;
        let mut above = own.range::<[u8], _>(bounds(range));
        let mut next_below = || match direction {
            Direction::Up => below.next(),
            Direction::Down => below.next_back(),
        };
        let mut next_above = || match direction {
            Direction::Up => above.next(),
            Direction::Down => above.next_back(),
        };
        let mut base = next_below().transpose()?;
        let mut over = next_above();
        loop {
            let order = match (&base, &over) {
                (None, None) => return Ok(()),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((key, _)), Some((own_key, _))) => {
                    let order = key.value().cmp(own_key.as_slice());
                    if direction == Direction::Up { order } else { order.reverse() }
                }
            };
            let flow = match (order, &base, over) {
                (std::cmp::Ordering::Less, Some((key, value)), _) => {
                    visit(key.value(), value.value())
                }
                (_, _, Some((key, Some(value)))) => visit(key, value),
                _ => ControlFlow::Continue(()),
            };
            if flow.is_break() {
                return Ok(());
            }
            if order != std::cmp::Ordering::Greater {
                base = next_below().transpose()?;
            }
            if order != std::cmp::Ordering::Less {
                over = next_above();
            }
        }
    }
}

/// What one change has written so far. Tables are in order, so that the same changes make the
/// same file again.
#[derive(Default)]
pub(super) struct Overlay {
    changes: BTreeMap<&'static str, TableChanges>,
    /// Bytes of keys and values, to bound a batch.
    pub(super) bytes: usize,
}

/// A change in the making: reads see what it has written itself and everything before it.
pub struct WriteTx<'t> {
    base: &'t dyn Base,
    overlay: Overlay,
    codec: &'t Codec,
}

impl<'t> WriteTx<'t> {
    pub(super) fn new(base: &'t dyn Base, codec: &'t Codec) -> Self {
        Self { base, overlay: Overlay::default(), codec }
    }

    /// Bytes of keys and values that it has written so far.
    pub(super) fn bytes(&self) -> usize {
        self.overlay.bytes
    }

    pub(super) fn into_overlay(self) -> Overlay {
        self.overlay
    }

    /// Stores a row, replacing what was there.
    ///
    /// # Errors
    /// When the row cannot be written as CBOR, or its owner was erased.
    pub fn put<K: Key, R: Row<K>>(
        &mut self,
        table: &Table<K, R>,
        key: &K,
        row: &R,
    ) -> Result<(), StoreError> {
        let bytes = key.to_bytes();
        let value = self.codec.encode((table.info.name, &bytes), key, row)?;
        self.set(table.info.name, bytes, Some(value));
        Ok(())
    }

    /// Stores bytes in a table whose bytes are one owner's, replacing what was there.
    ///
    /// # Errors
    /// When they cannot be sealed, or the table's bytes are those of many.
    pub fn put_raw<K: Key>(
        &mut self,
        table: &RawTable<K>,
        key: &K,
        value: &[u8],
    ) -> Result<(), StoreError> {
        let owner = table.owner().ok_or(StoreError::NoOwner { table: table.info.name })?;
        self.put_raw_of(table, key, owner, value)
    }

    /// Stores bytes of somebody's, replacing what was there.
    ///
    /// # Errors
    /// When their owner was erased.
    pub fn put_raw_of<K: Key>(
        &mut self,
        table: &RawTable<K>,
        key: &K,
        owner: Owner,
        value: &[u8],
    ) -> Result<(), StoreError> {
        let key = key.to_bytes();
        let value = self.codec.encode_raw((table.info.name, &key), owner, value)?;
        self.set(table.info.name, key, Some(value));
        Ok(())
    }

    /// Removes a row; nothing happens if there is none.
    pub fn remove<K: Key, R>(&mut self, table: &Table<K, R>, key: &K) {
        self.set(table.info.name, key.to_bytes(), None);
    }

    /// Removes bytes; nothing happens if there are none.
    pub fn remove_raw<K: Key>(&mut self, table: &RawTable<K>, key: &K) {
        self.set(table.info.name, key.to_bytes(), None);
    }

    /// Removes every row of a range and says how many there were.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn remove_range<K, R>(
        &mut self,
        table: &Table<K, R>,
        range: &Range,
    ) -> Result<usize, StoreError> {
        self.remove_bytes(table.info.name, range, usize::MAX)
    }

    /// Removes as many rows of a range as there is room for.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn remove_within<K, R>(
        &mut self,
        table: &Table<K, R>,
        range: &Range,
        room: &mut Portion,
    ) -> Result<(), StoreError> {
        room.take(self.remove_bytes(table.info.name, range, room.left())?);
        Ok(())
    }

    /// Removes as many values of a range of a raw table as there is room for.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn remove_raw_within<K>(
        &mut self,
        table: &RawTable<K>,
        range: &Range,
        room: &mut Portion,
    ) -> Result<(), StoreError> {
        room.take(self.remove_bytes(table.info.name, range, room.left())?);
        Ok(())
    }

    /// How many rows of each table this change removes.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn removed(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let mut counts = BTreeMap::new();
        for (table, changes) in &self.overlay.changes {
            for (key, value) in changes {
                if value.is_none() && self.base.get(table, key)?.is_some() {
                    *counts.entry((*table).to_owned()).or_default() += 1;
                }
            }
        }
        Ok(counts)
    }

    fn remove_bytes(
        &mut self,
        table: &'static str,
        range: &Range,
        most: usize,
    ) -> Result<usize, StoreError> {
        let mut keys = Vec::new();
        if most == 0 {
            return Ok(0);
        }
        self.scan_bytes(table, range, Direction::Up, &mut |key, _| {
            keys.push(key.to_vec());
            if keys.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let count = keys.len();
        for key in keys {
            self.set(table, key, None);
        }
        Ok(count)
    }

    /// Seals all bytes of a table for one owner.
    pub(super) fn reseal_raw_in(
        &mut self,
        table: &'static str,
        owner: Owner,
    ) -> Result<(), StoreError> {
        let mut all = Vec::new();
        self.scan_bytes(table, &Range::all(), Direction::Up, &mut |key, value| {
            all.push((key.to_vec(), self.codec.decode_raw(table, key, value)));
            ControlFlow::Continue(())
        })?;
        for (key, value) in all {
            let sealed = self.codec.encode_raw((table, &key), owner, &value?)?;
            self.set(table, key, Some(sealed));
        }
        Ok(())
    }

    pub(super) fn has_changed(&self, table: &'static str) -> bool {
        self.overlay.changes.contains_key(table)
    }

    pub(super) fn remove_bytes_at(&mut self, table: &'static str, key: Vec<u8>) {
        self.set(table, key, None);
    }

    fn set(&mut self, table: &'static str, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.overlay.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        self.overlay.changes.entry(table).or_default().insert(key, value);
    }
}

impl Rows for WriteTx<'_> {
    fn get_bytes(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(value) = self.overlay.changes.get(table).and_then(|rows| rows.get(key)) {
            return Ok(value.clone());
        }
        self.base.get(table, key)
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
        let none = TableChanges::new();
        let own = self.overlay.changes.get(table).unwrap_or(&none);
        self.base.scan(table, own, range, direction, visit)
    }

    fn codec(&self) -> &Codec {
        self.codec
    }
}
