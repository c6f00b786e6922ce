//! Clocks that jump (DUR-10): nothing that was over is good again, nothing is erased because of it,
//! and what happened after something else stays after it.

use std::time::Duration;

use serde_json::json;

use crate::support::client::{Client, each, id, items, text};
use crate::support::server::Server;
use crate::support::{PASSWORD, until};

const DAY: u64 = 24 * 60 * 60;
const YEAR: u64 = 365 * DAY;

async fn turn_back(server: &Server, seconds: u64) {
    let operation = json!({"do": "turn_clock_back", "seconds": seconds});
    assert_eq!(server.operate(operation).await.0, 200);
}

async fn sign_in(server: &Server) -> serde_json::Value {
    let body = json!({"email": "admin@example.org", "password": PASSWORD});
    server.client().post("/auth/login", body).await.is(200)
}

#[tokio::test]
async fn nothing_that_is_over_is_good_again_when_the_clock_is_turned_back() {
    for back in [DAY, 10 * YEAR, 60 * YEAR] {
        let server = Server::start().await;
        server.admin().await;
        let session = sign_in(&server).await;
        let (access, refresh) = (text(&session["access_token"]), session["refresh_token"].clone());
        let ada = server.client().with_token(&access);
        ada.get("/auth/me").await.is(200);
        server.advance(Duration::from_secs(31 * DAY)).await;
        ada.get("/auth/me").await.is(401);
        turn_back(&server, back).await;
        ada.get("/auth/me").await.is(401);
        let renewed = json!({"refresh_token": refresh});
        server.client().post("/auth/refresh", renewed).await.is(401);
        // Who signs in then is signed in, and what is written is written after the rest.
        let ada = server.client().with_token(&text(&sign_in(&server).await["access_token"]));
        let clone = ada.new_clone("Maria").await;
        let first = ada.remember(&clone, "First.").await;
        let second = ada.remember(&clone, "Second.").await;
        assert!(text(&first["created_at"]) <= text(&second["created_at"]));
        let listed = items(&ada.get(&format!("/clones/{clone}/memories")).await.is(200));
        let expected = [id(&second), id(&first)];
        assert_eq!(each(&listed, "id"), expected.each_ref().map(String::as_str));
        let ready = ada.page("/readyz").await.is(200);
        let said = text(&ready["checks"]["clock"]["detail"]);
        assert!(said.contains("time stands still"), "{said}");
    }
}

/// Deletes something and stops, then starts with another time.
async fn with_something_in_the_trash() -> (Server, Client, String) {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let memory = id(&ada.remember(&clone, "The kettle sang.").await);
    ada.delete(&format!("/clones/{clone}/memories/{memory}")).await.is(204);
    assert_eq!(server.stop().await, 0);
    (server, ada, memory)
}

#[tokio::test]
async fn a_jump_ahead_erases_nothing() {
    for ahead in [40 * DAY, 10 * YEAR, 13 * YEAR] {
        let (mut server, ada, memory) = with_something_in_the_trash().await;
        server.set("TESTING_CLOCK_AHEAD", Some(&ahead.to_string()));
        server.run().await;
        let session = sign_in(&server).await;
        let then = server.client().with_token(&text(&session["access_token"]));
        until("it has looked at the clock", || async {
            let ready = then.page("/readyz").await.is(200);
            let detail = ready["checks"]["clock"]["detail"].as_str()?.to_owned();
            assert!(detail.contains("nothing is erased"), "{detail}");
            Some(())
        })
        .await;
        let trash = items(&then.get("/trash").await.is(200));
        assert_eq!(each(&trash, "id"), [memory.as_str()]);
        assert_eq!(server.stop().await, 0);
        // The clock is put right: all is as it was, and whoever was signed in is.
        server.set("TESTING_CLOCK_AHEAD", Some("0"));
        server.run().await;
        let ada = server.again(&ada);
        assert_eq!(each(&items(&ada.get("/trash").await.is(200)), "id"), [memory.as_str()]);
        ada.post(&format!("/trash/{memory}/restore"), json!(null)).await.is(204);
        assert_eq!(ada.page("/readyz").await.is(200)["checks"]["clock"]["status"], "ok");
    }
}

#[tokio::test]
async fn a_machine_that_begins_in_1970_goes_on_from_where_it_was() {
    let (mut server, ada, memory) = with_something_in_the_trash().await;
    // Earlier than its own beginning: the clock has no battery.
    server.set("TESTING_CLOCK_AHEAD", Some("-1800000000"));
    server.run().await;
    let there = server.again(&ada);
    // As long as it is believed to be the time of the last sweep, who was signed in is.
    assert_eq!(each(&items(&there.get("/trash").await.is(200)), "id"), [memory.as_str()]);
    let ready = there.page("/readyz").await.is(200);
    assert_eq!(ready["checks"]["clock"]["status"], "degraded", "{ready}");
    let clone = there.new_clone("Anna").await;
    let born = text(&there.get(&format!("/clones/{clone}")).await.is(200)["created_at"]);
    assert!(born.as_str() > "2020", "{born}");
    assert_eq!(server.stop().await, 0);
    server.set("TESTING_CLOCK_AHEAD", Some("0"));
    server.run().await;
    let ada = server.again(&ada);
    assert_eq!(each(&items(&ada.get("/trash").await.is(200)), "id"), [memory.as_str()]);
}
