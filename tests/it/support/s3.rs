//! Storage that speaks the protocol of S3, believes no signature unseen, and fails on demand.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use ring::{digest, hmac};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::upstream::accept;

/// The name of the key that opens it.
pub const KEY_ID: &str = "AKIAC4N4RYNAME";
/// The key.
pub const SECRET: &str = "c4n4ry/never-shown/secret-access-key";
/// The only bucket.
pub const BUCKET: &str = "family";

/// What goes wrong with a request that changes something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// It answers with this status.
    Status(u16),
    /// It breaks off in the middle of its answer, and has done nothing.
    Cut,
    /// It takes so long.
    Slow(Duration),
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Bytes>,
    uploads: BTreeMap<String, BTreeMap<u32, Bytes>>,
    once: VecDeque<Fault>,
    always: Option<Fault>,
    seen: Vec<String>,
    unsigned: usize,
}

/// A server for one bucket; gone when dropped. It has a thread of its own, because a test that
/// waits for a command lets nothing else go on.
pub struct S3 {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    runtime: Option<Runtime>,
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.runtime.take().expect("it runs").shutdown_background();
    }
}

type Body = BoxBody<Bytes, std::io::Error>;

impl S3 {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a fresh socket");
        let address = listener.local_addr().expect("an address");
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        let serve = move |request| serve(Arc::clone(&shared), request);
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().expect("a thread");
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a socket");
            accept(listener, || {}, serve).await;
        });
        Self { address, state, runtime: Some(runtime) }
    }

    /// The settings that lead here, as arguments of a command.
    pub fn settings(&self) -> Vec<(String, String)> {
        [
            ("s3", format!("s3://{BUCKET}/of/us")),
            ("s3_endpoint", format!("http://{}", self.address)),
            ("s3_access_key_id", KEY_ID.to_owned()),
            ("s3_secret_access_key", SECRET.to_owned()),
        ]
        .map(|(key, value)| (format!("backup.{key}"), value))
        .to_vec()
    }

    /// The next requests that change something go wrong like this.
    pub fn once(&self, faults: &[Fault]) {
        self.state.lock().expect("no panic").once.extend(faults);
    }

    /// All of them do, or none any more.
    pub fn always(&self, fault: Option<Fault>) {
        self.state.lock().expect("no panic").always = fault;
    }

    /// The names of what lies there.
    pub fn names(&self) -> Vec<String> {
        self.state.lock().expect("no panic").objects.keys().cloned().collect()
    }

    /// Uploads in pieces that were begun and neither ended nor given up.
    pub fn unfinished(&self) -> usize {
        self.state.lock().expect("no panic").uploads.len()
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<String> {
        self.state.lock().expect("no panic").seen.clone()
    }

    /// Requests whose signature was not right.
    pub fn unsigned(&self) -> usize {
        self.state.lock().expect("no panic").unsigned
    }
}

fn answer(status: u16, body: impl Into<Bytes>) -> Response<Body> {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed();
    Response::builder().status(status).body(body).expect("a response")
}

fn cut() -> Response<Body> {
    let pieces = [Ok(Frame::data(Bytes::from_static(b"<?xml"))), Err(std::io::Error::other("cut"))];
    let body = StreamBody::new(futures_util::stream::iter(pieces)).boxed();
    Response::builder().header("content-length", "500").body(body).expect("a response")
}

async fn serve(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Ok(cut()) };
    let body = body.to_bytes();
    let fault = {
        let mut state = state.lock().expect("no panic");
        state.seen.push(format!("{} {}", parts.method, parts.uri));
        if !is_signed(&parts, &body) {
            state.unsigned += 1;
            let said = format!("<Error><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId></Error>");
            return Ok(answer(403, said));
        }
        let changes = parts.method != Method::GET && parts.method != Method::HEAD;
        let once = if changes { state.once.pop_front() } else { None };
        once.or(state.always.filter(|_| changes))
    };
    match fault {
        Some(Fault::Status(status)) => {
            let said = format!("<Error><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId></Error>");
            return Ok(answer(status, said));
        }
        Some(Fault::Cut) => return Ok(cut()),
        Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
        None => {}
    }
    Ok(act(&mut state.lock().expect("no panic"), &parts, body))
}

