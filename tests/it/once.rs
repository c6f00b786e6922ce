//! `Idempotency-Key`: what is asked for again, at the same time or later, is done once.

use serde_json::{Value, json};

use crate::contract::operations;
use crate::matrix::filled;
use crate::matrix::table::{body_of, dressed};
use crate::matrix::world::World;
use crate::support::client::text;
use crate::support::reply::Reply;

/// Repeats that are under way at the same time.
const AT_ONCE: usize = 50;

fn is_done_once(operation: &Value) -> bool {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.filter_map(|parameter| parameter["$ref"].as_str()).any(|r| r.ends_with("Key"))
}

/// What was made, or the answer that was begun; of many things, how many.
fn made(answer: &Value) -> String {
    if answer["created"].is_number() {
        return answer.to_string();
    }
    let thing = if answer["message"].is_object() { &answer["message"] } else { answer };
    text(&thing["id"])
}

fn good(reply: Reply) -> Value {
    assert!(matches!(reply.status, 200 | 201), "{}: {}", reply.asked, reply.text());
    reply.json()
}

#[tokio::test]
async fn what_the_document_says_is_done_once_is_done_once() {
    let world = World::new().await;
    let document = world.server.client().page("/openapi.json").await.is(200);
    let mut tried = Vec::new();
    for (verb, path, operation) in operations(&document) {
        if !is_done_once(&operation) {
            continue;
        }
        let name = text(&operation["operationId"]);
        let body = body_of(&name, &world.things).expect("a body");
        let path = filled(&path, &world.things);
        let ask = |body: &Value| {
            let ask = world.ada.ask(verb.parse().unwrap(), &path);
            dressed(ask.header("idempotency-key", &name), &name, Some(body))
        };
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            let ask = ask(&body);
            asking.spawn(async move { ask.await });
        }
        let mut all: Vec<String> =
            asking.join_all().await.into_iter().map(|reply| made(&good(reply))).collect();
        all.push(made(&good(ask(&body).await)));
        all.dedup();
        assert_eq!(all.len(), 1, "{name} was done more than once");
        let other = match body["words"].is_string() {
            true => ask(&json!({"words": "Another."})),
            // The same to whoever reads it, and another body.
            false => ask(&body).bytes(format!("{body} ")),
        };
        let other = other.await;
        assert_eq!(other.status, 422, "{name}: {}", other.text());
        tried.push(name);
    }
    assert_eq!(tried.len(), 12, "{tried:?}");
}
