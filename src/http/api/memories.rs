//! Memories: written down, read, changed, what they said before.

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined as Patch;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::Deserialize;
use serde_json::Value;

use super::fields::{Fields, path_id};
use super::trash::Done;
use super::{Group, Services, cursor};
use crate::access::Visibility;
use crate::http::auth::{Asked, Caller};
use crate::http::body::Body;
use crate::http::etag::{Etag, IfMatch, Tagged};
use crate::http::listing::wanted;
use crate::http::problem::{Answer, Problem, ProblemView};
use crate::kernel::{Change, Fault, FuzzyDate, parse_said_date};
use crate::memories::{
    Content, ContentChange, Filter, Memory, MemoryType, Metadata, Revision, day_of,
};

pub struct MemoryApi;

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
enum VisibilityWord {
    /// Only who wrote it.
    Author,
    /// Who wrote it, the stewards and the owner.
    Stewards,
    /// Everyone in the space.
    Space,
}

/// A new memory.
#[derive(Clone, Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewMemory {
    /// The text itself, as told (1 to 50,000 characters).
    content: String,
    /// A title.
    #[serde(default)]
    title: Option<String>,
    /// What kind of memory it is; `story` when not given.
    #[serde(default)]
    kind: Option<KindWord>,
    /// When it happened (EDTF).
    #[serde(default)]
    occurred_at: Option<String>,
    /// When it happened, as said; understood when `occurred_at` is not given.
    #[serde(default)]
    occurred_text: Option<String>,
    /// Where.
    #[serde(default)]
    place: Option<String>,
    /// Who occurs in it.
    #[serde(default)]
    people: Option<Vec<String>>,
    /// Labels to find it by.
    #[serde(default)]
    tags: Option<Vec<String>>,
    /// Who may read it; `space` when not given.
    #[serde(default)]
    visibility: Option<VisibilityWord>,
    /// The name another program knows it by; unique in its clone.
    #[serde(default)]
    external_id: Option<String>,
    /// What another program keeps with it (an object of at most 16 KiB).
    #[serde(default)]
    metadata: Option<Value>,
    /// Where it comes from.
    #[serde(default)]
    source: Option<String>,
    /// Who says it.
    #[serde(default)]
    speaker: Option<String>,
    /// Which sequence it belongs to, for instance one session of a chat.
    #[serde(default)]
    thread: Option<String>,
    /// Its number in that sequence.
    #[serde(default)]
    sequence: Option<i64>,
}

/// What can be changed about a memory.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct MemoryPatch {
    /// The text itself.
    content: Patch<String>,
    /// A title.
    title: Patch<String>,
    /// What kind of memory it is.
    kind: Patch<KindWord>,
    /// When it happened (EDTF).
    occurred_at: Patch<String>,
    /// When it happened, as said.
    occurred_text: Patch<String>,
    /// Where.
    place: Patch<String>,
    /// Who occurs in it.
    people: Patch<Vec<String>>,
    /// Labels to find it by.
    tags: Patch<Vec<String>>,
    /// Who may read it.
    visibility: Patch<VisibilityWord>,
    /// The name another program knows it by.
    external_id: Patch<String>,
    /// What another program keeps with it.
    metadata: Patch<Value>,
    /// Where it comes from.
    source: Patch<String>,
    /// Who says it.
    speaker: Patch<String>,
    /// Which sequence it belongs to.
    thread: Patch<String>,
    /// Its number in that sequence.
    sequence: Patch<i64>,
}

/// A memory.
#[derive(Object)]
pub struct MemoryView {
    id: String,
    clone_id: String,
    content: String,
    title: Option<String>,
    kind: KindWord,
    /// EDTF.
    occurred_at: Option<String>,
    /// As said.
    occurred_text: Option<String>,
    /// The earliest day it may be about.
    occurred_earliest: Option<String>,
    /// The latest day it may be about.
    occurred_latest: Option<String>,
    place: Option<String>,
    people: Vec<String>,
    tags: Vec<String>,
    visibility: VisibilityWord,
    external_id: Option<String>,
    metadata: Value,
    source: Option<String>,
    speaker: Option<String>,
    thread: Option<String>,
    sequence: Option<i64>,
    author_id: String,
    /// Counts its changes, from 1.
    revision: u32,
    created_at: String,
    updated_at: String,
}

/// Memories, newest first.
#[derive(Object)]
struct MemoryList {
    items: Vec<MemoryView>,
    next_cursor: Option<String>,
}

/// A memory was written down.
#[derive(ApiResponse)]
enum MemoryMade {
    /// Written down.
    #[oai(status = 201)]
    Created(Json<MemoryView>),
}

