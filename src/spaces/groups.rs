//! Groups at a provider of sign-ins whose people are in a space: who comes from there joins, who
//! is in the group no more is taken out. The space's owner decides, never who runs the provider
//! or the instance; who was let in by hand stays as they are.
//!
//! A stranger's space must not draw people in, and so see who they are, by the name of their
//! group: an owner lets in only groups that they are in themselves, unless they administer the
//! instance. A group is one of an issuer: whatever else is later offered by the same name in
//! addresses brings nobody in.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::accounts::{SecurityEvent, account_in};
use crate::identities::{OnGroups, has_group_in};
use crate::kernel::{AccountId, SpaceGroupId, SpaceId, Text};
use crate::store::{Rows, StoreError, WriteTx};

use super::invitations::MOST as MOST_MEMBERS;
use super::{Group, Role, SpaceError, Spaces, rows, shared_in};

/// Groups of a space at most.
const MOST: usize = 50;

/// A group to be let in.
pub struct NewGroup {
    /// The provider's issuer.
    pub issuer: String,
    /// What the provider calls the group.
    pub name: Text<1, 200>,
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
                let (issuer, name) = (new.issuer, new.name.into_string());
                require_own_in(tx, account, (&issuer, &name))?;
                let all = rows::groups(tx, id)?;
                let known = all.iter().find(|g| g.issuer == issuer && g.name == name);
                if known.is_none() && all.len() >= MOST {
                    return Err(SpaceError::TooManyGroups);
                }
                let group = Group {
                    id: known.map_or_else(SpaceGroupId::fresh, |group| group.id),
                    space: id,
                    issuer,
                    name,
                    role: new.role,
                };
                rows::put_group_in(tx, &group)?;
                // Whom it has brought already has the new role at once.
                let brought = rows::members(tx, id)?.into_iter();
                for member in brought.filter(|member| member.group == Some(group.id)) {
                    let (whom, place) = (member.account, (group.role, member.group));
                    rows::put_member_in(tx, id, whom, place, this.clock.now())?;
                    if member.role != group.role {
                        let role = group.role.name();
                        let event = SecurityEvent::RoleChanged { space: id, member: whom, role };
                        this.tell_in(tx, account, &event)?;
                    }
                }
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
                let brought = rows::remove_group_in(tx, id, group)?.ok_or(SpaceError::Missing)?;
                this.tell_in(tx, account, &SecurityEvent::GroupShutOut { space: id, group })?;
                for member in brought {
                    let left = SecurityEvent::LeftWithGroup { space: id, group };
                    this.tell_in(tx, member, &left)?;
                }
                Ok(())
            })
            .await
    }

    /// Follows what a provider says of the groups that somebody is in: lets them into the spaces
    /// of these, takes them out where another of its groups had brought them.
    pub fn follows_groups(&self) -> OnGroups {
        let this = self.clone();
        Arc::new(move |tx, account, said| this.follow_in(tx, account, said))
    }

    fn follow_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        (issuer, names): (&str, &[String]),
    ) -> Result<(), StoreError> {
        let of_provider = rows::groups_at(tx, issuer)?;
        let told = |id: SpaceGroupId| of_provider.iter().any(|group| group.id == id);
        let mut theirs: Vec<&Group> =
            of_provider.iter().filter(|group| names.contains(&group.name)).collect();
        // Of several groups with one space, the one that gives most.
        theirs.sort_by_key(|group| (group.space, Reverse(group.role)));
        theirs.dedup_by_key(|group| group.space);
        let mut brought = rows::brought(tx, account)?;
        brought.retain(|(_, by)| told(*by));
        for (space, group) in brought.iter().copied() {
            if !theirs.iter().any(|group| group.space == space) {
                rows::remove_member_in(tx, space, account);
                self.tell_in(tx, account, &SecurityEvent::LeftWithGroup { space, group })?;
            }
        }
        for group in theirs {
            let by = brought.iter().find(|(space, _)| *space == group.space).map(|(_, by)| *by);
            self.bring_in(tx, account, group, by)?;
        }
        Ok(())
    }

    /// Lets somebody in whom a group brings, or gives them the role that it has now.
    fn bring_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        group: &Group,
        by: Option<SpaceGroupId>,
    ) -> Result<(), StoreError> {
        let &Group { id, space, role, .. } = group;
        let present = rows::role(tx, account, space)?;
        let as_it_is = present == Some(role) && by == Some(id);
        if as_it_is || present.is_some() && by.is_none() {
            return Ok(());
        }
        if present.is_none() && rows::members(tx, space)?.len() >= MOST_MEMBERS {
            tracing::warn!(%space, "the space is full: a group's member stays out");
            return Ok(());
        }
        rows::put_member_in(tx, space, account, (role, Some(id)), self.clock.now())?;
        let event = SecurityEvent::JoinedByGroup { space, group: id, role: role.name() };
        self.tell_in(tx, account, &event)
    }
}

/// Refuses a group that is not one of the account's own, unless it administers the instance.
fn require_own_in(
    tx: &impl Rows,
    account: AccountId,
    group: (&str, &str),
) -> Result<(), SpaceError> {
    let is_admin = account_in(tx, account)?.is_some_and(|account| account.is_admin);
    let good = is_admin || has_group_in(tx, account, group)?;
    if good { Ok(()) } else { Err(SpaceError::NotTheirGroup) }
}
