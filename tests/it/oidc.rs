//! Signing in at an honest provider: accounts, links, proofs, tokens of apps.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::contract::is_documented;
use crate::support::PASSWORD;
use crate::support::browser::{Browser, parameter};
use crate::support::client::{Client, id, items, text};
use crate::support::idp::{CLIENT, DISCOVERY, Fault, Idp, SECRET, Signer};
use crate::support::server::Server;

/// What a provider's table says beside its names.
pub const OPEN: &str = "sign_up = 'open'";

/// What the file says so that admins may name providers of these tests.
pub const LOCAL: &str = "[outbound]\nallow_private = ['127.0.0.1']\n";

/// A server with providers: the name of each, and what its table says more.
pub struct Home {
    pub server: Server,
    /// Who has set it up.
    pub admin: Client,
    configuration: TempDir,
}

/// What a file says of a provider.
pub fn table(id: &str, issuer: &str, more: &str) -> String {
    format!(
        "[[auth.oidc]]\nid = '{id}'\nname = 'The {id}'\nissuer = '{issuer}'\n\
         client_id = '{CLIENT}'\nclient_secret = '{SECRET}'\n{more}\n"
    )
}

impl Home {
    /// With an admin, and these tables of providers.
    pub async fn with(tables: &[String]) -> Self {
        Self::under("", tables).await
    }

    /// The same below a path.
    async fn under(base: &str, tables: &[String]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("c.toml");
        std::fs::write(&file, tables.concat()).unwrap();
        let settings = [
            ("CLONEMEMORIA_CONFIG", file.to_str().unwrap()),
            ("CLONEMEMORIA_SERVER_BASE_PATH", base),
        ];
        let server = Server::with(&settings).await;
        let admin = server.admin().await;
        Self { server, admin, configuration: directory }
    }

    /// With one provider, `home`.
    pub async fn of(idp: &Idp, more: &str) -> Self {
        Self::with(&[table("home", &idp.issuer(), more)]).await
    }

    /// Starts again with other tables of providers.
    pub async fn offers(&mut self, tables: &[String]) {
        std::fs::write(self.configuration.path().join("c.toml"), tables.concat()).unwrap();
        self.server.restart().await;
        self.admin = self.server.again(&self.admin);
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser::at(&self.server)
    }

    /// A browser that is signed in with a password.
    pub async fn signed_in(&self, email: &str) -> Browser<'_> {
        let mut browser = self.browser();
        let body = json!({"email": email, "password": PASSWORD});
        browser.post("/auth/login", &body).await.is(200);
        browser
    }
}

/// Signs in at `home`; where the browser ends up.
pub async fn sign_in(browser: &mut Browser<'_>, idp: &Idp) -> String {
    let address = browser.start("home", "").await;
    browser.back(&idp.approves(&address)).await
}

/// Goes to a provider from a page of ours; where the browser ends up.
async fn go(browser: &mut Browser<'_>, idp: &Idp, path: &str, body: &Value) -> String {
    let way = browser.post(path, body).await.is(200);
    browser.back(&idp.approves(&text(&way["url"]))).await
}

#[tokio::test]
async fn a_first_sign_in_makes_an_account_and_later_ones_open_it() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let list = home.server.client().get("/auth/oidc").await.is(200);
    is_documented("get", "/auth/oidc", 200, &list);
    assert_eq!(items(&list), [json!({"id": "home", "name": "The home"})]);
    let mut first = home.browser();
    assert_eq!(sign_in(&mut first, &idp).await, "/");
    let ada = first.me().await.unwrap();
    assert_eq!(
        (&ada["email"], &ada["display_name"]),
        (&json!("ada@example.org"), &json!("Ada Lovelace"))
    );
    assert_eq!((&ada["email_verified"], &ada["is_admin"]), (&json!(false), &json!(false)));
    assert_eq!(ada["consents"]["data_processing"]["granted"], true);
    idp.says("email", json!("other@example.org"));
    idp.signs_with(Signer::Ec);
    let mut second = home.browser();
    let address = second.start("home", "?redirect_to=/clones/new%3Fa%3Db").await;
    assert_eq!(second.back(&idp.approves(&address)).await, "/clones/new?a=b");
    assert_eq!(second.me().await.unwrap(), ada, "whatever address the provider names now");
    let linked = second.get("/auth/me/identities").await.is(200);
    is_documented("get", "/auth/me/identities", 200, &linked);
    let linked = items(&linked);
    assert_eq!(
        (&linked[0]["provider"], &linked[0]["email"]),
        (&json!("home"), &json!("other@example.org"))
    );
    assert_eq!(second.get("/auth/sessions").await.is(200)["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn below_a_path_one_comes_back_below_it() {
    let idp = Idp::start().await;
    let home = Home::under("/memoria", &[table("home", &idp.issuer(), OPEN)]).await;
    let mut ada = home.browser();
    let address = ada.start("home", "?redirect_to=/trash").await;
    let back = parameter(&address, "redirect_uri").unwrap();
    assert_eq!(back, format!("{}/memoria/api/v1/auth/oidc/home/callback", ada.origin()));
    assert_eq!(ada.back(&idp.approves(&address)).await, "/memoria/trash");
    assert!(ada.me().await.is_some());
    let end = ada.back(&back).await;
    assert_eq!(end, "/memoria/login?problem=identity_flow_invalid");
}

#[tokio::test]
async fn what_the_id_token_leaves_out_is_asked_for() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    idp.says("email", Value::Null);
    idp.says("name", Value::Null);
    idp.says_when_asked(&json!({"sub": "ada-1", "email": "a@example.org", "name": "Ada"}));
    let mut browser = home.browser();
    assert_eq!(sign_in(&mut browser, &idp).await, "/");
    let ada = browser.me().await.unwrap();
    assert_eq!((&ada["email"], &ada["display_name"]), (&json!("a@example.org"), &json!("Ada")));
    idp.person("ben-1", "");
    idp.says("email", Value::Null);
    idp.says_when_asked(&json!({"sub": "ada-1", "email": "b@example.org"}));
    let mut browser = home.browser();
    assert_eq!(sign_in(&mut browser, &idp).await, "/login?problem=identity_token_invalid");
    idp.says_when_asked(&json!({"sub": "ben-1"}));
    assert_eq!(sign_in(&mut browser, &idp).await, "/login?problem=identity_email_missing");
    assert!(browser.me().await.is_none());
}

