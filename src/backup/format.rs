//! The inside of a backup, `cmb/1`: frames, one after the other.
//!
//! ```text
//! clonememoria backup 1\n
//! kind[1] length[4, big-endian] payload          header (JSON)
//!   … table (its name), rows (key and value, each with its length), …
//!   … file (its name), pieces of it, …
//!   … ledger of erasures, pieces of it
//! kind[1] length[4, big-endian] payload          footer (JSON): counts, hash, voucher
//! ```
//!
//! The hash (BLAKE3) is over everything before the footer. The voucher is over the hash, with a key
//! that only the instance has: who can write to where backups lie, and knows for whom they are
//! sealed, can still make none. Without a footer, and with anything after it, a file is no backup.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::BackupError;
use crate::seal::Seals;

/// The name of the format.
pub const FORMAT: &str = "cmb/1";
const MAGIC: &[u8] = b"clonememoria backup 1\n";
/// What a frame may hold at most: far more than any row.
const MOST: u32 = 1 << 30;
/// How much is gathered before a frame is written.
pub(super) const PIECE: usize = 256 * 1024;

/// What a backup is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// The version of the program that made it.
    pub app: String,
    /// The schema of the database in it.
    pub schema: u64,
    /// Of which instance it is.
    pub instance: String,
    /// When it was made, in microseconds since 1970.
    pub created: i64,
    /// The generation of the keyring that opens all that is in it.
    pub keyring: u64,
    /// Entries in the ledger of erasures.
    pub erasures: u64,
}

/// What was in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footer {
    /// Rows of each table.
    pub tables: BTreeMap<String, u64>,
    /// Files.
    pub files: u64,
    /// Bytes of them.
    pub file_bytes: u64,
    hash: String,
    voucher: String,
}

impl Footer {
    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.values().sum()
    }
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Header,
    Table,
    Rows,
    File,
    Piece,
    Ledger,
    Footer,
}

const KINDS: [Kind; 7] =
    [Kind::Header, Kind::Table, Kind::Rows, Kind::File, Kind::Piece, Kind::Ledger, Kind::Footer];

/// Writes frames.
pub(super) struct Frames<W> {
    out: W,
    hash: blake3::Hasher,
}

impl<W: Write> Frames<W> {
    pub(super) fn begin(mut out: W, header: &Header) -> Result<Self, BackupError> {
        out.write_all(MAGIC).map_err(unwritten)?;
        let mut hash = blake3::Hasher::new();
        hash.update(MAGIC);
        let mut frames = Self { out, hash };
        frames.put(Kind::Header, &json(header)?)?;
        Ok(frames)
    }

    pub(super) fn put(&mut self, kind: Kind, payload: &[u8]) -> Result<(), BackupError> {
        let length = u32::try_from(payload.len()).ok().filter(|length| *length <= MOST);
        let length = length.ok_or(BackupError::Damaged("a row is too large"))?.to_be_bytes();
        let at = KINDS.iter().position(|one| *one == kind).unwrap_or_default();
        let head = [u8::try_from(at).unwrap_or(u8::MAX)];
        for part in [&head[..], &length, payload] {
            self.hash.update(part);
            self.out.write_all(part).map_err(unwritten)?;
        }
        Ok(())
    }

    /// Ends it with what was in it; the writer below, still to be ended.
    pub(super) fn end(mut self, seals: &Seals, footer: &Footer) -> Result<W, BackupError> {
        let hash = self.hash.finalize();
        let voucher = voucher(seals, &hash)?.to_hex().to_string();
        let footer = Footer { hash: hash.to_hex().to_string(), voucher, ..footer.clone() };
        self.put(Kind::Footer, &json(&footer)?)?;
        Ok(self.out)
    }
}

fn unwritten(source: std::io::Error) -> BackupError {
    BackupError::Io { what: "the backup cannot be written".to_owned(), source }
}

