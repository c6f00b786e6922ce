//! The audit log: what is written down, what is not, and that nobody changes it unseen.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::admin::{account_id, login};
use crate::contract::is_documented;
use crate::support::PASSWORD;
use crate::support::client::{Client, each, id, items, text};
use crate::support::server::Server;
use crate::support::until;

/// The entries of the log, newest first.
async fn entries(admin: &Client, query: &str) -> Vec<Value> {
    items(&admin.get(&format!("/admin/audit?limit=200{query}")).await.is(200))
}

async fn find(admin: &Client, event: &str) -> Value {
    until(event, || async { entries(admin, &format!("&event={event}")).await.into_iter().next() })
        .await
}

/// Who did what to what, in the end.
async fn are_written_down(admin: &Client, expected: &[(&str, Option<&String>, Option<&String>)]) {
    for (event, actor, subject) in expected {
        let entry = find(admin, event).await;
        assert_eq!(entry["actor_id"].as_str(), actor.map(String::as_str), "{entry}");
        assert_eq!(entry["subject_id"].as_str(), subject.map(String::as_str), "{entry}");
    }
}

/// The log holds, counts on, and names nobody but by identifiers.
async fn is_whole_and_impersonal(admin: &Client) {
    let page = admin.get("/admin/audit?limit=200").await.is(200);
    is_documented("get", "/admin/audit", 200, &page);
    assert_eq!(page["chain"]["holds"], true);
    let all = items(&page);
    assert_eq!(page["chain"]["entries"], all.len());
    let numbers: Vec<u64> = all.iter().map(|entry| entry["id"].as_u64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] == pair[1] + 1), "{numbers:?}");
    assert!(all.iter().all(|entry| entry["address"].is_null()), "addresses were not asked for");
    let said = page.to_string();
    for personal in ["@", "c4n4ry", "Maria", PASSWORD, admin.token()] {
        assert!(!said.contains(personal), "the log has {personal}");
    }
}

#[tokio::test]
async fn what_happens_is_written_down_with_who_did_it_and_to_what() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = server.account("ada").await;
    let (ada_id, admin_id) = (account_id(&ada).await, account_id(&admin).await);
    ada.patch("/auth/me/consent", json!({"voice_processing": true})).await.is(200);
    let key = ada.post("/api-keys", json!({"label": "My c4n4ry key", "scopes": ["read"]}));
    let key = id(&key.await.is(201));
    ada.delete(&format!("/api-keys/{key}")).await.is(204);
    let space = id(&ada.post("/spaces", json!({"name": "The c4n4ry family"})).await.is(201));
    let invitations = format!("/spaces/{space}/invitations");
    let invited = ada.post(&invitations, json!({"role": "visitor"})).await.is(201);
    let ben = server.account("ben").await;
    let ben_id = account_id(&ben).await;
    ben.post("/invitations/accept", json!({"token": invited["token"]})).await.is(200);
    let member = format!("/spaces/{space}/members/{ben_id}");
    ada.patch(&member, json!({"role": "steward"})).await.is(200);
    ada.patch(&member, json!({"role": "owner"})).await.is(200);
    let clone = ada.new_clone("Maria").await;
    ada.patch(&format!("/clones/{clone}"), json!({"space_id": space})).await.is(200);
    let left = format!("/spaces/{space}/members/{ada_id}");
    ada.delete(&left).await.is(204);
    ben.delete(&format!("/spaces/{space}")).await.is(204);
    let path = format!("/admin/users/{ada_id}");
    admin.patch(&path, json!({"suspended": true})).await.is(200);
    admin.patch(&path, json!({"suspended": false})).await.is(200);
    ben.get("/admin/users").await.problem(403, "admin_only");
    server.command(&["admin", "invite"], "").ok();

    let expected = [
        ("account_created", Some(&ben_id), Some(&ben_id)),
        ("signed_in", Some(&ben_id), Some(&ben_id)),
        ("consent_changed", Some(&ben_id), Some(&ben_id)),
        ("api_key_created", Some(&ada_id), Some(&ada_id)),
        ("api_key_revoked", Some(&ada_id), Some(&ada_id)),
        ("invitation_made", Some(&ada_id), Some(&space)),
        ("invitation_accepted", Some(&ben_id), Some(&space)),
        ("role_changed", Some(&ada_id), Some(&space)),
        ("ownership_handed_over", Some(&ada_id), Some(&space)),
        ("clone_moved", Some(&ada_id), Some(&clone)),
        ("member_removed", Some(&ada_id), Some(&space)),
        ("space_deleted", Some(&ben_id), Some(&space)),
        ("suspended", Some(&admin_id), Some(&ada_id)),
        ("unsuspended", Some(&admin_id), Some(&ada_id)),
        ("admin_refused", Some(&ben_id), Some(&ben_id)),
        ("operator_command", None, None),
    ];
    are_written_down(&admin, &expected).await;
    assert_eq!(find(&admin, "api_key_created").await["details"]["key"], key);
    assert_eq!(find(&admin, "operator_command").await["details"], json!({"command": "invite"}));
    assert_eq!(find(&admin, "role_changed").await["details"]["role"], "steward");
    is_whole_and_impersonal(&admin).await;
    let about = entries(&admin, &format!("&account={ben_id}")).await;
    assert!(about.iter().all(|entry| {
        entry["actor_id"] == json!(ben_id) || entry["subject_id"] == json!(ben_id)
    }));
    assert!(about.len() > 5);
    admin.get("/admin/audit?account=x").await.invalid(&["account"]);
}

