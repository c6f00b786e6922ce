//! Passkeys: who gets in with one, and twelve and more who do not.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::PASSWORD;
use crate::support::client::{Client, id, text};
use crate::support::passkey::{Passkey, tampered};
use crate::support::reply::Reply;
use crate::support::server::Server;

pub const ORIGIN: &str = "https://memoria.example";

async fn start() -> Server {
    Server::with(&[("CLONEMEMORIA_SERVER_PUBLIC_URL", "https://memoria.example/")]).await
}

fn bearer(server: &Server, session: &Value) -> Client {
    server.client().with_token(&text(&session["access_token"]))
}

fn new_passkey(question: &Value, key: &Passkey) -> Value {
    let credential = key.introduces_itself(question);
    json!({"id": question["id"], "label": "My phone", "credential": credential})
}

async fn ask_for_new(client: &Client) -> Value {
    client.post("/auth/passkeys/register/start", json!({})).await.is(200)
}

/// The account's sign-in afterwards, the passkey, and how the server calls it.
pub async fn with_passkey(server: &Server, client: &Client) -> (Client, Passkey, String) {
    let question = ask_for_new(client).await;
    let key = Passkey::made_for(&question, ORIGIN);
    let body = new_passkey(&question, &key);
    let made = client.post("/auth/passkeys/register/finish", body).await.is(201);
    (bearer(server, &made["session"]), key, id(&made["passkey"]))
}

async fn question(server: &Server) -> Value {
    server.client().post("/auth/passkeys/login/start", json!({})).await.is(200)
}

async fn enter(server: &Server, answer: Value) -> Reply {
    server.client().post("/auth/passkeys/login/finish", answer).await
}

#[tokio::test]
async fn a_passkey_opens_its_account_without_a_name_a_password_or_a_code() {
    let server = start().await;
    let ada = server.admin().await;
    let other =
        ada.post("/auth/login", json!({"email": "admin@example.org", "password": PASSWORD}));
    let other = bearer(&server, &other.await.is(200));
    let (renewed, mut key, name) = with_passkey(&server, &ada).await;
    for ended in [&ada, &other] {
        ended.get("/auth/me").await.problem(401, "unauthenticated");
    }
    let session = enter(&server, key.answers(&question(&server).await)).await.is(200);
    assert_eq!(session["account"]["email"], "admin@example.org");
    bearer(&server, &session).get("/auth/me").await.is(200);
    enter(&server, key.answers(&question(&server).await)).await.is(200);
    let path = format!("/auth/passkeys/{name}");
    let renamed = renewed.patch(&path, json!({"label": "Grandma's phone"})).await.is(200);
    assert_eq!(renamed["label"], "Grandma's phone");
    renewed.patch(&path, json!({"label": " "})).await.invalid(&["/label"]);
    let factors = renewed.get("/auth/factors").await.is(200);
    assert_eq!(factors["passkeys"][0]["label"], "Grandma's phone");
    assert!(factors["passkeys"][0]["last_used_at"].is_string());
    assert_eq!((&factors["totp"], &factors["passkeys_possible"]), (&json!(false), &json!(true)));
    let ended = renewed.delete(&path).await.is(200);
    let renewed = bearer(&server, &ended);
    renewed.delete(&path).await.problem(404, "not_found");
    bearer(&server, &session).get("/auth/me").await.problem(401, "unauthenticated");
    let gone = enter(&server, key.answers(&question(&server).await)).await;
    gone.problem(401, "passkey_invalid");
}

#[tokio::test]
async fn the_question_is_the_same_for_everybody_but_for_its_challenge() {
    let server = start().await;
    let before = question(&server).await;
    let ada = server.admin().await;
    with_passkey(&server, &ada).await;
    let after = question(&server).await;
    let plain = |question: &Value| {
        let mut options = question["options"].clone();
        options["challenge"].take();
        options
    };
    assert_eq!(plain(&before), plain(&after));
    assert_ne!(before["options"]["challenge"], after["options"]["challenge"]);
    assert_eq!(before["options"]["rpId"], "memoria.example");
    assert_eq!(before["options"]["userVerification"], "required");
    assert_eq!(before["options"]["allowCredentials"], json!([]));
}

