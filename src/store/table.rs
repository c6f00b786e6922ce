//! A slice declares its tables as constants of these types.

use std::marker::PhantomData;

/// Whose data a table holds; a test compares it with what export and erasure know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Nothing about a person.
    Nothing,
    /// Data of an account.
    Account,
    /// Data of a clone and of those who wrote it.
    Clone,
}

/// A table's name and whose data it holds.
#[derive(Clone, Copy, Debug)]
pub struct TableInfo {
    /// The name in the database; never reused for something else.
    pub name: &'static str,
    /// Whose data it holds.
    pub holds: Holds,
}

/// Rows `R` in the order of their keys `K`.
pub struct Table<K, R> {
    pub(super) info: TableInfo,
    types: PhantomData<fn(K) -> R>,
}

impl<K, R> Table<K, R> {
    /// A table of this name.
    pub const fn new(name: &'static str, holds: Holds) -> Self {
        Self { info: TableInfo { name, holds }, types: PhantomData }
    }

    /// Its declaration without its types.
    pub const fn info(&self) -> TableInfo {
        self.info
    }
}

/// Plain bytes in the order of their keys `K`, for vectors and the like.
pub struct RawTable<K> {
    pub(super) info: TableInfo,
    types: PhantomData<fn(K)>,
}

impl<K> RawTable<K> {
    /// A table of this name.
    pub const fn new(name: &'static str, holds: Holds) -> Self {
        Self { info: TableInfo { name, holds }, types: PhantomData }
    }

    /// Its declaration without its types.
    pub const fn info(&self) -> TableInfo {
        self.info
    }
}
