//! Sign-ins: cookies for the web app, access and refresh tokens for everything else.
//!
//! Tokens are random and only their hashes are stored, so a look-up is also the check and ending
//! a sign-in is effective with the next request. A refresh token is good once; one that comes
//! back ends the whole sign-in, because one of its two holders has stolen it.

use std::time::Duration;

use crate::kernel::{AccountId, Clock, SessionId, Timestamp, Token, TokenHash};
use crate::store::{Store, StoreError, WriteTx};

use super::rows::{self, SessionRow};
use super::{Account, AccountError, NewSession, SignInBy, SignedIn};

const ACCESS: Duration = Duration::from_secs(10 * 60);
const IDLE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const ABSOLUTE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// A cookie's life is extended at most this often, so that reading does not mean writing.
const EXTEND_EVERY: Duration = Duration::from_secs(60 * 60);
/// How many spent refresh tokens are remembered for a sign-in.
const SPENT: usize = 32;

/// The sign-ins of this instance.
#[derive(Clone)]
pub struct Sessions {
    store: Store,
    clock: Clock,
}

impl Sessions {
    /// The sign-ins in a store.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Signs an account in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn start(
        &self,
        account: Account,
        kind: SignInBy,
    ) -> Result<NewSession, AccountError> {
        let now = self.clock.now();
        let access = fresh()?;
        let (refresh, lasts) = match kind {
            SignInBy::Cookie => (None, IDLE),
            SignInBy::Tokens => (Some(fresh()?), ACCESS),
        };
        let row = SessionRow {
            account: account.id,
            by_cookie: kind == SignInBy::Cookie,
            access: access.hash(),
            access_until: now.plus(lasts),
            refresh: refresh.as_ref().map(Token::hash),
            spent: Vec::new(),
            created_at: now,
            until: now.plus(ABSOLUTE),
        };
        self.store
            .write(move |tx| rows::put_session_in(tx, SessionId::fresh(), &row))
            .await
            .map_err(AccountError::Store)?;
        Ok(NewSession { access, expires_in: lasts, refresh, account })
    }

    /// Who presents a cookie or an access token.
    ///
    /// # Errors
    /// When it opens nothing (any more).
    pub fn resolve(&self, token: &str, by: SignInBy) -> Result<SignedIn, AccountError> {
        let hash = TokenHash::of(token);
        let now = self.clock.now();
        self.store.read(|tx| {
            let (id, row) = rows::session_by_token(tx, &hash)?.ok_or(AccountError::NotSignedIn)?;
            let good = row.access.same_as(&hash)
                && row.by_cookie == (by == SignInBy::Cookie)
                && now < row.access_until
                && now < row.until;
            if !good {
                return Err(AccountError::NotSignedIn);
            }
            let account = rows::account(tx, row.account)?.ok_or(AccountError::NotSignedIn)?;
            Ok(SignedIn {
                account: account.id,
                is_admin: account.is_admin,
                session: id,
                by,
                locale: account.locale,
            })
        })
    }

    /// Lets a cookie live on; does nothing when that was done a short while ago.
    ///
    /// # Errors
    /// When the cookie opens nothing or the store fails.
    pub async fn extend(&self, cookie: &str) -> Result<Duration, AccountError> {
        let hash = TokenHash::of(cookie);
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let (id, mut row) = open_session(tx, &hash, now)?;
                let until = now.plus(IDLE).min(row.until);
                if row.by_cookie && until.since(row.access_until) > EXTEND_EVERY {
                    row.access_until = until;
                    rows::put_session_in(tx, id, &row)?;
                }
                Ok(row.access_until.since(now))
            })
            .await
    }

    /// Exchanges a refresh token for new tokens.
    ///
    /// # Errors
    /// When it is not good; if it was used before, the whole sign-in is ended.
    pub async fn refresh(&self, presented: &str) -> Result<NewSession, AccountError> {
        let hash = TokenHash::of(presented);
        let now = self.clock.now();
        let (access, refresh) = (fresh()?, fresh()?);
        let (new_access, new_refresh) = (access.hash(), refresh.hash());
        let account = self
            .store
            .write(move |tx| rotate_in(tx, &hash, new_access, new_refresh, now))
            .await?
            .ok_or(AccountError::NotSignedIn)?;
        Ok(NewSession { access, expires_in: ACCESS, refresh: Some(refresh), account })
    }

    /// Ends the sign-in that a cookie, access or refresh token belongs to.
    ///
    /// # Errors
    /// When the store fails; an unknown token is no error.
    pub async fn end(&self, presented: &str) -> Result<(), AccountError> {
        let hash = TokenHash::of(presented);
        self.store
            .write(move |tx| {
                if let Some((id, row)) = rows::session_by_token(tx, &hash)? {
                    rows::end_session_in(tx, id, &row)?;
                }
                Ok::<_, AccountError>(())
            })
            .await
    }

    /// Ends every sign-in of an account.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_all(&self, account: AccountId) -> Result<(), AccountError> {
        self.store.write(move |tx| Ok(rows::end_sessions_in(tx, account)?)).await
    }

    /// Removes what has expired; called now and then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store.write(move |tx| rows::end_old_sessions_in(tx, now, ACCESS)).await
    }
}

fn fresh() -> Result<Token, AccountError> {
    Token::fresh().map_err(AccountError::Random)
}

fn open_session(
    tx: &WriteTx<'_>,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<(SessionId, SessionRow), AccountError> {
    match rows::session_by_token(tx, hash)? {
        Some((id, row)) if now < row.access_until && now < row.until => Ok((id, row)),
        _ => Err(AccountError::NotSignedIn),
    }
}

/// The account for which new tokens were set, or nothing if the presented one was not good. A
/// replayed token must end the sign-in durably, so it is no error inside the transaction.
fn rotate_in(
    tx: &mut WriteTx<'_>,
    presented: &TokenHash,
    access: TokenHash,
    refresh: TokenHash,
    now: Timestamp,
) -> Result<Option<Account>, AccountError> {
    let Some((id, mut row)) = rows::session_by_token(tx, presented)? else {
        return Ok(None);
    };
    if row.spent.contains(presented) || now >= row.until {
        rows::end_session_in(tx, id, &row)?;
        return Ok(None);
    }
    if row.refresh != Some(*presented) {
        return Ok(None);
    }
    let Some(account) = rows::account(tx, row.account)? else {
        return Ok(None);
    };
    rows::forget_token_in(tx, &row.access);
    row.spent.push(*presented);
    if row.spent.len() > SPENT {
        rows::forget_token_in(tx, &row.spent.remove(0));
    }
    row.access = access;
    row.access_until = now.plus(ACCESS).min(row.until);
    row.refresh = Some(refresh);
    rows::put_session_in(tx, id, &row)?;
    Ok(Some(account))
}
