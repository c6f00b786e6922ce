//! Clones: the profiles that memories belong to and that can be talked with.
//!
//! Everything that belongs to a clone asks [`open`] first: it finds the clone, what the asking
//! account is to it, and whether that is enough for the action. A clone that an account may not
//! know of looks like one that does not exist.

mod effective;
mod erase;
mod error;
mod examine;
mod homes;
mod model;
pub mod personal;
mod rows;
mod settings;
mod standing;

use crate::access::{Action, Principal, Role, may, may_behind_glass, role_at};
use crate::accounts::Watchers;
use crate::consents::{self, Consent};
use crate::jobs::Once;
use crate::jobs::discarded::{self, Discard, Discarded};
use crate::kernel::{
    AccountId, Clock, CloneId, DiscardedId, Page, PageRequest, SpaceId, Timestamp,
};
use crate::spaces;
use crate::store::{Rows, Store, StoreError, WriteTx};

pub use effective::Providers;
pub use erase::{CloneEraser, added_to_by, going_with, hide_in};
pub use error::CloneError;
pub use examine::{CloneExaminer, Recount};
pub use model::{
    Contributions, Counts, Effective, Grounding, Label, Persona, Profile, ProfileChange,
    ProviderChoice, Seen, Settings, SettingsChange, Subject, Tally,
};

pub use standing::{
    Answering, AskedLink, AskedOf, Declaration, Declaring, Farewell, Ground, Inheriting, Life,
    MadeLink, Objection, OwnWords, Relation, Shown, Standing, Stands, SubjectAnswer, inherit_in,
    keepers_in, of_oneself_outside, retire_in, text as standing_text,
};

pub use crate::access::Reach;
pub use rows::{Counted, TABLES, count_in, tallies};

/// The clones of this instance.
#[derive(Clone)]
pub struct Clones {
    store: Store,
    clock: Clock,
    providers: Providers,
    watchers: Watchers,
}

impl Clones {
    /// The clones in a store, the providers they can be set to, and who hears where they go.
    pub fn new(store: Store, clock: Clock, providers: Providers, watchers: Watchers) -> Self {
        Self { store, clock, providers, watchers }
    }

    /// Makes a clone, in the asker's personal space unless another is named.
    ///
    /// # Errors
    /// When the asker may not make clones in that space, or the store fails.
    pub async fn create(
        &self,
        who: &Principal,
        profile: Profile,
        space: Option<SpaceId>,
        once: Option<Once>,
    ) -> Result<Seen, CloneError> {
        let who = who.clone();
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                if let Some(made) = Once::made_in(once.as_ref(), tx)? {
                    return seen(tx, &who, CloneId::from_bytes(made), Action::ReadClone);
                }
                let space = match space {
                    Some(space) => space,
                    None => spaces::personal_in(tx, who.account)?.ok_or(CloneError::Missing)?,
                };
                let role = spaces::role_in(tx, who.account, space)?.ok_or(CloneError::Missing)?;
                permit(role, Action::CreateClone)?;
                if who.is_narrow() {
                    return Err(CloneError::Narrow);
                }
                consents::require_in(tx, who.account, Consent::DataProcessing)?;
                let persona = Persona {
                    id: CloneId::fresh(),
                    space,
                    created_by: who.account,
                    profile,
                    created_at: now,
                    updated_at: now,
                    standing: Standing { ground: Ground::Unsaid, ..Standing::default() },
                    version: 1,
                    deleted_at: None,
                };
                persona.require_ground(None)?;
                rows::put_in(tx, &persona)?;
                Once::record_in(once.as_ref(), tx, &persona.id.bytes())?;
                Ok(Seen { persona, role, counts: Counts::default() })
            })
            .await
    }

    /// A clone as the asker sees it.
    ///
    /// # Errors
    /// When it is not theirs to see, or the store fails.
    pub fn get(&self, who: &Principal, id: CloneId) -> Result<Seen, CloneError> {
        self.store.read(|tx| seen(tx, who, id, Action::ReadClone))
    }

    /// The clones of the spaces the asker is in, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list(&self, who: &Principal, page: &PageRequest) -> Result<Page<Seen>, CloneError> {
        self.store.read(|tx| {
            let ids = visible_to(tx, who)?;
            let mut ids: Vec<_> = ids.into_iter().map(|(id, _)| id).collect();
            ids.sort_by(|a, b| b.cmp(a));
            let after = page.after.as_ref().map(|cursor| cursor.0.as_slice());
            let mut rest = ids.into_iter().filter(|id| after.is_none_or(|a| id.bytes()[..] < *a));
            let mut items = Vec::new();
            for id in rest.by_ref().take(page.limit) {
                items.push(seen(tx, who, id, Action::ReadClone)?);
            }
            let last = items.last().map(|seen| seen.persona.id.bytes().to_vec());
            let next = last.filter(|_| rest.next().is_some()).map(crate::kernel::Cursor);
            Ok(Page { items, next })
        })
    }

    /// Changes a clone's profile, or takes it into another space.
    ///
    /// # Errors
    /// When the asker may not, the clone changed since `expected`, or the store fails.
    pub async fn change(
        &self,
        who: &Principal,
        id: CloneId,
        change: ProfileChange,
        space: Option<SpaceId>,
        expected: Option<u64>,
    ) -> Result<Seen, CloneError> {
        let (this, who) = (self.clone(), who.clone());
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let (mut persona, _) = open(tx, &who, id, Action::ChangeClone)?;
                consents::require_in(tx, who.account, Consent::DataProcessing)?;
                if expected.is_some_and(|expected| expected != persona.version) {
                    return Err(CloneError::Stale);
                }
                let before = persona.clone();
                // Before its reach changes, which tells who could see it.
                if let Some(space) = space.filter(|space| *space != persona.space) {
                    this.move_in(tx, &who, &mut persona, (space, change.visibility))?;
                }
                change.apply(&mut persona.profile);
                persona.follow_subject(&before)?;
                persona.require_ground(Some(&before))?;
                persona.updated_at = now;
                persona.version += 1;
                rows::put_in(tx, &persona)?;
                seen(tx, &who, id, Action::ReadClone)
            })
            .await
    }

    /// Puts a clone, and with it all that belongs to it, into the trash, if its profile's version
    /// is still `expected`.
    ///
    /// # Errors
    /// When the asker may not, it was changed meanwhile, or the store fails.
    pub async fn delete(
        &self,
        who: &Principal,
        id: CloneId,
        expected: Option<u64>,
    ) -> Result<(), CloneError> {
        let who = who.clone();
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let (mut persona, _) = open(tx, &who, id, Action::DeleteClone)?;
                if expected.is_some_and(|expected| expected != persona.version) {
                    return Err(CloneError::Stale);
                }
                discard_in(tx, &who, &mut persona, now)
            })
            .await
    }

    /// The providers clones can be set to.
    pub fn providers(&self) -> &Providers {
        &self.providers
    }
}

