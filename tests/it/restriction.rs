//! Restriction (G18-1): what is an account's is only stored. For others it is as if it had never
//! been written, it is all there when the restriction is lifted, and in between its owner can take
//! it along.

use serde_json::{Value, json};

use crate::isolation::{all_found, is_settled, keep};
use crate::support::client::{Client, id, items, text};
use crate::support::server::Server;
use crate::support::until;

/// How many questions are asked, in each of three ways.
const QUESTIONS: usize = 100;

/// All that somebody is shown of a clone, for questions of all kinds and in lists.
async fn shown(who: &Client, clone: &str) -> Vec<String> {
    let mut all = all_found(who, clone, QUESTIONS).await;
    for path in ["", "/memories?limit=200", "/people", "/timeline"] {
        let mut seen = who.get(&format!("/clones/{clone}{path}")).await.is(200);
        // Who adds a memory touches the clone.
        if let Some(clone) = seen.as_object_mut() {
            clone.remove("updated_at");
        }
        all.push(seen.to_string());
    }
    all
}

/// Waits until as much is derived from memories as there was, or not.
async fn follows(server: &Server, who: &Client, clone: &str, word: &str, found: bool) {
    until("what is derived has followed", || async {
        let (_, outcome) = server.operate(json!({"do": "stored", "table": "jobs"})).await;
        let is_idle = outcome["stored"].as_array().is_some_and(Vec::is_empty);
        let hits = who.finds(clone, word, "&mode=text").await;
        (is_idle && hits.iter().any(|hit| hit.contains(word)) == found).then_some(())
    })
    .await;
    is_settled(server).await;
}

async fn since(who: &Client) -> Value {
    who.get("/auth/me").await.is(200)["restricted_since"].clone()
}

#[tokio::test]
async fn what_is_restricted_is_for_others_as_if_it_had_never_been_written() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let ben = server.account("ben").await;
    let space = id(&ada.post("/spaces", json!({"name": "The Lovelaces"})).await.is(201));
    ben.joins(&ada, &space, "contributor").await;
    let clone = json!({"name": "Maria", "subject": "fictional", "space_id": space,
        "visibility": "space"});
    let clone = id(&ada.post("/clones", clone).await.is(201));
    ada.opens(&clone).await;
    keep(&ada, &clone, 0..60, "space").await;
    let talk = ada.converse(&clone).await;
    is_settled(&server).await;
    let before = shown(&ada, &clone).await;

    keep(&ben, &clone, 60..140, "space").await;
    let memory = ben.remember(&clone, "We swam in lake Quetzal every summer.").await;
    let aunt = json!({"name": "Aunt Xanthippe"});
    ben.post(&format!("/clones/{clone}/people"), aunt).await.is(201);
    let (_, answer) = ada.say(&talk, "Where did you swim in lake Quetzal?").await;
    assert!(text(&answer["content"]).contains("Quetzal"), "{answer}");
    is_settled(&server).await;
    let with_his = shown(&ada, &clone).await;
    let changed = before.iter().zip(&with_his).filter(|(a, b)| a != b).count();
    assert!(changed > QUESTIONS, "his memories are found: {changed}");

    assert_eq!(since(&ben).await, Value::Null);
    ben.put("/auth/me/restriction", json!({})).await.is(204);
    ben.put("/auth/me/restriction", json!({})).await.is(204);
    // At once: nobody sees it, not even in what was answered from it.
    let path = format!("/clones/{clone}/memories/{}", id(&memory));
    ada.get(&path).await.problem(404, "not_found");
    assert!(
        !ada.get(&format!("/conversations/{talk}/messages")).await.text().contains("every summer")
    );
    assert!(ada.search(&clone, "Quetzal", "&mode=text").await.is_empty());
    follows(&server, &ada, &clone, "Quetzal", false).await;
    let restricted = shown(&ada, &clone).await;
    let differing: Vec<_> = before.iter().zip(&restricted).filter(|(a, b)| a != b).collect();
    assert!(differing.is_empty(), "{} of {}: {:?}", differing.len(), before.len(), differing[0]);
    println!("{} answers the same as without, {changed} others with", before.len());

    // A restart changes nothing of it.
    server.restart().await;
    let (ada, ben) = (server.again(&ada), server.again(&ben));
    assert_eq!(shown(&ada, &clone).await, before);
    assert!(since(&ben).await.is_string());
    // He adds nothing and asks nothing, and has everything still.
    let more = json!({"content": "And we ate."});
    let memories = format!("/clones/{clone}/memories");
    ben.post(&memories, more).await.problem(403, "processing_restricted");
    let talks = format!("/clones/{clone}/conversations");
    ben.post(&talks, json!({})).await.problem(403, "processing_restricted");
    let taken = ben.get("/auth/me/export?format=json").await.text();
    assert!(taken.contains("lake Quetzal") && taken.contains("Xanthippe"));

    ben.delete("/auth/me/restriction").await.is(204);
    assert_eq!(since(&ben).await, Value::Null);
    follows(&server, &ada, &clone, "Quetzal", true).await;
    ada.get(&path).await.is(200);
    let told = |all: &[String]| -> Vec<String> { all[QUESTIONS * 3..].to_vec() };
    assert_eq!(told(&shown(&ada, &clone).await), told(&with_his), "it is all there again");
    let people = items(&ada.get(&format!("/clones/{clone}/people")).await.is(200));
    assert_eq!(people.len(), 1);
    ben.post(&memories, json!({"content": "And we ate."})).await.is(201);
    let entries = ben.get("/auth/me/activity").await.text();
    assert!(entries.contains("restriction_changed"), "{entries}");
}

#[tokio::test]
async fn nobody_talks_with_the_clones_of_whoever_is_restricted() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let ben = server.account("ben").await;
    let space = id(&ada.post("/spaces", json!({"name": "The Lovelaces"})).await.is(201));
    ben.joins(&ada, &space, "contributor").await;
    let clone = json!({"name": "Maria", "subject": "fictional", "space_id": space,
        "visibility": "space"});
    let clone = id(&ada.post("/clones", clone).await.is(201));
    ada.opens(&clone).await;
    ben.remember(&clone, "We swam in lake Quetzal every summer.").await;
    let talk = ben.converse(&clone).await;
    ada.put("/auth/me/restriction", json!({})).await.is(204);
    let question = json!({"content": "Where did you swim?"});
    let path = format!("/conversations/{talk}/messages");
    ben.post(&path, question.clone()).await.problem(409, "clone_resting");
    // What he wrote is his, and he reads it.
    assert_eq!(ben.finds(&clone, "Quetzal", "&mode=text").await.len(), 1);
    ada.delete("/auth/me/restriction").await.is(204);
    ben.post(&path, question).await.is(201);
}
