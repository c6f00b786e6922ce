//! Writing a database anew, so that nothing is left in it of what was removed or replaced: redb
//! keeps the bytes of freed pages until it uses them again.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};

use redb::{ReadableDatabase as _, ReadableTable as _, TableHandle as _};

use super::StoreError;
use super::reader::definition;
use super::upgrade::stale_mark;
use crate::kernel::faults::{Planted, planted};
use crate::kernel::points::{Point, pass};

/// Writes what is in the database file into a new one, and puts that into its place; it is there
/// whole or not at all. The old file is overwritten. Nobody may have it open.
///
/// # Errors
/// When the file cannot be read, or the new one cannot be written.
pub(super) fn rewrite(path: &Path) -> Result<(), StoreError> {
    let beside = cleared(path)?;
    copy(path, &beside)?;
    pass(Point::RewriteCopied);
    replace(path, &beside).map_err(failed)
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

fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let from = redb::Database::open(from).map_err(StoreError::opening)?;
    let to = redb::Database::create(to).map_err(StoreError::opening)?;
    let (read, mut write) = (from.begin_read()?, to.begin_write()?);
    write.set_two_phase_commit(true);
    for table in read.list_tables()? {
        let mut copy = write.open_table(definition(table.name()))?;
        for row in read.open_table(definition(table.name()))?.iter()? {
            let (key, value) = row?;
            copy.insert(key.value(), value.value())?;
        }
    }
    let (table, key) = stale_mark();
    write.open_table(definition(table))?.remove(key.as_slice())?;
    write.commit()?;
    Ok(())
}

fn replace(path: &Path, new: &Path) -> std::io::Result<()> {
    let mut old = OpenOptions::new().write(true).open(path)?;
    let length = old.metadata()?.len();
    std::fs::rename(new, path)?;
    sync_names(path)?;
    pass(Point::RewriteReplaced);
    old.rewind()?;
    std::io::copy(&mut std::io::repeat(0).take(length), &mut old)?;
    old.sync_all()
}

fn failed(error: std::io::Error) -> StoreError {
    StoreError::Open(Box::new(error))
}
