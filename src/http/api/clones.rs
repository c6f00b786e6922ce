//! Clones and how they answer.

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined as Patch;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::Deserialize;

use super::fields::{Fields, path_id};
use super::spaces::RoleWord;
use super::trash::Done;
use super::{Group, Services, cursor};
use crate::clones::{
    Effective, Grounding, Profile, ProfileChange, Reach, Seen, Settings, SettingsChange, Subject,
};
use crate::http::auth::{Asked, Caller};
use crate::http::body::Body;
use crate::http::etag::{Etag, IfMatch, Tagged};
use crate::http::listing::wanted;
use crate::http::problem::Answer;
use crate::kernel::Fault;

pub struct CloneApi;

/// Whom a clone is of.
#[derive(Clone, Copy, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
enum SubjectWord {
    /// The account's own person.
    #[serde(rename = "self")]
    #[oai(rename = "self")]
    Oneself,
    /// Somebody who lives.
    Living,
    /// Somebody who has died.
    Deceased,
    /// A made-up character.
    Fictional,
}

/// Who can find and talk with a clone.
#[derive(Clone, Copy, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
enum ReachWord {
    /// The owner and the stewards of its space.
    Private,
    /// Everyone in its space.
    Space,
    /// Everyone with an account here.
    Public,
}

/// How far an answer may go beyond the passages.
#[derive(Clone, Copy, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum GroundingWord {
    /// Quotes only.
    Verbatim,
    /// Own words, only what the passages support.
    Grounded,
    /// Persona first, memories as background.
    Free,
}

impl From<Grounding> for GroundingWord {
    fn from(grounding: Grounding) -> Self {
        match grounding {
            Grounding::Verbatim => Self::Verbatim,
            Grounding::Grounded => Self::Grounded,
            Grounding::Free => Self::Free,
        }
    }
}

/// A new clone.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewClone {
    /// What it is called (1 to 200 characters).
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// One or two sentences for a card.
    #[serde(default)]
    description: Option<String>,
    /// Whom it is of.
    #[serde(default)]
    subject: Option<SubjectWord>,
    /// What the subject is to whoever makes the clone.
    #[serde(default)]
    relationship: Option<String>,
    /// The subject's life in a few paragraphs.
    #[serde(default)]
    biography: Option<String>,
    /// When the subject was born (EDTF).
    #[serde(default)]
    born: Option<String>,
    /// When the subject died (EDTF).
    #[serde(default)]
    died: Option<String>,
    /// BCP 47 tag of the language the subject speaks.
    #[serde(default)]
    language: Option<String>,
    /// What the subject is like.
    #[serde(default)]
    traits: Option<Vec<String>>,
    /// How the subject talks.
    #[serde(default)]
    style: Option<String>,
    /// How a conversation begins.
    #[serde(default)]
    greeting: Option<String>,
    /// What else the clone should heed.
    #[serde(default)]
    instructions: Option<String>,
    /// Labels to find it by.
    #[serde(default)]
    tags: Option<Vec<String>>,
    /// The one shelf it stands on.
    #[serde(default)]
    category: Option<String>,
    /// Who can find and talk with it.
    #[serde(default)]
    visibility: Option<ReachWord>,
    /// The space to make it in; the personal one when not given.
    #[serde(default)]
    space_id: Option<String>,
}

/// What can be changed about a clone.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct ClonePatch {
    /// What it is called.
    name: Patch<String>,
    /// One or two sentences for a card.
    description: Patch<String>,
    /// Whom it is of.
    subject: Patch<SubjectWord>,
    /// What the subject is to whoever made the clone.
    relationship: Patch<String>,
    /// The subject's life in a few paragraphs.
    biography: Patch<String>,
    /// When the subject was born (EDTF).
    born: Patch<String>,
    /// When the subject died (EDTF).
    died: Patch<String>,
    /// BCP 47 tag of the language the subject speaks.
    language: Patch<String>,
    /// What the subject is like.
    traits: Patch<Vec<String>>,
    /// How the subject talks.
    style: Patch<String>,
    /// How a conversation begins.
    greeting: Patch<String>,
    /// What else the clone should heed.
    instructions: Patch<String>,
    /// Labels to find it by.
    tags: Patch<Vec<String>>,
    /// The one shelf it stands on.
    category: Patch<String>,
    /// Who can find and talk with it.
    visibility: Patch<ReachWord>,
}

