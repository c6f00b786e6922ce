//! What somebody brings who comes from a provider for the first time, or again: an invitation, a
//! language, a token that is fresh.

use serde_json::{Value, json};

use crate::oidc::{Home, OPEN, sign_in};
use crate::support::browser::Browser;
use crate::support::client::{id, text};
use crate::support::idp::{CLIENT, Idp};

/// A home, and a space of its admin's.
struct Family {
    idp: Idp,
    home: Home,
    space: String,
}

impl Family {
    async fn new(more: &str) -> Self {
        let idp = Idp::start().await;
        let home = Home::of(&idp, more).await;
        let space = home.admin.post("/spaces", json!({"name": "The family"})).await.is(201);
        Self { idp, home, space: id(&space) }
    }

    /// The token of an invitation into the space.
    async fn invitation(&self, email: Option<&str>) -> String {
        let path = format!("/spaces/{}/invitations", self.space);
        let body = json!({"role": "contributor", "email": email});
        text(&self.home.admin.post(&path, body).await.is(201)["token"])
    }

    /// Comes from the provider with an invitation; where the browser ends up.
    async fn comes_with(&self, browser: &mut Browser<'_>, token: &str, more: &str) -> String {
        let address = browser.start("home", &format!("?invite={token}{more}")).await;
        browser.back(&self.idp.approves(&address)).await
    }

    /// Somebody who signs in with an app, with an invitation.
    async fn app_with(&self, token: &str) -> Value {
        let body = json!({"id_token": self.idp.token(CLIENT, None), "invite_token": token});
        self.home.server.client().post("/auth/oidc/home/token", body).await.json()
    }

    /// What a browser's account is in the space; nothing if it is not in it.
    async fn role(&self, browser: &mut Browser<'_>) -> Option<String> {
        let reply = browser.get(&format!("/spaces/{}", self.space)).await;
        if reply.status == 404 { None } else { Some(text(&reply.is(200)["role"])) }
    }
}

#[tokio::test]
async fn who_signs_up_at_a_provider_joins_the_space_that_they_are_invited_into() {
    for more in ["sign_up = 'invite'", OPEN] {
        let family = Family::new(more).await;
        let token = family.invitation(None).await;
        let mut ada = family.home.browser();
        assert_eq!(family.comes_with(&mut ada, &token, "").await, "/", "{more}");
        assert_eq!(family.role(&mut ada).await.as_deref(), Some("contributor"), "{more}");
        family.idp.person("max-1", "max@example.org");
        let token = family.invitation(None).await;
        let made = family.app_with(&token).await;
        let max = family.home.server.client().with_token(&text(&made["access_token"]));
        let space = max.get(&format!("/spaces/{}", family.space)).await.is(200);
        assert_eq!(space["role"], "contributor", "{more}");
    }
}

#[tokio::test]
async fn an_invitation_into_a_space_is_good_once_and_for_whom_it_was_meant() {
    let family = Family::new("sign_up = 'invite'").await;
    let refused = "/login?problem=invite_invalid";
    let token = family.invitation(Some("max@example.org")).await;
    let mut ada = family.home.browser();
    assert_eq!(family.comes_with(&mut ada, &token, "").await, refused);
    assert!(ada.me().await.is_none());
    family.idp.person("max-1", "max@example.org");
    let mut max = family.home.browser();
    assert_eq!(family.comes_with(&mut max, &token, "").await, "/");
    assert_eq!(family.role(&mut max).await.as_deref(), Some("contributor"));
    family.idp.person("ben-1", "ben@example.org");
    assert_eq!(family.comes_with(&mut family.home.browser(), &token, "").await, refused);
    assert_eq!(family.app_with(&token).await["code"], "invite_invalid");
    // Where nobody may sign up, nobody may, and the invitation stays.
    let family = Family::new("sign_up = 'closed'").await;
    let token = family.invitation(None).await;
    let end = family.comes_with(&mut family.home.browser(), &token, "").await;
    assert_eq!(end, "/login?problem=registration_closed");
    family.home.admin.post("/invitations/show", json!({"token": token})).await.is(200);
}

