//! The database as it was before an upgrade, for the way back: its file as a whole, sealed for this
//! instance, in the data directory. It says nothing to anybody without the keyring, and is gone
//! after a month, because an item that is erased since is in it still.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::BackupError;
use super::crypt::{Openers, open, seal};
use super::make::room_for;
use super::schedule::moment_of;
use crate::kernel::Timestamp;
use crate::seal::Seals;
use crate::store::Store;

/// The folder within a data directory.
const SNAPSHOTS: &str = "snapshots";
const ENDING: &str = ".redb.age";
/// How long one is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A database as it was before an upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The file.
    pub path: PathBuf,
    /// Its schema.
    pub schema: u64,
    /// When it was made.
    pub made_at: Timestamp,
}

fn failed(source: std::io::Error) -> BackupError {
    BackupError::Io { what: "the snapshot before the upgrade".to_owned(), source }
}

/// Keeps the database of a data directory as it is; nobody may have it open.
///
/// # Errors
/// When there is no room for it, or the disk fails.
pub fn snapshot(
    directory: &Path,
    seals: &Seals,
    schema: u64,
    now: Timestamp,
) -> Result<Snapshot, BackupError> {
    let folder = directory.join(SNAPSHOTS);
    std::fs::create_dir_all(&folder).map_err(failed)?;
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        // An upgrade that was broken off has one already, or the beginning of one.
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".partial") || name.starts_with(&format!("schema-{schema}-")) {
            std::fs::remove_file(path).map_err(failed)?;
        }
    }
    let database = Store::file_in(directory);
    room_for(database.metadata().map_err(failed)?.len(), &folder)?;
    let moment = jiff::Timestamp::from_microsecond(now.0).map_err(|_| BackupError::Broken)?;
    let name = format!("schema-{schema}-{}{ENDING}", moment.strftime("%Y%m%dT%H%M%SZ"));
    let (path, partial) = (folder.join(&name), folder.join(format!("{name}.partial")));
    let mut options = OpenOptions::new();
    let out = options.write(true).create(true).truncate(true).mode(0o600).open(&partial);
    let mut sealing = seal(seals, None, BufWriter::new(out.map_err(failed)?))?;
    let sealed = File::open(database)
        .and_then(|mut database| std::io::copy(&mut database, &mut sealing))
        .and_then(|_| sealing.finish())
        .and_then(|mut out| {
            out.flush()?;
            out.get_ref().sync_all()?;
            std::fs::rename(&partial, &path)?;
            File::open(&folder)?.sync_all()
        });
    sealed.map_err(failed)?;
    Ok(Snapshot { path, schema, made_at: now })
}

/// The snapshots of a data directory, the oldest first.
///
/// # Errors
/// When they cannot be listed.
pub fn snapshots_in(directory: &Path) -> Result<Vec<Snapshot>, BackupError> {
    let entries = match std::fs::read_dir(directory.join(SNAPSHOTS)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        found.extend(of_path(path));
    }
    found.sort_by_key(|one| (one.made_at, one.schema));
    Ok(found)
}

fn of_path(path: PathBuf) -> Option<Snapshot> {
    let name = path.file_name()?.to_str()?.strip_suffix(ENDING)?.strip_prefix("schema-")?;
    let (schema, moment) = name.split_once('-')?;
    let (schema, made_at) = (schema.parse().ok()?, moment_of(moment)?);
    Some(Snapshot { path, schema, made_at })
}

/// Puts the database of a snapshot into a folder that has none.
///
/// # Errors
/// When it is damaged, or of another instance.
pub fn open_snapshot(seals: &Seals, snapshot: &Snapshot, into: &Path) -> Result<(), BackupError> {
    let sealed = BufReader::new(File::open(&snapshot.path).map_err(failed)?);
    let mut opened = open(&Openers::own(seals)?, sealed)?;
    let mut file = File::create_new(Store::file_in(into)).map_err(failed)?;
    std::io::copy(&mut opened, &mut file).map_err(BackupError::reading)?;
    file.sync_all().map_err(failed)
}

/// Removes those that are older than a month.
///
/// # Errors
/// When one stays.
pub fn forget_snapshots(directory: &Path, now: Timestamp) -> Result<(), BackupError> {
    for old in snapshots_in(directory)?.iter().filter(|one| now.since(one.made_at) > KEPT) {
        std::fs::remove_file(&old.path).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_000_000_000_000);

    #[test]
    fn a_snapshot_gives_the_file_back_and_shows_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (path, seals) = (directory.path(), Seals::in_memory());
        let words = b"what somebody wrote before anything was sealed".repeat(5_000);
        std::fs::write(Store::file_in(path), &words).unwrap();
        let made = snapshot(path, &seals, 1, NOW).unwrap();
        // A second try replaces the first.
        let again = snapshot(path, &seals, 1, NOW.plus(Duration::from_secs(9))).unwrap();
        assert!(!made.path.exists());
        let sealed = std::fs::read(&again.path).unwrap();
        assert!(!sealed.windows(20).any(|part| part == &words[..20]));
        assert_eq!(snapshots_in(path).unwrap().len(), 1);
        let into = tempfile::tempdir().unwrap();
        let found = snapshots_in(path).unwrap().remove(0);
        open_snapshot(&seals, &found, into.path()).unwrap();
        assert_eq!(std::fs::read(Store::file_in(into.path())).unwrap(), words);
        let other = tempfile::tempdir().unwrap();
        assert!(open_snapshot(&Seals::in_memory(), &found, other.path()).is_err());
        std::fs::write(&found.path, &sealed[..sealed.len() - 1]).unwrap();
        let third = tempfile::tempdir().unwrap();
        assert!(open_snapshot(&seals, &found, third.path()).is_err(), "cut short");
    }

    #[test]
    fn they_are_gone_after_a_month() {
        let directory = tempfile::tempdir().unwrap();
        let (path, seals) = (directory.path(), Seals::in_memory());
        std::fs::write(Store::file_in(path), "x").unwrap();
        snapshot(path, &seals, 1, NOW).unwrap();
        snapshot(path, &seals, 2, NOW.plus(KEPT)).unwrap();
        forget_snapshots(path, NOW.plus(KEPT)).unwrap();
        assert_eq!(snapshots_in(path).unwrap().len(), 2);
        forget_snapshots(path, NOW.plus(KEPT + Duration::from_secs(1))).unwrap();
        assert_eq!(snapshots_in(path).unwrap().len(), 1);
    }
}
