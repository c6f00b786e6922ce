//! What admins see and do: accounts, counts, suspension, and never content.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::contract::is_documented;
use crate::oidc::{Home, OPEN, sign_in};
use crate::support::browser::Browser;
use crate::support::client::{Client, each, id, items, text};
use crate::support::idp::{CLIENT, Idp};
use crate::support::llm::{Act, Answer, End, Llm};
use crate::support::passkey::Passkey;
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::totp::App;
use crate::support::{PASSWORD, until};

pub async fn login(server: &Server, name: &str) -> Client {
    bearer(server, &session_of(server, name).await)
}

async fn session_of(server: &Server, name: &str) -> Value {
    let body = json!({"email": format!("{name}@example.org"), "password": PASSWORD});
    server.client().post("/auth/login", body).await.is(200)
}

fn bearer(server: &Server, session: &Value) -> Client {
    server.client().with_token(&text(&session["access_token"]))
}

pub async fn account_id(client: &Client) -> String {
    id(&client.get("/auth/me").await.is(200))
}

async fn suspend(admin: &Client, account: &str, suspended: bool) -> Value {
    let path = format!("/admin/users/{account}");
    admin.patch(&path, json!({"suspended": suspended})).await.is(200)
}

#[tokio::test]
async fn admins_see_accounts_and_counts_and_no_content() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = server.account("ada").await;
    let clone = ada.new_clone("Grandma Rose").await;
    ada.remember(&clone, "We swam in the cold lake.").await;
    ada.remember(&clone, "Nobody knows this.").await;
    let conversation = ada.converse(&clone).await;
    ada.say(&conversation, "Where did you swim?").await;
    let list = admin.get("/admin/users").await.is(200);
    is_documented("get", "/admin/users", 200, &list);
    assert_eq!(each(&items(&list), "email"), ["ada@example.org", "admin@example.org"]);
    let shown = &items(&list)[0];
    assert_eq!(shown["counts"], json!({"clones": 1, "memories": 2, "conversations": 1}));
    let ways = json!({"password": true, "passkeys": 0, "totp": false, "identities": 0});
    assert_eq!(shown["sign_in"], ways);
    assert_eq!((&shown["is_admin"], &shown["suspended"]), (&json!(false), &json!(false)));
    assert!(shown["last_seen_at"].is_string() && shown["suspended_since"].is_null());
    let one = admin.get(&format!("/admin/users/{}", id(shown))).await;
    assert!(one.header("etag").is_some());
    let one = one.is(200);
    is_documented("get", "/admin/users/{account_id}", 200, &one);
    assert_eq!(&one, shown);
    let stats = admin.get("/admin/stats").await.is(200);
    is_documented("get", "/admin/stats", 200, &stats);
    let counted = ["accounts", "clones", "memories", "conversations", "messages"];
    assert_eq!(counted.map(|name| stats[name].as_u64().unwrap()), [2, 1, 2, 1, 2]);
    assert!(stats["storage_bytes"].as_u64().unwrap() > 10_000);
    for path in ["/admin/users", "/admin/stats", "/admin/audit", "/admin/break-glass"] {
        let said = admin.get(path).await.text();
        for content in ["Rose", "lake", "Nobody knows", "swim"] {
            assert!(!said.contains(content), "{path} shows {content}");
        }
    }
    for path in [format!("/clones/{clone}"), format!("/conversations/{conversation}/messages")] {
        admin.get(&path).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn accounts_are_found_by_address_or_name_a_page_at_a_time() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for name in ["ben", "bea", "carl"] {
        server.account(name).await;
    }
    let found = items(&admin.get("/admin/users?q=BE").await.is(200));
    assert_eq!(each(&found, "display_name"), ["bea", "ben"]);
    let first = admin.get("/admin/users?limit=3").await.is(200);
    let rest = format!("/admin/users?limit=3&cursor={}", text(&first["next_cursor"]));
    let rest = admin.get(&rest).await.is(200);
    assert_eq!(each(&items(&first), "display_name"), ["carl", "bea", "ben"]);
    assert_eq!(each(&items(&rest), "display_name"), ["The Admin"]);
    assert!(rest["next_cursor"].is_null());
    admin.get(&format!("/admin/users?q={}", "x".repeat(255))).await.invalid(&["q"]);
    admin.get("/admin/users/01a1fcac-b255-7500-b535-1683378e5dd7").await.problem(404, "not_found");
    let ben = login(&server, "ben").await;
    for path in ["/admin/users", "/admin/stats", "/admin/audit", "/admin/break-glass"] {
        ben.get(path).await.problem(403, "admin_only");
    }
}

