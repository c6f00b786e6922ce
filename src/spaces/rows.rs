//! How spaces and memberships are stored.

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, SpaceId, Text, Timestamp};
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx};

use super::{Role, Space, SpaceType};

const SPACES: Table<SpaceId, SpaceRow> = Table::new("spaces", Holds::Account);
const MEMBERS: Table<(SpaceId, AccountId), MemberRow> = Table::new("space_members", Holds::Account);
const SPACES_OF: Table<(AccountId, SpaceId), ()> = Table::new("spaces_of_account", Holds::Account);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[SPACES.info(), MEMBERS.info(), SPACES_OF.info()];

#[derive(Serialize, Deserialize)]
struct SpaceRow {
    name: Text<0, 100>,
    kind: SpaceType,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct MemberRow {
    role: Role,
    since: Timestamp,
}

impl Row for SpaceRow {}
impl Row for MemberRow {}

pub(super) fn space(
    tx: &impl Rows,
    account: AccountId,
    id: SpaceId,
) -> Result<Option<Space>, StoreError> {
    let Some((row, role)) = tx.get(&SPACES, &id)?.zip(role(tx, account, id)?) else {
        return Ok(None);
    };
    let SpaceRow { name, kind, created_at } = row;
    Ok(Some(Space { id, name, kind, role, created_at }))
}

pub(super) fn spaces_of(tx: &impl Rows, account: AccountId) -> Result<Vec<Space>, StoreError> {
    let mut spaces = Vec::new();
    for (_, id) in tx.keys::<(AccountId, SpaceId), ()>(&SPACES_OF, &Range::prefix(&account))? {
        spaces.extend(space(tx, account, id)?);
    }
    spaces.sort_by_key(|space| (space.kind != SpaceType::Personal, space.id));
    Ok(spaces)
}

pub(super) fn role(
    tx: &impl Rows,
    account: AccountId,
    space: SpaceId,
) -> Result<Option<Role>, StoreError> {
    Ok(tx.get(&MEMBERS, &(space, account))?.map(|row| row.role))
}

pub(super) fn roles_of(
    tx: &impl Rows,
    account: AccountId,
) -> Result<Vec<(SpaceId, Role)>, StoreError> {
    let mut roles = Vec::new();
    for (_, id) in tx.keys::<(AccountId, SpaceId), ()>(&SPACES_OF, &Range::prefix(&account))? {
        roles.extend(role(tx, account, id)?.map(|role| (id, role)));
    }
    Ok(roles)
}

pub(super) fn personal(tx: &impl Rows, account: AccountId) -> Result<Option<SpaceId>, StoreError> {
    let first = spaces_of(tx, account)?.into_iter().next();
    Ok(first.filter(|space| space.kind == SpaceType::Personal).map(|space| space.id))
}

pub(super) fn put_personal_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = SpaceId::fresh();
    let name = Text::default();
    tx.put(&SPACES, &id, &SpaceRow { name, kind: SpaceType::Personal, created_at: now })?;
    tx.put(&MEMBERS, &(id, account), &MemberRow { role: Role::Owner, since: now })?;
    tx.put(&SPACES_OF, &(account, id), &())
}

pub(super) fn erase_account_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    for (_, id) in tx.keys::<(AccountId, SpaceId), ()>(&SPACES_OF, &Range::prefix(&account))? {
        tx.remove(&MEMBERS, &(id, account));
        tx.remove(&SPACES_OF, &(account, id));
        // A space nobody is in any more has no way back.
        if tx.keys::<(SpaceId, AccountId), MemberRow>(&MEMBERS, &Range::prefix(&id))?.is_empty() {
            tx.remove(&SPACES, &id);
        }
    }
    Ok(())
}
