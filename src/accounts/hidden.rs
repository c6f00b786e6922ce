//! Accounts of whose things nobody is shown any: those that are being erased, until the last of it
//! is, and those whose owners had the processing restricted, until they lift that.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, Timestamp};
use crate::seal::Owner;
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, WriteTx};

pub(super) const HIDDEN: Table<AccountId, HiddenRow> =
    Table::new("accounts_hidden", Holds::Account);

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Why {
    Leaving,
    Restricted,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct HiddenRow {
    since: Timestamp,
    why: Why,
}

impl Row<AccountId> for HiddenRow {
    fn owner(&self, _: &AccountId) -> Owner {
        // Asked with every memory, by whoever reads it.
        Owner::Instance
    }
}

/// Who is hidden, and since when; mostly nobody.
#[derive(Debug, Default)]
pub struct Hidden(HashMap<AccountId, Timestamp>);

impl Hidden {
    /// All who are hidden.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(tx: &impl Rows) -> Result<Self, StoreError> {
        let rows = tx.list(&HIDDEN, &Range::all())?;
        Ok(Self(rows.into_iter().map(|(account, row)| (account, row.since)).collect()))
    }

    /// Since when an account has been hidden.
    pub fn since(&self, account: AccountId) -> Option<Timestamp> {
        self.0.get(&account).copied()
    }
}

/// Since when an account has been hidden.
///
/// # Errors
/// When the store fails.
pub fn hidden_since(tx: &impl Rows, account: AccountId) -> Result<Option<Timestamp>, StoreError> {
    Ok(tx.get(&HIDDEN, &account)?.map(|row| row.since))
}

/// Since when what is an account's has only been stored, because its owner wants it so.
///
/// # Errors
/// When the store fails.
pub fn restricted_since(
    tx: &impl Rows,
    account: AccountId,
) -> Result<Option<Timestamp>, StoreError> {
    let row = tx.get(&HIDDEN, &account)?.filter(|row| row.why == Why::Restricted);
    Ok(row.map(|row| row.since))
}

/// From now on nobody is shown what an account has written, because it is being erased.
///
/// # Errors
/// When the store fails.
pub fn leave_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.put(&HIDDEN, &account, &HiddenRow { since: now, why: Why::Leaving })
}

/// From now on what an account has written is only stored; whether it was not already.
///
/// # Errors
/// When the store fails.
pub fn restrict_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if tx.has(&HIDDEN, &account)? {
        return Ok(false);
    }
    tx.put(&HIDDEN, &account, &HiddenRow { since: now, why: Why::Restricted })?;
    Ok(true)
}

/// What an account has written is there again for whom it was; whether it was only stored.
///
/// # Errors
/// When the store fails.
pub fn lift_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<bool, StoreError> {
    let was_restricted = restricted_since(tx, account)?.is_some();
    if was_restricted {
        tx.remove(&HIDDEN, &account);
    }
    Ok(was_restricted)
}

/// There is nothing left of an account that anybody could be shown.
pub fn left_in(tx: &mut WriteTx<'_>, account: AccountId) {
    tx.remove(&HIDDEN, &account);
}
