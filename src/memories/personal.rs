//! What this slice keeps of people.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::json;

use crate::accounts::Hidden;
use crate::clones::{self, Counted};
use crate::jobs::personal::{
    Arrival, ExportError, Giving, How, ImportError, Is, Kept, Line, Personal, PrivacyProvider,
    Record, kept, personal, plain,
};
use crate::kernel::{AccountId, CloneId, MemoryId, PersonId, Timestamp};
use crate::seal::Owner;
use crate::store::{Direction, Range, ReadTx, Row as _, Rows as _, StoreError, WriteTx};

use super::{Happened, Memories, Memory, MemoryEraser, count, people_rows, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("memories", How::Given("memories")),
    kept("memory_revisions", How::Given("memory_revisions")),
    kept("memories_by_external_id", How::Leads("memories")),
    kept("memories_by_date", How::Leads("memories")),
    kept("memories_undated", How::Leads("memories")),
    kept("memories_by_person", How::Leads("memories")),
    kept("memories_waiting", How::Leads("memories")),
    kept("people", How::Given("people")),
];

const MEMORIES: Record = Record {
    name: "memories",
    meaning: "Memories that the account wrote.",
    fields: &[
        plain("id", Is::Id),
        plain("clone_id", Is::Id),
        personal("text", Is::Text),
        personal("title", Is::Text),
        personal("kind", Is::Text),
        personal("occurred_at", Is::Text),
        personal("occurred_text", Is::Text),
        personal("place", Is::Text),
        personal("people", Is::List),
        personal("tags", Is::List),
        personal("visibility", Is::Text),
        personal("external_id", Is::Text),
        personal("metadata", Is::Text),
        personal("source", Is::Text),
        personal("speaker", Is::Text),
        personal("thread", Is::Text),
        personal("sequence", Is::Number),
        personal("revision", Is::Number),
        personal("created_at", Is::Time),
        personal("updated_at", Is::Time),
        personal("deleted_at", Is::Time),
        personal("waiting", Is::Object),
    ],
    withheld: &["author"],
    unfolded: &["content"],
    given: memories,
};

const REVISIONS: Record = Record {
    name: "memory_revisions",
    meaning: "What these memories said before.",
    fields: &[
        plain("memory_id", Is::Id),
        plain("clone_id", Is::Id),
        plain("number", Is::Number),
        personal("text", Is::Text),
        personal("title", Is::Text),
        personal("kind", Is::Text),
        personal("occurred_at", Is::Text),
        personal("occurred_text", Is::Text),
        personal("place", Is::Text),
        personal("people", Is::List),
        personal("tags", Is::List),
        personal("visibility", Is::Text),
        personal("external_id", Is::Text),
        personal("metadata", Is::Text),
        personal("source", Is::Text),
        personal("speaker", Is::Text),
        personal("thread", Is::Text),
        personal("sequence", Is::Number),
        personal("changed_at", Is::Time),
        plain("changed_by", Is::Id),
        plain("waited", Is::Flag),
    ],
    withheld: &["author"],
    unfolded: &["content"],
    given: revisions,
};

const PEOPLE: Record = Record {
    name: "people",
    meaning: "People whom the account described.",
    fields: &[
        plain("id", Is::Id),
        plain("clone_id", Is::Id),
        personal("name", Is::Text),
        personal("aliases", Is::List),
        personal("relation", Is::Text),
        personal("born", Is::Text),
        personal("died", Is::Text),
        personal("notes", Is::Text),
        personal("created_at", Is::Time),
        personal("updated_at", Is::Time),
        personal("deleted_at", Is::Time),
    ],
    withheld: &["author", "version"],
    unfolded: &[],
    given: people,
};

impl PrivacyProvider for MemoryEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[MEMORIES, REVISIONS, PEOPLE] }
    }
}

fn memories(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let account = to.account;
    let named =
        |(clone, id): &(CloneId, MemoryId)| vec![("clone_id", json!(clone)), ("id", json!(id))];
    to.wanted(&rows::MEMORIES, |key, row| is_by(account, row.owner(key)), named)
}

fn revisions(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let account = to.account;
    let named = |(clone, id, number): &(CloneId, MemoryId, u32)| {
        let (clone, id) = (json!(clone), json!(id));
        vec![("clone_id", clone), ("memory_id", id), ("number", json!(number))]
    };
    to.wanted(&rows::REVISIONS, |key, row| is_by(account, row.owner(key)), named)
}

fn people(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let account = to.account;
    let named =
        |(clone, id): &(CloneId, PersonId)| vec![("clone_id", json!(clone)), ("id", json!(id))];
    to.wanted(&people_rows::PEOPLE, |key, row| is_by(account, row.owner(key)), named)
}

/// Whether something that was written into a clone was written by an account.
fn is_by(account: AccountId, owner: Owner) -> bool {
    matches!(owner, Owner::Derived { author, .. } if author == account)
}

