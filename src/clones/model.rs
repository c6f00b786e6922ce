//! What a clone is. Its type is `Persona`, so that it does not collide with `Clone`.

use serde::{Deserialize, Serialize};

use super::Standing;
use crate::access::{Reach, Role};
use crate::kernel::{AccountId, Change, CloneId, FuzzyDate, SpaceId, Text, Timestamp};

/// Whom a clone is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The account's own person.
    #[default]
    #[serde(rename = "self")]
    Oneself,
    /// Somebody who lives.
    Living,
    /// Somebody who has died.
    Deceased,
    /// A made-up character.
    Fictional,
}

/// A short label, such as a tag or a trait.
pub type Label = Text<1, 100>;

/// What is said about the subject of a clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// What the clone is called.
    pub name: Text<1, 200>,
    /// One or two sentences for a card.
    pub description: Option<Text<0, 2_000>>,
    /// Whom it is of.
    pub subject: Subject,
    /// What the subject is to the person who made the clone.
    pub relationship: Option<Text<0, 200>>,
    /// The subject's life in a few paragraphs.
    pub biography: Option<Text<0, 20_000>>,
    /// When the subject was born.
    pub born: Option<FuzzyDate>,
    /// When the subject died.
    pub died: Option<FuzzyDate>,
    /// BCP 47 tag of the language the subject speaks.
    pub language: Option<Text<1, 35>>,
    /// What the subject is like.
    pub traits: Vec<Label>,
    /// How the subject talks.
    pub style: Option<Text<0, 5_000>>,
    /// How a conversation begins.
    pub greeting: Option<Text<0, 2_000>>,
    /// What else the clone should heed.
    pub instructions: Option<Text<0, 10_000>>,
    /// Labels to find it by.
    pub tags: Vec<Label>,
    /// The one shelf it stands on.
    pub category: Option<Text<0, 100>>,
    /// Who can find and talk with it.
    pub visibility: Reach,
}

/// A partial update of a profile.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each field is described where the profile is")]
pub struct ProfileChange {
    pub name: Option<Text<1, 200>>,
    pub description: Change<Text<0, 2_000>>,
    pub subject: Option<Subject>,
    pub relationship: Change<Text<0, 200>>,
    pub biography: Change<Text<0, 20_000>>,
    pub born: Change<FuzzyDate>,
    pub died: Change<FuzzyDate>,
    pub language: Change<Text<1, 35>>,
    pub traits: Change<Vec<Label>>,
    pub style: Change<Text<0, 5_000>>,
    pub greeting: Change<Text<0, 2_000>>,
    pub instructions: Change<Text<0, 10_000>>,
    pub tags: Change<Vec<Label>>,
    pub category: Change<Text<0, 100>>,
    pub visibility: Option<Reach>,
}

impl ProfileChange {
    /// Carries the update out.
    pub fn apply(self, profile: &mut Profile) {
        if let Some(name) = self.name {
            profile.name = name;
        }
        if let Some(subject) = self.subject {
            profile.subject = subject;
        }
        if let Some(visibility) = self.visibility {
            profile.visibility = visibility;
        }
        self.description.apply(&mut profile.description);
        self.relationship.apply(&mut profile.relationship);
        self.biography.apply(&mut profile.biography);
        self.born.apply(&mut profile.born);
        self.died.apply(&mut profile.died);
        self.language.apply(&mut profile.language);
        self.traits.apply_or_default(&mut profile.traits);
        self.style.apply(&mut profile.style);
        self.greeting.apply(&mut profile.greeting);
        self.instructions.apply(&mut profile.instructions);
        self.tags.apply_or_default(&mut profile.tags);
        self.category.apply(&mut profile.category);
    }
}

/// A clone as stored.
#[derive(Clone, Debug)]
pub struct Persona {
    /// Its identifier.
    pub id: CloneId,
    /// The space it lives in.
    pub space: SpaceId,
    /// Who made it.
    pub created_by: AccountId,
    /// What is said about its subject.
    pub profile: Profile,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its profile last changed.
    pub updated_at: Timestamp,
    /// On what ground it exists, and whether it rests.
    pub standing: Standing,
    /// Counts its changes, from 1.
    pub version: u64,
    /// When it was put into the trash.
    pub deleted_at: Option<Timestamp>,
}

