//! Conversations, messages, and answers as they are written.

mod events;
mod export;
mod views;

use self::events::{frames, replay};
use self::export::{Export, FormatWord};
use self::views::{
    ConversationList, ConversationView, Exchange, MessageList, MessageView, exchange, message_view,
    view,
};

use futures_util::stream;
use poem::http::header::ACCEPT;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined as Patch;
use poem_openapi::types::ToJSON as _;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::Deserialize;
use serde_json::json;

use super::fields::{Fields, path_id};
use super::trash::Done;
use super::{Group, Services, cursor};
use crate::conversations::{
    Begun, ConversationChange, Event, ExportFormat, Feedback, Following, Order, Place, Said, export,
};
use crate::http::auth::{Asked, Caller};
use crate::http::body::Body;
use crate::http::guard::RequestId;
use crate::http::listing::wanted;
use crate::http::problem::Answer;
use crate::http::sse::Events;
use crate::kernel::{Fault, PageRequest};

pub struct ConversationApi;

/// A new conversation.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct NewConversation {
    /// A title; made from the first question when not given.
    title: Option<String>,
}

/// What can be changed about a conversation.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct ConversationPatch {
    /// A title.
    title: Patch<String>,
    /// Whether it stays on top of the list.
    pinned: Patch<bool>,
}

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

