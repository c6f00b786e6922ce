//! What looks after the server: accounts and figures. No content, and no name of anything that
//! is somebody's.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined as Patch;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};

use super::Group;
use super::fields::{Fields, path_id};
use super::trash::Done;
use crate::accounts::{Actor, AdminChange};
use crate::admin::Overview;
use crate::clones::Tally;
use crate::http::auth::{Administering, AdministeringFresh, Ask};
use crate::http::body::Body;
use crate::http::etag::{Etag, IfMatch, Tagged};
use crate::http::listing::List;
use crate::http::problem::Answer;
use crate::kernel::{Fault, FieldProblem};

const USERS: List<'_> = List::named("users");

pub struct AdminApi;

/// The longest text that is looked for.
const LONGEST_QUERY: usize = 254;

/// How an account can be opened.
#[derive(Object, Serialize)]
struct WaysInView {
    /// Whether it has a password.
    password: bool,
    /// How many passkeys open it.
    passkeys: u32,
    /// Whether an authenticator app is set up.
    totp: bool,
    /// How many sign-ins at other services open it.
    identities: u32,
}

/// How much an account has made.
#[derive(Object, Serialize)]
struct MadeView {
    clones: u64,
    memories: u64,
    conversations: u64,
}

/// An account as admins see it.
#[derive(Object, Serialize)]
struct UserView {
    id: String,
    email: String,
    display_name: String,
    is_admin: bool,
    /// Whether it opens nothing at present.
    suspended: bool,
    /// Since when.
    suspended_since: Option<String>,
    email_verified: bool,
    created_at: String,
    /// When its owner was last seen, as far as that is known.
    last_seen_at: Option<String>,
    sign_in: WaysInView,
    counts: MadeView,
}

/// Accounts, the newest first.
#[derive(Object)]
struct UserList {
    items: Vec<UserView>,
    next_cursor: Option<String>,
}

/// What to change of an account.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct UserPatch {
    /// Whether it administers the server.
    #[serde(default)]
    is_admin: Patch<bool>,
    /// Whether it opens nothing.
    #[serde(default)]
    suspended: Patch<bool>,
}

/// How much there is in all.
#[derive(Object)]
struct StatsView {
    accounts: u64,
    clones: u64,
    memories: u64,
    conversations: u64,
    messages: u64,
    /// Bytes of everything the server keeps.
    storage_bytes: u64,
    /// The version of the server.
    version: String,
    /// For how long it has been running.
    uptime_seconds: u64,
}

#[OpenApi]
impl AdminApi {
    /// The accounts of this server
    #[oai(path = "/admin/users", method = "get", operation_id = "list_users", tag = "Group::Admin")]
    async fn users(
        &self,
        ask: Ask<Administering>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
        /// Part of an address or a name.
        q: Query<Option<String>>,
    ) -> Answer<Json<UserList>> {
        let page = USERS.wanted(limit.0, after.0)?;
        if q.0.as_ref().is_some_and(|text| text.chars().count() > LONGEST_QUERY) {
            let detail = format!("must have at most {LONGEST_QUERY} characters");
            return Err(Fault::field(FieldProblem::TooLong, "q", detail).into());
        }
        let page = ask.admin.people(q.0.as_deref(), &page)?;
        let items = page.items.into_iter().map(view).collect();
        Ok(Json(UserList { items, next_cursor: USERS.next(page.next) }))
    }

    /// One account
    #[oai(
        path = "/admin/users/:account_id",
        method = "get",
        operation_id = "get_user",
        tag = "Group::Admin"
    )]
    async fn user(
        &self,
        ask: Ask<Administering>,
        account_id: Path<String>,
    ) -> Answer<Tagged<Json<UserView>>> {
        Ok(tagged(ask.admin.person(path_id(&account_id.0)?)?))
    }

    /// Suspend an account, let it in again, or change who administers the server
    ///
    /// Everything that opened the account before stops doing so.
    #[oai(
        path = "/admin/users/:account_id",
        method = "patch",
        operation_id = "change_user",
        tag = "Group::Admin"
    )]
    async fn change(
        &self,
        ask: Ask<AdministeringFresh>,
        account_id: Path<String>,
        known: IfMatch,
        body: Body<UserPatch>,
    ) -> Answer<Tagged<Json<UserView>>> {
        let id = path_id(&account_id.0)?;
        let mut fields = Fields::default();
        let admin = fields.replace("/is_admin", body.0.is_admin, |_, wanted| Some(wanted));
        let suspended = fields.replace("/suspended", body.0.suspended, |_, wanted| Some(wanted));
        fields.done()?;
        let expected = known.expected(|| {
            let now = ask.admin.person(id)?;
            let epoch = now.account.epoch;
            Ok::<_, Fault>((tagged(now).etag, epoch))
        })?;
        let (change, by) = (AdminChange { admin, suspended }, Actor::Account(ask.who.account));
        ask.accounts.administer(id, change, by, expected).await.map_err(Fault::from)?;
        Ok(tagged(ask.admin.person(id)?))
    }

    /// End every sign-in of an account, its keys and its refresh tokens
    #[oai(
        path = "/admin/users/:account_id/sessions",
        method = "delete",
        operation_id = "end_user_sessions",
        tag = "Group::Admin"
    )]
    async fn lock_out(
        &self,
        ask: Ask<AdministeringFresh>,
        account_id: Path<String>,
    ) -> Answer<Done> {
        let by = Actor::Account(ask.who.account);
        ask.accounts.lock_out(path_id(&account_id.0)?, by).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }

    /// How much there is on this server
    #[oai(path = "/admin/stats", method = "get", operation_id = "get_stats", tag = "Group::Admin")]
    async fn stats(&self, ask: Ask<Administering>) -> Answer<Json<StatsView>> {
        let figures = ask.admin.figures().await?;
        Ok(Json(StatsView {
            accounts: figures.accounts,
            clones: figures.made.clones,
            memories: figures.made.memories,
            conversations: figures.made.conversations,
            messages: figures.messages,
            storage_bytes: figures.storage,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_seconds: figures.uptime.as_secs(),
        }))
    }
}

fn view(shown: Overview) -> UserView {
    let Overview { account, seen_at, password, passkeys, totp, identities, tally } = shown;
    let Tally { clones, memories, conversations } = tally;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    UserView {
        id: account.id.to_string(),
        email: account.email.as_str().to_owned(),
        display_name: account.display_name.to_string(),
        is_admin: account.is_admin,
        suspended: account.suspended_at.is_some(),
        suspended_since: account.suspended_at.map(|since| since.to_string()),
        email_verified: account.email_verified,
        created_at: account.created_at.to_string(),
        last_seen_at: seen_at.map(|at| at.to_string()),
        sign_in: WaysInView {
            password,
            passkeys: count(passkeys),
            totp,
            identities: count(identities),
        },
        counts: MadeView { clones, memories, conversations },
    }
}

fn tagged(shown: Overview) -> Tagged<Json<UserView>> {
    let epoch = shown.account.epoch;
    let view = view(shown);
    let shown = serde_json::to_string(&view).unwrap_or_default();
    Tagged { etag: Etag::of_bytes(format!("{epoch} {shown}").as_bytes()), answer: Json(view) }
}