/// A clone as one account sees it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The clone.
    pub persona: Persona,
    /// What the account is to it.
    pub role: Role,
    /// What the account can see of what belongs to it.
    pub counts: Counts,
}

/// How much an account has made: numbers, and nothing of what they count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Tally {
    pub clones: u64,
    pub memories: u64,
    pub conversations: u64,
}

/// How much belongs to a clone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Memories the account may read.
    pub memories: u64,
    /// People.
    pub people: u64,
    /// Conversations the account holds with it.
    pub conversations: u64,
}

/// How far an answer may go beyond the passages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grounding {
    /// Quotes only.
    Verbatim,
    /// Own words, only what the passages support.
    Grounded,
    /// Persona first, memories as background.
    Free,
}

/// What becomes of what contributors write for others to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contributions {
    /// It waits until somebody who looks after the clone lets it in.
    #[default]
    Reviewed,
    /// It is in at once.
    Open,
}

/// How a clone answers. What is not set follows the instance.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the API, described there")]
pub struct Settings {
    pub llm_provider: Option<Text<1, 100>>,
    pub llm_model: Option<Text<1, 200>>,
    pub temperature: Option<f32>,
    pub max_tokens: Option<u32>,
    pub top_p: Option<f32>,
    pub embedding_provider: Option<Text<1, 100>>,
    pub embedding_model: Option<Text<1, 200>>,
    pub tts_provider: Option<Text<1, 100>>,
    pub tts_voice: Option<Text<1, 200>>,
    pub tts_speed: Option<f32>,
    pub grounding: Option<Grounding>,
    pub top_k: Option<u32>,
    pub min_score: Option<f32>,
    pub contributions: Option<Contributions>,
}

/// A partial update of the settings.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the API, described there")]
pub struct SettingsChange {
    pub llm_provider: Change<Text<1, 100>>,
    pub llm_model: Change<Text<1, 200>>,
    pub temperature: Change<f32>,
    pub max_tokens: Change<u32>,
    pub top_p: Change<f32>,
    pub embedding_provider: Change<Text<1, 100>>,
    pub embedding_model: Change<Text<1, 200>>,
    pub tts_provider: Change<Text<1, 100>>,
    pub tts_voice: Change<Text<1, 200>>,
    pub tts_speed: Change<f32>,
    pub grounding: Change<Grounding>,
    pub top_k: Change<u32>,
    pub min_score: Change<f32>,
    pub contributions: Change<Contributions>,
}

impl SettingsChange {
    /// Carries the update out.
    pub fn apply(self, settings: &mut Settings) {
        self.llm_provider.apply(&mut settings.llm_provider);
        self.llm_model.apply(&mut settings.llm_model);
        self.temperature.apply(&mut settings.temperature);
        self.max_tokens.apply(&mut settings.max_tokens);
        self.top_p.apply(&mut settings.top_p);
        self.embedding_provider.apply(&mut settings.embedding_provider);
        self.embedding_model.apply(&mut settings.embedding_model);
        self.tts_provider.apply(&mut settings.tts_provider);
        self.tts_voice.apply(&mut settings.tts_voice);
        self.tts_speed.apply(&mut settings.tts_speed);
        self.grounding.apply(&mut settings.grounding);
        self.top_k.apply(&mut settings.top_k);
        self.min_score.apply(&mut settings.min_score);
        self.contributions.apply(&mut settings.contributions);
    }
}

/// A provider that a clone can be set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderChoice {
    /// Its identifier in settings.
    pub id: String,
    /// The model it uses when none is set.
    pub model: Option<String>,
    /// Whether it can only quote.
    pub verbatim_only: bool,
    /// The host that it is reached at, if it is not in this program.
    pub host: Option<String>,
    /// The host, if others run it: what goes there needs the agreement of those it is about.
    pub outside: Option<String>,
}

/// What a clone's answers really use, after the instance's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The provider.
    pub provider: String,
    /// Its model, if it has several.
    pub model: Option<String>,
    /// How far answers may go.
    pub grounding: Grounding,
    /// The host, if others run it.
    pub outside: Option<String>,
}
