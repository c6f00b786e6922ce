//! Brings a database to the present schema: creates tables, runs numbered upgrades.

use super::dump::OWN_TABLES;
use super::overlay::{Batch, WriteTx};
use super::reader::{ReadTx, definition};
use super::{Codec, Holds, Options, Rows, StoreError, Table, TableInfo, ledger};
use crate::kernel::points::{Point, pass};

/// The schema number and what else describes the file itself.
pub(super) const META: Table<u64, u64> = Table::new("meta", Holds::Nothing);
pub(super) const SCHEMA: u64 = 0;
/// There while the file may hold what an upgrade has replaced.
const STALE: u64 = 1;
/// The number of the last line of the ledger of erasures when the file was written anew.
const REWRITTEN: u64 = 2;
/// The schema of the first release; upgrades count on from here.
const FIRST: u64 = 1;

/// One step from a schema to the next. Steps are numbered by their place in the list, run once
/// each, in one transaction together with the new number, and never change once released.
pub struct Upgrade {
    /// What it does, for the log.
    pub name: &'static str,
    /// The step itself.
    pub run: fn(&mut WriteTx<'_>) -> Result<(), StoreError>,
}

impl Options<'_> {
    /// The schema that this program writes, and the newest that it can read.
    pub fn schema(&self) -> u64 {
        FIRST + self.upgrades.len() as u64
    }
}

/// Whether the file holds what an upgrade has replaced, and is to be written anew.
pub(super) fn prepare(
    database: &redb::Database,
    codec: &Codec,
    options: &Options<'_>,
) -> Result<bool, StoreError> {
    let known = options.schema();
    if let Some(found) = present_schema(database, codec)? {
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        if found == known && all_tables_exist(database, options)? {
            return ReadTx::begin(database, codec)?.has(&META, &STALE);
        }
    }
    let mut tx = database.begin_write()?;
    tx.set_two_phase_commit(true);
    tx.set_quick_repair(true);
    for info in own_tables().chain(options.tables.iter().copied()) {
        tx.open_table(definition(info.name))?;
    }
    let is_stale = {
        let batch = Batch::new(&tx);
        let trusting = codec.trusting_clear();
        let mut change = WriteTx::new(&batch, &trusting);
        let found = change.get(&META, &SCHEMA)?.unwrap_or(known);
        let done = usize::try_from(found.saturating_sub(FIRST)).unwrap_or(usize::MAX);
        for upgrade in options.upgrades.iter().skip(done) {
            tracing::info!(upgrade = upgrade.name, "upgrading the database");
            (upgrade.run)(&mut change)?;
        }
        change.put(&META, &SCHEMA, &known)?;
        if found < known {
            change.put(&META, &STALE, &1)?;
        }
        let is_stale = change.has(&META, &STALE)?;
        batch.apply(change.into_overlay())?;
        is_stale
    };
    pass(Point::UpgradeDone);
    codec.settle().map_err(|source| StoreError::Seal { table: META.info().name, source })?;
    tx.commit()?;
    pass(Point::UpgradeCommitted);
    Ok(is_stale)
}

impl WriteTx<'_> {
    /// Notes that freed pages may hold what must not be read any more, though its key lives on:
    /// the file is to be written anew.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn outdate_pages(&mut self) -> Result<(), StoreError> {
        self.put(&META, &STALE, &1)
    }
}

/// Notes that the file has just been written anew.
pub(super) fn note_rewritten_in(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    tx.remove(&META, &STALE);
    let last = ledger::last(tx)?.map_or(0, |line| line.number);
    tx.put(&META, &REWRITTEN, &last)
}

/// Whether the file is to be written anew.
pub(super) fn is_stale(tx: &impl Rows) -> Result<bool, StoreError> {
    tx.has(&META, &STALE)
}

/// Up to which line of the ledger of erasures nothing is left in freed pages.
pub(super) fn rewritten(tx: &impl Rows) -> Result<u64, StoreError> {
    Ok(tx.get(&META, &REWRITTEN)?.unwrap_or(0))
}

pub(super) fn present_schema(
    database: &redb::Database,
    codec: &Codec,
) -> Result<Option<u64>, StoreError> {
    if !names(database)?.iter().any(|name| name == META.info().name) {
        return Ok(None);
    }
    ReadTx::begin(database, codec)?.get(&META, &SCHEMA)
}

fn all_tables_exist(database: &redb::Database, options: &Options<'_>) -> Result<bool, StoreError> {
    let names = names(database)?;
    let mut wanted = own_tables().chain(options.tables.iter().copied());
    Ok(wanted.all(|info| names.iter().any(|name| name == info.name)))
}

/// What the store itself keeps.
pub(super) fn own_tables() -> impl Iterator<Item = TableInfo> {
    OWN_TABLES.into_iter()
}

fn names(database: &redb::Database) -> Result<Vec<String>, StoreError> {
    use redb::{ReadableDatabase as _, TableHandle as _};
    let tx = database.begin_read()?;
    Ok(tx.list_tables()?.map(|table| table.name().to_owned()).collect())
}
