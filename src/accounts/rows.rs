//! How accounts, sessions and invitations are stored.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, SessionId, Text, Timestamp, TokenHash};
use crate::store::{
    Direction, Holds, Range, RawTable, Row, Rows, Store, StoreError, Table, TableInfo, WriteTx,
};

use super::{Account, AccountError, Email, PasswordHash};

const ACCOUNTS: Table<AccountId, AccountRow> = Table::new("accounts", Holds::Account);
pub(super) const BY_EMAIL: Table<TokenHash, AccountId> =
    Table::new("accounts_by_email", Holds::Account);
const PASSWORDS: Table<AccountId, PasswordRow> = Table::new("passwords", Holds::Account);
const INVITES: Table<TokenHash, InviteRow> = Table::new("invites", Holds::Nothing);
const SESSIONS: Table<SessionId, SessionRow> = Table::new("sessions", Holds::Account);
const SESSIONS_OF: Table<(AccountId, SessionId), ()> =
    Table::new("sessions_of_account", Holds::Account);
const BY_TOKEN: Table<TokenHash, TokenRow> = Table::new("sessions_by_token", Holds::Account);
const INSTANCE: RawTable<u8> = RawTable::new("instance_keys", Holds::Nothing);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[
    ACCOUNTS.info(),
    BY_EMAIL.info(),
    PASSWORDS.info(),
    INVITES.info(),
    SESSIONS.info(),
    SESSIONS_OF.info(),
    BY_TOKEN.info(),
    INSTANCE.info(),
];

#[derive(Serialize, Deserialize)]
struct AccountRow {
    email: String,
    display_name: Text<1, 100>,
    locale: String,
    time_zone: String,
    is_admin: bool,
    email_verified: bool,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct PasswordRow {
    phc: String,
}

#[derive(Serialize, Deserialize)]
struct InviteRow {
    expires_at: Timestamp,
}

/// A sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SessionRow {
    pub(super) account: AccountId,
    pub(super) by_cookie: bool,
    /// The token that opens now.
    pub(super) access: TokenHash,
    pub(super) access_until: Timestamp,
    /// The token that renews; none for cookies.
    pub(super) refresh: Option<TokenHash>,
    /// Refresh tokens that were used: one coming back means that it was stolen.
    pub(super) spent: Vec<TokenHash>,
    pub(super) created_at: Timestamp,
    /// The last moment at which it can be renewed.
    pub(super) until: Timestamp,
}

/// What a presented token is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct TokenRow {
    pub(super) session: SessionId,
}

impl Row for AccountRow {}
impl Row for PasswordRow {}
impl Row for InviteRow {}
impl Row for SessionRow {}
impl Row for TokenRow {}

/// The key under which e-mail addresses are looked up, so that no table key is an address.
#[derive(Clone)]
pub(super) struct BlindKey([u8; 32]);

impl BlindKey {
    pub(super) async fn open(store: &Store) -> Result<Self, AccountError> {
        let mut fresh = [0_u8; 32];
        getrandom::fill(&mut fresh).map_err(AccountError::Random)?;
        let stored = store
            .write(move |tx| {
                if let Some(stored) = tx.get_raw(&INSTANCE, &0)? {
                    return Ok::<_, StoreError>(stored);
                }
                tx.put_raw(&INSTANCE, &0, &fresh);
                Ok(fresh.to_vec())
            })
            .await?;
        let key = stored.try_into().map_err(|_| StoreError::Damaged {
            table: INSTANCE.info().name,
            reason: "the key has another length".to_owned(),
        })?;
        Ok(Self(key))
    }

    pub(super) fn index(&self, email: &Email) -> TokenHash {
        TokenHash(blake3::keyed_hash(&self.0, email.folded().as_bytes()).into())
    }
}

pub(super) fn is_empty(tx: &impl Rows) -> Result<bool, StoreError> {
    let mut empty = true;
    tx.scan_keys(&ACCOUNTS, &Range::all(), Direction::Up, |_: AccountId| {
        empty = false;
        Ok::<_, StoreError>(ControlFlow::Break(()))
    })?;
    Ok(empty)
}

pub(super) fn account(tx: &impl Rows, id: AccountId) -> Result<Option<Account>, AccountError> {
    let Some(row) = tx.get(&ACCOUNTS, &id)? else {
        return Ok(None);
    };
    let email = Email::new(&row.email).ok_or_else(|| StoreError::Damaged {
        table: ACCOUNTS.info().name,
        reason: "the address is none".to_owned(),
    })?;
    Ok(Some(Account {
        id,
        email,
        display_name: row.display_name,
        locale: row.locale,
        time_zone: row.time_zone,
        is_admin: row.is_admin,
        email_verified: row.email_verified,
        created_at: row.created_at,
    }))
}

