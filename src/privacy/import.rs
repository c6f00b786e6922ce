//! Taking in what somebody took along elsewhere: an export, into an account that has nothing yet.
//!
//! A file from outside is hostile. Only files with the names of known records are read, line by
//! line, within bounds; nothing of it is written to the disk as a file. Every line is checked
//! before the first is stored. Identifiers stay, unless they are somebody else's here: then nothing
//! is taken in. What opens an account, what was agreed to elsewhere, and what happened there does
//! not come along.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use zip::ZipArchive;

use crate::attachments::Attachments;
use crate::clones;
use crate::conversations;
use crate::jobs::kept;
use crate::jobs::personal::{Arrival, ImportError, Line, PrivacyProvider, Record};
use crate::kernel::{AccountId, Clock, CloneId, Fault, Kind, SpaceId};
use crate::memories::{self, Memories};
use crate::spaces;
use crate::store::{Store, StoreError, WriteTx};

/// The records that are taken in, in an order in which each finds what it belongs to.
const ORDER: [&str; 11] = [
    "spaces",
    "clones",
    "other_clones",
    "clone_settings",
    "memories",
    "memory_revisions",
    ATTACHMENTS,
    "people",
    "conversations",
    "messages",
    "trash",
];

/// The record whose lines each have a file.
const ATTACHMENTS: &str = "attachments";

/// Where the files lie.
const FOLDER: &str = "files/";

/// The longest line, in bytes: a message with all of its citations.
const LINE: u64 = 8 << 20;
/// How many bytes one file may unpack to, and how often its own size all of them together.
const WHOLE: u64 = 64 << 30;
const RATIO: u64 = 300;
/// The longest manifest, in bytes.
const MANIFEST: u64 = 1 << 20;
/// How many lines are stored at once.
const BATCH: usize = 200;

/// Why an export could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum ArrivalError {
    /// The file cannot be read, or is no export.
    #[error("this is no export that can be read: {0}")]
    NoExport(&'static str),
    /// The file would unpack to more than can be right.
    #[error("the file unpacks to more than an export can be")]
    TooLarge,
    /// The account has something already.
    #[error("the account has clones of its own already")]
    NotEmpty,
    /// A line is wrong.
    #[error(transparent)]
    Line(#[from] ImportError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ArrivalError> for Fault {
    fn from(error: ArrivalError) -> Self {
        let told = error.to_string();
        match error {
            ArrivalError::NoExport(_) => Self::new(Kind::Invalid, "not_an_export", told),
            ArrivalError::TooLarge => Self::new(Kind::TooLarge, "too_large", told),
            ArrivalError::NotEmpty => Self::new(
                Kind::Conflict,
                "not_empty",
                "An export is taken into an account that has no clones yet.",
            ),
            ArrivalError::Line(ImportError::Store(error)) | ArrivalError::Store(error) => {
                error.into()
            }
            ArrivalError::Line(ImportError::Malformed { .. }) => {
                Self::new(Kind::Invalid, "not_an_export", told)
            }
            ArrivalError::Line(ImportError::Taken { .. }) => {
                Self::new(Kind::Conflict, "already_here", told)
            }
        }
    }
}

/// Takes in exports. Cheap to clone.
#[derive(Clone)]
pub struct Imports {
    store: Store,
    clock: Clock,
    memories: Memories,
    attachments: Attachments,
    records: Arc<BTreeMap<&'static str, &'static Record>>,
}

/// An export that was opened.
struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// How many bytes may still be unpacked.
    left: u64,
}

impl Imports {
    /// What is taken in goes into this store; the slices say what their records are.
    pub fn new(
        (store, clock): (Store, Clock),
        (memories, attachments): (Memories, Attachments),
        slices: &[Box<dyn PrivacyProvider>],
    ) -> Self {
        let records = slices.iter().flat_map(|slice| slice.personal().records);
        let records = records.map(|record| (record.name, record)).collect();
        Self { store, clock, memories, attachments, records: Arc::new(records) }
    }

