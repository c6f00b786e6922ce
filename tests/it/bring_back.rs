//! A fresh server gets a backup back over HTTP alone; what cannot be given back leaves it as it was
//! and says why.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::backup::{Disk, named, path, with_directory};
use crate::backup_console::{back_up, recovery_key};
use crate::support::client::{Client, each, items, text};
use crate::support::server::Server;
use crate::support::until;

/// What is left of a server: its backup, the copy of its keys, and its recovery key.
struct Left {
    _server: Server,
    place: Disk,
    clone: String,
    key: String,
    backup: Vec<u8>,
    keyring: Vec<u8>,
    name: String,
}

async fn left() -> Left {
    let (server, place) = with_directory().await;
    of(server, place).await
}

async fn of(server: Server, place: Disk) -> Left {
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    for day in ["Monday", "Tuesday"] {
        ada.remember(&clone, &format!("We swam in the cold lake on {day}.")).await;
    }
    let key = recovery_key(&ada).await;
    let name = back_up(&server, &ada).await;
    let backup = std::fs::read(place.join(&name)).unwrap();
    let keyring = std::fs::read(named(&place, ".keyring").pop().unwrap()).unwrap();
    Left { _server: server, place, clone, key, backup, keyring, name }
}

/// A restore that was begun on a fresh server.
struct Restore {
    client: Client,
    at: String,
}

impl Restore {
    async fn begin(server: &Server) -> (Self, Value) {
        let client = server.client();
        let token = json!({"token": server.setup_token()});
        let begun = client.post("/admin/restores", token).await.is(201);
        let at = format!("/admin/restores/{}", text(&begun["id"]));
        (Self { client, at }, begun["places"].clone())
    }

    async fn bring(&self, part: &str, bytes: &[u8]) -> Value {
        let ask = self.client.ask(Method::POST, &format!("{}/upload?part={part}", self.at));
        let ask = ask.header("content-type", "application/octet-stream");
        ask.bytes(bytes.to_vec()).await.is(200)
    }

    async fn tried(&self, backup: Option<&str>, key: &str) -> Value {
        let body = json!({"recovery_key": key, "backup": backup});
        self.client.post(&format!("{}/try", self.at), body).await.is(202);
        until("it was tried out", || async {
            let view = self.client.get(&self.at).await.is(200);
            (view["state"] != "trying").then_some(view)
        })
        .await
    }

    async fn carry_out(&self) {
        self.client.post(&format!("{}/carry-out", self.at), json!({})).await.is(202);
    }
}

/// Waits until a server has opened again with people in it.
async fn has_people(server: &Server) {
    until("it has opened again", || async {
        let reply = server.client().get("/setup").attempt().await?;
        (reply.status == 200 && reply.json()["needed"] == false).then_some(())
    })
    .await;
}

async fn is_as_it_was(server: &Server) {
    assert_eq!(server.client().get("/setup").await.is(200)["needed"], true);
    for left in ["restore-new", "before-restore", "restore.json"] {
        assert!(!server.data().join(left).exists(), "{left}");
    }
}

async fn has_all(server: &Server, left: &Left) {
    let ada = server.admin_again().await;
    let kept = items(&ada.get(&format!("/clones/{}/memories", left.clone)).await.is(200));
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(each(&kept, "content").iter().all(|said| said.contains("cold lake")));
    until("it is found", || async {
        let found = ada.finds(&left.clone, "cold lake", "&mode=text").await;
        (found.len() == 2).then_some(())
    })
    .await;
    // It goes on as before, and may be backed up with the same recovery key.
    ada.remember(&left.clone, "We swam again.").await;
    let shown = server.command(&["backup", "recovery-key", "--show"], "");
    assert!(shown.out.contains("counts since"), "{shown:?}");
}

