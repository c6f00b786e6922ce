//! An answer as a stream of events.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use poem_openapi::types::ToJSON as _;
use poem_openapi::{Object, Union};
use tokio::time::Instant;

use super::super::clones::settings::GroundingWord;
use super::super::conversations::views::{CitationView, MessageView, citation_view, message_view};
use super::Services;
use crate::access::Principal;
use crate::conversations::{Event, Listener, Message};
use crate::http::auth::still_in;
use crate::http::guard::RequestId;
use crate::http::problem::{Problem, ProblemView};
use crate::http::sse::{Events, frame};
use crate::kernel::{ConversationId, Fault};

/// The event `start`: the question is stored, the answer begins.
#[derive(Object)]
pub(super) struct AnswerStarted {
    conversation_id: String,
    /// The question.
    user_message_id: Option<String>,
    /// The answer.
    message_id: String,
    /// Who writes it; `builtin` quotes and writes nothing.
    provider: Option<String>,
    model: Option<String>,
    /// How far it may go beyond the passages.
    grounding: Option<GroundingWord>,
    /// Always: nobody but the clone answers.
    ai_generated: bool,
}

/// The event `sources`: the passages the answer is made from.
#[derive(Object)]
pub(super) struct AnswerSources {
    citations: Vec<CitationView>,
}

/// The event `delta`: more of the answer.
#[derive(Object)]
pub(super) struct AnswerDelta {
    text: String,
}

/// What an answer took, as the model's server counts.
#[derive(Object)]
pub(super) struct AnswerUsage {
    input_tokens: u64,
    output_tokens: u64,
}

/// The event `done`: the answer as it is stored.
#[derive(Object)]
pub(super) struct AnswerDone {
    message: MessageView,
    usage: Option<AnswerUsage>,
    finish_reason: Option<String>,
}

/// The data of one event: `start`, `sources`, `delta` (any number of them), and at the end
/// `done`, or `error` with a problem.
#[derive(Union)]
#[oai(one_of = true)]
pub(super) enum AnswerEvent {
    Started(AnswerStarted),
    Sources(AnswerSources),
    Delta(AnswerDelta),
    Done(AnswerDone),
    Failed(ProblemView),
}

impl AnswerEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Started(_) => "start",
            Self::Sources(_) => "sources",
            Self::Delta(_) => "delta",
            Self::Done(_) => "done",
            Self::Failed(_) => "error",
        }
    }

    fn of(event: Event, request_id: &RequestId) -> Self {
        match event {
            Event::Start(message) => Self::started(&message),
            Event::Sources(citations) => Self::Sources(AnswerSources {
                citations: citations.iter().map(citation_view).collect(),
            }),
            Event::Delta(text) => Self::Delta(AnswerDelta { text }),
            Event::Done(message) => Self::done(&message),
            Event::Failed(failure) => {
                let problem = Problem::from(Fault::from(&*failure));
                Self::Failed(problem.view(Some(request_id.as_str())))
            }
        }
    }

    fn started(message: &Message) -> Self {
        Self::Started(AnswerStarted {
            conversation_id: message.conversation.to_string(),
            user_message_id: message.parent.map(|id| id.to_string()),
            message_id: message.id.to_string(),
            provider: message.provider.clone(),
            model: message.model.clone(),
            grounding: message.grounding.map(Into::into),
            ai_generated: true,
        })
    }

    fn done(message: &Message) -> Self {
        let usage = |tokens: crate::conversations::Tokens| AnswerUsage {
            input_tokens: tokens.input,
            output_tokens: tokens.output,
        };
        Self::Done(AnswerDone {
            message: message_view(message),
            usage: message.tokens.map(usage),
            finish_reason: message.finish_reason.clone(),
        })
    }

    /// As it goes over the wire.
    fn frame(&self, number: u64) -> Bytes {
        let data = self.to_json().unwrap_or_default();
        frame(self.name(), Some(number), &data).unwrap_or_default()
    }
}

/// The stream of an answer.
pub(super) type AnswerEvents = Events<AnswerEvent>;

/// How often it is looked whether the reader of a stream may still read it.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A reader of an answer in the making, who may lose the right to it at any moment.
pub(super) struct Reader {
    services: Services,
    who: Principal,
    conversation: ConversationId,
    listener: Listener,
    request_id: RequestId,
    /// The number of the last event that was sent.
    reached: u64,
    /// When it was last seen that they may.
    looked: Instant,
}

impl Reader {
    pub(super) fn new(
        services: &Services,
        who: &Principal,
        conversation: ConversationId,
        listener: Listener,
        request_id: RequestId,
    ) -> Self {
        let (services, who) = (services.clone(), who.clone());
        let looked = Instant::now();
        Self { services, who, conversation, listener, request_id, reached: 0, looked }
    }

    /// The next event; the refusal if the reader may not have it any more; nothing at the end.
    /// It is looked as often while events come as while none do.
    pub(super) async fn next(&mut self) -> Option<Result<(u64, Event), Fault>> {
        loop {
            let due = self.looked + LOOK_EVERY;
            let event = tokio::select! {
                biased;
                event = self.listener.next() => Some(event?),
                () = tokio::time::sleep_until(due) => None,
            };
            if Instant::now() >= due {
                if let Err(refused) = self.check() {
                    return Some(Err(refused));
                }
                self.looked = Instant::now();
            }
            if let Some(event) = event {
                return Some(Ok(event));
            }
        }
    }

    /// Whether the reader may still read it.
    pub(super) fn check(&self) -> Result<(), Fault> {
        still_in(&self.services, &self.who)?;
        Ok(self.services.conversations.get(&self.who, self.conversation).map(|_| ())?)
    }
}

/// An answer as it is written. `first` was taken out of the reader before.
pub(super) fn frames(reader: Reader, first: Option<(u64, Event)>) -> AnswerEvents {
    let streams = reader.services.streams().clone();
    let frames = stream::unfold(Some((reader, first)), |state| async {
        let (mut reader, first) = state?;
        let next = match first {
            Some(first) => Ok(first),
            None => reader.next().await?,
        };
        match next {
            Ok((number, event)) => {
                let frame = AnswerEvent::of(event, &reader.request_id).frame(number);
                reader.reached = number;
                Some((frame, Some((reader, None))))
            }
            Err(refused) => {
                let refused = AnswerEvent::of(refused.into(), &reader.request_id);
                Some((refused.frame(reader.reached + 1), None))
            }
        }
    });
    streams.send(frames)
}

/// An answer that ended some time ago, for somebody who has seen events up to `seen` of it. What
/// was seen cannot be told apart any more, so only the end is sent to who has seen something.
pub(super) fn replay(services: &Services, message: &Message, seen: u64) -> AnswerEvents {
    let mut events = Vec::new();
    if seen == 0 {
        let citations = message.citations.iter().map(citation_view).collect();
        events.push(AnswerEvent::started(message));
        events.push(AnswerEvent::Sources(AnswerSources { citations }));
        if !message.content.is_empty() {
            let text = message.content.clone();
            events.push(AnswerEvent::Delta(AnswerDelta { text }));
        }
    }
    events.push(AnswerEvent::done(message));
    let numbered = events.into_iter().zip(seen + 1..);
    let frames: Vec<Bytes> = numbered.map(|(event, number)| event.frame(number)).collect();
    services.streams().send(stream::iter(frames))
}
