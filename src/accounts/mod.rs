//! Who signs in: accounts, passwords, sessions, and the first account of all.
//!
//! What must happen above when an account is made (a personal space) is done by listeners that
//! `app` registers; they run in the same transaction.

mod attempts;
mod credentials;
mod error;
mod events;
mod examine;
mod hidden;
mod letters;
mod model;
mod passwords;
mod personal;
mod policy;
mod rows;
mod setup;
mod standing;

use std::sync::Arc;

pub use attempts::{Attempt, Attempts};
pub use error::AccountError;
pub use events::{Actor, Failure, OnFailure, OnSecurity, SecurityEvent, Watchers};
pub use examine::AccountExaminer;
pub use hidden::{Hidden, hidden_since, leave_in, left_in, lift_in, restrict_in, restricted_since};
pub use letters::{Letter, Post};
pub use model::{Account, AccountChange, Email, Invite, NewAccount, Registration};
pub use passwords::PasswordHash;
pub use policy::{NewPassword, PASSWORD_LENGTH, WeakPassword};
pub use rows::TABLES;
pub use setup::SetupLink;
pub use standing::{
    AdminChange, account_in, admins_in, advance_epoch_in, close_in, has_password_in, may_leave_in,
    note_export_in,
};

use self::passwords::{Cost, Passwords};
use crate::jobs::{Tasks, blocking};
use crate::kernel::{AccountId, Clock, Timestamp, Token, TokenHash};
use crate::store::{Rows as _, Store, StoreError, WriteTx};

/// Runs in the transaction that makes an account.
pub type OnCreated =
    Arc<dyn Fn(&mut WriteTx<'_>, &Account) -> Result<(), AccountError> + Send + Sync>;

/// Who is told of what happens to accounts.
#[derive(Clone, Default)]
pub struct Listeners {
    /// Of a new account, in the transaction that makes it.
    pub on_created: Vec<OnCreated>,
    /// Of what concerns its safety.
    pub watchers: Watchers,
}

/// What somebody who signs up brings.
pub enum Ticket {
    /// Nothing.
    None,
    /// The token of an invitation to this server.
    Invite(TokenHash),
    /// Somebody here vouches for them: an invitation into a space, which is spent in the same
    /// transaction (`NewAccount::also`), or a provider of sign-ins that may make accounts.
    Vouched,
}

/// The accounts of this instance.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    clock: Clock,
    passwords: Passwords,
    attempts: Attempts,
    blind: rows::BlindKey,
    registration: Registration,
    setup: SetupLink,
    listeners: Listeners,
}

