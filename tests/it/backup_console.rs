//! Backups over the API, by those who look after the server: making one, trying it out, the
//! recovery key, and that somebody hears of it when none can be made.

use std::time::Duration;

use serde_json::{Value, json};

use crate::backup::{BY_HAND, Disk, named, path, with_directory};
use crate::support::client::{Client, each, items, text};
use crate::support::server::Server;
use crate::support::until;

const KEY: &str = "/admin/backups/recovery-key";
const PROOF: &str = "/admin/backups/recovery-key/confirm";

pub async fn backups(admin: &Client) -> Value {
    admin.get("/admin/backups").await.is(200)
}

/// Makes a recovery key and shows that it was kept.
pub async fn recovery_key(admin: &Client) -> String {
    let key = text(&admin.post(KEY, json!({})).await.is(201)["recovery_key"]);
    admin.post(PROOF, json!({"typed": key[key.len() - 8..]})).await.is(200);
    key
}

/// Makes a backup and waits for it.
pub async fn back_up(server: &Server, admin: &Client) -> String {
    // Names have seconds in them, and so has the recovery key's beginning.
    server.advance(Duration::from_secs(2)).await;
    let count = |view: &Value| items(&view["places"][0]).len();
    let before = count(&backups(admin).await);
    admin.post("/admin/backups", json!({})).await.is(202);
    let view = until("the backup is made", || async {
        let view = backups(admin).await;
        let is_done = view["schedule"]["running_since"].is_null() && count(&view) > before;
        is_done.then_some(view)
    })
    .await;
    text(&view["places"][0]["items"][0]["id"])
}

async fn tried(admin: &Client, backup: &str) -> Value {
    admin.post(&format!("/admin/backups/{backup}/verify"), json!({})).await.is(202);
    until("it was tried out", || async {
        let trial = backups(admin).await["trial"].clone();
        (!trial["ended_at"].is_null()).then_some(trial)
    })
    .await
}

#[tokio::test]
async fn an_admin_backs_up_and_sees_whether_it_opens_elsewhere() {
    let (server, place) = with_directory().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We swam in the cold lake.").await;
    let before = backups(&ada).await;
    assert_eq!(before["places"][0]["place"], path(&place));
    assert_eq!((&before["restorable"], &before["recovery_key"]), (&json!(false), &json!(null)));
    assert!(before["schedule"]["every_hours"].is_null() && before["trial"].is_null());

    let first = back_up(&server, &ada).await;
    let view = backups(&ada).await;
    assert_eq!(view["places"][0]["items"][0]["recovery_key"], false, "{view}");
    assert_eq!(view["restorable"], false);

    // A key counts when somebody has shown to have it.
    let made = ada.post(KEY, json!({})).await.is(201);
    let key = text(&made["recovery_key"]);
    assert!(key.starts_with("AGE-SECRET-KEY-1") && made["last"] == 8);
    ada.post(PROOF, json!({"typed": "QQQQQQQQ"})).await.problem(422, "recovery_key_mismatch");
    assert!(backups(&ada).await["recovery_key"].is_null());
    let grouped = format!("{} {}", &key[key.len() - 8..key.len() - 4], &key[key.len() - 4..]);
    let view = ada.post(PROOF, json!({"typed": grouped.to_lowercase()})).await.is(200);
    assert_eq!(view["recovery_key"]["public_key"], made["public_key"]);
    assert_eq!(view["places"][0]["keys"]["current"], true, "{view}");
    assert_eq!(view["restorable"], false, "the backup was made before");
    ada.post(PROOF, json!({"typed": key})).await.problem(409, "no_new_recovery_key");
    let told = items(&ada.get("/notifications").await.is(200));
    assert!(each(&told, "topic").contains(&"recovery_key_set"), "{told:?}");

    let second = back_up(&server, &ada).await;
    let view = backups(&ada).await;
    assert_eq!(view["restorable"], true, "{view}");
    let listed = items(&view["places"][0]);
    assert_eq!(each(&listed, "id"), [&*second, &*first], "newest first");

    let trial = tried(&ada, &second).await;
    assert!(trial["problem"].is_null(), "{trial}");
    let found = &trial["found"];
    let counts = ["accounts", "clones", "memories", "searches", "found"].map(|name| &found[name]);
    assert_eq!(counts, [1, 1, 1, 1, 1].map(|count| json!(count)).each_ref(), "{found}");
    let file = place.join(&first);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let trial = tried(&ada, &first).await;
    assert_eq!(trial["problem"]["code"], "backup_damaged", "{trial}");
    for wrong in ["clonememoria-none.cmb", "recovery", "..%2Fdata%2Fkeyring"] {
        ada.post(&format!("/admin/backups/{wrong}/verify"), json!({})).await.is(404);
    }

    let log = items(&ada.get("/admin/audit").await.is(200));
    for event in ["backup_asked", "backup_tried", "recovery_key_set"] {
        assert!(each(&log, "event").contains(&event), "{event} in {log:?}");
    }
    assert!(!server.log().contains(&key) && !server.log().contains(&key[16..]));
}

