//! Plain HTTP where TLS is switched on: sent on to TLS, but for what helps to get there.

use poem::http::StatusCode;
use poem::http::header::{CACHE_CONTROL, HOST, LOCATION};
use poem::http::uri::Authority;
use poem::{Endpoint, IntoResponse, Request, Response};

use super::client::{Client, Peer};
use super::problem::{Problem, malformed};

/// The page that helps to trust our own authority, with what it is made of, and probes, which
/// know no authority. None of it is anybody's secret.
const PLAIN: [&str; 8] = [
    "/trust",
    "/trust/",
    "/_app/",
    "/favicon.svg",
    "/manifest.webmanifest",
    "/robots.txt",
    "/healthz",
    "/readyz",
];

/// An endpoint that is reached over TLS only. It sees paths without the base path.
pub(super) struct Secured<E> {
    inner: E,
    on: bool,
}

impl<E: Endpoint> Secured<E> {
    /// `on` says whether there is a certificate to send people to.
    pub(super) const fn new(inner: E, on: bool) -> Self {
        Self { inner, on }
    }
}

impl<E: Endpoint> Endpoint for Secured<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if self.on && is_readable_by_others(&request) && !may_be_plain(request.uri().path()) {
            return Ok(to_tls(&request)?);
        }
        self.inner.call(request).await.map(IntoResponse::into_response)
    }
}

/// On one machine nobody else listens, unless the request only passes through it.
fn is_readable_by_others(request: &Request) -> bool {
    matches!(request.data::<Peer>(), Some(Peer::Tcp(_)))
        && request.data::<Client>().is_some_and(|client| !client.tls && !client.local)
}

fn may_be_plain(path: &str) -> bool {
    PLAIN.iter().any(|plain| match plain.strip_suffix('/') {
        Some(folder) => path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
        None => path == *plain,
    })
}

/// The same address over TLS: one port serves both. Not to be remembered, since TLS may be
/// switched off again.
fn to_tls(request: &Request) -> Result<Response, Problem> {
    let uri = request.original_uri();
    let host = match uri.authority() {
        Some(authority) => Some(authority.clone()),
        None => request
            .headers()
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .and_then(|host| host.parse::<Authority>().ok()),
    };
    let host = host.filter(|host| !host.as_str().contains('@'));
    let Some(host) = host else {
        return Err(malformed("The request does not say which host it is for.").into());
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let builder = Response::builder().status(StatusCode::PERMANENT_REDIRECT);
    let builder = builder.header(LOCATION, format!("https://{host}{path}"));
    Ok(builder.header(CACHE_CONTROL, "no-store").finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_helps_to_trust_and_probes_may_be_plain() {
        for path in ["/trust", "/trust/ca.crt", "/_app/immutable/x.js", "/healthz", "/readyz"] {
            assert!(may_be_plain(path), "{path}");
        }
        for path in ["/", "/trusted", "/api/v1/clones", "/_appx", "/login", "/healthz/x"] {
            assert!(!may_be_plain(path), "{path}");
        }
    }
}
