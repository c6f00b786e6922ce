//! Links in mails: a new password for whoever lost theirs, and the proof that an address is read.

use std::time::Duration;

use serde_json::{Value, json};

use crate::passkeys::{ORIGIN, with_passkey};
use crate::support::PASSWORD;
use crate::support::client::{Client, id, items, text};
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::smtp::{Offer, Received, Smtp};
use crate::support::totp::App;
use crate::support::until;

const NEW_PASSWORD: &str = "violet umbrella quartz 42";

struct World {
    smtp: Smtp,
    server: Server,
    ada: Client,
}

impl World {
    async fn new() -> Self {
        let smtp = Smtp::start(Offer::StartTls).await;
        let settings = smtp.settings();
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let server = Server::with(&settings).await;
        let ada = server.admin().await;
        Self { smtp, server, ada }
    }

    /// The last mail to an address with a link to a page, as soon as it is there; its token.
    async fn link(&self, to: &str, page: &str) -> String {
        let mail = until("a mail with a link arrives", || async {
            let mails = self.smtp.mails().into_iter().rev();
            mails.into_iter().find(|mail| mail.to == to && mail.text().contains(page))
        });
        let mail: Received = mail.await;
        let text = mail.text();
        let (_, token) = text.split_once(&format!("{page}?token=")).expect("a token");
        token.lines().next().unwrap().trim().to_owned()
    }

    async fn forgot(&self, email: &str) -> Reply {
        self.server.client().post("/auth/password/forgot", json!({"email": email})).await
    }

    async fn reset(&self, token: &str, password: &str) -> Reply {
        let body = json!({"token": token, "new_password": password});
        self.server.client().post("/auth/password/reset", body).await
    }

    async fn login(&self, password: &str) -> Reply {
        let body = json!({"email": "admin@example.org", "password": password});
        self.server.client().post("/auth/login", body).await
    }
}

#[tokio::test]
async fn a_link_sets_a_new_password_once_and_ends_everything_else() {
    let world = World::new().await;
    let key = json!({"label": "A program", "scopes": ["read"]});
    let key = text(&world.ada.post("/api-keys", key).await.is(201)["key"]);
    assert_eq!(world.forgot("Admin@Example.org").await.status, 202);
    let token = world.link("admin@example.org", "/reset").await;
    world.reset(&token, "password1234").await.invalid(&["/new_password"]);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (client, token) = (world.server.client(), token.clone());
        asking.spawn(async move {
            let body = json!({"token": token, "new_password": NEW_PASSWORD});
            client.post("/auth/password/reset", body).await.status
        });
    }
    let statuses = asking.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    world.reset(&token, NEW_PASSWORD).await.problem(403, "link_invalid");
    world.ada.get("/auth/me").await.problem(401, "unauthenticated");
    let by_key = world.server.client().get("/clones").header("x-api-key", &key).await;
    by_key.problem(401, "unauthenticated");
    world.login(NEW_PASSWORD).await.is(200);
    world.login(PASSWORD).await.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_link_ends_after_half_an_hour_and_with_the_next_one() {
    let world = World::new().await;
    world.forgot("admin@example.org").await;
    let first = world.link("admin@example.org", "/reset").await;
    world.forgot("admin@example.org").await;
    let second = until("another mail arrives", || async {
        let token = world.link("admin@example.org", "/reset").await;
        (token != first).then_some(token)
    });
    let second = second.await;
    world.reset(&first, NEW_PASSWORD).await.problem(403, "link_invalid");
    world.server.advance(Duration::from_secs(30 * 60)).await;
    world.reset(&second, NEW_PASSWORD).await.problem(403, "link_invalid");
    world.login(PASSWORD).await.is(200);
}

#[tokio::test]
async fn who_has_no_account_learns_nothing_and_gets_no_mail() {
    let world = World::new().await;
    let facts = |reply: Reply| {
        let names: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
        (reply.status, names, reply.text())
    };
    let known = facts(world.forgot("admin@example.org").await);
    let unknown = facts(world.forgot("nobody@example.org").await);
    assert_eq!(known, unknown);
    world.link("admin@example.org", "/reset").await;
    assert!(world.smtp.mails().iter().all(|mail| mail.to != "nobody@example.org"));
    world.forgot("nonsense").await.invalid(&["/email"]);
}

#[tokio::test]
async fn links_lead_to_the_configured_address_whatever_the_request_says() {
    let world = World::new().await;
    let body = json!({"email": "admin@example.org"});
    let ask = world.server.client().post("/auth/password/forgot", body);
    let ask = ask.header("host", "evil.example").header("x-forwarded-host", "evil.example");
    ask.header("forwarded", "host=evil.example").await.is(202);
    world.link("admin@example.org", "/reset").await;
    for mail in world.smtp.mails() {
        assert!(!mail.text().contains("evil.example"));
        assert!(
            !mail.text().contains("/reset") || mail.text().contains("https://memoria.example/")
        );
    }
}

