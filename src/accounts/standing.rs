//! What an account may be used for at all: its security epoch, its address, suspension, and who
//! administers the instance.

use crate::kernel::{AccountId, Timestamp};
use crate::store::{Rows, StoreError, WriteTx};

use super::{Account, AccountError, Accounts, Actor, Email, SecurityEvent, rows};

/// An account, in the caller's transaction.
///
/// # Errors
/// When the store fails.
pub fn account_in(tx: &impl Rows, id: AccountId) -> Result<Option<Account>, AccountError> {
    rows::account(tx, id)
}

/// Notes that everything of an account is being taken along.
///
/// # Errors
/// When there is no such account, or the store fails.
pub fn note_export_in(
    tx: &mut WriteTx<'_>,
    id: AccountId,
    now: Timestamp,
) -> Result<Account, AccountError> {
    let mut account = rows::account(tx, id)?.ok_or(AccountError::Missing)?;
    account.exported_at = Some(now);
    rows::put_account_in(tx, &account)?;
    Ok(account)
}

/// Begins a new security epoch: whatever names an earlier one opens the account no more.
///
/// # Errors
/// When there is no such account, or the store fails.
pub fn advance_epoch_in(tx: &mut WriteTx<'_>, id: AccountId) -> Result<Account, AccountError> {
    let mut account = rows::account(tx, id)?.ok_or(AccountError::Missing)?;
    account.epoch += 1;
    rows::put_account_in(tx, &account)?;
    Ok(account)
}

/// Closes the account of somebody who has died: nothing opens it any more, and nobody opens it
/// again. What it wrote stays readable for whom it was, under its own key.
///
/// # Errors
/// When there is no such account, or the store fails.
pub fn close_in(
    tx: &mut WriteTx<'_>,
    id: AccountId,
    now: Timestamp,
) -> Result<Account, AccountError> {
    let mut account = advance_epoch_in(tx, id)?;
    account.suspended_at.get_or_insert(now);
    account.in_memory_at.get_or_insert(now);
    account.is_admin = false;
    rows::put_account_in(tx, &account)?;
    rows::forget_password_in(tx, id);
    super::letters::forget_in(tx, |link| link.account == id)?;
    Ok(account)
}

/// Whether a password opens an account.
///
/// # Errors
/// When the store fails.
pub fn has_password_in(tx: &impl Rows, id: AccountId) -> Result<bool, StoreError> {
    Ok(rows::password(tx, id)?.is_some())
}

impl Accounts {
    pub(super) fn set_email_in(
        &self,
        tx: &mut WriteTx<'_>,
        id: AccountId,
        email: Email,
        verified: bool,
    ) -> Result<Account, AccountError> {
        let (now, watchers) = (self.clock.now(), &self.listeners.watchers);
        let mut account = rows::account(tx, id)?.ok_or(AccountError::Missing)?;
        let (old, new) = (self.blind.index(&account.email), self.blind.index(&email));
        if old != new {
            if tx.has(&rows::BY_EMAIL, &new)? {
                return Err(AccountError::EmailTaken);
            }
            tx.remove(&rows::BY_EMAIL, &old);
            tx.put(&rows::BY_EMAIL, &new, &id)?;
            let before = account.email.as_str().to_owned();
            watchers.tell_in(tx, id, &SecurityEvent::EmailChanged { before }, now)?;
            // Links that were sent to the old address must not work any more.
            super::letters::forget_in(tx, |link| link.account == id)?;
        } else if verified && !account.email_verified {
            watchers.tell_in(tx, id, &SecurityEvent::EmailVerified, now)?;
        }
        account.email = email;
        account.email_verified = verified;
        rows::put_account_in(tx, &account)?;
        Ok(account)
    }

    /// Changes what an account may be used for. Whatever opened it before stops doing so: what it
    /// may has changed.
    ///
    /// # Errors
    /// When there is no such account, it is the last admin, an admin means themselves or is none
    /// any more, or the account is in another epoch than `expected`.
    pub async fn administer(
        &self,
        id: AccountId,
        change: AdminChange,
        by: Actor,
        expected: Option<u64>,
    ) -> Result<Account, AccountError> {
        let this = self.clone();
        self.store.write(move |tx| this.administer_in(tx, id, change, (by, expected))).await
    }

    fn administer_in(
        &self,
        tx: &mut WriteTx<'_>,
        id: AccountId,
        change: AdminChange,
        (by, expected): (Actor, Option<u64>),
    ) -> Result<Account, AccountError> {
        require_admin(tx, by)?;
        let before = rows::account(tx, id)?.ok_or(AccountError::Missing)?;
        if expected.is_some_and(|expected| expected != before.epoch) {
            return Err(AccountError::Changed);
        }
        let suspended = change.suspended.unwrap_or(before.suspended_at.is_some());
        if before.in_memory_at.is_some() && (!suspended || change.admin == Some(true)) {
            return Err(AccountError::InMemory);
        }
        let admin = change.admin.unwrap_or(before.is_admin);
        let events = change.events(&before, by);
        if events.is_empty() {
            return Ok(before);
        }
        if before.is_admin && (suspended || !admin) {
            if by == Actor::Account(id) {
                return Err(AccountError::OwnAccount);
            }
            require_another_admin(tx, id)?;
        }
        let now = self.clock.now();
        let since = before.suspended_at.unwrap_or(now);
        let suspended_at = suspended.then_some(since);
        let epoch = before.epoch + 1;
        let account = Account { is_admin: admin, suspended_at, epoch, ..before };
        rows::put_account_in(tx, &account)?;
        for event in &events {
            self.listeners.watchers.tell_in(tx, id, event, now)?;
        }
        Ok(account)
    }

