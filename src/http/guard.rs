//! What holds for every request, whoever answers it: its id, its log line, its headers, its
//! count; and that a failure or a panic becomes a problem.

use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::BoxBody;
use poem::http::Method;
use poem::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue,
};
use poem::{Endpoint, FromRequest, IntoEndpoint, IntoResponse, Request, RequestBody, Response};
use poem_openapi::OperationId;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::allow::Allowed;
use super::body::Shape;
use super::client::{Client, Peer, Proxies};
use super::cors::Cors;
use super::etag::Known;
use super::footnotes::Footnotes;
use super::metrics::{Group, Metrics};
use super::problem::Problem;

/// The policy of everything that is not a page: it may load and run nothing.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Two years, as browsers' preload lists want it; without subdomains, which are not ours.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// On every answer, unless the handler set its own.
const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    // Over plain HTTP browsers look up the names in links before anybody follows one: a model
    // could say something to whoever keeps a name by writing it into one.
    ("x-dns-prefetch-control", "off"),
    (
        "permissions-policy",
        "microphone=(self), camera=(), geolocation=(), payment=(), usb=(), display-capture=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The id of a request: on its answer, its log lines and its problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The caller's, if it is a sane one, else a fresh one.
    fn of(request: &Request) -> Self {
        let sane = |text: &&str| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        let sent = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
        match sent.filter(sane) {
            Some(sent) => Self(sent.into()),
            None => Self(uuid::Uuid::now_v7().to_string().into()),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a> FromRequest<'a> for RequestId {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(request.data::<Self>().cloned().unwrap_or_else(|| Self::of(request)))
    }
}

/// When browsers are told to use TLS only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hsts {
    /// Never: who does not trust the server's own authority yet could not get to the page that
    /// helps, because a browser that was told so neither asks over plain HTTP nor lets people go
    /// on after its warning; and told so by `localhost` it would refuse everything else there.
    Never,
    /// To those who use it.
    #[default]
    OverTls,
    /// To all, because a proxy in front of us speaks TLS.
    Always,
}

/// What the guard needs to know.
#[derive(Clone, Default)]
pub struct Guard {
    /// The path that everything lives under, such as `/memoria`, or nothing.
    pub base_path: String,
    /// Whose word about the client is taken.
    pub proxies: Proxies,
    /// Where requests are counted.
    pub metrics: Arc<Metrics>,
    /// When browsers are told to use TLS only.
    pub hsts: Hsts,
    /// Whose pages may call the API.
    pub cors: Cors,
    /// How JSON may be shaped.
    pub shape: Shape,
    /// Which methods there are, for those that are not.
    pub allowed: Arc<Allowed>,
}

impl Guard {
    /// Puts the guard around an endpoint.
    pub fn around<E: IntoEndpoint>(self, endpoint: E) -> Guarded<E::Endpoint> {
        Guarded { inner: endpoint.into_endpoint(), guard: self }
    }
}

/// An endpoint under the guard.
pub struct Guarded<E> {
    inner: E,
    guard: Guard,
}

impl<E: Endpoint> Endpoint for Guarded<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let started = Instant::now();
        let id = RequestId::of(&request);
        let nobody = Peer::Tcp(([0, 0, 0, 0], 0).into());
        let peer = request.data::<Peer>().copied().unwrap_or(nobody);
        let client = Client::of(peer, request.headers(), &self.guard.proxies);
        request.set_data(client);
        request.set_data(id.clone());
        let footnotes = Footnotes::default();
        request.set_data(footnotes.clone());
        request.set_data(self.guard.shape);
        let known = Known::of(&request);
        let uri = request.uri().clone();
        let path = uri.path().strip_prefix(&*self.guard.base_path).unwrap_or(uri.path());
        let group = Group::of(path);
        let method = request.method().clone();
        let origin = self.guard.cors.asked(&request, group);
        let preflight = origin.preflight(&request);

        let span = tracing::info_span!("request", id = id.as_str());
        let (mut response, operation) = match preflight {
            Some(response) => (response, None),
            None => self.answer(request, &id).instrument(span).await,
        };
        known.settle(&mut response);
        if method == Method::HEAD {
            behead(&mut response);
        }
        let route = operation.unwrap_or(group.name());
        footnotes.settle(response.headers_mut(), route);
        origin.mark(&mut response);
        self.guard.allowed.mark(&mut response, path);
        self.guard.finish(&mut response, &id, client, group);
        let line = Line {
            method,
            route,
            quiet: group == Group::Probe,
            status: response.status().as_u16(),
            started,
            id,
            bytes: 0,
        };
        self.guard.metrics.answered(group, line.status, started.elapsed());
        let body: BoxBody<Bytes, io::Error> = response.take_body().into();
        response.set_body(poem::Body::from(Logged { body, line }.boxed()));
        Ok(response)
    }
}

impl<E: Endpoint> Guarded<E> {
    async fn answer(&self, request: Request, id: &RequestId) -> (Response, Option<&'static str>) {
        match AssertUnwindSafe(self.inner.call(request)).catch_unwind().await {
            Ok(Ok(answer)) => settled(answer.into_response()),
            Ok(Err(error)) => refused(error, id),
            Err(_) => (Problem::panicked().answer(Some(id.as_str())), None),
        }
    }
}

