//! An example of every body, from `openapi/examples.json`: requests that work and what the
//! server answered. The black-box tests send them and compare.

use serde_json::{Map, Value};

const EXAMPLES: &str = include_str!("../../../openapi/examples.json");

/// All examples, by operation id. A file that is not JSON gives none; the tests would notice.
pub(super) fn all() -> Map<String, Value> {
    serde_json::from_str(EXAMPLES).unwrap_or_default()
}

/// Shows an operation's example, if it has one.
pub(super) fn show(operation: &mut Map<String, Value>, examples: &Map<String, Value>) {
    let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
    let Some(example) = examples.get(id) else { return };
    if let Some(body) = operation.get_mut("requestBody") {
        show_in(body, example.get("request"));
    }
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    for (status, response) in responses.into_iter().flatten() {
        if status.starts_with('2') {
            show_in(response, example.get("response"));
        }
    }
}

fn show_in(part: &mut Value, example: Option<&Value>) {
    let media = part.pointer_mut("/content/application~1json").and_then(Value::as_object_mut);
    if let (Some(media), Some(example)) = (media, example) {
        media.insert("example".to_owned(), example.clone());
    }
}