    /// Takes an export into an account; how many of each record. Doing it again changes nothing.
    ///
    /// # Errors
    /// When the file is no export, the account has clones that are not in it, or something in it
    /// is somebody else's here. Only a failing disk leaves half of it.
    pub async fn take_in(
        &self,
        account: AccountId,
        path: &Path,
    ) -> Result<BTreeMap<String, u64>, ArrivalError> {
        let (this, path) = (self.clone(), path.to_owned());
        let open = move || -> Result<_, ArrivalError> {
            let mut archive = Archive::open(&path)?;
            let arrival = this.arrival(account, &mut archive)?;
            // Everything is read once before anything is stored.
            this.each_line(&mut archive, |_| Ok(()))?;
            this.each_file(&mut archive, |line, bytes| {
                Ok(this.attachments.look_at(&line, bytes)?)
            })?;
            Ok((Archive::open(&path)?, arrival))
        };
        let broken = |_| ArrivalError::NoExport("it could not be read");
        let (mut archive, arrival) = crate::jobs::blocking(open).await.map_err(broken)??;
        let (this, runtime) = (self.clone(), tokio::runtime::Handle::current());
        let store = move || {
            let mut counts = BTreeMap::new();
            let mut waiting = Vec::new();
            this.each_line(&mut archive, |line| {
                *counts.entry(line.record().to_owned()).or_insert(0) += 1;
                waiting.push(line);
                if waiting.len() >= BATCH {
                    let lines = std::mem::take(&mut waiting);
                    runtime.block_on(this.put(lines, arrival.clone()))?;
                }
                Ok(())
            })?;
            runtime.block_on(this.put(waiting, arrival.clone()))?;
            this.each_file(&mut archive, |line, bytes| {
                Ok(runtime.block_on(this.attachments.import(&arrival, &line, bytes))?)
            })?;
            Ok(counts)
        };
        crate::jobs::blocking(store).await.map_err(broken)?
    }

    /// Into whose hands it comes, if they have nothing else yet.
    fn arrival(&self, account: AccountId, archive: &mut Archive) -> Result<Arrival, ArrivalError> {
        let from = archive.manifest()?;
        let (mut from_space, mut clones) = (None, std::collections::BTreeSet::new());
        for name in ["spaces", "clones", "other_clones"] {
            let Some(record) = self.records.get(name) else { continue };
            archive.lines(record, |line| {
                if name != "spaces" {
                    clones.insert(line.field::<CloneId>("id")?);
                } else if line.field::<String>("kind")? == "personal" {
                    from_space = Some(line.field::<SpaceId>("id")?);
                }
                Ok(())
            })?;
        }
        self.store.read(|tx| {
            if clones::personal::has_others(tx, account, &clones)? {
                return Err(ArrivalError::NotEmpty);
            }
            let space = spaces::personal_in(tx, account)?;
            let space = space.ok_or(ArrivalError::NoExport("the account has no space"))?;
            Ok(Arrival { account, from, space, from_space })
        })
    }

    fn each_line(
        &self,
        archive: &mut Archive,
        mut visit: impl FnMut(Line) -> Result<(), ArrivalError>,
    ) -> Result<(), ArrivalError> {
        for name in ORDER {
            if let Some(record) = self.records.get(name) {
                archive.lines(record, &mut visit)?;
            }
        }
        Ok(())
    }

    /// Visits the lines that have a file, with it.
    fn each_file(
        &self,
        archive: &mut Archive,
        mut visit: impl FnMut(Line, Bytes) -> Result<(), ArrivalError>,
    ) -> Result<(), ArrivalError> {
        let Some(record) = self.records.get(ATTACHMENTS) else { return Ok(()) };
        let mut lines = Vec::new();
        archive.lines(record, |line| {
            lines.push(line);
            Ok(())
        })?;
        let most = self.attachments.bounds().bytes;
        // Those that were damaged where they come from are named there.
        let damaged = archive.file(super::export::DAMAGED, MANIFEST)?.unwrap_or_default();
        let damaged = String::from_utf8_lossy(&damaged);
        for line in lines {
            let name: String = line.field("file")?;
            if damaged.lines().any(|one| one == name) {
                continue;
            }
            let Some(bytes) = archive.file(&name, most)? else {
                return Err(line.wrong("is of a file that is not there, or too large").into());
            };
            visit(line, bytes)?;
        }
        Ok(())
    }

    async fn put(&self, lines: Vec<Line>, to: Arrival) -> Result<(), ArrivalError> {
        let this = self.clone();
        self.store
            .write(move |tx| lines.iter().try_for_each(|line| this.put_in(tx, &to, line)))
            .await
    }

