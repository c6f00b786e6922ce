//! What this slice keeps of people.

use serde::Deserialize;
use serde_json::json;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::clones;
use crate::consents::Reserved;
use crate::jobs::personal::{
    Arrival, ExportError, Giving, How, ImportError, Is, Kept, Line, Personal, PrivacyProvider,
    Record, kept, personal, plain,
};
use crate::kernel::{AccountId, CloneId, ConversationId, MemoryId, Timestamp};
use crate::memories;
use crate::spaces;
use crate::store::{Direction, Range, ReadTx, Rows as _, WriteTx};

use super::model::{Author, Citation, Conversation, Feedback, Message, Status, Tokens};
use super::withheld::Reading;
use super::{ConversationEraser, rows};

/// Every table of this slice.
const KEPT: &[Kept] = &[
    kept("conversations", How::Given("conversations")),
    kept("conversations_of_account", How::Leads("conversations")),
    kept("conversations_of_clone", How::Leads("conversations")),
    kept("messages", How::Given("messages")),
    kept("clone_retention", How::Common("how long conversations with a clone are kept")),
    kept("messages_generating", How::Passing("answers that are being written")),
];

const CONVERSATIONS: Record = Record {
    name: "conversations",
    meaning: "Conversations of the account.",
    fields: &[
        plain("id", Is::Id),
        plain("clone_id", Is::Id),
        personal("clone_name", Is::Text),
        personal("title", Is::Text),
        personal("pinned", Is::Flag),
        personal("message_count", Is::Number),
        personal("last_message_at", Is::Time),
        personal("created_at", Is::Time),
        personal("updated_at", Is::Time),
        personal("deleted_at", Is::Time),
    ],
    withheld: &[],
    unfolded: &[],
    given: conversations,
};

const MESSAGES: Record = Record {
    name: "messages",
    meaning: "What was said in them, without what the account may not read any more.",
    fields: &[
        plain("id", Is::Id),
        plain("conversation_id", Is::Id),
        plain("parent_id", Is::Id),
        personal("role", Is::Text),
        personal("content", Is::Text),
        personal("status", Is::Text),
        personal("grounding", Is::Text),
        personal("provider", Is::Text),
        personal("model", Is::Text),
        personal("citations", Is::List),
        personal("rating", Is::Number),
        personal("comment", Is::Text),
        plain("input_tokens", Is::Number),
        plain("output_tokens", Is::Number),
        plain("unsupported", Is::List),
        plain("finish_reason", Is::Text),
        personal("reserved", Is::Text),
        personal("error", Is::Text),
        personal("ai_generated", Is::Flag),
        personal("created_at", Is::Time),
    ],
    withheld: &[],
    unfolded: &[],
    given: messages,
};

const PROVIDERS: Record = Record {
    name: "providers_used",
    meaning: "Which providers wrote these answers.",
    fields: &[
        personal("provider", Is::Text),
        personal("model", Is::Text),
        personal("answers", Is::Number),
        personal("first_at", Is::Time),
        personal("last_at", Is::Time),
    ],
    withheld: &[],
    unfolded: &[],
    given: providers,
};

const OTHERS: Record = Record {
    name: "other_clones",
    meaning: "What clones of others are called in which the account wrote or with which it talked.",
    fields: &[
        plain("id", Is::Id),
        plain("space_id", Is::Id),
        personal("name", Is::Text),
        plain("subject", Is::Text),
    ],
    withheld: &[],
    unfolded: &[],
    given: others,
};

impl PrivacyProvider for ConversationEraser {
    fn personal(&self) -> &'static Personal {
        &Personal { kept: KEPT, records: &[OTHERS, CONVERSATIONS, MESSAGES, PROVIDERS] }
    }
}

fn messages(to: &mut Giving<'_>) -> Result<(), ExportError> {
    each_message(to.tx, to.account, &mut |message| to.give(&shown(message), vec![]))
}

