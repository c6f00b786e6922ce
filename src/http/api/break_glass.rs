//! An admin's look at what is not theirs, and what its owner learns of it.

use std::time::Duration;

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::Deserialize;

use super::Group;
use super::fields::{Fields, path_id};
use super::trash::Done;
use crate::break_glass::{Ended, Glass, Looked, MINUTES, NewGlass, Opened};
use crate::http::auth::{Administering, AdministeringFresh, Ask, Owning};
use crate::http::body::Body;
use crate::http::listing::List;
use crate::http::problem::Answer;
use crate::kernel::{SessionId, Timestamp};

const BREAK_GLASS: List<'_> = List::named("break_glass");

pub struct BreakGlassApi;

/// Minutes of a look when nobody says how many.
const USUAL_MINUTES: u32 = 15;

/// A look to be taken.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewBreakGlass {
    /// Whose things.
    account_id: String,
    /// Why, in 10 to 500 characters; the person reads it.
    reason: String,
    /// How many minutes at most, from 5 to 60; 15 if this is left out.
    #[serde(default)]
    minutes: Option<u32>,
}

/// How a look ended.
#[derive(Enum)]
#[oai(rename_all = "snake_case", remote = "Ended")]
enum EndedWord {
    /// Its time was over.
    Time,
    /// An admin ended it.
    Admin,
    /// The sign-in ended, or the admin's account changed.
    SignIn,
}

/// A look that goes on or is over.
#[derive(Object)]
struct BreakGlassView {
    id: String,
    /// The admin who looks.
    admin_id: String,
    /// Whose things they look at.
    account_id: String,
    reason: String,
    begun_at: String,
    /// When its time is over.
    until: String,
    /// Whether it goes on.
    running: bool,
    /// Whether it is this sign-in's.
    own: bool,
    ended_at: Option<String>,
    ended_by: Option<EndedWord>,
    /// How many clones and conversations were opened.
    opened: u32,
}

/// Looks, the newest first.
#[derive(Object)]
struct BreakGlassList {
    items: Vec<BreakGlassView>,
    next_cursor: Option<String>,
}

/// A look begins.
#[derive(ApiResponse)]
enum BreakGlassBegun {
    /// It goes on until it is ended.
    #[oai(status = 201)]
    Begun(Json<BreakGlassView>),
}

/// A clone that can be read.
#[derive(Object)]
struct PersonalCloneView {
    id: String,
    name: String,
}

/// The clones that can be read, the oldest first.
#[derive(Object)]
struct PersonalCloneList {
    items: Vec<PersonalCloneView>,
    next_cursor: Option<String>,
}

/// What was opened.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum OpenedWord {
    /// The list of clones.
    List,
    /// A clone, with its memories and people.
    Clone,
    /// A conversation.
    Conversation,
}

/// Something that an admin opened.
#[derive(Object)]
struct OpenedView {
    kind: OpenedWord,
    id: Option<String>,
    /// What it is called now, if it is still there.
    name: Option<String>,
    /// When it was opened first.
    opened_at: String,
}

/// A look at the caller's things.
#[derive(Object)]
struct LookView {
    id: String,
    /// What the admin is called.
    by: String,
    reason: String,
    begun_at: String,
    until: String,
    running: bool,
    ended_at: Option<String>,
    opened: Vec<OpenedView>,
}

/// The looks at the caller's things, the newest first.
#[derive(Object)]
struct LookList {
    items: Vec<LookView>,
    next_cursor: Option<String>,
}