/// What a memory said before.
#[derive(Object)]
struct RevisionView {
    /// Its number, from 1.
    n: u32,
    content: String,
    title: Option<String>,
    kind: KindWord,
    occurred_at: Option<String>,
    occurred_text: Option<String>,
    place: Option<String>,
    people: Vec<String>,
    tags: Vec<String>,
    /// When this was written.
    changed_at: String,
    /// Who wrote this over it.
    changed_by: String,
}

/// What a memory said before, newest first.
#[derive(Object)]
struct RevisionList {
    items: Vec<RevisionView>,
    next_cursor: Option<String>,
}

/// Many memories.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct BatchRequest {
    /// At most 1,000 objects like those of a single memory. One that cannot be read does not
    /// keep the others from being written.
    memories: Vec<Value>,
}

/// One memory of a batch that was not written.
#[derive(Object)]
struct BatchFailure {
    /// Its place in the batch, from 0.
    index: usize,
    /// Why.
    problem: ProblemView,
}

/// What came of a batch.
#[derive(Object)]
struct BatchView {
    created: usize,
    updated: usize,
    unchanged: usize,
    failed: Vec<BatchFailure>,
}

#[OpenApi]
impl MemoryApi {
    /// The newest memories of all clones the caller can see
    #[oai(
        path = "/memories",
        method = "get",
        operation_id = "list_latest_memories",
        tag = "Group::Memories"
    )]
    async fn latest(
        &self,
        services: Data<&Services>,
        caller: Caller,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<MemoryList>> {
        let page = services.memories.latest(&caller.0, &wanted(limit.0, after.0)?)?;
        let items = page.items.iter().map(view).collect();
        Ok(Json(MemoryList { items, next_cursor: cursor(page.next) }))
    }

    /// The memories of a clone
    #[oai(
        path = "/clones/:clone_id/memories",
        method = "get",
        operation_id = "list_memories",
        tag = "Group::Memories"
    )]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
    async fn list(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
        /// Words that must all occur.
        q: Query<Option<String>>,
        kind: Query<Option<KindWord>>,
        tag: Query<Option<String>>,
        person: Query<Option<String>>,
        place: Query<Option<String>>,
        source: Query<Option<String>>,
        author: Query<Option<String>>,
        /// Only what may have happened then or later (EDTF).
        from: Query<Option<String>>,
        /// Only what may have happened then or earlier (EDTF).
        to: Query<Option<String>>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<MemoryList>> {
        let mut fields = Fields::default();
        let filter = Filter {
            words: q.0.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            kind: kind.0.map(kind_of),
            tag: tag.0,
            person: person.0,
            place: place.0,
            source: source.0,
            author: fields.id("author", author.0),
            from: fields.date("from", from.0),
            to: fields.date("to", to.0),
        };
        fields.done()?;
        let page = wanted(limit.0, after.0)?;
        let id = path_id(&clone_id.0)?;
        let page = services.memories.list(&caller.0, id, &filter, &page)?;
        let items = page.items.iter().map(view).collect();
        Ok(Json(MemoryList { items, next_cursor: cursor(page.next) }))
    }

    /// Write a memory down
    #[oai(
        path = "/clones/:clone_id/memories",
        method = "post",
        operation_id = "create_memory",
        tag = "Group::Memories"
    )]
    async fn create(
        &self,
        services: Data<&Services>,
        caller: Caller,
        asked: Asked,
        clone_id: Path<String>,
        body: Body<NewMemory>,
    ) -> Answer<Tagged<MemoryMade>> {
        let id = path_id(&clone_id.0)?;
        let once = asked.once(&caller.0, &body.1, &services);
        let content = content(Fields::default(), body.0, &said(&services, &caller))?;
        let memory = services.memories.create(&caller.0, id, content, once).await?;
        services.retrieval.wake();
        Ok(Tagged { etag: etag(&memory), answer: MemoryMade::Created(Json(view(&memory))) })
    }

    /// Write many memories down
    ///
    /// Idempotent by `external_id`: one that is there already is changed, or left alone when it
    /// says the same.
    #[oai(
        path = "/clones/:clone_id/memories/batch",
        method = "post",
        operation_id = "create_memories",
        tag = "Group::Memories"
    )]
    async fn batch(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
        body: Body<BatchRequest>,
    ) -> Answer<Json<BatchView>> {
        let id = path_id(&clone_id.0)?;
        if body.0.memories.len() > 1_000 {
            return Err(Fault::field("/memories", "must have at most 1000 items").into());
        }
        let said = said(&services, &caller);
        let mut contents = Vec::with_capacity(body.0.memories.len());
        let mut failed = Vec::new();
        for (index, sent) in body.0.memories.into_iter().enumerate() {
            match one_of_batch(index, sent, &said) {
                Ok(content) => contents.push(content),
                Err(fault) => {
                    let problem = Problem::from(fault).view(None);
                    failed.push(BatchFailure { index, problem });
                }
            }
        }
        let outcome = services.memories.batch(&caller.0, id, contents).await?;
        services.retrieval.wake();
        let (created, updated) = (outcome.created, outcome.updated);
        Ok(Json(BatchView { created, updated, unchanged: outcome.unchanged, failed }))
    }

    /// One memory
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id",
        method = "get",
        operation_id = "get_memory",
        tag = "Group::Memories"
    )]
    async fn get(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
        memory_id: Path<String>,
    ) -> Answer<Tagged<Json<MemoryView>>> {
        let (clone, id) = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let memory = services.memories.get(&caller.0, clone, id)?;
        Ok(Tagged { etag: etag(&memory), answer: Json(view(&memory)) })
    }

    /// Change a memory
    ///
    /// What it said before is kept as a revision.
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id",
        method = "patch",
        operation_id = "change_memory",
        tag = "Group::Memories"
    )]
    async fn change(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
        memory_id: Path<String>,
        known: IfMatch,
        body: Body<MemoryPatch>,
    ) -> Answer<Tagged<Json<MemoryView>>> {
        let key = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let change = content_change(body.0, &said(&services, &caller))?;
        let expected = match known.is_given() {
            false => None,
            true => {
                let memory = services.memories.get(&caller.0, key.0, key.1)?;
                known.check(&etag(&memory))?;
                Some(memory.revision)
            }
        };
        let memory = services.memories.change(&caller.0, key, change, expected).await?;
        services.retrieval.wake();
        Ok(Tagged { etag: etag(&memory), answer: Json(view(&memory)) })
    }

    /// Put a memory into the trash
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id",
        method = "delete",
        operation_id = "delete_memory",
        tag = "Group::Memories"
    )]
    async fn delete(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
        memory_id: Path<String>,
    ) -> Answer<Done> {
        let (clone, id) = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        services.memories.delete(&caller.0, clone, id).await?;
        services.retrieval.wake();
        Ok(Done::Done)
    }

    /// What a memory said before
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id/revisions",
        method = "get",
        operation_id = "list_revisions",
        tag = "Group::Memories"
    )]
    async fn revisions(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
        memory_id: Path<String>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<RevisionList>> {
        let (clone, id) = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let page = wanted(limit.0, after.0)?;
        let page = services.memories.revisions(&caller.0, clone, id, &page)?;
        let items = page.items.into_iter().map(revision_view).collect();
        Ok(Json(RevisionList { items, next_cursor: cursor(page.next) }))
    }

    /// Make a memory say again what it said before
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id/revisions/:n/restore",
        method = "post",
        operation_id = "restore_revision",
        tag = "Group::Memories"
    )]
    async fn restore_revision(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
        memory_id: Path<String>,
        n: Path<u32>,
    ) -> Answer<Tagged<Json<MemoryView>>> {
        let key = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let memory = services.memories.restore_revision(&caller.0, key, n.0).await?;
        services.retrieval.wake();
        Ok(Tagged { etag: etag(&memory), answer: Json(view(&memory)) })
    }
}

