//! Opening what is stored: its keys, then the database.

use std::path::{Path, PathBuf};

use super::{StartError, tables};
use crate::config::Config;
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

/// A build for tests seals nothing when this is set, to be measured without.
#[cfg(feature = "testing")]
const PLAIN: &str = "TESTING_PLAIN";

/// The database, and where the root key lies if it was made just now.
pub(super) fn open(config: &Config) -> Result<(Store, Option<PathBuf>), StartError> {
    let tables = tables();
    let cache_bytes = config.limits.database_cache_bytes;
    let options = Options { tables: &tables, upgrades: UPGRADES, cache_bytes };
    let disk = Disk::under(&config.data_dir, config.limits.room);
    disk.look();
    #[cfg(feature = "testing")]
    if std::env::var_os(PLAIN).is_some() {
        return Ok((Store::open_on(disk, &config.data_dir, Codec::plain(), &options)?, None));
    }
    let (seals, made) = keys(config)?;
    require_database(&config.data_dir, &seals)?;
    Ok((Store::open_on(disk, &config.data_dir, Codec::new(seals), &options)?, made))
}

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

/// The keys. New ones only where nothing was sealed with others.
fn keys(config: &Config) -> Result<(Seals, Option<PathBuf>), StartError> {
    let directory = &config.data_dir;
    if let Some(seals) = Seals::open(directory, &config.root_key)? {
        return Ok((seals, None));
    }
    if schemas::is_sealed(directory)? {
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
