//! Pages of other origins that may call the API: those the operator names, and no others.
//!
//! They bring a token; cookies are never meant, so that a page of a named origin gets nothing
//! from somebody who is only signed in here. Without configured origins there are no such
//! headers at all.

use std::sync::Arc;

use poem::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderValue, ORIGIN, VARY,
};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};

use super::metrics::Group;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");

/// What clients of the API send, besides what every page may.
const SENT: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, \
     x-api-key, x-confirm, x-request-id",
);

/// What they may read, besides what every page may.
const READ: HeaderValue = HeaderValue::from_static(
    "etag, location, ratelimit, ratelimit-policy, retry-after, x-request-id",
);

/// Ten minutes: a browser asks again soon after an origin was taken off the list.
const KEPT: HeaderValue = HeaderValue::from_static("600");

const DEPENDS: HeaderValue = HeaderValue::from_static("Origin");

const PREFLIGHT_DEPENDS: HeaderValue =
    HeaderValue::from_static("Access-Control-Request-Method, Access-Control-Request-Headers");

/// The origins whose pages may call the API.
#[derive(Clone, Debug, Default)]
pub struct Cors(Arc<[String]>);

/// On whose behalf a request is made.
#[derive(Debug)]
pub(super) enum Asked {
    /// It does not matter here.
    Elsewhere,
    /// Nobody's who is on the list.
    Stranger,
    /// A page of this origin.
    Page(HeaderValue),
}

impl Cors {
    /// These origins, exactly as browsers send them.
    pub fn new(origins: Vec<String>) -> Self {
        Self(origins.into())
    }

    pub(super) fn asked(&self, request: &Request, group: Group) -> Asked {
        if self.0.is_empty() || group != Group::Api {
            return Asked::Elsewhere;
        }
        let mut sent = request.headers().get_all(ORIGIN).into_iter();
        match (sent.next(), sent.next()) {
            (Some(origin), None) if self.0.iter().any(|own| own.as_bytes() == origin) => {
                Asked::Page(origin.clone())
            }
            _ => Asked::Stranger,
        }
    }
}

impl Asked {
    /// The answer to the question that a browser asks before it lets a page send a request.
    pub(super) fn preflight(&self, request: &Request) -> Option<Response> {
        let asks = request.method() == Method::OPTIONS
            && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || !matches!(self, Self::Page(_)) {
            return None;
        }
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, SENT);
        headers.insert(ACCESS_CONTROL_MAX_AGE, KEPT);
        headers.append(VARY, PREFLIGHT_DEPENDS);
        Some(response)
    }

    /// Lets the page read the answer.
    pub(super) fn mark(self, response: &mut Response) {
        let headers = response.headers_mut();
        match self {
            Self::Elsewhere => {}
            // A cache must not give one origin's answer to another, refused ones included.
            Self::Stranger => {
                headers.append(VARY, DEPENDS);
            }
            Self::Page(origin) => {
                headers.append(VARY, DEPENDS);
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, READ);
            }
        }
    }
}