#[tokio::test]
async fn what_was_brought_along_comes_back_without_another_process() {
    let left = left().await;
    let mut fresh = Server::start().await;
    let (restore, places) = Restore::begin(&fresh).await;
    assert_eq!(places, json!([]), "no place is set");
    let view = restore.bring("backup", &left.backup).await;
    assert_eq!(view["backup_bytes"], left.backup.len());
    let view = restore.bring("keyring", &left.keyring).await;
    assert_eq!(
        (&view["state"], &view["keyring_bytes"]),
        (&json!("waiting"), &json!(left.keyring.len()))
    );
    let view = restore.tried(None, &left.key).await;
    assert_eq!(view["state"], "ready", "{view}");
    let found = &view["found"];
    let counts = ["accounts", "clones", "memories", "found"].map(|name| &found[name]);
    assert_eq!(counts, [1, 1, 2, 2].map(|count| json!(count)).each_ref(), "{found}");
    assert_eq!(fresh.client().get("/setup").await.is(200)["needed"], true, "nothing happened yet");
    restore.carry_out().await;
    has_people(&fresh).await;
    assert!(!fresh.has_ended(), "it is the same process");
    has_all(&fresh, &left).await;
    until("what was there before is gone", || async {
        (!fresh.data().join("before-restore").exists()).then_some(())
    })
    .await;
    // The link is good for nothing any more.
    let token = json!({"token": fresh.setup_token()});
    fresh.client().post("/admin/restores", token).await.problem(409, "already_set_up");
    restore.client.get(&restore.at).await.is(404);
    assert_eq!(fresh.stop().await, 0);
    fresh.run().await;
    fresh.admin_again().await;
}

#[tokio::test]
async fn a_backup_is_chosen_where_the_settings_say_that_they_lie() {
    let left = left().await;
    let settings = [
        ("CLONEMEMORIA_BACKUP_DIRECTORY", path(&left.place)),
        ("CLONEMEMORIA_BACKUP_EVERY_HOURS", "0"),
    ];
    let fresh = Server::with(&settings).await;
    let (restore, places) = Restore::begin(&fresh).await;
    assert_eq!(each(&items(&places[0]), "id"), [&*left.name]);
    let view = restore.tried(Some(&left.name), &left.key).await;
    assert_eq!(view["state"], "ready", "{view}");
    restore.carry_out().await;
    has_people(&fresh).await;
    has_all(&fresh, &left).await;
    let ada = fresh.admin_again().await;
    let view = ada.get("/admin/backups").await.is(200);
    assert_eq!(view["places"][0]["items"][0]["recovery_key"], true, "{view}");
}

#[tokio::test]
async fn what_cannot_be_given_back_leaves_the_server_as_it_was() {
    let left = left().await;
    let fresh = Server::start().await;
    let wrong = json!({"token": "cm-nobody-was-given-this"});
    fresh.client().post("/admin/restores", wrong).await.problem(403, "setup_token_invalid");
    let (restore, _) = Restore::begin(&fresh).await;
    let body = json!({"recovery_key": left.key});
    let path = format!("{}/try", restore.at);
    restore.client.post(&path, body).await.problem(409, "no_backup_chosen");
    let body = json!({"recovery_key": "AGE-SECRET-KEY-1NONE"});
    restore.client.post(&path, body).await.problem(422, "not_a_recovery_key");
    for elsewhere in ["/etc/passwd", "clonememoria-/../x.cmb"] {
        let body = json!({"recovery_key": left.key, "backup": elsewhere});
        restore.client.post(&path, body).await.is(404);
    }
    restore
        .client
        .post(&format!("{}/carry-out", restore.at), json!({}))
        .await
        .problem(409, "restore_not_ready");

    restore.bring("backup", &left.backup).await;
    let refused = async |key: &str, code: &str| {
        let view = restore.tried(None, key).await;
        assert_eq!(view["state"], "refused", "{view}");
        assert_eq!(view["problem"]["code"], code, "{view}");
        is_as_it_was(&fresh).await;
    };
    refused(&left.key, "keyring_copy_missing").await;
    restore.bring("keyring", &left.keyring).await;
    let another = recovery_key(&Server::start().await.admin().await).await;
    refused(&another, "backup_other_keys").await;
    let mut changed = left.backup.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    restore.bring("backup", &changed).await;
    refused(&left.key, "backup_damaged").await;
    restore.bring("backup", &left.backup[..left.backup.len() - 7]).await;
    refused(&left.key, "backup_damaged").await;
    restore.bring("backup", b"no backup at all").await;
    refused(&left.key, "backup_damaged").await;

    // And then it is brought along as it should be, or given up.
    restore.bring("backup", &left.backup).await;
    assert_eq!(restore.tried(None, &left.key).await["state"], "ready");
    restore.client.delete(&restore.at).await.is(204);
    is_as_it_was(&fresh).await;
    assert!(!fresh.log().contains(&left.key) && !fresh.log().contains(&another));
    fresh.admin().await;
}

