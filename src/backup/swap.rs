//! Putting what was restored into the place of what is there, and back.
//!
//! All of it happens within the data directory, which may be a file system of its own: what comes
//! lies in one folder, what is there goes into another, by renaming. A journal says what is being
//! done, and whoever starts next goes on with it, so that a crash at any step leaves either what
//! was there or what came. What was there is kept until the server has started once with what came;
//! when it does not start, it comes back.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::BackupError;

/// Where what comes lies until it is in its place.
const FRESH: &str = "restore-new";
/// Where what was there lies until what came has started.
const ASIDE: &str = "before-restore";
const JOURNAL: &str = "restore.json";
/// How often a start may break off before what was there comes back.
const ATTEMPTS: u32 = 3;
/// A copy of keys that somebody may have destroyed since.
const KEYRING: &str = "keyring";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// Nothing was moved yet; the next start begins.
    Left,
    Swapping,
    New,
    Reverting,
}

#[derive(Debug, Serialize, Deserialize)]
struct Journal {
    phase: Phase,
    /// Names that come.
    fresh: Vec<String>,
    /// Names that go.
    aside: Vec<String>,
    /// Starts with what came that were begun.
    attempts: u32,
}

/// What is found at a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing was restored.
    Usual,
    /// What was restored starts for the first time, or again.
    Restored,
    /// It broke off too often: what was there before is back.
    Reverted,
}

/// A folder for what comes, in a data directory.
pub struct Swap {
    directory: PathBuf,
}

fn failed(source: std::io::Error) -> BackupError {
    BackupError::Io { what: "what was restored cannot be put in place".to_owned(), source }
}

/// An empty folder for what comes.
///
/// # Errors
/// When it cannot be made.
pub fn begin(directory: &Path) -> Result<Swap, BackupError> {
    remove(&directory.join(FRESH)).map_err(failed)?;
    std::fs::create_dir(directory.join(FRESH)).map_err(failed)?;
    Ok(Swap { directory: directory.to_owned() })
}

impl Swap {
    /// Where to put what comes.
    pub fn folder(&self) -> PathBuf {
        self.directory.join(FRESH)
    }

    /// Puts what is in the folder into the place of what has one of these names.
    ///
    /// # Errors
    /// When the disk fails; the next start goes on with it then.
    pub fn carry_out(self, names: &[&str]) -> Result<(), BackupError> {
        let journal = of_names(&self.directory, names.iter().copied());
        remove(&self.directory.join(ASIDE)).map_err(failed)?;
        keep(&self.directory, &journal)
            .and_then(|()| forward(&self.directory, journal))
            .map_err(failed)
    }

    /// Has the next start put what is in the folder into the place of what has one of these names:
    /// a server that runs still uses what is there.
    ///
    /// # Errors
    /// When the disk fails; the next start may go on with it then.
    pub fn leave(self, names: &[&str]) -> Result<(), BackupError> {
        let aside = names.iter().map(|name| (*name).to_owned()).collect();
        let journal = Journal { phase: Phase::Left, fresh: Vec::new(), aside, attempts: 0 };
        remove(&self.directory.join(ASIDE)).map_err(failed)?;
        keep(&self.directory, &journal).map_err(failed)
    }

    /// Gives it up: what is there stays.
    pub fn give_up(self) {
        drop(remove(&self.folder()));
    }
}

/// What comes and what goes of these names, as it lies there now.
fn of_names<'a>(directory: &Path, names: impl Iterator<Item = &'a str> + Clone) -> Journal {
    let is_in = |folder: &Path| {
        let there = names.clone().filter(|name| folder.join(name).exists());
        there.map(str::to_owned).collect::<Vec<_>>()
    };
    let (fresh, aside) = (is_in(&directory.join(FRESH)), is_in(directory));
    Journal { phase: Phase::Swapping, fresh, aside, attempts: 0 }
}

/// Goes on with what was begun. To be called by whoever has the data directory, before anything in
/// it is opened.
///
/// # Errors
/// When the disk fails.
pub fn settle(directory: &Path) -> Result<Begun, BackupError> {
    settled(directory).map_err(failed)
}

fn settled(directory: &Path) -> std::io::Result<Begun> {
    let Some(mut journal) = journal_in(directory)? else {
        remove(&directory.join(FRESH))?;
        remove(&directory.join(ASIDE))?;
        return Ok(Begun::Usual);
    };
    if journal.phase == Phase::Left {
        journal = of_names(directory, journal.aside.iter().map(String::as_str));
        keep(directory, &journal)?;
    }
    if journal.phase == Phase::Swapping {
        forward(directory, journal)?;
        return settled(directory);
    }
    if journal.phase == Phase::Reverting || journal.attempts >= ATTEMPTS {
        back(directory, journal)?;
        return Ok(Begun::Reverted);
    }
    journal.attempts += 1;
    keep(directory, &journal)?;
    Ok(Begun::Restored)
}

