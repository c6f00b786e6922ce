//! What proves who one is besides a password: codes of an authenticator app, recovery codes,
//! and passkeys, which need no password at all.
//!
//! The way from a password to a sign-in leads through [`Factors::by_password`], wherever the
//! password comes from; nothing else decides whether a code is needed. A code of each step is
//! taken once, in the transaction that notes it. A passkey asks its owner for a finger, a face or
//! a PIN, so it is two factors by itself. Whenever factors change, a new security epoch begins:
//! everything that opened the account before stops doing so.

mod codes;
mod error;
mod halfway;
mod model;
mod passkeys;
mod personal;
mod questions;
mod rows;
mod second;
mod site;
mod totp;

use std::sync::Arc;

use crate::accounts::{
    AccountError, Accounts, Attempts, Email, SecurityEvent, Watchers, advance_epoch_in,
};
use crate::jobs::{Eraser, Subject};
use crate::kernel::{AccountId, Clock};
use crate::store::{Portion, Rows, Store, StoreError, WriteTx};

pub use error::{FactorError, NoPasskeys};
pub use halfway::{ProviderMark, Recognised};
pub use model::{Asker, Label, NewTotp, Overview, Passkey, Question, Reply, Settings};
pub use rows::TABLES;
pub use site::Site;

use self::halfway::Halfway;
use self::questions::Questions;

/// What this slice stands on.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is the part of its type")]
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub accounts: Accounts,
    pub watchers: Watchers,
    pub settings: Settings,
}

/// The second factors of this instance's accounts. Cheap to clone.
#[derive(Clone)]
pub struct Factors {
    parts: Parts,
    /// Wrong codes; wrong passwords are counted apart.
    attempts: Attempts,
    questions: Questions,
    halfway: Halfway,
}

impl Factors {
    /// Which factors there are here.
    pub fn settings(&self) -> &Settings {
        &self.parts.settings
    }

    /// The factors in a store.
    pub fn new(parts: Parts) -> Self {
        let attempts = Attempts::new(parts.clock.clone());
        let questions = Questions::new(parts.clock.clone());
        let halfway = Halfway::new(parts.clock.clone());
        Self { parts, attempts, questions, halfway }
    }

    /// What an account has set up.
    ///
    /// # Errors
    /// When the store fails.
    pub fn overview(&self, account: AccountId) -> Result<Overview, FactorError> {
        self.parts.store.read(|tx| {
            let passkeys = rows::passkeys(tx, account)?;
            Ok(Overview {
                totp_since: rows::totp(tx, account)?.active.map(|active| active.since),
                recovery_codes: rows::recovery_codes(tx, account)?,
                passkeys: passkeys.into_iter().map(|(id, row)| passkeys::view(id, row)).collect(),
            })
        })
    }

    /// Takes every factor but the password from an account, on the operator's word.
    ///
    /// # Errors
    /// When no account has this address, or the store fails.
    pub async fn reset(&self, email: &Email) -> Result<(), FactorError> {
        let account = self.parts.accounts.by_email(email)?.ok_or(AccountError::Missing)?.id;
        let this = self.clone();
        self.parts
            .store
            .write(move |tx| {
                if rows::remove_all_in(tx, account)? {
                    this.changed_in(tx, account, &SecurityEvent::SecondFactorsReset)?;
                }
                Ok(())
            })
            .await
    }

    /// Begins a new security epoch and tells what happened.
    fn changed_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        event: &SecurityEvent,
    ) -> Result<(), FactorError> {
        advance_epoch_in(tx, account)?;
        Ok(self.tell_in(tx, account, event)?)
    }

    fn tell_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        event: &SecurityEvent,
    ) -> Result<(), StoreError> {
        self.parts.watchers.tell_in(tx, account, event, self.parts.clock.now())
    }
}

/// Tells whether something beside passkeys opens an account.
pub type OpensBeside =
    Arc<dyn Fn(&WriteTx<'_>, AccountId) -> Result<bool, StoreError> + Send + Sync>;

/// Whether a passkey opens an account.
///
/// # Errors
/// When the store fails.
pub fn has_passkey_in(tx: &impl Rows, account: AccountId) -> Result<bool, StoreError> {
    Ok(!rows::passkeys(tx, account)?.is_empty())
}

/// Removes what this slice knows of an account.
pub struct FactorEraser;

impl Eraser for FactorEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        _: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Account(account) => rows::remove_all_in(tx, account).map(|_| ()),
            _ => Ok(()),
        }
    }
}
