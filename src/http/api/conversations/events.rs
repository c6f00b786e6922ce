//! An answer as a stream of events.

use bytes::Bytes;
use futures_util::stream;
use poem_openapi::types::ToJSON as _;
use serde_json::{Value, json};

use super::views::{citation_view, message_view};
use crate::conversations::{Citation, Event, Message};
use crate::http::guard::RequestId;
use crate::http::problem::Problem;
use crate::http::sse::frame;
use crate::kernel::{Fault, MessageId};

pub(super) type Numbered = (u64, Event);

/// The frames of an answer as it is written.
pub(super) fn frames(
    listener: crate::conversations::Listener,
    first: Option<Numbered>,
    request_id: RequestId,
) -> impl futures_util::Stream<Item = Bytes> + Send + 'static {
    stream::unfold((listener, first, request_id), |(mut listener, first, id)| async {
        let (number, event) = match first {
            Some(first) => first,
            None => listener.next().await?,
        };
        let frame = event_frame(number, event, &id);
        Some((frame, (listener, None, id)))
    })
}

pub(super) fn event_frame(number: u64, event: Event, request_id: &RequestId) -> Bytes {
    let (name, data) = match event {
        Event::Start { conversation, user_message, message, model } => (
            "start",
            json!({
                "conversation_id": conversation.to_string(),
                "user_message_id": user_message.map(|id: MessageId| id.to_string()),
                "message_id": message.to_string(),
                "model": model,
            }),
        ),
        Event::Sources(citations) => ("sources", sources(&citations)),
        Event::Delta(text) => ("delta", json!({"text": text})),
        Event::Done(message, _) => ("done", done(&message)),
        Event::Failed(failure) => {
            let view = Problem::from(Fault::from(failure)).view(Some(request_id.as_str()));
            ("error", serde_json::to_value(&view).unwrap_or_default())
        }
    };
    framed(name, number, &data)
}

pub(super) fn framed(name: &str, number: u64, data: &Value) -> Bytes {
    frame(name, Some(number), data).unwrap_or_default()
}

/// An answer that ended some time ago, for somebody who has seen events up to `seen` of it. What
/// was seen cannot be told apart any more, so only the end is sent to who has seen something.
pub(super) fn replay(message: &Message, seen: u64) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let mut number = seen;
    let mut push = |name: &str, data: Value| {
        number += 1;
        frames.push(framed(name, number, &data));
    };
    if seen == 0 {
        push(
            "start",
            json!({
                "conversation_id": message.conversation.to_string(),
                "user_message_id": message.parent.map(|id| id.to_string()),
                "message_id": message.id.to_string(),
                "model": message.model,
            }),
        );
        push("sources", sources(&message.citations));
        if !message.content.is_empty() {
            push("delta", json!({"text": message.content}));
        }
    }
    push("done", done(message));
    frames
}

pub(super) fn sources(citations: &[Citation]) -> Value {
    let citations: Vec<_> = citations.iter().map(|c| citation_view(c).to_json()).collect();
    json!({"citations": citations})
}

pub(super) fn done(message: &Message) -> Value {
    json!({
        "message": message_view(message).to_json(),
        "usage": message.tokens.map(|tokens| {
            json!({"input_tokens": tokens.input, "output_tokens": tokens.output})
        }),
        "finish_reason": message.finish_reason,
    })
}