#[tokio::test]
async fn where_somebody_signs_in_from_is_written_down_if_the_operator_wants_it() {
    let server = Server::with(&[("CLONEMEMORIA_LOG_AUDIT_ADDRESSES", "true")]).await;
    let admin = server.admin().await;
    assert_eq!(find(&admin, "signed_in").await["address"], "127.0.0.1");
}

#[tokio::test]
async fn a_hundred_wrong_passwords_are_three_entries() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = server.account("ada").await;
    let wrong = json!({"email": "ada@example.org", "password": "not this one at all"});
    for _ in 0..12 {
        server
            .client()
            .post("/auth/login", wrong.clone())
            .await
            .problem(401, "invalid_credentials");
        server.client().post("/auth/login", wrong.clone()).await.problem(429, "too_many_attempts");
        server.advance(Duration::from_secs(10)).await;
    }
    let nobody = json!({"email": "nobody@example.org", "password": "not this one at all"});
    server.client().post("/auth/login", nobody).await.problem(401, "invalid_credentials");
    let failed = until("they are written down", || async {
        let found = entries(&admin, "&event=sign_in_failed").await;
        (found.iter().any(|entry| entry["subject_id"].is_null())
            && found.iter().any(|e| e["details"]["tries"].as_str().unwrap().len() > 1))
        .then_some(found)
    });
    let failed = failed.await;
    assert!(failed.len() <= 4, "{failed:?}");
    assert!(failed.iter().all(|entry| entry["actor"] == "nobody"));
    assert_eq!(find(&admin, "sign_in_locked").await["subject_id"], account_id(&ada).await);
    // The person sees them too.
    let activity = ada.get("/auth/me/activity").await.is(200);
    is_documented("get", "/auth/me/activity", 200, &activity);
    let tried = items(&activity).into_iter().find(|item| item["event"] == "sign_in_failed");
    let tried = tried.unwrap();
    assert_eq!(tried["by"], "stranger");
    assert!(tried["tries"].as_u64().unwrap() >= 1);
}

#[tokio::test]
async fn people_see_what_happened_to_their_own_account_and_to_no_other() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = server.account("ada").await;
    let path = format!("/admin/users/{}", account_id(&ada).await);
    admin.patch(&path, json!({"suspended": true})).await.is(200);
    admin.patch(&path, json!({"suspended": false})).await.is(200);
    let ada = login(&server, "ada").await;
    let first = ada.get("/auth/me/activity?limit=2").await.is(200);
    assert_eq!(each(&items(&first), "event"), ["signed_in", "unsuspended"]);
    assert_eq!(items(&first)[0]["by"], "you");
    assert_eq!(items(&first)[0]["device"], "Unknown device");
    assert_eq!(items(&first)[1]["by"], "admin");
    let rest = format!("/auth/me/activity?cursor={}", text(&first["next_cursor"]));
    let rest = items(&ada.get(&rest).await.is(200));
    assert_eq!(rest[0]["event"], "suspended");
    assert!(each(&rest, "event").contains(&"account_created"));
    let own = items(&admin.get("/auth/me/activity").await.is(200));
    assert!(!each(&own, "event").contains(&"suspended"), "what one does to others is not there");
    server.client().get("/auth/me/activity").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn old_entries_go_and_the_rest_still_holds() {
    let server = Server::with(&[("CLONEMEMORIA_LIMITS_AUDIT_DAYS", "1")]).await;
    server.admin().await;
    server.account("ada").await;
    let mut server = server;
    server.advance(Duration::from_secs(2 * 24 * 60 * 60)).await;
    let admin = login(&server, "admin").await;
    let before = admin.get("/admin/audit").await.is(200);
    assert!(before["chain"]["entries"].as_u64().unwrap() > 3);
    // The sweep at the start has the machine's time, so nothing is old for it.
    server.restart().await;
    let admin = login(&server, "admin").await;
    assert_eq!(admin.get("/admin/audit").await.is(200)["chain"]["holds"], true);
    let said = server.command(&["admin", "verify-audit"], "").ok();
    assert!(said.contains("The audit log holds"), "{said}");
}

