//! How sign-ins, the tokens that open them and known devices are stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::accounts::AccountError;
use crate::kernel::{AccountId, Secret, SessionId, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::store::{
    Holds, Range, RawTable, Row, Rows, Store, StoreError, Table, TableInfo, WriteTx, from_cbor,
};

pub(super) const SESSIONS: Table<SessionId, SessionRow> =
    Table::new("sessions", Holds::Account).passing();
pub(super) const SESSIONS_OF: Table<(AccountId, SessionId), ()> =
    Table::new("sessions_of_account", Holds::Account).passing();
pub(super) const BY_TOKEN: Table<TokenHash, TokenRow> =
    Table::new("sessions_by_token", Holds::Account).passing();
pub(super) const DEVICES: Table<(AccountId, TokenHash), DeviceRow> =
    Table::new("known_devices", Holds::Account);
pub(super) const SIGNING: RawTable<u8> =
    RawTable::new("signing_keys", Holds::Nothing, Owner::Instance);

/// The tables of this slice.
pub const TABLES: &[TableInfo] =
    &[SESSIONS.info(), SESSIONS_OF.info(), BY_TOKEN.info(), DEVICES.info(), SIGNING.info()];

const ACCESS_KEY: u8 = 0;
const INSTANCE_ID: u8 = 1;

/// Devices remembered for an account; the one not seen for longest goes first.
const DEVICES_KEPT: usize = 50;

/// A sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SessionRow {
    pub(super) account: AccountId,
    pub(super) by_cookie: bool,
    /// The cookie that opens; for token sign-ins what opened before access tokens were signed.
    pub(super) access: TokenHash,
    pub(super) access_until: Timestamp,
    /// The token that renews; none for cookies.
    pub(super) refresh: Option<TokenHash>,
    pub(super) created_at: Timestamp,
    /// The last moment at which it can be renewed.
    pub(super) until: Timestamp,
    // Since version 2.
    #[serde(default)]
    pub(super) epoch: u64,
    #[serde(default)]
    pub(super) proven_at: Timestamp,
    #[serde(default)]
    pub(super) seen_at: Timestamp,
    #[serde(default)]
    pub(super) label: String,
    #[serde(default)]
    pub(super) address: Option<String>,
}

/// What a presented token is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct TokenRow {
    pub(super) session: SessionId,
}

/// A device that an account signed in on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct DeviceRow {
    pub(super) seen_at: Timestamp,
}

impl Row<SessionId> for SessionRow {
    const VERSION: u8 = 2;

    fn upgrade(version: u8, cbor: &[u8]) -> Result<Self, String> {
        match version {
            // The fields that version 2 added have defaults.
            1 => from_cbor(cbor),
            _ => Err(format!("version {version} is unknown")),
        }
    }

    fn owner(&self, _: &SessionId) -> Owner {
        Owner::Account(self.account)
    }
}
impl Row<TokenHash> for TokenRow {
    fn owner(&self, _: &TokenHash) -> Owner {
        Owner::Nobody
    }
}

impl Row<(AccountId, TokenHash)> for DeviceRow {
    fn owner(&self, _: &(AccountId, TokenHash)) -> Owner {
        Owner::Nobody
    }
}

/// The key that access tokens are signed with, and the name of this instance in them.
pub(super) async fn signing(
    store: &Store,
    fresh: Secret<Vec<u8>>,
) -> Result<(Secret<Vec<u8>>, String), AccountError> {
    store
        .write(move |tx| {
            if let Some(key) = tx.get_raw(&SIGNING, &ACCESS_KEY)?
                && let Some(name) = tx.get_raw(&SIGNING, &INSTANCE_ID)?
            {
                return Ok((Secret::new(key), String::from_utf8_lossy(&name).into_owned()));
            }
            let name = SessionId::fresh().to_string();
            tx.put_raw(&SIGNING, &ACCESS_KEY, fresh.reveal())?;
            tx.put_raw(&SIGNING, &INSTANCE_ID, name.as_bytes())?;
            Ok((fresh, name))
        })
        .await
}

