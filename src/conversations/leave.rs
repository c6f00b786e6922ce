//! Conversations whose time is over, or whose person has died: taken out of what is counted before
//! they are erased, or given to somebody else.

use crate::accounts::{AccountError, account_in};
use crate::clones::{self, Counted};
use crate::kernel::{AccountId, CloneId, ConversationId};
use crate::store::{Range, Rows, StoreError, WriteTx};

use super::rows;

/// The conversations of an account, with their clones; whether each is in the trash.
///
/// # Errors
/// When the store fails.
pub fn held_by(
    tx: &impl Rows,
    account: AccountId,
) -> Result<Vec<(ConversationId, CloneId, bool)>, StoreError> {
    let mut found = Vec::new();
    for key in tx.keys::<(AccountId, CloneId, ConversationId), ()>(
        &rows::OF_ACCOUNT,
        &Range::prefix(&account),
    )? {
        if let Some(c) = rows::conversation(tx, key.2)? {
            found.push((c.id, c.clone, c.deleted_at.is_some()));
        }
    }
    Ok(found)
}

/// Takes a conversation that is to be erased out of what is counted.
///
/// # Errors
/// When the store fails.
pub fn uncount_in(tx: &mut WriteTx<'_>, id: ConversationId) -> Result<(), StoreError> {
    let Some(c) = rows::conversation(tx, id)?.filter(|c| c.deleted_at.is_none()) else {
        return Ok(());
    };
    // Those of visitors of links are not counted.
    let holder = match account_in(tx, c.account) {
        Err(AccountError::Store(error)) => return Err(error),
        found => found.ok().flatten(),
    };
    if holder.is_some() {
        clones::count_in(tx, c.clone, c.account, Counted::Conversation, -1)?;
    }
    Ok(())
}

/// Gives a conversation that is not in the trash to another account, word for word; from then on
/// it is sealed for them.
///
/// # Errors
/// When the store fails.
pub fn hand_over_in(
    tx: &mut WriteTx<'_>,
    id: ConversationId,
    to: AccountId,
) -> Result<(), StoreError> {
    let Some(mut c) = rows::conversation(tx, id)?.filter(|c| c.deleted_at.is_none()) else {
        return Ok(());
    };
    let messages = rows::messages(tx, id)?;
    uncount_in(tx, id)?;
    tx.remove(&rows::OF_ACCOUNT, &(c.account, c.clone, id));
    c.account = to;
    rows::put_in(tx, &c)?;
    for message in &messages {
        rows::put_message_in(tx, message)?;
    }
    clones::count_in(tx, c.clone, to, Counted::Conversation, 1)
}
