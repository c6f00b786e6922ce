//! How looks are stored, and what was opened.

use serde::{Deserialize, Serialize};

use super::model::{Ended, Glass, Opened};
use crate::jobs::JobName;
use crate::kernel::{
    AccountId, BreakGlassId, CloneId, ConversationId, Page, PageRequest, SessionId, Timestamp,
};
use crate::seal::Owner;
use crate::store::{
    Direction, Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx, page_of,
};

pub(super) const GLASSES: Table<BreakGlassId, GlassRow> = Table::new("break_glass", Holds::Account);
pub(super) const OF_ACCOUNT: Table<(AccountId, BreakGlassId), ()> =
    Table::new("break_glass_of_account", Holds::Account);
/// Those that nobody has ended.
pub(super) const RUNNING: Table<BreakGlassId, ()> =
    Table::new("break_glass_running", Holds::Account);
/// What was opened, by its kind and sixteen bytes.
pub(super) const OPENED: Table<(BreakGlassId, u8, CloneId), OpenedRow> =
    Table::new("break_glass_opened", Holds::Account);

/// The tables of this slice.
pub const TABLES: &[TableInfo] =
    &[GLASSES.info(), OF_ACCOUNT.info(), RUNNING.info(), OPENED.info()];

/// The jobs that end looks when their time is over.
pub(super) const END: JobName<EndJob> = JobName::new("break_glass_end");

#[derive(Serialize, Deserialize)]
pub(super) struct EndJob {
    pub(super) id: BreakGlassId,
}

#[derive(Serialize, Deserialize)]
pub(super) struct GlassRow {
    by: AccountId,
    session: SessionId,
    epoch: u64,
    account: AccountId,
    reason: String,
    begun_at: Timestamp,
    until: Timestamp,
    ended: Option<(Timestamp, String)>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct OpenedRow {
    at: Timestamp,
}

impl Row<BreakGlassId> for GlassRow {
    fn owner(&self, _: &BreakGlassId) -> Owner {
        Owner::Account(self.account)
    }
}

impl Row<(BreakGlassId, u8, CloneId)> for OpenedRow {
    fn owner(&self, _: &(BreakGlassId, u8, CloneId)) -> Owner {
        Owner::Nobody
    }
}

fn glass_of(id: BreakGlassId, row: GlassRow) -> Glass {
    let how = |word: &str| Ended::ALL.into_iter().find(|how| how.word() == word);
    Glass {
        id,
        by: row.by,
        session: row.session,
        epoch: row.epoch,
        account: row.account,
        reason: row.reason,
        begun_at: row.begun_at,
        until: row.until,
        ended: row.ended.map(|(at, word)| (at, how(&word).unwrap_or(Ended::Time))),
    }
}

pub(super) fn glass(tx: &impl Rows, id: BreakGlassId) -> Result<Option<Glass>, StoreError> {
    Ok(tx.get(&GLASSES, &id)?.map(|row| glass_of(id, row)))
}

pub(super) fn put_in(tx: &mut WriteTx<'_>, glass: &Glass) -> Result<(), StoreError> {
    let row = GlassRow {
        by: glass.by,
        session: glass.session,
        epoch: glass.epoch,
        account: glass.account,
        reason: glass.reason.clone(),
        begun_at: glass.begun_at,
        until: glass.until,
        ended: glass.ended.map(|(at, how)| (at, how.word().to_owned())),
    };
    tx.put(&GLASSES, &glass.id, &row)?;
    tx.put(&OF_ACCOUNT, &(glass.account, glass.id), &())?;
    if glass.ended.is_none() {
        return tx.put(&RUNNING, &glass.id, &());
    }
    tx.remove(&RUNNING, &glass.id);
    Ok(())
}

/// Those that nobody has ended; some may be over.
pub(super) fn running(tx: &impl Rows) -> Result<Vec<Glass>, StoreError> {
    let mut found = Vec::new();
    for id in tx.keys(&RUNNING, &Range::all())? {
        found.extend(glass(tx, id)?);
    }
    Ok(found)
}

/// A page of all of them, newest first, with how many things were opened.
pub(super) fn page(
    tx: &impl Rows,
    request: &PageRequest,
) -> Result<Page<(Glass, usize)>, StoreError> {
    page_of(tx, &GLASSES, Range::all(), Direction::Down, request, |id, row| {
        let things = opened(tx, id)?.into_iter().filter(|(thing, _)| *thing != Opened::List);
        Ok(Some((glass_of(id, row), things.count())))
    })
}

/// Those before an account, newest first.
pub(super) fn of_account(tx: &impl Rows, account: AccountId) -> Result<Vec<Glass>, StoreError> {
    let mut found = Vec::new();
    let keys: Vec<(AccountId, BreakGlassId)> = tx.keys(&OF_ACCOUNT, &Range::prefix(&account))?;
    for (_, id) in keys.into_iter().rev() {
        found.extend(glass(tx, id)?);
    }
    Ok(found)
}

fn key(id: BreakGlassId, thing: Opened) -> (BreakGlassId, u8, CloneId) {
    match thing {
        Opened::List => (id, 0, CloneId::from_bytes([0; 16])),
        Opened::Clone(clone) => (id, 1, clone),
        Opened::Conversation(conversation) => (id, 2, CloneId::from_bytes(conversation.bytes())),
    }
}

pub(super) fn is_opened(
    tx: &impl Rows,
    id: BreakGlassId,
    thing: Opened,
) -> Result<bool, StoreError> {
    tx.has(&OPENED, &key(id, thing))
}

pub(super) fn put_opened_in(
    tx: &mut WriteTx<'_>,
    id: BreakGlassId,
    thing: Opened,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.put(&OPENED, &key(id, thing), &OpenedRow { at })
}

pub(super) fn opened(
    tx: &impl Rows,
    id: BreakGlassId,
) -> Result<Vec<(Opened, Timestamp)>, StoreError> {
    let found = tx.list(&OPENED, &Range::prefix(&id))?.into_iter();
    Ok(found
        .map(|((_, kind, thing), row)| {
            let thing = match kind {
                1 => Opened::Clone(thing),
                2 => Opened::Conversation(ConversationId::from_bytes(thing.bytes())),
                _ => Opened::List,
            };
            (thing, row.at)
        })
        .collect())
}

pub(super) fn erase_account_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    for glass in of_account(tx, account)? {
        tx.remove_range(&OPENED, &Range::prefix(&glass.id))?;
        tx.remove(&RUNNING, &glass.id);
        tx.remove(&GLASSES, &glass.id);
    }
    tx.remove_range(&OF_ACCOUNT, &Range::prefix(&account)).map(|_| ())
}
