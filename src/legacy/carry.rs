//! Carrying out what somebody chose for after their death: a job whose every step finds out from
//! what is stored what is left to do, so that it goes on after a crash as if there had been none.

use std::ops::ControlFlow;

use super::model::{Claim, State, Stop, Stopping, Then};
use super::rows::{self, CARRY_OUT, CarryJob};
use super::{Legacies, LegacyError, found, name_in};
use crate::access::Visibility;
use crate::accounts::{self, Actor, SecurityEvent, account_in};
use crate::clones::{self, Inheriting, Life};
use crate::conversations;
use crate::jobs::{JobError, Subject};
use crate::kernel::points::{Point, pass};
use crate::kernel::{AccountId, CloneId, LegacyClaimId, MemoryId};
use crate::memories;
use crate::notifications::Notice;
use crate::spaces;
use crate::store::{Portion, Rows, StoreError, WriteTx};

/// How many memories one step withdraws.
const AT_ONCE: usize = 50;

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It closed the account; there is more to do.
    Closed,
    /// Something went where it was to go; there may be more.
    Passed,
    /// Nothing is left to do.
    Done,
}

impl Legacies {
    pub(super) fn register(&self) {
        let this = self.clone();
        self.queue.register(&CARRY_OUT, 1, move |_, job: CarryJob| {
            let this = this.clone();
            async move { this.carry_out(job.claim).await }
        });
    }

    async fn carry_out(&self, id: LegacyClaimId) -> Result<(), JobError> {
        loop {
            let this = self.clone();
            let step = self.store.write(move |tx| this.step_in(tx, id)).await;
            let (step, person) =
                step.map_err(|error| JobError::from(crate::kernel::Fault::from(error)))?;
            match step {
                Step::Closed => {
                    pass(Point::LegacyClosed);
                    self.conversations.stop_all_of(person);
                }
                Step::Passed => pass(Point::LegacyPassed),
                Step::Done => {
                    pass(Point::LegacyDone);
                    return Ok(());
                }
            }
        }
    }

    fn step_in(
        &self,
        tx: &mut WriteTx<'_>,
        id: LegacyClaimId,
    ) -> Result<(Step, AccountId), LegacyError> {
        let Some(claim) = rows::claim(tx, id)? else {
            return Ok((Step::Done, AccountId::from_bytes([0; 16])));
        };
        let person = claim.person;
        let step = match claim.state {
            State::Due => self.begin_in(tx, claim)?,
            State::Carrying => self.go_on_in(tx, claim)?,
            State::Waiting | State::Done | State::Stopped => Step::Done,
        };
        Ok((step, person))
    }

    /// Closes the account, or has it erased; before that it can be stopped, and after it cannot.
    fn begin_in(&self, tx: &mut WriteTx<'_>, mut claim: Claim) -> Result<Step, LegacyError> {
        let (person, now) = (claim.person, self.clock.now());
        let contact = found(account_in(tx, claim.by))?;
        if contact.is_none_or(|contact| contact.suspended_at.is_some()) {
            let stopping = Stopping { by: Actor::System, how: Stop::ContactGone, reason: None };
            self.stop_in(tx, claim, stopping)?;
            return Ok(Step::Done);
        }
        let event = SecurityEvent::LegacyBegun { claim: claim.id, then: claim.then.name() };
        self.watchers.tell_in(tx, person, &event, now)?;
        if claim.then == Then::Erase {
            self.tell_done_in(tx, &claim)?;
            self.erasures.erase_left_in(tx, person)?;
            return Ok(Step::Done);
        }
        let closed = accounts::close_in(tx, person, now)?;
        for closer in self.closers.iter() {
            closer.erase_in(tx, Subject::Account(person), &mut Portion::unlimited())?;
        }
        if claim.then == Then::HandOver {
            let space = spaces::make_for_in(tx, claim.by, &closed.display_name, now)?;
            claim.space = Some(space);
        }
        claim.state = State::Carrying;
        rows::put_claim_in(tx, &claim)?;
        Ok(Step::Closed)
    }

    /// Does the next thing that is left to do.
    fn go_on_in(&self, tx: &mut WriteTx<'_>, claim: Claim) -> Result<Step, LegacyError> {
        let passed = match claim.then {
            Then::HandOver => {
                self.hand_over_in(tx, &claim)?
                    || self.pass_on_in(tx, &claim, Some(claim.by))?
                    || self.conversation_in(tx, &claim)?
                    || self.withdraw_in(tx, &claim)?
            }
            Then::Freeze => self.retire_in(tx, &claim)? || self.pass_on_in(tx, &claim, None)?,
            Then::Erase => false,
        };
        if passed {
            return Ok(Step::Passed);
        }
        self.finish_in(tx, claim)?;
        Ok(Step::Done)
    }