#[OpenApi]
impl BreakGlassApi {
    /// The looks that go on and those that are over
    #[oai(
        path = "/admin/break-glass",
        method = "get",
        operation_id = "list_break_glass",
        tag = "Group::Admin"
    )]
    async fn list(
        &self,
        ask: Ask<Administering>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<BreakGlassList>> {
        let page = ask.break_glass.list(&BREAK_GLASS.wanted(limit.0, after.0)?)?;
        let (own, now) = (ask.who.session(), ask.clock.now());
        let items = page.items.into_iter().map(|(glass, opened)| view(glass, opened, own, now));
        Ok(Json(BreakGlassList {
            items: items.collect(),
            next_cursor: BREAK_GLASS.next(page.next),
        }))
    }

    /// Read for a while what is in somebody's personal space
    ///
    /// This sign-in, and no other, can read the clones there, their memories and people, and the
    /// person's conversations with them; it changes nothing. The person is told at once, and
    /// afterwards what was opened.
    #[oai(
        path = "/admin/break-glass",
        method = "post",
        operation_id = "begin_break_glass",
        tag = "Group::Admin"
    )]
    async fn begin(
        &self,
        ask: Ask<AdministeringFresh>,
        body: Body<NewBreakGlass>,
    ) -> Answer<BreakGlassBegun> {
        let NewBreakGlass { account_id, reason, minutes } = body.0;
        let mut fields = Fields::default();
        let account = fields.id("/account_id", Some(account_id));
        let reason = fields.text("/reason", reason);
        let minutes = fields.bounded("/minutes", minutes.unwrap_or(USUAL_MINUTES), MINUTES);
        let (account, reason, minutes) = fields.with(all(account, reason, minutes))?;
        let lasts = Duration::from_secs(u64::from(minutes) * 60);
        let glass = ask.break_glass.begin(&ask.who, NewGlass { account, reason, lasts }).await?;
        let view = view(glass, 0, ask.who.session(), ask.clock.now());
        Ok(BreakGlassBegun::Begun(Json(view)))
    }

    /// End a look before its time
    #[oai(
        path = "/admin/break-glass/:break_glass_id",
        method = "delete",
        operation_id = "end_break_glass",
        tag = "Group::Admin"
    )]
    async fn end(&self, ask: Ask<Administering>, break_glass_id: Path<String>) -> Answer<Done> {
        ask.break_glass.end(path_id(&break_glass_id.0)?, ask.who.account).await?;
        Ok(Done::Done)
    }

    /// The clones that can be read meanwhile
    #[oai(
        path = "/admin/break-glass/:break_glass_id/clones",
        method = "get",
        operation_id = "list_break_glass_clones",
        tag = "Group::Admin"
    )]
    async fn clones(
        &self,
        ask: Ask<Administering>,
        break_glass_id: Path<String>,
    ) -> Answer<Json<PersonalCloneList>> {
        let found = ask.break_glass.personal(&ask.who, path_id(&break_glass_id.0)?).await?;
        let view = |(id, name): (String, String)| PersonalCloneView { id, name };
        let items = found.into_iter().map(|clone| view((clone.id.to_string(), clone.name)));
        Ok(Json(PersonalCloneList { items: items.collect(), next_cursor: None }))
    }

    /// Who looked at the caller's things, why, and what they opened
    #[oai(
        path = "/auth/me/break-glass",
        method = "get",
        operation_id = "list_own_break_glass",
        tag = "Group::Identity"
    )]
    async fn own(&self, ask: Ask<Owning>) -> Answer<Json<LookList>> {
        let now = ask.clock.now();
        let found = ask.break_glass.of(ask.who.account)?.into_iter();
        let items = found.map(|(glass, by, opened)| look(glass, by, opened, now)).collect();
        Ok(Json(LookList { items, next_cursor: None }))
    }
}

fn all<A, B, C>(a: Option<A>, b: Option<B>, c: Option<C>) -> Option<(A, B, C)> {
    Some((a?, b?, c?))
}

fn view(glass: Glass, opened: usize, own: Option<SessionId>, now: Timestamp) -> BreakGlassView {
    BreakGlassView {
        id: glass.id.to_string(),
        running: glass.goes_on(now),
        admin_id: glass.by.to_string(),
        account_id: glass.account.to_string(),
        reason: glass.reason,
        begun_at: glass.begun_at.to_string(),
        until: glass.until.to_string(),
        own: Some(glass.session) == own,
        ended_at: glass.ended.map(|(at, _)| at.to_string()),
        ended_by: glass.ended.map(|(_, how)| how.into()),
        opened: u32::try_from(opened).unwrap_or(u32::MAX),
    }
}

fn look(glass: Glass, by: String, opened: Vec<Looked>, now: Timestamp) -> LookView {
    let opened = opened.into_iter().map(|looked| OpenedView {
        kind: match looked.thing {
            Opened::List => OpenedWord::List,
            Opened::Clone(_) => OpenedWord::Clone,
            Opened::Conversation(_) => OpenedWord::Conversation,
        },
        id: looked.thing.id(),
        name: looked.name,
        opened_at: looked.at.to_string(),
    });
    LookView {
        id: glass.id.to_string(),
        by,
        running: glass.goes_on(now),
        begun_at: glass.begun_at.to_string(),
        until: glass.until.to_string(),
        ended_at: glass.ended.map(|(at, _)| at.to_string()),
        opened: opened.collect(),
        reason: glass.reason,
    }
}
