//! Why something with a file of a memory could not be done.

use super::media::MediaError;
use crate::clones::CloneError;
use crate::consents::ConsentError;
use crate::kernel::{Fault, FieldProblem, Kind};
use crate::memories::MemoryError;
use crate::seal::SealError;
use crate::store::{BlobError, StoreError};

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum AttachmentError {
    /// There is no such file, or it is not for this account to know of.
    #[error("there is no such file")]
    Missing,
    /// What the caller knows of it is not what it is any more.
    #[error("it was changed meanwhile")]
    Stale,
    /// It is no file that is taken.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// It is larger than files may be.
    #[error("the file has more than {0} bytes")]
    TooLarge(u64),
    /// The memory has as many files as it may have.
    #[error("the memory has {0} files already")]
    TooMany(usize),
    /// It has no name that could be shown.
    #[error("it has no name")]
    Nameless,
    /// The memory that it belongs to is in the trash itself.
    #[error("its memory is in the trash")]
    MemoryIsGone,
    /// What is said of it is in, and another word would wait.
    #[error("its caption is in")]
    CaptionIsIn,
    /// Its bytes are not what was stored, or not there.
    #[error("the file is damaged")]
    Damaged,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// Its bytes could not be read or written.
    #[error(transparent)]
    Blob(BlobError),
    /// It could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The memory is not there for the asker, or may not be changed.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The clone is not there for the asker, or may not be used so.
    #[error(transparent)]
    Clone(#[from] CloneError),
    /// Whoever adds has not agreed that it is kept.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// A repeated request was not the same.
    #[error(transparent)]
    Once(#[from] crate::jobs::OnceError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<BlobError> for AttachmentError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Missing => Self::Damaged,
            other => Self::Blob(other),
        }
    }
}

impl From<AttachmentError> for Fault {
    fn from(error: AttachmentError) -> Self {
        match error {
            AttachmentError::Missing => Self::not_found(),
            AttachmentError::Stale => Self::stale(),
            AttachmentError::Media(error) => of_media(error),
            AttachmentError::TooLarge(most) => Self::new(
                Kind::TooLarge,
                "too_large",
                format!("A file of a memory has at most {most} bytes."),
            ),
            AttachmentError::TooMany(most) => Self::new(
                Kind::Conflict,
                "too_many_attachments",
                format!("A memory has at most {most} files."),
            ),
            AttachmentError::Nameless => {
                Self::field(FieldProblem::Required, "/file", "must have a name")
            }
            AttachmentError::CaptionIsIn => Self::new(
                Kind::Conflict,
                "caption_is_in",
                "What is said of this file was let in; ask a steward to change it.",
            ),
            AttachmentError::MemoryIsGone => Self::new(
                Kind::Conflict,
                "memory_in_trash",
                "The memory that this belongs to is in the trash too; bring that back first.",
            ),
            AttachmentError::Damaged => Self::new(
                Kind::Invalid,
                "damaged",
                "This file is damaged on the server's disk. Whoever runs it may have it in a \
                 backup.",
            ),
            AttachmentError::Stopping => Self::new(
                Kind::Unavailable,
                "stopping",
                "The server is stopping; try again in a moment.",
            ),
            AttachmentError::Blob(error) if error.is_full() => Self::disk_full().because(error),
            AttachmentError::Blob(error) => Self::internal(error),
            AttachmentError::Seal(error) => Self::internal(error),
            AttachmentError::Memory(error) => error.into(),
            AttachmentError::Clone(error) => error.into(),
            AttachmentError::Consent(error) => error.into(),
            AttachmentError::Once(error) => error.into(),
            AttachmentError::Store(error) => error.into(),
        }
    }
}

fn of_media(error: MediaError) -> Fault {
    let (kind, code, detail) = match error {
        MediaError::Unknown => (
            Kind::Unsupported,
            "file_type",
            "A memory takes pictures (JPEG, PNG, GIF, WebP), sound (MP3, WAV, M4A, Ogg), PDF and \
             plain text.",
        ),
        MediaError::OtherName => {
            (Kind::Invalid, "file_mismatch", "The file is not what its name says.")
        }
        MediaError::OtherType => {
            (Kind::Invalid, "file_mismatch", "The file is not of the type it was sent as.")
        }
        MediaError::Broken => (Kind::Invalid, "file_broken", "The picture is not whole."),
        MediaError::Empty => (Kind::Invalid, "file_broken", "Nothing is in the file."),
    };
    Fault::new(kind, code, detail)
}
