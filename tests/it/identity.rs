//! Signing up, in and out; what an account says about itself; what it agrees to.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::support::PASSWORD;
use crate::support::client::{Client, each, items, text};
use crate::support::server::Server;

async fn login(client: &Client, email: &str, password: &str) -> crate::support::reply::Reply {
    client.post("/auth/login", json!({"email": email, "password": password})).await
}

async fn refresh(client: &Client, token: &Value) -> crate::support::reply::Reply {
    client.post("/auth/refresh", json!({"refresh_token": token})).await
}

/// A browser's page of this server.
fn origin(server: &Server) -> String {
    format!("http://{}", server.address())
}

#[tokio::test]
async fn a_password_signs_in_and_a_wrong_one_says_no_more_than_an_unknown_address() {
    let server = Server::start().await;
    server.admin().await;
    let stranger = server.client();
    let session = login(&stranger, "Admin@Example.org ", PASSWORD).await.is(200);
    assert_eq!(session["token_type"], "Bearer");
    assert_eq!(session["account"]["email"], "admin@example.org");
    let me = stranger.with_token(&text(&session["access_token"])).get("/auth/me").await.is(200);
    assert_eq!(me, session["account"]);

    let mut wrong = login(&stranger, "admin@example.org", "wrong horse battery").await.json();
    let mut unknown = login(&stranger, "nobody@example.org", PASSWORD).await.json();
    server.advance(Duration::from_secs(1)).await;
    let mut huge = login(&stranger, "admin@example.org", &"x".repeat(5_000)).await.json();
    for problem in [&mut wrong, &mut unknown, &mut huge] {
        assert_eq!(problem["code"], "invalid_credentials");
        problem["request_id"].take();
    }
    assert_eq!(wrong, unknown);
    assert_eq!(wrong, huge);
}

#[tokio::test]
async fn an_access_token_ends_after_its_time_and_a_refresh_token_later() {
    let server = Server::start().await;
    server.admin().await;
    let stranger = server.client();
    let session = login(&stranger, "admin@example.org", PASSWORD).await.is(200);
    let lasts = session["expires_in"].as_u64().unwrap();
    let ada = stranger.with_token(&text(&session["access_token"]));
    server.advance(Duration::from_secs(lasts - 2)).await;
    ada.get("/auth/me").await.is(200);
    server.advance(Duration::from_secs(3)).await;
    ada.get("/auth/me").await.problem(401, "unauthenticated");
    let session = refresh(&stranger, &session["refresh_token"]).await.is(200);
    stranger.with_token(&text(&session["access_token"])).get("/auth/me").await.is(200);
    server.advance(Duration::from_secs(31 * 24 * 60 * 60)).await;
    refresh(&stranger, &session["refresh_token"]).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn signing_out_ends_this_sign_in_and_no_other() {
    let server = Server::start().await;
    let one = server.admin().await;
    let session = login(&server.client(), "admin@example.org", PASSWORD).await.is(200);
    let other = server.client().with_token(&text(&session["access_token"]));
    let out = one.ask(Method::POST, "/auth/logout").await;
    assert_eq!(out.header("clear-site-data"), Some("\"cache\""));
    out.is(204);
    one.get("/auth/me").await.problem(401, "unauthenticated");
    other.get("/auth/me").await.is(200);
    let body = json!({"refresh_token": session["refresh_token"]});
    server.client().post("/auth/logout", body).await.is(204);
    other.get("/auth/me").await.problem(401, "unauthenticated");
    server.client().ask(Method::POST, "/auth/logout").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn an_account_changes_what_it_says_about_itself() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let change = json!({"display_name": "Ada L.", "locale": "fr-CA", "time_zone": "Europe/Paris"});
    let me = ada.patch("/auth/me", change.clone()).await.is(200);
    for (field, value) in change.as_object().unwrap() {
        assert_eq!(&me[field], value);
    }
    assert_eq!(ada.get("/auth/me").await.is(200), me);
    assert_eq!(me["plan"], "unlimited");
    assert_eq!(me["last_data_export_at"], Value::Null);
    ada.patch("/auth/me", json!({"display_name": null})).await.invalid(&["/display_name"]);
    ada.patch("/auth/me", json!({"locale": "not a tag"})).await.invalid(&["/locale"]);
    ada.patch("/auth/me", json!({"time_zone": "\n"})).await.invalid(&["/time_zone"]);
    ada.patch("/auth/me", json!({"is_admin": true})).await.invalid(&["/is_admin"]);
}

#[tokio::test]
async fn consents_have_a_version_a_time_and_a_history() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let given = ada.patch("/auth/me/consent", json!({"voice_processing": true})).await.is(200);
    assert_eq!(given["voice_processing"]["granted"], true);
    assert!(given["voice_processing"]["version"].is_string());
    assert!(given["voice_processing"]["changed_at"].is_string());
    assert_eq!(given["data_processing"]["granted"], true);
    assert_eq!(given["video_processing"]["granted"], false);
    ada.patch("/auth/me/consent", json!({"voice_processing": false})).await.is(200);
    let history = items(&ada.get("/auth/me/consent").await.is(200));
    let voice: Vec<&Value> =
        history.iter().filter(|said| said["consent"] == "voice_processing").collect();
    let granted: Vec<&Value> = voice.iter().map(|said| &said["granted"]).collect();
    assert_eq!(granted, [&json!(false), &json!(true)]);
    assert!(each(&history, "consent").contains(&"data_processing"));
    assert!(history.iter().all(|said| said["at"].is_string() && said["version"].is_string()));
}