/// The clones in which an account wrote memories.
///
/// # Errors
/// When the store fails.
pub fn clones_written_in(tx: &ReadTx, account: AccountId) -> Result<Vec<CloneId>, StoreError> {
    let mut found = BTreeSet::new();
    tx.scan(&rows::MEMORIES, &Range::all(), Direction::Up, |key, row| {
        if is_by(account, row.owner(&key)) {
            found.insert(key.0);
        }
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    Ok(found.into_iter().collect())
}

/// Visits what an account wrote in a clone: what has a date first, by date, then the rest, then
/// what is in the trash.
///
/// # Errors
/// Whatever `visit` returns, or that the store fails.
pub fn each_written(
    tx: &ReadTx,
    clone: CloneId,
    account: AccountId,
    mut visit: impl FnMut(Memory) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let own = Range::prefix(&clone);
    let mut show = |id: MemoryId| -> Result<ControlFlow<()>, ExportError> {
        let memory = rows::memory(tx, clone, id)?.filter(|memory| memory.author == account);
        if let Some(memory) = memory.filter(|memory| memory.deleted_at.is_none()) {
            visit(memory)?;
        }
        Ok(ControlFlow::Continue(()))
    };
    tx.scan_keys(&rows::BY_DATE, &own, Direction::Up, |(.., id): (_, i64, i64, _)| show(id))?;
    tx.scan_keys(&rows::UNDATED, &own, Direction::Up, |(_, id): (CloneId, _)| show(id))?;
    tx.scan(&rows::MEMORIES, &own, Direction::Up, |(_, id), row| {
        let memory = rows::memory_of(clone, id, row, None);
        if memory.author == account && memory.deleted_at.is_some() {
            visit(memory)?;
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Fields of a memory that are not in its content.
const OUTSIDE: &[&str] = &[
    "id",
    "clone_id",
    "author",
    "revision",
    "created_at",
    "updated_at",
    "deleted_at",
    "memory_id",
    "number",
    "changed_at",
    "changed_by",
    "waited",
    "waiting",
];

impl Memories {
    /// Takes in a memory.
    ///
    /// # Errors
    /// When it is not what it must be, its clone is not the account's, or the store fails.
    pub fn import_in(
        &self,
        tx: &mut WriteTx<'_>,
        to: &Arrival,
        line: &Line,
    ) -> Result<(), ImportError> {
        let (clone, id): (CloneId, MemoryId) = (line.field("clone_id")?, line.field("id")?);
        clones::personal::require_own(tx, to, line, clone)?;
        let author = vec![("author", json!(to.account))];
        let row: rows::MemoryRow = line.row(author, Some(("content", OUTSIDE)))?;
        let memory = rows::memory_of(clone, id, row, None);
        let before = rows::memory(tx, clone, id)?;
        if let Some(external_id) = &memory.content.external_id {
            let other = rows::by_external_id(tx, clone, external_id)?;
            if other.is_some_and(|other| other != id) {
                return Err(line.taken());
            }
        }
        rows::put_in(tx, before.as_ref(), &memory)?;
        let there = before.as_ref().filter(|before| before.deleted_at.is_none());
        if let Some(there) = there {
            count(tx, there, -1)?;
        }
        if memory.deleted_at.is_some() {
            return Ok(());
        }
        count(tx, &memory, 1)?;
        let there = there.filter(|there| there.is_in());
        match (memory.is_in(), there) {
            (true, there) => Ok(self.tell(tx, Happened::Saved { before: there, memory: &memory })?),
            (false, Some(there)) => Ok(self.tell(tx, Happened::Removed(there))?),
            (false, None) => Ok(()),
        }
    }
}

/// Takes in what a memory said before.
///
/// # Errors
/// When it is not what it must be, its clone is not the account's, or the store fails.
pub fn import_revision_in(
    tx: &mut WriteTx<'_>,
    to: &Arrival,
    line: &Line,
) -> Result<(), ImportError> {
    let (clone, id): (CloneId, MemoryId) = (line.field("clone_id")?, line.field("memory_id")?);
    clones::personal::require_own(tx, to, line, clone)?;
    let by = to.account(line.field("changed_by")?);
    let known = vec![("author", json!(to.account)), ("changed_by", json!(by))];
    let row: rows::RevisionRow = line.row(known, Some(("content", OUTSIDE)))?;
    Ok(tx.put(&rows::REVISIONS, &(clone, id, line.field("number")?), &row)?)
}

/// Takes in a person.
///
/// # Errors
/// When it is not what it must be, its clone is not the account's, or the store fails.
pub fn import_person_in(
    tx: &mut WriteTx<'_>,
    to: &Arrival,
    line: &Line,
) -> Result<(), ImportError> {
    let (clone, id): (CloneId, PersonId) = (line.field("clone_id")?, line.field("id")?);
    clones::personal::require_own(tx, to, line, clone)?;
    let known = vec![("author", json!(to.account)), ("version", json!(1))];
    let row: people_rows::PersonRow = line.row(known, None)?;
    let there = tx.get(&people_rows::PEOPLE, &(clone, id))?;
    let counted = there.is_some_and(|row| {
        people_rows::person_of(clone, id, row, &Hidden::default()).deleted_at.is_none()
    });
    let gone: Option<Timestamp> = line.field("deleted_at")?;
    tx.put(&people_rows::PEOPLE, &(clone, id), &row)?;
    match (counted, gone) {
        (false, None) => Ok(clones::count_in(tx, clone, to.account, Counted::Person, 1)?),
        _ => Ok(()),
    }
}
