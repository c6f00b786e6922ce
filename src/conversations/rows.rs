//! How conversations and messages are stored.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::clones::Grounding;
use crate::consents::Reserved;
use crate::kernel::faults::{Planted, planted};
use crate::kernel::{AccountId, CloneId, ConversationId, MemoryId, MessageId, Text, Timestamp};
use crate::seal::Owner;
use crate::store::{
    Direction, Holds, Portion, Range, Row, Rows, StoreError, Table, TableInfo, WriteTx,
};

use super::model::{Author, Citation, Conversation, Feedback, Message, Status, Tokens};

pub(super) const CONVERSATIONS: Table<ConversationId, ConversationRow> =
    Table::new("conversations", Holds::Account);
pub(super) const OF_ACCOUNT: Table<(AccountId, CloneId, ConversationId), ()> =
    Table::new("conversations_of_account", Holds::Account);
pub(super) const OF_CLONE: Table<(CloneId, ConversationId), ()> =
    Table::new("conversations_of_clone", Holds::Account);
pub(super) const MESSAGES: Table<(ConversationId, MessageId), MessageRow> =
    Table::new("messages", Holds::Account);
/// Answers that are being written, so that a start can close those that a crash left open.
pub(super) const GENERATING: Table<(ConversationId, MessageId), ()> =
    Table::new("messages_generating", Holds::Account);

/// The tables of this slice.
pub const TABLES: &[TableInfo] = &[
    CONVERSATIONS.info(),
    OF_ACCOUNT.info(),
    OF_CLONE.info(),
    MESSAGES.info(),
    GENERATING.info(),
    super::retention::RETENTION.info(),
];

