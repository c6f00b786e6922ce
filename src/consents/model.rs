//! What can be agreed to, and what was said about it.

use serde::{Deserialize, Serialize};

use crate::kernel::{SessionId, Timestamp};

/// What one can agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
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

impl Consent {
    /// Every consent, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::DataProcessing,
        Self::VoiceProcessing,
        Self::VideoProcessing,
        Self::ThirdPartyApis,
        Self::WhatsappIngestion,
    ];

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataProcessing => "data_processing",
            Self::VoiceProcessing => "voice_processing",
            Self::VideoProcessing => "video_processing",
            Self::ThirdPartyApis => "third_party_apis",
            Self::WhatsappIngestion => "whatsapp_ingestion",
        }
    }

    /// The consent of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|consent| consent.name() == name)
    }
}

/// The way on which something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// In the web app.
    Web,
    /// By a program that was signed in.
    Api,
    /// While signing up.
    SignUp,
    /// On the command line of the machine, by its operator.
    Cli,
}

impl Channel {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Api => "api",
            Self::SignUp => "sign_up",
            Self::Cli => "cli",
        }
    }
}

/// How something is said.
#[derive(Clone, Debug)]
pub struct Saying {
    /// On which way.
    pub channel: Channel,
    /// Whose sign-in it came by, if somebody was signed in.
    pub session: Option<SessionId>,
    /// The language of the text that was shown (BCP 47).
    pub locale: String,
}

/// What an account said about a consent, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The number of the statement among all of the account, from 1.
    pub number: u64,
    /// What it is about.
    pub consent: Consent,
    /// Given or withdrawn.
    pub granted: bool,
    /// The version of the text.
    pub version: String,
    /// When it was said.
    pub at: Timestamp,
    /// How it was said; nothing is known of statements from before this was kept.
    pub said: Option<Said>,
}

/// How a statement was made, and about which words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// On which way.
    pub channel: Channel,
    /// Whose sign-in it came by.
    pub session: Option<SessionId>,
    /// The language of the text: `en` or `fr`.
    pub locale: String,
    /// The text, word for word.
    pub text: String,
    /// The SHA-256 of the text, in hexadecimal.
    pub hash: String,
    /// The hosts of the outside services that the text named.
    pub recipients: Vec<String>,
}
