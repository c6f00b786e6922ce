//! A slice declares its tables as constants of these types.

use std::marker::PhantomData;

use super::codec::damaged;
use super::{Key, Range, ReadTx, Row, Rows as _, StoreError, TableState, WriteTx, inspect};
use crate::seal::Owner;

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
    /// Whether it is worth nothing elsewhere or later, as sign-ins are: it is in no backup.
    pub is_passing: bool,
    sealing: Sealing,
}

/// Reads all rows of a table.
type Reader = fn(&ReadTx, &'static str) -> Result<TableState, StoreError>;

/// What was read of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Rows that are there.
    pub rows: u64,
    /// Those of them whose keys were destroyed: what they said is gone for good.
    pub erased: u64,
}

/// How what is in a table finds its owner.
#[derive(Clone, Copy, Debug)]
enum Sealing {
    /// Each row says it; this writes them all anew, and that reads them.
    Rows(fn(&mut WriteTx<'_>, &'static str) -> Result<(), StoreError>, Reader),
    /// All bytes are one owner's.
    Bytes(Owner),
    /// Whose the bytes are is known to the slice alone.
    Told,
}

impl TableInfo {
    /// Seals every row of the table, which may be in the clear.
    ///
    /// # Errors
    /// When a row cannot be read or sealed.
    pub fn reseal_in(&self, tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
        match self.sealing {
            Sealing::Rows(reseal, _) => reseal(tx, self.name),
            Sealing::Bytes(owner) => tx.reseal_raw_in(self.name, owner),
            Sealing::Told => Ok(()),
        }
    }

    /// What reads the table.
    pub(super) fn reader(&self) -> Reader {
        match self.sealing {
            Sealing::Rows(_, reader) => reader,
            Sealing::Bytes(_) | Sealing::Told => inspect::bytes,
        }
    }

    /// Opens and reads every row of the table.
    ///
    /// # Errors
    /// When one is damaged.
    pub fn read_all(&self, tx: &ReadTx) -> Result<Read, StoreError> {
        let TableState { rows, faults, erased, first } = self.examine(tx)?;
        if faults > erased {
            return Err(damaged(self.name, &first.join("; ")));
        }
        Ok(Read { rows: rows + erased, erased })
    }
}

fn reseal<K: Key, R: Row<K>>(tx: &mut WriteTx<'_>, name: &'static str) -> Result<(), StoreError> {
    let table = Table::<K, R>::new(name, Holds::Nothing);
    for (key, row) in tx.list(&table, &Range::all())? {
        tx.put(&table, &key, &row)?;
    }
    Ok(())
}

/// Rows `R` in the order of their keys `K`.
pub struct Table<K, R> {
    pub(super) info: TableInfo,
    types: PhantomData<fn(K) -> R>,
}

impl<K: Key, R: Row<K>> Table<K, R> {
    /// A table of this name.
    pub const fn new(name: &'static str, holds: Holds) -> Self {
        Self {
            info: TableInfo {
                name,
                holds,
                is_passing: false,
                sealing: Sealing::Rows(reseal::<K, R>, inspect::rows::<K, R>),
            },
            types: PhantomData,
        }
    }

    /// The same table, whose rows are in no backup.
    pub const fn passing(self) -> Self {
        Self { info: TableInfo { is_passing: true, ..self.info }, types: PhantomData }
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
    /// A table of this name whose bytes are all one owner's.
    pub const fn new(name: &'static str, holds: Holds, owner: Owner) -> Self {
        let sealing = Sealing::Bytes(owner);
        let info = TableInfo { name, holds, is_passing: false, sealing };
        Self { info, types: PhantomData }
    }

    /// A table of this name whose bytes are those of many; each time it is told whose.
    pub const fn of_many(name: &'static str, holds: Holds) -> Self {
        let sealing = Sealing::Told;
        let info = TableInfo { name, holds, is_passing: false, sealing };
        Self { info, types: PhantomData }
    }

    /// Whose all of its bytes are, if they are one owner's.
    pub(super) const fn owner(&self) -> Option<Owner> {
        match self.info.sealing {
            Sealing::Bytes(owner) => Some(owner),
            Sealing::Rows(..) | Sealing::Told => None,
        }
    }

    /// Its declaration without its types.
    pub const fn info(&self) -> TableInfo {
        self.info
    }
}
