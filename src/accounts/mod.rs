//! Who signs in: accounts, passwords, sessions, and the first account of all.
//!
//! What must happen above when an account is made (a personal space) is done by listeners that
//! `app` registers; they run in the same transaction.

mod error;
mod model;
mod passwords;
mod rows;
mod sessions;
mod setup;

use std::sync::Arc;

pub use error::AccountError;
pub use model::{
    Account, AccountChange, Email, Invite, NewAccount, NewSession, PASSWORD_LENGTH, Registration,
    SignInBy, SignedIn,
};
pub use passwords::{PasswordHash, Passwords};
pub use rows::TABLES;
pub use sessions::Sessions;
pub use setup::SetupLink;

use crate::kernel::{AccountId, Clock, Secret, Timestamp, Token, TokenHash};
use crate::store::{Rows as _, Store, StoreError, WriteTx};

/// Runs in the transaction that makes an account.
pub type OnCreated =
    Arc<dyn Fn(&mut WriteTx<'_>, &Account) -> Result<(), StoreError> + Send + Sync>;

/// The accounts of this instance.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    clock: Clock,
    passwords: Passwords,
    blind: rows::BlindKey,
    registration: Registration,
    setup: SetupLink,
    on_created: Vec<OnCreated>,
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
        on_created: Vec<OnCreated>,
    ) -> Result<Self, AccountError> {
        let blind = rows::BlindKey::open(&store).await?;
        let passwords = Passwords::new()?;
        let setup = SetupLink::new(clock.clone());
        Ok(Self { store, clock, passwords, blind, registration, setup, on_created })
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

    /// Makes the first account, an admin.
    ///
    /// # Errors
    /// When the token is wrong or too old, or there is an account already.
    pub async fn set_up(&self, token: &str, new: NewAccount) -> Result<Account, AccountError> {
        let proof = self.setup.check(token)?;
        let account = self.prepared(new, true).await?;
        let blind = self.blind.clone();
        let listeners = self.on_created.clone();
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
    pub async fn register(
        &self,
        new: NewAccount,
        invite: Option<Secret<String>>,
    ) -> Result<Account, AccountError> {
        let invite = match (self.registration, invite) {
            (Registration::Closed, _) => return Err(AccountError::RegistrationClosed),
            (Registration::Open, _) => None,
            (Registration::Invite, None) => return Err(AccountError::InviteNeeded),
            (Registration::Invite, Some(token)) => Some(TokenHash::of(token.reveal())),
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
        let listeners = self.on_created.clone();
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
        let listeners = self.on_created.clone();
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

    /// The account that signs in with this address.
    ///
    /// # Errors
    /// When there is none.
    #[cfg(feature = "testing")]
    pub fn by_email(&self, email: &Email) -> Result<AccountId, AccountError> {
        let key = self.blind.index(email);
        self.store.read(|tx| rows::by_email(tx, &key))?.ok_or(AccountError::Missing)
    }

    /// Changes what the account says about itself.
    ///
    /// # Errors
    /// When the account is gone or the store fails.
    pub async fn change(
        &self,
        id: AccountId,
        change: AccountChange,
    ) -> Result<Account, AccountError> {
        self.store
            .write(move |tx| {
                let mut account = rows::account(tx, id)?.ok_or(AccountError::Missing)?;
                change.apply(&mut account);
                rows::put_account_in(tx, &account)?;
                Ok(account)
            })
            .await
    }

    /// Sets a new password on the operator's word and ends all sign-ins of the account.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn reset_password(
        &self,
        email: &Email,
        password: Secret<String>,
    ) -> Result<(), AccountError> {
        let hash = self.passwords.hash(password).await?;
        let key = self.blind.index(email);
        self.store
            .write(move |tx| {
                let id = rows::by_email(tx, &key)?.ok_or(AccountError::Missing)?;
                rows::put_password_in(tx, id, &hash)?;
                Ok(rows::end_sessions_in(tx, id)?)
            })
            .await
    }

    /// The account with this address and password.
    ///
    /// # Errors
    /// When the two do not fit; which one was wrong shows neither in the error nor in the time.
    pub async fn verify(
        &self,
        email: &Email,
        password: Secret<String>,
    ) -> Result<Account, AccountError> {
        let key = self.blind.index(email);
        let found = self.store.read(|tx| {
            let Some(id) = rows::by_email(tx, &key)? else {
                return Ok::<_, AccountError>(None);
            };
            Ok(rows::account(tx, id)?.zip(rows::password(tx, id)?))
        })?;
        let (account, hash) = found.unzip();
        if !self.passwords.verify(password, hash).await? {
            return Err(AccountError::WrongCredentials);
        }
        account.ok_or(AccountError::WrongCredentials)
    }

    async fn prepared(&self, new: NewAccount, is_admin: bool) -> Result<Prepared, AccountError> {
        let password = self.passwords.hash(new.password).await?;
        let now = self.clock.now();
        let account = Account {
            id: AccountId::fresh(),
            email: new.email,
            display_name: new.display_name,
            locale: new.locale,
            time_zone: "UTC".to_owned(),
            is_admin,
            email_verified: false,
            created_at: now,
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
    password: PasswordHash,
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
    rows::put_password_in(tx, new.account.id, &new.password)?;
    for listener in listeners.iter().chain(&new.also) {
        listener(tx, &new.account)?;
    }
    Ok(new.account)
}

/// Removes what this slice knows of an account.
pub struct AccountEraser;

impl crate::jobs::Eraser for AccountEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: crate::jobs::Subject,
    ) -> Result<(), StoreError> {
        if let crate::jobs::Subject::Account(id) = subject {
            rows::erase_account_in(tx, id)?;
            crate::jobs::once::erase_account_in(tx, id)?;
        }
        Ok(())
    }
}
