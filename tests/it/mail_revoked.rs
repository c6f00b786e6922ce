//! What was taken back before its mail was sent is not sent; all else is.

use std::time::Duration;

use serde_json::{Value, json};

use crate::admin::{account_id, login};
use crate::mail::reaches;
use crate::support::PASSWORD;
use crate::support::client::{Client, id, text};
use crate::support::smtp::Act;
use crate::told::World;

/// The mail server takes nothing for a while.
fn goes_down(world: &World) {
    world.smtp.then(&[Act::HangUp; 1_000]);
}

/// It takes mails again and all have been sent that are to be: addresses and subjects of those
/// that came since there were so many.
async fn comes_back(world: &World, before: usize) -> Vec<(String, String)> {
    assert_eq!(world.smtp.mails().len(), before, "it was down");
    world.smtp.relents();
    world.server.advance(Duration::from_secs(60)).await;
    reaches(&world.server, "waiting", 0).await;
    let mails = world.smtp.mails().into_iter().skip(before);
    let mut came: Vec<_> =
        mails.map(|mail| (mail.to.clone(), mail.header("Subject").unwrap())).collect();
    came.sort();
    came
}

fn list(mails: &[(&str, &str)]) -> Vec<(String, String)> {
    mails.iter().map(|(to, subject)| ((*to).to_owned(), (*subject).to_owned())).collect()
}

struct Space<'c> {
    owner: &'c Client,
    path: String,
}

impl<'c> Space<'c> {
    async fn of(owner: &'c Client) -> Self {
        let id = id(&owner.post("/spaces", json!({"name": "The family"})).await.is(201));
        Self { owner, path: format!("/spaces/{id}") }
    }

    async fn invite(&self, by: &Client, email: &str) -> Value {
        let body = json!({"role": "visitor", "email": email});
        by.post(&format!("{}/invitations", self.path), body).await.is(201)
    }

    /// Lets somebody in; where they are looked after.
    async fn member(&self, client: &Client, role: &str) -> String {
        let body = json!({"role": role});
        let made = self.owner.post(&format!("{}/invitations", self.path), body).await.is(201);
        client.post("/invitations/accept", json!({"token": made["token"]})).await.is(200);
        format!("{}/members/{}", self.path, account_id(client).await)
    }
}

#[tokio::test]
async fn an_invitation_is_not_mailed_after_it_was_withdrawn_accepted_or_lost_its_maker() {
    let world = World::new().await;
    let ada = world.admin().await;
    let space = Space::of(&ada).await;
    let (ben, sam) = (world.account("ben").await, world.account("sam").await);
    let sams = space.member(&sam, "steward").await;
    reaches(&world.server, "waiting", 0).await;
    let before = world.smtp.mails().len();
    goes_down(&world);
    let amy = space.invite(&ada, "amy@example.org").await;
    let bens = space.invite(&ada, "ben@example.org").await;
    space.invite(&ada, "cam@example.org").await;
    space.invite(&sam, "dan@example.org").await;
    reaches(&world.server, "failed_total", 4).await;
    ada.delete(&format!("{}/invitations/{}", space.path, id(&amy))).await.is(204);
    ben.post("/invitations/accept", json!({"token": bens["token"]})).await.is(200);
    ada.patch(&sams, json!({"role": "contributor"})).await.is(200);
    reaches(&world.server, "failed_total", 5).await;
    let came = comes_back(&world, before).await;
    let role = ("sam@example.org", "Your role in a space changed");
    assert_eq!(came, list(&[("cam@example.org", "You are invited"), role]));
}