type Table = redb::TableDefinition<'static, &'static [u8], &'static [u8]>;
const LOG: Table = Table::new("audit_log");
const ENDS: Table = Table::new("audit_log_ends");

/// Changes a table of a database that nobody has open.
fn tamper(data: &Path, table: Table, change: impl Fn(&mut Vec<(Vec<u8>, Vec<u8>)>)) {
    let database = redb::Database::open(data.join("clonememoria.redb")).unwrap();
    let tx = database.begin_write().unwrap();
    {
        use redb::ReadableTable as _;
        let mut table = tx.open_table(table).unwrap();
        let rows = table.iter().unwrap().map(|row| {
            let (key, value) = row.unwrap();
            (key.value().to_vec(), value.value().to_vec())
        });
        let mut rows: Vec<_> = rows.collect();
        for (key, _) in &rows {
            table.remove(key.as_slice()).unwrap();
        }
        change(&mut rows);
        for (key, value) in &rows {
            table.insert(key.as_slice(), value.as_slice()).unwrap();
        }
    }
    tx.commit().unwrap();
}

type Change = fn(&mut Vec<(Vec<u8>, Vec<u8>)>);

#[tokio::test]
async fn whoever_changes_the_log_is_found_out_by_the_command_and_by_the_server() {
    let mut server = Server::start().await;
    server.admin().await;
    server.account("ada").await;
    assert_eq!(server.stop().await, 0);
    server.command(&["admin", "verify-audit"], "").ok();
    let mut before = Vec::new();
    tamper(&server.data(), LOG, |_| {});
    let database = redb::Database::open(server.data().join("clonememoria.redb")).unwrap();
    {
        use redb::{ReadableDatabase as _, ReadableTable as _};
        let tx = database.begin_read().unwrap();
        let table = tx.open_table(LOG).unwrap();
        for row in table.iter().unwrap() {
            let (key, value) = row.unwrap();
            before.push((key.value().to_vec(), value.value().to_vec()));
        }
    }
    drop(database);
    assert!(before.len() > 4);
    let changes: [(&str, Change); 8] = [
        ("a byte of an entry", |rows| rows[1].1[60] ^= 1),
        ("a byte of a hash", |rows| rows[1].1[5] ^= 1),
        ("the envelope of an entry", |rows| rows[1].1[0] ^= 1),
        ("the first entry is gone", |rows| drop(rows.remove(0))),
        ("an entry is gone", |rows| drop(rows.remove(2))),
        ("the last entry is gone", |rows| drop(rows.pop())),
        ("two entries changed places", |rows| {
            let (a, b) = (rows[1].1.clone(), rows[2].1.clone());
            (rows[1].1, rows[2].1) = (b, a);
        }),
        ("an entry more", |rows| {
            let (mut key, value) = rows.last().cloned().unwrap();
            *key.last_mut().unwrap() += 1;
            rows.push((key, value));
        }),
    ];
    for (what, change) in changes {
        tamper(&server.data(), LOG, change);
        let ended = server.command(&["admin", "verify-audit"], "");
        assert_eq!(ended.code, 65, "{what}: {ended:?}");
        let restored = before.clone();
        tamper(&server.data(), LOG, |rows| rows.clone_from(&restored));
        server.command(&["admin", "verify-audit"], "").ok();
    }
    tamper(&server.data(), ENDS, |rows| rows[0].1[3] ^= 1);
    assert_eq!(server.command(&["admin", "verify-audit"], "").code, 65);
    server.run().await;
    until("the server notices", || async {
        let health = server.client().get("/gateway/health").await.is(200);
        (health["checks"]["audit"]["status"] == "degraded").then_some(())
    })
    .await;
    // Nobody is locked out by it.
    let admin = login(&server, "admin").await;
    let page = admin.get("/admin/audit").await.is(200);
    assert_eq!(page["chain"]["holds"], false);
    assert!(server.log().contains("the audit log was changed"));
}
