//! What was deleted and can still be brought back.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};

use super::Group;
use super::erasures::Erasing;
use super::fields::path_id;
use crate::http::auth::{Ask, Reading, Writing};
use crate::http::problem::Answer;
use crate::jobs::discarded::Discard;
use crate::kernel::Fault;

pub struct TrashApi;

/// What kind of thing was deleted.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum DiscardWord {
    /// A clone with all that belongs to it.
    Clone,
    /// One memory.
    Memory,
    /// One file of a memory.
    Attachment,
    /// One person.
    Person,
    /// One conversation.
    Conversation,
}

/// A thing in the trash.
#[derive(Object)]
struct TrashView {
    id: String,
    kind: DiscardWord,
    title: String,
    /// The clone it belongs to, or is.
    clone_id: String,
    deleted_at: String,
    /// When it is erased for good.
    purge_at: String,
}

/// The trash, last deleted first.
#[derive(Object)]
struct TrashList {
    items: Vec<TrashView>,
    next_cursor: Option<String>,
}

/// The answer to something that leaves nothing to say.
#[derive(ApiResponse)]
pub enum Done {
    /// Done.
    #[oai(status = 204)]
    Done,
}

#[OpenApi]
impl TrashApi {
    /// What the caller can bring back
    #[oai(path = "/trash", method = "get", operation_id = "list_trash", tag = "Group::Trash")]
    async fn list(&self, ask: Ask<Reading>) -> Answer<Json<TrashList>> {
        let kept = ask.trash.kept();
        let found = ask.trash.list(&ask.who).map_err(Fault::from)?;
        let items = found.into_iter().map(|discarded| TrashView {
            id: discarded.id.to_string(),
            kind: match discarded.kind {
                Discard::Clone => DiscardWord::Clone,
                Discard::Memory => DiscardWord::Memory,
                Discard::Attachment => DiscardWord::Attachment,
                Discard::Person => DiscardWord::Person,
                Discard::Conversation => DiscardWord::Conversation,
            },
            title: discarded.title,
            clone_id: discarded.clone.to_string(),
            deleted_at: discarded.at.to_string(),
            purge_at: discarded.at.plus(kept).to_string(),
        });
        Ok(Json(TrashList { items: items.collect(), next_cursor: None }))
    }

    /// Bring something back
    #[oai(
        path = "/trash/:trash_id/restore",
        method = "post",
        operation_id = "restore",
        tag = "Group::Trash"
    )]
    async fn restore(&self, ask: Ask<Writing>, trash_id: Path<String>) -> Answer<Done> {
        let id = path_id(&trash_id.0)?;
        ask.trash.restore(&ask.who, id).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }

    /// Erase something for good
    ///
    /// Nobody sees it any more from this moment on; the receipt tells when it is gone.
    #[oai(
        path = "/trash/:trash_id",
        method = "delete",
        operation_id = "purge",
        tag = "Group::Trash"
    )]
    async fn purge(&self, ask: Ask<Writing>, trash_id: Path<String>) -> Answer<Erasing> {
        let id = path_id(&trash_id.0)?;
        let token = ask.trash.purge(&ask.who, id).await.map_err(Fault::from)?;
        Ok(Erasing::begun(&token))
    }
}
