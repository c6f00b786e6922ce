//! Every operation times everybody who may not use it: nobody gets in, and nothing breaks.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

use crate::contract::operations;
use crate::support::client::{Client, id, items};
use crate::support::server::Server;

/// What anybody may call.
const PUBLIC: [&str; 10] = [
    "exchange_id_token",
    "finish_oidc",
    "get_health",
    "get_setup",
    "list_oidc_providers",
    "login",
    "refresh",
    "register",
    "set_up",
    "start_oidc",
];

/// A body with which the owner would succeed, so that it is not the body that is refused.
fn body_of(operation: &str, things: &BTreeMap<&str, String>) -> Option<Value> {
    Some(match operation {
        "create_clone" | "create_person" => json!({"name": "Eve"}),
        "create_memory" => json!({"content": "Planted."}),
        "create_memories" => json!({"memories": [{"content": "Planted."}]}),
        "create_conversation" => json!({}),
        "chat" | "say" => json!({"content": "Hello?"}),
        "change_clone" | "change_person" => json!({"name": "Eve"}),
        "change_memory" => json!({"content": "Changed."}),
        "change_conversation" => json!({"title": "Eve's"}),
        "change_clone_settings" => json!({"retrieval": {"top_k": 1}}),
        "change_me" => json!({"display_name": "Eve"}),
        "change_consents" => json!({"voice_processing": true}),
        "rate_answer" => json!({"rating": 1}),
        "reauth" => json!({"password": "not the right one"}),
        "link_identity" => json!({"provider": "nowhere"}),
        "start_oidc_reauth" => json!({}),
        "exchange_id_token" => json!({"id_token": "a.b.c"}),
        "change_password" => json!({"new_password": "a long password here"}),
        "login" => json!({"email": "admin@example.org", "password": "wrong password here"}),
        "refresh" | "logout" => json!({"refresh_token": "wrong"}),
        "register" => json!({"email": "x", "password": "x", "display_name": "x"}),
        "set_up" => json!({
            "token": things["trash_id"], "email": "e@example.org",
            "password": "a long password here", "display_name": "Eve",
        }),
        _ => return None,
    })
}

/// One of each thing that an account can have.
async fn things_of(ada: &Client) -> BTreeMap<&'static str, String> {
    let clone = ada.new_clone("Maria").await;
    let memory = ada.remember(&clone, "We swam in the lake.").await;
    let path = format!("/clones/{clone}/memories/{}", id(&memory));
    ada.patch(&path, json!({"content": "We swam in the cold lake."})).await.is(200);
    let gone = ada.remember(&clone, "It is in the trash.").await;
    ada.delete(&format!("/clones/{clone}/memories/{}", id(&gone))).await.is(204);
    let person = ada.post(&format!("/clones/{clone}/people"), json!({"name": "Anna"})).await;
    let conversation = ada.converse(&clone).await;
    let (_, answer) = ada.say(&conversation, "Where did you swim?").await;
    let space = items(&ada.get("/spaces").await.is(200)).remove(0);
    BTreeMap::from([
        ("clone_id", clone),
        ("memory_id", id(&memory)),
        ("person_id", id(&person.is(201))),
        ("conversation_id", conversation),
        ("message_id", id(&answer)),
        ("space_id", id(&space)),
        ("trash_id", id(&gone)),
        ("session_id", id(&items(&ada.get("/auth/sessions").await.is(200))[0])),
        ("provider", "nowhere".to_owned()),
        ("identity_id", id(&gone)),
        ("n", "1".to_owned()),
    ])
}

fn filled(path: &str, things: &BTreeMap<&str, String>) -> String {
    let parts = path.split('/').map(|part| {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => things.get(name).unwrap_or_else(|| panic!("no {name} to try")).clone(),
            None => part.to_owned(),
        }
    });
    let path = parts.collect::<Vec<_>>().join("/");
    match path.rsplit('/').next() {
        Some("search") => format!("{path}?q=lake"),
        Some("export") => format!("{path}?format=txt"),
        _ => path,
    }
}

