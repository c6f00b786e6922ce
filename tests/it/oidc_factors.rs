//! Coming back from a provider is one factor: where an account wants two, the code is owed.

use std::time::Duration;

use serde_json::json;

use crate::oidc::{Home, LOCAL, OPEN, sign_in, table};
use crate::passkeys::{ORIGIN, with_passkey};
use crate::support::client::{Client, id, items, text};
use crate::support::idp::{CLIENT, Idp, SECRET};
use crate::support::totp::App;

#[tokio::test]
async fn who_has_an_authenticator_app_owes_its_code_after_coming_back() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let mut first = home.browser();
    assert_eq!(sign_in(&mut first, &idp).await, "/");
    let app = App::of(&mut first).await;

    let mut second = home.browser();
    let address = second.start("home", "?redirect_to=/trash").await;
    let landed = second.back(&idp.approves(&address)).await;
    assert!(landed.starts_with("/login?step=code&next="), "{landed}");
    assert!(second.me().await.is_none(), "not signed in yet");
    let finish = "/auth/oidc/finish";
    second.post(finish, &json!({"totp": "000000"})).await.problem(401, "totp_invalid");
    // Nobody else can bring the code for this browser.
    let code = json!({"totp": app.next(&home.server).await});
    home.browser().post(finish, &code).await.problem(401, "sign_in_expired");
    second.post(finish, &code).await.is(200);
    assert_eq!(second.me().await.unwrap()["email"], "ada@example.org");
    second.post(finish, &code).await.problem(401, "sign_in_expired");
}

#[tokio::test]
async fn the_code_is_owed_for_five_minutes() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let mut browser = home.browser();
    sign_in(&mut browser, &idp).await;
    let app = App::of(&mut browser).await;
    let mut late = home.browser();
    sign_in(&mut late, &idp).await;
    home.server.advance(Duration::from_secs(5 * 60)).await;
    let code = json!({"totp": app.code(10)});
    late.post("/auth/oidc/finish", &code).await.problem(401, "sign_in_expired");
}

#[tokio::test]
async fn an_app_brings_the_code_with_the_id_token() {
    let idp = Idp::start().await;
    let more = format!("{OPEN}\ntoken_audiences = ['app']");
    let home = Home::with(&[table("home", &idp.issuer(), &more)]).await;
    let mut browser = home.browser();
    sign_in(&mut browser, &idp).await;
    let app = App::of(&mut browser).await;
    let exchange = |body| home.server.client().post("/auth/oidc/home/token", body);
    let bare = json!({"id_token": idp.token("app", None)});
    exchange(bare).await.problem(401, "totp_required");
    let code = app.code(1);
    let whole = json!({"id_token": idp.token("app", Some("n")), "nonce": "n", "totp": code});
    exchange(whole).await.is(200);
}

/// A server with a name, and an account there that only the provider opens.
async fn without_password(idp: &Idp) -> (Home, Client) {
    let place = format!("[server]\npublic_url = '{ORIGIN}'\n");
    let home = Home::with(&[place, table("home", &idp.issuer(), OPEN)]).await;
    let app = home.server.client();
    let body = json!({"id_token": idp.token(CLIENT, None)});
    let session = app.post("/auth/oidc/home/token", body).await.is(201);
    let ada = app.with_token(&text(&session["access_token"]));
    (home, ada)
}

#[tokio::test]
async fn the_last_way_into_an_account_cannot_be_removed() {
    let idp = Idp::start().await;
    let (home, ada) = without_password(&idp).await;
    let (ada, _, first) = with_passkey(&home.server, &ada).await;
    let identity = id(&items(&ada.get("/auth/me/identities").await.is(200))[0]);
    ada.delete(&format!("/auth/me/identities/{identity}")).await.is(204);
    let path = format!("/auth/passkeys/{first}");
    ada.delete(&path).await.problem(409, "last_way_in");
    let missing = format!("/auth/passkeys/{identity}");
    ada.delete(&missing).await.problem(404, "not_found");
    let (ada, _, second) = with_passkey(&home.server, &ada).await;
    let session = ada.delete(&path).await.is(200);
    let ada = ada.with_token(&text(&session["access_token"]));
    ada.delete(&format!("/auth/passkeys/{second}")).await.problem(409, "last_way_in");
}

