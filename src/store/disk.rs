//! The disk under the data directory: how much room it has left, and whether it has failed.
//!
//! redb answers nothing but errors after one call of the system that failed, so a full disk must be
//! noticed before it gets there. While less is free than is wanted (`Room`), nothing is added any
//! more; what takes away goes on, from a file that was set aside for it, the reserve. It is given
//! up when the disk has nothing else left, and made again when there is room. Nothing is learnt
//! from a failure by trying again: the first one is written down, and ends the process.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use tokio::sync::watch;

/// The file that is given up when nothing else is left.
const RESERVE: &str = "reserve";
/// What was written of the reserve at once, where the file system cannot set it aside.
const PIECE: usize = 1 << 20;
/// How much more than wanted must be free before it is enough again, as a part of what is wanted:
/// or it would be enough and too little by turns.
const MORE: u64 = 16;

/// How much of the disk is kept free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Nothing is added while less is free, in bytes.
    pub free: u64,
    /// How large the reserve is, in bytes.
    pub reserve: u64,
}

/// What the disk could not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskFailure {
    /// What was tried, as a word: `read`, `write`, `sync`, `grow`, `keys`, `commit`.
    pub what: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub why: String,
}

/// How much is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskFigures {
    /// Bytes that the account of the server may still use, the reserve not among them.
    pub free: u64,
    /// Bytes set aside.
    pub reserve: u64,
    /// Whether too little is free to add anything.
    pub is_low: bool,
}

/// The disk under a data directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Disk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    room: Room,
    free: AtomicU64,
    reserve: AtomicU64,
    /// Held while the reserve is given up or made again.
    turn: Mutex<()>,
    low: watch::Sender<bool>,
    failure: OnceLock<DiskFailure>,
    failed: watch::Sender<bool>,
    #[cfg(any(test, feature = "testing"))]
    faults: super::faults::Faults,
}

impl Disk {
    /// The disk under a directory. Nothing is looked at before [`Disk::look`].
    pub fn under(directory: &Path, room: Room) -> Self {
        Self(Arc::new(Inner {
            directory: directory.to_owned(),
            room,
            free: AtomicU64::new(u64::MAX),
            reserve: AtomicU64::new(0),
            turn: Mutex::default(),
            low: watch::Sender::new(false),
            failure: OnceLock::new(),
            failed: watch::Sender::new(false),
            #[cfg(any(test, feature = "testing"))]
            faults: super::faults::Faults::default(),
        }))
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.0.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve_path(&self) -> PathBuf {
        self.0.directory.join(RESERVE)
    }

    /// Looks how much is left, and makes the reserve if there is room for it. To be called now and
    /// then; it reads two numbers of the file system.
    pub fn look(&self) -> DiskFigures {
        let _turn = self.turn();
        let reserve = size_of(&self.reserve_path());
        self.0.reserve.store(reserve, Relaxed);
        // A file system that does not say is taken for one with room: it will refuse by itself.
        let free = self.available().unwrap_or(u64::MAX);
        let missing = self.0.room.reserve.saturating_sub(reserve);
        // What the reserve will take again is not free.
        let free = free.saturating_sub(missing);
        self.0.free.store(free, Relaxed);
        let was_low = *self.0.low.borrow();
        let wanted = self.0.room.free;
        let enough = if was_low { wanted.saturating_add(wanted / MORE) } else { wanted };
        let is_low = free < enough;
        if is_low != was_low {
            self.0.low.send_replace(is_low);
            tell(is_low, free);
        }
        if !is_low && missing > 0 {
            self.set_aside();
        }
        self.figures()
    }

    fn set_aside(&self) {
        let path = self.reserve_path();
        match make(&path, self.0.room.reserve) {
            Ok(()) => self.0.reserve.store(size_of(&path), Relaxed),
            Err(error) => {
                tracing::warn!(%error, "no room can be set aside for when the disk is full");
                drop(std::fs::remove_file(&path));
            }
        }
    }

    /// Bytes that a file could still take.
    fn available(&self) -> Option<u64> {
        #[cfg(any(test, feature = "testing"))]
        if let Some(told) = self.0.faults.free_bytes() {
            return Some(told);
        }
        let about = statvfs(&self.0.directory).ok()?;
        Some(about.f_bavail.saturating_mul(about.f_frsize))
    }

    /// Bytes that could be had now, with what the reserve would give.
    pub(super) fn attainable(&self) -> u64 {
        let free = self.available().unwrap_or(u64::MAX);
        free.saturating_add(self.0.reserve.load(Relaxed))
    }

    /// Gives the reserve up; whether there was one.
    pub(super) fn release(&self) -> bool {
        let _turn = self.turn();
        let path = self.reserve_path();
        let held = size_of(&path);
        if held == 0 || std::fs::remove_file(&path).is_err() {
            return false;
        }
        self.0.reserve.store(0, Relaxed);
        self.0.low.send_replace(true);
        tracing::warn!(bytes = held, "the disk is full: what was set aside for that is used now");
        true
    }

    /// What was seen when it was looked last.
    pub fn figures(&self) -> DiskFigures {
        DiskFigures {
            free: self.0.free.load(Relaxed),
            reserve: self.0.reserve.load(Relaxed),
            is_low: *self.0.low.borrow(),
        }
    }

    /// Whether things may be added.
    pub fn has_room(&self) -> bool {
        !*self.0.low.borrow()
    }

    /// Resolves when things may be added.
    pub async fn room(&self) {
        let mut low = self.0.low.subscribe();
        // The sender lives as long as we do.
        let _ = low.wait_for(|low| !low).await;
    }

    /// Writes down that it failed; the first failure counts.
    pub(super) fn fail(&self, what: &'static str, path: &Path, why: &dyn std::error::Error) {
        let failure = DiskFailure { what, path: path.to_owned(), why: why.to_string() };
        if self.0.failure.set(failure).is_ok() {
            tracing::error!(what, path = %path.display(), why = %why, "the disk failed");
            self.0.failed.send_replace(true);
        }
    }

    /// What it failed with, if it has.
    pub fn failure(&self) -> Option<&DiskFailure> {
        self.0.failure.get()
    }

    /// Resolves when it has failed.
    pub async fn failed(&self) {
        let mut failed = self.0.failed.subscribe();
        let _ = failed.wait_for(|failed| *failed).await;
    }

    /// The failures that tests want.
    #[cfg(any(test, feature = "testing"))]
    pub fn faults(&self) -> &super::faults::Faults {
        &self.0.faults
    }
}

fn tell(is_low: bool, free: u64) {
    let megabytes = free >> 20;
    if is_low {
        tracing::warn!(megabytes, "the disk is nearly full: nothing is added until there is room");
    } else {
        tracing::info!(megabytes, "there is room on the disk again");
    }
}

/// Bytes that a file takes on the disk; nothing if there is none.
fn size_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |about| about.blocks().saturating_mul(512))
}

