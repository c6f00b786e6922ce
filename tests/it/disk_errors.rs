//! A disk that fails (DUR-5): nothing is acknowledged after that, the process says so and ends for
//! its supervisor with 75, and afterwards everything that was acknowledged is there.
//!
//! `TORTURE_ROUNDS` sets how many calls of each kind fail in their turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::isolation::is_settled;
use crate::kill::rounds;
use crate::support::client::{Client, id, items};
use crate::support::server::Server;
use crate::support::until;

const WRITERS: usize = 4;
/// How soon nobody may be sent there any more.
const NOT_READY_WITHIN: Duration = Duration::from_secs(1);

type Kept = Arc<Mutex<BTreeSet<String>>>;

/// Writes until the server is gone or refuses; what it said it has is noted.
async fn write(ada: Client, clone: String, name: String, kept: Kept) {
    for number in 0..2_000 {
        let content = format!("On that day marker{name}n{number} came by.");
        let path = format!("/clones/{clone}/memories");
        let Some(reply) = ada.post(&path, json!({"content": content})).attempt().await else {
            return;
        };
        match reply.status {
            201 => drop(kept.lock().unwrap().insert(id(&reply.json()))),
            503 => return,
            // A read that failed is nobody's fault but ours.
            500 => return,
            status => panic!("{status}: {}", reply.text()),
        }
    }
}

fn writers(ada: &Client, clone: &str, name: &str, kept: &Kept) -> tokio::task::JoinSet<()> {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let name = format!("{name}w{writer}");
        writers.spawn(write(ada.clone(), clone.to_owned(), name, Arc::clone(kept)));
    }
    writers
}

async fn everything(ada: &Client, clone: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/clones/{clone}/memories?limit=200{cursor}");
        let page = ada.get(&path).await.is(200);
        seen.extend(items(&page).iter().map(id));
        let Some(next) = page["next_cursor"].as_str() else { return seen };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn after_a_failure_of_the_disk_nothing_is_acknowledged_and_all_that_was_is_there() {
    let mut server = Server::start().await;
    // What was under way may fail in its own words, each time once.
    for words in ["the disk failed", "could not be", "cannot be", "internal", "a request failed"] {
        server.excuse(words);
    }
    let admin = server.admin().await;
    let clone = admin.new_clone("Maria").await;
    let kept = Kept::default();
    let mut slowest = Duration::ZERO;
    for call in ["sync", "write", "grow", "read"] {
        for round in 0..rounds(3) {
            // The file grows a few times only, by its half.
            let after = if call == "grow" { round % 2 } else { round };
            let ada = server.admin_again().await;
            let mut writing = writers(&ada, &clone, &format!("{call}{round}"), &kept);
            tokio::time::sleep(Duration::from_millis(round * 13 % 90)).await;
            let fault = json!({"do": "fail_disk", "call": call, "way": "broken", "after": after});
            assert_eq!(server.operate(fault).await.0, 200);
            // Reads and growth are rare while all fits into memory.
            if ["read", "grow"].contains(&call) {
                let big = json!({"content": "Long ago. ".repeat(4_000)});
                // The file is doubled now and then, and has room for a while afterwards.
                for _ in 0..if call == "grow" { 4_000 } else { 200 } {
                    let path = format!("/clones/{clone}/memories");
                    match ada.post(&path, big.clone()).attempt().await {
                        Some(reply) if reply.status == 201 => {
                            kept.lock().unwrap().insert(id(&reply.json()));
                        }
                        _ => break,
                    }
                }
            }
            if call == "read" && !failed(&server) {
                // Everything it needs is in memory: nothing was read, and nothing is wrong.
                let heal = json!({"do": "fail_disk", "call": "grow", "way": "full",
                    "after": 1_000_000});
                assert_eq!(server.operate(heal).await.0, 200);
                writing.abort_all();
                while writing.join_next().await.is_some() {}
                continue;
            }
            until("it has noticed", || async { failed(&server).then_some(()) }).await;
            let noticed = Instant::now();
            until("nobody is sent there", || async {
                let reply = ada.page("/readyz").attempt().await;
                reply.is_none_or(|reply| reply.status == 503).then_some(())
            })
            .await;
            slowest = slowest.max(noticed.elapsed());
            while writing.join_next().await.is_some() {}
            assert_eq!(server.ended().await, 75, "{call} {after}");
            server.run().await;
            let there = everything(&server.admin_again().await, &clone).await;
            let kept = kept.lock().unwrap();
            let lost: Vec<_> = kept.difference(&there).collect();
            assert!(lost.is_empty(), "{call} {after}: lost {lost:?}");
        }
    }
    let log = server.log();
    assert!(log.contains("clonememoria.redb: Input/output error (os error 5)"), "{log}");
    println!("{} kept, not ready after {slowest:?} at most", kept.lock().unwrap().len());
    assert!(slowest <= NOT_READY_WITHIN, "{slowest:?}");
}

fn failed(server: &Server) -> bool {
    let log = server.log();
    let last = log.rfind("the disk failed").unwrap_or(0);
    last > log.rfind("\"listening\"").or_else(|| log.rfind("listening")).unwrap_or(0)
}

#[tokio::test]
async fn a_disk_that_is_full_in_the_middle_of_a_commit_uses_the_reserve() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let kept = Kept::default();
    for (round, call) in ["write", "grow", "write", "write"].into_iter().enumerate() {
        let fault = json!({"do": "fail_disk", "call": call, "way": "full", "after": round});
        assert_eq!(server.operate(fault).await.0, 200);
        for number in 0..20 {
            let content = format!("Once {round} {number}. {}", "Long ago. ".repeat(3_000));
            let path = format!("/clones/{clone}/memories");
            // Whoever has no more than the reserve waits until it is there again.
            let made = until("it is kept", || async {
                let reply = ada.post(&path, json!({"content": content})).await;
                assert!([201, 507].contains(&reply.status), "{}", reply.text());
                (reply.status == 201).then(|| id(&reply.json()))
            });
            let made = made.await;
            kept.lock().unwrap().insert(made);
        }
        until("the reserve is there again", || async {
            server.data().join("reserve").exists().then_some(())
        })
        .await;
    }
    assert!(server.log().contains("what was set aside for that is used now"));
    assert_eq!(everything(&ada, &clone).await, *kept.lock().unwrap());
}

