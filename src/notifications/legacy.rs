//! Telling somebody that they are said to have died, by every way there is, and whom they named
//! for that case.

use super::rows::{self, MailJob};
use super::{Notice, Notifications};
use crate::accounts::{AccountError, Accounts, account_in};
use crate::kernel::{AccountId, LegacyClaimId, Timestamp, Token};
use crate::store::{StoreError, WriteTx};

/// What the link of a mail carries by which somebody stops what is claimed of them. It can be made
/// again at any time, so nothing of it is stored; it does nothing else, and nothing to another
/// claim.
pub fn stop_token(accounts: &Accounts, claim: LegacyClaimId) -> Token {
    let key = accounts.key_for("clonememoria legacy stop");
    let proof = blake3::keyed_hash(&key, &claim.bytes()).to_hex();
    Token::known(format!("{claim}.{proof}"))
}

/// The claim that such a token stops.
pub fn stopped_by(accounts: &Accounts, token: &str) -> Option<LegacyClaimId> {
    let claim: LegacyClaimId = token.split_once('.')?.0.parse().ok()?;
    let good = Token::known(token.to_owned()).hash();
    stop_token(accounts, claim).hash().same_as(&good).then_some(claim)
}

impl Notifications {
    /// Tells somebody that they are said to have died: in their inbox, and by a mail that carries
    /// the link that stops it, wherever that address was proven or not.
    ///
    /// # Errors
    /// When the database fails.
    pub fn tell_claimed_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        (claim, notice): (LegacyClaimId, &Notice),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = rows::put_in(tx, account, notice, now)?;
        let found = match account_in(tx, account) {
            Err(AccountError::Store(error)) => return Err(error),
            found => found.ok().flatten(),
        };
        let Some(found) = found else { return Ok(()) };
        let to = found.email.as_str().to_owned();
        let job = MailJob::Claimed { account, notice: id, claim, to };
        self.mail_in(tx, Some(account), job, (now, None))
    }

    /// Writes to somebody, who may have no account, that an account named them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn mail_named_in(
        &self,
        tx: &mut WriteTx<'_>,
        by: AccountId,
        (to, locale): (String, String),
    ) -> Result<(), StoreError> {
        let job = MailJob::Named { to, locale, by };
        self.mail_in(tx, Some(by), job, (self.clock.now(), None))
    }
}
