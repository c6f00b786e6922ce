//! Clones and how they answer.

mod profile;
pub(super) mod settings;

use self::profile::{CloneList, ClonePatch, CloneView, NewClone, profile, profile_change, view};
pub(super) use self::profile::{SubjectWord, subject};
use self::settings::{SettingsPatch, SettingsView, settings_change, settings_view};

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};

use super::Group;
use super::fields::{Fields, path_id};
use super::trash::Done;
use crate::access::Principal;
use crate::clones::{CloneError, Clones, Seen};
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Reading, Writing};
use crate::http::body::Body;
use crate::http::etag::{Etag, IfMatch, Tagged, tagged};
use crate::http::listing::List;
use crate::http::problem::Answer;
use crate::kernel::CloneId;

const CLONES: List<'_> = List::named("clones");

pub struct CloneApi;

/// A clone was made.
#[derive(ApiResponse)]
enum CloneMade {
    /// Made.
    #[oai(status = 201)]
    Created(Json<CloneView>),
}

#[OpenApi]
impl CloneApi {
    /// The clones of the caller's spaces
    #[oai(path = "/clones", method = "get", operation_id = "list_clones", tag = "Group::Clones")]
    async fn list(
        &self,
        ask: Ask<Reading>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<CloneList>> {
        let page = ask.clones.list(&ask.who, &CLONES.wanted(limit.0, after.0)?)?;
        let items = page.items.iter().map(view).collect();
        Ok(Json(CloneList { items, next_cursor: CLONES.next(page.next) }))
    }

    /// Make a clone
    #[oai(path = "/clones", method = "post", operation_id = "create_clone", tag = "Group::Clones")]
    async fn create(
        &self,
        ask: Ask<Writing>,
        asked: Asked,
        body: Body<NewClone>,
    ) -> Answer<Tagged<CloneMade>> {
        let once = asked.once(&ask.who, &body.1, &ask);
        let mut fields = Fields::default();
        let space = fields.id("/space_id", body.0.space_id.clone());
        let profile = profile(fields, body.0)?;
        let seen = ask.clones.create(&ask.who, profile, space, once).await?;
        Ok(Tagged { etag: etag(&seen), answer: CloneMade::Created(Json(view(&seen))) })
    }

    /// One clone
    #[oai(
        path = "/clones/:clone_id",
        method = "get",
        operation_id = "get_clone",
        tag = "Group::Clones"
    )]
    async fn get(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
    ) -> Answer<Tagged<Json<CloneView>>> {
        let seen = ask.clones.get(&ask.who, path_id(&clone_id.0)?)?;
        Ok(Tagged { etag: etag(&seen), answer: Json(view(&seen)) })
    }

    /// Change a clone
    #[oai(
        path = "/clones/:clone_id",
        method = "patch",
        operation_id = "change_clone",
        tag = "Group::Clones"
    )]
    async fn change(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        known: IfMatch,
        body: Body<ClonePatch>,
    ) -> Answer<Tagged<Json<CloneView>>> {
        let id = path_id(&clone_id.0)?;
        let mut fields = Fields::default();
        let space = fields.replace("/space_id", body.0.space_id.clone(), |fields, id| {
            fields.id("/space_id", Some(id))
        });
        fields.done()?;
        let change = profile_change(body.0)?;
        let expected = known.expected(|| version(&ask.clones, &ask.who, id))?;
        let seen = ask.clones.change(&ask.who, id, change, space, expected).await?;
        Ok(Tagged { etag: etag(&seen), answer: Json(view(&seen)) })
    }

    /// Put a clone, and all that belongs to it, into the trash
    #[oai(
        path = "/clones/:clone_id",
        method = "delete",
        operation_id = "delete_clone",
        tag = "Group::Clones"
    )]
    async fn delete(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        known: IfMatch,
    ) -> Answer<Done> {
        let id = path_id(&clone_id.0)?;
        let expected = known.expected(|| version(&ask.clones, &ask.who, id))?;
        ask.clones.delete(&ask.who, id, expected).await?;
        ask.conversations.stop_all_from(id);
        Ok(Done::Done)
    }

    /// How a clone answers
    #[oai(
        path = "/clones/:clone_id/settings",
        method = "get",
        operation_id = "get_clone_settings",
        tag = "Group::Clones"
    )]
    async fn settings(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
    ) -> Answer<Tagged<Json<SettingsView>>> {
        let (settings, effective) = ask.clones.settings(&ask.who, path_id(&clone_id.0)?)?;
        Ok(tagged(settings_view(&settings, effective)))
    }

    /// Change how a clone answers
    #[oai(
        path = "/clones/:clone_id/settings",
        method = "patch",
        operation_id = "change_clone_settings",
        tag = "Group::Clones"
    )]
    async fn change_settings(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        known: IfMatch,
        body: Body<SettingsPatch>,
    ) -> Answer<Tagged<Json<SettingsView>>> {
        let change = settings_change(body.0)?;
        let id = path_id(&clone_id.0)?;
        let expected = known.expected(|| {
            let (settings, effective) = ask.clones.settings(&ask.who, id)?;
            let etag = Etag::of_view(&settings_view(&settings, effective));
            Ok::<_, CloneError>((etag, settings))
        })?;
        let changed = ask.clones.change_settings(&ask.who, id, change, expected).await?;
        Ok(tagged(settings_view(&changed.0, changed.1)))
    }
}

/// The version of a clone that the caller would see now, with its tag.
fn version(clones: &Clones, who: &Principal, id: CloneId) -> Result<(Etag, u64), CloneError> {
    let seen = clones.get(who, id)?;
    Ok((etag(&seen), seen.persona.version))
}

fn etag(seen: &Seen) -> Etag {
    Etag::of_view(&view(seen))
}
