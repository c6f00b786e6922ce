//! `Idempotency-Key`: what was asked for once is done once, crashes included.
//!
//! The record is written in the transaction of the effect and names what was made, so a replay
//! answers with that thing. Records are good for 24 hours.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, Clock, Fault, Kind, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::store::{
    Direction, Holds, Range, Row, Rows as _, StoreError, Table, TableInfo, WriteTx,
};

const RECORDS: Table<(AccountId, TokenHash), RecordRow> =
    Table::new("once_records", Holds::Account).passing();
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The tables of this module.
pub const TABLES: &[TableInfo] = &[RECORDS.info()];

#[derive(Serialize, Deserialize)]
struct RecordRow {
    request: TokenHash,
    made: Vec<u8>,
    at: Timestamp,
}

impl Row<(AccountId, TokenHash)> for RecordRow {
    fn owner(&self, (account, _): &(AccountId, TokenHash)) -> Owner {
        Owner::Account(*account)
    }
}

/// A caller's wish to have a request done once.
#[derive(Clone, Debug)]
pub struct Once {
    account: AccountId,
    key: TokenHash,
    request: TokenHash,
    now: Timestamp,
}

/// Why a repeated request is refused.
#[derive(Debug, thiserror::Error)]
pub enum OnceError {
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    OtherRequest,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OnceError> for Fault {
    fn from(error: OnceError) -> Self {
        match error {
            OnceError::OtherRequest => Self::new(
                Kind::Invalid,
                "idempotency_key_reused",
                "This Idempotency-Key was used for a different request.",
            ),
            OnceError::Store(error) => error.into(),
        }
    }
}

impl Once {
    /// A request of an account: its key, and the route and body that belong to it.
    pub fn new(account: AccountId, key: &str, route: &str, body: &[u8], clock: &Clock) -> Self {
        let mut request = blake3::Hasher::new();
        request.update(route.as_bytes()).update(&[0]).update(body);
        Self {
            account,
            key: TokenHash(blake3::hash(key.as_bytes()).into()),
            request: TokenHash(request.finalize().into()),
            now: clock.now(),
        }
    }

    /// The identifier (or identifiers, one after the other) of what this request made the first
    /// time, if it was done already. A request without a key never was.
    ///
    /// # Errors
    /// When the key was used for another request, or the database fails.
    pub fn made_in<const N: usize>(
        once: Option<&Self>,
        tx: &WriteTx<'_>,
    ) -> Result<Option<[u8; N]>, OnceError> {
        let Some(once) = once else { return Ok(None) };
        let Some(record) = tx.get(&RECORDS, &(once.account, once.key))? else {
            return Ok(None);
        };
        if once.now.since(record.at) > LIFETIME {
            return Ok(None);
        }
        if !record.request.same_as(&once.request) {
            return Err(OnceError::OtherRequest);
        }
        let made = record.made.try_into().map_err(|_| OnceError::OtherRequest)?;
        Ok(Some(made))
    }

    /// Remembers what was made, if the request has a key.
    ///
    /// # Errors
    /// When the database fails.
    pub fn record_in(
        once: Option<&Self>,
        tx: &mut WriteTx<'_>,
        made: &[u8],
    ) -> Result<(), StoreError> {
        let Some(once) = once else { return Ok(()) };
        let row = RecordRow { request: once.request, made: made.to_vec(), at: once.now };
        tx.put(&RECORDS, &(once.account, once.key), &row)
    }
}

/// Drops records that are past their lifetime; called now and then.
///
/// # Errors
/// When the database fails.
pub fn forget_old_in(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let mut old = Vec::new();
    tx.scan(&RECORDS, &Range::all(), Direction::Up, |key, row| {
        if now.since(row.at) > LIFETIME {
            old.push(key);
        }
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    for key in old {
        tx.remove(&RECORDS, &key);
    }
    Ok(())
}

/// Removes an account's records.
///
/// # Errors
/// When the database fails.
pub fn erase_account_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    tx.remove_range(&RECORDS, &Range::prefix(&account)).map(|_| ())
}
