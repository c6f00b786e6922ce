//! Conversations and messages as the API shows them.

use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object};

use super::super::clones::settings::GroundingWord;
use crate::consents::Reserved;
use crate::conversations::{Author, Begun, Citation, Conversation, Message, Status};

/// A conversation.
#[derive(Object)]
pub struct ConversationView {
    pub id: String,
    pub clone_id: String,
    pub clone_name: String,
    pub title: Option<String>,
    pub pinned: bool,
    pub message_count: u64,
    pub last_message_at: Option<String>,
    pub created_at: String,
    pub updated_at: String,
}

/// Conversations: pinned ones first, then the newest.
#[derive(Object)]
pub struct ConversationList {
    pub items: Vec<ConversationView>,
    pub next_cursor: Option<String>,
}

/// Who says a message.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub enum AuthorWord {
    /// The account.
    User,
    /// The clone.
    Assistant,
}

/// How far an answer has come.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub enum StatusWord {
    /// It is being written.
    Generating,
    /// It is whole.
    Complete,
    /// Somebody stopped it.
    Stopped,
    /// It broke off.
    Incomplete,
}

/// What a passage is from.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub enum SourceWord {
    /// A memory.
    Memory,
    /// A document that was read in.
    Document,
    /// A message of an archive.
    Message,
}

/// A passage an answer was made from.
#[derive(Object)]
pub struct CitationView {
    /// The number it is cited by, from 1.
    pub n: usize,
    pub kind: SourceWord,
    /// The source itself.
    pub id: String,
    pub document_id: Option<String>,
    pub title: Option<String>,
    /// The words that count, exactly as they stand in the memory.
    pub quote: String,
    /// EDTF.
    pub occurred_at: Option<String>,
    /// As said.
    pub occurred_text: Option<String>,
    pub speaker: Option<String>,
    /// How well it fits, from 0 to about 1.
    pub score: f32,
    /// Whether the text of the answer cites it.
    pub cited: bool,
    /// Whether it was thrown away since, corrected, or kept from the reader: then its words are
    /// gone from here and from the answer.
    pub withheld: bool,
    /// Where the quote begins in the memory, in code points.
    pub text_start: usize,
    /// Ranges of the memory, in code points, that answer best.
    pub highlights: Vec<Vec<usize>>,
}

/// What the reader thought of an answer.
#[derive(Object)]
pub struct FeedbackView {
    /// 1 or -1.
    pub rating: i8,
    pub comment: Option<String>,
}

/// Who has not agreed that something goes to an outside service.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub enum ReservedWord {
    /// Who asks, or made the link that they came by.
    Asker,
    /// The owner of the clone's space.
    Owner,
    /// A steward of the clone's space, who said no.
    Steward,
}

impl From<Reserved> for ReservedWord {
    fn from(reserved: Reserved) -> Self {
        match reserved {
            Reserved::Asker => Self::Asker,
            Reserved::Owner => Self::Owner,
            Reserved::Steward => Self::Steward,
        }
    }
}

/// A message.
#[derive(Object)]
pub struct MessageView {
    pub id: String,
    pub conversation_id: String,
    /// What it follows.
    pub parent_id: Option<String>,
    pub role: AuthorWord,
    pub content: String,
    pub status: StatusWord,
    /// How far it was allowed to go beyond the passages.
    pub grounding: Option<GroundingWord>,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub citations: Vec<CitationView>,
    /// Sentences that claim something and cite nothing, as ranges of `content` in code points.
    pub unsupported: Vec<Vec<usize>>,
    pub feedback: Option<FeedbackView>,
    /// True for everything a clone says.
    pub ai_generated: bool,
    pub finish_reason: Option<String>,
    /// The code of what went wrong.
    pub error: Option<String>,
    /// Whose missing consent `third_party_apis` kept it on this server, although the clone is set
    /// to an outside service.
    pub reserved: Option<ReservedWord>,
    pub created_at: String,
}

/// Messages.
#[derive(Object)]
pub struct MessageList {
    pub items: Vec<MessageView>,
    pub next_cursor: Option<String>,
}

/// A question and its answer.
#[derive(Object)]
pub struct Exchange {
    /// The question.
    pub user_message: MessageView,
    /// The answer.
    pub message: MessageView,
}

pub fn exchange(begun: &Begun, message: &Message) -> Json<Exchange> {
    Json(Exchange { user_message: message_view(&begun.question), message: message_view(message) })
}

pub fn view(conversation: &Conversation, clone_name: &str) -> ConversationView {
    let title = conversation.title.as_ref().map(|title| title.to_string());
    ConversationView {
        id: conversation.id.to_string(),
        clone_id: conversation.clone.to_string(),
        clone_name: clone_name.to_owned(),
        title: title.filter(|title| !title.is_empty()),
        pinned: conversation.pinned,
        message_count: conversation.message_count,
        last_message_at: conversation.last_message_at.map(|at| at.to_string()),
        created_at: conversation.created_at.to_string(),
        updated_at: conversation.updated_at.to_string(),
    }
}

pub fn message_view(message: &Message) -> MessageView {
    let by_clone = message.author == Author::Assistant;
    MessageView {
        id: message.id.to_string(),
        conversation_id: message.conversation.to_string(),
        parent_id: message.parent.map(|id| id.to_string()),
        role: if by_clone { AuthorWord::Assistant } else { AuthorWord::User },
        content: message.content.clone(),
        status: match message.status {
            Status::Generating => StatusWord::Generating,
            Status::Complete => StatusWord::Complete,
            Status::Stopped => StatusWord::Stopped,
            Status::Incomplete => StatusWord::Incomplete,
        },
        grounding: message.grounding.map(Into::into),
        provider: message.provider.clone(),
        model: message.model.clone(),
        citations: message.citations.iter().map(citation_view).collect(),
        unsupported: message.unsupported.iter().map(|(from, to)| vec![*from, *to]).collect(),
        feedback: message.feedback.as_ref().map(|feedback| FeedbackView {
            rating: if feedback.good { 1 } else { -1 },
            comment: feedback.comment.as_ref().map(|text| text.to_string()),
        }),
        ai_generated: by_clone,
        finish_reason: message.finish_reason.clone(),
        error: message.error.clone(),
        reserved: message.reserved.map(Into::into),
        created_at: message.created_at.to_string(),
    }
}

pub fn citation_view(citation: &Citation) -> CitationView {
    let citation = citation.clone();
    CitationView {
        n: citation.n,
        withheld: citation.withheld,
        kind: SourceWord::Memory,
        id: citation.memory.to_string(),
        document_id: None,
        title: citation.title,
        quote: citation.quote,
        occurred_at: citation.occurred_at,
        occurred_text: citation.occurred_text,
        speaker: citation.speaker,
        score: citation.score,
        cited: citation.cited,
        text_start: citation.text_start,
        highlights: citation.highlights.into_iter().map(|(start, end)| vec![start, end]).collect(),
    }
}
