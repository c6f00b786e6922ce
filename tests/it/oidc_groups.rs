//! What the groups that a provider tells of open here, and close again.

use http::Method;
use serde_json::{Value, json};

use crate::oidc::{Home, OPEN, sign_in, table};
use crate::support::PASSWORD;
use crate::support::browser::Browser;
use crate::support::client::{id, items, text};
use crate::support::idp::{CLIENT, Idp};

/// The group whose people administer the instance.
const ADMINS: &str = "memoria-admins";

#[tokio::test]
async fn a_group_makes_an_admin_for_as_long_as_one_is_in_it() {
    let idp = Idp::start().await;
    let more = format!("{OPEN}\ngroups_claim = 'groups'\nadmin_group = 'memoria-admins'");
    let home = Home::of(&idp, &more).await;
    for (groups, is_admin) in [
        (json!(["family"]), false),
        (json!(["family", "memoria-admins"]), true),
        (json!("memoria-admins"), true),
        (json!(["MEMORIA-ADMINS"]), false),
        (json!(["memoria-admins"]), true),
        (json!([]), false),
    ] {
        idp.says("groups", groups.clone());
        let mut browser = home.browser();
        assert_eq!(sign_in(&mut browser, &idp).await, "/");
        assert_eq!(browser.me().await.unwrap()["is_admin"], is_admin, "{groups}");
    }
    idp.says("groups", Value::Null);
    idp.says_when_asked(&json!({"sub": "ada-1", "groups": ["memoria-admins"]}));
    let mut browser = home.browser();
    sign_in(&mut browser, &idp).await;
    assert_eq!(browser.me().await.unwrap()["is_admin"], true, "said when asked");
}

/// What the table of a provider that tells groups says.
fn telling() -> String {
    format!("{OPEN}\ngroups_claim = 'groups'\nadmin_group = '{ADMINS}'")
}

/// A home whose provider tells groups, and a space of its admin's.
struct Family {
    idp: Idp,
    home: Home,
    space: String,
}

impl Family {
    async fn new() -> Self {
        let idp = Idp::start().await;
        idp.says_when_asked(&json!({"sub": "ada-1"}));
        let home = Home::of(&idp, &telling()).await;
        let mut owner = home.signed_in("admin@example.org").await;
        let space = owner.post("/spaces", &json!({"name": "The family"})).await.is(201);
        drop(owner);
        Self { idp, home, space: id(&space) }
    }

    async fn owner(&self) -> Browser<'_> {
        self.home.signed_in("admin@example.org").await
    }

    /// Lets a group in; its id.
    async fn let_in(&self, name: &str, role: &str) -> String {
        let path = format!("/spaces/{}/groups", self.space);
        id(&self.owner().await.post(&path, &body("home", name, role)).await.is(201))
    }

    /// Signs in at the provider as somebody in these groups.
    async fn comes(&self, groups: Value) -> Browser<'_> {
        self.idp.says("groups", groups);
        let mut browser = self.home.browser();
        assert_eq!(sign_in(&mut browser, &self.idp).await, "/");
        browser
    }

    /// What a browser's account is in the space; nothing if it is not in it.
    async fn role(&self, browser: &mut Browser<'_>) -> Option<String> {
        let reply = browser.get(&format!("/spaces/{}", self.space)).await;
        if reply.status == 404 { None } else { Some(text(&reply.is(200)["role"])) }
    }
}

