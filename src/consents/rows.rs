//! How consents are stored: one row a statement, numbered in the order in which they were said,
//! each with a hash over the one before, so that nobody takes one out or puts one in unseen.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::kernel::{AccountId, Page, PageRequest, SessionId, Timestamp};
use crate::seal::Owner;
use crate::store::{
    Direction, Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx, page_of,
};

use super::model::{Channel, Consent, Said, Statement};

pub(super) const STATEMENTS: Table<(AccountId, u64), StatementRow> =
    Table::new("consents", Holds::Account);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[STATEMENTS.info()];

#[derive(Serialize, Deserialize)]
pub(super) struct StatementRow {
    consent: Consent,
    granted: bool,
    version: String,
    at: Timestamp,
    #[serde(default)]
    said: Option<SaidRow>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SaidRow {
    channel: Channel,
    session: Option<SessionId>,
    locale: String,
    text: String,
    hash: String,
    recipients: Vec<String>,
    /// Over this statement and the link of the one before.
    link: [u8; 32],
}

impl Row<(AccountId, u64)> for StatementRow {
    fn owner(&self, (account, _): &(AccountId, u64)) -> Owner {
        Owner::Account(*account)
    }
}

pub(super) fn statement_of(number: u64, row: StatementRow) -> Statement {
    let StatementRow { consent, granted, version, at, said } = row;
    let said = said.map(|said| Said {
        channel: said.channel,
        session: said.session,
        locale: said.locale,
        text: said.text,
        hash: said.hash,
        recipients: said.recipients,
    });
    Statement { number, consent, granted, version, at, said }
}

/// What an account said last about a consent.
pub(super) fn last(
    tx: &impl Rows,
    account: AccountId,
    consent: Consent,
) -> Result<Option<Statement>, StoreError> {
    let mut found = None;
    tx.scan(&STATEMENTS, &Range::prefix(&account), Direction::Down, |(_, number), row| {
        if row.consent != consent {
            return Ok::<_, StoreError>(ControlFlow::Continue(()));
        }
        found = Some(statement_of(number, row));
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

pub(super) fn current(tx: &impl Rows, account: AccountId) -> Result<Vec<Statement>, StoreError> {
    let mut current: Vec<Statement> = Vec::new();
    let range = Range::prefix(&account);
    tx.scan(&STATEMENTS, &range, Direction::Down, |(_, number), row| {
        if !current.iter().any(|said| said.consent == row.consent) {
            current.push(statement_of(number, row));
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
    let range = Range::prefix(&account);
    page_of(tx, &STATEMENTS, range, Direction::Down, page, |(_, number), row| {
        Ok(Some(statement_of(number, row)))
    })
}

/// Adds a statement after all others; its own number is not looked at.
pub(super) fn append_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    statement: &Statement,
) -> Result<(), StoreError> {
    let (mut last, mut before) = (0, [0; 32]);
    tx.scan(&STATEMENTS, &Range::prefix(&account), Direction::Down, |(_, number), row| {
        last = number;
        before = row.said.map_or([0; 32], |said| said.link);
        Ok::<_, StoreError>(ControlFlow::Break(()))
    })?;
    let number = last + 1;
    let statement = Statement { number, ..statement.clone() };
    let link = link(&statement, before);
    let Statement { consent, granted, version, at, said, .. } = statement;
    let said = said.map(|said| SaidRow {
        channel: said.channel,
        session: said.session,
        locale: said.locale,
        text: said.text,
        hash: said.hash,
        recipients: said.recipients,
        link,
    });
    let row = StatementRow { consent, granted, version, at, said };
    tx.put(&STATEMENTS, &(account, number), &row)
}

/// Whether every statement of an account is as it was made and follows the one before.
pub(super) fn is_whole(tx: &impl Rows, account: AccountId) -> Result<bool, StoreError> {
    let (mut expected, mut before, mut whole) = (1, [0; 32], true);
    tx.scan(&STATEMENTS, &Range::prefix(&account), Direction::Up, |(_, number), row| {
        whole &= number == expected;
        expected = number + 1;
        let kept = row.said.as_ref().map(|said| said.link);
        before = match kept {
            Some(kept) => {
                whole &= kept == link(&statement_of(number, row), before);
                kept
            }
            None => [0; 32],
        };
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    Ok(whole)
}

/// The hash of a statement and the link before. Every part is preceded by its length.
fn link(statement: &Statement, before: [u8; 32]) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    };
    add(&before);
    add(&statement.number.to_be_bytes());
    add(statement.consent.name().as_bytes());
    add(&[u8::from(statement.granted)]);
    add(statement.version.as_bytes());
    add(&statement.at.0.to_be_bytes());
    if let Some(said) = &statement.said {
        add(said.channel.name().as_bytes());
        add(said.session.map(|session| session.to_string()).unwrap_or_default().as_bytes());
        add(said.locale.as_bytes());
        add(said.text.as_bytes());
        add(said.hash.as_bytes());
        said.recipients.iter().for_each(|host| add(host.as_bytes()));
    }
    digest.finalize().into()
}

pub(super) fn erase_account_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    tx.remove_range(&STATEMENTS, &Range::prefix(&account)).map(|_| ())
}
