//! Groups at a provider of sign-ins whose people are in a space: who comes from there joins, who
//! is in the group no more is taken out. The space's owner decides, never who runs the provider
//! or the instance; who was let in by hand stays as they are.
//!
//! A stranger's space must not draw people in, and so see who they are, by the name of their
//! group: an owner lets in only groups that they are in themselves, unless they administer the
//! instance. A group is one of an issuer, said in one claim: whatever else is later offered by the
//! same name in addresses, or taken for a group, brings nobody in. Who was taken out of a space by
//! hand is not brought back.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::accounts::{SecurityEvent, account_in};
use crate::identities::{GroupsKnown, OnGroups, SaidGroup, said_groups_in};
use crate::kernel::{AccountId, SpaceGroupId, SpaceId};
use crate::store::{Rows, StoreError, WriteTx};

use super::invitations::MOST as MOST_MEMBERS;
use super::{Group, Role, SpaceError, Spaces, rows, shared_in};

/// Groups of a space at most.
const MOST: usize = 50;

/// A group to be let in.
pub struct NewGroup {
    /// What says that somebody is in it.
    pub said: SaidGroup,
    /// What its people become.
    pub role: Role,
}

impl Spaces {
    /// The groups whose people are in a space, for those who may invite.
    ///
    /// # Errors
    /// When the account may not see them, or the store fails.
    pub fn groups(&self, account: AccountId, id: SpaceId) -> Result<Vec<Group>, SpaceError> {
        self.store.read(|tx| {
            shared_in(tx, account, id, Role::Steward)?;
            Ok(rows::groups(tx, id)?)
        })
    }

    /// Lets the people of a group into a space, from their next sign-in on. Saying it again with
    /// another role changes the role.
    ///
    /// # Errors
    /// When the account does not own the space, the role would be its owner's, the group is not
    /// the account's own and it administers nothing, or there are too many groups.
    pub async fn let_group_in(
        &self,
        account: AccountId,
        id: SpaceId,
        new: NewGroup,
    ) -> Result<Group, SpaceError> {
        let this = self.clone();
        self.store
            .write(move |tx| {
                shared_in(tx, account, id, Role::Owner)?;
                if new.role == Role::Owner {
                    return Err(SpaceError::Forbidden);
                }
                require_own_in(tx, account, &new.said)?;
                let all = rows::groups(tx, id)?;
                // Said in another claim than before it is still the same to its people.
                let same = |group: &&Group| {
                    (&group.said.issuer, &group.said.name) == (&new.said.issuer, &new.said.name)
                };
                let known = all.iter().find(same);
                if known.is_none() && all.len() >= MOST {
                    return Err(SpaceError::TooManyGroups);
                }
                let group_id = known.map_or_else(SpaceGroupId::fresh, |group| group.id);
                let group = Group { id: group_id, space: id, said: new.said, role: new.role };
                rows::put_group_in(tx, &group)?;
                // Whom groups have brought already has the new role at once.
                this.settle_brought_in(tx, id, account)?;
                let role = group.role.name();
                let event = SecurityEvent::GroupLetIn { space: id, group: group.id, role };
                this.tell_in(tx, account, &event)?;
                Ok(group)
            })
            .await
    }

    /// Lets a group in no more, and takes those out whom it brought.
    ///
    /// # Errors
    /// When the account does not own the space, or there is no such group.
    pub async fn shut_group_out(
        &self,
        account: AccountId,
        id: SpaceId,
        group: SpaceGroupId,
    ) -> Result<(), SpaceError> {
        let this = self.clone();
        self.store
            .write(move |tx| {
                shared_in(tx, account, id, Role::Owner)?;
                if !rows::remove_group_in(tx, id, group)? {
                    return Err(SpaceError::Missing);
                }
                this.tell_in(tx, account, &SecurityEvent::GroupShutOut { space: id, group })?;
                Ok(this.settle_brought_in(tx, id, account)?)
            })
            .await
    }

