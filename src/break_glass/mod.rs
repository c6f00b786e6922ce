//! An admin's look at what is not theirs: explicit, for a while, written down, and told to the
//! person whose it is.
//!
//! Who breaks the glass before an account gets its eyes for that ([`BreakGlass::look`]): a
//! [`Principal`] that reads what is in the account's personal space and can do nothing. It is
//! made anew for each request, from what is true then, and what it opens is noted before the
//! answer is given. It belongs to one sign-in and ends with that, or when the admin's account
//! changes, or with its time.

mod error;
mod model;
mod personal;
mod rows;

use crate::access::{Principal, Proof};
use crate::accounts::{Account, Accounts, Actor, OnSecurity, SecurityEvent, Watchers, account_in};
use crate::clones;
use crate::conversations;
use crate::jobs::{Eraser, NewJob, Queue, Subject};
use crate::kernel::{AccountId, BreakGlassId, Clock, Page, PageRequest, Timestamp};
use crate::sessions;
use crate::store::{Portion, Rows, Store, StoreError, WriteTx};

use self::rows::{END, EndJob};

pub use error::BreakGlassError;
pub use model::{Ended, Glass, Looked, MINUTES, NewGlass, Opened, Personal};
pub use rows::TABLES;

/// What the service stands on.
#[expect(missing_docs, reason = "each field is the service of its type")]
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub accounts: Accounts,
    pub queue: Queue,
    pub watchers: Watchers,
}

/// Looks at what is not the looker's. Cheap to clone.
#[derive(Clone)]
pub struct BreakGlass {
    store: Store,
    clock: Clock,
    accounts: Accounts,
    queue: Queue,
    watchers: Watchers,
}

