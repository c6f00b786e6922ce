//! Everything of an account, taken along: all that is in it is in there, and nothing of others.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::matrix::things::SITE;
use crate::support::PASSWORD;
use crate::support::client::{Client, id, items, text};
use crate::support::passkey::Passkey;
use crate::support::server::Server;

/// An export, unpacked.
pub struct Taken {
    pub files: BTreeMap<String, String>,
}

impl Taken {
    pub fn of(bytes: &Bytes) -> Self {
        let mut zip = ZipArchive::new(Cursor::new(bytes)).expect("a ZIP");
        let mut files = BTreeMap::new();
        for at in 0..zip.len() {
            let mut file = zip.by_index(at).expect("a file");
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("whole, with the right checksum");
            let name = file.name().expect("a name").into_owned();
            // Those of memories may be anything.
            let text = match name.starts_with("files/") {
                true => String::from_utf8_lossy(&bytes).into_owned(),
                false => String::from_utf8(bytes).expect("UTF-8"),
            };
            files.insert(name, text);
        }
        Self { files }
    }

    pub async fn by(client: &Client) -> Self {
        let reply = client.get("/auth/me/export").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/zip"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        Self::of(&reply.bytes)
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.files[name]).expect("JSON")
    }

    pub fn rows(&self, record: &str) -> Vec<Value> {
        let lines = self.files[&format!("data/{record}.jsonl")].lines();
        lines.map(|line| serde_json::from_str(line).expect("JSON a line")).collect()
    }

    pub fn records(&self) -> Vec<String> {
        self.json("manifest.json")["files"]
            .as_array()
            .expect("files")
            .iter()
            .map(|file| text(&file["record"]))
            .collect()
    }

    /// In which files a word stands.
    pub fn finds(&self, word: &str) -> Vec<&str> {
        let found = self.files.iter().filter(|(_, text)| text.contains(word));
        found.map(|(name, _)| name.as_str()).collect()
    }
}

/// Makes up words that stand nowhere else, and knows where each was put.
#[derive(Default)]
pub struct Canaries {
    whose: &'static str,
    planted: Vec<(String, String)>,
}

impl Canaries {
    pub fn new(whose: &'static str) -> Self {
        Self { whose, planted: Vec::new() }
    }

    fn word(&mut self, place: &str) -> String {
        let word = format!("{}kanarie{:03}", self.whose, self.planted.len());
        self.planted.push((word.clone(), place.to_owned()));
        word
    }

    /// A body with a word in each of these fields.
    fn body(&mut self, of: &str, fields: &[&str], more: Value) -> Value {
        let mut body = more;
        for field in fields {
            body[*field] = json!(self.word(&format!("{of}.{field}")));
        }
        body
    }
}

