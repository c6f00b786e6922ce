//! One client that makes, changes and removes things of one kind, and knows exactly what it was
//! told. What was under way when the server died may be there wholly, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};

use super::random::Random;
use crate::support::client::{Client, id, items, text};

/// So many things at most; then it removes some.
const MOST: usize = 14;

/// What kind of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Memories,
    People,
    Keys,
    Spaces,
    Invitations,
    Links,
    Conversations,
}

impl Kind {
    /// A body to make one of which there is no other.
    fn body(self, word: &str) -> Value {
        match self {
            Self::Memories => json!({"content": word, "title": format!("{word}t"), "tags": ["t"]}),
            Self::People => json!({"name": word, "relation": format!("{word}r")}),
            Self::Keys => json!({"label": word, "scopes": ["read"]}),
            Self::Spaces => json!({"name": word}),
            Self::Invitations => json!({"role": "visitor", "email": format!("{word}@example.org")}),
            Self::Links => json!({"label": word}),
            Self::Conversations => json!({"title": word}),
        }
    }

    /// What is changed of one, if it can be.
    fn change(self, word: &str) -> Option<Value> {
        match self {
            Self::Memories => Some(json!({"content": word, "title": format!("{word}t")})),
            Self::People => Some(json!({"name": word, "notes": format!("{word}n")})),
            Self::Spaces => Some(json!({"name": word})),
            Self::Conversations => Some(json!({"title": word, "pinned": true})),
            Self::Keys | Self::Invitations | Self::Links => None,
        }
    }

    /// What an acknowledged answer says that is there in every later one.
    fn lasting(self, answer: &Value) -> Value {
        let mut kept = answer.clone();
        for name in ["key", "token", "url", "state", "last_used_at", "memory_count"] {
            kept.as_object_mut().expect("a thing").remove(name);
        }
        kept
    }
}

/// What was asked for and not answered.
enum Pending {
    Make(Value),
    Change(String, Value),
    Remove(String),
}

/// The client.
pub struct Shelf {
    pub name: String,
    kind: Kind,
    list: String,
    item: String,
    things: BTreeMap<String, Value>,
    /// What was there before, and is not this client's.
    others: BTreeSet<String>,
    pending: Option<Pending>,
    random: Random,
    count: u64,
}

impl Shelf {
    /// Over the things at `list`, each of which is below `item`.
    pub fn new(name: &str, kind: Kind, list: String, item: &str, seed: u64) -> Self {
        let (things, random) = (BTreeMap::new(), Random::of(seed, name));
        let (name, item) = (name.to_owned(), item.to_owned());
        let others = BTreeSet::new();
        Self { name, kind, list, item, things, others, pending: None, random, count: 0 }
    }

    /// Leaves alone what is there already.
    pub async fn begin(&mut self, ada: &Client) {
        self.others = listed(ada, &self.list).await.iter().map(id).collect();
    }