#[tokio::test]
async fn without_consent_to_processing_nothing_is_answered() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let conversation = ada.converse(&clone).await;
    ada.patch("/auth/me/consent", json!({"data_processing": false})).await.is(200);
    let path = format!("/conversations/{conversation}/messages");
    let refused = ada.post(&path, json!({"content": "Are you there?"})).await;
    let problem = refused.problem(403, "consent_required");
    assert!(problem["detail"].as_str().unwrap().contains("data_processing"), "{problem}");
    assert!(ada.messages(&conversation).await.is_empty());
}

#[tokio::test]
async fn who_may_register_is_the_operators_word() {
    let body = |email: &str, invite: Option<&str>| {
        let name = "Ben";
        json!({
            "email": email, "password": PASSWORD, "display_name": name, "invite_token": invite
        })
    };
    let server = Server::with(&[("CLONEMEMORIA_REGISTRATION", "closed")]).await;
    server.admin().await;
    let reply = server.client().post("/auth/register", body("b@example.org", None)).await;
    reply.problem(403, "registration_closed");

    let server = Server::with(&[("CLONEMEMORIA_REGISTRATION", "invite")]).await;
    server.admin().await;
    let stranger = server.client();
    assert_eq!(stranger.get("/setup").await.is(200)["registration"], "invite");
    let reply = stranger.post("/auth/register", body("b@example.org", None)).await;
    reply.problem(403, "invite_needed");
    let reply = stranger.post("/auth/register", body("b@example.org", Some("guessed"))).await;
    reply.problem(403, "invite_invalid");
    let link = server.command(&["admin", "invite"], "").ok();
    let (_, token) = link.trim().split_once("/register?invite=").unwrap();
    let session = stranger.post("/auth/register", body("b@example.org", Some(token))).await.is(201);
    assert_eq!(session["account"]["is_admin"], false);
    let reply = stranger.post("/auth/register", body("c@example.org", Some(token))).await;
    reply.problem(403, "invite_invalid");
    let invite = server.operate(json!({"do": "invite"})).await.1;
    server.advance(Duration::from_secs(8 * 24 * 60 * 60)).await;
    let reply =
        stranger.post("/auth/register", body("c@example.org", invite["token"].as_str())).await;
    reply.problem(403, "invite_invalid");
}

#[tokio::test]
async fn an_address_has_one_account() {
    let server = Server::start().await;
    server.admin().await;
    server.account("ben").await;
    for email in ["ben@example.org", "BEN@example.org", " ben@EXAMPLE.org "] {
        let body = json!({"email": email, "password": PASSWORD, "display_name": "Ben"});
        server.client().post("/auth/register", body).await.problem(409, "email_taken");
    }
}

