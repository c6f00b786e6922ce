//! Finding memories: in the order in which they happened, and by a question.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use serde::Deserialize;

use super::Group;
use super::fields::{Fields, path_id};
use super::memories::views::{KindWord, MemoryView, kind_of, views};
use crate::http::auth::{Ask, Reading};
use crate::http::listing::List;
use crate::http::problem::Answer;
use crate::kernel::{FieldProblem, Text, code_points};
use crate::memories::Filter;
use crate::retrieval::{Hit, SearchMode, SearchRequest};

const TIMELINE: List<'_> = List::named("timeline");

pub struct TimelineApi;

/// A memory with its place in time.
#[derive(Object)]
struct TimelineItem {
    /// The earliest day it may be about.
    earliest: String,
    /// The latest day it may be about.
    latest: String,
    memory: MemoryView,
}

/// The memories in the order in which they happened, oldest first.
#[derive(Object)]
struct TimelineView {
    items: Vec<TimelineItem>,
    /// Memories without a date, on the last page (at most 200).
    undated: Vec<MemoryView>,
    next_cursor: Option<String>,
}

/// How to search.
#[derive(Clone, Copy, Deserialize, Enum)]
#[oai(rename_all = "snake_case")]
enum ModeWord {
    /// By words and by meaning.
    Hybrid,
    /// By words.
    Text,
    /// By meaning.
    Vector,
}

/// What kind of passage it is.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum PassageWord {
    /// A memory.
    Memory,
    /// A part of a document.
    Document,
    /// A message of an imported archive.
    Message,
}

/// Where a passage stands in its original, in Unicode code points.
#[derive(Object)]
struct Locator {
    start: usize,
    end: usize,
    page: Option<u32>,
    message_id: Option<String>,
}

/// A passage that was found.
#[derive(Object)]
struct HitView {
    id: String,
    kind: PassageWord,
    external_id: Option<String>,
    document_id: Option<String>,
    title: Option<String>,
    /// A slice of the original, beginning at `text_start`.
    text: String,
    /// How well it fits, from 0 to about 1.
    score: f32,
    /// EDTF.
    occurred_at: Option<String>,
    speaker: Option<String>,
    thread: Option<String>,
    sequence: Option<i64>,
    /// Where `text` begins in the original, in code points.
    text_start: usize,
    /// Ranges of the original, in code points, that match best.
    highlights: Vec<Vec<usize>>,
    locator: Locator,
}

/// What was found, best first.
#[derive(Object)]
struct SearchView {
    hits: Vec<HitView>,
    /// How long it took, in milliseconds.
    took_ms: f64,
    /// Whether part of the index is still being built, so that something may be missing.
    degraded: bool,
}

#[OpenApi]
impl TimelineApi {
    /// The memories in the order in which they happened
    #[oai(
        path = "/clones/:clone_id/timeline",
        method = "get",
        operation_id = "get_timeline",
        tag = "Group::Memories"
    )]
    async fn timeline(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<TimelineView>> {
        let list = TIMELINE.of(&clone_id.0);
        let page = list.wanted(limit.0, after.0)?;
        let timeline = ask.memories.timeline(&ask.who, path_id(&clone_id.0)?, &page)?;
        let shown = views(&ask, &timeline.dated.items)?;
        let dated = timeline.dated.items.iter().zip(shown).filter_map(|(memory, shown)| {
            let date = memory.content.occurred_at.as_ref()?;
            Some(TimelineItem {
                earliest: date.earliest().to_string(),
                latest: date.latest().to_string(),
                memory: shown,
            })
        });
        Ok(Json(TimelineView {
            items: dated.collect(),
            undated: views(&ask, &timeline.undated)?,
            next_cursor: list.next(timeline.dated.next),
        }))
    }

    /// Search a clone's memories by a question
    #[oai(
        path = "/clones/:clone_id/search",
        method = "get",
        operation_id = "search",
        tag = "Group::Memories"
    )]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
    async fn search(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
        /// The question: up to 512 characters, unless the server is set otherwise.
        q: Query<String>,
        /// 1 to 100.
        #[oai(validator(minimum(value = "1"), maximum(value = "100")), default = "usual_limit")]
        limit: Query<u32>,
        mode: Query<Option<ModeWord>>,
        /// The last word may be unfinished: search as you type.
        #[oai(default)]
        typing: Query<bool>,
        kind: Query<Option<PassageWord>>,
        memory_kind: Query<Option<KindWord>>,
        tag: Query<Option<String>>,
        person: Query<Option<String>>,
        place: Query<Option<String>>,
        source: Query<Option<String>>,
        /// Only what may have happened then or later (EDTF).
        from: Query<Option<String>>,
        /// Only what may have happened then or earlier (EDTF).
        to: Query<Option<String>>,
    ) -> Answer<Json<SearchView>> {
        let started = std::time::Instant::now();
        let mut fields = Fields::default();
        let question = question(&mut fields, q.0, ask.retrieval.bounds().characters);
        let filter = Filter {
            kind: memory_kind.0.map(kind_of),
            tag: tag.0,
            person: person.0,
            place: place.0,
            source: source.0,
            from: fields.date("from", from.0),
            to: fields.date("to", to.0),
            ..Filter::default()
        };
        let request = SearchRequest {
            question: fields.with(question)?.into_string(),
            limit: limit.0 as usize,
            mode: match mode.0 {
                None | Some(ModeWord::Hybrid) => SearchMode::Hybrid,
                Some(ModeWord::Text) => SearchMode::Text,
                Some(ModeWord::Vector) => SearchMode::Vector,
            },
            typing: typing.0,
            without_memories: kind.0.is_some_and(|kind| kind != PassageWord::Memory),
            filter,
        };
        let id = path_id(&clone_id.0)?;
        let found = ask.retrieval.search(&ask.who, id, request).await?;
        Ok(Json(SearchView {
            hits: found.hits.into_iter().map(hit_view).collect(),
            took_ms: started.elapsed().as_secs_f64() * 1_000.0,
            degraded: found.degraded,
        }))
    }
}

/// A question of as many characters as the server takes.
fn question(fields: &mut Fields, text: String, most: usize) -> Option<Text<1, 2_000>> {
    let question: Text<1, 2_000> = fields.text("q", text)?;
    if code_points(&question) > most {
        let detail = format!("must have at most {most} characters");
        fields.fault(FieldProblem::TooLong, "q", detail);
        return None;
    }
    Some(question)
}

fn usual_limit() -> u32 {
    10
}

fn hit_view(hit: Hit) -> HitView {
    let end = hit.text_start + code_points(&hit.text);
    HitView {
        id: hit.memory.to_string(),
        kind: PassageWord::Memory,
        external_id: hit.external_id,
        document_id: None,
        title: hit.title,
        text: hit.text,
        score: hit.score,
        occurred_at: hit.occurred_at.map(|date| date.to_string()),
        speaker: hit.speaker,
        thread: hit.thread,
        sequence: hit.sequence,
        text_start: hit.text_start,
        highlights: hit.highlights.into_iter().map(|(start, end)| vec![start, end]).collect(),
        locator: Locator { start: hit.text_start, end, page: None, message_id: None },
    }
}
