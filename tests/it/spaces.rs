//! Several people and one clone: who is in a space, as what, how one gets in and out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::PASSWORD;
use crate::support::client::{Client, each, id, items, text};
use crate::support::server::Server;

/// A shared space with a clone that its members can see.
struct Family {
    server: Server,
    ada: Client,
    space: String,
    clone: String,
}

async fn family() -> Family {
    let server = Server::start().await;
    let ada = server.admin().await;
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let body =
        json!({"name": "Maria", "subject": "fictional", "space_id": space, "visibility": "space"});
    let clone = id(&ada.post("/clones", body).await.is(201));
    Family { server, ada, space, clone }
}

impl Family {
    /// The token of an invitation.
    async fn invitation(&self, more: Value) -> String {
        let made = self.ada.post(&format!("/spaces/{}/invitations", self.space), more).await;
        text(&made.is(201)["token"])
    }

    /// A new account in the space.
    async fn member(&self, name: &str, role: &str) -> Client {
        let client = self.server.account(name).await;
        let token = self.invitation(json!({"role": role})).await;
        client.post("/invitations/accept", json!({"token": token})).await.is(200);
        client
    }

    fn memories(&self) -> String {
        format!("/clones/{}/memories", self.clone)
    }

    async fn member_id(&self, name: &str) -> String {
        let members =
            items(&self.ada.get(&format!("/spaces/{}/members", self.space)).await.is(200));
        let member = members.iter().find(|member| member["display_name"] == name);
        text(&member.expect("a member")["account_id"])
    }
}

