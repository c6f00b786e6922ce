//! Consents as the API shows them.

use poem_openapi::{Enum, Object};
use serde::Deserialize;

use super::super::auth::ConsentChoices;
use crate::consents::{Channel, Consent, Consents, Statement, Text};

/// What an account said about a consent.
#[derive(Object)]
pub struct ConsentView {
    /// Whether it holds now.
    granted: bool,
    /// The version of the text it was said about.
    version: Option<String>,
    /// When it was said.
    changed_at: Option<String>,
    /// Whether the text reads otherwise now than when it was agreed to, so that it is asked
    /// again: `GET /consents` has what it says now.
    needs_renewal: bool,
}

/// What an account said about each consent.
#[derive(Object)]
pub struct ConsentsView {
    data_processing: ConsentView,
    voice_processing: ConsentView,
    video_processing: ConsentView,
    third_party_apis: ConsentView,
    whatsapp_ingestion: ConsentView,
}

/// What a consent is about.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub enum ConsentWord {
    /// That this server stores and searches what one writes.
    DataProcessing,
    /// That one's voice is recorded and imitated.
    VoiceProcessing,
    /// That one's likeness is animated.
    VideoProcessing,
    /// That memories and questions are sent to services of others.
    ThirdPartyApis,
    /// That chat archives are read in.
    WhatsappIngestion,
}

impl From<Consent> for ConsentWord {
    fn from(consent: Consent) -> Self {
        match consent {
            Consent::DataProcessing => Self::DataProcessing,
            Consent::VoiceProcessing => Self::VoiceProcessing,
            Consent::VideoProcessing => Self::VideoProcessing,
            Consent::ThirdPartyApis => Self::ThirdPartyApis,
            Consent::WhatsappIngestion => Self::WhatsappIngestion,
        }
    }
}

/// The way on which something was said.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub enum ChannelWord {
    /// In the web app.
    Web,
    /// By a program that was signed in.
    Api,
    /// While signing up.
    SignUp,
    /// On the command line of the machine, by its operator.
    Cli,
}

impl From<Channel> for ChannelWord {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Web => Self::Web,
            Channel::Api => Self::Api,
            Channel::SignUp => Self::SignUp,
            Channel::Cli => Self::Cli,
        }
    }
}

/// One thing said about a consent.
#[derive(Object)]
pub struct ConsentStatement {
    /// Its number among all that the account said, from 1.
    number: u64,
    /// What it is about.
    consent: ConsentWord,
    /// Given or withdrawn.
    granted: bool,
    /// The version of the text.
    version: String,
    /// When.
    at: String,
    /// On which way it was said.
    channel: Option<ChannelWord>,
    /// The sign-in that it came by.
    session_id: Option<String>,
    /// The language of the text.
    locale: Option<String>,
    /// The text, word for word.
    text: Option<String>,
    /// The SHA-256 of the text in UTF-8, in hexadecimal.
    text_sha256: Option<String>,
    /// The hosts of the outside services that the text named.
    recipients: Vec<String>,
}

/// Everything ever said about consents, newest first.
#[derive(Object)]
pub struct ConsentHistory {
    /// Whether every statement is as it was made, and none is missing between two.
    pub(super) is_whole: bool,
    pub(super) items: Vec<ConsentStatement>,
    pub(super) next_cursor: Option<String>,
}

/// A text that can be agreed to.
#[derive(Object)]
pub struct ConsentText {
    consent: ConsentWord,
    version: String,
    /// The language of the text: `en` or `fr`.
    locale: String,
    /// A few words.
    title: String,
    /// The text, word for word.
    text: String,
    /// Its SHA-256 in UTF-8, in hexadecimal.
    text_sha256: String,
    /// The hosts of the outside services that it names.
    recipients: Vec<String>,
}

/// All texts that can be agreed to.
#[derive(Object)]
pub struct TextList {
    pub(super) items: Vec<ConsentText>,
}

/// Consents given (true) or withdrawn (false).
#[derive(Clone, Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub struct ConsentPatch {
    /// That this server stores and searches what one writes.
    data_processing: Option<bool>,
    /// That one's voice is recorded and imitated.
    voice_processing: Option<bool>,
    /// That one's likeness is animated.
    video_processing: Option<bool>,
    /// That memories and questions are sent to services of others.
    third_party_apis: Option<bool>,
    /// That chat archives are read in.
    whatsapp_ingestion: Option<bool>,
    /// The language in which the text was shown; the account's, if nothing is said.
    pub(super) locale: Option<String>,
}

impl From<ConsentPatch> for ConsentChoices {
    fn from(patch: ConsentPatch) -> Self {
        Self {
            data_processing: patch.data_processing,
            voice_processing: patch.voice_processing,
            video_processing: patch.video_processing,
            third_party_apis: patch.third_party_apis,
            whatsapp_ingestion: patch.whatsapp_ingestion,
        }
    }
}

/// What an account said last about each consent.
pub fn consents_view(consents: &Consents, current: &[Statement]) -> ConsentsView {
    let view = |consent| {
        let said = current.iter().find(|said| said.consent == consent);
        ConsentView {
            granted: said.is_some_and(|said| said.granted),
            version: said.map(|said| said.version.clone()),
            changed_at: said.map(|said| said.at.to_string()),
            needs_renewal: said.is_some_and(|said| consents.needs_renewal(said)),
        }
    };
    ConsentsView {
        data_processing: view(Consent::DataProcessing),
        voice_processing: view(Consent::VoiceProcessing),
        video_processing: view(Consent::VideoProcessing),
        third_party_apis: view(Consent::ThirdPartyApis),
        whatsapp_ingestion: view(Consent::WhatsappIngestion),
    }
}

pub(super) fn statement_view(statement: Statement) -> ConsentStatement {
    let Statement { number, consent, granted, version, at, said } = statement;
    let recipients = said.as_ref().map(|said| said.recipients.clone());
    ConsentStatement {
        number,
        consent: consent.into(),
        granted,
        version,
        at: at.to_string(),
        channel: said.as_ref().map(|said| said.channel.into()),
        session_id: said.as_ref().and_then(|said| said.session).map(|id| id.to_string()),
        locale: said.as_ref().map(|said| said.locale.clone()),
        text_sha256: said.as_ref().map(|said| said.hash.clone()),
        text: said.map(|said| said.text),
        recipients: recipients.unwrap_or_default(),
    }
}

pub(super) fn text_view(text: Text) -> ConsentText {
    ConsentText {
        consent: text.consent.into(),
        version: text.version.to_owned(),
        locale: text.locale.to_owned(),
        title: text.title.to_owned(),
        text_sha256: text.hash(),
        text: text.body,
        recipients: text.recipients,
    }
}
