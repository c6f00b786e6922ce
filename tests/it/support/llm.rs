//! An upstream for tests and benchmarks: a real server on a real port that speaks OpenAI's
//! chat completions as told, or fails in every way that upstreams fail.
//!
//! What a request gets is an [`Act`]: the next one of the script, or the standing one when the
//! script is empty.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::upstream::accept;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// What a request gets.
#[derive(Clone, Debug)]
pub enum Act {
    /// A streamed answer.
    Answer(Answer),
    /// The whole answer as one JSON object, as servers send that do not stream.
    AtOnce(String),
    /// A status with a body; `Retry-After` in seconds.
    Status { status: u16, retry_after: Option<u64>, body: String },
    /// Silence from the start.
    HangBeforeHeaders,
    /// These bytes with status 200, whatever they are.
    Raw { content_type: &'static str, chunks: Vec<Bytes>, end: End },
}

/// A streamed answer, one event a token.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The tokens.
    pub tokens: Vec<String>,
    /// How long each token takes.
    pub pause: Duration,
    /// How the stream ends.
    pub end: End,
    /// Sends the stream in pieces of so many bytes, so that characters are cut in half.
    pub pieces_of: Option<usize>,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With finish reason, usage and `[DONE]`; a raw body just ends.
    Done,
    /// With finish reason and usage, but without `[DONE]`.
    WithoutDone,
    /// With `[DONE]` twice.
    DoneTwice,
    /// The connection closes in the middle.
    Cut,
    /// Nothing more comes, and the connection stays open.
    Hang,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The verb.
    pub method: Method,
    /// The path.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, null if it is not JSON.
    pub body: Value,
}

/// The server. Dropping it closes its port and every connection.
pub struct Llm {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    script: Mutex<VecDeque<Act>>,
    standing: Mutex<Act>,
    asked: watch::Sender<Vec<Asked>>,
    connections: AtomicUsize,
    abandoned: watch::Sender<usize>,
}

impl Answer {
    /// An answer in the given tokens, at full speed and with a proper end.
    pub fn of(tokens: &[&str]) -> Self {
        Self {
            tokens: tokens.iter().map(|&token| token.to_owned()).collect(),
            pause: Duration::ZERO,
            end: End::Done,
            pieces_of: None,
        }
    }

    /// The same with another end.
    pub fn ending(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// The same with a pause before each token.
    pub fn every(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    fn events(&self) -> Vec<Bytes> {
        let mut events: Vec<Bytes> =
            self.tokens.iter().map(|token| event(&delta(token, None))).collect();
        if matches!(self.end, End::Done | End::WithoutDone | End::DoneTwice) {
            let counted = json!({
                "prompt_tokens": 11, "completion_tokens": self.tokens.len(), "total_tokens": 0
            });
            let usage = json!({"id": "c", "choices": [], "usage": counted});
            events.extend([event(&delta("", Some("stop"))), event(&usage)]);
        }
        let done = match self.end {
            End::Done => 1,
            End::DoneTwice => 2,
            _ => 0,
        };
        events.extend((0..done).map(|_| Bytes::from_static(b"data: [DONE]\n\n")));
        let Some(size) = self.pieces_of else { return events };
        events.concat().chunks(size).map(Bytes::copy_from_slice).collect()
    }
}

impl Llm {
    /// A server on a free port of 127.0.0.1 that answers "I remember it well." until told.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let standing = Act::Answer(Answer::of(&["I ", "remember ", "it ", "well."]));
        let shared = Arc::new(Shared {
            script: Mutex::default(),
            standing: Mutex::new(standing),
            asked: watch::Sender::new(Vec::new()),
            connections: AtomicUsize::new(0),
            abandoned: watch::Sender::new(0),
        });
        let counted = Arc::clone(&shared);
        let connected = move || {
            counted.connections.fetch_add(1, Ordering::SeqCst);
        };
        let serving = Arc::clone(&shared);
        let serve = move |request| serve(request, Arc::clone(&serving));
        let accepting = tokio::spawn(accept(listener, connected, serve));
        Self { address, shared, accepting }
    }

    /// A base URL on which nobody listens.
    pub async fn nobody() -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        format!("http://{}/v1", listener.local_addr().expect("its address"))
    }

