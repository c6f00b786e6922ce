//! A client: one connection a request, everything visible, nothing repeated.

use std::collections::BTreeSet;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::reply::{Events, Reply};
use super::{PATIENCE, quoted};

/// What was sent, to look for in the log.
pub type Sent = Arc<Mutex<BTreeSet<String>>>;

/// Somebody who asks.
#[derive(Clone)]
pub struct Client {
    pub(super) address: SocketAddr,
    pub(super) base: String,
    pub(super) token: Option<String>,
    pub(super) sent: Sent,
}

/// A request that is being put together; awaiting it sends it.
#[must_use]
pub struct Ask {
    address: SocketAddr,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    sent: Sent,
}

impl Client {
    /// The same, signed in by this token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same, outside the base path.
    pub fn outside(&self) -> Self {
        Self { base: String::new(), ..self.clone() }
    }

    /// The access token.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("signed in")
    }

    /// Asks for a path of the API.
    pub fn ask(&self, method: Method, path: &str) -> Ask {
        self.ask_outside(method, &format!("/api/v1{path}"))
    }

    /// Asks for a path beside the API.
    pub fn ask_outside(&self, method: Method, path: &str) -> Ask {
        let proof = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let proof = proof.map(|proof| ("authorization".to_owned(), proof));
        let host = ("host".to_owned(), self.address.to_string());
        Ask {
            address: self.address,
            method,
            path: format!("{}{path}", self.base),
            headers: std::iter::once(host).chain(proof).collect(),
            body: Bytes::new(),
            sent: Arc::clone(&self.sent),
        }
    }

    /// `GET` of the API.
    pub fn get(&self, path: &str) -> Ask {
        self.ask(Method::GET, path)
    }

    /// `DELETE` of the API.
    pub fn delete(&self, path: &str) -> Ask {
        self.ask(Method::DELETE, path)
    }

    /// `POST` of the API.
    pub fn post(&self, path: &str, body: Value) -> Ask {
        self.ask(Method::POST, path).json(&body)
    }

    /// `PATCH` of the API.
    pub fn patch(&self, path: &str, body: Value) -> Ask {
        self.ask(Method::PATCH, path).json(&body)
    }

    /// `PUT` of the API.
    pub fn put(&self, path: &str, body: Value) -> Ask {
        self.ask(Method::PUT, path).json(&body)
    }

    /// `GET` beside the API.
    pub fn page(&self, path: &str) -> Ask {
        self.ask_outside(Method::GET, path)
    }

    /// Makes a clone of a made-up character, for whom nobody has to vouch.
    pub async fn new_clone(&self, name: &str) -> String {
        let body = json!({"name": name, "subject": "fictional"});
        id(&self.post("/clones", body).await.is(201))
    }

    /// What contributors write for a clone is in at once.
    pub async fn opens(&self, clone: &str) {
        let open = json!({"contributions": "open"});
        self.patch(&format!("/clones/{clone}/settings"), open).await.is(200);
    }

    /// Makes a clone of oneself or of somebody who has died, vouches for it, and then opens it
    /// as its body says.
    pub async fn new_vouched(&self, body: Value) -> String {
        let (wanted, mut body) = (json!({"visibility": body["visibility"]}), body);
        body["visibility"] = json!("private");
        let clone = id(&self.post("/clones", body.clone()).await.is(201));
        self.vouches(&clone, &text(&body["subject"])).await;
        self.patch(&format!("/clones/{clone}"), wanted).await.is(200);
        clone
    }

    /// Says that a clone is of oneself (`self`), or of somebody close who has died (`deceased`).
    pub async fn vouches(&self, clone: &str, subject: &str) -> Value {
        let stands = self.get(&format!("/clones/{clone}/standing")).await.is(200);
        let texts = stands["texts"].as_array().expect("texts");
        let shown = texts.iter().find(|shown| shown["subject"] == subject).expect("a text");
        let body = json!({
            "subject": subject, "text_sha256": shown["text_sha256"],
            "relation": "aunt", "own_words": "We lived in one house.",
        });
        self.post(&format!("/clones/{clone}/declarations"), body).await.is(201)
    }

    /// Writes a memory down.
    pub async fn remember(&self, clone: &str, content: &str) -> Value {
        self.remember_as(clone, json!({"content": content})).await
    }

    /// Writes a memory down.
    pub async fn remember_as(&self, clone: &str, memory: Value) -> Value {
        self.post(&format!("/clones/{clone}/memories"), memory).await.is(201)
    }

    /// Adds a file to a memory.
    pub fn attach(&self, clone: &str, memory: &str, name: &str, media: &str, bytes: &[u8]) -> Ask {
        let path = format!("/clones/{clone}/memories/{memory}/attachments");
        self.ask(Method::POST, &path).form(name, media, bytes, None)
    }

    /// What a search finds; `more` continues the query string.
    pub async fn search(&self, clone: &str, question: &str, more: &str) -> Vec<Value> {
        let path = format!("/clones/{clone}/search?q={}{more}", quoted(question));
        let found = self.get(&path).await.is(200);
        found["hits"].as_array().expect("hits").clone()
    }

    /// The contents of what a search finds.
    pub async fn finds(&self, clone: &str, question: &str, more: &str) -> Vec<String> {
        self.search(clone, question, more).await.iter().map(|hit| text(&hit["text"])).collect()
    }

    /// Comes into a space by an invitation that somebody there makes.
    pub async fn joins(&self, maker: &Self, space: &str, role: &str) {
        let path = format!("/spaces/{space}/invitations");
        let made = maker.post(&path, json!({"role": role})).await.is(201);
        self.post("/invitations/accept", json!({"token": made["token"]})).await.is(200);
    }

    /// Begins a conversation.
    pub async fn converse(&self, clone: &str) -> String {
        id(&self.post(&format!("/clones/{clone}/conversations"), json!({})).await.is(201))
    }

    /// Says something and waits for the answer; question and answer.
    pub async fn say(&self, conversation: &str, content: &str) -> (Value, Value) {
        let path = format!("/conversations/{conversation}/messages");
        let said = self.post(&path, json!({"content": content})).await.is(201);
        (said["user_message"].clone(), said["message"].clone())
    }

    /// Says something and follows the answer.
    pub async fn say_streaming(&self, conversation: &str, content: &str) -> Events {
        let path = format!("/conversations/{conversation}/messages");
        self.post(&path, json!({"content": content})).events().await
    }

    /// All messages of a conversation, oldest first.
    pub async fn messages(&self, conversation: &str) -> Vec<Value> {
        let path = format!("/conversations/{conversation}/messages?order=asc&limit=200");
        items(&self.get(&path).await.is(200))
    }
}

