//! API keys, and how they are used.

use std::time::Duration;

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::Deserialize;

use super::Group;
use super::fields::{Fields, path_id};
use super::trash::Done;
use crate::access::Principal;
use crate::api_keys::{ApiKey, DayUse, NewKey, Rate, Scopes};
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Owning, OwningFresh};
use crate::http::body::Body;
use crate::http::problem::Answer;
use crate::kernel::{CloneId, Fault, FieldProblem, Network, Timestamp};

pub struct ApiKeyApi;

/// Requests that a key may make at most, whatever its owner wants.
const MOST_REQUESTS: u32 = 1_000_000;
/// The longest window, in seconds: thirty days.
const LONGEST_WINDOW: u32 = 30 * 24 * 60 * 60;

/// Networks that a key is limited to at most.
const MOST_NETWORKS: usize = 20;

/// What a key is for.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
enum ScopeWord {
    /// Reading clones, memories and conversations.
    Read,
    /// Adding and changing clones and memories.
    Write,
    /// Talking with clones.
    Chat,
}

/// A key to be made.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewApiKey {
    /// What to call it.
    label: String,
    /// What it is for; at least one.
    scopes: Vec<ScopeWord>,
    /// The only clones it opens; all of the account's if this is left out.
    #[serde(default)]
    clone_ids: Option<Vec<String>>,
    /// The only networks it may be used from, such as `192.168.1.0/24`, or single addresses: 1 to
    /// 20; all if this is left out.
    #[serde(default)]
    allowed_networks: Option<Vec<String>>,
    /// When it stops working; never if this is left out.
    #[serde(default)]
    expires_at: Option<String>,
    /// Requests in a window; 100 if this is left out.
    #[serde(default)]
    rate_limit_requests: Option<u32>,
    /// Seconds of a window; 3600 if this is left out.
    #[serde(default)]
    rate_limit_window_seconds: Option<u32>,
}

/// A key, without its secret.
#[derive(Object)]
struct ApiKeyView {
    id: String,
    label: String,
    /// How the key begins.
    prefix: String,
    scopes: Vec<ScopeWord>,
    clone_ids: Option<Vec<String>>,
    /// The only networks it may be used from.
    allowed_networks: Option<Vec<String>>,
    expires_at: Option<String>,
    /// Whether that was and it opens nothing any more.
    expired: bool,
    rate_limit_requests: u32,
    rate_limit_window_seconds: u64,
    created_at: String,
    /// To some seconds.
    last_used_at: Option<String>,
    /// Requests within the last thirty days.
    requests_30_days: u64,
}

/// A key that was just made.
#[derive(Object)]
struct MadeKeyView {
    /// The key itself, shown this once. A repeated request (`Idempotency-Key`) does not get it
    /// again.
    key: Option<String>,
    #[oai(flatten)]
    about: ApiKeyView,
}

/// The keys of the account, newest first.
#[derive(Object)]
struct ApiKeyList {
    items: Vec<ApiKeyView>,
    next_cursor: Option<String>,
}

/// How often a key was used for something on a day.
#[derive(Object)]
struct ApiKeyUse {
    /// The day, in UTC.
    day: String,
    /// The name of the operation (`operationId`).
    endpoint: String,
    requests: u64,
}

/// How a key was used, oldest day first.
#[derive(Object)]
struct ApiKeyUsage {
    items: Vec<ApiKeyUse>,
    next_cursor: Option<String>,
}

/// A key was made.
#[derive(ApiResponse)]
enum KeyMade {
    /// Made.
    #[oai(status = 201)]
    Created(Json<MadeKeyView>),
}

#[OpenApi]
impl ApiKeyApi {
    /// The API keys of the account
    #[oai(path = "/api-keys", method = "get", operation_id = "list_api_keys", tag = "Group::Keys")]
    async fn list(&self, ask: Ask<Owning>) -> Answer<Json<ApiKeyList>> {
        let keys = ask.api_keys.list(ask.who.account).map_err(Fault::from)?;
        let now = ask.clock.now();
        let items = keys.into_iter().map(|key| view(key, now)).collect();
        Ok(Json(ApiKeyList { items, next_cursor: None }))
    }