/// What is needed to understand a date that was said.
struct Said {
    language: String,
    today: jiff::civil::Date,
}

fn said(services: &Services, caller: &Caller) -> Said {
    Said { language: caller.0.locale.clone(), today: day_of(services.clock.now()) }
}

impl Said {
    fn date(&self, words: &str) -> Option<FuzzyDate> {
        parse_said_date(words, &self.language, self.today).map(|said| said.date)
    }
}

fn one_of_batch(index: usize, sent: Value, said: &Said) -> Result<Content, Fault> {
    let prefix = format!("/memories/{index}");
    let sent: NewMemory = serde_path_to_error::deserialize(sent).map_err(|error| {
        let path = error.path().to_string().replace('.', "/");
        let pointer = if path == "/" { prefix.clone() } else { format!("{prefix}/{path}") };
        Fault::field(pointer, "is missing, unknown, or of the wrong type")
    })?;
    content(Fields::below(prefix), sent, said)
}

/// How many people or tags a memory has at most.
const NAMES: usize = 200;
/// How long the metadata of a memory is at most, as JSON.
const METADATA_BYTES: usize = 16 << 10;

fn content(mut fields: Fields, sent: NewMemory, said: &Said) -> Result<Content, Fault> {
    let f = &mut fields;
    let text = f.text("/content", sent.content);
    let title = f.optional("/title", sent.title);
    let occurred_at = f.date("/occurred_at", sent.occurred_at);
    let occurred_text: Option<crate::kernel::Text<1, 200>> =
        f.optional("/occurred_text", sent.occurred_text);
    let place = f.optional("/place", sent.place);
    let people = f.list("/people", sent.people.unwrap_or_default(), NAMES);
    let tags = f.list("/tags", sent.tags.unwrap_or_default(), NAMES);
    let external_id = f.optional("/external_id", sent.external_id);
    let metadata = sent.metadata.and_then(|value| metadata(f, value)).unwrap_or_default();
    let source = f.optional("/source", sent.source);
    let speaker = f.optional("/speaker", sent.speaker);
    let thread = f.optional("/thread", sent.thread);
    let text = fields.with(text)?;
    let understood = || occurred_text.as_ref().and_then(|words| said.date(words));
    Ok(Content {
        text,
        title,
        kind: sent.kind.map(kind_of).unwrap_or_default(),
        occurred_at: occurred_at.or_else(understood),
        occurred_text,
        place,
        people,
        tags,
        visibility: sent.visibility.map_or(Visibility::Space, visibility_of),
        external_id,
        metadata,
        source,
        speaker,
        thread,
        sequence: sent.sequence,
    })
}

