//! Accounts that are gone and whose things are being erased: until the last of them is, nobody is
//! shown any.

use std::collections::HashMap;

use crate::kernel::{AccountId, Timestamp};
use crate::store::{Holds, Range, Rows, StoreError, Table, WriteTx};

/// Who, and since when in microseconds since 1970.
pub(super) const LEAVING: Table<AccountId, u64> = Table::new("accounts_leaving", Holds::Account);

/// Who is leaving, and since when; mostly nobody.
#[derive(Debug, Default)]
pub struct Leaving(HashMap<AccountId, Timestamp>);

impl Leaving {
    /// All who are leaving.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(tx: &impl Rows) -> Result<Self, StoreError> {
        let rows = tx.list(&LEAVING, &Range::all())?;
        Ok(Self(rows.into_iter().map(|(account, since)| (account, moment(since))).collect()))
    }

    /// Since when an account has been leaving.
    pub fn since(&self, account: AccountId) -> Option<Timestamp> {
        self.0.get(&account).copied()
    }
}

/// Since when an account has been leaving.
///
/// # Errors
/// When the store fails.
pub fn leaving_since(tx: &impl Rows, account: AccountId) -> Result<Option<Timestamp>, StoreError> {
    Ok(tx.get(&LEAVING, &account)?.map(moment))
}

/// From now on nobody is shown what an account has written.
///
/// # Errors
/// When the store fails.
pub fn leave_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.put(&LEAVING, &account, &u64::try_from(now.0).unwrap_or_default())
}

/// There is nothing left of an account that anybody could be shown.
pub fn left_in(tx: &mut WriteTx<'_>, account: AccountId) {
    tx.remove(&LEAVING, &account);
}

fn moment(since: u64) -> Timestamp {
    Timestamp(i64::try_from(since).unwrap_or(i64::MAX))
}
