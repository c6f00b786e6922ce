//! What others keep changes nothing of what one finds: not a hit, not a score, not an order
//! (TEN-1, TEN-3). Scores that moved would tell what somebody else has written.

use serde_json::{Value, json};

use crate::mail::metric;
use crate::support::client::{Client, id};
use crate::support::server::Server;
use crate::support::until;

/// Twenty words, so that all memories share theirs with each other and with every question.
const WORDS: [&str; 20] = [
    "lake", "boat", "summer", "anna", "teapot", "garden", "winter", "train", "letter", "piano",
    "orchard", "violin", "bread", "river", "uncle", "school", "market", "snow", "bicycle",
    "kitchen",
];

/// The n-th of endless different memories, and of questions.
fn said(n: usize, words: usize) -> String {
    let word = |i: usize| WORDS[(n * 7 + i * (n % 9 + 2) + n / 20) % WORDS.len()];
    (0..words).map(word).collect::<Vec<_>>().join(" ")
}

pub async fn keep(who: &Client, clone: &str, numbers: std::ops::Range<usize>, visibility: &str) {
    let memories: Vec<Value> = numbers
        .map(|n| json!({"content": format!("{}.", said(n, 12)), "visibility": visibility}))
        .collect();
    let count = memories.len();
    let path = format!("/clones/{clone}/memories/batch");
    let kept = who.post(&path, json!({"memories": memories})).await.is(200);
    assert_eq!(kept["created"], count);
}

/// Everything is found by words and by meaning.
pub async fn is_settled(server: &Server) {
    until("everything is indexed and embedded", || async {
        let client = server.client();
        let words = metric(&client, "clonememoria_index_pending").await;
        let meanings = metric(&client, "clonememoria_embedding_pending").await;
        (words + meanings == 0).then_some(())
    })
    .await;
}

/// What is found of a clone, for so many questions of each kind, as it was answered but for the
/// time.
pub async fn all_found(who: &Client, clone: &str, questions: usize) -> Vec<String> {
    let mut all = Vec::new();
    for n in 0..questions {
        for mode in ["text", "vector", "hybrid"] {
            let question = said(n * 3 + 1, 2).replace(' ', "+");
            let path = format!("/clones/{clone}/search?q={question}&mode={mode}");
            let mut found = who.get(&path).await.is(200);
            found.as_object_mut().expect("an object").remove("took_ms");
            all.push(found.to_string());
        }
    }
    all
}

#[tokio::test]
async fn what_is_in_other_peoples_clones_moves_no_score() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let own = ada.new_clone("Maria").await;
    keep(&ada, &own, 0..60, "space").await;
    is_settled(&server).await;
    let alone = all_found(&ada, &own, 30).await;
    assert!(alone.iter().any(|found| found.contains("\"score\"")), "{}", alone[0]);
    let ben = server.account("ben").await;
    let his = ben.new_clone("Rosa").await;
    keep(&ben, &his, 60..660, "space").await;
    is_settled(&server).await;
    assert_eq!(all_found(&ada, &own, 30).await, alone);
}

#[tokio::test]
async fn what_is_not_for_a_member_moves_no_score_of_theirs() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let ben = server.account("ben").await;
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    ben.joins(&ada, &space, "contributor").await;
    let body =
        json!({"name": "Maria", "subject": "fictional", "space_id": space, "visibility": "space"});
    let clone = id(&ada.post("/clones", body).await.is(201));
    keep(&ada, &clone, 0..40, "space").await;
    is_settled(&server).await;
    let seen = |clone: Value| [clone["memory_count"].clone(), clone["people_count"].clone()];
    let path = format!("/clones/{clone}");
    let before = (all_found(&ben, &clone, 30).await, seen(ben.get(&path).await.is(200)));
    keep(&ada, &clone, 40..240, "author").await;
    keep(&ada, &clone, 240..300, "stewards").await;
    is_settled(&server).await;
    assert_eq!((all_found(&ben, &clone, 30).await, seen(ben.get(&path).await.is(200))), before);
    assert_ne!(all_found(&ada, &clone, 30).await, before.0, "their author finds them");
}
