//! Saying that somebody has died, stopping that, and counting the wait.

use std::time::Duration;

use super::model::{Claim, Claiming, DAY, Offered, State, Stop, Stopping};
use super::rows::{self, BY_CONTACT, CARRY_OUT, CarryJob};
use super::{Contact, Legacies, LegacyError, key, ladder, name_in, texts};
use crate::access::Principal;
use crate::accounts::{Actor, SecurityEvent, account_in};
use crate::jobs::{NewJob, Subject};
use crate::kernel::{AccountId, LegacyClaimId, Text, Timestamp, TokenHash};
use crate::notifications::{self, Notice};
use crate::store::{Rows, StoreError, WriteTx};

/// So much of the wait passes between two sweeps at most.
const AT_ONCE: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How long claims that were stopped are kept.
const KEPT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A claim with the names of the two, and whether who made it has the address that was named.
pub type Named = (Claim, String, String, bool);

impl Legacies {
    /// What a key is for, for whoever holds it.
    ///
    /// # Errors
    /// When it is no key or one's own, or was tried too often.
    pub fn offered(&self, who: &Principal, typed: &str) -> Result<Offered, LegacyError> {
        let account = who.account;
        self.tried(account, || {
            self.store.read(|tx| {
                let (person, contact) = opened(tx, typed, account)?;
                Ok(Offered { person_name: name_in(tx, person)?, contact })
            })
        })
    }

    /// Says that whoever gave the key has died. The wait begins, and they are told.
    ///
    /// # Errors
    /// When it is no key or one's own, the text is another, or somebody said so already.
    pub async fn claim(&self, who: &Principal, said: Claiming) -> Result<Named, LegacyError> {
        let words = texts::known(&said.sha256).ok_or(LegacyError::Outdated)?;
        self.offered(who, &said.key)?;
        let (this, by, now) = (self.clone(), who.account, self.clock.now());
        let made = self.store.write(move |tx| {
            let (person, contact) = opened(tx, &said.key, by)?;
            if rows::running_of(tx, person)?.is_some() {
                return Err(LegacyError::Running);
            }
            let claim = Claim {
                id: LegacyClaimId::fresh(),
                person,
                by,
                relation: said.relation,
                own_words: said.own_words,
                words,
                begun_at: now,
                wait: DAY * u32::from(contact.wait_days),
                waited: Duration::ZERO,
                counted_at: now,
                then: contact.then,
                conversations: contact.conversations,
                state: State::Waiting,
                ended_at: None,
                stop: None,
                reason: None,
                space: None,
            };
            rows::put_claim_in(tx, &claim)?;
            let event = SecurityEvent::LegacyClaimed { claim: claim.id, by };
            this.watchers.tell_in(tx, person, &event, now)?;
            this.tell_person_in(tx, &claim)?;
            let name = name_in(tx, person)?;
            let notice = Notice::LegacyClaimRuns { name, until: claim.ends_at() };
            this.tell_admins_in(tx, person, &notice)?;
            Ok(named(tx, claim)?)
        });
        made.await
    }

    /// Lets a try count, and waits longer after each that fails.
    fn tried<T>(
        &self,
        account: AccountId,
        look: impl FnOnce() -> Result<T, LegacyError>,
    ) -> Result<T, LegacyError> {
        let attempt = self.attempts.admit(ladder(account))?;
        let looked = look();
        match &looked {
            Ok(_) | Err(LegacyError::Oneself) => attempt.succeeded(),
            Err(LegacyError::WrongKey) => drop(attempt),
            Err(_) => attempt.unchecked(),
        }
        looked
    }

    fn tell_person_in(&self, tx: &mut WriteTx<'_>, claim: &Claim) -> Result<(), StoreError> {
        let (by, until) = (name_in(tx, claim.by)?, claim.ends_at());
        let notice = Notice::LegacyClaimed { by, until };
        let now = self.clock.now();
        self.notifications.tell_claimed_in(tx, claim.person, (claim.id, &notice), now)
    }

