//! Telling people what happened to their account: an inbox in the app, and mails.
//!
//! Slices below do not know this one: `app` registers [`Notifications::listener`] with them. A
//! notice and its mail are promised in the transaction of their cause; the mail is written when
//! it is sent. Without a mail server the inbox is all there is, and everything works.

mod error;
mod letters;
mod model;
mod posting;
mod rows;

use std::sync::Arc;

pub use error::NotificationError;
pub use letters::Links;
pub use model::{Notice, Notification, Topic};
pub use rows::TABLES;

use self::rows::{MAIL, MailJob};
use crate::access::Principal;
use crate::accounts::{Accounts, Email, OnSecurity, Post};
use crate::jobs::{Eraser, NewJob, Queue, Subject};
use crate::kernel::{AccountId, Clock, NoticeId, Page, PageRequest, Timestamp, Token};
use crate::providers::Mailer;
use crate::spaces::PostInvitation;
use crate::store::{Store, StoreError, WriteTx};

/// Tells an account something, in the transaction of the cause.
pub type OnNotice = Arc<
    dyn Fn(&mut WriteTx<'_>, AccountId, &Notice, Timestamp) -> Result<(), StoreError> + Send + Sync,
>;

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
    /// Over these services; registers who sends the mails.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, clock, accounts, queue, mailer, links } = parts;
        if let Some(mailer) = mailer.clone() {
            posting::register(&queue, accounts, mailer, (store.clone(), clock.clone()), &links);
        }
        Self { store, clock, queue, mailer, links }
    }

    /// Whether mails can be sent.
    pub fn has_mail(&self) -> bool {
        self.mailer.is_some()
    }

    /// Whether mails can carry links: for that the address that people use must be configured.
    pub fn has_links(&self) -> bool {
        self.mailer.is_some() && self.links.are_known()
    }

    /// Tells an account something: in its inbox, and by mail if there is mail. Whether its
    /// address was proven is looked at when the mail is sent.
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
        self.mail_in(tx, Some(account), notice_job(account, id, false), (now, None))?;
        if matches!(notice, Notice::EmailChanged { .. }) {
            // Who lost the account to somebody else reads mail there and not here.
            self.mail_in(tx, Some(account), notice_job(account, id, true), (now, None))?;
        }
        Ok(())
    }

    /// [`Notifications::tell_in`], for slices that cannot know this one.
    pub fn listener(&self) -> OnNotice {
        let this = self.clone();
        Arc::new(move |tx, account, notice, now| this.tell_in(tx, account, notice, now))
    }

    /// Hears of what concerns the safety of accounts and tells their owners.
    pub fn watcher(&self) -> OnSecurity {
        let this = self.clone();
        Arc::new(move |tx, account, event, now| match Notice::of(event) {
            Some(notice) => this.tell_in(tx, account, &notice, now),
            None => Ok(()),
        })
    }

    /// Posts links that set a new password.
    pub fn posts_resets(&self) -> Post {
        let this = self.clone();
        Arc::new(move |tx, account, letter| {
            let good = (this.clock.now(), letter.expires_at);
            this.send_reset_in(tx, account.id, &letter.token, good)
        })
    }

    /// Posts links that prove an address.
    pub fn posts_verifications(&self) -> Post {
        let this = self.clone();
        Arc::new(move |tx, account, letter| {
            let good = (this.clock.now(), letter.expires_at);
            this.send_verification_in(tx, (account.id, &letter.to), &letter.token, good)
        })
    }

    /// Posts invitations into spaces, in the language of who invites.
    pub fn posts_invitations(&self, locale: String) -> PostInvitation {
        let this = self.clone();
        Arc::new(move |tx, to, space, token, until| {
            this.send_invitation_in(tx, (to, &locale, space), token, (this.clock.now(), until))
        })
    }

    /// Mails a link that sets a new password, good until `until`. Without mail nothing happens.
    ///
    /// # Errors
    /// When the database fails.
    pub fn send_reset_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        token: &Token,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let job = MailJob::Reset { account, token: token.reveal().to_owned() };
        self.mail_in(tx, Some(account), job, (now, Some(until)))
    }

    /// Mails a link that proves an address, good until `until`: the account's own, or the one
    /// it is to have. Without mail nothing happens.
    ///
    /// # Errors
    /// When the database fails.
    pub fn send_verification_in(
        &self,
        tx: &mut WriteTx<'_>,
        (account, to): (AccountId, &Email),
        token: &Token,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let (to, token) = (to.as_str().to_owned(), token.reveal().to_owned());
        let job = MailJob::Verification { account, to, token };
        self.mail_in(tx, Some(account), job, (now, Some(until)))
    }

    /// Mails a link into a space, good until `until`, in the language of who invites. Without
    /// mail nothing happens.
    ///
    /// # Errors
    /// When the database fails.
    pub fn send_invitation_in(
        &self,
        tx: &mut WriteTx<'_>,
        (to, locale, space): (&Email, &str, &str),
        token: &Token,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let job = MailJob::Invitation {
            to: to.as_str().to_owned(),
            locale: locale.to_owned(),
            space: model::on_one_line(space),
            token: token.reveal().to_owned(),
        };
        self.mail_in(tx, None, job, (now, Some(until)))
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

fn notice_job(account: AccountId, notice: NoticeId, former: bool) -> MailJob {
    MailJob::Notice { account, notice, former }
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
    fn erase_in(&self, tx: &mut WriteTx<'_>, subject: Subject) -> Result<(), StoreError> {
        match subject {
            Subject::Account(account) => rows::erase_in(tx, account),
            Subject::Clone(_) => Ok(()),
        }
    }
}