#[tokio::test]
async fn one_backup_at_a_time_and_none_without_a_place() {
    let (server, _place) = with_directory().await;
    let ada = server.admin().await;
    std::fs::create_dir_all(server.data().join("blobs")).unwrap();
    std::fs::write(server.data().join("blobs/film"), vec![1; 64 << 20]).unwrap();
    ada.post("/admin/backups", json!({})).await.is(202);
    ada.post("/admin/backups", json!({})).await.problem(409, "backup_running");
    assert!(!backups(&ada).await["schedule"]["running_since"].is_null());
    until("it has ended", || async {
        backups(&ada).await["schedule"]["running_since"].is_null().then_some(())
    })
    .await;
    let other = Server::start().await;
    let ben = other.admin().await;
    assert_eq!(backups(&ben).await["places"], json!([]));
    ben.post("/admin/backups", json!({})).await.problem(409, "no_backup_destination");
}

#[tokio::test]
async fn admins_are_told_once_that_backups_fail_until_one_succeeds() {
    let place = Disk::new();
    let settings = [("CLONEMEMORIA_BACKUP_DIRECTORY", path(&place))];
    let server = Server::with(&settings).await;
    server.admin().await;
    server.account("ben").await;
    until("the first is made", || async { named(&place, ".cmb").pop() }).await;
    let told = async |client: &Client, topic: &str| {
        let inbox = items(&client.get("/notifications").await.is(200));
        inbox.iter().filter(|notice| notice["topic"] == topic).cloned().collect::<Vec<_>>()
    };
    let health = async || server.client().page("/readyz").await.is(200)["checks"]["backup"].clone();
    let day = Duration::from_secs(25 * 60 * 60);
    place.unplug();
    server.advance(day).await;
    let ada = server.admin_again().await;
    let notice = until("it is told", || async { told(&ada, "backup_failed").await.pop() }).await;
    assert!(text(&notice["detail"]).contains("it is not there"), "{notice}");
    // It fails again every hour, and for so long that none was made in twice the time.
    server.advance(day).await;
    let ada = server.admin_again().await;
    until("it is overdue", || async {
        let said = health().await["detail"].as_str().map(str::to_owned)?;
        (said.contains("failed") && said.contains("twice the time")).then_some(())
    })
    .await;
    let metrics = ada.page("/metrics/prometheus").await.text();
    for line in ["clonememoria_backup_failed 1", "clonememoria_backup_overdue 1"] {
        assert!(metrics.contains(line), "{metrics}");
    }
    assert_eq!(backups(&ada).await["schedule"]["overdue"], true);
    assert_eq!(told(&ada, "backup_failed").await.len(), 1);
    assert!(told(&ada, "backup_overdue").await.is_empty(), "it was told that it fails");
    place.plug();
    server.advance(Duration::from_secs(2 * 60 * 60)).await;
    until("it is well again", || async { (health().await["status"] == "ok").then_some(()) }).await;
    place.unplug();
    server.advance(day).await;
    let ada = server.admin_again().await;
    until("it is told again", || async {
        (told(&ada, "backup_failed").await.len() == 2).then_some(())
    })
    .await;
    let ben = server.signed_in("ben@example.org").await;
    assert!(told(&ben, "backup_failed").await.is_empty(), "who is no admin is not told");
}

#[tokio::test]
async fn the_newest_backup_is_tried_out_by_itself_and_one_that_is_no_good_is_told() {
    let place = Disk::new();
    let settings = [("CLONEMEMORIA_BACKUP_DIRECTORY", path(&place))];
    let mut server = Server::with(&settings).await;
    let ada = server.admin().await;
    let made = until("a backup is made", || async { named(&place, ".cmb").pop() }).await;
    assert!(backups(&ada).await["trial"].is_null(), "what was just made is left alone");
    let hour = Duration::from_secs(60 * 60);
    server.advance(2 * hour).await;
    let ended = |trial: Value| (!trial["ended_at"].is_null()).then_some(trial);
    let admin = server.admin_again().await;
    let first =
        until("it is tried out", || async { ended(backups(&admin).await["trial"].clone()) }).await;
    assert!(first["problem"].is_null(), "{first}");
    assert_eq!(server.stop().await, 0);
    server.run().await;
    let admin = server.admin_again().await;
    assert_eq!(backups(&admin).await["trial"], first, "it is known after a restart");

    let mut bytes = std::fs::read(&made).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&made, bytes).unwrap();
    server.advance(8 * 24 * hour).await;
    let admin = server.admin_again().await;
    let second = until("it is tried out again", || async {
        ended(backups(&admin).await["trial"].clone()).filter(|trial| *trial != first)
    })
    .await;
    assert_eq!(second["problem"]["code"], "backup_damaged", "{second}");
    until("the admin hears of it", || async {
        let told = items(&admin.get("/notifications").await.is(200));
        each(&told, "topic").contains(&"backup_failed").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_disk_without_room_gets_no_half_backup() {
    let place = Disk::new();
    let settings = [("CLONEMEMORIA_BACKUP_DIRECTORY", path(&place)), BY_HAND];
    let Some(mut server) = Server::on_small_disk(96, &settings) else { return };
    server.run().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We swam in the cold lake.").await;
    server.disk().fill(6 << 20);
    until("it is refused", || async {
        let reply = ada.post("/admin/backups", json!({})).await;
        (reply.status == 507).then_some(())
    })
    .await;
    let refused = server.command(&["backup"], "");
    assert!(refused.code != 0 || !named(&place, ".cmb").is_empty(), "{refused:?}");
    assert!(named(&place, ".partial").is_empty());
    for whole in named(&place, ".cmb") {
        server.command(&["backup", "verify", path(&whole)], "").ok();
    }
    server.disk().empty();
    until("there is room again", || async {
        (ada.post("/admin/backups", json!({})).await.status == 202).then_some(())
    })
    .await;
    until("it is made", || async { named(&place, ".cmb").pop() }).await;
}
