//! Looking at a whole data directory that no server uses: the keys, the pages of the database,
//! every row, what must hold between them, and what is derived from them.

use std::path::{Path, PathBuf};

use super::open::schemas;
use super::{StartError, examiners, tables};
use crate::attachments::{self, Attachment};
use crate::backup::FILES;
use crate::config::Config;
use crate::jobs::Findings;
use crate::retrieval;
use crate::seal::{SealError, Seals};
use crate::store::{Blobs, Codec, DataLock, Inspection, ReadTx, Store, StoreError};

/// How many rows or things are named of one fault.
const NAMED: &str = ", the first";

/// What is said of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it should be.
    Sound,
    /// It was not, and is made anew at the next start.
    Repaired,
    /// It is not, and is made anew from what is: `--repair` removes it.
    Derived,
    /// It is not, and there is nothing here to make it from.
    Damaged,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Examined {
    /// A file, a folder or a table.
    pub name: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub detail: String,
}

impl Examined {
    fn new(name: impl Into<String>, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self { name: name.into(), verdict, detail: detail.into() }
    }
}

/// Looks at everything. Derived data that is damaged is removed if `repair` says so, and nothing
/// else is changed.
///
/// # Errors
/// When a server has the data directory, or there is none.
pub fn fsck(config: &Config, repair: bool) -> Result<Vec<Examined>, StartError> {
    let directory = &config.data_dir;
    let path = directory.display().to_string();
    let lock = DataLock::take(directory).map_err(|source| StartError::Lock { path, source })?;
    let mut all = Vec::new();
    let keyring = Seals::keyring_in(directory);
    let seals = match Seals::open(directory, &config.root_key) {
        Ok(Some(seals)) => {
            let name = keyring.display().to_string();
            all.push(Examined::new(name, Verdict::Sound, "the root key opens it"));
            Some(seals)
        }
        Ok(None) if schemas::is_sealed(directory).unwrap_or(true) => {
            let missing = SealError::NoKeyring(keyring.clone()).to_string();
            all.push(Examined::new(keyring.display().to_string(), Verdict::Damaged, missing));
            None
        }
        Ok(None) => Some(Seals::in_memory()),
        Err(error) => {
            let name = keyring.display().to_string();
            all.push(Examined::new(name, Verdict::Damaged, told(&error)));
            None
        }
    };
    database(directory, seals, &mut all, repair);
    leftovers(directory, &mut all, repair);
    drop(lock);
    Ok(all)
}

fn database(directory: &Path, seals: Option<Seals>, all: &mut Vec<Examined>, repair: bool) {
    let name = Store::file_in(directory).display().to_string();
    match Inspection::check_pages(directory) {
        Ok(()) => all.push(Examined::new(&*name, Verdict::Sound, "every page is as written")),
        Err(error) => all.push(Examined::new(&*name, Verdict::Damaged, told(&error))),
    }
    let Some(seals) = seals else { return };
    let mut kept = None;
    let looked = Inspection::open(directory, Codec::new(seals)).and_then(|inspection| {
        if let Some(found) = inspection.schema()?.filter(|found| *found > schemas::PRESENT) {
            return Err(StoreError::Newer { found, known: schemas::PRESENT });
        }
        inspection.read(|tx| {
            rows(tx, all);
            between(tx, all);
            kept = Some(attachments::all(tx)?);
            indexes(tx, directory, all, repair)
        })
    });
    if let Err(error) = looked {
        all.push(Examined::new(name, Verdict::Damaged, told(&error)));
    }
    if let Some(kept) = kept {
        files(directory, kept, all, repair);
    }
}