/// What came has been opened: that somebody cuts the power now is no fault of it.
///
/// # Errors
/// When the disk fails.
pub fn opened(directory: &Path) -> Result<(), BackupError> {
    let again = |journal: Option<Journal>| match journal {
        Some(journal) if journal.phase == Phase::New => {
            keep(directory, &Journal { attempts: 0, ..journal })
        }
        _ => Ok(()),
    };
    journal_in(directory).and_then(again).map_err(failed)
}

/// The server has started: what was there before is not needed any more.
///
/// # Errors
/// When the disk fails.
pub fn started(directory: &Path) -> Result<bool, BackupError> {
    let done = |journal: Option<Journal>| match journal {
        Some(journal) if journal.phase == Phase::New => {
            std::fs::remove_file(directory.join(JOURNAL))?;
            sync(directory)?;
            remove(&directory.join(ASIDE))?;
            remove(&directory.join(FRESH))?;
            Ok(true)
        }
        _ => Ok(false),
    };
    journal_in(directory).and_then(done).map_err(failed)
}

/// What was there before comes back, if something else came.
///
/// # Errors
/// When the disk fails; the next start goes on with it then.
pub fn revert(directory: &Path) -> Result<bool, BackupError> {
    let revert = |journal: Option<Journal>| match journal {
        Some(journal) if !matches!(journal.phase, Phase::Left | Phase::Swapping) => {
            back(directory, journal).map(|()| true)
        }
        _ => Ok(false),
    };
    journal_in(directory).and_then(revert).map_err(failed)
}

fn forward(directory: &Path, journal: Journal) -> std::io::Result<()> {
    let (fresh, aside) = (directory.join(FRESH), directory.join(ASIDE));
    std::fs::create_dir_all(&aside)?;
    for name in &journal.aside {
        if !aside.join(name).exists() {
            rename(directory, &aside, name)?;
        }
    }
    for name in &journal.fresh {
        if fresh.join(name).exists() {
            rename(&fresh, directory, name)?;
        }
    }
    [&aside, &fresh].into_iter().try_for_each(|folder| sync(folder))?;
    sync(directory)?;
    keep(directory, &Journal { phase: Phase::New, ..journal })
}

fn back(directory: &Path, journal: Journal) -> std::io::Result<()> {
    let (fresh, aside) = (directory.join(FRESH), directory.join(ASIDE));
    let journal = Journal { phase: Phase::Reverting, ..journal };
    keep(directory, &journal)?;
    std::fs::create_dir_all(&fresh)?;
    for name in &journal.fresh {
        if !fresh.join(name).exists() && directory.join(name).exists() {
            rename(directory, &fresh, name)?;
        }
    }
    for name in &journal.aside {
        if aside.join(name).exists() {
            // What the start has made anew of it, an index for example.
            remove(&directory.join(name))?;
            rename(&aside, directory, name)?;
        }
    }
    [&aside, &fresh].into_iter().try_for_each(|folder| sync(folder))?;
    sync(directory)?;
    std::fs::remove_file(directory.join(JOURNAL))?;
    sync(directory)?;
    remove(&fresh)?;
    remove(&aside)
}

fn rename(from: &Path, to: &Path, name: &str) -> std::io::Result<()> {
    std::fs::rename(from.join(name), to.join(name))
}

fn sync(folder: &Path) -> std::io::Result<()> {
    match File::open(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        opened => opened?.sync_all(),
    }
}

fn journal_in(directory: &Path) -> std::io::Result<Option<Journal>> {
    match std::fs::read(directory.join(JOURNAL)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => Ok(Some(serde_json::from_slice(&read?)?)),
    }
}

fn keep(directory: &Path, journal: &Journal) -> std::io::Result<()> {
    let (path, beside) = (directory.join(JOURNAL), directory.join("restore.json.partial"));
    let mut file = OpenOptions::new();
    let mut file = file.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&serde_json::to_vec(journal)?)?;
    file.sync_all()?;
    std::fs::rename(beside, path)?;
    sync(directory)
}

/// Removes a file or a folder with all that is in it; keys are overwritten first.
fn remove(path: &Path) -> std::io::Result<()> {
    let keyring = if path.ends_with(KEYRING) { path.to_owned() } else { path.join(KEYRING) };
    if keyring.is_file() {
        let mut file = OpenOptions::new().write(true).open(&keyring)?;
        let length = file.metadata()?.len();
        std::io::copy(&mut std::io::repeat(0).take(length), &mut file)?;
        file.sync_all()?;
    }
    let removed = match path.is_dir() {
        true => std::fs::remove_dir_all(path),
        false => std::fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "swap_tests.rs"]
mod tests;