#[tokio::test]
async fn a_new_account_proves_its_address_by_mail() {
    let world = World::new().await;
    assert_eq!(world.ada.get("/auth/me").await.is(200)["email_verified"], false);
    let token = world.link("admin@example.org", "/verify").await;
    let verify =
        |token: &str| world.server.client().post("/auth/email/verify", json!({"token": token}));
    assert_eq!(verify(&token).await.is(200)["email_verified"], true);
    verify(&token).await.problem(403, "link_invalid");
    assert_eq!(world.ada.get("/auth/me").await.is(200)["email_verified"], true);
    let reset = json!({"token": token, "new_password": NEW_PASSWORD});
    let reset = world.server.client().post("/auth/password/reset", reset).await;
    reset.problem(403, "link_invalid");
}

#[tokio::test]
async fn another_address_counts_when_its_mail_was_read() {
    let world = World::new().await;
    let body = json!({"email": "ada@lovelace.example"});
    let change = world.ada.post("/auth/email/change", body.clone()).await.is(200);
    assert_eq!(
        (&change["email"], &change["pending_email"]),
        (&json!("admin@example.org"), &json!("ada@lovelace.example"))
    );
    world.login(PASSWORD).await.is(200);
    let token = world.link("ada@lovelace.example", "/verify").await;
    world.server.client().post("/auth/email/verify", json!({"token": token})).await.is(200);
    let me = world.ada.get("/auth/me").await.is(200);
    assert_eq!((&me["email"], &me["email_verified"]), (&body["email"], &json!(true)));
    world.login(PASSWORD).await.problem(401, "invalid_credentials");
    until("the former address is told", || async {
        let told = world.smtp.mails().into_iter();
        told.into_iter().find(|mail| {
            mail.to == "admin@example.org" && mail.text().contains("another e-mail address")
        })
    })
    .await;
    let ben = world.server.account("ben").await;
    let taken = ben.post("/auth/email/change", body).await;
    taken.problem(409, "email_taken");
}