#[derive(Serialize, Deserialize)]
pub(super) struct ConversationRow {
    account: AccountId,
    clone: CloneId,
    title: Option<Text<0, 200>>,
    pinned: bool,
    message_count: u64,
    last_message_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    deleted_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct CitationRow {
    n: usize,
    cited: bool,
    memory: MemoryId,
    title: Option<String>,
    quote: String,
    occurred_at: Option<String>,
    occurred_text: Option<String>,
    speaker: Option<String>,
    score: f32,
    text_start: usize,
    highlights: Vec<(usize, usize)>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MessageRow {
    /// Whose conversation it is in, and with which clone.
    #[serde(default)]
    between: Option<(AccountId, CloneId)>,
    parent: Option<MessageId>,
    by_clone: bool,
    content: String,
    status: u8,
    grounding: Option<Grounding>,
    provider: Option<String>,
    model: Option<String>,
    citations: Vec<CitationRow>,
    unsupported: Vec<(usize, usize)>,
    feedback: Option<(bool, Option<Text<0, 2_000>>)>,
    tokens: Option<(u64, u64)>,
    finish_reason: Option<String>,
    error: Option<String>,
    /// The place in [`Reserved::ALL`].
    #[serde(default)]
    reserved: Option<u8>,
    created_at: Timestamp,
}

impl Row<ConversationId> for ConversationRow {
    fn owner(&self, _: &ConversationId) -> Owner {
        Owner::Derived { author: self.account, clone: self.clone }
    }
}

impl Row<(ConversationId, MessageId)> for MessageRow {
    fn owner(&self, _: &(ConversationId, MessageId)) -> Owner {
        match self.between {
            Some((author, clone)) => Owner::Derived { author, clone },
            None => Owner::Instance,
        }
    }
}

const STATUSES: [Status; 4] =
    [Status::Generating, Status::Complete, Status::Stopped, Status::Incomplete];

fn status_number(status: Status) -> u8 {
    match status {
        Status::Generating => 0,
        Status::Complete => 1,
        Status::Stopped => 2,
        Status::Incomplete => 3,
    }
}

pub(super) fn conversation(
    tx: &impl Rows,
    id: ConversationId,
) -> Result<Option<Conversation>, StoreError> {
    Ok(tx.get(&CONVERSATIONS, &id)?.map(|row| Conversation {
        id,
        account: row.account,
        clone: row.clone,
        title: row.title,
        pinned: row.pinned,
        message_count: row.message_count,
        last_message_at: row.last_message_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
        deleted_at: row.deleted_at,
    }))
}

pub(super) fn put_in(tx: &mut WriteTx<'_>, c: &Conversation) -> Result<(), StoreError> {
    let row = ConversationRow {
        account: c.account,
        clone: c.clone,
        title: c.title.clone(),
        pinned: c.pinned,
        message_count: c.message_count,
        last_message_at: c.last_message_at,
        created_at: c.created_at,
        updated_at: c.updated_at,
        deleted_at: c.deleted_at,
    };
    tx.put(&CONVERSATIONS, &c.id, &row)?;
    tx.put(&OF_ACCOUNT, &(c.account, c.clone, c.id), &())?;
    tx.put(&OF_CLONE, &(c.clone, c.id), &())
}

/// The conversations of an account, those in the trash included; all, or with one clone.
pub(super) fn of_account(
    tx: &impl Rows,
    account: AccountId,
    clone: Option<CloneId>,
) -> Result<Vec<Conversation>, StoreError> {
    let range = match clone {
        Some(clone) => Range::prefix(&(account, clone)),
        None => Range::prefix(&account),
    };
    let mut found = Vec::new();
    let keys: Vec<(AccountId, CloneId, ConversationId)> = tx.keys(&OF_ACCOUNT, &range)?;
    for (_, _, id) in keys {
        found.extend(conversation(tx, id)?);
    }
    Ok(found)
}

/// The conversations with a clone, those in the trash included.
pub(super) fn of_clone(tx: &impl Rows, clone: CloneId) -> Result<Vec<ConversationId>, StoreError> {
    let keys: Vec<(CloneId, ConversationId)> = tx.keys(&OF_CLONE, &Range::prefix(&clone))?;
    Ok(keys.into_iter().map(|(_, id)| id).collect())
}

/// How many messages there are, those of conversations in the trash left out.
///
/// # Errors
/// When the store fails.
pub fn count_messages(tx: &impl Rows) -> Result<u64, StoreError> {
    let mut messages = 0;
    tx.scan(&CONVERSATIONS, &Range::all(), Direction::Up, |_, row| {
        messages += if row.deleted_at.is_none() { row.message_count } else { 0 };
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    Ok(messages)
}

pub(super) fn message_of(conversation: ConversationId, id: MessageId, row: MessageRow) -> Message {
    let status = STATUSES.into_iter().find(|status| status_number(*status) == row.status);
    Message {
        id,
        conversation,
        parent: row.parent,
        author: if row.by_clone { Author::Assistant } else { Author::User },
        content: row.content,
        status: status.unwrap_or(Status::Incomplete),
        grounding: row.grounding,
        provider: row.provider,
        model: row.model,
        citations: row.citations.into_iter().map(citation_of).collect(),
        unsupported: row.unsupported,
        feedback: row.feedback.map(|(good, comment)| Feedback { good, comment }),
        tokens: row.tokens.map(|(input, output)| Tokens { input, output }),
        finish_reason: row.finish_reason,
        error: row.error,
        reserved: row.reserved.and_then(|at| Reserved::ALL.get(usize::from(at)).copied()),
        created_at: row.created_at,
    }
}

fn citation_of(row: CitationRow) -> Citation {
    Citation {
        n: row.n,
        cited: row.cited,
        memory: row.memory,
        withheld: false,
        title: row.title,
        quote: row.quote,
        occurred_at: row.occurred_at,
        occurred_text: row.occurred_text,
        speaker: row.speaker,
        score: row.score,
        text_start: row.text_start,
        highlights: row.highlights,
    }
}

fn citation_row(citation: &Citation) -> CitationRow {
    let citation = citation.clone();
    CitationRow {
        n: citation.n,
        cited: citation.cited,
        memory: citation.memory,
        title: citation.title,
        quote: citation.quote,
        occurred_at: citation.occurred_at,
        occurred_text: citation.occurred_text,
        speaker: citation.speaker,
        score: citation.score,
        text_start: citation.text_start,
        highlights: citation.highlights,
    }
}

pub(super) fn message(
    tx: &impl Rows,
    conversation: ConversationId,
    id: MessageId,
) -> Result<Option<Message>, StoreError> {
    Ok(tx.get(&MESSAGES, &(conversation, id))?.map(|row| message_of(conversation, id, row)))
}

pub(super) fn messages(
    tx: &impl Rows,
    conversation: ConversationId,
) -> Result<Vec<Message>, StoreError> {
    let rows = tx.list(&MESSAGES, &Range::prefix(&conversation))?;
    Ok(rows.into_iter().map(|((_, id), row)| message_of(conversation, id, row)).collect())
}

/// Seals messages of a time when nothing was for those who talked.
///
/// # Errors
/// When the database fails.
pub fn reseal_in(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    for ((conversation, id), row) in tx.list(&MESSAGES, &Range::all())? {
        put_message_in(tx, &message_of(conversation, id, row))?;
    }
    Ok(())
}

pub(super) fn put_message_in(tx: &mut WriteTx<'_>, message: &Message) -> Result<(), StoreError> {
    let key = (message.conversation, message.id);
    let feedback = message.feedback.as_ref();
    // Nothing of a conversation that was erased meanwhile comes back.
    let Some(between) = tx.get(&CONVERSATIONS, &message.conversation)? else { return Ok(()) };
    let row = MessageRow {
        between: Some((between.account, between.clone)),
        parent: message.parent,
        by_clone: message.author == Author::Assistant,
        content: message.content.clone(),
        status: status_number(message.status),
        grounding: message.grounding,
        provider: message.provider.clone(),
        model: message.model.clone(),
        citations: message.citations.iter().map(citation_row).collect(),
        unsupported: message.unsupported.clone(),
        feedback: feedback.map(|feedback| (feedback.good, feedback.comment.clone())),
        tokens: message.tokens.map(|tokens| (tokens.input, tokens.output)),
        finish_reason: message.finish_reason.clone(),
        error: message.error.clone(),
        reserved: message.reserved.and_then(|reserved| {
            let at = Reserved::ALL.iter().position(|known| *known == reserved);
            at.and_then(|at| u8::try_from(at).ok())
        }),
        created_at: message.created_at,
    };
    tx.put(&MESSAGES, &key, &row)?;
    if message.status == Status::Generating {
        tx.put(&GENERATING, &key, &())
    } else {
        tx.remove(&GENERATING, &key);
        Ok(())
    }
}

/// Marks what a crash left open as incomplete and says how many there were.
pub(super) fn close_open_in(tx: &mut WriteTx<'_>) -> Result<usize, StoreError> {
    if planted(Planted::AnswersLeftOpen) {
        return Ok(0);
    }
    let open: Vec<(ConversationId, MessageId)> = tx.keys(&GENERATING, &Range::all())?;
    for (conversation, id) in &open {
        if let Some(mut message) = message(tx, *conversation, *id)? {
            message.status = Status::Incomplete;
            message.error = Some("interrupted".to_owned());
            put_message_in(tx, &message)?;
        } else {
            tx.remove(&GENERATING, &(*conversation, *id));
        }
    }
    Ok(open.len())
}

pub(super) fn erase_conversation_in(
    tx: &mut WriteTx<'_>,
    id: ConversationId,
    room: &mut Portion,
) -> Result<(), StoreError> {
    tx.remove_within(&GENERATING, &Range::prefix(&id), room)?;
    tx.remove_within(&MESSAGES, &Range::prefix(&id), room)?;
    if room.is_over() {
        return Ok(());
    }
    if let Some(c) = conversation(tx, id)? {
        tx.remove(&OF_ACCOUNT, &(c.account, c.clone, id));
        tx.remove(&OF_CLONE, &(c.clone, id));
    }
    tx.remove(&CONVERSATIONS, &id);
    room.take(1);
    Ok(())
}

pub(super) fn erase_clone_in(
    tx: &mut WriteTx<'_>,
    clone: CloneId,
    room: &mut Portion,
) -> Result<(), StoreError> {
    let keys: Vec<(CloneId, ConversationId)> = tx.keys(&OF_CLONE, &Range::prefix(&clone))?;
    keys.into_iter().try_for_each(|(_, id)| erase_conversation_in(tx, id, room))
}

pub(super) fn erase_account_in(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    room: &mut Portion,
) -> Result<(), StoreError> {
    let range = Range::prefix(&account);
    let keys: Vec<(AccountId, CloneId, ConversationId)> = tx.keys(&OF_ACCOUNT, &range)?;
    for key in keys {
        erase_conversation_in(tx, key.2, room)?;
        if room.is_over() {
            return Ok(());
        }
        // Also where the conversation itself is not there, or cannot be read any more.
        tx.remove(&OF_ACCOUNT, &key);
        tx.remove(&OF_CLONE, &(key.1, key.2));
    }
    Ok(())
}
