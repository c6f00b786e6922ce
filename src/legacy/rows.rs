//! How it is stored whom people named, and what was claimed of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::model::{Claim, Contact, DAY, State, Stop, Then};
use crate::clones::{OwnWords, Relation, Shown};
use crate::jobs::JobName;
use crate::kernel::{AccountId, LegacyClaimId, SpaceId, Text, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx};

pub(super) const CONTACTS: Table<AccountId, ContactRow> =
    Table::new("legacy_contacts", Holds::Account);
/// Whose legacy a key is for.
pub(super) const BY_KEY: Table<TokenHash, AccountId> = Table::new("legacy_keys", Holds::Account);
pub(super) const CLAIMS: Table<LegacyClaimId, ClaimRow> =
    Table::new("legacy_claims", Holds::Account);
pub(super) const OF_PERSON: Table<(AccountId, LegacyClaimId), ()> =
    Table::new("legacy_claims_of_person", Holds::Account);
pub(super) const BY_CONTACT: Table<(AccountId, LegacyClaimId), ()> =
    Table::new("legacy_claims_by_contact", Holds::Account);
/// The claim that is not over, of each person of whom there is one.
pub(super) const RUNNING: Table<AccountId, LegacyClaimId> =
    Table::new("legacy_claims_running", Holds::Account);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[
    CONTACTS.info(),
    BY_KEY.info(),
    CLAIMS.info(),
    OF_PERSON.info(),
    BY_CONTACT.info(),
    RUNNING.info(),
];

/// The jobs that carry out what somebody chose.
pub(super) const CARRY_OUT: JobName<CarryJob> = JobName::new("legacy");

#[derive(Serialize, Deserialize)]
pub(super) struct CarryJob {
    pub(super) claim: LegacyClaimId,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ContactRow {
    name: Text<1, 100>,
    email: String,
    wait_days: u16,
    then: Then,
    conversations: bool,
    note: Option<Text<0, 2_000>>,
    set_at: Timestamp,
    pub(super) key: TokenHash,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ClaimRow {
    pub(super) person: AccountId,
    pub(super) by: AccountId,
    relation: Relation,
    own_words: Option<OwnWords>,
    version: String,
    locale: String,
    text: String,
    sha256: String,
    begun_at: Timestamp,
    wait_days: u64,
    waited: Duration,
    counted_at: Timestamp,
    then: Then,
    conversations: bool,
    pub(super) state: State,
    ended_at: Option<Timestamp>,
    stop: Option<Stop>,
    reason: Option<Text<1, 500>>,
    space: Option<SpaceId>,
}

impl ClaimRow {
    /// Whether it is not over.
    pub(super) fn runs(&self) -> bool {
        self.ended_at.is_none()
    }
}

impl Row<AccountId> for ContactRow {
    fn owner(&self, account: &AccountId) -> Owner {
        Owner::Account(*account)
    }
}

impl Row<LegacyClaimId> for ClaimRow {
    fn owner(&self, _: &LegacyClaimId) -> Owner {
        Owner::Account(self.person)
    }
}

pub(super) fn contact(tx: &impl Rows, account: AccountId) -> Result<Option<Contact>, StoreError> {
    Ok(tx.get(&CONTACTS, &account)?.map(|row| Contact {
        name: row.name,
        email: row.email,
        wait_days: row.wait_days,
        then: row.then,
        conversations: row.conversations,
        note: row.note,
        set_at: row.set_at,
    }))
}

/// What is kept of the key that an account gave to whom it named.
pub(super) fn key(tx: &impl Rows, account: AccountId) -> Result<Option<TokenHash>, StoreError> {
    Ok(tx.get(&CONTACTS, &account)?.map(|row| row.key))
}

/// Whose legacy a key is for, and whom they named.
pub(super) fn by_key(
    tx: &impl Rows,
    key: &TokenHash,
) -> Result<Option<(AccountId, Contact)>, StoreError> {
    let Some(account) = tx.get(&BY_KEY, key)? else { return Ok(None) };
    Ok(contact(tx, account)?.map(|contact| (account, contact)))
}

pub(super) fn put_contact_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    contact: &Contact,
    key: TokenHash,
) -> Result<(), StoreError> {
    remove_contact_in(tx, account)?;
    let contact = contact.clone();
    let row = ContactRow {
        name: contact.name,
        email: contact.email,
        wait_days: contact.wait_days,
        then: contact.then,
        conversations: contact.conversations,
        note: contact.note,
        set_at: contact.set_at,
        key,
    };
    tx.put(&BY_KEY, &key, &account)?;
    tx.put(&CONTACTS, &account, &row)
}

pub(super) fn remove_contact_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
) -> Result<(), StoreError> {
    if let Some(key) = key(tx, account)? {
        tx.remove(&BY_KEY, &key);
    }
    tx.remove(&CONTACTS, &account);
    Ok(())
}

