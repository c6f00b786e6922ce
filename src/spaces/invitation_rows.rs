//! How invitations into spaces are stored.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, InvitationId, SpaceId, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::store::{Direction, Holds, Range, Row, Rows, StoreError, Table, WriteTx};

use super::{Invitation, Role};

pub(super) const INVITATIONS: Table<(SpaceId, InvitationId), InvitationRow> =
    Table::new("space_invitations", Holds::Account);
pub(super) const BY_TOKEN: Table<TokenHash, PlaceRow> =
    Table::new("space_invitations_by_token", Holds::Account);

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct InvitationRow {
    pub(super) token: TokenHash,
    pub(super) role: Role,
    /// The only address that can accept it.
    pub(super) email: Option<String>,
    pub(super) by: AccountId,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    /// The token that was mailed last.
    #[serde(default)]
    pub(super) mailed: Option<TokenHash>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PlaceRow {
    pub(super) space: SpaceId,
    pub(super) invitation: InvitationId,
}

impl Row<(SpaceId, InvitationId)> for InvitationRow {
    fn owner(&self, _: &(SpaceId, InvitationId)) -> Owner {
        Owner::Account(self.by)
    }
}

impl Row<TokenHash> for PlaceRow {
    fn owner(&self, _: &TokenHash) -> Owner {
        Owner::Nobody
    }
}

pub(super) fn put_in(
    tx: &mut WriteTx<'_>,
    space: SpaceId,
    invitation: InvitationId,
    row: &InvitationRow,
) -> Result<(), StoreError> {
    tx.put(&INVITATIONS, &(space, invitation), row)?;
    tx.put(&BY_TOKEN, &row.token, &PlaceRow { space, invitation })
}

pub(super) fn by_token(
    tx: &impl Rows,
    token: &TokenHash,
) -> Result<Option<(SpaceId, InvitationId, InvitationRow)>, StoreError> {
    let Some(PlaceRow { space, invitation }) = tx.get(&BY_TOKEN, token)? else {
        return Ok(None);
    };
    Ok(tx.get(&INVITATIONS, &(space, invitation))?.map(|row| (space, invitation, row)))
}

/// Lets an invitation be found by the token that is mailed, in place of one that was before.
pub(super) fn put_mailed_in(
    tx: &mut WriteTx<'_>,
    link: &TokenHash,
    mailed: TokenHash,
) -> Result<(), StoreError> {
    let Some((space, invitation, row)) = by_token(tx, link)? else { return Ok(()) };
    if let Some(former) = row.mailed {
        tx.remove(&BY_TOKEN, &former);
    }
    tx.put(&BY_TOKEN, &mailed, &PlaceRow { space, invitation })?;
    tx.put(&INVITATIONS, &(space, invitation), &InvitationRow { mailed: Some(mailed), ..row })
}

/// The invitations into a space that can still be accepted, newest first.
pub(super) fn open(
    tx: &impl Rows,
    space: SpaceId,
    now: Timestamp,
) -> Result<Vec<Invitation>, StoreError> {
    let rows = tx.list(&INVITATIONS, &Range::prefix(&space))?;
    let open = rows.into_iter().rev().filter(|(_, row)| now < row.expires_at);
    Ok(open.map(|((_, id), row)| view(id, row)).collect())
}

pub(super) fn view(id: InvitationId, row: InvitationRow) -> Invitation {
    let InvitationRow { role, email, by, created_at, expires_at, .. } = row;
    Invitation { id, role, email, by, created_at, expires_at }
}

pub(super) fn remove_in(
    tx: &mut WriteTx<'_>,
    space: SpaceId,
    invitation: InvitationId,
) -> Result<bool, StoreError> {
    let Some(row) = tx.get(&INVITATIONS, &(space, invitation))? else {
        return Ok(false);
    };
    for token in std::iter::once(row.token).chain(row.mailed) {
        tx.remove(&BY_TOKEN, &token);
    }
    tx.remove(&INVITATIONS, &(space, invitation));
    Ok(true)
}

/// Removes invitations that nobody can accept any more.
pub(super) fn sweep_in(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let mut over = Vec::new();
    tx.scan(&INVITATIONS, &Range::all(), Direction::Up, |key, row: InvitationRow| {
        if now >= row.expires_at {
            over.push(key);
        }
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    for (space, invitation) in over {
        remove_in(tx, space, invitation)?;
    }
    Ok(())
}

/// Removes the invitations into a space.
pub(super) fn remove_all_in(tx: &mut WriteTx<'_>, space: SpaceId) -> Result<(), StoreError> {
    for (_, invitation) in tx.keys(&INVITATIONS, &Range::prefix(&space))? {
        remove_in(tx, space, invitation)?;
    }
    Ok(())
}

/// Removes the invitations that an account has made.
pub(super) fn erase_account_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    for ((space, invitation), row) in tx.list(&INVITATIONS, &Range::all())? {
        if row.by == account {
            remove_in(tx, space, invitation)?;
        }
    }
    Ok(())
}
