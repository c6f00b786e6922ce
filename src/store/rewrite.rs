//! Writing a database anew, so that nothing is left in it of what was removed or replaced: redb
//! keeps the bytes of freed pages until it uses them again.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};

use redb::{ReadableDatabase as _, ReadableTable as _, TableHandle as _};

use super::overlay::{Batch, WriteTx};
use super::reader::definition;
use super::{Codec, StoreError, upgrade, writer};
use crate::kernel::faults::{Planted, planted};
use crate::kernel::points::{Point, pass};

/// A file that another has taken the place of, and that is still to be overwritten.
pub(super) struct Replaced(File);

/// Writes what is in a database into a new file, opens it, and puts that into the place of its own;
/// it is there whole or not at all. The old file is not at this path any more, and whoever has it
/// open may go on reading.
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
    let beside = cleared(path)?;
    let made = (|| {
        // Closed before it is opened as ever: that it cannot be written harms nobody yet.
        copy(from, &redb::Database::create(&beside).map_err(StoreError::opening)?, codec)?;
        pass(Point::RewriteCopied);
        let new = open(&beside)?;
        let old = OpenOptions::new().write(true).open(path).map_err(failed)?;
        std::fs::rename(&beside, path).map_err(failed)?;
        sync_names(path).map_err(|_| StoreError::Commit)?;
        pass(Point::RewriteReplaced);
        Ok((new, Replaced(old)))
    })();
    if made.is_err() {
        // What it is for is not there; the next time begins with removing it anyway.
        let _left = std::fs::remove_file(&beside);
    }
    made
}

/// Puts a database where there is none: made beside its place, since redb cannot open one that it
/// was making when the power went.
///
/// # Errors
/// When it cannot be made, or not be put there.
pub(super) fn create(
    path: &Path,
    make: impl FnOnce(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if planted(Planted::MadeInPlace) {
        return make(path);
    }
    let beside = cleared(path)?;
    make(&beside)?;
    pass(Point::StoreMade);
    std::fs::rename(&beside, path).and_then(|()| sync_names(path)).map_err(failed)?;
    pass(Point::StorePut);
    Ok(())
}

/// The place beside a file, with nothing there.
fn cleared(path: &Path) -> Result<PathBuf, StoreError> {
    let beside = path.with_extension("partial");
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(beside),
    }
}

fn sync_names(path: &Path) -> std::io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn copy(from: &redb::Database, to: &redb::Database, codec: &Codec) -> Result<(), StoreError> {
    let (read, write) = (from.begin_read()?, writer::begin(to)?);
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