/// Fills everything that somebody can fill, in a space of their own and in one of several.
#[expect(clippy::too_many_lines, reason = "one of everything")]
pub async fn fill(client: &Client, words: &mut Canaries, clone: &str) -> Client {
    let me = words.body("me", &["display_name"], json!({"time_zone": "Europe/Paris"}));
    client.patch("/auth/me", me).await.is(200);
    let own = id(&client.post("/spaces", words.body("space", &["name"], json!({}))).await.is(201));
    let address = format!("{}@example.org", words.word("invitation.email"));
    let invited = json!({"role": "visitor", "email": address});
    client.post(&format!("/spaces/{own}/invitations"), invited).await.is(201);
    let label = words.body("key", &["label"], json!({"scopes": ["read"]}));
    client.post("/api-keys", label).await.is(201);
    let fields = [
        "name",
        "description",
        "relationship",
        "biography",
        "style",
        "greeting",
        "instructions",
        "category",
    ];
    let more = json!({
        "traits": [words.word("clone.traits")], "tags": [words.word("clone.tags")],
        "born": "1931", "died": "1999", "language": "en", "visibility": "space",
        "subject": "fictional",
    });
    let profile = words.body("clone", &fields, more);
    let made = id(&client.post("/clones", profile).await.is(201));
    let settings = json!({"llm": {"model": words.word("settings.model")}, "contributions": "open"});
    client.patch(&format!("/clones/{made}/settings"), settings).await.is(200);
    for (clone, visibility) in [(made.as_str(), "space"), (clone, "space"), (clone, "author")] {
        let more = json!({
            "people": [words.word("memory.people")], "tags": [words.word("memory.tags")],
            "metadata": {"note": words.word("memory.metadata")}, "visibility": visibility,
            "occurred_text": "in the summer of 1962", "sequence": 7,
        });
        let fields = ["content", "title", "place", "external_id", "source", "speaker", "thread"];
        let memory = client.remember_as(clone, words.body("memory", &fields, more)).await;
        let path = format!("/clones/{clone}/memories/{}", id(&memory));
        let changed = words.body("memory", &["content"], json!({}));
        client.patch(&path, changed).await.is(200);
        let more = json!({"aliases": [words.word("person.aliases")], "born": "1930"});
        let person = words.body("person", &["name", "relation", "notes"], more);
        client.post(&format!("/clones/{clone}/people"), person).await.is(201);
        let gone = words.body("memory", &["content", "title"], json!({"visibility": visibility}));
        let gone = id(&client.remember_as(clone, gone).await);
        client.delete(&format!("/clones/{clone}/memories/{gone}")).await.is(204);
        let title = words.body("conversation", &["title"], json!({}));
        let talk = client.post(&format!("/clones/{clone}/conversations"), title).await.is(201);
        let (_, answer) = client.say(&id(&talk), &words.word("message.content")).await;
        let path = format!("/conversations/{}/messages/{}/feedback", id(&talk), id(&answer));
        let rating = words.body("feedback", &["comment"], json!({"rating": -1}));
        client.put(&path, rating).await.is(200);
    }
    let link = words.body("link", &["label"], json!({}));
    client.post(&format!("/clones/{made}/share-links"), link).await.is(201);
    // It begins a new security epoch; the answer has the sign-in that goes on.
    let question = client.post("/auth/passkeys/register/start", json!({})).await.is(200);
    let credential = Passkey::made_for(&question, SITE).introduces_itself(&question);
    let label = words.word("passkey.label");
    let made = json!({"id": question["id"], "label": label, "credential": credential});
    let made = client.post("/auth/passkeys/register/finish", made).await.is(201);
    client.with_token(&text(&made["session"]["access_token"]))
}

/// Where passkeys can be made; that things are found by meaning as well is tested elsewhere.
pub const PLAIN: [(&str, &str); 2] =
    [("CLONEMEMORIA_SERVER_PUBLIC_URL", SITE), ("CLONEMEMORIA_EMBEDDING_PROVIDER", "none")];

/// Somebody writes for a clone of another's, and neither what they wrote nor how they changed it
/// is all let in.
async fn what_waits(writes: &Client, lets_in: &Client, words: &mut Canaries) {
    let space = id(&lets_in.post("/spaces", json!({"name": "His"})).await.is(201));
    writes.joins(lets_in, &space, "contributor").await;
    let his =
        json!({"name": "His", "subject": "fictional", "space_id": space, "visibility": "space"});
    let his = id(&lets_in.post("/clones", his).await.is(201));
    writes.remember(&his, &words.word("memory.content")).await;
    let memory = id(&writes.remember(&his, &words.word("memory.content")).await);
    let path = format!("/clones/{his}/memories/{memory}");
    lets_in.post(&format!("{path}/approve"), json!({"revision": 1})).await.is(200);
    let change = json!({"content": words.word("memory.change"), "tags": [words.word("a tag")]});
    writes.patch(&path, change).await.is(200);
}

/// A server with Ada and Ben in one space, each with everything.
async fn house() -> (Server, Client, Client, Canaries, Canaries) {
    let server = Server::with(&PLAIN).await;
    let ada = server.admin().await;
    let space = id(&ada.post("/spaces", json!({"name": "Both"})).await.is(201));
    let ben = server.account("ben").await;
    ben.joins(&ada, &space, "steward").await;
    let shared =
        json!({"name": "Shared", "subject": "fictional", "space_id": space, "visibility": "space"});
    let clone = id(&ada.post("/clones", shared).await.is(201));
    let (mut hers, mut his) = (Canaries::new("ada"), Canaries::new("ben"));
    let ada = fill(&ada, &mut hers, &clone).await;
    let ben = fill(&ben, &mut his, &clone).await;
    what_waits(&ada, &ben, &mut hers).await;
    (server, ada, ben, hers, his)
}

