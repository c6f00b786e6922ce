//! TLS and the home network: one port for both, certificates that change, the page that helps
//! to trust. 127.0.0.2 plays another machine.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use rustix::process::Signal;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::support::command::run;
use crate::support::server::Server;
use crate::support::socket::{
    ELSEWHERE, closes_within, connect_from, exchange, get, over_http2, tls, tls_later,
};
use crate::support::{PASSWORD, until};

const LOCAL: [(&str, &str); 1] = [("CLONEMEMORIA_SERVER_TLS", "local")];

async fn plain(server: &Server, from: Ipv4Addr, text: &str) -> String {
    exchange(&mut connect_from(from, server.address()).await, text).await
}

async fn authority(server: &Server) -> Vec<u8> {
    server.client().page("/trust/ca.crt").await.bytes.to_vec()
}

async fn open(server: &Server, authority: &[u8], protocol: &str) -> TlsStream<TcpStream> {
    let stream = connect_from(ELSEWHERE, server.address()).await;
    tls(stream, authority, "localhost", &[protocol]).await.expect("a certificate that is trusted")
}

/// What the server shows now, if it is to be trusted.
async fn shown(server: &Server, authority: &[u8]) -> Option<Vec<u8>> {
    shown_later(server, authority, Duration::ZERO).await
}

async fn shown_later(server: &Server, authority: &[u8], ahead: Duration) -> Option<Vec<u8>> {
    let stream = connect_from(ELSEWHERE, server.address()).await;
    let stream = tls_later(stream, authority, "localhost", &["h2"], ahead).await.ok()?;
    Some(stream.get_ref().1.peer_certificates()?.first()?.to_vec())
}

