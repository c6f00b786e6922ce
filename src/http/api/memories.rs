//! Memories: written down, read, changed, what they said before.

mod intake;
pub(super) mod views;

use self::intake::{
    BatchRequest, MemoryPatch, NewMemory, content, content_change, one_of_batch, said,
};
use self::views::{
    BatchFailure, BatchView, KindWord, MemoryList, MemoryView, RevisionList, files_of, kind_of,
    revision_view, view, views,
};

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};

use super::fields::{Fields, path_id};
use super::trash::Done;
use super::{Group, Services};
use crate::access::Principal;
use crate::attachments::Attachment;
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Reading, Writing};
use crate::http::body::Body;
use crate::http::etag::{Etag, IfMatch, Tagged};
use crate::http::guard::RequestId;
use crate::http::listing::List;
use crate::http::problem::{Answer, Problem};
use crate::kernel::{CloneId, Fault, FieldProblem, MemoryId};
use crate::memories::{Filter, Memory};

const LATEST_MEMORIES: List<'_> = List::named("latest_memories");
const MEMORIES: List<'_> = List::named("memories");
const REVISIONS: List<'_> = List::named("revisions");

pub struct MemoryApi;

/// A memory was written down.
#[derive(ApiResponse)]
enum MemoryMade {
    /// Written down.
    #[oai(status = 201)]
    Created(Json<MemoryView>),
}

