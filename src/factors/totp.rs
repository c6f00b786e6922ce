//! Setting up an authenticator app, and taking it away.

use std::time::Duration;

use crate::accounts::SecurityEvent;
use crate::kernel::{AccountId, Secret, TokenHash};

use super::rows::{ActiveRow, PendingRow};
use super::{FactorError, Factors, NewTotp, codes, rows};

/// How long a secret waits to be confirmed.
const WAITS: Duration = Duration::from_secs(15 * 60);

impl Factors {
    /// A secret for an authenticator app. Nothing changes before it is confirmed; one that is
    /// set up already goes on until then.
    ///
    /// # Errors
    /// When authenticator apps are switched off, or the account is gone.
    pub async fn begin_totp(&self, id: AccountId) -> Result<NewTotp, FactorError> {
        if !self.parts.settings.totp {
            return Err(FactorError::SwitchedOff);
        }
        let account = self.parts.accounts.account(id)?;
        let seed = codes::fresh_seed().map_err(FactorError::Random)?;
        let until = self.parts.clock.now().plus(WAITS);
        self.parts
            .store
            .write(move |tx| {
                let mut row = rows::totp(tx, id)?;
                row.pending = Some(PendingRow { seed, until });
                Ok::<_, FactorError>(rows::put_totp_in(tx, id, &row)?)
            })
            .await?;
        let uri = codes::uri(&seed, &self.parts.settings.issuer, account.email.as_str());
        Ok(NewTotp { secret: codes::typed(&seed).into(), uri: uri.into() })
    }

    /// Sets the authenticator app up with which this code was made; the recovery codes that
    /// belong to it.
    ///
    /// # Errors
    /// When the code is wrong, or no secret waits.
    pub async fn confirm_totp(
        &self,
        id: AccountId,
        code: &str,
    ) -> Result<Vec<Secret<String>>, FactorError> {
        let Some(codes::Typed::Code(code)) = codes::read(code) else {
            return Err(FactorError::WrongCode);
        };
        let (shown, kept) = fresh_recovery_codes()?;
        let (this, now) = (self.clone(), self.parts.clock.now());
        let attempt = self.attempts.admit(super::second::bucket(id, None))?;
        let outcome = self
            .parts
            .store
            .write(move |tx| {
                let mut row = rows::totp(tx, id)?;
                let pending = row.pending.take().filter(|pending| now < pending.until);
                let pending = pending.ok_or(FactorError::NotBegun)?;
                let step = codes::step_of(&pending.seed, &code, now);
                let last_step = step.ok_or(FactorError::WrongCode)?;
                row.active = Some(ActiveRow { seed: pending.seed, last_step, since: now });
                rows::put_totp_in(tx, id, &row)?;
                rows::put_recovery_in(tx, id, &kept)?;
                this.changed_in(tx, id, &SecurityEvent::SecondFactorAdded)
            })
            .await;
        super::second::judge(attempt, outcome).map(|()| shown)
    }

    /// Takes the authenticator app and its recovery codes away.
    ///
    /// # Errors
    /// When there is none.
    pub async fn remove_totp(&self, id: AccountId) -> Result<(), FactorError> {
        let this = self.clone();
        self.parts
            .store
            .write(move |tx| {
                if rows::totp(tx, id)?.active.is_none() {
                    return Err(FactorError::NoTotp);
                }
                rows::remove_totp_in(tx, id)?;
                this.changed_in(tx, id, &SecurityEvent::SecondFactorRemoved)
            })
            .await
    }

    /// New recovery codes; those from before stop working.
    ///
    /// # Errors
    /// When there is no authenticator app that they could stand in for.
    pub async fn renew_recovery(&self, id: AccountId) -> Result<Vec<Secret<String>>, FactorError> {
        let (shown, kept) = fresh_recovery_codes()?;
        let this = self.clone();
        self.parts
            .store
            .write(move |tx| {
                if rows::totp(tx, id)?.active.is_none() {
                    return Err(FactorError::NoTotp);
                }
                rows::put_recovery_in(tx, id, &kept)?;
                Ok(this.tell_in(tx, id, &SecurityEvent::RecoveryCodesRenewed)?)
            })
            .await?;
        Ok(shown)
    }
}

type RecoveryCodes = (Vec<Secret<String>>, Vec<TokenHash>);

fn fresh_recovery_codes() -> Result<RecoveryCodes, FactorError> {
    let codes = (0..codes::RECOVERY_CODES).map(|_| codes::fresh_recovery());
    let codes = codes.collect::<Result<Vec<_>, _>>().map_err(FactorError::Random)?;
    Ok(codes.into_iter().unzip())
}