impl Ask {
    /// With a header; a second of the same name replaces the first.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        note(&self.sent, body);
        self.header("content-type", "application/json").bytes(body.to_string())
    }

    /// With a file in a form, and words in another field of it.
    pub fn form(self, name: &str, media: &str, bytes: &[u8], words: Option<(&str, &str)>) -> Self {
        const BOUNDARY: &str = "7kQ2-boundary-of-a-form";
        if let Some((_, words)) = words {
            note(&self.sent, &Value::String(words.to_owned()));
        }
        let mut body = Vec::new();
        if let Some((field, words)) = words {
            let head = format!("content-disposition: form-data; name=\"{field}\"\r\n\r\n");
            body.extend_from_slice(format!("--{BOUNDARY}\r\n{head}{words}\r\n").as_bytes());
        }
        let head = format!(
            "content-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             content-type: {media}\r\n\r\n"
        );
        body.extend_from_slice(format!("--{BOUNDARY}\r\n{head}").as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let media = format!("multipart/form-data; boundary={BOUNDARY}");
        self.header("content-type", &media).bytes(body)
    }

    /// With any body.
    pub fn bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it and gives the answer before its body.
    async fn begin(self) -> (Response<Incoming>, String) {
        let asked = format!("{} {}", self.method, self.path);
        if let Some(query) = self.path.split_once('?').map(|(_, query)| query) {
            for (_, value) in url::form_urlencoded::parse(query.as_bytes()) {
                note(&self.sent, &Value::String(value.into_owned()));
            }
        }
        let mut request = Request::builder().method(self.method).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(self.body)).expect("a request");
        let work = async {
            let stream = TcpStream::connect(self.address).await.expect("a server that listens");
            stream.set_nodelay(true).expect("a fresh socket");
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("http");
            tokio::spawn(connection);
            sender.send_request(request).await
        };
        let response = tokio::time::timeout(PATIENCE, work).await;
        let response = response.unwrap_or_else(|_| panic!("{asked}: no answer"));
        (response.unwrap_or_else(|error| panic!("{asked}: {error:?}")), asked)
    }

    async fn send(self) -> Reply {
        let head = self.method == Method::HEAD;
        let (response, asked) = self.begin().await;
        let (parts, body) = response.into_parts();
        let bytes = tokio::time::timeout(PATIENCE, body.collect()).await;
        let bytes = bytes.unwrap_or_else(|_| panic!("{asked}: half an answer"));
        let bytes = bytes.unwrap_or_else(|error| panic!("{asked}: {error:?}")).to_bytes();
        let (status, headers) = (parts.status.as_u16(), parts.headers);
        Reply { status, headers, bytes, asked }.check(head)
    }

    /// Sends it and fails without a panic, for servers that are killed meanwhile. Only a whole
    /// answer counts.
    pub async fn attempt(self) -> Option<Reply> {
        let stream = TcpStream::connect(self.address).await.ok()?;
        let asked = format!("{} {}", self.method, self.path);
        let mut request = Request::builder().method(self.method).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(self.body)).ok()?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        let (parts, body) = sender.send_request(request).await.ok()?.into_parts();
        let bytes = body.collect().await.ok()?.to_bytes();
        let (status, headers) = (parts.status.as_u16(), parts.headers);
        Some(Reply { status, headers, bytes, asked })
    }

    /// Sends it and follows the stream that comes.
    pub async fn events(self) -> Events {
        let (response, asked) = self.header("accept", "text/event-stream").begin().await;
        let media = response.headers().get("content-type").cloned();
        if response.status() != 200 || media.as_ref().is_none_or(|m| m != "text/event-stream") {
            let status = response.status();
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            panic!("{asked}: no stream but {status} {}", String::from_utf8_lossy(&body));
        }
        Events::new(response.into_body())
    }
}

impl IntoFuture for Ask {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Remembers what people wrote, so that the log can be searched for it. Words and identifiers
/// are in logs by right.
fn note(sent: &Sent, value: &Value) {
    match value {
        Value::String(text) => {
            let personal = text.contains(' ') || text.contains('@') || text.chars().count() > 40;
            let text: String = text.trim().chars().take(200).collect();
            if personal && text.len() >= 8 {
                sent.lock().expect("no panic").insert(text);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| note(sent, value)),
        Value::Object(fields) => fields.values().for_each(|value| note(sent, value)),
        _ => {}
    }
}

/// The identifier of a thing.
#[track_caller]
pub fn id(value: &Value) -> String {
    text(&value["id"])
}

/// A text that must be there.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The items of a list.
#[track_caller]
pub fn items(list: &Value) -> Vec<Value> {
    list["items"].as_array().unwrap_or_else(|| panic!("no list: {list}")).clone()
}

/// One field of each item.
pub fn each<'v>(items: &'v [Value], field: &str) -> Vec<&'v str> {
    items.iter().filter_map(|item| item[field].as_str()).collect()
}
