//! What is erased as one.

use super::{AccountId, AttachmentId, CloneId, ConversationId, MemoryId, PersonId};

/// Whose or which data is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Everything of an account.
    Account(AccountId),
    /// Everything of a clone.
    Clone(CloneId),
    /// One memory of a clone.
    Memory(CloneId, MemoryId),
    /// One file of a memory of a clone.
    Attachment(CloneId, AttachmentId),
    /// One person of a clone.
    Person(CloneId, PersonId),
    /// One conversation.
    Conversation(ConversationId),
}
