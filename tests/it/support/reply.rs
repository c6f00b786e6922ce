//! An answer, looked at closely: what must hold for every one is checked for every one.

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Bytes,
    /// What was asked, for messages.
    pub asked: String,
}

impl Reply {
    /// Checks what holds for every answer.
    pub fn check(self, head: bool) -> Self {
        let what = format!("{} → {}: {}", self.asked, self.status, self.text());
        assert_ne!(self.status, 500, "{what}");
        assert!(self.header("x-request-id").is_some(), "no request id: {what}");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{what}");
        assert!(self.header("content-security-policy").is_some(), "{what}");
        if self.status >= 400 && !head {
            assert_eq!(self.header("content-type"), Some("application/problem+json"), "{what}");
            let body = self.json();
            assert_eq!(body["status"], self.status, "{what}");
            for field in ["type", "title", "detail", "code"] {
                assert!(body[field].is_string(), "no {field}: {what}");
            }
            assert_eq!(body["request_id"].as_str(), self.header("x-request-id"), "{what}");
        }
        self
    }

    /// A header, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body, null when there is none.
    pub fn json(&self) -> Value {
        if self.bytes.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.text()))
    }

    /// The code of a problem, if it is one.
    pub fn code(&self) -> Option<String> {
        let problem = self.header("content-type") == Some("application/problem+json");
        problem.then(|| self.json()["code"].as_str().map(str::to_owned)).flatten()
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        self.json()
    }

    /// The problem of a refusal with this status and code.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        let asked = self.asked.clone();
        let body = self.is(status);
        assert_eq!(body["code"], code, "{asked}: {body}");
        body
    }

    /// A 422 that names exactly these places.
    #[track_caller]
    pub fn invalid(self, pointers: &[&str]) -> Value {
        let asked = self.asked.clone();
        let body = self.problem(422, "invalid");
        let named: Vec<&str> = body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|field| field["pointer"].as_str())
            .collect();
        assert_eq!(named, pointers, "{asked}: {body}");
        body
    }
}

/// One event of a stream.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// What it says.
    pub data: Value,
}

/// A stream of events; dropping it leaves.
pub struct Events {
    body: Incoming,
    buffer: String,
    rest: Vec<u8>,
}

impl Events {
    pub(super) fn new(body: Incoming) -> Self {
        Self { body, buffer: String::new(), rest: Vec::new() }
    }

    /// The next event, nothing at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                if let Some(event) = parsed(&block) {
                    return Some(event);
                }
                continue;
            }
            let frame = tokio::time::timeout(super::PATIENCE, self.body.frame()).await;
            let frame = frame.expect("an event or an end")?.expect("a stream that is not cut");
            self.rest.extend_from_slice(frame.data_ref()?);
            let good = match std::str::from_utf8(&self.rest) {
                Ok(text) => text.len(),
                Err(error) => error.valid_up_to(),
            };
            let whole: Vec<u8> = self.rest.drain(..good).collect();
            self.buffer.push_str(std::str::from_utf8(&whole).expect("checked"));
        }
    }

    /// Everything that still comes.
    pub async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn parsed(block: &str) -> Option<Event> {
    let field = |name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let name = field("event:")?;
    let id = field("id:").map(|id| id.parse().expect("an integer as id"));
    assert!(id.is_some() || name == "shutdown", "an event without id: {block}");
    let data = serde_json::from_str(&field("data:")?).expect("JSON as data");
    Some(Event { id: id.unwrap_or_default(), name, data })
}

/// The text that the deltas of events come to.
pub fn deltas(events: &[Event]) -> String {
    let deltas = events.iter().filter(|event| event.name == "delta");
    deltas.map(|event| event.data["text"].as_str().expect("text")).collect()
}
