//! Room on the disk for what a commit and what follows it write: taken before, or given up for.

use super::disk::{Disk, is_full};
use super::opened::Opened;
use super::{FILE, LedgerError, StoreError};
use crate::seal::SealError;

/// What a commit may take of the disk besides what is written in it: pages of the tree, and what
/// a page has more than its rows.
pub(super) const OVERHEAD: u64 = 1 << 20;
/// How much of the disk a byte that is written may take at the most: pages are copied, and values
/// take a power of two.
const PER_BYTE: u64 = 4;

/// What a commit may need of the disk, taken before anything of it is written.
pub(super) struct Spare<'d> {
    pub(super) opened: &'d Opened,
    pub(super) needed: u64,
}

impl Spare<'_> {
    /// Takes what so many bytes may need; what the disk has no room for is never begun.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), StoreError> {
        if bytes == 0 {
            return Ok(());
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let needed = self.needed.saturating_add(bytes.saturating_mul(PER_BYTE));
        let Opened { ahead, disk, .. } = self.opened;
        let mut taken = ahead.take(needed);
        if taken.as_ref().is_err_and(is_full) && disk.release() {
            taken = ahead.take(needed);
        }
        match taken {
            // Some file systems take nothing beforehand.
            Ok(()) if !ahead.has(needed) && disk.attainable() < needed => Err(StoreError::Full),
            Ok(()) => {
                self.needed = needed;
                Ok(())
            }
            Err(error) if is_full(&error) => Err(StoreError::Full),
            Err(error) => {
                disk.fail("grow", std::path::Path::new(FILE), &error);
                Err(StoreError::Stopped)
            }
        }
    }
}

/// Whether the keys that were made since are on the disk, or there is no room for them. The file
/// is small and written beside the old one, so a full disk harms nothing; a disk that fails at it
/// is trusted with nothing else.
pub(super) fn keys_are_kept(opened: &Opened) -> Result<bool, StoreError> {
    let seal = |source| StoreError::Seal { table: "keyring", source };
    with_room(&opened.disk, || opened.codec.settle().map_err(seal))
}

/// Whether what follows erasures is done, or there is no room for that: then it is done with the
/// next commit, or at the next start.
pub(super) fn erasures_are_finished(opened: &mut Opened) -> Result<bool, StoreError> {
    let disk = opened.disk.clone();
    with_room(&disk, || opened.finish_erasures())
}

/// Writes a small file; a full disk is no failure, and gives the reserve for it first.
fn with_room(
    disk: &Disk,
    mut write: impl FnMut() -> Result<(), StoreError>,
) -> Result<bool, StoreError> {
    let mut written = write();
    if written.as_ref().is_err_and(is_without_room) && disk.release() {
        written = write();
    }
    match written {
        Ok(()) => Ok(true),
        Err(error) if is_without_room(&error) => {
            tracing::warn!("there is no room for the keyring; what needs it is refused");
            Ok(false)
        }
        Err(error) => {
            if let Some((path, source)) = failed_file(&error) {
                disk.fail("keys", path, source);
            }
            Err(error)
        }
    }
}

/// The file that could not be written, and why.
fn failed_file(error: &StoreError) -> Option<(&std::path::Path, &std::io::Error)> {
    match error {
        StoreError::Seal { source: SealError::File { path, source }, .. }
        | StoreError::Ledger(LedgerError::File(path, source)) => Some((path, source)),
        _ => None,
    }
}

fn is_without_room(error: &StoreError) -> bool {
    failed_file(error).is_some_and(|(_, source)| is_full(source))
}
