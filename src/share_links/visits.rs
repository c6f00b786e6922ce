//! What holds while somebody is there by a link, asked in every transaction: that the link is
//! good, that its maker may still share the clone, and that there is a message left.

use crate::access::{Action, Principal, Proof, may};
use crate::accounts::account_in;
use crate::clones::{self, CloneError, Persona};
use crate::consents::{self, Consent};
use crate::kernel::{AccountId, CloneId, Timestamp};
use crate::spaces;
use crate::store::{Rows, WriteTx};

use super::rows::{LinkRow, Place};
use super::{ShareLinkError, rows};

/// Fails if somebody came by a link that opens nothing any more: to be asked in every
/// transaction that writes something of theirs down.
///
/// # Errors
/// When it does not, or the store fails.
pub fn require_in(tx: &WriteTx<'_>, who: &Principal, now: Timestamp) -> Result<(), ShareLinkError> {
    came_by(tx, who, now).map(|_| ())
}

/// On whose word somebody asks: their own, or that of whoever made the link that they came by,
/// who must still be allowed to share the clone.
///
/// # Errors
/// When the link opens nothing any more, or the store fails.
pub fn answerable_in(
    tx: &impl Rows,
    who: &Principal,
    now: Timestamp,
) -> Result<AccountId, ShareLinkError> {
    Ok(came_by(tx, who, now)?.map_or(who.account, |(_, row, _)| row.by))
}

/// Ties a visitor who begins a conversation to the link, with which what they leave goes. For
/// whoever came by none, nothing happens.
///
/// # Errors
/// When the link opens nothing any more.
pub fn meet_in(
    tx: &mut WriteTx<'_>,
    who: &Principal,
    now: Timestamp,
) -> Result<(), ShareLinkError> {
    let Some((place, ..)) = came_by(tx, who, now)? else { return Ok(()) };
    Ok(rows::meet_in(tx, place.1, who.account, now)?)
}

/// Takes a message, or a conversation that is begun without one, out of the link's budget and
/// hour. For whoever came by none, nothing happens.
///
/// # Errors
/// When the link opens nothing any more, or there is no message left.
pub fn spend_in(
    tx: &mut WriteTx<'_>,
    who: &Principal,
    now: Timestamp,
) -> Result<(), ShareLinkError> {
    let Some((place, mut row, _)) = came_by(tx, who, now)? else { return Ok(()) };
    if row.left() == 0 {
        return Err(ShareLinkError::Spent);
    }
    let window = row.window(now);
    if window.requests == 0 {
        return Err(ShareLinkError::TooOften(window));
    }
    row.spend(now);
    Ok(rows::put_in(tx, place, &row)?)
}

/// The link, and the clone that it opens.
pub(super) type Came = (Place, LinkRow, Persona);

/// The good link that somebody came by; nothing if they came otherwise.
pub(super) fn came_by(
    tx: &impl Rows,
    who: &Principal,
    now: Timestamp,
) -> Result<Option<Came>, ShareLinkError> {
    let Proof::Share { link, clone, .. } = who.proof else { return Ok(None) };
    let row = rows::link(tx, (clone, link))?.ok_or(ShareLinkError::NotGood)?;
    let (persona, _) = good(tx, clone, &row, now)?;
    Ok(Some(((clone, link), row, persona)))
}

/// The clone that a link opens, and the language of its maker, who must still be allowed to
/// share it.
pub(super) fn good(
    tx: &impl Rows,
    clone: CloneId,
    row: &LinkRow,
    now: Timestamp,
) -> Result<(Persona, String), ShareLinkError> {
    if now >= row.expires_at {
        return Err(ShareLinkError::Expired);
    }
    let persona = clones::present(tx, clone)?.ok_or(ShareLinkError::Paused)?;
    let maker = account_in(tx, row.by)?.filter(|maker| maker.suspended_at.is_none());
    let maker = maker.ok_or(ShareLinkError::Paused)?;
    let role = spaces::role_in(tx, maker.id, persona.space)?;
    if !role.is_some_and(|role| may(role, Action::Share)) {
        return Err(ShareLinkError::Paused);
    }
    consents::require_in(tx, maker.id, Consent::DataProcessing)?;
    persona.require_awake_in(tx).map_err(|error| match error {
        CloneError::Consent(error) => error.into(),
        error => ShareLinkError::from(error),
    })?;
    if !persona.may_stay_open() {
        return Err(ShareLinkError::Paused);
    }
    Ok((persona, maker.locale))
}