#[tokio::test]
async fn a_link_is_not_mailed_after_a_newer_one_or_a_new_password() {
    let world = World::new().await;
    world.admin().await;
    let (ada, ben) = (world.account("ada").await, world.account("ben").await);
    reaches(&world.server, "waiting", 0).await;
    let before = world.smtp.mails().len();
    goes_down(&world);
    let forgot =
        |email: &str| world.server.client().post("/auth/password/forgot", json!({"email": email}));
    // Each has failed before the next one takes its place.
    for failed in [1, 2] {
        forgot("ada@example.org").await.is(202);
        reaches(&world.server, "failed_total", failed).await;
    }
    for (email, failed) in [("ada@one.example", 3), ("ada@two.example", 4)] {
        ada.post("/auth/email/change", json!({"email": email})).await.is(200);
        reaches(&world.server, "failed_total", failed).await;
    }
    forgot("ben@example.org").await.is(202);
    reaches(&world.server, "failed_total", 5).await;
    let new = json!({"current_password": PASSWORD, "new_password": "violet umbrella quartz 42"});
    ben.post("/auth/password/change", new).await.is(200);
    reaches(&world.server, "failed_total", 6).await;
    let came = comes_back(&world, before).await;
    let expected = [
        ("ada@example.org", "Set a new password"),
        ("ada@two.example", "Is this your address?"),
        ("ben@example.org", "Your password was changed"),
    ];
    assert_eq!(came, list(&expected));
    // What came is good.
    let token = world.link("ada@two.example", "Is this your address?").await;
    let verified = world.server.client().post("/auth/email/verify", json!({"token": token})).await;
    assert_eq!(text(&verified.is(200)["email"]), "ada@two.example");
}

#[tokio::test]
async fn who_was_suspended_gets_no_link_and_hears_only_of_what_concerns_the_account() {
    let world = World::new().await;
    let admin = world.admin().await;
    let space = Space::of(&admin).await;
    let ben = world.account("ben").await;
    let (bens, account) = (space.member(&ben, "visitor").await, account_id(&ben).await);
    let other = Space::of(&admin).await;
    reaches(&world.server, "waiting", 0).await;
    let before = world.smtp.mails().len();
    goes_down(&world);
    let body = json!({"email": "ben@example.org"});
    world.server.client().post("/auth/password/forgot", body).await.is(202);
    ben.post("/auth/email/change", json!({"email": "ben@two.example"})).await.is(200);
    admin.patch(&bens, json!({"role": "contributor"})).await.is(200);
    other.invite(&admin, "ben@example.org").await;
    ben.post("/api-keys", json!({"label": "Backup", "scopes": ["read"]})).await.is(201);
    reaches(&world.server, "failed_total", 5).await;
    let path = format!("/admin/users/{account}");
    admin.patch(&path, json!({"suspended": true})).await.is(200);
    reaches(&world.server, "failed_total", 6).await;
    let came = comes_back(&world, before).await;
    let expected = [
        ("ben@example.org", "A key for programs was made"),
        ("ben@example.org", "Your account was suspended"),
    ];
    assert_eq!(came, list(&expected));
    admin.patch(&path, json!({"suspended": false})).await.is(200);
    login(&world.server, "ben").await;
    world.mail("ben@example.org", "You can use your account again").await;
}

#[tokio::test]
async fn notices_go_to_the_address_of_their_moment_however_late_they_are_sent() {
    let world = World::new().await;
    world.admin().await;
    let ben = world.account("ben").await;
    reaches(&world.server, "waiting", 0).await;
    let before = world.smtp.mails().len();
    // Somebody in Ben's account makes a key, then changes the address to one of their own.
    ben.post("/auth/email/change", json!({"email": "evil@example.org"})).await.is(200);
    let token = world.link("evil@example.org", "Is this your address?").await;
    let seen = world.smtp.mails().len();
    goes_down(&world);
    ben.post("/api-keys", json!({"label": "Backup", "scopes": ["read"]})).await.is(201);
    reaches(&world.server, "failed_total", 1).await;
    world.server.client().post("/auth/email/verify", json!({"token": token})).await.is(200);
    reaches(&world.server, "failed_total", 3).await;
    assert_eq!(seen, before + 1);
    let came = comes_back(&world, seen).await;
    let expected = [
        ("ben@example.org", "A key for programs was made"),
        ("ben@example.org", "Your address was changed"),
        ("evil@example.org", "Your address was changed"),
    ];
    assert_eq!(came, list(&expected));
}
