//! Throwing a file away and bringing it back.

use super::{Attachment, AttachmentError, Attachments, one, present, rows};
use crate::access::{Action, Principal, Role};
use crate::clones;
use crate::jobs::discarded::{self, Discard, Discarded};
use crate::kernel::{AccountId, AttachmentId, CloneId, DiscardedId, MemoryId};
use crate::memories::{self, memory_of};
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
                let shown = attachment.caption.as_deref().unwrap_or(&attachment.name);
                let discarded = Discarded {
                    id: DiscardedId::from_bytes(id.bytes()),
                    kind: Discard::Attachment,
                    clone,
                    space: persona.space,
                    title: discarded::title_from(shown),
                    by: who.account,
                    at: now,
                };
                rows::put_in(tx, &Attachment { deleted_at: Some(now), ..attachment })?;
                Ok(discarded::put_in(tx, discarded)?)
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
        if memory_of(tx, clone, memory)?.is_none() {
            return Err(AttachmentError::MemoryIsGone);
        }
        memories::changeable(tx, who, clone, memory)?;
        let found = rows::attachment(tx, (clone, memory, id))?;
        let attachment = found.ok_or(AttachmentError::Missing)?;
        if present(tx, clone, memory)?.len() >= self.bounds.per_memory {
            return Err(AttachmentError::TooMany(self.bounds.per_memory));
        }
        Ok(rows::put_in(tx, &Attachment { deleted_at: None, ..attachment })?)
    }
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
