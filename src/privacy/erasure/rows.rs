//! How erasures are stored: what was asked for, how far it is, and what remains to be cleaned up.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Erasure, Scope, State};
use crate::kernel::{
    AccountId, AttachmentId, CloneId, ConversationId, MemoryId, PersonId, Subject, Timestamp,
    TokenHash,
};
use crate::seal::Owner;
use crate::store::{Holds, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx};

const ERASURES: Table<TokenHash, ErasureRow> = Table::new("erasure_requests", Holds::Nothing);
/// Memories that are erased and may still be quoted in answers, or named in an index.
const REMAINS: Table<(CloneId, MemoryId), ()> = Table::new("erasure_remains", Holds::Nothing);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[ERASURES.info(), REMAINS.info()];

#[derive(Serialize, Deserialize)]
struct ErasureRow {
    scope: Scope,
    /// Whose or which, and of what is inside a clone, which clone.
    id: [u8; 16],
    within: Option<CloneId>,
    clones: Vec<CloneId>,
    removed: BTreeMap<String, u64>,
    requested_at: Timestamp,
    state: State,
    line: Option<(u64, String)>,
    erased_at: Option<Timestamp>,
}

impl Row<TokenHash> for ErasureRow {
    fn owner(&self, _: &TokenHash) -> Owner {
        Owner::Instance
    }
}

impl From<&Erasure> for ErasureRow {
    fn from(erasure: &Erasure) -> Self {
        let (scope, id, within) = match erasure.subject {
            Subject::Account(id) => (Scope::Account, id.bytes(), None),
            Subject::Clone(id) => (Scope::Clone, id.bytes(), None),
            Subject::Memory(clone, id) => (Scope::Memory, id.bytes(), Some(clone)),
            Subject::Attachment(clone, id) => (Scope::Attachment, id.bytes(), Some(clone)),
            Subject::Person(clone, id) => (Scope::Person, id.bytes(), Some(clone)),
            Subject::Conversation(id) => (Scope::Conversation, id.bytes(), None),
        };
        Self {
            scope,
            id,
            within,
            clones: erasure.clones.clone(),
            removed: erasure.removed.clone(),
            requested_at: erasure.requested_at,
            state: erasure.state,
            line: erasure.line.clone(),
            erased_at: erasure.erased_at,
        }
    }
}

impl From<ErasureRow> for Erasure {
    fn from(row: ErasureRow) -> Self {
        let within = row.within.unwrap_or_else(|| CloneId::from_bytes([0; 16]));
        let subject = match row.scope {
            Scope::Account => Subject::Account(AccountId::from_bytes(row.id)),
            Scope::Clone => Subject::Clone(CloneId::from_bytes(row.id)),
            Scope::Memory => Subject::Memory(within, MemoryId::from_bytes(row.id)),
            Scope::Attachment => Subject::Attachment(within, AttachmentId::from_bytes(row.id)),
            Scope::Person => Subject::Person(within, PersonId::from_bytes(row.id)),
            Scope::Conversation => Subject::Conversation(ConversationId::from_bytes(row.id)),
        };
        Self {
            subject,
            clones: row.clones,
            removed: row.removed,
            requested_at: row.requested_at,
            state: row.state,
            line: row.line,
            erased_at: row.erased_at,
        }
    }
}

pub(super) fn erasure(tx: &impl Rows, key: &TokenHash) -> Result<Option<Erasure>, StoreError> {
    Ok(tx.get(&ERASURES, key)?.map(Erasure::from))
}

pub(super) fn put_in(
    tx: &mut WriteTx<'_>,
    key: &TokenHash,
    erasure: &Erasure,
) -> Result<(), StoreError> {
    tx.put(&ERASURES, key, &ErasureRow::from(erasure))
}

/// Every erasure, in no order that means anything.
pub(super) fn all(tx: &impl Rows) -> Result<Vec<(TokenHash, Erasure)>, StoreError> {
    let rows = tx.list(&ERASURES, &Range::all())?;
    Ok(rows.into_iter().map(|(key, row)| (key, row.into())).collect())
}

pub(super) fn remove_in(tx: &mut WriteTx<'_>, key: &TokenHash) {
    tx.remove(&ERASURES, key);
}

pub(super) fn add_remains_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    memory: MemoryId,
) -> Result<(), StoreError> {
    tx.put(&REMAINS, &(clone, memory), &())
}

pub(super) fn remains(tx: &impl Rows) -> Result<HashMap<CloneId, HashSet<MemoryId>>, StoreError> {
    let mut found: HashMap<CloneId, HashSet<MemoryId>> = HashMap::new();
    for (clone, memory) in tx.keys::<(CloneId, MemoryId), ()>(&REMAINS, &Range::all())? {
        found.entry(clone).or_default().insert(memory);
    }
    Ok(found)
}

pub(super) fn forget_remains_in(tx: &mut WriteTx<'_>, clone: CloneId) -> Result<(), StoreError> {
    tx.remove_range(&REMAINS, &Range::prefix(&clone)).map(|_| ())
}

pub(super) fn remove_remains_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    memories: &HashSet<MemoryId>,
) {
    memories.iter().for_each(|memory| tx.remove(&REMAINS, &(clone, *memory)));
}
