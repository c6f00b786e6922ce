//! The web app, embedded in the binary.

use std::collections::HashMap;

use bytes::Bytes;
use poem::error::{MethodNotAllowedError, NotFoundError};
use poem::http::Method;
use poem::http::header::ACCEPT;
use poem::{Endpoint, Request, Response};
use rust_embed::RustEmbed;

use super::asset::{Asset, Keep, mime};
use super::policy;

/// What the build writes where the base path goes, because it does not know it.
const PLACEHOLDER: &str = "/__base_path__";

/// The folder may be missing or empty, so that the server builds without Node.
#[derive(RustEmbed)]
#[folder = "web/build"]
#[allow_missing = true]
struct Build;

/// Shown when the binary was built without the web app.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <title>CloneMemoria</title></head><body><h1>CloneMemoria is running</h1>\
    <p>The web app was not built into this binary. Run <code>make web</code> and build again. \
    The API is at <a href=\"/__base_path__/docs\">/docs</a>.</p></body></html>";

/// What the app must not shadow: a wrong address there is an error, not a page.
const NOT_PAGES: [&str; 6] = ["api", "docs", "openapi.json", "healthz", "readyz", "metrics"];

/// Serves the web app.
pub struct Ui {
    files: HashMap<String, Asset>,
}

impl Ui {
    /// The embedded build, living under `base_path` (empty, or such as `/memoria`).
    pub fn embedded(base_path: &str) -> Self {
        let files = Build::iter().filter_map(|path| {
            let bytes = match Build::get(&path)?.data {
                std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                std::borrow::Cow::Owned(bytes) => bytes.into(),
            };
            Some((path.into_owned(), bytes))
        });
        Self::of(files, base_path)
    }

    fn of(files: impl Iterator<Item = (String, Bytes)>, base_path: &str) -> Self {
        let base_path = base_path.trim_end_matches('/');
        let mut files: HashMap<_, _> = files
            // Compressed copies and maps for debugging would only be shipped twice.
            .filter(|(path, _)| ![".gz", ".br", ".map"].iter().any(|end| path.ends_with(end)))
            .map(|(path, bytes)| {
                let asset = prepare(&path, bytes, base_path);
                (path, asset)
            })
            .collect();
        files.entry("index.html".to_owned()).or_insert_with(|| page(NOT_BUILT, base_path));
        Self { files }
    }

    /// Whether the binary carries the web app.
    pub fn is_built(&self) -> bool {
        self.files.len() > 1
    }

    fn find(&self, request: &Request) -> Option<&Asset> {
        let path = request.uri().path().trim_start_matches('/').trim_end_matches('/');
        let first = path.split('/').next().unwrap_or_default();
        if NOT_PAGES.contains(&first) {
            return None;
        }
        let exact = if path.is_empty() { "index.html" } else { path };
        let rendered = || self.files.get(&format!("{path}.html"));
        let navigates = || is_navigation(request).then(|| self.files.get("index.html")).flatten();
        self.files.get(exact).or_else(rendered).or_else(navigates)
    }
}

/// A browser that wants a page, as opposed to a script that wants a missing file.
fn is_navigation(request: &Request) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn prepare(path: &str, bytes: Bytes, base_path: &str) -> Asset {
    let mime = mime(path);
    let text = mime.contains("charset") || mime.contains("json");
    let bytes = match std::str::from_utf8(&bytes) {
        Ok(text_of) if text && text_of.contains(PLACEHOLDER) => {
            text_of.replace(PLACEHOLDER, base_path).into()
        }
        _ => bytes,
    };
    match std::str::from_utf8(&bytes) {
        Ok(html) if path.ends_with(".html") => page(html, base_path),
        _ => {
            let hashed = path.starts_with("_app/immutable/");
            Asset::new(bytes, mime, if hashed { Keep::Forever } else { Keep::Ask })
        }
    }
}

fn page(html: &str, base_path: &str) -> Asset {
    let html = html.replace(PLACEHOLDER, base_path);
    let policy = policy::app(&html);
    Asset::page(html, &policy)
}

impl Endpoint for Ui {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let asset = self.find(&request).ok_or(NotFoundError)?;
        match *request.method() {
            Method::GET | Method::HEAD => Ok(asset.answer(&request)),
            _ => Err(MethodNotAllowedError.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::guard::testing::ask;

    fn ui(base: &str) -> Ui {
        let files = [
            (
                "index.html",
                "<a href=\"/__base_path__/x\"></a><script>go('/__base_path__')</script>",
            ),
            ("_app/immutable/a.js", "fetch('/__base_path__/api/v1')"),
            ("manifest.webmanifest", "{\"start_url\":\"/__base_path__/\"}"),
            ("favicon.png", "/__base_path__"),
        ];
        let files =
            files.map(|(path, text)| (path.to_owned(), Bytes::from_static(text.as_bytes())));
        Ui::of(files.into_iter(), base)
    }

    async fn get(base: &str, path: &str, accept: &str) -> Response {
        ask(ui(base), Method::GET, path, &[("accept", accept)], "").await
    }

    async fn text(response: Response) -> String {
        response.into_body().into_string().await.unwrap()
    }

    #[tokio::test]
    async fn the_placeholder_becomes_the_base_path_in_texts_only() {
        let script = get("/memoria", "/_app/immutable/a.js", "*/*").await;
        assert_eq!(text(script).await, "fetch('/memoria/api/v1')");
        let script = get("", "/_app/immutable/a.js", "*/*").await;
        assert!(script.header("cache-control").unwrap().contains("immutable"));
        assert_eq!(text(script).await, "fetch('/api/v1')");
        assert_eq!(text(get("/m", "/favicon.png", "*/*").await).await, "/__base_path__");
        let manifest = get("/m", "/manifest.webmanifest", "*/*").await;
        assert_eq!(manifest.header("content-type"), Some("application/manifest+json"));
    }

    #[tokio::test]
    async fn navigations_get_the_page_and_missing_files_do_not() {
        let page = get("/m", "/clones/7/chat", "text/html,*/*;q=0.8").await;
        let policy = page.header("content-security-policy").unwrap().to_owned();
        let hash = crate::http::policy::app("<script>go('/m')</script>");
        assert_eq!(policy, hash);
        assert_eq!(page.header("cache-control"), Some("no-cache"));
        assert!(text(page).await.contains("href=\"/m/x\""));
        for path in ["/_app/immutable/old.js", "/api/v1/nothing", "/api", "/docs/x"] {
            let accept = if path.starts_with("/_app") { "*/*" } else { "text/html" };
            let response = get("", path, accept).await;
            assert_eq!(response.status().as_u16(), 404, "{path}");
            assert_eq!(response.header("content-type"), Some("application/problem+json"));
        }
        let posted = ask(ui(""), Method::POST, "/", &[], "").await;
        assert_eq!(posted.status().as_u16(), 405);
    }

    #[tokio::test]
    async fn a_page_that_is_known_is_not_sent_again() {
        let etag = get("", "/", "text/html").await.header("etag").unwrap().to_owned();
        let again = ask(ui(""), Method::GET, "/", &[("if-none-match", &etag)], "").await;
        assert_eq!(again.status().as_u16(), 304);
        assert!(again.header("content-security-policy").is_some());
        assert_eq!(text(again).await, "");
    }

    #[tokio::test]
    async fn without_a_build_a_page_says_so() {
        let ui = Ui::of(std::iter::empty(), "/m");
        assert!(!ui.is_built());
        let page = text(ask(ui, Method::GET, "/", &[], "").await).await;
        assert!(page.contains("not built") && page.contains("\"/m/docs\""));
    }
}