#[tokio::test]
async fn who_may_make_an_account_is_said_for_each_provider() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, "sign_up = 'invite'").await;
    let mut browser = home.browser();
    assert_eq!(sign_in(&mut browser, &idp).await, "/login?problem=invite_needed");
    let address = browser.start("home", "?invite=mistyped").await;
    let end = browser.back(&idp.approves(&address)).await;
    assert_eq!(end, "/login?problem=invite_invalid");
    let (_, made) = home.server.operate(json!({"do": "invite"})).await;
    let token = text(&made["token"]);
    let address = browser.start("home", &format!("?invite={token}")).await;
    assert_eq!(browser.back(&idp.approves(&address)).await, "/");
    assert!(browser.me().await.is_some());
    let closed = Home::of(&idp, "sign_up = 'closed'").await;
    let end = sign_in(&mut closed.browser(), &idp).await;
    assert_eq!(end, "/login?problem=registration_closed");
}

#[tokio::test]
async fn somebody_who_is_signed_in_links_and_unlinks() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, "sign_up = 'closed'").await;
    home.server.account("ada").await;
    let mut ada = home.signed_in("ada@example.org").await;
    let body = json!({"provider": "home", "redirect_to": "/account"});
    assert_eq!(go(&mut ada, &idp, "/auth/me/identities", &body).await, "/account");
    assert_eq!(go(&mut ada, &idp, "/auth/me/identities", &body).await, "/account", "twice is once");
    let linked = items(&ada.get("/auth/me/identities").await.is(200));
    assert_eq!(linked.len(), 1);
    let mut other = home.browser();
    assert_eq!(sign_in(&mut other, &idp).await, "/");
    assert_eq!(other.me().await.unwrap()["display_name"], "ada");
    home.server.account("ben").await;
    let mut ben = home.signed_in("ben@example.org").await;
    let end = go(&mut ben, &idp, "/auth/me/identities", &body).await;
    assert_eq!(end, "/account?problem=identity_taken");
    let path = format!("/auth/me/identities/{}", id(&linked[0]));
    ben.ask(Method::DELETE, &path, None).await.problem(404, "not_found");
    ada.ask(Method::DELETE, &path, None).await.is(204);
    assert!(other.me().await.is_none(), "what it opened is closed");
    assert!(ada.me().await.is_some());
    let end = sign_in(&mut home.browser(), &idp).await;
    assert_eq!(end, "/login?problem=identity_link_needed");
    let program = home.server.account("eve").await;
    program.post("/auth/me/identities", body).await.problem(403, "browser_needed");
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let mut ada = home.browser();
    sign_in(&mut ada, &idp).await;
    let linked = items(&ada.get("/auth/me/identities").await.is(200));
    let path = format!("/auth/me/identities/{}", id(&linked[0]));
    ada.ask(Method::DELETE, &path, None).await.problem(409, "last_way_in");
    let body = json!({"new_password": "violet umbrella quartz 42"});
    ada.post("/auth/password/change", &body).await.is(200);
    ada.ask(Method::DELETE, &path, None).await.is(204);
}

