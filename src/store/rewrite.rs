//! Writing a database anew, so that nothing is left in it of what was removed or replaced: redb
//! keeps the bytes of freed pages until it uses them again.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _};
use std::path::Path;

use redb::{ReadableDatabase as _, ReadableTable as _, TableHandle as _};

use super::StoreError;
use super::reader::definition;
use super::upgrade::stale_mark;

/// Writes what is in the database file into a new one, and puts that into its place; it is there
/// whole or not at all. The old file is overwritten. Nobody may have it open.
///
/// # Errors
/// When the file cannot be read, or the new one cannot be written.
pub(super) fn rewrite(path: &Path) -> Result<(), StoreError> {
    let beside = path.with_extension("partial");
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => copy(path, &beside)?,
    }
    replace(path, &beside).map_err(failed)
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
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    old.rewind()?;
    std::io::copy(&mut std::io::repeat(0).take(length), &mut old)?;
    old.sync_all()
}

fn failed(error: std::io::Error) -> StoreError {
    StoreError::Open(Box::new(error))
}