    /// The base URL, with `/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Adds to the script.
    pub fn then(&self, act: Act) -> &Self {
        self.shared.script.lock().expect("no panic").push_back(act);
        self
    }

    /// What to do whenever the script is empty.
    pub fn always(&self, act: Act) -> &Self {
        *self.shared.standing.lock().expect("no panic") = act;
        self
    }

    /// Every request so far, oldest first.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.borrow().clone()
    }

    /// Waits until so many requests have arrived.
    pub async fn asks(&self, count: usize) {
        let mut asked = self.shared.asked.subscribe();
        asked.wait_for(|asked| asked.len() >= count).await.expect("the server lives");
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many answers the client left before their end.
    pub fn abandoned(&self) -> usize {
        *self.shared.abandoned.borrow()
    }

    /// Waits until the client has left so many answers; false after `within`.
    pub async fn abandons(&self, count: usize, within: Duration) -> bool {
        let mut seen = self.shared.abandoned.subscribe();
        tokio::time::timeout(within, seen.wait_for(|seen| *seen >= count)).await.is_ok()
    }
}

impl Drop for Llm {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let chat = head.method == Method::POST;
    let asked = Asked {
        method: head.method,
        path: head.uri.path().to_owned(),
        headers: head.headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    shared.asked.send_modify(|all| all.push(asked));
    let reply = Response::builder();
    if !chat {
        return Ok(reply.body(full("{}")).expect("a response"));
    }
    let scripted = shared.script.lock().expect("no panic").pop_front();
    let act = scripted.unwrap_or_else(|| shared.standing.lock().expect("no panic").clone());
    let response =
        match act {
            Act::Answer(answer) => reply
                .header("content-type", "text/event-stream")
                .body(streamed(answer.events(), answer.pause, answer.end, shared)),
            Act::AtOnce(text) => {
                reply.header("content-type", "application/json").body(full(at_once(&text)))
            }
            Act::Status { status, retry_after, body } => {
                let status = StatusCode::from_u16(status).expect("a status");
                let reply = match retry_after {
                    Some(seconds) => reply.header("retry-after", seconds),
                    None => reply,
                };
                reply.status(status).body(full(body))
            }
            Act::HangBeforeHeaders => {
                let _left = Presence { shared, complete: false };
                std::future::pending().await
            }
            Act::Raw { content_type, chunks, end } => reply
                .header("content-type", content_type)
                .body(streamed(chunks, Duration::ZERO, end, shared)),
        };
    Ok(response.expect("a response"))
}

/// Counts an answer as abandoned when it is dropped before its end.
struct Presence {
    shared: Arc<Shared>,
    complete: bool,
}

impl Drop for Presence {
    fn drop(&mut self) {
        if !self.complete {
            self.shared.abandoned.send_modify(|count| *count += 1);
        }
    }
}

fn streamed(chunks: Vec<Bytes>, pause: Duration, end: End, shared: Arc<Shared>) -> Body {
    let presence = Presence { shared, complete: false };
    let state = (chunks.into_iter(), presence);
    let sent = stream::unfold(state, move |(mut chunks, mut presence)| async move {
        if let Some(chunk) = chunks.next() {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            presence.complete = chunks.len() == 0 && !matches!(end, End::Hang);
            return Some((Ok(chunk), (chunks, presence)));
        }
        match end {
            End::Hang => std::future::pending().await,
            End::Cut => {
                // Lets hyper flush what came before; an error drops what is still buffered.
                tokio::time::sleep(Duration::from_millis(20)).await;
                presence.complete = true;
                Some((Err(io::ErrorKind::ConnectionReset.into()), (chunks, presence)))
            }
            End::Done | End::WithoutDone | End::DoneTwice => None,
        }
    });
    StreamBody::new(sent.map(|chunk| chunk.map(Frame::data))).boxed_unsync()
}

fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

fn delta(token: &str, finish: Option<&str>) -> Value {
    json!({
        "id": "chatcmpl-test",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "test",
        "choices": [{"index": 0, "delta": {"content": token}, "finish_reason": finish}],
    })
}

fn event(value: &Value) -> Bytes {
    format!("data: {value}\n\n").into()
}

fn at_once(text: &str) -> String {
    json!({
        "object": "chat.completion",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "stop",
        }],
        "usage": {"prompt_tokens": 11, "completion_tokens": 3},
    })
    .to_string()
}