    /// How many changes were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.count
    }

    /// What must have been mailed: to whom.
    pub fn invited(&self) -> Vec<String> {
        let there = self.things.values().filter(|_| self.kind == Kind::Invitations);
        there.map(|thing| text(&thing["email"])).collect()
    }

    fn some_thing(&mut self) -> Option<String> {
        let at = self.random.below(self.things.len().max(1));
        self.things.keys().nth(at).cloned()
    }

    /// Does one thing; whether the server is there still.
    pub async fn step(&mut self, ada: &Client) -> bool {
        let word = format!("{}x{:016x}", self.name, self.random.next());
        let chance = self.random.below(10);
        let chosen = self.some_thing().filter(|_| chance >= 5 || self.things.len() >= MOST);
        let change = self.kind.change(&word).filter(|_| chance < 8);
        let (ask, pending) = match (chosen, change) {
            (None, _) => {
                let body = self.kind.body(&word);
                (ada.post(&self.list, body.clone()), Pending::Make(body))
            }
            (Some(thing), Some(change)) => {
                let ask = ada.patch(&format!("{}/{thing}", self.item), change.clone());
                (ask, Pending::Change(thing, change))
            }
            (Some(thing), None) => {
                (ada.delete(&format!("{}/{thing}", self.item)), Pending::Remove(thing))
            }
        };
        self.pending = Some(pending);
        let Some(reply) = ask.attempt().await else { return false };
        let pending = self.pending.take().expect("asked for");
        assert!(
            matches!(reply.status, 200 | 201 | 204),
            "{}: {} {}",
            self.name,
            reply.status,
            reply.text()
        );
        self.count += 1;
        match pending {
            Pending::Make(_) | Pending::Change(..) => {
                let answer = reply.json();
                self.things.insert(id(&answer), self.kind.lasting(&answer));
            }
            Pending::Remove(thing) => {
                self.things.remove(&thing);
            }
        }
        true
    }

    /// Compares everything with what it knows, and takes what was under way as it is found.
    pub async fn check(&mut self, ada: &Client) {
        let found = listed(ada, &self.list).await;
        let mut found: BTreeMap<String, Value> =
            found.iter().map(|thing| (id(thing), self.kind.lasting(thing))).collect();
        found.retain(|thing, _| !self.others.contains(thing));
        self.settle(&found);
        for (thing, expected) in &self.things {
            let there = found.get(thing).unwrap_or_else(|| {
                panic!("{}: {thing} was lost: {expected}", self.name);
            });
            assert_eq!(there, expected, "{}: {thing} is not as it was acknowledged", self.name);
        }
        let extra: Vec<_> = found.keys().filter(|id| !self.things.contains_key(*id)).collect();
        assert!(extra.is_empty(), "{}: nobody acknowledged {extra:?}", self.name);
        if self.kind == Kind::Memories {
            self.check_memories(ada).await;
        }
    }

    /// What was not answered is there wholly, or not at all.
    fn settle(&mut self, found: &BTreeMap<String, Value>) {
        match self.pending.take() {
            None => {}
            Some(Pending::Make(body)) => {
                let new = found
                    .iter()
                    .find(|(id, thing)| !self.things.contains_key(*id) && has(thing, &body));
                self.things.extend(new.map(|(id, thing)| (id.clone(), thing.clone())));
            }
            Some(Pending::Change(thing, change)) => {
                let Some(there) = found.get(&thing) else { return };
                let old = &self.things[&thing];
                if there != old {
                    assert!(has(there, &change), "{}: half changed: {there}", self.name);
                    self.things.insert(thing, there.clone());
                }
            }
            Some(Pending::Remove(thing)) => self.things.retain(|known, _| {
                // It is gone, or it is there as it was.
                *known != thing || found.contains_key(known)
            }),
        }
    }

    /// Counts, revisions and searches say the same as the list.
    async fn check_memories(&mut self, ada: &Client) {
        let clone = self.list.trim_end_matches("/memories").to_owned();
        let count = ada.get(&clone).await.is(200)["memory_count"].as_u64();
        assert_eq!(count, u64::try_from(self.things.len()).ok(), "{}: the count", self.name);
        for _ in 0..3.min(self.things.len()) {
            let Some(thing) = self.some_thing() else { return };
            let expected = &self.things[&thing];
            let there = ada.get(&format!("{}/{thing}", self.item)).await.is(200);
            assert_eq!(&self.kind.lasting(&there), expected, "{}", self.name);
            let past = listed(ada, &format!("{}/{thing}/revisions", self.item)).await;
            let revision = expected["revision"].as_u64().expect("a number");
            assert_eq!(past.len() as u64 + 1, revision, "{}: revisions of {thing}", self.name);
            let found = format!("{clone}/search?q={}&mode=text", text(&expected["content"]));
            let found = ada.get(&found).await.is(200);
            let first = &found["hits"][0]["id"];
            assert_eq!(first, &json!(thing), "{}: it is not found: {found}", self.name);
        }
    }
}

/// Whether a thing has all that a body says.
fn has(thing: &Value, body: &Value) -> bool {
    body.as_object().expect("a body").iter().all(|(name, value)| thing[name] == *value)
}

/// All items of a list, page by page.
pub async fn listed(ada: &Client, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = ada.ask(Method::GET, &format!("{path}?limit=200{cursor}")).await.is(200);
        all.extend(items(&page));
        match page["next_cursor"].as_str() {
            None => return all,
            Some(next) => cursor = format!("&cursor={next}"),
        }
    }
}
