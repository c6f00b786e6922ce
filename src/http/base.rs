//! Living under a path: `/memoria/api/v1/…` behind a proxy that serves other things as well.

use poem::http::StatusCode;
use poem::http::header::LOCATION;
use poem::http::uri::{PathAndQuery, Uri};
use poem::{Endpoint, IntoResponse, Request, Response};

use super::client::Peer;

/// What a proxy's or an orchestrator's probe asks for without knowing the base path.
const PROBES: [&str; 4] = ["/healthz", "/readyz", "/metrics", "/metrics/prometheus"];

/// An endpoint that lives under a base path and sees paths without it.
pub(super) struct Based<E> {
    base: String,
    inner: E,
}

impl<E: Endpoint> Based<E> {
    /// `base` is empty or a path such as `/memoria`.
    pub(super) fn new(base: &str, inner: E) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), inner }
    }
}

impl<E: Endpoint> Endpoint for Based<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        // Commands know the socket and not the path that the server lives under.
        let operator = matches!(request.data::<Peer>(), Some(Peer::Control));
        if !self.base.is_empty() && !operator && !PROBES.contains(&path) {
            match path.strip_prefix(&*self.base) {
                Some("") => return Ok(to_folder(&self.base)),
                Some(rest) if rest.starts_with('/') => {
                    let inside = inside(request.uri(), rest);
                    *request.uri_mut() = inside.ok_or(poem::error::NotFoundError)?;
                }
                _ => return Err(poem::error::NotFoundError.into()),
            }
        }
        self.inner.call(request).await.map(IntoResponse::into_response)
    }
}

/// Links on the page are relative to the folder.
fn to_folder(base: &str) -> Response {
    let builder = Response::builder().status(StatusCode::PERMANENT_REDIRECT);
    builder.header(LOCATION, format!("{base}/")).finish()
}

fn inside(uri: &Uri, path: &str) -> Option<Uri> {
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use poem::endpoint::make_sync;
    use poem::http::Method;

    use super::*;
    use crate::http::guard::testing::ask;

    async fn get(base: &str, path: &str) -> (u16, String) {
        let shown = make_sync(|request: Request| request.uri().to_string());
        let response = ask(Based::new(base, shown), Method::GET, path, &[], "").await;
        (response.status().as_u16(), response.into_body().into_string().await.unwrap())
    }

    #[tokio::test]
    async fn only_what_is_under_the_base_path_is_seen() {
        assert_eq!(get("", "/a?b=c").await, (200, "/a?b=c".into()));
        assert_eq!(get("/memoria", "/memoria/a?b=c").await, (200, "/a?b=c".into()));
        assert_eq!(get("/memoria", "/memoria/").await, (200, "/".into()));
        assert_eq!(get("/memoria", "/memoria/healthz").await, (200, "/healthz".into()));
        assert_eq!(get("/memoria", "/healthz").await, (200, "/healthz".into()));
        assert_eq!(get("/memoria", "/memoria").await.0, 308);
        for path in ["/", "/a", "/memorial/a", "/api/v1/clones"] {
            assert_eq!(get("/memoria", path).await.0, 404, "{path}");
        }
    }
}
