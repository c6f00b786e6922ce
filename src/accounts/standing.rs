//! What an account may be used for at all: its security epoch, its address, suspension, and who
//! administers the instance.

use crate::kernel::AccountId;
use crate::store::{Rows, WriteTx};

use super::{Account, AccountError, Accounts, Email, SecurityEvent, rows};

/// An account, in the caller's transaction.
///
/// # Errors
/// When the store fails.
pub fn account_in(tx: &impl Rows, id: AccountId) -> Result<Option<Account>, AccountError> {
    rows::account(tx, id)
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

    /// Suspends an account, or lets it in again. A suspended one opens nothing from that moment.
    ///
    /// # Errors
    /// When there is no such account, or it is the last admin.
    pub async fn suspend(&self, id: AccountId, suspended: bool) -> Result<Account, AccountError> {
        let (now, watchers) = (self.clock.now(), self.listeners.watchers.clone());
        self.store
            .write(move |tx| {
                let mut account = rows::account(tx, id)?.ok_or(AccountError::Missing)?;
                if account.suspended_at.is_some() == suspended {
                    return Ok(account);
                }
                if suspended && account.is_admin {
                    require_another_admin(tx, id)?;
                }
                account.suspended_at = suspended.then_some(now);
                account.epoch += 1;
                rows::put_account_in(tx, &account)?;
                let event =
                    if suspended { SecurityEvent::Suspended } else { SecurityEvent::Unsuspended };
                watchers.tell_in(tx, id, &event, now)?;
                Ok(account)
            })
            .await
    }

    /// Makes an account an admin, or no longer one. Its sign-ins end: what they may has changed.
    ///
    /// # Errors
    /// When there is no such account, or it is the last admin.
    pub async fn make_admin(&self, id: AccountId, admin: bool) -> Result<Account, AccountError> {
        let (now, watchers) = (self.clock.now(), self.listeners.watchers.clone());
        self.store
            .write(move |tx| {
                let mut account = rows::account(tx, id)?.ok_or(AccountError::Missing)?;
                if account.is_admin == admin {
                    return Ok(account);
                }
                if !admin {
                    require_another_admin(tx, id)?;
                }
                account.is_admin = admin;
                account.epoch += 1;
                rows::put_account_in(tx, &account)?;
                let event =
                    if admin { SecurityEvent::AdminGranted } else { SecurityEvent::AdminRevoked };
                watchers.tell_in(tx, id, &event, now)?;
                Ok(account)
            })
            .await
    }

    /// Every account.
    ///
    /// # Errors
    /// When the store fails.
    pub fn all(&self) -> Result<Vec<Account>, AccountError> {
        self.store.read(rows::accounts)
    }
}

fn require_another_admin(tx: &impl Rows, id: AccountId) -> Result<(), AccountError> {
    let others = rows::accounts(tx)?;
    let other = others.iter().any(|a| a.is_admin && a.id != id && a.suspended_at.is_none());
    if other { Ok(()) } else { Err(AccountError::LastAdmin) }
}
