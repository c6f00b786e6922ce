//! Messages: what is said, and the answers, whole or as they are written.

mod events;

use poem::http::header::ACCEPT;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::Deserialize;

use self::events::{AnswerEvents, Reader, frames, replay};
use super::conversations::views::{Exchange, MessageList, MessageView, exchange, message_view};
use super::fields::{Fields, path_id};
use super::{Group, Services};
use crate::access::Principal;
use crate::conversations::{Begun, Event, Feedback, Following, Order, Place, Said};
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Chatting, ReadingChats};
use crate::http::body::Body;
use crate::http::guard::RequestId;
use crate::http::listing::List;
use crate::http::problem::Answer;
use crate::kernel::{Fault, FieldProblem};

const MESSAGES: List<'_> = List::named("messages");

pub struct MessageApi;

/// Something said, or an answer to be written again: one of the two.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct NewMessage {
    /// What is said (1 to 20,000 characters).
    content: Option<String>,
    /// The message it follows; the last one when not given.
    parent_id: Option<String>,
    /// The answer that is to be written again.
    regenerate_of: Option<String>,
}

/// Something said to a clone, in a conversation or in a new one.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct ChatRequest {
    /// What is said (1 to 20,000 characters).
    content: String,
    /// The conversation; a new one when not given.
    #[serde(default)]
    conversation_id: Option<String>,
}

/// What somebody thought of an answer.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct FeedbackRequest {
    /// 1 for good, -1 for bad, 0 to take it back.
    rating: i8,
    /// Why.
    #[serde(default)]
    comment: Option<String>,
}

/// An answer: whole, or as it is written.
#[derive(ApiResponse)]
#[expect(clippy::large_enum_variant, reason = "one is made for a request")]
enum Reply {
    /// The question and its answer.
    #[oai(status = 201)]
    Whole(Json<Exchange>),
    /// The events `start`, `sources`, `delta`…, and `done` or `error`.
    #[oai(status = 200)]
    Stream(AnswerEvents),
}

/// What the caller wants to read.
struct Wants {
    stream: bool,
    seen: Option<u64>,
}

impl<'a> poem::FromRequest<'a> for Wants {
    async fn from_request(
        request: &'a poem::Request,
        _: &mut poem::RequestBody,
    ) -> poem::Result<Self> {
        let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let accept = text(ACCEPT.as_str()).unwrap_or_default();
        let stream = accept.split(',').any(|part| {
            part.split(';').next().is_some_and(|media| media.trim() == "text/event-stream")
        });
        let seen = text("last-event-id").and_then(|id| id.trim().parse().ok());
        Ok(Self { stream, seen })
    }
}

/// In which order messages are listed.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum OrderWord {
    /// Oldest first.
    Asc,
    /// Newest first.
    Desc,
}