    /// What an account has claimed, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn claimed_by(&self, account: AccountId) -> Result<Vec<Named>, LegacyError> {
        self.store.read(|tx| {
            let claims = rows::led_to(tx, &BY_CONTACT, account)?.into_iter();
            Ok(claims.map(|claim| named(tx, claim)).collect::<Result<_, StoreError>>()?)
        })
    }

    /// What is claimed of an account now.
    ///
    /// # Errors
    /// When the store fails.
    pub fn claimed_of(&self, account: AccountId) -> Result<Option<Named>, LegacyError> {
        self.store.read(|tx| {
            let claim = rows::running_of(tx, account)?;
            Ok(claim.map(|claim| named(tx, claim)).transpose()?)
        })
    }

    /// Every claim, the newest first, for those who look after the server.
    ///
    /// # Errors
    /// When the store fails.
    pub fn all(&self) -> Result<Vec<Named>, LegacyError> {
        self.store.read(|tx| {
            let claims = rows::all(tx)?.into_iter();
            Ok(claims.map(|claim| named(tx, claim)).collect::<Result<_, StoreError>>()?)
        })
    }

    /// Takes one's own claim back.
    ///
    /// # Errors
    /// When there is none of the asker's, or it is over.
    pub async fn withdraw(&self, who: &Principal, id: LegacyClaimId) -> Result<(), LegacyError> {
        let by = who.account;
        let stopping = Stopping { by: Actor::Account(by), how: Stop::Withdrawn, reason: None };
        self.stop(id, stopping, move |claim| claim.by == by).await
    }

    /// An admin stops a claim. Who made it may not, though they administer the server.
    ///
    /// # Errors
    /// When there is none, or it is over.
    pub async fn stop_as_admin(
        &self,
        who: &Principal,
        id: LegacyClaimId,
        reason: Text<1, 500>,
    ) -> Result<(), LegacyError> {
        let (by, reason) = (Actor::Account(who.account), Some(reason));
        self.stop(id, Stopping { by, how: Stop::Admin, reason }, |_| true).await
    }

    /// The person says that they are there, by the link of a mail.
    ///
    /// # Errors
    /// When the link is not good, or it is over.
    pub async fn is_here_by_link(&self, token: &str) -> Result<(), LegacyError> {
        let id = notifications::stopped_by(&self.accounts, token).ok_or(LegacyError::Missing)?;
        let stopping = Stopping { by: Actor::Nobody, how: Stop::Person, reason: None };
        self.stop(id, stopping, |_| true).await
    }

    async fn stop(
        &self,
        id: LegacyClaimId,
        stopping: Stopping,
        may: impl FnOnce(&Claim) -> bool + Send + 'static,
    ) -> Result<(), LegacyError> {
        let this = self.clone();
        let stopped = self.store.write(move |tx| {
            let claim = rows::claim(tx, id)?.filter(may).ok_or(LegacyError::Missing)?;
            if !claim.state.can_be_stopped() {
                return Err(LegacyError::Over);
            }
            Ok(this.stop_in(tx, claim, stopping)?)
        });
        stopped.await
    }

    /// Stops a claim that can be, and tells everybody who knew of it that it was, and no more.
    pub(super) fn stop_in(
        &self,
        tx: &mut WriteTx<'_>,
        mut claim: Claim,
        Stopping { by, how, reason }: Stopping,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        claim.state = State::Stopped;
        (claim.ended_at, claim.stop, claim.reason) = (Some(now), Some(how), reason);
        rows::put_claim_in(tx, &claim)?;
        let event = SecurityEvent::LegacyClaimStopped { claim: claim.id, by, how: how.name() };
        self.watchers.tell_in(tx, claim.person, &event, now)?;
        let notice = Notice::LegacyClaimStopped { name: name_in(tx, claim.person)? };
        let mut told = vec![];
        if how != Stop::Withdrawn {
            told.push(claim.by);
        }
        if how != Stop::Person {
            told.push(claim.person);
        }
        for account in &told {
            self.notifications.tell_in(tx, *account, &notice, now)?;
        }
        for admin in crate::accounts::admins_in(tx)? {
            if admin != claim.person && !told.contains(&admin) {
                self.notifications.tell_in(tx, admin, &notice, now)?;
            }
        }
        Ok(())
    }

    /// Counts how much of each wait has passed, tells those of whom something is claimed again,
    /// and has carried out what nobody has stopped; called now and then, while the clock is
    /// believed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        for claim in self.store.read(rows::all)? {
            let this = self.clone();
            if claim.state == State::Waiting {
                self.store.write(move |tx| this.pass_in(tx, claim.id, now)).await?;
            } else if claim.is_under_way() && now.since(claim.counted_at) > DAY {
                // A job that was given up is promised again.
                self.store.write(move |tx| this.promise_in(tx, claim, now)).await?;
            } else if claim.stop.is_some() && claim.ended_at.is_some_and(|at| now.since(at) > KEPT)
            {
                self.store.write(move |tx| rows::forget_claim_in(tx, &claim)).await?;
            }
        }
        Ok(())
    }

    fn pass_in(
        &self,
        tx: &mut WriteTx<'_>,
        id: LegacyClaimId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let claim = rows::claim(tx, id)?.filter(|claim| claim.state == State::Waiting);
        let Some(mut claim) = claim else { return Ok(()) };
        let at_station = claim.passes(now, AT_ONCE);
        if claim.is_over() {
            claim.state = State::Due;
        } else if at_station {
            self.tell_person_in(tx, &claim)?;
        }
        if claim.state == State::Due {
            return self.promise_in(tx, claim, now);
        }
        rows::put_claim_in(tx, &claim)
    }

    fn promise_in(
        &self,
        tx: &mut WriteTx<'_>,
        mut claim: Claim,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        claim.counted_at = now;
        rows::put_claim_in(tx, &claim)?;
        let payload = CarryJob { claim: claim.id };
        let about = Some(Subject::Account(claim.person));
        let job = NewJob { name: &CARRY_OUT, payload: &payload, about, due: now, until: None };
        self.queue.enqueue_in(tx, &job).map(drop)
    }
}

/// Whose legacy a key opens, and whom they named.
fn opened(
    tx: &impl Rows,
    typed: &str,
    asker: AccountId,
) -> Result<(AccountId, Contact), LegacyError> {
    // What is no key at all takes the same way.
    let hash = key::read(typed).unwrap_or_else(|| TokenHash::of("no key"));
    let (person, contact) = rows::by_key(tx, &hash)?.ok_or(LegacyError::WrongKey)?;
    if person == asker {
        return Err(LegacyError::Oneself);
    }
    Ok((person, contact))
}

fn named(tx: &impl Rows, claim: Claim) -> Result<Named, StoreError> {
    let (person, by) = (name_in(tx, claim.person)?, name_in(tx, claim.by)?);
    let contact = rows::contact(tx, claim.person)?;
    let claimant = super::found(account_in(tx, claim.by))?;
    let fits = contact.zip(claimant).is_some_and(|(contact, claimant)| {
        crate::accounts::Email::new(&contact.email)
            .is_some_and(|named| named.same_as(&claimant.email))
    });
    Ok((claim, person, by, fits))
}