    /// Takes the rank of an admin away whom a group at a provider had made one, now that nothing
    /// says any more that they are in it; the last admin stays.
    ///
    /// # Errors
    /// When the store fails.
    pub fn demote_in(&self, tx: &mut WriteTx<'_>, id: AccountId) -> Result<(), StoreError> {
        let change = AdminChange { admin: Some(false), suspended: None };
        match self.administer_in(tx, id, change, (Actor::System, None)) {
            Err(AccountError::Store(error)) => Err(error),
            Err(AccountError::LastAdmin) => {
                tracing::warn!("the last admin is in no admin group any more and stays admin");
                Ok(())
            }
            // It is not there, and so is no admin; the system is asked nothing else.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Ends everything that opens an account: sign-ins, refresh tokens and keys.
    ///
    /// # Errors
    /// When there is no such account, an admin means themselves or is none any more.
    pub async fn lock_out(&self, id: AccountId, by: Actor) -> Result<(), AccountError> {
        let (now, watchers) = (self.clock.now(), self.listeners.watchers.clone());
        self.store
            .write(move |tx| {
                require_admin(tx, by)?;
                if by == Actor::Account(id) {
                    return Err(AccountError::OwnAccount);
                }
                advance_epoch_in(tx, id)?;
                Ok(watchers.tell_in(tx, id, &SecurityEvent::LockedOut { by }, now)?)
            })
            .await
    }

    /// The account that has an address, if there is one, in the caller's transaction.
    ///
    /// # Errors
    /// When the store fails.
    pub fn by_email_in(
        &self,
        tx: &impl Rows,
        email: &Email,
    ) -> Result<Option<Account>, AccountError> {
        match rows::by_email(tx, &self.blind.index(email))? {
            Some(id) => rows::account(tx, id),
            None => Ok(None),
        }
    }

    /// Every account.
    ///
    /// # Errors
    /// When the store fails.
    pub fn all(&self) -> Result<Vec<Account>, AccountError> {
        self.store.read(rows::accounts)
    }
}

/// What an admin changes of an account.
#[derive(Clone, Copy, Debug, Default)]
pub struct AdminChange {
    /// Whether it administers the instance.
    pub admin: Option<bool>,
    /// Whether it may not be used.
    pub suspended: Option<bool>,
}

impl AdminChange {
    /// What would happen to an account.
    fn events(self, before: &Account, by: Actor) -> Vec<SecurityEvent> {
        let suspended = self.suspended.filter(|wanted| *wanted != before.suspended_at.is_some());
        let admin = self.admin.filter(|wanted| *wanted != before.is_admin);
        let suspended = suspended.map(|suspended| match suspended {
            true => SecurityEvent::Suspended { by },
            false => SecurityEvent::Unsuspended { by },
        });
        let admin = admin.map(|admin| match admin {
            true => SecurityEvent::AdminGranted { by },
            false => SecurityEvent::AdminRevoked { by },
        });
        suspended.into_iter().chain(admin).collect()
    }
}

/// Who administers the server and can.
///
/// # Errors
/// When the store fails.
pub fn admins_in(tx: &impl Rows) -> Result<Vec<AccountId>, StoreError> {
    let all = match rows::accounts(tx) {
        Err(AccountError::Store(error)) => return Err(error),
        all => all.unwrap_or_default(),
    };
    let admins = all.into_iter().filter(|a| a.is_admin && a.suspended_at.is_none());
    Ok(admins.map(|admin| admin.id).collect())
}

/// An admin may have lost that while their request was on its way.
fn require_admin(tx: &impl Rows, by: Actor) -> Result<(), AccountError> {
    let Actor::Account(id) = by else { return Ok(()) };
    let account = rows::account(tx, id)?;
    let good = account.is_some_and(|a| a.is_admin && a.suspended_at.is_none());
    if good { Ok(()) } else { Err(AccountError::NotSignedIn) }
}

/// Fails if an account cannot go: others would be left without an admin.
///
/// # Errors
/// When it is the only admin of others, or the store fails.
pub fn may_leave_in(tx: &impl Rows, id: AccountId) -> Result<(), AccountError> {
    let is_admin = rows::account(tx, id)?.is_some_and(|account| account.is_admin);
    let has_others = rows::accounts(tx)?.iter().any(|account| account.id != id);
    if is_admin && has_others { require_another_admin(tx, id) } else { Ok(()) }
}

fn require_another_admin(tx: &impl Rows, id: AccountId) -> Result<(), AccountError> {
    let others = rows::accounts(tx)?;
    let other = others.iter().any(|a| a.is_admin && a.id != id && a.suspended_at.is_none());
    if other { Ok(()) } else { Err(AccountError::LastAdmin) }
}
