//! Checking a database file without touching it: what redb would write is kept in memory, so a file
//! that is damaged stays what it is, for whoever can make more of it.
//!
//! Values are sealed, and a value that was changed opens no more. The tree around them is not: its
//! pages carry checksums, which redb looks at only when it is asked to. That is done here, before
//! the file is opened for good, because a page that points elsewhere would make rows disappear
//! without a word.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use redb::StorageBackend;

use super::StoreError;

/// Bytes that are kept together.
const BLOCK: u64 = 4096;

/// How much of a database is held in memory while it is looked through.
const CACHE: usize = 16 << 20;

/// Opens a database so that nothing of what is done with it reaches the file.
///
/// # Errors
/// [`StoreError::Broken`] when it is no database, or a damaged one.
pub(super) fn open_aside(path: &Path) -> Result<redb::Database, StoreError> {
    let broken = |reason: String| StoreError::Broken { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|error| broken(error.to_string()))?;
    let length = file.metadata().map_err(|error| broken(error.to_string()))?.len();
    if length == 0 {
        return Err(broken("it is empty".to_owned()));
    }
    let aside = Aside { file, of_file: length, state: Mutex::new(State::of(length)) };
    guarded(path, || {
        let mut builder = redb::Database::builder();
        builder.set_cache_size(CACHE);
        builder.create_with_backend(aside).map_err(|error| broken(error.to_string()))
    })
}

/// Looks through a whole database.
///
/// # Errors
/// [`StoreError::Broken`] when something in it is not what was written.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    let mut database = open_aside(path)?;
    let broken = |reason: String| StoreError::Broken { path: path.to_owned(), reason };
    let sound =
        guarded(path, || database.check_integrity().map_err(|error| broken(error.to_string())))?;
    if sound { Ok(()) } else { Err(broken("its pages do not fit together".to_owned())) }
}

thread_local! {
    /// Whether a panic of this thread is expected, and told otherwise.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs code of redb that may panic over what it reads; that is an answer like others, and nobody
/// is to read of it twice.
pub(super) fn guarded<T>(
    path: &Path,
    look: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
    let was_quiet = QUIET.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(look));
    QUIET.set(was_quiet);
    outcome.unwrap_or_else(|_| {
        let reason = "a page is not what it should be".to_owned();
        Err(StoreError::Broken { path: path.to_owned(), reason })
    })
}

/// A file, and beside it what was written since.
#[derive(Debug)]
struct Aside {
    file: File,
    /// The length of the file.
    of_file: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    length: u64,
    /// Up to where the file counts: it was cut shorter and longer again since, perhaps.
    valid: u64,
    blocks: BTreeMap<u64, Box<[u8]>>,
}

impl State {
    fn of(length: u64) -> Self {
        Self { length, valid: length, blocks: BTreeMap::new() }
    }
}

impl Aside {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block as it is now.
    fn block(&self, state: &State, number: u64) -> io::Result<Box<[u8]>> {
        if let Some(block) = state.blocks.get(&number) {
            return Ok(block.clone());
        }
        let from = number * BLOCK;
        let mut block = vec![0; usize::try_from(BLOCK).unwrap_or(usize::MAX)].into_boxed_slice();
        let there = state.valid.min(self.of_file).saturating_sub(from).min(BLOCK);
        let there = usize::try_from(there).unwrap_or(0);
        self.file.read_exact_at(&mut block[..there], from)?;
        Ok(block)
    }
}

/// The parts of blocks that a range of bytes covers: the block, where in it, and how many.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let end = offset + length as u64;
    let mut at = offset;
    std::iter::from_fn(move || {
        let within = at % BLOCK;
        let count = (BLOCK - within).min(end - at);
        let part = (at / BLOCK, within as usize, count as usize);
        at += count;
        (count > 0).then_some(part)
    })
}

impl StorageBackend for Aside {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        if offset.saturating_add(out.len() as u64) > state.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut done = 0;
        for (number, within, count) in parts(offset, out.len()) {
            let block = self.block(&state, number)?;
            out[done..done + count].copy_from_slice(&block[within..within + count]);
            done += count;
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        if length < state.length {
            let last = length / BLOCK;
            let mut block = self.block(&state, last)?;
            block[usize::try_from(length % BLOCK).unwrap_or(0)..].fill(0);
            state.blocks.retain(|number, _| *number < last);
            state.blocks.insert(last, block);
            state.valid = state.valid.min(length);
        }
        state.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let mut done = 0;
        for (number, within, count) in parts(offset, data.len()) {
            let mut block = self.block(&state, number)?;
            block[within..within + count].copy_from_slice(&data[done..done + count]);
            state.blocks.insert(number, block);
            done += count;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
