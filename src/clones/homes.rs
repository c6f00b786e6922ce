//! Clones that change their space, and spaces that are closed.

use crate::access::{Action, Principal, Reach, role_at};
use crate::accounts::SecurityEvent;
use crate::jobs::discarded;
use crate::kernel::{AccountId, CloneId, SpaceId};
use crate::spaces::{self, Space};
use crate::store::{Rows, StoreError, WriteTx};

use super::{CloneError, Clones, Persona, permit, rows};

impl Clones {
    /// Deletes a shared space with its content: the clones in it go into the trash of its owner,
    /// from where they can be brought back into the owner's personal space. Gives back which. The
    /// other members are told that they are in it no more.
    ///
    /// # Errors
    /// When the asker does not own the space, it is personal, or not any more what is `expected`.
    pub async fn delete_space(
        &self,
        who: &Principal,
        space: SpaceId,
        expected: Option<Space>,
    ) -> Result<Vec<CloneId>, CloneError> {
        let (this, who, now) = (self.clone(), who.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                let owned = spaces::owned_in(tx, who.account, space)?;
                if expected.is_some_and(|expected| expected != owned) {
                    return Err(CloneError::Stale);
                }
                let home = spaces::personal_in(tx, who.account)?.ok_or(CloneError::Missing)?;
                let mut gone = Vec::new();
                for mut persona in rows::in_space(tx, space)? {
                    gone.push(persona.id);
                    settle_in(tx, &mut persona, home)?;
                    if persona.deleted_at.is_none() {
                        super::discard_in(tx, &who, &mut persona, now)?;
                    } else {
                        rows::put_in(tx, &persona)?;
                    }
                }
                for member in spaces::members_in(tx, space)? {
                    if member != who.account {
                        let event = SecurityEvent::MemberRemoved { space, member };
                        this.watchers.tell_in(tx, who.account, &event, now)?;
                    }
                }
                spaces::close_in(tx, who.account, space)?;
                let event = SecurityEvent::SpaceDeleted { space };
                this.watchers.tell_in(tx, who.account, &event, now)?;
                Ok(gone)
            })
            .await
    }

    /// Takes a clone into another space. Everything that belongs to it goes with it; who could
    /// see it only through the old space cannot any more, and is told.
    pub(super) fn move_in(
        &self,
        tx: &mut WriteTx<'_>,
        who: &Principal,
        persona: &mut Persona,
        (space, reach): (SpaceId, Option<Reach>),
    ) -> Result<(), CloneError> {
        if who.is_narrow() {
            return Err(CloneError::Narrow);
        }
        let here = spaces::role_in(tx, who.account, persona.space)?.ok_or(CloneError::Missing)?;
        permit(here, Action::MoveClone)?;
        let there = spaces::role_in(tx, who.account, space)?.ok_or(CloneError::NoSuchSpace)?;
        permit(there, Action::CreateClone)?;
        let (clone, from) = (persona.id, persona.space);
        let event = SecurityEvent::CloneMoved {
            clone,
            from,
            to: space,
            name: persona.profile.name.to_string(),
            lost_by: lost_by(tx, persona, (space, reach))?,
        };
        settle_in(tx, persona, space)?;
        Ok(self.watchers.tell_in(tx, who.account, &event, self.clock.now())?)
    }
}

/// Who sees a clone where it is and will not in another space, where it may have another reach.
fn lost_by(
    tx: &impl Rows,
    persona: &Persona,
    (there, reach): (SpaceId, Option<Reach>),
) -> Result<Vec<AccountId>, StoreError> {
    let before = persona.reach();
    let seen = |member, space, reach| {
        let role = spaces::role_in(tx, member, space)?;
        Ok::<_, StoreError>(role_at(reach, role).is_some())
    };
    let mut lost = Vec::new();
    for member in spaces::members_in(tx, persona.space)? {
        let sees = seen(member, persona.space, before)?;
        if sees && !seen(member, there, reach.unwrap_or(before))? {
            lost.push(member);
        }
    }
    Ok(lost)
}

pub(super) fn settle_in(
    tx: &mut WriteTx<'_>,
    persona: &mut Persona,
    space: SpaceId,
) -> Result<(), StoreError> {
    rows::leave_space_in(tx, persona.space, persona.id);
    persona.space = space;
    discarded_follow_in(tx, persona.id, space)
}

/// What of the clone is in the trash belongs to the new space from now on.
fn discarded_follow_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    space: SpaceId,
) -> Result<(), StoreError> {
    for mut thing in discarded::all(tx)? {
        if thing.clone == clone && thing.space != space {
            thing.space = space;
            discarded::put_in(tx, thing)?;
        }
    }
    Ok(())
}
