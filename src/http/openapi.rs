//! The document of the API: what poem-openapi writes, made true and brought to version 3.1.
//!
//! poem-openapi writes 3.0, says nothing of `null`, of unknown fields or of problems, and
//! puts a charset into media types. All of that is added here, once, at start.

mod examples;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::listing::{MOST, USUAL};
use super::problem::SHARED;

/// The schema that problem answers refer to.
const PROBLEM: &str = "#/components/schemas/Problem";

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Turns what `OpenApiService::spec()` says into the document that is published. Something
/// that is not a document gives an empty one; a test of the caller's would notice.
pub fn document(raw: &str, base_path: &str, version: &str) -> Value {
    let mut document: Value = serde_json::from_str(raw).unwrap_or_else(|_| json!({}));
    let sent = reachable(&document, "requestBody");
    let shown = reachable(&document, "responses");
    walk(&mut document, &mut modernise);
    for (name, schema) in map(&mut document, "/components/schemas") {
        let (sent, shown) = (sent.contains(name), shown.contains(name));
        complete(schema, Use { sent, shown });
    }
    let examples = examples::all();
    for (path, item) in map(&mut document, "/paths") {
        let versioned = has_version(item);
        for method in METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                describe(operation, path, versioned && matches!(method, "patch" | "delete"));
                examples::show(operation, &examples);
            }
        }
    }
    head(&mut document, base_path, version);
    components(&mut document);
    document
}

/// Where a schema is used.
#[derive(Clone, Copy)]
struct Use {
    sent: bool,
    shown: bool,
}

fn map<'d>(
    document: &'d mut Value,
    pointer: &str,
) -> impl Iterator<Item = (&'d String, &'d mut Value)> {
    document.pointer_mut(pointer).and_then(Value::as_object_mut).into_iter().flatten()
}

/// The names of all schemas that can be reached from one side of the operations.
fn reachable(document: &Value, side: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    for operation in paths.filter_map(|(_, item)| item.as_object()).flatten() {
        references(operation.1.get(side).unwrap_or(&Value::Null), &mut open);
    }
    while let Some(name) = open.pop() {
        let schema = document.pointer(&format!("/components/schemas/{name}"));
        if found.insert(name) {
            references(schema.unwrap_or(&Value::Null), &mut open);
        }
    }
    found
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value.as_str().and_then(|text| text.strip_prefix("#/components/schemas/")) {
                    Some(name) if key == "$ref" => found.push(name.to_owned()),
                    _ => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// Visits every object, the inner ones first, but not what examples and defaults say.
fn walk(value: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                if !matches!(&**key, "example" | "examples" | "default" | "enum") {
                    walk(value, visit);
                }
            }
            visit(object);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        _ => {}
    }
}

/// From the words of 3.0 to those of 3.1.
fn modernise(object: &mut Map<String, Value>) {
    if object.get("nullable") == Some(&json!(true)) {
        object.remove("nullable");
        let schema = Value::Object(std::mem::take(object));
        if let Value::Object(schema) = or_null(schema) {
            *object = schema;
        }
    }
    for (bound, exclusive) in [("maximum", "exclusiveMaximum"), ("minimum", "exclusiveMinimum")] {
        if object.get(exclusive) == Some(&json!(true)) {
            object.remove(exclusive);
            if let Some(value) = object.remove(bound) {
                object.insert(exclusive.to_owned(), value);
            }
        }
        // Bounds are kept as floating-point numbers; generators want `1`, not `1.0`.
        if let Some(whole) = object.get(bound).and_then(whole) {
            object.insert(bound.to_owned(), json!(whole));
        }
    }
    // A property may have this name; a schema's example is no object with a type.
    let schema = object.contains_key("type") || object.contains_key("$ref");
    let example = object.get("example").filter(|example| example.get("type").is_none());
    if let Some(example) = example.filter(|_| schema) {
        let examples = json!([example]);
        object.remove("example");
        object.insert("examples".to_owned(), examples);
    }
    if let Some(Value::Object(content)) = object.get_mut("content") {
        let bare = |(key, value): (String, Value)| {
            (key.split(';').next().unwrap_or_default().trim().to_owned(), value)
        };
        *content = std::mem::take(content).into_iter().map(bare).collect();
    }
}