#[tokio::test]
async fn a_group_lets_its_people_into_a_space_for_as_long_as_they_are_in_it() {
    let family = Family::new().await;
    family.let_in("family", "visitor").await;
    family.let_in("elders", "contributor").await;
    for (groups, role) in [
        (json!([]), None),
        (json!(["FAMILY", "families"]), None),
        (json!(["family"]), Some("visitor")),
        (json!(["elders", "family"]), Some("contributor")),
        (json!("family"), Some("visitor")),
        (Value::Null, None),
        (json!(["elders"]), Some("contributor")),
    ] {
        let mut ada = family.comes(groups.clone()).await;
        assert_eq!(family.role(&mut ada).await.as_deref(), role, "{groups}");
    }
    let mut owner = family.owner().await;
    let path = format!("/spaces/{}", family.space);
    let members = items(&owner.get(&format!("{path}/members")).await.is(200));
    let by_group: Vec<_> = members.iter().map(|member| member["by_group"].clone()).collect();
    assert_eq!(by_group, [false, true]);
    let groups = owner.get(&format!("{path}/groups")).await.is(200);
    assert_eq!(groups["providers"], json!([{"id": "home", "name": "The home"}]));
    assert_eq!(groups["items"][0]["provider"], "home");
    assert_eq!(groups["items"][0]["provider_name"], "The home");
    let counts: Vec<_> = items(&groups).iter().map(|group| group["member_count"].clone()).collect();
    assert_eq!(counts, [0, 1]);
}

#[tokio::test]
async fn who_was_let_in_by_hand_stays_whatever_the_groups_are() {
    let family = Family::new().await;
    family.let_in("family", "contributor").await;
    let path = format!("/spaces/{}", family.space);
    let mut ada = family.comes(json!([])).await;
    let invitation = json!({"role": "visitor"});
    let mut owner = family.owner().await;
    let made = owner.post(&format!("{path}/invitations"), &invitation).await.is(201);
    ada.post("/invitations/accept", &json!({"token": made["token"]})).await.is(200);
    for groups in [json!(["family"]), json!([])] {
        let mut ada = family.comes(groups).await;
        assert_eq!(family.role(&mut ada).await.as_deref(), Some("visitor"));
    }
    let mut max = {
        family.idp.person("max-1", "max@example.org");
        family.comes(json!(["family"])).await
    };
    let max_id = text(&max.me().await.unwrap()["id"]);
    let member = format!("{path}/members/{max_id}");
    let steward = json!({"role": "steward"});
    owner.ask(Method::PATCH, &member, Some(&steward)).await.is(200);
    let mut max = family.comes(json!([])).await;
    assert_eq!(family.role(&mut max).await.as_deref(), Some("steward"), "from then on by hand");
}

#[tokio::test]
async fn a_group_that_is_let_in_no_more_takes_its_people_along_at_once() {
    let family = Family::new().await;
    let group = family.let_in("family", "visitor").await;
    let mut ada = family.comes(json!(["family"])).await;
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("visitor"));
    let path = format!("/spaces/{}/groups/{group}", family.space);
    let mut owner = family.owner().await;
    owner.ask(Method::DELETE, &path, None).await.is(204);
    assert_eq!(family.role(&mut ada).await, None);
    owner.ask(Method::DELETE, &path, None).await.problem(404, "not_found");
}

#[tokio::test]
async fn who_unlinks_the_provider_is_in_none_of_its_groups_be_it_offered_still_or_not() {
    for offered in [true, false] {
        let mut family = Family::new().await;
        family.let_in("family", "visitor").await;
        family.home.server.account("max").await;
        let mut max = family.home.signed_in("max@example.org").await;
        let way = max.post("/auth/me/identities", &json!({"provider": "home"})).await.is(200);
        max.back(&family.idp.approves(&text(&way["url"]))).await;
        drop(max);
        let mut max = family.comes(json!(["family"])).await;
        assert_eq!(family.role(&mut max).await.as_deref(), Some("visitor"));
        let jar = std::mem::take(&mut max.jar);
        drop(max);
        if !offered {
            family.home.offers(&[]).await;
        }
        let mut max = family.home.browser();
        max.jar = jar;
        let identity = id(&items(&max.get("/auth/me/identities").await.is(200))[0]);
        max.ask(Method::DELETE, &format!("/auth/me/identities/{identity}"), None).await.is(204);
        assert_eq!(family.role(&mut max).await, None);
        assert_eq!(told(&mut max).await, ["removed_from_space"]);
    }
}

