//! The profile of a clone, as sent and as shown.

use poem_openapi::types::MaybeUndefined as Patch;
use poem_openapi::{Enum, Object};
use serde::Deserialize;

use super::super::fields::Fields;
use super::super::spaces::RoleWord;
use super::super::standing::{GroundWord, StateWord, ground_word, state_word};
use crate::clones::{Profile, ProfileChange, Reach, Seen, Subject};
use crate::kernel::Fault;

/// Whom a clone is of.
#[derive(Clone, Copy, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum SubjectWord {
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

impl From<Subject> for SubjectWord {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Oneself => Self::Oneself,
            Subject::Living => Self::Living,
            Subject::Deceased => Self::Deceased,
            Subject::Fictional => Self::Fictional,
        }
    }
}

/// Who can find and talk with a clone.
#[derive(Clone, Copy, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub(super) enum ReachWord {
    /// The owner and the stewards of its space.
    Private,
    /// Everyone in its space.
    Space,
    /// Everyone with an account here.
    Public,
}

/// A new clone.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClone {
    /// What it is called (1 to 200 characters).
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(super) name: String,
    /// One or two sentences for a card.
    #[serde(default)]
    pub(super) description: Option<String>,
    /// Whom it is of.
    #[serde(default)]
    pub(super) subject: Option<SubjectWord>,
    /// What the subject is to whoever makes the clone.
    #[serde(default)]
    pub(super) relationship: Option<String>,
    /// The subject's life in a few paragraphs.
    #[serde(default)]
    pub(super) biography: Option<String>,
    /// When the subject was born (EDTF).
    #[serde(default)]
    pub(super) born: Option<String>,
    /// When the subject died (EDTF).
    #[serde(default)]
    pub(super) died: Option<String>,
    /// BCP 47 tag of the language the subject speaks.
    #[serde(default)]
    pub(super) language: Option<String>,
    /// What the subject is like.
    #[serde(default)]
    pub(super) traits: Option<Vec<String>>,
    /// How the subject talks.
    #[serde(default)]
    pub(super) style: Option<String>,
    /// How a conversation begins.
    #[serde(default)]
    pub(super) greeting: Option<String>,
    /// What else the clone should heed.
    #[serde(default)]
    pub(super) instructions: Option<String>,
    /// Labels to find it by.
    #[serde(default)]
    pub(super) tags: Option<Vec<String>>,
    /// The one shelf it stands on.
    #[serde(default)]
    pub(super) category: Option<String>,
    /// Who can find and talk with it.
    #[serde(default)]
    pub(super) visibility: Option<ReachWord>,
    /// The space to make it in; the personal one when not given.
    #[serde(default)]
    pub(super) space_id: Option<String>,
}

/// What can be changed about a clone.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ClonePatch {
    /// What it is called.
    pub(super) name: Patch<String>,
    /// One or two sentences for a card.
    pub(super) description: Patch<String>,
    /// Whom it is of.
    pub(super) subject: Patch<SubjectWord>,
    /// What the subject is to whoever made the clone.
    pub(super) relationship: Patch<String>,
    /// The subject's life in a few paragraphs.
    pub(super) biography: Patch<String>,
    /// When the subject was born (EDTF).
    pub(super) born: Patch<String>,
    /// When the subject died (EDTF).
    pub(super) died: Patch<String>,
    /// BCP 47 tag of the language the subject speaks.
    pub(super) language: Patch<String>,
    /// What the subject is like.
    pub(super) traits: Patch<Vec<String>>,
    /// How the subject talks.
    pub(super) style: Patch<String>,
    /// How a conversation begins.
    pub(super) greeting: Patch<String>,
    /// What else the clone should heed.
    pub(super) instructions: Patch<String>,
    /// Labels to find it by.
    pub(super) tags: Patch<Vec<String>>,
    /// The one shelf it stands on.
    pub(super) category: Patch<String>,
    /// Who can find and talk with it.
    pub(super) visibility: Patch<ReachWord>,
    /// The space it lives in. Its owner can take it into another, where they may make clones.
    pub(super) space_id: Patch<String>,
}

/// A clone, as the caller sees it.
#[derive(Object)]
pub(super) struct CloneView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) subject: SubjectWord,
    pub(super) relationship: Option<String>,
    pub(super) biography: Option<String>,
    /// EDTF.
    pub(super) born: Option<String>,
    /// EDTF.
    pub(super) died: Option<String>,
    pub(super) language: Option<String>,
    pub(super) traits: Vec<String>,
    pub(super) style: Option<String>,
    pub(super) greeting: Option<String>,
    pub(super) instructions: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) category: Option<String>,
    pub(super) visibility: ReachWord,
    /// On whose word it exists; see its standing.
    pub(super) ground: GroundWord,
    /// Whether it may be opened to others than those who make it.
    pub(super) may_be_opened: bool,
    /// Whether it can be talked with.
    pub(super) state: StateWord,
    /// What is said in its place when it is retired.
    pub(super) farewell: Option<String>,
    pub(super) space_id: String,
    /// What the caller is to it.
    pub(super) role: RoleWord,
    /// Memories the caller may read.
    pub(super) memory_count: u64,
    pub(super) document_count: u64,
    /// Conversations the caller holds with it.
    pub(super) conversation_count: u64,
    pub(super) people_count: u64,
    pub(super) avatar_image_url: Option<String>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
}

/// Clones, newest first.
#[derive(Object)]
pub(super) struct CloneList {
    pub(super) items: Vec<CloneView>,
    pub(super) next_cursor: Option<String>,
}

/// The subject that a word names.
pub fn subject(word: SubjectWord) -> Subject {
    match word {
        SubjectWord::Oneself => Subject::Oneself,
        SubjectWord::Living => Subject::Living,
        SubjectWord::Deceased => Subject::Deceased,
        SubjectWord::Fictional => Subject::Fictional,
    }
}

pub(super) fn reach(word: ReachWord) -> Reach {
    match word {
        ReachWord::Private => Reach::Private,
        ReachWord::Space => Reach::Space,
        ReachWord::Public => Reach::Public,
    }
}

/// How many traits or tags a clone has at most.
pub(super) const LABELS: usize = 100;

pub(super) fn profile(mut fields: Fields, sent: NewClone) -> Result<Profile, Fault> {
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

pub(super) fn profile_change(sent: ClonePatch) -> Result<ProfileChange, Fault> {
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

pub(super) fn view(seen: &Seen) -> CloneView {
    let Seen { persona, role, counts } = seen;
    let profile = persona.profile.clone();
    let words = |text: Option<String>| text.filter(|text| !text.is_empty());
    CloneView {
        id: persona.id.to_string(),
        name: profile.name.into_string(),
        description: words(profile.description.map(|text| text.into_string())),
        subject: profile.subject.into(),
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
        ground: ground_word(persona),
        may_be_opened: persona.may_open(),
        state: state_word(persona),
        farewell: words(persona.standing.farewell.clone().map(|text| text.into_string())),
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
