//! What contributors wrote and nobody has let in yet.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::Group;
use super::fields::{Fields, path_id};
use super::memories::tagged;
use super::memories::views::{MemoryList, MemoryView, views};
use super::trash::Done;
use crate::http::auth::{Ask, Reading, Writing};
use crate::http::body::Body;
use crate::http::etag::Tagged;
use crate::http::listing::List;
use crate::http::problem::Answer;
use crate::memories::Decision;

const CONTRIBUTIONS: List<'_> = List::named("contributions");

pub struct ContributionApi;

/// What is let in.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// The revision that was looked at: what is changed afterwards waits again.
    revision: u32,
}

/// What is not let in.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Refusal {
    /// The revision that was looked at.
    revision: u32,
    /// A few words why (at most 500 characters), for who wrote it.
    #[serde(default)]
    reason: Option<String>,
}

#[OpenApi]
impl ContributionApi {
    /// What waits to be let in
    ///
    /// Those who look after the clone see all of it, others what they wrote; what was written
    /// first comes first.
    #[oai(
        path = "/clones/:clone_id/contributions",
        method = "get",
        operation_id = "list_contributions",
        tag = "Group::Memories"
    )]
    async fn list(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<MemoryList>> {
        let list = CONTRIBUTIONS.of(&clone_id.0);
        let page = list.wanted(limit.0, after.0)?;
        let page = ask.memories.contributions(&ask.who, path_id(&clone_id.0)?, &page)?;
        let items = views(&ask, &page.items)?;
        Ok(Json(MemoryList { items, next_cursor: list.next(page.next) }))
    }

    /// Let in what waits of a memory
    ///
    /// A new memory is found and quoted from then on; of one that was in, the change is.
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id/approve",
        method = "post",
        operation_id = "approve_memory",
        tag = "Group::Memories"
    )]
    async fn approve(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        memory_id: Path<String>,
        body: Body<Approval>,
    ) -> Answer<Tagged<Json<MemoryView>>> {
        let key = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let revision = body.0.revision;
        let memory = ask.memories.decide(&ask.who, key, revision, Decision::Approve).await?;
        ask.retrieval.wake();
        tagged(&ask, &memory)
    }

    /// Do not let in what waits of a memory
    ///
    /// Who wrote it keeps it, is told, and can change it and ask again.
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id/decline",
        method = "post",
        operation_id = "decline_memory",
        tag = "Group::Memories"
    )]
    async fn decline(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        memory_id: Path<String>,
        body: Body<Refusal>,
    ) -> Answer<Done> {
        let key = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let mut fields = Fields::default();
        let reason = fields.optional("/reason", body.0.reason);
        fields.done()?;
        let decision = Decision::Decline(reason);
        ask.memories.decide(&ask.who, key, body.0.revision, decision).await?;
        Ok(Done::Done)
    }

    /// Take back a change that waits or was declined
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id/change",
        method = "delete",
        operation_id = "withdraw_change",
        tag = "Group::Memories"
    )]
    async fn withdraw(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        memory_id: Path<String>,
    ) -> Answer<Done> {
        let key = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        ask.memories.withdraw_change(&ask.who, key).await?;
        Ok(Done::Done)
    }
}