pub(super) fn by_token(
    tx: &impl Rows,
    token: &TokenHash,
) -> Result<Option<(SessionId, SessionRow)>, StoreError> {
    let Some(found) = tx.get(&BY_TOKEN, token)? else {
        return Ok(None);
    };
    Ok(session(tx, found.session)?.map(|row| (found.session, row)))
}

pub(super) fn session(tx: &impl Rows, id: SessionId) -> Result<Option<SessionRow>, StoreError> {
    tx.get(&SESSIONS, &id)
}

/// Every sign-in of an account, the oldest first.
pub(super) fn of_account(
    tx: &impl Rows,
    account: AccountId,
) -> Result<Vec<(SessionId, SessionRow)>, StoreError> {
    let mut found = Vec::new();
    for (_, id) in tx.keys::<(AccountId, SessionId), ()>(&SESSIONS_OF, &Range::prefix(&account))? {
        found.extend(session(tx, id)?.map(|row| (id, row)));
    }
    Ok(found)
}

/// Stores a session and makes its cookie findable; a refresh token names its session itself.
pub(super) fn put_in(
    tx: &mut WriteTx<'_>,
    id: SessionId,
    row: &SessionRow,
) -> Result<(), StoreError> {
    tx.put(&SESSIONS, &id, row)?;
    tx.put(&SESSIONS_OF, &(row.account, id), &())?;
    tx.put(&BY_TOKEN, &row.access, &TokenRow { session: id })
}

/// Makes a token open nothing any more.
pub(super) fn forget_token_in(tx: &mut WriteTx<'_>, token: &TokenHash) {
    tx.remove(&BY_TOKEN, token);
}

/// Ends a sign-in: none of its tokens opens anything afterwards.
pub(super) fn end_in(tx: &mut WriteTx<'_>, id: SessionId, row: &SessionRow) {
    forget_token_in(tx, &row.access);
    tx.remove(&SESSIONS, &id);
    tx.remove(&SESSIONS_OF, &(row.account, id));
}

/// Ends the sign-ins that cannot be renewed any more, at least `grace` ago.
pub(super) fn end_old_in(
    tx: &mut WriteTx<'_>,
    now: Timestamp,
    grace: Duration,
) -> Result<(), StoreError> {
    for (id, row) in tx.list(&SESSIONS, &Range::all())? {
        if now > row.until.plus(grace) {
            end_in(tx, id, &row);
        }
    }
    Ok(())
}

/// Notes that an account signed in on a device: whether it knows others but not this one.
pub(super) fn meet_device_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    mark: TokenHash,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut known: Vec<((AccountId, TokenHash), DeviceRow)> =
        tx.list(&DEVICES, &Range::prefix(&account))?;
    let is_new = known.iter().all(|((_, other), _)| *other != mark);
    if is_new && known.len() >= DEVICES_KEPT {
        known.sort_by_key(|(_, row)| row.seen_at);
        if let Some((oldest, _)) = known.first() {
            tx.remove(&DEVICES, oldest);
        }
    }
    tx.put(&DEVICES, &(account, mark), &DeviceRow { seen_at: now })?;
    Ok(is_new && !known.is_empty())
}

/// Whether an account has signed in on a device before.
pub(super) fn knows_device(
    tx: &impl Rows,
    account: AccountId,
    mark: &TokenHash,
) -> Result<bool, StoreError> {
    tx.has(&DEVICES, &(account, *mark))
}

pub(super) fn erase_account_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    for (id, row) in of_account(tx, account)? {
        end_in(tx, id, &row);
    }
    // Also where a sign-in itself cannot be read any more.
    tx.remove_range(&SESSIONS_OF, &Range::prefix(&account))?;
    tx.remove_range(&DEVICES, &Range::prefix(&account)).map(|_| ())
}