#[OpenApi]
impl MemoryApi {
    /// The newest memories of all clones the caller can see
    #[oai(
        path = "/memories",
        method = "get",
        operation_id = "list_latest_memories",
        tag = "Group::Memories"
    )]
    async fn latest(
        &self,
        ask: Ask<Reading>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<MemoryList>> {
        let page = ask.memories.latest(&ask.who, &LATEST_MEMORIES.wanted(limit.0, after.0)?)?;
        let items = views(&ask, &page.items)?;
        Ok(Json(MemoryList { items, next_cursor: LATEST_MEMORIES.next(page.next) }))
    }

    /// The memories of a clone
    #[oai(
        path = "/clones/:clone_id/memories",
        method = "get",
        operation_id = "list_memories",
        tag = "Group::Memories"
    )]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
    async fn list(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
        /// Words that must all occur.
        q: Query<Option<String>>,
        kind: Query<Option<KindWord>>,
        tag: Query<Option<String>>,
        person: Query<Option<String>>,
        place: Query<Option<String>>,
        source: Query<Option<String>>,
        author: Query<Option<String>>,
        /// Only what may have happened then or later (EDTF).
        from: Query<Option<String>>,
        /// Only what may have happened then or earlier (EDTF).
        to: Query<Option<String>>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<MemoryList>> {
        let mut fields = Fields::default();
        let filter = Filter {
            words: q.0.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            kind: kind.0.map(kind_of),
            tag: tag.0,
            person: person.0,
            place: place.0,
            source: source.0,
            author: fields.id("author", author.0),
            from: fields.date("from", from.0),
            to: fields.date("to", to.0),
        };
        fields.done()?;
        let list = MEMORIES.of(&clone_id.0);
        let page = list.wanted(limit.0, after.0)?;
        let id = path_id(&clone_id.0)?;
        let page = ask.memories.list(&ask.who, id, &filter, &page)?;
        let items = views(&ask, &page.items)?;
        Ok(Json(MemoryList { items, next_cursor: list.next(page.next) }))
    }

    /// Write a memory down
    #[oai(
        path = "/clones/:clone_id/memories",
        method = "post",
        operation_id = "create_memory",
        tag = "Group::Memories"
    )]
    async fn create(
        &self,
        ask: Ask<Writing>,
        asked: Asked,
        clone_id: Path<String>,
        body: Body<NewMemory>,
    ) -> Answer<Tagged<MemoryMade>> {
        let id = path_id(&clone_id.0)?;
        let once = asked.once(&ask.who, &body.1, &ask);
        let content = content(Fields::default(), body.0, &said(&ask, &ask.who))?;
        let memory = ask.memories.create(&ask.who, id, content, once).await?;
        ask.retrieval.wake();
        // Done once more it may be one that has files by now.
        let files = files_of(&ask, &memory)?;
        let made = MemoryMade::Created(Json(view(&memory, &files)));
        Ok(Tagged { etag: etag(&memory, &files), answer: made })
    }

    /// Write many memories down
    ///
    /// Idempotent by `external_id`: one that is there already is changed, or left alone when it
    /// says the same. With an `Idempotency-Key` the whole batch is done once.
    #[oai(
        path = "/clones/:clone_id/memories/batch",
        method = "post",
        operation_id = "create_memories",
        tag = "Group::Memories"
    )]
    async fn batch(
        &self,
        ask: Ask<Writing>,
        asked: Asked,
        request_id: RequestId,
        clone_id: Path<String>,
        body: Body<BatchRequest>,
    ) -> Answer<Json<BatchView>> {
        let id = path_id(&clone_id.0)?;
        let once = asked.once(&ask.who, &body.1, &ask);
        if body.0.memories.len() > 1_000 {
            return Err(Fault::field(
                FieldProblem::TooMany,
                "/memories",
                "must have at most 1000 items",
            )
            .into());
        }
        let said = said(&ask, &ask.who);
        let mut contents = Vec::with_capacity(body.0.memories.len());
        let mut failed = Vec::new();
        for (index, sent) in body.0.memories.into_iter().enumerate() {
            match one_of_batch(index, sent, &said) {
                Ok(content) => contents.push(content),
                Err(fault) => {
                    let problem = Problem::from(fault).view(Some(request_id.as_str()));
                    failed.push(BatchFailure { index, problem });
                }
            }
        }
        let outcome = ask.memories.batch(&ask.who, id, contents, once).await?;
        ask.retrieval.wake();
        let (created, updated) = (outcome.created, outcome.updated);
        Ok(Json(BatchView { created, updated, unchanged: outcome.unchanged, failed }))
    }

    /// One memory
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id",
        method = "get",
        operation_id = "get_memory",
        tag = "Group::Memories"
    )]
    async fn get(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
        memory_id: Path<String>,
    ) -> Answer<Tagged<Json<MemoryView>>> {
        let (clone, id) = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let memory = ask.memories.get(&ask.who, clone, id)?;
        tagged(&ask, &memory)
    }

    /// Change a memory
    ///
    /// What it said before is kept as a revision.
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id",
        method = "patch",
        operation_id = "change_memory",
        tag = "Group::Memories"
    )]
    async fn change(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        memory_id: Path<String>,
        known: IfMatch,
        body: Body<MemoryPatch>,
    ) -> Answer<Tagged<Json<MemoryView>>> {
        let key = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let change = content_change(body.0, &said(&ask, &ask.who))?;
        let expected = known.expected(|| revision(&ask, &ask.who, key))?;
        let memory = ask.memories.change(&ask.who, key, change, expected).await?;
        ask.retrieval.wake();
        tagged(&ask, &memory)
    }

    /// Put a memory into the trash
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id",
        method = "delete",
        operation_id = "delete_memory",
        tag = "Group::Memories"
    )]
    async fn delete(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        memory_id: Path<String>,
        known: IfMatch,
    ) -> Answer<Done> {
        let key = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let expected = known.expected(|| revision(&ask, &ask.who, key))?;
        ask.memories.delete(&ask.who, key, expected).await?;
        ask.retrieval.wake();
        Ok(Done::Done)
    }

    /// What a memory said before
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id/revisions",
        method = "get",
        operation_id = "list_revisions",
        tag = "Group::Memories"
    )]
    async fn revisions(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
        memory_id: Path<String>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<RevisionList>> {
        let (clone, id) = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let list = REVISIONS.of(&memory_id.0);
        let page = list.wanted(limit.0, after.0)?;
        let page = ask.memories.revisions(&ask.who, clone, id, &page)?;
        let items = page.items.into_iter().map(revision_view).collect();
        Ok(Json(RevisionList { items, next_cursor: list.next(page.next) }))
    }

    /// Make a memory say again what it said before
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id/revisions/:n/restore",
        method = "post",
        operation_id = "restore_revision",
        tag = "Group::Memories"
    )]
    async fn restore_revision(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        memory_id: Path<String>,
        n: Path<u32>,
    ) -> Answer<Tagged<Json<MemoryView>>> {
        let key = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let memory = ask.memories.restore_revision(&ask.who, key, n.0).await?;
        ask.retrieval.wake();
        tagged(&ask, &memory)
    }
}

/// A memory with its files and the tag of both.
pub(super) fn tagged(services: &Services, memory: &Memory) -> Answer<Tagged<Json<MemoryView>>> {
    let files = files_of(services, memory)?;
    Ok(Tagged { etag: etag(memory, &files), answer: Json(view(memory, &files)) })
}

/// The revision of a memory that the caller would see now, with its tag.
fn revision(
    services: &Services,
    who: &Principal,
    (clone, id): (CloneId, MemoryId),
) -> Result<(Etag, u32), Fault> {
    let memory = services.memories.get(who, clone, id)?;
    let files = files_of(services, &memory)?;
    Ok((etag(&memory, &files), memory.revision))
}

fn etag(memory: &Memory, files: &[Attachment]) -> Etag {
    let mut all = format!("memory {}", memory.revision);
    for file in files {
        all.push_str(&format!(" {} {}", file.id, file.version));
    }
    Etag::of_bytes(all.as_bytes())
}
