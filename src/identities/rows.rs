//! How identities, and sign-ins that are under way, are stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::kernel::{AccountId, IdentityId, SessionId, Timestamp, TokenHash};
use crate::seal::Owner;
use crate::store::{
    Holds, Range, RawTable, Row, Rows, Store, StoreError, Table, TableInfo, WriteTx,
};

use super::offered::PROVIDERS;
use super::{IdentityError, Intent};

pub(super) const IDENTITIES: Table<TokenHash, IdentityRow> =
    Table::new("identities", Holds::Account);
pub(super) const IDENTITIES_OF: Table<(AccountId, IdentityId), PlaceRow> =
    Table::new("identities_of_account", Holds::Account);
pub(super) const FLOWS: Table<TokenHash, FlowRow> =
    Table::new("identity_flows", Holds::Account).passing();
pub(super) const OPENED: Table<(AccountId, SessionId), OpenedRow> =
    Table::new("identity_sessions", Holds::Account).passing();
pub(super) const USED: Table<TokenHash, UsedRow> =
    Table::new("identity_tokens_used", Holds::Nothing);
/// Accounts that were linked with somebody who is theirs no more.
pub(super) const UNLINKED: Table<AccountId, ()> = Table::new("identities_unlinked", Holds::Account);
pub(super) const KEYS: RawTable<u8> =
    RawTable::new("identity_keys", Holds::Nothing, Owner::Instance);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[
    IDENTITIES.info(),
    IDENTITIES_OF.info(),
    FLOWS.info(),
    OPENED.info(),
    USED.info(),
    UNLINKED.info(),
    KEYS.info(),
    PROVIDERS.info(),
];

const BLIND_KEY: u8 = 0;

/// Sign-ins under way that are kept; beyond that, the oldest are forgotten.
const FLOWS_KEPT: usize = 10_000;

/// Who an account is at a provider. The subject itself is not kept: its hash finds it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct IdentityRow {
    pub(super) id: IdentityId,
    pub(super) account: AccountId,
    pub(super) issuer: String,
    pub(super) email: Option<String>,
    pub(super) linked_at: Timestamp,
    pub(super) used_at: Timestamp,
    /// The groups that the provider said when it was last used.
    #[serde(default)]
    pub(super) groups: Vec<String>,
    /// The claim in which it said them.
    #[serde(default)]
    pub(super) groups_claim: Option<String>,
    /// When the word was given that was believed last.
    #[serde(default)]
    pub(super) said_at: Option<Timestamp>,
    /// Whether the account administers the instance because of one of its groups.
    #[serde(default)]
    pub(super) makes_admin: bool,
}

/// Under which key an identity stands.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct PlaceRow {
    pub(super) key: TokenHash,
}

/// A sign-in that waits for its browser to come back.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct FlowRow {
    pub(super) provider: String,
    pub(super) redirect: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    pub(super) cookie: TokenHash,
    pub(super) intent: StoredIntent,
    pub(super) redirect_to: Option<String>,
    pub(super) invite: Option<TokenHash>,
    #[serde(default)]
    pub(super) language: Option<String>,
    pub(super) began_at: Timestamp,
    pub(super) until: Timestamp,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum StoredIntent {
    SignIn,
    Link(AccountId, SessionId),
    Prove(AccountId, SessionId),
}

/// By which identity a sign-in was opened.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct OpenedRow {
    pub(super) identity: IdentityId,
}

/// An ID token that was used.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct UsedRow {
    until: Timestamp,
}

impl Row<TokenHash> for IdentityRow {
    fn owner(&self, _: &TokenHash) -> Owner {
        Owner::Account(self.account)
    }
}

impl Row<(AccountId, IdentityId)> for PlaceRow {
    fn owner(&self, _: &(AccountId, IdentityId)) -> Owner {
        Owner::Nobody
    }
}

impl Row<TokenHash> for FlowRow {
    fn owner(&self, _: &TokenHash) -> Owner {
        Owner::Instance
    }
}

impl Row<(AccountId, SessionId)> for OpenedRow {
    fn owner(&self, _: &(AccountId, SessionId)) -> Owner {
        Owner::Nobody
    }
}

impl Row<TokenHash> for UsedRow {
    fn owner(&self, _: &TokenHash) -> Owner {
        Owner::Nobody
    }
}

