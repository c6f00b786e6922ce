//! How people are stored.

use serde::{Deserialize, Serialize};

use crate::accounts::Hidden;
use crate::kernel::{AccountId, CloneId, FuzzyDate, PersonId, Text, Timestamp};
use crate::seal::Owner;
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx};

use super::{Description, Name, Person};

pub(super) const PEOPLE: Table<(CloneId, PersonId), PersonRow> = Table::new("people", Holds::Clone);

pub(super) const TABLES: [TableInfo; 1] = [PEOPLE.info()];

#[derive(Serialize, Deserialize)]
pub(super) struct PersonRow {
    author: AccountId,
    name: Name,
    aliases: Vec<Name>,
    relation: Option<Text<0, 200>>,
    born: Option<FuzzyDate>,
    died: Option<FuzzyDate>,
    notes: Option<Text<0, 10_000>>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
    deleted_at: Option<Timestamp>,
}

impl Row<(CloneId, PersonId)> for PersonRow {
    fn owner(&self, (clone, _): &(CloneId, PersonId)) -> Owner {
        Owner::Derived { author: self.author, clone: *clone }
    }
}

/// A person as stored; one that somebody put there who is hidden is as good as thrown away.
pub(super) fn person_of(clone: CloneId, id: PersonId, row: PersonRow, hidden: &Hidden) -> Person {
    let hidden = hidden.since(row.author);
    Person {
        id,
        clone,
        author: row.author,
        description: Description {
            name: row.name,
            aliases: row.aliases,
            relation: row.relation,
            born: row.born,
            died: row.died,
            notes: row.notes,
        },
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
        deleted_at: row.deleted_at.or(hidden),
    }
}

pub(super) fn person(
    tx: &impl Rows,
    clone: CloneId,
    id: PersonId,
) -> Result<Option<Person>, StoreError> {
    let Some(row) = tx.get(&PEOPLE, &(clone, id))? else { return Ok(None) };
    Ok(Some(person_of(clone, id, row, &Hidden::of(tx)?)))
}

pub(super) fn put_in(tx: &mut WriteTx<'_>, person: &Person) -> Result<(), StoreError> {
    let description = person.description.clone();
    let row = PersonRow {
        author: person.author,
        name: description.name,
        aliases: description.aliases,
        relation: description.relation,
        born: description.born,
        died: description.died,
        notes: description.notes,
        created_at: person.created_at,
        updated_at: person.updated_at,
        version: person.version,
        deleted_at: person.deleted_at,
    };
    tx.put(&PEOPLE, &(person.clone, person.id), &row)
}

pub(super) fn erase_clone_in(tx: &mut WriteTx<'_>, clone: CloneId) -> Result<(), StoreError> {
    tx.remove_range(&PEOPLE, &Range::prefix(&clone)).map(|_| ())
}

pub(super) fn erase_author_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    author: AccountId,
) -> Result<(), StoreError> {
    for (key, row) in tx.list(&PEOPLE, &Range::prefix(&clone))? {
        if row.author == author {
            tx.remove(&PEOPLE, &key);
        }
    }
    Ok(())
}
