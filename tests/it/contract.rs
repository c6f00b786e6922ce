//! The document says what the server does, and the copy in the repository says the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::client::{Client, id, text};
use crate::support::command::run;
use crate::support::passkey::Passkey;
use crate::support::server::Server;
use crate::support::totp::App;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

pub fn document() -> Value {
    serde_json::from_str(&run(&["openapi"], &[], "").ok()).unwrap()
}

/// Every operation: verb, path and what is said about it.
pub fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, operation) in verbs.as_object().unwrap() {
            if METHODS.contains(&verb.as_str()) {
                found.push((verb.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    found
}

#[test]
fn the_copy_in_the_repository_is_the_document() {
    let copy = std::fs::read_to_string("openapi/clonememoria.json").unwrap();
    let made = run(&["openapi"], &[], "").ok();
    let differs = copy.lines().zip(made.lines()).find(|(copy, made)| copy != made);
    let how = "run: clonememoria openapi > openapi/clonememoria.json";
    assert!(copy == made, "{how}; the first difference: {differs:?}");
}

#[tokio::test]
async fn the_served_document_has_the_same_operations() {
    let server = Server::start().await;
    let served = server.client().page("/openapi.json").await.is(200);
    let names = |document: &Value| -> BTreeSet<(String, String)> {
        operations(document).into_iter().map(|(verb, path, _)| (verb, path)).collect()
    };
    assert_eq!(names(&served), names(&document()));
}

#[test]
fn every_operation_is_described() {
    let document = document();
    let mut names = BTreeSet::new();
    for (verb, path, operation) in operations(&document) {
        let what = format!("{verb} {path}");
        let name = text(&operation["operationId"]);
        assert!(names.insert(name.clone()), "{what}: {name} is taken");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        assert!(text(&operation["summary"]).len() > 3, "{what}: no summary");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{what}: one tag");
        let responses = operation["responses"].as_object().unwrap();
        let good = |status: &String| status.starts_with('2') || status == "302";
        assert!(responses.keys().any(good), "{what}: no success");
        let named: BTreeSet<String> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
            .collect();
        for part in path.split('/').filter_map(|part| part.strip_prefix('{')) {
            assert!(named.contains(part.trim_end_matches('}')), "{what}: {part}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = BTreeSet::new();
    gather(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("an inner reference");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn gather(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                references.insert(reference.to_owned());
            }
            fields.values().for_each(|value| gather(value, references));
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, references)),
        _ => {}
    }
}

/// The documented body of a request.
fn example(document: &Value, verb: &str, path: &str) -> Value {
    let body = &document["paths"][path][verb]["requestBody"]["content"]["application/json"];
    assert!(body["example"].is_object(), "{verb} {path} has no example");
    body["example"].clone()
}

#[test]
fn every_body_has_an_example_of_its_form() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let mut bodies = vec![("request".to_owned(), &operation["requestBody"])];
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            bodies.push((status.clone(), response));
        }
        for (name, body) in bodies {
            let media = &body["content"]["application/json"];
            if media.is_null() || path.ends_with("/export") {
                continue;
            }
            let example = media.get("example").unwrap_or_else(|| {
                panic!("{method} {path} {name}: no example");
            });
            if let Err(fault) = fits(&document, &media["schema"], example, "") {
                panic!("{method} {path} {name}: the example: {fault}");
            }
        }
    }
}

/// A walk through the calls: what is sent are the documented examples, what comes back must be
/// of the documented form.
struct Walk {
    document: Value,
    client: Client,
    /// What stands for the parameters of a path.
    ids: Vec<(&'static str, String)>,
}

impl Walk {
    async fn sends(&self, verb: &str, template: &str, status: u16) -> Value {
        let body = example(&self.document, verb, template);
        let path = self.path(template);
        let answer = match verb {
            "post" => self.client.post(&path, body).await,
            "put" => self.client.put(&path, body).await,
            _ => self.client.patch(&path, body).await,
        };
        self.checked(verb, template, status, answer.is(status))
    }

    async fn reads(&self, template: &str, query: &str) {
        let path = self.path(template) + query;
        let body = self.client.get(&path).await.is(200);
        let items = body["items"].as_array().or_else(|| body["hits"].as_array());
        assert!(items.is_none_or(|items| !items.is_empty()), "{path} shows nothing to check");
        self.checked("get", template, 200, body);
    }

    fn path(&self, template: &str) -> String {
        let named =
            |path: String, (name, id): &(&str, String)| path.replace(&format!("{{{name}}}"), id);
        self.ids.iter().fold(template.to_owned(), named)
    }

    /// The calls about accounts and what opens them.
    async fn of_accounts(&mut self) {
        self.reads("/setup", "").await;
        self.sends("post", "/auth/register", 201).await;
        self.sends("post", "/auth/reauth", 200).await;
        self.reads("/auth/factors", "").await;
        let key = self.sends("post", "/api-keys", 201).await;
        self.ids.push(("api_key_id", id(&key)));
        let used = self.client.get("/clones").header("x-api-key", &text(&key["key"])).await;
        used.is(200);
        let space = self.sends("post", "/spaces", 201).await;
        self.ids.push(("space_id", id(&space)));
        self.sends("patch", "/spaces/{space_id}", 200).await;
        self.sends("post", "/spaces/{space_id}/invitations", 201).await;
        self.sends("patch", "/auth/me", 200).await;
        self.sends("patch", "/auth/me/consent", 200).await;
    }

    fn checked(&self, verb: &str, template: &str, status: u16, body: Value) -> Value {
        let response = &self.document["paths"][template][verb]["responses"][status.to_string()];
        let schema = &response["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{verb} {template} {status} is not documented");
        if let Err(fault) = fits(&self.document, schema, &body, "") {
            panic!("{verb} {template} {status}: {fault}\n{body}");
        }
        body
    }
}

/// What can be read when everything in the walk was made.
const LISTED: &[&str] = &[
    "/auth/me",
    "/auth/me/consent",
    "/consents",
    "/privacy/notice",
    "/auth/sessions",
    "/api-keys",
    "/clones",
    "/clones/{clone_id}",
    "/clones/{clone_id}/settings",
    "/clones/{clone_id}/standing",
    "/clones/{clone_id}/memories",
    "/clones/{clone_id}/memories/{memory_id}",
    "/clones/{clone_id}/memories/{memory_id}/revisions",
    "/clones/{clone_id}/people",
    "/clones/{clone_id}/people/{person_id}",
    "/clones/{clone_id}/timeline",
    "/clones/{clone_id}/conversations",
    "/clones/{clone_id}/share-links",
    "/memories",
    "/conversations",
    "/conversations/{conversation_id}",
    "/conversations/{conversation_id}/messages",
    "/spaces",
    "/spaces/{space_id}",
    "/spaces/{space_id}/members",
    "/spaces/{space_id}/invitations",
    "/trash",
    "/notifications",
    "/gateway/health",
];

#[tokio::test]
async fn the_examples_work_and_live_answers_are_what_the_document_says() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let mut walk = Walk { document: document(), client: ada.clone(), ids: Vec::new() };
    walk.of_accounts().await;
    let clone = walk.sends("post", "/clones", 201).await;
    walk.ids.push(("clone_id", id(&clone)));
    walk.sends("patch", "/clones/{clone_id}", 200).await;
    walk.sends("patch", "/clones/{clone_id}/settings", 200).await;
    walk.sends("post", "/clones/{clone_id}/declarations", 201).await;
    walk.sends("put", "/clones/{clone_id}/state", 200).await;
    let memory = walk.sends("post", "/clones/{clone_id}/memories", 201).await;
    walk.ids.push(("memory_id", id(&memory)));
    walk.sends("patch", "/clones/{clone_id}/memories/{memory_id}", 200).await;
    walk.sends("post", "/clones/{clone_id}/memories/batch", 200).await;
    let person = walk.sends("post", "/clones/{clone_id}/people", 201).await;
    walk.ids.push(("person_id", id(&person)));
    walk.sends("patch", "/clones/{clone_id}/people/{person_id}", 200).await;
    let conversation = walk.sends("post", "/clones/{clone_id}/conversations", 201).await;
    walk.ids.push(("conversation_id", id(&conversation)));
    walk.sends("patch", "/conversations/{conversation_id}", 200).await;
    let said = walk.sends("post", "/conversations/{conversation_id}/messages", 201).await;
    assert!(said["message"]["citations"][0].is_object(), "the example is answered: {said}");
    walk.ids.push(("message_id", id(&said["message"])));
    let answer = "/conversations/{conversation_id}/messages/{message_id}";
    walk.sends("put", &format!("{answer}/feedback"), 200).await;
    walk.sends("post", "/clones/{clone_id}/chat", 201).await;
    let link = walk.sends("post", "/clones/{clone_id}/share-links", 201).await;
    let proof = format!("Share {}", text(&link["token"]));
    let welcome = walk.client.get("/share").header("authorization", &proof).await.is(200);
    walk.checked("get", "/share", 200, welcome);
    let told = json!({
        "do": "tell", "email": "admin@example.org", "topic": "new_device", "detail": "Firefox",
    });
    assert_eq!(server.operate(told).await.0, 200);
    let clone = id(&clone);
    ada.remember(&clone, "Without a date.").await;
    let gone = ada.remember(&clone, "Gone.").await;
    ada.delete(&format!("/clones/{clone}/memories/{}", id(&gone))).await.is(204);
    for template in LISTED {
        walk.reads(template, "").await;
    }
    walk.reads("/clones/{clone_id}/search", "?q=dance").await;
}

#[tokio::test]
async fn live_answers_about_factors_are_what_the_document_says() {
    let origin = "https://memoria.example";
    let server = Server::with(&[("CLONEMEMORIA_SERVER_PUBLIC_URL", origin)]).await;
    let mut walk = Walk { document: document(), client: server.admin().await, ids: Vec::new() };
    let empty = || json!({});
    // What changes factors hands out what goes on.
    let go_on = |walk: &mut Walk, session: &Value| {
        walk.client = server.client().with_token(&text(&session["access_token"]));
    };
    let path = "/auth/passkeys/register/start";
    let question = walk.client.post(path, empty()).await.is(200);
    walk.checked("post", path, 200, question.clone());
    let mut key = Passkey::made_for(&question, origin);
    let credential = key.introduces_itself(&question);
    let body = json!({"id": question["id"], "label": "Phone", "credential": credential});
    let path = "/auth/passkeys/register/finish";
    let made = walk.client.post(path, body).await.is(201);
    walk.checked("post", path, 201, made.clone());
    go_on(&mut walk, &made["session"]);
    walk.ids.push(("passkey_id", id(&made["passkey"])));
    walk.sends("patch", "/auth/passkeys/{passkey_id}", 200).await;
    let path = "/auth/passkeys/login/start";
    let question = walk.client.post(path, empty()).await.is(200);
    walk.checked("post", path, 200, question.clone());
    let path = "/auth/passkeys/login/finish";
    let session = walk.client.post(path, key.answers(&question)).await.is(200);
    walk.checked("post", path, 200, session);
    walk.reads("/auth/factors", "").await;
    let path = walk.path("/auth/passkeys/{passkey_id}");
    let session = walk.client.delete(&path).await.is(200);
    go_on(&mut walk, &session);
    walk.checked("delete", "/auth/passkeys/{passkey_id}", 200, session);

    let secret = walk.client.post("/auth/totp", empty()).await.is(200);
    walk.checked("post", "/auth/totp", 200, secret.clone());
    let code = json!({"code": App::holding(&secret["secret"]).code(0)});
    let done = walk.client.post("/auth/totp/confirm", code).await.is(200);
    walk.checked("post", "/auth/totp/confirm", 200, done.clone());
    go_on(&mut walk, &done["session"]);
    let path = "/auth/totp/recovery-codes";
    let codes = walk.client.post(path, empty()).await.is(200);
    walk.checked("post", path, 200, codes);
    let session = walk.client.delete("/auth/totp").await.is(200);
    walk.checked("delete", "/auth/totp", 200, session);
}

#[tokio::test]
async fn the_events_of_a_stream_are_of_their_documented_form() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    ada.remember(&clone, "We swam in the lake.").await;
    let document = document();
    let stream = "/paths/~1clones~1{clone_id}~1chat/post/responses/200/content/text~1event-stream";
    let schema = &document.pointer(stream).unwrap()["schema"]["x-event-data"];
    let conversation = ada.converse(&clone).await;
    let events = ada.say_streaming(&conversation, "Where did you swim?").await;
    let mut seen = BTreeSet::new();
    for event in events.rest().await {
        if let Err(fault) = fits(&document, schema, &event.data, "") {
            panic!("{}: {fault}\n{}", event.name, event.data);
        }
        seen.insert(event.name);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["delta", "done", "sources", "start"]);
}

