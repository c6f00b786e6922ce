//! Any server that speaks OpenAI's chat completions: OpenAI itself, Ollama, llama.cpp, vLLM,
//! LM Studio, LiteLLM, OpenRouter, Mistral, and the compatible endpoints of Anthropic and Gemini.
//!
//! The base address may be given with or without `/v1`: a bare origin means `/v1` below it, any
//! other path is taken as it is, and a pasted `/chat/completions` is cut off.

mod reading;
mod wire;

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::time::{Instant, timeout_at};
use url::Url;

use self::reading::{Deadlines, Reading};
use self::wire::Dialect;
use super::language_model::{AnswerStream, Ask, LanguageModel, ModelError, Wait};
use super::outbound::{
    Base, CONNECT_WITHIN, Call, IDLE_FOR, Outbound, OutboundError, Reply, Target,
};
use crate::kernel::Secret;

/// How long an answer may take and how long it may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the question to the first byte of the answer's body.
    pub first_byte: Duration,
    /// From one byte to the next; comments of the server count.
    pub between: Duration,
    /// From the question to the end.
    pub whole: Duration,
    /// Bytes of one answer as sent by the server.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(30),
            between: Duration::from_secs(30),
            whole: Duration::from_secs(600),
            bytes: 16 << 20,
        }
    }
}

/// Where the server is and who asks it.
#[derive(Clone, Debug)]
pub struct OpenAiSettings {
    /// The base address.
    pub base_url: String,
    /// The key; servers at home need none.
    pub api_key: Option<Secret<String>>,
    /// The model for asks that name none.
    pub model: String,
}

/// Settings that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The base address is not one.
    #[error("the base address of the language model is not usable")]
    Base(#[source] OutboundError),
    /// The key has characters that no header can carry.
    #[error("the key of the language model has characters that cannot be sent")]
    Key,
}

/// One OpenAI-compatible server.
pub struct OpenAi {
    outbound: Outbound,
    target: Target,
    chat: Url,
    models: Url,
    authorization: Option<HeaderValue>,
    model: String,
    limits: Limits,
    /// Bits of the [`Dialect`] that last worked.
    dialect: AtomicU8,
    used: Arc<LastUse>,
}

/// When a connection was last in use.
#[derive(Default)]
struct LastUse(Mutex<Option<Instant>>);

impl OpenAi {
    /// The server with these settings.
    ///
    /// # Errors
    /// When the base address or the key cannot be used.
    pub fn new(
        outbound: Outbound,
        settings: OpenAiSettings,
        limits: Limits,
    ) -> Result<Self, SettingsError> {
        let base = Base::parse(settings.base_url.trim()).map_err(SettingsError::Base)?;
        let path = match base.path().trim_end_matches("/chat/completions") {
            "" => "/v1",
            path => path,
        };
        let (chat, models) =
            (base.at(&format!("{path}/chat/completions")), base.at(&format!("{path}/models")));
        let authorization = settings.api_key.map(|key| bearer(&key)).transpose()?;
        Ok(Self {
            outbound,
            target: Target::Operator(base),
            chat,
            models,
            authorization,
            model: settings.model,
            limits,
            dialect: AtomicU8::new(Dialect::FULL.bits()),
            used: Arc::default(),
        })
    }

