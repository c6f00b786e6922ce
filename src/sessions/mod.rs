//! Sign-ins: cookies for the web app, access and refresh tokens for everything else.
//!
//! Cookies and refresh tokens are random and only their hashes are stored; access tokens are
//! signed. All of them name a sign-in, and a sign-in names the security epoch of its account, so
//! ending one, or beginning a new epoch, is effective with the next look. A refresh token is good
//! once; one that comes back ends the whole sign-in, because one of its two holders has stolen
//! it. Only a client that asks twice at the same moment gets the same successor twice.

mod access_token;
mod keep;
mod model;
mod personal;
mod refresh_token;
mod renew;
mod rows;
mod uses;

use std::time::Duration;

use crate::accounts::{Account, AccountError, Failure, SecurityEvent, Watchers, account_in};
use crate::jobs::{Eraser, Subject};
use crate::kernel::{AccountId, Clock, Secret, SessionId, Timestamp, Token, TokenHash};
use crate::store::{Portion, Rows, Store, StoreError, WriteTx};

use self::access_token::AccessTokens;
use self::refresh_token::RefreshTokens;
use self::renew::Successors;
use self::rows::SessionRow;
use self::uses::Uses;

pub use model::{COMMAND_LINE, Device, NewSession, Session, SignInBy, SignedIn, UNKNOWN_DEVICE};
pub use rows::TABLES;

const ACCESS: Duration = Duration::from_secs(10 * 60);

/// How long sign-ins last.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Without being used.
    pub idle: Duration,
    /// However much it is used.
    pub absolute: Duration,
}

/// The sign-ins of this instance.
#[derive(Clone)]
pub struct Sessions {
    store: Store,
    clock: Clock,
    tokens: AccessTokens,
    refreshing: RefreshTokens,
    lifetimes: Lifetimes,
    watchers: Watchers,
    successors: Successors,
    uses: Uses,
}

impl Sessions {
    /// The sign-ins in a store.
    ///
    /// # Errors
    /// When the store fails or the system gives no random bytes.
    pub async fn open(
        store: Store,
        clock: Clock,
        lifetimes: Lifetimes,
        watchers: Watchers,
    ) -> Result<Self, AccountError> {
        let (key, instance) = rows::signing(&store, access_token::fresh_key()?).await?;
        let tokens = AccessTokens::new(&key, &instance)?;
        let refreshing = RefreshTokens::new(&key);
        let (successors, uses) = (Successors::default(), Uses::default());
        Ok(Self { store, clock, tokens, refreshing, lifetimes, watchers, successors, uses })
    }

    /// Signs an account in on a device, as it was when its owner proved who they are.
    ///
    /// # Errors
    /// When the account is gone or suspended, or has moved on to another security epoch since
    /// (its password or a factor changed while it was checked), or the store fails.
    pub async fn start(
        &self,
        account: &Account,
        by: SignInBy,
        device: Device,
    ) -> Result<NewSession, AccountError> {
        let now = self.clock.now();
        let id = SessionId::fresh();
        let (cookie, refresh) = (fresh()?, self.refreshing.fresh(id, account.epoch)?);
        let lifetimes = self.lifetimes;
        let row = SessionRow {
            account: account.id,
            by_cookie: by == SignInBy::Cookie,
            access: cookie.hash(),
            access_until: now.plus(lifetimes.idle),
            refresh: (by == SignInBy::Tokens).then(|| refresh.hash()),
            created_at: now,
            until: now.plus(lifetimes.absolute),
            epoch: account.epoch,
            proven_at: now,
            seen_at: now,
            label: device.label,
            address: device.address,
        };
        let (watchers, whose) = (self.watchers.clone(), account.id);
        let written = self
            .store
            .write(move |tx| {
                let account = usable(tx, row.account)?;
                if account.epoch != row.epoch {
                    return Err(AccountError::NotSignedIn);
                }
                if let Some(held) = device.holds.filter(|_| row.by_cookie) {
                    keep::end_held_in(tx, &watchers, &held, now)?;
                }
                let is_new = match device.mark {
                    Some(mark) => rows::meet_device_in(tx, account.id, mark, now)?,
                    None => false,
                };
                rows::put_in(tx, id, &row)?;
                let event = SecurityEvent::SignedIn {
                    session: id,
                    new_device: is_new.then(|| row.label.clone()),
                    device: row.label.clone(),
                    address: row.address.clone(),
                };
                watchers.tell_in(tx, account.id, &event, now)?;
                Ok::<_, AccountError>((account, row))
            })
            .await;
        let (account, row) = written.inspect_err(|error| {
            if matches!(error, AccountError::Suspended) {
                self.watchers.failed(Some(whose), Failure::Suspended);
            }
        })?;
        match by {
            SignInBy::Cookie => Ok(by_cookie(cookie, account, &row, now)),
            SignInBy::Tokens => self.by_tokens(id, refresh, account, (now, row.until)),
        }
    }

