//! With whom: spaces, and what each account is in them. Every clone lives in exactly one space.
//!
//! A space has one owner. Stewards look after who is in it, below themselves. A personal space
//! has its owner and nobody else; to share a clone, it moves into a shared space.

mod error;
mod examine;
mod groups;
mod invitation_rows;
mod invitations;
mod members;
mod model;
pub mod personal;
mod rows;

use crate::accounts::{Account, SecurityEvent, Watchers};
use crate::jobs::{Eraser, Once, Subject};
use crate::kernel::{AccountId, Clock, SpaceId, Text, Timestamp};
use crate::store::{Portion, Rows, Store, StoreError, WriteTx};

pub use error::SpaceError;
pub use examine::SpaceExaminer;
pub use groups::NewGroup;
pub use invitations::{NewInvitation, PostInvitation, mail_in, offer_in};
pub use model::{Group, Invitation, MadeInvitation, Member, Offer, Role, Space, SpaceType};
pub use rows::TABLES;

/// Shared spaces that one account can own.
const MOST: usize = 100;

/// The spaces of this instance.
#[derive(Clone)]
pub struct Spaces {
    store: Store,
    clock: Clock,
    watchers: Watchers,
}

impl Spaces {
    /// The spaces in a store.
    pub fn new(store: Store, clock: Clock, watchers: Watchers) -> Self {
        Self { store, clock, watchers }
    }

    /// Tells of something that an account has done, in the transaction in which it did.
    fn tell_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        event: &SecurityEvent,
    ) -> Result<(), StoreError> {
        self.watchers.tell_in(tx, account, event, self.clock.now())
    }

    /// The spaces an account is in, its personal one first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(&self, account: AccountId) -> Result<Vec<Space>, SpaceError> {
        Ok(self.store.read(|tx| rows::spaces_of(tx, account))?)
    }

    /// A space, if the account is in it.
    ///
    /// # Errors
    /// When it is not, or the store fails.
    pub fn space(&self, account: AccountId, id: SpaceId) -> Result<Space, SpaceError> {
        self.store.read(|tx| rows::space(tx, account, id))?.ok_or(SpaceError::Missing)
    }

    /// A shared space that the account owns.
    ///
    /// # Errors
    /// When it does not own it, or the space is personal.
    pub fn owned(&self, account: AccountId, id: SpaceId) -> Result<Space, SpaceError> {
        self.store.read(|tx| shared_in(tx, account, id, Role::Owner))
    }

    /// Makes a shared space; who makes it owns it.
    ///
    /// # Errors
    /// When the account owns too many, or the store fails.
    pub async fn create(
        &self,
        account: AccountId,
        name: Text<1, 100>,
        once: Option<Once>,
    ) -> Result<Space, SpaceError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let id = match Once::made_in(once.as_ref(), tx)? {
                    Some(made) => SpaceId::from_bytes(made),
                    None => {
                        let own = rows::spaces_of(tx, account)?.into_iter();
                        if own.filter(|space| space.role == Role::Owner).count() > MOST {
                            return Err(SpaceError::TooMany);
                        }
                        let id = rows::make_in(tx, account, name.into(), SpaceType::Shared, now)?;
                        Once::record_in(once.as_ref(), tx, &id.bytes())?;
                        id
                    }
                };
                rows::space(tx, account, id)?.ok_or(SpaceError::Missing)
            })
            .await
    }

    /// Gives a shared space another name, if it is still what is `expected`.
    ///
    /// # Errors
    /// When the account may not, it was changed meanwhile, or the store fails.
    pub async fn rename(
        &self,
        account: AccountId,
        id: SpaceId,
        name: Text<1, 100>,
        expected: Option<Space>,
    ) -> Result<Space, SpaceError> {
        self.store
            .write(move |tx| {
                let space = shared_in(tx, account, id, Role::Steward)?;
                if expected.is_some_and(|expected| expected != space) {
                    return Err(SpaceError::Stale);
                }
                rows::rename_in(tx, id, name.into())?;
                rows::space(tx, account, id)?.ok_or(SpaceError::Missing)
            })
            .await
    }
}

/// Removes what has expired; called now and then.
///
/// # Errors
/// When the store fails.
pub fn sweep_in(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
    invitation_rows::sweep_in(tx, now)
}

/// A shared space that an account is in with at least a role.
fn shared_in(
    tx: &impl Rows,
    account: AccountId,
    id: SpaceId,
    least: Role,
) -> Result<Space, SpaceError> {
    let space = rows::space(tx, account, id)?.ok_or(SpaceError::Missing)?;
    if space.kind == SpaceType::Personal {
        return Err(SpaceError::Personal);
    }
    if space.role < least {
        return Err(SpaceError::Forbidden);
    }
    Ok(space)
}

/// A shared space that an account owns.
///
/// # Errors
/// When it does not, or the space is personal.
pub fn owned_in(tx: &impl Rows, account: AccountId, id: SpaceId) -> Result<Space, SpaceError> {
    shared_in(tx, account, id, Role::Owner)
}

/// Closes a shared space that the account owns. What lives in it must have left before.
///
/// # Errors
/// When the account does not own it, or it is personal.
pub fn close_in(tx: &mut WriteTx<'_>, account: AccountId, id: SpaceId) -> Result<(), SpaceError> {
    owned_in(tx, account, id)?;
    Ok(rows::remove_in(tx, id)?)
}