#[tokio::test]
async fn nobody_shuts_themselves_out_and_the_last_admin_stays() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let own = format!("/admin/users/{}", account_id(&admin).await);
    for change in [json!({"is_admin": false}), json!({"suspended": true})] {
        admin.patch(&own, change).await.problem(409, "own_account");
    }
    admin.delete(&format!("{own}/sessions")).await.problem(409, "own_account");
    admin.get("/auth/me").await.is(200);
    let ben = format!("/admin/users/{}", account_id(&server.account("ben").await).await);
    let made = admin.patch(&ben, json!({"is_admin": true})).await.is(200);
    is_documented("patch", "/admin/users/{account_id}", 200, &made);
    assert_eq!(made["is_admin"], true);
    let second = login(&server, "ben").await;
    second.patch(&own, json!({"is_admin": false})).await.is(200);
    admin.get("/admin/users").await.problem(401, "unauthenticated");
    login(&server, "admin").await.get("/admin/users").await.problem(403, "admin_only");
    second.patch(&ben, json!({"is_admin": false})).await.problem(409, "own_account");
    second.patch(&ben, json!({"suspended": null})).await.invalid(&["/suspended"]);
    second.patch(&ben, json!({"plan": "pro"})).await.invalid(&["/plan"]);
    server.advance(Duration::from_secs(6 * 60)).await;
    second.patch(&own, json!({"suspended": true})).await.problem(401, "reauth_required");
    second.delete(&format!("{own}/sessions")).await.problem(401, "reauth_required");
}

#[tokio::test]
async fn a_change_to_what_was_changed_meanwhile_is_refused() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ben = format!("/admin/users/{}", account_id(&server.account("ben").await).await);
    let read = admin.get(&ben).await.header("etag").unwrap().to_owned();
    let change = |suspended: bool, tag: &str| {
        admin.patch(&ben, json!({"suspended": suspended})).header("if-match", tag)
    };
    let changed = change(true, &read).await;
    let tag = changed.header("etag").unwrap().to_owned();
    changed.is(200);
    change(false, &read).await.problem(412, "stale");
    assert_eq!(change(false, &tag).await.is(200)["suspended"], false);
}

/// Somebody with every way in but a provider of sign-ins.
struct Everything<'s> {
    bearer: Client,
    refresh: Value,
    key: String,
    cookie: Browser<'s>,
    passkey: Passkey,
    app: App,
}

const ORIGIN: &str = "https://memoria.example";

impl<'s> Everything<'s> {
    async fn of(server: &'s Server, name: &str) -> Self {
        let ada = login(server, name).await;
        let question = ada.post("/auth/passkeys/register/start", json!({})).await.is(200);
        let passkey = Passkey::made_for(&question, ORIGIN);
        let credential = passkey.introduces_itself(&question);
        let body = json!({"id": question["id"], "label": "Phone", "credential": credential});
        let made = ada.post("/auth/passkeys/register/finish", body).await.is(201);
        let ada = bearer(server, &made["session"]);
        let new = ada.post("/auth/totp", json!({})).await.is(200);
        let app = App::holding(&new["secret"]);
        let code = json!({"code": app.next(server).await});
        let done = ada.post("/auth/totp/confirm", code).await.is(200);
        let ada = bearer(server, &done["session"]);
        let body = json!({"label": "A program", "scopes": ["read", "write", "chat"]});
        let key = text(&ada.post("/api-keys", body).await.is(201)["key"]);
        let mut cookie = Browser::at(server);
        let code = app.next(server).await;
        cookie.post("/auth/login", &proof(name, Some(&code))).await.is(200);
        let refresh = done["session"]["refresh_token"].clone();
        Self { bearer: ada, refresh, key, cookie, passkey, app }
    }

    async fn by_passkey(&mut self, server: &Server) -> Reply {
        let question = server.client().post("/auth/passkeys/login/start", json!({})).await.is(200);
        let answer = self.passkey.answers(&question);
        server.client().post("/auth/passkeys/login/finish", answer).await
    }

    async fn by_password(&self, server: &Server, name: &str) -> Reply {
        let code = self.app.next(server).await;
        server.client().post("/auth/login", proof(name, Some(&code))).await
    }

    /// What is open already: a cookie, an access token, a key, a refresh token.
    async fn opens(&mut self, server: &Server) -> [u16; 4] {
        let key = server.client().get("/clones").header("x-api-key", &self.key);
        let refresh = json!({"refresh_token": self.refresh});
        [
            self.cookie.get("/auth/me").await.status,
            self.bearer.get("/auth/me").await.status,
            key.await.status,
            server.client().post("/auth/refresh", refresh).await.status,
        ]
    }
}

