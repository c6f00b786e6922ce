//! What becomes of clones when they, or those who made them, are erased.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::jobs::{Eraser, Subject as Erased};
use crate::kernel::{AccountId, CloneId, SpaceId, Text, Timestamp};
use crate::store::{Direction, Portion, Range, Rows, StoreError, WriteTx};

use super::rows::{COUNTS, Counted, IN_SPACE, PERSONAS, SETTINGS, in_space, persona, put_in};
use super::{Persona, Profile, Subject, standing};

/// What a clone is called whose name went with the person.
const NAMELESS: &str = "…";

/// The clones that go with an account: those in spaces that end with it, and those that it made
/// of itself and that nobody else has told anything.
///
/// # Errors
/// When the store fails.
pub fn going_with(
    tx: &impl Rows,
    account: AccountId,
    ending: &[SpaceId],
) -> Result<BTreeSet<CloneId>, StoreError> {
    let mut going = BTreeSet::new();
    for space in ending {
        going.extend(in_space(tx, *space)?.into_iter().map(|persona| persona.id));
    }
    for own in of_themselves(tx, account)? {
        if !has_of_others(tx, own.id, account)? {
            going.insert(own.id);
        }
    }
    Ok(going)
}

/// From now on nobody is shown a clone that is being erased.
///
/// # Errors
/// When the store fails.
pub fn hide_in(tx: &mut WriteTx<'_>, id: CloneId, now: Timestamp) -> Result<(), StoreError> {
    match persona(tx, id)? {
        Some(persona) => put_in(tx, &Persona { deleted_at: Some(now), ..persona }),
        None => Ok(()),
    }
}

/// The clones that somebody has made of themselves.
pub(super) fn of_themselves(
    tx: &impl Rows,
    account: AccountId,
) -> Result<Vec<Persona>, StoreError> {
    let mut found = Vec::new();
    tx.scan(&PERSONAS, &Range::all(), Direction::Up, |id, row| {
        if row.created_by == account && row.subject == Subject::Oneself {
            found.push(row.persona(id));
        }
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Whether anybody but an account has put something below a clone.
fn has_of_others(tx: &impl Rows, clone: CloneId, account: AccountId) -> Result<bool, StoreError> {
    let counts = tx.list(&COUNTS, &Range::prefix(&clone))?;
    Ok(counts.iter().any(|((_, kind, (_, who)), count)| {
        *who != account && *count > 0 && *kind != Counted::Conversation.kind()
    }))
}

/// The clones below which an account has put something, be it in the trash by now.
///
/// # Errors
/// When the store fails.
pub fn added_to_by(tx: &impl Rows, author: AccountId) -> Result<BTreeSet<CloneId>, StoreError> {
    let mut clones = BTreeSet::new();
    tx.scan_keys(&COUNTS, &Range::all(), Direction::Up, |(clone, _, (_, who))| {
        if who == author {
            clones.insert(clone);
        }
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    Ok(clones)
}

/// Removes what was counted of an account.
fn forget_counts_in(tx: &mut WriteTx<'_>, author: AccountId) -> Result<(), StoreError> {
    for key in tx.keys::<(CloneId, u8, (u8, AccountId)), u64>(&COUNTS, &Range::all())? {
        if key.2.1 == author {
            tx.remove(&COUNTS, &key);
        }
    }
    Ok(())
}

fn erase_in(tx: &mut WriteTx<'_>, id: CloneId) -> Result<(), StoreError> {
    match persona(tx, id)? {
        Some(persona) => tx.remove(&IN_SPACE, &(persona.space, id)),
        // It could not be read any more and is gone already.
        None => {
            for key in tx.keys::<(SpaceId, CloneId), ()>(&IN_SPACE, &Range::all())? {
                if key.1 == id {
                    tx.remove(&IN_SPACE, &key);
                }
            }
        }
    }
    tx.remove(&PERSONAS, &id);
    tx.remove(&SETTINGS, &id);
    standing::rows::erase_clone_in(tx, id)?;
    tx.remove_range(&COUNTS, &Range::prefix(&id)).map(|_| ())
}

/// Takes what describes a person from the clones that they made of themselves and that others
/// have told something: what these told stays theirs.
fn let_go_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    for own in of_themselves(tx, account)? {
        // It fits: it is one character.
        let Ok(name) = Text::new(NAMELESS) else { continue };
        let profile = Profile {
            name,
            subject: Subject::Living,
            description: None,
            relationship: None,
            biography: None,
            born: None,
            died: None,
            language: own.profile.language,
            traits: Vec::new(),
            style: None,
            greeting: None,
            instructions: None,
            tags: Vec::new(),
            category: None,
            visibility: own.profile.visibility,
        };
        let version = own.version + 1;
        put_in(tx, &Persona { profile, version, ..own })?;
    }
    Ok(())
}

/// Removes what this slice knows of a clone, or of an account.
pub struct CloneEraser;

impl Eraser for CloneEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Erased,
        _: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Erased::Clone(id) => erase_in(tx, id),
            Erased::Account(account) => {
                let_go_in(tx, account)?;
                standing::forget_account_in(tx, account)?;
                forget_counts_in(tx, account)
            }
            _ => Ok(()),
        }
    }
}
