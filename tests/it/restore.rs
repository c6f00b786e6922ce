//! Backups are given back: here, on a machine that knows nothing, and never by half.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use serde_json::json;

use crate::backup::{last, named, path, recovery_key, with_directory};
use crate::erasure::{erased, receipt_of};
use crate::support::client::{Client, each, id, items, text};
use crate::support::server::Server;
use crate::support::{files_below, until};

/// What is found first, once the index is built again.
async fn found_at_last(ada: &Client, clone: &str, question: &str) -> String {
    until("something is found", || async {
        ada.finds(clone, question, "&mode=text").await.into_iter().next()
    })
    .await
}

#[tokio::test]
async fn a_backup_gives_back_what_was_there_and_nothing_that_came_later() {
    let (mut server, place) = with_directory().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    for day in ["Monday", "Tuesday", "Wednesday"] {
        ada.remember(&clone, &format!("We swam in the cold lake on {day}.")).await;
    }
    let talk = ada.converse(&clone).await;
    ada.say(&talk, "Where did you swim?").await;
    let said = ada.messages(&talk).await.len();
    std::fs::create_dir_all(server.data().join("blobs/clones/a")).unwrap();
    std::fs::write(server.data().join("blobs/clones/a/one"), vec![9; 2 << 20]).unwrap();
    let made = server.command(&["backup"], "").ok();
    assert!(made.contains(path(&place)) && made.contains("1 files"), "{made}");
    assert!(made.contains("opens on this machine only"), "{made}");
    let file = named(&place, ".cmb").pop().unwrap();
    let verified = server.command(&["backup", "verify", path(&file)], "").ok();
    for part in ["1 accounts, 1 clones, 3 memories", "3 of 3 searches", "all are there"] {
        assert!(verified.contains(part), "{part}: {verified}");
    }
    ada.remember(&clone, "This was written down too late.").await;
    std::fs::write(server.data().join("blobs/clones/a/two"), "later").unwrap();
    server.command(&["restore", "--yes", path(&file)], "").fails(75, &["another process"]);

    assert_eq!(server.stop().await, 0);
    let refused = server.command(&["restore", path(&file)], "no\n").fails(65, &["nothing was"]);
    assert!(refused.out.contains("takes the place of what is here now"), "{refused:?}");
    server.command(&["restore", "--yes", path(&file)], "").ok();
    assert!(server.data().join("before-restore/clonememoria.redb").exists());
    server.run().await;
    assert!(!server.data().join("before-restore").exists(), "it has started once");
    server.again(&ada).get("/auth/me").await.problem(401, "unauthenticated");
    let ada = server.admin_again().await;
    let found = found_at_last(&ada, &clone, "lake on Tuesday").await;
    assert_eq!(found, "We swam in the cold lake on Tuesday.");
    let kept = items(&ada.get(&format!("/clones/{clone}/memories")).await.is(200));
    assert_eq!(kept.len(), 3);
    assert_eq!(ada.messages(&talk).await.len(), said);
    assert!(server.data().join("blobs/clones/a/one").exists());
    assert!(!server.data().join("blobs/clones/a/two").exists());
    assert!(server.command(&["admin", "verify-audit"], "").ok().contains("holds"));
    // What is new is kept, in this run and the next.
    ada.remember(&clone, "This was written down afterwards.").await;
    server.restart().await;
    let ada = server.admin_again().await;
    let kept = items(&ada.get(&format!("/clones/{clone}/memories")).await.is(200));
    assert_eq!(kept.len(), 4);
}