/// A clone, as the caller sees it.
#[derive(Object)]
struct CloneView {
    id: String,
    name: String,
    description: Option<String>,
    subject: SubjectWord,
    relationship: Option<String>,
    biography: Option<String>,
    /// EDTF.
    born: Option<String>,
    /// EDTF.
    died: Option<String>,
    language: Option<String>,
    traits: Vec<String>,
    style: Option<String>,
    greeting: Option<String>,
    instructions: Option<String>,
    tags: Vec<String>,
    category: Option<String>,
    visibility: ReachWord,
    space_id: String,
    /// What the caller is to it.
    role: RoleWord,
    /// Memories the caller may read.
    memory_count: u64,
    document_count: u64,
    /// Conversations the caller holds with it.
    conversation_count: u64,
    people_count: u64,
    avatar_image_url: Option<String>,
    created_at: String,
    updated_at: String,
}

/// Clones, newest first.
#[derive(Object)]
struct CloneList {
    items: Vec<CloneView>,
    next_cursor: Option<String>,
}

/// A clone was made.
#[derive(ApiResponse)]
enum CloneMade {
    /// Made.
    #[oai(status = 201)]
    Created(Json<CloneView>),
}

/// Who writes the answers.
#[derive(Object)]
struct LlmView {
    /// The provider; null follows the instance.
    provider: Option<String>,
    /// The model; null follows the provider.
    model: Option<String>,
    /// 0 to 2.
    temperature: Option<f32>,
    /// The longest answer in the model's tokens.
    max_tokens: Option<u32>,
    /// Above 0, to 1.
    top_p: Option<f32>,
}

/// What turns text into vectors.
#[derive(Object)]
struct EmbeddingView {
    provider: Option<String>,
    model: Option<String>,
}

/// What speaks.
#[derive(Object)]
struct TtsView {
    provider: Option<String>,
    voice_id: Option<String>,
    /// 0.25 to 4.
    speed: Option<f32>,
}

/// How passages are found.
#[derive(Object)]
struct RetrievalView {
    /// How many passages an answer is made from.
    top_k: Option<u32>,
    /// The least score that counts.
    min_score: Option<f32>,
}

/// What the settings come to on this instance.
#[derive(Object)]
struct EffectiveView {
    provider: String,
    model: Option<String>,
    grounding: GroundingWord,
}

/// How a clone answers. What is null follows the instance.
#[derive(Object)]
struct SettingsView {
    llm: LlmView,
    embedding: EmbeddingView,
    tts: TtsView,
    grounding: Option<GroundingWord>,
    retrieval: RetrievalView,
    effective: EffectiveView,
}

/// Changes to who writes the answers.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct LlmPatch {
    provider: Patch<String>,
    model: Patch<String>,
    temperature: Patch<f32>,
    max_tokens: Patch<u32>,
    top_p: Patch<f32>,
}

/// Changes to what turns text into vectors.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct EmbeddingPatch {
    provider: Patch<String>,
    model: Patch<String>,
}

/// Changes to what speaks.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct TtsPatch {
    provider: Patch<String>,
    voice_id: Patch<String>,
    speed: Patch<f32>,
}

/// Changes to how passages are found.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct RetrievalPatch {
    top_k: Patch<u32>,
    min_score: Patch<f32>,
}

/// What can be changed about how a clone answers.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct SettingsPatch {
    llm: Option<LlmPatch>,
    embedding: Option<EmbeddingPatch>,
    tts: Option<TtsPatch>,
    grounding: Patch<GroundingWord>,
    retrieval: Option<RetrievalPatch>,
}

