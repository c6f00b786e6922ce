//! What a conversation is, and what is said in it.

use crate::clones::Grounding;
use crate::consents::Reserved;
use crate::kernel::{AccountId, CloneId, ConversationId, MemoryId, MessageId, Text, Timestamp};

/// A chat of an account with a clone; nobody else can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its identifier.
    pub id: ConversationId,
    /// Whose it is.
    pub account: AccountId,
    /// With which clone.
    pub clone: CloneId,
    /// What it is called; made from the first question unless somebody named it.
    pub title: Option<Text<0, 200>>,
    /// Whether it stays on top of the list.
    pub pinned: bool,
    /// How many messages it has.
    pub message_count: u64,
    /// When the last one was added.
    pub last_message_at: Option<Timestamp>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When its title or place last changed.
    pub updated_at: Timestamp,
    /// When it was put into the trash.
    pub deleted_at: Option<Timestamp>,
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The account.
    User,
    /// The clone.
    Assistant,
}

/// How far an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is being written.
    Generating,
    /// It is whole.
    Complete,
    /// Somebody stopped it.
    Stopped,
    /// It broke off.
    Incomplete,
}

/// A passage an answer was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Citation {
    /// The number it is cited by, from 1.
    pub n: usize,
    /// Whether the text of the answer cites it.
    pub cited: bool,
    /// The memory.
    pub memory: MemoryId,
    /// Whether the reader may not have it (any more): what is known of it is left out.
    pub withheld: bool,
    /// The title of the memory.
    pub title: Option<String>,
    /// The words of the memory that count here, exactly as they stand in it.
    pub quote: String,
    /// When it happened (EDTF).
    pub occurred_at: Option<String>,
    /// When it happened, as said.
    pub occurred_text: Option<String>,
    /// Who says it.
    pub speaker: Option<String>,
    /// How well it fits, from 0 to about 1.
    pub score: f32,
    /// Where the quote begins in the memory, in code points.
    pub text_start: usize,
    /// Which ranges of the memory, in code points, answer best.
    pub highlights: Vec<(usize, usize)>,
}

/// What somebody thought of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// Whether it was good.
    pub good: bool,
    /// Why.
    pub comment: Option<Text<0, 2_000>>,
}

/// What a provider counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Tokens read.
    pub input: u64,
    /// Tokens written.
    pub output: u64,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its identifier.
    pub id: MessageId,
    /// Where it was said.
    pub conversation: ConversationId,
    /// What it follows; nothing for the first.
    pub parent: Option<MessageId>,
    /// Who says it.
    pub author: Author,
    /// What it says.
    pub content: String,
    /// How far it has come.
    pub status: Status,
    /// How far it was allowed to go beyond the passages (answers only).
    pub grounding: Option<Grounding>,
    /// Which provider wrote it (answers only).
    pub provider: Option<String>,
    /// Which model wrote it (answers only).
    pub model: Option<String>,
    /// The passages it was made from (answers only).
    pub citations: Vec<Citation>,
    /// Sentences that claim something and cite nothing, as ranges of the content in code points
    /// (answers in a model's own words only).
    pub unsupported: Vec<(usize, usize)>,
    /// What the reader thought of it.
    pub feedback: Option<Feedback>,
    /// What the provider counted.
    pub tokens: Option<Tokens>,
    /// Why the provider ended.
    pub finish_reason: Option<String>,
    /// The code of what went wrong.
    pub error: Option<String>,
    /// Whose missing agreement kept it on this server, though the clone is set to a provider that
    /// others run (answers only).
    pub reserved: Option<Reserved>,
    /// When it was begun.
    pub created_at: Timestamp,
}

impl Message {
    /// A new message of nobody in particular, to be filled in.
    pub(super) fn blank(conversation: ConversationId, author: Author, now: Timestamp) -> Self {
        Self {
            id: MessageId::fresh(),
            conversation,
            parent: None,
            author,
            content: String::new(),
            status: Status::Complete,
            grounding: None,
            provider: None,
            model: None,
            citations: Vec::new(),
            unsupported: Vec::new(),
            feedback: None,
            tokens: None,
            finish_reason: None,
            error: None,
            reserved: None,
            created_at: now,
        }
    }
}

/// A partial update of a conversation.
#[derive(Clone, Debug, Default)]
pub struct ConversationChange {
    /// Another title.
    pub title: crate::kernel::Change<Text<0, 200>>,
    /// On top of the list or not.
    pub pinned: Option<bool>,
}

/// What is said to a clone.
#[derive(Clone, Debug)]
pub enum Said {
    /// Something new.
    New {
        /// The words.
        content: Text<1, 20_000>,
        /// The message it follows; the last one when not given.
        parent: Option<MessageId>,
    },
    /// That an answer should be written again.
    Again(MessageId),
}
