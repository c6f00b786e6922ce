//! A full disk (DUR-6): what would add is refused, everything else goes on, nothing acknowledged is
//! lost, and all of it works again by itself when there is room.
//!
//! `TORTURE_ROUNDS` sets how often the disk is filled.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::kill::rounds;
use crate::support::client::{Client, id, items, text};
use crate::support::server::Server;
use crate::support::until;

const MEGABYTE: u64 = 1 << 20;
const WRITERS: usize = 8;
/// How long it may take until writing works again.
const AGAIN_WITHIN: Duration = Duration::from_secs(10);

/// What is neither reading nor deleting and goes on all the same.
const GOES_ON: [&str; 32] = [
    "answer_subject",
    "change_consents",
    "change_member",
    "change_oidc_provider",
    "change_password",
    "change_user",
    "exchange_id_token",
    "finish_oidc_with_code",
    "forgot_password",
    "login",
    "login_with_passkey",
    "object_to_clone",
    "read_notification",
    "read_notifications",
    "reauth",
    "refresh",
    "renew_recovery_codes",
    "reset_password",
    "restrict_me",
    "say_here",
    "say_here_by_link",
    "send_verification",
    "set_clone_state",
    "show_invitation",
    "show_legacy",
    "show_subject_consent",
    "start_oidc_reauth",
    "start_passkey_login",
    "stop_answer",
    "stop_legacy_claim",
    "test_oidc_provider",
    "verify_email",
];

async fn say_free(server: &Server, megabytes: Option<u64>) {
    let operation = json!({"do": "say_free", "megabytes": megabytes});
    assert_eq!(server.operate(operation).await.0, 200);
}

#[tokio::test]
async fn of_all_operations_only_those_go_on_that_were_thought_about() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let document = ada.page("/openapi.json").await.is(200);
    say_free(&server, Some(8)).await;
    let mut went_on = BTreeSet::new();
    let mut refused = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let Some(name) = operation["operationId"].as_str() else { continue };
            // The last would end the sign-in.
            if method.is_safe() || method == Method::DELETE || name == "logout" {
                continue;
            }
            let path = path.replace(['{', '}'], "");
            let reply = ada.ask(method, &path).json(&json!({})).await;
            match reply.code().as_deref() {
                Some("disk_full") => {
                    assert_eq!(reply.status, 507, "{name}");
                    assert_eq!(reply.header("retry-after"), Some("10"), "{name}");
                    refused += 1;
                }
                _ => drop(went_on.insert(name.to_owned())),
            }
        }
    }
    let expected: BTreeSet<String> = GOES_ON.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(went_on, expected);
    assert!(refused > 25, "{refused}");
    say_free(&server, None).await;
    ada.delete("/auth/me/restriction").await.is(204);
    ada.new_clone("Maria").await;
}

#[tokio::test]
async fn whoever_asks_is_told_and_the_workers_wait_for_room() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "The grey heron stood in the reeds at dawn.").await;
    say_free(&server, Some(8)).await;
    let ready = ada.page("/readyz").await.is(200);
    assert_eq!(ready["status"], "degraded", "it can still be read: {ready}");
    let said = text(&ready["checks"]["disk"]["detail"]);
    assert!(said.contains("nearly full, 8 MB left"), "{said}");
    let health = ada.get("/gateway/health").await.is(200);
    assert_eq!(health["checks"]["disk"]["status"], "degraded");
    let metrics = ada.page("/metrics/prometheus").await.text();
    assert!(metrics.contains("\nclonememoria_disk_low 1\n"), "{metrics}");
    assert!(metrics.contains("\nclonememoria_disk_free_bytes 8388608\n"), "{metrics}");
    // It was acknowledged, so it is found, by whatever still can.
    let hits = ada.search(&clone, "heron", "&mode=text").await;
    assert_eq!(hits.len(), 1);
    let pending = |metrics: &str| -> Option<u64> {
        let line = metrics.lines().find(|l| l.starts_with("clonememoria_embedding_pending "))?;
        line.rsplit(' ').next()?.parse().ok()
    };
    say_free(&server, None).await;
    until("what waited is done", || async {
        let metrics = ada.page("/metrics/prometheus").await.text();
        (pending(&metrics) == Some(0)).then_some(())
    })
    .await;
    assert_eq!(ada.page("/readyz").await.is(200)["checks"]["disk"]["status"], "ok");
}

/// What the server said it has, and how it refused.
#[derive(Default)]
struct Seen {
    kept: Mutex<Vec<(String, String)>>,
    refused: AtomicUsize,
    other: Mutex<Vec<String>>,
    over: AtomicBool,
}