/// hyper leaves the body of a HEAD answer away over HTTP/1 but sends it over HTTP/2.
fn behead(response: &mut Response) {
    let body: BoxBody<Bytes, io::Error> = response.take_body().into();
    let length = body.size_hint().exact().filter(|length| *length > 0);
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

fn settled(response: Response) -> (Response, Option<&'static str>) {
    let operation = response.data::<OperationId>().map(|operation| operation.0);
    (response, operation)
}

fn refused(error: poem::Error, id: &RequestId) -> (Response, Option<&'static str>) {
    let operation = error.data::<OperationId>().map(|operation| operation.0);
    (Problem::answer_to(error, Some(id.as_str())), operation)
}

impl Guard {
    fn finish(&self, response: &mut Response, id: &RequestId, client: Client, group: Group) {
        let failed = response.status().is_client_error() || response.status().is_server_error();
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(id.as_str()) {
            headers.insert(REQUEST_ID, id);
        }
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(NOTHING);
        for (name, value) in ALWAYS {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        let told = match self.hsts {
            Hsts::Never => false,
            Hsts::OverTls => client.tls,
            Hsts::Always => true,
        };
        if told {
            headers.insert("strict-transport-security", HSTS);
        }
        if failed || group == Group::Api {
            headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        }
    }
}

/// The line in the access log, written when the last byte is gone or the client is.
struct Line {
    method: Method,
    route: &'static str,
    quiet: bool,
    status: u16,
    started: Instant,
    id: RequestId,
    bytes: u64,
}

impl Drop for Line {
    fn drop(&mut self) {
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Self { method, route, status, id, bytes, .. } = self;
        let request_id = id.as_str();
        if self.quiet {
            tracing::debug!(target: "access", %method, route, status, ms, bytes, request_id);
        } else {
            tracing::info!(target: "access", %method, route, status, ms, bytes, request_id);
        }
    }
}

/// A body that counts its bytes for the log.
struct Logged {
    body: BoxBody<Bytes, io::Error>,
    line: Line,
}

impl Body for Logged {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.line.bytes += u64::try_from(length).unwrap_or(0);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// An endpoint as the server shows it.
    pub(in crate::http) fn guarded<E: IntoEndpoint>(endpoint: E) -> Guarded<E::Endpoint> {
        Guard::default().around(endpoint)
    }

    /// Asks an endpoint as the server shows it.
    pub(in crate::http) async fn ask(
        endpoint: impl IntoEndpoint,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let builder = Request::builder().method(method).uri_str(path);
        let mut request = builder.body(body.to_owned());
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request.headers_mut().insert(name.parse::<HeaderName>().unwrap(), value);
        }
        guarded(endpoint).call(request).await.unwrap()
    }
}

#[cfg(test)]
mod tests {
    use poem::endpoint::make;
    use poem::{Route, get, post};
    use serde_json::{Value, json};

    use super::testing::ask;
    use super::*;
    use crate::kernel::{Fault, Kind};

    fn app() -> impl Endpoint {
        let fails = make(|_| async {
            let fault = Fault::new(Kind::Limited, "rate_limited", "Slow down.")
                .retry_after(std::time::Duration::from_millis(1_200));
            Err::<Response, poem::Error>(Problem::from(fault).into())
        });
        let panics = make(|_| async {
            assert!(std::env::args().count() == usize::MAX, "a test wants it");
            Ok::<_, poem::Error>(())
        });
        let own = make(|_| async {
            let builder = Response::builder().header("content-security-policy", "own");
            Ok::<_, poem::Error>(builder.header("cache-control", "private").finish())
        });
        Route::new().at("/api/limited", get(fails)).at("/api/panic", post(panics)).at("/own", own)
    }

    async fn call(method: Method, path: &str, id: &str) -> Response {
        ask(app(), method, path, &[("x-request-id", id)], "").await
    }

    #[tokio::test]
    async fn a_sane_request_id_is_echoed_and_another_replaced() {
        let response = call(Method::GET, "/own", "abc.DEF_1-2").await;
        assert_eq!(response.header("x-request-id"), Some("abc.DEF_1-2"));
        for id in ["a b", "ü", "", "x".repeat(65).as_str(), "a;b"] {
            let response = call(Method::GET, "/own", id).await;
            assert_eq!(response.header("x-request-id").map(str::len), Some(36), "{id}");
        }
    }

    #[tokio::test]
    async fn every_answer_carries_the_headers() {
        for (path, status) in [("/own", 200), ("/nowhere", 404), ("/api/limited", 429)] {
            let response = call(Method::GET, path, "id").await;
            assert_eq!(response.status().as_u16(), status);
            for (name, value) in ALWAYS {
                assert_eq!(response.header(name), Some(value), "{path} {name}");
            }
            assert!(response.header("strict-transport-security").is_none());
            let own = path == "/own";
            let policy = if own { "own" } else { "default-src 'none'; frame-ancestors 'none'" };
            assert_eq!(response.header("content-security-policy"), Some(policy));
            let cache = if own { "private" } else { "no-store" };
            assert_eq!(response.header("cache-control"), Some(cache));
        }
    }

    #[tokio::test]
    async fn refusals_are_problems_with_the_request_id() {
        let cases = [
            (Method::GET, "/nowhere", 404, "not_found"),
            (Method::PUT, "/api/limited", 405, "method_not_allowed"),
            (Method::GET, "/api/limited", 429, "rate_limited"),
            (Method::POST, "/api/panic", 500, "internal"),
        ];
        for (method, path, status, code) in cases {
            let response = call(method, path, "id-1").await;
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.header("content-type"), Some("application/problem+json"));
            if status == 429 {
                assert_eq!(response.header("retry-after"), Some("2"));
            }
            let body: Value = response.into_body().into_json().await.unwrap();
            assert_eq!(body["request_id"], "id-1");
            assert_eq!((&body["code"], &body["status"]), (&json!(code), &json!(status)));
            assert_eq!(body["type"], format!("urn:clonememoria:problem:{code}"));
        }
    }
}
