//! Reading a backup: what it is, and all of it into an empty directory.

use std::fs::{File, create_dir_all};
use std::io::{BufReader, Read, Write as _};
use std::path::{Component, Path, PathBuf};

use super::BackupError;
use super::crypt::{Openers, open};
use super::format::{Footer, Header, Kind, Unframed, rows_in};
use super::write::FILES;
use crate::seal::Seals;
use crate::store::{LEDGER, Loader};

/// What a backup is of, without reading all of it.
///
/// # Errors
/// When it cannot be read, or none of the keys opens it.
pub fn header_of(openers: &Openers, path: &Path) -> Result<Header, BackupError> {
    let (_, header) = begin(openers, path)?;
    Ok(header)
}

fn begin(openers: &Openers, path: &Path) -> Result<(Unframed<impl Read>, Header), BackupError> {
    let file = File::open(path)
        .map_err(BackupError::io(format!("the backup {} cannot be read", path.display())))?;
    Unframed::begin(BufReader::new(open(openers, BufReader::with_capacity(1 << 16, file))?))
}

/// Puts what is in a backup into an empty directory, after which it is known to be whole. A ledger
/// of erasures lies there if there was an entry.
///
/// # Errors
/// When it is damaged, was not made by the instance of these keys, or the disk fails.
pub fn unpack(
    openers: &Openers,
    path: &Path,
    seals: &Seals,
    into: &Path,
) -> Result<(Header, Footer), BackupError> {
    let (frames, header) = begin(openers, path)?;
    let footer = Unpacking::new(into)?.all(frames, seals)?;
    Ok((header, footer))
}

struct Unpacking<'a> {
    into: &'a Path,
    loader: Loader,
    table: Option<String>,
    file: Option<File>,
    ledger: Option<File>,
    found: Footer,
}

fn unwritten(source: std::io::Error) -> BackupError {
    BackupError::Io { what: "what is in the backup cannot be written".to_owned(), source }
}

impl<'a> Unpacking<'a> {
    fn new(into: &'a Path) -> Result<Self, BackupError> {
        let loader = Loader::create(into)?;
        let found = Footer::default();
        Ok(Self { into, loader, table: None, file: None, ledger: None, found })
    }

    fn all(
        mut self,
        mut frames: Unframed<impl Read>,
        seals: &Seals,
    ) -> Result<Footer, BackupError> {
        loop {
            let (kind, payload) = frames.next()?;
            if kind == Kind::Footer {
                let footer = frames.end(seals, &payload)?;
                return self.end(footer);
            }
            self.take(kind, &payload)?;
        }
    }

    fn take(&mut self, kind: Kind, payload: &[u8]) -> Result<(), BackupError> {
        match kind {
            Kind::Table => {
                let name = text(payload)?;
                self.loader.put(name, [])?;
                self.found.tables.insert(name.to_owned(), 0);
                self.table = Some(name.to_owned());
            }
            Kind::Rows => {
                let name = self.table.as_deref();
                let name = name.ok_or(BackupError::Damaged("there are rows of no table"))?;
                let rows = rows_in(payload)?;
                *self.found.tables.entry(name.to_owned()).or_default() += rows.len() as u64;
                self.loader.put(name, rows)?;
            }
            Kind::File => {
                self.close()?;
                let path = self.into.join(FILES).join(plain(text(payload)?)?);
                create_dir_all(path.parent().unwrap_or(self.into)).map_err(unwritten)?;
                self.file = Some(File::create_new(path).map_err(unwritten)?);
                self.found.files += 1;
            }
            Kind::Piece => {
                let file = self.file.as_mut();
                let file = file.ok_or(BackupError::Damaged("there is a piece of no file"))?;
                file.write_all(payload).map_err(unwritten)?;
                self.found.file_bytes += payload.len() as u64;
            }
            Kind::Ledger => {
                if self.ledger.is_none() {
                    let file = File::create_new(self.into.join(LEDGER)).map_err(unwritten)?;
                    self.ledger = Some(file);
                }
                if let Some(ledger) = &mut self.ledger {
                    ledger.write_all(payload).map_err(unwritten)?;
                }
            }
            Kind::Header | Kind::Footer => {
                return Err(BackupError::Damaged("a part of it stands where none can"));
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), BackupError> {
        self.file.take().map_or(Ok(()), |file| file.sync_all().map_err(unwritten))
    }

    /// Puts it onto the disk, and compares what was counted with what was read.
    fn end(mut self, footer: Footer) -> Result<Footer, BackupError> {
        self.close()?;
        if let Some(ledger) = &self.ledger {
            ledger.sync_all().map_err(unwritten)?;
        }
        self.loader.finish()?;
        let of = |footer: &Footer| (footer.tables.clone(), footer.files, footer.file_bytes);
        match of(&footer) == of(&self.found) {
            true => Ok(footer),
            false => Err(BackupError::Damaged("not everything is in it that was counted")),
        }
    }
}

fn text(payload: &[u8]) -> Result<&str, BackupError> {
    std::str::from_utf8(payload).map_err(|_| BackupError::Damaged("a name in it is no text"))
}

/// A name of a file that leads nowhere else.
fn plain(name: &str) -> Result<PathBuf, BackupError> {
    let path = PathBuf::from(name);
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    match is_plain && !name.is_empty() {
        true => Ok(path),
        false => Err(BackupError::Damaged("the name of a file in it leads elsewhere")),
    }
}
