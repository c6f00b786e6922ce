//! Programs come in with keys: what a key opens, how often, and when it stops.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::{Ask, Client, id, items, text};
use crate::support::server::Server;
use crate::support::{PASSWORD, until};

/// A key of an account.
async fn key_of(ada: &Client, scopes: &[&str], more: Value) -> (String, String) {
    let mut body = json!({"label": "A program", "scopes": scopes});
    for (field, value) in more.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    let made = ada.post("/api-keys", body).await.is(201);
    (id(&made), text(&made["key"]))
}

/// A request with a key and nothing else.
fn with_key(ask: Ask, key: &str) -> Ask {
    ask.header("x-api-key", key)
}

#[tokio::test]
async fn a_key_is_shown_once_and_not_kept() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let (key_id, key) = key_of(&ada, &["read"], json!({})).await;
    assert!(key.starts_with("cmk_") && key.len() == 65, "{}", key.len());
    let listed = ada.get("/api-keys").await.is(200);
    assert!(!listed.to_string().contains(&key[13..40]));
    let shown = &items(&listed)[0];
    assert_eq!((id(shown), text(&shown["prefix"])), (key_id, key[..12].to_owned()));
    assert_eq!(shown["scopes"], json!(["read"]));
    assert_eq!((&shown["rate_limit_requests"], &shown["expires_at"]), (&json!(100), &Value::Null));
    for file in std::fs::read_dir(server.data()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(27).any(|window| window == &key.as_bytes()[13..40]);
            assert!(!found, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_and_no_more() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We swam in the lake.").await;
    let (_, read) = key_of(&ada, &["read"], json!({})).await;
    let (_, write) = key_of(&ada, &["write"], json!({})).await;
    let (_, chat) = key_of(&ada, &["chat"], json!({})).await;
    let anybody = server.client();
    let memories = format!("/clones/{clone}/memories");
    let memory = json!({"content": "Planted by a program."});
    let question = json!({"content": "Where did you swim?"});
    for (key, statuses) in
        [(&read, [200, 403, 403]), (&write, [403, 201, 403]), (&chat, [403, 403, 201])]
    {
        let asks = [
            anybody.get(&memories),
            anybody.post(&memories, memory.clone()),
            anybody.post(&format!("/clones/{clone}/chat"), question.clone()),
        ];
        for (ask, status) in asks.into_iter().zip(statuses) {
            let reply = with_key(ask, key).await;
            assert_eq!(reply.status, status, "{}: {}", reply.asked, reply.text());
            if status == 403 {
                assert_eq!(reply.json()["code"], "scope_missing");
            }
        }
        for path in ["/auth/me", "/auth/sessions", "/api-keys"] {
            with_key(anybody.get(path), key).await.problem(403, "session_required");
        }
        let another = json!({"label": "x", "scopes": ["read"]});
        with_key(anybody.post("/api-keys", another), key).await.problem(403, "session_required");
    }
}

#[tokio::test]
async fn a_key_for_one_clone_knows_no_other() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let (maria, anna) = (ada.new_clone("Maria").await, ada.new_clone("Anna").await);
    ada.remember(&anna, "Anna's secret garden.").await;
    ada.converse(&anna).await;
    let gone = ada.remember(&anna, "Thrown away.").await;
    ada.delete(&format!("/clones/{anna}/memories/{}", id(&gone))).await.is(204);
    let all = ["read", "write", "chat"];
    let (_, key) = key_of(&ada, &all, json!({"clone_ids": [maria]})).await;
    let anybody = server.client();
    let get = |path: &str| with_key(anybody.get(path), &key);
    get(&format!("/clones/{maria}")).await.is(200);
    for path in ["", "/memories", "/settings", "/conversations", "/search?q=garden"] {
        get(&format!("/clones/{anna}{path}")).await.problem(404, "not_found");
    }
    for path in ["/clones", "/memories", "/conversations", "/trash"] {
        let shown = get(path).await.is(200).to_string();
        assert!(!shown.contains(&anna), "{path}: {shown}");
    }
    let ask = anybody.post("/clones", json!({"name": "New"}));
    with_key(ask, &key).await.problem(403, "key_limited");
    let ben = server.account("ben").await;
    let foreign = json!({"label": "x", "scopes": ["read"], "clone_ids": [maria]});
    ben.post("/api-keys", foreign).await.invalid(&["/clone_ids/0"]);
}

#[tokio::test]
async fn a_key_may_be_used_so_often_and_says_so() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let limits = json!({"rate_limit_requests": 5, "rate_limit_window_seconds": 60});
    let (_, key) = key_of(&ada, &["read"], limits).await;
    let anybody = server.client();
    for left in [4, 3, 2, 1, 0] {
        let reply = with_key(anybody.get("/clones"), &key).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("ratelimit-policy"), Some("\"key\";q=5;w=60"));
        let state = reply.header("ratelimit").unwrap();
        assert!(state.starts_with(&format!("\"key\";r={left};t=")), "{state}");
    }
    let refused = with_key(anybody.get("/clones"), &key).await;
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() <= 60);
    assert!(refused.header("ratelimit").unwrap().starts_with("\"key\";r=0;t="));
    refused.problem(429, "rate_limited");
    ada.get("/clones").await.is(200);
    server.advance(Duration::from_secs(60)).await;
    with_key(anybody.get("/clones"), &key).await.is(200);
}