/// What a browser's account was told of the space, the newest first.
async fn told(browser: &mut Browser<'_>) -> Vec<String> {
    let inbox = items(&browser.get("/notifications").await.is(200));
    let of_space = inbox.iter().filter(|notice| notice["detail"] == "The family");
    of_space.map(|notice| text(&notice["topic"])).collect()
}

#[tokio::test]
async fn who_is_taken_out_because_of_a_group_is_told_and_who_becomes_something_else() {
    let family = Family::new().await;
    family.let_in("family", "contributor").await;
    family.comes(json!(["family"])).await;
    let mut ada = family.comes(json!([])).await;
    assert_eq!(told(&mut ada).await, ["removed_from_space"]);
    family.comes(json!(["family"])).await;
    let group = family.let_in("family", "visitor").await;
    assert_eq!(told(&mut ada).await, ["role_changed", "removed_from_space"]);
    let path = format!("/spaces/{}/groups/{group}", family.space);
    let mut owner = family.owner().await;
    owner.ask(Method::DELETE, &path, None).await.is(204);
    let all = ["removed_from_space", "role_changed", "removed_from_space"];
    assert_eq!(told(&mut ada).await, all);
    assert_eq!(told(&mut owner).await, [""; 0], "they did it themselves");
}

fn body(provider: &str, name: &str, role: &str) -> Value {
    json!({"provider": provider, "name": name, "role": role})
}

#[tokio::test]
async fn only_the_owner_lets_groups_in_and_only_of_providers_that_tell_them() {
    let family = Family::new().await;
    let path = format!("/spaces/{}/groups", family.space);
    let mut owner = family.owner().await;
    for (wrong, pointer) in [
        (body("elsewhere", "family", "visitor"), "/provider"),
        (body("home", " ", "visitor"), "/name"),
        (body("home", &"n".repeat(201), "visitor"), "/name"),
        (body("home", "family", "owner"), "/role"),
        (body("home", "family", "king"), "/role"),
    ] {
        let problem = owner.post(&path, &wrong).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{wrong}");
    }
    family.let_in("family", "steward").await;
    let mut ada = family.comes(json!(["family"])).await;
    ada.get(&path).await.is(200);
    ada.post(&path, &body("home", "others", "visitor")).await.problem(403, "forbidden");
    for n in 0..49 {
        owner.post(&path, &body("home", &format!("group {n}"), "visitor")).await.is(201);
    }
    let more = body("home", "one more", "visitor");
    owner.post(&path, &more).await.problem(409, "too_many_groups");
    let again = body("home", "family", "visitor");
    owner.post(&path, &again).await.is(201);
    let personal = items(&owner.get("/spaces").await.is(200)).remove(0);
    let personal = format!("/spaces/{}/groups", text(&personal["id"]));
    owner.post(&personal, &again).await.problem(409, "personal_space");
}

#[tokio::test]
async fn a_group_with_another_role_gives_it_to_whom_it_brought_at_once() {
    let family = Family::new().await;
    family.let_in("family", "steward").await;
    let mut ada = family.comes(json!(["family"])).await;
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("steward"));
    family.let_in("family", "visitor").await;
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("visitor"));
}

#[tokio::test]
async fn of_two_groups_the_one_that_is_left_still_brings_who_is_in_it() {
    let family = Family::new().await;
    family.let_in("family", "visitor").await;
    let elders = family.let_in("elders", "steward").await;
    let mut ada = family.comes(json!(["family", "elders"])).await;
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("steward"));
    let path = format!("/spaces/{}/groups/{elders}", family.space);
    let mut owner = family.owner().await;
    owner.ask(Method::DELETE, &path, None).await.is(204);
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("visitor"));
    family.let_in("family", "contributor").await;
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("contributor"));
    // Lowered below another of theirs, a group does not take that one's role away.
    family.let_in("elders", "steward").await;
    let mut ada = family.comes(json!(["family", "elders"])).await;
    family.let_in("elders", "visitor").await;
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("contributor"));
}