fn proof(name: &str, code: Option<&str>) -> Value {
    let mut body = json!({"email": format!("{name}@example.org"), "password": PASSWORD});
    if let Some(code) = code {
        body["totp"] = json!(code);
    }
    body
}

#[tokio::test]
async fn a_suspended_account_is_opened_by_nothing_it_had_and_by_nothing_new() {
    let server = Server::with(&[("CLONEMEMORIA_SERVER_PUBLIC_URL", ORIGIN)]).await;
    server.admin().await;
    let account = account_id(&server.account("ada").await).await;
    let mut ada = Everything::of(&server, "ada").await;
    let admin = login(&server, "admin").await;
    assert_eq!(ada.bearer.get("/auth/me").await.status, 200);
    let began = std::time::Instant::now();
    assert_eq!(suspend(&admin, &account, true).await["suspended"], true);
    assert_eq!(ada.opens(&server).await, [401; 4]);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    ada.by_password(&server, "ada").await.problem(403, "suspended");
    ada.by_passkey(&server).await.problem(403, "suspended");
    server.client().post("/auth/login", proof("ada", None)).await.problem(403, "suspended");
    // Wrong proofs learn nothing of it.
    let wrong = json!({"email": "ada@example.org", "password": "not this one at all"});
    server.client().post("/auth/login", wrong).await.problem(401, "invalid_credentials");
    suspend(&admin, &account, false).await;
    assert_eq!(ada.opens(&server).await, [401; 4], "what ended stays ended");
    ada.by_passkey(&server).await.is(200);
    server.advance(Duration::from_secs(60)).await;
    ada.app.ahead.set(ada.app.ahead.get() + 60);
    ada.by_password(&server, "ada").await.is(200);
}

#[tokio::test]
async fn a_suspended_account_is_not_opened_by_a_provider_either() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let mut ada = home.browser();
    assert_eq!(sign_in(&mut ada, &idp).await, "/");
    let account = id(&ada.me().await.unwrap());
    let admin = login(&home.server, "admin").await;
    suspend(&admin, &account, true).await;
    assert!(ada.me().await.is_none());
    let mut again = home.browser();
    assert!(sign_in(&mut again, &idp).await.contains("suspended"));
    assert!(again.me().await.is_none());
    let body = json!({"id_token": idp.token(CLIENT, None)});
    home.server.client().post("/auth/oidc/home/token", body).await.problem(403, "suspended");
    suspend(&admin, &account, false).await;
    assert_eq!(sign_in(&mut home.browser(), &idp).await, "/");
}

#[tokio::test]
async fn suspension_ends_a_running_stream_within_a_second() {
    let llm = Llm::start().await;
    llm.always(Act::Answer(Answer::of(&["We swam"]).ending(End::Hang)));
    let server = Server::answering_from(&llm.base_url()).await;
    let admin = server.admin().await;
    let ada = server.account("ada").await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We swam in the lake.").await;
    let account = account_id(&ada).await;
    let conversation = ada.converse(&clone).await;
    let mut events = ada.say_streaming(&conversation, "Where did you swim?").await;
    while events.next().await.expect("a delta").name != "delta" {}
    let began = std::time::Instant::now();
    suspend(&admin, &account, true).await;
    let last = events.next().await.expect("a last word");
    assert_eq!((last.name.as_str(), &last.data["code"]), ("error", &json!("unauthenticated")));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_admin_ends_everything_that_opens_an_account_and_it_can_sign_in_again() {
    let server = Server::with(&[("CLONEMEMORIA_SERVER_PUBLIC_URL", ORIGIN)]).await;
    server.admin().await;
    let account = account_id(&server.account("ada").await).await;
    let mut ada = Everything::of(&server, "ada").await;
    let admin = login(&server, "admin").await;
    let path = format!("/admin/users/{account}/sessions");
    admin.ask(Method::DELETE, &path).await.is(204);
    assert_eq!(ada.opens(&server).await, [401; 4]);
    ada.by_passkey(&server).await.is(200);
    ada.by_password(&server, "ada").await.is(200);
    let nobody = "/admin/users/01a1fcac-b255-7500-b535-1683378e5dd7/sessions";
    admin.delete(nobody).await.problem(404, "not_found");
    until("it is written down", || async {
        let log = admin.get("/admin/audit?event=locked_out").await.is(200);
        (items(&log).len() == 1).then_some(())
    })
    .await;
}
