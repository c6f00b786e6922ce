//! Writing what is stored as a backup: from one snapshot, with memory that does not grow.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::BackupError;
use super::format::{FORMAT, Footer, Frames, Header, Kind, PIECE, put_row};
use super::ledger;
use crate::kernel::Timestamp;
use crate::seal::Seals;
use crate::store::{
    Direction, LEDGER, OWN_TABLES, Range, ReadTx, Rows as _, Store, StoreError, TableInfo,
    is_unfinished, schema_of,
};

/// What is put into a backup.
pub(super) struct Source<'a> {
    pub(super) store: &'a Store,
    pub(super) seals: &'a Seals,
    pub(super) tables: &'a [TableInfo],
    pub(super) directory: &'a Path,
    pub(super) instance: &'a str,
    pub(super) now: Timestamp,
    pub(super) stop: &'a CancellationToken,
}

/// The files of a data directory that rows speak of.
pub const FILES: &str = "blobs";

/// The ledger of erasures that lies in a directory, whole lines of it.
///
/// # Errors
/// When it cannot be read.
pub fn ledger_in(directory: &Path) -> Result<Option<Vec<u8>>, BackupError> {
    match std::fs::read(directory.join(LEDGER)) {
        Ok(mut bytes) => {
            let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            bytes.truncate(end);
            Ok(Some(bytes))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(BackupError::io("the ledger of erasures cannot be read")(error)),
    }
}

/// Writes a backup; what it is, what is in it, and the writer below, still to be ended. The
/// snapshot is given back as soon as the rows are written.
pub(super) fn write<W: Write>(
    source: &Source<'_>,
    out: W,
) -> Result<(Header, Footer, W), BackupError> {
    let mut footer = Footer::default();
    let (header, mut frames) = source.store.read(|tx| {
        // The keys of all that is in the snapshot were on the disk before it was.
        let header = Header {
            format: FORMAT.to_owned(),
            app: env!("CARGO_PKG_VERSION").to_owned(),
            schema: schema_of(tx)?,
            instance: source.instance.to_owned(),
            created: source.now.0,
            keyring: source.seals.generation(),
            erasures: 0,
        };
        // What was erased before the snapshot stands in the ledger by now.
        let ledger = ledger_in(source.directory)?.unwrap_or_default();
        let header = Header { erasures: ledger::entries(&ledger) as u64, ..header };
        let mut frames = Frames::begin(out, &header)?;
        for table in OWN_TABLES.iter().chain(source.tables).filter(|table| !table.is_passing) {
            let rows = rows(source, tx, table.name, &mut frames)?;
            footer.tables.insert(table.name.to_owned(), rows);
        }
        for piece in ledger.chunks(PIECE) {
            frames.put(Kind::Ledger, piece)?;
        }
        Ok::<_, BackupError>((header, frames))
    })?;
    let root = source.directory.join(FILES);
    for path in files_below(&root)? {
        // What is being stored has no row in the snapshot.
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(is_unfinished) {
            continue;
        }
        file(source, (&root, &path), &mut frames, &mut footer)?;
    }
    let out = frames.end(source.seals, &footer)?;
    Ok((header, footer, out))
}

fn rows<W: Write>(
    source: &Source<'_>,
    tx: &ReadTx,
    table: &'static str,
    frames: &mut Frames<W>,
) -> Result<u64, BackupError> {
    frames.put(Kind::Table, table.as_bytes())?;
    let (mut payload, mut count, mut failed) = (Vec::with_capacity(PIECE * 2), 0, None);
    let mut flush = |payload: &mut Vec<u8>| -> Result<(), BackupError> {
        is_wanted(source)?;
        frames.put(Kind::Rows, payload)?;
        payload.clear();
        Ok(())
    };
    let scanned = tx.scan_bytes(table, &Range::all(), Direction::Up, &mut |key, value| {
        count += 1;
        put_row(&mut payload, key, value);
        if payload.len() >= PIECE
            && let Err(error) = flush(&mut payload)
        {
            failed = Some(error);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    scanned.map_err(|error: StoreError| BackupError::Store(error))?;
    if let Some(error) = failed {
        return Err(error);
    }
    if !payload.is_empty() {
        flush(&mut payload)?;
    }
    Ok(count)
}

fn is_wanted(source: &Source<'_>) -> Result<(), BackupError> {
    if source.stop.is_cancelled() { Err(BackupError::Stopped) } else { Ok(()) }
}

fn file<W: Write>(
    source: &Source<'_>,
    (root, path): (&Path, &Path),
    frames: &mut Frames<W>,
    footer: &mut Footer,
) -> Result<(), BackupError> {
    let failed = BackupError::io("a file cannot be read");
    let mut file = match File::open(path) {
        Ok(file) => file,
        // It was erased since the snapshot, and is gone for good.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let name = path.strip_prefix(root).ok().and_then(Path::to_str);
    let name = name.ok_or(BackupError::Damaged("a file has a name that is no text"))?;
    frames.put(Kind::File, name.as_bytes())?;
    let mut piece = vec![0; PIECE];
    loop {
        is_wanted(source)?;
        let read = file.read(&mut piece).map_err(&failed)?;
        if read == 0 {
            footer.files += 1;
            return Ok(());
        }
        frames.put(Kind::Piece, &piece[..read])?;
        footer.file_bytes += read as u64;
    }
}

/// Every file below a folder, in the order of their names; none if there is no folder.
pub(super) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let failed = BackupError::io("the files cannot be listed");
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let entries = entries.collect::<Result<Vec<_>, _>>().map_err(&failed)?;
    let mut paths: Vec<PathBuf> = entries.iter().map(std::fs::DirEntry::path).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        match path.is_dir() {
            true => files.extend(files_below(&path)?),
            false => files.push(path),
        }
    }
    Ok(files)
}
