//! An answer as a stream of events.

use bytes::Bytes;
use futures_util::stream;
use poem_openapi::types::ToJSON as _;
use poem_openapi::{Object, Union};

use super::super::clones::settings::GroundingWord;
use super::super::conversations::views::{CitationView, MessageView, citation_view, message_view};
use super::Services;
use crate::conversations::{Event, Listener, Message};
use crate::http::guard::RequestId;
use crate::http::problem::{Problem, ProblemView};
use crate::http::sse::{Events, frame};
use crate::kernel::Fault;

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
            Event::Done(message, _) => Self::done(&message),
            Event::Failed(failure) => {
                let problem = Problem::from(Fault::from(failure));
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

/// An answer as it is written. `first` was taken out of `listener` before.
pub(super) fn frames(
    services: &Services,
    listener: Listener,
    first: Option<(u64, Event)>,
    request_id: RequestId,
) -> AnswerEvents {
    let frames = stream::unfold((listener, first, request_id), |(mut listener, first, id)| async {
        let (number, event) = match first {
            Some(first) => first,
            None => listener.next().await?,
        };
        let frame = AnswerEvent::of(event, &id).frame(number);
        Some((frame, (listener, None, id)))
    });
    services.streams().send(frames)
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