fn conversations(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let (tx, account) = (to.tx, to.account);
    for conversation in rows::of_account(tx, account, None)? {
        let shown = json!({
            "id": conversation.id, "clone_id": conversation.clone,
            "clone_name": clones::name_of(tx, conversation.clone)?,
            "title": conversation.title, "pinned": conversation.pinned,
            "message_count": conversation.message_count,
            "last_message_at": conversation.last_message_at,
            "created_at": conversation.created_at, "updated_at": conversation.updated_at,
            "deleted_at": conversation.deleted_at,
        });
        to.give(&shown, vec![])?;
    }
    Ok(())
}

fn others(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let (tx, account) = (to.tx, to.account);
    let mut met: BTreeSet<_> = memories::clones_written_in(tx, account)?.into_iter().collect();
    met.extend(rows::of_account(tx, account, None)?.into_iter().map(|talk| talk.clone));
    let own = spaces::personal_in(tx, account)?;
    for id in met {
        let Some(persona) = clones::even_gone(tx, id)? else { continue };
        if persona.created_by == account || Some(persona.space) == own {
            continue;
        }
        let (name, subject) = (persona.profile.name, persona.profile.subject);
        let shown = json!({"id": id, "space_id": persona.space, "name": name, "subject": subject});
        to.give(&shown, vec![])?;
    }
    Ok(())
}

/// Every message of an account's conversations as it may be read now, the oldest first.
fn each_message(
    tx: &ReadTx,
    account: AccountId,
    visit: &mut dyn FnMut(Message) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    for conversation in rows::of_account(tx, account, None)? {
        let role = clones::role_of(tx, account, conversation.clone)?;
        let mut reading = Reading::of_whoever(tx, (account, role), conversation.clone);
        let range = Range::prefix(&conversation.id);
        tx.scan(&rows::MESSAGES, &range, Direction::Up, |(_, id), row| {
            visit(reading.shown(rows::message_of(conversation.id, id, row))?)?;
            Ok::<_, ExportError>(ControlFlow::Continue(()))
        })?;
    }
    Ok(())
}

fn shown(message: Message) -> serde_json::Value {
    let by_clone = message.author == Author::Assistant;
    let citations = message.citations.iter().map(|citation| {
        json!({
            "n": citation.n, "memory_id": citation.memory, "cited": citation.cited,
            "withheld": citation.withheld, "title": citation.title, "quote": citation.quote,
            "occurred_at": citation.occurred_at, "occurred_text": citation.occurred_text,
            "speaker": citation.speaker, "score": citation.score,
            "text_start": citation.text_start, "highlights": citation.highlights,
        })
    });
    let citations: Vec<_> = citations.collect();
    let status = match message.status {
        Status::Generating => "generating",
        Status::Complete => "complete",
        Status::Stopped => "stopped",
        Status::Incomplete => "incomplete",
    };
    let feedback = message.feedback.as_ref();
    json!({
        "id": message.id, "conversation_id": message.conversation, "parent_id": message.parent,
        "role": if by_clone { "assistant" } else { "user" }, "content": message.content,
        "status": status, "grounding": message.grounding, "provider": message.provider,
        "model": message.model, "citations": citations,
        "rating": feedback.map(|feedback| if feedback.good { 1 } else { -1 }),
        "comment": feedback.and_then(|feedback| feedback.comment.as_ref()),
        "input_tokens": message.tokens.map(|tokens| tokens.input),
        "output_tokens": message.tokens.map(|tokens| tokens.output),
        "unsupported": message.unsupported, "finish_reason": message.finish_reason,
        "reserved": message.reserved.map(Reserved::name),
        "error": message.error, "ai_generated": by_clone, "created_at": message.created_at,
    })
}

fn providers(to: &mut Giving<'_>) -> Result<(), ExportError> {
    let (tx, account) = (to.tx, to.account);
    let mut used: BTreeMap<_, (u64, Timestamp, Timestamp)> = BTreeMap::new();
    each_message(tx, account, &mut |message| {
        if let Some(provider) = message.provider {
            let at = message.created_at;
            let used = used.entry((provider, message.model)).or_insert((0, at, at));
            *used = (used.0 + 1, used.1.min(at), used.2.max(at));
        }
        Ok(())
    })?;
    for ((provider, model), (answers, first, last)) in used {
        let shown = json!({
            "provider": provider, "model": model, "answers": answers,
            "first_at": first, "last_at": last,
        });
        to.give(&shown, vec![])?;
    }
    Ok(())
}

