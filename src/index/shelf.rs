//! The text indexes that are open: a server has thousands of clones and few files.

use std::collections::HashMap;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::text::{IndexError, TextIndex};

/// Indexes open at once; each costs some files and 36 bytes a passage.
const OPEN: usize = 64;
/// Writers open at once; each costs three threads and 15 MB.
const WRITING: usize = 4;

struct Shelved {
    index: Arc<TextIndex>,
    used: u64,
    written: u64,
}

#[derive(Default)]
struct Shelf {
    open: HashMap<String, Shelved>,
    clock: u64,
}

/// All clones' text indexes, one folder each, opened when needed and closed when others are.
pub struct TextIndexes {
    folder: PathBuf,
    shelf: Mutex<Shelf>,
}

impl std::fmt::Debug for TextIndexes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextIndexes").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl TextIndexes {
    /// The indexes below `folder`.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, shelf: Mutex::default() }
    }

    /// The index of a clone, for searching. `clone` names its folder: letters, digits, dashes.
    ///
    /// # Errors
    /// When it can be neither opened nor made anew.
    pub fn reading(&self, clone: &str) -> Result<Arc<TextIndex>, IndexError> {
        self.take(clone, false)
    }

    /// The index of a clone, for changing it.
    ///
    /// # Errors
    /// When it can be neither opened nor made anew.
    pub fn writing(&self, clone: &str) -> Result<Arc<TextIndex>, IndexError> {
        self.take(clone, true)
    }

    fn take(&self, clone: &str, writing: bool) -> Result<Arc<TextIndex>, IndexError> {
        let (index, tired) = {
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            shelf.clock += 1;
            let now = shelf.clock;
            if !shelf.open.contains_key(clone) {
                let index = Arc::new(opened_or_made(&self.path(clone)?)?);
                shelf.open.insert(clone.to_owned(), Shelved { index, used: now, written: 0 });
            }
            let Some(shelved) = shelf.open.get_mut(clone) else {
                return Err(IndexError::Folder(std::io::ErrorKind::NotFound.into()));
            };
            shelved.used = now;
            if writing {
                shelved.written = now;
            }
            let index = Arc::clone(&shelved.index);
            (index, shelf.close_some(clone, writing))
        };
        // Outside the lock: waiting for a merge must not keep other clones from their index.
        for other in tired {
            other.rest()?;
        }
        Ok(index)
    }

    /// Closes a clone's index: it is opened again when it is needed.
    pub fn close(&self, clone: &str) {
        let shelved = {
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            shelf.open.remove(clone)
        };
        if let Some(shelved) = shelved
            && let Err(error) = shelved.index.rest()
        {
            tracing::debug!(%error, "a text index was closed in the middle of a merge");
        }
    }

    /// Closes a clone's index and removes its folder.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn remove(&self, clone: &str) -> Result<(), IndexError> {
        // A failed merge does not matter for files that are about to go.
        self.close(clone);
        // Under the lock: who opens it meanwhile would begin anew in a folder that is going.
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.open.remove(clone);
        TextIndex::wipe(&self.path(clone)?)
    }

    /// Which clones have a folder, open or not.
    ///
    /// # Errors
    /// When the folder of all cannot be read; that there is none is no error.
    pub fn folders(&self) -> Result<Vec<String>, IndexError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
        let names: Result<Vec<_>, std::io::Error> = names.collect();
        Ok(names?.into_iter().flatten().collect())
    }

    fn path(&self, clone: &str) -> Result<PathBuf, IndexError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if clone.is_empty() || !clone.chars().all(plain) {
            return Err(IndexError::Folder(std::io::ErrorKind::InvalidInput.into()));
        }
        Ok(self.folder.join(clone))
    }
}

/// Opens an index; one that cannot be opened is derived state and begun anew. Under the lock of
/// the shelf, so that nobody removes what somebody else has just begun.
fn opened_or_made(folder: &Path) -> Result<TextIndex, IndexError> {
    // tantivy may panic over files that are not what they were.
    let opened = catch_unwind(|| TextIndex::open(folder)).unwrap_or(Err(IndexError::Changed));
    opened.or_else(|error| {
        tracing::warn!(%error, "a text index cannot be opened and is made anew");
        TextIndex::wipe(folder)?;
        TextIndex::open(folder)
    })
}

impl Shelf {
    /// Takes the least used indexes off the shelf; returns those whose writer should end.
    fn close_some(&mut self, current: &str, writing: bool) -> Vec<Arc<TextIndex>> {
        let mut tired = Vec::new();
        while self.open.len() > OPEN {
            let others = self.open.iter().filter(|(clone, _)| *clone != current);
            let Some(least) = others.min_by_key(|(_, s)| s.used).map(|(c, _)| c.clone()) else {
                break;
            };
            tired.extend(self.open.remove(&least).map(|shelved| shelved.index));
        }
        if writing {
            let mut writers: Vec<&Shelved> = self
                .open
                .iter()
                .filter(|(clone, shelved)| *clone != current && shelved.index.is_writing())
                .map(|(_, shelved)| shelved)
                .collect();
            writers.sort_unstable_by_key(|shelved| std::cmp::Reverse(shelved.written));
            tired.extend(writers.iter().skip(WRITING - 1).map(|s| Arc::clone(&s.index)));
        }
        tired
    }
}