#[tokio::test]
async fn another_role_by_another_group_is_told_at_the_sign_in_that_brings_it() {
    let family = Family::new().await;
    family.let_in("family", "visitor").await;
    family.let_in("elders", "steward").await;
    family.comes(json!(["elders"])).await;
    let mut ada = family.comes(json!(["family"])).await;
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("visitor"));
    assert_eq!(told(&mut ada).await, ["role_changed"]);
}

#[tokio::test]
async fn who_was_taken_out_by_hand_is_not_brought_back_until_somebody_invites_them() {
    let family = Family::new().await;
    family.let_in("family", "visitor").await;
    let mut ada = family.comes(json!(["family"])).await;
    let whose = id(&ada.me().await.unwrap());
    let member = format!("/spaces/{}/members/{whose}", family.space);
    family.owner().await.ask(Method::DELETE, &member, None).await.is(204);
    let mut ada = family.comes(json!(["family"])).await;
    assert_eq!(family.role(&mut ada).await, None, "the owner has said so");
    let invitations = format!("/spaces/{}/invitations", family.space);
    let invited = family.owner().await.post(&invitations, &json!({"role": "visitor"})).await;
    let token = invited.is(201)["token"].clone();
    ada.post("/invitations/accept", &json!({"token": token})).await.is(200);
    let mut ada = family.comes(json!([])).await;
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("visitor"), "by hand now");
    // Whoever leaves by themselves has said so, too.
    ada.ask(Method::DELETE, &member, None).await.is(204);
    let mut ada = family.comes(json!(["family"])).await;
    assert_eq!(family.role(&mut ada).await, None);
}

#[tokio::test]
async fn who_was_made_an_admin_by_a_group_is_none_without_the_identity() {
    let family = Family::new().await;
    let mut ada = family.comes(json!([ADMINS])).await;
    assert_eq!(ada.me().await.unwrap()["is_admin"], true);
    let password = json!({
        "do": "reset_password", "email": "ada@example.org", "password": PASSWORD,
    });
    assert_eq!(family.home.server.operate(password).await.0, 200);
    let mut ada = family.home.signed_in("ada@example.org").await;
    assert_eq!(ada.me().await.unwrap()["is_admin"], true);
    let all = items(&ada.get("/auth/me/identities").await.is(200));
    let identity = format!("/auth/me/identities/{}", id(&all[0]));
    ada.ask(Method::DELETE, &identity, None).await.is(204);
    let mut ada = family.home.signed_in("ada@example.org").await;
    assert_eq!(ada.me().await.unwrap()["is_admin"], false);
}

#[tokio::test]
async fn of_two_identities_either_makes_an_admin_and_neither_takes_it_from_the_other() {
    let family = Family::new().await;
    let comes_as = async |sub: &str, groups: Value| {
        family.idp.person(sub, "ada@provider.example");
        let mut browser = family.comes(groups).await;
        browser.me().await.unwrap()["is_admin"] == true
    };
    family.idp.person("ada-1", "ada@provider.example");
    let mut ada = family.comes(json!([])).await;
    assert_eq!(ada.me().await.unwrap()["is_admin"], false);
    family.idp.person("ada-2", "ada@provider.example");
    family.idp.says("groups", json!([]));
    let link = json!({"provider": "home"});
    let way = ada.post("/auth/me/identities", &link).await.is(200);
    ada.back(&family.idp.approves(&text(&way["url"]))).await;
    assert_eq!(items(&ada.get("/auth/me/identities").await.is(200)).len(), 2);

    assert!(comes_as("ada-1", json!([ADMINS])).await);
    assert!(comes_as("ada-2", json!([])).await, "the first is in the group still");
    assert!(comes_as("ada-2", json!([ADMINS])).await);
    assert!(comes_as("ada-1", json!([])).await, "now the second is");
    assert!(!comes_as("ada-2", json!([])).await, "nobody is");
}

