//! API keys: how programs of an account come in.
//!
//! A key is shown once; what is kept is its hash under a key of this instance. It names the
//! security epoch it was made in like everything else that opens an account.

mod meter;
mod model;
mod personal;
mod rows;

use std::net::IpAddr;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::accounts::{Account, AccountError, Failure, SecurityEvent, Watchers, account_in};
use crate::jobs::{Eraser, Once, OnceError, Subject, Tasks};
use crate::kernel::{
    AccountId, ApiKeyId, Clock, Credential, Fault, FieldProblem, Kind, Timestamp, TokenHash,
};
use crate::store::{Portion, Store, StoreError, WriteTx};

use self::meter::{Meter, day_of};
use self::rows::KeyRow;

pub use model::{ApiKey, DayUse, Holder, Left, MadeKey, NewKey, Rate, Scopes};
pub use rows::TABLES;

/// What a key looks like.
const KEY: Credential = Credential::of("cmk_");
/// How often the use of keys is written down.
const WRITE_EVERY: Duration = Duration::from_secs(5);
/// Keys of one account at most.
const MOST: usize = 50;
/// Days of use that lists sum up.
const RECENT_DAYS: u32 = 30;

/// A failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// There is no such key, or it is not the account's.
    #[error("there is no such key")]
    Missing,
    /// The key opens nothing (any more).
    #[error("the key is not good")]
    NotGood,
    /// The key is good, but not at this address.
    #[error("the key is not good at this address")]
    Elsewhere,
    /// The key was used too often.
    #[error("the key was used too often")]
    Spent(Left),
    /// The account has as many keys as it may.
    #[error("too many keys")]
    TooMany,
    /// It would have ended before it was made.
    #[error("its end lies in the past")]
    Past,
    /// A repeated request was not the same.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// The account could not be had.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ApiKeyError> for Fault {
    fn from(error: ApiKeyError) -> Self {
        match error {
            ApiKeyError::Missing => Self::not_found(),
            ApiKeyError::NotGood => Self::new(
                Kind::Unauthenticated,
                "unauthenticated",
                "This API key is mistyped, revoked or expired; make another in the account.",
            ),
            ApiKeyError::Elsewhere => Self::new(
                Kind::Forbidden,
                "key_elsewhere",
                "This API key is good in other networks only; use it there, or make another.",
            ),
            ApiKeyError::Spent(left) => Self::new(
                Kind::Limited,
                "rate_limited",
                "This API key has made all the requests of its window; wait for the next.",
            )
            .retry_after(left.resets_in),
            ApiKeyError::TooMany => Self::new(
                Kind::Conflict,
                "too_many_keys",
                format!("An account can have {MOST} keys; revoke one first."),
            ),
            ApiKeyError::Past => {
                Self::field(FieldProblem::OutOfRange, "/expires_at", "must lie in the future")
            }
            ApiKeyError::Once(error) => error.into(),
            ApiKeyError::Account(error) => error.into(),
            ApiKeyError::Store(error) => error.into(),
        }
    }
}

/// The API keys of this instance.
#[derive(Clone)]
pub struct ApiKeys {
    store: Store,
    clock: Clock,
    watchers: Watchers,
    /// Keys are hashed with this, so that a stolen database alone recognises none.
    pepper: [u8; 32],
    meter: Meter,
}

impl ApiKeys {
    /// The keys in a store, hashed under a key of the instance.
    pub fn new(store: Store, clock: Clock, watchers: Watchers, pepper: [u8; 32]) -> Self {
        Self { store, clock, watchers, pepper, meter: Meter::default() }
    }

    /// Begins to write down how keys are used, until the process stops.
    pub fn start(&self, tasks: &Tasks) {
        let (this, stop) = (self.clone(), tasks.stopping());
        tasks.spawn("api key usage", async move { this.write_usage(stop).await });
    }

