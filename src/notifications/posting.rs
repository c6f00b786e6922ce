//! Sending what was promised: a job becomes a letter when it runs, from what is true then.

use super::legacy::stop_token;
use super::letters::{self, Reader};
use super::links::Links;
use super::rows::{self, MAIL, MailJob};
use crate::accounts::{Account, AccountError, Accounts, Email};
use crate::jobs::{JobError, Queue};
use crate::kernel::{AccountId, Clock, Fault, JobId, Token, TokenHash};
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
            let Some(letter) = desk.letter(id, job).await? else { return Ok(()) };
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
    async fn letter(&self, id: JobId, job: MailJob) -> Result<Option<Letter>, JobError> {
        let (to, said) = match job {
            MailJob::Notice { account, notice, former, to, proven } => {
                let Some(account) = self.account(account)? else { return Ok(None) };
                let found = self.store.read(|tx| rows::get(tx, account.id, notice))?;
                let Some(notice) = found else { return Ok(None) };
                let present = account.email.as_str().to_owned();
                let (to, proven) = match to {
                    Some(then) if then != present => (then, proven),
                    _ => (present, account.email_verified),
                };
                let looks = proven && account.suspended_at.is_none();
                if !looks && !notice.topic.reaches_everybody() {
                    return Ok(None);
                }
                let said = letters::notice(&self.reader(&account), &notice);
                match former {
                    false => (to, said),
                    true => (notice.detail.unwrap_or_default(), said),
                }
            }
            MailJob::Reset { account, link } => {
                let Some((account, token)) = self.linked(account, link).await? else {
                    return Ok(None);
                };
                let said = letters::reset(&self.reader(&account), token.reveal());
                (account.email.as_str().to_owned(), said)
            }
            MailJob::Verification { account, to, link } => {
                let Some((account, token)) = self.linked(account, link).await? else {
                    return Ok(None);
                };
                (to, letters::verification(&self.reader(&account), token.reveal()))
            }
            MailJob::Invitation { to, locale, link } => {
                let Some((offer, token)) = self.offer(&to, link).await? else { return Ok(None) };
                let reader = Reader::new(&locale, &self.links);
                let said = letters::invitation(&reader, &offer.space_name, token.reveal());
                (to, said)
            }
            MailJob::Claimed { account, notice, claim, to } => {
                let Some(account) = self.account(account)? else { return Ok(None) };
                let found = self.store.read(|tx| rows::get(tx, account.id, notice))?;
                let Some(notice) = found else { return Ok(None) };
                let token = stop_token(&self.accounts, claim);
                (to, letters::claimed(&self.reader(&account), &notice, token.reveal()))
            }
            MailJob::Named { to, locale, by } => {
                let Some(by) = self.account(by)? else { return Ok(None) };
                let reader = Reader::new(&locale, &self.links);
                (to, letters::named(&reader, &by.display_name))
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

    /// The account that a link is for, and the token to send, while the link works: it may have
    /// been used or followed by another, and who is suspended gets none.
    async fn linked(
        &self,
        id: AccountId,
        link: TokenHash,
    ) -> Result<Option<(Account, Token)>, JobError> {
        let token = self.accounts.token_to_mail(link).await.map_err(Fault::from)?;
        let Some(token) = token else { return Ok(None) };
        Ok(self.account(id)?.map(|account| (account, token)))
    }

    /// What an invitation offers, and the token to send, while it can be accepted at this address.
    async fn offer(&self, to: &str, link: TokenHash) -> Result<Option<(Offer, Token)>, JobError> {
        let account = match Email::new(to) {
            Some(email) => self.accounts.by_email(&email).map_err(Fault::from)?,
            None => None,
        };
        if account.is_some_and(|account| account.suspended_at.is_some()) {
            return Ok(None);
        }
        let token = Token::fresh().map_err(Fault::internal)?;
        let (hash, now) = (token.hash(), self.clock.now());
        let mailed = self.store.write(move |tx| spaces::mail_in(tx, &link, hash, now));
        Ok(mailed.await?.map(|offer| (offer, token)))
    }

    fn reader(&self, account: &Account) -> Reader<'_> {
        Reader::new(&account.locale, &self.links)
    }
}