#[tokio::test]
async fn a_backup_of_a_newer_version_is_named_as_such() {
    let place = Disk::new();
    let settings = [
        ("CLONEMEMORIA_BACKUP_DIRECTORY", path(&place)),
        ("CLONEMEMORIA_BACKUP_EVERY_HOURS", "0"),
        ("TESTING_NEXT_SCHEMA", "1"),
    ];
    let newer = Server::with(&settings).await;
    let left = of(newer, place).await;
    let fresh = Server::start().await;
    let (restore, _) = Restore::begin(&fresh).await;
    restore.bring("backup", &left.backup).await;
    restore.bring("keyring", &left.keyring).await;
    let view = restore.tried(None, &left.key).await;
    assert_eq!(view["problem"]["code"], "backup_newer", "{view}");
    is_as_it_was(&fresh).await;
}

#[tokio::test]
async fn a_restore_that_is_interrupted_is_the_one_or_the_other() {
    let left = left().await;
    for (stage, comes_back) in [("brought", false), ("ready", false), ("going", true)] {
        let mut fresh = Server::start().await;
        let (restore, _) = Restore::begin(&fresh).await;
        restore.bring("backup", &left.backup).await;
        restore.bring("keyring", &left.keyring).await;
        if stage != "brought" {
            assert_eq!(restore.tried(None, &left.key).await["state"], "ready");
        }
        if stage == "going" {
            restore.carry_out().await;
        } else {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        fresh.kill().await;
        fresh.run().await;
        if comes_back {
            has_all(&fresh, &left).await;
        } else {
            is_as_it_was(&fresh).await;
            assert!(crate::support::files_below(&fresh.data().join("tmp")).is_empty(), "{stage}");
            fresh.admin().await;
        }
    }
}

#[tokio::test]
async fn whoever_made_the_first_account_meanwhile_keeps_it() {
    let left = left().await;
    let fresh = Server::start().await;
    let (restore, _) = Restore::begin(&fresh).await;
    restore.bring("backup", &left.backup).await;
    restore.bring("keyring", &left.keyring).await;
    assert_eq!(restore.tried(None, &left.key).await["state"], "ready");
    let ada = fresh.admin().await;
    let path = format!("{}/carry-out", restore.at);
    restore.client.post(&path, json!({})).await.problem(409, "already_set_up");
    assert_eq!(ada.get("/auth/me").await.is(200)["email"], "admin@example.org");
}

/// Made by the version that wrote `cmb/1` first, with schema 2. These files never change: what
/// somebody kept on a shelf opens for ever.
#[tokio::test]
async fn a_backup_of_the_first_format_opens_for_ever() {
    let golden = |name: &str| std::fs::read(format!("tests/golden/cmb-1/{name}")).unwrap();
    let key = String::from_utf8(golden("recovery-key.txt")).unwrap();
    let fresh = Server::start().await;
    let (restore, _) = Restore::begin(&fresh).await;
    restore.bring("backup", &golden("backup.cmb")).await;
    restore.bring("keyring", &golden("backup.keyring")).await;
    let view = restore.tried(None, &key).await;
    assert_eq!(view["state"], "ready", "{view}");
    restore.carry_out().await;
    has_people(&fresh).await;
    let ada = fresh.admin_again().await;
    let clones = items(&ada.get("/clones").await.is(200));
    let clone = text(&clones[0]["id"]);
    let kept = items(&ada.get(&format!("/clones/{clone}/memories")).await.is(200));
    let mut said = each(&kept, "content");
    said.sort_unstable();
    let expected = ["Monday", "Tuesday"].map(|day| format!("We swam in the cold lake on {day}."));
    assert_eq!(said, expected);
}
