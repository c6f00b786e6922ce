//! Renewing a sign-in: a cookie lives on, a refresh token is exchanged for the next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::accounts::{Account, AccountError, SecurityEvent, Watchers};
use crate::kernel::{Secret, SessionId, Timestamp, Token, TokenHash};
use crate::store::WriteTx;

use super::refresh_token::RefreshTokens;
use super::uses::live_on;
use super::{
    ACCESS, NewSession, Sessions, by_cookie, fresh, open_by_cookie, rows, signed_in, usable,
};

/// For how long a client that asks again with the token it has just used gets the same answer:
/// two tabs, or a response that was lost on its way.
const OVERLAP: Duration = Duration::from_secs(10);

/// The refresh tokens handed out a moment ago, in memory only.
#[derive(Clone, Default)]
pub(super) struct Successors(Arc<Mutex<HashMap<TokenHash, Successor>>>);

struct Successor {
    refresh: Secret<String>,
    until: Timestamp,
}

impl Successors {
    fn keep(&self, spent: TokenHash, refresh: &Token, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, successor| now < successor.until);
        let refresh = Secret::new(refresh.reveal().to_owned());
        kept.insert(spent, Successor { refresh, until: now.plus(OVERLAP) });
    }

    fn of(&self, spent: &TokenHash, now: Timestamp) -> Option<Token> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let successor = kept.get(spent).filter(|successor| now < successor.until)?;
        Some(Token::known(successor.refresh.reveal().clone()))
    }
}

/// What became of a refresh token.
enum Rotated {
    /// It was good: the sign-in, which ends then, has this one now. It may be one that was made a
    /// moment ago and was not used.
    Next(SessionId, Timestamp, Box<Account>, Token),
    /// It opens nothing.
    Refused,
}

struct Rotation {
    presented: Token,
    refreshing: RefreshTokens,
    successors: Successors,
    idle: Duration,
    now: Timestamp,
    watchers: Watchers,
}

impl Sessions {
    /// Lets a cookie live on.
    ///
    /// # Errors
    /// When the cookie opens nothing or the store fails.
    pub async fn extend(&self, cookie: &str) -> Result<NewSession, AccountError> {
        let cookie = Token::known(cookie.to_owned());
        let (hash, now, lifetimes) = (cookie.hash(), self.clock.now(), self.lifetimes);
        let (account, row) = self
            .store
            .write(move |tx| {
                let (id, mut row) = open_by_cookie(tx, &hash, now)?;
                signed_in(tx, id, &row)?;
                live_on(&mut row, lifetimes, now);
                rows::put_in(tx, id, &row)?;
                Ok::<_, AccountError>((usable(tx, row.account)?, row))
            })
            .await?;
        Ok(by_cookie(cookie, account, &row, now))
    }

    /// Exchanges a refresh token for new tokens.
    ///
    /// # Errors
    /// When it is not good; if it was used before, the whole sign-in is ended.
    pub async fn refresh(&self, presented: &str) -> Result<NewSession, AccountError> {
        let now = self.clock.now();
        let rotation = Rotation {
            presented: Token::known(presented.to_owned()),
            refreshing: self.refreshing.clone(),
            successors: self.successors.clone(),
            idle: self.lifetimes.idle,
            now,
            watchers: self.watchers.clone(),
        };
        match self.store.write(move |tx| rotation.run_in(tx)).await? {
            Rotated::Next(id, until, account, refresh) => {
                self.by_tokens(id, refresh, *account, (now, until))
            }
            Rotated::Refused => Err(AccountError::NotSignedIn),
        }
    }

    /// Notes that the person has just proven again who they are. A cookie gets another value, so
    /// that one that was planted or seen before does not profit.
    ///
    /// # Errors
    /// When the sign-in has ended, or the store fails.
    pub async fn proven(&self, id: SessionId) -> Result<NewSession, AccountError> {
        let (now, lifetimes, cookie) = (self.clock.now(), self.lifetimes, fresh()?);
        let hash = cookie.hash();
        let (account, row) = self
            .store
            .write(move |tx| {
                let mut row = rows::session(tx, id)?.ok_or(AccountError::NotSignedIn)?;
                signed_in(tx, id, &row)?;
                row.proven_at = now;
                live_on(&mut row, lifetimes, now);
                if row.by_cookie {
                    rows::forget_token_in(tx, &row.access);
                    row.access = hash;
                }
                rows::put_in(tx, id, &row)?;
                Ok::<_, AccountError>((usable(tx, row.account)?, row))
            })
            .await?;
        if row.by_cookie {
            return Ok(by_cookie(cookie, account, &row, now));
        }
        let access = self.tokens.make((account.id, account.epoch), id, now, ACCESS)?;
        Ok(NewSession { access, expires_in: ACCESS, ends_in: ACCESS, refresh: None, account })
    }
}

impl Rotation {
    /// A replayed token must end the sign-in durably, so it is no error inside the transaction.
    fn run_in(&self, tx: &mut WriteTx<'_>) -> Result<Rotated, AccountError> {
        // One from before another password does not mean that it was stolen.
        let Some((id, mut row)) = self.refreshing.session(tx, self.presented.reveal())? else {
            return Ok(Rotated::Refused);
        };
        let over = self.now >= row.until || self.now >= row.seen_at.plus(self.idle);
        if over || signed_in(tx, id, &row).is_err() {
            rows::end_in(tx, id, &row);
            return Ok(Rotated::Refused);
        }
        let presented = self.presented.hash();
        if row.refresh != Some(presented) {
            // It was used. Nobody but the one who asked twice has a successor that was not.
            let recent = self.successors.of(&presented, self.now);
            if let Some(recent) = recent.filter(|recent| row.refresh == Some(recent.hash())) {
                return Ok(Rotated::Next(
                    id,
                    row.until,
                    Box::new(usable(tx, row.account)?),
                    recent,
                ));
            }
            rows::end_in(tx, id, &row);
            let stolen = SecurityEvent::RefreshReused;
            self.watchers.tell_in(tx, row.account, &stolen, self.now)?;
            return Ok(Rotated::Refused);
        }
        let account = usable(tx, row.account)?;
        let next = self.refreshing.fresh(id, row.epoch)?;
        row.refresh = Some(next.hash());
        row.seen_at = self.now;
        rows::put_in(tx, id, &row)?;
        // Before the next request with the same token is looked at.
        self.successors.keep(presented, &next, self.now);
        Ok(Rotated::Next(id, row.until, Box::new(account), next))
    }
}