async fn write(ada: Client, clone: String, name: String, seen: Arc<Seen>) {
    for number in 0.. {
        if seen.over.load(Relaxed) {
            return;
        }
        let word = format!("marker{name}n{number}");
        let content = format!("On that day {word} came by. {}", "And stayed a while. ".repeat(400));
        let path = format!("/clones/{clone}/memories");
        let Some(reply) = ada.post(&path, json!({"content": content})).attempt().await else {
            seen.other.lock().unwrap().push("no answer".to_owned());
            continue;
        };
        match (reply.status, reply.code().as_deref()) {
            (201, _) => seen.kept.lock().unwrap().push((id(&reply.json()), word)),
            (507, Some("disk_full")) => {
                seen.refused.fetch_add(1, Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            _ => seen.other.lock().unwrap().push(format!("{} {}", reply.status, reply.text())),
        }
    }
}

/// Everything that must go on although nothing can be added.
async fn goes_on(server: &Server, ada: &Client, clone: &str, kept: &[(String, String)]) {
    let ready = ada.page("/readyz").attempt().await.expect("an answer").json();
    assert_eq!(ready["checks"]["disk"]["status"], "degraded", "{ready} {}", server.log_end());
    assert_eq!(ready["checks"]["store"]["status"], "ok", "{ready} {}", server.log_end());
    let again = server.admin_again().await;
    let (memory, word) = &kept[kept.len() / 2];
    let path = format!("/clones/{clone}/memories/{memory}");
    assert!(text(&again.get(&path).await.is(200)["content"]).contains(word.as_str()));
    let hits = again.search(clone, word, "&mode=text&limit=3").await;
    assert!(hits.iter().any(|hit| hit["id"] == **memory), "{word} is not found");
}

async fn thrown_away(server: &Server, ada: &Client, clone: &str, memory: &str) {
    let reply = ada.delete(&format!("/clones/{clone}/memories/{memory}")).await;
    assert_eq!(reply.status, 204, "{} {}", reply.text(), server.log_end());
    let trash = items(&ada.get("/trash").await.is(200));
    for thing in trash {
        ada.delete(&format!("/trash/{}", id(&thing))).await.is(202);
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn a_disk_that_others_fill_costs_nothing_that_was_acknowledged() {
    let settings = [
        ("CLONEMEMORIA_LIMITS_FREE_DISK_MB", "40"),
        ("CLONEMEMORIA_LIMITS_RESERVE_MB", "12"),
        ("CLONEMEMORIA_LIMITS_TRASH_DAYS", "1"),
        // The machine may do other things too.
        ("CLONEMEMORIA_LIMITS_SEARCH_SECONDS", "60"),
        // Whoever signs in again and again is no guesser here.
        ("CLONEMEMORIA_LIMITS_SIGN_IN_BURST", "1000"),
    ];
    let Some(mut server) = Server::on_small_disk(256, &settings) else { return };
    server.run().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let process = server.process_file("");
    let (mut longest, mut all, mut refused) = (Duration::ZERO, BTreeSet::new(), 0);
    for round in 0..rounds(4) {
        // An access token lives ten minutes.
        let ada = server.admin_again().await;
        let seen = Arc::new(Seen::default());
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let name = format!("r{round}w{writer}");
            writers.spawn(write(ada.clone(), clone.clone(), name, Arc::clone(&seen)));
        }
        until("something is written", || async {
            (seen.kept.lock().unwrap().len() > WRITERS).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(round * 37 % 160)).await;
        // Now and then nothing is left, all at once, in the middle of a commit.
        server.disk().fill(if round % 2 == 0 { 0 } else { 20 * MEGABYTE });
        until("what adds is refused", || async {
            server.disk().fill(if round % 2 == 0 { 0 } else { 20 * MEGABYTE });
            (seen.refused.load(Relaxed) > WRITERS).then_some(())
        })
        .await;
        let kept = seen.kept.lock().unwrap().clone();
        goes_on(&server, &ada, &clone, &kept).await;
        let (gone, _) = &kept[0];
        thrown_away(&server, &ada, &clone, gone).await;
        let at = Instant::now();
        server.disk().empty();
        let before = seen.kept.lock().unwrap().len();
        until("what adds works again", || async {
            (seen.kept.lock().unwrap().len() > before).then_some(())
        })
        .await;
        longest = longest.max(at.elapsed());
        seen.over.store(true, Relaxed);
        while writers.join_next().await.is_some() {}
        let other = std::mem::take(&mut *seen.other.lock().unwrap());
        assert!(other.is_empty(), "round {round}: {other:?}");
        refused += seen.refused.load(Relaxed);
        all.extend(seen.kept.lock().unwrap().iter().map(|(id, _)| id.clone()));
        all.remove(gone);
        // Or the memories themselves fill it in the end.
        if round % 8 == 7 {
            for memory in std::mem::take(&mut all) {
                thrown_away(&server, &ada, &clone, &memory).await;
            }
        }
    }
    assert!(longest <= AGAIN_WITHIN, "{longest:?}");
    assert_eq!(server.process_file(""), process, "it was never started again");
    let ada = server.admin_again().await;
    let kept = everything(&ada, &clone).await;
    let lost: Vec<_> = all.difference(&kept).collect();
    println!("{} kept, {refused} refused, written again after {longest:?} at most", all.len());
    assert!(lost.is_empty(), "lost: {lost:?}");
    // And what is on the disk is whole.
    server.restart().await;
    let ada = server.again(&ada);
    let kept = everything(&ada, &clone).await;
    assert!(all.is_subset(&kept));
}

async fn everything(ada: &Client, clone: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/clones/{clone}/memories?limit=200{cursor}");
        let page: Value = ada.get(&path).await.is(200);
        seen.extend(items(&page).iter().map(id));
        let Some(next) = page["next_cursor"].as_str() else { return seen };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn a_server_starts_on_a_full_disk_and_shows_what_it_has() {
    let settings =
        [("CLONEMEMORIA_LIMITS_FREE_DISK_MB", "24"), ("CLONEMEMORIA_LIMITS_RESERVE_MB", "8")];
    let Some(mut server) = Server::on_small_disk(96, &settings) else { return };
    server.run().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let memory = id(&ada.remember(&clone, "The kettle sang before anyone was awake.").await);
    assert_eq!(server.stop().await, 0);
    server.disk().fill(0);
    server.run().await;
    let ada = server.again(&ada);
    ada.get(&format!("/clones/{clone}/memories/{memory}")).await.is(200);
    ada.post("/clones", json!({"name": "Nobody"})).await.problem(507, "disk_full");
    ada.delete(&format!("/clones/{clone}/memories/{memory}")).await.is(204);
    server.disk().empty();
    until("there is room", || async {
        (ada.post("/clones", json!({"name": "Somebody"})).await.status == 201).then_some(())
    })
    .await;
}
