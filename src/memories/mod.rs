//! Memories: what is remembered of a clone's subject, by whom, and what it said before.
//!
//! What must happen above when a memory changes (it must be found) is done by listeners that
//! `app` registers; they run in the same transaction.

mod batch;
mod browse;
mod contributions;
mod erase;
mod error;
mod examine;
mod model;
mod people;
mod people_rows;
pub mod personal;
mod places;
mod reads;
mod revisions;
mod rights;
mod rows;
mod withdraw;

use std::sync::Arc;

use crate::access::{Action, Principal, Role, Visibility};
use crate::accounts::{Watchers, hidden_since};
use crate::clones::{self, Counted};
use crate::consents::{self, Consent};
use crate::jobs::Once;
use crate::jobs::discarded::{self, Discard, Discarded};
use crate::kernel::faults::{Planted, planted};
use crate::kernel::{AccountId, Clock, CloneId, DiscardedId, MemoryId, Timestamp};
use crate::store::{Rows, Store, StoreError, TableInfo, WriteTx};

pub use contributions::{Decision, Declined, Waiting, is_reviewed};
pub use erase::{Forget, MemoryEraser};
pub use error::MemoryError;
pub use examine::MemoryExaminer;
pub use model::{
    BatchOutcome, Content, ContentChange, Description, DescriptionChange, Filter, Memory,
    MemoryType, Metadata, Name, Person, Revision, Timeline, fold,
};
pub use people::{may_discard_person, names_of, restore_person_in};
pub use personal::{clones_written_in, each_written};
pub use reads::{
    author_of, day_of, each_of, is_readable, may_discard, memory_of, remove_dangling_in,
    written_after,
};
pub use rows::reseal_in;

pub use rights::{changeable, readable};

use self::rights::{may_change, may_read, require_own_or_steward};

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[
    rows::TABLES[0],
    rows::TABLES[1],
    rows::TABLES[2],
    rows::TABLES[3],
    rows::TABLES[4],
    rows::TABLES[5],
    rows::TABLES[6],
    people_rows::TABLES[0],
];