/// Takes in a conversation.
///
/// # Errors
/// When it is not what it must be, its clone is not the account's, or the store fails.
pub fn import_in(tx: &mut WriteTx<'_>, to: &Arrival, line: &Line) -> Result<(), ImportError> {
    let id: ConversationId = line.field("id")?;
    let clone: CloneId = line.field("clone_id")?;
    clones::personal::require_own(tx, to, line, clone)?;
    if rows::conversation(tx, id)?.is_some_and(|there| there.account != to.account) {
        return Err(line.taken());
    }
    let conversation = Conversation {
        id,
        account: to.account,
        clone,
        title: line.field("title")?,
        pinned: line.field("pinned")?,
        message_count: line.field("message_count")?,
        last_message_at: line.field("last_message_at")?,
        created_at: line.field("created_at")?,
        updated_at: line.field("updated_at")?,
        deleted_at: line.field("deleted_at")?,
    };
    Ok(rows::put_in(tx, &conversation)?)
}

/// A citation as it was handed out.
#[derive(Deserialize)]
struct Cited {
    n: usize,
    memory_id: MemoryId,
    cited: bool,
    withheld: bool,
    title: Option<String>,
    quote: String,
    occurred_at: Option<String>,
    occurred_text: Option<String>,
    speaker: Option<String>,
    score: f32,
    text_start: usize,
    highlights: Vec<(usize, usize)>,
}

/// Takes in a message.
///
/// # Errors
/// When it is not what it must be, its conversation is not the account's, or the store fails.
pub fn import_message_in(
    tx: &mut WriteTx<'_>,
    to: &Arrival,
    line: &Line,
) -> Result<(), ImportError> {
    let conversation: ConversationId = line.field("conversation_id")?;
    match rows::conversation(tx, conversation)? {
        Some(there) if there.account == to.account => {}
        Some(_) => return Err(line.taken()),
        None => return Err(line.wrong("belongs to a conversation that is not there")),
    }
    let word: String = line.field("role")?;
    let author = match word.as_str() {
        "user" => Author::User,
        "assistant" => Author::Assistant,
        _ => return Err(line.wrong("is said by nobody")),
    };
    let status: String = line.field("status")?;
    let reserved: Option<String> = line.field("reserved")?;
    let rating: Option<i8> = line.field("rating")?;
    let (input, output): (Option<u64>, Option<u64>) =
        (line.field("input_tokens")?, line.field("output_tokens")?);
    let comment = line.field("comment")?;
    let citations: Vec<Cited> = line.field("citations")?;
    let message = Message {
        id: line.field("id")?,
        conversation,
        parent: line.field("parent_id")?,
        author,
        content: line.field("content")?,
        status: match status.as_str() {
            "complete" => Status::Complete,
            "stopped" => Status::Stopped,
            // Nobody goes on writing it.
            _ => Status::Incomplete,
        },
        grounding: line.field("grounding")?,
        provider: line.field("provider")?,
        model: line.field("model")?,
        citations: citations.into_iter().map(citation).collect(),
        unsupported: line.field("unsupported")?,
        feedback: rating.map(|rating| Feedback { good: rating > 0, comment }),
        tokens: input.zip(output).map(|(input, output)| Tokens { input, output }),
        finish_reason: line.field("finish_reason")?,
        error: line.field("error")?,
        reserved: reserved
            .and_then(|name| Reserved::ALL.into_iter().find(|reserved| reserved.name() == name)),
        created_at: line.field("created_at")?,
    };
    Ok(rows::put_message_in(tx, &message)?)
}

fn citation(cited: Cited) -> Citation {
    Citation {
        n: cited.n,
        cited: cited.cited,
        memory: cited.memory_id,
        withheld: cited.withheld,
        title: cited.title,
        quote: cited.quote,
        occurred_at: cited.occurred_at,
        occurred_text: cited.occurred_text,
        speaker: cited.speaker,
        score: cited.score,
        text_start: cited.text_start,
        highlights: cited.highlights,
    }
}