fn claim_of(id: LegacyClaimId, row: ClaimRow) -> Claim {
    Claim {
        id,
        person: row.person,
        by: row.by,
        relation: row.relation,
        own_words: row.own_words,
        words: Shown {
            version: row.version,
            locale: row.locale,
            text: row.text,
            sha256: row.sha256,
        },
        begun_at: row.begun_at,
        wait: DAY.saturating_mul(u32::try_from(row.wait_days).unwrap_or(u32::MAX)),
        waited: row.waited,
        counted_at: row.counted_at,
        then: row.then,
        conversations: row.conversations,
        state: row.state,
        ended_at: row.ended_at,
        stop: row.stop,
        reason: row.reason,
        space: row.space,
    }
}

pub(super) fn claim(tx: &impl Rows, id: LegacyClaimId) -> Result<Option<Claim>, StoreError> {
    Ok(tx.get(&CLAIMS, &id)?.map(|row| claim_of(id, row)))
}

pub(super) fn put_claim_in(tx: &mut WriteTx<'_>, claim: &Claim) -> Result<(), StoreError> {
    let Claim { id, person, by, .. } = *claim;
    let said = claim.clone();
    let row = ClaimRow {
        person,
        by,
        relation: said.relation,
        own_words: said.own_words,
        version: said.words.version,
        locale: said.words.locale,
        text: said.words.text,
        sha256: said.words.sha256,
        begun_at: said.begun_at,
        wait_days: said.wait.as_secs() / DAY.as_secs(),
        waited: said.waited,
        counted_at: said.counted_at,
        then: said.then,
        conversations: said.conversations,
        state: said.state,
        ended_at: said.ended_at,
        stop: said.stop,
        reason: said.reason,
        space: said.space,
    };
    tx.put(&CLAIMS, &id, &row)?;
    tx.put(&OF_PERSON, &(person, id), &())?;
    tx.put(&BY_CONTACT, &(by, id), &())?;
    if claim.ended_at.is_none() {
        return tx.put(&RUNNING, &person, &id);
    }
    if tx.get(&RUNNING, &person)? == Some(id) {
        tx.remove(&RUNNING, &person);
    }
    Ok(())
}

/// The claim of a person that is not over.
pub(super) fn running_of(tx: &impl Rows, person: AccountId) -> Result<Option<Claim>, StoreError> {
    match tx.get(&RUNNING, &person)? {
        Some(id) => claim(tx, id),
        None => Ok(None),
    }
}

/// Every claim, the newest first.
pub(super) fn all(tx: &impl Rows) -> Result<Vec<Claim>, StoreError> {
    let rows = tx.list(&CLAIMS, &Range::all())?;
    Ok(rows.into_iter().rev().map(|(id, row)| claim_of(id, row)).collect())
}

/// Those of one of the two tables that lead to claims, the newest first.
pub(super) fn led_to(
    tx: &impl Rows,
    table: &Table<(AccountId, LegacyClaimId), ()>,
    account: AccountId,
) -> Result<Vec<Claim>, StoreError> {
    let mut found = Vec::new();
    for (_, id) in tx.keys(table, &Range::prefix(&account))?.into_iter().rev() {
        found.extend(claim(tx, id)?);
    }
    Ok(found)
}

pub(super) fn forget_claim_in(tx: &mut WriteTx<'_>, claim: &Claim) -> Result<(), StoreError> {
    tx.remove(&CLAIMS, &claim.id);
    tx.remove(&OF_PERSON, &(claim.person, claim.id));
    tx.remove(&BY_CONTACT, &(claim.by, claim.id));
    if tx.get(&RUNNING, &claim.person)? == Some(claim.id) {
        tx.remove(&RUNNING, &claim.person);
    }
    Ok(())
}

/// Removes all that is known of an account: whom it named, what was claimed of it, what it claimed.
pub(super) fn erase_account_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    remove_contact_in(tx, account)?;
    for table in [&OF_PERSON, &BY_CONTACT] {
        for claim in led_to(tx, table, account)? {
            forget_claim_in(tx, &claim)?;
        }
        // Also where the claim cannot be read any more.
        tx.remove_range(table, &Range::prefix(&account))?;
    }
    tx.remove(&RUNNING, &account);
    Ok(())
}
