//! The inbox: what an account is told, for that account alone.

use std::time::Duration;

use serde_json::json;

use crate::support::client::{each, id, items, text};
use crate::support::server::Server;

const ADMIN: &str = "admin@example.org";

async fn tell(server: &Server, email: &str, topic: &str, detail: &str) {
    let operation = json!({"do": "tell", "email": email, "topic": topic, "detail": detail});
    assert_eq!(server.operate(operation).await.0, 200);
}

#[tokio::test]
async fn the_newest_comes_first_and_stays_unread_until_it_is_read() {
    let server = Server::start().await;
    let ada = server.admin().await;
    tell(&server, ADMIN, "new_device", "Firefox\r\n(Linux)").await;
    tell(&server, ADMIN, "password_changed", "").await;
    let inbox = ada.get("/notifications").await.is(200);
    let list = items(&inbox);
    assert_eq!(each(&list, "topic"), ["password_changed", "new_device"]);
    assert_eq!(inbox["unread"], 2);
    assert_eq!(list[0]["detail"], json!(null));
    assert_eq!(list[1]["detail"], "Firefox (Linux)");
    assert_eq!(list[1]["security"], true);

    ada.post(&format!("/notifications/{}/read", id(&list[1])), json!({})).await.is(204);
    let inbox = ada.get("/notifications").await.is(200);
    let list = items(&inbox);
    assert_eq!((&list[0]["read"], &list[1]["read"]), (&json!(false), &json!(true)));
    assert_eq!(inbox["unread"], 1);

    ada.post("/notifications/read", json!({})).await.is(204);
    let inbox = ada.get("/notifications").await.is(200);
    assert_eq!(inbox["unread"], 0);
    assert!(items(&inbox).iter().all(|item| item["read"] == true));
}

#[tokio::test]
async fn a_long_inbox_comes_in_pages_and_forgets_its_oldest() {
    let server = Server::start().await;
    let ada = server.admin().await;
    for number in 0..203 {
        tell(&server, ADMIN, "api_key_created", &format!("key {number}")).await;
    }
    let first = ada.get("/notifications?limit=150").await.is(200);
    let cursor = text(&first["next_cursor"]);
    let second = ada.get(&format!("/notifications?limit=150&cursor={cursor}")).await.is(200);
    assert!(second["next_cursor"].is_null());
    let mut all = items(&first);
    all.extend(items(&second));
    assert_eq!((all.len(), &first["unread"]), (200, &json!(200)));
    assert_eq!(all[0]["detail"], "key 202");
    assert_eq!(all[199]["detail"], "key 3");
}

#[tokio::test]
async fn after_half_a_year_a_notice_is_gone() {
    let server = Server::start().await;
    let ada = server.admin().await;
    tell(&server, ADMIN, "password_changed", "").await;
    server.advance(Duration::from_secs(181 * 24 * 60 * 60)).await;
    let body = json!({"email": ADMIN, "password": crate::support::PASSWORD});
    let session = server.client().post("/auth/login", body).await.is(200);
    let ada = ada.with_token(&text(&session["access_token"]));
    let inbox = ada.get("/notifications").await.is(200);
    assert_eq!((items(&inbox).len(), &inbox["unread"]), (0, &json!(0)));
}

#[tokio::test]
async fn nobody_reads_or_marks_what_another_was_told() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let ben = server.account("ben").await;
    tell(&server, ADMIN, "password_changed", "").await;
    let notice = id(&items(&ada.get("/notifications").await.is(200))[0]);
    assert_eq!(items(&ben.get("/notifications").await.is(200)).len(), 0);
    let path = format!("/notifications/{notice}/read");
    ben.post(&path, json!({})).await.problem(404, "not_found");
    ben.post("/notifications/read", json!({})).await.is(204);
    assert_eq!(ada.get("/notifications").await.is(200)["unread"], 1);
    for wrong in ["x", "01a1fcac-b2a0-7c11-9d5e-0f6a3c1b2d4e"] {
        let reply = ada.post(&format!("/notifications/{wrong}/read"), json!({})).await;
        reply.problem(404, "not_found");
    }
}
