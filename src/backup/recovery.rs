//! Whose recovery key it is that backups and copies of the keyring are sealed for. Only its public
//! half is kept, in a file of the data directory beside the keyring, and vouched for with a key of
//! the instance: who can write there must not be able to name a key of their own.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::BackupError;
use super::crypt::PublicKey;
use crate::kernel::Timestamp;
use crate::seal::Seals;

/// The file within a data directory.
pub const RECOVERY: &str = "recovery";

/// The recovery key of an instance.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// What is sealed for it.
    pub key: PublicKey,
    /// When it was shown that somebody has it.
    pub since: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct FileRow {
    key: String,
    since: Timestamp,
    voucher: String,
}

fn voucher(seals: &Seals, key: &str, since: Timestamp) -> Result<blake3::Hash, BackupError> {
    let secret = seals.drawn("clonememoria voucher of the recovery key")?;
    Ok(blake3::keyed_hash(&secret, format!("{key} {}", since.0).as_bytes()))
}

/// The recovery key of a data directory, if there is one.
///
/// # Errors
/// When the file cannot be read, or is not as this instance wrote it.
pub fn recovery_in(directory: &Path, seals: &Seals) -> Result<Option<Recovery>, BackupError> {
    let bytes = match std::fs::read(directory.join(RECOVERY)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(BackupError::io("the file `recovery` cannot be read")(error)),
    };
    let damaged = || BackupError::Damaged("the file `recovery` is not as it was written");
    let row: FileRow = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
    let expected = voucher(seals, &row.key, row.since)?;
    match blake3::Hash::from_hex(&row.voucher) {
        Ok(found) if found == expected => {
            Ok(Some(Recovery { key: PublicKey::read(&row.key)?, since: row.since }))
        }
        _ => Err(damaged()),
    }
}

/// Keeps the public half of a recovery key.
///
/// # Errors
/// When it cannot be written.
pub fn keep_recovery(
    directory: &Path,
    seals: &Seals,
    recovery: &Recovery,
) -> Result<(), BackupError> {
    let (key, since) = (recovery.key.to_string(), recovery.since);
    let voucher = voucher(seals, &key, since)?.to_hex().to_string();
    let row = FileRow { key, since, voucher };
    let bytes = serde_json::to_vec(&row).map_err(|_| BackupError::Broken)?;
    keep_file(directory, RECOVERY, &bytes)
        .map_err(BackupError::io("the file `recovery` cannot be written"))
}

/// Puts a file of a data directory in the place of what was there, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn keep_file(directory: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let beside = directory.join(format!("{name}.partial"));
    let mut file = OpenOptions::new();
    let mut file = file.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, directory.join(name))?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::super::crypt::RecoveryKey;
    use super::*;

    #[test]
    fn who_can_write_there_cannot_name_a_key_of_their_own() {
        let directory = tempfile::tempdir().unwrap();
        let (path, seals) = (directory.path(), Seals::in_memory());
        assert!(recovery_in(path, &seals).unwrap().is_none());
        let (own, other) = (RecoveryKey::generate().public(), RecoveryKey::generate().public());
        let since = Timestamp(7);
        keep_recovery(path, &seals, &Recovery { key: own.clone(), since }).unwrap();
        let kept = recovery_in(path, &seals).unwrap().unwrap();
        assert_eq!((kept.key.to_string(), kept.since), (own.to_string(), since));
        let text = std::fs::read_to_string(path.join(RECOVERY)).unwrap();
        let changed = text.replace(&own.to_string(), &other.to_string());
        assert_ne!(changed, text);
        std::fs::write(path.join(RECOVERY), changed).unwrap();
        assert!(recovery_in(path, &seals).is_err());
        std::fs::write(path.join(RECOVERY), text).unwrap();
        assert!(recovery_in(path, &Seals::in_memory()).is_err(), "another instance");
    }
}
