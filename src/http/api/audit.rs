//! The audit log, for admins; and what of it concerns oneself, for everybody.

use std::collections::BTreeMap;

use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use serde_json::Value;

use super::Group;
use super::fields::path_id;
use crate::accounts::Actor;
use crate::audit::{Chain, Entry, Filter, Thing};
use crate::http::auth::{Administering, Ask, Owning};
use crate::http::listing::List;
use crate::http::problem::Answer;
use crate::kernel::{AccountId, Fault, FieldProblem};

const AUDIT: List<'_> = List::named("audit");
const ACTIVITY: List<'_> = List::named("activity");

pub struct AuditApi;

/// Who did something.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum ActorWord {
    /// Somebody with an account.
    Account,
    /// Whoever runs the machine, or the server by itself.
    System,
    /// Somebody who did not prove who they are.
    Nobody,
}

/// What something was done to.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum ThingWord {
    /// An account.
    Account,
    /// A clone.
    Clone,
    /// A space.
    Space,
}

/// An entry of the audit log.
#[derive(Object)]
struct AuditEntryView {
    /// Its number; each is one more than the one before.
    id: u64,
    created_at: String,
    /// What happened, a stable word.
    event: String,
    actor: ActorWord,
    /// The account of who did it.
    actor_id: Option<String>,
    subject: Option<ThingWord>,
    /// What it was done to.
    subject_id: Option<String>,
    /// More about it: identifiers, words and numbers.
    details: Value,
    /// The network address it came from, if the server writes that down.
    address: Option<String>,
}

/// Whether every entry is as it was written, in its place.
#[derive(Object)]
struct ChainView {
    holds: bool,
    /// How many entries fit, from the oldest on.
    entries: u64,
    /// The number of the first that was changed, or is missing.
    broken_at: Option<u64>,
}

/// A part of the audit log, newest first.
#[derive(Object)]
struct AuditList {
    items: Vec<AuditEntryView>,
    next_cursor: Option<String>,
    /// Looked at for the first part only.
    chain: Option<ChainView>,
}

/// Who did something, as the person it concerns sees it.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum ByWord {
    /// Oneself.
    You,
    /// Somebody who administers the server.
    Admin,
    /// Whoever runs the machine.
    Operator,
    /// Somebody who did not prove who they are.
    Stranger,
}

/// Something that happened to one's account.
#[derive(Object)]
struct ActivityView {
    id: u64,
    created_at: String,
    /// What happened, a stable word.
    event: String,
    by: ByWord,
    /// What the device calls itself, such as "Firefox (Linux)".
    device: Option<String>,
    /// How often, for tries that failed.
    tries: Option<u64>,
}

/// A part of what happened, newest first.
#[derive(Object)]
struct ActivityList {
    items: Vec<ActivityView>,
    next_cursor: Option<String>,
}

#[OpenApi]
impl AuditApi {
    /// The audit log
    #[oai(path = "/admin/audit", method = "get", operation_id = "list_audit", tag = "Group::Admin")]
    async fn audit(
        &self,
        ask: Ask<Administering>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
        /// Only this event.
        event: Query<Option<String>>,
        /// Only what this account did, or what was done to it.
        account: Query<Option<String>>,
    ) -> Answer<Json<AuditList>> {
        let page = AUDIT.wanted(limit.0, after.0)?;
        let account = match account.0.filter(|id| !id.is_empty()) {
            None => None,
            Some(id) => {
                let wrong = |_| {
                    Fault::field(
                        FieldProblem::Malformed,
                        "account",
                        "must be the identifier of an account",
                    )
                };
                Some(path_id::<_>(&id).map_err(wrong)?)
            }
        };
        let event = event.0.filter(|event| !event.is_empty());
        let chain = match page.after {
            None => Some(chain(ask.audit.verify().await?)),
            Some(_) => None,
        };
        let found = ask.audit.page(&Filter { event, account, own: false }, &page);
        let found = found.map_err(Fault::from)?;
        let items = found.items.into_iter().map(view).collect();
        Ok(Json(AuditList { items, next_cursor: AUDIT.next(found.next), chain }))
    }

    /// What happened to the caller's account
    #[oai(
        path = "/auth/me/activity",
        method = "get",
        operation_id = "list_activity",
        tag = "Group::Identity"
    )]
    async fn activity(
        &self,
        ask: Ask<Owning>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<ActivityList>> {
        let page = ACTIVITY.wanted(limit.0, after.0)?;
        let own = ask.who.account;
        let filter = Filter { event: None, account: Some(own), own: true };
        let found = ask.audit.page(&filter, &page).map_err(Fault::from)?;
        let items = found.items.into_iter().map(|entry| activity(own, entry)).collect();
        Ok(Json(ActivityList { items, next_cursor: ACTIVITY.next(found.next) }))
    }
}

fn chain(chain: Chain) -> ChainView {
    let Chain { entries, broken_at } = chain;
    ChainView { holds: broken_at.is_none(), entries, broken_at }
}

fn view(entry: Entry) -> AuditEntryView {
    let (actor, actor_id) = match entry.actor {
        Actor::Account(id) => (ActorWord::Account, Some(id.to_string())),
        Actor::System => (ActorWord::System, None),
        Actor::Nobody => (ActorWord::Nobody, None),
    };
    let (subject, subject_id) = match entry.subject {
        None => (None, None),
        Some(Thing::Account(id)) => (Some(ThingWord::Account), Some(id.to_string())),
        Some(Thing::Clone(id)) => (Some(ThingWord::Clone), Some(id.to_string())),
        Some(Thing::Space(id)) => (Some(ThingWord::Space), Some(id.to_string())),
    };
    AuditEntryView {
        id: entry.number,
        created_at: entry.at.to_string(),
        event: entry.event,
        actor,
        actor_id,
        subject,
        subject_id,
        details: details(entry.details),
        address: entry.address,
    }
}

fn details(details: BTreeMap<String, String>) -> Value {
    Value::Object(details.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}

fn activity(own: AccountId, mut entry: Entry) -> ActivityView {
    ActivityView {
        id: entry.number,
        created_at: entry.at.to_string(),
        event: entry.event,
        by: match entry.actor {
            Actor::Account(id) if id == own => ByWord::You,
            Actor::Account(_) => ByWord::Admin,
            Actor::System => ByWord::Operator,
            Actor::Nobody => ByWord::Stranger,
        },
        device: entry.details.remove("device"),
        tries: entry.details.get("tries").and_then(|tries| tries.parse().ok()),
    }
}