/// A conversation was begun.
#[derive(ApiResponse)]
enum ConversationMade {
    /// Begun.
    #[oai(status = 201)]
    Created(Json<ConversationView>),
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
    Stream(Events),
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

#[OpenApi]
impl ConversationApi {
    /// The caller's conversations with all clones
    #[oai(
        path = "/conversations",
        method = "get",
        operation_id = "list_all_conversations",
        tag = "Group::Conversations"
    )]
    async fn list_all(
        &self,
        services: Data<&Services>,
        caller: Caller,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<ConversationList>> {
        let page = wanted(limit.0, after.0)?;
        let page = services.conversations.list(&caller.0, None, &page)?;
        let items = page.items.iter().map(|(c, name)| view(c, name)).collect();
        Ok(Json(ConversationList { items, next_cursor: cursor(page.next) }))
    }

    /// The caller's conversations with a clone
    #[oai(
        path = "/clones/:clone_id/conversations",
        method = "get",
        operation_id = "list_conversations",
        tag = "Group::Conversations"
    )]
    async fn list(
        &self,
        services: Data<&Services>,
        caller: Caller,
        clone_id: Path<String>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<ConversationList>> {
        let page = wanted(limit.0, after.0)?;
        let clone = path_id(&clone_id.0)?;
        let page = services.conversations.list(&caller.0, Some(clone), &page)?;
        let items = page.items.iter().map(|(c, name)| view(c, name)).collect();
        Ok(Json(ConversationList { items, next_cursor: cursor(page.next) }))
    }

    /// Begin a conversation
    #[oai(
        path = "/clones/:clone_id/conversations",
        method = "post",
        operation_id = "create_conversation",
        tag = "Group::Conversations"
    )]
    async fn create(
        &self,
        services: Data<&Services>,
        caller: Caller,
        asked: Asked,
        clone_id: Path<String>,
        body: Body<Option<NewConversation>>,
    ) -> Answer<ConversationMade> {
        let clone = path_id(&clone_id.0)?;
        let once = asked.once(&caller.0, &body.1, &services);
        let mut fields = Fields::default();
        let title = fields.optional("/title", body.0.unwrap_or_default().title);
        fields.done()?;
        let made = services.conversations.create(&caller.0, clone, title, once).await?;
        let (conversation, name) = services.conversations.get(&caller.0, made.id)?;
        Ok(ConversationMade::Created(Json(view(&conversation, &name))))
    }

    /// One conversation
    #[oai(
        path = "/conversations/:conversation_id",
        method = "get",
        operation_id = "get_conversation",
        tag = "Group::Conversations"
    )]
    async fn get(
        &self,
        services: Data<&Services>,
        caller: Caller,
        conversation_id: Path<String>,
    ) -> Answer<Json<ConversationView>> {
        let id = path_id(&conversation_id.0)?;
        let (conversation, name) = services.conversations.get(&caller.0, id)?;
        Ok(Json(view(&conversation, &name)))
    }

    /// Rename or pin a conversation
    #[oai(
        path = "/conversations/:conversation_id",
        method = "patch",
        operation_id = "change_conversation",
        tag = "Group::Conversations"
    )]
    async fn change(
        &self,
        services: Data<&Services>,
        caller: Caller,
        conversation_id: Path<String>,
        body: Body<ConversationPatch>,
    ) -> Answer<Json<ConversationView>> {
        let id = path_id(&conversation_id.0)?;
        let mut fields = Fields::default();
        let change = ConversationChange {
            title: fields.change(body.0.title, |f, text| f.text("/title", text)),
            pinned: fields.replace("/pinned", body.0.pinned, |_, pinned| Some(pinned)),
        };
        fields.done()?;
        let changed = services.conversations.change(&caller.0, id, change).await?;
        Ok(Json(view(&changed.0, &changed.1)))
    }

    /// Put a conversation into the trash
    #[oai(
        path = "/conversations/:conversation_id",
        method = "delete",
        operation_id = "delete_conversation",
        tag = "Group::Conversations"
    )]
    async fn delete(
        &self,
        services: Data<&Services>,
        caller: Caller,
        conversation_id: Path<String>,
    ) -> Answer<Done> {
        let id = path_id(&conversation_id.0)?;
        services.conversations.delete(&caller.0, id).await?;
        Ok(Done::Done)
    }

    /// The messages of a conversation
    #[oai(
        path = "/conversations/:conversation_id/messages",
        method = "get",
        operation_id = "list_messages",
        tag = "Group::Conversations"
    )]
    async fn messages(
        &self,
        services: Data<&Services>,
        caller: Caller,
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
        let page = wanted(limit.0, after.0)?;
        let page = services.conversations.messages(&caller.0, id, order, &page)?;
        let items = page.items.iter().map(message_view).collect();
        Ok(Json(MessageList { items, next_cursor: cursor(page.next) }))
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
    #[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
    async fn say(
        &self,
        services: Data<&Services>,
        caller: Caller,
        asked: Asked,
        wants: Wants,
        request_id: RequestId,
        conversation_id: Path<String>,
        body: Body<NewMessage>,
    ) -> Answer<Reply> {
        let place = Place::In(path_id(&conversation_id.0)?);
        let once = asked.once(&caller.0, &body.1, &services);
        let said = said(body.0)?;
        let begun = services.conversations.say(&caller.0, place, said, once).await?;
        answer(&services, &caller, &begun, &wants, request_id).await
    }

    /// Say something to a clone, in a conversation or in a new one
    #[oai(
        path = "/clones/:clone_id/chat",
        method = "post",
        operation_id = "chat",
        tag = "Group::Conversations"
    )]
    #[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
    async fn chat(
        &self,
        services: Data<&Services>,
        caller: Caller,
        asked: Asked,
        wants: Wants,
        request_id: RequestId,
        clone_id: Path<String>,
        body: Body<ChatRequest>,
    ) -> Answer<Reply> {
        let clone = path_id(&clone_id.0)?;
        let once = asked.once(&caller.0, &body.1, &services);
        let mut fields = Fields::default();
        let conversation = fields.id("/conversation_id", body.0.conversation_id);
        let content = fields.text("/content", body.0.content);
        let content = fields.with(content)?;
        let place = match conversation {
            None => Place::New(clone),
            Some(id) => {
                let (conversation, _) = services.conversations.get(&caller.0, id)?;
                if conversation.clone != clone {
                    return Err(Fault::not_found().into());
                }
                Place::In(id)
            }
        };
        let said = Said::New { content, parent: None };
        let begun = services.conversations.say(&caller.0, place, said, once).await?;
        answer(&services, &caller, &begun, &wants, request_id).await
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
        services: Data<&Services>,
        caller: Caller,
        wants: Wants,
        request_id: RequestId,
        conversation_id: Path<String>,
        message_id: Path<String>,
    ) -> Answer<Events> {
        let (conversation, id) = (path_id(&conversation_id.0)?, path_id(&message_id.0)?);
        let seen = wants.seen.unwrap_or(0);
        let following = services.conversations.follow(&caller.0, conversation, id, seen)?;
        Ok(match following {
            Following::Live(listener) => {
                services.streams().send(frames(listener, None, request_id))
            }
            Following::Ended(message) => {
                services.streams().send(stream::iter(replay(&message, seen)))
            }
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
        services: Data<&Services>,
        caller: Caller,
        conversation_id: Path<String>,
        message_id: Path<String>,
    ) -> Answer<Json<MessageView>> {
        let (conversation, id) = (path_id(&conversation_id.0)?, path_id(&message_id.0)?);
        let message = services.conversations.stop(&caller.0, conversation, id).await?;
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
        services: Data<&Services>,
        caller: Caller,
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
                fields.fault("/rating", "must be 1, -1 or 0");
                None
            }
        };
        fields.done()?;
        let rated = services.conversations.rate(&caller.0, conversation, id, feedback).await?;
        Ok(Json(message_view(&rated)))
    }

    /// A conversation as a file to keep
    #[oai(
        path = "/conversations/:conversation_id/export",
        method = "get",
        operation_id = "export_conversation",
        tag = "Group::Conversations"
    )]
    async fn export(
        &self,
        services: Data<&Services>,
        caller: Caller,
        conversation_id: Path<String>,
        format: Query<FormatWord>,
    ) -> Answer<Export> {
        let id = path_id(&conversation_id.0)?;
        let (conversation, name) = services.conversations.get(&caller.0, id)?;
        let page = PageRequest { limit: usize::MAX, after: None };
        let page = services.conversations.messages(&caller.0, id, Order::OldestFirst, &page)?;
        let account = services.accounts.account(caller.0.account)?;
        let names = (name.as_str(), &*account.display_name);
        let as_text = |format| export(&conversation, &page.items, names, format);
        let (media, ending, text) = match format.0 {
            FormatWord::Txt => ("text/plain; charset=utf-8", "txt", as_text(ExportFormat::Text)),
            FormatWord::Md => {
                ("text/markdown; charset=utf-8", "md", as_text(ExportFormat::Markdown))
            }
            FormatWord::Json => {
                let messages: Vec<_> =
                    page.items.iter().map(|message| message_view(message).to_json()).collect();
                let document = json!({
                    "conversation": view(&conversation, &name).to_json(),
                    "messages": messages,
                });
                ("application/json", "json", document.to_string())
            }
        };
        Ok(Export { media, ending, text })
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
            fields.fault("", "needs either content or regenerate_of");
            Err(fields.done().err().unwrap_or_else(Fault::not_found))
        }
    }
}