fn content_change(sent: MemoryPatch, said: &Said) -> Result<ContentChange, Fault> {
    let mut fields = Fields::default();
    let f = &mut fields;
    let dated = !matches!(sent.occurred_at, Patch::Undefined);
    let names = |f: &mut Fields, pointer: &str, texts| Some(f.list(pointer, texts, NAMES));
    let mut change = ContentChange {
        text: f.replace("/content", sent.content, |f, text| f.text("/content", text)),
        title: f.change(sent.title, |f, text| f.text("/title", text)),
        kind: f.replace("/kind", sent.kind, |_, word| Some(kind_of(word))),
        occurred_at: f.change(sent.occurred_at, |f, date| f.date("/occurred_at", Some(date))),
        occurred_text: f.change(sent.occurred_text, |f, text| f.text("/occurred_text", text)),
        place: f.change(sent.place, |f, text| f.text("/place", text)),
        people: f.change(sent.people, |f, texts| names(f, "/people", texts)),
        tags: f.change(sent.tags, |f, texts| names(f, "/tags", texts)),
        visibility: f.replace("/visibility", sent.visibility, |_, word| Some(visibility_of(word))),
        external_id: f.change(sent.external_id, |f, text| f.text("/external_id", text)),
        metadata: f.change(sent.metadata, metadata),
        source: f.change(sent.source, |f, text| f.text("/source", text)),
        speaker: f.change(sent.speaker, |f, text| f.text("/speaker", text)),
        thread: f.change(sent.thread, |f, text| f.text("/thread", text)),
        sequence: f.change(sent.sequence, |_, number| Some(number)),
    };
    fields.done()?;
    // New words about the date without a date: what they mean replaces the old date.
    if let (false, Change::Set(words)) = (dated, &change.occurred_text) {
        change.occurred_at = said.date(words).map_or(Change::Clear, Change::Set);
    }
    Ok(change)
}

fn metadata(fields: &mut Fields, value: Value) -> Option<Metadata> {
    let Value::Object(map) = value else {
        fields.fault("/metadata", "must be an object");
        return None;
    };
    if serde_json::to_string(&map).is_ok_and(|json| json.len() <= METADATA_BYTES) {
        return Some(map);
    }
    fields.fault("/metadata", "must be at most 16 KiB as JSON");
    None
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

fn kind_word(kind: MemoryType) -> KindWord {
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

fn visibility_of(word: VisibilityWord) -> Visibility {
    match word {
        VisibilityWord::Author => Visibility::Author,
        VisibilityWord::Stewards => Visibility::Stewards,
        VisibilityWord::Space => Visibility::Space,
    }
}

fn etag(memory: &Memory) -> Etag {
    Etag::of_version("memory", u64::from(memory.revision))
}

pub fn view(memory: &Memory) -> MemoryView {
    let content = memory.content.clone();
    let date = content.occurred_at;
    MemoryView {
        id: memory.id.to_string(),
        clone_id: memory.clone.to_string(),
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
        author_id: memory.author.to_string(),
        revision: memory.revision,
        created_at: memory.created_at.to_string(),
        updated_at: memory.updated_at.to_string(),
    }
}

fn revision_view(revision: Revision) -> RevisionView {
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
