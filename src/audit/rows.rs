//! How the log is stored. Its bytes are what is hashed, so they never pass through a codec that
//! could write the same thing in two ways: a version byte and JSON, behind the hash.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::accounts::Actor;
use crate::kernel::{AccountId, CloneId, Cursor, Page, PageRequest, SpaceId, Timestamp};
use crate::seal::Owner;
use crate::store::{
    Direction, Holds, Key as _, Range, RawTable, Rows, StoreError, Table, TableInfo, WriteTx,
};

use super::chain::{End, body_of};
use super::model::{Chain, Entry, Filter, Thing};

pub(super) const LOG: RawTable<u64> = RawTable::new("audit_log", Holds::Nothing, Owner::Nobody);
/// Where the log ends, and where it begins: what the last entry that was dropped carried.
pub(super) const ENDS: RawTable<u8> =
    RawTable::new("audit_log_ends", Holds::Nothing, Owner::Nobody);
/// Which entries name an account.
pub(super) const OF_ACCOUNT: Table<(AccountId, u64), ()> =
    Table::new("audit_of_account", Holds::Account);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[LOG.info(), ENDS.info(), OF_ACCOUNT.info()];

pub(super) const LAST: u8 = 0;
pub(super) const DROPPED: u8 = 1;

/// The shape of bodies that is written.
const VERSION: u8 = 1;
/// Entries dropped at once.
const DROP_AT_ONCE: usize = 10_000;

/// Something to be written down.
#[derive(Clone, Debug)]
pub(super) struct NewEntry {
    pub(super) event: &'static str,
    pub(super) actor: Actor,
    pub(super) subject: Option<Thing>,
    pub(super) details: BTreeMap<String, String>,
    pub(super) address: Option<String>,
}

impl NewEntry {
    pub(super) fn new(event: &'static str, actor: Actor) -> Self {
        Self { event, actor, subject: None, details: BTreeMap::new(), address: None }
    }

    pub(super) fn about(mut self, thing: Thing) -> Self {
        self.subject = Some(thing);
        self
    }

    pub(super) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.details.insert(name.to_owned(), value.to_string());
        self
    }
}

#[derive(Serialize, Deserialize)]
struct Body {
    at: Timestamp,
    event: String,
    actor: ActorRow,
    subject: Option<ThingRow>,
    details: BTreeMap<String, String>,
    address: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActorRow {
    Account(AccountId),
    System,
    Nobody,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ThingRow {
    Account(AccountId),
    Clone(CloneId),
    Space(SpaceId),
}

impl From<NewEntry> for Body {
    fn from(entry: NewEntry) -> Self {
        Self {
            at: Timestamp::default(),
            event: entry.event.to_owned(),
            actor: match entry.actor {
                Actor::Account(id) => ActorRow::Account(id),
                Actor::System => ActorRow::System,
                Actor::Nobody => ActorRow::Nobody,
            },
            subject: entry.subject.map(|subject| match subject {
                Thing::Account(id) => ThingRow::Account(id),
                Thing::Clone(id) => ThingRow::Clone(id),
                Thing::Space(id) => ThingRow::Space(id),
            }),
            details: entry.details,
            address: entry.address,
        }
    }
}

impl Body {
    fn entry(self, number: u64) -> Entry {
        Entry {
            number,
            at: self.at,
            event: self.event,
            actor: match self.actor {
                ActorRow::Account(id) => Actor::Account(id),
                ActorRow::System => Actor::System,
                ActorRow::Nobody => Actor::Nobody,
            },
            subject: self.subject.map(|subject| match subject {
                ThingRow::Account(id) => Thing::Account(id),
                ThingRow::Clone(id) => Thing::Clone(id),
                ThingRow::Space(id) => Thing::Space(id),
            }),
            details: self.details,
            address: self.address,
        }
    }

    /// The accounts that it names.
    fn accounts(&self) -> impl Iterator<Item = AccountId> + use<> {
        let actor = match self.actor {
            ActorRow::Account(id) => Some(id),
            ActorRow::System | ActorRow::Nobody => None,
        };
        let subject = match self.subject {
            Some(ThingRow::Account(id)) => Some(id),
            _ => None,
        };
        actor.into_iter().chain(subject)
    }

    fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        match bytes {
            [VERSION, json @ ..] => serde_json::from_slice(json).map_err(|_| damaged()),
            _ => Err(damaged()),
        }
    }
}

fn damaged() -> StoreError {
    StoreError::Damaged { table: LOG.info().name, reason: "an entry is none".to_owned() }
}

/// Writes an entry down, after all that are there.
pub(super) fn append_in(
    tx: &mut WriteTx<'_>,
    entry: NewEntry,
    at: Timestamp,
) -> Result<(), StoreError> {
    let body = Body { at, ..Body::from(entry) };
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, &body).map_err(|_| damaged())?;
    let (end, value) = last_or_any(tx)?.extend(&bytes);
    tx.put_raw(&LOG, &end.number, &value)?;
    tx.put_raw(&ENDS, &LAST, &end.bytes())?;
    body.accounts().try_for_each(|account| tx.put(&OF_ACCOUNT, &(account, end.number), &()))
}

/// Where the log ends. What somebody damaged must not keep everybody from signing in: then it
/// goes on behind the entry with the highest number, and never fits again.
fn last_or_any(tx: &impl Rows) -> Result<End, StoreError> {
    match end(tx, LAST) {
        Ok(Some(end)) => return Ok(end),
        Ok(None) | Err(StoreError::Damaged { .. }) => {}
        Err(other) => return Err(other),
    }
    let mut number = 0;
    tx.scan_bytes(LOG.info().name, &Range::all(), Direction::Down, &mut |key, _| {
        number = key.try_into().map_or(0, u64::from_be_bytes);
        ControlFlow::Break(())
    })?;
    Ok(End { number, ..End::BEGINNING })
}