/// What became of a memory.
#[derive(Clone, Copy, Debug)]
pub enum Happened<'a> {
    /// It is new, was changed or was brought back.
    Saved {
        /// What it was before, if it was there.
        before: Option<&'a Memory>,
        /// What it is now.
        memory: &'a Memory,
    },
    /// It was put into the trash.
    Removed(&'a Memory),
    /// Its author takes back then what of it waits, which it still has here.
    Withdrawn(&'a Memory, Timestamp),
}

/// Runs in the transaction in which a memory changes.
pub type OnChange =
    Arc<dyn Fn(&mut WriteTx<'_>, Happened<'_>) -> Result<(), StoreError> + Send + Sync>;

/// The memories of this instance.
#[derive(Clone)]
pub struct Memories {
    store: Store,
    clock: Clock,
    watchers: Watchers,
    on_change: Arc<[OnChange]>,
}

impl Memories {
    /// The memories in a store, who hears of what waits, and what follows a change.
    pub fn new(store: Store, clock: Clock, watchers: Watchers, on_change: Vec<OnChange>) -> Self {
        Self { store, clock, watchers, on_change: on_change.into() }
    }

    /// Writes a memory down.
    ///
    /// # Errors
    /// When the asker may not, its external id is taken, or the store fails.
    pub async fn create(
        &self,
        who: &Principal,
        clone: CloneId,
        content: Content,
        once: Option<Once>,
    ) -> Result<Memory, MemoryError> {
        let (this, who) = (self.clone(), who.clone());
        let later = once.clone().filter(|_| planted(Planted::OnceApart));
        let memory = self
            .store
            .write(move |tx| {
                let (_, role) = clones::open(tx, &who, clone, Action::AddMemories)?;
                consents::require_in(tx, who.account, Consent::DataProcessing)?;
                if let Some(made) = Once::made_in(once.as_ref(), tx)? {
                    let id = MemoryId::from_bytes(made);
                    let memory = rows::memory(tx, clone, id)?;
                    let there = memory.filter(|memory| memory.deleted_at.is_none());
                    return there.ok_or(MemoryError::Missing);
                }
                require_free(tx, clone, None, &content)?;
                let memory = this.insert_in(tx, (who.account, role), clone, content)?;
                let once = once.as_ref().filter(|_| !planted(Planted::OnceApart));
                Once::record_in(once, tx, &memory.id.bytes())?;
                Ok::<_, MemoryError>(memory)
            })
            .await?;
        if let Some(once) = later {
            let made = memory.id.bytes();
            self.store.write(move |tx| Once::record_in(Some(&once), tx, &made)).await?;
        }
        Ok(memory)
    }

    /// One memory.
    ///
    /// # Errors
    /// When it is not the asker's to read, or the store fails.
    pub fn get(
        &self,
        who: &Principal,
        clone: CloneId,
        id: MemoryId,
    ) -> Result<Memory, MemoryError> {
        self.store.read(|tx| readable(tx, who, clone, id))
    }

    /// Changes a memory; what it said before is kept as a revision.
    ///
    /// # Errors
    /// When the asker may not, it changed since `expected`, or the store fails.
    pub async fn change(
        &self,
        who: &Principal,
        (clone, id): (CloneId, MemoryId),
        change: ContentChange,
        expected: Option<u32>,
    ) -> Result<Memory, MemoryError> {
        let (this, who) = (self.clone(), who.clone());
        self.store
            .write(move |tx| {
                let (memory, role) = changeable(tx, &who, clone, id)?;
                consents::require_in(tx, who.account, Consent::DataProcessing)?;
                if expected.is_some_and(|expected| expected != memory.revision) {
                    return Err(MemoryError::Stale);
                }
                let mut content = memory.draft(who.account).clone();
                change.apply(&mut content);
                require_free(tx, clone, Some(id), &content)?;
                let memory = this.rewrite_in(tx, (who.account, role), memory, content)?;
                Ok(memory.seen_by(&who, role))
            })
            .await
    }

    /// Puts a memory into the trash, if its revision is still `expected`.
    ///
    /// # Errors
    /// When the asker may not, it was changed meanwhile, or the store fails.
    pub async fn delete(
        &self,
        who: &Principal,
        (clone, id): (CloneId, MemoryId),
        expected: Option<u32>,
    ) -> Result<(), MemoryError> {
        let (this, who) = (self.clone(), who.clone());
        self.store
            .write(move |tx| {
                let (before, _) = changeable(tx, &who, clone, id)?;
                if expected.is_some_and(|expected| expected != before.revision) {
                    return Err(MemoryError::Stale);
                }
                let (persona, _) = clones::open(tx, &who, clone, Action::ReadClone)?;
                let now = this.clock.now();
                let memory = Memory { deleted_at: Some(now), ..before.clone() };
                rows::put_in(tx, Some(&before), &memory)?;
                if !planted(Planted::CountNotKept) {
                    count(tx, &memory, -1)?;
                }
                let shown = before.content.title.as_deref().filter(|title| !title.is_empty());
                let discarded = Discarded {
                    id: DiscardedId::from_bytes(id.bytes()),
                    kind: Discard::Memory,
                    clone,
                    space: persona.space,
                    title: discarded::title_from(shown.unwrap_or(&before.content.text)),
                    by: who.account,
                    at: now,
                };
                discarded::put_in(tx, discarded)?;
                if memory.is_in() {
                    this.tell(tx, Happened::Removed(&memory))?;
                }
                Ok(())
            })
            .await
    }

    /// Takes a memory out of the trash.
    ///
    /// # Errors
    /// When it is gone for good, the asker may not, or the store fails.
    pub fn restore_in(
        &self,
        tx: &mut WriteTx<'_>,
        who: &Principal,
        clone: CloneId,
        id: MemoryId,
    ) -> Result<(), MemoryError> {
        let (_, role) = clones::open(tx, who, clone, Action::AddMemories)?;
        let before = rows::memory(tx, clone, id)?.ok_or(MemoryError::Missing)?;
        let is_hidden = hidden_since(tx, before.author)?.is_some();
        if is_hidden || !may_discard(tx, (who.account, role), clone, id)? {
            return Err(MemoryError::Missing);
        }
        require_free(tx, clone, Some(id), &before.content)?;
        let memory = Memory { deleted_at: None, ..before.clone() };
        rows::put_in(tx, Some(&before), &memory)?;
        count(tx, &memory, 1)?;
        Ok(self.announce_in(tx, &memory)?)
    }

    /// Tells everybody of a memory as if it had just been written: what they made of it before is
    /// gone. Of one that is not in yet nobody is told.
    ///
    /// # Errors
    /// When the store fails.
    pub fn announce_in(&self, tx: &mut WriteTx<'_>, memory: &Memory) -> Result<(), StoreError> {
        match memory.is_in() {
            true => self.tell(tx, Happened::Saved { before: None, memory }),
            false => Ok(()),
        }
    }

    fn insert_in(
        &self,
        tx: &mut WriteTx<'_>,
        (author, role): (AccountId, Role),
        clone: CloneId,
        content: Content,
    ) -> Result<Memory, MemoryError> {
        let now = self.clock.now();
        let shown = content.visibility != Visibility::Author;
        let waits = shown && contributions::is_reviewed(tx, role, clone)?;
        let memory = Memory {
            id: MemoryId::fresh(),
            clone,
            author,
            content,
            revision: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            waiting: waits.then_some(Waiting { since: now, change: None, declined: None }),
            files_until: None,
        };
        if waits {
            self.tell_waiting_in(tx, &memory)?;
        }
        rows::put_in(tx, None, &memory)?;
        count(tx, &memory, 1)?;
        self.announce_in(tx, &memory)?;
        Ok(memory)
    }

    fn rewrite_in(
        &self,
        tx: &mut WriteTx<'_>,
        (by, role): (AccountId, Role),
        before: Memory,
        content: Content,
    ) -> Result<Memory, MemoryError> {
        if content == *before.draft(by) {
            return Ok(before);
        }
        let reviewed = contributions::is_reviewed(tx, role, before.clone)?;
        let memory = before.rewritten(by, content, reviewed, self.clock.now());
        self.replace_in(tx, by, before, memory)
    }

    /// Puts one in the place of what was there, which is kept if it said something else.
    fn replace_in(
        &self,
        tx: &mut WriteTx<'_>,
        by: AccountId,
        before: Memory,
        memory: Memory,
    ) -> Result<Memory, MemoryError> {
        let same = memory.content == before.content;
        if !same {
            rows::put_revision_in(tx, &before, by)?;
        }
        if memory.waits() && !before.waits() {
            self.tell_waiting_in(tx, &memory)?;
        }
        rows::put_in(tx, Some(&before), &memory)?;
        if memory.shown_to() != before.shown_to() {
            count(tx, &before, -1)?;
            count(tx, &memory, 1)?;
        }
        match (before.is_in(), memory.is_in()) {
            (true, true) if same => {}
            (true, true) => {
                self.tell(tx, Happened::Saved { before: Some(&before), memory: &memory })?;
            }
            (true, false) => self.tell(tx, Happened::Removed(&before))?,
            (false, _) => self.announce_in(tx, &memory)?,
        }
        Ok(memory)
    }

    fn tell(&self, tx: &mut WriteTx<'_>, happened: Happened<'_>) -> Result<(), StoreError> {
        self.on_change.iter().try_for_each(|listener| listener(tx, happened))
    }
}

fn count(tx: &mut WriteTx<'_>, memory: &Memory, by: i64) -> Result<(), StoreError> {
    let what = Counted::Memory(memory.shown_to());
    clones::count_in(tx, memory.clone, memory.author, what, by)
}

fn require_free(
    tx: &impl Rows,
    clone: CloneId,
    own: Option<MemoryId>,
    content: &Content,
) -> Result<(), MemoryError> {
    let Some(external_id) = &content.external_id else {
        return Ok(());
    };
    match rows::by_external_id(tx, clone, external_id)? {
        Some(other) if Some(other) != own => Err(MemoryError::ExternalIdTaken),
        _ => Ok(()),
    }
}