    /// One clone more is the contact's, or has another ground.
    fn hand_over_in(&self, tx: &mut WriteTx<'_>, claim: &Claim) -> Result<bool, LegacyError> {
        let said = Inheriting {
            by: claim.by,
            relation: claim.relation.clone(),
            own_words: claim.own_words.clone(),
            locale: claim.words.locale.clone(),
        };
        let now = self.clock.now();
        if let Some((clone, _)) = clones::personal_of(tx, claim.person)?.into_iter().next() {
            clones::inherit_in(tx, clone, claim.space, &said, now)?;
            return Ok(true);
        }
        let outside = clones::of_oneself_outside(tx, claim.person, None)?;
        let Some(next) = outside.first() else { return Ok(false) };
        clones::inherit_in(tx, next.id, None, &said, now)?;
        Ok(true)
    }

    /// One clone more is kept for reading.
    fn retire_in(&self, tx: &mut WriteTx<'_>, claim: &Claim) -> Result<bool, LegacyError> {
        let mut all: Vec<CloneId> =
            clones::personal_of(tx, claim.person)?.into_iter().map(|(id, _)| id).collect();
        let outside = clones::of_oneself_outside(tx, claim.person, None)?;
        all.extend(outside.into_iter().map(|persona| persona.id));
        for id in all {
            let awake = clones::present(tx, id)?.is_some_and(|p| p.standing.life != Life::Retired);
            if awake {
                clones::retire_in(tx, id, self.clock.now())?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn pass_on_in(
        &self,
        tx: &mut WriteTx<'_>,
        claim: &Claim,
        heir: Option<AccountId>,
    ) -> Result<bool, LegacyError> {
        let passed = spaces::pass_on_in(tx, claim.person, heir)?;
        for (space, to) in &passed {
            let event = SecurityEvent::OwnershipHandedOver { space: *space, to: *to };
            self.watchers.tell_in(tx, claim.person, &event, self.clock.now())?;
        }
        Ok(!passed.is_empty())
    }

    /// One conversation more goes along, or is erased.
    fn conversation_in(&self, tx: &mut WriteTx<'_>, claim: &Claim) -> Result<bool, LegacyError> {
        let held = conversations::held_by(tx, claim.person)?;
        let Some((id, clone, discarded)) = held.into_iter().next() else { return Ok(false) };
        let goes = claim.conversations && !discarded;
        if goes && clones::role_of(tx, claim.by, clone)?.is_some() {
            conversations::hand_over_in(tx, id, claim.by)?;
        } else {
            conversations::uncount_in(tx, id)?;
            self.erasures.erase_quietly_in(tx, Subject::Conversation(id))?;
        }
        Ok(true)
    }

    /// Some memories more, which the person had shown to nobody, are erased.
    fn withdraw_in(&self, tx: &mut WriteTx<'_>, claim: &Claim) -> Result<bool, LegacyError> {
        let private = unshown(tx, claim.person)?;
        for (clone, id) in &private {
            self.memories.withdraw_in(tx, (*clone, *id))?;
            self.erasures.erase_quietly_in(tx, Subject::Memory(*clone, *id))?;
        }
        Ok(!private.is_empty())
    }

    fn finish_in(&self, tx: &mut WriteTx<'_>, mut claim: Claim) -> Result<(), LegacyError> {
        let now = self.clock.now();
        rows::remove_contact_in(tx, claim.person)?;
        claim.state = State::Done;
        claim.ended_at = Some(now);
        rows::put_claim_in(tx, &claim)?;
        let event = SecurityEvent::LegacyDone { claim: claim.id, then: claim.then.name() };
        self.watchers.tell_in(tx, claim.person, &event, now)?;
        Ok(self.tell_done_in(tx, &claim)?)
    }

    fn tell_done_in(&self, tx: &mut WriteTx<'_>, claim: &Claim) -> Result<(), StoreError> {
        let notice = Notice::LegacyCarriedOut { name: name_in(tx, claim.person)? };
        self.notifications.tell_in(tx, claim.by, &notice, self.clock.now())?;
        for admin in accounts::admins_in(tx)? {
            if admin != claim.person && admin != claim.by {
                self.notifications.tell_in(tx, admin, &notice, self.clock.now())?;
            }
        }
        Ok(())
    }
}

/// Some of the memories that an account wrote for nobody but itself.
fn unshown(tx: &impl Rows, person: AccountId) -> Result<Vec<(CloneId, MemoryId)>, StoreError> {
    let mut private = Vec::new();
    for clone in clones::added_to_by(tx, person)? {
        memories::each_of(tx, clone, |memory| {
            if memory.author == person && memory.content.visibility == Visibility::Author {
                private.push((clone, memory.id));
            }
            if private.len() < AT_ONCE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if private.len() >= AT_ONCE {
            break;
        }
    }
    Ok(private)
}
