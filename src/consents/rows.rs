//! How consents are stored: one row a statement, numbered in the order in which they were said.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, Page, PageRequest, Timestamp};
use crate::seal::Owner;
use crate::store::{
    Direction, Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx, page_of,
};

use super::{Consent, Statement};

const STATEMENTS: Table<(AccountId, u64), StatementRow> = Table::new("consents", Holds::Account);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[STATEMENTS.info()];

#[derive(Serialize, Deserialize)]
struct StatementRow {
    consent: Consent,
    granted: bool,
    version: String,
    at: Timestamp,
}

impl Row<(AccountId, u64)> for StatementRow {
    fn owner(&self, (account, _): &(AccountId, u64)) -> Owner {
        Owner::Account(*account)
    }
}

impl From<StatementRow> for Statement {
    fn from(row: StatementRow) -> Self {
        let StatementRow { consent, granted, version, at } = row;
        Self { consent, granted, version, at }
    }
}

pub(super) fn current(tx: &impl Rows, account: AccountId) -> Result<Vec<Statement>, StoreError> {
    let mut current: Vec<Statement> = Vec::new();
    let range = Range::prefix(&account);
    tx.scan(&STATEMENTS, &range, Direction::Down, |_, row| {
        if !current.iter().any(|said| said.consent == row.consent) {
            current.push(row.into());
        }
        let done = current.len() == Consent::ALL.len();
        Ok::<_, StoreError>(if done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    current.sort_by_key(|said| said.consent);
    Ok(current)
}

pub(super) fn history(
    tx: &impl Rows,
    account: AccountId,
    page: &PageRequest,
) -> Result<Page<Statement>, StoreError> {
    page_of(tx, &STATEMENTS, Range::prefix(&account), Direction::Down, page, |_, row| {
        Ok(Some(row.into()))
    })
}

pub(super) fn append_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    said: &Statement,
) -> Result<(), StoreError> {
    let mut last = 0;
    let range = Range::prefix(&account);
    tx.scan_keys(&STATEMENTS, &range, Direction::Down, |(_, number): (AccountId, u64)| {
        last = number;
        Ok::<_, StoreError>(ControlFlow::Break(()))
    })?;
    let Statement { consent, granted, version, at } = said.clone();
    tx.put(&STATEMENTS, &(account, last + 1), &StatementRow { consent, granted, version, at })
}

pub(super) fn erase_account_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    tx.remove_range(&STATEMENTS, &Range::prefix(&account)).map(|_| ())
}