#[tokio::test]
async fn who_was_unlinked_while_the_code_is_owed_does_not_come_in() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let mut first = home.browser();
    sign_in(&mut first, &idp).await;
    home.server.account("max").await;
    let mut max = home.signed_in("max@example.org").await;
    idp.person("max-1", "max@provider.example");
    let way = max.post("/auth/me/identities", &json!({"provider": "home"})).await.is(200);
    max.back(&idp.approves(&text(&way["url"]))).await;
    let app = App::of(&mut max).await;
    let mut late = home.browser();
    assert!(sign_in(&mut late, &idp).await.starts_with("/login?step=code"));
    let identity = id(&items(&max.get("/auth/me/identities").await.is(200))[0]);
    let path = format!("/auth/me/identities/{identity}");
    max.ask(http::Method::DELETE, &path, None).await.is(204);
    let code = json!({"totp": app.next(&home.server).await});
    assert!(late.post("/auth/oidc/finish", &code).await.status >= 400);
    assert!(late.me().await.is_none());
    assert_eq!(items(&max.get("/auth/sessions").await.is(200)).len(), 1, "none is left over");
}

#[tokio::test]
async fn of_two_last_passkeys_that_go_at_once_one_stays() {
    let idp = Idp::start().await;
    let (home, ada) = without_password(&idp).await;
    let (ada, _, first) = with_passkey(&home.server, &ada).await;
    let (ada, _, second) = with_passkey(&home.server, &ada).await;
    let identity = id(&items(&ada.get("/auth/me/identities").await.is(200))[0]);
    ada.delete(&format!("/auth/me/identities/{identity}")).await.is(204);
    let away = |id: &str| {
        let (ada, path) = (ada.clone(), format!("/auth/passkeys/{id}"));
        async move { ada.delete(&path).await.status }
    };
    let (one, other) = tokio::join!(away(&first), away(&second));
    assert_eq!([one, other].iter().filter(|status| **status == 200).count(), 1, "{one} {other}");
}

#[tokio::test]
async fn an_account_that_was_ever_linked_is_not_taken_over_by_an_admins_provider() {
    let (real, evil) = (Idp::start().await, Idp::start().await);
    let place = format!("[server]\npublic_url = '{ORIGIN}'\n");
    let trusting = format!("{OPEN}\ntrusted_email = true");
    let tables = [place, LOCAL.to_owned(), table("home", &real.issuer(), &trusting)];
    let home = Home::with(&tables).await;
    let body = json!({"id_token": real.token(CLIENT, None)});
    let app = home.server.client();
    let session = app.post("/auth/oidc/home/token", body).await.is(201);
    let ada = app.with_token(&text(&session["access_token"]));
    assert_eq!(ada.get("/auth/me").await.is(200)["email_verified"], true);
    let (ada, ..) = with_passkey(&home.server, &ada).await;
    let all = items(&ada.get("/auth/me/identities").await.is(200));
    ada.delete(&format!("/auth/me/identities/{}", id(&all[0]))).await.is(204);
    // She loses her passkey; until the operator has set a password, nothing opens her account.
    let reset = json!({"do": "reset_factors", "email": "ada@example.org"});
    assert_eq!(home.server.operate(reset).await.0, 200);
    let provider = json!({
        "id": "evil", "name": "Evil", "issuer": evil.issuer(), "client_id": CLIENT,
        "client_secret": SECRET, "sign_up": "open", "trusted_email": true,
    });
    home.admin.post("/admin/oidc", provider).await.is(201);
    evil.person("eve-1", "ada@example.org");
    let mut eve = home.browser();
    let address = eve.start("evil", "").await;
    let back = evil.approves(&address).replace(ORIGIN, &eve.origin());
    assert_eq!(eve.back(&back).await, "/login?problem=identity_link_needed");
    assert!(eve.me().await.is_none());
}
