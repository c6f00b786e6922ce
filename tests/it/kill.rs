//! The power goes, twenty times: what was acknowledged is there afterwards, and is found; what
//! is asked for again with the same `Idempotency-Key` is there once.
//!
//! `TORTURE_ROUNDS` sets another number.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::{Client, id, items, text};
use crate::support::llm::{Act, Answer, End, Llm};
use crate::support::server::Server;

const WRITERS: usize = 4;

/// What the server said it has.
#[derive(Default)]
struct Acknowledged {
    memories: Vec<(String, String)>,
    messages: Vec<String>,
}

/// How often: as `TORTURE_ROUNDS` says, or else as usual.
pub fn rounds(usual: u64) -> u64 {
    let rounds = std::env::var("TORTURE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    rounds.unwrap_or(usual)
}

#[tokio::test]
async fn nothing_that_was_acknowledged_is_lost() {
    let rounds = rounds(20);
    let llm = Llm::start().await;
    llm.always(Act::Answer(Answer::of(&["Half ", "an answer "]).ending(End::Hang)));
    let mut server = Server::with(&[
        ("CLONEMEMORIA_LLM_BASE_URL", &llm.base_url()),
        ("CLONEMEMORIA_LLM_MODEL", "small"),
        ("CLONEMEMORIA_LLM_IDLE_SECONDS", "60"),
    ])
    .await;
    let admin = server.admin().await;
    let clone = admin.new_clone("Maria").await;
    let quiet = admin.new_clone("Quiet").await;
    let settings = json!({"llm": {"provider": "builtin"}, "grounding": "verbatim"});
    admin.patch(&format!("/clones/{quiet}/settings"), settings).await.is(200);
    let conversation = admin.converse(&quiet).await;
    let all = Arc::new(Mutex::new(Acknowledged::default()));
    for round in 0..rounds {
        // Time stands still for access tokens; ten minutes are enough for all rounds.
        let ada = server.again(&admin);
        let hanging = ada.converse(&clone).await;
        let mut stream = ada.say_streaming(&hanging, "Where did you swim?").await;
        while stream.next().await.expect("an event").name != "delta" {}
        let before = all.lock().unwrap().memories.len();
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let name = format!("r{round}w{writer}");
            writers.spawn(write(ada.clone(), name, clone.clone(), None, Arc::clone(&all)));
        }
        let place = Some(conversation.clone());
        writers.spawn(write(ada.clone(), format!("c{round}"), quiet.clone(), place, all.clone()));
        tokio::time::sleep(Duration::from_millis(60 + round * 37 % 140)).await;
        server.kill().await;
        while writers.join_next().await.is_some() {}
        server.run().await;
        let ada = server.again(&admin);
        let answer = ada.messages(&hanging).await.pop().expect("an answer");
        assert_eq!(answer["status"], "incomplete", "round {round}: {answer}");
        let new = all.lock().unwrap().memories[before..].to_vec();
        let step = (new.len() / 10).max(1);
        for (memory, word) in new.iter().rev().step_by(step) {
            found(&ada, &clone, memory, word).await;
        }
    }
    let ada = server.again(&admin);
    let kept = everything(&ada, &format!("/clones/{clone}/memories?limit=200")).await;
    let said = everything(&ada, &format!("/conversations/{conversation}/messages?limit=200")).await;
    let all = std::mem::take(&mut *all.lock().unwrap());
    assert!(all.memories.len() > 20 && !all.messages.is_empty(), "too little was written");
    for (memory, word) in &all.memories {
        assert!(kept.contains(memory), "the memory {memory} ({word}) was lost");
    }
    for message in &all.messages {
        assert!(said.contains(message), "the message {message} was lost");
    }
    for (memory, word) in all.memories.iter().step_by((all.memories.len() / 100).max(1)) {
        found(&ada, &clone, memory, word).await;
    }
    let count = ada.get(&format!("/clones/{clone}")).await.is(200)["memory_count"].as_u64();
    assert_eq!(count, u64::try_from(kept.len()).ok());
}

/// Writes memories, or messages when there is a conversation, until the server is gone.
async fn write(
    ada: Client,
    name: String,
    clone: String,
    conversation: Option<String>,
    all: Arc<Mutex<Acknowledged>>,
) {
    for number in 0.. {
        let word = format!("marker{name}n{number}");
        let (path, body) = match &conversation {
            None => {
                let content = format!("On that day {word} came by.");
                (format!("/clones/{clone}/memories"), json!({"content": content}))
            }
            Some(conversation) => {
                let path = format!("/conversations/{conversation}/messages");
                (path, json!({"content": format!("What about {word}?")}))
            }
        };
        let Some(reply) = ada.post(&path, body).attempt().await else { return };
        if reply.status != 201 {
            return;
        }
        let made: Value = reply.json();
        let mut all = all.lock().unwrap();
        match conversation {
            None => all.memories.push((id(&made), word)),
            Some(_) => all.messages.extend([id(&made["user_message"]), id(&made["message"])]),
        }
    }
}

