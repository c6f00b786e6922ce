//! People who occur in memories, as records of their own.

use std::collections::HashSet;

use crate::access::{Action, Principal, Role};
use crate::accounts::{Hidden, hidden_since};
use crate::clones::{self, Counted};
use crate::consents::{self, Consent};
use crate::jobs::Once;
use crate::jobs::discarded::{self, Discard, Discarded};
use crate::kernel::{AccountId, CloneId, DiscardedId, MemoryId, Page, PageRequest, PersonId};
use crate::store::{Direction, Range, Rows, StoreError, WriteTx, page_of};

use super::people_rows as stored;
use super::{
    Description, DescriptionChange, Memories, MemoryError, Person, may_change, may_read,
    require_own_or_steward, rows,
};

impl Memories {
    /// Adds a person.
    ///
    /// # Errors
    /// When the asker may not, or the store fails.
    pub async fn add_person(
        &self,
        who: &Principal,
        clone: CloneId,
        description: Description,
        once: Option<Once>,
    ) -> Result<Person, MemoryError> {
        let who = who.clone();
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                clones::open(tx, &who, clone, Action::AddMemories)?;
                consents::require_in(tx, who.account, Consent::DataProcessing)?;
                if let Some(made) = Once::made_in(once.as_ref(), tx)? {
                    return existing(tx, clone, PersonId::from_bytes(made));
                }
                let person = Person {
                    id: PersonId::fresh(),
                    clone,
                    author: who.account,
                    description,
                    created_at: now,
                    updated_at: now,
                    version: 1,
                    deleted_at: None,
                };
                stored::put_in(tx, &person)?;
                clones::count_in(tx, clone, who.account, Counted::Person, 1)?;
                Once::record_in(once.as_ref(), tx, &person.id.bytes())?;
                Ok(person)
            })
            .await
    }

    /// One person, and in how many memories the asker can read they occur.
    ///
    /// # Errors
    /// When there is none for the asker, or the store fails.
    pub fn person(
        &self,
        who: &Principal,
        clone: CloneId,
        id: PersonId,
    ) -> Result<(Person, usize), MemoryError> {
        self.store.read(|tx| {
            let (_, role) = clones::open(tx, who, clone, Action::ReadMemories)?;
            let person = existing(tx, clone, id)?;
            let count = occurrences(tx, who, role, &person)?;
            Ok((person, count))
        })
    }

    /// The people of a clone, newest first.
    ///
    /// # Errors
    /// When the clone is not the asker's to see, or the store fails.
    pub fn people(
        &self,
        who: &Principal,
        clone: CloneId,
        page: &PageRequest,
    ) -> Result<Page<(Person, usize)>, MemoryError> {
        self.store.read(|tx| {
            let (_, role) = clones::open(tx, who, clone, Action::ReadMemories)?;
            let (range, hidden) = (Range::prefix(&clone), Hidden::of(tx)?);
            page_of(tx, &stored::PEOPLE, range, Direction::Down, page, |(_, id), row| {
                let person = stored::person_of(clone, id, row, &hidden);
                if person.deleted_at.is_some() {
                    return Ok(None);
                }
                let count = occurrences(tx, who, role, &person)?;
                Ok(Some((person, count)))
            })
        })
    }

    /// Changes what is known of a person.
    ///
    /// # Errors
    /// When the asker may not, it changed since `expected`, or the store fails.
    pub async fn change_person(
        &self,
        who: &Principal,
        (clone, id): (CloneId, PersonId),
        change: DescriptionChange,
        expected: Option<u64>,
    ) -> Result<(Person, usize), MemoryError> {
        let who = who.clone();
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let (_, role) = clones::open(tx, &who, clone, Action::ReadMemories)?;
                let mut person = existing(tx, clone, id)?;
                require_own_or_steward(&who, role, person.author)?;
                consents::require_in(tx, who.account, Consent::DataProcessing)?;
                if expected.is_some_and(|expected| expected != person.version) {
                    return Err(MemoryError::Stale);
                }
                change.apply(&mut person.description);
                person.updated_at = now;
                person.version += 1;
                stored::put_in(tx, &person)?;
                let count = occurrences(tx, &who, role, &person)?;
                Ok((person, count))
            })
            .await
    }

    /// Puts a person into the trash, if their version is still `expected`; the memories they
    /// occur in stay.
    ///
    /// # Errors
    /// When the asker may not, they were changed meanwhile, or the store fails.
    pub async fn delete_person(
        &self,
        who: &Principal,
        (clone, id): (CloneId, PersonId),
        expected: Option<u64>,
    ) -> Result<(), MemoryError> {
        let who = who.clone();
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let (persona, role) = clones::open(tx, &who, clone, Action::ReadMemories)?;
                let mut person = existing(tx, clone, id)?;
                require_own_or_steward(&who, role, person.author)?;
                if expected.is_some_and(|expected| expected != person.version) {
                    return Err(MemoryError::Stale);
                }
                person.deleted_at = Some(now);
                stored::put_in(tx, &person)?;
                clones::count_in(tx, clone, person.author, Counted::Person, -1)?;
                let discarded = Discarded {
                    id: DiscardedId::from_bytes(id.bytes()),
                    kind: Discard::Person,
                    clone,
                    space: persona.space,
                    title: person.description.name.to_string(),
                    by: who.account,
                    at: now,
                };
                Ok(discarded::put_in(tx, discarded)?)
            })
            .await
    }
}

