//! How files of memories are stored: a row each, and their bytes beside the database.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Attachment;
use super::media::Media;
use super::model::{Caption, FileName};
use crate::kernel::{AccountId, AttachmentId, CloneId, MemoryId, Timestamp};
use crate::seal::{FileKey, Owner};
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx};

pub(super) type Place = (CloneId, MemoryId, AttachmentId);

pub(super) const ATTACHMENTS: Table<Place, AttachmentRow> = Table::new("attachments", Holds::Clone);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[ATTACHMENTS.info()];

#[derive(Serialize, Deserialize)]
pub(super) struct AttachmentRow {
    /// Who wrote the memory: it cannot be read without their key.
    pub(super) author: AccountId,
    pub(super) name: FileName,
    pub(super) media_type: Media,
    pub(super) size: u64,
    pub(super) sha256: String,
    pub(super) caption: Option<Caption>,
    pub(super) added_by: AccountId,
    pub(super) created_at: Timestamp,
    pub(super) deleted_at: Option<Timestamp>,
    pub(super) version: u32,
    /// What the bytes are sealed with; nothing else has it.
    pub(super) key: FileKey,
}

impl Row<Place> for AttachmentRow {
    fn owner(&self, (clone, ..): &Place) -> Owner {
        Owner::Derived { author: self.author, clone: *clone }
    }
}

impl From<&Attachment> for AttachmentRow {
    fn from(attachment: &Attachment) -> Self {
        let attachment = attachment.clone();
        Self {
            author: attachment.author,
            name: attachment.name,
            media_type: attachment.media,
            size: attachment.size,
            sha256: attachment.sha256,
            caption: attachment.caption,
            added_by: attachment.added_by,
            created_at: attachment.created_at,
            deleted_at: attachment.deleted_at,
            version: attachment.version,
            key: attachment.key,
        }
    }
}

pub(super) fn attachment_of((clone, memory, id): Place, row: AttachmentRow) -> Attachment {
    Attachment {
        id,
        clone,
        memory,
        author: row.author,
        name: row.name,
        media: row.media_type,
        size: row.size,
        sha256: row.sha256,
        caption: row.caption,
        added_by: row.added_by,
        created_at: row.created_at,
        deleted_at: row.deleted_at,
        version: row.version,
        key: row.key,
    }
}

pub(super) fn put_in(tx: &mut WriteTx<'_>, attachment: &Attachment) -> Result<(), StoreError> {
    let key = (attachment.clone, attachment.memory, attachment.id);
    tx.put(&ATTACHMENTS, &key, &AttachmentRow::from(attachment))
}

/// A file, whether in the trash or not.
pub(super) fn attachment(tx: &impl Rows, place: Place) -> Result<Option<Attachment>, StoreError> {
    Ok(tx.get(&ATTACHMENTS, &place)?.map(|row| attachment_of(place, row)))
}

/// Every file of a memory, the oldest first, those in the trash included.
pub(super) fn of_memory(
    tx: &impl Rows,
    clone: CloneId,
    memory: MemoryId,
) -> Result<Vec<Attachment>, StoreError> {
    let rows = tx.list(&ATTACHMENTS, &Range::prefix(&(clone, memory)))?;
    Ok(rows.into_iter().map(|(place, row)| attachment_of(place, row)).collect())
}

/// The memory of a clone that a file belongs to.
pub(super) fn memory_with(
    tx: &impl Rows,
    clone: CloneId,
    id: AttachmentId,
) -> Result<Option<MemoryId>, StoreError> {
    let keys: Vec<Place> = tx.keys(&ATTACHMENTS, &Range::prefix(&clone))?;
    Ok(keys.into_iter().find(|(.., other)| *other == id).map(|(_, memory, _)| memory))
}

/// The clone of every file.
pub(super) fn all_places(tx: &impl Rows) -> Result<HashMap<AttachmentId, CloneId>, StoreError> {
    let keys: Vec<Place> = tx.keys(&ATTACHMENTS, &Range::all())?;
    Ok(keys.into_iter().map(|(clone, _, id)| (id, clone)).collect())
}