async fn found(ada: &Client, clone: &str, memory: &str, word: &str) {
    let hits = ada.search(clone, word, "&mode=text&limit=5").await;
    assert!(hits.iter().any(|hit| hit["id"] == memory), "{word} is not found: {hits:?}");
}

async fn everything(ada: &Client, path: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = ada.get(&format!("{path}{cursor}")).await.is(200);
        seen.extend(items(&page).iter().map(id));
        if page["next_cursor"].is_null() {
            return seen;
        }
        cursor = format!("&cursor={}", text(&page["next_cursor"]));
    }
}

/// Requests that are under way when the power goes.
const WISHES: usize = 6;

/// Something to be done once, and what was said of it so far.
#[derive(Clone)]
struct Wish {
    name: String,
    path: String,
    body: Value,
    answer: Option<Value>,
}

impl Wish {
    /// To write one memory down, or three at once.
    fn of(clone: &str, name: &str, many: bool) -> Self {
        let memory = |n: usize| json!({"content": format!("Wish {name} part {n}.")});
        let path = format!("/clones/{clone}/memories");
        let (path, body) = match many {
            false => (path, memory(0)),
            true => {
                (format!("{path}/batch"), json!({"memories": [memory(0), memory(1), memory(2)]}))
            }
        };
        Self { name: name.to_owned(), path, body, answer: None }
    }

    fn parts(&self) -> usize {
        self.body["memories"].as_array().map_or(1, Vec::len)
    }

    /// Makes it, with its key; keeps what is answered first and compares what comes later.
    async fn make(mut self, ada: Client) -> Self {
        let ask = ada.post(&self.path, self.body.clone()).header("idempotency-key", &self.name);
        let Some(reply) = ask.attempt().await else { return self };
        assert!(matches!(reply.status, 200 | 201), "{}: {}", self.name, reply.text());
        let answer = reply.json();
        let said = |answer: &Value| (answer["id"].clone(), answer["created"].clone());
        if let Some(first) = &self.answer {
            assert_eq!(said(&answer), said(first), "{}", self.name);
        }
        self.answer = Some(answer);
        self
    }
}

#[tokio::test]
async fn what_is_asked_for_again_after_a_power_cut_is_there_once() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let clone = admin.new_clone("Maria").await;
    let (mut all, mut unheard) = (Vec::new(), 0);
    for round in 0..rounds(20) {
        let ada = server.again(&admin);
        let before = Wish::of(&clone, &format!("r{round}before"), round % 2 == 0);
        let before = before.make(ada.clone()).await;
        assert!(before.answer.is_some());
        let mut making = tokio::task::JoinSet::new();
        for number in 0..WISHES {
            let wish = Wish::of(&clone, &format!("r{round}w{number}"), number % 2 == 0);
            making.spawn(wish.make(ada.clone()));
        }
        // Somewhere between their arrival and their answers.
        tokio::time::sleep(Duration::from_micros(round * 1_700 % 20_000)).await;
        server.kill().await;
        let mut wishes = making.join_all().await;
        unheard += wishes.iter().filter(|wish| wish.answer.is_none()).count();
        wishes.push(before);
        server.run().await;
        let ada = server.again(&admin);
        for wish in wishes {
            let wish = wish.make(ada.clone()).await;
            assert!(wish.answer.is_some());
            all.push(wish.make(ada.clone()).await);
        }
    }
    let ada = server.again(&admin);
    let kept = everything(&ada, &format!("/clones/{clone}/memories?limit=200")).await;
    let expected: usize = all.iter().map(Wish::parts).sum();
    println!("{} wishes, {unheard} of them unheard when the power went", all.len());
    assert_eq!(kept.len(), expected, "something is there twice, or not at all");
    for wish in &all {
        let answer = wish.answer.as_ref().expect("an answer");
        match answer["id"].as_str() {
            Some(made) => assert!(kept.contains(made), "{}", wish.name),
            None => assert_eq!(answer["created"], 3, "{}", wish.name),
        }
    }
    assert!(unheard > 0, "the power never went in between");
}
