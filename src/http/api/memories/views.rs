//! Memories as the API shows them.

use poem_openapi::{Enum, Object};
use serde::Deserialize;
use serde_json::Value;

use super::super::Services;
use super::super::attachments::{self, AttachmentView};
use crate::access::Visibility;
use crate::attachments::Attachment;
use crate::http::problem::ProblemView;
use crate::kernel::Fault;
use crate::memories::{Content, Memory, MemoryType, Revision, Waiting};

/// What kind of memory it is.
#[derive(Clone, Copy, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum KindWord {
    /// Something that happened, told.
    Story,
    /// Something that is so.
    Fact,
    /// Words as they were said.
    Quote,
    /// Something that took place.
    Event,
    /// What somebody likes or does not.
    Preference,
    /// Something written to somebody.
    Letter,
    /// How people are to each other.
    Relationship,
}

/// Who may read a memory.
#[derive(Clone, Copy, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub(super) enum VisibilityWord {
    /// Only who wrote it.
    Author,
    /// Who wrote it, the stewards and the owner.
    Stewards,
    /// Everyone in the space.
    Space,
}

/// What a memory says.
#[derive(Object)]
pub struct SaysView {
    pub(super) content: String,
    pub(super) title: Option<String>,
    pub(super) kind: KindWord,
    /// EDTF.
    pub(super) occurred_at: Option<String>,
    /// As said.
    pub(super) occurred_text: Option<String>,
    /// The earliest day it may be about.
    pub(super) occurred_earliest: Option<String>,
    /// The latest day it may be about.
    pub(super) occurred_latest: Option<String>,
    pub(super) place: Option<String>,
    pub(super) people: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) visibility: VisibilityWord,
    pub(super) external_id: Option<String>,
    pub(super) metadata: Value,
    pub(super) source: Option<String>,
    pub(super) speaker: Option<String>,
    pub(super) thread: Option<String>,
    pub(super) sequence: Option<i64>,
}

/// What of a memory nobody has let in yet; shown to its author and to those who may.
#[derive(Object)]
pub(super) struct WaitingView {
    pub(super) state: WaitingWord,
    /// Since when it waits.
    pub(super) since: String,
    /// A few words why it was declined.
    pub(super) reason: Option<String>,
    /// What the memory is to say; null when the memory itself waits.
    pub(super) change: Option<SaysView>,
}

/// What became of it.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum WaitingWord {
    /// Those who look after the clone have not looked yet.
    Waiting,
    /// They did not let it in.
    Declined,
}

/// A memory.
#[derive(Object)]
pub struct MemoryView {
    pub(super) id: String,
    pub(super) clone_id: String,
    #[oai(flatten)]
    pub(super) says: SaysView,
    pub(super) author_id: String,
    /// Photographs, recordings and other files, the oldest first.
    pub(super) attachments: Vec<AttachmentView>,
    /// Counts its changes, from 1.
    pub(super) revision: u32,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    pub(super) waiting: Option<WaitingView>,
}

/// Memories, newest first.
#[derive(Object)]
pub struct MemoryList {
    pub items: Vec<MemoryView>,
    pub next_cursor: Option<String>,
}

/// What a memory said before.
#[derive(Object)]
pub(super) struct RevisionView {
    /// Its number, from 1.
    pub(super) n: u32,
    pub(super) content: String,
    pub(super) title: Option<String>,
    pub(super) kind: KindWord,
    pub(super) occurred_at: Option<String>,
    pub(super) occurred_text: Option<String>,
    pub(super) place: Option<String>,
    pub(super) people: Vec<String>,
    pub(super) tags: Vec<String>,
    /// When this was written.
    pub(super) changed_at: String,
    /// Who wrote this over it.
    pub(super) changed_by: String,
}

/// What a memory said before, newest first.
#[derive(Object)]
pub(super) struct RevisionList {
    pub(super) items: Vec<RevisionView>,
    pub(super) next_cursor: Option<String>,
}

/// One memory of a batch that was not written.
#[derive(Object)]
pub(super) struct BatchFailure {
    /// Its place in the batch, from 0.
    pub(super) index: usize,
    /// Why.
    pub(super) problem: ProblemView,
}

/// What came of a batch.
#[derive(Object)]
pub(super) struct BatchView {
    pub(super) created: u32,
    pub(super) updated: u32,
    pub(super) unchanged: u32,
    pub(super) failed: Vec<BatchFailure>,
}