#[tokio::test]
async fn all_that_somebody_wrote_is_in_there_and_nothing_of_others() {
    let (server, ada, ben, hers, his) = house().await;
    for (client, own, others) in [(&ada, &hers, &his), (&ben, &his, &hers)] {
        let taken = Taken::by(client).await;
        let document = client.get("/auth/me/export?format=json").await;
        assert_eq!(document.header("content-type"), Some("application/json"));
        let document = document.text();
        let (mut missing, mut foreign) = (Vec::new(), Vec::new());
        for (word, place) in &own.planted {
            let found = taken.finds(word);
            let lines = found.iter().any(|name| name.starts_with("data/"));
            if !lines || !found.contains(&"data.json") || !document.contains(word.as_str()) {
                missing.push(format!("{place}: {found:?}"));
            }
            let told = ["memory.content", "memory.title", "message.content", "me.display_name"];
            if told.contains(&place.as_str()) && !found.contains(&"index.html") {
                // What a memory said before is for programs alone.
                let before = found.contains(&"data/memory_revisions.jsonl");
                assert!(before, "the page does not show {place}: {found:?}");
            }
        }
        for (word, place) in &others.planted {
            let found = taken.finds(word);
            if !found.is_empty() || document.contains(word.as_str()) {
                foreign.push(format!("{place}: {found:?}"));
            }
        }
        println!(
            "{}: {} canaries planted, {} missing",
            own.whose,
            own.planted.len(),
            missing.len()
        );
        assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
        assert!(foreign.is_empty(), "of somebody else:\n{}", foreign.join("\n"));
        assert!(own.planted.len() > 70);
        let secret = ["phc", "argon2", "cmk_"];
        assert!(secret.iter().all(|secret| taken.finds(secret).is_empty()));
    }
    drop(server);
}

/// Personal fields that nothing here fills, and why.
const EMPTY: &[(&str, &str)] = &[
    ("account", "suspended_at"),
    ("account", "exported_at"),
    ("sessions", "address"),
    ("api_keys", "clones"),
    ("api_keys", "networks"),
    ("api_keys", "expires_at"),
    ("clones", "deleted_at"),
    ("memories", "occurred_at"),
    ("activity", "address"),
    ("spaces", "group"),
];

#[tokio::test]
async fn every_line_is_of_the_form_that_its_schema_says_and_every_field_is_filled_by_somebody() {
    let (server, ada, ..) = house().await;
    let taken = Taken::by(&ada).await;
    let whole = taken.json("data.json");
    let mut unfilled = BTreeSet::new();
    let (mut lines, mut fields) = (0, 0);
    for record in taken.records() {
        let schema = taken.json(&format!("schema/{record}.schema.json"));
        let named: BTreeSet<String> =
            schema["required"].as_array().unwrap().iter().map(text).collect();
        let rows = taken.rows(&record);
        assert_eq!(whole["records"][&record].as_array().unwrap(), &rows, "{record}");
        for row in &rows {
            lines += 1;
            let there: BTreeSet<String> = row.as_object().unwrap().keys().cloned().collect();
            assert_eq!(there, named, "{record}");
            for (name, value) in row.as_object().unwrap() {
                let allowed = schema["properties"][name]["type"].as_array().unwrap();
                let is = match value {
                    Value::Null => "null",
                    Value::Bool(_) => "boolean",
                    Value::Number(_) => "number",
                    Value::String(_) => "string",
                    Value::Array(_) => "array",
                    Value::Object(_) => "object",
                };
                assert!(allowed.contains(&json!(is)), "{record}.{name} is {value}");
                let time = schema["properties"][name]["format"] == "date-time";
                assert!(!time || value.is_null() || text(value).parse::<jiff::Timestamp>().is_ok());
            }
        }
        if rows.is_empty() {
            continue;
        }
        for name in &named {
            fields += 1;
            let filled = rows.iter().any(|row| !row[name].is_null());
            let excused = EMPTY.contains(&(record.as_str(), name.as_str()));
            if !filled && !excused && schema["properties"][name]["x-personal"] == true {
                unfilled.insert(format!("{record}.{name}"));
            }
        }
    }
    println!("{lines} lines, {fields} fields, never filled: {unfilled:?}");
    assert_eq!(whole["account_id"], ada.get("/auth/me").await.is(200)["id"]);
    assert_eq!(whole["providers"][0]["id"], "builtin");
    drop(server);
}

