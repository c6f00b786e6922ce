//! The OpenAI chat completions format: what is sent, and what is picked out of what comes back.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize, Serializer};

use crate::providers::language_model::{Ask, FinishReason, ModelError, Piece, Role, Turn};

/// The longest pause a provider can ask for.
const RETRY_AFTER_MOST: u64 = 3600;

/// The optional parts of the format that a server understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect(u8);

impl Dialect {
    /// Everything is sent in the form that most servers know.
    pub(super) const FULL: Self = Self(0);
    const NO_USAGE: u8 = 1;
    const COMPLETION_TOKENS: u8 = 2;
    const NO_SAMPLING: u8 = 4;

    pub(super) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u8 {
        self.0
    }

    const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// What to try after a server rejected this dialect with this body; nothing when there is
    /// nothing left to leave out.
    pub(super) fn after_rejection(self, body: &[u8]) -> Option<Self> {
        let says = |word: &str| body.windows(word.len()).any(|window| window == word.as_bytes());
        let named = [
            ("max_completion_tokens", Self::COMPLETION_TOKENS),
            ("stream_options", Self::NO_USAGE),
            ("temperature", Self::NO_SAMPLING),
            ("top_p", Self::NO_SAMPLING),
        ];
        let bit = named.into_iter().find(|&(word, bit)| says(word) && !self.has(bit));
        // A server that does not say what it minds most likely minds the youngest field.
        let bit = bit.map_or(Self::NO_USAGE, |(_, bit)| bit);
        (!self.has(bit)).then_some(Self(self.0 | bit))
    }
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Messages<'a>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

struct Messages<'a> {
    system: &'a str,
    turns: &'a [Turn],
}

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let system = Some(Message { role: "system", content: self.system });
        let system = system.filter(|message| !message.content.is_empty());
        serializer.collect_seq(system.into_iter().chain(self.turns.iter().map(|turn| Message {
            role: match turn.role {
                Role::User => "user",
                Role::Assistant => "assistant",
            },
            content: &turn.text,
        })))
    }
}

/// The number as it was meant: 0.7 as `f32` would leave as 0.699999988079071.
fn short(value: f32) -> f64 {
    (f64::from(value) * 1000.0).round() / 1000.0
}

/// The body of a request.
pub(super) fn request(ask: &Ask, model: &str, dialect: Dialect) -> Vec<u8> {
    let sampling = ask.sampling;
    let own_words = !dialect.has(Dialect::NO_SAMPLING);
    let completion = dialect.has(Dialect::COMPLETION_TOKENS);
    let request = Request {
        model,
        messages: Messages { system: &ask.prompt.system, turns: &ask.prompt.turns },
        stream: true,
        stream_options: (!dialect.has(Dialect::NO_USAGE))
            .then_some(StreamOptions { include_usage: true }),
        temperature: sampling.temperature.filter(|_| own_words).map(short),
        top_p: sampling.top_p.filter(|_| own_words).map(short),
        max_tokens: sampling.max_tokens.filter(|_| !completion),
        max_completion_tokens: sampling.max_tokens.filter(|_| completion),
    };
    // Strings and numbers cannot fail to serialise.
    serde_json::to_vec(&request).unwrap_or_default()
}

/// Only what is needed; serde steps over the rest without keeping it.
#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    error: Option<UpstreamError>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    delta: Option<Delta>,
    /// In place of the delta when the server answers at once instead of streaming.
    message: Option<Delta>,
    finish_reason: Option<FinishWord>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Deserialize)]
enum FinishWord {
    #[serde(rename = "stop", alias = "eos", alias = "end_turn")]
    Stop,
    #[serde(rename = "length", alias = "max_tokens")]
    Length,
    #[serde(rename = "content_filter")]
    Filtered,
    /// Some servers say this while they go on.
    #[serde(rename = "")]
    NotYet,
    #[serde(other)]
    Other,
}

impl FinishWord {
    fn reason(self) -> Option<FinishReason> {
        match self {
            Self::Stop => Some(FinishReason::Stop),
            Self::Length => Some(FinishReason::Length),
            Self::Filtered => Some(FinishReason::Filtered),
            Self::NotYet => None,
            Self::Other => Some(FinishReason::Other),
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

/// An error object or, from some servers, a bare string.
#[derive(Deserialize)]
#[serde(untagged)]
enum UpstreamError {
    Coded { code: u16 },
    Other(serde::de::IgnoredAny),
}

/// What one event says.
pub(super) enum Said {
    /// The stream is complete.
    Done,
    /// Something else, of which every part may be missing.
    Part(Part),
}

/// The parts of an event.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// More text, never empty.
    pub(super) text: Option<String>,
    /// Counts so far.
    pub(super) usage: Option<Piece>,
    /// Why it ended.
    pub(super) finish: Option<FinishReason>,
}

/// Reads the data of one event.
pub(super) fn read_event(data: &[u8]) -> Result<Said, ModelError> {
    let data = data.trim_ascii();
    if data == b"[DONE]" {
        return Ok(Said::Done);
    }
    if data.is_empty() {
        return Ok(Said::Part(Part::default()));
    }
    read_part(data).map(Said::Part)
}

/// Reads a JSON object: one event, or a whole answer.
pub(super) fn read_part(json: &[u8]) -> Result<Part, ModelError> {
    let chunk: Chunk = serde_json::from_slice(json).map_err(|_| ModelError::Malformed)?;
    if let Some(error) = chunk.error {
        let status = match error {
            UpstreamError::Coded { code } => code,
            UpstreamError::Other(_) => 0,
        };
        return Err(refused(status, None));
    }
    let mut part = Part {
        usage: chunk.usage.map(|usage| Piece::Usage {
            input: usage.prompt_tokens,
            output: usage.completion_tokens,
        }),
        ..Part::default()
    };
    // One answer was asked for; a server that sends several gets its first one read.
    for choice in chunk.choices.into_iter().filter(|choice| choice.index == 0) {
        part.text = choice.delta.or(choice.message).and_then(|delta| delta.content);
        part.text = part.text.filter(|text| !text.is_empty());
        part.finish = choice.finish_reason.and_then(FinishWord::reason);
    }
    Ok(part)
}

/// The error for a status that is no success.
pub(super) fn refused(status: u16, retry_after: Option<Duration>) -> ModelError {
    if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
        return ModelError::Unauthorized;
    }
    ModelError::Refused { status, retry_after }
}

/// Reads `Retry-After` in seconds, an hour at most. Dates are not read: no provider sends them.
pub(super) fn retry_after(header: Option<&str>) -> Option<Duration> {
    let seconds: u64 = header?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(RETRY_AFTER_MOST)))
}

#[cfg(test)]
mod tests;