#[OpenApi]
impl CloneApi {
    /// The clones of the caller's spaces
    #[oai(path = "/clones", method = "get", operation_id = "list_clones", tag = "Group::Clones")]
    async fn list(
        &self,
        services: Data<&Services>,
        caller: Caller,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<CloneList>> {
        let page = services.clones.list(&caller.0, &wanted(limit.0, after.0)?)?;
        let items = page.items.iter().map(view).collect();
        Ok(Json(CloneList { items, next_cursor: cursor(page.next) }))
    }

    /// Make a clone
    #[oai(path = "/clones", method = "post", operation_id = "create_clone", tag = "Group::Clones")]
    async fn create(
        &self,
        services: Data<&Services>,
        caller: Caller,
        asked: Asked,
        body: Body<NewClone>,
    ) -> Answer<Tagged<CloneMade>> {
        let once = asked.once(&caller.0, &body.1, &services);
        let mut fields = Fields::default();
        let space = fields.id("/space_id", body.0.space_id.clone());
        let profile = profile(fields, body.0)?;
        let seen = services.clones.create(&caller.0, profile, space, once).await?;
        Ok(Tagged { etag: etag(&seen), answer: CloneMade::Created(Json(view(&seen))) })
    }

    /// One clone
    #[oai(
        path = "/clones/:clone_id",
        method = "get",
        operation_id = "get_clone",
        tag = "Group::Clones"
    )]
    async fn get(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
    ) -> Answer<Tagged<Json<CloneView>>> {
        let seen = services.clones.get(&caller.0, path_id(&clone_id.0)?)?;
        Ok(Tagged { etag: etag(&seen), answer: Json(view(&seen)) })
    }

    /// Change a clone
    #[oai(
        path = "/clones/:clone_id",
        method = "patch",
        operation_id = "change_clone",
        tag = "Group::Clones"
    )]
    async fn change(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
        known: IfMatch,
        body: Body<ClonePatch>,
    ) -> Answer<Tagged<Json<CloneView>>> {
        let id = path_id(&clone_id.0)?;
        let change = profile_change(body.0)?;
        let expected = match known.is_given() {
            false => None,
            true => {
                let seen = services.clones.get(&caller.0, id)?;
                known.check(&etag(&seen))?;
                Some(seen.persona.version)
            }
        };
        let seen = services.clones.change(&caller.0, id, change, expected).await?;
        Ok(Tagged { etag: etag(&seen), answer: Json(view(&seen)) })
    }

    /// Put a clone, and all that belongs to it, into the trash
    #[oai(
        path = "/clones/:clone_id",
        method = "delete",
        operation_id = "delete_clone",
        tag = "Group::Clones"
    )]
    async fn delete(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
    ) -> Answer<Done> {
        services.clones.delete(&caller.0, path_id(&clone_id.0)?).await?;
        Ok(Done::Done)
    }

    /// How a clone answers
    #[oai(
        path = "/clones/:clone_id/settings",
        method = "get",
        operation_id = "get_clone_settings",
        tag = "Group::Clones"
    )]
    async fn settings(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
    ) -> Answer<Json<SettingsView>> {
        let (settings, effective) = services.clones.settings(&caller.0, path_id(&clone_id.0)?)?;
        Ok(Json(settings_view(&settings, effective)))
    }

    /// Change how a clone answers
    #[oai(
        path = "/clones/:clone_id/settings",
        method = "patch",
        operation_id = "change_clone_settings",
        tag = "Group::Clones"
    )]
    async fn change_settings(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
        body: Body<SettingsPatch>,
    ) -> Answer<Json<SettingsView>> {
        let change = settings_change(body.0)?;
        let id = path_id(&clone_id.0)?;
        let (settings, effective) = services.clones.change_settings(&caller.0, id, change).await?;
        Ok(Json(settings_view(&settings, effective)))
    }
}

fn etag(seen: &Seen) -> Etag {
    // The counts are part of the view and change without the profile.
    let counts = seen.counts;
    let state = format!(
        "{} {} {} {} {:?}",
        seen.persona.version, counts.memories, counts.people, counts.conversations, seen.role
    );
    Etag::of_bytes(state.as_bytes())
}

