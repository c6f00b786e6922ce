//! What a file of a memory is.

use crate::kernel::{AccountId, AttachmentId, CloneId, MemoryId, Text, Timestamp};
use crate::seal::FileKey;

use super::media::Media;

/// The name of a file, as it is shown and saved.
pub type FileName = Text<1, 200>;

/// What is to be seen or heard, in somebody's words.
pub type Caption = Text<1, 500>;

/// A file that belongs to a memory.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Its identifier.
    pub id: AttachmentId,
    /// The clone of the memory.
    pub clone: CloneId,
    /// The memory.
    pub memory: MemoryId,
    /// Who wrote the memory: whose the file is.
    pub author: AccountId,
    /// Its name.
    pub name: FileName,
    /// What it is.
    pub media: Media,
    /// How many bytes it has.
    pub size: u64,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// What is to be seen or heard.
    pub caption: Option<Caption>,
    /// Who added it.
    pub added_by: AccountId,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was put into the trash.
    pub deleted_at: Option<Timestamp>,
    /// Counts the changes of its caption, from 1.
    pub version: u32,
    /// What its bytes are sealed with.
    pub(super) key: FileKey,
}

impl Attachment {
    /// Where its bytes lie below the folder of files.
    pub(super) fn place(&self) -> String {
        place(self.clone, self.id)
    }

    /// What it is called in an export, below the folder of files there.
    pub fn name_in_export(&self) -> String {
        format!("{}.{}", self.id, self.media.ending())
    }
}

/// Below this all files of memories lie.
pub(super) const FOLDER: &str = "attachments";

/// Where the bytes of a file lie.
pub(super) fn place(clone: CloneId, id: AttachmentId) -> String {
    format!("{FOLDER}/{clone}/{id}")
}

/// How much may be attached.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of a file.
    pub bytes: u64,
    /// Files of a memory.
    pub per_memory: usize,
}

/// A file that somebody brings, as it came.
#[derive(Debug)]
pub struct Brought {
    /// What it is called where it comes from.
    pub name: String,
    /// What it is said to be, as a media type.
    pub declared: Option<String>,
    /// What is to be seen or heard.
    pub caption: Option<Caption>,
    /// Its bytes.
    pub bytes: bytes::Bytes,
}
