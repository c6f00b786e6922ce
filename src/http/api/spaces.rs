//! Spaces: with whom clones are shared.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};

use super::Group;
use super::fields::path_id;
use crate::access::Role;
use crate::http::auth::{Ask, Reading};
use crate::http::problem::Answer;
use crate::kernel::Fault;
use crate::spaces::{Space, SpaceType};

pub struct SpaceApi;

/// What an account is in a space.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub enum RoleWord {
    /// May talk with the clones and read what is open to the space.
    Visitor,
    /// May add memories too.
    Contributor,
    /// May shape the clones and all their memories.
    Steward,
    /// May do everything.
    Owner,
}

impl From<Role> for RoleWord {
    fn from(role: Role) -> Self {
        match role {
            Role::Visitor => Self::Visitor,
            Role::Contributor => Self::Contributor,
            Role::Steward => Self::Steward,
            Role::Owner => Self::Owner,
        }
    }
}

/// What a space is for.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum SpaceWord {
    /// The one that comes with an account.
    Personal,
    /// One for several people.
    Shared,
}

/// A space, as a member sees it.
#[derive(Object)]
struct SpaceView {
    id: String,
    /// Empty for a personal space.
    name: String,
    kind: SpaceWord,
    /// What the caller is in it.
    role: RoleWord,
    created_at: String,
}

/// The spaces of the caller, the personal one first.
#[derive(Object)]
struct SpaceList {
    items: Vec<SpaceView>,
    next_cursor: Option<String>,
}

#[OpenApi]
impl SpaceApi {
    /// The spaces the caller is in
    #[oai(path = "/spaces", method = "get", operation_id = "list_spaces", tag = "Group::Spaces")]
    async fn list(&self, ask: Ask<Reading>) -> Answer<Json<SpaceList>> {
        let spaces = ask.spaces.of(ask.who.account).map_err(Fault::from)?;
        let items = spaces.into_iter().map(view).collect();
        Ok(Json(SpaceList { items, next_cursor: None }))
    }

    /// One space
    #[oai(
        path = "/spaces/:space_id",
        method = "get",
        operation_id = "get_space",
        tag = "Group::Spaces"
    )]
    async fn get(&self, ask: Ask<Reading>, space_id: Path<String>) -> Answer<Json<SpaceView>> {
        let id = path_id(&space_id.0)?;
        let space = ask.spaces.space(ask.who.account, id).map_err(Fault::from)?;
        Ok(Json(view(space)))
    }
}

fn view(space: Space) -> SpaceView {
    SpaceView {
        id: space.id.to_string(),
        name: space.name.to_string(),
        kind: match space.kind {
            SpaceType::Personal => SpaceWord::Personal,
            SpaceType::Shared => SpaceWord::Shared,
        },
        role: space.role.into(),
        created_at: space.created_at.to_string(),
    }
}
