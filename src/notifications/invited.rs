//! Telling an account in the app that somebody invites its address into a space.
//!
//! Whoever invites must not learn whether an address is an account's. So what is promised with
//! the invitation is the same whatever the address is, and only the job looks.

use super::rows::{self, INVITED, InvitedJob};
use super::{Notice, Parts};
use crate::accounts::{Account, Accounts, Email};
use crate::jobs::JobError;
use crate::kernel::{Fault, Timestamp};
use crate::spaces;
use crate::store::WriteTx;

/// Has the invited told.
pub(super) fn register(parts: &Parts) {
    let (store, clock) = (parts.store.clone(), parts.clock.clone());
    let desk = Desk { accounts: parts.accounts.clone(), mails: parts.mailer.is_some() };
    parts.queue.register(&INVITED, 1, move |_, job| {
        let (store, clock, desk) = (store.clone(), clock.clone(), desk.clone());
        async move { store.write(move |tx| desk.tell_in(tx, &job, clock.now())).await }
    });
}

#[derive(Clone)]
struct Desk {
    accounts: Accounts,
    /// Whether addresses can be proven here.
    mails: bool,
}

impl Desk {
    /// Nothing of an invitation that is not good any more, or for somebody who is in.
    fn tell_in(
        &self,
        tx: &mut WriteTx<'_>,
        job: &InvitedJob,
        now: Timestamp,
    ) -> Result<(), JobError> {
        let offer = spaces::offer_in(tx, &job.token, now)?;
        let account = match Email::new(&job.to) {
            Some(email) => self.accounts.by_email_in(tx, &email).map_err(Fault::from)?,
            None => None,
        };
        let Some((offer, account)) = offer.zip(account) else { return Ok(()) };
        if !self.is_theirs(&account) || spaces::role_in(tx, account.id, offer.space)?.is_some() {
            return Ok(());
        }
        let notice = Notice::SpaceInvitation { space: offer.space_name.into_string() };
        rows::put_in(tx, account.id, &notice, now)?;
        Ok(())
    }

    /// Whoever signs up with the address of somebody else must not read who invites them. Where
    /// there is no mail nobody can prove an address, and the operator knows who has an account.
    fn is_theirs(&self, account: &Account) -> bool {
        account.suspended_at.is_none() && (account.email_verified || !self.mails)
    }
}