impl BreakGlass {
    /// Over these services; registers what ends looks when their time is over.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, clock, accounts, queue, watchers } = parts;
        let this = Self { store, clock, accounts, queue: queue.clone(), watchers };
        let ending = this.clone();
        queue.register(&END, 1, move |_, job: EndJob| {
            let this = ending.clone();
            async move {
                let store = this.store.clone();
                let ended =
                    store.write(move |tx| this.end_in(tx, job.id, (Ended::Time, Actor::System)));
                ended.await.map_err(Into::into)
            }
        });
        this
    }

    /// Lets an admin look at what is an account's; the account is told at once.
    ///
    /// # Errors
    /// When there is no such account, it is the admin's own, or they look at it already.
    pub async fn begin(&self, who: &Principal, new: NewGlass) -> Result<Glass, BreakGlassError> {
        let session = who.session().ok_or(BreakGlassError::Missing)?;
        let (this, by, now) = (self.clone(), who.account, self.clock.now());
        let id = BreakGlassId::fresh();
        let made = self.store.write(move |tx| {
            if new.account == by {
                return Err(BreakGlassError::Oneself);
            }
            account_in(tx, new.account)?.ok_or(BreakGlassError::NoSuchAccount)?;
            let admin = account_in(tx, by)?.ok_or(BreakGlassError::Missing)?;
            for other in rows::running(tx)? {
                if (other.session, other.account) == (session, new.account)
                    && is_good(tx, &other, now)?
                {
                    return Err(BreakGlassError::Running);
                }
            }
            let glass = Glass {
                id,
                by,
                session,
                epoch: admin.epoch,
                account: new.account,
                reason: new.reason.into_string(),
                begun_at: now,
                until: now.plus(new.lasts),
                ended: None,
            };
            rows::put_in(tx, &glass)?;
            let (payload, about) = (EndJob { id }, Some(Subject::Account(new.account)));
            let due = glass.until;
            this.queue.enqueue_in(
                tx,
                &NewJob { name: &END, payload: &payload, about, due, until: None },
            )?;
            let event = SecurityEvent::BreakGlassBegun {
                id,
                by,
                name: admin.display_name.to_string(),
                reason: glass.reason.clone(),
                until: glass.until,
            };
            this.watchers.tell_in(tx, glass.account, &event, now)?;
            Ok(glass)
        });
        made.await
    }

    /// The eyes with which an admin may look at a thing that is not theirs, if they broke the
    /// glass before the account whose it is. The first look at a thing is noted.
    ///
    /// # Errors
    /// When the store fails: what cannot be noted is not shown.
    pub async fn look(
        &self,
        who: &Principal,
        at: Opened,
    ) -> Result<Option<Principal>, BreakGlassError> {
        let Some(session) = who.session().filter(|_| who.is_admin) else { return Ok(None) };
        let now = self.clock.now();
        let found = self.store.read(|tx| {
            for glass in rows::running(tx)?.into_iter().filter(|g| g.session == session) {
                if is_good(tx, &glass, now)? && holds(tx, glass.account, at)? {
                    let noted = rows::is_opened(tx, glass.id, at)?;
                    return Ok::<_, BreakGlassError>(Some((glass, noted)));
                }
            }
            Ok(None)
        })?;
        let Some((glass, noted)) = found else { return Ok(None) };
        if !noted {
            self.note(&glass, at).await?;
        }
        let account = self.accounts.account(glass.account)?;
        Ok(Some(eyes_of(account, &glass)))
    }

    async fn note(&self, glass: &Glass, at: Opened) -> Result<(), BreakGlassError> {
        let (this, id, now) = (self.clone(), glass.id, self.clock.now());
        let noted = self.store.write(move |tx| {
            let glass = rows::glass(tx, id)?.ok_or(BreakGlassError::Missing)?;
            if !is_good(tx, &glass, now)? {
                return Err(BreakGlassError::Missing);
            }
            if rows::is_opened(tx, id, at)? {
                return Ok(());
            }
            rows::put_opened_in(tx, id, at, now)?;
            let (kind, thing) = (at.kind(), at.id());
            let event = SecurityEvent::BreakGlassUsed { id, by: glass.by, kind, thing };
            Ok(this.watchers.tell_in(tx, glass.account, &event, now)?)
        });
        noted.await
    }

    /// Whether a look goes on, for what goes on longer than a look.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_open(&self, id: BreakGlassId) -> Result<bool, BreakGlassError> {
        let now = self.clock.now();
        self.store.read(|tx| match rows::glass(tx, id)? {
            Some(glass) => is_good(tx, &glass, now),
            None => Ok(false),
        })
    }

    /// What there is to be read: the clones in the personal space of the account.
    ///
    /// # Errors
    /// When the asker does not look there, or not any more.
    pub async fn personal(
        &self,
        who: &Principal,
        id: BreakGlassId,
    ) -> Result<Vec<Personal>, BreakGlassError> {
        let now = self.clock.now();
        let (glass, clones) = self.store.read(|tx| {
            let glass = rows::glass(tx, id)?.filter(|glass| who.session() == Some(glass.session));
            let glass = glass.ok_or(BreakGlassError::Missing)?;
            if !is_good(tx, &glass, now)? {
                return Err(BreakGlassError::Missing);
            }
            let clones = clones::personal_of(tx, glass.account)?;
            Ok::<_, BreakGlassError>((glass, clones))
        })?;
        self.note(&glass, Opened::List).await?;
        Ok(clones.into_iter().map(|(id, name)| Personal { id, name }).collect())
    }

    /// Ends a look before its time; any admin may.
    ///
    /// # Errors
    /// When there is none that goes on.
    pub async fn end(&self, id: BreakGlassId, who: AccountId) -> Result<(), BreakGlassError> {
        let (this, now) = (self.clone(), self.clock.now());
        let ended = self.store.write(move |tx| {
            let glass = rows::glass(tx, id)?.ok_or(BreakGlassError::Missing)?;
            if !glass.goes_on(now) {
                return Err(BreakGlassError::Missing);
            }
            Ok(this.end_in(tx, id, (Ended::Admin, Actor::Account(who)))?)
        });
        ended.await
    }

    fn end_in(
        &self,
        tx: &mut WriteTx<'_>,
        id: BreakGlassId,
        (how, ended_by): (Ended, Actor),
    ) -> Result<(), StoreError> {
        let Some(mut glass) = rows::glass(tx, id)?.filter(|glass| glass.ended.is_none()) else {
            return Ok(());
        };
        let now = self.clock.now();
        glass.ended = Some((now.min(glass.until), how));
        rows::put_in(tx, &glass)?;
        let mut opened = Vec::new();
        for looked in looked_at(tx, id)? {
            opened.extend(looked.name);
        }
        let event = SecurityEvent::BreakGlassEnded {
            id,
            by: glass.by,
            ended_by,
            name: name_in(tx, glass.by)?,
            how: how.word(),
            opened,
        };
        self.watchers.tell_in(tx, glass.account, &event, now)
    }

    /// Ends the looks of an admin whose sign-in or account is not what it was.
    pub fn watcher(&self) -> OnSecurity {
        let this = self.clone();
        std::sync::Arc::new(move |tx, account, event, now| {
            use SecurityEvent as E;
            // Its own events.
            if matches!(
                event,
                E::BreakGlassBegun { .. } | E::BreakGlassUsed { .. } | E::BreakGlassEnded { .. }
            ) {
                return Ok(());
            }
            for glass in rows::running(tx)?.into_iter().filter(|glass| glass.by == account) {
                if now < glass.until && !is_good(tx, &glass, now).map_err(of_store)? {
                    this.end_in(tx, glass.id, (Ended::SignIn, Actor::System))?;
                }
            }
            Ok(())
        })
    }

    /// All looks, the newest first, with how many things were opened.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list(&self, request: &PageRequest) -> Result<Page<(Glass, usize)>, BreakGlassError> {
        Ok(self.store.read(|tx| rows::page(tx, request))?)
    }

    /// The looks at what is an account's, the newest first, with what was opened and by whom:
    /// for the person whose it is.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(
        &self,
        account: AccountId,
    ) -> Result<Vec<(Glass, String, Vec<Looked>)>, BreakGlassError> {
        self.store.read(|tx| {
            let mut found = Vec::new();
            for glass in rows::of_account(tx, account)? {
                let (name, looked) = (name_in(tx, glass.by)?, looked_at(tx, glass.id)?);
                found.push((glass, name, looked));
            }
            Ok(found)
        })
    }

    /// The time by which looks end.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Whether a look goes on: in its time, in the same sign-in, by somebody who is still an admin
