//! What can be changed has a version: nobody overwrites, or throws away, what they have not seen.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::contract::{document, operations};
use crate::oidc::{Home, LOCAL};
use crate::support::client::{Client, id};
use crate::support::idp::Idp;

/// Something with a version: where it is, two changes of it, and what its path is in the document.
struct Thing {
    path: String,
    documented: &'static str,
    changes: [Value; 2],
}

/// One of each, those first that go with later ones.
async fn things(ada: &Client, idp: &Idp, ben: &str) -> Vec<Thing> {
    let space = id(&ada.post("/spaces", json!({"name": "The family"})).await.is(201));
    let clone = ada.new_clone("Maria").await;
    let memory = id(&ada.remember(&clone, "We swam in the lake.").await);
    // What a look at it gives is read as JSON here.
    let letter = ada.attach(&clone, &memory, "letter.txt", "", b"\"Dear Maria.\"").await;
    let letter = id(&letter.is(201));
    let people = format!("/clones/{clone}/people");
    let person = id(&ada.post(&people, json!({"name": "Anna"})).await.is(201));
    let conversation = ada.converse(&clone).await;
    let provider = json!({
        "id": "home", "name": "Home", "issuer": idp.issuer(), "client_id": "c",
    });
    ada.post("/admin/oidc", provider).await.is(201);
    let named = || ["One", "Two"].map(|name| json!({"name": name}));
    let thing = |path: String, documented, changes| Thing { path, documented, changes };
    vec![
        thing(
            format!("/clones/{clone}/memories/{memory}/attachments/{letter}"),
            "/clones/{clone_id}/memories/{memory_id}/attachments/{attachment_id}",
            ["One", "Two"].map(|caption| json!({"caption": caption})),
        ),
        thing(
            format!("/clones/{clone}/memories/{memory}"),
            "/clones/{clone_id}/memories/{memory_id}",
            ["One.", "Two."].map(|content| json!({"content": content})),
        ),
        thing(format!("{people}/{person}"), "/clones/{clone_id}/people/{person_id}", named()),
        thing(
            format!("/conversations/{conversation}"),
            "/conversations/{conversation_id}",
            ["One", "Two"].map(|title| json!({"title": title})),
        ),
        thing(
            format!("/clones/{clone}/settings"),
            "/clones/{clone_id}/settings",
            [3, 4].map(|top_k| json!({"retrieval": {"top_k": top_k}})),
        ),
        thing(format!("/clones/{clone}"), "/clones/{clone_id}", named()),
        thing(format!("/spaces/{space}"), "/spaces/{space_id}", named()),
        thing("/admin/oidc/home".to_owned(), "/admin/oidc/{provider}", named()),
        thing(
            format!("/admin/users/{ben}"),
            "/admin/users/{account_id}",
            [true, false].map(|suspended| json!({"suspended": suspended})),
        ),
        thing(
            "/auth/me".to_owned(),
            "/auth/me",
            ["Ada L.", "Ada K."].map(|name| json!({"display_name": name})),
        ),
    ]
}

/// What the document says heeds `If-Match`: verb and path.
fn promised() -> BTreeSet<(String, String)> {
    let heeds = |operation: &Value| {
        let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        parameters.iter().any(|one| one["$ref"] == "#/components/parameters/IfMatch")
    };
    let all = operations(&document()).into_iter();
    let heeding = all.filter(|(.., operation)| heeds(operation));
    heeding.map(|(verb, path, _)| (verb, path)).collect()
}

async fn tag_of(ada: &Client, path: &str) -> String {
    let seen = ada.get(path).await;
    let tag = seen.header("etag").unwrap_or_else(|| panic!("{path} has no tag")).to_owned();
    seen.is(200);
    tag
}

#[tokio::test]
async fn whatever_has_a_version_is_changed_and_thrown_away_as_it_was_seen() {
    let idp = Idp::start().await;
    let home = Home::with(&[LOCAL.to_owned()]).await;
    let ada = &home.admin;
    let ben = id(&home.server.account("ben").await.get("/auth/me").await.is(200));
    let mut left = promised();
    for Thing { path, documented, changes: [one, two] } in things(ada, &idp, &ben).await {
        let old = tag_of(ada, &path).await;
        let known = ada.get(&path).header("if-none-match", &old).await;
        assert_eq!((known.status, known.text()), (304, String::new()), "{path}");
        let changed = ada.patch(&path, one.clone()).header("if-match", &old).await;
        let new = changed.header("etag").unwrap_or_default().to_owned();
        changed.is(200);
        assert_eq!(new, tag_of(ada, &path).await, "{path}: a change and a look say the same");
        assert_ne!(new, old, "{path}");
        assert!(left.remove(&("PATCH".into(), documented.into())), "{documented} is promised");
        let seen = ada.get(&path).await.is(200);
        for late in [old.as_str(), "\"z\u{e9}\""] {
            let late = ada.patch(&path, two.clone()).header("if-match", late).await;
            late.problem(412, "stale");
        }
        if left.remove(&("DELETE".into(), documented.into())) {
            let late = ada.ask(Method::DELETE, &path).header("if-match", &old).await;
            late.problem(412, "stale");
            assert_eq!(ada.get(&path).await.is(200), seen, "{path}");
            ada.ask(Method::DELETE, &path).header("if-match", &new).await.is(204);
            ada.get(&path).await.problem(404, "not_found");
        } else {
            assert_eq!(ada.get(&path).await.is(200), seen, "{path}");
            // Who does not care says nothing, or that anything is fine.
            ada.patch(&path, two).header("if-match", "*").await.is(200);
        }
    }
    assert_eq!(left, BTreeSet::new(), "what the document promises and nothing here has tried");
}
