//! From a password to a sign-in: the one place that decides whether a code is needed, and whether
//! one is good.

use crate::accounts::{Account, AccountError, Attempt, Email, Failure, SecurityEvent};
use crate::kernel::{AccountId, Secret, TokenHash};

use super::codes::Typed;
use super::{FactorError, Factors, codes, rows};

impl Factors {
    /// The account that an address, its password and, where one is set up, a code open.
    ///
    /// # Errors
    /// When they do not fit; that a code is needed is said only to who knows the password.
    pub async fn by_password(
        &self,
        email: &Email,
        password: Secret<String>,
        code: Option<&str>,
        device: Option<&TokenHash>,
    ) -> Result<Account, FactorError> {
        let account = self.parts.accounts.verify(email, password, device).await?;
        self.demand(account.id, code, device).await?;
        Ok(account)
    }

    /// What is needed besides a password, however the password was proven: nothing, or a code.
    ///
    /// # Errors
    /// When a code is needed and missing or wrong.
    pub async fn demand(
        &self,
        account: AccountId,
        code: Option<&str>,
        device: Option<&TokenHash>,
    ) -> Result<(), FactorError> {
        if self.parts.store.read(|tx| rows::totp(tx, account))?.active.is_none() {
            return Ok(());
        }
        let code = code.filter(|code| !code.trim().is_empty()).ok_or(FactorError::CodeNeeded)?;
        self.by_code(account, code, device).await
    }

    /// Takes a code of an account's authenticator app, or a recovery code, once.
    ///
    /// # Errors
    /// When it is wrong or was used, when wrong ones came too often, or when the account has no
    /// authenticator app.
    pub async fn by_code(
        &self,
        account: AccountId,
        code: &str,
        device: Option<&TokenHash>,
    ) -> Result<(), FactorError> {
        let taken = match codes::read(code) {
            Some(Typed::Code(code)) => self.take_code(account, code, device).await,
            // Nobody guesses 120 bits, so wrong ones are not counted: whoever is held up by a
            // stranger's guesses still gets in with one.
            Some(Typed::Recovery(code)) => self.take_recovery(account, code).await,
            None => Err(FactorError::WrongCode),
        };
        match &taken {
            Err(FactorError::WrongCode) => {
                self.parts.watchers.failed(Some(account), Failure::Code);
            }
            Err(FactorError::Account(AccountError::TooManyAttempts { .. })) => {
                self.parts.watchers.failed(Some(account), Failure::Locked);
            }
            _ => {}
        }
        taken
    }

    async fn take_code(
        &self,
        account: AccountId,
        code: String,
        device: Option<&TokenHash>,
    ) -> Result<(), FactorError> {
        let attempt = self.attempts.admit(bucket(account, device))?;
        let now = self.parts.clock.now();
        let outcome = self
            .parts
            .store
            .write(move |tx| {
                let mut row = rows::totp(tx, account)?;
                let active = row.active.as_mut().ok_or(FactorError::WrongCode)?;
                let step = codes::step_of(&active.seed, &code, now);
                // The last one taken is noted where it is compared: of two, one comes later.
                let step = step.filter(|step| *step > active.last_step);
                active.last_step = step.ok_or(FactorError::WrongCode)?;
                Ok(rows::put_totp_in(tx, account, &row)?)
            })
            .await;
        judge(attempt, outcome)
    }

    async fn take_recovery(&self, account: AccountId, code: TokenHash) -> Result<(), FactorError> {
        let this = self.clone();
        self.parts
            .store
            .write(move |tx| {
                if !rows::spend_recovery_in(tx, account, code)? {
                    return Err(FactorError::WrongCode);
                }
                Ok(this.tell_in(tx, account, &SecurityEvent::RecoveryCodeUsed)?)
            })
            .await
    }
}

/// Notes what came of a try: only a code that was wrong counts as one.
pub(super) fn judge(attempt: Attempt, outcome: Result<(), FactorError>) -> Result<(), FactorError> {
    match &outcome {
        Ok(()) => attempt.succeeded(),
        Err(FactorError::WrongCode) => drop(attempt),
        Err(_) => attempt.unchecked(),
    }
    outcome
}

/// What wrong codes are counted by: apart from passwords, and apart for a known device.
pub(super) fn bucket(account: AccountId, device: Option<&TokenHash>) -> TokenHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"code").update(&account.bytes());
    if let Some(device) = device {
        hasher.update(&device.0);
    }
    TokenHash(hasher.finalize().into())
}
