//! A disk that writes down what is done to it, for the database and for the keyring at once.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::image::{Content, Image};
use crate::seal::{Disk, DiskFile};

/// Where the keyring is.
pub const DIRECTORY: &str = "data";
/// The database's file, by its number.
pub const DATABASE: usize = 0;

/// One thing that was done, or known, in the order of time.
#[derive(Clone)]
pub enum Op {
    Write {
        file: usize,
        offset: usize,
        data: Arc<[u8]>,
    },
    SetLen {
        file: usize,
        length: usize,
    },
    Sync {
        file: usize,
    },
    Name {
        path: PathBuf,
        file: usize,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    SyncNames,
    /// The change of this number was handed to the store.
    Started(u64),
    /// The change of this number was said to be durable.
    Acknowledged(u64),
}

/// A lie of the disk, to see that it is found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// The database is never synced.
    Database,
    /// Of its syncs, every other is none.
    EveryOther {
        /// Whether the first of two is done.
        first: bool,
    },
    /// The keyring is never synced.
    Keyring,
    /// Names are never synced.
    Names,
}

type Watcher = Box<dyn FnMut() -> Vec<u64> + Send>;

struct State {
    live: Image,
    log: Vec<Op>,
    lie: Option<Lie>,
    syncs: u64,
}

/// The disk. Cheap to clone.
#[derive(Clone)]
pub struct Medium {
    state: Arc<Mutex<State>>,
    watcher: Arc<Mutex<Option<Watcher>>>,
}

impl fmt::Debug for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Medium")
    }
}

impl Medium {
    /// A disk on which this is.
    pub fn of(image: &Image, lie: Option<Lie>) -> Self {
        let state = State { live: image.clone(), log: Vec::new(), lie, syncs: 0 };
        Self { state: Arc::new(Mutex::new(state)), watcher: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Asks before everything that is done which changes are acknowledged by then.
    pub fn watch(&self, watcher: Watcher) {
        *self.watcher.lock().unwrap() = Some(watcher);
    }

    /// Asks now; how many there are.
    pub fn look(&self) -> usize {
        let known = self.watcher.lock().unwrap().as_mut().map(|watcher| watcher());
        let known = known.unwrap_or_default();
        let count = known.len();
        self.state().log.extend(known.into_iter().map(Op::Acknowledged));
        count
    }

    pub fn note(&self, op: Op) {
        self.state().log.push(op);
    }

    /// What was done so far.
    pub fn log(&self) -> Vec<Op> {
        self.state().log.clone()
    }

    fn act(&self, op: Op, on: impl FnOnce(&mut Image)) {
        self.look();
        let mut state = self.state();
        on(&mut state.live);
        state.log.push(op);
    }

    fn sync(&self, file: usize) {
        self.look();
        let mut state = self.state();
        let is_database = file == DATABASE;
        if is_database {
            state.syncs += 1;
        }
        let is_first = state.syncs % 2 == 1;
        let lies = match state.lie {
            Some(Lie::Database) => is_database,
            Some(Lie::EveryOther { first }) => is_database && is_first != first,
            Some(Lie::Keyring) => !is_database,
            Some(Lie::Names) | None => false,
        };
        if !lies {
            state.log.push(Op::Sync { file });
        }
    }

    /// What is on it now.
    pub fn image(&self) -> Image {
        self.state().live.clone()
    }

    /// The database's file.
    pub fn database(&self) -> Part {
        Part { medium: self.clone(), file: DATABASE }
    }
}

/// One file of it.
#[derive(Debug)]
pub struct Part {
    medium: Medium,
    file: usize,
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

impl redb::StorageBackend for Part {
    fn len(&self) -> io::Result<u64> {
        Ok(self.medium.state().live.files[self.file].len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.medium.state();
        let there = state.live.files[self.file].read(place(offset), out);
        there.then_some(()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let (file, length) = (self.file, place(length));
        self.medium.act(Op::SetLen { file, length }, |live| live.files[file].set_len(length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.medium.sync(self.file);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (file, offset) = (self.file, place(offset));
        let op = Op::Write { file, offset, data: data.into() };
        self.medium.act(op, |live| live.files[file].write(offset, data));
        Ok(())
    }
}

impl DiskFile for Part {
    fn length(&self) -> io::Result<usize> {
        redb::StorageBackend::len(self).map(place)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        redb::StorageBackend::write(self, 0, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        redb::StorageBackend::sync_data(self)
    }
}

impl Disk for Medium {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.state();
        state.live.named(path).map(Content::all).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.state().live.names.get(path).copied();
        let file = file.ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Part { medium: self.clone(), file }))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let there = self.state().live.names.get(path).copied();
        let file = there.unwrap_or_else(|| self.state().live.files.len());
        let part = Part { medium: self.clone(), file };
        if there.is_some() {
            redb::StorageBackend::set_len(&part, 0)?;
            return Ok(Box::new(part));
        }
        let path = path.to_owned();
        let op = Op::Name { path: path.clone(), file };
        self.act(op, |live| {
            live.files.push(Content::default());
            live.names.insert(path, file);
        });
        Ok(Box::new(part))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (from.to_owned(), to.to_owned());
        let op = Op::Rename { from: from.clone(), to: to.clone() };
        self.act(op, |live| rename(live, &from, &to));
        Ok(())
    }

    fn sync_names(&self, _: &Path) -> io::Result<()> {
        self.look();
        let mut state = self.state();
        if state.lie != Some(Lie::Names) {
            state.log.push(Op::SyncNames);
        }
        Ok(())
    }
}

/// Gives a file another name, if it has the first.
pub fn rename(image: &mut Image, from: &Path, to: &Path) {
    if let Some(file) = image.names.remove(from) {
        image.names.insert(to.to_owned(), file);
    }
}
