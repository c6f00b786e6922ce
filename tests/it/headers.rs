//! What every answer tells a browser about how to treat it.

use http::{HeaderMap, Method};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::contract::operations;
use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::socket::{ELSEWHERE, connect_from, exchange, get};

const ALWAYS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-dns-prefetch-control", "off"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

fn checked(what: &str, headers: &HeaderMap) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    for (name, value) in ALWAYS {
        assert_eq!(text(name), Some(value), "{what}: {name}");
    }
    let policy = text("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("default-src 'none';"), "{what}: {policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{what}: {policy}");
    let permissions = text("permissions-policy").unwrap_or_default();
    assert!(permissions.contains("microphone=(self)"), "{what}: {permissions}");
    assert!(permissions.contains("camera=()"), "{what}: {permissions}");
    assert!(text("server").is_none() && text("x-powered-by").is_none(), "{what}");
    assert!(text("strict-transport-security").is_none(), "{what}: not over plain HTTP");
}

/// The head of an answer as it went over the wire.
fn parsed(answer: &str) -> (u16, HeaderMap) {
    let head = answer.split("\r\n\r\n").next().expect("a head");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
    let pairs = lines.filter_map(|line| line.split_once(": "));
    let headers = pairs.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    (status.parse().expect("a status"), headers.collect())
}

#[tokio::test]
async fn every_operation_answers_with_them() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let document = server.client().page("/openapi.json").await.is(200);
    let mut seen = std::collections::BTreeSet::new();
    for client in [server.client(), ada] {
        for (verb, path, operation) in operations(&document) {
            let name = operation["operationId"].as_str().unwrap();
            if name == "logout" {
                continue;
            }
            let path = path.replace('{', "01890a5d-").replace('}', "");
            let method: Method = verb.parse().unwrap();
            let bodies = &operation["requestBody"]["content"]["application/json"];
            let mut asks = vec![client.ask(method.clone(), &path)];
            if bodies["example"].is_object() {
                asks.push(client.ask(method, &path).json(&bodies["example"]));
                asks.push(client.ask(verb.parse().unwrap(), &path).json(&json!({"?": 1})));
            }
            for ask in asks {
                let reply = ask.await;
                seen.insert(reply.status);
                checked(name, &reply.headers);
                let kept = reply.header("cache-control");
                assert_eq!(kept, Some("no-store"), "{name}: {}", reply.status);
            }
        }
    }
    for status in [200, 400, 401, 404, 422] {
        assert!(seen.contains(&status), "none of {seen:?} is {status}");
    }
}

async fn every_kind(server: &Server, ada: &Client) -> Vec<(u16, HeaderMap)> {
    let mut all = Vec::new();
    let clone = ada.new_clone("Maria").await;
    let path = format!("/clones/{clone}");
    let known = ada.page("/openapi.json").await;
    let tag = known.header("etag").expect("a tag").to_owned();
    let page = |path: &str| ada.page(path).header("accept", "text/html");
    let conversation = ada.converse(&clone).await;
    let said = format!("/conversations/{conversation}/messages");
    let large = json!({"name": "x".repeat(2 << 20)});
    for ask in [
        page("/"),
        page("/trust"),
        page("/login"),
        page("/docs"),
        page("/docs/start.js"),
        page("/openapi.json"),
        page("/healthz"),
        page("/readyz"),
        page("/metrics"),
        page("/metrics/prometheus"),
        page("/trust/info"),
        page("/trust/ca.crt"),
        page("/favicon.svg"),
        page("/_app/nothing.js").header("accept", "*/*"),
        page("/api/v1/nothing"),
        ada.ask_outside(Method::PUT, "/"),
        ada.ask(Method::PUT, "/setup"),
        ada.ask(Method::HEAD, &path),
        ada.ask_outside(Method::HEAD, "/"),
        page("/openapi.json").header("if-none-match", &tag),
        ada.patch(&path, json!({"name": "x"})).header("if-match", "\"old\""),
        ada.ask(Method::POST, "/clones").header("content-type", "text/plain").bytes("{}"),
        ada.ask(Method::POST, "/clones").header("content-type", "application/json").bytes("{"),
        ada.post("/clones", large),
        ada.post(&said, json!({"content": "Hello?"})).header("accept", "text/event-stream"),
    ] {
        let reply = ask.await;
        all.push((reply.status, reply.headers));
    }
    let mut stream = connect_from(ELSEWHERE, server.address()).await;
    let answer = exchange(&mut stream, &get("/api/v1/setup", "upgrade: h2c\r\n")).await;
    all.push(parsed(&answer));
    all
}

#[tokio::test]
async fn every_kind_of_answer_has_them() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let mut seen = std::collections::BTreeSet::new();
    for (status, headers) in every_kind(&server, &ada).await {
        let media = headers.get("content-type").and_then(|media| media.to_str().ok());
        checked(&format!("{status} {media:?}"), &headers);
        seen.insert(status);
    }
    for status in [200, 304, 400, 404, 405, 412, 413, 415] {
        assert!(seen.contains(&status), "none of {seen:?} is {status}");
    }
}

#[tokio::test]
async fn those_that_send_elsewhere_and_those_that_failed_have_them() {
    let settings =
        [("CLONEMEMORIA_SERVER_TLS", "local"), ("CLONEMEMORIA_SERVER_BASE_PATH", "/memoria")];
    let mut server = Server::with(&settings).await;
    server.excuse("a test wants it");
    server.excuse("\"internal\"");
    server.excuse("panicked");
    let mut stream = connect_from(ELSEWHERE, server.address()).await;
    let (status, headers) = parsed(&exchange(&mut stream, &get("/memoria/login", "")).await);
    assert_eq!(status, 308);
    checked("to TLS", &headers);
    let page = server.client().outside().page("/memoria").await;
    assert_eq!(page.status, 308);
    checked("to the folder", &page.headers);
    let socket = server.data().join("control.sock");
    let mut stream = tokio::net::UnixStream::connect(socket).await.expect("a control socket");
    let body = json!({"do": "panic", "while_writing": false}).to_string();
    let text = format!(
        "POST /control HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.expect("an open socket");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (status, headers) = parsed(&answer);
    assert_eq!(status, 500, "{answer}");
    checked("a panic", &headers);
}

#[tokio::test]
async fn pages_run_nothing_but_their_own() {
    let server = Server::start().await;
    for path in ["/", "/trust", "/login"] {
        let page = server.client().page(path).header("accept", "text/html").await;
        let policy = page.header("content-security-policy").expect("a policy").to_owned();
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self' blob:",
            "connect-src 'self'",
            "font-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.split(';').any(|own| own.trim() == part), "{path}: {part}: {policy}");
        }
    }
}