/// The clone, and what the asker is to it, if that is enough for an action.
///
/// # Errors
/// [`CloneError::Missing`] when it is not theirs to know of, [`CloneError::Forbidden`] or
/// [`CloneError::Glass`] when they can see it but may not do this.
pub fn open(
    tx: &impl Rows,
    who: &Principal,
    id: CloneId,
    action: Action,
) -> Result<(Persona, Role), CloneError> {
    // What is another's and what does not exist are told in the same words and as fast.
    let persona = rows::at_or_near(tx, id)?.ok_or(CloneError::Missing)?;
    let role = relation(tx, who, &persona)?;
    if persona.id != id || persona.deleted_at.is_some() {
        return Err(CloneError::Missing);
    }
    let role = role.ok_or(CloneError::Missing)?;
    if who.is_behind_glass() && !may_behind_glass(action) {
        return Err(CloneError::Glass);
    }
    permit(role, action)?;
    // What is kept for reading grows no more.
    if action == Action::AddMemories && persona.life() == Life::Retired {
        return Err(CloneError::Retired);
    }
    Ok((persona, role))
}

/// The settings of a clone that the caller has opened already.
///
/// # Errors
/// When the store fails.
pub fn settings_of(tx: &impl Rows, id: CloneId) -> Result<Settings, StoreError> {
    rows::settings(tx, id)
}

/// Every clone in the spaces of an account that it may see, with its role.
///
/// # Errors
/// When the store fails.
pub fn visible_to(tx: &impl Rows, who: &Principal) -> Result<Vec<(CloneId, Role)>, StoreError> {
    let mut visible = Vec::new();
    for (space, role) in spaces::roles_of(tx, who.account)? {
        if is_shut(tx, who, space)? {
            continue;
        }
        for persona in rows::in_space(tx, space)? {
            let role = role_at(persona.reach(), Some(role));
            let role = role.filter(|_| persona.deleted_at.is_none() && who.reaches(persona.id));
            visible.extend(role.map(|role| (persona.id, role)));
        }
    }
    Ok(visible)
}

/// Whether there is such a clone, in the trash or not.
///
/// # Errors
/// When the store fails.
pub fn exists(tx: &impl Rows, id: CloneId) -> Result<bool, StoreError> {
    tx.has(&rows::PERSONAS, &id)
}

/// A clone's name, for showing next to what belongs to it.
///
/// # Errors
/// When the store fails.
pub fn name_of(tx: &impl Rows, id: CloneId) -> Result<Option<String>, StoreError> {
    Ok(rows::persona(tx, id)?.map(|persona| persona.profile.name.to_string()))
}

