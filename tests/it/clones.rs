//! Clones: made, read, changed, deleted with all that belongs to them, and nobody else's.

use http::Method;
use serde_json::{Value, json};

use crate::support::client::{each, id, items};
use crate::support::server::Server;

#[tokio::test]
async fn a_clone_keeps_everything_that_was_said_about_it() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let said = json!({
        "name": "Grand-mère 👵🏽",
        "description": "My mother's mother",
        "subject": "deceased",
        "relationship": "grandmother",
        "biography": "Born by the sea.",
        "born": "1921-03~",
        "died": "2004-11-30",
        "language": "fr",
        "traits": ["stubborn", "kind"],
        "style": "short sentences",
        "greeting": "Bonjour mon petit",
        "instructions": "Never mention the war.",
        "tags": ["family"],
        "category": "family",
        "visibility": "private",
    });
    let reply = ada.post("/clones", said.clone()).await;
    let etag = reply.header("etag").unwrap().to_owned();
    let made = reply.is(201);
    for (field, value) in said.as_object().unwrap() {
        assert_eq!(&made[field], value, "{field}");
    }
    assert_eq!(made["role"], "owner");
    for count in ["memory_count", "document_count", "conversation_count", "people_count"] {
        assert_eq!(made[count], 0);
    }
    assert_eq!(made["avatar_image_url"], Value::Null);
    let reply = ada.get(&format!("/clones/{}", id(&made))).await;
    assert_eq!(reply.header("etag"), Some(&*etag));
    assert_eq!(reply.is(200), made);
    assert_eq!(items(&ada.get("/clones").await.is(200)), [made]);
}

#[tokio::test]
async fn a_patch_changes_what_was_sent_and_null_clears() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let body = json!({"name": "Maria", "biography": "Long ago.", "born": "1921", "tags": ["a"]});
    let made = ada.post("/clones", body).await.is(201);
    let path = format!("/clones/{}", id(&made));
    let change = json!({"name": "Maria B.", "biography": null, "born": null, "tags": null});
    let changed = ada.patch(&path, change).await.is(200);
    let mut expected = made.clone();
    expected["name"] = json!("Maria B.");
    expected["biography"] = Value::Null;
    expected["born"] = Value::Null;
    expected["tags"] = json!([]);
    expected["updated_at"] = changed["updated_at"].clone();
    assert_eq!(changed, expected);
    assert_eq!(ada.patch(&path, json!({})).await.is(200)["name"], "Maria B.");
}

#[tokio::test]
async fn what_is_wrong_with_a_clone_is_named_all_at_once() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let long = "x".repeat(300);
    let body = json!({"name": " ", "born": "yesterday", "died": "1950/1940", "tags": [long]});
    ada.post("/clones", body).await.invalid(&["/name", "/born", "/died", "/tags/0"]);
    ada.post("/clones", json!({})).await.invalid(&["/name"]);
    ada.post("/clones", json!({"name": "M", "nam": 1})).await.invalid(&["/nam"]);
    ada.post("/clones", json!({"name": "M", "subject": "dog"})).await.invalid(&["/subject"]);
    ada.post("/clones", json!({"name": 7})).await.invalid(&["/name"]);
    ada.post("/clones", json!({"name": "M", "space_id": "x"})).await.invalid(&["/space_id"]);
    let made = id(&ada.post("/clones", json!({"name": "M"})).await.is(201));
    ada.patch(&format!("/clones/{made}"), json!({"name": null})).await.invalid(&["/name"]);
    ada.patch(&format!("/clones/{made}"), json!({"id": "x"})).await.invalid(&["/id"]);
}

#[tokio::test]
async fn somebody_elses_change_is_not_overwritten_unseen() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let path = format!("/clones/{clone}");
    let old = ada.get(&path).await.header("etag").unwrap().to_owned();
    let first = ada.patch(&path, json!({"name": "Maria B."})).header("if-match", &old).await;
    let new = first.header("etag").unwrap().to_owned();
    assert_ne!(old, new);
    first.is(200);
    let stale = ada.patch(&path, json!({"name": "Mary"})).header("if-match", &old).await;
    stale.problem(412, "stale");
    assert_eq!(ada.get(&path).await.is(200)["name"], "Maria B.");
    ada.patch(&path, json!({"name": "Mary"})).header("if-match", &new).await.is(200);

    let settings = format!("{path}/settings");
    let old = ada.get(&settings).await.header("etag").unwrap().to_owned();
    let change = |more: Value| ada.patch(&settings, more).header("if-match", &old);
    change(json!({"retrieval": {"top_k": 5}})).await.is(200);
    change(json!({"retrieval": {"top_k": 9}})).await.problem(412, "stale");
    assert_eq!(ada.get(&settings).await.is(200)["retrieval"]["top_k"], 5);
    ada.patch(&settings, json!({"retrieval": {"top_k": 9}})).await.is(200);

    let tag = ada.get(&path).await.header("etag").unwrap().to_owned();
    let known = ada.get(&path).header("if-none-match", &tag).await;
    assert_eq!((known.status, known.bytes.len()), (304, 0));
}

