//! What bodies can have in them, as the document of the API says.

use serde_json::{Map, Value, json};

/// An object that a body is or holds: where, and the names of its properties.
#[derive(Clone, Debug)]
pub struct Object {
    pub pointer: String,
    pub names: Vec<String>,
}

fn resolved<'d>(document: &'d Value, mut schema: &'d Value) -> &'d Value {
    while let Some(reference) = schema["$ref"].as_str() {
        schema = document.pointer(reference.trim_start_matches('#')).expect("a schema");
    }
    schema
}

/// Every object in what a schema describes.
pub fn objects(document: &Value, schema: &Value) -> Vec<Object> {
    let mut found = Vec::new();
    walk(document, schema, String::new(), &mut found);
    found
}

fn walk(document: &Value, schema: &Value, pointer: String, found: &mut Vec<Object>) {
    assert!(pointer.matches('/').count() < 12, "a body without an end: {pointer}");
    let schema = resolved(document, schema);
    for way in ["allOf", "anyOf", "oneOf"] {
        for part in schema[way].as_array().into_iter().flatten() {
            walk(document, part, pointer.clone(), found);
        }
    }
    if let Some(items) = schema.get("items") {
        walk(document, items, format!("{pointer}/0"), found);
    }
    if let Some(properties) = schema["properties"].as_object() {
        found
            .push(Object { pointer: pointer.clone(), names: properties.keys().cloned().collect() });
        for (name, property) in properties {
            walk(document, property, format!("{pointer}/{name}"), found);
        }
    }
}

/// Places of bodies of which the document says nothing: what a browser's passkey and another
/// program put there, and memories of a batch, each of which is read on its own.
const UNDESCRIBED: [&str; 3] = ["credential", "metadata", "0"];

/// Every object in the body that an operation takes.
pub fn taken(document: &Value, operation: &Value) -> Vec<Object> {
    let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") else {
        return Vec::new();
    };
    let (mut all, mut undescribed) = (objects(document, schema), Vec::new());
    dark(document, schema, String::new(), &mut undescribed);
    for place in undescribed {
        let name = place.rsplit('/').next().expect("a name");
        assert!(UNDESCRIBED.contains(&name), "{}{place} is anything", operation["operationId"]);
        if name == "0" {
            let one = "/paths/~1clones~1{clone_id}~1memories/post";
            let one = taken(document, document.pointer(one).expect("a memory alone"));
            all.extend(
                one.into_iter().map(|object| Object {
                    pointer: format!("{place}{}", object.pointer),
                    ..object
                }),
            );
        }
    }
    all
}

/// The places of which a schema says nothing at all.
fn dark(document: &Value, schema: &Value, pointer: String, found: &mut Vec<String>) {
    let schema = resolved(document, schema);
    let ways = ["allOf", "anyOf", "oneOf"];
    let said = ["type", "properties", "items", "enum"].iter().chain(&ways);
    if !said.into_iter().any(|word| schema.get(word).is_some()) {
        found.push(pointer);
        return;
    }
    // A reference stands beside the words about it.
    for way in ways {
        let parts = schema[way].as_array().into_iter().flatten();
        let is_words = |part: &&Value| {
            part.as_object().is_some_and(|part| part.keys().all(|key| key == "description"))
        };
        let all: Vec<_> = parts.collect();
        let kept = all.iter().filter(|part| all.len() == 1 || way != "allOf" || !is_words(part));
        for part in kept {
            dark(document, part, pointer.clone(), found);
        }
    }
    if let Some(items) = schema.get("items") {
        dark(document, items, format!("{pointer}/0"), found);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        dark(document, property, format!("{pointer}/{name}"), found);
    }
}

/// A body with a value at a place, whatever is missing on the way there made up.
pub fn planted(mut body: Value, pointer: &str, value: Value) -> Value {
    let mut at = &mut body;
    for name in pointer.split('/').skip(1) {
        if name == "0" {
            if at.as_array().is_none_or(Vec::is_empty) {
                *at = json!([{}]);
            }
            at = &mut at[0];
        } else {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            at = &mut at[name];
        }
    }
    *at = value;
    body
}
