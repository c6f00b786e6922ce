//! How clones stand, as sent and as shown.

use poem_openapi::{Enum, Object};
use serde::Deserialize;

use super::super::Services;
use super::super::clones::SubjectWord;
use crate::access::Principal;
use crate::clones::{
    AskedOf, Declaration, Ground, Life, Objection, Persona, Shown, Stands, Subject, SubjectAnswer,
    standing_text,
};
use crate::kernel::AccountId;

/// On what ground a clone exists.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub enum GroundWord {
    /// It is of a made-up character and needs none.
    NotNeeded,
    /// Nobody has said.
    NotSaid,
    /// Whoever it is of, or somebody close to them, has declared it.
    Declared,
    /// The living person has agreed.
    Agreed,
    /// The living person does not want it.
    Refused,
}

/// Whether a clone can be talked with.
#[derive(Clone, Copy, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub enum StateWord {
    /// It can.
    Active,
    /// It rests: nobody talks with it. What was told to it can be read, and more be told.
    Paused,
    /// It is kept for reading.
    Retired,
}

/// Why a clone rests.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum RestsBecause {
    /// Its people want it so.
    Chosen,
    /// Somebody close to the person objects.
    Objection,
    /// The person does not want it.
    Subject,
}

/// A text that somebody declares or agrees to.
#[derive(Object)]
pub(super) struct StandingText {
    subject: SubjectWord,
    version: String,
    /// The language of the text: `en` or `fr`.
    locale: String,
    /// The text, word for word.
    text: String,
    /// Its SHA-256 in UTF-8, in hexadecimal.
    text_sha256: String,
}

/// What was declared of a clone; nothing of it is ever changed.
#[derive(Object)]
pub(super) struct DeclarationView {
    /// Its number among all of the clone, from 1.
    number: u64,
    about: StandingText,
    /// The account that declared it.
    declared_by: String,
    declared_by_name: Option<String>,
    /// What the person was to them.
    relation: Option<String>,
    own_words: Option<String>,
    at: String,
}

/// That somebody close to the person does not want a clone.
#[derive(Object)]
pub(super) struct ObjectionView {
    id: String,
    /// The account that objects.
    made_by: String,
    made_by_name: Option<String>,
    /// Whether it is the caller's, who can take it back.
    own: bool,
    /// What the person was to them.
    relation: String,
    own_words: Option<String>,
    at: String,
}

/// What the living person said.
#[derive(Object)]
pub(super) struct SubjectAnswerView {
    agreed: bool,
    /// The name that they gave.
    name: String,
    /// The language of the text that they read.
    locale: String,
    at: String,
}

/// How a clone stands.
#[derive(Object)]
pub(super) struct StandingView {
    subject: SubjectWord,
    ground: GroundWord,
    /// Whether it may be opened to others than those who make it.
    may_be_opened: bool,
    state: StateWord,
    /// Why it rests, if it does.
    rests_because: Vec<RestsBecause>,
    /// Since when its people have it as it is.
    since: Option<String>,
    /// What is said in its place when it is retired.
    farewell: Option<String>,
    /// The texts that can be declared, and the one that a living person reads.
    texts: Vec<StandingText>,
    /// Newest first.
    declarations: Vec<DeclarationView>,
    /// Oldest first.
    objections: Vec<ObjectionView>,
    /// What the living person said, newest first.
    answers: Vec<SubjectAnswerView>,
    /// Until when a link that nobody answered yet is good.
    asked_until: Option<String>,
}

/// A link that was just made.
#[derive(Object)]
pub(super) struct MadeLinkView {
    /// The token itself, shown this once.
    pub(super) token: String,
    /// The address to give to the person; nothing while `server.public_url` is not set.
    pub(super) url: Option<String>,
    /// Until when it can be answered for the first time.
    pub(super) expires_at: String,
}

/// What a living person who was asked sees.
#[derive(Object)]
pub(super) struct AskedView {
    /// What the clone is called.
    clone_name: String,
    description: Option<String>,
    /// Who asks.
    asked_by: Option<String>,
    /// How much was told to it.
    memory_count: u64,
    about: StandingText,
    /// What was said by this link, if anything was.
    agreed: Option<bool>,
    answered_at: Option<String>,
    /// Until when it can be answered for the first time.
    expires_at: Option<String>,
}

/// A declaration.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclarationChoice {
    /// `self` or `deceased`.
    pub(super) subject: SubjectWord,
    /// The SHA-256 of the text that was shown; see `texts`.
    pub(super) text_sha256: String,
    /// What the person was to whoever declares; needed for somebody who has died.
    #[serde(default)]
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(super) relation: Option<String>,
    /// Who they are to the person, in words of their own; needed for somebody who has died.
    #[serde(default)]
    #[oai(validator(max_length = 2000))]
    pub(super) own_words: Option<String>,
}

/// An objection.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct ObjectionChoice {
    /// What the person was to whoever objects (1 to 200 characters).
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(super) relation: String,
    /// Why, in words of their own.
    #[serde(default)]
    #[oai(validator(max_length = 2000))]
    pub(super) own_words: Option<String>,
}

/// What becomes of a clone.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct StateChoice {
    pub(super) state: StateWord,
    /// What is said in its place when it is retired.
    #[serde(default)]
    #[oai(validator(max_length = 2000))]
    pub(super) farewell: Option<String>,
}

