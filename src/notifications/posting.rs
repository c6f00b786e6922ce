//! Sending what was promised: a job becomes a letter when it runs, from what is true then.

use super::letters::{self, Links, Reader};
use super::rows::{self, MAIL, MailJob};
use crate::accounts::{Account, AccountError, Accounts, Email};
use crate::jobs::{JobError, Queue};
use crate::kernel::{AccountId, Clock, Fault, JobId, TokenHash};
use crate::providers::{Letter, Mailer};
use crate::spaces::{self, Offer};
use crate::store::Store;

/// How many mails are under way at once.
const AT_ONCE: usize = 4;

#[derive(Clone)]
struct Desk {
    store: Store,
    clock: Clock,
    accounts: Accounts,
    links: Links,
}

/// Has the queue's mails sent.
pub(super) fn register(
    queue: &Queue,
    accounts: Accounts,
    mailer: Mailer,
    (store, clock): (Store, Clock),
    links: &Links,
) {
    let desk = Desk { store, clock, accounts, links: links.clone() };
    queue.register(&MAIL, AT_ONCE, move |id, job| {
        let (desk, mailer) = (desk.clone(), mailer.clone());
        async move {
            let Some(letter) = desk.letter(id, job)? else { return Ok(()) };
            mailer.send(&letter).await.map_err(|error| {
                tracing::info!(job = %id, %error, "a mail was not sent");
                match error.is_lasting() {
                    true => JobError::Never(error.code()),
                    false => JobError::Later(error.code()),
                }
            })
        }
    });
}

impl Desk {
    /// The letter of a job; nothing when there is nobody or nothing to write about any more.
    fn letter(&self, id: JobId, job: MailJob) -> Result<Option<Letter>, JobError> {
        let (to, said) = match job {
            MailJob::Notice { account, notice, former } => {
                let Some(account) = self.account(account)? else { return Ok(None) };
                let found = self.store.read(|tx| rows::get(tx, account.id, notice))?;
                let Some(notice) = found else { return Ok(None) };
                let looks = account.email_verified && account.suspended_at.is_none();
                if !looks && !notice.topic.reaches_everybody() {
                    return Ok(None);
                }
                let said = letters::notice(&self.reader(&account), &notice);
                match former {
                    false => (account.email.as_str().to_owned(), said),
                    true => (notice.detail.unwrap_or_default(), said),
                }
            }
            MailJob::Reset { account, token } => {
                let Some(account) = self.account_for(account, &token)? else { return Ok(None) };
                let said = letters::reset(&self.reader(&account), &token);
                (account.email.as_str().to_owned(), said)
            }
            MailJob::Verification { account, to, token } => {
                let Some(account) = self.account_for(account, &token)? else { return Ok(None) };
                (to, letters::verification(&self.reader(&account), &token))
            }
            MailJob::Invitation { to, locale, token } => {
                let Some(offer) = self.offer(&to, &token)? else { return Ok(None) };
                let reader = Reader::new(&locale, &self.links);
                let said = letters::invitation(&reader, &offer.space_name, &token);
                (to, said)
            }
        };
        let letters::Said { subject, text } = said;
        Ok(Some(Letter { to, subject, text, id: id.to_string(), at: self.clock.now() }))
    }

    fn account(&self, id: AccountId) -> Result<Option<Account>, JobError> {
        match self.accounts.account(id) {
            Ok(account) => Ok(Some(account)),
            Err(AccountError::Missing) => Ok(None),
            Err(error) => Err(JobError::from(Fault::from(error))),
        }
    }

    /// The account that a link is for, while the link works: it may have been used or followed
    /// by another, and who is suspended gets none.
    fn account_for(&self, id: AccountId, token: &str) -> Result<Option<Account>, JobError> {
        match self.accounts.link_is_good(token).map_err(Fault::from)? {
            true => self.account(id),
            false => Ok(None),
        }
    }

    /// What an invitation offers, while it can be accepted at this address.
    fn offer(&self, to: &str, token: &str) -> Result<Option<Offer>, JobError> {
        let (token, now) = (TokenHash::of(token), self.clock.now());
        let offer = self.store.read(|tx| spaces::offer_in(tx, &token, now))?;
        let account = match Email::new(to) {
            Some(email) => self.accounts.by_email(&email).map_err(Fault::from)?,
            None => None,
        };
        Ok(offer.filter(|_| account.is_none_or(|account| account.suspended_at.is_none())))
    }

    fn reader(&self, account: &Account) -> Reader<'_> {
        Reader::new(&account.locale, &self.links)
    }
}