impl Accounts {
    /// The accounts in a store.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn open(
        store: Store,
        clock: Clock,
        registration: Registration,
        listeners: Listeners,
    ) -> Result<Self, AccountError> {
        let blind = rows::BlindKey::open(&store).await?;
        let passwords = Passwords::new(store.read(rows::cost)?)?;
        let setup = SetupLink::new(clock.clone());
        let attempts = Attempts::new(clock.clone());
        Ok(Self { store, clock, passwords, attempts, blind, registration, setup, listeners })
    }

    /// Measures, the first time, what a password hash may cost on this machine. Until that is
    /// known the least that is safe is used; hashes are renewed when their owner signs in.
    pub fn calibrate(&self, tasks: &Tasks) {
        let this = self.clone();
        tasks.spawn("password cost", async move {
            if let Err(error) = this.calibrate_once().await {
                tracing::warn!(%error, "the cost of a password hash could not be measured");
            }
        });
    }

    async fn calibrate_once(&self) -> Result<(), AccountError> {
        if self.store.read(rows::cost)?.is_some() {
            return Ok(());
        }
        let measured = blocking(Cost::measure).await;
        let cost = measured.map_err(|error| AccountError::Hashing(error.to_string()))??;
        self.passwords.set(cost).await?;
        self.store
            .write(move |tx| {
                rows::put_cost_in(tx, cost)?;
                Ok::<_, AccountError>(())
            })
            .await
    }

    /// A key of this instance for one purpose; other purposes do not follow from it.
    pub fn key_for(&self, purpose: &'static str) -> [u8; 32] {
        self.blind.derive(purpose)
    }

    /// Who may register.
    pub fn registration(&self) -> Registration {
        self.registration
    }

    /// Whether there is no account yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn setup_needed(&self) -> Result<bool, AccountError> {
        self.store.read(|tx| Ok(rows::is_empty(tx)?))
    }

    /// A token for the first account, good for 30 minutes; the one before stops working.
    ///
    /// # Errors
    /// When there is an account already, or the system gives no random bytes.
    pub fn setup_link(&self) -> Result<Token, AccountError> {
        if !self.setup_needed()? {
            return Err(AccountError::SetUpAlready);
        }
        self.setup.fresh()
    }

    /// Refuses who could not make the first account with a token.
    ///
    /// # Errors
    /// When the token is wrong or too old, or there is an account already.
    pub fn may_set_up(&self, token: &str) -> Result<(), AccountError> {
        if !self.setup_needed()? {
            return Err(AccountError::SetUpAlready);
        }
        self.setup.check(token).map(drop)
    }

    /// Makes the first account, an admin.
    ///
    /// # Errors
    /// When the token is wrong or too old, or there is an account already.
    pub async fn set_up(&self, token: &str, new: NewAccount) -> Result<Account, AccountError> {
        let proof = self.setup.check(token)?;
        let account = self.prepared(new, true).await?;
        let blind = self.blind.clone();
        let listeners = self.listeners.on_created.clone();
        let made = self
            .store
            .write(move |tx| {
                if !rows::is_empty(tx)? {
                    return Err(AccountError::SetUpAlready);
                }
                insert_in(tx, &blind, account, &listeners)
            })
            .await?;
        self.setup.spend(&proof);
        Ok(made)
    }

    /// Makes an account for somebody who signs up.
    ///
    /// # Errors
    /// When the mode or the invitation does not allow it, or the address is taken.
    pub async fn register(&self, new: NewAccount, ticket: Ticket) -> Result<Account, AccountError> {
        self.admit(self.registration, new, ticket).await
    }

    /// The same where something else is said of who may, such as for a provider of sign-ins.
    ///
    /// # Errors
    /// Those of [`Accounts::register`].
    pub async fn admit(
        &self,
        registration: Registration,
        new: NewAccount,
        ticket: Ticket,
    ) -> Result<Account, AccountError> {
        let invite = match (registration, ticket) {
            (Registration::Closed, _) => return Err(AccountError::RegistrationClosed),
            (_, Ticket::Vouched) | (Registration::Open, Ticket::None) => None,
            (Registration::Invite, Ticket::None) => return Err(AccountError::InviteNeeded),
            // Who brings one wants what it promises, also where nobody needs any.
            (_, Ticket::Invite(token)) => Some(token),
        };
        if self.setup_needed()? {
            return Err(AccountError::SetUpFirst);
        }
        if let Some(invite) = invite {
            // Looked at before hashing, so that strangers cannot make us hash passwords.
            let now = self.clock.now();
            self.store.read(|tx| rows::invite(tx, &invite, now))?;
        }
        let account = self.prepared(new, false).await?;
        let now = self.clock.now();
        let blind = self.blind.clone();
        let listeners = self.listeners.on_created.clone();
        self.store
            .write(move |tx| {
                if let Some(invite) = invite {
                    rows::invite(tx, &invite, now)?;
                    rows::spend_invite_in(tx, &invite);
                }
                insert_in(tx, &blind, account, &listeners)
            })
            .await
    }

    /// Makes an account on the operator's word (command line).
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn create(&self, new: NewAccount, admin: bool) -> Result<Account, AccountError> {
        let account = self.prepared(new, admin).await?;
        let blind = self.blind.clone();
        let listeners = self.listeners.on_created.clone();
        self.store.write(move |tx| insert_in(tx, &blind, account, &listeners)).await
    }

    /// Makes an invitation that one person can use to register within seven days.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn invite(&self) -> Result<Invite, AccountError> {
        let token = Token::fresh().map_err(AccountError::Random)?;
        let hash = token.hash();
        let expires_at = self.clock.now().plus(model::INVITE_LIFETIME);
        self.store
            .write(move |tx| Ok::<_, AccountError>(rows::put_invite_in(tx, &hash, expires_at)?))
            .await?;
        Ok(Invite { token, expires_at })
    }

    /// An account by its identifier.
    ///
    /// # Errors
    /// When there is none.
    pub fn account(&self, id: AccountId) -> Result<Account, AccountError> {
        self.store.read(|tx| rows::account(tx, id))?.ok_or(AccountError::Missing)
    }

    /// Changes what the account says about itself, if it is still what is `expected`.
    ///
    /// # Errors
    /// When the account is gone or changed meanwhile, or the store fails.
    pub async fn change(
        &self,
        id: AccountId,
        change: AccountChange,
        expected: Option<Account>,
    ) -> Result<Account, AccountError> {
        self.store
            .write(move |tx| {
                let mut account = rows::account(tx, id)?.ok_or(AccountError::Missing)?;
                if expected.is_some_and(|expected| expected != account) {
                    return Err(AccountError::Changed);
                }
                change.apply(&mut account);
                rows::put_account_in(tx, &account)?;
                Ok(account)
            })
            .await
    }

    async fn prepared(&self, new: NewAccount, is_admin: bool) -> Result<Prepared, AccountError> {
        let password = match new.password {
            Some(password) => Some(self.passwords.hash(password).await?),
            None => None,
        };
        let now = self.clock.now();
        let account = Account {
            id: AccountId::fresh(),
            email: new.email,
            display_name: new.display_name,
            locale: new.locale,
            time_zone: "UTC".to_owned(),
            is_admin,
            email_verified: new.email_verified,
            created_at: now,
            suspended_at: None,
            in_memory_at: None,
            epoch: 0,
            exported_at: None,
        };
        Ok(Prepared { account, password, also: new.also })
    }

    /// The time by which things are judged here.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// An account with its password hashed, ready to be stored.
