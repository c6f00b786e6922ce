//! Reading rows, the same way from a snapshot and from a change that is being made.

use std::ops::{Bound, ControlFlow};

use super::codec::{Codec, damaged};
use super::{Key, RawTable, Row, StoreError, Table};

/// Which way a scan walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the smallest key up.
    Up,
    /// From the largest key down.
    Down,
}

/// Which keys a scan visits.
#[derive(Clone, Debug)]
pub struct Range {
    pub(super) from: Bound<Vec<u8>>,
    pub(super) to: Bound<Vec<u8>>,
}

impl Range {
    /// Every key.
    pub fn all() -> Self {
        Self { from: Bound::Unbounded, to: Bound::Unbounded }
    }

    /// Every key that begins with `prefix`.
    pub fn prefix(prefix: &impl Key) -> Self {
        let bytes = prefix.to_bytes();
        Self { to: end_of(&bytes), from: Bound::Included(bytes) }
    }

    /// From one key on, itself included, up to but without another.
    pub fn between(from: &impl Key, to: &impl Key) -> Self {
        Self { from: Bound::Included(from.to_bytes()), to: Bound::Excluded(to.to_bytes()) }
    }

    /// Up to one key, itself included.
    pub fn up_to(key: &impl Key) -> Self {
        Self { from: Bound::Unbounded, to: Bound::Included(key.to_bytes()) }
    }

    /// What is left of this range after a key, in the direction of the walk.
    #[must_use]
    pub fn after(mut self, key: &[u8], direction: Direction) -> Self {
        let bound = Bound::Excluded(key.to_vec());
        match direction {
            // A cursor from elsewhere must not widen the range.
            Direction::Up if self.admits(key) => self.from = bound,
            Direction::Down if self.admits(key) => self.to = bound,
            _ => self.to = Bound::Excluded(Vec::new()),
        }
        self
    }

    fn admits(&self, key: &[u8]) -> bool {
        let range = (self.from.as_ref().map(Vec::as_slice), self.to.as_ref().map(Vec::as_slice));
        std::ops::RangeBounds::<[u8]>::contains(&range, key)
    }

    pub(super) fn is_empty(&self) -> bool {
        match (&self.from, &self.to) {
            (Bound::Included(from), Bound::Excluded(to)) => from >= to,
            (Bound::Excluded(from), Bound::Excluded(to)) => from >= to,
            (Bound::Unbounded, Bound::Excluded(to)) => to.is_empty(),
            _ => false,
        }
    }
}

/// The first key after all that begin with `prefix`.
fn end_of(prefix: &[u8]) -> Bound<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Bound::Excluded(end);
        }
    }
    Bound::Unbounded
}

/// What a scan calls for each key and value.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// Access to stored rows.
pub trait Rows {
    /// The bytes under a key.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn get_bytes(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Visits keys and values in order until told to stop.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn scan_bytes(
        &self,
        table: &'static str,
        range: &Range,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError>;

    /// How values are stored.
    fn codec(&self) -> &Codec;

    /// The row under a key.
    ///
    /// # Errors
    /// When the database cannot be read or the row is damaged.
    fn get<K: Key, R: Row<K>>(
        &self,
        table: &Table<K, R>,
        key: &K,
    ) -> Result<Option<R>, StoreError> {
        let bytes_of_key = key.to_bytes();
        let Some(bytes) = self.get_bytes(table.info.name, &bytes_of_key)? else {
            return Ok(None);
        };
        self.codec().decode((table.info.name, &bytes_of_key), key, &bytes).map(Some)
    }