pub(super) fn put_account_in(tx: &mut WriteTx<'_>, account: &Account) -> Result<(), StoreError> {
    let row = AccountRow {
        email: account.email.as_str().to_owned(),
        display_name: account.display_name.clone(),
        locale: account.locale.clone(),
        time_zone: account.time_zone.clone(),
        is_admin: account.is_admin,
        email_verified: account.email_verified,
        created_at: account.created_at,
    };
    tx.put(&ACCOUNTS, &account.id, &row)
}

pub(super) fn by_email(tx: &impl Rows, key: &TokenHash) -> Result<Option<AccountId>, StoreError> {
    tx.get(&BY_EMAIL, key)
}

pub(super) fn password(tx: &impl Rows, id: AccountId) -> Result<Option<PasswordHash>, StoreError> {
    Ok(tx.get(&PASSWORDS, &id)?.map(|row| PasswordHash(row.phc)))
}

pub(super) fn put_password_in(
    tx: &mut WriteTx<'_>,
    id: AccountId,
    hash: &PasswordHash,
) -> Result<(), StoreError> {
    tx.put(&PASSWORDS, &id, &PasswordRow { phc: hash.0.clone() })
}

pub(super) fn put_invite_in(
    tx: &mut WriteTx<'_>,
    token: &TokenHash,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.put(&INVITES, token, &InviteRow { expires_at })
}

/// Whether an invitation is good.
pub(super) fn invite(
    tx: &impl Rows,
    token: &TokenHash,
    now: Timestamp,
) -> Result<(), AccountError> {
    match tx.get(&INVITES, token)? {
        Some(row) if now < row.expires_at => Ok(()),
        _ => Err(AccountError::WrongInvite),
    }
}

pub(super) fn spend_invite_in(tx: &mut WriteTx<'_>, token: &TokenHash) {
    tx.remove(&INVITES, token);
}

pub(super) fn session_by_token(
    tx: &impl Rows,
    token: &TokenHash,
) -> Result<Option<(SessionId, SessionRow)>, StoreError> {
    let Some(found) = tx.get(&BY_TOKEN, token)? else {
        return Ok(None);
    };
    Ok(tx.get(&SESSIONS, &found.session)?.map(|row| (found.session, row)))
}

/// Stores a session and makes its tokens findable.
pub(super) fn put_session_in(
    tx: &mut WriteTx<'_>,
    id: SessionId,
    row: &SessionRow,
) -> Result<(), StoreError> {
    tx.put(&SESSIONS, &id, row)?;
    tx.put(&SESSIONS_OF, &(row.account, id), &())?;
    for token in [Some(row.access), row.refresh].into_iter().flatten() {
        tx.put(&BY_TOKEN, &token, &TokenRow { session: id })?;
    }
    Ok(())
}

/// Makes a token open nothing any more.
pub(super) fn forget_token_in(tx: &mut WriteTx<'_>, token: &TokenHash) {
    tx.remove(&BY_TOKEN, token);
}

/// Ends a sign-in: none of its tokens opens anything afterwards.
pub(super) fn end_session_in(
    tx: &mut WriteTx<'_>,
    id: SessionId,
    row: &SessionRow,
) -> Result<(), StoreError> {
    for token in [Some(row.access), row.refresh].iter().flatten().chain(&row.spent) {
        forget_token_in(tx, token);
    }
    tx.remove(&SESSIONS, &id);
    tx.remove(&SESSIONS_OF, &(row.account, id));
    Ok(())
}

/// Ends every sign-in of an account.
pub(super) fn end_sessions_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    let ids: Vec<(AccountId, SessionId)> = tx.keys(&SESSIONS_OF, &Range::prefix(&account))?;
    for (_, id) in ids {
        if let Some(row) = tx.get(&SESSIONS, &id)? {
            end_session_in(tx, id, &row)?;
        }
    }
    Ok(())
}

/// Ends the sign-ins that cannot be renewed any more, at least `grace` ago.
pub(super) fn end_old_sessions_in(
    tx: &mut WriteTx<'_>,
    now: Timestamp,
    grace: Duration,
) -> Result<(), StoreError> {
    for (id, row) in tx.list(&SESSIONS, &Range::all())? {
        if now > row.until.plus(grace) {
            end_session_in(tx, id, &row)?;
        }
    }
    Ok(())
}

pub(super) fn erase_account_in(tx: &mut WriteTx<'_>, id: AccountId) -> Result<(), StoreError> {
    end_sessions_in(tx, id)?;
    for (key, owner) in tx.list(&BY_EMAIL, &Range::all())? {
        if owner == id {
            tx.remove(&BY_EMAIL, &key);
        }
    }
    tx.remove(&PASSWORDS, &id);
    tx.remove(&ACCOUNTS, &id);
    Ok(())
}
