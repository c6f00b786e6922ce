//! The data directory: for its owner alone.

use std::fs::{DirBuilder, Permissions, metadata, read_dir, set_permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use super::StartError;
use crate::backup::TMP;
use crate::store::DataLock;

/// What its owner may do, and nobody else.
const OWN: u32 = 0o700;

/// Makes the data directory and takes it. One in which there is nothing yet becomes private; one
/// that others can enter is refused, unless they are `accepted`: a file system may know no owners.
///
/// # Errors
/// When it cannot be made, is another server's, or is open to others.
pub(super) fn prepare(directory: &Path, accepted: bool) -> Result<DataLock, StartError> {
    let path = directory.display().to_string();
    let unusable = |source| StartError::DataDirectory { path: path.clone(), source };
    DirBuilder::new().recursive(true).mode(OWN).create(directory).map_err(unusable)?;
    let is_empty = read_dir(directory).map_err(unusable)?.next().is_none();
    if is_empty && open_to_others(directory).is_some() {
        // Not every file system can; whether it did is looked at below.
        drop(set_permissions(directory, Permissions::from_mode(OWN)));
    }
    match open_to_others(directory) {
        Some(mode) if !accepted => Err(StartError::OpenToOthers { path, mode }),
        open => {
            if let Some(mode) = open {
                tracing::warn!("others can enter the data directory ({mode:o}), as accepted");
            }
            DataLock::take(directory).map_err(|source| StartError::Lock { path, source })
        }
    }
}

/// Empties the folder for what is on its way: nothing in it outlives the server that put it there.
///
/// # Errors
/// When it cannot be made.
pub(super) fn fresh_tmp(directory: &Path) -> Result<(), StartError> {
    let path = directory.join(TMP);
    let emptied = match std::fs::remove_dir_all(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => DirBuilder::new().mode(OWN).create(&path),
    };
    emptied.map_err(|source| StartError::DataDirectory { path: path.display().to_string(), source })
}

/// The permissions of a folder that others than its owner can enter.
pub fn open_to_others(path: &Path) -> Option<u32> {
    let mode = metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}