#[tokio::test]
async fn each_role_may_what_it_says() {
    let family = family().await;
    let clone = format!("/clones/{}", family.clone);
    let memory = id(&family.ada.remember(&family.clone, "We swam in the lake.").await);
    let changed = format!("{}/{memory}", family.memories());
    for (role, statuses) in [
        ("visitor", [200, 201, 403, 403, 403, 403]),
        ("contributor", [200, 201, 201, 403, 403, 403]),
        ("steward", [200, 201, 201, 200, 200, 403]),
    ] {
        let client = family.member(role, role).await;
        let asks = [
            client.get(&family.memories()),
            client.post(&format!("{clone}/chat"), json!({"content": "Where did you swim?"})),
            client.post(&family.memories(), json!({"content": format!("Written by {role}.")})),
            client.patch(&changed, json!({"title": "The lake"})),
            client.patch(&clone, json!({"description": "Changed"})),
            client.delete(&clone),
        ];
        for (ask, status) in asks.into_iter().zip(statuses) {
            let reply = ask.await;
            assert_eq!(reply.status, status, "{role}: {}: {}", reply.asked, reply.text());
        }
    }
    let stranger = family.server.account("stranger").await;
    for path in [clone.clone(), family.memories(), format!("/spaces/{}", family.space)] {
        stranger.get(&path).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_memory_is_seen_by_those_it_is_meant_for() {
    let family = family().await;
    let ben = family.member("ben", "contributor").await;
    let eve = family.member("eve", "contributor").await;
    let sam = family.member("sam", "steward").await;
    sam.opens(&family.clone).await;
    for visibility in ["author", "stewards", "space"] {
        let memory =
            json!({"content": format!("Swam, for {visibility}."), "visibility": visibility});
        ben.remember_as(&family.clone, memory).await;
    }
    for (client, seen) in [(&ben, 3), (&eve, 1), (&sam, 2), (&family.ada, 2)] {
        assert_eq!(items(&client.get(&family.memories()).await.is(200)).len(), seen);
        assert_eq!(client.finds(&family.clone, "swam", "").await.len(), seen);
    }
}

#[tokio::test]
async fn a_private_clone_in_a_space_is_for_its_stewards() {
    let family = family().await;
    let ben = family.member("ben", "contributor").await;
    let sam = family.member("sam", "steward").await;
    let path = format!("/clones/{}", family.clone);
    ben.get(&path).await.is(200);
    family.ada.patch(&path, json!({"visibility": "private"})).await.is(200);
    ben.get(&path).await.problem(404, "not_found");
    assert!(items(&ben.get("/clones").await.is(200)).is_empty());
    sam.get(&path).await.is(200);
    family.ada.patch(&path, json!({"visibility": "public"})).await.is(200);
    let stranger = family.server.account("stranger").await;
    stranger.get(&path).await.is(200);
    stranger.post(&family.memories(), json!({"content": "x"})).await.problem(403, "forbidden");
}

#[tokio::test]
async fn an_invitation_is_good_once_for_a_while_and_for_whom_it_is() {
    let family = family().await;
    let path = format!("/spaces/{}/invitations", family.space);
    let token = family.invitation(json!({"role": "contributor"})).await;
    let show =
        |token: &str| family.server.client().post("/invitations/show", json!({"token": token}));
    let offer = show(&token).await.is(200);
    assert_eq!(
        (&offer["space_name"], &offer["role"]),
        (&json!("The family"), &json!("contributor"))
    );
    assert_eq!(offer["invited_by"], "The Admin");
    let ben = family.server.account("ben").await;
    let accept =
        |client: &Client, token: &str| client.post("/invitations/accept", json!({"token": token}));
    let joined = accept(&ben, &token).await.is(200);
    assert_eq!((&joined["role"], &joined["member_count"]), (&json!("contributor"), &json!(2)));
    let eve = family.server.account("eve").await;
    accept(&eve, &token).await.problem(403, "invite_invalid");
    show(&token).await.problem(403, "invite_invalid");

    let token = family.invitation(json!({"role": "visitor"})).await;
    accept(&ben, &token).await.problem(409, "already_member");
    let token = family.invitation(json!({"role": "visitor", "email": "Eve@example.org"})).await;
    let mal = family.server.account("mal").await;
    accept(&mal, &token).await.problem(403, "invite_invalid");
    accept(&eve, &token).await.is(200);

    let withdrawn = family.ada.post(&path, json!({"role": "visitor"})).await.is(201);
    family.ada.delete(&format!("{path}/{}", id(&withdrawn))).await.is(204);
    accept(&mal, &text(&withdrawn["token"])).await.problem(403, "invite_invalid");

    let token = family.invitation(json!({"role": "visitor", "expires_in_days": 1})).await;
    family.server.advance(Duration::from_secs(24 * 60 * 60)).await;
    let session = json!({"email": "mal@example.org", "password": PASSWORD});
    let session = family.server.client().post("/auth/login", session).await.is(200);
    let mal = family.server.client().with_token(&text(&session["access_token"]));
    accept(&mal, &token).await.problem(403, "invite_invalid");
}

#[tokio::test]
async fn an_invitation_ends_with_the_right_of_whoever_made_it() {
    let family = family().await;
    let sam = family.member("sam", "steward").await;
    let path = format!("/spaces/{}/invitations", family.space);
    let made = sam.post(&path, json!({"role": "visitor"})).await.is(201);
    for role in ["steward", "owner"] {
        sam.post(&path, json!({"role": role})).await.problem(403, "forbidden");
    }
    family.ada.post(&path, json!({"role": "owner"})).await.problem(403, "forbidden");
    let member = format!("/spaces/{}/members/{}", family.space, family.member_id("sam").await);
    family.ada.patch(&member, json!({"role": "contributor"})).await.is(200);
    sam.post(&path, json!({"role": "visitor"})).await.problem(403, "forbidden");
    sam.get(&path).await.problem(403, "forbidden");
    let ben = family.server.account("ben").await;
    let token = json!({"token": made["token"]});
    ben.post("/invitations/accept", token).await.problem(403, "invite_invalid");
}

#[tokio::test]
async fn who_is_suspended_lets_nobody_in() {
    let family = family().await;
    let sam = family.member("sam", "steward").await;
    let path = format!("/spaces/{}/invitations", family.space);
    let token = sam.post(&path, json!({"role": "visitor"})).await.is(201)["token"].clone();
    let show = || family.server.client().post("/invitations/show", json!({"token": token}));
    show().await.is(200);
    let account = format!("/admin/users/{}", family.member_id("sam").await);
    family.ada.patch(&account, json!({"suspended": true})).await.is(200);
    show().await.problem(403, "invite_invalid");
    let ben = family.server.account("ben").await;
    let accept = || ben.post("/invitations/accept", json!({"token": token}));
    accept().await.problem(403, "invite_invalid");
    let body = json!({
        "email": "sams-second@example.org", "password": PASSWORD, "display_name": "Sam",
        "invite_token": token,
    });
    let second = family.server.client().post("/auth/register", body).await;
    second.problem(403, "invite_invalid");
    assert!(items(&family.ada.get(&path).await.is(200)).is_empty());
    family.ada.patch(&account, json!({"suspended": false})).await.is(200);
    accept().await.is(200);
}

#[tokio::test]
async fn somebody_without_an_account_signs_up_into_the_space() {
    let server = Server::with(&[("CLONEMEMORIA_REGISTRATION", "invite")]).await;
    let ada = server.admin().await;
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let path = format!("/spaces/{space}/invitations");
    let token = ada.post(&path, json!({"role": "contributor"})).await.is(201)["token"].clone();
    let register = |email: &str, token: &Value| {
        let body = json!({
            "email": email, "password": PASSWORD, "display_name": "Ben", "invite_token": token,
        });
        server.client().post("/auth/register", body)
    };
    register("ben@example.org", &json!("nonsense")).await.problem(403, "invite_invalid");
    let session = register("ben@example.org", &token).await.is(201);
    let ben = server.client().with_token(&text(&session["access_token"]));
    let spaces = items(&ben.get("/spaces").await.is(200));
    assert_eq!(each(&spaces, "kind"), ["personal", "shared"]);
    register("eve@example.org", &token).await.problem(403, "invite_invalid");
}

#[tokio::test]
async fn stewards_look_after_those_below_them_and_nobody_raises_themselves() {
    let family = family().await;
    let sam = family.member("sam", "steward").await;
    let tom = family.member("tom", "steward").await;
    let ben = family.member("ben", "visitor").await;
    let member = async |name: &str| {
        format!("/spaces/{}/members/{}", family.space, family.member_id(name).await)
    };
    let (admin, sams, toms, bens) =
        (member("The Admin").await, member("sam").await, member("tom").await, member("ben").await);
    let to = |role: &str| json!({"role": role});
    sam.patch(&bens, to("contributor")).await.is(200);
    sam.patch(&bens, to("steward")).await.problem(403, "forbidden");
    sam.patch(&toms, to("visitor")).await.problem(403, "forbidden");
    sam.patch(&sams, to("owner")).await.problem(403, "forbidden");
    sam.patch(&admin, to("visitor")).await.problem(403, "forbidden");
    sam.delete(&admin).await.problem(403, "forbidden");
    ben.patch(&bens, to("steward")).await.problem(403, "forbidden");
    ben.delete(&sams).await.problem(403, "forbidden");
    let shown = ben.get(&format!("/spaces/{}/members", family.space)).await.is(200);
    let shown = items(&shown);
    let own: Vec<bool> = shown.iter().map(|member| member["email"].is_string()).collect();
    let me: Vec<bool> = shown.iter().map(|member| member["me"] == true).collect();
    assert_eq!(own, me, "a contributor sees no address but their own");
    ben.get(&format!("/clones/{}", family.clone)).await.is(200);
    sam.delete(&bens).await.is(204);
    ben.get(&format!("/clones/{}", family.clone)).await.problem(404, "not_found");
    tom.delete(&toms).await.is(204);
    tom.get(&format!("/spaces/{}", family.space)).await.problem(404, "not_found");
}

#[tokio::test]
async fn the_owner_leaves_only_after_handing_over() {
    let family = family().await;
    let sam = family.member("sam", "steward").await;
    let base = format!("/spaces/{}", family.space);
    let admin = format!("{base}/members/{}", family.member_id("The Admin").await);
    let sams = format!("{base}/members/{}", family.member_id("sam").await);
    family.ada.delete(&admin).await.problem(409, "owner_stays");
    family.server.advance(Duration::from_secs(301)).await;
    let owner = json!({"role": "owner"});
    family.ada.patch(&sams, owner.clone()).await.problem(401, "reauth_required");
    family.ada.post("/auth/reauth", json!({"password": PASSWORD})).await.is(200);
    // Not to somebody who could not look after it.
    let account = format!("/admin/users/{}", family.member_id("sam").await);
    let suspended = |yes| json!({"suspended": yes});
    family.ada.patch(&account, suspended(true)).await.is(200);
    family.ada.patch(&sams, owner.clone()).await.problem(409, "member_suspended");
    family.ada.patch(&account, suspended(false)).await.is(200);
    let body = json!({"email": "sam@example.org", "password": PASSWORD});
    let session = family.server.client().post("/auth/login", body).await.is(200);
    let sam = sam.with_token(&text(&session["access_token"]));
    family.ada.patch(&sams, owner).await.is(200);
    assert_eq!(sam.get(&base).await.is(200)["role"], "owner");
    assert_eq!(family.ada.get(&base).await.is(200)["role"], "steward");
    family.ada.delete(&admin).await.is(204);
    family.ada.get(&base).await.problem(404, "not_found");
    sam.get(&format!("/clones/{}", family.clone)).await.is(200);
}

#[tokio::test]
async fn a_personal_space_is_for_its_owner_alone() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let personal = id(&items(&ada.get("/spaces").await.is(200))[0]);
    let base = format!("/spaces/{personal}");
    let invite = ada.post(&format!("{base}/invitations"), json!({"role": "visitor"})).await;
    invite.problem(409, "personal_space");
    ada.patch(&base, json!({"name": "Mine"})).await.problem(409, "personal_space");
    ada.delete(&base).await.problem(409, "personal_space");
    let me = text(&items(&ada.get(&format!("{base}/members")).await.is(200))[0]["account_id"]);
    ada.delete(&format!("{base}/members/{me}")).await.problem(409, "personal_space");
}

#[tokio::test]
async fn a_clone_moves_with_all_that_belongs_to_it() {
    let family = family().await;
    let ben = family.member("ben", "contributor").await;
    let sam = family.member("sam", "steward").await;
    family.ada.remember(&family.clone, "We swam in the lake.").await;
    let gone = id(&ben.remember(&family.clone, "Thrown away.").await);
    ben.delete(&format!("{}/{gone}", family.memories())).await.is(204);
    let path = format!("/clones/{}", family.clone);
    let personal = id(&items(&family.ada.get("/spaces").await.is(200))[0]);
    let sams = id(&items(&sam.get("/spaces").await.is(200))[0]);
    sam.patch(&path, json!({"space_id": sams})).await.problem(403, "forbidden");
    family.ada.patch(&path, json!({"space_id": sams})).await.invalid(&["/space_id"]);
    family.ada.patch(&path, json!({"space_id": null})).await.invalid(&["/space_id"]);
    let moved = family.ada.patch(&path, json!({"space_id": personal})).await.is(200);
    assert_eq!(moved["space_id"], personal);
    for client in [&ben, &sam] {
        client.get(&path).await.problem(404, "not_found");
        assert!(items(&client.get("/clones").await.is(200)).is_empty());
        client.post(&format!("/trash/{gone}/restore"), json!({})).await.problem(404, "not_found");
    }
    assert_eq!(family.ada.finds(&family.clone, "lake", "").await.len(), 1);
    family.ada.post(&format!("/trash/{gone}/restore"), json!({})).await.is(204);
    family.ada.patch(&path, json!({"space_id": family.space})).await.is(200);
    assert_eq!(items(&ben.get(&family.memories()).await.is(200)).len(), 2);
}

#[tokio::test]
async fn a_link_that_invites_begins_with_the_address_that_was_set() {
    let public = ("CLONEMEMORIA_SERVER_PUBLIC_URL", "https://memoria.example");
    for (settings, url) in [(vec![], None), (vec![public], Some("https://memoria.example"))] {
        let server = Server::with(&settings).await;
        let ada = server.admin().await;
        let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
        let path = format!("/spaces/{space}/invitations");
        let make = || ada.post(&path, json!({"role": "visitor"})).header("idempotency-key", "one");
        let (made, again) = (make().await.is(201), make().await.is(201));
        let link = url.map(|url| format!("{url}/invitation?token={}", text(&made["token"])));
        assert_eq!(made["url"], json!(link));
        assert!(again["token"].is_null() && again["url"].is_null());
    }
}

#[tokio::test]
async fn what_its_maker_may_not_invite_to_any_more_is_not_listed_as_open() {
    let family = family().await;
    let sam = family.member("sam", "contributor").await;
    let path = format!("/spaces/{}/invitations", family.space);
    for role in ["steward", "visitor"] {
        family.ada.post(&path, json!({"role": role})).await.is(201);
    }
    assert_eq!(items(&family.ada.get(&path).await.is(200)).len(), 2);
    let sams = text(&sam.get("/auth/me").await.is(200)["id"]);
    let member = format!("/spaces/{}/members/{sams}", family.space);
    family.ada.patch(&member, json!({"role": "owner"})).await.is(200);
    for client in [&sam, &family.ada] {
        let open = items(&client.get(&path).await.is(200));
        assert_eq!(each(&open, "role"), ["visitor"]);
    }
}

#[tokio::test]
async fn a_deleted_space_leaves_its_clones_in_the_owners_trash() {
    let family = family().await;
    let sam = family.member("sam", "steward").await;
    sam.remember(&family.clone, "We swam in the lake.").await;
    let base = format!("/spaces/{}", family.space);
    sam.delete(&base).await.problem(403, "forbidden");
    family.ada.delete(&base).await.is(204);
    for client in [&family.ada, &sam] {
        client.get(&base).await.problem(404, "not_found");
        client.get(&format!("/clones/{}", family.clone)).await.problem(404, "not_found");
    }
    assert!(items(&sam.get("/trash").await.is(200)).is_empty());
    let told = |client: &Client| {
        let notices = client.get("/notifications");
        async move {
            let notices = items(&notices.await.is(200));
            let gone = |notice: &&Value| notice["topic"] == "removed_from_space";
            notices.iter().filter(gone).map(|notice| text(&notice["detail"])).collect::<Vec<_>>()
        }
    };
    assert_eq!(told(&sam).await, ["The family"]);
    assert!(told(&family.ada).await.is_empty());
    family.ada.post(&format!("/trash/{}/restore", family.clone), json!({})).await.is(204);
    let clone = family.ada.get(&format!("/clones/{}", family.clone)).await.is(200);
    let personal = id(&items(&family.ada.get("/spaces").await.is(200))[0]);
    assert_eq!((&clone["space_id"], &clone["memory_count"]), (&json!(personal), &json!(1)));
}

#[tokio::test]
async fn a_running_answer_ends_for_whoever_is_taken_out() {
    let llm = crate::support::llm::Llm::start().await;
    let hang = crate::support::llm::Answer::of(&["We swam"]).ending(crate::support::llm::End::Hang);
    llm.always(crate::support::llm::Act::Answer(hang));
    let server = Server::answering_from(&llm.base_url()).await;
    let ada = server.admin().await;
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let body =
        json!({"name": "Maria", "subject": "fictional", "space_id": space, "visibility": "space"});
    let clone = id(&ada.post("/clones", body).await.is(201));
    ada.remember(&clone, "We swam in the lake.").await;
    let family = Family { server, ada, space, clone };
    let ben = family.member("ben", "visitor").await;
    let conversation = ben.converse(&family.clone).await;
    let mut events = ben.say_streaming(&conversation, "Where did you swim?").await;
    while events.next().await.expect("a delta").name != "delta" {}
    let member = format!("/spaces/{}/members/{}", family.space, family.member_id("ben").await);
    let removed = std::time::Instant::now();
    family.ada.delete(&member).await.is(204);
    let last = events.next().await.expect("a last word");
    assert_eq!((last.name.as_str(), &last.data["code"]), ("error", &json!("not_found")));
    assert!(removed.elapsed() < Duration::from_secs(1), "{:?}", removed.elapsed());
}

#[tokio::test]
async fn what_was_allowed_once_is_asked_again_when_it_is_repeated() {
    let family = family().await;
    let max = family.member("max", "contributor").await;
    let (clone, memories) = (format!("/clones/{}", family.clone), family.memories());
    let remember = || {
        let ask = max.post(&memories, json!({"content": "We swam in the lake."}));
        ask.header("idempotency-key", "remember")
    };
    let talk = || {
        let ask = max.post(&format!("{clone}/chat"), json!({"content": "Where did you swim?"}));
        ask.header("idempotency-key", "talk")
    };
    let first = id(&remember().await.is(201));
    let said = talk().await.is(201);
    let conversation = format!("/conversations/{}", text(&said["message"]["conversation_id"]));
    let events = format!("{conversation}/messages/{}/events", id(&said["message"]));
    let follow = || max.get(&events).header("last-event-id", "1");
    let export = || max.get(&format!("{conversation}/export?format=json"));
    assert_eq!(id(&remember().await.is(201)), first);
    assert_eq!(id(&talk().await.is(201)["message"]), id(&said["message"]));
    for again in [follow(), export()] {
        assert_eq!(again.await.status, 200);
    }
    let member = format!("/spaces/{}/members/{}", family.space, family.member_id("max").await);
    family.ada.delete(&member).await.is(204);
    for again in [remember(), talk(), follow(), export()] {
        again.await.problem(404, "not_found");
    }
    let token = family.invitation(json!({"role": "visitor"})).await;
    max.post("/invitations/accept", json!({"token": token})).await.is(200);
    remember().await.problem(403, "forbidden");
    assert_eq!(id(&talk().await.is(201)["message"]), id(&said["message"]));
}

#[tokio::test]
async fn the_trash_shows_and_erases_no_more_than_there_was_to_see_and_to_change() {
    let family = family().await;
    let max = family.member("max", "contributor").await;
    let sam = family.member("sam", "steward").await;
    let memories = family.memories();
    let secret = json!({"content": "Only I know this.", "visibility": "author"});
    let secret = id(&max.post(&memories, secret).await.is(201));
    let told = id(&max.post(&memories, json!({"content": "We swam."})).await.is(201));
    for thing in [&secret, &told] {
        max.delete(&format!("{memories}/{thing}")).await.is(204);
    }
    let trash = |of: Client| async move {
        items(&of.get("/trash").await.is(200)).iter().map(id).collect::<Vec<_>>()
    };
    assert_eq!(trash(max.clone()).await.len(), 2);
    for other in [&family.ada, &sam] {
        assert_eq!(trash(other.clone()).await, std::slice::from_ref(&told));
        other.delete(&format!("/trash/{secret}")).await.problem(404, "not_found");
        let restore = other.post(&format!("/trash/{secret}/restore"), json!({}));
        restore.await.problem(404, "not_found");
    }
    // Who throws something away and may no more change it leaves it to the others.
    let hers = id(&family.ada.remember(&family.clone, "It was cold.").await);
    sam.delete(&format!("{memories}/{hers}")).await.is(204);
    let member = format!("/spaces/{}/members/{}", family.space, family.member_id("sam").await);
    family.ada.patch(&member, json!({"role": "visitor"})).await.is(200);
    assert_eq!(trash(sam.clone()).await, [] as [String; 0]);
    sam.delete(&format!("/trash/{hers}")).await.problem(404, "not_found");
    family.ada.post(&format!("/trash/{hers}/restore"), json!({})).await.is(204);
    max.post(&format!("/trash/{secret}/restore"), json!({})).await.is(204);
    max.get(&format!("{memories}/{secret}")).await.is(200);
}
