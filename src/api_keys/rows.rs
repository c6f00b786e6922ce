//! How keys and their use are stored.

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, ApiKeyId, CloneId, Network, Text, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::store::{
    Direction, Holds, Range, Row, Rows, StoreError, Table, TableInfo, Words, WriteTx,
};

use super::{ApiKey, DayUse, KEY, NewKey, Rate, Scopes};

pub(super) const KEYS: Table<(AccountId, ApiKeyId), KeyRow> =
    Table::new("api_keys", Holds::Account);
pub(super) const BY_NAME: Table<Words, OwnerRow> = Table::new("api_keys_by_name", Holds::Account);
pub(super) const USAGE: Table<(ApiKeyId, u32, Words), u64> =
    Table::new("api_key_usage", Holds::Account);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[KEYS.info(), BY_NAME.info(), USAGE.info()];

/// Days of use that are kept.
pub(super) const DAYS_KEPT: u32 = 400;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct KeyRow {
    label: Text<1, 100>,
    name: String,
    pub(super) hash: TokenHash,
    read: bool,
    write: bool,
    chat: bool,
    pub(super) clones: Option<Vec<CloneId>>,
    #[serde(default)]
    networks: Option<Vec<Network>>,
    pub(super) expires_at: Option<Timestamp>,
    requests: u32,
    window_seconds: u64,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    /// The security epoch of the account it was made in.
    pub(super) epoch: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct OwnerRow {
    account: AccountId,
    key: ApiKeyId,
}

impl Row<(AccountId, ApiKeyId)> for KeyRow {
    fn owner(&self, (account, _): &(AccountId, ApiKeyId)) -> Owner {
        Owner::Account(*account)
    }
}

impl Row<Words> for OwnerRow {
    fn owner(&self, _: &Words) -> Owner {
        Owner::Nobody
    }
}

impl KeyRow {
    pub(super) fn new(
        new: NewKey,
        name: String,
        hash: TokenHash,
        epoch: u64,
        now: Timestamp,
    ) -> Self {
        Self {
            label: new.label,
            name,
            hash,
            read: new.scopes.read,
            write: new.scopes.write,
            chat: new.scopes.chat,
            clones: new.clones,
            networks: new.networks,
            expires_at: new.expires_at,
            requests: new.rate.requests,
            window_seconds: new.rate.window.as_secs(),
            created_at: now,
            last_used_at: None,
            epoch,
        }
    }

    pub(super) fn scopes(&self) -> Scopes {
        Scopes { read: self.read, write: self.write, chat: self.chat }
    }

    pub(super) fn rate(&self) -> Rate {
        Rate { requests: self.requests, window: Duration::from_secs(self.window_seconds) }
    }

    /// Whether it is good for who is at an address; one that is not known is in no network.
    pub(super) fn is_good_at(&self, address: Option<IpAddr>) -> bool {
        self.networks.as_ref().is_none_or(|networks| {
            address.is_some_and(|at| networks.iter().any(|network| network.contains(at)))
        })
    }

    fn view(self, id: ApiKeyId, requests: u64) -> ApiKey {
        ApiKey {
            id,
            prefix: KEY.shown(&self.name),
            scopes: self.scopes(),
            rate: self.rate(),
            label: self.label,
            clones: self.clones,
            networks: self.networks,
            expires_at: self.expires_at,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
            requests,
        }
    }
}

pub(super) fn put_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    key: ApiKeyId,
    row: &KeyRow,
) -> Result<(), StoreError> {
    tx.put(&KEYS, &(account, key), row)?;
    tx.put(&BY_NAME, &Words(row.name.clone()), &OwnerRow { account, key })
}

pub(super) fn by_name(
    tx: &impl Rows,
    name: &str,
) -> Result<Option<(AccountId, ApiKeyId, KeyRow)>, StoreError> {
    let Some(OwnerRow { account, key }) = tx.get(&BY_NAME, &Words(name.to_owned()))? else {
        return Ok(None);
    };
    Ok(tx.get(&KEYS, &(account, key))?.map(|row| (account, key, row)))
}

/// Reads a key, whichever comes first.
pub(super) fn read_any(tx: &impl Rows) -> Result<(), StoreError> {
    tx.scan(&KEYS, &Range::all(), Direction::Up, |_: (AccountId, ApiKeyId), _: KeyRow| {
        Ok::<_, StoreError>(ControlFlow::Break(()))
    })
}

/// The keys of an account, newest first, with their requests since a day.
pub(super) fn of_account(
    tx: &impl Rows,
    account: AccountId,
    since: u32,
) -> Result<Vec<(ApiKey, u64)>, StoreError> {
    let rows: Vec<((AccountId, ApiKeyId), KeyRow)> = tx.list(&KEYS, &Range::prefix(&account))?;
    let mut keys = Vec::new();
    for ((_, id), row) in rows.into_iter().rev() {
        let requests = usage(tx, id, since)?.iter().map(|day| day.requests).sum();
        let epoch = row.epoch;
        keys.push((row.view(id, requests), epoch));
    }
    Ok(keys)
}

pub(super) fn key(
    tx: &impl Rows,
    account: AccountId,
    id: ApiKeyId,
) -> Result<Option<ApiKey>, StoreError> {
    Ok(tx.get(&KEYS, &(account, id))?.map(|row| row.view(id, 0)))
}

pub(super) fn remove_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    id: ApiKeyId,
) -> Result<bool, StoreError> {
    let Some(row) = tx.get(&KEYS, &(account, id))? else {
        return Ok(false);
    };
    tx.remove(&KEYS, &(account, id));
    tx.remove(&BY_NAME, &Words(row.name));
    tx.remove_range(&USAGE, &Range::prefix(&id))?;
    Ok(true)
}

/// What a key was used for since a day.
pub(super) fn usage(tx: &impl Rows, id: ApiKeyId, since: u32) -> Result<Vec<DayUse>, StoreError> {
    let range = Range::between(&(id, since), &(id, u32::MAX));
    let rows: Vec<((ApiKeyId, u32, Words), u64)> = tx.list(&USAGE, &range)?;
    let view = |((_, day, endpoint), requests): ((ApiKeyId, u32, Words), u64)| DayUse {
        day,
        endpoint: endpoint.0,
        requests,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Adds to what a key was used for; one that was revoked meanwhile is not brought back.
pub(super) fn count_in(
    tx: &mut WriteTx<'_>,
    (account, id): (AccountId, ApiKeyId),
    used: &[DayUse],
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some(mut row) = tx.get(&KEYS, &(account, id))? else {
        return Ok(());
    };
    row.last_used_at = Some(at);
    tx.put(&KEYS, &(account, id), &row)?;
    for DayUse { day, endpoint, requests } in used {
        let place = (id, *day, Words(endpoint.clone()));
        let before: u64 = tx.get(&USAGE, &place)?.unwrap_or(0);
        tx.put(&USAGE, &place, &(before + requests))?;
        if let Some(oldest) = day.checked_sub(DAYS_KEPT) {
            tx.remove_range(&USAGE, &Range::between(&(id, 0_u32), &(id, oldest)))?;
        }
    }
    Ok(())
}

pub(super) fn erase_account_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    for (_, id) in tx.keys::<(AccountId, ApiKeyId), KeyRow>(&KEYS, &Range::prefix(&account))? {
        remove_in(tx, account, id)?;
    }
    // Also where a key itself cannot be read any more.
    for (name, row) in tx.list(&BY_NAME, &Range::all())? {
        if row.account == account {
            tx.remove_range(&USAGE, &Range::prefix(&row.key))?;
            tx.remove(&BY_NAME, &name);
        }
    }
    Ok(())
}