/// Sets room aside in a file. What is in it is never read.
fn make(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => file.sync_all(),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => fill(&mut file, bytes),
        Err(error) => Err(error.into()),
    }
}

fn fill(file: &mut File, bytes: u64) -> io::Result<()> {
    let piece = vec![0x5a; PIECE];
    let mut left = usize::try_from(bytes).unwrap_or(usize::MAX);
    while left > 0 {
        let part = left.min(PIECE);
        file.write_all(&piece[..part])?;
        left -= part;
    }
    file.sync_all()
}

/// Whether it is because nothing more fits on the disk.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEGABYTE: u64 = 1 << 20;

    fn disk(directory: &Path) -> Disk {
        Disk::under(directory, Room { free: 64 * MEGABYTE, reserve: MEGABYTE })
    }

    #[test]
    fn what_is_set_aside_is_given_up_once_and_made_again_when_there_is_room() {
        let directory = tempfile::tempdir().unwrap();
        let disk = disk(directory.path());
        disk.faults().say_free(Some(200 * MEGABYTE));
        assert_eq!(disk.look().reserve, MEGABYTE);
        assert!(disk.has_room());
        assert!(disk.release());
        assert!(!disk.release(), "there is nothing more");
        assert!(!disk.has_room(), "who needs it has no room");
        let figures = disk.look();
        assert_eq!((figures.reserve, figures.is_low), (MEGABYTE, false));
    }

    #[test]
    fn little_room_is_not_enough_and_too_little_by_turns() {
        let directory = tempfile::tempdir().unwrap();
        let disk = disk(directory.path());
        let mut seen = Vec::new();
        for megabytes in [70, 65, 64, 66, 67, 68, 70, 200] {
            disk.faults().say_free(Some(megabytes * MEGABYTE));
            seen.push(disk.look().is_low);
        }
        // At 70 the reserve is made, and none of it is free.
        assert_eq!(seen, [false, false, false, false, false, false, false, false]);
        for (megabytes, low) in [(63, true), (64, true), (67, true), (68, false), (64, false)] {
            disk.faults().say_free(Some(megabytes * MEGABYTE));
            assert_eq!(disk.look().is_low, low, "{megabytes}");
        }
    }

    #[test]
    fn the_first_failure_counts() {
        let directory = tempfile::tempdir().unwrap();
        let disk = disk(directory.path());
        assert_eq!(disk.failure(), None);
        disk.fail("sync", Path::new("a"), &io::Error::from_raw_os_error(5));
        disk.fail("write", Path::new("b"), &io::Error::from_raw_os_error(28));
        assert_eq!(disk.failure().map(|failure| failure.what), Some("sync"));
    }
}
