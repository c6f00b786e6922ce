//! Clients of which each does one longer thing again and again: say and be answered, agree and
//! disagree, throw away and bring back, erase, ask once more.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};

use super::random::Random;
use super::shelf::listed;
use crate::support::client::{Client, id, text};

/// What a flow does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Batch,
    Talk,
    Consent,
    Trash,
    Purge,
    Once,
}

/// The client.
pub struct Worker {
    pub name: String,
    flow: Flow,
    /// The clone or the conversation it works on.
    place: String,
    random: Random,
    count: u64,
    /// What must be there: contents by identifier, or by external identifier.
    there: BTreeMap<String, Value>,
    /// What must not be there any more.
    gone: BTreeSet<String>,
    /// What may be there, or not: it was under way.
    open: Option<Value>,
}

impl Worker {
    /// In a clone or a conversation.
    pub fn new(name: &str, flow: Flow, place: &str, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            flow,
            place: place.to_owned(),
            random: Random::of(seed, name),
            count: 0,
            there: BTreeMap::new(),
            gone: BTreeSet::new(),
            open: None,
        }
    }

    /// How many changes were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.count
    }

    /// Does one thing; whether the server is there still.
    pub async fn step(&mut self, ada: &Client) -> bool {
        let word = format!("{}x{:016x}", self.name, self.random.next());
        let done = match self.flow {
            Flow::Batch => self.batch(ada, &word).await,
            Flow::Talk => self.talk(ada, &word).await,
            Flow::Consent => self.consent(ada).await,
            Flow::Trash => self.trash(ada, &word).await,
            Flow::Purge => self.purge(ada, &word).await,
            Flow::Once => self.once(ada, word).await,
        };
        self.count += u64::from(done.is_some());
        done.is_some()
    }

    /// Compares everything with what it knows.
    pub async fn check(&mut self, ada: &Client) {
        match self.flow {
            Flow::Batch => self.check_batch(ada).await,
            Flow::Talk => self.check_talk(ada).await,
            Flow::Consent => self.check_consent(ada).await,
            Flow::Trash | Flow::Purge => self.check_gone(ada).await,
            Flow::Once => self.check_once(ada).await,
        }
    }

    fn memories(&self) -> String {
        format!("/clones/{}/memories", self.place)
    }

    /// Five memories at once, of which some were there before.
    async fn batch(&mut self, ada: &Client, word: &str) -> Option<()> {
        let ids: BTreeSet<String> = (0..5).map(|_| format!("e{}", self.random.below(30))).collect();
        let memory = |id: &String| json!({"external_id": id, "content": format!("{word}{id}")});
        let batch: Vec<Value> = ids.iter().map(memory).collect();
        self.open = Some(json!(batch));
        let ask = ada.post(&format!("{}/batch", self.memories()), json!({"memories": batch}));
        let made = ask.attempt().await?.is(200);
        assert_eq!(made["failed"], json!([]), "{}", self.name);
        self.take_batch();
        Some(())
    }

    fn take_batch(&mut self) {
        for memory in self.open.take().as_ref().and_then(Value::as_array).into_iter().flatten() {
            self.there.insert(text(&memory["external_id"]), memory["content"].clone());
        }
    }

    async fn check_batch(&mut self, ada: &Client) {
        let found: BTreeMap<String, Value> = listed(ada, &self.memories())
            .await
            .iter()
            .map(|memory| (text(&memory["external_id"]), memory["content"].clone()))
            .collect();
        if found != self.there {
            assert!(self.open.is_some(), "{}: {found:?} is not {:?}", self.name, self.there);
            self.take_batch();
        }
        assert_eq!(found, self.there, "{}: half a batch", self.name);
        self.open = None;
        let count = ada.get(&format!("/clones/{}", self.place)).await.is(200);
        assert_eq!(count["memory_count"], json!(found.len()), "{}", self.name);
    }

    async fn talk(&mut self, ada: &Client, word: &str) -> Option<()> {
        let path = format!("/conversations/{}/messages", self.place);
        self.open = Some(json!(word));
        let said = ada.post(&path, json!({"content": word})).attempt().await?.is(201);
        self.open = None;
        for message in [&said["user_message"], &said["message"]] {
            self.there.insert(id(message), message.clone());
        }
        Some(())
    }

    async fn check_talk(&mut self, ada: &Client) {
        let path = format!("/conversations/{}/messages", self.place);
        let found = listed(ada, &path).await;
        let by_id: BTreeMap<String, &Value> = found.iter().map(|one| (id(one), one)).collect();
        for (message, expected) in &self.there {
            assert_eq!(by_id.get(message), Some(&expected), "{}: {message}", self.name);
        }
        // A question has its answer, whatever became of it; nothing is being written any more.
        for message in &found {
            assert_ne!(message["status"], "generating", "{}: {message}", self.name);
            let is_question = message["role"] == "user";
            let answered = found.iter().any(|other| other["parent_id"] == message["id"]);
            assert!(!is_question || answered, "{}: {message} has no answer", self.name);
        }
        let new: Vec<_> = found.iter().filter(|one| !self.there.contains_key(&id(one))).collect();
        assert!(new.len() <= 2, "{}: {new:?}", self.name);
        for message in new.iter().filter(|message| message["role"] == "user") {
            assert_eq!(Some(&message["content"]), self.open.as_ref(), "{}", self.name);
        }
        self.there = found.iter().map(|message| (id(message), message.clone())).collect();
        self.open = None;
        let count = ada.get(&format!("/conversations/{}", self.place)).await.is(200);
        assert_eq!(count["message_count"], json!(found.len()), "{}", self.name);
    }

    async fn consent(&mut self, ada: &Client) -> Option<()> {
        let granted = self.random.below(2) == 0;
        self.open = Some(json!(granted));
        let ask = ada.patch("/auth/me/consent", json!({"voice_processing": granted}));
        let consents = ask.attempt().await?.is(200);
        assert_eq!(consents["voice_processing"]["granted"], granted);
        self.open = None;
        self.there.insert("granted".to_owned(), json!(granted));
        Some(())
    }

    async fn check_consent(&mut self, ada: &Client) {
        let me = ada.get("/auth/me").await.is(200);
        let now = me["consents"]["voice_processing"]["granted"].clone();
        let known = self.there.get("granted").cloned().unwrap_or(json!(false));
        let open = self.open.take();
        assert!(now == known || Some(&now) == open.as_ref(), "{}: {now}, not {known}", self.name);
        let history = listed(ada, "/auth/me/consent").await;
        let last = history.iter().find(|one| one["consent"] == "voice_processing");
        let last = last.map_or(json!(false), |one| one["granted"].clone());
        assert_eq!(last, now, "{}: the history says something else", self.name);
        self.there.insert("granted".to_owned(), now);
    }

    /// Writes something down, throws it away, and brings it back or erases it.
    async fn trash(&mut self, ada: &Client, word: &str) -> Option<()> {
        let made = ada.post(&self.memories(), json!({"content": word})).attempt().await?.is(201);
        let memory = id(&made);
        self.there.insert(memory.clone(), made);
        self.open = Some(json!(memory));
        let path = format!("{}/{memory}", self.memories());
        assert_eq!(ada.delete(&path).attempt().await?.status, 204);
        if self.random.below(2) == 0 {
            let path = format!("/trash/{memory}/restore");
            assert_eq!(ada.ask(Method::POST, &path).attempt().await?.status, 204);
            self.open = None;
        } else {
            self.there.remove(&memory);
            assert_eq!(ada.delete(&format!("/trash/{memory}")).attempt().await?.status, 202);
            self.gone.insert(memory);
            self.open = None;
        }
        Some(())
    }

    /// Makes a clone with a memory, and erases it with its key.
    async fn purge(&mut self, ada: &Client, word: &str) -> Option<()> {
        let clone = id(&ada.post("/clones", json!({"name": word})).attempt().await?.is(201));
        self.open = Some(json!(clone));
        let path = format!("/clones/{clone}/memories");
        ada.post(&path, json!({"content": word})).attempt().await?.is(201);
        assert_eq!(ada.delete(&format!("/clones/{clone}")).attempt().await?.status, 204);
        assert_eq!(ada.delete(&format!("/trash/{clone}")).attempt().await?.status, 202);
        self.gone.insert(clone);
        self.open = None;
        Some(())
    }

    /// What was erased is gone, what was brought back is back; what was under way is in one place
    /// or nowhere, never in two.
    async fn check_gone(&mut self, ada: &Client) {
        let open = self.open.take().map(|open| text(&open));
        let trash: BTreeSet<String> = listed(ada, "/trash").await.iter().map(id).collect();
        let path = match self.flow {
            Flow::Purge => "/clones".to_owned(),
            _ => self.memories(),
        };
        let there: BTreeMap<String, Value> =
            listed(ada, &path).await.into_iter().map(|one| (id(&one), one)).collect();
        for gone in &self.gone {
            assert!(!trash.contains(gone) && !there.contains_key(gone), "{}: {gone}", self.name);
            ada.get(&format!("{path}/{gone}")).await.problem(404, "not_found");
        }
        for (kept, was) in self.there.iter().filter(|(one, _)| Some(*one) != open.as_ref()) {
            assert_eq!(there.get(kept), Some(was), "{}: {kept}", self.name);
        }
        if let Some(open) = open {
            assert!(!(trash.contains(&open) && there.contains_key(&open)), "{}", self.name);
            if !there.contains_key(&open) {
                self.there.remove(&open);
            }
        }
    }

    /// Asks for a memory with a key; it is asked for again until it is answered.
    async fn once(&mut self, ada: &Client, word: String) -> Option<()> {
        let open = self.open.get_or_insert_with(|| json!(word)).clone();
        let ask = ada.post(&self.memories(), json!({"content": open}));
        let made = ask.header("idempotency-key", &text(&open)).attempt().await?.is(201);
        self.there.insert(id(&made), made);
        self.open = None;
        Some(())
    }

    async fn check_once(&mut self, ada: &Client) {
        if self.open.is_some() {
            self.once(ada, String::new()).await.expect("a server that lives");
        }
        let there: BTreeMap<String, Value> =
            listed(ada, &self.memories()).await.into_iter().map(|one| (id(&one), one)).collect();
        assert_eq!(there, self.there, "{}: something is there twice, or not at all", self.name);
    }
}