    fn by_tokens(
        &self,
        id: SessionId,
        refresh: Token,
        account: Account,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<NewSession, AccountError> {
        // Never for longer than the sign-in.
        let lasts = ACCESS.min(until.since(now));
        let access = self.tokens.make((account.id, account.epoch), id, now, lasts)?;
        Ok(NewSession {
            access,
            expires_in: lasts,
            ends_in: lasts,
            refresh: Some(refresh),
            account,
        })
    }

    /// Who presents a cookie or an access token.
    ///
    /// # Errors
    /// When it opens nothing (any more).
    pub fn resolve(&self, token: &str, by: SignInBy) -> Result<SignedIn, AccountError> {
        let now = self.clock.now();
        match by {
            SignInBy::Cookie => {
                let hash = TokenHash::of(token);
                self.store.read(|tx| {
                    let (id, row) = open_by_cookie(tx, &hash, now)?;
                    let who = signed_in(tx, id, &row)?;
                    self.note_use(id, &row, now);
                    Ok(who)
                })
            }
            SignInBy::Tokens => {
                let claims = self.tokens.read(token, now).ok_or(AccountError::NotSignedIn)?;
                self.store.read(|tx| {
                    let row = rows::session(tx, claims.session())?;
                    let row = row.filter(|row| {
                        !row.by_cookie
                            && row.account == claims.account()
                            && row.epoch == claims.epoch()
                            && now < row.until
                    });
                    let row = row.ok_or(AccountError::NotSignedIn)?;
                    let who = signed_in(tx, claims.session(), &row)?;
                    self.note_use(claims.session(), &row, now);
                    Ok(who)
                })
            }
        }
    }

    /// An access token signed anew, for this audience or the right one.
    ///
    /// # Errors
    /// When it opens nothing (any more).
    #[cfg(feature = "testing")]
    pub fn signed_again(
        &self,
        token: &str,
        audience: Option<String>,
    ) -> Result<Secret<String>, AccountError> {
        let claims = self.tokens.read(token, self.clock.now()).ok_or(AccountError::NotSignedIn)?;
        self.tokens.again(claims, audience)
    }

    /// Whether a sign-in is still good, for what goes on longer than a look.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_open(&self, id: SessionId) -> Result<bool, AccountError> {
        let now = self.clock.now();
        self.store.read(|tx| is_open_in(tx, id, now))
    }

    /// Whether a sign-in is still good and its account in the same security epoch: what was begun
    /// before another password ends, even where the sign-in itself was carried over.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_open_since(&self, id: SessionId, epoch: u64) -> Result<bool, AccountError> {
        let now = self.clock.now();
        let found = self.store.read(|tx| open_in(tx, id, now))?;
        Ok(found.is_some_and(|signed_in| signed_in.epoch == epoch))
    }

    /// Whether an account has signed in on a device before.
    ///
    /// # Errors
    /// When the store fails.
    pub fn knows(&self, account: AccountId, device: &TokenHash) -> Result<bool, AccountError> {
        Ok(self.store.read(|tx| rows::knows_device(tx, account, device))?)
    }
}

/// [`Sessions::is_open`], in the caller's transaction.
///
/// # Errors
/// When the store fails.
pub fn is_open_in(tx: &impl Rows, id: SessionId, now: Timestamp) -> Result<bool, AccountError> {
    Ok(open_in(tx, id, now)?.is_some())
}

/// Whose sign-in it is, if it is good.
fn open_in(
    tx: &impl Rows,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<SignedIn>, AccountError> {
    let Some(row) = rows::session(tx, id)?.filter(|row| now < row.until) else {
        return Ok(None);
    };
    match signed_in(tx, id, &row) {
        Ok(signed_in) => Ok(Some(signed_in)),
        Err(AccountError::NotSignedIn) => Ok(None),
        Err(other) => Err(other),
    }
}

/// When an account was last seen, as far as sign-ins tell that have not ended.
///
/// # Errors
/// When the store fails.
pub fn seen_in(tx: &impl Rows, account: AccountId) -> Result<Option<Timestamp>, StoreError> {
    Ok(rows::of_account(tx, account)?.into_iter().map(|(_, row)| row.seen_at).max())
}

fn by_cookie(cookie: Token, account: Account, row: &SessionRow, now: Timestamp) -> NewSession {
    NewSession {
        access: Secret::new(cookie.reveal().to_owned()),
        expires_in: row.access_until.since(now),
        ends_in: row.until.since(now),
        refresh: None,
        account,
    }
}

fn fresh() -> Result<Token, AccountError> {
    Token::fresh().map_err(AccountError::Random)
}

/// An account that may be signed in.
fn usable(tx: &impl Rows, id: AccountId) -> Result<Account, AccountError> {
    let account = account_in(tx, id)?.ok_or(AccountError::NotSignedIn)?;
    if account.suspended_at.is_some() { Err(AccountError::Suspended) } else { Ok(account) }
}

/// The sign-in that a cookie opens.
fn open_by_cookie(
    tx: &impl Rows,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<(SessionId, SessionRow), AccountError> {
    match rows::by_token(tx, hash)? {
        Some((id, row))
            if row.by_cookie
                && row.access.same_as(hash)
                && now < row.access_until
                && now < row.until =>
        {
            Ok((id, row))
        }
        _ => Err(AccountError::NotSignedIn),
    }
}

/// Whose sign-in it is, if its account is still in the same epoch.
fn signed_in(tx: &impl Rows, id: SessionId, row: &SessionRow) -> Result<SignedIn, AccountError> {
    let account = account_in(tx, row.account)?.ok_or(AccountError::NotSignedIn)?;
    if account.epoch != row.epoch || account.suspended_at.is_some() {
        return Err(AccountError::NotSignedIn);
    }
    Ok(SignedIn {
        account: account.id,
        is_admin: account.is_admin,
        session: id,
        by: if row.by_cookie { SignInBy::Cookie } else { SignInBy::Tokens },
        proven_at: row.proven_at,
        epoch: row.epoch,
        locale: account.locale,
    })
}

/// Removes what this slice knows of an account.
pub struct SessionEraser;

impl Eraser for SessionEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        _: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Account(account) => rows::erase_account_in(tx, account),
            _ => Ok(()),
        }
    }
}