fn end(tx: &impl Rows, which: u8) -> Result<Option<End>, StoreError> {
    match tx.get_raw(&ENDS, &which)? {
        Some(bytes) => End::read(&bytes).map(Some).ok_or_else(damaged),
        None => Ok(None),
    }
}

/// Goes through everything and says how far it fits.
pub(super) fn verify(tx: &impl Rows) -> Result<Chain, StoreError> {
    let (first, last) = match (end(tx, DROPPED), end(tx, LAST)) {
        (Ok(first), Ok(last)) => (first.unwrap_or(End::BEGINNING), last.unwrap_or(End::BEGINNING)),
        (Err(StoreError::Damaged { .. }), _) | (_, Err(StoreError::Damaged { .. })) => {
            return Ok(Chain { entries: 0, broken_at: Some(1) });
        }
        (Err(other), _) | (_, Err(other)) => return Err(other),
    };
    let mut at = first;
    let walked = tx.scan_raw(&LOG, &Range::all(), Direction::Up, |number, value| {
        let Some((next, _)) = at.follow(number, &value) else { return Err(damaged()) };
        at = next;
        Ok(ControlFlow::Continue(()))
    });
    let fits = match walked {
        Ok(()) => at == last,
        Err(StoreError::Damaged { .. }) => false,
        Err(other) => return Err(other),
    };
    let entries = at.number - first.number;
    Ok(Chain { entries, broken_at: (!fits).then_some(at.number + 1) })
}

/// Entries that a filter admits, newest first.
pub(super) fn page(
    tx: &impl Rows,
    filter: &Filter,
    request: &PageRequest,
) -> Result<Page<Entry>, StoreError> {
    let before = request.after.as_ref().map(|cursor| cursor.0.as_slice());
    let before = before.map(|bytes| bytes.try_into().map_or(0, u64::from_be_bytes));
    let before = before.unwrap_or(u64::MAX);
    let (mut items, mut more) = (Vec::new(), false);
    let mut take = |entry: Entry| {
        if filter.admits(&entry) {
            more = items.len() == request.limit;
            if more {
                return ControlFlow::Break(());
            }
            items.push(entry);
        }
        ControlFlow::Continue(())
    };
    match filter.account {
        None => {
            let range = Range::between(&0_u64, &before);
            tx.scan_raw(&LOG, &range, Direction::Down, |number, value| {
                Ok::<_, StoreError>(take(read(number, &value)?))
            })?;
        }
        Some(account) => {
            let range = Range::between(&(account, 0_u64), &(account, before));
            tx.scan_keys(&OF_ACCOUNT, &range, Direction::Down, |(_, number)| {
                let value = tx.get_raw(&LOG, &number)?.ok_or_else(damaged)?;
                Ok::<_, StoreError>(take(read(number, &value)?))
            })?;
        }
    }
    let last = items.last().map(|entry: &Entry| Cursor(entry.number.to_bytes()));
    Ok(Page { next: last.filter(|_| more), items })
}

fn read(number: u64, value: &[u8]) -> Result<Entry, StoreError> {
    Ok(Body::read(body_of(value).ok_or_else(damaged)?)?.entry(number))
}

pub(super) fn last_act(
    tx: &impl Rows,
    account: AccountId,
) -> Result<Option<Timestamp>, StoreError> {
    let mut found = None;
    tx.scan_keys(&OF_ACCOUNT, &Range::prefix(&account), Direction::Down, |(_, number)| {
        let value = tx.get_raw(&LOG, &number)?.ok_or_else(damaged)?;
        let entry = read(number, &value)?;
        found = (entry.actor == Actor::Account(account)).then_some(entry.at);
        let go_on = found.is_none();
        Ok::<_, StoreError>(if go_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(found)
}

/// Drops the oldest entries as long as they are old enough, and keeps what the last of them
/// carried. It stops before an entry that does not fit, so that dropping hides nothing.
pub(super) fn prune_in(
    tx: &mut WriteTx<'_>,
    is_old: impl Fn(Timestamp) -> bool,
) -> Result<(), StoreError> {
    let Ok(first) = end(tx, DROPPED) else { return Ok(()) };
    let mut at = first.unwrap_or(End::BEGINNING);
    let mut old = Vec::new();
    tx.scan_raw(&LOG, &Range::all(), Direction::Up, |number, value| {
        let Some((next, body)) = at.follow(number, &value) else {
            return Ok(ControlFlow::Break(()));
        };
        let body = Body::read(body)?;
        if !is_old(body.at) || old.len() >= DROP_AT_ONCE {
            return Ok(ControlFlow::Break(()));
        }
        at = next;
        old.extend(body.accounts().map(|account| (number, Some(account))).chain([(number, None)]));
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    if old.is_empty() {
        return Ok(());
    }
    for (number, account) in old {
        match account {
            Some(account) => tx.remove(&OF_ACCOUNT, &(account, number)),
            None => tx.remove_raw(&LOG, &number),
        }
    }
    tx.put_raw(&ENDS, &DROPPED, &at.bytes())
}

pub(super) fn forget_account_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
) -> Result<(), StoreError> {
    tx.remove_range(&OF_ACCOUNT, &Range::prefix(&account)).map(|_| ())
}