    /// Whether there is a row under a key.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn has<K: Key, R: Row<K>>(&self, table: &Table<K, R>, key: &K) -> Result<bool, StoreError> {
        Ok(self.get_bytes(table.info.name, &key.to_bytes())?.is_some())
    }

    /// The bytes under a key of a raw table.
    ///
    /// # Errors
    /// When the database cannot be read or the value is damaged.
    fn get_raw<K: Key>(&self, table: &RawTable<K>, key: &K) -> Result<Option<Vec<u8>>, StoreError> {
        let key = key.to_bytes();
        let Some(bytes) = self.get_bytes(table.info.name, &key)? else {
            return Ok(None);
        };
        self.codec().decode_raw(table.info.name, &key, &bytes).map(Some)
    }

    /// Visits rows in order until `visit` breaks or fails.
    ///
    /// # Errors
    /// Whatever `visit` returns, or that a row cannot be read.
    fn scan<K: Key, R: Row<K>, E: From<StoreError>>(
        &self,
        table: &Table<K, R>,
        range: &Range,
        direction: Direction,
        mut visit: impl FnMut(K, R) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let name = table.info.name;
        let mut failed = None;
        self.scan_bytes(name, range, direction, &mut |key, value| {
            let step = read_key::<K>(name, key)
                .and_then(|k| self.codec().decode((name, key), &k, value).map(|row| (k, row)))
                .map_err(E::from)
                .and_then(|(key, row)| visit(key, row));
            step.unwrap_or_else(|error| {
                failed = Some(error);
                ControlFlow::Break(())
            })
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// Visits the keys of a table in order, without reading its rows.
    ///
    /// # Errors
    /// Whatever `visit` returns, or that a key cannot be read.
    fn scan_keys<K: Key, R, E: From<StoreError>>(
        &self,
        table: &Table<K, R>,
        range: &Range,
        direction: Direction,
        mut visit: impl FnMut(K) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let name = table.info.name;
        let mut failed = None;
        self.scan_bytes(name, range, direction, &mut |key, _| {
            let step = read_key::<K>(name, key).map_err(E::from).and_then(&mut visit);
            step.unwrap_or_else(|error| {
                failed = Some(error);
                ControlFlow::Break(())
            })
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// Visits the values of a raw table in order.
    ///
    /// # Errors
    /// Whatever `visit` returns, or that a value cannot be read.
    fn scan_raw<K: Key, E: From<StoreError>>(
        &self,
        table: &RawTable<K>,
        range: &Range,
        direction: Direction,
        mut visit: impl FnMut(K, Vec<u8>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let name = table.info.name;
        let mut failed = None;
        self.scan_bytes(name, range, direction, &mut |key, value| {
            let step = read_key::<K>(name, key)
                .and_then(|k| Ok((k, self.codec().decode_raw(name, key, value)?)))
                .map_err(E::from)
                .and_then(|(key, value)| visit(key, value));
            step.unwrap_or_else(|error| {
                failed = Some(error);
                ControlFlow::Break(())
            })
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// All rows of a range, in order.
    ///
    /// # Errors
    /// When a row cannot be read.
    fn list<K: Key, R: Row<K>>(
        &self,
        table: &Table<K, R>,
        range: &Range,
    ) -> Result<Vec<(K, R)>, StoreError> {
        let mut rows = Vec::new();
        self.scan(table, range, Direction::Up, |key, row| {
            rows.push((key, row));
            Ok::<_, StoreError>(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    /// All keys of a range, in order.
    ///
    /// # Errors
    /// When a key cannot be read.
    fn keys<K: Key, R>(&self, table: &Table<K, R>, range: &Range) -> Result<Vec<K>, StoreError> {
        let mut keys = Vec::new();
        self.scan_keys(table, range, Direction::Up, |key| {
            keys.push(key);
            Ok::<_, StoreError>(ControlFlow::Continue(()))
        })?;
        Ok(keys)
    }
}

pub(super) fn read_key<K: Key>(table: &'static str, mut bytes: &[u8]) -> Result<K, StoreError> {
    let key = K::read(&mut bytes).map_err(|error| damaged(table, &error.to_string()))?;
    if bytes.is_empty() { Ok(key) } else { Err(damaged(table, "a key is too long")) }
}
