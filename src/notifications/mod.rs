//! Telling people what happened to their account: an inbox in the app, and mails.
//!
//! Slices below do not know this one: `app` registers [`Notifications::listener`] with them. A
//! notice and its mail are promised in the transaction of their cause; the mail is written when
//! it is sent. Without a mail server the inbox is all there is, and everything works.

mod causes;
mod error;
mod invited;
mod legacy;
mod letters;
mod links;
mod model;
mod personal;
mod posting;
mod rows;
#[cfg(feature = "testing")]
mod testing;
mod topic;

use std::sync::Arc;

pub use error::NotificationError;
pub use legacy::stopped_by;
pub use links::Links;
pub use model::{Notice, Notification};
pub use rows::TABLES;
pub use topic::Topic;

use self::rows::{INVITED, InvitedJob, MAIL, MailJob};
use crate::access::Principal;
use crate::accounts::{AccountError, Accounts, Email, OnSecurity, Post, account_in};
use crate::jobs::{Eraser, NewJob, Queue, Subject};
use crate::kernel::{AccountId, Clock, NoticeId, Page, PageRequest, Timestamp};
use crate::providers::Mailer;
use crate::spaces::PostInvitation;
use crate::store::{Portion, Store, StoreError, WriteTx};

/// What the service stands on.
#[expect(missing_docs, reason = "each field is the service of its type")]
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub accounts: Accounts,
    pub queue: Queue,
    /// None without a mail server.
    pub mailer: Option<Mailer>,
    /// Where links in mails lead.
    pub links: Links,
}

/// The inboxes and the mails of this instance. Cheap to clone.
#[derive(Clone)]
pub struct Notifications {
    store: Store,
    clock: Clock,
    accounts: Accounts,
    queue: Queue,
    mailer: Option<Mailer>,
    links: Links,
}

/// A part of an inbox.
pub struct Inbox {
    /// The notices, newest first.
    pub page: Page<Notification>,
    /// How many are unread in all.
    pub unread: usize,
}

impl Notifications {
    /// Over these services; registers who sends the mails and tells the invited.
    pub fn new(parts: Parts) -> Self {
        invited::register(&parts);
        let Parts { store, clock, accounts, queue, mailer, links } = parts;
        if let Some(mailer) = mailer.clone() {
            posting::register(
                &queue,
                accounts.clone(),
                mailer,
                (store.clone(), clock.clone()),
                &links,
            );
        }
        Self { store, clock, accounts, queue, mailer, links }
    }

    /// Whether mails can be sent.
    pub fn has_mail(&self) -> bool {
        self.mailer.is_some()
    }

    /// Whether mails can carry links: for that the address that people use must be configured.
    pub fn has_links(&self) -> bool {
        self.mailer.is_some() && self.links.are_known()
    }

