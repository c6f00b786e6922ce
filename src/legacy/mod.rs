//! What becomes of an account after the death of its person: whom they named, with which wait, and
//! what then; what that person claims; and carrying it out.
//!
//! Whoever is named gets a key on paper. With it they say that the person has died; from then on
//! the person is told by every way there is, and whatever they do stops it. When nobody has, the
//! wait is over and a job does what was chosen. The wait is counted by sweeps that believe the
//! clock as little as the trash does.

mod carry;
mod claims;
mod error;
mod examine;
mod key;
mod model;
mod personal;
mod rows;
mod texts;

use std::sync::Arc;

use crate::access::Principal;
use crate::accounts::{
    Account, Accounts, Actor, Attempts, Email, OnSecurity, SecurityEvent, Watchers, account_in,
};
use crate::conversations::Conversations;
use crate::jobs::{Eraser, Queue, Subject};
use crate::kernel::{AccountId, Clock, Secret, Text, TokenHash};
use crate::memories::Memories;
use crate::notifications::{Notice, Notifications};
use crate::privacy::Erasures;
use crate::store::{Portion, Rows as _, Store, StoreError, WriteTx};

use self::model::Stopping;

pub use error::LegacyError;
pub use examine::LegacyExaminer;
pub use model::{Claim, Claiming, Contact, Offered, State, Stop, Then, WAIT};
pub use rows::TABLES;
pub use texts::text;

/// What the service stands on.
#[expect(missing_docs, reason = "each field is the service of its type")]
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub queue: Queue,
    pub accounts: Accounts,
    pub watchers: Watchers,
    pub notifications: Notifications,
    pub memories: Memories,
    pub conversations: Conversations,
    pub erasures: Erasures,
    /// What removes all that opens an account, and what is for its person's eyes only.
    pub closers: Vec<Box<dyn Eraser>>,
}

/// What people leave. Cheap to clone.
#[derive(Clone)]
pub struct Legacies {
    store: Store,
    clock: Clock,
    queue: Queue,
    accounts: Accounts,
    watchers: Watchers,
    notifications: Notifications,
    memories: Memories,
    conversations: Conversations,
    erasures: Erasures,
    closers: Arc<[Box<dyn Eraser>]>,
    attempts: Attempts,
}

/// What somebody says about whom they name.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Naming {
    pub name: Text<1, 100>,
    pub email: Email,
    pub wait_days: u16,
    pub then: Then,
    pub conversations: bool,
    pub note: Option<Text<0, 2_000>>,
    /// Whether a mail tells them, if there is mail.
    pub tells: bool,
    /// Whether there is to be another key, though there is one.
    pub new_key: bool,
}

impl Legacies {
    /// Over these services; registers what carries out.
    pub fn new(parts: Parts) -> Self {
        let attempts = Attempts::new(parts.clock.clone());
        let this = Self {
            store: parts.store,
            clock: parts.clock,
            queue: parts.queue,
            accounts: parts.accounts,
            watchers: parts.watchers,
            notifications: parts.notifications,
            memories: parts.memories,
            conversations: parts.conversations,
            erasures: parts.erasures,
            closers: parts.closers.into(),
            attempts,
        };
        this.register();
        this
    }

    /// Whom an account named.
    ///
    /// # Errors
    /// When the store fails.
    pub fn contact(&self, account: AccountId) -> Result<Option<Contact>, LegacyError> {
        Ok(self.store.read(|tx| rows::contact(tx, account))?)
    }