#[tokio::test]
async fn no_answer_counts_but_the_right_one() {
    let server = start().await;
    let ada = server.admin().await;
    let ben = server.account("ben").await;
    let (_, mut key, _) = with_passkey(&server, &ada).await;
    let (_, mut bens, _) = with_passkey(&server, &ben).await;
    let refused = async |case: &str, answer: Value| {
        let reply = enter(&server, answer).await;
        assert_eq!(reply.status, 401, "{case}: {}", reply.text());
        reply.problem(401, "passkey_invalid");
    };

    let asked = question(&server).await;
    let answer = key.answers(&asked);
    enter(&server, answer.clone()).await.is(200);
    refused("the same answer again", answer).await;
    refused("another answer to the same question", key.answers(&asked)).await;

    let mut other = key.answers(&question(&server).await);
    other["id"] = question(&server).await["id"].clone();
    refused("an answer to another question", other).await;
    let mut unknown = key.answers(&question(&server).await);
    unknown["id"] = json!("never-asked");
    refused("a question that was never asked", unknown).await;

    let late = question(&server).await;
    server.advance(Duration::from_secs(5 * 60)).await;
    refused("five minutes later", key.answers(&late)).await;

    for origin in [
        "https://memoria.example.evil.test",
        "http://memoria.example",
        "https://memoria.example:8443",
        "https://www.memoria.example",
    ] {
        key.origin = origin.to_owned();
        refused(origin, key.answers(&question(&server).await)).await;
    }
    key.origin = ORIGIN.to_owned();
    key.site = "evil.test".to_owned();
    refused("for another site", key.answers(&question(&server).await)).await;
    key.site = "memoria.example".to_owned();
    key.verified = false;
    refused("its owner not verified", key.answers(&question(&server).await)).await;
    key.verified = true;
    key.kind = "webauthn.create";
    refused("another ceremony", key.answers(&question(&server).await)).await;
    key.kind = "webauthn.get";
    refused("another signature", tampered(key.answers(&question(&server).await))).await;

    std::mem::swap(&mut key.user, &mut bens.user);
    refused("ada's passkey as ben", key.answers(&question(&server).await)).await;
    std::mem::swap(&mut key.user, &mut bens.user);
    std::mem::swap(&mut key.id, &mut bens.id);
    refused("ada's signature with ben's passkey", key.answers(&question(&server).await)).await;
    std::mem::swap(&mut key.id, &mut bens.id);
    enter(&server, bens.answers(&question(&server).await)).await.is(200);
    enter(&server, key.answers(&question(&server).await)).await.is(200);
}

#[tokio::test]
async fn a_copy_of_a_passkey_is_noticed_by_its_counting() {
    let server = start().await;
    let ada = server.admin().await;
    let (_, mut key, _) = with_passkey(&server, &ada).await;
    key.counter = 41;
    enter(&server, key.answers(&question(&server).await)).await.is(200);
    for counted in [41, 0, 20] {
        key.counter = counted;
        let copied = enter(&server, key.answers(&question(&server).await)).await;
        copied.problem(401, "passkey_invalid");
    }
    key.counter = 42;
    enter(&server, key.answers(&question(&server).await)).await.is(200);
}

#[tokio::test]
async fn a_passkey_that_does_not_count_is_as_good() {
    let server = start().await;
    let ada = server.admin().await;
    let (_, mut key, _) = with_passkey(&server, &ada).await;
    key.counts = false;
    for _ in 0..3 {
        enter(&server, key.answers(&question(&server).await)).await.is(200);
    }
    assert_eq!(key.counter, 0);
}

#[tokio::test]
async fn a_new_passkey_must_be_what_was_asked_for() {
    let server = start().await;
    let ada = server.admin().await;
    let ben = server.account("ben").await;
    let finish = "/auth/passkeys/register/finish";
    let refused = async |case: &str, client: &Client, body: Value| {
        let reply = client.post(finish, body).await;
        assert_eq!(reply.status, 409, "{case}: {}", reply.text());
        reply.problem(409, "passkey_not_accepted");
    };
    let fresh = async |client: &Client| {
        let question = ask_for_new(client).await;
        let key = Passkey::made_for(&question, ORIGIN);
        (question, key)
    };
    let (question, key) = fresh(&ada).await;
    refused("in another account", &ben, new_passkey(&question, &key)).await;
    refused("after somebody else tried", &ada, new_passkey(&question, &key)).await;

    let (question, key) = fresh(&ada).await;
    let session = json!({"email": "admin@example.org", "password": PASSWORD});
    let elsewhere = server.client().post("/auth/login", session).await.is(200);
    let elsewhere = bearer(&server, &elsewhere);
    refused("in another sign-in", &elsewhere, new_passkey(&question, &key)).await;

    let (question, mut key) = fresh(&ada).await;
    key.origin = "https://evil.test".to_owned();
    refused("from another page", &ada, new_passkey(&question, &key)).await;
    let (question, mut key) = fresh(&ada).await;
    key.site = "evil.test".to_owned();
    refused("for another site", &ada, new_passkey(&question, &key)).await;
    let (question, mut key) = fresh(&ada).await;
    key.verified = false;
    refused("its owner not verified", &ada, new_passkey(&question, &key)).await;
    let (question, key) = fresh(&ada).await;
    let (other, _) = fresh(&ada).await;
    let mut body = new_passkey(&question, &key);
    body["id"] = other["id"].clone();
    refused("for another question", &ada, body).await;
    let (question, key) = fresh(&ada).await;
    server.advance(Duration::from_secs(5 * 60 + 1)).await;
    for client in [&ada, &ben] {
        client.post("/auth/reauth", json!({"password": PASSWORD})).await.is(200);
    }
    refused("five minutes later", &ada, new_passkey(&question, &key)).await;

    let (question, key) = fresh(&ada).await;
    let mut body = new_passkey(&question, &key);
    body["credential"] = json!({"id": "x"});
    ada.post(finish, body).await.invalid(&["/credential"]);

    let (ada, key, _) = with_passkey(&server, &ada).await;
    let question = ask_for_new(&ada).await;
    assert_eq!(question["options"]["excludeCredentials"].as_array().unwrap().len(), 1);
    refused("a second time", &ada, new_passkey(&question, &key)).await;
    let question = ask_for_new(&ben).await;
    refused("ada's for ben", &ben, new_passkey(&question, &key)).await;
}