#[tokio::test]
async fn on_an_empty_machine_the_recovery_key_gives_everything_back() {
    let (mut server, place) = with_directory().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We swam in the cold lake.").await;
    let (refused, _) = recovery_key(&server, &[], |_| "WRONGEND".to_owned());
    refused.fails(65, &["does not count"]);
    assert!(named(&place, ".keyring").is_empty());
    let (made, key) = recovery_key(&server, &[], last);
    assert!(made.ok().contains("the present keys are in"));
    let backup = server.command(&["backup"], "").ok();
    assert!(!backup.contains("this machine only"), "{backup}");
    let (file, keyring) = (named(&place, ".cmb").pop().unwrap(), named(&place, ".keyring"));
    assert_eq!(keyring.len(), 1, "one copy, and no older ones");
    // Only the public half is anywhere.
    let secret = std::fs::read_to_string(&key).unwrap();
    for (name, bytes) in files_below(&server.data()).iter().chain(&files_below(&place)) {
        assert!(!bytes.windows(40).any(|part| part == &secret.as_bytes()[..40]), "{name}");
    }
    assert!(!server.log().contains(&secret));
    assert_eq!(server.stop().await, 0);

    let setting = format!("backup.directory={}", path(&place));
    let mut other = Server::prepared(&[]);
    let restore = ["restore", "--yes", "--set", &setting];
    let with_key = [&restore[..], &["--recovery-key", path(&key)]].concat();
    other.command(&restore, "").fails(65, &["none of the keys that are here"]);
    assert!(!other.data().join("clonememoria.redb").exists());
    let wrong = server.beside("other-key.txt");
    std::fs::write(&wrong, "not a key").unwrap();
    let with_wrong = [&restore[..], &["--recovery-key", path(&wrong)]].concat();
    other.command(&with_wrong, "").fails(65, &["AGE-SECRET-KEY-1"]);
    let gone = keyring[0].with_extension("away");
    std::fs::rename(&keyring[0], &gone).unwrap();
    other.command(&with_key, "").fails(66, &[".keyring"]);
    std::fs::rename(&gone, &keyring[0]).unwrap();

    let given = other.command(&with_key, "").ok();
    let root = other.beside("data.root-key");
    assert!(given.contains(path(&root)) && root.exists(), "{given}");
    assert_ne!(
        std::fs::read(root).unwrap(),
        std::fs::read(server.beside("data.root-key")).unwrap()
    );
    other.run().await;
    let ada = other.admin_again().await;
    let found = found_at_last(&ada, &clone, "cold lake").await;
    assert_eq!(found, "We swam in the cold lake.");
    ada.remember(&clone, "And here it goes on.").await;
    assert!(other.command(&["backup", "recovery-key", "--show"], "").out.contains("counts since"));
    other.restart().await;
    assert_eq!(file.extension().unwrap(), "cmb");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_is_what_had_been_committed_at_a_moment() {
    let (mut server, place) = with_directory().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let writer = {
        let (ada, clone, acknowledged) = (ada.clone(), clone.clone(), Arc::clone(&acknowledged));
        tokio::spawn(async move {
            for number in 0.. {
                let content = format!("Number {number}.");
                let body = json!({"content": content, "external_id": number.to_string()});
                let sent = ada.post(&format!("/clones/{clone}/memories"), body).attempt().await;
                match sent {
                    Some(reply) if reply.status == 201 => acknowledged.store(number + 1, Relaxed),
                    _ => return,
                }
            }
        })
    };
    let mut marks = Vec::new();
    for _ in 0..3 {
        let before = acknowledged.load(Relaxed);
        server.command(&["backup"], "").ok();
        let after = acknowledged.load(Relaxed);
        assert!(after > before, "nothing was written while the backup was made");
        marks.push((before, after));
        server.advance(Duration::from_secs(60)).await;
        // So that they differ.
        until("more is written", || async {
            (acknowledged.load(Relaxed) > before + 5).then_some(())
        })
        .await;
    }
    assert_eq!(server.stop().await, 0);
    writer.await.unwrap();
    for (file, (before, after)) in named(&place, ".cmb").iter().zip(marks) {
        server.command(&["restore", "--yes", path(file)], "").ok();
        server.run().await;
        let ada = server.admin_again().await;
        let mut numbers = BTreeSet::new();
        let mut cursor = String::new();
        loop {
            let page =
                ada.get(&format!("/clones/{clone}/memories?limit=200{cursor}")).await.is(200);
            let found = items(&page);
            numbers.extend(each(&found, "external_id").iter().map(|n| n.parse::<usize>().unwrap()));
            if page["next_cursor"].is_null() {
                break;
            }
            cursor = format!("&cursor={}", text(&page["next_cursor"]));
        }
        let count = numbers.len();
        assert!(numbers.into_iter().eq(0..count), "there is a gap");
        assert!((before..=after + 1).contains(&count), "{before} {count} {after}");
        let counted = ada.get(&format!("/clones/{clone}")).await.is(200)["memory_count"].as_u64();
        assert_eq!(counted, u64::try_from(count).ok());
        assert_eq!(server.stop().await, 0);
    }
}

#[tokio::test]
async fn what_was_restored_and_does_not_start_goes_again() {
    let (mut server, place) = with_directory().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    server.command(&["backup"], "").ok();
    ada.remember(&clone, "We swam after the backup.").await;
    assert_eq!(server.stop().await, 0);
    let file = named(&place, ".cmb").pop().unwrap();
    let mut changed = std::fs::read(&file).unwrap();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let damaged = place.join("clonememoria-changed.cmb");
    std::fs::write(&damaged, changed).unwrap();
    for command in [&["backup", "verify"][..], &["restore", "--yes"]] {
        let command = [command, &[path(&damaged)]].concat();
        server.command(&command, "").fails(65, &["damaged"]);
    }
    assert!(!server.data().join("restore-new").exists());
    server.command(&["restore", "--yes", path(&file)], "").ok();
    // Something happens to it before it has started.
    std::fs::write(server.data().join("clonememoria.redb"), "no database").unwrap();
    server.excuse("what was restored does not start");
    server.run().await;
    let ada = server.admin_again().await;
    let found = found_at_last(&ada, &clone, "swam").await;
    assert_eq!(found, "We swam after the backup.");
    for left in ["before-restore", "restore-new", "restore.json"] {
        assert!(!server.data().join(left).exists(), "{left}");
    }
}

#[tokio::test]
async fn a_ledger_of_erasures_that_does_not_fit_is_refused() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    for text in ["One.", "Two."] {
        let memory = id(&ada.remember(&clone, text).await);
        ada.delete(&format!("/clones/{clone}/memories/{memory}")).await.is(204);
        let begun = ada.delete(&format!("/trash/{memory}")).await.is(202);
        erased(&server, &receipt_of(&begun)).await;
    }
    let ledger = server.data().join("erasures");
    assert_eq!(server.stop().await, 0);
    // A backup of a time when two entries were there.
    let both = std::fs::read_to_string(&ledger).unwrap();
    let first = both.lines().next().unwrap().to_owned() + "\n";
    let to = server.beside("backups");
    std::fs::create_dir(&to).unwrap();
    server.command(&["backup", "--to", path(&to)], "").ok();
    let file = named(&to, ".cmb").pop().unwrap();
    let restore = ["restore", "--yes", path(&file)];
    std::fs::write(&ledger, both.replacen("\"number\":2", "\"number\":7", 1)).unwrap();
    server.command(&restore, "").fails(78, &["went different ways"]);
    std::fs::write(&ledger, &first).unwrap();
    server.command(&restore, "").fails(78, &["older than the backup", "--accept-stale-ledger"]);
    server.command(&[&restore[..], &["--accept-stale-ledger"]].concat(), "").ok();
    assert_eq!(std::fs::read_to_string(&ledger).unwrap(), both);
}

