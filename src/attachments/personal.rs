//! What this slice keeps of people.

use serde_json::json;

use super::adding::{Checked, checked};
use super::model::Brought;
use super::rows::{ATTACHMENTS, Place, attachment, attachment_of, put_in};
use super::{Attachment, AttachmentEraser, AttachmentError, Attachments, file, present};
use crate::clones;
use crate::jobs::personal::{
    Arrival, ExportError, Giving, How, ImportError, Is, Kept, Line, Personal, PrivacyProvider,
    Record, kept, personal, plain,
};
use crate::kernel::{AccountId, Timestamp};
use crate::memories;
use crate::store::{Direction, Range, ReadTx, Rows as _, StoreError, WriteTx};

/// The folder of an export in which files lie.
pub const FILES: &str = "files";

/// Every table of this slice.
const KEPT: &[Kept] = &[kept("attachments", How::Given("attachments"))];

const RECORD: Record = Record {
    name: "attachments",
    meaning: "Files of memories that the account wrote; the files themselves lie beside it.",
    fields: &[
        plain("id", Is::Id),
        plain("clone_id", Is::Id),
        plain("memory_id", Is::Id),
        personal("name", Is::Text),
        personal("media_type", Is::Text),
        personal("size", Is::Number),
        personal("sha256", Is::Text),
        personal("caption", Is::Text),
        plain("added_by", Is::Id),
        personal("created_at", Is::Time),
        personal("deleted_at", Is::Time),
        plain("file", Is::Text),
    ],
    withheld: &["author", "version", "key"],
    unfolded: &[],
    given,
};

impl PrivacyProvider for AttachmentEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[RECORD] }
    }
}

fn given(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let (account, tx) = (to.account, to.tx);
    each_of_author(tx, account, |found| {
        let (clone, memory, id) = (json!(found.clone), json!(found.memory), json!(found.id));
        let file = json!(format!("{FILES}/{}", found.name_in_export()));
        let named = vec![("clone_id", clone), ("memory_id", memory), ("id", id), ("file", file)];
        to.give(&super::rows::AttachmentRow::from(&found), named)
    })
}

/// Visits the files of what an account wrote, those in the trash included.
///
/// # Errors
/// Whatever `visit` returns, or that the store fails.
pub fn each_of_author(
    tx: &ReadTx,
    account: AccountId,
    mut visit: impl FnMut(Attachment) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    tx.scan(&ATTACHMENTS, &Range::all(), Direction::Up, |place: Place, row| {
        if row.author == account {
            visit(attachment_of(place, row))?;
        }
        Ok(std::ops::ControlFlow::Continue(()))
    })
}

/// What a line says of a file that is to be taken in.
struct Said {
    place: Place,
    brought: Brought,
    added_by: AccountId,
    created_at: Timestamp,
    deleted_at: Option<Timestamp>,
}

impl Said {
    fn of(line: &Line, bytes: bytes::Bytes) -> Result<Self, ImportError> {
        let declared: String = line.field("media_type")?;
        let sha256: String = line.field("sha256")?;
        if file::sha256(&bytes) != sha256 || line.field::<u64>("size")? != bytes.len() as u64 {
            return Err(line.wrong("is of a file that is another"));
        }
        Ok(Self {
            place: (line.field("clone_id")?, line.field("memory_id")?, line.field("id")?),
            brought: Brought {
                name: line.field("name")?,
                declared: Some(declared),
                caption: line.field("caption")?,
                bytes,
            },
            added_by: line.field("added_by")?,
            created_at: line.field("created_at")?,
            deleted_at: line.field("deleted_at")?,
        })
    }
}

impl Attachments {
    /// Looks at a file that an export has, before anything is stored.
    ///
    /// # Errors
    /// When it is not what its line says, or nothing that is taken.
    pub fn look_at(&self, line: &Line, bytes: bytes::Bytes) -> Result<(), ImportError> {
        let said = Said::of(line, bytes)?;
        self.looked(line, said.brought).map(drop)
    }

    fn looked(&self, line: &Line, brought: Brought) -> Result<Checked, ImportError> {
        checked(brought, self.bounds().bytes)
            .map_err(|_| line.wrong("is of a file that is not taken"))
    }

    /// Takes in a file. One that is here already stays as it is.
    ///
    /// # Errors
    /// When it is not what its line says, its memory is not the account's, or the store or the
    /// disk fails.
    pub async fn import(
        &self,
        to: &Arrival,
        line: &Line,
        bytes: bytes::Bytes,
    ) -> Result<(), ImportError> {
        let said = Said::of(line, bytes)?;
        let caption = said.brought.caption.clone();
        let there = self.store.read(|tx| attachment(tx, said.place))?;
        if let Some(there) = there
            && file::check(&self.blobs, &there).await.is_ok()
        {
            return Ok(());
        }
        let Checked { name, media, bytes } = self.looked(line, said.brought)?;
        let (clone, memory, id) = said.place;
        let put = self.put((clone, id), &bytes).await;
        let (key, coming) = put.map_err(|error| failed(line, error))?;
        let attachment = Attachment {
            id,
            clone,
            memory,
            author: to.account,
            name,
            media,
            size: bytes.len() as u64,
            sha256: file::sha256(&bytes),
            caption,
            added_by: to.account(said.added_by),
            created_at: said.created_at,
            deleted_at: said.deleted_at,
            version: 1,
            key,
        };
        let (to, line, most) = (to.clone(), line.clone(), self.bounds().per_memory);
        let stored = self.store.write(move |tx| import_in(tx, &to, &line, (attachment, most)));
        let stored = stored.await;
        drop(coming);
        stored
    }
}

fn import_in(
    tx: &mut WriteTx<'_>,
    to: &Arrival,
    line: &Line,
    (attachment, most): (Attachment, usize),
) -> Result<(), ImportError> {
    let (clone, memory) = (attachment.clone, attachment.memory);
    clones::personal::require_own(tx, to, line, clone)?;
    if memories::author_of(tx, clone, memory)? != Some(to.account) {
        return Err(line.wrong("belongs to a memory that is not there"));
    }
    let many = present(tx, clone, memory).map_err(|error| failed(line, error))?.len();
    if attachment.deleted_at.is_none() && many >= most {
        return Err(line.wrong("is one more than a memory may have"));
    }
    Ok(put_in(tx, &attachment)?)
}

fn failed(line: &Line, error: AttachmentError) -> ImportError {
    match error {
        AttachmentError::Store(error) => error.into(),
        AttachmentError::Blob(error) => StoreError::Open(Box::new(error)).into(),
        _ => line.wrong("is of a file that cannot be stored"),
    }
}