    /// Tells an account something: in its inbox, and by mail if there is mail, to the address that
    /// it has now. Whether that is proven is looked at when the mail is sent.
    ///
    /// # Errors
    /// When the database fails.
    pub fn tell_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = rows::put_in(tx, account, notice, now)?;
        let job = |former, to, proven| MailJob::Notice { account, notice: id, former, to, proven };
        if matches!(notice, Notice::EmailChanged { .. }) {
            // Who lost the account to somebody else reads mail there and not here.
            self.mail_in(tx, Some(account), job(true, None, false), (now, None))?;
            return self.mail_in(tx, Some(account), job(false, None, false), (now, None));
        }
        let (to, proven) = match account_in(tx, account) {
            Err(AccountError::Store(error)) => return Err(error),
            Ok(Some(account)) => (Some(account.email.as_str().to_owned()), account.email_verified),
            Ok(None) | Err(_) => (None, false),
        };
        self.mail_in(tx, Some(account), job(false, to, proven), (now, None))
    }

    /// Hears of what concerns the safety of accounts and tells their owners.
    pub fn watcher(&self) -> OnSecurity {
        let this = self.clone();
        Arc::new(move |tx, account, event, now| {
            for (whom, notice) in causes::told(tx, account, event)? {
                this.tell_in(tx, whom, &notice, now)?;
            }
            Ok(())
        })
    }

    /// Tells everybody who administers the server something that concerns all of it, unless they
    /// were told the same since a moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tell_admins(
        &self,
        notice: Notice,
        since: Option<Timestamp>,
    ) -> Result<(), NotificationError> {
        let (this, now) = (self.clone(), self.clock.now());
        let admins = self.accounts.all()?.into_iter().filter(|account| account.is_admin);
        let admins: Vec<AccountId> = admins.map(|account| account.id).collect();
        let told = self.store.write(move |tx| {
            for admin in admins {
                if !rows::is_told_in(tx, admin, notice.topic(), since)? {
                    this.tell_in(tx, admin, &notice, now)?;
                }
            }
            Ok::<_, StoreError>(())
        });
        Ok(told.await?)
    }

    /// Posts links that set a new password. Without mail nothing happens.
    pub fn posts_resets(&self) -> Post {
        let this = self.clone();
        Arc::new(move |tx, account, letter| {
            let (account, link) = (account.id, letter.link);
            let good = (this.clock.now(), Some(letter.expires_at));
            this.mail_in(tx, Some(account), MailJob::Reset { account, link }, good)
        })
    }

    /// Posts links that prove an address: the account's own, or the one it is to have. Without
    /// mail nothing happens.
    pub fn posts_verifications(&self) -> Post {
        let this = self.clone();
        Arc::new(move |tx, account, letter| {
            let (to, link) = (letter.to.as_str().to_owned(), letter.link);
            let job = MailJob::Verification { account: account.id, to, link };
            let good = (this.clock.now(), Some(letter.expires_at));
            this.mail_in(tx, Some(account.id), job, good)
        })
    }

    /// Posts invitations into spaces, in the language of who invites, and has those who have an
    /// account told in the app. Without mail that is all.
    pub fn posts_invitations(&self, locale: String) -> PostInvitation {
        let this = self.clone();
        Arc::new(move |tx, to, link, until| {
            let (now, to) = (this.clock.now(), to.as_str().to_owned());
            let payload = InvitedJob { to: to.clone(), token: *link };
            let (about, until) = (None, Some(until));
            let job = NewJob { name: &INVITED, payload: &payload, about, due: now, until };
            this.queue.enqueue_in(tx, &job)?;
            let (locale, link) = (locale.clone(), *link);
            this.mail_in(tx, None, MailJob::Invitation { to, locale, link }, (now, until))
        })
    }

    fn mail_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: Option<AccountId>,
        job: MailJob,
        (due, until): (Timestamp, Option<Timestamp>),
    ) -> Result<(), StoreError> {
        if self.mailer.is_none() {
            return Ok(());
        }
        let about = account.map(Subject::Account);
        let job = NewJob { name: &MAIL, payload: &job, about, due, until };
        self.queue.enqueue_in(tx, &job).map(|_| ())
    }

    /// Sends a mail that says that mails arrive, at once.
    ///
    /// # Errors
    /// When no mail server is configured, or it does not take the mail.
    pub async fn send_test(&self, to: &Email) -> Result<(), NotificationError> {
        let mailer = self.mailer.as_ref().ok_or(NotificationError::NoMail)?;
        let letter = letters::test(to.as_str(), &self.links, self.clock.now());
        Ok(mailer.send(&letter).await?)
    }

    /// A part of the asker's inbox.
    ///
    /// # Errors
    /// When the store fails.
    pub fn inbox(
        &self,
        who: &Principal,
        request: &PageRequest,
    ) -> Result<Inbox, NotificationError> {
        let now = self.clock.now();
        self.store.read(|tx| {
            let page = rows::page(tx, who.account, request, now)?;
            Ok(Inbox { page, unread: rows::unread(tx, who.account, now)? })
        })
    }

    /// Notes that the asker has read a notice.
    ///
    /// # Errors
    /// When the asker has no such notice, or the store fails.
    pub async fn read(&self, who: &Principal, id: NoticeId) -> Result<(), NotificationError> {
        let account = who.account;
        self.store.write(move |tx| rows::read_in(tx, account, id)).await
    }

    /// Notes that the asker has read everything.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read_all(&self, who: &Principal) -> Result<(), NotificationError> {
        let account = who.account;
        Ok(self.store.write(move |tx| rows::read_all_in(tx, account)).await?)
    }
}

/// Removes from the inboxes of others what was done by somebody of this name, who is erased.
///
/// # Errors
/// When the store fails.
pub fn forget_name_in(tx: &mut WriteTx<'_>, name: &str) -> Result<(), StoreError> {
    rows::forget_name_in(tx, name)
}

/// Drops notices that are too old; called now and then.
///
/// # Errors
/// When the database fails.
pub fn forget_old_in(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
    rows::forget_old_in(tx, now)
}

/// Removes an account's inbox; its mails under way go with [`crate::jobs::QueueEraser`].
pub struct NotificationEraser;

impl Eraser for NotificationEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        _: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Account(account) => rows::erase_in(tx, account),
            _ => Ok(()),
        }
    }
}
