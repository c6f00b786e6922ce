//! For how long conversations with a clone are kept.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::Group;
use super::fields::{Fields, path_id};
use crate::conversations::{KEPT_DAYS, Retention};
use crate::http::auth::{Ask, Reading, Writing};
use crate::http::body::Body;
use crate::http::problem::Answer;
use crate::kernel::{Fault, FieldProblem};

pub struct RetentionApi;

/// For how long conversations are to be kept.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RetentionChoice {
    /// Days without a word after which a conversation is erased (30 to 3650); null keeps them
    /// until somebody deletes them.
    #[oai(validator(minimum(value = "30"), maximum(value = "3650")))]
    days: Option<u16>,
}

/// For how long conversations with a clone are kept.
#[derive(Object)]
struct RetentionView {
    /// Days without a word after which a conversation is erased.
    days: Option<u16>,
    /// Since when it is so.
    set_at: Option<String>,
    /// How many would be erased now, for those who look after the clone.
    would_go: Option<u64>,
}

#[OpenApi]
impl RetentionApi {
    /// For how long conversations with a clone are kept
    #[oai(
        path = "/clones/:clone_id/retention",
        method = "get",
        operation_id = "get_retention",
        tag = "Group::Clones"
    )]
    async fn get(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
        /// How many would be erased if it were so many days.
        #[oai(validator(minimum(value = "30"), maximum(value = "3650")))]
        days: Query<Option<u16>>,
    ) -> Answer<Json<RetentionView>> {
        let (clone, days) = (path_id(&clone_id.0)?, checked("days", days.0)?);
        let retention = ask.conversations.retention(&ask.who, clone, days)?;
        Ok(Json(view(retention)))
    }

    /// Say for how long conversations with a clone are kept
    ///
    /// Those that are older go within hours, with an entry in the ledger of erasures each.
    #[oai(
        path = "/clones/:clone_id/retention",
        method = "put",
        operation_id = "set_retention",
        tag = "Group::Clones"
    )]
    async fn set(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        body: Body<RetentionChoice>,
    ) -> Answer<Json<RetentionView>> {
        let (clone, days) = (path_id(&clone_id.0)?, checked("/days", body.0.days)?);
        let retention = ask.conversations.set_retention(&ask.who, clone, days).await?;
        Ok(Json(view(retention)))
    }
}

fn checked(place: &str, days: Option<u16>) -> Result<Option<u16>, Fault> {
    let (least, most) = KEPT_DAYS;
    let mut fields = Fields::default();
    if days.is_some_and(|days| !(least..=most).contains(&days)) {
        fields.fault(FieldProblem::OutOfRange, place, format!("must be {least} to {most}"));
    }
    fields.done()?;
    Ok(days)
}

fn view(retention: Retention) -> RetentionView {
    let Retention { days, set_at, would_go } = retention;
    RetentionView {
        days,
        set_at: set_at.map(|at| at.to_string()),
        would_go: would_go.map(|count| count as u64),
    }
}
