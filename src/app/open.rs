//! Opening what is stored: its keys, then the database.

use std::path::{Path, PathBuf};

use super::rollback::snapshot_for_us;
use super::{StartError, tables};
use crate::backup::{Snapshot, forget_snapshots, snapshot};
use crate::config::Config;
use crate::kernel::Clock;
use crate::seal::{SealError, Seals};
use crate::store::{Codec, Disk, Options, Store, StoreError, Upgrade, WriteTx};
use crate::{conversations, memories, retrieval};

/// The steps from older schemas to the present one.
const UPGRADES: &[Upgrade] = &[Upgrade { name: "seal what is personal", run: seal_in }];

/// What is known of schemas.
pub(super) mod schemas {
    use std::path::Path;

    use crate::store::{Store, StoreError};

    /// The first in which what is personal is sealed.
    pub(crate) const SEALED: u64 = 2;
    /// The one that this program writes.
    pub(crate) const PRESENT: u64 = 1 + super::UPGRADES.len() as u64;

    /// Whether what is in a data directory is sealed; not if there is nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn is_sealed(directory: &Path) -> Result<bool, StoreError> {
        Ok(Store::schema_in(directory)?.is_some_and(|schema| schema >= SEALED))
    }
}

/// Whether what is in a data directory is sealed; not if there is nothing.
///
/// # Errors
/// When the database cannot be read.
pub fn is_sealed(directory: &Path) -> Result<bool, StoreError> {
    schemas::is_sealed(directory)
}

/// The steps, and in a build for tests, when this is set, one more: as the next version has it.
#[cfg(feature = "testing")]
fn upgrades() -> &'static [Upgrade] {
    const NEXT: &[Upgrade] = &[
        Upgrade { name: "seal what is personal", run: seal_in },
        Upgrade { name: "a step of the next version", run: |_| Ok(()) },
    ];
    if std::env::var_os("TESTING_NEXT_SCHEMA").is_some() { NEXT } else { UPGRADES }
}

#[cfg(not(feature = "testing"))]
fn upgrades() -> &'static [Upgrade] {
    UPGRADES
}

/// A build for tests seals nothing when this is set, to be measured without.
#[cfg(feature = "testing")]
const PLAIN: &str = "TESTING_PLAIN";

/// A database that is gone or empty is not begun anew where somebody's keys are. One that is empty
/// otherwise is what a crash left of a first start.
fn require_database(directory: &Path, seals: &Seals) -> Result<(), StartError> {
    let path = Store::file_in(directory);
    let length = std::fs::metadata(&path).map_or(0, |about| about.len());
    if length > 0 {
        return Ok(());
    }
    if seals.are_used() {
        let reason = "it is gone, and there are keys of what was in it".to_owned();
        return Err(StoreError::Broken { path, reason }.into());
    }
    drop(std::fs::remove_file(&path));
    Ok(())
}

/// What is stored, and the keys of it.
pub(super) struct Data {
    pub(super) store: Store,
    pub(super) seals: Seals,
    /// Where the root key lies if it was made just now.
    pub(super) new_root_key: Option<PathBuf>,
}

/// The newest schema that this program reads.
pub(super) fn known_schema() -> u64 {
    Options { tables: &[], upgrades: upgrades(), cache_bytes: 0 }.schema()
}

/// Opens a data directory.
pub(super) fn open(config: &Config) -> Result<Data, StartError> {
    #[cfg(feature = "testing")]
    if std::env::var_os(PLAIN).is_some() {
        let store = store_in(&config.data_dir, config, Codec::plain())?;
        return Ok(Data { store, seals: Seals::in_memory(), new_root_key: None });
    }
    let schema = Store::schema_in(&config.data_dir)?;
    let (seals, new_root_key) = keys(config, schema)?;
    require_database(&config.data_dir, &seals)?;
    keep_as_it_was(config, &seals, schema)?;
    let store = open_with(&config.data_dir, config, seals.clone())?;
    Ok(Data { store, seals, new_root_key })
}

/// Keeps the database as it is before it is brought to another schema.
fn keep_as_it_was(config: &Config, seals: &Seals, schema: Option<u64>) -> Result<(), StartError> {
    let (directory, now, known) = (&config.data_dir, Clock::system().now(), known_schema());
    match schema {
        Some(found) if found < known => {
            let kept = snapshot(directory, seals, found, now)?;
            tracing::info!(file = %kept.path.display(), "kept as it was before the upgrade");
            Ok(())
        }
        Some(found) if found > known => {
            let source = StoreError::Newer { found, known };
            Err(match snapshot_for_us(config) {
                Some(Snapshot { made_at, .. }) => StartError::Upgraded { source, made_at },
                None => source.into(),
            })
        }
        _ => Ok(forget_snapshots(directory, now)?),
    }
}

/// Opens the database of a directory with keys that are there already.
pub(super) fn open_with(
    directory: &Path,
    config: &Config,
    seals: Seals,
) -> Result<Store, StartError> {
    store_in(directory, config, Codec::new(seals))
}

fn store_in(directory: &Path, config: &Config, codec: Codec) -> Result<Store, StartError> {
    let tables = tables();
    let cache_bytes = config.limits.database_cache_bytes;
    let options = Options { tables: &tables, upgrades: upgrades(), cache_bytes };
    let disk = Disk::under(directory, config.limits.room);
    disk.look();
    Ok(Store::open_on(disk, directory, codec, &options)?)
}

/// The keys. New ones only where nothing was sealed with others.
fn keys(config: &Config, schema: Option<u64>) -> Result<(Seals, Option<PathBuf>), StartError> {
    let directory = &config.data_dir;
    if let Some(seals) = Seals::open(directory, &config.root_key)? {
        return Ok((seals, None));
    }
    if schema.is_some_and(|schema| schema >= schemas::SEALED) {
        return Err(SealError::NoKeyring(Seals::keyring_in(directory)).into());
    }
    Ok(Seals::create(directory, &config.root_key)?)
}

fn seal_in(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    for table in tables() {
        table.reseal_in(tx)?;
    }
    memories::reseal_in(tx)?;
    conversations::reseal_in(tx)?;
    retrieval::reseal_in(tx)
}
