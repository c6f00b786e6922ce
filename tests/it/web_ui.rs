//! What browsers are served: pages with their policy, files that are kept, headers on all.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use sha2::{Digest as _, Sha256};

use crate::support::reply::Reply;
use crate::support::server::Server;

/// Without the web app there is only a page that says so.
fn is_built() -> bool {
    Path::new("web/build/index.html").is_file()
}

fn inline_scripts(html: &str) -> Vec<&str> {
    html.split("<script")
        .skip(1)
        .filter_map(|part| part.split_once('>'))
        .filter(|(attributes, _)| !attributes.contains("src="))
        .filter_map(|(_, rest)| rest.split_once("</script>").map(|(script, _)| script))
        .collect()
}

fn has_all_headers(reply: &Reply) {
    for name in [
        "content-security-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "permissions-policy",
        "referrer-policy",
        "x-content-type-options",
        "x-request-id",
    ] {
        assert!(reply.header(name).is_some(), "{}: no {name}", reply.asked);
    }
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{policy}");
    assert!(reply.header("server").is_none() && reply.header("x-powered-by").is_none());
}

#[tokio::test]
async fn the_page_may_run_its_own_scripts_and_no_others() {
    let server = Server::start().await;
    let page = server.client().page("/").header("accept", "text/html").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap().to_owned();
    let html = page.text();
    for script in inline_scripts(&html) {
        let hash = STANDARD.encode(Sha256::digest(script));
        assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}\n{script}");
    }
    for handler in [" onclick=", " onload=", " onerror=", "javascript:"] {
        assert!(!html.contains(handler), "{handler}");
    }
    assert!(!html.contains("__base_path__"));
}

#[tokio::test]
async fn pages_are_asked_for_again_and_hashed_files_kept_for_ever() {
    let server = Server::start().await;
    let stranger = server.client();
    let page = stranger.page("/").header("accept", "text/html").await;
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let etag = page.header("etag").unwrap().to_owned();
    let known = stranger.page("/").header("if-none-match", &etag).await;
    assert_eq!((known.status, known.bytes.len()), (304, 0));
    if !is_built() {
        return;
    }
    let html = page.text();
    let (_, after) = html.split_once("/_app/immutable/").expect("a hashed file");
    let name = after.split(['"', '\'']).next().unwrap();
    let path = format!("/_app/immutable/{name}");
    let file = stranger.page(&path).await;
    assert_eq!(file.status, 200);
    assert!(file.header("cache-control").unwrap().contains("immutable"));
    let zipped = stranger.page(&path).header("accept-encoding", "br, gzip;q=0.8").await;
    if zipped.header("content-encoding") == Some("gzip") {
        let mut plain = Vec::new();
        let mut reader = flate2::read::GzDecoder::new(&*zipped.bytes);
        std::io::Read::read_to_end(&mut reader, &mut plain).unwrap();
        assert_eq!(plain, file.bytes);
        assert_ne!(zipped.header("etag"), file.header("etag"));
        assert_eq!(zipped.header("vary"), Some("Accept-Encoding"));
    } else {
        assert!(file.bytes.len() < 1_024, "{path} is not compressed");
    }
    let missing = stranger.page("/_app/immutable/old.js").await;
    missing.problem(404, "not_found");
}

#[tokio::test]
async fn a_page_compresses_for_who_can_read_that() {
    let server = Server::start().await;
    let stranger = server.client();
    let plain = stranger.page("/").header("accept", "text/html").await;
    let zipped = stranger.page("/").header("accept-encoding", "gzip").await;
    if plain.bytes.len() > 1_024 {
        assert_eq!(zipped.header("content-encoding"), Some("gzip"));
        assert!(zipped.bytes.len() < plain.bytes.len());
    }
    let refused = stranger.page("/").header("accept-encoding", "gzip;q=0").await;
    assert_eq!(refused.header("content-encoding"), None);
}

#[tokio::test]
async fn a_head_is_a_get_without_a_body() {
    let server = Server::start().await;
    let stranger = server.client();
    for path in ["/", "/healthz", "/openapi.json"] {
        let get = stranger.page(path).header("accept", "text/html").await;
        let head = stranger.ask_outside(Method::HEAD, path).header("accept", "text/html").await;
        assert_eq!((head.status, head.bytes.len()), (get.status, 0), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"));
        if let Some(length) = head.header("content-length") {
            assert_eq!(length, get.bytes.len().to_string(), "{path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_page_is_the_apps_to_explain_and_an_unknown_file_is_not_there() {
    let server = Server::start().await;
    let stranger = server.client();
    let page = stranger.page("/clones/7/somewhere?x=1").header("accept", "text/html").await;
    if is_built() {
        assert_eq!(page.status, 200);
        assert!(page.text().contains("<html"), "{}", page.text());
    }
    stranger.page("/nothing.png").await.problem(404, "not_found");
    for path in ["/api", "/api/v2/clones", "/api/v1/nothing"] {
        stranger.page(path).header("accept", "text/html").await.problem(404, "not_found");
    }
    stranger.ask_outside(Method::POST, "/").await.problem(405, "method_not_allowed");
    for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/..%2fCargo.toml", "//etc/passwd"] {
        let reply = stranger.page(path).await;
        assert!(matches!(reply.status, 400 | 404), "{path}: {}", reply.status);
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_errors_included() {
    let server = Server::start().await;
    let stranger = server.client();
    let paths = [
        "/",
        "/nothing.png",
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/docs",
        "/metrics",
        "/api/v1/setup",
        "/api/v1/clones",
        "/api/v1/nothing",
        "/api/v1/clones?limit=x",
    ];
    for path in paths {
        has_all_headers(&stranger.page(path).header("accept", "text/html").await);
    }
    let ada = server.admin().await;
    for reply in [
        ada.get("/auth/me").await,
        ada.post("/clones", serde_json::json!({})).await,
        ada.ask(Method::PUT, "/clones").await,
    ] {
        has_all_headers(&reply);
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{}", reply.asked);
    }
}

#[tokio::test]
async fn the_documentation_is_served_from_the_binary() {
    let server = Server::start().await;
    let docs = server.client().page("/docs").header("accept", "text/html").await;
    assert_eq!(docs.status, 200);
    let html = docs.text();
    for outside in ["https://cdn", "http://cdn", "//unpkg", "jsdelivr"] {
        assert!(!html.contains(outside), "{outside}");
    }
    for part in html.split("src=\"").skip(1) {
        let path = part.split('"').next().unwrap();
        let path = path.strip_prefix("./").map_or(path.to_owned(), |path| format!("/docs/{path}"));
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        assert_eq!(server.client().page(&path).await.status, 200, "{path}");
    }
    let document = server.client().page("/openapi.json").await.is(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[tokio::test]
async fn probes_say_how_it_is() {
    let server = Server::start().await;
    let stranger = server.client();
    assert_eq!(stranger.page("/healthz").await.is(200), serde_json::json!({"status": "ok"}));
    let ready = stranger.page("/readyz").await.is(200);
    assert_eq!(ready["checks"]["store"]["status"], "ok");
    assert!(stranger.get("/gateway/health").await.is(200)["version"].is_string());
    let metrics = stranger.page("/metrics/prometheus").await;
    assert!(metrics.text().contains("# TYPE"), "{}", metrics.text());
    // Through a proxy the figures are not for everybody.
    let outside = stranger.page("/metrics").header("x-forwarded-for", "203.0.113.9").await;
    assert!(matches!(outside.status, 401 | 403 | 404), "{}", outside.status);
}
