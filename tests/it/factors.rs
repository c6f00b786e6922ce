//! Codes of authenticator apps and recovery codes: what they open, and how often.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::PASSWORD;
use crate::support::client::{Client, text};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::totp::App;

async fn login(server: &Server, code: Option<&str>) -> Reply {
    let mut body = json!({"email": "admin@example.org", "password": PASSWORD});
    if let Some(code) = code {
        body["totp"] = json!(code);
    }
    server.client().post("/auth/login", body).await
}

fn bearer(server: &Server, session: &Value) -> Client {
    server.client().with_token(&text(&session["access_token"]))
}

/// An account with an authenticator app: its sign-in, the app and the recovery codes.
async fn enrolled(server: &Server) -> (Client, App, Vec<String>) {
    let ada = server.admin().await;
    let new = ada.post("/auth/totp", json!({})).await.is(200);
    let app = App::holding(&new["secret"]);
    let code = app.next(server).await;
    let done = ada.post("/auth/totp/confirm", json!({"code": code})).await.is(200);
    let codes = done["recovery_codes"].as_array().unwrap().iter().map(text).collect();
    (bearer(server, &done["session"]), app, codes)
}

#[tokio::test]
async fn an_authenticator_app_is_needed_once_it_is_confirmed() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let other = bearer(&server, &login(&server, None).await.is(200));
    let new = ada.post("/auth/totp", json!({})).await.is(200);
    let uri = text(&new["uri"]);
    assert!(uri.starts_with("otpauth://totp/CloneMemoria:admin@example.org?secret="), "{uri}");
    assert!(uri.contains(&format!("secret={}&", text(&new["secret"]))), "{uri}");
    let app = App::holding(&new["secret"]);
    // Nothing has changed yet.
    login(&server, None).await.is(200);
    assert_eq!(ada.get("/auth/factors").await.is(200)["totp"], false);
    let confirm = |code: String| ada.post("/auth/totp/confirm", json!({"code": code}));
    confirm(app.code(-5)).await.problem(401, "totp_invalid");
    confirm(app.code(0)).await.problem(429, "too_many_attempts");
    let code = app.next(&server).await;
    let done = confirm(code.clone()).await.is(200);
    assert_eq!(done["recovery_codes"].as_array().unwrap().len(), 10);
    let renewed = bearer(&server, &done["session"]);
    let factors = renewed.get("/auth/factors").await.is(200);
    assert_eq!((&factors["totp"], &factors["recovery_codes_left"]), (&json!(true), &json!(10)));
    // Everything that opened the account without it stops doing so.
    ada.get("/auth/me").await.problem(401, "unauthenticated");
    other.get("/auth/me").await.problem(401, "unauthenticated");
    login(&server, None).await.problem(401, "totp_required");
    login(&server, Some("")).await.problem(401, "totp_required");
    login(&server, Some("000 00")).await.problem(401, "totp_invalid");
    // The code that confirmed it is used up.
    login(&server, Some(&code)).await.problem(401, "totp_invalid");
    let code = app.next(&server).await;
    let spaced = format!(" {} {}", &code[..3], &code[3..]);
    login(&server, Some(&spaced)).await.is(200);
    login(&server, Some(&code)).await.problem(401, "totp_invalid");
}

#[tokio::test]
async fn that_a_code_is_needed_is_said_only_to_who_knows_the_password() {
    let server = Server::start().await;
    let (_, app, _) = enrolled(&server).await;
    let code = app.next(&server).await;
    let body = json!({"email": "admin@example.org", "password": "not this one", "totp": code});
    server.client().post("/auth/login", body).await.problem(401, "invalid_credentials");
    server.advance(Duration::from_secs(1)).await;
    let body = json!({"email": "admin@example.org", "password": "not this one"});
    server.client().post("/auth/login", body).await.problem(401, "invalid_credentials");
    server.advance(Duration::from_secs(3)).await;
    // The right code was not used up by the wrong password.
    login(&server, Some(&code)).await.is(200);
}

#[tokio::test]
async fn a_clock_may_be_wrong_by_one_step_and_not_by_two() {
    let server = Server::start().await;
    let (_, app, _) = enrolled(&server).await;
    for (steps, status) in [(-2, 401), (-1, 200), (1, 200), (2, 401), (0, 200)] {
        app.wait(&server, 2).await;
        let reply = login(&server, Some(&app.code(steps))).await;
        assert_eq!(reply.status, status, "{steps}: {}", reply.text());
    }
}

