//! Answers forget what was erased: they keep no quote of it, and no words that came from it.

use std::collections::HashSet;

use crate::kernel::{CloneId, ConversationId, MemoryId};
use crate::store::{Rows, StoreError, WriteTx};

use super::withheld::without;
use super::{Message, rows};

/// The conversations with a clone in which an answer cites one of these memories.
///
/// # Errors
/// When the store fails.
pub fn citing(
    tx: &impl Rows,
    clone: CloneId,
    gone: &HashSet<MemoryId>,
) -> Result<Vec<ConversationId>, StoreError> {
    let mut found = Vec::new();
    for id in rows::of_clone(tx, clone)? {
        if rows::messages(tx, id)?.iter().any(|message| cites(message, gone)) {
            found.push(id);
        }
    }
    Ok(found)
}

/// Takes what came from these memories out of the answers of a conversation, and says of how many.
///
/// # Errors
/// When the store fails.
pub fn forget_quotes_in(
    tx: &mut WriteTx<'_>,
    id: ConversationId,
    gone: &HashSet<MemoryId>,
) -> Result<usize, StoreError> {
    let mut changed = 0;
    for message in rows::messages(tx, id)? {
        if cites(&message, gone) {
            let message = without(message, |citation| Ok(gone.contains(&citation.memory)))?;
            rows::put_message_in(tx, &message)?;
            changed += 1;
        }
    }
    Ok(changed)
}

fn cites(message: &Message, gone: &HashSet<MemoryId>) -> bool {
    let keeps = |quote: &str, title: Option<&str>| !quote.is_empty() || title.is_some();
    message.citations.iter().any(|citation| {
        gone.contains(&citation.memory) && keeps(&citation.quote, citation.title.as_deref())
    })
}
