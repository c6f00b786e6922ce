//! What there is to ask for: one of each thing, whoever's they are.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::world::{bearer, login};
use crate::support::client::{Client, id, items, text};
use crate::support::passkey::Passkey;
use crate::support::server::Server;

/// What stands for the parameters of paths.
pub type Things = BTreeMap<&'static str, String>;

/// Where the server is found; passkeys belong to it.
pub const SITE: &str = "https://memoria.example";

pub const AN_HOUR: Duration = Duration::from_secs(60 * 60);

/// How far the server's clock is ahead when a world is ready.
pub const AHEAD: Duration = Duration::from_secs(17 * 60);

/// A share link, for a while: its identifier and its token.
pub async fn share_link(maker: &Client, clone: &str, good_for: Duration) -> (String, String) {
    let until = jiff::Timestamp::now() + AHEAD + good_for;
    let body = json!({
        "message_budget": 1_000, "messages_per_hour": 1_000, "expires_at": until.to_string(),
    });
    let made = maker.post(&format!("/clones/{clone}/share-links"), body).await.is(201);
    (id(&made), text(&made["token"]))
}

/// Begins a look at an account's things.
pub async fn break_glass(admin: &Client, account: &str) -> String {
    let body = json!({"account_id": account, "reason": "To see what it opens.", "minutes": 60});
    id(&admin.post("/admin/break-glass", body).await.is(201))
}

/// A passkey of an account, which has to sign in again afterwards.
pub async fn passkey(client: &Client) -> String {
    let question = client.post("/auth/passkeys/register/start", json!({})).await.is(200);
    let credential = Passkey::made_for(&question, SITE).introduces_itself(&question);
    let body = json!({"id": question["id"], "label": "Phone", "credential": credential});
    let made = client.post("/auth/passkeys/register/finish", body).await.is(201);
    id(&made["passkey"])
}

pub async fn key(client: &Client, scopes: &[&str], clone: Option<String>) -> (String, String) {
    let mut body = json!({
        "label": "A program", "scopes": scopes, "rate_limit_requests": 10_000,
    });
    if let Some(clone) = clone {
        body["clone_ids"] = json!([clone]);
    }
    let made = client.post("/api-keys", body).await.is(201);
    (id(&made), text(&made["key"]))
}

/// A file of a memory.
pub async fn attached(client: &Client, clone: &str, memory: &str) -> String {
    let letter = client.attach(clone, memory, "letter.txt", "text/plain", b"Dear Maria.");
    id(&letter.await.is(201))
}

/// A memory with an earlier wording.
pub async fn memory(client: &Client, clone: &str, visibility: &str) -> String {
    let written = json!({"content": "We swam in the lake.", "visibility": visibility});
    let memory = id(&client.remember_as(clone, written).await);
    let path = format!("/clones/{clone}/memories/{memory}");
    client.patch(&path, json!({"content": "We swam in the cold lake."})).await.is(200);
    memory
}

/// A clone and what hangs on it, all by the same account.
pub async fn clone_things(client: &Client, space: Option<&str>, visibility: &str) -> Things {
    let mut body = json!({"name": "Maria", "subject": "fictional", "visibility": visibility});
    if let Some(space) = space {
        body["space_id"] = json!(space);
    }
    let clone = id(&client.post("/clones", body).await.is(201));
    // What waits to be let in is tested where it is at home.
    client.opens(&clone).await;
    let kept = memory(client, &clone, "space").await;
    let letter = attached(client, &clone, &kept).await;
    let mut gone = Vec::new();
    for content in ["It is in the trash.", "It is in the trash as well."] {
        let memory = id(&client.remember(&clone, content).await);
        client.delete(&format!("/clones/{clone}/memories/{memory}")).await.is(204);
        gone.push(memory);
    }
    let people = format!("/clones/{clone}/people");
    let person = id(&client.post(&people, json!({"name": "Anna"})).await.is(201));
    let conversation = client.converse(&clone).await;
    let (_, answer) = client.say(&conversation, "Where did you swim?").await;
    let link = share_link(client, &clone, AN_HOUR).await.0;
    BTreeMap::from([
        ("clone_id", clone),
        ("memory_id", kept),
        ("attachment_id", letter),
        ("person_id", person),
        ("conversation_id", conversation),
        ("message_id", id(&answer)),
        ("purge_id", gone.remove(1)),
        ("trash_id", gone.remove(0)),
        ("share_link_id", link),
        // Nobody objects to a made-up character.
        ("claim_id", "00000000-0000-7000-8000-000000000002".to_owned()),
        ("objection_id", "00000000-0000-7000-8000-000000000001".to_owned()),
        // Whoever has one may look; there is none of this name.
        ("erasure_id", "00000000-0000-7000-8000-000000000000".to_owned()),
        ("backup_id", "clonememoria-0a1b2c3d4e5f-20261122T115331Z-9f3c.cmb".to_owned()),
        ("restore_id", "nobody-was-given-this-one".to_owned()),
    ])
}

