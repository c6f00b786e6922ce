//! Conversations that end by themselves, because those who look after a clone want it so.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::{Client, each, id, items};
use crate::support::server::Server;

const DAY: u64 = 24 * 60 * 60;

async fn talk(who: &Client, clone: &str, words: &str) -> String {
    let talk = who.converse(clone).await;
    let said = json!({"content": words});
    who.post(&format!("/conversations/{talk}/messages"), said).await.is(201);
    talk
}

async fn talks(who: &Client, clone: &str) -> Vec<String> {
    let all = items(&who.get(&format!("/clones/{clone}/conversations")).await.is(200));
    each(&all, "id").into_iter().map(str::to_owned).collect()
}

async fn sweeps(server: &Server) {
    assert_eq!(server.operate(json!({"do": "sweep_trash"})).await.0, 200);
}

#[tokio::test]
async fn exactly_the_conversations_that_are_older_go() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let ben = server.account("ben").await;
    ben.joins(&ada, &space, "visitor").await;
    let make = |name: &'static str| {
        let body = json!({
            "name": name, "subject": "fictional", "space_id": space, "visibility": "space",
        });
        ada.post("/clones", body)
    };
    let (clone, other) = (id(&make("Rosa").await.is(201)), id(&make("Max").await.is(201)));
    let old = talk(&ben, &clone, "The oldest plum tree?").await;
    let kept = talk(&ada, &other, "The oldest pear tree?").await;
    let path = format!("/clones/{clone}/retention");
    assert_eq!(ben.get(&path).await.is(200)["days"], Value::Null);
    ben.put(&path, json!({"days": 30})).await.problem(403, "forbidden");
    for days in [29, 3_651] {
        ada.put(&path, json!({"days": days})).await.invalid(&["/days"]);
    }
    server.advance(Duration::from_secs(31 * DAY)).await;
    let (ada, ben) = (server.admin_again().await, server.signed_in("ben@example.org").await);
    let young = talk(&ada, &clone, "And the quince?").await;
    // How many would go is said before, to who looks after it.
    let preview = ada.get(&format!("{path}?days=30")).await.is(200);
    assert_eq!((&preview["would_go"], &preview["days"]), (&json!(1), &Value::Null));
    assert_eq!(ada.get(&format!("{path}?days=40")).await.is(200)["would_go"], 0);
    assert_eq!(ben.get(&format!("{path}?days=30")).await.is(200)["would_go"], Value::Null);
    sweeps(&server).await;
    assert_eq!(talks(&ben, &clone).await, [old]);
    assert_eq!(ada.put(&path, json!({"days": 30})).await.is(200)["would_go"], 1);
    assert_eq!(ben.get(&path).await.is(200)["days"], 30);
    sweeps(&server).await;
    assert!(talks(&ben, &clone).await.is_empty());
    assert_eq!(talks(&ada, &clone).await, [young]);
    assert_eq!(talks(&ada, &other).await, [kept]);
    let words = json!({"do": "scan", "words": ["plum tree", "pear tree", "quince"]});
    let found = server.operate(words).await.1;
    let found: Vec<&String> = found["found"].as_object().unwrap().keys().collect();
    assert_eq!(found, ["pear tree", "quince"]);
    let shown = ada.get(&format!("/clones/{clone}")).await.is(200);
    assert_eq!(shown["conversation_count"], 1);
    // What is not wanted any more ends nothing.
    assert_eq!(ada.put(&path, json!({"days": null})).await.is(200)["days"], Value::Null);
    server.advance(Duration::from_secs(100 * DAY)).await;
    sweeps(&server).await;
    let ada = server.admin_again().await;
    assert_eq!(talks(&ada, &clone).await.len(), 1);
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_ends_no_conversation() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let talk = talk(&ada, &clone, "Where did we swim?").await;
    ada.put(&format!("/clones/{clone}/retention"), json!({"days": 30})).await.is(200);
    assert_eq!(server.stop().await, 0);
    server.set("TESTING_CLOCK_AHEAD", Some(&(10 * 365 * DAY).to_string()));
    server.run().await;
    let ada = server.admin_again().await;
    crate::support::until("it has looked at the clock", || async {
        let ready = ada.page("/readyz").await.is(200);
        ready["checks"]["clock"]["detail"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(talks(&ada, &clone).await, [talk]);
}