#[expect(clippy::cast_possible_truncation, reason = "bounds are small whole numbers")]
fn whole(value: &Value) -> Option<i64> {
    let number = value.as_f64()?;
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// A schema that also accepts `null`.
fn or_null(mut schema: Value) -> Value {
    match schema.get("type") {
        Some(Value::String(name)) => {
            let types = json!([name, "null"]);
            if let Some(Value::Array(variants)) = schema.get_mut("enum") {
                variants.push(Value::Null);
            }
            schema["type"] = types;
            schema
        }
        Some(_) => schema,
        // Anything at all includes null.
        None if schema.as_object().is_some_and(Map::is_empty) => schema,
        None => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}

/// Says which fields are always there, which may be `null`, and that there are no others.
fn complete(schema: &mut Value, uses: Use) {
    let Some(schema) = schema.as_object_mut() else { return };
    let required: BTreeSet<String> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (name, property) in properties.iter_mut() {
        // A field with a default is left out or given, but never null.
        if !required.contains(name) && property.get("default").is_none() {
            *property = or_null(property.take());
        }
    }
    let all: Vec<_> = properties.keys().cloned().collect();
    if uses.shown && !uses.sent {
        schema.insert("required".to_owned(), json!(all));
    }
    if uses.sent && !uses.shown && !schema.contains_key("additionalProperties") {
        schema.insert("additionalProperties".to_owned(), json!(false));
    }
}

/// A scope follows the name of its scheme after a colon.
fn scope(operation: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = operation.get_mut("security") else { return };
    for choice in choices {
        let Some(name) = choice.as_object().and_then(|schemes| schemes.keys().next()) else {
            continue;
        };
        if let Some((scheme, scope)) = name.split_once(':') {
            *choice = json!({scheme: [scope]});
        }
    }
}

/// The operations that are done once for each `Idempotency-Key`. Others make nothing a second
/// time anyway, or answer with a token that is shown once.
const ONCE: [&str; 12] = [
    "chat",
    "create_api_key",
    "create_clone",
    "create_conversation",
    "create_memories",
    "create_memory",
    "add_attachment",
    "create_person",
    "create_share_link",
    "create_space",
    "invite",
    "say",
];

/// Whether what is at a path has a version: then it can be changed, and thrown away, from the
/// version that one knows.
fn has_version(item: &Value) -> bool {
    item.pointer("/patch/responses/200/headers/ETag").is_some_and(Value::is_object)
}

/// `guarded`: whether the operation heeds `If-Match`.
fn describe(operation: &mut Map<String, Value>, path: &str, guarded: bool) {
    scope(operation);
    super::consents::declare(operation);
    let named = operation.get("operationId").and_then(Value::as_str).map(str::to_owned);
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Some(parameters) = parameters.as_array_mut() {
        parameters.iter_mut().for_each(bound_lists);
        let named = named.as_deref().unwrap_or_default();
        if guarded {
            parameters.push(json!({"$ref": "#/components/parameters/IfMatch"}));
        }
        if ONCE.contains(&named) {
            parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
        }
    }
    let open = operation.get("security").and_then(Value::as_array).is_none_or(Vec::is_empty);
    let has_body = operation.contains_key("requestBody");
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let Some(responses) = responses.as_object_mut() else { return };
    for response in responses.values_mut() {
        if response.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
            response["description"] = json!("What was asked for.");
        }
        document_stream(response);
        if path.ends_with("/export") {
            document_file(response, path);
        }
    }
    for (status, _) in SHARED {
        let applies = match status {
            401 | 403 => !open,
            404 => path.contains('{'),
            413 => has_body,
            409 | 422 => has_body || path.contains('{'),
            _ => true,
        };
        if applies {
            let reference = json!({"$ref": format!("#/components/responses/Problem{status}")});
            responses.entry(status.to_string()).or_insert(reference);
        }
    }
    let other = json!({"$ref": "#/components/responses/Problem"});
    responses.entry("default").or_insert(other);
}

fn bound_lists(parameter: &mut Value) {
    let listing = parameter["in"] == "query" && parameter["name"] == "limit";
    if listing && parameter["schema"].get("maximum").is_none() {
        parameter["schema"]["minimum"] = json!(1);
        parameter["schema"]["maximum"] = json!(MOST);
        parameter["schema"]["default"] = json!(USUAL);
    }
}

/// The file is of the kind that was asked for.
fn document_file(response: &mut Value, path: &str) {
    if let Some(Value::Object(content)) = response.get_mut("content") {
        if path.starts_with("/conversations") {
            content.insert("text/markdown".to_owned(), json!({"schema": {"type": "string"}}));
        }
        content.insert("application/json".to_owned(), json!({"schema": {"type": "object"}}));
    }
}

/// 3.1 has no word for the events of a stream; the sentence says what they are.
fn document_stream(response: &mut Value) {
    let Some(stream) = response.pointer_mut("/content/text~1event-stream") else { return };
    let event = stream["schema"].take();
    *stream = json!({
        "schema": {
            "x-event-data": event,
            "description": "Server-sent events. Each has `event`, `id` and one line of JSON as \
                `data`; a comment every 15 s keeps proxies awake; `shutdown` means to come back.",
        },
        "examples": {
            "delta": {"value": "id: 3\nevent: delta\ndata: {\"text\":\"Once\"}\n\n"},
        },
    });
}

fn head(document: &mut Value, base_path: &str, version: &str) {
    let base_path = base_path.trim_end_matches('/');
    document["openapi"] = json!("3.1.0");
    document["info"]["title"] = json!("CloneMemoria");
    document["info"]["version"] = json!(version);
    document["info"]["license"] = json!({"name": "Apache-2.0", "identifier": "Apache-2.0"});
    document["servers"] = json!([{"url": format!("{base_path}/api/v1")}]);
}

fn components(document: &mut Value) {
    let parts = &mut document["components"];
    let text = json!({"type": "string"});
    parts["schemas"]["ProblemField"] = json!({
        "type": "object",
        "required": ["pointer", "code", "detail"],
        "properties": {"pointer": text, "code": text, "detail": text},
    });
    parts["schemas"]["Problem"] = json!({
        "type": "object",
        "description": "Problem details as of RFC 9457.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": text, "title": text, "status": {"type": "integer"}, "detail": text,
            "code": {"type": "string", "description": "A stable word for programs."},
            "request_id": text,
            "errors": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/ProblemField"},
            },
            "consent": {
                "type": "string",
                "description": "The consent that is missing, where the code is `consent_required`.",
            },
        },
    });
    let content = json!({"application/problem+json": {"schema": {"$ref": PROBLEM}}});
    for (status, description) in SHARED {
        let mut response = json!({"description": description, "content": content});
        if matches!(status, 429 | 503 | 507) {
            let seconds = json!({"description": "Seconds to wait.", "schema": {"type": "integer"}});
            response["headers"] = json!({"Retry-After": seconds});
        }
        parts["responses"][format!("Problem{status}")] = response;
    }
    let other = json!({"description": "Something else went wrong.", "content": content});
    parts["responses"]["Problem"] = other;
    for (key, name, description) in [
        ("IfMatch", "If-Match", "The `ETag` that was read; a 412 when it is not current."),
        ("IdempotencyKey", "Idempotency-Key", "Makes it safe to send the request again."),
    ] {
        parts["parameters"][key] = json!({
            "name": name, "in": "header", "required": false,
            "description": description, "schema": text,
        });
    }
    security(&mut parts["securitySchemes"]);
}

fn security(schemes: &mut Value) {
    for (name, scheme) in [
        ("bearer", json!({"type": "http", "scheme": "bearer"})),
        ("api_key", json!({"type": "apiKey", "in": "header", "name": "X-API-Key"})),
        ("session", json!({"type": "apiKey", "in": "cookie", "name": "__Host-cm_sid"})),
        (
            "share",
            json!({
                "type": "apiKey", "in": "header", "name": "Authorization",
                "description": "`Share ` and the token of a share link.",
            }),
        ),
    ] {
        schemes[name] = scheme;
    }
}

#[cfg(test)]
#[path = "openapi_tests.rs"]
mod tests;