    fn put_in(&self, tx: &mut WriteTx<'_>, to: &Arrival, line: &Line) -> Result<(), ArrivalError> {
        match line.record() {
            "spaces" => spaces::personal::import_in(tx, to, line)?,
            "clones" => clones::personal::import_in(tx, to, line)?,
            "other_clones" => {
                clones::personal::import_other_in(tx, to, line, self.clock.now())?;
            }
            "clone_settings" => clones::personal::import_settings_in(tx, to, line)?,
            "memories" => self.memories.import_in(tx, to, line)?,
            "memory_revisions" => memories::personal::import_revision_in(tx, to, line)?,
            "people" => memories::personal::import_person_in(tx, to, line)?,
            "conversations" => conversations::personal::import_in(tx, to, line)?,
            "messages" => conversations::personal::import_message_in(tx, to, line)?,
            "trash" => kept::import_in(tx, to, line)?,
            _ => {}
        }
        Ok(())
    }
}

impl Archive {
    fn open(path: &Path) -> Result<Self, ArrivalError> {
        let file = File::open(path).map_err(|_| ArrivalError::NoExport("it cannot be opened"))?;
        let size = file.metadata().map(|about| about.len());
        let size = size.map_err(|_| ArrivalError::NoExport("it cannot be opened"))?;
        let zip = ZipArchive::new(BufReader::new(file));
        let zip = zip.map_err(|_| ArrivalError::NoExport("it is no ZIP"))?;
        Ok(Self { zip, left: WHOLE.min(size.saturating_mul(RATIO)) })
    }

    /// Whose export it is.
    fn manifest(&mut self) -> Result<AccountId, ArrivalError> {
        let none = || ArrivalError::NoExport("it has no manifest of an export");
        let file = self.zip.by_name("manifest.json").map_err(|_| none())?;
        let mut text = String::new();
        file.take(MANIFEST).read_to_string(&mut text).map_err(|_| none())?;
        let manifest: Value = serde_json::from_str(&text).map_err(|_| none())?;
        if manifest["format"] != super::export::FORMAT {
            return Err(none());
        }
        if manifest["version"] != super::export::VERSION {
            return Err(ArrivalError::NoExport("it is of a version that is not known here"));
        }
        let from = manifest["account_id"].as_str().and_then(|id| id.parse().ok());
        from.ok_or_else(none)
    }

    /// A file of a memory, if it is there and has no more bytes than that.
    fn file(&mut self, name: &str, most: u64) -> Result<Option<Bytes>, ArrivalError> {
        if !name.starts_with(FOLDER) {
            return Ok(None);
        }
        let Ok(file) = self.zip.by_name(name) else { return Ok(None) };
        let mut bytes = Vec::new();
        let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes);
        let read = read.map_err(|_| ArrivalError::NoExport("a file in it is broken"))? as u64;
        self.left = self.left.checked_sub(read).ok_or(ArrivalError::TooLarge)?;
        Ok((read <= most).then(|| bytes.into()))
    }

    /// Reads the lines of a record. A file that is not there has none.
    fn lines(
        &mut self,
        record: &'static Record,
        mut visit: impl FnMut(Line) -> Result<(), ArrivalError>,
    ) -> Result<(), ArrivalError> {
        let name = format!("data/{}.jsonl", record.name);
        let Ok(file) = self.zip.by_name(&name) else { return Ok(()) };
        let broken = |_| ArrivalError::NoExport("a file in it is broken");
        let mut file = BufReader::new(file);
        for number in 1.. {
            let mut line = Vec::new();
            let read = file.by_ref().take(LINE + 1).read_until(b'\n', &mut line);
            let read = read.map_err(broken)? as u64;
            if read == 0 {
                break;
            }
            if read > LINE {
                return Err(ArrivalError::TooLarge);
            }
            self.left = self.left.checked_sub(read).ok_or(ArrivalError::TooLarge)?;
            let text = std::str::from_utf8(&line);
            let text = text.map_err(|_| ArrivalError::NoExport("a file in it is no text"))?;
            visit(Line::read(record, number, text.trim_end_matches('\n'))?)?;
        }
        Ok(())
    }
}
