//! What one search may take: so many characters, so many words, so much time (DOS-5).

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::client::{Client, id};
use crate::support::server::Server;
use crate::support::until;

const TELLS: &str = "We swam in the lake in summer.";

async fn house(settings: &[(&str, &str)]) -> (Server, Client, String) {
    let server = Server::with(settings).await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, TELLS).await;
    (server, ada, clone)
}

fn search(clone: &str, question: &str) -> String {
    format!("/clones/{clone}/search?q={}", question.replace(' ', "+"))
}

async fn slow_down(server: &Server, by: Duration) {
    let millis = u64::try_from(by.as_millis()).expect("a number");
    let operation = json!({"do": "slow_searches", "millis": millis});
    assert_eq!(server.operate(operation).await.0, 200);
}

#[tokio::test]
async fn a_question_to_search_for_has_so_many_characters() {
    let (_server, ada, clone) = house(&[]).await;
    let many = |count: usize| "é".repeat(count);
    ada.get(&search(&clone, &many(512))).await.is(200);
    ada.get(&search(&clone, &many(513))).await.invalid(&["q"]);
    ada.get(&search(&clone, &many(1_500))).await.invalid(&["q"]);
    // What is said to the clone is no question to search for.
    let conversation = ada.converse(&clone).await;
    let (_, answer) = ada.say(&conversation, &format!("{} lake?", "swam ".repeat(3_000))).await;
    assert_eq!(answer["citations"][0]["quote"], TELLS, "{answer}");

    let (_server, ada, clone) = house(&[("CLONEMEMORIA_LIMITS_QUESTION_CHARS", "20")]).await;
    ada.get(&search(&clone, "Where did you swim??")).await.is(200);
    let refused = ada.get(&search(&clone, "Where did you swim???")).await.invalid(&["q"]);
    assert_eq!(refused["errors"][0]["detail"], "must have at most 20 characters");
}

#[tokio::test]
async fn what_is_asked_is_found_among_much_that_is_pasted_along() {
    let (_server, ada, clone) = house(&[]).await;
    ada.remember(&clone, "The pomegranate tree was planted by our grandmother.").await;
    let pasted: String = (0..90).map(|n| format!("w{n} ")).collect();
    let question = format!("{pasted} pomegranate grandmother?");
    let found = ada.get(&search(&clone, &question)).await.is(200);
    let first = found["hits"][0]["text"].as_str().unwrap_or_default();
    assert!(first.starts_with("The pomegranate"), "{found}");
}

#[tokio::test]
async fn a_search_that_takes_too_long_is_given_up_and_makes_room() {
    let (server, ada, clone) = house(&[("CLONEMEMORIA_LIMITS_SEARCH_SECONDS", "1")]).await;
    slow_down(&server, Duration::from_secs(3_600)).await;
    let path = search(&clone, "the lake");
    let began = Instant::now();
    let searches = async {
        join_all((0..40).map(|_| async {
            let refused = ada.get(&path).await;
            assert_eq!(refused.header("retry-after"), Some("1"));
            refused.problem(503, "search_busy");
        }))
        .await;
        Instant::now()
    };
    let others = async {
        for _ in 0..20 {
            ada.get(&format!("/clones/{clone}")).await.is(200);
        }
        Instant::now()
    };
    let (searched, answered) = tokio::join!(searches, others);
    assert!(answered < searched, "others waited for the searches");
    // An hour was to be waited for; forty seconds, had each had its second one by one.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    slow_down(&server, Duration::ZERO).await;
    let found = ada.get(&path).await.is(200);
    assert_eq!(found["hits"][0]["text"], TELLS);
}

