//! The ledger of erasures: what was erased and when, one line each, chained by hashes.
//!
//! A line is written in the change that erases. It lies in the database, and so in every backup,
//! and a copy of all lines lies in a file beside the keyring. A database that was brought back
//! from a backup lacks the youngest lines: the file has them, so that what was erased since is
//! erased again before anything else is done. No line says more of a person than a random
//! identifier.
//!
//! ```text
//! {"number":2,"at":"…","erased":{…},"removed":{…},"previous":"<hash of line 1>","hash":"…"}
//! ```
//!
//! The hash is the SHA-256 of all that stands before `,"hash"` in its line.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::overlay::WriteTx;
use super::reader::ReadTx;
use super::{Codec, Direction, Holds, Range, RawTable, Rows, StoreError};
use crate::kernel::{Subject, Timestamp};
use crate::seal::Owner;

pub(super) const LINES: RawTable<u64> = RawTable::new("erasures", Holds::Nothing, Owner::Nobody);

/// The file of the ledger within a data directory.
pub const LEDGER: &str = "erasures";
/// What the first line names as the hash before it.
const NONE_BEFORE: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// What parts a line's hash from what it is of.
const HASH: &str = ",\"hash\":\"";

/// Why a ledger is not one.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be read or written.
    #[error("the ledger of erasures `{0}` cannot be read or written")]
    File(PathBuf, #[source] std::io::Error),
    /// A line is not what was written.
    #[error(
        "the ledger of erasures `{file}` is damaged in line {line}; put a copy of it back. If \
         there is none, and the database was not brought back from a backup, remove it: the \
         database has all lines itself and writes them anew"
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Which line, counted from 1.
        line: usize,
    },
    /// File and database each have a line of the same number that the other has not.
    #[error(
        "the ledger of erasures `{file}` is not that of this database: they differ in line {line}; \
         put the one beside it that belongs to it"
    )]
    Forked {
        /// The file.
        file: PathBuf,
        /// The first such line, counted from 1.
        line: usize,
    },
}

/// What was erased, as a line says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Erased {
    Account { id: String },
    Clone { id: String },
    Memory { clone: String, id: String },
    Attachment { clone: String, id: String },
    Person { clone: String, id: String },
    Conversation { id: String },
}

impl From<Subject> for Erased {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Account(id) => Self::Account { id: id.to_string() },
            Subject::Clone(id) => Self::Clone { id: id.to_string() },
            Subject::Memory(clone, id) => {
                Self::Memory { clone: clone.to_string(), id: id.to_string() }
            }
            Subject::Attachment(clone, id) => {
                Self::Attachment { clone: clone.to_string(), id: id.to_string() }
            }
            Subject::Person(clone, id) => {
                Self::Person { clone: clone.to_string(), id: id.to_string() }
            }
            Subject::Conversation(id) => Self::Conversation { id: id.to_string() },
        }
    }
}

