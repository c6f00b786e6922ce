//! Brings a database to the present schema: creates tables, runs numbered upgrades.

use super::overlay::{Batch, WriteTx};
use super::reader::{ReadTx, definition};
use super::{Codec, Holds, Key as _, Options, Rows as _, StoreError, Table, shred};

/// The schema number and what else describes the file itself.
pub(super) const META: Table<u64, u64> = Table::new("meta", Holds::Nothing);
pub(super) const SCHEMA: u64 = 0;
/// There while the file may hold what an upgrade has replaced.
const STALE: u64 = 1;
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
    for info in [&META.info()].into_iter().chain(shred::TABLES).chain(options.tables) {
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
    codec.settle().map_err(|source| StoreError::Seal { table: META.info().name, source })?;
    tx.commit()?;
    Ok(is_stale)
}

/// The table and the key of the mark that a file is to be written anew.
pub(super) fn stale_mark() -> (&'static str, Vec<u8>) {
    (META.info().name, STALE.to_bytes())
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
    Ok(shred::TABLES
        .iter()
        .chain(options.tables)
        .all(|info| names.iter().any(|name| name == info.name)))
}

fn names(database: &redb::Database) -> Result<Vec<String>, StoreError> {
    use redb::{ReadableDatabase as _, TableHandle as _};
    let tx = database.begin_read()?;
    Ok(tx.list_tables()?.map(|table| table.name().to_owned()).collect())
}