/// Fails unless an answer is of the form that the document says.
#[track_caller]
pub fn is_documented(verb: &str, path: &str, status: u16, body: &Value) {
    let document = document();
    let response = &document["paths"][path][verb]["responses"][status.to_string()];
    let schema = &response["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{verb} {path} {status} is not documented");
    if let Err(fault) = fits(&document, schema, body, "") {
        panic!("{verb} {path} {status}: {fault}\n{body}");
    }
}

/// Whether a value is of the form that a schema describes; what it does not describe is refused.
fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(&reference[1..]).expect("checked elsewhere");
        return fits(document, target, value, at);
    }
    if let Some(all) = schema["allOf"].as_array() {
        return all.iter().try_for_each(|schema| fits(document, schema, value, at));
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(any) = schema[choice].as_array() {
            let good = any.iter().any(|schema| fits(document, schema, value, at).is_ok());
            return if good { Ok(()) } else { Err(format!("{at}: none of {choice}")) };
        }
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let whole = name == "integer" && types.contains(&"number");
    if !types.contains(&name) && !whole {
        return Err(format!("{at}: {name}, not {types:?}"));
    }
    if let (Some(words), Some(word)) = (schema["enum"].as_array(), value.as_str())
        && !words.iter().any(|known| known == word)
    {
        return Err(format!("{at}: {word} is not one of {words:?}"));
    }
    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
        fits(document, &schema["items"], item, &format!("{at}/{i}"))?;
    }
    let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) else {
        return Ok(());
    };
    for required in schema["required"].as_array().into_iter().flatten() {
        if !fields.contains_key(required.as_str().unwrap_or_default()) {
            return Err(format!("{at}: {required} is missing"));
        }
    }
    for (field, value) in fields {
        let Some(schema) = known.get(field) else {
            return Err(format!("{at}: {field} is not documented"));
        };
        fits(document, schema, value, &format!("{at}/{field}"))?;
    }
    Ok(())
}