    /// Follows what providers say of the groups that somebody is in: lets them into the spaces of
    /// these, takes them out where none of theirs brings them any more.
    pub fn follows_groups(&self) -> OnGroups {
        let this = self.clone();
        Arc::new(move |tx, account, known| {
            this.settle_in(tx, account, Settling { by: account, only: None, known })
        })
    }

    /// Looks again at those whom groups have brought into a space, since its owner has said
    /// something else of one.
    fn settle_brought_in(
        &self,
        tx: &mut WriteTx<'_>,
        space: SpaceId,
        owner: AccountId,
    ) -> Result<(), StoreError> {
        let settling = Settling { by: owner, only: Some(space), known: GroupsKnown::Unlinked };
        let brought = rows::members(tx, space)?.into_iter();
        let mut brought = brought.filter(|member| member.group.is_some());
        brought.try_for_each(|member| self.settle_in(tx, member.account, settling))
    }

    fn settle_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        settling: Settling,
    ) -> Result<(), StoreError> {
        let said = said_groups_in(tx, account)?;
        let all = rows::all_groups(tx)?.into_iter();
        let mut theirs: Vec<Group> = all.filter(|group| said.contains(&group.said)).collect();
        // Of several groups with one space, the one that gives most.
        theirs.sort_by_key(|group| (group.space, Reverse(group.role)));
        theirs.dedup_by_key(|group| group.space);
        let mut brought = rows::brought(tx, account)?;
        brought.retain(|(space, _)| settling.only.is_none_or(|only| only == *space));
        for (space, group) in brought.iter().copied() {
            match theirs.iter().find(|group| group.space == space) {
                Some(best) => self.bring_in(tx, (account, settling.by), best, Some(group))?,
                None => {
                    rows::remove_member_in(tx, space, account);
                    let left = SecurityEvent::LeftWithGroup { space, group, member: account };
                    self.tell_in(tx, settling.by, &left)?;
                }
            }
        }
        // Into other spaces they come when they come from there.
        let arrives = settling.known == GroupsKnown::Said;
        for group in theirs.iter().filter(|_| arrives) {
            let is_new = !brought.iter().any(|(space, _)| *space == group.space);
            if is_new && !rows::is_kept_out(tx, group.space, account)? {
                self.bring_in(tx, (account, settling.by), group, None)?;
            }
        }
        Ok(())
    }

    /// Lets somebody in whom a group brings, or gives them the role that it has now.
    fn bring_in(
        &self,
        tx: &mut WriteTx<'_>,
        (account, by): (AccountId, AccountId),
        group: &Group,
        before: Option<SpaceGroupId>,
    ) -> Result<(), StoreError> {
        let &Group { id, space, role, .. } = group;
        let present = rows::role(tx, account, space)?;
        let as_it_is = present == Some(role) && before == Some(id);
        if as_it_is || present.is_some() && before.is_none() {
            return Ok(());
        }
        if present.is_none() && rows::members(tx, space)?.len() >= MOST_MEMBERS {
            tracing::warn!(%space, "the space is full: a group's member stays out");
            return Ok(());
        }
        rows::put_member_in(tx, space, account, (role, Some(id)), self.clock.now())?;
        if present == Some(role) {
            return Ok(());
        }
        let event = match by == account {
            true => {
                let was_there = present.is_some();
                SecurityEvent::JoinedByGroup { space, group: id, role: role.name(), was_there }
            }
            false => SecurityEvent::RoleChanged { space, member: account, role: role.name() },
        };
        self.tell_in(tx, by, &event)
    }
}

/// Why it is looked again at where the groups of somebody lead.
#[derive(Clone, Copy)]
struct Settling {
    /// Whose act it is.
    by: AccountId,
    /// The only space that it concerns.
    only: Option<SpaceId>,
    known: GroupsKnown,
}

/// Refuses a group that is not one of the account's own, unless it administers the instance.
fn require_own_in(tx: &impl Rows, account: AccountId, said: &SaidGroup) -> Result<(), SpaceError> {
    let is_admin = account_in(tx, account)?.is_some_and(|account| account.is_admin);
    let good = is_admin || said_groups_in(tx, account)?.contains(said);
    if good { Ok(()) } else { Err(SpaceError::NotTheirGroup) }
}
