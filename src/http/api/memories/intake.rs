//! Memories as callers send them, checked into what the slice takes.

use poem_openapi::Object;
use poem_openapi::types::MaybeUndefined as Patch;
use serde::Deserialize;
use serde_json::Value;

use super::super::Services;
use super::super::fields::Fields;
use super::views::{KindWord, VisibilityWord, kind_of, visibility_of};
use crate::access::Principal;
use crate::access::Visibility;
use crate::kernel::{Change, Fault, FieldProblem, FuzzyDate, parse_said_date};
use crate::memories::{Content, ContentChange, Metadata, day_of};

/// A new memory.
#[derive(Clone, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMemory {
    /// The text itself, as told (1 to 50,000 characters).
    pub(super) content: String,
    /// A title.
    #[serde(default)]
    pub(super) title: Option<String>,
    /// What kind of memory it is; `story` when not given.
    #[serde(default)]
    pub(super) kind: Option<KindWord>,
    /// When it happened (EDTF).
    #[serde(default)]
    pub(super) occurred_at: Option<String>,
    /// When it happened, as said; understood when `occurred_at` is not given.
    #[serde(default)]
    pub(super) occurred_text: Option<String>,
    /// Where.
    #[serde(default)]
    pub(super) place: Option<String>,
    /// Who occurs in it.
    #[serde(default)]
    pub(super) people: Option<Vec<String>>,
    /// Labels to find it by.
    #[serde(default)]
    pub(super) tags: Option<Vec<String>>,
    /// Who may read it; `space` when not given.
    #[serde(default)]
    pub(super) visibility: Option<VisibilityWord>,
    /// The name another program knows it by; unique in its clone.
    #[serde(default)]
    pub(super) external_id: Option<String>,
    /// What another program keeps with it (an object of at most 16 KiB).
    #[serde(default)]
    pub(super) metadata: Option<Value>,
    /// Where it comes from.
    #[serde(default)]
    pub(super) source: Option<String>,
    /// Who says it.
    #[serde(default)]
    pub(super) speaker: Option<String>,
    /// Which sequence it belongs to, for instance one session of a chat.
    #[serde(default)]
    pub(super) thread: Option<String>,
    /// Its number in that sequence.
    #[serde(default)]
    pub(super) sequence: Option<i64>,
}

/// What can be changed about a memory.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MemoryPatch {
    /// The text itself.
    pub(super) content: Patch<String>,
    /// A title.
    pub(super) title: Patch<String>,
    /// What kind of memory it is.
    pub(super) kind: Patch<KindWord>,
    /// When it happened (EDTF).
    pub(super) occurred_at: Patch<String>,
    /// When it happened, as said.
    pub(super) occurred_text: Patch<String>,
    /// Where.
    pub(super) place: Patch<String>,
    /// Who occurs in it.
    pub(super) people: Patch<Vec<String>>,
    /// Labels to find it by.
    pub(super) tags: Patch<Vec<String>>,
    /// Who may read it.
    pub(super) visibility: Patch<VisibilityWord>,
    /// The name another program knows it by.
    pub(super) external_id: Patch<String>,
    /// What another program keeps with it.
    pub(super) metadata: Patch<Value>,
    /// Where it comes from.
    pub(super) source: Patch<String>,
    /// Who says it.
    pub(super) speaker: Patch<String>,
    /// Which sequence it belongs to.
    pub(super) thread: Patch<String>,
    /// Its number in that sequence.
    pub(super) sequence: Patch<i64>,
}

/// Many memories.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchRequest {
    /// At most 1,000 objects like those of a single memory. One that cannot be read does not
    /// keep the others from being written.
    pub(super) memories: Vec<Value>,
}

/// What is needed to understand a date that was said.
pub(super) struct Said {
    pub(super) language: String,
    pub(super) today: jiff::civil::Date,
}

pub(super) fn said(services: &Services, who: &Principal) -> Said {
    Said { language: who.locale.clone(), today: day_of(services.clock.now()) }
}

impl Said {
    fn date(&self, words: &str) -> Option<FuzzyDate> {
        parse_said_date(words, &self.language, self.today).map(|said| said.date)
    }
}

pub(super) fn one_of_batch(index: usize, sent: Value, said: &Said) -> Result<Content, Fault> {
    let prefix = format!("/memories/{index}");
    let sent: NewMemory = serde_path_to_error::deserialize(sent).map_err(|error| {
        let path = error.path().to_string().replace('.', "/");
        let pointer = if path == "/" { prefix.clone() } else { format!("{prefix}/{path}") };
        Fault::field(FieldProblem::Malformed, pointer, "is missing, unknown, or of the wrong type")
    })?;
    content(Fields::below(prefix), sent, said)
}

/// How many people or tags a memory has at most.
pub(super) const NAMES: usize = 200;
/// How long the metadata of a memory is at most, as JSON.
pub(super) const METADATA_BYTES: usize = 16 << 10;

pub(super) fn content(mut fields: Fields, sent: NewMemory, said: &Said) -> Result<Content, Fault> {
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

pub(super) fn content_change(sent: MemoryPatch, said: &Said) -> Result<ContentChange, Fault> {
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

pub(super) fn metadata(fields: &mut Fields, value: Value) -> Option<Metadata> {
    let Value::Object(map) = value else {
        fields.fault(FieldProblem::Malformed, "/metadata", "must be an object");
        return None;
    };
    if serde_json::to_string(&map).is_ok_and(|json| json.len() <= METADATA_BYTES) {
        return Some(map);
    }
    fields.fault(FieldProblem::TooLong, "/metadata", "must be at most 16 KiB as JSON");
    None
}
