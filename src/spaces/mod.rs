//! With whom: spaces, and what each account is in them. Every clone lives in exactly one space.

mod rows;

use serde::{Deserialize, Serialize};

use crate::accounts::Account;
use crate::jobs::{Eraser, Subject};
use crate::kernel::{AccountId, Fault, SpaceId, Text, Timestamp};
use crate::store::{Rows, Store, StoreError, WriteTx};

pub use rows::TABLES;

/// What an account is to a space, and through it to the clones in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May talk with the clones and read what is open to the space.
    Visitor,
    /// May add memories too.
    Contributor,
    /// May shape the clones and all their memories.
    Steward,
    /// May do everything, handing over and deleting included.
    Owner,
}

/// What a space is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceType {
    /// The one that comes with an account.
    Personal,
    /// One for several people.
    Shared,
}

/// A family or team.
#[derive(Clone, Debug)]
pub struct Space {
    /// Its identifier.
    pub id: SpaceId,
    /// Its name; empty for a personal one, which the reader's language names.
    pub name: Text<0, 100>,
    /// What it is for.
    pub kind: SpaceType,
    /// What the asking account is in it.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum SpaceError {
    /// There is no such space, or the account is not in it.
    #[error("there is no such space")]
    Missing,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SpaceError> for Fault {
    fn from(error: SpaceError) -> Self {
        match error {
            SpaceError::Missing => Self::not_found(),
            SpaceError::Store(error) => error.into(),
        }
    }
}

/// The spaces of this instance.
#[derive(Clone)]
pub struct Spaces {
    store: Store,
}

impl Spaces {
    /// The spaces in a store.
    pub fn new(store: Store) -> Self {
        Self { store }
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
    rows::put_personal_in(tx, account.id, account.created_at)
}

/// Removes what this slice knows of an account.
pub struct SpaceEraser;

impl Eraser for SpaceEraser {
    fn erase_in(&self, tx: &mut WriteTx<'_>, subject: Subject) -> Result<(), StoreError> {
        match subject {
            Subject::Account(account) => rows::erase_account_in(tx, account),
            Subject::Clone(_) => Ok(()),
        }
    }
}
