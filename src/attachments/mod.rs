//! Files of memories: photographs, recordings, letters.
//!
//! A row says what a file is and has the one key that opens it; the bytes lie beside the database,
//! sealed with that key. They are on the disk before the row is, and go after it: a file that no
//! row names is nobody's and is removed, and a row without its file is damage, which is told.
//!
//! A file is the memory's: whoever may read that may read it, whoever may change that may add to it
//! and take from it, and it is erased with it. It is sealed for who wrote the memory, also when
//! somebody else added it.

mod adding;
mod erase;
mod error;
mod examine;
mod file;
mod media;
mod model;
pub mod personal;
mod rows;
mod strip;
mod sweep;
mod trash;

use std::collections::{HashMap, HashSet};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::BoxStream;
use tokio::sync::Semaphore;

use crate::access::{Action, Principal, Role, Visibility};
use crate::clones;
use crate::consents::{self, Consent};
use crate::jobs::Tasks;
use crate::kernel::{AttachmentId, Change, Clock, CloneId, MemoryId};
use crate::memories::{self, Memories, Memory};
use crate::store::{Blobs, ReadTx, Rows, Store};

pub use adding::Turn;
pub use erase::AttachmentEraser;
pub use error::AttachmentError;
pub use examine::{AttachmentExaminer, Looked, all, look_at_files};
pub use file::Whole;
pub use media::{Media, MediaError, Shown};
pub use model::{Attachment, Bounds, Brought, Caption, FileName};
pub use rows::TABLES;
pub use trash::may_discard;

/// How many files are taken in at once: each is in memory while its type is found and what the
/// camera wrote is taken out.
const AT_ONCE: usize = 4;

/// What the service stands on.
#[expect(missing_docs, reason = "each field is the service of its type")]
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub blobs: Blobs,
    pub memories: Memories,
    pub tasks: Tasks,
    pub bounds: Bounds,
}

/// The files of memories. Cheap to clone.
#[derive(Clone)]
pub struct Attachments {
    store: Store,
    clock: Clock,
    blobs: Blobs,
    memories: Memories,
    tasks: Tasks,
    bounds: Bounds,
    turns: Arc<Semaphore>,
    /// Where files are being put of which there is no row yet.
    coming: Arc<Mutex<HashSet<String>>>,
}

/// The bytes of a file, as they are read.
pub type Pieces = BoxStream<'static, io::Result<Bytes>>;

