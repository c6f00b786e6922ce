//! Identifiers of what is somebody else's, in queries and as `Idempotency-Key`.

use http::Method;
use serde_json::Value;

use super::bodies::{Planter, planters};
use super::table::{body_of, dressed};
use super::world::World;
use super::{filled, state};
use crate::contract::{document, operations};
use crate::support::client::{id, text};
use crate::support::reply::Reply;

/// An identifier of nothing.
const NOTHING: &str = "01a1fcac-0000-7000-8000-000000000000";

/// Made for one browser and one moment; no answer of theirs is like another.
const MOMENTARY: [&str; 2] = ["start_oidc", "finish_oidc"];

/// Operations, their paths and the words that each takes in its query.
fn asked_by_words() -> Vec<(String, String, Vec<String>)> {
    let mut all = Vec::new();
    for (_, path, operation) in operations(&document()) {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let words = parameters.iter().filter(|one| one["in"] == "query");
        let words = words.filter(|one| one["schema"]["type"] == "string");
        let words: Vec<_> = words.map(|one| text(&one["name"])).collect();
        let name = text(&operation["operationId"]);
        if !words.is_empty() && !MOMENTARY.contains(&&*name) {
            all.push((name, path, words));
        }
    }
    all
}

/// What an answer says, whatever was asked for.
fn said(reply: &Reply, planted: &str) -> (u16, String) {
    let mut body = reply.json();
    for moment in ["request_id", "took_ms"] {
        body[moment].take();
    }
    // How near a memory is to the meaning of an identifier, which is none.
    for hit in body["hits"].as_array_mut().into_iter().flatten() {
        hit["score"].take();
    }
    (reply.status, body.to_string().replace(planted, "planted"))
}

async fn answer(planter: &Planter, path: &str, word: &str, planted: &str) -> (u16, String) {
    let path = filled(path, &planter.mine);
    let path = path.split('?').next().unwrap();
    let also = if path.ends_with("/search") && word != "q" { "&q=lake" } else { "" };
    let path = format!("{path}?{word}={planted}{also}");
    said(&planter.proof.ask(Method::GET, &path).await, planted)
}

#[tokio::test]
async fn what_is_anothers_is_in_a_query_as_if_it_were_not_there() {
    let world = World::new().await;
    let (mut cells, mut wrong) = (0, Vec::new());
    let planters = planters(&world).await;
    for planter in &planters {
        let name = planter.name;
        for (operation, path, words) in &asked_by_words() {
            for word in words {
                let nothing = answer(planter, path, word, NOTHING).await;
                for (kind, foreign) in &planter.foreign {
                    // Whoever administers looks accounts up.
                    let by_right = name.starts_with("admin") && operation == "list_audit";
                    if ["n", "provider", "backup_id", "restore_id"].contains(kind) || by_right {
                        continue;
                    }
                    cells += 1;
                    let something = answer(planter, path, word, foreign).await;
                    if something != nothing {
                        wrong.push(format!(
                            "{name}: a {kind} as {word} of {operation}: {something:?}, \
                             otherwise {nothing:?}"
                        ));
                    }
                }
            }
        }
    }
    let eve = planters.iter().find(|planter| planter.name == "stranger").expect("a stranger");
    let me = id(&eve.proof.ask(Method::GET, "/auth/me").await.is(200));
    let by =
        async |author: &str| answer(eve, "/clones/{clone_id}/memories", "author", author).await;
    assert_ne!(by(&me).await, by(NOTHING).await, "what is one's own is there");
    println!("{cells} queries with what is another's");
    assert!(wrong.is_empty(), "{} of {cells} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Operations that know a repeated request again, with their paths.
fn repeatable() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (_, path, operation) in operations(&document()) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let mut names = parameters.filter_map(|one| one["$ref"].as_str());
        if names.any(|name| name.ends_with("/IdempotencyKey")) {
            all.push((text(&operation["operationId"]), path));
        }
    }
    assert!(all.len() >= 10, "{all:?}");
    all
}

#[tokio::test]
async fn anothers_idempotency_key_leads_to_nothing_of_theirs() {
    let world = World::new().await;
    let ask = async |planter: Option<&Planter>, operation: &str, path: &str| {
        let things = planter.map_or(&world.things, |planter| &planter.mine);
        let path = filled(path, things);
        let body = body_of(operation, things).expect("it has a body");
        let ask = match planter {
            Some(planter) => planter.proof.ask(Method::POST, &path),
            None => world.ada.ask(Method::POST, &path),
        };
        let ask = dressed(ask, operation, Some(&body));
        ask.header("idempotency-key", &format!("once-{operation}")).await
    };
    let mut theirs = Vec::new();
    for (operation, path) in repeatable() {
        let made = ask(None, &operation, &path).await;
        assert!((200..300).contains(&made.status), "{operation}: {}", made.text());
        theirs.push((operation, path, identifiers(&made.json())));
    }
    let planters = planters(&world).await;
    let before = state(&world.ada, &world.things).await;
    let (mut cells, mut made) = (0, 0);
    for planter in &planters {
        for (operation, path, theirs) in &theirs {
            let reply = ask(Some(planter), operation, path).await;
            let (name, status) = (planter.name, reply.status);
            // An account that was here before, as somebody else, has used the key itself (422).
            let answered = matches!(status, 200..300 | 401 | 403 | 404 | 409 | 422);
            assert!(answered, "{name}: {operation}: {}", reply.text());
            let got = identifiers(&reply.json());
            let known: Vec<_> = planter.mine.values().collect();
            let leaked = got.iter().find(|id| theirs.contains(id) && !known.contains(id));
            assert_eq!(leaked, None, "{name}: {operation}: {}", reply.text());
            cells += 1;
            made += usize::from(status < 300);
        }
    }
    assert_eq!(state(&world.ada, &world.things).await, before);
    println!("{cells} requests with another's key, {made} made something of one's own");
    assert!(made > planters.len(), "{made}");
}

/// Every identifier in an answer.
fn identifiers(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields.values().flat_map(identifiers).collect(),
        Value::Array(items) => items.iter().flat_map(identifiers).collect(),
        Value::String(text) if text.len() == NOTHING.len() && text.matches('-').count() == 4 => {
            vec![text.clone()]
        }
        _ => Vec::new(),
    }
}
