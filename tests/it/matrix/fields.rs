//! What only the server decides, in every object of every body.

use serde_json::{Value, json};

use super::schema::{objects, planted, taken};
use super::table::{Need, TABLE, body_of};
use super::world::{World, bearer, login};
use super::{filled, state};
use crate::contract::{document, operations};
use crate::support::client::text;

/// Names under which the server keeps what nobody may say of themselves or of a thing.
const OWN: [&str; 26] = [
    "id",
    "owner",
    "owner_id",
    "author",
    "author_id",
    "account_id",
    "clone_id",
    "role",
    "scopes",
    "is_admin",
    "admin",
    "plan",
    "quota",
    "created_at",
    "updated_at",
    "deleted_at",
    "suspended",
    "suspended_at",
    "epoch",
    "email_verified",
    "consents",
    "password_hash",
    "members",
    "type",
    "status",
    "__proto__",
];

fn value_of(name: &str) -> Value {
    match name {
        "is_admin" | "admin" | "suspended" | "email_verified" => json!(true),
        "epoch" | "quota" => json!(1),
        "consents" | "__proto__" => json!({"data_processing": true}),
        "scopes" | "members" => json!(["write"]),
        "role" => json!("owner"),
        name if name.ends_with("_at") => json!("2001-01-01T00:00:00Z"),
        _ => json!("01a1fcac-b25f-7500-b535-1683378e5dd7"),
    }
}

#[tokio::test]
async fn what_only_the_server_decides_is_refused_in_every_body() {
    let world = World::new().await;
    let admin = bearer(&world.server, &login(&world.server, "admin").await);
    let before = state(&world.ada, &world.things).await;
    let people = admin.get("/admin/users").await.is(200);
    let document = document();
    let (mut cells, mut wrong) = (0, Vec::new());
    for (verb, path, operation) in operations(&document) {
        let name = text(&operation["operationId"]);
        let (_, need, _) = TABLE.iter().find(|(row, ..)| *row == name).expect("a row");
        let who = match need {
            Need::Admin | Need::FreshAdmin => &admin,
            _ => &world.ada,
        };
        let path = filled(&path, &world.things);
        for object in taken(&document, &operation) {
            for own in OWN.iter().filter(|own| !object.names.iter().any(|name| name == *own)) {
                let at = format!("{}/{own}", object.pointer);
                let body = body_of(&name, &world.things).unwrap_or_else(|| json!({}));
                let body = planted(body, &at, value_of(own));
                let reply = who.ask(verb.parse().unwrap(), &path).json(&body).await;
                cells += 1;
                let answer = reply.json();
                // Of a batch each memory is refused on its own.
                let one = answer.pointer("/failed/0/problem").unwrap_or(&answer);
                let errors = one["errors"].as_array().cloned().unwrap_or_default();
                let named = errors.iter().any(|error| error["pointer"] == at.as_str());
                if one["status"] != 422 || !named {
                    wrong.push(format!("{name}{at}: {}", reply.text()));
                }
            }
        }
    }
    assert_eq!(state(&world.ada, &world.things).await, before);
    assert_eq!(admin.get("/admin/users").await.is(200), people);
    println!("{cells} fields that only the server decides");
    assert!(wrong.is_empty(), "{} of {cells} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_answer_has_a_place_for_what_stays_inside() {
    let document = document();
    for (_, _, operation) in operations(&document) {
        for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
            let Some(schema) = answer.pointer("/content/application~1json/schema") else {
                continue;
            };
            for object in objects(&document, schema) {
                for inside in ["epoch", "password_hash", "hash", "token_hash", "seed"] {
                    let name = &operation["operationId"];
                    assert!(
                        !object.names.iter().any(|n| n == inside),
                        "{name} {status} {object:?}"
                    );
                }
            }
        }
    }
}