pub fn kind_of(word: KindWord) -> MemoryType {
    match word {
        KindWord::Story => MemoryType::Story,
        KindWord::Fact => MemoryType::Fact,
        KindWord::Quote => MemoryType::Quote,
        KindWord::Event => MemoryType::Event,
        KindWord::Preference => MemoryType::Preference,
        KindWord::Letter => MemoryType::Letter,
        KindWord::Relationship => MemoryType::Relationship,
    }
}

pub(super) fn kind_word(kind: MemoryType) -> KindWord {
    match kind {
        MemoryType::Story => KindWord::Story,
        MemoryType::Fact => KindWord::Fact,
        MemoryType::Quote => KindWord::Quote,
        MemoryType::Event => KindWord::Event,
        MemoryType::Preference => KindWord::Preference,
        MemoryType::Letter => KindWord::Letter,
        MemoryType::Relationship => KindWord::Relationship,
    }
}

pub(super) fn visibility_of(word: VisibilityWord) -> Visibility {
    match word {
        VisibilityWord::Author => Visibility::Author,
        VisibilityWord::Stewards => Visibility::Stewards,
        VisibilityWord::Space => Visibility::Space,
    }
}

/// Memories with their files, for who may read them.
///
/// # Errors
/// When the store fails.
pub fn views(services: &Services, memories: &[Memory]) -> Result<Vec<MemoryView>, Fault> {
    let files = services.attachments.of(&memories.iter().collect::<Vec<_>>())?;
    let none = Vec::new();
    let view = |memory: &Memory| view(memory, files.get(&memory.id).unwrap_or(&none));
    Ok(memories.iter().map(view).collect())
}

/// The files of one memory, for who may read it.
///
/// # Errors
/// When the store fails.
pub(super) fn files_of(services: &Services, memory: &Memory) -> Result<Vec<Attachment>, Fault> {
    let mut files = services.attachments.of(&[memory])?;
    Ok(files.remove(&memory.id).unwrap_or_default())
}

pub(super) fn view(memory: &Memory, files: &[Attachment]) -> MemoryView {
    MemoryView {
        id: memory.id.to_string(),
        clone_id: memory.clone.to_string(),
        says: says(memory.content.clone()),
        author_id: memory.author.to_string(),
        attachments: files.iter().map(attachments::view).collect(),
        revision: memory.revision,
        created_at: memory.created_at.to_string(),
        updated_at: memory.updated_at.to_string(),
        waiting: memory.waiting.clone().map(waiting),
    }
}

fn waiting(waiting: Waiting) -> WaitingView {
    let declined = waiting.declined;
    WaitingView {
        state: match declined {
            None => WaitingWord::Waiting,
            Some(_) => WaitingWord::Declined,
        },
        since: waiting.since.to_string(),
        reason: declined.and_then(|declined| declined.reason).map(|text| text.into_string()),
        change: waiting.change.map(says),
    }
}

fn says(content: Content) -> SaysView {
    let date = content.occurred_at;
    SaysView {
        content: content.text.into_string(),
        title: content.title.map(|text| text.into_string()),
        kind: kind_word(content.kind),
        occurred_earliest: date.as_ref().map(|date| date.earliest().to_string()),
        occurred_latest: date.as_ref().map(|date| date.latest().to_string()),
        occurred_at: date.map(|date| date.to_string()),
        occurred_text: content.occurred_text.map(|text| text.into_string()),
        place: content.place.map(|text| text.into_string()),
        people: content.people.into_iter().map(|text| text.into_string()).collect(),
        tags: content.tags.into_iter().map(|text| text.into_string()).collect(),
        visibility: match content.visibility {
            Visibility::Author => VisibilityWord::Author,
            Visibility::Stewards => VisibilityWord::Stewards,
            Visibility::Space => VisibilityWord::Space,
        },
        external_id: content.external_id.map(|text| text.into_string()),
        metadata: Value::Object(content.metadata),
        source: content.source.map(|text| text.into_string()),
        speaker: content.speaker.map(|text| text.into_string()),
        thread: content.thread.map(|text| text.into_string()),
        sequence: content.sequence,
    }
}

pub(super) fn revision_view(revision: Revision) -> RevisionView {
    let content = revision.content;
    RevisionView {
        n: revision.number,
        content: content.text.into_string(),
        title: content.title.map(|text| text.into_string()),
        kind: kind_word(content.kind),
        occurred_at: content.occurred_at.map(|date| date.to_string()),
        occurred_text: content.occurred_text.map(|text| text.into_string()),
        place: content.place.map(|text| text.into_string()),
        people: content.people.into_iter().map(|text| text.into_string()).collect(),
        tags: content.tags.into_iter().map(|text| text.into_string()).collect(),
        changed_at: revision.changed_at.to_string(),
        changed_by: revision.changed_by.to_string(),
    }
}