fn act(state: &mut State, parts: &http::request::Parts, body: Bytes) -> Response<Body> {
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let Some(key) = parts.uri.path().strip_prefix(&format!("/{BUCKET}")) else {
        return answer(404, "<Error><Code>NoSuchBucket</Code></Error>");
    };
    let key = key.trim_start_matches('/').to_owned();
    let upload = query.get("uploadId").cloned();
    match (parts.method.as_str(), upload) {
        ("GET", None) if key.is_empty() => list(state, query.get("prefix").map_or("", |p| p)),
        ("POST", None) if query.contains_key("uploads") => {
            let id = format!("u{}", state.seen.len());
            state.uploads.insert(id.clone(), BTreeMap::new());
            let result = format!("<UploadId>{id}</UploadId>");
            let tag = "InitiateMultipartUploadResult";
            answer(200, format!("<{tag}><Bucket>{BUCKET}</Bucket><Key>{key}</Key>{result}</{tag}>"))
        }
        ("PUT", Some(id)) => {
            let Some(parts) = state.uploads.get_mut(&id) else { return answer(404, "") };
            parts.insert(query["partNumber"].parse().expect("a number"), body);
            with_tag(answer(200, ""))
        }
        ("POST", Some(id)) => {
            let Some(parts) = state.uploads.remove(&id) else { return answer(404, "") };
            let whole: Vec<u8> = parts.into_values().flatten().collect();
            state.objects.insert(key.clone(), whole.into());
            let tag = "CompleteMultipartUploadResult";
            answer(200, format!("<{tag}><Key>{key}</Key><ETag>\"e\"</ETag></{tag}>"))
        }
        ("DELETE", Some(id)) => {
            state.uploads.remove(&id);
            answer(204, "")
        }
        ("PUT", None) => {
            state.objects.insert(key, body);
            with_tag(answer(200, ""))
        }
        ("DELETE", None) => {
            state.objects.remove(&key);
            answer(204, "")
        }
        ("GET" | "HEAD", None) => get(state, parts, &key),
        _ => answer(405, ""),
    }
}

fn with_tag(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert("etag", "\"e\"".parse().expect("a header"));
    response
}

fn list(state: &State, prefix: &str) -> Response<Body> {
    let mut out = format!("<ListBucketResult><Name>{BUCKET}</Name><Prefix>{prefix}</Prefix>");
    for (key, bytes) in state.objects.range(prefix.to_owned()..) {
        if key.starts_with(prefix) {
            let size = bytes.len();
            write!(
                out,
                "<Contents><Key>{key}</Key><LastModified>2026-11-22T00:00:00.000Z</LastModified>\
                 <ETag>\"e\"</ETag><Size>{size}</Size></Contents>"
            )
            .expect("a string");
        }
    }
    answer(200, out + "<IsTruncated>false</IsTruncated></ListBucketResult>")
}

fn get(state: &State, parts: &http::request::Parts, key: &str) -> Response<Body> {
    let Some(whole) = state.objects.get(key) else {
        return answer(404, "<Error><Code>NoSuchKey</Code></Error>");
    };
    let size = whole.len();
    let range = parts.headers.get("range").map(|range| {
        let range = range.to_str().expect("text").strip_prefix("bytes=").expect("bytes");
        let (from, to) = range.split_once('-').expect("two ends");
        let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
        (from, to.min(size - 1))
    });
    let (status, bytes) = match range {
        Some((from, to)) => (206, whole.slice(from..=to)),
        None => (200, whole.clone()),
    };
    let length = bytes.len();
    let body = if parts.method == Method::HEAD { Bytes::new() } else { bytes };
    let mut response = with_tag(answer(status, body));
    let headers = response.headers_mut();
    headers.insert("content-length", length.into());
    let date = "Sun, 22 Nov 2026 00:00:00 GMT";
    headers.insert("last-modified", date.parse().expect("a header"));
    if let Some((from, to)) = range {
        let text = format!("bytes {from}-{to}/{size}");
        headers.insert("content-range", text.parse().expect("a header"));
    }
    response
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

/// Whether a request is signed with the key (AWS Signature Version 4), its body too.
fn is_signed(parts: &http::request::Parts, body: &[u8]) -> bool {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let Some(proof) = header("authorization") else { return false };
    let field = |name: &str| {
        let (_, rest) = proof.split_once(&format!("{name}="))?;
        Some(rest.split(',').next()?.trim())
    };
    let (Some(credential), Some(names), Some(signature)) =
        (field("Credential"), field("SignedHeaders"), field("Signature"))
    else {
        return false;
    };
    let Some((KEY_ID, scope)) = credential.split_once('/') else { return false };
    let hash = header("x-amz-content-sha256").unwrap_or_default();
    if hash != "UNSIGNED-PAYLOAD" && hash != hex(digest::digest(&digest::SHA256, body).as_ref()) {
        return false;
    }
    let mut query: Vec<String> = parts
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| if part.contains('=') { part.to_owned() } else { format!("{part}=") })
        .collect();
    query.sort();
    let mut canonical = format!("{}\n{}\n{}\n", parts.method, parts.uri.path(), query.join("&"));
    for name in names.split(';') {
        let value = header(name).unwrap_or_default().trim();
        writeln!(canonical, "{name}:{value}").expect("a string");
    }
    write!(canonical, "\n{names}\n{hash}").expect("a string");
    let canonical = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let date = header("x-amz-date").unwrap_or_default();
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{canonical}");
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for part in scope.split('/') {
        key = sign(&key, part);
    }
    hex(&sign(&key, &text)) == signature
}