#[tokio::test]
async fn an_answer_waits_longer_and_says_so_when_nothing_can_be_found_in_time() {
    let (server, ada, clone) = house(&[("CLONEMEMORIA_LIMITS_SEARCH_SECONDS", "1")]).await;
    slow_down(&server, Duration::from_secs(2)).await;
    let conversation = ada.converse(&clone).await;
    let (_, answer) = ada.say(&conversation, "Where did you swim in summer?").await;
    assert_eq!(answer["citations"][0]["quote"], TELLS, "{answer}");
    slow_down(&server, Duration::from_secs(3_600)).await;
    let mut events = ada.say_streaming(&conversation, "And in winter?").await;
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some((event.name.clone(), event.data.clone()));
    }
    let (name, data) = last.expect("an end");
    assert_eq!((name.as_str(), &data["code"]), ("error", &json!("search_busy")), "{data}");
    slow_down(&server, Duration::ZERO).await;
    let messages = ada.messages(&conversation).await;
    let broken: &Value = messages.last().expect("an answer");
    assert_eq!(broken["status"], "incomplete", "{broken}");
    let path = format!("/conversations/{conversation}/messages");
    let whole = ada.post(&path, json!({"regenerate_of": id(broken)})).await.is(201);
    assert_eq!(whole["message"]["status"], "complete", "{whole}");
}

#[tokio::test]
async fn a_repeated_question_shows_what_became_of_the_first() {
    let (server, ada, clone) = house(&[("CLONEMEMORIA_LIMITS_SEARCH_SECONDS", "1")]).await;
    slow_down(&server, Duration::from_secs(3_600)).await;
    let path = format!("/clones/{clone}/chat");
    let ask = || {
        let body = json!({"content": "Where did you swim in summer?"});
        ada.post(&path, body).header("idempotency-key", "once-1")
    };
    ask().await.problem(503, "search_busy");
    slow_down(&server, Duration::ZERO).await;
    let again = ask().await.is(201);
    assert_eq!(again["message"]["status"], "incomplete", "{again}");
    let conversation = again["message"]["conversation_id"].as_str().expect("an identifier");
    let path = format!("/conversations/{conversation}/messages");
    let whole = ada.post(&path, json!({"regenerate_of": id(&again["message"])})).await.is(201);
    assert_eq!(whole["message"]["citations"][0]["quote"], TELLS, "{whole}");
}

#[tokio::test]
async fn an_answer_that_is_still_searching_is_stopped_at_once() {
    let (server, ada, clone) = house(&[("CLONEMEMORIA_LIMITS_SEARCH_SECONDS", "60")]).await;
    slow_down(&server, Duration::from_secs(3_600)).await;
    let conversation = ada.converse(&clone).await;
    let path = format!("/conversations/{conversation}/messages");
    let asking = ada.post(&path, json!({"content": "Where did you swim?"})).attempt();
    let stopping = async {
        let answer = until("the answer has begun", || async {
            ada.messages(&conversation).await.pop().filter(|one| one["role"] == "assistant")
        });
        let stop = format!("{path}/{}/stop", id(&answer.await));
        ada.post(&stop, Value::Null).await.is(200)
    };
    let began = Instant::now();
    let (_, stopped) = tokio::join!(asking, stopping);
    assert_eq!(stopped["status"], "stopped", "{stopped}");
    assert!(began.elapsed() < Duration::from_secs(30), "five minutes were to be waited for");
}

#[tokio::test]
async fn a_search_that_is_given_up_takes_no_memory_along() {
    let (server, ada, clone) = house(&[("CLONEMEMORIA_LIMITS_SEARCH_SECONDS", "1")]).await;
    ada.get(&search(&clone, "the lake")).await.is(200);
    for n in 0..4 {
        // The worker rests for a second; whoever asks comes before it.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        slow_down(&server, Duration::from_millis(1_500)).await;
        ada.remember(&clone, &format!("The {n}th boat was painted anew.")).await;
        ada.get(&search(&clone, "a boat")).await.problem(503, "search_busy");
        slow_down(&server, Duration::ZERO).await;
    }
    // Found by meaning are all that have a vector in memory, near or far.
    let path = format!("{}&mode=vector&limit=100", search(&clone, "a boat"));
    until("all are found by meaning", || async {
        let reply = ada.get(&path).await;
        (reply.status == 200 && reply.json()["hits"].as_array()?.len() == 5).then_some(())
    })
    .await;
}