#[tokio::test]
async fn only_the_browser_that_asked_may_answer() {
    let server = start().await;
    let ada = server.admin().await;
    let (_, mut key, _) = with_passkey(&server, &ada).await;
    let browser = |path: &str, body: Value, cookie: Option<&str>| {
        let ask = server.client().post(path, body).header("origin", ORIGIN);
        match cookie {
            Some(cookie) => ask.header("cookie", cookie),
            None => ask,
        }
    };
    let start = "/auth/passkeys/login/start";
    let finish = "/auth/passkeys/login/finish";
    let begin = async || {
        let reply = browser(start, json!({}), None).await;
        let cookie = reply.headers["set-cookie"].to_str().unwrap().to_owned();
        for flag in ["__Host-cm_ask=", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age=300"] {
            assert!(cookie.contains(flag), "{cookie}");
        }
        (reply.is(200), cookie.split(';').next().unwrap().to_owned())
    };
    let (asked, _) = begin().await;
    browser(finish, key.answers(&asked), None).await.problem(401, "passkey_invalid");
    let (asked, _) = begin().await;
    let (_, others) = begin().await;
    let reply = browser(finish, key.answers(&asked), Some(&others)).await;
    reply.problem(401, "passkey_invalid");
    let (asked, own) = begin().await;
    let reply = browser(finish, key.answers(&asked), Some(&own)).await;
    let cookies = reply.headers.get_all("set-cookie").iter();
    assert!(cookies.into_iter().any(|c| c.to_str().unwrap().starts_with("__Host-cm_sid=")));
    assert_eq!(reply.is(200)["access_token"], Value::Null);
}

#[tokio::test]
async fn a_passkey_makes_its_own_sign_in_fresh_and_no_other() {
    let server = start().await;
    let ada = server.admin().await;
    let ben = server.account("ben").await;
    let (ada, mut key, name) = with_passkey(&server, &ada).await;
    let (_, mut bens, bens_name) = with_passkey(&server, &ben).await;
    server.advance(Duration::from_secs(5 * 60 + 1)).await;
    let path = format!("/auth/passkeys/{name}");
    ada.delete(&path).await.problem(401, "reauth_required");
    ada.patch(&path, json!({"label": "Phone"})).await.problem(401, "reauth_required");
    let prove = |answer: Value| ada.post("/auth/reauth", json!({"passkey": answer}));
    prove(bens.answers(&question(&server).await)).await.problem(401, "passkey_invalid");
    ada.delete(&path).await.problem(401, "reauth_required");
    prove(key.answers(&question(&server).await)).await.is(200);
    ada.delete(&format!("/auth/passkeys/{bens_name}")).await.problem(404, "not_found");
    ada.delete(&path).await.is(200);
}

#[tokio::test]
async fn without_a_name_there_are_no_passkeys_and_the_server_says_why() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let refused = ada.post("/auth/passkeys/register/start", json!({})).await;
    let why = refused.problem(501, "passkeys_unavailable");
    assert!(text(&why["detail"]).contains("server.public_url"), "{why}");
    let factors = ada.get("/auth/factors").await.is(200);
    assert_eq!(factors["passkeys_obstacle"], why["detail"]);
    let named = |host: String| ada.get("/auth/factors").header("host", &host);
    let port = server.address().port();
    let local = named(format!("localhost:{port}")).await.is(200);
    assert_eq!(local["passkeys_possible"], true);
    let made_up = named(format!("localhost.evil.test:{port}")).await.is(200);
    assert_eq!(made_up["passkeys_possible"], false);
}

#[tokio::test]
async fn who_has_a_passkey_is_not_held_up_by_guesses_at_the_password() {
    let server = start().await;
    let ada = server.admin().await;
    let (_, mut key, _) = with_passkey(&server, &ada).await;
    let login = |password: &str| {
        let body = json!({"email": "admin@example.org", "password": password});
        server.client().post("/auth/login", body)
    };
    login("not this one").await.problem(401, "invalid_credentials");
    login(PASSWORD).await.problem(429, "too_many_attempts");
    enter(&server, key.answers(&question(&server).await)).await.is(200);
    // Nor does it help who guesses.
    login(PASSWORD).await.problem(429, "too_many_attempts");
    for _ in 1..100 {
        server.advance(Duration::from_secs(10)).await;
        login("not this one").await.problem(401, "invalid_credentials");
    }
    server.advance(Duration::from_secs(10)).await;
    login(PASSWORD).await.problem(429, "too_many_attempts");
    enter(&server, key.answers(&question(&server).await)).await.is(200);
    login(PASSWORD).await.problem(429, "too_many_attempts");
}