struct Prepared {
    account: Account,
    password: Option<PasswordHash>,
    also: Option<OnCreated>,
}

fn insert_in(
    tx: &mut WriteTx<'_>,
    blind: &rows::BlindKey,
    new: Prepared,
    listeners: &[OnCreated],
) -> Result<Account, AccountError> {
    let key = blind.index(&new.account.email);
    if tx.has(&rows::BY_EMAIL, &key)? {
        return Err(AccountError::EmailTaken);
    }
    rows::put_account_in(tx, &new.account)?;
    tx.put(&rows::BY_EMAIL, &key, &new.account.id)?;
    if let Some(password) = &new.password {
        rows::put_password_in(tx, new.account.id, password)?;
    }
    for listener in listeners.iter().chain(&new.also) {
        listener(tx, &new.account)?;
    }
    Ok(new.account)
}

/// Removes what has expired; called now and then.
///
/// # Errors
/// When the store fails.
pub fn sweep_in(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
    letters::forget_in(tx, |link| link.expires_at <= now)
}

/// Removes what this slice knows of an account.
pub struct AccountEraser;

impl crate::jobs::Eraser for AccountEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: crate::jobs::Subject,
        _: &mut crate::store::Portion,
    ) -> Result<(), StoreError> {
        if let crate::jobs::Subject::Account(id) = subject {
            rows::erase_account_in(tx, id)?;
            crate::jobs::once::erase_account_in(tx, id)?;
        }
        Ok(())
    }
}