#[tokio::test]
async fn one_port_speaks_tls_to_those_who_trust_it() {
    let server = Server::with(&LOCAL).await;
    let ca = authority(&server).await;
    let mut stream = open(&server, &ca, "http/1.1").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let answer = exchange(&mut stream, &get("/api/v1/setup", "")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(!answer.contains("strict-transport-security"), "{answer}");
    let stream = open(&server, &ca, "h2").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let request = Request::get("https://localhost/api/v1/setup").body(Full::<Bytes>::default());
    let answer = over_http2(stream, request.unwrap()).await;
    assert_eq!(answer.status(), 200);
    let stream = connect_from(ELSEWHERE, server.address()).await;
    assert!(tls(stream, &ca, "bank.example", &["h2"]).await.is_err(), "another name");
}

#[tokio::test]
async fn plain_http_from_elsewhere_is_sent_on_but_for_what_helps_to_trust() {
    let server = Server::with(&LOCAL).await;
    for path in ["/", "/login?next=%2Fa", "/api/v1/setup", "/metrics", "/docs"] {
        let answer = plain(&server, ELSEWHERE, &get(path, "")).await;
        assert!(answer.starts_with("HTTP/1.1 308 "), "{path}: {answer}");
        let to = format!("location: https://memoria.local:8787{path}\r\n");
        assert!(answer.contains(&to) && answer.contains("cache-control: no-store"), "{answer}");
        let here = plain(&server, Ipv4Addr::LOCALHOST, &get(path, "")).await;
        assert!(!here.starts_with("HTTP/1.1 308 "), "{path}: {here}");
    }
    let page = get("/trust", "accept: text/html\r\n");
    for text in [page, get("/trust/info", ""), get("/trust/ca.mobileconfig", "")] {
        let answer = plain(&server, ELSEWHERE, &text).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    for path in ["/healthz", "/readyz"] {
        assert!(plain(&server, ELSEWHERE, &get(path, "")).await.starts_with("HTTP/1.1 200 "));
    }
    let passed_on = get("/api/v1/setup", "x-forwarded-for: 192.0.2.7\r\n");
    let answer = plain(&server, Ipv4Addr::LOCALHOST, &passed_on).await;
    assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
    let nowhere = "GET / HTTP/1.1\r\nhost: a@b\r\nconnection: close\r\n\r\n";
    let answer = plain(&server, ELSEWHERE, nowhere).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let posted = "POST /api/v1/auth/login HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\
                  content-length: 0\r\n\r\n";
    let answer = plain(&server, ELSEWHERE, posted).await;
    assert!(answer.contains("location: https://m/api/v1/auth/login\r\n"), "{answer}");
}

#[tokio::test]
async fn under_a_path_it_sends_on_to_the_same_path() {
    let base = [LOCAL[0], ("CLONEMEMORIA_SERVER_BASE_PATH", "/memoria")];
    let server = Server::with(&base).await;
    let answer = plain(&server, ELSEWHERE, &get("/memoria/login", "")).await;
    assert!(answer.contains("location: https://memoria.local:8787/memoria/login\r\n"), "{answer}");
    let answer = plain(&server, ELSEWHERE, &get("/memoria/trust/ca.crt", "")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn the_session_cookie_is_a_secure_one() {
    let server = Server::with(&LOCAL).await;
    server.admin().await;
    let mut stream = open(&server, &authority(&server).await, "http/1.1").await;
    let body = json!({"email": "admin@example.org", "password": PASSWORD}).to_string();
    let text = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\norigin: https://localhost\r\n\
         connection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(&mut stream, &text).await;
    let cookie = answer.lines().find(|line| line.starts_with("set-cookie: ")).expect("a cookie");
    assert!(cookie.contains("__Host-cm_sid=") && cookie.contains("; Secure"), "{cookie}");
}

#[tokio::test]
async fn the_authority_stays_and_its_certificate_is_renewed() {
    let mut server = Server::with(&LOCAL).await;
    let ca = authority(&server).await;
    let first = shown(&server, &ca).await.expect("a certificate");
    for file in ["authority.json", "server.json"] {
        let facts = std::fs::metadata(server.data().join("tls").join(file)).expect("a file");
        assert_eq!(facts.permissions().mode() & 0o777, 0o600, "{file}");
    }
    let info = server.client().page("/trust/info").await.is(200);
    let fingerprint = info["authority"]["fingerprint"].as_str().expect("a fingerprint");
    let doctor = server.command(&["doctor", "--set", "server.tls=local"], "");
    assert!(doctor.out.contains(fingerprint), "{doctor:?}");
    server.restart().await;
    assert_eq!(authority(&server).await, ca);
    assert_eq!(shown(&server, &ca).await, Some(first.clone()));
    let later = Duration::from_secs(130 * 24 * 60 * 60);
    server.advance(later).await;
    server.signal(Signal::HUP);
    until("the certificate is another", || async {
        shown_later(&server, &ca, later).await.filter(|shown| *shown != first)
    })
    .await;
    assert_eq!(server.stop().await, 0);
}

#[tokio::test]
async fn without_tls_there_is_no_authority() {
    let server = Server::start().await;
    let info = server.client().page("/trust/info").await.is(200);
    assert_eq!((&info["tls"], &info["authority"]), (&json!("off"), &Value::Null));
    server.client().page("/trust/ca.crt").await.problem(404, "not_found");
    let answer = plain(&server, ELSEWHERE, &get("/api/v1/setup", "")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

/// A certificate for `localhost` that vouches for itself, and its key.
fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate").to_vec()
}

#[tokio::test]
async fn files_that_change_are_used_and_broken_ones_are_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let (first, first_key) = pair();
    std::fs::write(&cert, &first).expect("a file");
    std::fs::write(&key, &first_key).expect("a file");
    let settings = [
        ("CLONEMEMORIA_SERVER_TLS", "files"),
        ("CLONEMEMORIA_SERVER_TLS_CERT", cert.to_str().expect("UTF-8")),
        ("CLONEMEMORIA_SERVER_TLS_KEY", key.to_str().expect("UTF-8")),
    ];
    let server = Server::with(&settings).await;
    let mut stream = open(&server, &der(&first), "http/1.1").await;
    let answer = exchange(&mut stream, &get("/healthz", "")).await;
    assert!(answer.contains("strict-transport-security: max-age=63072000"), "{answer}");
    let plain = plain(&server, ELSEWHERE, &get("/healthz", "")).await;
    assert!(!plain.contains("strict-transport-security"), "{plain}");

    let (second, second_key) = pair();
    std::fs::write(&cert, &second).expect("a file");
    server.signal(Signal::HUP);
    until("the pair is refused", || async {
        server.log().contains("the certificate in use stays").then_some(())
    })
    .await;
    assert_eq!(shown(&server, &der(&first)).await, Some(der(&first)));
    std::fs::write(&key, &second_key).expect("a file");
    server.signal(Signal::HUP);
    let second = der(&second);
    until("the new pair is used", || shown(&server, &second)).await;
}

#[tokio::test]
async fn files_that_are_wrong_refuse_the_start_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let ((one, _), (_, other)) = (pair(), pair());
    std::fs::write(path("one.pem"), one).expect("a file");
    std::fs::write(path("other.pem"), other).expect("a file");
    std::fs::write(path("text.pem"), "hello").expect("a file");
    for (cert, key, named) in [
        ("none.pem", "other.pem", "none.pem"),
        ("text.pem", "other.pem", "text.pem"),
        ("one.pem", "text.pem", "text.pem"),
        ("one.pem", "other.pem", "other.pem"),
    ] {
        let data = path("data");
        let (cert, key) = (path(cert), path(key));
        let settings = [
            ("CLONEMEMORIA_SERVER_TLS", "files"),
            ("CLONEMEMORIA_SERVER_TLS_CERT", &cert),
            ("CLONEMEMORIA_SERVER_TLS_KEY", &key),
        ];
        let arguments = ["serve", "--data-dir", &data, "--listen", "127.0.0.1:0"];
        run(&arguments, &settings, "").fails(78, &[named]);
    }
    let alone = [("CLONEMEMORIA_SERVER_TLS_CERT", "/x.pem")];
    run(&["serve"], &alone, "").fails(78, &["server.tls_cert"]);
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_not_awaited() {
    let impatient = [LOCAL[0], ("CLONEMEMORIA_LIMITS_HEADER_SECONDS", "1")];
    let mut server = Server::with(&impatient).await;
    let hello: &[u8] = &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00];
    for start in [&b""[..], &hello[..1], hello] {
        let mut stream = connect_from(ELSEWHERE, server.address()).await;
        stream.write_all(start).await.expect("an open socket");
        let took = closes_within(&mut stream, Duration::from_secs(10)).await;
        assert!(took.is_some_and(|took| took > Duration::from_millis(500)), "{start:?}: {took:?}");
    }
    let mut half = connect_from(ELSEWHERE, server.address()).await;
    half.write_all(hello).await.expect("an open socket");
    let began = Instant::now();
    assert_eq!(server.stop().await, 0);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(closes_within(&mut half, Duration::from_secs(5)).await.is_some());
}