#[tokio::test]
async fn a_deleted_clone_takes_everything_along_and_brings_it_back() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let memory = id(&ada.remember(&clone, "She swam in the lake every morning.").await);
    let person = ada.post(&format!("/clones/{clone}/people"), json!({"name": "Anna"})).await;
    let person = id(&person.is(201));
    let conversation = ada.converse(&clone).await;
    ada.say(&conversation, "Where did she swim?").await;
    let counted = ada.get(&format!("/clones/{clone}")).await.is(200);
    assert_eq!(counted["memory_count"], 1);
    assert_eq!(counted["people_count"], 1);
    assert_eq!(counted["conversation_count"], 1);

    ada.delete(&format!("/clones/{clone}")).await.is(204);
    let gone = [
        format!("/clones/{clone}"),
        format!("/clones/{clone}/settings"),
        format!("/clones/{clone}/memories"),
        format!("/clones/{clone}/memories/{memory}"),
        format!("/clones/{clone}/people/{person}"),
        format!("/clones/{clone}/timeline"),
        format!("/clones/{clone}/search?q=lake"),
        format!("/clones/{clone}/conversations"),
        format!("/conversations/{conversation}"),
        format!("/conversations/{conversation}/messages"),
        format!("/conversations/{conversation}/export?format=txt"),
    ];
    for path in &gone {
        ada.get(path).await.problem(404, "not_found");
    }
    for list in ["/clones", "/memories", "/conversations"] {
        assert!(items(&ada.get(list).await.is(200)).is_empty(), "{list}");
    }
    let path = format!("/conversations/{conversation}/messages");
    ada.post(&path, json!({"content": "Still there?"})).await.problem(404, "not_found");

    let trash = items(&ada.get("/trash").await.is(200));
    assert_eq!((each(&trash, "kind"), each(&trash, "title")), (vec!["clone"], vec!["Maria"]));
    assert_eq!(each(&trash, "clone_id"), [&*clone]);
    assert!(trash[0]["purge_at"].as_str() > trash[0]["deleted_at"].as_str());
    let restore = format!("/trash/{}/restore", id(&trash[0]));
    ada.ask(Method::POST, &restore).await.is(204);
    for path in &gone {
        ada.get(path).await.opens();
    }
    assert_eq!(ada.search(&clone, "lake", "&mode=text").await.len(), 1);
    assert!(items(&ada.get("/trash").await.is(200)).is_empty());
    ada.ask(Method::POST, &restore).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_purged_or_past_its_time_is_gone_for_good() {
    let mut server = Server::start().await;
    let ada = server.admin().await;
    let (one, two) = (ada.new_clone("One").await, ada.new_clone("Two").await);
    ada.remember(&one, "The quince tree behind the house.").await;
    for clone in [&one, &two] {
        ada.delete(&format!("/clones/{clone}")).await.is(204);
    }
    ada.delete(&format!("/trash/{one}")).await.is(202);
    ada.ask(Method::POST, &format!("/trash/{one}/restore")).await.problem(404, "not_found");
    let trash = items(&ada.get("/trash").await.is(200));
    assert_eq!(each(&trash, "title"), ["Two"]);
    server.restart().await;
    let ada = server.again(&ada);
    ada.get(&format!("/clones/{one}")).await.problem(404, "not_found");
    ada.ask(Method::POST, &format!("/trash/{two}/restore")).await.is(204);
}

#[tokio::test]
async fn settings_say_what_they_come_to() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let path = format!("/clones/{clone}/settings");
    let settings = ada.get(&path).await.is(200);
    assert_eq!(settings["llm"]["provider"], Value::Null);
    let builtin = json!({"provider": "builtin", "model": null, "grounding": "verbatim"});
    assert_eq!(settings["effective"], builtin);
    let change = json!({
        "llm": {"temperature": 0.5, "max_tokens": 200, "top_p": 0.75},
        "tts": {"speed": 1.5},
        "retrieval": {"top_k": 3, "min_score": 0.25},
    });
    let changed = ada.patch(&path, change).await.is(200);
    assert_eq!(changed["llm"]["temperature"], 0.5);
    assert_eq!(changed["retrieval"], json!({"top_k": 3, "min_score": 0.25}));
    assert_eq!(changed["tts"]["speed"], 1.5);
    assert_eq!(ada.get(&path).await.is(200), changed);
    let cleared = ada.patch(&path, json!({"retrieval": {"top_k": null}})).await.is(200);
    assert_eq!(cleared["retrieval"], json!({"top_k": null, "min_score": 0.25}));
}