#[tokio::test]
async fn a_keyring_that_cannot_be_written_ends_the_process_and_nothing_is_lost() {
    let mut server = Server::start().await;
    for words in ["the disk failed", "could not be", "cannot be", "internal"] {
        server.excuse(words);
    }
    let admin = server.admin().await;
    let clone = admin.new_clone("Maria").await;
    let memory = id(&admin.remember(&clone, "The kettle sang before anyone was awake.").await);
    // What the new keyring is written to cannot be opened.
    let obstacle = server.data().join("keyring.partial");
    std::fs::create_dir(&obstacle).expect("a folder");
    // No key is needed for this.
    let other = id(&admin.remember(&clone, "The stove smelled of apples.").await);
    let refused = admin.post("/clones", json!({"name": "Nobody"})).attempt().await;
    assert!(refused.is_none_or(|reply| reply.status == 503));
    assert_eq!(server.ended().await, 75);
    assert!(server.log().contains("the disk failed (keys of "), "{}", server.log());
    std::fs::remove_dir(&obstacle).expect("removed");
    server.run().await;
    let ada = server.again(&admin);
    let expected: BTreeSet<_> = [memory, other].into();
    assert_eq!(everything(&ada, &clone).await, expected);
    assert_eq!(items(&ada.get("/clones").await.is(200)).len(), 1, "the refused one is not there");
    ada.new_clone("Somebody").await;
}

#[tokio::test]
async fn a_keyring_for_which_there_is_no_room_is_refused_and_written_later() {
    let settings =
        [("CLONEMEMORIA_LIMITS_FREE_DISK_MB", "1"), ("CLONEMEMORIA_LIMITS_RESERVE_MB", "1")];
    let Some(mut server) = Server::on_small_disk(64, &settings) else { return };
    server.run().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    // It believes that there is room: another program was faster.
    let operation = json!({"do": "say_free", "megabytes": 1_000});
    assert_eq!(server.operate(operation).await.0, 200);
    let mut made = 1;
    let mut refused = 0;
    for number in 0..40 {
        server.disk().fill(0);
        let reply = ada.post("/clones", json!({"name": format!("Number {number}")})).await;
        match (reply.status, reply.code().as_deref()) {
            (201, _) => made += 1,
            (507, Some("disk_full")) => refused += 1,
            _ => panic!("{}", reply.text()),
        }
    }
    assert!(refused > 0, "there was room for {made}");
    server.disk().empty();
    until("there is room", || async {
        (ada.post("/clones", json!({"name": "Last"})).await.status == 201).then_some(())
    })
    .await;
    made += 1;
    let there = items(&ada.get("/clones?limit=200").await.is(200));
    assert_eq!(there.len(), made);
    server.restart().await;
    let ada = server.again(&ada);
    for clone in there {
        ada.get(&format!("/clones/{}", id(&clone))).await.is(200);
    }
    ada.remember(&clone, "The kettle sang before anyone was awake.").await;
}

