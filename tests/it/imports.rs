//! What was taken along, taken in elsewhere: the same comes out again, and nothing else gets in.

use std::collections::BTreeSet;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::exports::{Canaries, PLAIN, Taken, fill};
use crate::support::client::{Client, id, text};
use crate::support::command::Ended;
use crate::support::server::Server;

/// What comes back as it was, but for what is listed at [`told`].
const SAME: [&str; 10] = [
    "spaces",
    "clones",
    "other_clones",
    "clone_settings",
    "memories",
    "memory_revisions",
    "people",
    "conversations",
    "messages",
    "trash",
];

/// The lines of a record as they are the same here and there: whose account it is and the
/// identifier of its personal space are others, and who is in a space is its only owner.
fn told(taken: &Taken, record: &str, (account, space): (&str, &str)) -> BTreeSet<String> {
    let lines = taken.rows(record).into_iter().map(|mut line| {
        if record == "spaces" {
            for field in ["role", "members", "group"] {
                line[field] = Value::Null;
            }
            if line["kind"] == "personal" {
                line["created_at"] = Value::Null;
                line["since"] = Value::Null;
            }
        }
        line.to_string().replace(account, "ACCOUNT").replace(space, "SPACE")
    });
    lines.collect()
}

fn own_of(taken: &Taken) -> (String, String) {
    let spaces = taken.rows("spaces");
    let space = spaces.iter().find(|space| space["kind"] == "personal").expect("one");
    (text(&taken.json("manifest.json")["account_id"]), text(&space["id"]))
}

/// Takes a file into the admin's account.
fn take_in(server: &Server, bytes: &[u8]) -> Ended {
    let path: PathBuf = server.beside("taken.zip");
    std::fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap();
    server.command(&["import-export", path, "--email", "admin@example.org"], "")
}

async fn export_of(client: &Client) -> bytes::Bytes {
    let reply = client.get("/auth/me/export").await;
    assert_eq!(reply.status, 200);
    reply.bytes
}

#[tokio::test]
async fn what_was_taken_along_comes_out_again_elsewhere() {
    let here = Server::with(&PLAIN).await;
    let ada = here.admin().await;
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let shared =
        json!({"name": "Shared", "subject": "fictional", "space_id": space, "visibility": "space"});
    let clone = id(&ada.post("/clones", shared).await.is(201));
    let mut words = Canaries::new("ada");
    let ada = fill(&ada, &mut words, &clone).await;
    ada.remember(&clone, "We swam in the blue lake near the mill.").await;
    let bytes = export_of(&ada).await;
    let before = Taken::of(&bytes);

    let there = Server::with(&PLAIN).await;
    let other = there.admin().await;
    let said = take_in(&there, &bytes).ok();
    assert!(said.contains("memories: ") && said.contains("messages: "), "{said}");
    let again = take_in(&there, &bytes).ok();
    assert_eq!(again, said, "doing it again does no harm");
    let after = Taken::by(&other).await;
    let (own_then, own_now) = (own_of(&before), own_of(&after));
    let mut lines = 0;
    for record in SAME {
        let then = told(&before, record, (&own_then.0, &own_then.1));
        let now = told(&after, record, (&own_now.0, &own_now.1));
        let lost: Vec<_> = then.difference(&now).collect();
        let new: Vec<_> = now.difference(&then).collect();
        assert!(lost.is_empty() && new.is_empty(), "{record}: lost {lost:#?}, new {new:#?}");
        lines += then.len();
    }
    println!("{lines} lines of {} records, 0 differences", SAME.len());
    assert!(lines > 25);
    // It is not only kept: it is found, counted and in the trash.
    let found = other.finds(&clone, "Where did you swim?", "").await;
    assert!(found.iter().any(|text| text.contains("blue lake")), "{found:?}");
    let counts = |client: &Client| {
        let client = client.clone();
        let clone = clone.clone();
        async move {
            let shown = client.get(&format!("/clones/{clone}")).await.is(200);
            (shown["memory_count"].clone(), shown["people_count"].clone())
        }
    };
    assert_eq!(counts(&other).await, counts(&ada).await);
    let trash = |value: Value| value["items"].as_array().unwrap().len();
    let (gone, kept) = (other.get("/trash").await.is(200), ada.get("/trash").await.is(200));
    assert_eq!(trash(gone), trash(kept));
    // What opens an account or was agreed to elsewhere does not come along.
    assert_eq!(after.rows("api_keys").len() + after.rows("share_links").len(), 0);
    assert_eq!(after.rows("consents").len(), 1);
}

fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const ACCOUNT: &str = "01a1fcac-b25f-7500-b535-1683378e5dd7";

fn manifest(version: u32) -> String {
    json!({"format": "clonememoria-export", "version": version, "account_id": ACCOUNT}).to_string()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn a_hostile_file_is_refused_and_leaves_nothing() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let good = manifest(1);
    let wide = format!("{{\"id\":\"{}\"}}", "x".repeat(9 << 20));
    let bomb = " ".repeat(200 << 20);
    let space = |id: &str, since: &str| {
        json!({
            "id": id, "name": "x", "kind": "shared", "created_at": since, "role": "owner",
            "since": since, "group": null, "members": 1,
        })
        .to_string()
    };
    let (now, free) = ("2026-01-01T00:00:00Z", "01a1fcac-b25f-7500-b535-1683378e5dd8");
    let memory = json!({"id": free, "clone_id": free}).to_string();
    for (what, bytes, word) in [
        ("no ZIP", b"PK\x03\x04 nothing".to_vec(), "no ZIP"),
        ("empty", zipped(&[]), "no manifest"),
        ("another format", zipped(&[("manifest.json", "{}")]), "no manifest"),
        ("no JSON", zipped(&[("manifest.json", "x")]), "no manifest"),
        ("the future", zipped(&[("manifest.json", &manifest(2))]), "version"),
        (
            "other fields",
            zipped(&[("manifest.json", &good), ("data/memories.jsonl", &memory)]),
            "other fields",
        ),
        (
            "no time",
            zipped(&[("manifest.json", &good), ("data/spaces.jsonl", &space(free, "soon"))]),
            "time",
        ),
        (
            "no identifier",
            zipped(&[("manifest.json", &good), ("data/spaces.jsonl", &space("../x", now))]),
            "field",
        ),
        ("a list", zipped(&[("manifest.json", &good), ("data/people.jsonl", "[]")]), "object"),
        (
            "a wide line",
            zipped(&[("manifest.json", &good), ("data/clones.jsonl", &wide)]),
            "unpacks",
        ),
        ("a bomb", zipped(&[("manifest.json", &good), ("data/clones.jsonl", &bomb)]), "unpacks"),
    ] {
        let ended = take_in(&server, &bytes);
        assert_ne!(ended.code, 0, "{what} was taken in");
        let told = format!("{}{}", ended.out, ended.err);
        assert!(told.contains(word), "{what}: {told}");
    }
    // Paths lead nowhere: only files of known names are read, and none is written.
    let outside = zipped(&[("manifest.json", &good), ("../../escaped.txt", "x"), ("/abs", "x")]);
    take_in(&server, &outside).ok();
    assert!(!server.beside("escaped.txt").exists());
    let taken = Taken::by(&admin).await;
    assert!(SAME.iter().filter(|name| **name != "spaces").all(|name| taken.rows(name).is_empty()));
    assert_eq!(taken.rows("spaces").len(), 1);
    // What is somebody else's here stays theirs.
    let ben = server.account("ben").await;
    let clone = ben.new_clone("Ben's").await;
    ben.remember(&clone, "Ben's own.").await;
    let his = Taken::by(&ben).await;
    let lines = &his.files["data/clones.jsonl"];
    let stolen = zipped(&[("manifest.json", &good), ("data/clones.jsonl", lines)]);
    let ended = take_in(&server, &stolen);
    assert!(ended.code != 0 && ended.err.contains("here already"), "{} {}", ended.out, ended.err);
    assert_eq!(Taken::by(&ben).await.files["data/clones.jsonl"], *lines);
    let below = &his.files["data/memories.jsonl"];
    let below = zipped(&[("manifest.json", &good), ("data/memories.jsonl", below)]);
    assert_ne!(take_in(&server, &below).code, 0, "a memory below somebody else's clone");
    // An account that has something already is no place for it.
    admin.new_clone("Mine").await;
    let ended = take_in(&server, &zipped(&[("manifest.json", &good)]));
    assert!(ended.code != 0 && ended.err.contains("no clones yet"), "{} {}", ended.out, ended.err);
}
