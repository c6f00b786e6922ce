//! What people leave, as sent and as shown.

use poem_openapi::{Enum, Object};
use serde::Deserialize;

use crate::legacy::{Claim, Contact, Offered, State, Stop, Then, text};

/// What is to happen after the death of a person.
#[derive(Clone, Copy, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub(super) enum LegacyThen {
    /// The contact gets the clones, with their memories; what the person had shown to nobody is
    /// erased.
    HandOver,
    /// Everything is erased.
    Erase,
    /// The clones are kept for reading, and nobody gets anything.
    Freeze,
}

pub(super) fn then(word: LegacyThen) -> Then {
    match word {
        LegacyThen::HandOver => Then::HandOver,
        LegacyThen::Erase => Then::Erase,
        LegacyThen::Freeze => Then::Freeze,
    }
}

fn then_word(then: Then) -> LegacyThen {
    match then {
        Then::HandOver => LegacyThen::HandOver,
        Then::Erase => LegacyThen::Erase,
        Then::Freeze => LegacyThen::Freeze,
    }
}

/// How far a claim is.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum LegacyState {
    /// The wait is not over; it can be stopped.
    Waiting,
    /// What was chosen is being carried out.
    CarryingOut,
    /// It is done.
    Done,
    /// Somebody stopped it.
    Stopped,
}

/// How a claim was stopped.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum LegacyStop {
    /// The person is there.
    Person,
    /// An administrator stopped it.
    Admin,
    /// Who made it took it back.
    Withdrawn,
    /// The account of who made it may not be used.
    ContactGone,
}

/// Whom somebody names.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactChoice {
    /// What they are called.
    #[oai(validator(min_length = 1, max_length = 100))]
    pub(super) name: String,
    /// Their address. The key is good for whoever has it, with any account.
    pub(super) email: String,
    /// For how many days nobody may have stopped it; 90 when not given.
    #[serde(default)]
    #[oai(validator(minimum(value = "30"), maximum(value = "365")))]
    pub(super) wait_days: Option<u16>,
    pub(super) then: LegacyThen,
    /// Whether conversations with the clones that are handed over go along.
    #[serde(default)]
    #[oai(default)]
    pub(super) conversations: bool,
    /// A few words for them, which they read when they have typed the key.
    #[serde(default)]
    #[oai(validator(max_length = 2000))]
    pub(super) note: Option<String>,
    /// Whether a mail tells them that they are named, if the server sends mails.
    #[serde(default)]
    #[oai(default)]
    pub(super) tell: bool,
    /// Whether there is to be another key; the one before is worth nothing then.
    #[serde(default)]
    #[oai(default)]
    pub(super) new_key: bool,
}

/// Whom somebody named.
#[derive(Object)]
pub(super) struct ContactView {
    name: String,
    email: String,
    wait_days: u16,
    then: LegacyThen,
    conversations: bool,
    note: Option<String>,
    /// Since when it is as it is.
    set_at: String,
}

/// Whom the caller named, if anybody.
#[derive(Object)]
pub(super) struct LegacyContact {
    pub(super) contact: Option<ContactView>,
}

/// Whom the caller named, and the key if it is new.
#[derive(Object)]
pub(super) struct ContactSet {
    pub(super) contact: ContactView,
    /// The key to print and give to them, in groups; shown this once. Null when there was one.
    pub(super) key: Option<String>,
}

/// A key that somebody was given.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyOnly {
    pub(super) key: String,
}

/// What a key is for.
#[derive(Object)]
pub(super) struct OfferedView {
    /// Whose legacy it is.
    person_name: String,
    wait_days: u16,
    then: LegacyThen,
    conversations: bool,
    /// What they wrote for the holder of the key.
    note: Option<String>,
}

/// That somebody has died.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimChoice {
    pub(super) key: String,
    /// What they were to the caller.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(super) relation: String,
    #[serde(default)]
    #[oai(validator(max_length = 2000))]
    pub(super) own_words: Option<String>,
    /// The SHA-256 of the text that was shown.
    pub(super) text_sha256: String,
}

/// A claim, as who made it sees it.
#[derive(Object)]
pub(super) struct ClaimView {
    id: String,
    person_name: String,
    then: LegacyThen,
    conversations: bool,
    relation: String,
    own_words: Option<String>,
    state: LegacyState,
    begun_at: String,
    /// When the wait is over at the earliest.
    ends_at: Option<String>,
    ended_at: Option<String>,
    /// The space that is now the caller's, if something was handed over.
    space_id: Option<String>,
}

/// A claim, as the one sees it of whom it is said.
#[derive(Object)]
pub(super) struct AgainstView {
    id: String,
    /// Who says it.
    claimed_by_name: String,
    then: LegacyThen,
    begun_at: String,
    /// When the wait is over at the earliest.
    ends_at: String,
}