fn subject(word: SubjectWord) -> Subject {
    match word {
        SubjectWord::Oneself => Subject::Oneself,
        SubjectWord::Living => Subject::Living,
        SubjectWord::Deceased => Subject::Deceased,
        SubjectWord::Fictional => Subject::Fictional,
    }
}

fn reach(word: ReachWord) -> Reach {
    match word {
        ReachWord::Private => Reach::Private,
        ReachWord::Space => Reach::Space,
        ReachWord::Public => Reach::Public,
    }
}

fn grounding(word: GroundingWord) -> Grounding {
    match word {
        GroundingWord::Verbatim => Grounding::Verbatim,
        GroundingWord::Grounded => Grounding::Grounded,
        GroundingWord::Free => Grounding::Free,
    }
}

/// How many traits or tags a clone has at most.
const LABELS: usize = 100;

fn profile(mut fields: Fields, sent: NewClone) -> Result<Profile, Fault> {
    let name = fields.text("/name", sent.name);
    let description = fields.optional("/description", sent.description);
    let relationship = fields.optional("/relationship", sent.relationship);
    let biography = fields.optional("/biography", sent.biography);
    let born = fields.date("/born", sent.born);
    let died = fields.date("/died", sent.died);
    let language = fields.optional("/language", sent.language);
    let traits = fields.list("/traits", sent.traits.unwrap_or_default(), LABELS);
    let style = fields.optional("/style", sent.style);
    let greeting = fields.optional("/greeting", sent.greeting);
    let instructions = fields.optional("/instructions", sent.instructions);
    let tags = fields.list("/tags", sent.tags.unwrap_or_default(), LABELS);
    let category = fields.optional("/category", sent.category);
    let name = fields.with(name)?;
    Ok(Profile {
        name,
        description,
        subject: sent.subject.map_or(Subject::Living, subject),
        relationship,
        biography,
        born,
        died,
        language,
        traits,
        style,
        greeting,
        instructions,
        tags,
        category,
        visibility: sent.visibility.map(reach).unwrap_or_default(),
    })
}

fn profile_change(sent: ClonePatch) -> Result<ProfileChange, Fault> {
    let mut fields = Fields::default();
    let f = &mut fields;
    let change = ProfileChange {
        name: f.replace("/name", sent.name, |f, text| f.text("/name", text)),
        description: f.change(sent.description, |f, text| f.text("/description", text)),
        subject: f.replace("/subject", sent.subject, |_, word| Some(subject(word))),
        relationship: f.change(sent.relationship, |f, text| f.text("/relationship", text)),
        biography: f.change(sent.biography, |f, text| f.text("/biography", text)),
        born: f.change(sent.born, |f, date| f.date("/born", Some(date))),
        died: f.change(sent.died, |f, date| f.date("/died", Some(date))),
        language: f.change(sent.language, |f, text| f.text("/language", text)),
        traits: f.change(sent.traits, |f, texts| Some(f.list("/traits", texts, LABELS))),
        style: f.change(sent.style, |f, text| f.text("/style", text)),
        greeting: f.change(sent.greeting, |f, text| f.text("/greeting", text)),
        instructions: f.change(sent.instructions, |f, text| f.text("/instructions", text)),
        tags: f.change(sent.tags, |f, texts| Some(f.list("/tags", texts, LABELS))),
        category: f.change(sent.category, |f, text| f.text("/category", text)),
        visibility: f.replace("/visibility", sent.visibility, |_, word| Some(reach(word))),
    };
    fields.done()?;
    Ok(change)
}