#[tokio::test]
async fn who_has_an_account_is_led_to_the_invitation_and_not_drawn_in() {
    let family = Family::new(OPEN).await;
    assert_eq!(sign_in(&mut family.home.browser(), &family.idp).await, "/");
    let token = family.invitation(None).await;
    let mut ada = family.home.browser();
    assert_eq!(family.comes_with(&mut ada, &token, "&redirect_to=/trash").await, "/invitation");
    let there = "&redirect_to=/invitation%3Fa%3Db";
    assert_eq!(family.comes_with(&mut ada, &token, there).await, "/invitation?a=b");
    family.app_with(&token).await;
    assert_eq!(family.role(&mut ada).await, None, "she has not said so");
    ada.post("/invitations/accept", &json!({"token": token})).await.is(200);
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("contributor"));
    for over in [token, "mistyped".to_owned()] {
        assert_eq!(family.comes_with(&mut ada, &over, "&redirect_to=/trash").await, "/trash");
    }
    // She is in it already.
    let token = family.invitation(None).await;
    assert_eq!(family.comes_with(&mut ada, &token, "").await, "/");
}

#[tokio::test]
async fn a_new_account_speaks_the_language_of_its_owner() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    let none = Value::Null;
    for (n, (claim, query, accepted, locale)) in [
        (none.clone(), "", "", "en"),
        (none.clone(), "", "fr-CH, fr;q=0.9, en;q=0.8", "fr-CH"),
        (none.clone(), "", "de, *;q=0.5", "en"),
        (none.clone(), "?locale=fr", "en-GB", "fr"),
        (none.clone(), "?locale=de", "fr", "de"),
        (none, "?locale=%3Cnothing%3E", "fr", "fr"),
        (json!("fr_CA"), "?locale=en", "en", "fr-CA"),
        (json!("de"), "?locale=fr", "en", "fr"),
        (json!("de"), "", "en-GB", "en-GB"),
        (json!("de"), "", "", "de"),
        (json!("no tag"), "", "fr", "fr"),
    ]
    .into_iter()
    .enumerate()
    {
        idp.person(&format!("person-{n}"), &format!("person{n}@example.org"));
        idp.says("locale", claim.clone());
        let mut browser = home.browser();
        accepted.clone_into(&mut browser.language);
        let address = browser.start("home", query).await;
        // What it prefers where it came from, and not on its way back.
        browser.language.clear();
        assert_eq!(browser.back(&idp.approves(&address)).await, "/");
        let me = browser.me().await.unwrap();
        assert_eq!(me["locale"], locale, "{claim} {query} {accepted}");
    }
    idp.person("ada-1", "ada@example.org");
    let body = json!({"id_token": idp.token(CLIENT, None)});
    let app = home.server.client().post("/auth/oidc/home/token", body);
    let made = app.header("accept-language", "fr-FR").await.is(201);
    assert_eq!(made["account"]["locale"], "fr-FR");
}

#[tokio::test]
async fn a_token_is_made_when_somebody_signs_in_but_may_wait_in_an_app() {
    let idp = Idp::start().await;
    let home = Home::of(&idp, OPEN).await;
    for (age, end) in [(9 * 60, "/"), (12 * 60, "/login?problem=identity_token_invalid")] {
        idp.twists(move |draft| {
            draft.claims["iat"] = json!(draft.claims["iat"].as_u64().unwrap() - age);
        });
        assert_eq!(sign_in(&mut home.browser(), &idp).await, end, "{age} seconds old");
    }
    let body = json!({"id_token": idp.token(CLIENT, None)});
    home.server.client().post("/auth/oidc/home/token", body).await.is(200);
    // A clock that is a little ahead.
    for (from, end) in [(30, "/"), (90, "/login?problem=identity_token_invalid")] {
        idp.twists(move |draft| {
            draft.claims["nbf"] = json!(draft.claims["iat"].as_f64().unwrap() + f64::from(from));
        });
        assert_eq!(sign_in(&mut home.browser(), &idp).await, end, "good from {from} seconds on");
    }
}