impl Attachments {
    /// Over these services.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, clock, blobs, memories, tasks, bounds } = parts;
        let (turns, coming) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::default());
        Self { store, clock, blobs, memories, tasks, bounds, turns, coming }
    }

    /// How much may be attached.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The files of a memory, the oldest first.
    ///
    /// # Errors
    /// When the memory is not the asker's to read, or the store fails.
    pub fn list(
        &self,
        who: &Principal,
        (clone, memory): (CloneId, MemoryId),
    ) -> Result<Vec<Attachment>, AttachmentError> {
        self.store.read(|tx| {
            let memory = memories::readable(tx, who, clone, memory)?;
            shown(tx, &memory)
        })
    }

    /// One file of a memory.
    ///
    /// # Errors
    /// When it is not the asker's to read, or the store fails.
    pub fn get(
        &self,
        who: &Principal,
        (clone, memory): (CloneId, MemoryId),
        id: AttachmentId,
    ) -> Result<Attachment, AttachmentError> {
        self.store.read(|tx| {
            let seen = memories::readable(tx, who, clone, memory)?;
            let found = one(tx, (clone, memory, id))?;
            let shown = seen.shows_file(found.added_by, found.created_at);
            shown.then_some(found).ok_or(AttachmentError::Missing)
        })
    }

    /// The files of memories that the asker was found to be allowed to read.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(
        &self,
        memories: &[&Memory],
    ) -> Result<HashMap<MemoryId, Vec<Attachment>>, AttachmentError> {
        self.store.read(|tx| {
            let mut found = HashMap::new();
            for memory in memories {
                let files = shown(tx, memory)?;
                if !files.is_empty() {
                    found.insert(memory.id, files);
                }
            }
            Ok(found)
        })
    }

    /// Some bytes of a file that the asker was found to be allowed to read.
    ///
    /// # Errors
    /// When it is damaged, or cannot be read.
    pub async fn read(
        &self,
        attachment: &Attachment,
        bytes: Range<u64>,
    ) -> Result<Pieces, AttachmentError> {
        let pieces = file::read(self.blobs.clone(), attachment.clone(), bytes).await?;
        Ok(boxed(pieces))
    }

    /// A file from its beginning to its end, for a thread that may wait. It was looked at whole
    /// before the first piece.
    ///
    /// # Errors
    /// When it is damaged, or cannot be read.
    pub fn whole(&self, attachment: &Attachment) -> Result<Whole, AttachmentError> {
        Whole::of(self.blobs.clone(), attachment.clone())
    }

    /// Changes what is said of a file, if its version is still `expected`.
    ///
    /// # Errors
    /// When the asker may not, it was changed meanwhile, or the store fails.
    pub async fn describe(
        &self,
        who: &Principal,
        (clone, memory): (CloneId, MemoryId),
        id: AttachmentId,
        (caption, expected): (Change<Caption>, Option<u32>),
    ) -> Result<Attachment, AttachmentError> {
        let who = who.clone();
        self.store
            .write(move |tx| {
                let (memory, role) = memories::changeable(tx, &who, clone, memory)?;
                consents::require_in(tx, who.account, Consent::DataProcessing)?;
                let mut attachment = one(tx, (clone, memory.id, id))?;
                let waits = memory.keeps_waiting(attachment.added_by, attachment.created_at);
                let for_others = memory.content.visibility != Visibility::Author;
                if for_others && !waits && memories::is_reviewed(tx, role, clone)? {
                    return Err(AttachmentError::CaptionIsIn);
                }
                if expected.is_some_and(|expected| expected != attachment.version) {
                    return Err(AttachmentError::Stale);
                }
                let before = attachment.caption.clone();
                caption.apply(&mut attachment.caption);
                if attachment.caption != before {
                    attachment.version += 1;
                    rows::put_in(tx, &attachment)?;
                }
                Ok(attachment)
            })
            .await
    }
}

fn boxed(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Pieces {
    Box::pin(pieces)
}

fn one(tx: &impl Rows, place: rows::Place) -> Result<Attachment, AttachmentError> {
    let found = rows::attachment(tx, place)?;
    found.filter(|found| found.deleted_at.is_none()).ok_or(AttachmentError::Missing)
}

/// The files of a memory for somebody who sees it so.
fn shown(tx: &impl Rows, memory: &Memory) -> Result<Vec<Attachment>, AttachmentError> {
    let mut files = present(tx, memory.clone, memory.id)?;
    files.retain(|file| memory.shows_file(file.added_by, file.created_at));
    Ok(files)
}

fn present(
    tx: &impl Rows,
    clone: CloneId,
    memory: MemoryId,
) -> Result<Vec<Attachment>, AttachmentError> {
    let mut files = rows::of_memory(tx, clone, memory)?;
    files.retain(|file| file.deleted_at.is_none());
    Ok(files)
}

/// The files of a memory that are not in the trash, for the slices above, which have found that
/// the memory may be read.
///
/// # Errors
/// When the store fails.
pub fn of_memory(tx: &ReadTx, memory: &Memory) -> Result<Vec<Attachment>, AttachmentError> {
    shown(tx, memory)
}

/// Whether somebody may add to a memory and take from it.
fn require_changeable(
    tx: &impl Rows,
    who: &Principal,
    clone: CloneId,
    memory: MemoryId,
) -> Result<(Memory, Role), AttachmentError> {
    let found = memories::changeable(tx, who, clone, memory)?;
    // What is kept for reading grows no more.
    clones::open(tx, who, clone, Action::AddMemories)?;
    consents::require_in(tx, who.account, Consent::DataProcessing)?;
    Ok(found)
}
