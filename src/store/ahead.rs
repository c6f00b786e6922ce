//! Room in the database's file that is taken before a commit needs it.
//!
//! redb cannot be told in the middle of a commit that the disk is full: it would answer nothing but
//! errors from then on. So blocks for what a commit writes are taken from the file system before,
//! some megabytes at a time, and a commit for which there are none is not begun.
//!
//! The file's length is redb's: it doubles it while it is small, and taking all of that would cost
//! twice the disk. Most of a new half has no blocks; it is a hole. redb gives pages out by a buddy
//! allocator: the smallest free piece that is large enough, and of equal ones the first. The small
//! pieces of a hole lie at both of its ends, so blocks are taken at both ends of every hole, and
//! behind the end of the file, for when it grows.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};
use rustix::io::Errno;

/// Taken at once.
const STEP: u64 = 4 << 20;
/// A page of redb.
const PAGE: u64 = 4 << 10;

/// Parts of a file, by where they begin; no two touch.
#[derive(Debug, Default)]
struct Parts(BTreeMap<u64, u64>);

impl Parts {
    fn add(&mut self, mut part: Range<u64>) {
        let before = self.0.range(..=part.start).next_back();
        // Most pages were written before.
        if part.is_empty() || before.is_some_and(|(_, end)| *end >= part.end) {
            return;
        }
        let touching = self.0.range(..=part.end).rev();
        let touching = touching.take_while(|(_, end)| **end >= part.start);
        let touching: Vec<(u64, u64)> = touching.map(|(start, end)| (*start, *end)).collect();
        for (start, end) in touching {
            self.0.remove(&start);
            part = part.start.min(start)..part.end.max(end);
        }
        self.0.insert(part.start, part.end);
    }

    /// Forgets what is behind the end.
    fn end_at(&mut self, end: u64) {
        drop(self.0.split_off(&end));
        if let Some(mut last) = self.0.last_entry() {
            *last.get_mut() = end.min(*last.get());
        }
    }

    /// What is between them within a part.
    fn between(&self, within: Range<u64>) -> Vec<Range<u64>> {
        let before = self.0.range(..within.start).next_back().map(|(_, end)| *end);
        let mut at = within.start.max(before.unwrap_or_default());
        let mut between = Vec::new();
        for (start, end) in self.0.range(within.start..).chain([(&within.end, &within.end)]) {
            between.push(at..(*start).min(within.end));
            at = at.max(*end);
            if at >= within.end {
                break;
            }
        }
        between.retain(|part| !part.is_empty());
        between
    }
}

/// What of the file is there.
#[derive(Debug, Default)]
struct Taken {
    /// What was written; what is between is holes.
    written: Parts,
    /// What has blocks.
    backed: Parts,
    /// Where the file ends.
    length: u64,
    /// Whether the file system takes none beforehand.
    never: bool,
}

impl Taken {
    fn note_written(&mut self, part: Range<u64>) {
        self.backed.add(part.clone());
        self.written.add(part);
    }

    /// What lacks blocks of so many bytes at both ends of every hole, and behind the end.
    fn lacking(&self, bytes: u64) -> Vec<Range<u64>> {
        let mut wanted = Parts::default();
        for hole in self.written.between(0..self.length) {
            wanted.add(hole.start..hole.start.saturating_add(bytes).min(hole.end));
            wanted.add(hole.end.saturating_sub(bytes).max(hole.start)..hole.end);
        }
        wanted.add(self.length..self.length.saturating_add(bytes));
        wanted.0.into_iter().flat_map(|(start, end)| self.backed.between(start..end)).collect()
    }
}

/// The blocks of a file, taken ahead of what is written. Nothing is taken without a file.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    file: Option<File>,
    taken: Mutex<Taken>,
}

impl Ahead {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let mut taken = Taken { length: file.metadata()?.len(), ..Taken::default() };
        let mut at = 0;
        while let Some(part) = data_from(file, at)? {
            at = part.end;
            taken.note_written(part);
        }
        Ok(Self { file: Some(file.try_clone()?), taken: Mutex::new(taken) })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what was written.
    pub(super) fn wrote(&self, part: Range<u64>) {
        self.taken().note_written(part);
    }

    /// Notes that the file ends there now.
    pub(super) fn ends(&self, length: u64) {
        let mut taken = self.taken();
        let has_grown = taken.length < length;
        taken.written.end_at(length);
        // What was taken behind the end is the front of the new hole.
        if !has_grown {
            taken.backed.end_at(length);
        }
        taken.length = length;
        drop(taken);
        if has_grown {
            // For the other end. If there is no room for that, what was set aside for a full disk
            // is used when it is written.
            let _room = self.take(PAGE);
        }
    }

