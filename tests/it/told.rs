//! Who is told of what, by what really happens: each cause over HTTP, then the inbox and the mail.

use std::cell::RefCell;

use http::Method;
use serde_json::{Value, json};

use crate::admin::{account_id, login};
use crate::mail::reaches;
use crate::oidc::table;
use crate::passkeys::with_passkey;
use crate::support::browser::Browser;
use crate::support::client::{Client, each, id, items, text};
use crate::support::idp::Idp;
use crate::support::server::Server;
use crate::support::smtp::{Offer, Received, Smtp};
use crate::support::totp::App;
use crate::support::{PASSWORD, until};

pub const ADMIN: &str = "admin@example.org";
const BEN: &str = "ben@example.org";
const NEW_PASSWORD: &str = "violet umbrella quartz 42";

/// A server with mail, and what must be in no mail.
pub struct World {
    pub smtp: Smtp,
    pub server: Server,
    secrets: RefCell<Vec<String>>,
}

impl World {
    pub async fn new() -> Self {
        let smtp = Smtp::start(Offer::StartTls).await;
        let settings = smtp.settings();
        Self::with(smtp, &settings).await
    }

    async fn with(smtp: Smtp, settings: &[(&str, String)]) -> Self {
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let server = Server::with(&settings).await;
        let secrets = RefCell::new(vec![PASSWORD.to_owned(), NEW_PASSWORD.to_owned()]);
        Self { smtp, server, secrets }
    }

    /// The first account, which has proven its address.
    pub async fn admin(&self) -> Client {
        let ada = self.server.admin().await;
        self.proves(ADMIN).await;
        self.bearer(&json!({"access_token": ada.token()}))
    }

    /// Another one that has.
    pub async fn account(&self, name: &str) -> Client {
        let client = self.server.account(name).await;
        self.proves(&format!("{name}@example.org")).await;
        client
    }

    /// Follows the link that says whose address it is.
    pub async fn proves(&self, email: &str) {
        let token = self.link(email, "Is this your address?").await;
        let body = json!({"token": token});
        self.server.client().post("/auth/email/verify", body).await.is(200);
    }

    fn keep(&self, secret: &Value) {
        self.secrets.borrow_mut().extend(secret.as_str().map(str::to_owned));
    }

    fn bearer(&self, session: &Value) -> Client {
        self.keep(&session["access_token"]);
        self.keep(&session["refresh_token"]);
        self.server.client().with_token(&text(&session["access_token"]))
    }

    /// The one mail to an address with a subject, as soon as it is there.
    pub async fn mail(&self, to: &str, subject: &str) -> Received {
        let mut found = until(&format!("“{subject}” arrives at {to}"), || async {
            let mut mails = self.smtp.mails();
            mails.retain(|mail| {
                mail.to == to && mail.header("Subject").is_some_and(|said| said == subject)
            });
            (!mails.is_empty()).then_some(mails)
        })
        .await;
        assert_eq!(found.len(), 1, "“{subject}” came more than once");
        found.remove(0)
    }

    /// The token in the mail with a subject.
    pub async fn link(&self, to: &str, subject: &str) -> String {
        let text = self.mail(to, subject).await.text();
        let (_, token) = text.split_once("token=").or(text.split_once("server:\n")).expect("one");
        token.lines().next().unwrap().to_owned()
    }

    /// Somebody was told once: in the app at once, and by mail.
    async fn told(&self, who: (&Client, &str), topic: &str, detail: Option<&str>, subject: &str) {
        let (client, to) = who;
        let inbox = items(&client.get("/notifications").await.is(200));
        let [notice] = &of(&inbox, topic)[..] else { panic!("{topic} in {inbox:?}") };
        assert_eq!(notice["detail"].as_str(), detail, "{topic}");
        let mail = self.mail(to, subject).await;
        // A mail does not spread a former address.
        if let Some(detail) = detail.filter(|_| topic != "email_changed") {
            assert!(mail.text().contains(detail), "{topic}: {}", mail.text());
        }
    }