#[tokio::test]
async fn who_moves_to_another_group_is_there_because_of_that_one() {
    let family = Family::new().await;
    let old = family.let_in("old", "contributor").await;
    let new = family.let_in("new", "contributor").await;
    family.comes(json!(["old"])).await;
    let mut ada = family.comes(json!(["new"])).await;
    let path = format!("/spaces/{}/groups", family.space);
    let mut owner = family.owner().await;
    owner.ask(Method::DELETE, &format!("{path}/{old}"), None).await.is(204);
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("contributor"));
    owner.ask(Method::DELETE, &format!("{path}/{new}"), None).await.is(204);
    assert_eq!(family.role(&mut ada).await, None);
}

#[tokio::test]
async fn an_app_whose_token_says_nothing_of_groups_changes_none_of_them() {
    let family = Family::new().await;
    family.let_in("family", "visitor").await;
    let mut ada = family.comes(json!(["family", ADMINS])).await;
    let exchange = async || {
        let body = json!({"id_token": family.idp.token(CLIENT, None)});
        let made = family.home.server.client().post("/auth/oidc/home/token", body).await.is(200);
        family.home.server.client().with_token(&text(&made["access_token"]))
    };
    family.idp.says("groups", Value::Null);
    exchange().await;
    assert_eq!(ada.me().await.unwrap()["is_admin"], true);
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("visitor"));
    assert_eq!(own_groups(&mut ada).await, json!(["family", ADMINS]));
    // In no group is something else.
    family.idp.says("groups", json!([]));
    let ada = exchange().await;
    assert_eq!(ada.get("/auth/me").await.is(200)["is_admin"], false);
    ada.get(&format!("/spaces/{}", family.space)).await.problem(404, "not_found");
}

/// The groups of a browser's account, by its first identity.
async fn own_groups(browser: &mut Browser<'_>) -> Value {
    items(&browser.get("/auth/me/identities").await.is(200)).remove(0)["groups"].clone()
}

#[tokio::test]
async fn a_stranger_draws_nobody_in_by_the_name_of_their_group() {
    let family = Family::new().await;
    let eve = family.home.server.account("eve").await;
    let space = id(&eve.post("/spaces", json!({"name": "Trap"})).await.is(201));
    let path = format!("/spaces/{space}/groups");
    let guess = body("home", "family", "visitor");
    eve.post(&path, guess.clone()).await.problem(403, "group_not_yours");
    // Nor does it help to be somebody else at the provider.
    let mut eve_there = family.home.signed_in("eve@example.org").await;
    family.idp.person("eve-1", "eve@example.org");
    family.idp.says("groups", json!(["FAMILY", "families"]));
    let way = eve_there.post("/auth/me/identities", &json!({"provider": "home"})).await.is(200);
    eve_there.back(&family.idp.approves(&text(&way["url"]))).await;
    assert_eq!(own_groups(&mut eve_there).await, json!(["FAMILY", "families"]));
    eve_there.post(&path, &guess).await.problem(403, "group_not_yours");
    assert!(items(&eve_there.get(&path).await.is(200)).is_empty());
    family.idp.person("ada-1", "ada@example.org");
    let mut ada = family.comes(json!(["family"])).await;
    assert_eq!(items(&ada.get("/spaces").await.is(200)).len(), 1, "only her own");
    // An admin may, in a space of theirs; only there.
    family.let_in("family", "visitor").await;
    family.owner().await.post(&path, &guess).await.problem(404, "not_found");
}