/// and whose account is as it was.
fn is_good(tx: &impl Rows, glass: &Glass, now: Timestamp) -> Result<bool, BreakGlassError> {
    if !glass.goes_on(now) || !sessions::is_open_in(tx, glass.session, now)? {
        return Ok(false);
    }
    let admin = account_in(tx, glass.by)?;
    Ok(admin.is_some_and(|admin| admin.is_admin && admin.epoch == glass.epoch))
}

/// Whether a thing is in the personal space of an account, and in nobody else's hands.
fn holds(tx: &impl Rows, account: AccountId, thing: Opened) -> Result<bool, BreakGlassError> {
    Ok(match thing {
        Opened::List => false,
        Opened::Clone(clone) => clones::is_personal_of(tx, clone, account)?,
        Opened::Conversation(id) => match conversations::holder_of(tx, id)? {
            Some((holder, clone, _)) => {
                holder == account && clones::is_personal_of(tx, clone, account)?
            }
            None => false,
        },
    })
}

fn eyes_of(account: Account, glass: &Glass) -> Principal {
    Principal {
        account: account.id,
        is_admin: false,
        proof: Proof::Glass { id: glass.id, session: glass.session },
        locale: account.locale,
    }
}

/// What was opened, with the names that it has now.
fn looked_at(tx: &impl Rows, id: BreakGlassId) -> Result<Vec<Looked>, StoreError> {
    let mut found = Vec::new();
    for (thing, at) in rows::opened(tx, id)? {
        let name = match thing {
            Opened::List => None,
            Opened::Clone(clone) => clones::name_of(tx, clone)?,
            Opened::Conversation(id) => conversations::holder_of(tx, id)?.map(|(.., name)| name),
        };
        found.push(Looked { thing, name, at });
    }
    Ok(found)
}

fn name_in(tx: &impl Rows, account: AccountId) -> Result<String, StoreError> {
    let found = account_in(tx, account).map_err(|error| of_store(error.into()))?;
    Ok(found.map(|account| account.display_name.to_string()).unwrap_or_default())
}

/// What listeners may fail with.
fn of_store(error: BreakGlassError) -> StoreError {
    match error {
        BreakGlassError::Store(error) => error,
        other => StoreError::Damaged { table: "break_glass", reason: other.to_string() },
    }
}

/// Removes what this slice knows of an account whose things were looked at.
pub struct BreakGlassEraser;

impl Eraser for BreakGlassEraser {
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