    /// Whether so many bytes are taken wherever they may be written.
    pub(super) fn has(&self, bytes: u64) -> bool {
        self.taken().lacking(bytes).is_empty()
    }

    /// Sees to it that so many bytes can be written.
    ///
    /// # Errors
    /// When the disk is full, or fails.
    pub(super) fn take(&self, bytes: u64) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut taken = self.taken();
        if taken.never || taken.lacking(bytes).is_empty() {
            return Ok(());
        }
        let more = take_all(file, &mut taken, bytes.saturating_add(STEP));
        match more.or_else(|_| take_all(file, &mut taken, bytes)) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                taken.never = true;
                Ok(())
            }
            outcome => Ok(outcome?),
        }
    }
}

fn take_all(file: &File, taken: &mut Taken, bytes: u64) -> rustix::io::Result<()> {
    for part in taken.lacking(bytes) {
        fallocate(file, FallocateFlags::KEEP_SIZE, part.start, part.end - part.start)?;
        taken.backed.add(part);
    }
    Ok(())
}

/// The first part from there on that has blocks.
fn data_from(file: &File, at: u64) -> io::Result<Option<Range<u64>>> {
    let part = seek(file, SeekFrom::Data(at))
        .and_then(|start| Ok(start..seek(file, SeekFrom::Hole(start))?));
    match part {
        Ok(part) => Ok(Some(part)),
        // There is none.
        Err(Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileExt as _, MetadataExt as _};

    use super::*;

    const MB: u64 = 1 << 20;

    fn on_disk(file: &File) -> u64 {
        file.metadata().unwrap().blocks() * 512
    }

    #[test]
    fn blocks_are_taken_behind_what_was_written_and_the_length_stays() {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&[1; 10_000], 0).unwrap();
        let ahead = Ahead::of(&file).unwrap();
        ahead.take(MB).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 10_000);
        let before = on_disk(&file);
        assert!(before >= STEP + MB);
        ahead.take(2 * MB).unwrap();
        assert_eq!(on_disk(&file), before, "there is enough still");
    }

    #[test]
    fn both_ends_of_every_hole_are_taken_and_not_what_is_between() {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&[1; 4_096], 0).unwrap();
        file.write_all_at(&[1; 4_096], 100 * MB).unwrap();
        // One that was there when the file was opened.
        let ahead = Ahead::of(&file).unwrap();
        assert!(!ahead.has(MB));
        ahead.take(MB).unwrap();
        assert!(ahead.has(MB));
        let taken = on_disk(&file);
        assert!((3 * (STEP + MB)..4 * (STEP + MB)).contains(&taken), "{taken}");
        // And one that came to be since.
        file.set_len(200 * MB).unwrap();
        ahead.ends(200 * MB);
        assert!(ahead.has(0));
        ahead.take(MB).unwrap();
        let taken = on_disk(&file);
        assert!((5 * STEP..9 * (STEP + MB)).contains(&taken), "{taken}");
        // A small one is taken whole.
        file.write_all_at(&[1; 4_096], 50 * MB).unwrap();
        ahead.wrote(50 * MB..50 * MB + 4_096);
        ahead.take(30 * MB).unwrap();
        assert!(on_disk(&file) >= 100 * MB);
    }

    #[test]
    fn parts_that_touch_are_one() {
        let mut parts = Parts::default();
        for part in [10..20, 30..40, 20..30, 5..6, 90..100, 0..0, 12..15, 50..60, 35..52] {
            parts.add(part);
        }
        assert_eq!(parts.0, BTreeMap::from([(5, 6), (10, 60), (90, 100)]));
        assert_eq!(parts.between(0..120), [0..5, 6..10, 60..90, 100..120]);
        assert_eq!(parts.between(0..70), [0..5, 6..10, 60..70]);
        assert_eq!(parts.between(3..90), [3..5, 6..10, 60..90]);
        assert_eq!(parts.between(20..30), []);
        parts.end_at(55);
        assert_eq!(parts.0, BTreeMap::from([(5, 6), (10, 55)]));
        parts.end_at(6);
        assert_eq!(parts.0, BTreeMap::from([(5, 6)]));
    }

    #[test]
    fn a_hole_wants_blocks_until_it_is_written() {
        let mut taken = Taken { length: 100, ..Taken::default() };
        taken.note_written(0..10);
        taken.note_written(99..100);
        assert_eq!(taken.lacking(4), [10..14, 95..99, 100..104]);
        taken.backed.add(10..14);
        taken.backed.add(95..104);
        assert_eq!(taken.lacking(4), []);
        taken.note_written(10..13);
        assert_eq!(taken.lacking(5), [14..18, 94..95, 104..105]);
        assert_eq!(taken.lacking(60), [14..95, 104..160]);
    }
}
