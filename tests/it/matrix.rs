//! Every operation times everybody who could ask for it: who may gets in, nobody else does, and
//! who may not know of a thing is told the same as of one that does not exist.

mod bodies;
mod fields;
mod halfway;
mod queries;
pub mod relations;
mod schema;
pub mod table;
pub mod things;
mod visible;
pub mod world;

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use self::relations::{RELATIONS, Relation};
use self::table::{Least, NOT_HERE, Need, TABLE, body_of, dressed};
use self::world::{Brings, Proof, Things, VISITORS, Visitor, World};
use crate::contract::operations;
use crate::support::client::{Client, id, items};
use crate::support::reply::Reply;
use crate::support::server::Server;

/// What has to come of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Refused(u16, &'static str),
    Open,
}

fn outcome(
    visitor: &Visitor,
    relation: Relation,
    operation: &str,
    (need, least): (Need, Least),
) -> Outcome {
    use Outcome::{Open, Refused};
    if need == Need::Open {
        return Open;
    }
    let scope = match visitor.brings {
        Brings::Nothing => return Refused(401, "unauthenticated"),
        Brings::Session | Brings::Cookie | Brings::OldSession => None,
        Brings::Key { read, write, chat } => Some((read, write, chat)),
        Brings::KeyElsewhere => Some((true, true, true)),
        Brings::ShareExpired => return Refused(401, "share_link_expired"),
        Brings::Share | Brings::ShareBare | Brings::ShareElsewhere => None,
    };
    let by_link =
        matches!(visitor.brings, Brings::Share | Brings::ShareBare | Brings::ShareElsewhere);
    match (need, by_link) {
        (Need::Visit, false) => return Refused(403, "share_link_required"),
        (Need::Chat | Need::ReadChat | Need::Visit, true) => {}
        (_, true) => return Refused(403, "session_required"),
        (_, false) => {}
    }
    let is_admin = visitor.account == "admin";
    match (need, scope) {
        (Need::Admin | Need::FreshAdmin, None) if !is_admin => return Refused(403, "admin_only"),
        (Need::FreshAdmin, None) if visitor.brings == Brings::OldSession => {
            return Refused(401, "reauth_required");
        }
        (Need::Admin | Need::FreshAdmin, Some(_)) => return Refused(403, "session_required"),
        (Need::Fresh, None) if visitor.brings == Brings::OldSession => {
            return Refused(401, "reauth_required");
        }
        (Need::Account | Need::Fresh, Some(_)) => return Refused(403, "session_required"),
        (Need::Read, Some((false, ..)))
        | (Need::Write, Some((_, false, _)))
        | (Need::Chat, Some((.., false)))
        | (Need::ReadChat, Some((false, _, false))) => return Refused(403, "scope_missing"),
        _ => {}
    }
    if visitor.brings == Brings::KeyElsewhere && operation == "create_clone" {
        return Refused(403, "key_limited");
    }
    standing(visitor, relation, operation, least)
}

/// What has to come of a request whose proof is enough.
fn standing(visitor: &Visitor, relation: Relation, operation: &str, least: Least) -> Outcome {
    use Outcome::{Open, Refused};
    let role = relation.role_of(visitor);
    let steward_of_trash = matches!(operation, "restore" | "purge")
        && role.is_some_and(|role| role as u8 >= Least::Steward as u8);
    match (relation.least(visitor, least), role) {
        (Least::Oneself, _) => Open,
        (Least::Nobody, _) => Refused(404, "not_found"),
        _ if steward_of_trash => Open,
        (Least::Holder, Some(_)) if relation.is_held_by(visitor) => Open,
        // What belongs to no clone is its holder's, with whatever they come.
        (Least::Holder, _) | (_, None) => Refused(404, "not_found"),
        (least, Some(role)) if role as u8 >= least as u8 => Open,
        _ => Refused(403, "forbidden"),
    }
}

fn judge(visitor: &Visitor, operation: &str, expected: Outcome, reply: &Reply) -> Option<String> {
    let code = reply.code();
    let code = code.as_deref().unwrap_or_default();
    let excuse = NOT_HERE.iter().find(|(name, ..)| *name == operation);
    let good = match expected {
        Outcome::Refused(status, wanted) => (reply.status, code) == (status, wanted),
        // What is presented is wrong, and refused to everybody in the same words.
        Outcome::Open if visitor.is_open(operation) => {
            reply.status < 500 || matches!(reply.status, 501 | 502)
        }
        Outcome::Open => {
            (200..300).contains(&reply.status)
                || excuse.is_some_and(|(_, known, _)| known.contains(&code))
        }
    };
    let name = visitor.name;
    (!good).then(|| format!("{name} × {operation}: {expected:?}, but {} {code}", reply.status))
}

/// What is told with an answer, without what no two answers share.
fn told(reply: &Reply) -> (u16, Value) {
    let mut body = reply.json();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    (reply.status, body)
}