    /// Names somebody, or says something else of them. The key is handed out when it is new.
    ///
    /// # Errors
    /// When it is the account's own address, or the store fails.
    pub async fn name(
        &self,
        who: &Principal,
        naming: Naming,
    ) -> Result<(Contact, Option<Secret<String>>), LegacyError> {
        let (shown, fresh) = key::fresh()?;
        let (this, account, now) = (self.clone(), who.account, self.clock.now());
        let named = self.store.write(move |tx| {
            let own = account_in(tx, account)?.ok_or(LegacyError::Missing)?;
            if own.email.same_as(&naming.email) {
                return Err(LegacyError::OwnAddress);
            }
            let before = rows::contact(tx, account)?;
            let known = rows::key(tx, account)?;
            let kept = known.filter(|_| !naming.new_key);
            let contact = Contact {
                name: naming.name,
                email: naming.email.as_str().to_owned(),
                wait_days: naming.wait_days,
                then: naming.then,
                conversations: naming.conversations,
                note: naming.note,
                set_at: now,
            };
            rows::put_contact_in(tx, account, &contact, kept.unwrap_or(fresh))?;
            let is_other = before.is_none_or(|before| before.email != contact.email);
            if naming.tells && is_other {
                let to = (contact.email.clone(), own.locale);
                this.notifications.mail_named_in(tx, account, to)?;
            }
            let (name, then) = (contact.name.to_string(), contact.then.name());
            let event = SecurityEvent::LegacyContactSet { name, then };
            this.watchers.tell_in(tx, account, &event, now)?;
            Ok((contact, kept.is_none()))
        });
        let (contact, is_new) = named.await?;
        Ok((contact, is_new.then_some(shown)))
    }

    /// Names nobody any more; the key is worth nothing from then on.
    ///
    /// # Errors
    /// When nobody was named, or the store fails.
    pub async fn name_nobody(&self, who: &Principal) -> Result<(), LegacyError> {
        let (this, account, now) = (self.clone(), who.account, self.clock.now());
        let removed = self.store.write(move |tx| {
            rows::contact(tx, account)?.ok_or(LegacyError::Missing)?;
            rows::remove_contact_in(tx, account)?;
            let event = SecurityEvent::LegacyContactRemoved;
            Ok(this.watchers.tell_in(tx, account, &event, now)?)
        });
        removed.await
    }

    /// Stops what is claimed of somebody who signs in.
    pub fn watcher(&self) -> OnSecurity {
        let this = self.clone();
        Arc::new(move |tx, account, event, _| match event {
            SecurityEvent::SignedIn { .. } => this.is_here_in(tx, account).map(drop),
            _ => Ok(()),
        })
    }

    /// Whether something is claimed of an account.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_claimed(&self, account: AccountId) -> Result<bool, LegacyError> {
        Ok(self.store.read(|tx| tx.has(&rows::RUNNING, &account))?)
    }

    /// The person is there: whatever is claimed of them ends. Whether anything was.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_here(&self, account: AccountId) -> Result<bool, LegacyError> {
        let this = self.clone();
        Ok(self.store.write(move |tx| this.is_here_in(tx, account)).await?)
    }

    fn is_here_in(&self, tx: &mut WriteTx<'_>, account: AccountId) -> Result<bool, StoreError> {
        let running = rows::running_of(tx, account)?.filter(|claim| claim.state.can_be_stopped());
        let Some(claim) = running else { return Ok(false) };
        let by = Actor::Account(account);
        self.stop_in(tx, claim, Stopping { by, how: Stop::Person, reason: None })?;
        Ok(true)
    }

    /// Tells everybody who administers the server, but for one.
    fn tell_admins_in(
        &self,
        tx: &mut WriteTx<'_>,
        but: AccountId,
        notice: &Notice,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let admins = crate::accounts::admins_in(tx)?.into_iter().filter(|admin| *admin != but);
        for admin in admins {
            self.notifications.tell_in(tx, admin, notice, now)?;
        }
        Ok(())
    }
}

/// What failures of looking up an account are to those who may only fail with the store.
fn found(
    account: Result<Option<Account>, crate::accounts::AccountError>,
) -> Result<Option<Account>, StoreError> {
    match account {
        Err(crate::accounts::AccountError::Store(error)) => Err(error),
        found => Ok(found.ok().flatten()),
    }
}

fn name_in(tx: &impl crate::store::Rows, account: AccountId) -> Result<String, StoreError> {
    let account = found(account_in(tx, account))?;
    Ok(account.map(|account| account.display_name.to_string()).unwrap_or_default())
}

/// Whose tries a ladder of waits is for.
fn ladder(account: AccountId) -> TokenHash {
    TokenHash::of(&format!("legacy {account}"))
}

/// Removes whom an account named, what was claimed of it, and what it claimed.
pub struct LegacyEraser;

impl Eraser for LegacyEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        _: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Account(account) => rows::erase_account_in(tx, account),
            _ => Ok(()),
        }
    }
}
