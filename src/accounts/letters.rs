//! What a person proves by following a link from a mail: that an address is theirs, or that they
//! may set a new password. A link is good once, for a while, and only while the account is in
//! the security epoch it was made in; one that proves the address that the account has already
//! changes nothing else and outlives the epoch.
//!
//! Mails wait in the database until they are sent, and what was in it stays on the disk for long
//! (freed pages are not overwritten). So what waits is the hash of a token that nobody knows, and
//! the token that a mail carries is made when it is sent.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, Timestamp, Token, TokenHash};
use crate::seal::Owner;
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, WriteTx};

use super::{Account, AccountError, Accounts, Email};

pub(super) const LINKS: Table<TokenHash, LinkRow> = Table::new("account_links", Holds::Account);

const RESET_LIFETIME: Duration = Duration::from_secs(30 * 60);
const VERIFY_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Purpose {
    /// Setting a new password.
    Reset,
    /// Proving that this address, the account's or the one it wants to have, is read.
    Address(String),
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct LinkRow {
    pub(super) account: AccountId,
    pub(super) purpose: Purpose,
    pub(super) epoch: u64,
    pub(super) expires_at: Timestamp,
}

impl Row<TokenHash> for LinkRow {
    fn owner(&self, _: &TokenHash) -> Owner {
        Owner::Nobody
    }
}

/// A link that is to be sent.
pub struct Letter {
    /// The address it goes to.
    pub to: Email,
    /// What [`Accounts::token_to_mail`] makes its token from.
    pub link: TokenHash,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Promises the mail of a link, in the transaction that makes it.
pub type Post =
    Arc<dyn Fn(&mut WriteTx<'_>, &Account, &Letter) -> Result<(), StoreError> + Send + Sync>;

/// Does for nobody what [`write_in`] does for an account, so that the two take as long.
pub(super) fn pretend_in(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), AccountError> {
    let token = Token::fresh().map_err(AccountError::Random)?;
    forget_in(tx, |row| row.expires_at <= now)?;
    let row = LinkRow {
        account: AccountId::fresh(),
        purpose: Purpose::Reset,
        epoch: 0,
        expires_at: now.plus(RESET_LIFETIME),
    };
    Ok(tx.put(&LINKS, &token.hash(), &row)?)
}

/// Makes a link; those made before for the same purpose stop working.
pub(super) fn write_in(
    tx: &mut WriteTx<'_>,
    account: &Account,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Letter, AccountError> {
    let link = Token::fresh().map_err(AccountError::Random)?.hash();
    spend_in(tx, account.id, &purpose)?;
    let lifetime = match purpose {
        Purpose::Reset => RESET_LIFETIME,
        Purpose::Address(_) => VERIFY_LIFETIME,
    };
    let expires_at = now.plus(lifetime);
    let to = match &purpose {
        Purpose::Reset => account.email.clone(),
        Purpose::Address(wanted) => address(wanted)?,
    };
    let row = LinkRow { account: account.id, purpose, epoch: account.epoch, expires_at };
    tx.put(&LINKS, &link, &row)?;
    Ok(Letter { to, link, expires_at })
}

/// What a link is good for, if it is.
pub(super) fn read(
    tx: &impl Rows,
    token: &TokenHash,
    now: Timestamp,
) -> Result<LinkRow, AccountError> {
    let row = tx.get(&LINKS, token)?.filter(|row: &LinkRow| now < row.expires_at);
    let row = row.ok_or(AccountError::WrongLink)?;
    let account = super::rows::account(tx, row.account)?.ok_or(AccountError::WrongLink)?;
    let harmless = row.purpose == Purpose::Address(account.email.as_str().to_owned());
    if (account.epoch == row.epoch || harmless) && account.suspended_at.is_none() {
        Ok(row)
    } else {
        Err(AccountError::WrongLink)
    }
}

impl Accounts {
    /// The token for a mail that is about to be sent, while its link may be. Each try to send
    /// one makes another; the first that is used up takes the others with it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn token_to_mail(&self, link: TokenHash) -> Result<Option<Token>, AccountError> {
        let token = Token::fresh().map_err(AccountError::Random)?;
        let (hash, now) = (token.hash(), self.clock.now());
        let made = self.store.write(move |tx| {
            let row = read(tx, &link, now)?;
            Ok(tx.put(&LINKS, &hash, &row)?)
        });
        match made.await {
            Ok(()) => Ok(Some(token)),
            Err(AccountError::WrongLink) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Uses an account's link for a purpose up, however often it was mailed.
pub(super) fn spend_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    purpose: &Purpose,
) -> Result<(), StoreError> {
    let kind = std::mem::discriminant(purpose);
    forget_in(tx, |row| row.account == account && std::mem::discriminant(&row.purpose) == kind)
}

/// The address that a link proves.
pub(super) fn address(text: &str) -> Result<Email, AccountError> {
    Email::new(text).ok_or(AccountError::WrongLink)
}

/// Forgets some links.
pub(super) fn forget_in(
    tx: &mut WriteTx<'_>,
    which: impl Fn(&LinkRow) -> bool,
) -> Result<(), StoreError> {
    for (token, row) in tx.list(&LINKS, &Range::all())? {
        if which(&row) {
            tx.remove(&LINKS, &token);
        }
    }
    Ok(())
}