#[tokio::test]
async fn a_server_that_was_begun_by_mistake_gives_way_to_what_is_given_back() {
    let (mut server, place) = with_directory().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We swam in the cold lake.").await;
    let (made, key) = recovery_key(&server, &[], last);
    made.ok();
    server.command(&["backup"], "").ok();
    assert_eq!(server.stop().await, 0);
    let mut other = Server::start().await;
    assert_eq!(other.stop().await, 0);
    let root = std::fs::read(other.beside("data.root-key")).unwrap();
    let setting = format!("backup.directory={}", path(&place));
    let restore = ["restore", "--yes", "--set", &setting, "--recovery-key", path(&key)];
    other.command(&restore, "").ok();
    assert_eq!(std::fs::read(other.beside("data.root-key")).unwrap(), root, "it has one already");
    other.run().await;
    let ada = other.admin_again().await;
    let found = found_at_last(&ada, &clone, "cold lake").await;
    assert_eq!(found, "We swam in the cold lake.");
    assert!(!other.data().join("before-restore").exists());
}

#[tokio::test]
async fn an_upgrade_can_be_taken_back_with_the_version_that_was_there_before() {
    let next = "TESTING_NEXT_SCHEMA";
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We swam before the upgrade.").await;
    server.command(&["rollback"], "").fails(75, &["another process"]);
    assert_eq!(server.stop().await, 0);
    server.command(&["rollback", "--yes"], "").fails(66, &["there is no snapshot"]);
    let snapshots = server.data().join("snapshots");
    assert!(!snapshots.exists(), "nothing was upgraded");
    // The next version comes, is killed a few times while it begins, and then stays.
    server.set(next, Some("1"));
    for millis in [1, 20, 60] {
        let mut child = std::process::Command::new(crate::support::command::BINARY)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", path(&server.data())])
            .env_clear()
            .env(next, "1")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    server.run().await;
    let kept = named(&snapshots, "");
    assert_eq!(kept.len(), 1, "{kept:?}");
    let ada = server.admin_again().await;
    ada.remember(&clone, "We swam after it.").await;
    server.restart().await;
    assert_eq!(named(&snapshots, ""), kept, "one upgrade, one snapshot");
    assert_eq!(server.stop().await, 0);
    // The version before refuses, writes nothing, and says the way back.
    let database = server.data().join("clonememoria.redb");
    let before = std::fs::read(&database).unwrap();
    server.command(&["serve"], "").fails(78, &["has schema", "clonememoria rollback"]);
    assert_eq!(std::fs::read(&database).unwrap(), before);
    server.command(&["rollback"], "no\n").fails(65, &["nothing was changed"]);
    server.command(&["rollback", "--yes"], "").ok();
    server.set(next, None);
    server.run().await;
    let ada = server.admin_again().await;
    let kept = items(&ada.get(&format!("/clones/{clone}/memories")).await.is(200));
    assert_eq!(each(&kept, "content"), ["We swam before the upgrade."]);
    assert!(!server.data().join("before-restore").exists());
}