#[tokio::test]
async fn a_provider_proves_again_who_one_is() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let mut ada = home.browser();
    sign_in(&mut ada, &idp).await;
    let later = Duration::from_secs(400);
    home.server.advance(later).await;
    idp.advance(later);
    let change = json!({"new_password": "violet umbrella quartz 42"});
    ada.post("/auth/password/change", &change).await.problem(401, "reauth_required");
    let prove = json!({"redirect_to": "/account"});
    // Leaning on the sign-in from before.
    idp.twists(move |draft| {
        let before = draft.claims["iat"].as_u64().unwrap() - 400;
        draft.claims["auth_time"] = json!(before);
    });
    let end = go(&mut ada, &idp, "/auth/oidc/home/reauth", &prove).await;
    assert_eq!(end, "/account?problem=identity_token_invalid");
    idp.twists(|draft| drop(draft.claims.as_object_mut().unwrap().remove("auth_time")));
    let end = go(&mut ada, &idp, "/auth/oidc/home/reauth", &prove).await;
    assert_eq!(end, "/account?problem=identity_token_invalid");
    idp.repents();
    idp.person("somebody-else", "ada@example.org");
    let end = go(&mut ada, &idp, "/auth/oidc/home/reauth", &prove).await;
    assert_eq!(end, "/account?problem=identity_another");
    ada.post("/auth/password/change", &change).await.problem(401, "reauth_required");
    idp.person("ada-1", "ada@example.org");
    let way = ada.post("/auth/oidc/home/reauth", &prove).await.is(200);
    is_documented("post", "/auth/oidc/{provider}/reauth", 200, &way);
    let way = text(&way["url"]);
    assert_eq!(parameter(&way, "prompt").as_deref(), Some("login"));
    assert_eq!(parameter(&way, "max_age").as_deref(), Some("0"));
    let before = ada.jar.clone();
    assert_eq!(ada.back(&idp.approves(&way)).await, "/account");
    assert_ne!(ada.jar, before, "the cookie is another");
    ada.post("/auth/password/change", &change).await.is(200);
}

#[tokio::test]
async fn an_app_exchanges_the_id_token_that_it_got_itself() {
    let idp = Idp::start().await;
    let more = format!("{OPEN}\ntoken_audiences = ['app.ios']");
    let home = Home::of(&idp, &more).await;
    let app = home.server.client();
    let exchange = async |token: &str, nonce: Option<&str>| {
        let body = json!({"id_token": token, "nonce": nonce});
        app.post("/auth/oidc/home/token", body).await
    };
    let token = idp.token("app.ios", Some("n-1"));
    exchange(&token, Some("n-2")).await.problem(403, "identity_token_invalid");
    let made = exchange(&token, Some("n-1")).await.is(201);
    is_documented("post", "/auth/oidc/{provider}/token", 201, &made);
    let ada = home.server.client().with_token(&text(&made["access_token"]));
    assert_eq!(ada.get("/auth/me").await.is(200)["email"], "ada@example.org");
    exchange(&token, Some("n-1")).await.problem(403, "identity_token_invalid");
    exchange(&idp.token(CLIENT, None), None).await.is(200);
    exchange(&idp.token(CLIENT, None), Some("n")).await.problem(403, "identity_token_invalid");
    exchange(&idp.token("app.other", None), None).await.problem(403, "identity_token_invalid");
    exchange("not.a.token", None).await.problem(403, "identity_token_invalid");
    app.post("/auth/oidc/nowhere/token", json!({"id_token": token}))
        .await
        .problem(404, "not_found");
    let path = "/auth/oidc/home/token";
    app.post(path, json!({})).await.invalid(&["/id_token"]);
}

#[tokio::test]
async fn a_provider_without_a_page_serves_apps_only() {
    let idp = Idp::start().await;
    for endpoint in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint"] {
        idp.describes(endpoint, Value::Null);
    }
    let home = Home::of(&idp, &format!("{OPEN}\napps_only = true")).await;
    let app = home.server.client();
    assert_eq!(items(&app.get("/auth/oidc").await.is(200)), [] as [Value; 0]);
    let end = home.browser().start("home", "").await;
    assert_eq!(end, "/login?problem=identity_provider_failed");
    let body = json!({"id_token": idp.token(CLIENT, None)});
    app.post("/auth/oidc/home/token", body).await.is(201);
}

#[tokio::test]
async fn signing_out_names_the_provider_where_one_can_sign_out_too() {
    let idp = Idp::start().await;
    idp.describes("end_session_endpoint", json!(format!("{}/end", idp.issuer())));
    let home = Home::of(&idp, OPEN).await;
    let mut ada = home.browser();
    sign_in(&mut ada, &idp).await;
    let reply = ada.post("/auth/logout", &json!({})).await;
    assert_eq!(reply.header("clear-site-data"), Some("\"cache\""));
    let reply = reply.is(200);
    is_documented("post", "/auth/logout", 200, &reply);
    let url = text(&reply["end_session_url"]);
    assert!(url.starts_with(&format!("{}/end?", idp.issuer())), "{url}");
    let back = parameter(&url, "post_logout_redirect_uri").unwrap();
    assert_eq!(back, format!("{}/login", ada.origin()));
    assert!(ada.me().await.is_none());
    let mut admin = home.signed_in("admin@example.org").await;
    admin.post("/auth/logout", &json!({})).await.is(204);
}

