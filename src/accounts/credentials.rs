//! Proving who one is with a password, and getting a new one.

use std::sync::Arc;

use crate::kernel::{AccountId, Secret, Timestamp, TokenHash};
use crate::store::WriteTx;

use super::letters::{self, Post, Purpose};
use super::passwords::Verdict;
use super::{
    Account, AccountError, Accounts, Actor, Attempt, Email, Failure, NewPassword, OnCreated,
    SecurityEvent, advance_epoch_in, rows,
};

impl Accounts {
    /// The account with this address and password. Wrong tries are counted for the address, and
    /// apart for a device that the account knows, so that strangers cannot lock it out.
    ///
    /// # Errors
    /// When the two do not fit (which one was wrong shows neither in the error nor in the time),
    /// when it was tried too often, or when the account is suspended.
    pub async fn verify(
        &self,
        email: &Email,
        password: Secret<String>,
        device: Option<&TokenHash>,
    ) -> Result<Account, AccountError> {
        let key = self.blind.index(email);
        let id = self.store.read(|tx| rows::by_email(tx, &key))?;
        let attempt = self.attempt(id, bucket(&key, device))?;
        let checked = match id {
            Some(id) => self.fits(id, password).await,
            None => self.fits_nobody(password).await,
        };
        let account = self.judged(attempt, id, checked)?;
        if account.suspended_at.is_some() {
            self.listeners.watchers.failed(id, Failure::Suspended);
            return Err(AccountError::Suspended);
        }
        Ok(account)
    }

    fn attempt(&self, id: Option<AccountId>, bucket: TokenHash) -> Result<Attempt, AccountError> {
        let admitted = self.attempts.admit(bucket);
        if admitted.is_err() {
            self.listeners.watchers.failed(id, Failure::Locked);
        }
        admitted
    }

    /// Notes what came of a try: only a password that was wrong counts as one.
    fn judged<T>(
        &self,
        attempt: Attempt,
        id: Option<AccountId>,
        checked: Result<T, AccountError>,
    ) -> Result<T, AccountError> {
        match &checked {
            Ok(_) => attempt.succeeded(),
            Err(AccountError::WrongCredentials) => {
                self.listeners.watchers.failed(id, Failure::Password);
            }
            Err(_) => attempt.unchecked(),
        }
        checked
    }

    /// Checks the password of an account that is signed in already.
    ///
    /// # Errors
    /// When it is wrong, or was wrong too often.
    pub async fn confirm(
        &self,
        id: AccountId,
        password: Secret<String>,
    ) -> Result<(), AccountError> {
        let attempt = self.attempt(Some(id), TokenHash(blake3::hash(&id.bytes()).into()))?;
        let checked = self.fits(id, password).await.map(|_| ());
        self.judged(attempt, Some(id), checked)
    }

    async fn fits(&self, id: AccountId, password: Secret<String>) -> Result<Account, AccountError> {
        let (account, stored) = self
            .store
            .read(|tx| Ok::<_, AccountError>((rows::account(tx, id)?, rows::password(tx, id)?)))?;
        let account = account.ok_or(AccountError::WrongCredentials)?;
        match self.passwords.verify(password, stored).await? {
            Verdict::Wrong => return Err(AccountError::WrongCredentials),
            Verdict::Right => {}
            Verdict::Outdated(renewed) => {
                self.store
                    .write(move |tx| {
                        Ok::<_, AccountError>(rows::put_password_in(tx, id, &renewed)?)
                    })
                    .await?;
            }
        }
        Ok(account)
    }

    async fn fits_nobody(&self, password: Secret<String>) -> Result<Account, AccountError> {
        self.passwords.verify(password, None).await?;
        Err(AccountError::WrongCredentials)
    }

    /// Whether an account can sign in with a password.
    ///
    /// # Errors
    /// When the store fails.
    pub fn has_password(&self, id: AccountId) -> Result<bool, AccountError> {
        Ok(self.store.read(|tx| rows::password(tx, id))?.is_some())
    }