/// Who is in a space, for slices that have asked whether they may know.
///
/// # Errors
/// When the store fails.
pub fn members_in(tx: &impl Rows, space: SpaceId) -> Result<Vec<AccountId>, StoreError> {
    Ok(rows::members(tx, space)?.into_iter().map(|member| member.account).collect())
}

/// What a space is called, for those who may be told without being in it.
///
/// # Errors
/// When the store fails.
pub fn name_in(tx: &impl Rows, space: SpaceId) -> Result<Option<Text<0, 100>>, StoreError> {
    rows::name(tx, space)
}

/// What an account is in a space; nothing if it is not in it.
///
/// # Errors
/// When the store fails.
pub fn role_in(
    tx: &impl Rows,
    account: AccountId,
    space: SpaceId,
) -> Result<Option<Role>, StoreError> {
    rows::role(tx, account, space)
}

/// The spaces an account is in, with its role.
///
/// # Errors
/// When the store fails.
pub fn roles_of(tx: &impl Rows, account: AccountId) -> Result<Vec<(SpaceId, Role)>, StoreError> {
    rows::roles_of(tx, account)
}

/// Who owns a space.
///
/// # Errors
/// When the store fails.
pub fn owner_in(tx: &impl Rows, space: SpaceId) -> Result<Option<AccountId>, StoreError> {
    let members = rows::members(tx, space)?;
    Ok(members.into_iter().find(|member| member.role == Role::Owner).map(|owner| owner.account))
}

/// The stewards of a space; its owner is not among them.
///
/// # Errors
/// When the store fails.
pub fn stewards_in(tx: &impl Rows, space: SpaceId) -> Result<Vec<AccountId>, StoreError> {
    let stewards = rows::members(tx, space)?.into_iter().filter(|m| m.role == Role::Steward);
    Ok(stewards.map(|member| member.account).collect())
}

/// The personal space of an account.
///
/// # Errors
/// When the store fails.
pub fn personal_in(tx: &impl Rows, account: AccountId) -> Result<Option<SpaceId>, StoreError> {
    rows::personal(tx, account)
}

/// Makes the personal space of a new account; a listener of its creation.
///
/// # Errors
/// When the store fails.
pub fn make_personal_in(tx: &mut WriteTx<'_>, account: &Account) -> Result<(), StoreError> {
    let (name, at) = (Text::default(), account.created_at);
    rows::make_in(tx, account.id, name, SpaceType::Personal, at).map(|_| ())
}

/// What becomes of the spaces of an account when it is gone: those that go with it, and those that
/// pass on to somebody else.
///
/// # Errors
/// When the store fails.
pub fn without(tx: &impl Rows, account: AccountId) -> Result<Without, StoreError> {
    let mut without = Without::default();
    for space in rows::spaces_of(tx, account)? {
        match rows::heir(tx, account, space.id)? {
            rows::Heir::Nobody => without.ending.push(space.id),
            rows::Heir::Is(heir, _) => without.passing.push((space, heir)),
            rows::Heir::NotNeeded => {}
        }
    }
    Ok(without)
}

/// What becomes of the spaces of an account when it is gone.
#[derive(Debug, Default)]
pub struct Without {
    /// Nobody else is in them.
    pub ending: Vec<SpaceId>,
    /// They were the account's, and whose they are then.
    pub passing: Vec<(Space, AccountId)>,
}

/// Makes a shared space for what somebody leaves to an account.
///
/// # Errors
/// When the store fails.
pub fn make_for_in(
    tx: &mut WriteTx<'_>,
    owner: AccountId,
    name: &Text<1, 100>,
    now: Timestamp,
) -> Result<SpaceId, StoreError> {
    rows::make_in(tx, owner, name.clone().into(), SpaceType::Shared, now)
}

/// Hands on the shared spaces that an account owns, because its person has died: to `heir` if they
/// are in it or nobody else is, otherwise to whom it would pass on if the account were erased.
/// Gives back which to whom.
///
/// # Errors
/// When the store fails.
pub fn pass_on_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    heir: Option<AccountId>,
) -> Result<Vec<(SpaceId, AccountId)>, StoreError> {
    let mut passed = Vec::new();
    for space in rows::spaces_of(tx, account)? {
        if space.kind == SpaceType::Personal || space.role != Role::Owner {
            continue;
        }
        let inside = match heir {
            Some(heir) => rows::role(tx, heir, space.id)?.map(|_| heir),
            None => None,
        };
        let next = match rows::heir(tx, account, space.id)? {
            rows::Heir::Is(next, _) => inside.or(Some(next)),
            rows::Heir::Nobody | rows::Heir::NotNeeded => inside.or(heir),
        };
        let Some(next) = next else { continue };
        let since = space.created_at;
        rows::put_member_in(tx, space.id, account, (Role::Contributor, None), since)?;
        rows::put_member_in(tx, space.id, next, (Role::Owner, None), since)?;
        passed.push((space.id, next));
    }
    Ok(passed)
}

/// Removes what this slice knows of an account.
pub struct SpaceEraser;

impl Eraser for SpaceEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        _: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Account(account) => rows::erase_account_in(tx, account),
            _ => Ok(()),
        }
    }
}

/// Whether there is such a space.
///
/// # Errors
/// When the store fails.
pub fn exists(tx: &impl Rows, id: SpaceId) -> Result<bool, StoreError> {
    tx.has(&rows::SPACES, &id)
}