/// What the living person says.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerChoice {
    /// That of their link.
    pub(super) token: String,
    pub(super) agreed: bool,
    /// Their name, as a signature (1 to 200 characters).
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(super) name: String,
    /// The SHA-256 of the text that was shown.
    pub(super) text_sha256: String,
}

pub(super) fn life(word: StateWord) -> Life {
    match word {
        StateWord::Active => Life::Active,
        StateWord::Paused => Life::Paused,
        StateWord::Retired => Life::Retired,
    }
}

/// Whether a clone rests, as a word.
pub fn state_word(persona: &Persona) -> StateWord {
    match persona.life() {
        Life::Active => StateWord::Active,
        Life::Paused => StateWord::Paused,
        Life::Retired => StateWord::Retired,
    }
}

/// On what ground a clone exists, as a word.
pub fn ground_word(persona: &Persona) -> GroundWord {
    match (persona.profile.subject, persona.standing.ground) {
        (_, Ground::Refused) => GroundWord::Refused,
        (Subject::Fictional, _) => GroundWord::NotNeeded,
        (_, Ground::Before | Ground::Unsaid) => GroundWord::NotSaid,
        (_, Ground::Declared) => GroundWord::Declared,
        (_, Ground::Agreed) => GroundWord::Agreed,
    }
}

fn rests_because(persona: &Persona) -> Vec<RestsBecause> {
    let reasons = [
        (persona.standing.life != Life::Active, RestsBecause::Chosen),
        (persona.standing.objected, RestsBecause::Objection),
        (persona.standing.ground == Ground::Refused, RestsBecause::Subject),
    ];
    reasons.into_iter().filter_map(|(is_so, why)| is_so.then_some(why)).collect()
}

fn text_view(subject: Subject, shown: Shown) -> StandingText {
    StandingText {
        subject: subject.into(),
        version: shown.version,
        locale: shown.locale,
        text: shown.text,
        text_sha256: shown.sha256,
    }
}

fn name_of(services: &Services, account: AccountId) -> Option<String> {
    services.accounts.account(account).ok().map(|account| account.display_name.to_string())
}

fn declaration_view(services: &Services, said: Declaration) -> DeclarationView {
    DeclarationView {
        number: said.number,
        about: text_view(said.subject, said.words),
        declared_by: said.by.to_string(),
        declared_by_name: name_of(services, said.by),
        relation: said.relation.map(|text| text.into_string()),
        own_words: said.own_words.map(|text| text.into_string()).filter(|text| !text.is_empty()),
        at: said.at.to_string(),
    }
}

fn objection_view(services: &Services, who: &Principal, said: Objection) -> ObjectionView {
    ObjectionView {
        id: said.id.to_string(),
        made_by: said.by.to_string(),
        made_by_name: name_of(services, said.by),
        own: said.by == who.account,
        relation: said.relation.into_string(),
        own_words: said.own_words.map(|text| text.into_string()).filter(|text| !text.is_empty()),
        at: said.at.to_string(),
    }
}

fn answer_view(said: SubjectAnswer) -> SubjectAnswerView {
    SubjectAnswerView {
        agreed: said.agreed,
        name: said.name.into_string(),
        locale: said.words.locale,
        at: said.at.to_string(),
    }
}

pub(super) fn view(
    services: &Services,
    who: &Principal,
    stands: Stands,
    locale: Option<&str>,
) -> StandingView {
    let Stands { persona, declarations, objections, answers, asked } = stands;
    let locale = locale.unwrap_or(&who.locale);
    let spoken = [Subject::Oneself, Subject::Living, Subject::Deceased];
    let texts = spoken.into_iter().filter_map(|subject| {
        standing_text(subject, locale).map(|shown| text_view(subject, shown))
    });
    StandingView {
        subject: persona.profile.subject.into(),
        ground: ground_word(&persona),
        may_be_opened: persona.may_open(),
        state: state_word(&persona),
        rests_because: rests_because(&persona),
        since: persona.standing.since.map(|since| since.to_string()),
        farewell: farewell(&persona),
        texts: texts.collect(),
        declarations: declarations.into_iter().map(|d| declaration_view(services, d)).collect(),
        objections: objections.into_iter().map(|o| objection_view(services, who, o)).collect(),
        answers: answers.into_iter().map(answer_view).collect(),
        asked_until: asked.map(|asked| asked.expires_at.to_string()),
    }
}

/// What is said in a clone's place.
fn farewell(persona: &Persona) -> Option<String> {
    let text = persona.standing.farewell.clone().map(|text| text.into_string());
    text.filter(|text| !text.is_empty())
}

pub(super) fn asked_view(asked: AskedOf, by: Option<String>, locale: &str) -> AskedView {
    let AskedOf { persona, memories, expires_at, answer } = asked;
    let description = persona.profile.description.map(|text| text.into_string());
    let shown = standing_text(Subject::Living, locale).unwrap_or_else(|| Shown {
        version: String::new(),
        locale: String::new(),
        text: String::new(),
        sha256: String::new(),
    });
    AskedView {
        clone_name: persona.profile.name.into_string(),
        description: description.filter(|text| !text.is_empty()),
        asked_by: by,
        memory_count: memories,
        about: text_view(Subject::Living, shown),
        agreed: answer.as_ref().map(|answer| answer.agreed),
        answered_at: answer.map(|answer| answer.at.to_string()),
        expires_at: expires_at.map(|at| at.to_string()),
    }
}
