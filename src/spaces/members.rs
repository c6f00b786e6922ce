//! Who is in a space, and as what.

use crate::accounts::{SecurityEvent, account_in};
use crate::kernel::{AccountId, SpaceId};
use crate::store::Rows;

use super::{Member, Role, SpaceError, SpaceType, Spaces, rows, shared_in};

impl Spaces {
    /// The members of a space that the account is in, the highest roles first.
    ///
    /// # Errors
    /// When it is not in it, or the store fails.
    pub fn members(&self, account: AccountId, id: SpaceId) -> Result<Vec<Member>, SpaceError> {
        self.store.read(|tx| {
            rows::space(tx, account, id)?.ok_or(SpaceError::Missing)?;
            Ok(rows::members(tx, id)?)
        })
    }

    /// Gives a member another role. Making somebody the owner hands the space over: who did so
    /// is a steward from then on.
    ///
    /// # Errors
    /// When the account may not give this role to this member.
    pub async fn change_role(
        &self,
        account: AccountId,
        id: SpaceId,
        member: AccountId,
        role: Role,
    ) -> Result<Member, SpaceError> {
        let (this, now) = (self.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                let space = shared_in(tx, account, id, Role::Steward)?;
                let present = rows::role(tx, member, id)?.ok_or(SpaceError::Missing)?;
                if member == account {
                    // Nobody raises or lowers themselves; the owner hands over instead.
                    return Err(SpaceError::Forbidden);
                }
                if !may_look_after(space.role, present) || !may_give(space.role, role) {
                    return Err(SpaceError::Forbidden);
                }
                if role == present {
                    return find(tx, id, member);
                }
                if role == Role::Owner {
                    let heir = account_in(tx, member)?.ok_or(SpaceError::Missing)?;
                    if heir.suspended_at.is_some() {
                        return Err(SpaceError::Suspended);
                    }
                    rows::put_member_in(tx, id, account, (Role::Steward, None), now)?;
                }
                rows::put_member_in(tx, id, member, (role, None), now)?;
                let event = match role {
                    Role::Owner => SecurityEvent::OwnershipHandedOver { space: id, to: member },
                    _ => SecurityEvent::RoleChanged { space: id, member, role: role.name() },
                };
                this.tell_in(tx, account, &event)?;
                find(tx, id, member)
            })
            .await
    }

    /// Takes a member out of a space; anybody may take themselves out, but the owner.
    ///
    /// # Errors
    /// When the account may not, or there is no such member.
    pub async fn remove_member(
        &self,
        account: AccountId,
        id: SpaceId,
        member: AccountId,
    ) -> Result<(), SpaceError> {
        let this = self.clone();
        self.store
            .write(move |tx| {
                let space = rows::space(tx, account, id)?.ok_or(SpaceError::Missing)?;
                let role = rows::role(tx, member, id)?.ok_or(SpaceError::Missing)?;
                if space.kind == SpaceType::Personal {
                    return Err(SpaceError::Personal);
                }
                if member == account && role == Role::Owner {
                    return Err(SpaceError::OwnerStays);
                }
                if member != account && !may_look_after(space.role, role) {
                    return Err(SpaceError::Forbidden);
                }
                rows::remove_member_in(tx, id, member);
                // A group of theirs would bring them back at their next sign-in.
                rows::keep_out_in(tx, id, member)?;
                let event = SecurityEvent::MemberRemoved { space: id, member };
                Ok(this.tell_in(tx, account, &event)?)
            })
            .await
    }
}

fn find(tx: &impl Rows, id: SpaceId, account: AccountId) -> Result<Member, SpaceError> {
    let members = rows::members(tx, id)?.into_iter();
    members.into_iter().find(|member| member.account == account).ok_or(SpaceError::Missing)
}

/// Whether a member may change or remove another: stewards those below them, the owner all.
pub(super) fn may_look_after(own: Role, other: Role) -> bool {
    own >= Role::Steward && other < own
}

/// Whether a member may give a role: stewards those below their own, the owner all.
pub(super) fn may_give(own: Role, given: Role) -> bool {
    match own {
        Role::Owner => true,
        Role::Steward => given < Role::Steward,
        Role::Contributor | Role::Visitor => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_makes_somebody_their_equal_but_the_owner() {
        for own in Role::ALL {
            for other in Role::ALL {
                if may_look_after(own, other) {
                    assert!(own >= Role::Steward && other < own);
                }
                if may_give(own, other) {
                    assert!(own == Role::Owner || other < own);
                }
            }
        }
        assert!(may_give(Role::Owner, Role::Owner) && !may_give(Role::Steward, Role::Steward));
        assert!(!may_look_after(Role::Steward, Role::Steward));
        assert!(!may_look_after(Role::Contributor, Role::Visitor));
    }
}