#[tokio::test]
async fn twice_as_many_requests_as_a_key_may_make_get_exactly_what_it_may() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let limits = json!({"rate_limit_requests": 200, "rate_limit_window_seconds": 3600});
    let (_, key) = key_of(&ada, &["read"], limits).await;
    let clients: Vec<Client> = (0..8).map(|_| server.client()).collect();
    let each = clients.iter().map(|client| async {
        let mut statuses = Vec::new();
        for _ in 0..50 {
            let reply = with_key(client.get("/clones"), &key).await;
            assert!(reply.header("ratelimit").is_some(), "{}", reply.text());
            assert_eq!(reply.header("retry-after").is_some(), reply.status == 429);
            statuses.push(reply.status);
        }
        statuses
    });
    let statuses = futures_util::future::join_all(each).await.concat();
    let allowed = statuses.iter().filter(|status| **status == 200).count();
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert_eq!((allowed, refused), (200, 200));
}

#[tokio::test]
async fn a_key_ends_when_it_is_revoked_expired_or_the_password_changes() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let anybody = server.client();
    let get = |key: &str| with_key(anybody.get("/clones"), key);
    let (revoked, key) = key_of(&ada, &["read"], json!({})).await;
    get(&key).await.is(200);
    let ben = server.account("ben").await;
    ben.delete(&format!("/api-keys/{revoked}")).await.problem(404, "not_found");
    ada.delete(&format!("/api-keys/{revoked}")).await.is(204);
    get(&key).await.problem(401, "unauthenticated");

    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(120);
    let (_, key) = key_of(&ada, &["read"], json!({"expires_at": until.to_string()})).await;
    get(&key).await.is(200);
    let ended = async || {
        let all = items(&ada.get("/api-keys").await.is(200));
        all.iter().filter(|key| key["expired"] == true).count()
    };
    assert_eq!(ended().await, 0);
    server.advance(Duration::from_secs(121)).await;
    get(&key).await.problem(401, "unauthenticated");
    assert_eq!(ended().await, 1);

    let (_, key) = key_of(&ada, &["read"], json!({})).await;
    let new = json!({"current_password": PASSWORD, "new_password": "violet umbrella quartz 42"});
    ada.post("/auth/password/change", new).await.is(200);
    get(&key).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_key_counts_only_where_it_belongs() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let (_, key) = key_of(&ada, &["read"], json!({})).await;
    let anybody = server.client();
    for path in [format!("/clones?api_key={key}"), format!("/clones?x-api-key={key}")] {
        anybody.get(&path).await.problem(401, "unauthenticated");
    }
    let bearer = anybody.with_token(&key);
    bearer.get("/clones").await.problem(401, "unauthenticated");
    let mut wrong = key.clone().into_bytes();
    wrong[20] = if wrong[20] == b'a' { b'b' } else { b'a' };
    let wrong = String::from_utf8(wrong).unwrap();
    for bad in [wrong.as_str(), "cmk_", "nonsense", ""] {
        with_key(anybody.get("/clones"), bad).await.problem(401, "unauthenticated");
    }
    // A bad key is not made good by a good token beside it.
    with_key(ada.get("/clones"), "nonsense").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn how_a_key_was_used_is_counted_by_day_and_endpoint() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let (key_id, key) = key_of(&ada, &["read"], json!({})).await;
    let anybody = server.client();
    for _ in 0..3 {
        with_key(anybody.get(&format!("/clones/{clone}")), &key).await.is(200);
    }
    with_key(anybody.get("/clones"), &key).await.is(200);
    // A stop writes down what was counted.
    server.restart().await;
    let ada = server.again(&ada);
    let usage = items(&ada.get(&format!("/api-keys/{key_id}/usage")).await.is(200));
    let counts: Vec<(String, u64)> = usage
        .iter()
        .map(|day| (text(&day["endpoint"]), day["requests"].as_u64().unwrap()))
        .collect();
    let expected = [("get_clone".to_owned(), 3), ("list_clones".to_owned(), 1)];
    assert_eq!(counts, expected);
    let listed = items(&ada.get("/api-keys").await.is(200));
    assert_eq!(listed[0]["requests_30_days"], 4);
    assert!(listed[0]["last_used_at"].is_string());
    let ben = server.account("ben").await;
    ben.get(&format!("/api-keys/{key_id}/usage")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_key_that_makes_no_sense_is_not_made() {
    let server = Server::start().await;
    let ada = server.admin().await;
    for (field, value, pointer) in [
        ("scopes", json!([]), "/scopes"),
        ("scopes", json!(["admin"]), "/scopes/0"),
        ("label", json!(""), "/label"),
        ("expires_at", json!("2001-01-01T00:00:00Z"), "/expires_at"),
        ("expires_at", json!("soon"), "/expires_at"),
        ("rate_limit_requests", json!(0), "/rate_limit_requests"),
        ("rate_limit_window_seconds", json!(99_999_999), "/rate_limit_window_seconds"),
        ("clone_ids", json!([]), "/clone_ids"),
        ("clone_ids", json!(["7"]), "/clone_ids/0"),
        ("allowed_networks", json!([]), "/allowed_networks"),
        ("allowed_networks", json!(vec!["10.0.0.1"; 21]), "/allowed_networks"),
        ("allowed_networks", json!(["10.0.0.0/8", "10.0.0.1/8"]), "/allowed_networks/1"),
        ("allowed_networks", json!(["home.lan"]), "/allowed_networks/0"),
    ] {
        let mut body = json!({"label": "A program", "scopes": ["read"]});
        body[field] = value;
        ada.post("/api-keys", body).await.invalid(&[pointer]);
    }
    server.advance(Duration::from_secs(301)).await;
    let body = json!({"label": "A program", "scopes": ["read"]});
    ada.post("/api-keys", body).await.problem(401, "reauth_required");
}

#[tokio::test]
async fn a_key_is_good_in_its_networks_and_nowhere_else() {
    let server = Server::with(&[("CLONEMEMORIA_SERVER_TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let ada = server.admin().await;
    let more = json!({
        "allowed_networks": ["198.51.100.0/24", " 2001:db8::7 ", "::ffff:203.0.113.9"],
        "rate_limit_requests": 6,
    });
    let (_, key) = key_of(&ada, &["read"], more).await;
    let shown = &items(&ada.get("/api-keys").await.is(200))[0];
    let places = json!(["198.51.100.0/24", "2001:db8::7", "203.0.113.9"]);
    assert_eq!(shown["allowed_networks"], places);
    let from = async |address: &str| {
        with_key(server.client().get("/clones"), &key).header("x-forwarded-for", address).await
    };
    // Who comes from elsewhere uses nothing of the window up, and hears no more than that.
    for address in ["198.51.101.7", "203.0.113.10", "2001:db8::8", "::1", "127.0.0.1", "unknown"] {
        let refused = from(address).await;
        assert!(refused.headers.get("ratelimit").is_none(), "{address}");
        refused.problem(403, "key_elsewhere");
    }
    with_key(server.client().get("/clones"), &key).await.problem(403, "key_elsewhere");
    for address in ["198.51.100.1", "198.51.100.255", "2001:db8::7", "203.0.113.9"] {
        from(address).await.is(200);
    }
    // The word of a client before its proxy's counts for nothing.
    from("198.51.100.1, 192.0.2.1").await.problem(403, "key_elsewhere");
    let refused = until("the refusal is written down", async || {
        let page = ada.get("/admin/audit?event=api_key_refused").await.is(200);
        items(&page).into_iter().next()
    });
    let (refused, me) = (refused.await, ada.get("/auth/me").await.is(200));
    assert_eq!(refused["subject_id"], me["id"]);
    assert_eq!(refused["actor_id"], Value::Null);
}

#[tokio::test]
async fn keys_that_have_ended_make_room() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60);
    let soon = json!({"expires_at": soon.to_string()});
    let (ending, _) = key_of(&ada, &["read"], soon.clone()).await;
    for _ in 0..49 {
        key_of(&ada, &["read"], json!({})).await;
    }
    let another = || ada.post("/api-keys", json!({"label": "Another", "scopes": ["read"]}));
    another().await.problem(409, "too_many_keys");
    server.advance(Duration::from_secs(61)).await;
    another().await.is(201);
    another().await.problem(409, "too_many_keys");
    let all = items(&ada.get("/api-keys").await.is(200));
    assert!(all.len() == 50 && all.iter().all(|key| key["id"] != *ending));
}

#[tokio::test]
async fn a_repeated_request_makes_one_key() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let make = || {
        let body = json!({"label": "A program", "scopes": ["read"]});
        ada.post("/api-keys", body).header("idempotency-key", "once")
    };
    let (first, second) = (make().await.is(201), make().await.is(201));
    assert_eq!(id(&first), id(&second));
    assert!(first["key"].is_string() && second["key"].is_null());
    assert_eq!(items(&ada.get("/api-keys").await.is(200)).len(), 1);
    // Also when its time has come meanwhile.
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60);
    let make = || {
        let body = json!({"label": "A guest", "scopes": ["read"], "expires_at": until.to_string()});
        ada.post("/api-keys", body).header("idempotency-key", "soon")
    };
    let first = make().await.is(201);
    server.advance(Duration::from_secs(61)).await;
    assert_eq!(id(&make().await.is(201)), id(&first));
}
