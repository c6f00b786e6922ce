//! How accounts, passwords and invitations are stored.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, Text, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::store::{
    Direction, Holds, Range, RawTable, Row, Rows, Store, StoreError, Table, TableInfo, WriteTx,
    from_cbor,
};

use super::hidden::HIDDEN;
use super::letters::{self, LINKS};
use super::passwords::Cost;
use super::{Account, AccountError, Email, PasswordHash};

pub(super) const ACCOUNTS: Table<AccountId, AccountRow> = Table::new("accounts", Holds::Account);
pub(super) const BY_EMAIL: Table<TokenHash, AccountId> =
    Table::new("accounts_by_email", Holds::Account);
pub(super) const PASSWORDS: Table<AccountId, PasswordRow> = Table::new("passwords", Holds::Account);
pub(super) const INVITES: Table<TokenHash, InviteRow> = Table::new("invites", Holds::Nothing);
pub(super) const INSTANCE: RawTable<u8> =
    RawTable::new("instance_keys", Holds::Nothing, Owner::Instance);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[
    ACCOUNTS.info(),
    BY_EMAIL.info(),
    PASSWORDS.info(),
    INVITES.info(),
    LINKS.info(),
    INSTANCE.info(),
    HIDDEN.info(),
];

/// What stands where in the table of the instance's own values.
const BLIND_KEY: u8 = 0;
const PASSWORD_COST: u8 = 1;

#[derive(Serialize, Deserialize)]
pub(super) struct AccountRow {
    email: String,
    display_name: Text<1, 100>,
    locale: String,
    time_zone: String,
    is_admin: bool,
    email_verified: bool,
    created_at: Timestamp,
    // Since version 2.
    #[serde(default)]
    suspended_at: Option<Timestamp>,
    #[serde(default)]
    epoch: u64,
    #[serde(default)]
    exported_at: Option<Timestamp>,
    #[serde(default)]
    in_memory_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PasswordRow {
    phc: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct InviteRow {
    expires_at: Timestamp,
}

impl Row<AccountId> for AccountRow {
    const VERSION: u8 = 2;

    fn upgrade(version: u8, cbor: &[u8]) -> Result<Self, String> {
        match version {
            // The fields that version 2 added have defaults.
            1 => from_cbor(cbor),
            _ => Err(format!("version {version} is unknown")),
        }
    }

    fn owner(&self, account: &AccountId) -> Owner {
        Owner::Account(*account)
    }
}
impl Row<AccountId> for PasswordRow {
    fn owner(&self, account: &AccountId) -> Owner {
        Owner::Account(*account)
    }
}

impl Row<TokenHash> for InviteRow {
    fn owner(&self, _: &TokenHash) -> Owner {
        Owner::Nobody
    }
}

/// The key under which e-mail addresses are looked up, so that no table key is an address.
#[derive(Clone)]
pub(super) struct BlindKey([u8; 32]);

impl BlindKey {
    pub(super) async fn open(store: &Store) -> Result<Self, AccountError> {
        let mut fresh = [0_u8; 32];
        getrandom::fill(&mut fresh).map_err(AccountError::Random)?;
        let stored = store
            .write(move |tx| {
                if let Some(stored) = tx.get_raw(&INSTANCE, &BLIND_KEY)? {
                    return Ok::<_, StoreError>(stored);
                }
                tx.put_raw(&INSTANCE, &BLIND_KEY, &fresh)?;
                Ok(fresh.to_vec())
            })
            .await?;
        let key = stored.try_into().map_err(|_| StoreError::Damaged {
            table: INSTANCE.info().name,
            reason: "the key has another length".to_owned(),
        })?;
        Ok(Self(key))
    }

    pub(super) fn derive(&self, purpose: &'static str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.0)
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
        suspended_at: row.suspended_at,
        in_memory_at: row.in_memory_at,
        epoch: row.epoch,
        exported_at: row.exported_at,
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
        suspended_at: account.suspended_at,
        in_memory_at: account.in_memory_at,
        epoch: account.epoch,
        exported_at: account.exported_at,
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

pub(super) fn forget_password_in(tx: &mut WriteTx<'_>, id: AccountId) {
    tx.remove(&PASSWORDS, &id);
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

/// What a password hash costs on this machine, once it was measured.
pub(super) fn cost(tx: &impl Rows) -> Result<Option<Cost>, StoreError> {
    let Some(bytes) = tx.get_raw(&INSTANCE, &PASSWORD_COST)? else {
        return Ok(None);
    };
    let read = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    Ok(read(0).zip(read(4)).map(|(memory, passes)| Cost { memory, passes }))
}

pub(super) fn put_cost_in(tx: &mut WriteTx<'_>, cost: Cost) -> Result<(), StoreError> {
    let bytes = [cost.memory.to_le_bytes(), cost.passes.to_le_bytes()].concat();
    tx.put_raw(&INSTANCE, &PASSWORD_COST, &bytes)
}

/// Every account, in the order in which they were made.
pub(super) fn accounts(tx: &impl Rows) -> Result<Vec<Account>, AccountError> {
    let mut found = Vec::new();
    for id in tx.keys::<AccountId, AccountRow>(&ACCOUNTS, &Range::all())? {
        found.extend(account(tx, id)?);
    }
    Ok(found)
}

pub(super) fn erase_account_in(tx: &mut WriteTx<'_>, id: AccountId) -> Result<(), StoreError> {
    letters::forget_in(tx, |link| link.account == id)?;
    for (key, owner) in tx.list(&BY_EMAIL, &Range::all())? {
        if owner == id {
            tx.remove(&BY_EMAIL, &key);
        }
    }
    tx.remove(&PASSWORDS, &id);
    tx.remove(&ACCOUNTS, &id);
    Ok(())
}

/// Every account's identifier.
pub(super) fn ids(tx: &impl Rows) -> Result<Vec<AccountId>, StoreError> {
    tx.keys(&ACCOUNTS, &Range::all())
}

/// Whether there is such an account.
pub(super) fn exists(tx: &impl Rows, id: AccountId) -> Result<bool, StoreError> {
    tx.has(&ACCOUNTS, &id)
}

/// Who has a password.
pub(super) fn with_password(tx: &impl Rows) -> Result<Vec<AccountId>, StoreError> {
    tx.keys(&PASSWORDS, &Range::all())
}
