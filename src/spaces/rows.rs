//! How spaces and memberships are stored.

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, SpaceGroupId, SpaceId, Text, Timestamp};
use crate::seal::Owner;
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx};

use super::invitation_rows as invitations;
use super::{Group, Member, Role, Space, SpaceType};
use crate::identities::SaidGroup;

pub(super) const SPACES: Table<SpaceId, SpaceRow> = Table::new("spaces", Holds::Account);
pub(super) const MEMBERS: Table<(SpaceId, AccountId), MemberRow> =
    Table::new("space_members", Holds::Account);
pub(super) const SPACES_OF: Table<(AccountId, SpaceId), ()> =
    Table::new("spaces_of_account", Holds::Account);
/// Whom no group brings into a space: they were taken out of it, or left, by hand.
pub const KEPT_OUT: Table<(AccountId, SpaceId), ()> = Table::new("space_kept_out", Holds::Account);
const GROUPS: Table<(SpaceId, SpaceGroupId), GroupRow> = Table::new("space_groups", Holds::Account);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[
    SPACES.info(),
    MEMBERS.info(),
    SPACES_OF.info(),
    invitations::INVITATIONS.info(),
    invitations::BY_TOKEN.info(),
    GROUPS.info(),
    KEPT_OUT.info(),
];

#[derive(Serialize, Deserialize)]
pub(super) struct SpaceRow {
    name: Text<0, 100>,
    pub(super) kind: SpaceType,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MemberRow {
    role: Role,
    since: Timestamp,
    /// The group that brought them, which also takes them out again.
    #[serde(default)]
    group: Option<SpaceGroupId>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct GroupRow {
    /// Nobody's, like the claim, in rows from before it was kept: these bring nobody in.
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    claim: String,
    name: String,
    role: Role,
}

impl Row<SpaceId> for SpaceRow {
    fn owner(&self, _: &SpaceId) -> Owner {
        Owner::Instance
    }
}

impl Row<(SpaceId, AccountId)> for MemberRow {
    fn owner(&self, _: &(SpaceId, AccountId)) -> Owner {
        Owner::Nobody
    }
}

impl Row<(SpaceId, SpaceGroupId)> for GroupRow {
    fn owner(&self, _: &(SpaceId, SpaceGroupId)) -> Owner {
        Owner::Instance
    }
}

pub(super) fn space(
    tx: &impl Rows,
    account: AccountId,
    id: SpaceId,
) -> Result<Option<Space>, StoreError> {
    let Some((row, role)) = tx.get(&SPACES, &id)?.zip(role(tx, account, id)?) else {
        return Ok(None);
    };
    let SpaceRow { name, kind, created_at } = row;
    let members = members(tx, id)?.len();
    Ok(Some(Space { id, name, kind, role, members, created_at }))
}

/// The name of a space, for somebody who is not in it yet.
pub(super) fn name(tx: &impl Rows, id: SpaceId) -> Result<Option<Text<0, 100>>, StoreError> {
    Ok(tx.get(&SPACES, &id)?.map(|row| row.name))
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

/// The members of a space, the highest roles first.
pub(super) fn members(tx: &impl Rows, space: SpaceId) -> Result<Vec<Member>, StoreError> {
    let rows: Vec<((SpaceId, AccountId), MemberRow)> = tx.list(&MEMBERS, &Range::prefix(&space))?;
    let member = |((_, account), row): ((SpaceId, AccountId), MemberRow)| Member {
        account,
        role: row.role,
        since: row.since,
        group: row.group,
    };
    let mut members: Vec<Member> = rows.into_iter().map(member).collect();
    members.sort_by_key(|member| (std::cmp::Reverse(member.role), member.since));
    Ok(members)
}

pub(super) fn personal(tx: &impl Rows, account: AccountId) -> Result<Option<SpaceId>, StoreError> {
    let first = spaces_of(tx, account)?.into_iter().next();
    Ok(first.filter(|space| space.kind == SpaceType::Personal).map(|space| space.id))
}

/// Where an account is because a group brought it, and which one.
pub(super) fn brought(
    tx: &impl Rows,
    account: AccountId,
) -> Result<Vec<(SpaceId, SpaceGroupId)>, StoreError> {
    let mut found = Vec::new();
    for (_, id) in tx.keys::<(AccountId, SpaceId), ()>(&SPACES_OF, &Range::prefix(&account))? {
        let row = tx.get(&MEMBERS, &(id, account))?;
        found.extend(row.and_then(|row| row.group).map(|group| (id, group)));
    }
    Ok(found)
}

/// The groups whose people are in a space.
pub(super) fn groups(tx: &impl Rows, space: SpaceId) -> Result<Vec<Group>, StoreError> {
    let rows: Vec<((SpaceId, SpaceGroupId), GroupRow)> =
        tx.list(&GROUPS, &Range::prefix(&space))?;
    Ok(rows.into_iter().map(group).collect())
}

/// The groups of every space.
pub(super) fn all_groups(tx: &impl Rows) -> Result<Vec<Group>, StoreError> {
    let rows: Vec<((SpaceId, SpaceGroupId), GroupRow)> = tx.list(&GROUPS, &Range::all())?;
    Ok(rows.into_iter().map(group).collect())
}

/// Whether no group brings somebody into a space.
pub(super) fn is_kept_out(
    tx: &impl Rows,
    space: SpaceId,
    account: AccountId,
) -> Result<bool, StoreError> {
    tx.has(&KEPT_OUT, &(account, space))
}

/// From now on no group brings somebody into a space.
pub(super) fn keep_out_in(
    tx: &mut WriteTx<'_>,
    space: SpaceId,
    account: AccountId,
) -> Result<(), StoreError> {
    tx.put(&KEPT_OUT, &(account, space), &())
}

fn group(((space, id), row): ((SpaceId, SpaceGroupId), GroupRow)) -> Group {
    let GroupRow { issuer, claim, name, role } = row;
    Group { id, space, said: SaidGroup { issuer, claim, name }, role }
}

pub(super) fn put_group_in(tx: &mut WriteTx<'_>, group: &Group) -> Result<(), StoreError> {
    let Group { id, space, said, role } = group;
    let SaidGroup { issuer, claim, name } = said.clone();
    let row = GroupRow { issuer, claim, name, role: *role };
    tx.put(&GROUPS, &(*space, *id), &row)
}

/// Removes a group; whether there was one. Whom it brought is still there.
pub(super) fn remove_group_in(
    tx: &mut WriteTx<'_>,
    space: SpaceId,
    id: SpaceGroupId,
) -> Result<bool, StoreError> {
    let known = tx.has(&GROUPS, &(space, id))?;
    tx.remove(&GROUPS, &(space, id));
    Ok(known)
}

/// Makes a space with one member, its owner.
pub(super) fn make_in(
    tx: &mut WriteTx<'_>,
    owner: AccountId,
    name: Text<0, 100>,
    kind: SpaceType,
    now: Timestamp,
) -> Result<SpaceId, StoreError> {
    let id = SpaceId::fresh();
    tx.put(&SPACES, &id, &SpaceRow { name, kind, created_at: now })?;
    put_member_in(tx, id, owner, (Role::Owner, None), now)?;
    Ok(id)
}

pub(super) fn rename_in(
    tx: &mut WriteTx<'_>,
    id: SpaceId,
    name: Text<0, 100>,
) -> Result<(), StoreError> {
    let Some(row) = tx.get(&SPACES, &id)? else { return Ok(()) };
    tx.put(&SPACES, &id, &SpaceRow { name, ..row })
}

pub(super) fn put_member_in(
    tx: &mut WriteTx<'_>,
    space: SpaceId,
    account: AccountId,
    (role, group): (Role, Option<SpaceGroupId>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let since = tx.get(&MEMBERS, &(space, account))?.map_or(now, |row| row.since);
    if group.is_none() {
        // Somebody wants them there.
        tx.remove(&KEPT_OUT, &(account, space));
    }
    tx.put(&MEMBERS, &(space, account), &MemberRow { role, since, group })?;
    tx.put(&SPACES_OF, &(account, space), &())
}

pub(super) fn remove_member_in(tx: &mut WriteTx<'_>, space: SpaceId, account: AccountId) {
    tx.remove(&MEMBERS, &(space, account));
    tx.remove(&SPACES_OF, &(account, space));
}

/// Removes a space, its memberships and its invitations.
pub(super) fn remove_in(tx: &mut WriteTx<'_>, id: SpaceId) -> Result<(), StoreError> {
    for member in members(tx, id)? {
        remove_member_in(tx, id, member.account);
    }
    invitations::remove_all_in(tx, id)?;
    for group in groups(tx, id)? {
        tx.remove(&GROUPS, &(id, group.id));
    }
    for key in tx.keys::<(AccountId, SpaceId), ()>(&KEPT_OUT, &Range::all())? {
        if key.1 == id {
            tx.remove(&KEPT_OUT, &key);
        }
    }
    tx.remove(&SPACES, &id);
    Ok(())
}

/// Who looks after a space when a member is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heir {
    /// There is nobody else: the space goes.
    Nobody,
    /// The owner goes, and this member takes their place: of the highest role the oldest.
    Is(AccountId, Timestamp),
    /// Its owner is somebody else.
    NotNeeded,
}

pub(super) fn heir(tx: &impl Rows, account: AccountId, id: SpaceId) -> Result<Heir, StoreError> {
    let (own, others): (Vec<_>, Vec<_>) =
        members(tx, id)?.into_iter().partition(|member| member.account == account);
    let is_owner = own.first().is_some_and(|member| member.role == Role::Owner);
    Ok(match others.first() {
        None => Heir::Nobody,
        Some(first) if is_owner => Heir::Is(first.account, first.since),
        Some(_) => Heir::NotNeeded,
    })
}

pub(super) fn erase_account_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    for (_, id) in tx.keys::<(AccountId, SpaceId), ()>(&SPACES_OF, &Range::prefix(&account))? {
        match heir(tx, account, id)? {
            Heir::Nobody => remove_in(tx, id)?,
            Heir::Is(heir, since) => {
                put_member_in(tx, id, heir, (Role::Owner, None), since)?;
                remove_member_in(tx, id, account);
            }
            Heir::NotNeeded => remove_member_in(tx, id, account),
        }
    }
    invitations::erase_account_in(tx, account)?;
    tx.remove_range(&KEPT_OUT, &Range::prefix(&account)).map(|_| ())
}