    async fn start(&self, ask: Ask) -> Result<AnswerStream, ModelError> {
        let deadlines = Deadlines::from_now(&self.limits);
        let mut dialect = Dialect::from_bits(self.dialect.load(Ordering::Relaxed));
        loop {
            let reply = self.ask(&ask, dialect, deadlines.first_byte).await?;
            let status = reply.status();
            if status.is_success() {
                self.dialect.store(dialect.bits(), Ordering::Relaxed);
                return Ok(Reading::new(reply, deadlines, Arc::clone(&self.used)).stream());
            }
            let pause = wire::retry_after(reply.header(&RETRY_AFTER));
            if !matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) {
                return Err(wire::refused(status.as_u16(), pause));
            }
            let complaint = timeout_at(deadlines.first_byte, complaint(reply)).await;
            let complaint = complaint.map_err(|_| ModelError::Timeout(Wait::FirstByte))?;
            dialect = dialect
                .after_rejection(&complaint)
                .ok_or_else(|| wire::refused(status.as_u16(), pause))?;
        }
    }

    async fn ask(&self, ask: &Ask, dialect: Dialect, by: Instant) -> Result<Reply, ModelError> {
        let model = ask.model.as_deref().unwrap_or(&self.model);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let call = Call {
            method: Method::POST,
            url: self.chat.clone(),
            headers,
            body: wire::request(ask, model, dialect).into(),
            headers_within: by.saturating_duration_since(Instant::now()),
            most: self.limits.bytes,
        };
        self.used.now();
        self.outbound.send(&self.target, call).await.map_err(|error| match error {
            OutboundError::Timeout => ModelError::Timeout(Wait::FirstByte),
            other => ModelError::Unreachable(other),
        })
    }

    async fn warm(&self) {
        // A connection that may still be idle must not be kept busy just when it is needed.
        if self.used.within(IDLE_FOR) {
            return;
        }
        self.used.now();
        let call = Call {
            method: Method::HEAD,
            url: self.models.clone(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            headers_within: CONNECT_WITHIN,
            most: 0,
        };
        // Whatever comes back, the connection is there; if none is, the answer will say so.
        drop(self.outbound.send(&self.target, call).await);
    }
}

impl LanguageModel for OpenAi {
    fn id(&self) -> &'static str {
        "openai"
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn answer(&self, ask: Ask) -> BoxFuture<'_, Result<AnswerStream, ModelError>> {
        Box::pin(self.start(ask))
    }

    /// Sends one `HEAD` without the key when no connection can be open any more.
    fn prewarm(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.warm())
    }
}

impl LastUse {
    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn within(&self, duration: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < duration)
    }
}

fn bearer(key: &Secret<String>) -> Result<HeaderValue, SettingsError> {
    let text = format!("Bearer {}", key.reveal().trim());
    let mut value = HeaderValue::try_from(text).map_err(|_| SettingsError::Key)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The beginning of what a server says about a request that it rejects.
async fn complaint(mut reply: Reply) -> Vec<u8> {
    const ENOUGH: usize = 16 * 1024;
    let mut said = Vec::new();
    while let Ok(Some(chunk)) = reply.chunk().await {
        said.extend_from_slice(&chunk);
        if said.len() >= ENOUGH {
            said.truncate(ENOUGH);
            break;
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn openai(base_url: &str, api_key: Option<&str>) -> Result<OpenAi, SettingsError> {
        let settings = OpenAiSettings {
            base_url: base_url.into(),
            api_key: api_key.map(|key| Secret::new(key.to_owned())),
            model: "small".into(),
        };
        OpenAi::new(Outbound::new(None).unwrap(), settings, Limits::default())
    }

    #[test]
    fn the_base_address_is_taken_with_and_without_v1() {
        let cases = [
            ("http://ollama:11434", "http://ollama:11434/v1/chat/completions"),
            ("http://ollama:11434/", "http://ollama:11434/v1/chat/completions"),
            ("http://ollama:11434/v1", "http://ollama:11434/v1/chat/completions"),
            ("http://ollama:11434/v1/", "http://ollama:11434/v1/chat/completions"),
            ("https://host/api/v1", "https://host/api/v1/chat/completions"),
            ("https://host/v1beta/openai/", "https://host/v1beta/openai/chat/completions"),
            ("https://host/v1/chat/completions", "https://host/v1/chat/completions"),
        ];
        for (base, chat) in cases {
            assert_eq!(openai(base, None).unwrap().chat.as_str(), chat);
        }
    }

    #[test]
    fn the_key_is_never_shown() {
        let openai = openai("http://host", Some(" sk-c4n4ry\n")).unwrap();
        let header = openai.authorization.unwrap();
        assert_eq!(header, "Bearer sk-c4n4ry");
        assert!(!format!("{header:?}").contains("c4n4ry"));
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused() {
        assert!(matches!(openai("http://host", Some("a\nb")), Err(SettingsError::Key)));
        assert!(matches!(openai("nowhere", None), Err(SettingsError::Base(_))));
    }
}