/// The text that is declared.
#[derive(Object)]
pub(super) struct LegacyText {
    version: String,
    /// The language of the text: `en` or `fr`.
    locale: String,
    /// The text, word for word.
    text: String,
    /// Its SHA-256 in UTF-8, in hexadecimal.
    text_sha256: String,
}

/// What the caller claimed, and what is claimed of them.
#[derive(Object)]
pub(super) struct ClaimList {
    /// The caller's, newest first.
    pub(super) items: Vec<ClaimView>,
    /// That somebody says that the caller has died, until it is stopped.
    pub(super) against_caller: Option<AgainstView>,
    pub(super) about: LegacyText,
}

/// A claim, as those see it who administer the server.
#[derive(Object)]
pub(super) struct RunningView {
    id: String,
    /// The account of whom it is said.
    account_id: String,
    person_name: String,
    /// The account that says it.
    claimed_by: String,
    claimed_by_name: String,
    /// Whether that has the address that the person named.
    has_named_address: bool,
    then: LegacyThen,
    state: LegacyState,
    /// How it was stopped.
    stopped: Option<LegacyStop>,
    /// Why an administrator stopped it.
    reason: Option<String>,
    begun_at: String,
    ends_at: Option<String>,
    ended_at: Option<String>,
}

/// All claims.
#[derive(Object)]
pub(super) struct RunningList {
    /// Newest first.
    pub(super) items: Vec<RunningView>,
}

/// Why a claim is stopped.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct StopChoice {
    #[oai(validator(min_length = 1, max_length = 500))]
    pub(super) reason: String,
}

fn state_word(state: State) -> LegacyState {
    match state {
        State::Waiting | State::Due => LegacyState::Waiting,
        State::Carrying => LegacyState::CarryingOut,
        State::Done => LegacyState::Done,
        State::Stopped => LegacyState::Stopped,
    }
}

fn stop_word(stop: Stop) -> LegacyStop {
    match stop {
        Stop::Person => LegacyStop::Person,
        Stop::Admin => LegacyStop::Admin,
        Stop::Withdrawn => LegacyStop::Withdrawn,
        Stop::ContactGone => LegacyStop::ContactGone,
    }
}

fn end_of(claim: &Claim) -> Option<String> {
    claim.state.can_be_stopped().then(|| claim.ends_at().to_string())
}

pub(super) fn contact_view(contact: Contact) -> ContactView {
    ContactView {
        name: contact.name.into_string(),
        email: contact.email,
        wait_days: contact.wait_days,
        then: then_word(contact.then),
        conversations: contact.conversations,
        note: contact.note.map(|note| note.into_string()),
        set_at: contact.set_at.to_string(),
    }
}

pub(super) fn offered_view(offered: Offered) -> OfferedView {
    let Offered { person_name, contact } = offered;
    OfferedView {
        person_name,
        wait_days: contact.wait_days,
        then: then_word(contact.then),
        conversations: contact.conversations,
        note: contact.note.map(|note| note.into_string()),
    }
}

pub(super) fn claim_view((claim, person_name, ..): (Claim, String, String, bool)) -> ClaimView {
    ClaimView {
        id: claim.id.to_string(),
        person_name,
        then: then_word(claim.then),
        conversations: claim.conversations,
        state: state_word(claim.state),
        begun_at: claim.begun_at.to_string(),
        ends_at: end_of(&claim),
        ended_at: claim.ended_at.map(|at| at.to_string()),
        space_id: claim.space.map(|space| space.to_string()),
        relation: claim.relation.into_string(),
        own_words: claim.own_words.map(|words| words.into_string()),
    }
}

pub(super) fn against_view((claim, _, by, _): (Claim, String, String, bool)) -> AgainstView {
    AgainstView {
        id: claim.id.to_string(),
        claimed_by_name: by,
        then: then_word(claim.then),
        begun_at: claim.begun_at.to_string(),
        ends_at: claim.ends_at().to_string(),
    }
}

pub(super) fn running_view(
    (claim, person, by, fits): (Claim, String, String, bool),
) -> RunningView {
    RunningView {
        id: claim.id.to_string(),
        account_id: claim.person.to_string(),
        person_name: person,
        claimed_by: claim.by.to_string(),
        claimed_by_name: by,
        has_named_address: fits,
        then: then_word(claim.then),
        state: state_word(claim.state),
        stopped: claim.stop.map(stop_word),
        begun_at: claim.begun_at.to_string(),
        ends_at: end_of(&claim),
        ended_at: claim.ended_at.map(|at| at.to_string()),
        reason: claim.reason.map(|reason| reason.into_string()),
    }
}

pub(super) fn words_view(locale: &str) -> LegacyText {
    let shown = text(locale);
    LegacyText {
        version: shown.version,
        locale: shown.locale,
        text: shown.text,
        text_sha256: shown.sha256,
    }
}
