//! Opening what is stored: its keys, then the database.

use std::path::PathBuf;

use super::{StartError, tables};
use crate::config::Config;
use crate::seal::{SealError, Seals};
use crate::store::{Codec, Options, Store, StoreError, Upgrade, WriteTx};
use crate::{conversations, memories, retrieval};

/// The first schema in which what is personal is sealed.
const SEALED: u64 = 2;

/// The steps from older schemas to the present one.
const UPGRADES: &[Upgrade] = &[Upgrade { name: "seal what is personal", run: seal_in }];

/// A build for tests seals nothing when this is set, to be measured without.
#[cfg(feature = "testing")]
const PLAIN: &str = "TESTING_PLAIN";

/// The database, and where the root key lies if it was made just now.
pub(super) fn open(config: &Config) -> Result<(Store, Option<PathBuf>), StartError> {
    let tables = tables();
    let cache_bytes = config.limits.database_cache_bytes;
    let options = Options { tables: &tables, upgrades: UPGRADES, cache_bytes };
    #[cfg(feature = "testing")]
    if std::env::var_os(PLAIN).is_some() {
        return Ok((Store::open(&config.data_dir, Codec::plain(), &options)?, None));
    }
    let (seals, made) = keys(config)?;
    Ok((Store::open(&config.data_dir, Codec::new(seals), &options)?, made))
}

/// The keys. New ones only where nothing was sealed with others.
fn keys(config: &Config) -> Result<(Seals, Option<PathBuf>), StartError> {
    let directory = &config.data_dir;
    if let Some(seals) = Seals::open(directory, &config.root_key)? {
        return Ok((seals, None));
    }
    if Store::schema_in(directory)?.is_some_and(|schema| schema >= SEALED) {
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