impl From<Intent> for StoredIntent {
    fn from(intent: Intent) -> Self {
        match intent {
            Intent::SignIn => Self::SignIn,
            Intent::Link(account, session) => Self::Link(account, session),
            Intent::Prove(account, session) => Self::Prove(account, session),
        }
    }
}

impl From<StoredIntent> for Intent {
    fn from(intent: StoredIntent) -> Self {
        match intent {
            StoredIntent::SignIn => Self::SignIn,
            StoredIntent::Link(account, session) => Self::Link(account, session),
            StoredIntent::Prove(account, session) => Self::Prove(account, session),
        }
    }
}

/// The key under which identities are looked up, so that no table key tells who somebody is.
#[derive(Clone)]
pub(super) struct BlindKey([u8; 32]);

impl BlindKey {
    pub(super) async fn open(store: &Store, fresh: [u8; 32]) -> Result<Self, StoreError> {
        let stored = store
            .write(move |tx| {
                if let Some(stored) = tx.get_raw(&KEYS, &BLIND_KEY)? {
                    return Ok::<_, StoreError>(stored);
                }
                tx.put_raw(&KEYS, &BLIND_KEY, &fresh)?;
                Ok(fresh.to_vec())
            })
            .await?;
        let key = stored.try_into().map_err(|_| StoreError::Damaged {
            table: KEYS.info().name,
            reason: "the key has another length".to_owned(),
        })?;
        Ok(Self(key))
    }

    /// The place of a subject of an issuer.
    pub(super) fn place(&self, issuer: &str, subject: &str) -> TokenHash {
        let mut hash = blake3::Hasher::new_keyed(&self.0);
        // Its length first, so that no two pairs run into the same text.
        hash.update(&(issuer.len() as u64).to_be_bytes());
        hash.update(issuer.as_bytes()).update(subject.as_bytes());
        TokenHash(hash.finalize().into())
    }
}

pub(super) fn identity(tx: &impl Rows, key: &TokenHash) -> Result<Option<IdentityRow>, StoreError> {
    tx.get(&IDENTITIES, key)
}

pub(super) fn put_identity_in(
    tx: &mut WriteTx<'_>,
    key: &TokenHash,
    row: &IdentityRow,
) -> Result<(), StoreError> {
    tx.put(&IDENTITIES, key, row)?;
    tx.put(&IDENTITIES_OF, &(row.account, row.id), &PlaceRow { key: *key })
}

/// The identities of an account, the oldest first.
pub(super) fn of_account(
    tx: &impl Rows,
    account: AccountId,
) -> Result<Vec<IdentityRow>, StoreError> {
    let places: Vec<((AccountId, IdentityId), PlaceRow)> =
        tx.list(&IDENTITIES_OF, &Range::prefix(&account))?;
    let mut found = Vec::new();
    for (_, place) in places {
        found.extend(identity(tx, &place.key)?);
    }
    Ok(found)
}

/// Whether an account was ever linked with somebody.
pub(super) fn was_linked(tx: &impl Rows, account: AccountId) -> Result<bool, StoreError> {
    let linked = Range::prefix(&account);
    let is_linked =
        !tx.keys::<(AccountId, IdentityId), PlaceRow>(&IDENTITIES_OF, &linked)?.is_empty();
    Ok(is_linked || tx.has(&UNLINKED, &account)?)
}

pub(super) fn remove_identity_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    id: IdentityId,
) -> Result<(), StoreError> {
    if let Some(place) = tx.get(&IDENTITIES_OF, &(account, id))? {
        tx.remove(&IDENTITIES, &place.key);
    }
    tx.remove(&IDENTITIES_OF, &(account, id));
    tx.put(&UNLINKED, &account, &())
}

pub(super) fn put_flow_in(
    tx: &mut WriteTx<'_>,
    state: &TokenHash,
    flow: &FlowRow,
) -> Result<(), StoreError> {
    let waiting = tx.keys::<TokenHash, FlowRow>(&FLOWS, &Range::all())?.len();
    if waiting >= FLOWS_KEPT {
        let mut all: Vec<(TokenHash, FlowRow)> = tx.list(&FLOWS, &Range::all())?;
        all.sort_by_key(|(_, flow)| flow.until);
        for (oldest, _) in all.iter().take(FLOWS_KEPT / 10) {
            tx.remove(&FLOWS, oldest);
        }
    }
    tx.put(&FLOWS, state, flow)
}