fn voucher(seals: &Seals, hash: &blake3::Hash) -> Result<blake3::Hash, BackupError> {
    let key = seals.drawn("clonememoria voucher of backups")?;
    Ok(blake3::keyed_hash(&key, hash.as_bytes()))
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, BackupError> {
    serde_json::to_vec(value).map_err(|_| BackupError::Broken)
}

/// Reads frames.
pub(super) struct Unframed<R> {
    from: R,
    hash: blake3::Hasher,
}

impl<R: Read> Unframed<R> {
    /// Begins to read; what it says it is.
    pub(super) fn begin(mut from: R) -> Result<(Self, Header), BackupError> {
        let mut magic = [0; MAGIC.len()];
        from.read_exact(&mut magic).map_err(BackupError::reading)?;
        if magic != MAGIC {
            return Err(BackupError::Damaged("it is no backup of CloneMemoria"));
        }
        let mut hash = blake3::Hasher::new();
        hash.update(MAGIC);
        let mut frames = Self { from, hash };
        let (kind, payload) = frames.next()?;
        let header: Header = of_json(&payload)?;
        if kind != Kind::Header || header.format != FORMAT {
            return Err(BackupError::Damaged("its format is unknown"));
        }
        Ok((frames, header))
    }

    /// The next frame; the footer is the last.
    pub(super) fn next(&mut self) -> Result<(Kind, Vec<u8>), BackupError> {
        let mut head = [0; 5];
        self.from.read_exact(&mut head).map_err(BackupError::reading)?;
        let [kind, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        let kind = KINDS.get(usize::from(kind)).filter(|_| length <= MOST);
        let kind = *kind.ok_or(BackupError::Damaged("a part of it is unknown"))?;
        // Nothing is set aside on the word of a length alone.
        let mut payload = Vec::with_capacity(PIECE.min(length as usize));
        let read = (&mut self.from).take(u64::from(length)).read_to_end(&mut payload);
        if read.map_err(BackupError::reading)? < length as usize {
            return Err(BackupError::Damaged("it is cut short"));
        }
        if kind != Kind::Footer {
            self.hash.update(&head);
            self.hash.update(&payload);
        }
        Ok((kind, payload))
    }

    /// Checks the footer against what was read, and that nothing follows it.
    pub(super) fn end(mut self, seals: &Seals, payload: &[u8]) -> Result<Footer, BackupError> {
        let footer: Footer = of_json(payload)?;
        let hash = self.hash.finalize();
        let is_same = |text: &str, hash: &blake3::Hash| {
            blake3::Hash::from_hex(text).is_ok_and(|found| found == *hash)
        };
        if !is_same(&footer.hash, &hash) {
            return Err(BackupError::Damaged("its hash is another"));
        }
        if !is_same(&footer.voucher, &voucher(seals, &hash)?) {
            return Err(BackupError::Damaged("it was not made by this instance"));
        }
        let mut more = [0];
        match self.from.read(&mut more).map_err(BackupError::reading)? {
            0 => Ok(footer),
            _ => Err(BackupError::Damaged("something follows its end")),
        }
    }
}

fn of_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BackupError> {
    serde_json::from_slice(bytes).map_err(|_| BackupError::Damaged("a part of it is unreadable"))
}

/// Adds a row to the payload of a frame of rows.
pub(super) fn put_row(payload: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    for part in [key, value] {
        payload.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        payload.extend_from_slice(part);
    }
}

/// The key and the value of a row, as they are stored.
type RowBytes<'a> = (&'a [u8], &'a [u8]);

/// The rows in the payload of such a frame.
pub(super) fn rows_in(mut payload: &[u8]) -> Result<Vec<RowBytes<'_>>, BackupError> {
    fn part<'a>(payload: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (length, rest) = payload.split_first_chunk::<4>()?;
        let (part, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        *payload = rest;
        Some(part)
    }
    let mut rows = Vec::new();
    while !payload.is_empty() {
        let row = part(&mut payload).zip(part(&mut payload));
        rows.push(row.ok_or(BackupError::Damaged("a row is cut short"))?);
    }
    Ok(rows)
}