/// Everything there is, to see that nothing changed.
async fn state(ada: &Client, things: &BTreeMap<&str, String>) -> Vec<Value> {
    let clone = &things["clone_id"];
    let mut all = Vec::new();
    for path in [
        "/auth/me".to_owned(),
        "/clones".to_owned(),
        format!("/clones/{clone}/settings"),
        format!("/clones/{clone}/memories"),
        format!("/clones/{clone}/people"),
        format!("/conversations/{}/messages", things["conversation_id"]),
        "/conversations".to_owned(),
        "/trash".to_owned(),
    ] {
        all.push(ada.get(&path).await.is(200));
    }
    all
}

#[tokio::test]
async fn nobody_gets_in_where_they_do_not_belong() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let things = things_of(&ada).await;
    let ben = server.account("ben").await;
    let document = server.client().page("/openapi.json").await.is(200);
    let before = state(&ada, &things).await;
    let mut tried = 0;
    for (verb, path, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        let method: Method = verb.parse().unwrap();
        let address = filled(&path, &things);
        let ask = |client: &Client| {
            let ask = client.ask(method.clone(), &address);
            match body_of(name, &things) {
                Some(body) => ask.json(&body),
                None => ask,
            }
        };
        let stranger = server.client();
        let malformed = stranger.with_token("not-a-token");
        for client in [&stranger, &malformed] {
            let reply = ask(client).await;
            tried += 1;
            if PUBLIC.contains(&name) {
                assert!(reply.status < 500, "{name}: {}", reply.text());
                continue;
            }
            // Signing out with a token that opens nothing leaves one signed out.
            if name == "logout" {
                assert!(matches!(reply.status, 204 | 401), "{name}: {}", reply.text());
                continue;
            }
            reply.problem(401, "unauthenticated");
        }
        if path.contains('{') {
            tried += 1;
            let reply = ask(&ben).await;
            assert_eq!(reply.status, 404, "{name} by another account: {}", reply.text());
            reply.problem(404, "not_found");
        }
    }
    assert!(tried > 100, "only {tried} were tried");
    assert_eq!(state(&ada, &things).await, before);
}

#[tokio::test]
async fn lists_of_one_account_show_nothing_of_another() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let things = things_of(&ada).await;
    let ben = server.account("ben").await;
    let document = server.client().page("/openapi.json").await.is(200);
    let all = operations(&document);
    for (_, path, _) in all.iter().filter(|(verb, path, _)| verb == "GET" && !path.contains('{')) {
        let shown = ben.get(path).await.text();
        for (name, thing) in things.iter().filter(|(name, _)| **name != "n") {
            assert!(!shown.contains(thing.as_str()), "{path} shows a {name}");
        }
    }
}

#[tokio::test]
async fn an_admin_is_a_stranger_to_what_others_keep() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ben = server.account("ben").await;
    let things = things_of(&ben).await;
    let document = server.client().page("/openapi.json").await.is(200);
    for (verb, path, operation) in operations(&document) {
        if !path.contains('{') {
            continue;
        }
        let name = operation["operationId"].as_str().unwrap();
        let ask = admin.ask(verb.parse().unwrap(), &filled(&path, &things));
        let ask = match body_of(name, &things) {
            Some(body) => ask.json(&body),
            None => ask,
        };
        ask.await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn parts_of_one_clone_are_not_found_under_another() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let mut things = things_of(&ada).await;
    let other = things_of(&ada).await;
    for part in ["memory_id", "person_id", "message_id"] {
        things.insert(part, other[part].clone());
    }
    let document = server.client().page("/openapi.json").await.is(200);
    for (verb, path, operation) in operations(&document) {
        if !["memory_id", "person_id", "message_id"].iter().any(|part| path.contains(part)) {
            continue;
        }
        let name = operation["operationId"].as_str().unwrap();
        let ask = ada.ask(verb.parse().unwrap(), &filled(&path, &things));
        let ask = match body_of(name, &things) {
            Some(body) => ask.json(&body),
            None => ask,
        };
        ask.await.problem(404, "not_found");
    }
}
