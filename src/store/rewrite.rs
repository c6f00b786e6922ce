//! Writing a database anew, so that nothing is left in it of what was removed or replaced: redb
//! keeps the bytes of freed pages until it uses them again.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};

use redb::{ReadableDatabase as _, ReadableTable as _, TableHandle as _};

use super::overlay::{Batch, WriteTx};
use super::reader::definition;
use super::{Codec, StoreError, upgrade};

/// A file that another has taken the place of, and that is still to be overwritten.
pub(super) struct Replaced(File);

/// Writes what is in a database into a new file, opens it, and puts that into the place of its own;
/// it is there whole or not at all. The old file is not at this path any more, and whoever has it open
/// may go on reading.
///
/// # Errors
/// When the database cannot be read, or the new file cannot be written; then nothing has changed.
/// [`StoreError::Commit`] when the disk does not say which of the two files is there after a power
/// cut: then nothing may be written to either.
pub(super) fn rewrite<T>(
    from: &redb::Database,
    path: &Path,
    open: impl FnOnce(&Path) -> Result<T, StoreError>,
    codec: &Codec,
) -> Result<(T, Replaced), StoreError> {
    let beside = partial_of(path);
    let made = remove(&beside).map_err(failed).and_then(|()| {
        // Closed before it is opened as ever: that it cannot be written harms nobody yet.
        copy(from, &redb::Database::create(&beside).map_err(StoreError::opening)?, codec)?;
        let new = open(&beside)?;
        let old = OpenOptions::new().write(true).open(path).map_err(failed)?;
        std::fs::rename(&beside, path).map_err(failed)?;
        synced(path).map_err(|_| StoreError::Commit)?;
        Ok((new, Replaced(old)))
    });
    if made.is_err() {
        // What it is for is not there; the next time begins with removing it anyway.
        let _left = remove(&beside);
    }
    made
}

/// Where a new file is written before it takes its place.
fn partial_of(path: &Path) -> PathBuf {
    path.with_extension("partial")
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn copy(from: &redb::Database, to: &redb::Database, codec: &Codec) -> Result<(), StoreError> {
    let (read, mut write) = (from.begin_read()?, to.begin_write()?);
    write.set_two_phase_commit(true);
    write.set_quick_repair(true);
    for table in read.list_tables()? {
        let mut copy = write.open_table(definition(table.name()))?;
        for row in read.open_table(definition(table.name()))?.iter()? {
            let (key, value) = row?;
            copy.insert(key.value(), value.value())?;
        }
    }
    {
        let batch = Batch::new(&write);
        let mut change = WriteTx::new(&batch, codec);
        upgrade::note_rewritten_in(&mut change)?;
        batch.apply(change.into_overlay())?;
    }
    write.commit()?;
    Ok(())
}

/// Has the directory of a file say durably which file that is.
fn synced(path: &Path) -> std::io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

impl Replaced {
    /// Overwrites the file, which nobody may have open any more.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn overwrite(&mut self) -> std::io::Result<()> {
        let length = self.0.metadata()?.len();
        self.0.rewind()?;
        std::io::copy(&mut std::io::repeat(0).take(length), &mut self.0)?;
        self.0.sync_all()
    }
}

fn failed(error: std::io::Error) -> StoreError {
    StoreError::Open(Box::new(error))
}