/// Takes a person out of the trash.
///
/// # Errors
/// When they are gone for good, the asker may not, or the store fails.
pub fn restore_person_in(
    tx: &mut WriteTx<'_>,
    who: &Principal,
    clone: CloneId,
    id: PersonId,
) -> Result<(), MemoryError> {
    let (_, role) = clones::open(tx, who, clone, Action::ReadMemories)?;
    let mut person = stored::person(tx, clone, id)?.ok_or(MemoryError::Missing)?;
    require_own_or_steward(who, role, person.author)?;
    if hidden_since(tx, person.author)?.is_some() {
        return Err(MemoryError::Missing);
    }
    person.deleted_at = None;
    stored::put_in(tx, &person)?;
    Ok(clones::count_in(tx, clone, person.author, Counted::Person, 1)?)
}

/// Whether an account with a role may bring a person back from the trash or erase it.
///
/// # Errors
/// When the store fails.
pub fn may_discard_person(
    tx: &impl Rows,
    (account, role): (AccountId, Role),
    clone: CloneId,
    id: PersonId,
) -> Result<bool, StoreError> {
    let person = stored::person(tx, clone, id)?;
    Ok(person.is_some_and(|person| may_change(account, role, person.author)))
}

/// The people of a clone with all their names, for the slices above.
///
/// # Errors
/// When the store fails.
pub fn names_of(tx: &impl Rows, clone: CloneId) -> Result<Vec<Vec<String>>, StoreError> {
    let people = tx.list(&stored::PEOPLE, &Range::prefix(&clone))?;
    let hidden = Hidden::of(tx)?;
    let people =
        people.into_iter().map(|((_, id), row)| stored::person_of(clone, id, row, &hidden));
    let living = people.filter(|person| person.deleted_at.is_none());
    Ok(living
        .map(|person| {
            let Description { name, aliases, .. } = person.description;
            std::iter::once(&name).chain(&aliases).map(|name| name.to_string()).collect()
        })
        .collect())
}

fn existing(tx: &impl Rows, clone: CloneId, id: PersonId) -> Result<Person, MemoryError> {
    stored::person(tx, clone, id)?
        .filter(|person| person.deleted_at.is_none())
        .ok_or(MemoryError::Missing)
}

fn occurrences(
    tx: &impl Rows,
    who: &Principal,
    role: Role,
    person: &Person,
) -> Result<usize, StoreError> {
    let mut found: HashSet<MemoryId> = HashSet::new();
    let Description { name, aliases, .. } = &person.description;
    for name in std::iter::once(name).chain(aliases) {
        found.extend(rows::with_person(tx, person.clone, name)?);
    }
    let mut count = 0;
    for id in found {
        let memory = rows::memory(tx, person.clone, id)?;
        count += usize::from(memory.is_some_and(|memory| may_read(who, role, &memory)));
    }
    Ok(count)
}