#[tokio::test]
async fn no_code_is_taken_after_a_later_one() {
    let server = Server::start().await;
    let (_, app, _) = enrolled(&server).await;
    app.wait(&server, 2).await;
    login(&server, Some(&app.code(1))).await.is(200);
    login(&server, Some(&app.code(0))).await.problem(401, "totp_invalid");
}

#[tokio::test]
async fn of_two_who_send_the_same_code_at_once_one_gets_in() {
    let server = Server::start().await;
    let (_, app, _) = enrolled(&server).await;
    for _ in 0..25 {
        let code = app.next(&server).await;
        let both = tokio::join!(login(&server, Some(&code)), login(&server, Some(&code)));
        let mut statuses = [both.0.status, both.1.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{} {}", both.0.text(), both.1.text());
    }
}

#[tokio::test]
async fn guesses_at_codes_have_to_wait_apart_from_guesses_at_the_password() {
    let server = Server::start().await;
    let (ada, app, recovery) = enrolled(&server).await;
    let wrong = app.code(7);
    login(&server, Some(&wrong)).await.problem(401, "totp_invalid");
    for wait in [1, 3, 5, 10, 10] {
        let refused = login(&server, Some(&wrong)).await;
        assert_eq!(refused.headers["retry-after"], wait.to_string().as_str());
        refused.problem(429, "too_many_attempts");
        server.advance(Duration::from_secs(wait)).await;
        app.ahead.set(app.ahead.get() + wait);
        login(&server, Some(&wrong)).await.problem(401, "totp_invalid");
    }
    // The password is not held up, nor is a recovery code.
    login(&server, None).await.problem(401, "totp_required");
    ada.post("/auth/reauth", json!({"password": PASSWORD})).await.is(200);
    login(&server, Some(&recovery[0])).await.is(200);
}

#[tokio::test]
async fn a_recovery_code_stands_in_once_however_it_is_written() {
    let server = Server::start().await;
    let (ada, _, codes) = enrolled(&server).await;
    let loose = codes[0].to_lowercase().replace('-', " ");
    login(&server, Some(&loose)).await.is(200);
    login(&server, Some(&codes[0])).await.problem(401, "totp_invalid");
    let both = tokio::join!(login(&server, Some(&codes[1])), login(&server, Some(&codes[1])));
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    assert_eq!(ada.get("/auth/factors").await.is(200)["recovery_codes_left"], 8);
    let renewed = ada.post("/auth/totp/recovery-codes", json!({})).await.is(200);
    login(&server, Some(&codes[2])).await.problem(401, "totp_invalid");
    login(&server, Some(&text(&renewed["recovery_codes"][0]))).await.is(200);
    assert_eq!(ada.get("/auth/factors").await.is(200)["recovery_codes_left"], 9);
}

#[tokio::test]
async fn recovery_codes_are_not_on_the_disk() {
    let mut server = Server::start().await;
    let (_, _, codes) = enrolled(&server).await;
    assert_eq!(server.stop().await, 0);
    let plain: Vec<String> = codes.iter().map(|code| code.replace('-', "")).collect();
    for entry in std::fs::read_dir(server.data()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let has = |text: &str| bytes.windows(text.len()).any(|at| at == text.as_bytes());
        let found = codes.iter().chain(&plain).any(|code| has(code));
        assert!(!found, "{}", path.display());
    }
}

#[tokio::test]
async fn an_authenticator_app_is_replaced_and_taken_away() {
    let server = Server::start().await;
    let (ada, old, codes) = enrolled(&server).await;
    let new = ada.post("/auth/totp", json!({})).await.is(200);
    let new = App::holding(&new["secret"]);
    // The old one goes on until the new one is confirmed.
    let code = old.next(&server).await;
    login(&server, Some(&code)).await.is(200);
    new.ahead.set(old.ahead.get());
    let code = new.next(&server).await;
    let done = ada.post("/auth/totp/confirm", json!({"code": code})).await.is(200);
    let ada = bearer(&server, &done["session"]);
    login(&server, Some(&codes[0])).await.problem(401, "totp_invalid");
    let renewed = ada.delete("/auth/totp").await.is(200);
    let ada = bearer(&server, &renewed);
    ada.delete("/auth/totp").await.problem(409, "totp_not_set");
    ada.post("/auth/totp/recovery-codes", json!({})).await.problem(409, "totp_not_set");
    ada.post("/auth/totp/confirm", json!({"code": "123456"})).await.problem(409, "totp_not_begun");
    login(&server, None).await.is(200);
}

#[tokio::test]
async fn a_secret_does_not_wait_for_ever() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let new = ada.post("/auth/totp", json!({})).await.is(200);
    let app = App::holding(&new["secret"]);
    app.wait(&server, 31).await;
    let session = ada.post(
        "/auth/login",
        json!({
            "email": "admin@example.org", "password": PASSWORD,
        }),
    );
    let ada = bearer(&server, &session.await.is(200));
    let confirm = ada.post("/auth/totp/confirm", json!({"code": app.code(0)})).await;
    confirm.problem(409, "totp_not_begun");
}