/// The answer as the caller wants it. Nothing is sent before the question is durable: the first
/// event comes only then, and a fault before it is a problem and not a stream.
async fn answer(
    services: &Services,
    caller: &Caller,
    begun: &Begun,
    wants: &Wants,
    request_id: RequestId,
) -> Answer<Reply> {
    let mut listener = match services.conversations.follow_begun(&caller.0, begun)? {
        Following::Live(listener) => listener,
        Following::Ended(message) if wants.stream => {
            return Ok(Reply::Stream(services.streams().send(stream::iter(replay(&message, 0)))));
        }
        Following::Ended(message) => return Ok(Reply::Whole(exchange(begun, &message))),
    };
    if wants.stream {
        let first = listener.next().await;
        if let Some((_, Event::Failed(failure))) = first {
            return Err(Fault::from(failure).into());
        }
        return Ok(Reply::Stream(services.streams().send(frames(listener, first, request_id))));
    }
    while let Some((_, event)) = listener.next().await {
        match event {
            Event::Done(message, _) => return Ok(Reply::Whole(exchange(begun, &message))),
            Event::Failed(failure) => return Err(Fault::from(failure).into()),
            Event::Start { .. } | Event::Sources(_) | Event::Delta(_) => {}
        }
    }
    Err(Fault::internal("an answer without an end").into())
}
