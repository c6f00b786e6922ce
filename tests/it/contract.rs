//! The document says what the server does, and the copy in the repository says the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::client::{id, text};
use crate::support::command::run;
use crate::support::server::Server;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn document() -> Value {
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
        assert!(responses.keys().any(|status| status.starts_with('2')), "{what}: no success");
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

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a walk through the calls")]
async fn live_answers_are_what_the_document_says() {
    let document = document();
    let server = Server::start().await;
    let says = |verb: &str, path: &str, status: u16, body: &Value| {
        let response = &document["paths"][path][verb]["responses"][status.to_string()];
        let content = response["content"].as_object();
        let content = content.unwrap_or_else(|| panic!("{verb} {path} {status} has no content"));
        let json = content.iter().find(|(media, _)| media.starts_with("application/json"));
        let schema = &json.unwrap_or_else(|| panic!("{verb} {path}: no JSON")).1["schema"];
        if let Err(fault) = fits(&document, schema, body, "") {
            panic!("{verb} {path} {status}: {fault}\n{body}");
        }
    };
    let setup = server.client().get("/setup").await.is(200);
    says("get", "/setup", 200, &setup);
    let ada = server.admin().await;
    let clone = ada.post("/clones", json!({"name": "Maria", "born": "1921"})).await.is(201);
    says("post", "/clones", 201, &clone);
    let clone = id(&clone);
    let memory = json!({"content": "We swam in the lake.", "occurred_at": "1971-08", "title": "L"});
    let memory = ada.remember_as(&clone, memory).await;
    says("post", "/clones/{clone_id}/memories", 201, &memory);
    ada.remember(&clone, "Without a date.").await;
    let change = json!({"title": "Lake"});
    let path = format!("/clones/{clone}/memories/{}", id(&memory));
    let changed = ada.patch(&path, change).await.is(200);
    says("patch", "/clones/{clone_id}/memories/{memory_id}", 200, &changed);
    let batch = json!({"memories": [{"content": "x"}, {"content": ""}]});
    let batch = ada.post(&format!("/clones/{clone}/memories/batch"), batch).await.is(200);
    says("post", "/clones/{clone_id}/memories/batch", 200, &batch);
    let person = ada.post(&format!("/clones/{clone}/people"), json!({"name": "Anna"})).await;
    says("post", "/clones/{clone_id}/people", 201, &person.is(201));
    let question = json!({"content": "Where was the lake you swam in?"});
    let chat = ada.post(&format!("/clones/{clone}/chat"), question).await.is(201);
    says("post", "/clones/{clone_id}/chat", 201, &chat);
    let conversation = text(&chat["message"]["conversation_id"]);
    let gone = ada.remember(&clone, "Gone.").await;
    ada.delete(&format!("/clones/{clone}/memories/{}", id(&gone))).await.is(204);
    let reads = [
        ("/auth/me", "/auth/me".to_owned()),
        ("/auth/me/consent", "/auth/me/consent".to_owned()),
        ("/clones", "/clones".to_owned()),
        ("/clones/{clone_id}", format!("/clones/{clone}")),
        ("/clones/{clone_id}/settings", format!("/clones/{clone}/settings")),
        ("/clones/{clone_id}/memories", format!("/clones/{clone}/memories")),
        ("/clones/{clone_id}/memories/{memory_id}", path.clone()),
        ("/clones/{clone_id}/memories/{memory_id}/revisions", format!("{path}/revisions")),
        ("/clones/{clone_id}/people", format!("/clones/{clone}/people")),
        ("/clones/{clone_id}/timeline", format!("/clones/{clone}/timeline")),
        ("/clones/{clone_id}/search", format!("/clones/{clone}/search?q=lake")),
        ("/clones/{clone_id}/conversations", format!("/clones/{clone}/conversations")),
        ("/memories", "/memories".to_owned()),
        ("/conversations", "/conversations".to_owned()),
        ("/conversations/{conversation_id}", format!("/conversations/{conversation}")),
        (
            "/conversations/{conversation_id}/messages",
            format!("/conversations/{conversation}/messages"),
        ),
        ("/spaces", "/spaces".to_owned()),
        ("/trash", "/trash".to_owned()),
        ("/gateway/health", "/gateway/health".to_owned()),
    ];
    for (template, path) in reads {
        let body = ada.get(&path).await.is(200);
        let items = body["items"].as_array().or_else(|| body["hits"].as_array());
        assert!(items.is_none_or(|items| !items.is_empty()), "{path} shows nothing to check");
        says("get", template, 200, &body);
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
