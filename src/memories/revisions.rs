//! What memories said before: shown, and said again.

use crate::access::{Action, Principal, may};
use crate::clones;
use crate::consents::{self, Consent};
use crate::kernel::{CloneId, MemoryId, Page, PageRequest};
use crate::store::{Direction, Range, Rows as _, page_of};

use super::rights::{changeable, readable_as};
use super::{Memories, Memory, MemoryError, Revision, require_free, rows};

impl Memories {
    /// What a memory said before, newest first.
    ///
    /// # Errors
    /// When it is not the asker's to read, or the store fails.
    pub fn revisions(
        &self,
        who: &Principal,
        clone: CloneId,
        id: MemoryId,
        page: &PageRequest,
    ) -> Result<Page<Revision>, MemoryError> {
        self.store.read(|tx| {
            let (_, role) = clones::open(tx, who, clone, Action::ReadMemories)?;
            let memory = readable_as(tx, who, role, clone, id)?;
            // What was changed before it was let in is for those who saw it then.
            let all = memory.author == who.account || may(role, Action::ChangeMemories);
            let range = Range::prefix(&(clone, id));
            page_of(tx, &rows::REVISIONS, range, Direction::Down, page, |(_, _, n), row| {
                Ok((all || !row.waited).then(|| rows::revision_of(n, row)))
            })
        })
    }

    /// Makes a memory say again what it said in a revision.
    ///
    /// # Errors
    /// When the asker may not, there is no such revision, or the store fails.
    pub async fn restore_revision(
        &self,
        who: &Principal,
        (clone, id): (CloneId, MemoryId),
        number: u32,
    ) -> Result<Memory, MemoryError> {
        let (this, who) = (self.clone(), who.clone());
        self.store
            .write(move |tx| {
                let (memory, role) = changeable(tx, &who, clone, id)?;
                consents::require_in(tx, who.account, Consent::DataProcessing)?;
                let row = tx.get(&rows::REVISIONS, &(clone, id, number))?;
                let revision = rows::revision_of(number, row.ok_or(MemoryError::Missing)?);
                require_free(tx, clone, Some(id), &revision.content)?;
                let by = (who.account, role);
                Ok(this.rewrite_in(tx, by, memory, revision.content)?.seen_by(&who, role))
            })
            .await
    }
}