#[tokio::test]
async fn an_index_that_cannot_be_written_refuses_and_loses_nothing() {
    let mut server = Server::start().await;
    server.excuse("a text index");
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    for word in ["heron", "kettle", "stove"] {
        ada.remember(&clone, &format!("There was a {word} that morning.")).await;
    }
    is_settled(&server).await;
    server.restart().await;
    let ada = server.again(&ada);
    let folder = server.data().join("index");
    std::fs::remove_dir_all(&folder).expect("removed");
    // Where the folder was nothing can be made now.
    std::fs::write(&folder, "no folder").expect("written");
    let path = format!("/clones/{clone}/search?q=heron&mode=text");
    let found = ada.get(&path).await.is(200);
    assert_eq!(found["degraded"], true, "{found}");
    let memory = id(&ada.remember(&clone, "A lantern hung there, too.").await);
    let hits = ada.search(&clone, "lantern", "&mode=text").await;
    assert_eq!(hits[0]["id"], memory, "what is written meanwhile is found at once");
    let hits = ada.search(&clone, "heron", "&mode=hybrid").await;
    assert!(!hits.is_empty(), "by meaning what is older is found too");
    until("it is told", || async {
        let ready = ada.page("/readyz").await.is(200);
        (ready["checks"]["index"]["status"] == "degraded").then_some(())
    })
    .await;
    std::fs::remove_file(&folder).expect("removed");
    until("it is made anew", || async {
        let found = ada.get(&path).await.is(200);
        let whole = found["degraded"] == false && found["hits"].as_array()?.len() == 1;
        let ready = ada.page("/readyz").await.is(200);
        (whole && ready["checks"]["index"]["status"] == "ok").then_some(())
    })
    .await;
}

/// Makes one call of the system fail after another, for real.
#[tokio::test]
async fn calls_of_the_system_that_fail_one_after_another_cost_nothing_acknowledged() {
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        println!("there is no strace here");
        return;
    }
    let mut server = Server::start().await;
    server.excuse("");
    let admin = server.admin().await;
    let clone = admin.new_clone("Maria").await;
    assert_eq!(server.stop().await, 0);
    let kept = Kept::default();
    let mut ends: BTreeMap<(&str, i32), usize> = BTreeMap::new();
    // Each takes some seconds.
    for nth in 1..=rounds(2).min(50) {
        for call in ["fdatasync", "pwrite64", "fsync", "rename"] {
            // Not the same ones at the start each time.
            let when = 1 + (nth - 1) * 7;
            let inject = format!("inject={call}:error=EIO:when={when}");
            let strace = ["strace", "-f", "-qq", "-o", "/dev/null"];
            server.under(&[&strace[..], &["-e", &inject, "-e", "signal=none"]].concat());
            let code = match server.run_or_end().await {
                Err(code) => code,
                Ok(()) => {
                    let ada = server.admin_again().await;
                    let name = format!("{call}{nth}");
                    let mut writing = writers(&ada, &clone, &name, &kept);
                    tokio::time::sleep(Duration::from_millis(400)).await;
                    writing.abort_all();
                    while writing.join_next().await.is_some() {}
                    if server.has_ended() { server.ended().await } else { server.stop().await }
                }
            };
            assert!([0, 74, 75, 78].contains(&code), "{call} {when}: {code}: {}", server.log());
            *ends.entry((call, code)).or_default() += 1;
            server.under(&[]);
            server.run().await;
            let there = everything(&server.admin_again().await, &clone).await;
            assert_eq!(server.stop().await, 0);
            let kept = kept.lock().unwrap();
            let lost: Vec<_> = kept.difference(&there).collect();
            assert!(lost.is_empty(), "{call} {when}: lost {lost:?}");
        }
    }
    println!("{} kept; ends by call and exit code: {ends:?}", kept.lock().unwrap().len());
}
