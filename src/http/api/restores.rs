//! Giving a backup back to a server that has no account yet. The token of the link for the first
//! account begins it; what is handed out then opens the rest.

use poem::{Body as Stream, Request, RequestBody};
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::{Binary, Type};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, Enum, ExtractParamOptions, Object, OpenApi,
};
use serde::Deserialize;

use super::backups::{
    BackupView, ComplaintView, TriedView, backup_view, complaint_view, tried_view,
};
use super::trash::Done;
use super::{Group, Services};
use crate::admin::{Part, Stage};
use crate::http::auth::Open;
use crate::http::body::Body;
use crate::http::gate::Gate;
use crate::http::problem::{Answer, Problem};

pub struct RestoreApi;

/// Who begins to give a backup back.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RestoreRequest {
    /// The token of the link that the server printed for the first account.
    token: String,
}

/// How far it is.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum RestoreState {
    /// It waits for files, or for the choice of a backup.
    Waiting,
    /// The backup is being tried out.
    Trying,
    /// It was tried out and cannot be given back; `problem` says why. Nothing was changed.
    Refused,
    /// It can be given back.
    Ready,
    /// The server is about to open again with it.
    Going,
}

/// A place for backups, and whatever lies there.
#[derive(Object)]
struct RestorePlace {
    /// The directory or the bucket.
    place: String,
    /// Why it does not tell what lies there; then `items` is empty.
    problem: Option<String>,
    /// The backups that lie there, newest first.
    items: Vec<BackupView>,
}

/// A backup that is to be given back.
#[derive(Object)]
struct RestoreView {
    state: RestoreState,
    /// Bytes of the backup that was brought along.
    backup_bytes: Option<u64>,
    /// Bytes of the copy of the keys that was brought along.
    keyring_bytes: Option<u64>,
    /// What is in the backup, when it can be given back.
    found: Option<TriedView>,
    /// Why it cannot.
    problem: Option<ComplaintView>,
}

/// What begins.
#[derive(Object)]
struct RestoreBegun {
    /// Opens all that follows; it is shown once.
    id: String,
    /// Where the settings say that backups go.
    places: Vec<RestorePlace>,
}

#[derive(ApiResponse)]
enum RestoreMade {
    /// It waits for a backup.
    #[oai(status = 201)]
    Made(Json<RestoreBegun>),
}

#[derive(ApiResponse)]
enum RestoreGoesOn {
    /// It goes on behind.
    #[oai(status = 202)]
    GoesOn(Json<RestoreView>),
}

/// What is to be tried out, and what opens it.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RestoreTrial {
    /// The name of a backup at one of the places; what was brought along if nothing is said.
    #[serde(default)]
    backup: Option<String>,
    /// The recovery key, as it was shown or as a file of age.
    recovery_key: String,
    /// Goes on though the copy of the keys is older than the backup: then what was erased in
    /// between may be there again.
    #[serde(default)]
    accept_older_ledger: Option<bool>,
}

/// What a file is that is brought along.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum RestorePart {
    /// The backup, `….cmb`.
    Backup,
    /// The copy of the keys that lay beside it, `….keyring`.
    Keyring,
}

/// Bytes that are taken in as they come.
struct Upload(Stream);

impl<'a> ApiExtractor<'a> for Upload {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType {
                content_type: "application/octet-stream",
                schema: Binary::<Vec<u8>>::schema_ref(),
            }],
            required: true,
        })
    }

    fn register(_: &mut Registry) {}

    async fn from_request(
        _: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Self(body.take()?))
    }
}