#[OpenApi]
impl MessageApi {
    /// The messages of a conversation
    #[oai(
        path = "/conversations/:conversation_id/messages",
        method = "get",
        operation_id = "list_messages",
        tag = "Group::Conversations"
    )]
    async fn messages(
        &self,
        ask: Ask<ReadingChats>,
        conversation_id: Path<String>,
        order: Query<Option<OrderWord>>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<MessageList>> {
        let id = path_id(&conversation_id.0)?;
        let order = match order.0 {
            Some(OrderWord::Asc) => Order::OldestFirst,
            None | Some(OrderWord::Desc) => Order::NewestFirst,
        };
        let list = MESSAGES.of(&conversation_id.0);
        let page = list.wanted(limit.0, after.0)?;
        let page = ask.conversations.messages(&ask.who, id, order, &page)?;
        let items = page.items.iter().map(message_view).collect();
        Ok(Json(MessageList { items, next_cursor: list.next(page.next) }))
    }

    /// Say something and have it answered
    ///
    /// With `Accept: text/event-stream` the answer comes as it is written. A caller that leaves
    /// stops nothing.
    #[oai(
        path = "/conversations/:conversation_id/messages",
        method = "post",
        operation_id = "say",
        tag = "Group::Conversations"
    )]
    async fn say(
        &self,
        ask: Ask<Chatting>,
        asked: Asked,
        wants: Wants,
        request_id: RequestId,
        conversation_id: Path<String>,
        body: Body<NewMessage>,
    ) -> Answer<Reply> {
        let place = Place::In(path_id(&conversation_id.0)?);
        let once = asked.once(&ask.who, &body.1, &ask);
        let said = said(body.0)?;
        let begun = ask.conversations.say(&ask.who, place, said, once).await?;
        answer(&ask, &ask.who, &begun, &wants, request_id).await
    }

    /// Say something to a clone, in a conversation or in a new one
    #[oai(
        path = "/clones/:clone_id/chat",
        method = "post",
        operation_id = "chat",
        tag = "Group::Conversations"
    )]
    async fn chat(
        &self,
        ask: Ask<Chatting>,
        asked: Asked,
        wants: Wants,
        request_id: RequestId,
        clone_id: Path<String>,
        body: Body<ChatRequest>,
    ) -> Answer<Reply> {
        let clone = path_id(&clone_id.0)?;
        let once = asked.once(&ask.who, &body.1, &ask);
        let mut fields = Fields::default();
        let conversation = fields.id("/conversation_id", body.0.conversation_id);
        let content = fields.text("/content", body.0.content);
        let content = fields.with(content)?;
        let place = match conversation {
            None => Place::New(clone),
            Some(id) => {
                let (conversation, _) = ask.conversations.get(&ask.who, id)?;
                if conversation.clone != clone {
                    return Err(Fault::not_found().into());
                }
                Place::In(id)
            }
        };
        let said = Said::New { content, parent: None };
        let begun = ask.conversations.say(&ask.who, place, said, once).await?;
        answer(&ask, &ask.who, &begun, &wants, request_id).await
    }

    /// Join an answer that is being written, or read one that was
    ///
    /// `Last-Event-ID` continues after an event.
    #[oai(
        path = "/conversations/:conversation_id/messages/:message_id/events",
        method = "get",
        operation_id = "follow_answer",
        tag = "Group::Conversations"
    )]
    async fn follow(
        &self,
        ask: Ask<ReadingChats>,
        wants: Wants,
        request_id: RequestId,
        conversation_id: Path<String>,
        message_id: Path<String>,
    ) -> Answer<AnswerEvents> {
        let (conversation, id) = (path_id(&conversation_id.0)?, path_id(&message_id.0)?);
        let seen = wants.seen.unwrap_or(0);
        let following = ask.conversations.follow(&ask.who, conversation, id, seen)?;
        Ok(match following {
            Following::Live(listener) => {
                frames(Reader::new(&ask, &ask.who, conversation, listener, request_id), None)
            }
            Following::Ended(message) => replay(&ask, &message, seen),
        })
    }

    /// Stop an answer
    #[oai(
        path = "/conversations/:conversation_id/messages/:message_id/stop",
        method = "post",
        operation_id = "stop_answer",
        tag = "Group::Conversations"
    )]
    async fn stop(
        &self,
        ask: Ask<Chatting>,
        conversation_id: Path<String>,
        message_id: Path<String>,
    ) -> Answer<Json<MessageView>> {
        let (conversation, id) = (path_id(&conversation_id.0)?, path_id(&message_id.0)?);
        let message = ask.conversations.stop(&ask.who, conversation, id).await?;
        Ok(Json(message_view(&message)))
    }

    /// Rate an answer
    #[oai(
        path = "/conversations/:conversation_id/messages/:message_id/feedback",
        method = "put",
        operation_id = "rate_answer",
        tag = "Group::Conversations"
    )]
    async fn rate(
        &self,
        ask: Ask<Chatting>,
        conversation_id: Path<String>,
        message_id: Path<String>,
        body: Body<FeedbackRequest>,
    ) -> Answer<Json<MessageView>> {
        let (conversation, id) = (path_id(&conversation_id.0)?, path_id(&message_id.0)?);
        let mut fields = Fields::default();
        let comment = fields.optional("/comment", body.0.comment);
        let feedback = match body.0.rating {
            0 => None,
            rating @ (1 | -1) => Some(Feedback { good: rating > 0, comment }),
            _ => {
                fields.fault(FieldProblem::OutOfRange, "/rating", "must be 1, -1 or 0");
                None
            }
        };
        fields.done()?;
        let rated = ask.conversations.rate(&ask.who, conversation, id, feedback).await?;
        Ok(Json(message_view(&rated)))
    }
}

fn said(sent: NewMessage) -> Result<Said, Fault> {
    let mut fields = Fields::default();
    let parent = fields.id("/parent_id", sent.parent_id);
    match (sent.content, sent.regenerate_of) {
        (Some(content), None) => {
            let content = fields.text("/content", content);
            Ok(Said::New { content: fields.with(content)?, parent })
        }
        (None, Some(id)) => {
            let id = fields.id("/regenerate_of", Some(id));
            Ok(Said::Again(fields.with(id)?))
        }
        _ => {
            fields.fault(FieldProblem::Required, "", "needs either content or regenerate_of");
            Err(fields.done().err().unwrap_or_else(Fault::not_found))
        }
    }
}

/// The answer as the caller wants it. Nothing is sent before the question is durable: the first
/// event comes only then, and a fault before it is a problem and not a stream.
async fn answer(
    services: &Services,
    who: &Principal,
    begun: &Begun,
    wants: &Wants,
    request_id: RequestId,
) -> Answer<Reply> {
    let listener = match services.conversations.follow_begun(who, begun)? {
        Following::Live(listener) => listener,
        Following::Ended(message) if wants.stream => {
            return Ok(Reply::Stream(replay(services, &message, 0)));
        }
        Following::Ended(message) => return Ok(Reply::Whole(exchange(begun, &message))),
    };
    let mut reader = Reader::new(services, who, begun.conversation, listener, request_id);
    if wants.stream {
        // Nothing may come for seconds, while it is looked for what to say.
        let first = reader.next().await.transpose()?;
        if let Some((_, Event::Failed(failure))) = &first
            && !begun.repeated
        {
            return Err(Fault::from(&**failure).into());
        }
        return Ok(Reply::Stream(frames(reader, first)));
    }
    while let Some(next) = reader.next().await {
        match next?.1 {
            Event::Done(message) => {
                reader.check()?;
                return Ok(Reply::Whole(exchange(begun, &message)));
            }
            // Whoever asks again learns what there is, to have it written again.
            Event::Failed(_) if begun.repeated => {
                let message =
                    services.conversations.message(who, begun.conversation, begun.message)?;
                return Ok(Reply::Whole(exchange(begun, &message)));
            }
            Event::Failed(failure) => return Err(Fault::from(&*failure).into()),
            Event::Start(_) | Event::Sources(_) | Event::Delta(_) => {}
        }
    }
    Err(Fault::internal("an answer without an end").into())
}
