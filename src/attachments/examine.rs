//! What must hold of files of memories: each row is of a memory that is there, for its author, and
//! its bytes are there and as they were stored.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::model::FOLDER;
use super::rows::{self, ATTACHMENTS};
use super::{Attachment, file};
use crate::jobs::{Examiner, Findings};
use crate::memories;
use crate::store::{BlobError, Blobs, Direction, Range, ReadTx, Rows as _, StoreError};

/// Every file is of a memory, and sealed for who wrote it.
pub struct AttachmentExaminer;

impl Examiner for AttachmentExaminer {
    fn examine(&self, tx: &ReadTx, findings: &mut Findings) -> Result<(), StoreError> {
        let table = ATTACHMENTS.info().name;
        tx.scan(&ATTACHMENTS, &Range::all(), Direction::Up, |key, row| {
            match memories::author_of(tx, key.0, key.1)? {
                None => findings.note(table, "a file of no memory", &key),
                Some(author) => {
                    let other = author != row.author;
                    findings.note_if(other, table, "a file that is not its author's", &key);
                }
            }
            Ok::<_, StoreError>(ControlFlow::Continue(()))
        })
    }
}

/// What was seen of the bytes of files.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// How many are as they were stored.
    pub sound: u64,
    /// The names of those that are damaged, or not there.
    pub damaged: Vec<String>,
    /// The names of those that no row names.
    pub nobodys: Vec<String>,
}

/// Every file there is, as far as its row can be read: one that cannot is told of as a row.
///
/// # Errors
/// When the store fails.
pub fn all(tx: &ReadTx) -> Result<Vec<Attachment>, StoreError> {
    let places: Vec<rows::Place> = tx.keys(&ATTACHMENTS, &Range::all())?;
    let read = |place| rows::attachment(tx, place).ok().flatten();
    Ok(places.into_iter().filter_map(read).collect())
}

/// Reads the bytes of files and compares them with what was stored.
///
/// # Errors
/// When the disk cannot say what is there.
pub async fn look_at_files(kept: Vec<Attachment>, blobs: &Blobs) -> Result<Looked, BlobError> {
    let (mut looked, mut known) = (Looked::default(), HashSet::new());
    for attachment in kept {
        known.insert(attachment.place());
        match file::check(blobs, &attachment).await {
            Ok(()) => looked.sound += 1,
            Err(_) => looked.damaged.push(attachment.place()),
        }
    }
    let found = blobs.names_below(FOLDER).await?;
    looked.nobodys = found.into_iter().filter(|name| !known.contains(name)).collect();
    Ok(looked)
}