/// A shared space of an account's, with everybody in it who is named. An admin makes it and goes,
/// for nobody else lets a group in without being in it.
async fn space_things(server: &Server, owner: &Client, members: &[(&Client, &str)]) -> Things {
    let admin = bearer(server, &login(server, "admin").await);
    let space = id(&admin.post("/spaces", json!({"name": "The family"})).await.is(201));
    let path = format!("/spaces/{space}");
    let invitations = format!("{path}/invitations");
    for (client, role) in [&[(owner, "steward")], members].concat() {
        let made = admin.post(&invitations, json!({"role": role})).await.is(201);
        let token = json!({"token": made["token"]});
        client.post("/invitations/accept", token).await.is(200);
    }
    let group = json!({"provider": "oidc", "name": "family", "role": "visitor"});
    let group = id(&admin.post(&format!("{path}/groups"), group).await.is(201));
    let member = async |client: &Client| {
        format!("{path}/members/{}", id(&client.get("/auth/me").await.is(200)))
    };
    admin.patch(&member(owner).await, json!({"role": "owner"})).await.is(200);
    admin.delete(&member(&admin).await).await.is(204);
    let invitation = id(&owner.post(&invitations, json!({"role": "visitor"})).await.is(201));
    BTreeMap::from([("space_id", space), ("invitation_id", invitation), ("group_id", group)])
}

/// What belongs to an account itself. It has to sign in again afterwards.
async fn account_things(server: &Server, name: &str) -> Things {
    let client = bearer(server, &login(server, name).await);
    let told = json!({
        "do": "tell", "email": format!("{name}@example.org"), "topic": "password_changed",
        "detail": "",
    });
    assert_eq!(server.operate(told).await.0, 200);
    let notice = items(&client.get("/notifications").await.is(200)).remove(0);
    let passkey = passkey(&client).await;
    let client = bearer(server, &login(server, name).await);
    login(server, name).await;
    let session = id(&items(&client.get("/auth/sessions").await.is(200))[0]);
    BTreeMap::from([
        ("api_key_id", key(&client, &["read"], None).await.0),
        ("session_id", session),
        ("passkey_id", passkey),
        ("notification_id", id(&notice)),
        ("provider", "oidc".to_owned()),
        ("identity_id", "01a1fcac-b25f-7500-b535-1683378e5dd7".to_owned()),
        ("n", "1".to_owned()),
    ])
}

/// One of each thing there is, in Ada's family.
pub async fn things(server: &Server, accounts: &BTreeMap<&str, Client>) -> Things {
    let roles =
        [("sam", "steward"), ("cora", "contributor"), ("vic", "visitor"), ("max", "visitor")];
    let members = roles.map(|(name, role)| (&accounts[name], role));
    let mut all = space_things(server, &accounts["ada"], &members).await;
    all.extend(clone_things(&accounts["ada"], Some(&all["space_id"]), "space").await);
    all.insert("account_id", text(&accounts["max"].get("/auth/me").await.is(200)["id"]));
    all.extend(account_things(server, "ada").await);
    all
}

/// One of each thing, in a family of which nobody else has heard.
pub async fn foreign_things(server: &Server) -> Things {
    let zoe = bearer(server, &login(server, "zoe").await);
    let mut all = space_things(server, &zoe, &[]).await;
    all.extend(clone_things(&zoe, Some(&all["space_id"]), "space").await);
    all.insert("account_id", id(&zoe.get("/auth/me").await.is(200)));
    all.extend(account_things(server, "zoe").await);
    all
}

/// The same with identifiers that nothing has.
pub fn missing(things: &Things) -> Things {
    let mut all = things.clone();
    for (number, (name, thing)) in all.iter_mut().enumerate() {
        if !["n", "provider"].contains(name) {
            *thing = format!("01a1fcac-b25f-7500-b535-{number:012x}");
        }
    }
    all
}