    /// No mail holds a secret, and none but those that are sent for it a link that opens things.
    fn nothing_is_given_away(&self) {
        let with_links = ["Set a new password", "Is this your address?", "You are invited"];
        for mail in self.smtp.mails() {
            let subject = mail.header("Subject").unwrap();
            let said = format!("{}\n{}", mail.raw, mail.text());
            for secret in self.secrets.borrow().iter() {
                assert!(!said.contains(secret), "{subject} holds a secret");
            }
            let link = ["token=", "cms_", "#"].into_iter().find(|mark| mail.text().contains(mark));
            assert!(link.is_none() || with_links.contains(&&*subject), "{subject} holds {link:?}");
        }
    }
}

fn of(inbox: &[Value], topic: &str) -> Vec<Value> {
    inbox.iter().filter(|notice| notice["topic"] == topic).cloned().collect()
}

async fn topics(client: &Client) -> Vec<String> {
    let inbox = items(&client.get("/notifications").await.is(200));
    each(&inbox, "topic").into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn who_signs_in_and_with_what_is_told_to_the_owner() {
    let world = World::new().await;
    let (ada, stranger) = (world.admin().await, world.server.client());
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let body = json!({"email": ADMIN, "password": PASSWORD});
    let first = stranger.post("/auth/login", body).header("user-agent", agent).await.is(200);
    world.bearer(&first);
    let subject = "A new device is signed in";
    world.told((&ada, ADMIN), "new_device", Some("Firefox (Linux)"), subject).await;

    let refresh = |session: &Value| {
        stranger.post("/auth/refresh", json!({"refresh_token": session["refresh_token"]}))
    };
    let second = refresh(&first).await.is(200);
    world.bearer(&refresh(&second).await.is(200));
    refresh(&first).await.problem(401, "unauthenticated");
    let subject = "A sign-in may have been stolen";
    world.told((&ada, ADMIN), "sign_in_reused", None, subject).await;

    let body = json!({"label": "Backup", "scopes": ["read"]});
    world.keep(&ada.post("/api-keys", body).await.is(201)["key"]);
    let subject = "A key for programs was made";
    world.told((&ada, ADMIN), "api_key_created", Some("Backup"), subject).await;

    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let ada = world.bearer(&ada.post("/auth/password/change", body).await.is(200));
    let subject = "Your password was changed";
    world.told((&ada, ADMIN), "password_changed", None, subject).await;

    stranger.post("/auth/password/forgot", json!({"email": ADMIN})).await.is(202);
    let token = world.link(ADMIN, "Set a new password").await;
    let body = json!({"token": token, "new_password": PASSWORD});
    stranger.post("/auth/password/reset", body).await.is(204);
    let ada = login(&world.server, "admin").await;
    world.told((&ada, ADMIN), "password_reset", None, "Your password was reset").await;

    let other = "ada@lovelace.example";
    ada.post("/auth/email/change", json!({"email": other})).await.is(200);
    world.proves(other).await;
    let subject = "Your address was changed";
    world.told((&ada, other), "email_changed", Some(ADMIN), subject).await;
    world.mail(ADMIN, subject).await;
    world.nothing_is_given_away();
}

#[tokio::test]
async fn what_opens_an_account_beside_its_password_is_told_even_at_an_unproven_address() {
    let world = World::new().await;
    let ada = world.server.admin().await;
    let (ada, mut key, passkey) = with_passkey(&world.server, &ada).await;
    world.told((&ada, ADMIN), "passkey_added", None, "A passkey was added").await;
    for (counted, status) in [(41, 200), (20, 401)] {
        key.counter = counted;
        let stranger = world.server.client();
        let question = stranger.post("/auth/passkeys/login/start", json!({})).await.is(200);
        let answer = key.answers(&question);
        let entered = stranger.post("/auth/passkeys/login/finish", answer).await;
        assert_eq!(entered.status, status, "{}", entered.text());
    }
    world.told((&ada, ADMIN), "passkey_copied", None, "A passkey was refused").await;
    let renewed = ada.delete(&format!("/auth/passkeys/{passkey}")).await.is(200);
    let ada = world.bearer(&renewed);
    world.told((&ada, ADMIN), "passkey_removed", None, "A passkey was removed").await;

    let new = ada.post("/auth/totp", json!({})).await.is(200);
    world.keep(&new["secret"]);
    let code = App::holding(&new["secret"]).code(0);
    let done = ada.post("/auth/totp/confirm", json!({"code": code})).await.is(200);
    let ada = world.bearer(&done["session"]);
    let codes = done["recovery_codes"].as_array().unwrap().clone();
    codes.iter().for_each(|code| world.keep(code));
    let subject = "Sign-in asks for a second step";
    world.told((&ada, ADMIN), "second_factor_added", None, subject).await;
    let body = json!({"email": ADMIN, "password": PASSWORD, "totp": codes[0]});
    world.bearer(&world.server.client().post("/auth/login", body).await.is(200));
    let subject = "A recovery code was used";
    world.told((&ada, ADMIN), "recovery_code_used", None, subject).await;
    let renewed = ada.post("/auth/totp/recovery-codes", json!({})).await.is(200);
    renewed["recovery_codes"].as_array().unwrap().iter().for_each(|code| world.keep(code));
    let subject = "Your recovery codes were renewed";
    world.told((&ada, ADMIN), "recovery_codes_renewed", None, subject).await;
    let ada = world.bearer(&ada.delete("/auth/totp").await.is(200));
    let subject = "Sign-in asks for no second step any more";
    world.told((&ada, ADMIN), "second_factor_removed", None, subject).await;
    world.nothing_is_given_away();
}

#[tokio::test]
async fn another_place_to_sign_in_is_told_when_it_comes_and_when_it_goes() {
    let (idp, smtp) = (Idp::start().await, Smtp::start(Offer::StartTls).await);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("c.toml");
    std::fs::write(&file, table("home", &idp.issuer(), "sign_up = 'closed'")).unwrap();
    let mut settings = smtp.settings();
    // The provider sends the browser back to where the server really is.
    settings.retain(|(name, _)| *name != "CLONEMEMORIA_SERVER_PUBLIC_URL");
    settings.push(("CLONEMEMORIA_CONFIG", file.display().to_string()));
    let world = World::with(smtp, &settings).await;
    let ada = world.server.admin().await;
    let mut browser = Browser::at(&world.server);
    browser.post("/auth/login", &json!({"email": ADMIN, "password": PASSWORD})).await.is(200);
    browser.jar.values().for_each(|cookie| world.keep(&json!(cookie)));
    let body = json!({"provider": "home", "redirect_to": "/account"});
    let way = browser.post("/auth/me/identities", &body).await.is(200);
    assert_eq!(browser.back(&idp.approves(&text(&way["url"]))).await, "/account");
    let subject = "Another way to sign in was added";
    world.told((&ada, ADMIN), "identity_linked", Some("The home"), subject).await;
    let linked = id(&items(&browser.get("/auth/me/identities").await.is(200))[0]);
    let path = format!("/auth/me/identities/{linked}");
    browser.ask(Method::DELETE, &path, None).await.is(204);
    let subject = "A way to sign in was removed";
    world.told((&ada, ADMIN), "identity_unlinked", Some("The home"), subject).await;
    world.nothing_is_given_away();
}

#[tokio::test]
async fn what_others_do_to_a_member_of_a_space_is_told_to_the_member() {
    let world = World::new().await;
    let (ada, ben) = (world.admin().await, world.account("ben").await);
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let path = format!("/spaces/{space}/invitations");
    let invite = json!({"role": "contributor", "email": "Ben@Example.org"});
    ada.post(&path, invite).await.is(201);
    let token = world.link("Ben@Example.org", "You are invited").await;
    reaches(&world.server, "waiting", 0).await;
    let inbox = items(&ben.get("/notifications").await.is(200));
    assert_eq!(of(&inbox, "space_invitation")[0]["detail"], "The family");
    ben.post("/invitations/accept", json!({"token": token})).await.is(200);

    let member = |id: &str| format!("/spaces/{space}/members/{id}");
    let (adas, bens) = (member(&account_id(&ada).await), member(&account_id(&ben).await));
    let family = Some("The family");
    ada.patch(&bens, json!({"role": "steward"})).await.is(200);
    let subject = "Your role in a space changed";
    world.told((&ben, BEN), "role_changed", family, subject).await;
    let inbox = items(&ben.get("/notifications").await.is(200));
    assert_eq!(of(&inbox, "role_changed")[0]["role"], "steward");
    assert!(world.mail(BEN, subject).await.text().contains("Your role: steward"));

    let body =
        json!({"name": "Maria", "subject": "fictional", "space_id": space, "visibility": "space"});
    let clone = id(&ada.post("/clones", body).await.is(201));
    let made = ben.post(&format!("/clones/{clone}/share-links"), json!({})).await.is(201);
    world.keep(&made["token"]);
    let subject = "A link to a clone was made";
    world.told((&ben, BEN), "share_link_created", Some("Maria"), subject).await;
    let subject = "A clone in your space was shared";
    world.told((&ada, ADMIN), "clone_shared", Some("Maria"), subject).await;

    ada.patch(&bens, json!({"role": "owner"})).await.is(200);
    world.told((&ben, BEN), "space_handed_over", family, "A space is yours now").await;
    ben.delete(&adas).await.is(204);
    let subject = "You are not in a space any more";
    world.told((&ada, ADMIN), "removed_from_space", family, subject).await;

    // Who does it, or leaves, knows.
    let eve = world.account("eve").await;
    let made = ben.post(&path, json!({"role": "visitor"})).await.is(201);
    eve.post("/invitations/accept", json!({"token": made["token"]})).await.is(200);
    eve.delete(&member(&account_id(&eve).await)).await.is(204);
    assert_eq!(topics(&eve).await, [""; 0]);
    assert_eq!(topics(&ada).await, ["removed_from_space", "clone_shared"]);
    let bens = ["space_handed_over", "share_link_created", "role_changed", "space_invitation"];
    assert_eq!(topics(&ben).await, bens);
    world.nothing_is_given_away();
}

#[tokio::test]
async fn who_loses_sight_of_a_clone_is_told() {
    let world = World::new().await;
    let ada = world.admin().await;
    let (ben, eve) = (world.account("ben").await, world.account("eve").await);
    let space = |name: &str| ada.post("/spaces", json!({"name": name}));
    let (from, to) = (id(&space("The family").await.is(201)), id(&space("The lake").await.is(201)));
    for (space, guest) in [(&from, &ben), (&from, &eve), (&to, &eve)] {
        let path = format!("/spaces/{space}/invitations");
        let made = ada.post(&path, json!({"role": "contributor"})).await.is(201);
        guest.post("/invitations/accept", json!({"token": made["token"]})).await.is(200);
    }
    // Nobody else saw the private one, and everybody still sees the public one.
    for (name, reach) in [("Rose", "private"), ("Rex", "public"), ("Maria", "space")] {
        let body = json!({
            "name": name, "subject": "fictional", "space_id": from, "visibility": reach,
        });
        let clone = id(&ada.post("/clones", body).await.is(201));
        ada.patch(&format!("/clones/{clone}"), json!({"space_id": to})).await.is(200);
    }
    let subject = "A clone is not in your space any more";
    world.told((&ben, "ben@example.org"), "clone_moved", Some("Maria"), subject).await;
    assert_eq!(topics(&ben).await, ["clone_moved"]);
    assert_eq!((topics(&ada).await, topics(&eve).await), (vec![], vec![]));
    // As the page does: with another reach, by which nobody there sees it either.
    let body =
        json!({"name": "Paul", "subject": "fictional", "space_id": from, "visibility": "space"});
    let clone = id(&ada.post("/clones", body).await.is(201));
    let change = json!({"space_id": to, "visibility": "private"});
    ada.patch(&format!("/clones/{clone}"), change).await.is(200);
    assert_eq!(topics(&ben).await, ["clone_moved", "clone_moved"]);
    assert_eq!((topics(&ada).await, topics(&eve).await), (vec![], vec!["clone_moved".to_owned()]));
    world.nothing_is_given_away();
}

#[tokio::test]
async fn what_admins_do_to_an_account_is_told_to_its_owner() {
    let world = World::new().await;
    let admin = world.admin().await;
    let account = account_id(&world.server.account("ben").await).await;
    let path = format!("/admin/users/{account}");
    let change = async |change: Value| admin.patch(&path, change).await.is(200);
    for (change_to, topic, subject) in [
        (json!({"is_admin": true}), "admin_granted", "You administer the server"),
        (json!({"is_admin": false}), "admin_revoked", "You do not administer the server any more"),
    ] {
        change(change_to).await;
        let ben = login(&world.server, "ben").await;
        world.told((&ben, BEN), topic, None, subject).await;
    }
    admin.delete(&format!("{path}/sessions")).await.is(204);
    let ben = login(&world.server, "ben").await;
    world.told((&ben, BEN), "locked_out", None, "You were signed out everywhere").await;

    change(json!({"suspended": true})).await;
    let mail = world.mail(BEN, "Your account was suspended").await;
    assert!(!mail.text().contains("://"), "every page is shut: {}", mail.text());
    change(json!({"suspended": false})).await;
    let ben = login(&world.server, "ben").await;
    world.told((&ben, BEN), "suspended", None, "Your account was suspended").await;
    world.told((&ben, BEN), "unsuspended", None, "You can use your account again").await;

    assert_eq!(topics(&admin).await, [""; 0], "they did it themselves");
    world.nothing_is_given_away();
}

#[tokio::test]
async fn whoever_invites_does_not_learn_whether_there_is_an_account() {
    let world = World::new().await;
    let ada = world.admin().await;
    let (ben, eve) = (world.account("ben").await, world.server.account("eve").await);
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let path = format!("/spaces/{space}/invitations");
    let mut seen = Vec::new();
    for email in [BEN, "eve@example.org", "nobody@example.org"] {
        let made = ada.post(&path, json!({"role": "visitor", "email": email})).await;
        let names: Vec<String> = made.headers.keys().map(ToString::to_string).collect();
        let body = made.is(201);
        let fields: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        seen.push((names, fields, body["role"].clone()));
        world.mail(email, "You are invited").await;
    }
    assert!(seen.iter().all(|reply| *reply == seen[0]), "{seen:?}");
    reaches(&world.server, "waiting", 0).await;
    assert_eq!(topics(&ben).await, ["space_invitation"]);
    // Whoever signed up with the address of somebody else reads nothing of it.
    assert_eq!(topics(&eve).await, [""; 0]);
    assert_eq!(topics(&ada).await, [""; 0]);
}

#[tokio::test]
async fn without_mail_the_invited_are_told_in_the_app() {
    let server = Server::start().await;
    let (ada, ben) = (server.admin().await, server.account("ben").await);
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let path = format!("/spaces/{space}/invitations");
    ada.post(&path, json!({"role": "visitor", "email": BEN})).await.is(201);
    reaches(&server, "waiting", 0).await;
    assert_eq!(topics(&ben).await, ["space_invitation"]);
}
