//! Throwing a file away and bringing it back.

use std::sync::Arc;

use super::{Attachment, AttachmentError, Attachments, one, present, rows};
use crate::access::{Action, Principal, Role};
use crate::clones::{self, Persona};
use crate::jobs::discarded::{self, Discard, Discarded};
use crate::kernel::{AccountId, AttachmentId, CloneId, DiscardedId, MemoryId, Timestamp};
use crate::memories::{self, Happened, MemoryError, OnChange};
use crate::store::{Rows, StoreError, WriteTx};

impl Attachments {
    /// Puts a file into the trash, if its version is still `expected`.
    ///
    /// # Errors
    /// When the asker may not, it was changed meanwhile, or the store fails.
    pub async fn delete(
        &self,
        who: &Principal,
        (clone, memory): (CloneId, MemoryId),
        id: AttachmentId,
        expected: Option<u32>,
    ) -> Result<(), AttachmentError> {
        let (who, now) = (who.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                memories::changeable(tx, &who, clone, memory)?;
                let (persona, _) = clones::open(tx, &who, clone, Action::ReadClone)?;
                let attachment = one(tx, (clone, memory, id))?;
                if expected.is_some_and(|expected| expected != attachment.version) {
                    return Err(AttachmentError::Stale);
                }
                Ok(discard_in(tx, attachment, &persona, who.account, now)?)
            })
            .await
    }

    /// Takes a file out of the trash.
    ///
    /// # Errors
    /// When it is gone for good, its memory is in the trash or full, the asker may not, or the
    /// store fails.
    pub fn restore_in(
        &self,
        tx: &mut WriteTx<'_>,
        who: &Principal,
        clone: CloneId,
        id: AttachmentId,
    ) -> Result<(), AttachmentError> {
        clones::open(tx, who, clone, Action::AddMemories)?;
        let memory = rows::memory_with(tx, clone, id)?.ok_or(AttachmentError::Missing)?;
        let (memory, role) = match memories::changeable(tx, who, clone, memory) {
            Err(MemoryError::Missing) => return Err(AttachmentError::MemoryIsGone),
            changeable => changeable?,
        };
        let found = rows::attachment(tx, (clone, memory.id, id))?;
        let mut attachment = found.ok_or(AttachmentError::Missing)?;
        if present(tx, clone, memory.id)?.len() >= self.bounds.per_memory {
            return Err(AttachmentError::TooMany(self.bounds.per_memory));
        }
        let revision = memory.revision;
        let memory = self.memories.note_file_in(tx, (who.account, role), memory)?;
        if memory.revision != revision {
            // It may have been thrown away before anybody let it in.
            attachment.created_at = self.clock.now();
            attachment.added_by = who.account;
        }
        Ok(rows::put_in(tx, &Attachment { deleted_at: None, ..attachment })?)
    }

    /// Throws the files away that were sent with what somebody takes back; a listener of changes
    /// to memories.
    pub fn listener() -> OnChange {
        Arc::new(|tx, happened| {
            let Happened::Withdrawn(memory, now) = happened else { return Ok(()) };
            let Some(persona) = clones::present(tx, memory.clone)? else { return Ok(()) };
            for attachment in rows::of_memory(tx, memory.clone, memory.id)? {
                let waits = memory.keeps_waiting(attachment.added_by, attachment.created_at);
                if waits && attachment.deleted_at.is_none() {
                    discard_in(tx, attachment, &persona, memory.author, now)?;
                }
            }
            Ok(())
        })
    }
}

fn discard_in(
    tx: &mut WriteTx<'_>,
    attachment: Attachment,
    persona: &Persona,
    by: AccountId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let shown = attachment.caption.as_deref().unwrap_or(&attachment.name);
    let discarded = Discarded {
        id: DiscardedId::from_bytes(attachment.id.bytes()),
        kind: Discard::Attachment,
        clone: attachment.clone,
        space: persona.space,
        title: discarded::title_from(shown),
        by,
        at,
    };
    rows::put_in(tx, &Attachment { deleted_at: Some(at), ..attachment })?;
    discarded::put_in(tx, discarded)
}

/// Whether an account with a role may bring a file back from the trash or erase it: what it takes
/// to throw its memory away.
///
/// # Errors
/// When the store fails.
pub fn may_discard(
    tx: &impl Rows,
    (account, role): (AccountId, Role),
    clone: CloneId,
    id: AttachmentId,
) -> Result<bool, StoreError> {
    let memory: Option<MemoryId> = rows::memory_with(tx, clone, id)?;
    match memory {
        Some(memory) => memories::may_discard(tx, (account, role), clone, memory),
        None => Ok(false),
    }
}