fn settings_change(sent: SettingsPatch) -> Result<SettingsChange, Fault> {
    let llm = sent.llm.unwrap_or_default();
    let embedding = sent.embedding.unwrap_or_default();
    let tts = sent.tts.unwrap_or_default();
    let retrieval = sent.retrieval.unwrap_or_default();
    let mut fields = Fields::default();
    let f = &mut fields;
    let change = SettingsChange {
        llm_provider: f.change(llm.provider, |f, text| f.text("/llm/provider", text)),
        llm_model: f.change(llm.model, |f, text| f.text("/llm/model", text)),
        temperature: f.change(llm.temperature, |f, t| f.bounded("/llm/temperature", t, 0.0..=2.0)),
        max_tokens: f.change(llm.max_tokens, |f, n| f.bounded("/llm/max_tokens", n, 1..=131_072)),
        top_p: f.change(llm.top_p, |f, p| f.bounded("/llm/top_p", p, 0.001..=1.0)),
        embedding_provider: f
            .change(embedding.provider, |f, text| f.text("/embedding/provider", text)),
        embedding_model: f.change(embedding.model, |f, text| f.text("/embedding/model", text)),
        tts_provider: f.change(tts.provider, |f, text| f.text("/tts/provider", text)),
        tts_voice: f.change(tts.voice_id, |f, text| f.text("/tts/voice_id", text)),
        tts_speed: f.change(tts.speed, |f, speed| f.bounded("/tts/speed", speed, 0.25..=4.0)),
        grounding: f.change(sent.grounding, |_, word| Some(grounding(word))),
        top_k: f.change(retrieval.top_k, |f, k| f.bounded("/retrieval/top_k", k, 1..=50)),
        min_score: f
            .change(retrieval.min_score, |f, s| f.bounded("/retrieval/min_score", s, 0.0..=1.0)),
    };
    fields.done()?;
    Ok(change)
}

fn view(seen: &Seen) -> CloneView {
    let Seen { persona, role, counts } = seen;
    let profile = persona.profile.clone();
    let words = |text: Option<String>| text.filter(|text| !text.is_empty());
    CloneView {
        id: persona.id.to_string(),
        name: profile.name.into_string(),
        description: words(profile.description.map(|text| text.into_string())),
        subject: match profile.subject {
            Subject::Oneself => SubjectWord::Oneself,
            Subject::Living => SubjectWord::Living,
            Subject::Deceased => SubjectWord::Deceased,
            Subject::Fictional => SubjectWord::Fictional,
        },
        relationship: words(profile.relationship.map(|text| text.into_string())),
        biography: words(profile.biography.map(|text| text.into_string())),
        born: profile.born.map(|date| date.to_string()),
        died: profile.died.map(|date| date.to_string()),
        language: profile.language.map(|text| text.into_string()),
        traits: profile.traits.into_iter().map(|text| text.into_string()).collect(),
        style: words(profile.style.map(|text| text.into_string())),
        greeting: words(profile.greeting.map(|text| text.into_string())),
        instructions: words(profile.instructions.map(|text| text.into_string())),
        tags: profile.tags.into_iter().map(|text| text.into_string()).collect(),
        category: words(profile.category.map(|text| text.into_string())),
        visibility: match profile.visibility {
            Reach::Private => ReachWord::Private,
            Reach::Space => ReachWord::Space,
            Reach::Public => ReachWord::Public,
        },
        space_id: persona.space.to_string(),
        role: (*role).into(),
        memory_count: counts.memories,
        document_count: 0,
        conversation_count: counts.conversations,
        people_count: counts.people,
        avatar_image_url: None,
        created_at: persona.created_at.to_string(),
        updated_at: persona.updated_at.to_string(),
    }
}

fn settings_view(settings: &Settings, effective: Effective) -> SettingsView {
    let settings = settings.clone();
    SettingsView {
        llm: LlmView {
            provider: settings.llm_provider.map(|text| text.into_string()),
            model: settings.llm_model.map(|text| text.into_string()),
            temperature: settings.temperature,
            max_tokens: settings.max_tokens,
            top_p: settings.top_p,
        },
        embedding: EmbeddingView {
            provider: settings.embedding_provider.map(|text| text.into_string()),
            model: settings.embedding_model.map(|text| text.into_string()),
        },
        tts: TtsView {
            provider: settings.tts_provider.map(|text| text.into_string()),
            voice_id: settings.tts_voice.map(|text| text.into_string()),
            speed: settings.tts_speed,
        },
        grounding: settings.grounding.map(Into::into),
        retrieval: RetrievalView { top_k: settings.top_k, min_score: settings.min_score },
        effective: EffectiveView {
            provider: effective.provider,
            model: effective.model,
            grounding: effective.grounding.into(),
        },
    }
}