    async fn write_usage(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(WRITE_EVERY) => {}
            }
            if let Err(error) = self.flush().await {
                tracing::warn!(%error, "the use of API keys could not be written down");
            }
            if stop.is_cancelled() {
                return;
            }
        }
    }

    async fn flush(&self) -> Result<(), StoreError> {
        let unwritten = self.meter.unwritten();
        if unwritten.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                unwritten.iter().try_for_each(|(owner, days)| rows::count_in(tx, *owner, days, now))
            })
            .await
    }

    fn hash(&self, key: &str) -> TokenHash {
        TokenHash(blake3::keyed_hash(&self.pepper, key.as_bytes()).into())
    }

    /// Makes a key for an account.
    ///
    /// # Errors
    /// When the account has too many, or the store fails.
    pub async fn create(
        &self,
        account: AccountId,
        new: NewKey,
        once: Option<Once>,
    ) -> Result<MadeKey, ApiKeyError> {
        let fresh = KEY.fresh().map_err(AccountError::Random)?;
        let hash = self.hash(fresh.whole.reveal());
        let (now, watchers) = (self.clock.now(), self.watchers.clone());
        self.store
            .write(move |tx| {
                if let Some(made) = Once::made_in(once.as_ref(), tx)? {
                    let key = rows::key(tx, account, ApiKeyId::from_bytes(made))?;
                    return Ok(MadeKey { key: key.ok_or(ApiKeyError::Missing)?, text: None });
                }
                if new.expires_at.is_some_and(|until| until <= now) {
                    return Err(ApiKeyError::Past);
                }
                let owner = account_in(tx, account)?.ok_or(AccountError::NotSignedIn)?;
                make_room_in(tx, &owner, now)?;
                let (id, label) = (ApiKeyId::fresh(), new.label.to_string());
                let row = KeyRow::new(new, fresh.name, hash, owner.epoch, now);
                rows::put_in(tx, account, id, &row)?;
                Once::record_in(once.as_ref(), tx, &id.bytes())?;
                let event = SecurityEvent::ApiKeyCreated { key: id, label };
                watchers.tell_in(tx, account, &event, now)?;
                let key = rows::key(tx, account, id)?.ok_or(ApiKeyError::Missing)?;
                Ok(MadeKey { key, text: Some(fresh.whole) })
            })
            .await
    }

    /// The keys of an account that still open something, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list(&self, account: AccountId) -> Result<Vec<ApiKey>, ApiKeyError> {
        let since = day_of(self.clock.now()).saturating_sub(RECENT_DAYS - 1);
        self.store.read(|tx| {
            let owner = account_in(tx, account)?.ok_or(AccountError::NotSignedIn)?;
            let keys = rows::of_account(tx, account, since)?.into_iter();
            Ok(keys.filter(|(_, epoch)| *epoch == owner.epoch).map(|(key, _)| key).collect())
        })
    }

    /// What a key of an account was used for within the last days, oldest first.
    ///
    /// # Errors
    /// When it is not the account's, or the store fails.
    pub fn usage(
        &self,
        account: AccountId,
        id: ApiKeyId,
        days: u32,
    ) -> Result<Vec<DayUse>, ApiKeyError> {
        let since = day_of(self.clock.now()).saturating_sub(days.saturating_sub(1));
        self.store.read(|tx| {
            rows::key(tx, account, id)?.ok_or(ApiKeyError::Missing)?;
            Ok(rows::usage(tx, id, since)?)
        })
    }

    /// Revokes a key of an account.
    ///
    /// # Errors
    /// When it is not the account's, or the store fails.
    pub async fn revoke(&self, account: AccountId, id: ApiKeyId) -> Result<(), ApiKeyError> {
        let (now, watchers) = (self.clock.now(), self.watchers.clone());
        self.store
            .write(move |tx| {
                let key = rows::key(tx, account, id)?.ok_or(ApiKeyError::Missing)?;
                rows::remove_in(tx, account, id)?;
                let label = key.label.to_string();
                Ok::<_, ApiKeyError>(watchers.tell_in(
                    tx,
                    account,
                    &SecurityEvent::ApiKeyRevoked { key: id, label },
                    now,
                )?)
            })
            .await?;
        self.meter.forget(id);
        Ok(())
    }

    /// Whose key this is that comes from an address, and how much of its window is left after this
    /// request.
    ///
    /// # Errors
    /// [`ApiKeyError::NotGood`] when it opens nothing, [`ApiKeyError::Elsewhere`] when it opens
    /// nothing there, [`ApiKeyError::Spent`] when its window is used up.
    pub fn resolve(&self, text: &str, from: Option<IpAddr>) -> Result<(Holder, Left), ApiKeyError> {
        // Without a look at the database: the checksum of what is mistyped is wrong.
        let name = KEY.name_of(text).ok_or(ApiKeyError::NotGood)?;
        let (now, hash) = (self.clock.now(), self.hash(text));
        let (holder, rate) = self.store.read(|tx| {
            let Some((account, key, row)) = rows::by_name(tx, name)? else {
                // Takes as long as a key of this name with another secret.
                rows::read_any(tx)?;
                return Err(ApiKeyError::NotGood);
            };
            if !row.hash.same_as(&hash) {
                return Err(ApiKeyError::NotGood);
            }
            let owner = account_in(tx, account)?.ok_or(ApiKeyError::NotGood)?;
            let good = row.epoch == owner.epoch
                && owner.suspended_at.is_none()
                && row.expires_at.is_none_or(|until| now < until);
            if !good {
                return Err(ApiKeyError::NotGood);
            }
            if !row.is_good_at(from) {
                self.watchers.failed(Some(account), Failure::KeyElsewhere);
                return Err(ApiKeyError::Elsewhere);
            }
            let (scopes, rate) = (row.scopes(), row.rate());
            let clones = row.clones.map(Into::into);
            Ok((Holder { account, key, scopes, clones, locale: owner.locale }, rate))
        })?;
        let (left, admitted) = self.meter.take(holder.key, rate, now);
        if !admitted {
            return Err(ApiKeyError::Spent(left));
        }
        Ok((holder, left))
    }

    /// Counts a request that was made with a key, by the name of the operation.
    pub fn count(&self, owner: (AccountId, ApiKeyId), operation: &str) {
        self.meter.count(owner, operation.to_owned(), self.clock.now());
    }

    /// Whether a key still opens anything, for what goes on longer than a look.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_open(&self, account: AccountId, id: ApiKeyId) -> Result<bool, ApiKeyError> {
        let now = self.clock.now();
        let keys = self.list(account)?;
        let open = |key: &ApiKey| key.id == id && !key.is_over(now);
        Ok(keys.iter().any(open))
    }
}

/// Makes room for another key: the oldest that opens nothing any more goes.
fn make_room_in(tx: &mut WriteTx<'_>, owner: &Account, now: Timestamp) -> Result<(), ApiKeyError> {
    let keys = rows::of_account(tx, owner.id, u32::MAX)?;
    if keys.len() < MOST {
        return Ok(());
    }
    let is_over = |key: &ApiKey, epoch| epoch != owner.epoch || key.is_over(now);
    let over = keys.iter().rev().find(|(key, epoch)| is_over(key, *epoch));
    let (oldest, _) = over.ok_or(ApiKeyError::TooMany)?;
    rows::remove_in(tx, owner.id, oldest.id)?;
    Ok(())
}

/// Removes what this slice knows of an account.
pub struct ApiKeyEraser;

impl Eraser for ApiKeyEraser {
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
