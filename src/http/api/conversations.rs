//! Conversations: what is said in them is in `messages`.

mod export;
pub(super) mod views;

use self::export::{Export, FormatWord};
use self::views::{ConversationList, ConversationView, message_view, view};

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined as Patch;
use poem_openapi::types::ToJSON as _;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use serde_json::json;

use super::Group;
use super::fields::{Fields, path_id};
use super::trash::Done;
use crate::conversations::{
    Conversation, ConversationChange, ConversationError, ExportFormat, Order, export,
};
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Chatting, ReadingChats};
use crate::http::body::Body;
use crate::http::etag::{Etag, IfMatch, Tagged, tagged};
use crate::http::listing::List;
use crate::http::problem::Answer;
use crate::kernel::{ConversationId, PageRequest};

const ALL_CONVERSATIONS: List<'_> = List::named("all_conversations");
const CONVERSATIONS: List<'_> = List::named("conversations");

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

/// A conversation was begun.
#[derive(ApiResponse)]
enum ConversationMade {
    /// Begun.
    #[oai(status = 201)]
    Created(Json<ConversationView>),
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
        ask: Ask<ReadingChats>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<ConversationList>> {
        let page = ALL_CONVERSATIONS.wanted(limit.0, after.0)?;
        let page = ask.conversations.list(&ask.who, None, &page)?;
        let items = page.items.iter().map(|(c, name)| view(c, name)).collect();
        Ok(Json(ConversationList { items, next_cursor: ALL_CONVERSATIONS.next(page.next) }))
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
        ask: Ask<ReadingChats>,
        clone_id: Path<String>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<ConversationList>> {
        let list = CONVERSATIONS.of(&clone_id.0);
        let page = list.wanted(limit.0, after.0)?;
        let clone = path_id(&clone_id.0)?;
        let page = ask.conversations.list(&ask.who, Some(clone), &page)?;
        let items = page.items.iter().map(|(c, name)| view(c, name)).collect();
        Ok(Json(ConversationList { items, next_cursor: list.next(page.next) }))
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
        ask: Ask<Chatting>,
        asked: Asked,
        clone_id: Path<String>,
        body: Body<Option<NewConversation>>,
    ) -> Answer<ConversationMade> {
        let clone = path_id(&clone_id.0)?;
        let once = asked.once(&ask.who, &body.1, &ask);
        let mut fields = Fields::default();
        let title = fields.optional("/title", body.0.unwrap_or_default().title);
        fields.done()?;
        let made = ask.conversations.create(&ask.who, clone, title, once).await?;
        let (conversation, name) = ask.conversations.get(&ask.who, made.id)?;
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
        ask: Ask<ReadingChats>,
        conversation_id: Path<String>,
    ) -> Answer<Tagged<Json<ConversationView>>> {
        let id = path_id(&conversation_id.0)?;
        let (conversation, name) = ask.conversations.get(&ask.who, id)?;
        Ok(tagged(view(&conversation, &name)))
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
        ask: Ask<Chatting>,
        conversation_id: Path<String>,
        known: IfMatch,
        body: Body<ConversationPatch>,
    ) -> Answer<Tagged<Json<ConversationView>>> {
        let id = path_id(&conversation_id.0)?;
        let mut fields = Fields::default();
        let change = ConversationChange {
            title: fields.change(body.0.title, |f, text| f.text("/title", text)),
            pinned: fields.replace("/pinned", body.0.pinned, |_, pinned| Some(pinned)),
        };
        fields.done()?;
        let expected = known.expected(|| seen(&ask, id))?;
        let changed = ask.conversations.change(&ask.who, id, change, expected).await?;
        Ok(tagged(view(&changed.0, &changed.1)))
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
        ask: Ask<Chatting>,
        conversation_id: Path<String>,
        known: IfMatch,
    ) -> Answer<Done> {
        let id = path_id(&conversation_id.0)?;
        let expected = known.expected(|| seen(&ask, id))?;
        ask.conversations.delete(&ask.who, id, expected).await?;
        Ok(Done::Done)
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
        ask: Ask<ReadingChats>,
        conversation_id: Path<String>,
        format: Query<FormatWord>,
    ) -> Answer<Export> {
        let id = path_id(&conversation_id.0)?;
        let (conversation, name) = ask.conversations.get(&ask.who, id)?;
        let page = PageRequest { limit: usize::MAX, after: None };
        let page = ask.conversations.messages(&ask.who, id, Order::OldestFirst, &page)?;
        let asker = ask.conversations.name_of(&ask.who)?;
        let asker = asker.unwrap_or_else(|| "Visitor".to_owned());
        let names = (name.as_str(), &*asker);
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

/// A conversation as the caller would see it now, with its tag.
fn seen(
    ask: &Ask<Chatting>,
    id: ConversationId,
) -> Result<(Etag, Conversation), ConversationError> {
    let (conversation, name) = ask.conversations.get(&ask.who, id)?;
    Ok((Etag::of_view(&view(&conversation, &name)), conversation))
}