/// Takes a sign-in that waits; it waits no more, whatever comes of it.
pub(super) fn take_flow_in(
    tx: &mut WriteTx<'_>,
    state: &TokenHash,
    now: Timestamp,
) -> Result<Option<FlowRow>, StoreError> {
    let flow = tx.get(&FLOWS, state)?;
    tx.remove(&FLOWS, state);
    Ok(flow.filter(|flow| now < flow.until))
}

/// Forgets the sign-ins that are under way at a provider.
pub(super) fn drop_flows_in(tx: &mut WriteTx<'_>, provider: &str) -> Result<(), StoreError> {
    for (state, flow) in tx.list(&FLOWS, &Range::all())? {
        if flow.provider == provider {
            tx.remove(&FLOWS, &state);
        }
    }
    Ok(())
}

/// How many identities there are of each issuer.
pub(super) fn people_at(tx: &impl Rows) -> Result<BTreeMap<String, u64>, StoreError> {
    let all: Vec<(TokenHash, IdentityRow)> = tx.list(&IDENTITIES, &Range::all())?;
    let mut people = BTreeMap::new();
    for (_, row) in all {
        *people.entry(row.issuer).or_default() += 1;
    }
    Ok(people)
}

/// Notes that an ID token was used.
pub(super) fn use_in(
    tx: &mut WriteTx<'_>,
    token: &TokenHash,
    until: Timestamp,
) -> Result<(), IdentityError> {
    if tx.has(&USED, token)? {
        return Err(IdentityError::Used);
    }
    Ok(tx.put(&USED, token, &UsedRow { until })?)
}

pub(super) fn put_opened_in(
    tx: &mut WriteTx<'_>,
    (account, session): (AccountId, SessionId),
    identity: IdentityId,
) -> Result<(), StoreError> {
    tx.put(&OPENED, &(account, session), &OpenedRow { identity })
}

/// By which identity a sign-in was opened, if by one.
pub(super) fn opened_by(
    tx: &impl Rows,
    account: AccountId,
    session: SessionId,
) -> Result<Option<IdentityRow>, StoreError> {
    let Some(opened) = tx.get(&OPENED, &(account, session))? else {
        return Ok(None);
    };
    let place = tx.get(&IDENTITIES_OF, &(account, opened.identity))?;
    place.map_or(Ok(None), |place| identity(tx, &place.key))
}

/// The sign-ins of an account that identities opened.
pub(super) fn opened_of(
    tx: &impl Rows,
    account: AccountId,
) -> Result<Vec<(SessionId, IdentityId)>, StoreError> {
    let all: Vec<((AccountId, SessionId), OpenedRow)> =
        tx.list(&OPENED, &Range::prefix(&account))?;
    Ok(all.into_iter().map(|((_, session), row)| (session, row.identity)).collect())
}

/// Forgets what is over: sign-ins under way, tokens that could not be used again anyway, and
/// what is known of sign-ins that have ended.
pub(super) fn sweep_in(
    tx: &mut WriteTx<'_>,
    now: Timestamp,
    ended: &[(AccountId, SessionId)],
) -> Result<(), StoreError> {
    for (state, flow) in tx.list(&FLOWS, &Range::all())? {
        if now >= flow.until {
            tx.remove(&FLOWS, &state);
        }
    }
    for (token, used) in tx.list(&USED, &Range::all())? {
        if now >= used.until {
            tx.remove(&USED, &token);
        }
    }
    ended.iter().for_each(|key| tx.remove(&OPENED, key));
    Ok(())
}

/// Every sign-in that an identity opened.
pub(super) fn all_opened(tx: &impl Rows) -> Result<Vec<(AccountId, SessionId)>, StoreError> {
    tx.keys::<(AccountId, SessionId), OpenedRow>(&OPENED, &Range::all())
}

pub(super) fn erase_account_in(tx: &mut WriteTx<'_>, account: AccountId) -> Result<(), StoreError> {
    for row in of_account(tx, account)? {
        remove_identity_in(tx, account, row.id)?;
    }
    tx.remove(&UNLINKED, &account);
    for (state, flow) in tx.list(&FLOWS, &Range::all())? {
        let owner = match flow.intent {
            StoredIntent::SignIn => None,
            StoredIntent::Link(owner, _) | StoredIntent::Prove(owner, _) => Some(owner),
        };
        if owner == Some(account) {
            tx.remove(&FLOWS, &state);
        }
    }
    tx.remove_range(&OPENED, &Range::prefix(&account)).map(|_| ())
}