/// The bytes of the files of memories. What no row names goes at the next start anyway.
fn files(directory: &Path, kept: Vec<Attachment>, all: &mut Vec<Examined>, repair: bool) {
    let looked = Blobs::local(directory).map_err(|error| told(&error)).and_then(|blobs| {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| told(&error))?;
        runtime.block_on(attachments::look_at_files(kept, &blobs)).map_err(|error| told(&error))
    });
    let folder = directory.join(FILES);
    let looked = match looked {
        Ok(looked) => looked,
        Err(error) => {
            all.push(Examined::new(folder.display().to_string(), Verdict::Damaged, error));
            return;
        }
    };
    let detail = format!("{} files of memories are as they were stored", looked.sound);
    all.push(Examined::new("files", Verdict::Sound, detail));
    for name in looked.damaged {
        let name = folder.join(name).display().to_string();
        let detail = "a file of a memory is not there, or not as it was stored; look for it in a \
                      backup";
        all.push(Examined::new(name, Verdict::Damaged, detail));
    }
    for name in looked.nobodys {
        all.push(derived(&folder.join(name), "no memory has this file".to_owned(), repair));
    }
}

/// Every row of every table.
fn rows(tx: &ReadTx, all: &mut Vec<Examined>) {
    let mut count = 0;
    for table in tables() {
        let name = format!("table {}", table.name);
        match table.examine(tx) {
            Ok(state) if state.faults == 0 => count += state.rows,
            Ok(state) => {
                let (rows, faults) = (state.rows, state.faults);
                let first = state.first.join("; ");
                let detail = format!("{faults} rows cannot be read{NAMED}: {first}; {rows} can");
                all.push(Examined::new(name, Verdict::Damaged, detail));
            }
            Err(error) => all.push(Examined::new(name, Verdict::Damaged, told(&error))),
        }
    }
    let detail = format!("{count} open with their keys and can be read");
    all.push(Examined::new("rows", Verdict::Sound, detail));
}

/// What the slices know must hold.
fn between(tx: &ReadTx, all: &mut Vec<Examined>) {
    let mut findings = Findings::default();
    for examiner in examiners() {
        if let Err(error) = examiner.examine(tx, &mut findings) {
            let name = "what belongs together";
            all.push(Examined::new(name, Verdict::Damaged, told(&error)));
        }
    }
    let before = all.len();
    for (table, what, finding) in findings.all() {
        let (count, first) = (finding.count, finding.first.join(", "));
        let detail = format!("{what}: {count}{NAMED}: {first}");
        all.push(Examined::new(format!("table {table}"), Verdict::Damaged, detail));
    }
    if all.len() == before {
        all.push(Examined::new("what belongs together", Verdict::Sound, "nothing is missing"));
    }
}

/// The text indexes, which are made of the rows.
fn indexes(
    tx: &ReadTx,
    directory: &Path,
    all: &mut Vec<Examined>,
    repair: bool,
) -> Result<(), StoreError> {
    let mut sound = 0;
    for folder in below(&directory.join("index")) {
        match retrieval::fault_of_index(tx, &folder)? {
            None => sound += 1,
            Some(fault) => all.push(derived(&folder, fault, repair)),
        }
    }
    all.push(Examined::new("indexes", Verdict::Sound, format!("{sound} are as they should be")));
    Ok(())
}

/// What a crash may have left behind.
fn leftovers(directory: &Path, all: &mut Vec<Examined>, repair: bool) {
    for path in below(directory) {
        if path.extension().is_some_and(|extension| extension == "partial") {
            let fault = "it was never finished, and is not needed".to_owned();
            all.push(derived(&path, fault, repair));
        }
    }
}

fn derived(path: &Path, fault: String, repair: bool) -> Examined {
    let name = path.display().to_string();
    if !repair {
        return Examined::new(name, Verdict::Derived, fault);
    }
    let removed = match path.is_dir() {
        true => std::fs::remove_dir_all(path),
        false => std::fs::remove_file(path),
    };
    match removed {
        Ok(()) => Examined::new(name, Verdict::Repaired, format!("{fault}; it was removed")),
        Err(error) => {
            let detail = format!("{fault}; it cannot be removed: {error}");
            Examined::new(name, Verdict::Derived, detail)
        }
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// An error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