#[OpenApi]
impl RestoreApi {
    /// Begin to give a backup back
    ///
    /// Only on a server that has no account yet.
    #[oai(
        path = "/admin/restores",
        method = "post",
        operation_id = "begin_restore",
        tag = "Group::System"
    )]
    async fn begin(
        &self,
        services: Open,
        gate: Gate,
        body: Body<RestoreRequest>,
    ) -> Answer<RestoreMade> {
        let pass = gate.admit()?;
        let id = services.restores.begin(&body.0.token)?;
        pass.refund();
        let places = services.restores.found().await.into_iter().map(|(place, found)| {
            let (items, problem) = match found {
                Ok(found) => (found.into_iter().map(backup_view).collect(), None),
                Err(problem) => (Vec::new(), Some(problem)),
            };
            RestorePlace { place, problem, items }
        });
        let (id, places) = (id.reveal().to_owned(), places.collect());
        Ok(RestoreMade::Made(Json(RestoreBegun { id, places })))
    }

    /// How far it is
    #[oai(
        path = "/admin/restores/:restore_id",
        method = "get",
        operation_id = "get_restore",
        tag = "Group::System"
    )]
    async fn progress(
        &self,
        services: Open,
        restore_id: Path<String>,
    ) -> Answer<Json<RestoreView>> {
        Ok(Json(view(&services, &restore_id.0)?))
    }

    /// Bring a file along
    ///
    /// As large as the disk has room for; once more takes the place of what was there.
    #[oai(
        path = "/admin/restores/:restore_id/upload",
        method = "post",
        operation_id = "upload_for_restore",
        tag = "Group::System"
    )]
    async fn upload(
        &self,
        services: Open,
        restore_id: Path<String>,
        /// What it is; a backup if nothing is said.
        part: Query<Option<RestorePart>>,
        body: Upload,
    ) -> Answer<Json<RestoreView>> {
        let part = match part.0 {
            None | Some(RestorePart::Backup) => Part::Backup,
            Some(RestorePart::Keyring) => Part::Keyring,
        };
        let read = body.0.into_async_read();
        services.restores.take_in(&restore_id.0, part, std::pin::pin!(read)).await?;
        Ok(Json(view(&services, &restore_id.0)?))
    }

    /// Try the backup out
    ///
    /// It is opened beside what is there, and all of it is read. It goes on behind.
    #[oai(
        path = "/admin/restores/:restore_id/try",
        method = "post",
        operation_id = "try_restore",
        tag = "Group::System"
    )]
    async fn try_out(
        &self,
        services: Open,
        restore_id: Path<String>,
        body: Body<RestoreTrial>,
    ) -> Answer<RestoreGoesOn> {
        let RestoreTrial { backup, recovery_key, accept_older_ledger } = body.0;
        let accepts = accept_older_ledger.unwrap_or_default();
        services.restores.try_out(&restore_id.0, backup, &recovery_key, accepts)?;
        Ok(RestoreGoesOn::GoesOn(Json(view(&services, &restore_id.0)?)))
    }

    /// Put what was tried out in place
    ///
    /// The server ends what runs and opens again with it, at the same address. If that does not
    /// start, what was there before comes back by itself. Everybody signs in again.
    #[oai(
        path = "/admin/restores/:restore_id/carry-out",
        method = "post",
        operation_id = "carry_out_restore",
        tag = "Group::System"
    )]
    async fn carry_out(&self, services: Open, restore_id: Path<String>) -> Answer<RestoreGoesOn> {
        services.restores.carry_out(&restore_id.0)?;
        Ok(RestoreGoesOn::GoesOn(Json(view(&services, &restore_id.0)?)))
    }

    /// Give it up
    ///
    /// What was brought along and tried out is removed.
    #[oai(
        path = "/admin/restores/:restore_id",
        method = "delete",
        operation_id = "give_up_restore",
        tag = "Group::System"
    )]
    async fn give_up(&self, services: Open, restore_id: Path<String>) -> Answer<Done> {
        services.restores.give_up(&restore_id.0)?;
        Ok(Done::Done)
    }
}

fn view(services: &Services, id: &str) -> Result<RestoreView, Problem> {
    let progress = services.restores.progress(id)?;
    let (state, found, problem) = match progress.stage {
        Stage::Waiting => (RestoreState::Waiting, None, None),
        Stage::Trying => (RestoreState::Trying, None, None),
        Stage::Refused(complaint) => (RestoreState::Refused, None, Some(complaint_view(complaint))),
        Stage::Ready(tried) => (RestoreState::Ready, Some(tried_view(tried)), None),
        Stage::Going => (RestoreState::Going, None, None),
    };
    let (backup_bytes, keyring_bytes) = (progress.backup, progress.keyring);
    Ok(RestoreView { state, backup_bytes, keyring_bytes, found, problem })
}
