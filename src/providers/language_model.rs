//! What a language model is to us: an [`Ask`] goes in, a stream of [`Piece`]s comes out.

use std::ops::Range;
use std::pin::Pin;
use std::time::Duration;

use futures_util::Stream;
use futures_util::future::{self, BoxFuture};

use super::outbound::OutboundError;
use crate::kernel::{Fault, FuzzyDate, Kind};

/// Something that answers a question in the voice of a clone.
pub trait LanguageModel: Send + Sync {
    /// The provider's id in settings and on messages, such as `builtin` or `openai`.
    fn id(&self) -> &str;

    /// The model that answers when an ask names none.
    fn model(&self) -> &str;

    /// Starts an answer. Resolves as soon as the provider accepted the question; dropping the
    /// future or the stream stops the provider at once.
    fn answer(&self, ask: Ask) -> BoxFuture<'_, Result<AnswerStream, ModelError>>;

    /// Opens a connection ahead of an answer, so that it need not wait for one. Never fails; to
    /// be polled beside other work.
    fn prewarm(&self) -> BoxFuture<'_, ()> {
        Box::pin(future::ready(()))
    }
}

/// The pieces of an answer. [`Piece::Finish`] comes last and exactly once if nothing failed.
/// After an error the stream ends.
pub type AnswerStream = Pin<Box<dyn Stream<Item = Result<Piece, ModelError>> + Send>>;

/// One piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// More text, never empty.
    Delta(String),
    /// What the provider counted, in its own tokens; at most once, before the finish.
    Usage {
        /// Tokens read.
        input: u64,
        /// Tokens written.
        output: u64,
    },
    /// Why the answer ended.
    Finish(FinishReason),
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishReason {
    /// The model had said everything.
    Stop,
    /// The limit of tokens was reached.
    Length,
    /// The provider's content filter cut it off.
    Filtered,
    /// Something else.
    Other,
}

impl FinishReason {
    /// The word for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Filtered => "content_filter",
            Self::Other => "other",
        }
    }
}

/// A question with everything that an answer may be made of.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The question as it was put.
    pub question: String,
    /// BCP 47 tag of the language to answer in.
    pub language: String,
    /// The clone's name.
    pub name: String,
    /// Whether the asker may add memories to it.
    pub may_add: bool,
    /// What retrieval found, best first; `n` counts from 1.
    pub passages: Vec<PromptPassage>,
    /// The rendered prompt; `builtin` does not look at it.
    pub prompt: Prompt,
    /// The model to use instead of the provider's default.
    pub model: Option<String>,
    /// How the model chooses its words.
    pub sampling: Sampling,
}

/// How a model chooses its words; nothing leaves it to the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sampling {
    /// 0 to 2.
    pub temperature: Option<f32>,
    /// Above 0, to 1.
    pub top_p: Option<f32>,
    /// Longest answer in the model's tokens.
    pub max_tokens: Option<u32>,
}

/// A passage as the answer may use it.
#[derive(Clone, Debug, Default)]
pub struct PromptPassage {
    /// The number it is cited by.
    pub n: usize,
    /// Its text, unaltered.
    pub text: String,
    /// Byte ranges of the sentences of `text` that answer best, in any order.
    pub quotes: Vec<Range<usize>>,
    /// The title of the memory or document.
    pub title: Option<String>,
    /// When it happened.
    pub when: Option<When>,
    /// Who says it.
    pub speaker: Speaker,
}

/// When something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Known as a date, to be put into words.
    Date(FuzzyDate),
    /// In the words of who told it.
    Said(String),
}

impl When {
    /// The words of a language (BCP 47), or those of who told it.
    pub fn words(&self, language: &str) -> String {
        match self {
            Self::Date(date) => date.words(language),
            Self::Said(words) => words.clone(),
        }
    }
}

/// Who says what a passage says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Speaker {
    /// The subject of the clone, so the clone may say "I".
    Subject,
    /// Somebody else, by name.
    Other(String),
    /// Nobody knows.
    #[default]
    Unknown,
}

/// A prompt as providers take it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Persona and rules.
    pub system: String,
    /// The conversation, oldest first; the last turn is the asker's.
    pub turns: Vec<Turn>,
}

/// One turn of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub text: String,
}

/// Who speaks in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The asker.
    User,
    /// The clone.
    Assistant,
}

/// Which wait was too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// For the first byte of the answer.
    FirstByte,
    /// For the next byte.
    Between,
    /// For the whole answer.
    Whole,
}

/// Why there is no answer, or only half of one. No text repeats what the provider sent.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No connection to the provider.
    #[error("the model provider cannot be reached")]
    Unreachable(#[source] OutboundError),
    /// The provider said no.
    #[error("the model provider refused with status {status}")]
    Refused {
        /// Its HTTP status, or the code of an error inside the stream; 0 if it gave none.
        status: u16,
        /// When it asks to be tried again.
        retry_after: Option<Duration>,
    },
    /// The provider does not accept the key.
    #[error("the model provider does not accept the key")]
    Unauthorized,
    /// The provider was silent, or talked, for too long.
    #[error("the model provider took too long ({0:?})")]
    Timeout(Wait),
    /// What came is not an answer.
    #[error("the model provider sent something that is not an answer")]
    Malformed,
    /// More bytes than an answer can have.
    #[error("the model provider sent more than an answer can have")]
    TooLarge,
    /// The answer broke off in the middle.
    #[error("the model provider broke off in the middle of the answer")]
    Interrupted,
}

impl From<ModelError> for Fault {
    fn from(error: ModelError) -> Self {
        let (code, detail) = match &error {
            ModelError::Unreachable(_) => {
                ("upstream_unreachable", "The language model cannot be reached.")
            }
            ModelError::Refused { status: 429, .. } => {
                ("upstream_rate_limited", "The language model is asked too often right now.")
            }
            ModelError::Refused { .. } => {
                ("upstream_refused", "The language model refused the question.")
            }
            ModelError::Unauthorized => {
                ("upstream_unauthorized", "The language model does not accept the configured key.")
            }
            ModelError::Timeout(_) => {
                ("upstream_timeout", "The language model took too long to answer.")
            }
            ModelError::Malformed | ModelError::TooLarge => {
                ("upstream_malformed", "The language model sent something that is not an answer.")
            }
            ModelError::Interrupted => {
                ("upstream_interrupted", "The language model broke off in the middle.")
            }
        };
        let mut fault = Self::new(Kind::Upstream, code, detail);
        if let ModelError::Refused { retry_after, .. } = &error {
            fault.retry_after = *retry_after;
        }
        fault.because(error)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn every_failure_has_its_code_and_keeps_its_cause() {
        let wait = Some(Duration::from_secs(7));
        let unreachable = ModelError::Unreachable(OutboundError::Timeout);
        let cases = [
            (unreachable, "upstream_unreachable"),
            (ModelError::Refused { status: 429, retry_after: wait }, "upstream_rate_limited"),
            (ModelError::Refused { status: 500, retry_after: None }, "upstream_refused"),
            (ModelError::Unauthorized, "upstream_unauthorized"),
            (ModelError::Timeout(Wait::Between), "upstream_timeout"),
            (ModelError::Malformed, "upstream_malformed"),
            (ModelError::TooLarge, "upstream_malformed"),
            (ModelError::Interrupted, "upstream_interrupted"),
        ];
        for (error, code) in cases {
            let fault = Fault::from(error);
            assert_eq!((fault.kind, fault.code), (Kind::Upstream, code));
            assert_eq!(fault.retry_after.is_some(), code == "upstream_rate_limited");
            assert!(fault.source().is_some());
        }
    }
}
