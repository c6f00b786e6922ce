//! Who may read and who may change a memory.

use crate::access::{Action, Principal, Role, may, may_read_memory};
use crate::clones;
use crate::kernel::{AccountId, CloneId, MemoryId};
use crate::store::Rows;

use super::{Memory, MemoryError, rows};

pub(super) fn may_read(who: &Principal, role: Role, memory: &Memory) -> bool {
    let own = memory.author == who.account;
    memory.deleted_at.is_none() && may_read_memory(role, own, memory.shown_to())
}

/// A memory that the asker may read, as they see it.
///
/// # Errors
/// When it is not theirs to read, or the store fails.
pub fn readable(
    tx: &impl Rows,
    who: &Principal,
    clone: CloneId,
    id: MemoryId,
) -> Result<Memory, MemoryError> {
    let (_, role) = clones::open(tx, who, clone, Action::ReadMemories)?;
    Ok(readable_as(tx, who, role, clone, id)?.seen_by(who, role))
}

pub(super) fn readable_as(
    tx: &impl Rows,
    who: &Principal,
    role: Role,
    clone: CloneId,
    id: MemoryId,
) -> Result<Memory, MemoryError> {
    rows::memory(tx, clone, id)?
        .filter(|memory| may_read(who, role, memory))
        .ok_or(MemoryError::Missing)
}

/// A memory that the asker may change, and what they are to its clone: their own, or anyone's for
/// stewards and owners.
///
/// # Errors
/// When they may not, or the store fails.
pub fn changeable(
    tx: &impl Rows,
    who: &Principal,
    clone: CloneId,
    id: MemoryId,
) -> Result<(Memory, Role), MemoryError> {
    let (_, role) = clones::open(tx, who, clone, Action::ReadMemories)?;
    let memory = readable_as(tx, who, role, clone, id)?;
    require_own_or_steward(who, role, memory.author)?;
    Ok((memory, role))
}

/// Contributors change what they added themselves, stewards everything.
pub(super) fn require_own_or_steward(
    who: &Principal,
    role: Role,
    author: AccountId,
) -> Result<(), MemoryError> {
    if may_change(who.account, role, author) { Ok(()) } else { Err(MemoryError::Forbidden) }
}

pub(super) fn may_change(account: AccountId, role: Role, author: AccountId) -> bool {
    let own = author == account && may(role, Action::AddMemories);
    own || may(role, Action::ChangeMemories)
}
