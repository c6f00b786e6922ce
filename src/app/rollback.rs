//! The way back from an upgrade: the database as it was before, with the program that wrote it.

use super::StartError;
use super::data_dir::{fresh_tmp, prepare};
use super::open::known_schema;
use crate::backup::{self, BackupError, Snapshot, open_snapshot, snapshots_in};
use crate::config::Config;
use crate::seal::{SealError, Seals};
use crate::store::DataLock;

/// A snapshot that this version can go back to.
pub struct Rollback {
    config: Config,
    snapshot: Snapshot,
    _lock: DataLock,
}

/// The newest snapshot of the schema that this program writes.
pub(super) fn snapshot_for_us(config: &Config) -> Option<Snapshot> {
    let found = snapshots_in(&config.data_dir).ok()?;
    found.into_iter().rfind(|one| one.schema == known_schema())
}

impl Rollback {
    /// Takes the data directory and finds the snapshot.
    ///
    /// # Errors
    /// When a server has the directory, or there is none that this version writes.
    pub fn take(config: &Config) -> Result<Self, StartError> {
        let lock = prepare(&config.data_dir, config.accept_open_data_dir)?;
        backup::settle(&config.data_dir)?;
        fresh_tmp(&config.data_dir)?;
        let missing = || BackupError::NoSnapshot(known_schema());
        let snapshot = snapshot_for_us(config).ok_or_else(missing)?;
        Ok(Self { config: config.clone(), snapshot, _lock: lock })
    }

    /// What it goes back to.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Puts it into the place of the database.
    ///
    /// # Errors
    /// When it is damaged; then everything is as it was.
    pub fn carry_out(self) -> Result<(), StartError> {
        let directory = &self.config.data_dir;
        let seals = Seals::open(directory, &self.config.root_key)?;
        let seals = seals.ok_or_else(|| SealError::NoKeyring(Seals::keyring_in(directory)))?;
        let swap = backup::begin(directory)?;
        if let Err(error) = open_snapshot(&seals, &self.snapshot, &swap.folder()) {
            swap.give_up();
            return Err(error.into());
        }
        Ok(swap.carry_out(&["clonememoria.redb", "index"])?)
    }
}