#[tokio::test]
async fn one_lets_in_a_group_that_one_was_in_at_the_last_sign_in() {
    let family = Family::new().await;
    let mut ada = family.comes(json!(["family", "elders"])).await;
    assert_eq!(own_groups(&mut ada).await, json!(["elders", "family"]));
    let space = id(&ada.post("/spaces", &json!({"name": "Us"})).await.is(201));
    let (path, one) = (format!("/spaces/{space}"), body("home", "family", "visitor"));
    let groups = format!("{path}/groups");
    ada.post(&groups, &one).await.is(201);
    ada.post(&groups, &body("home", "friends", "visitor")).await.problem(403, "group_not_yours");
    family.idp.person("max-1", "max@example.org");
    let mut max = family.comes(json!(["family"])).await;
    assert_eq!(max.get(&path).await.is(200)["role"], "visitor");
    family.idp.person("ada-1", "ada@example.org");
    let mut ada = family.comes(json!([])).await;
    assert_eq!(own_groups(&mut ada).await, json!([]));
    ada.post(&groups, &one).await.problem(403, "group_not_yours");
    assert_eq!(max.get(&path).await.is(200)["role"], "visitor", "who is in stays in");
}

#[tokio::test]
async fn of_the_groups_that_are_said_two_hundred_that_fit_are_kept() {
    let family = Family::new().await;
    let mut said: Vec<String> = (0..300).map(|n| format!("{n:03}")).collect();
    said.extend([String::new(), "\u{7}".to_owned(), "0".repeat(201), "000".to_owned()]);
    let mut ada = family.comes(json!(said)).await;
    assert_eq!(own_groups(&mut ada).await, json!(said[..200]));
}

#[tokio::test]
async fn who_unlinks_the_provider_lets_none_of_its_groups_in() {
    let family = Family::new().await;
    family.home.server.account("max").await;
    let mut max = family.home.signed_in("max@example.org").await;
    let space = id(&max.post("/spaces", &json!({"name": "Us"})).await.is(201));
    let path = format!("/spaces/{space}/groups");
    family.idp.says("groups", json!(["family"]));
    let way = max.post("/auth/me/identities", &json!({"provider": "home"})).await.is(200);
    max.back(&family.idp.approves(&text(&way["url"]))).await;
    max.post(&path, &body("home", "family", "visitor")).await.is(201);
    let identity = id(&items(&max.get("/auth/me/identities").await.is(200))[0]);
    max.ask(Method::DELETE, &format!("/auth/me/identities/{identity}"), None).await.is(204);
    let problem = max.post(&path, &body("home", "family", "steward")).await;
    problem.problem(403, "group_not_yours");
}

#[tokio::test]
async fn another_provider_by_the_name_of_an_earlier_one_brings_nobody_in() {
    let mut family = Family::new().await;
    family.let_in("family", "visitor").await;
    let mut ada = family.comes(json!(["family"])).await;
    let jar = std::mem::take(&mut ada.jar);
    drop(ada);
    let other = Idp::start().await;
    other.person("eve-1", "eve@example.org");
    other.says("groups", json!(["family"]));
    family.home.offers(&[table("home", &other.issuer(), &telling())]).await;
    let mut eve = family.home.browser();
    assert_eq!(sign_in(&mut eve, &other).await, "/");
    assert_eq!(family.role(&mut eve).await, None);
    let path = format!("/spaces/{}/groups", family.space);
    let mut owner = family.owner().await;
    let group = items(&owner.get(&path).await.is(200)).remove(0);
    assert_eq!((&group["provider"], &group["provider_name"]), (&Value::Null, &json!("127.0.0.1")));
    let mut ada = family.home.browser();
    ada.jar = jar;
    assert_eq!(family.role(&mut ada).await.as_deref(), Some("visitor"), "whom it brought stays");
    // The same name there is another group.
    assert_ne!(group["id"], json!(family.let_in("family", "contributor").await));
    assert_eq!(sign_in(&mut eve, &other).await, "/");
    assert_eq!(family.role(&mut eve).await.as_deref(), Some("contributor"));
    drop((ada, eve, owner));
    let first = table("home", &family.idp.issuer(), &telling());
    family.home.offers(&[first]).await;
    let mut ada = family.comes(json!([])).await;
    assert_eq!(family.role(&mut ada).await, None, "the first one is believed again");
}