    /// Sets another password for an account that is signed in freshly; everything that opened
    /// the account before stops doing so.
    ///
    /// # Errors
    /// When the present password is wrong, or was wrong too often, or when the account's sign-ins
    /// have ended since `account` was read: hashing takes long, and the later word counts.
    pub async fn change_password(
        &self,
        account: &Account,
        current: Option<Secret<String>>,
        new: NewPassword,
    ) -> Result<Account, AccountError> {
        let id = account.id;
        if self.has_password(id)? {
            self.confirm(id, current.unwrap_or_else(|| String::new().into())).await?;
        }
        self.set_password(id, new, SecurityEvent::PasswordChanged, Some(account.epoch)).await
    }

    /// Sets a new password on the operator's word.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn reset_password(
        &self,
        email: &Email,
        password: NewPassword,
    ) -> Result<(), AccountError> {
        let key = self.blind.index(email);
        let id = self.store.read(|tx| rows::by_email(tx, &key))?.ok_or(AccountError::Missing)?;
        let event = SecurityEvent::PasswordReset { by: Actor::System };
        self.set_password(id, password, event, None).await.map(|_| ())
    }

    async fn set_password(
        &self,
        id: AccountId,
        password: NewPassword,
        event: SecurityEvent,
        expected: Option<u64>,
    ) -> Result<Account, AccountError> {
        let hash = self.passwords.hash(password).await?;
        let (watchers, now) = (self.listeners.watchers.clone(), self.clock.now());
        let account = self
            .store
            .write(move |tx| {
                let account = rows::account(tx, id)?.ok_or(AccountError::Missing)?;
                if expected.is_some_and(|epoch| epoch != account.epoch) {
                    return Err(AccountError::NotSignedIn);
                }
                rows::put_password_in(tx, id, &hash)?;
                let account = advance_epoch_in(tx, id)?;
                watchers.tell_in(tx, id, &event, now)?;
                Ok::<_, AccountError>(account)
            })
            .await?;
        self.attempts.forgive(&self.blind.index(&account.email));
        Ok(account)
    }

    /// The account that has an address, if there is one.
    ///
    /// # Errors
    /// When the store fails.
    pub fn by_email(&self, email: &Email) -> Result<Option<Account>, AccountError> {
        let key = self.blind.index(email);
        self.store.read(|tx| match rows::by_email(tx, &key)? {
            Some(id) => rows::account(tx, id),
            None => Ok(None),
        })
    }

    /// Posts a link with which the password of the account with an address can be set anew. When
    /// there is no such account, or it is suspended, nothing is posted, and nothing shows that.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin_reset(&self, email: &Email, post: Post) -> Result<(), AccountError> {
        let (key, now) = (self.blind.index(email), self.clock.now());
        self.store
            .write(move |tx| {
                let account = match rows::by_email(tx, &key)? {
                    Some(id) => rows::account(tx, id)?,
                    None => None,
                };
                let Some(account) = account.filter(|a| a.suspended_at.is_none()) else {
                    return letters::pretend_in(tx, now);
                };
                let letter = letters::write_in(tx, &account, Purpose::Reset, now)?;
                Ok(post(tx, &account, &letter)?)
            })
            .await
    }

    /// Sets a new password by a link; everything that opened the account stops doing so. The
    /// link is used up even when two come at once. If nobody had proven the address before, this
    /// does, and what else opened the account by itself is gone.
    ///
    /// # Errors
    /// When the link is not good.
    pub async fn finish_reset(&self, token: &str, new: String) -> Result<Account, AccountError> {
        let (token, now) = (TokenHash::of(token), self.clock.now());
        let found = self.store.read(|tx| {
            let link = letters::read(tx, &token, now)?;
            rows::account(tx, link.account)?.ok_or(AccountError::WrongLink)
        })?;
        let known = [found.email.as_str(), &*found.display_name];
        let new = NewPassword::new(new, &known)?;
        let hash = self.passwords.hash(new).await?;
        let watchers = self.listeners.watchers.clone();
        let account = self
            .store
            .write(move |tx| {
                let link = letters::read(tx, &token, now)?;
                if link.purpose != Purpose::Reset {
                    return Err(AccountError::WrongLink);
                }
                letters::spend_in(tx, link.account, &link.purpose)?;
                rows::put_password_in(tx, link.account, &hash)?;
                let account = advance_epoch_in(tx, link.account)?;
                if !account.email_verified {
                    // Whoever made the account may be somebody else: what they left to come in
                    // by goes (Sudhodanan and Paverd, "Pre-hijacked accounts", 2022).
                    let claimed = Account { email_verified: true, ..account.clone() };
                    rows::put_account_in(tx, &claimed)?;
                    watchers.tell_in(tx, account.id, &SecurityEvent::AddressClaimed, now)?;
                }
                let event = SecurityEvent::PasswordReset { by: Actor::Account(account.id) };
                watchers.tell_in(tx, account.id, &event, now)?;
                Ok(account)
            })
            .await?;
        self.attempts.forgive(&self.blind.index(&account.email));
        Ok(account)
    }

    /// Posts a link that proves that an address is read: the account's own, or the one it wants.
    ///
    /// # Errors
    /// When the address belongs to another account.
    pub async fn begin_address(
        &self,
        id: AccountId,
        email: Email,
        post: Post,
    ) -> Result<(), AccountError> {
        let (key, now) = (self.blind.index(&email), self.clock.now());
        self.store
            .write(move |tx| {
                let account = rows::account(tx, id)?.ok_or(AccountError::Missing)?;
                if rows::by_email(tx, &key)?.is_some_and(|owner| owner != id) {
                    return Err(AccountError::EmailTaken);
                }
                post_address_in(tx, &account, &email, &post, now)
            })
            .await
    }

    /// Posts such a link to a new account, in the transaction that makes it.
    pub fn prove_when_made(post: Post) -> OnCreated {
        Arc::new(move |tx, account| {
            post_address_in(tx, account, &account.email, &post, account.created_at)
        })
    }

    /// Takes an address as proven, and as the account's if it was another.
    ///
    /// # Errors
    /// When the link is not good, or somebody else has the address by now.
    pub async fn prove_address(&self, token: &str) -> Result<Account, AccountError> {
        let (token, now) = (TokenHash::of(token), self.clock.now());
        let this = self.clone();
        self.store
            .write(move |tx| {
                let link = letters::read(tx, &token, now)?;
                let Purpose::Address(address) = &link.purpose else {
                    return Err(AccountError::WrongLink);
                };
                let email = letters::address(address)?;
                letters::spend_in(tx, link.account, &link.purpose)?;
                this.set_email_in(tx, link.account, email, true)
            })
            .await
    }

    /// Takes another address without proof, where no mail can be sent.
    ///
    /// # Errors
    /// When it belongs to another account.
    pub async fn set_email(&self, id: AccountId, email: Email) -> Result<Account, AccountError> {
        let this = self.clone();
        self.store.write(move |tx| this.set_email_in(tx, id, email, false)).await
    }
}

fn post_address_in(
    tx: &mut WriteTx<'_>,
    account: &Account,
    email: &Email,
    post: &Post,
    now: Timestamp,
) -> Result<(), AccountError> {
    let purpose = Purpose::Address(email.as_str().to_owned());
    let letter = letters::write_in(tx, account, purpose, now)?;
    Ok(post(tx, account, &letter)?)
}

/// What wrong tries are counted by.
fn bucket(address: &TokenHash, device: Option<&TokenHash>) -> TokenHash {
    let Some(device) = device else { return *address };
    let mut both = blake3::Hasher::new();
    both.update(&address.0).update(&device.0);
    TokenHash(both.finalize().into())
}
