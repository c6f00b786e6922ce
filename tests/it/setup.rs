//! The first account: made once, with the printed link, by whoever runs the machine.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::PASSWORD;
use crate::support::client::{items, text};
use crate::support::reply::Reply;
use crate::support::server::Server;

fn first(token: &str, email: &str) -> Value {
    json!({"token": token, "email": email, "password": PASSWORD, "display_name": "Ada"})
}

#[tokio::test]
async fn the_printed_link_makes_the_first_account_an_admin_once() {
    let server = Server::start().await;
    let stranger = server.client();
    let setup = stranger.get("/setup").await.is(200);
    assert_eq!(setup["needed"], true);
    assert_eq!(setup["registration"], "open");
    assert_eq!(setup["version"], env!("CARGO_PKG_VERSION"));

    let session =
        stranger.post("/setup", first(server.setup_token(), "ada@example.org")).await.is(201);
    assert_eq!(session["account"]["is_admin"], true);
    assert_eq!(session["token_type"], "Bearer");
    assert_eq!(session["account"]["consents"]["data_processing"]["granted"], true);
    assert_eq!(stranger.get("/setup").await.is(200)["needed"], false);

    let again = stranger.post("/setup", first(server.setup_token(), "eve@example.org")).await;
    assert!(matches!(again.status, 403 | 409), "{}", again.text());
    assert_eq!(server.operate(json!({"do": "setup_link"})).await.0, 409);
}

#[tokio::test]
async fn a_wrong_or_old_token_opens_nothing() {
    let server = Server::start().await;
    let stranger = server.client();
    for wrong in ["", "x", &"A".repeat(43)] {
        let reply = stranger.post("/setup", first(wrong, "eve@example.org")).await;
        reply.problem(403, "setup_token_invalid");
    }
    server.advance(Duration::from_secs(30 * 60 + 1)).await;
    let reply = stranger.post("/setup", first(server.setup_token(), "ada@example.org")).await;
    reply.problem(403, "setup_token_invalid");
    let link = server.command(&["admin", "link"], "").ok();
    let (_, token) = link.trim().split_once("/welcome?token=").unwrap();
    stranger.post("/setup", first(token, "ada@example.org")).await.is(201);
}

#[tokio::test]
async fn a_new_link_ends_the_old_one() {
    let server = Server::start().await;
    server.command(&["admin", "link"], "").ok();
    let reply = server.client().post("/setup", first(server.setup_token(), "a@example.org")).await;
    reply.problem(403, "setup_token_invalid");
}

/// Starts of a fresh server with a crowd at the door; `TORTURE_ROUNDS` sets another number.
fn boots() -> u64 {
    crate::kill::rounds(5)
}

/// Many at the door of a fresh server, every other with a wrong token.
async fn crowd(server: &Server, many: usize) -> Vec<Reply> {
    let each = (0..many).map(|i| {
        let wrong = "A".repeat(43);
        let token = if i % 2 == 0 { server.setup_token() } else { &wrong };
        let body = first(token, &format!("ada{i}@example.org"));
        let stranger = server.client();
        async move { stranger.post("/setup", body).attempt().await }
    });
    join_all(each).await.into_iter().flatten().collect()
}

/// A server that lets in everybody who comes.
fn open_door() -> Server {
    Server::prepared(&[
        ("CLONEMEMORIA_LIMITS_CONNECTIONS_PER_ADDRESS", "1000"),
        ("CLONEMEMORIA_LIMITS_SIGN_IN_BURST", "1000"),
    ])
}

#[tokio::test]
async fn two_hundred_who_set_up_at_once_make_one_admin_and_no_other_account() {
    for _ in 0..boots() {
        let mut server = open_door();
        server.run().await;
        let replies = crowd(&server, 200).await;
        assert_eq!(replies.len(), 200);
        let (made, refused): (Vec<_>, Vec<_>) =
            replies.into_iter().partition(|reply| reply.status == 201);
        let statuses: Vec<u16> = refused.iter().map(|reply| reply.status).collect();
        assert!(statuses.iter().all(|status| matches!(status, 403 | 409 | 429)), "{statuses:?}");
        assert_eq!(made.len(), 1);
        let session = made[0].json();
        let admin = server.client().with_token(&text(&session["access_token"]));
        let all = items(&admin.get("/admin/users").await.is(200));
        assert_eq!(each_of(&all), [&session["account"]["email"]]);
    }
}

#[tokio::test]
async fn a_power_cut_while_many_set_up_leaves_one_admin_or_none() {
    let mut ends = [0, 0];
    for boot in 0..boots() {
        let mut server = open_door();
        server.run().await;
        tokio::select! {
            _ = crowd(&server, 8) => {}
            () = tokio::time::sleep(Duration::from_millis(boot * 37 % 110)) => {}
        }
        server.kill().await;
        server.run().await;
        let stranger = server.client();
        let needed = stranger.get("/setup").await.is(200)["needed"] == true;
        ends[usize::from(needed)] += 1;
        let admin = if needed {
            let body = first(server.setup_token(), "late@example.org");
            stranger.post("/setup", body).await.is(201)
        } else {
            let tries = (0..8).step_by(2).map(|i| format!("ada{i}@example.org"));
            let tries = tries.map(|email| json!({"email": email, "password": PASSWORD}));
            let tries = tries.map(|body| stranger.post("/auth/login", body).attempt());
            let replies = join_all(tries).await.into_iter().flatten();
            let mut good: Vec<_> = replies.filter(|reply| reply.status == 200).collect();
            assert_eq!(good.len(), 1);
            good.remove(0).json()
        };
        let admin = server.client().with_token(&text(&admin["access_token"]));
        assert_eq!(items(&admin.get("/admin/users").await.is(200)).len(), 1);
    }
    println!("{} power cuts after the first account, {} before", ends[0], ends[1]);
}

fn each_of(accounts: &[Value]) -> Vec<&Value> {
    accounts.iter().map(|account| &account["email"]).collect()
}

#[tokio::test]
async fn nobody_registers_before_the_first_account() {
    let server = Server::start().await;
    let body = json!({"email": "e@example.org", "password": PASSWORD, "display_name": "Eve"});
    server.client().post("/auth/register", body).await.problem(409, "setup_needed");
}

#[tokio::test]
async fn what_is_wrong_with_a_first_account_is_named() {
    let server = Server::start().await;
    let body = json!({
        "token": server.setup_token(), "email": "nobody", "password": "short", "display_name": ""
    });
    let reply = server.client().post("/setup", body).await;
    reply.invalid(&["/email", "/password", "/display_name"]);
    let mut body = first(server.setup_token(), "ada@example.org");
    body["consents"] = json!({"data_processing": false});
    server.client().post("/setup", body).await.invalid(&["/consents/data_processing"]);
    // None of that has used the token up.
    let body = first(server.setup_token(), "ada@example.org");
    server.client().post("/setup", body).await.is(201);
}

#[tokio::test]
async fn a_restart_keeps_the_account_and_prints_no_link() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    server.restart().await;
    assert!(!server.said().contains("/welcome"), "{}", server.said());
    assert_eq!(server.again(&ada).get("/auth/me").await.is(200)["is_admin"], true);
}