#[tokio::test]
async fn impossible_settings_are_refused_with_what_is_possible() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let path = format!("/clones/{clone}/settings");
    let problem = ada.patch(&path, json!({"llm": {"provider": "gpt-9000"}})).await;
    let problem = problem.invalid(&["/llm/provider"]);
    let detail = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("builtin") && !detail.contains("gpt-9000"), "{detail}");
    for word in ["grounded", "free"] {
        ada.patch(&path, json!({"grounding": word})).await.invalid(&["/grounding"]);
    }
    let change = json!({
        "llm": {"temperature": 2.5, "max_tokens": 0, "top_p": 0},
        "tts": {"speed": 9}, "retrieval": {"top_k": 1000, "min_score": -1},
    });
    ada.patch(&path, change).await.invalid(&[
        "/llm/temperature",
        "/llm/max_tokens",
        "/llm/top_p",
        "/tts/speed",
        "/retrieval/top_k",
        "/retrieval/min_score",
    ]);
    ada.patch(&path, json!({"grounding": "wild"})).await.invalid(&["/grounding"]);
    ada.patch(&path, json!({"llm": {"temp": 1}})).await.invalid(&["/llm/temp"]);
    ada.patch(&path, json!({"grounding": "verbatim"})).await.is(200);
}

#[tokio::test]
async fn a_stranger_cannot_see_that_a_clone_exists() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let ben = server.account("ben").await;
    let clone = ada.new_clone("Maria").await;
    let unknown = "01900000-0000-7000-8000-000000000000";
    for id in [&*clone, unknown, "x", "1", "%00"] {
        let mut problem = ben.get(&format!("/clones/{id}")).await.problem(404, "not_found");
        problem["request_id"].take();
        let mut of_unknown = ben.get(&format!("/clones/{unknown}")).await.json();
        of_unknown["request_id"].take();
        assert_eq!(problem, of_unknown);
    }
    ben.patch(&format!("/clones/{clone}"), json!({"name": "Mine"})).await.problem(404, "not_found");
    ben.delete(&format!("/clones/{clone}")).await.problem(404, "not_found");
    for list in ["/clones", "/memories", "/conversations", "/trash"] {
        assert!(items(&ben.get(list).await.is(200)).is_empty(), "{list}");
    }
    let space = items(&ada.get("/spaces").await.is(200))[0].clone();
    ben.get(&format!("/spaces/{}", id(&space))).await.problem(404, "not_found");
    let body = json!({"name": "Mine", "space_id": id(&space)});
    assert!(matches!(ben.post("/clones", body).await.status, 404 | 422));
    assert_eq!(ada.get(&format!("/clones/{clone}")).await.is(200)["name"], "Maria");
}

#[tokio::test]
async fn a_list_of_clones_is_read_page_by_page() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let mut made = Vec::new();
    for i in 0..7 {
        made.push(ada.new_clone(&format!("Clone {i}")).await);
    }
    made.reverse();
    let mut seen = Vec::new();
    let mut path = "/clones?limit=3".to_owned();
    loop {
        let page = ada.get(&path).await.is(200);
        seen.extend(items(&page).iter().map(id));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/clones?limit=3&cursor={next}");
    }
    assert_eq!(seen, made);
    ada.get("/clones?limit=0").await.invalid(&["limit"]);
    ada.get("/clones?limit=201").await.invalid(&["limit"]);
    ada.get("/clones?cursor=!").await.problem(400, "malformed");
    ada.get("/clones?limit=many").await.problem(400, "malformed");
}

#[tokio::test]
async fn a_repeated_wish_makes_one_clone() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let ask =
        |name: &str| ada.post("/clones", json!({"name": name})).header("idempotency-key", "k");
    let first = ask("Maria").await.is(201);
    assert_eq!(ask("Maria").await.is(201), first);
    ask("Mary").await.problem(422, "idempotency_key_reused");
    assert_eq!(items(&ada.get("/clones").await.is(200)).len(), 1);
    // The key is the account's own.
    let ben = server.account("ben").await;
    let other = ben.post("/clones", json!({"name": "Mary"})).header("idempotency-key", "k").await;
    assert_ne!(id(&other.is(201)), id(&first));
}

impl crate::support::reply::Reply {
    #[track_caller]
    fn opens(self) {
        assert_eq!(self.status, 200, "{}: {}", self.asked, self.text());
    }
}
