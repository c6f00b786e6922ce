//! How authenticator apps, recovery codes and passkeys are stored.
//!
//! Secrets of authenticator apps are in the clear for now; they are sealed with the account's
//! key together with all that is personal.

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, PasskeyId, Text, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx};

use super::codes::Seed;

pub(super) const TOTP: Table<AccountId, TotpRow> = Table::new("totp", Holds::Account);
pub(super) const RECOVERY: Table<(AccountId, TokenHash), ()> =
    Table::new("recovery_codes", Holds::Account);
pub(super) const PASSKEYS: Table<(AccountId, PasskeyId), PasskeyRow> =
    Table::new("passkeys", Holds::Account);
pub(super) const BY_CREDENTIAL: Table<TokenHash, CredentialRow> =
    Table::new("passkeys_by_credential", Holds::Account);

/// The tables of this slice.
pub const TABLES: &[TableInfo] =
    &[TOTP.info(), RECOVERY.info(), PASSKEYS.info(), BY_CREDENTIAL.info()];

/// The authenticator app of an account, and the one that shall replace it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct TotpRow {
    pub(super) active: Option<ActiveRow>,
    pub(super) pending: Option<PendingRow>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ActiveRow {
    pub(super) seed: Seed,
    /// The last step of which a code was taken; none up to it is taken again.
    pub(super) last_step: u64,
    pub(super) since: Timestamp,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PendingRow {
    pub(super) seed: Seed,
    pub(super) until: Timestamp,
}

/// A passkey.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PasskeyRow {
    pub(super) label: Text<1, 100>,
    /// The public key and its circumstances, in the JSON form of the library that checks it.
    pub(super) key: String,
    /// The hash of the identifier that the authenticator gave it.
    pub(super) credential: TokenHash,
    /// How often it was used, as it says itself; zero for those that do not count.
    pub(super) counter: u32,
    pub(super) created_at: Timestamp,
    pub(super) used_at: Option<Timestamp>,
}

/// Whose passkey a credential is.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct CredentialRow {
    pub(super) account: AccountId,
    pub(super) passkey: PasskeyId,
}

impl Row<AccountId> for TotpRow {
    fn owner(&self, account: &AccountId) -> Owner {
        Owner::Account(*account)
    }
}

impl Row<(AccountId, PasskeyId)> for PasskeyRow {
    fn owner(&self, (account, _): &(AccountId, PasskeyId)) -> Owner {
        Owner::Account(*account)
    }
}

impl Row<TokenHash> for CredentialRow {
    fn owner(&self, _: &TokenHash) -> Owner {
        Owner::Nobody
    }
}

pub(super) fn totp(tx: &impl Rows, account: AccountId) -> Result<TotpRow, StoreError> {
    Ok(tx.get(&TOTP, &account)?.unwrap_or_default())
}

pub(super) fn put_totp_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    row: &TotpRow,
) -> Result<(), StoreError> {
    tx.put(&TOTP, &account, row)
}

/// Removes the authenticator app and the recovery codes that stand in for it.
pub(super) fn remove_totp_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    tx.remove(&TOTP, &account);
    tx.remove_range(&RECOVERY, &Range::prefix(&account)).map(|_| ())
}

pub(super) fn recovery_codes(tx: &impl Rows, account: AccountId) -> Result<usize, StoreError> {
    Ok(tx.keys::<(AccountId, TokenHash), ()>(&RECOVERY, &Range::prefix(&account))?.len())
}

/// Keeps these recovery codes and none from before.
pub(super) fn put_recovery_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    codes: &[TokenHash],
) -> Result<(), StoreError> {
    tx.remove_range(&RECOVERY, &Range::prefix(&account))?;
    codes.iter().try_for_each(|code| tx.put(&RECOVERY, &(account, *code), &()))
}

/// Uses a recovery code up; whether there was one.
pub(super) fn spend_recovery_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    code: TokenHash,
) -> Result<bool, StoreError> {
    let there = tx.has(&RECOVERY, &(account, code))?;
    tx.remove(&RECOVERY, &(account, code));
    Ok(there)
}

/// The passkeys of an account, the oldest first.
pub(super) fn passkeys(
    tx: &impl Rows,
    account: AccountId,
) -> Result<Vec<(PasskeyId, PasskeyRow)>, StoreError> {
    let all = tx.list(&PASSKEYS, &Range::prefix(&account))?;
    Ok(all.into_iter().map(|((_, id), row)| (id, row)).collect())
}

pub(super) fn passkey(
    tx: &impl Rows,
    account: AccountId,
    id: PasskeyId,
) -> Result<Option<PasskeyRow>, StoreError> {
    tx.get(&PASSKEYS, &(account, id))
}

/// The passkey that a credential is.
pub(super) fn by_credential(
    tx: &impl Rows,
    credential: &TokenHash,
) -> Result<Option<(CredentialRow, PasskeyRow)>, StoreError> {
    let Some(place) = tx.get(&BY_CREDENTIAL, credential)? else {
        return Ok(None);
    };
    Ok(passkey(tx, place.account, place.passkey)?.map(|row| (place, row)))
}

pub(super) fn put_passkey_in(
    tx: &mut WriteTx<'_>,
    place: CredentialRow,
    row: &PasskeyRow,
) -> Result<(), StoreError> {
    tx.put(&BY_CREDENTIAL, &row.credential, &place)?;
    tx.put(&PASSKEYS, &(place.account, place.passkey), row)
}

pub(super) fn remove_passkey_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    id: PasskeyId,
    row: &PasskeyRow,
) {
    tx.remove(&BY_CREDENTIAL, &row.credential);
    tx.remove(&PASSKEYS, &(account, id));
}

/// Removes everything; whether there was anything.
pub(super) fn remove_all_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<bool, StoreError> {
    let passkeys = passkeys(tx, account)?;
    let any = !passkeys.is_empty() || totp(tx, account)?.active.is_some();
    for (id, row) in passkeys {
        remove_passkey_in(tx, account, id, &row);
    }
    remove_totp_in(tx, account)?;
    Ok(any)
}