#[tokio::test]
async fn a_page_gets_a_cookie_that_scripts_cannot_read_and_no_tokens() {
    let server = Server::start().await;
    server.admin().await;
    let page = server.client();
    let body = json!({"email": "admin@example.org", "password": PASSWORD});
    let reply = page.post("/auth/login", body).header("origin", &origin(&server)).await;
    let cookie = reply.header("set-cookie").unwrap().to_owned();
    let (pair, flags) = cookie.split_once(';').unwrap();
    assert!(pair.starts_with("__Host-cm_sid="), "{pair}");
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/", "Secure"] {
        assert!(flags.split(';').any(|found| found.trim() == flag), "{flag}: {cookie}");
    }
    assert!(!flags.contains("Domain"));
    let body = reply.is(200);
    assert_eq!(body["access_token"], Value::Null);
    assert_eq!(body["refresh_token"], Value::Null);
    assert_eq!(body["account"]["email"], "admin@example.org");

    let me = page.get("/auth/me").header("cookie", pair).await.is(200);
    assert_eq!(me["email"], "admin@example.org");
    // The cookie is no token, and where a token is sent it does not count.
    let (_, value) = pair.split_once('=').unwrap();
    page.with_token(value).get("/auth/me").await.problem(401, "unauthenticated");
    let both = page.with_token("wrong").get("/auth/me").header("cookie", pair).await;
    both.problem(401, "unauthenticated");

    let out = page.ask(Method::POST, "/auth/logout").header("cookie", pair);
    let out = out.header("origin", &origin(&server)).await;
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(out.header("clear-site-data"), Some("\"cache\""));
    out.is(204);
    page.get("/auth/me").header("cookie", pair).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn another_site_cannot_use_the_cookie() {
    let server = Server::start().await;
    server.admin().await;
    let page = server.client();
    let body = json!({"email": "admin@example.org", "password": PASSWORD});
    let reply = page.post("/auth/login", body).header("origin", &origin(&server)).await;
    let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let name = |value: &str| json!({"name": value});
    let strangers: [&[(&str, &str)]; 5] = [
        &[],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
        &[("sec-fetch-site", "same-site")],
    ];
    for headers in strangers {
        let mut ask = page.post("/clones", name("Eve")).header("cookie", &cookie);
        let mut out = page.ask(Method::POST, "/auth/logout").header("cookie", &cookie);
        for (header, value) in headers {
            ask = ask.header(header, value);
            out = out.header(header, value);
        }
        ask.await.problem(403, "cross_origin");
        assert!(matches!(out.await.status, 401 | 403), "{headers:?}");
    }
    let own = page.post("/clones", name("Maria")).header("cookie", &cookie);
    own.header("origin", &origin(&server)).await.is(201);
    let own = page.post("/clones", name("Maria")).header("cookie", &cookie);
    own.header("sec-fetch-site", "same-origin").await.is(201);
    let extended = page.ask(Method::POST, "/auth/refresh").header("cookie", &cookie);
    let extended = extended.header("origin", &origin(&server)).await;
    assert!(extended.header("set-cookie").unwrap().starts_with(&cookie));
    assert_eq!(extended.is(200)["access_token"], Value::Null);
}

/// Hashing takes long; whoever changes a password meanwhile comes first.
#[tokio::test]
async fn of_two_changes_at_once_one_counts_and_the_other_is_refused() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let other = server.again(&ada);
    let body = json!({"email": "admin@example.org", "password": PASSWORD});
    let session = server.client().post("/auth/login", body).await.is(200);
    let other = other.with_token(&text(&session["access_token"]));
    let change = |client: &Client, new: &str| {
        let body = json!({"current_password": PASSWORD, "new_password": new});
        client.post("/auth/password/change", body)
    };
    let passwords = ["violet umbrella quartz 42", "copper lantern meadow 77"];
    let (first, second) = tokio::join!(change(&ada, passwords[0]), change(&other, passwords[1]));
    let statuses = [first.status, second.status];
    let counts = statuses.iter().position(|status| *status == 200).expect("one that counts");
    assert_eq!(statuses[1 - counts], 401, "{statuses:?}");
    // The right one first: a wrong one has to wait.
    for (password, status) in [(passwords[counts], 200), (passwords[1 - counts], 401)] {
        let body = json!({"email": "admin@example.org", "password": password});
        assert_eq!(server.client().post("/auth/login", body).await.status, status);
    }
}