#[tokio::test]
async fn quotes_of_what_one_may_not_read_any_more_are_left_out() {
    let (server, ada, ben, ..) = house().await;
    let spaces = items(&ben.get("/clones").await.is(200));
    let clone = id(spaces.iter().find(|clone| clone["name"] == "Shared").expect("it"));
    let told = "The kanarieheimlich swam across the blue lake in summer.";
    let memory = id(&ada.remember(&clone, told).await);
    let talk = ben.converse(&clone).await;
    let (_, answer) = ben.say(&talk, "Who swam across the blue lake in summer?").await;
    assert!(answer.to_string().contains("kanarieheimlich"), "{answer}");
    assert!(!Taken::by(&ben).await.finds("kanarieheimlich").is_empty(), "it is his conversation");
    let path = format!("/clones/{clone}/memories/{memory}");
    ada.patch(&path, json!({"visibility": "author"})).await.is(200);
    assert_eq!(Taken::by(&ben).await.finds("kanarieheimlich"), Vec::<&str>::new());
    ada.patch(&path, json!({"visibility": "space"})).await.is(200);
    ada.patch(&format!("/clones/{clone}"), json!({"visibility": "private"})).await.is(200);
    let steward = Taken::by(&ben).await.finds("kanarieheimlich").len();
    assert!(steward > 0, "a steward still sees it");
    let space = text(&ada.get(&format!("/clones/{clone}")).await.is(200)["space_id"]);
    let me = id(&ben.get("/auth/me").await.is(200));
    ada.delete(&format!("/spaces/{space}/members/{me}")).await.is(204);
    let gone = Taken::by(&ben).await;
    assert_eq!(gone.finds("kanarieheimlich"), Vec::<&str>::new());
    assert!(!gone.finds("Who swam across").is_empty(), "what he asked is his");
    drop(server);
}

#[tokio::test]
async fn it_takes_a_fresh_proof_and_is_written_down() {
    let server = Server::start().await;
    let ada = server.admin().await;
    assert!(ada.get("/auth/me").await.is(200)["last_data_export_at"].is_null());
    Taken::by(&ada).await;
    let at = text(&ada.get("/auth/me").await.is(200)["last_data_export_at"]);
    assert!(at.parse::<jiff::Timestamp>().is_ok(), "{at}");
    let activity = items(&ada.get("/auth/me/activity").await.is(200));
    assert!(activity.iter().any(|entry| entry["event"] == "data_exported"), "{activity:?}");
    ada.get("/auth/me/export?format=xml").await.problem(400, "malformed");
    server.advance(Duration::from_secs(301)).await;
    ada.get("/auth/me/export").await.problem(401, "reauth_required");
    ada.post("/auth/reauth", json!({"password": PASSWORD})).await.is(200);
    Taken::by(&ada).await;
    // Neither programs nor those who agreed to nothing are another matter.
    let key = ada.post("/api-keys", json!({"label": "x", "scopes": ["read"]})).await.is(201);
    let by_key = server.client().get("/auth/me/export").header("x-api-key", &text(&key["key"]));
    by_key.await.problem(403, "session_required");
    ada.patch("/auth/me/consent", json!({"data_processing": false})).await.is(200);
    Taken::by(&ada).await;
}

#[tokio::test]
async fn however_much_there_is_it_takes_little_memory() {
    let server = Server::with(&[
        ("CLONEMEMORIA_EMBEDDING_PROVIDER", "none"),
        ("CLONEMEMORIA_LIMITS_DATABASE_CACHE_MB", "1"),
    ])
    .await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let mut random = 7_u64;
    let mut word = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{random:016x}")
    };
    let mut all = 0;
    // Notes about people are not indexed, so that writing many takes no time.
    let path = format!("/clones/{clone}/people");
    for _ in 0..1_000 {
        let notes: String = (0..625).map(|_| word()).collect();
        all += notes.len();
        ada.post(&path, json!({"name": "Anna", "notes": notes})).await.is(201);
    }
    let before = server.resident();
    let most = AtomicU64::new(0);
    let taking = async {
        let taken = ada.get("/auth/me/export").await;
        most.fetch_or(1 << 63, Ordering::SeqCst);
        taken
    };
    let looking = async {
        while most.load(Ordering::SeqCst) >> 63 == 0 {
            most.fetch_max(server.resident(), Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let (taken, ()) = tokio::join!(taking, looking);
    let grown = (most.into_inner() & !(1 << 63)).saturating_sub(before);
    let size = taken.bytes.len();
    println!("{all} bytes of notes, {size} bytes of ZIP, {grown} bytes more memory");
    assert!(size > all / 3 && grown < (all / 2) as u64, "{all} {size} {grown}");
    assert_eq!(Taken::of(&taken.bytes).rows("people").len(), 1_000);
}