pub fn filled(path: &str, things: &Things) -> String {
    let parts = path.split('/').map(|part| {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => things.get(name).unwrap_or_else(|| panic!("no {name} to try")).clone(),
            None => part.to_owned(),
        }
    });
    let path = parts.collect::<Vec<_>>().join("/");
    match path.rsplit('/').next() {
        Some("search") => format!("{path}?q=lake"),
        Some("export") if path.starts_with("/auth") => format!("{path}?format=json"),
        Some("export") => format!("{path}?format=txt"),
        _ => path,
    }
}

/// What is done before what: nothing is deleted that somebody still needs.
fn place(verb: &str, path: &str, operation: &str) -> (u8, usize) {
    let depth = path.matches('/').count();
    match (verb, operation) {
        (_, "change_password") => (7, 0),
        // Begins a new security epoch, in which the sign-in is another.
        (_, "remove_passkey") => (8, 0),
        (_, "logout") => (9, 0),
        // Nothing comes between, where only one of them would be allowed.
        (_, "restrict_me") => (1, usize::MAX),
        (_, "lift_restriction") => (2, 0),
        (_, "delete_space") => (5, 0),
        (_, "delete_clone") => (4, 0),
        (_, "purge") => (3, 0),
        ("DELETE", _) => (2, usize::MAX - depth),
        ("GET", _) => (0, depth),
        _ => (1, depth),
    }
}

/// The operations of the document in the order in which they are tried.
pub async fn all_operations(client: &Client) -> Vec<(Method, String, String)> {
    let document = client.page("/openapi.json").await.is(200);
    let mut all: Vec<_> = operations(&document)
        .into_iter()
        .map(|(verb, path, operation)| {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            (place(&verb, &path, &name), verb.parse().unwrap(), path, name)
        })
        .collect();
    all.sort_by_key(|(place, ..)| *place);
    all.into_iter().map(|(_, verb, path, name)| (verb, path, name)).collect()
}

/// What came of it.
#[derive(Default)]
struct Tried {
    cells: usize,
    /// How many of them are about what does not exist.
    nothing: usize,
    wrong: Vec<String>,
}

/// Tries everything as somebody, in every relation.
async fn try_everything(visitor: Visitor) -> Tried {
    let world = World::of(&visitor).await;
    let mut places = Vec::new();
    for relation in RELATIONS {
        places.push((relation, relation.things(&world, &visitor).await));
    }
    let proof = world.proof_of(&visitor).await;
    let harmless = visitor.role.is_none() && visitor.brings != Brings::KeyElsewhere;
    let before = state(&world.ada, &world.things).await;
    let mut tried = Tried::default();
    let all = all_operations(&world.server.client()).await;
    for (relation, things) in places {
        for (verb, path, operation) in all.iter().filter(|(_, path, _)| relation.concerns(path)) {
            let cell = (relation, verb, path.as_str(), operation.as_str());
            try_one(&visitor, &proof, cell, &things, &mut tried).await;
        }
    }
    if harmless && state(&world.ada, &world.things).await != before {
        tried.wrong.push(format!("{} changed something", visitor.name));
    }
    tried
}

/// One cell; where the thing is hidden, the same is asked of nothing, and the answers are one.
async fn try_one(
    visitor: &Visitor,
    proof: &Proof,
    (relation, verb, path, operation): (Relation, &Method, &str, &str),
    things: &Things,
    tried: &mut Tried,
) {
    let row = TABLE.iter().find(|(name, ..)| *name == operation);
    let Some((_, need, least)) = row else {
        panic!("{operation} has no row in the table: who may do it?");
    };
    let expected = outcome(visitor, relation, operation, (*need, *least));
    let mut things = things.clone();
    if operation == "purge" {
        // What `restore` took out of the trash is not there any more.
        things.insert("trash_id", things["purge_id"].clone());
    }
    let body = body_of(operation, &things);
    let ask = |things: &Things| {
        let ask = proof.ask(verb.clone(), &filled(path, things));
        dressed(ask, operation, body.as_ref())
    };
    let reply = ask(&things).await;
    tried.cells += 1;
    let wrong = judge(visitor, operation, expected, &reply);
    tried.wrong.extend(wrong.map(|wrong| format!("{relation:?}: {wrong}")));
    let hidden = expected == Outcome::Refused(404, "not_found");
    if relation != Relation::Foreign && !(hidden && path.contains("_id}")) {
        return;
    }
    let nothing = ask(&relation.nothing(&things)).await;
    tried.cells += 1;
    tried.nothing += 1;
    if told(&nothing) != told(&reply) {
        let (there, nothing) = (reply.text(), nothing.text());
        let name = visitor.name;
        tried.wrong.push(format!("{relation:?}: {name} × {operation}: {there}, but {nothing}"));
    }
}

/// Everything there is, to see that nothing changed.
async fn state(ada: &Client, things: &Things) -> Vec<Value> {
    let (clone, space) = (&things["clone_id"], &things["space_id"]);
    let mut all = Vec::new();
    for path in [
        "/auth/me".to_owned(),
        format!("/spaces/{space}"),
        format!("/spaces/{space}/members"),
        format!("/spaces/{space}/invitations"),
        format!("/spaces/{space}/groups"),
        format!("/clones/{clone}"),
        format!("/clones/{clone}/settings"),
        format!("/clones/{clone}/memories"),
        format!("/clones/{clone}/people"),
        format!("/conversations/{}/messages", things["conversation_id"]),
        "/conversations".to_owned(),
        "/trash".to_owned(),
    ] {
        all.push(ada.get(&path).await.is(200));
    }
    all
}