#[tokio::test]
async fn an_invitation_with_an_address_is_mailed_there() {
    let world = World::new().await;
    let space = id(&world.ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let body = json!({"role": "visitor", "email": "ben@example.org"});
    let made = world.ada.post(&format!("/spaces/{space}/invitations"), body).await.is(201);
    let token = world.link("ben@example.org", "/invitation").await;
    // Who invites can hand it over themselves, by a token of its own; it is one invitation.
    assert_ne!(made["token"], token.as_str());
    let show =
        |token: &str| world.server.client().post("/invitations/show", json!({"token": token}));
    for good in [&token, &text(&made["token"])] {
        assert_eq!(show(good).await.is(200)["space_name"], "The family");
    }
    let ben = world.server.account("ben").await;
    let accept = ben.post("/invitations/accept", json!({"token": token})).await.is(200);
    assert_eq!(accept["role"], "visitor");
    for used in [&token, &text(&made["token"])] {
        show(used).await.problem(403, "invite_invalid");
    }
}

#[tokio::test]
async fn without_mail_the_operator_helps() {
    let server = Server::start().await;
    let ada = server.admin().await;
    assert_eq!(server.client().get("/setup").await.is(200)["mail"], false);
    let body = json!({"email": "admin@example.org"});
    server.client().post("/auth/password/forgot", body).await.problem(501, "no_mail");
    ada.post("/auth/email/verification", Value::Null).await.problem(501, "no_mail");
    let body = json!({"email": "ada@lovelace.example"});
    let change = ada.post("/auth/email/change", body).await.is(200);
    assert_eq!(change["email"], "ada@lovelace.example");
    assert_eq!(change["email_verified"], false);
}

#[tokio::test]
async fn who_made_an_account_with_anothers_address_is_out_when_that_one_takes_it() {
    let smtp = Smtp::start(Offer::StartTls).await;
    let settings = smtp.settings();
    let mut settings: Vec<_> =
        settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    settings.retain(|(name, _)| *name != "CLONEMEMORIA_SERVER_PUBLIC_URL");
    settings.push(("CLONEMEMORIA_SERVER_PUBLIC_URL", ORIGIN));
    let server = Server::with(&settings).await;
    let ada = server.admin().await;
    let world = World { smtp, server, ada };
    // Somebody who does not read that mail, and who prepares every way back in.
    let eve = world.server.account("victim").await;
    let (eve, mut passkey, _) = with_passkey(&world.server, &eve).await;
    let begun = eve.post("/auth/totp", json!({})).await.is(200);
    let app = App::holding(&begun["secret"]);
    let done = eve.post("/auth/totp/confirm", json!({"code": app.code(0)})).await.is(200);
    let eve = world.server.client().with_token(&text(&done["session"]["access_token"]));
    let key = json!({"label": "Back door", "scopes": ["read"]});
    let key = text(&eve.post("/api-keys", key).await.is(201)["key"]);
    let change = json!({"email": "eve@evil.example"});
    assert!(eve.post("/auth/email/change", change).await.status < 300);
    let later = world.link("eve@evil.example", "/verify").await;
    world.forgot("victim@example.org").await;
    let token = world.link("victim@example.org", "/reset").await;
    world.reset(&token, NEW_PASSWORD).await.is(204);
    eve.get("/auth/me").await.problem(401, "unauthenticated");
    let by_key = world.server.client().get("/clones").header("x-api-key", &key);
    by_key.await.problem(401, "unauthenticated");
    let question = world.server.client().post("/auth/passkeys/login/start", json!({})).await;
    let answer = passkey.answers(&question.is(200));
    let enter = world.server.client().post("/auth/passkeys/login/finish", answer);
    enter.await.problem(401, "passkey_invalid");
    let proof = json!({"token": later});
    let late = world.server.client().post("/auth/email/verify", proof).await;
    late.problem(403, "link_invalid");
    // A mailbox alone opens no account with an authenticator app, not even Eve's own; whoever
    // runs the machine knows better.
    let body = json!({"email": "victim@example.org", "password": NEW_PASSWORD});
    let login = || world.server.client().post("/auth/login", body.clone());
    login().await.problem(401, "totp_required");
    let told = until("the victim reads what is gone", || async {
        let mails = world.smtp.mails().into_iter();
        let subjects: Vec<_> = mails
            .filter(|mail| mail.to == "victim@example.org")
            .filter_map(|mail| mail.header("Subject"))
            .collect();
        subjects.iter().any(|subject| subject.contains("passkey was removed")).then_some(())
    });
    told.await;
    let help = ["admin", "reset-factors", "--email", "victim@example.org"];
    world.server.command(&help, "").ok();
    let session = login().await.is(200);
    assert_eq!(session["account"]["email_verified"], true);
    let victim = world.server.client().with_token(&text(&session["access_token"]));
    let factors = victim.get("/auth/factors").await.is(200);
    assert_eq!(factors["passkeys"], json!([]));
    assert_eq!(items(&victim.get("/api-keys").await.is(200)), [] as [Value; 0]);
}

#[tokio::test]
async fn an_authenticator_app_does_not_spoil_the_link_that_proves_an_address() {
    let world = World::new().await;
    let proof = world.link("admin@example.org", "/verify").await;
    let begun = world.ada.post("/auth/totp", json!({})).await.is(200);
    let app = App::holding(&begun["secret"]);
    let done = world.ada.post("/auth/totp/confirm", json!({"code": app.code(0)})).await.is(200);
    let ada = world.server.client().with_token(&text(&done["session"]["access_token"]));
    let verify =
        |token: &str| world.server.client().post("/auth/email/verify", json!({"token": token}));
    assert_eq!(verify(&proof).await.is(200)["email_verified"], true);
    // One that would change the address ends with the sign-in that asked for it.
    let change = json!({"email": "ada@lovelace.example"});
    ada.post("/auth/email/change", change).await.is(200);
    let other = world.link("ada@lovelace.example", "/verify").await;
    let reset = ["admin", "reset-password", "--email", "admin@example.org"];
    world.server.command(&reset, &format!("{NEW_PASSWORD}\n")).ok();
    verify(&other).await.problem(403, "link_invalid");
}

#[tokio::test]
async fn a_new_password_by_mail_leaves_the_second_factor_of_a_proven_address() {
    let world = World::new().await;
    let token = world.link("admin@example.org", "/verify").await;
    let proof = json!({"token": token});
    assert!(world.server.client().post("/auth/email/verify", proof).await.status < 300);
    let begun = world.ada.post("/auth/totp", json!({})).await.is(200);
    let app = App::holding(&begun["secret"]);
    world.ada.post("/auth/totp/confirm", json!({"code": app.code(0)})).await.is(200);
    world.forgot("admin@example.org").await;
    let token = world.link("admin@example.org", "/reset").await;
    world.reset(&token, NEW_PASSWORD).await.is(204);
    world.login(NEW_PASSWORD).await.problem(401, "totp_required");
}