#[tokio::test]
async fn signing_out_after_a_new_start_asks_the_provider_and_waits_for_none() {
    let idp = Idp::start().await;
    idp.describes("end_session_endpoint", json!(format!("{}/end", idp.issuer())));
    let mut home = Home::of(&idp, OPEN).await;
    let mut jars = Vec::new();
    for _ in 0..2 {
        let mut ada = home.browser();
        sign_in(&mut ada, &idp).await;
        jars.push(ada.jar.clone());
    }
    home.offers(&[table("home", &idp.issuer(), OPEN)]).await;
    idp.fails(DISCOVERY, Fault::Hang);
    let mut ada = home.browser();
    ada.jar = jars.remove(0);
    ada.post("/auth/logout", &json!({})).await.is(204);
    assert!(ada.me().await.is_none(), "here one is out in any case");
    idp.repents();
    let mut ada = home.browser();
    ada.jar = jars.remove(0);
    let url = text(&ada.post("/auth/logout", &json!({})).await.is(200)["end_session_url"]);
    assert!(url.starts_with(&format!("{}/end?", idp.issuer())), "{url}");
}

#[tokio::test]
async fn nobody_is_led_to_a_page_to_sign_out_on_that_is_none() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let good = json!(format!("{}/end", idp.issuer()));
    for (page, signs_out) in [
        (good, true),
        (json!("javascript:alert(1)"), false),
        (json!("data:text/html,x"), false),
        (json!("file:///etc/passwd"), false),
        (json!("/end"), false),
        (json!(5), false),
    ] {
        idp.describes("end_session_endpoint", page.clone());
        let test = home.admin.post("/admin/oidc/home/test", json!({})).await.is(200);
        assert_eq!((&test["works"], &test["signs_out"]), (&json!(true), &json!(signs_out)));
        let mut ada = home.browser();
        assert_eq!(sign_in(&mut ada, &idp).await, "/", "{page}");
        let out = ada.post("/auth/logout", &json!({})).await;
        assert_eq!(out.status, if signs_out { 200 } else { 204 }, "{page}");
    }
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_leads_to_the_sign_in_page() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let mut browser = home.browser();
    for query in ["", "?state=none&code=none", "?error=access_denied"] {
        let address = format!("{}/api/v1/auth/oidc/home/callback{query}", browser.origin());
        assert_eq!(browser.back(&address).await, "/login?problem=identity_flow_invalid");
    }
    let gone = "/login?problem=not_found";
    assert_eq!(browser.start("nowhere", "").await, gone);
    let address = format!("{}/api/v1/auth/oidc/nowhere/callback?state=none", browser.origin());
    assert_eq!(browser.back(&address).await, gone);
}

#[tokio::test]
async fn a_trusted_word_links_only_an_account_that_nothing_else_opens() {
    let (old, new) = (Idp::start().await, Idp::start().await);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("c.toml");
    let trusted = format!("{OPEN}\ntrusted_email = true");
    std::fs::write(&file, table("old", &old.issuer(), &trusted)).unwrap();
    let settings = [("CLONEMEMORIA_CONFIG", file.to_str().unwrap())];
    let mut server = Server::with(&settings).await;
    server.admin().await;
    let account = {
        let mut browser = Browser::at(&server);
        let address = browser.start("old", "").await;
        assert_eq!(browser.back(&old.approves(&address)).await, "/");
        browser.me().await.unwrap()
    };
    assert_eq!(account["email_verified"], true);
    let both = table("old", &old.issuer(), &trusted) + &table("home", &new.issuer(), &trusted);
    for (tables, claim, end) in [
        (both, json!(true), "/login?problem=identity_link_needed"),
        (table("home", &new.issuer(), OPEN), json!(true), "/login?problem=identity_link_needed"),
        (
            table("home", &new.issuer(), &trusted),
            json!(false),
            "/login?problem=identity_link_needed",
        ),
        (table("home", &new.issuer(), &trusted), json!(true), "/"),
    ] {
        std::fs::write(&file, &tables).unwrap();
        server.restart().await;
        new.says("email_verified", claim);
        let mut browser = Browser::at(&server);
        assert_eq!(sign_in(&mut browser, &new).await, end, "{tables}");
        let me = browser.me().await;
        assert_eq!(me.map(|me| me["id"].clone()), (end == "/").then(|| account["id"].clone()));
    }
}