#[tokio::test]
async fn everybody_may_what_the_table_says_and_nothing_else() {
    let (mut cells, mut nothing, mut wrong) = (0, 0, Vec::new());
    // A few servers at a time.
    for group in VISITORS.chunks(6) {
        let mut trying = tokio::task::JoinSet::new();
        for visitor in group {
            trying.spawn(try_everything(*visitor));
        }
        for tried in trying.join_all().await {
            cells += tried.cells;
            nothing += tried.nothing;
            wrong.extend(tried.wrong);
        }
    }
    let (visitors, operations, relations) = (VISITORS.len(), TABLE.len(), RELATIONS.len() + 1);
    println!(
        "{cells} cells: {visitors} visitors × {operations} operations × {relations} relations, \
         {nothing} of them about nothing"
    );
    assert!(wrong.is_empty(), "{} of {cells} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_row_of_the_table_is_an_operation() {
    let server = Server::start().await;
    let there: BTreeSet<String> =
        all_operations(&server.client()).await.into_iter().map(|(.., name)| name).collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(rows, there);
    assert_eq!(rows.len(), TABLE.len(), "a row twice");
}

#[tokio::test]
async fn lists_of_one_account_show_nothing_of_another() {
    let world = World::new().await;
    let document = world.server.client().page("/openapi.json").await.is(200);
    for name in ["eve", "admin"] {
        let body =
            json!({"email": format!("{name}@example.org"), "password": crate::support::PASSWORD});
        let session = world.server.client().post("/auth/login", body).await.is(200);
        let client = world.server.client().with_token(session["access_token"].as_str().unwrap());
        for (verb, path, _) in operations(&document) {
            if verb != "GET" || path.contains('{') {
                continue;
            }
            let is_export = path == "/auth/me/export";
            let query = if is_export { "?format=json" } else { "" };
            let shown = client.get(&format!("{path}{query}")).await.text();
            if path.starts_with("/admin") || is_export {
                // Identifiers are what logs are made of, also the part that is one's own; names
                // and words are nobody else's.
                for content in ["Maria", "lake", "The family", "Anna", "swim"] {
                    assert!(!shown.contains(content), "{path} shows {content}");
                }
                continue;
            }
            for (name, thing) in
                world.things.iter().filter(|(name, _)| !["n", "provider"].contains(name))
            {
                assert!(!shown.contains(thing.as_str()), "{path} shows a {name}");
            }
        }
    }
}

#[tokio::test]
async fn parts_of_one_clone_are_not_found_under_another() {
    let world = World::new().await;
    let mut things = world.things.clone();
    let other = world.ada.new_clone("Another").await;
    things.insert("clone_id", other.clone());
    things.insert("conversation_id", world.ada.converse(&other).await);
    let document = world.server.client().page("/openapi.json").await.is(200);
    for (verb, path, operation) in operations(&document) {
        if !["memory_id", "person_id", "message_id", "share_link_id"]
            .iter()
            .any(|part| path.contains(part))
        {
            continue;
        }
        let name = operation["operationId"].as_str().unwrap();
        let ask = world.ada.ask(verb.parse().unwrap(), &filled(&path, &things));
        let ask = dressed(ask, name, body_of(name, &things).as_ref());
        ask.await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn what_is_not_ones_own_is_not_found_in_a_body_either() {
    let world = World::new().await;
    let things = &world.things;
    let body = json!({"email": "eve@example.org", "password": crate::support::PASSWORD});
    let session = world.server.client().post("/auth/login", body).await.is(200);
    let eve = world.server.client().with_token(session["access_token"].as_str().unwrap());
    let clone = eve.new_clone("Eve's").await;
    let conversation = eve.converse(&clone).await;
    let before = state(&world.ada, things).await;
    let say = format!("/conversations/{conversation}/messages");
    for (path, body) in [
        ("/clones".to_owned(), json!({"name": "x", "space_id": things["space_id"]})),
        (say.clone(), json!({"content": "Hello?", "parent_id": things["message_id"]})),
        (say, json!({"regenerate_of": things["message_id"]})),
        (
            format!("/clones/{clone}/chat"),
            json!({"content": "Hello?", "conversation_id": things["conversation_id"]}),
        ),
        (
            "/api-keys".to_owned(),
            json!({"label": "x", "scopes": ["read"], "clone_ids": [things["clone_id"]]}),
        ),
    ] {
        let reply = eve.post(&path, body.clone()).await;
        assert!(matches!(reply.status, 404 | 422), "{path} {body}: {}", reply.text());
    }
    let moved = eve.patch(&format!("/clones/{clone}"), json!({"space_id": things["space_id"]}));
    moved.await.invalid(&["/space_id"]);
    assert_eq!(state(&world.ada, things).await, before);
    assert_eq!(
        items(&eve.get("/clones").await.is(200)).iter().map(id).collect::<Vec<_>>(),
        [clone]
    );
}