    /// Make an API key
    #[oai(
        path = "/api-keys",
        method = "post",
        operation_id = "create_api_key",
        tag = "Group::Keys"
    )]
    async fn create(
        &self,
        ask: Ask<OwningFresh>,
        asked: Asked,
        body: Body<NewApiKey>,
    ) -> Answer<KeyMade> {
        let once = asked.once(&ask.who, &body.1, &ask);
        let (new, clones) = new_key(body.0)?;
        for (i, clone) in clones.iter().enumerate() {
            require_clone(&ask, &ask.who, *clone, i)?;
        }
        let made = ask.api_keys.create(ask.who.account, new, once).await.map_err(Fault::from)?;
        let key = made.text.map(|text| text.reveal().clone());
        Ok(KeyMade::Created(Json(MadeKeyView { key, about: view(made.key, ask.clock.now()) })))
    }

    /// Revoke an API key
    #[oai(
        path = "/api-keys/:api_key_id",
        method = "delete",
        operation_id = "revoke_api_key",
        tag = "Group::Keys"
    )]
    async fn revoke(&self, ask: Ask<Owning>, api_key_id: Path<String>) -> Answer<Done> {
        let id = path_id(&api_key_id.0)?;
        ask.api_keys.revoke(ask.who.account, id).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }

    /// How an API key was used
    #[oai(
        path = "/api-keys/:api_key_id/usage",
        method = "get",
        operation_id = "get_api_key_usage",
        tag = "Group::Keys"
    )]
    async fn usage(
        &self,
        ask: Ask<Owning>,
        api_key_id: Path<String>,
        /// How many days back, 1 to 365.
        #[oai(default = "thirty", validator(minimum(value = "1"), maximum(value = "365")))]
        days: Query<u32>,
    ) -> Answer<Json<ApiKeyUsage>> {
        let id = path_id(&api_key_id.0)?;
        let used = ask.api_keys.usage(ask.who.account, id, days.0).map_err(Fault::from)?;
        let items = used.into_iter().map(day_view).collect();
        Ok(Json(ApiKeyUsage { items, next_cursor: None }))
    }
}

fn thirty() -> u32 {
    30
}

fn new_key(sent: NewApiKey) -> Answer<(NewKey, Vec<CloneId>)> {
    let mut fields = Fields::default();
    let label = fields.text("/label", sent.label);
    let has = |word| sent.scopes.contains(&word);
    let scopes = Scopes {
        read: has(ScopeWord::Read),
        write: has(ScopeWord::Write),
        chat: has(ScopeWord::Chat),
    };
    if scopes == Scopes::default() {
        fields.fault(FieldProblem::TooFew, "/scopes", "must have at least one scope");
    }
    let clones = sent.clone_ids.map(|ids| {
        if !(1..=100).contains(&ids.len()) {
            fields.fault(FieldProblem::OutOfRange, "/clone_ids", "must have 1 to 100 items");
        }
        let numbered = ids.into_iter().take(100).enumerate();
        numbered.filter_map(|(i, id)| fields.id(&format!("/clone_ids/{i}"), Some(id))).collect()
    });
    let networks = fields.networks("/allowed_networks", sent.allowed_networks, MOST_NETWORKS);
    let expires_at = sent.expires_at.and_then(|text| fields.moment("/expires_at", &text));
    let requests = sent.rate_limit_requests.unwrap_or(100);
    let requests = fields.bounded("/rate_limit_requests", requests, 1..=MOST_REQUESTS);
    let window = sent.rate_limit_window_seconds.unwrap_or(3_600);
    let window = fields.bounded("/rate_limit_window_seconds", window, 1..=LONGEST_WINDOW);
    let (label, (requests, window)) = fields.with(label.zip(requests.zip(window)))?;
    let rate = Rate { requests, window: Duration::from_secs(window.into()) };
    let listed: Vec<CloneId> = clones.clone().unwrap_or_default();
    Ok((NewKey { label, scopes, clones, networks, expires_at, rate }, listed))
}

/// A key can be limited to clones that its owner can see, and to no others.
fn require_clone(
    services: &super::Services,
    who: &Principal,
    clone: CloneId,
    index: usize,
) -> Answer<()> {
    if services.clones.get(who, clone).is_ok() {
        return Ok(());
    }
    Err(Fault::field(
        FieldProblem::Unknown,
        format!("/clone_ids/{index}"),
        "there is no such clone",
    )
    .into())
}

fn view(key: ApiKey, now: Timestamp) -> ApiKeyView {
    let expired = key.is_over(now);
    let Scopes { read, write, chat } = key.scopes;
    let words = [(read, ScopeWord::Read), (write, ScopeWord::Write), (chat, ScopeWord::Chat)];
    let ids = |clones: Vec<CloneId>| clones.iter().map(CloneId::to_string).collect();
    let shown = |networks: Vec<Network>| networks.iter().map(Network::to_string).collect();
    ApiKeyView {
        id: key.id.to_string(),
        label: key.label.to_string(),
        prefix: key.prefix,
        scopes: words.into_iter().filter(|(has, _)| *has).map(|(_, word)| word).collect(),
        clone_ids: key.clones.map(ids),
        allowed_networks: key.networks.map(shown),
        expires_at: key.expires_at.map(|at| at.to_string()),
        expired,
        rate_limit_requests: key.rate.requests,
        rate_limit_window_seconds: key.rate.window.as_secs(),
        created_at: key.created_at.to_string(),
        last_used_at: key.last_used_at.map(|at| at.to_string()),
        requests_30_days: key.requests,
    }
}

fn day_view(used: DayUse) -> ApiKeyUse {
    let start = Timestamp(i64::from(used.day) * 86_400_000_000).to_string();
    let day = start.split('T').next().unwrap_or_default().to_owned();
    ApiKeyUse { day, endpoint: used.endpoint, requests: used.requests }
}
