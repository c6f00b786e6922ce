//! Pages of other origins: none reads an answer, but those the operator names.

use http::{HeaderMap, Method};

use crate::support::server::Server;
use crate::support::socket::{ELSEWHERE, connect_from, exchange};

/// Whether an answer lets any page read it.
fn opens(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with("access-control-"))
}

fn hostile(own: &str) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "null",
        "*",
        "",
        " ",
        "https://evil.example",
        "http://evil.example:80",
        "https://",
        "://",
        "file://",
        "file:///etc/passwd",
        "data:text/html,x",
        "javascript:alert(1)",
        "about:blank",
        "chrome-extension://abcdef",
        "https://[::1]",
        "https://[::1",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://localhost",
        "https://a.example, https://b.example",
        "https://a.example https://b.example",
        "https://a.example/",
        "https://a.example/path",
        "https://a.example?x",
        "https://a.example#x",
        "https://a.example.",
        "https://A.example",
        "https://user@a.example",
        "https://a.example:443",
        "http://a.example",
        "https://a.example.evil.example",
        "https://evila.example",
        "https://xn--e1afmkfd.example",
        "HTTPS://a.example",
        "https:/a.example",
        "a.example",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    all.push(format!("{own}.evil.example").into_bytes());
    all.push("https://пример.example".as_bytes().to_vec());
    all.push(b"https://\xff\xfe.example".to_vec());
    all.push(b"https://a.example\x80".to_vec());
    all.push(vec![b'x'; 4_000]);
    all
}

#[tokio::test]
async fn without_configuration_no_origin_reads_anything() {
    none_of_the_hostile_is_let_in(&[]).await;
}

#[tokio::test]
async fn a_named_origin_opens_nothing_to_others() {
    none_of_the_hostile_is_let_in(&[("CLONEMEMORIA_SERVER_CORS_ORIGINS", "https://a.example")])
        .await;
}

async fn none_of_the_hostile_is_let_in(settings: &[(&str, &str)]) {
    let server = Server::with(settings).await;
    let own = format!("http://{}", server.address());
    let origins = hostile(&own);
    assert!(origins.len() >= 40);
    for origin in origins {
        for (method, path) in [
            ("GET", "/api/v1/setup"),
            ("POST", "/api/v1/auth/login"),
            ("OPTIONS", "/api/v1/clones"),
        ] {
            let mut text = format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                access-control-request-method: POST\r\ncontent-length: 0\r\norigin: "
            )
            .into_bytes();
            text.extend_from_slice(&origin);
            text.extend_from_slice(b"\r\n\r\n");
            let mut stream = connect_from(ELSEWHERE, server.address()).await;
            let answer = raw(&mut stream, &text).await.to_ascii_lowercase();
            let shown = String::from_utf8_lossy(&origin).into_owned();
            assert!(answer.starts_with("http/1.1 "), "{shown}: no answer");
            assert!(!answer.starts_with("http/1.1 5"), "{shown}: {answer}");
            assert!(!answer.contains("access-control-"), "{shown}: {answer}");
        }
    }
    server.client().get("/setup").await.is(200);
}

async fn raw(stream: &mut tokio::net::TcpStream, bytes: &[u8]) -> String {
    use tokio::io::AsyncWriteExt as _;
    stream.write_all(bytes).await.expect("an open socket");
    exchange(stream, "").await
}

#[tokio::test]
async fn a_named_origin_may_call_with_a_token_and_never_with_a_cookie() {
    let origins = "https://app.example,http://other.example:8080";
    let server = Server::with(&[("CLONEMEMORIA_SERVER_CORS_ORIGINS", origins)]).await;
    let ada = server.admin().await;
    let stranger = server.client();
    for origin in origins.split(',') {
        let ask = stranger.ask(Method::OPTIONS, "/clones").header("origin", origin);
        let asked = ask
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "authorization,if-match")
            .await;
        assert_eq!(asked.status, 204);
        assert_eq!(asked.header("access-control-allow-origin"), Some(origin));
        assert!(asked.header("access-control-allow-methods").unwrap().contains("PATCH"));
        assert!(asked.header("access-control-allow-headers").unwrap().contains("authorization"));
        let vary: Vec<_> = asked.headers.get_all("vary").iter().collect();
        let vary = format!("{vary:?}");
        assert!(vary.contains("Origin") && vary.contains("Access-Control-Request-Method"));
        for reply in [
            ada.get("/clones").header("origin", origin).await,
            stranger.get("/clones").header("origin", origin).await,
        ] {
            assert_eq!(
                reply.header("access-control-allow-origin"),
                Some(origin),
                "{}",
                reply.status
            );
            assert!(
                reply.header("access-control-expose-headers").unwrap().contains("x-request-id")
            );
            assert!(!reply.headers.contains_key("access-control-allow-credentials"));
        }
    }
    let other = ada.get("/clones").header("origin", "https://evil.example").await;
    assert!(!opens(&other.headers));
    assert_eq!(other.header("vary").map(|vary| vary.contains("Origin")), Some(true));
    assert!(!opens(&ada.page("/").header("accept", "text/html").await.headers));
}