/// A clone, also one that is in the trash, whoever asks.
///
/// # Errors
/// When the store fails.
pub fn even_gone(tx: &impl Rows, id: CloneId) -> Result<Option<Persona>, StoreError> {
    rows::persona(tx, id)
}

/// A clone that is not in the trash, whoever asks.
///
/// # Errors
/// When the store fails.
pub fn present(tx: &impl Rows, id: CloneId) -> Result<Option<Persona>, StoreError> {
    Ok(rows::persona(tx, id)?.filter(|persona| persona.deleted_at.is_none()))
}

/// Whether a clone lives in the personal space of an account.
///
/// # Errors
/// When the store fails.
pub fn is_personal_of(tx: &impl Rows, id: CloneId, account: AccountId) -> Result<bool, StoreError> {
    let Some(persona) = present(tx, id)? else { return Ok(false) };
    Ok(spaces::personal_in(tx, account)? == Some(persona.space))
}

/// The clones in the personal space of an account with their names, the oldest first.
///
/// # Errors
/// When the store fails.
pub fn personal_of(
    tx: &impl Rows,
    account: AccountId,
) -> Result<Vec<(CloneId, String)>, StoreError> {
    let Some(space) = spaces::personal_in(tx, account)? else { return Ok(Vec::new()) };
    let there = rows::in_space(tx, space)?.into_iter().filter(|p| p.deleted_at.is_none());
    Ok(there.map(|persona| (persona.id, persona.profile.name.to_string())).collect())
}

/// What an account is to a clone that is there, if it may know of it.
///
/// # Errors
/// When the store fails.
pub fn role_of(
    tx: &impl Rows,
    account: AccountId,
    id: CloneId,
) -> Result<Option<Role>, StoreError> {
    let Some(persona) = present(tx, id)? else { return Ok(None) };
    Ok(role_at(persona.reach(), spaces::role_in(tx, account, persona.space)?))
}

/// Who made a clone that is not in the trash.
///
/// # Errors
/// When the store fails.
pub fn owner_of(tx: &impl Rows, id: CloneId) -> Result<Option<AccountId>, StoreError> {
    Ok(present(tx, id)?.map(|persona| persona.created_by))
}

fn discard_in(
    tx: &mut WriteTx<'_>,
    who: &Principal,
    persona: &mut Persona,
    now: Timestamp,
) -> Result<(), CloneError> {
    persona.deleted_at = Some(now);
    rows::put_in(tx, persona)?;
    let discarded = Discarded {
        id: DiscardedId::from_bytes(persona.id.bytes()),
        kind: Discard::Clone,
        clone: persona.id,
        space: persona.space,
        title: persona.profile.name.to_string(),
        by: who.account,
        at: now,
    };
    Ok(discarded::put_in(tx, discarded)?)
}

/// Takes a clone out of the trash.
///
/// # Errors
/// When it is gone for good, the asker may not, or the store fails.
pub fn restore_in(tx: &mut WriteTx<'_>, who: &Principal, id: CloneId) -> Result<(), CloneError> {
    let mut persona = rows::persona(tx, id)?.ok_or(CloneError::Missing)?;
    let role = relation(tx, who, &persona)?.ok_or(CloneError::Missing)?;
    permit(role, Action::DeleteClone)?;
    persona.deleted_at = None;
    Ok(rows::put_in(tx, &persona)?)
}

fn seen(tx: &impl Rows, who: &Principal, id: CloneId, action: Action) -> Result<Seen, CloneError> {
    let (persona, role) = open(tx, who, id, action)?;
    let counts = rows::counts(tx, id, who.account, role)?;
    // Who looks with another's eyes has none of their hands: pages offer them nothing to do.
    let role = if who.is_behind_glass() { Role::Visitor } else { role };
    Ok(Seen { persona, role, counts })
}

fn relation(
    tx: &impl Rows,
    who: &Principal,
    persona: &Persona,
) -> Result<Option<Role>, StoreError> {
    if !who.reaches(persona.id) || is_shut(tx, who, persona.space)? {
        return Ok(None);
    }
    // Whoever may share it has decided that, whatever its reach is.
    if who.share_link().is_some() {
        return Ok(Some(Role::Visitor));
    }
    let member = spaces::role_in(tx, who.account, persona.space)?;
    Ok(role_at(persona.reach(), member))
}

/// Whether somebody who looks with another's eyes sees nothing of a space: all but the personal
/// one is others' as well.
fn is_shut(tx: &impl Rows, who: &Principal, space: SpaceId) -> Result<bool, StoreError> {
    Ok(who.is_behind_glass() && spaces::personal_in(tx, who.account)? != Some(space))
}

fn permit(role: Role, action: Action) -> Result<(), CloneError> {
    if may(role, action) { Ok(()) } else { Err(CloneError::Forbidden) }
}