impl Erased {
    fn subject(&self) -> Option<Subject> {
        Some(match self {
            Self::Account { id } => Subject::Account(id.parse().ok()?),
            Self::Clone { id } => Subject::Clone(id.parse().ok()?),
            Self::Memory { clone, id } => Subject::Memory(clone.parse().ok()?, id.parse().ok()?),
            Self::Attachment { clone, id } => {
                Subject::Attachment(clone.parse().ok()?, id.parse().ok()?)
            }
            Self::Person { clone, id } => Subject::Person(clone.parse().ok()?, id.parse().ok()?),
            Self::Conversation { id } => Subject::Conversation(id.parse().ok()?),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Body {
    number: u64,
    at: String,
    erased: Erased,
    removed: BTreeMap<String, u64>,
    previous: String,
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    /// Its number; the first is 1.
    pub number: u64,
    /// What was erased.
    pub erased: Subject,
    /// How many rows of which table went.
    pub removed: BTreeMap<String, u64>,
    /// When, in RFC 3339.
    pub at: String,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
    previous: String,
    text: String,
}

impl LedgerLine {
    /// Reads a line; nothing if it is not as it was written.
    pub fn read(text: &str) -> Option<Self> {
        let (before, rest) = text.rsplit_once(HASH)?;
        let hash = rest.strip_suffix("\"}")?;
        let body: Body = serde_json::from_str(&format!("{before}}}")).ok()?;
        (hash == hash_of(before)).then_some(())?;
        Some(Self {
            number: body.number,
            erased: body.erased.subject()?,
            removed: body.removed,
            at: body.at,
            hash: hash.to_owned(),
            previous: body.previous,
            text: text.to_owned(),
        })
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn hash_of(before: &str) -> String {
    let digest = Sha256::digest(before.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads lines that follow each other from the first on; the number of the first that is not one.
fn chained<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<LedgerLine>, usize> {
    let mut found: Vec<LedgerLine> = Vec::new();
    for (at, text) in lines.enumerate() {
        let previous = found.last().map_or(NONE_BEFORE, |line| &line.hash);
        let line = LedgerLine::read(text)
            .filter(|line| line.number == at as u64 + 1 && line.previous == previous);
        found.push(line.ok_or(at + 1)?);
    }
    Ok(found)
}

/// The lines that a database has, oldest first.
///
/// # Errors
/// When they cannot be read, or one is not as it was written.
pub(super) fn lines(tx: &impl Rows, after: u64) -> Result<Vec<LedgerLine>, StoreError> {
    let mut lines = Vec::new();
    let range = Range::between(&(after + 1), &u64::MAX);
    tx.scan_raw(&LINES, &range, Direction::Up, |_, bytes| {
        lines.push(line_of(&bytes)?);
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    Ok(lines)
}

/// The last line that a database has.
pub(super) fn last(tx: &impl Rows) -> Result<Option<LedgerLine>, StoreError> {
    let mut last = None;
    tx.scan_raw(&LINES, &Range::all(), Direction::Down, |_, bytes| {
        last = Some(line_of(&bytes)?);
        Ok::<_, StoreError>(ControlFlow::Break(()))
    })?;
    Ok(last)
}

fn line_of(bytes: &[u8]) -> Result<LedgerLine, StoreError> {
    std::str::from_utf8(bytes).ok().and_then(LedgerLine::read).ok_or_else(|| StoreError::Damaged {
        table: LINES.info().name,
        reason: "a line is not as it was written".to_owned(),
    })
}

impl WriteTx<'_> {
    /// Writes down that something is erased with this change, and what went with it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn record_erasure(
        &mut self,
        erased: Subject,
        at: Timestamp,
        removed: BTreeMap<String, u64>,
    ) -> Result<LedgerLine, StoreError> {
        let last = last(self)?;
        let number = last.as_ref().map_or(0, |line| line.number) + 1;
        let previous = last.map_or_else(|| NONE_BEFORE.to_owned(), |line| line.hash);
        let at = at.to_string();
        let body = Body { number, at, erased: erased.into(), removed, previous };
        let json = serde_json::to_string(&body).map_err(|error| StoreError::Damaged {
            table: LINES.info().name,
            reason: error.to_string(),
        })?;
        let before = json.strip_suffix('}').unwrap_or(&json);
        let text = format!("{before}{HASH}{}\"}}", hash_of(before));
        let line = line_of(text.as_bytes())?;
        self.adopt_erasure(&line)?;
        Ok(line)
    }

    /// Writes a line down as it was written before: what it says is done again with this change.
    ///
    /// # Errors
    /// When the database fails.
    pub fn adopt_erasure(&mut self, line: &LedgerLine) -> Result<(), StoreError> {
        self.put_raw(&LINES, &line.number, line.text.as_bytes())?;
        // What lives on with another key may have held some of it.
        self.outdate_pages()
    }

    pub(super) fn has_erased(&self) -> bool {
        self.has_changed(LINES.info().name)
    }
}

/// The copy of the ledger beside the keyring.
pub(super) struct LedgerFile {
    /// None where nothing is on a disk.
    path: Option<PathBuf>,
    /// How many lines it has.
    length: u64,
}

impl LedgerFile {
    /// A ledger that has no file.
    pub(super) fn none() -> Self {
        Self { path: None, length: 0 }
    }

    /// The file of a data directory, which may not be there yet.
    pub(super) fn of(directory: &Path) -> Self {
        Self { path: Some(directory.join(LEDGER)), length: 0 }
    }

    /// Brings the file up to the database, and says what the database lacks.
    ///
    /// # Errors
    /// When the file is damaged or of another database, or cannot be read or written.
    pub(super) fn meet(
        &mut self,
        database: &redb::Database,
        codec: &Codec,
    ) -> Result<Vec<LedgerLine>, StoreError> {
        let Some(path) = self.path.clone() else { return Ok(Vec::new()) };
        let text = whole_lines(&path).map_err(|error| LedgerError::File(path.clone(), error))?;
        let mut on_file = chained(text.lines())
            .map_err(|line| LedgerError::Damaged { file: path.clone(), line })?;
        self.length = on_file.len() as u64;
        let stored = lines(&ReadTx::begin(database, codec)?, 0)?;
        let parted = on_file.iter().zip(&stored).position(|(one, other)| one != other);
        if let Some(at) = parted {
            return Err(LedgerError::Forked { file: path, line: at + 1 }.into());
        }
        if on_file.len() >= stored.len() {
            return Ok(on_file.split_off(stored.len()));
        }
        self.append(&stored[on_file.len()..])?;
        Ok(Vec::new())
    }

    /// Adds the lines that the database has and the file has not.
    ///
    /// # Errors
    /// When the database cannot be read or the file cannot be written; they are added the next
    /// time then.
    pub(super) fn follow(
        &mut self,
        database: &redb::Database,
        codec: &Codec,
    ) -> Result<(), StoreError> {
        let new = lines(&ReadTx::begin(database, codec)?, self.length)?;
        self.append(&new)
    }

    fn append(&mut self, new: &[LedgerLine]) -> Result<(), StoreError> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut text = String::new();
        for line in new {
            text.push_str(&line.text);
            text.push('\n');
        }
        if !text.is_empty() {
            add(path, &text).map_err(|error| LedgerError::File(path.clone(), error))?;
            self.length += new.len() as u64;
        }
        Ok(())
    }
}

/// What is in the file up to its last whole line: a crash may have cut the last one.
fn whole_lines(path: &Path) -> std::io::Result<String> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        bytes => bytes?,
    };
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    if end < bytes.len() {
        OpenOptions::new().write(true).open(path)?.set_len(end as u64)?;
    }
    // What is no text is no line either, and is told as a damaged one.
    Ok(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

fn add(path: &Path, text: &str) -> std::io::Result<()> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let before = file.metadata()?.len();
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a line must not stand before the next one.
        file.set_len(before)?;
    }
    if is_new && let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    written
}