#[tokio::test]
async fn a_code_makes_a_sign_in_fresh_and_factors_change_only_in_a_fresh_one() {
    let server = Server::start().await;
    let (ada, app, recovery) = enrolled(&server).await;
    app.wait(&server, 11).await;
    let stale = [
        ada.post("/auth/totp", json!({})),
        ada.post("/auth/totp/confirm", json!({"code": "123456"})),
        ada.post("/auth/totp/recovery-codes", json!({})),
        ada.post("/auth/passkeys/register/start", json!({})),
        ada.delete("/auth/totp"),
    ];
    for call in stale {
        call.await.problem(401, "reauth_required");
    }
    let both = json!({"password": PASSWORD, "totp": app.code(0)});
    ada.post("/auth/reauth", both).await.invalid(&["/password"]);
    ada.post("/auth/reauth", json!({})).await.invalid(&["/password"]);
    let code = app.code(0);
    ada.post("/auth/reauth", json!({"totp": code})).await.is(200);
    ada.post("/auth/reauth", json!({"totp": code})).await.problem(401, "totp_invalid");
    ada.post("/auth/reauth", json!({"totp": recovery[0]})).await.is(200);
    ada.delete("/auth/totp").await.is(200);
}

#[tokio::test]
async fn who_has_no_authenticator_app_proves_nothing_with_a_code() {
    let server = Server::start().await;
    let ada = server.admin().await;
    ada.post("/auth/reauth", json!({"totp": "123456"})).await.problem(401, "totp_invalid");
}

#[tokio::test]
async fn a_new_password_does_not_get_around_the_code() {
    let server = Server::start().await;
    let (_, app, _) = enrolled(&server).await;
    let reset = ["admin", "reset-password", "--email", "admin@example.org"];
    server.command(&reset, "violet umbrella quartz 42\n").ok();
    let body = json!({"email": "admin@example.org", "password": "violet umbrella quartz 42"});
    let ask = || server.client().post("/auth/login", body.clone());
    ask().await.problem(401, "totp_required");
    let mut with = body.clone();
    with["totp"] = json!(app.next(&server).await);
    server.client().post("/auth/login", with).await.is(200);
}

#[tokio::test]
async fn the_operator_helps_who_lost_everything() {
    let server = Server::start().await;
    let (ada, _, _) = enrolled(&server).await;
    let reset = ["admin", "reset-factors", "--email", "admin@example.org"];
    server.command(&reset, "").ok();
    ada.get("/auth/me").await.problem(401, "unauthenticated");
    login(&server, None).await.is(200);
    let nobody = ["admin", "reset-factors", "--email", "nobody@example.org"];
    assert_eq!(server.command(&nobody, "").code, 65);
}

#[tokio::test]
async fn what_the_operator_switched_off_cannot_be_set_up_and_is_still_asked_for() {
    let off = [("CLONEMEMORIA_AUTH_TOTP", "false"), ("CLONEMEMORIA_AUTH_PASSKEYS", "false")];
    let server = Server::with(&off).await;
    let ada = server.admin().await;
    ada.post("/auth/totp", json!({})).await.problem(501, "factor_off");
    ada.post("/auth/passkeys/login/start", json!({})).await.is(501);
    assert_eq!(ada.get("/auth/factors").await.is(200)["passkeys_possible"], false);
}
