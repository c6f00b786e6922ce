//! Identifiers of what is somebody else's, in every place of every body that takes one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::schema::{planted, taken};
use super::table::body_of;
use super::things::{Things, break_glass, clone_things, key, share_link};
use super::world::{Proof, World, bearer, login};
use super::{all_operations, filled, state};
use crate::contract::operations;
use crate::support::client::{id, items, text};

/// What a place in a body takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// An identifier of this kind, of something that one may know of.
    Id(&'static str),
    /// Identifiers of this kind.
    Ids(&'static str),
    /// Something that was given out for one moment, and no identifier of a thing.
    Question,
    /// Any words; what they are elsewhere makes no difference.
    Words,
}

/// Every place of a body whose name is an identifier's. One without a row here fails the test.
const PLACES: &[(&str, &str, Takes)] = &[
    ("create_clone", "/space_id", Takes::Id("space_id")),
    ("change_clone", "/space_id", Takes::Id("space_id")),
    ("chat", "/conversation_id", Takes::Id("conversation_id")),
    ("say", "/parent_id", Takes::Id("message_id")),
    ("say", "/regenerate_of", Takes::Id("message_id")),
    ("create_api_key", "/clone_ids", Takes::Ids("clone_id")),
    ("begin_break_glass", "/account_id", Takes::Id("account_id")),
    ("add_passkey", "/id", Takes::Question),
    ("login_with_passkey", "/id", Takes::Question),
    ("reauth", "/passkey/id", Takes::Question),
    ("change_clone_settings", "/tts/voice_id", Takes::Words),
    ("create_memory", "/external_id", Takes::Words),
    ("create_memory", "/people", Takes::Words),
    ("create_memories", "/memories/0/external_id", Takes::Words),
    ("create_memories", "/memories/0/people", Takes::Words),
    ("change_memory", "/external_id", Takes::Words),
    ("change_memory", "/people", Takes::Words),
    ("add_oidc_provider", "/id", Takes::Words),
    ("add_oidc_provider", "/client_id", Takes::Words),
    ("change_oidc_provider", "/client_id", Takes::Words),
];

/// Names that say of what they are the identifier without ending in it.
const ALSO: [&str; 10] = [
    "regenerate_of",
    "attachments",
    "person",
    "people",
    "author",
    "account",
    "space",
    "clone",
    "conversation",
    "memories_of",
];

fn is_identifier(name: &str) -> bool {
    name == "id"
        || name == "ids"
        || name.ends_with("_id")
        || name.ends_with("_ids")
        || ALSO.contains(&name)
}

#[tokio::test]
async fn every_identifier_in_a_body_has_a_row() {
    let document = crate::contract::document();
    let mut there = BTreeSet::new();
    for (_, _, operation) in operations(&document) {
        let name = text(&operation["operationId"]);
        for object in taken(&document, &operation) {
            let identifiers = object.names.iter().filter(|name| is_identifier(name));
            there.extend(identifiers.map(|at| (name.clone(), format!("{}/{at}", object.pointer))));
        }
    }
    let rows = PLACES.iter().map(|(name, at, _)| ((*name).to_owned(), (*at).to_owned()));
    assert_eq!(rows.collect::<BTreeSet<_>>(), there);
}

/// Somebody who plants identifiers: with what, in what of their own, and whose.
pub(super) struct Planter {
    pub(super) name: &'static str,
    pub(super) proof: Proof,
    pub(super) mine: Things,
    pub(super) foreign: Things,
}

/// A body that would be accepted with an identifier of one's own in this place.
fn body_with(operation: &str, at: &str, takes: Takes, id: &str) -> Value {
    let mut body = match (operation, at) {
        ("say", "/regenerate_of") | ("reauth", _) => json!({}),
        _ => body_of(operation, &Things::from([("account_id", id.to_owned())])).unwrap(),
    };
    if operation == "reauth" {
        body = json!({"passkey": {"credential": {}}});
    }
    let value = match takes {
        Takes::Ids(_) => json!([id]),
        Takes::Words if at.ends_with("people") => json!([id]),
        _ => json!(id),
    };
    planted(body, at, value)
}

pub(super) async fn planters(world: &World) -> Vec<Planter> {
    let server = &world.server;
    let mut all = Vec::new();
    let looking = bearer(server, &login(server, "admin").await);
    let personal = clone_things(&world.ada, None, "private").await;
    let account = id(&world.ada.get("/auth/me").await.is(200));
    break_glass(&looking, &account).await;
    let private = clone_things(&world.ada, Some(&world.things["space_id"]), "private").await;
    let joined = |things: &Things| {
        let mut all = world.things.clone();
        all.extend(things.clone());
        all
    };
    for (name, who, foreign) in [
        ("stranger", "eve", world.things.clone()),
        ("visitor of the space", "vic", joined(&private)),
        ("contributor of the space", "cora", joined(&private)),
        ("admin", "admin", world.things.clone()),
        ("admin behind glass", "glass", joined(&personal)),
    ] {
        let client = match who {
            "glass" => looking.clone(),
            who => bearer(server, &login(server, who).await),
        };
        let mut mine = joined(&clone_things(&client, None, "private").await);
        let spaces = items(&client.get("/spaces").await.is(200));
        let own = spaces.iter().find(|space| space["kind"] == "personal").expect("its own");
        mine.insert("space_id", id(own));
        all.push(Planter { name, proof: Proof::Bearer(client), mine, foreign });
    }
    let mine = joined(&personal);
    let scopes = ["read", "write", "chat"];
    let made = key(&world.ada, &scopes, Some(mine["clone_id"].clone())).await;
    let proof = Proof::Key(server.client(), made.1);
    all.push(Planter { name: "key for another clone", proof, mine, foreign: world.things.clone() });
    all.push(visitor_of_a_link(world).await);
    all
}

async fn visitor_of_a_link(world: &World) -> Planter {
    let mut mine = world.things.clone();
    let hour = std::time::Duration::from_secs(60 * 60);
    let link = share_link(&world.ada, &mine["clone_id"], hour).await.1;
    let own = format!("{link}.0123456789abcdefghijklmnopqrstuv");
    let proof = Proof::Share(world.server.client(), own);
    let path = format!("/clones/{}/conversations", mine["clone_id"]);
    let conversation = proof.ask(http::Method::POST, &path).json(&json!({})).await.is(201);
    mine.insert("conversation_id", id(&conversation));
    Planter { name: "link", proof, mine, foreign: world.things.clone() }
}

#[tokio::test]
async fn what_is_anothers_is_refused_in_every_body() {
    let world = World::new().await;
    let (mut cells, mut wrong) = (0, Vec::new());
    let all = all_operations(&world.server.client()).await;
    for planter in planters(&world).await {
        let before = state(&world.ada, &planter.foreign).await;
        for (operation, at, takes) in PLACES {
            let (verb, path, _) = all.iter().find(|(.., name)| name == operation).expect("there");
            let path = filled(path, &planter.mine);
            for (kind, foreign) in &planter.foreign {
                let by_right = *operation == "begin_break_glass" && *kind == "account_id";
                if ["n", "provider", "backup_id", "restore_id"].contains(kind) || by_right {
                    continue;
                }
                let body = body_with(operation, at, *takes, foreign);
                let reply = planter.proof.ask(verb.clone(), &path).json(&body).await;
                cells += 1;
                let refused = matches!(reply.status, 401 | 403 | 404 | 409 | 422);
                if !refused && *takes != Takes::Words {
                    let (name, status) = (planter.name, reply.status);
                    wrong.push(format!("{name}: a {kind} in {operation}{at}: {status}"));
                }
            }
        }
        if state(&world.ada, &planter.foreign).await != before {
            wrong.push(format!("{} changed something", planter.name));
        }
    }
    println!("{cells} bodies with what is another's");
    assert!(wrong.is_empty(), "{} of {cells} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn what_is_ones_own_is_accepted_in_a_body() {
    let world = World::new().await;
    let eve = bearer(&world.server, &login(&world.server, "eve").await);
    let mut mine = clone_things(&eve, None, "private").await;
    mine.insert("space_id", id(&items(&eve.get("/spaces").await.is(200))[0]));
    let all = all_operations(&world.server.client()).await;
    for (operation, at, takes) in PLACES {
        let (Takes::Id(kind) | Takes::Ids(kind)) = takes else { continue };
        let Some(own) = mine.get(kind) else { continue };
        let (verb, path, _) = all.iter().find(|(.., name)| name == operation).expect("there");
        let body = body_with(operation, at, *takes, own);
        let reply = eve.ask(verb.clone(), &filled(path, &mine)).json(&body).await;
        assert!((200..300).contains(&reply.status), "{operation}{at}: {}", reply.text());
    }
}
