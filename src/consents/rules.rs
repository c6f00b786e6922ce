//! What a missing consent forbids, asked in the transaction of whatever would process something.

use crate::accounts::restricted_since;
use crate::kernel::{AccountId, SpaceId};
use crate::spaces;
use crate::store::{Rows, StoreError};

use super::model::Consent;
use super::{ConsentError, rows};

/// Fails unless the account has given a consent, and what is its may be more than stored.
///
/// # Errors
/// When it has not, when it is restricted to storage, or the store fails.
pub fn require_in(
    tx: &impl Rows,
    account: AccountId,
    consent: Consent,
) -> Result<(), ConsentError> {
    if restricted_since(tx, account)?.is_some() {
        return Err(ConsentError::Restricted);
    }
    match rows::last(tx, account, consent)? {
        Some(said) if said.granted => Ok(()),
        _ => Err(ConsentError::Required(consent)),
    }
}

/// Fails if nobody may talk with the clones of a space, because what is its owner's is restricted
/// to storage.
///
/// # Errors
/// When it is, or the store fails.
pub fn require_awake_in(tx: &impl Rows, space: SpaceId) -> Result<(), ConsentError> {
    let Some(owner) = spaces::owner_in(tx, space)? else { return Ok(()) };
    match restricted_since(tx, owner)? {
        Some(_) => Err(ConsentError::Resting),
        None => Ok(()),
    }
}

/// Whose missing agreement keeps a question on this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// Who asks has not agreed, or the one who made the link that they came by.
    Asker,
    /// The owner of the clone's space has not agreed.
    Owner,
    /// A steward of the clone's space has said no.
    Steward,
}

impl Reserved {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Asker, Self::Owner, Self::Steward];

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asker => "asker",
            Self::Owner => "owner",
            Self::Steward => "steward",
        }
    }
}

/// Whether what somebody wrote may be sent to a service of others: they agreed, and the text
/// that they agreed to named it.
///
/// # Errors
/// When the store fails.
pub fn may_leave_in(tx: &impl Rows, author: AccountId, host: &str) -> Result<bool, StoreError> {
    let said = rows::last(tx, author, Consent::ThirdPartyApis)?;
    Ok(said.is_some_and(|said| {
        said.granted && said.said.is_some_and(|said| said.recipients.iter().any(|to| to == host))
    }))
}

/// Why a question to a clone of a space may not go to a service of others; nothing if it may.
/// Whoever asks must have agreed, and the owner of the space, who answers for its clones; a
/// steward who has said no is heard, too.
///
/// # Errors
/// When the store fails.
pub fn reserved_in(
    tx: &impl Rows,
    asker: AccountId,
    space: SpaceId,
    host: &str,
) -> Result<Option<Reserved>, StoreError> {
    if !may_leave_in(tx, asker, host)? {
        return Ok(Some(Reserved::Asker));
    }
    let Some(owner) = spaces::owner_in(tx, space)? else { return Ok(Some(Reserved::Owner)) };
    if !may_leave_in(tx, owner, host)? {
        return Ok(Some(Reserved::Owner));
    }
    for steward in spaces::stewards_in(tx, space)? {
        let said = rows::last(tx, steward, Consent::ThirdPartyApis)?;
        if said.is_some_and(|said| !said.granted) {
            return Ok(Some(Reserved::Steward));
        }
    }
    Ok(None)
}
