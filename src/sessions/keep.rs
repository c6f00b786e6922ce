//! Seeing and ending sign-ins.

use crate::accounts::{AccountError, SecurityEvent, Watchers};
use crate::kernel::{AccountId, Secret, SessionId, Timestamp, Token, TokenHash};
use crate::store::{StoreError, WriteTx};

use super::rows::{self, SessionRow};
use super::uses::live_on;
use super::{ACCESS, NewSession, Session, Sessions, SignInBy, fresh, open_by_cookie, usable};

impl Sessions {
    /// The sign-ins of an account that are still good, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list(&self, account: AccountId) -> Result<Vec<Session>, AccountError> {
        let now = self.clock.now();
        self.store.read(|tx| {
            let epoch = usable(tx, account)?.epoch;
            let mut open: Vec<Session> = rows::of_account(tx, account)?
                .into_iter()
                .filter(|(_, row)| {
                    let idle_until = match row.by_cookie {
                        true => row.access_until,
                        false => row.seen_at.plus(self.lifetimes.idle),
                    };
                    row.epoch == epoch && now < row.until.min(idle_until)
                })
                .map(|(id, row)| view(id, row))
                .collect();
            open.reverse();
            Ok(open)
        })
    }

    /// Ends one of an account's sign-ins.
    ///
    /// # Errors
    /// When it is not there (any more), or not the account's.
    pub async fn end_one(&self, account: AccountId, id: SessionId) -> Result<(), AccountError> {
        let this = self.clone();
        self.store
            .write(move |tx| match this.end_in(tx, account, id)? {
                true => Ok(()),
                false => Err(AccountError::Missing),
            })
            .await
    }

    /// The same in the caller's transaction; whether there was such a sign-in.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        id: SessionId,
    ) -> Result<bool, StoreError> {
        let Some(row) = rows::session(tx, id)?.filter(|row| row.account == account) else {
            return Ok(false);
        };
        rows::end_in(tx, id, &row);
        self.watchers.tell_in(tx, account, &SecurityEvent::SessionEnded, self.clock.now())?;
        Ok(true)
    }

    /// Ends every sign-in of an account but, if one is named, that one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_all(
        &self,
        account: AccountId,
        except: Option<SessionId>,
    ) -> Result<(), AccountError> {
        let (now, watchers) = (self.clock.now(), self.watchers.clone());
        self.store
            .write(move |tx| {
                for (id, row) in rows::of_account(tx, account)? {
                    if Some(id) != except {
                        rows::end_in(tx, id, &row);
                    }
                }
                Ok(watchers.tell_in(tx, account, &SecurityEvent::AllSessionsEnded, now)?)
            })
            .await
    }

    /// Ends the sign-in that a cookie, access or refresh token belongs to.
    ///
    /// # Errors
    /// When the store fails; an unknown token is no error.
    pub async fn end(&self, presented: &str) -> Result<(), AccountError> {
        let hash = TokenHash::of(presented);
        let now = self.clock.now();
        let by_access = self.tokens.read(presented, now).map(|claims| claims.session());
        let (refreshing, text) = (self.refreshing.clone(), Secret::new(presented.to_owned()));
        let watchers = self.watchers.clone();
        self.store
            .write(move |tx| {
                let found = match (by_access, rows::by_token(tx, &hash)?) {
                    (Some(id), _) => rows::session(tx, id)?.map(|row| (id, row)),
                    (None, Some(by_cookie)) => Some(by_cookie),
                    (None, None) => refreshing.session(tx, text.reveal())?,
                };
                if let Some((id, row)) = found {
                    rows::end_in(tx, id, &row);
                    watchers.tell_in(tx, row.account, &SecurityEvent::SignedOut, now)?;
                }
                Ok::<_, AccountError>(())
            })
            .await
    }

    /// Carries one sign-in over into the account's next security epoch, with new tokens; the
    /// others stay behind.
    ///
    /// # Errors
    /// When it has ended, as by another epoch that began meanwhile, or the store fails.
    pub async fn carry_over(&self, id: SessionId) -> Result<NewSession, AccountError> {
        let (now, lifetimes) = (self.clock.now(), self.lifetimes);
        let (cookie, refreshing) = (fresh()?, self.refreshing.clone());
        let new_cookie = cookie.hash();
        let (account, row, refresh) = self
            .store
            .write(move |tx| {
                let mut row = rows::session(tx, id)?.ok_or(AccountError::NotSignedIn)?;
                let account = usable(tx, row.account)?;
                if row.epoch + 1 != account.epoch {
                    return Err(AccountError::NotSignedIn);
                }
                for (other, row) in rows::of_account(tx, account.id)? {
                    rows::end_in(tx, other, &row);
                }
                row.epoch = account.epoch;
                row.access = new_cookie;
                live_on(&mut row, lifetimes, now);
                let refresh = match row.by_cookie {
                    true => None,
                    false => Some(refreshing.fresh(id, row.epoch)?),
                };
                row.refresh = refresh.as_ref().map(Token::hash);
                rows::put_in(tx, id, &row)?;
                Ok::<_, AccountError>((account, row, refresh))
            })
            .await?;
        match refresh {
            Some(refresh) => self.by_tokens(id, refresh, account, (now, row.until)),
            None => Ok(super::by_cookie(cookie, account, &row, now)),
        }
    }

    /// Removes what has expired; called now and then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store.write(move |tx| rows::end_old_in(tx, now, ACCESS)).await
    }
}

/// Ends the sign-in of a cookie that another takes the place of, if it still opens anything.
pub(super) fn end_held_in(
    tx: &mut WriteTx<'_>,
    watchers: &Watchers,
    cookie: &TokenHash,
    now: Timestamp,
) -> Result<(), AccountError> {
    let (id, row) = match open_by_cookie(tx, cookie, now) {
        Ok(found) => found,
        Err(AccountError::NotSignedIn) => return Ok(()),
        Err(other) => return Err(other),
    };
    // What an admin or another password has ended is not signed out by anybody.
    let opens = match super::signed_in(tx, id, &row) {
        Ok(_) => true,
        Err(AccountError::NotSignedIn | AccountError::Suspended) => false,
        Err(other) => return Err(other),
    };
    rows::end_in(tx, id, &row);
    if opens {
        watchers.tell_in(tx, row.account, &SecurityEvent::SignedOut, now)?;
    }
    Ok(())
}

fn view(id: SessionId, row: SessionRow) -> Session {
    Session {
        id,
        by: if row.by_cookie { SignInBy::Cookie } else { SignInBy::Tokens },
        label: row.label,
        address: row.address,
        created_at: row.created_at,
        seen_at: row.seen_at,
        until: row.until,
    }
}
