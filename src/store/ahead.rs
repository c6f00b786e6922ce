//! Room in the database's file that is taken before a commit needs it.
//!
//! redb cannot be told in the middle of a commit that the disk is full: it would answer nothing but
//! errors from then on. So the blocks behind the last one that was written are taken from the file
//! system beforehand, some megabytes at a time, and a commit for which there are none is not begun.
//! The file's length is redb's: it doubles it while it is small, and taking all of that would cost
//! twice the disk. Pages are given out from the front, so that blocks behind the last are the next.

use std::fs::File;
use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// Taken at once.
const STEP: u64 = 4 << 20;

/// What of the file is taken.
#[derive(Debug, Default)]
struct Taken {
    /// Where the last block ends that was written.
    written: u64,
    /// Up to where blocks are taken.
    until: u64,
    /// Whether the file system takes none beforehand.
    never: bool,
}

/// The blocks of a file, taken ahead of what is written. Nothing is taken without a file.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    file: Option<File>,
    taken: Mutex<Taken>,
}

impl Ahead {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        Ok(Self { file: Some(file.try_clone()?), taken: Mutex::default() })
    }

    /// Notes what was written.
    pub(super) fn wrote(&self, until: u64) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.written = taken.written.max(until);
    }

    /// Notes that the file ends there now.
    pub(super) fn ends(&self, length: u64) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.written = taken.written.min(length);
        taken.until = taken.until.min(length);
    }

    /// Whether so many bytes are taken behind the last.
    pub(super) fn has(&self, bytes: u64) -> bool {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.written.saturating_add(bytes) <= taken.until
    }

    /// Sees to it that so many bytes can be written behind the last.
    ///
    /// # Errors
    /// When the disk is full, or fails.
    pub(super) fn take(&self, bytes: u64) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = taken.written.saturating_add(bytes);
        if taken.never || wanted <= taken.until {
            return Ok(());
        }
        let at = taken.written;
        let reserve = |length| fallocate(file, FallocateFlags::KEEP_SIZE, at, length);
        let (least, most) = (wanted - at, wanted.saturating_add(STEP) - at);
        let outcome = reserve(most).map(|()| most);
        match outcome.or_else(|_| reserve(least).map(|()| least)) {
            Ok(length) => {
                taken.until = at + length;
                Ok(())
            }
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                taken.never = true;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn blocks_are_taken_behind_what_was_written_and_the_length_stays() {
        let mut directory = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut directory, &[1; 10_000]).unwrap();
        let ahead = Ahead::of(&directory).unwrap();
        ahead.wrote(10_000);
        ahead.take(1 << 20).unwrap();
        let about = directory.metadata().unwrap();
        assert_eq!(about.len(), 10_000);
        assert!(about.blocks() * 512 >= STEP + (1 << 20));
        let before = about.blocks();
        ahead.take(2 << 20).unwrap();
        assert_eq!(directory.metadata().unwrap().blocks(), before, "there is enough still");
    }
}
