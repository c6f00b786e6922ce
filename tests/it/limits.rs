//! What one client may cost, against the real binary: bytes, depth, time, connections, and code
//! that fails.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::contract::operations;
use crate::support::server::Server;
use crate::support::socket::{ELSEWHERE, closes_within, connect_from, exchange, get, rest};
use crate::support::{PATIENCE, until};

const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Every documented operation: name, method, a path that leads nowhere, whether it takes a body.
fn all(document: &serde_json::Value) -> Vec<(String, Method, String, bool)> {
    let all = operations(document).into_iter().map(|(verb, path, operation)| {
        let parts = path.split('/').map(|part| if part.starts_with('{') { NOBODY } else { part });
        let path = format!("/api/v1{}", parts.collect::<Vec<_>>().join("/"));
        let name = operation["operationId"].as_str().expect("a name").to_owned();
        let json = &operation["requestBody"]["content"]["application/json"];
        (name, verb.parse().expect("a method"), path, json.is_object())
    });
    all.collect()
}

fn status(answer: &str) -> u16 {
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no status: {answer}"))
}

#[tokio::test]
async fn every_operation_counts_the_bytes_of_its_body() {
    let small = [
        ("CLONEMEMORIA_LIMITS_JSON_BYTES", "2000"),
        ("CLONEMEMORIA_LIMITS_BATCH_BYTES", "3000"),
        ("CLONEMEMORIA_LIMITS_UPLOAD_BYTES", "4000"),
    ];
    let server = Server::with(&small).await;
    let ada = server.admin().await;
    let token = ada.token().to_owned();
    let document = server.client().page("/openapi.json").await.is(200);
    let many = format!("1388\r\n{}\r\n0\r\n\r\n", "x".repeat(5_000));
    for (name, method, path, takes_body) in all(&document) {
        if name == "logout" {
            continue;
        }
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             connection: close\r\ncontent-type: application/json\r\n"
        );
        let promised = format!("{head}content-length: 104857600\r\n\r\n");
        let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{many}");
        for text in [promised, chunked] {
            let mut stream = connect_from(Ipv4Addr::LOCALHOST, server.address()).await;
            let answer = exchange(&mut stream, &text).await;
            let status = status(&answer);
            // A server without mail says so before it looks at a body that there is none of.
            assert!(status < 500 || status == 501, "{name}: {answer}");
            assert!(status == 413 || !takes_body, "{name}: {answer}");
        }
        let status = too_much_over_http2(&server, &method, &path, &token).await;
        let others = status < 500 || status == 501;
        assert!(status == 413 || !takes_body && others, "{name} over HTTP/2: {status}");
    }
}

/// A body of unknown length that never ends by itself.
async fn too_much_over_http2(server: &Server, method: &Method, path: &str, token: &str) -> u16 {
    let io = TokioIo::new(connect_from(Ipv4Addr::LOCALHOST, server.address()).await);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
    let (mut sender, connection) = handshake.expect("HTTP/2");
    tokio::spawn(connection);
    let pieces =
        (0..8).map(|_| Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![b'x'; 1_000]))));
    let body = StreamBody::new(futures_util::stream::iter(pieces));
    let request = Request::builder()
        .method(method.clone())
        .uri(format!("http://x{path}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(body.boxed())
        .expect("a request");
    let answer = tokio::time::timeout(PATIENCE, sender.send_request(request)).await;
    answer.expect("an answer in time").expect("an answer").status().as_u16()
}

#[tokio::test]
async fn a_hundred_megabytes_cost_no_memory() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    let before = server.resident();
    for path in ["/api/v1/clones".to_owned(), format!("/api/v1/clones/{clone}/memories")] {
        let mut stream = connect_from(Ipv4Addr::LOCALHOST, server.address()).await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
            ada.token()
        );
        stream.write_all(head.as_bytes()).await.expect("an open socket");
        let chunk = format!("100000\r\n{}\r\n", "[".repeat(1 << 20));
        for _ in 0..100 {
            if stream.write_all(chunk.as_bytes()).await.is_err() {
                break;
            }
        }
        let answer = rest(&mut stream).await;
        assert!(answer.is_empty() || status(&answer) == 413, "{answer}");
    }
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 12 << 20, "{} MB more", grown >> 20);
}

#[tokio::test]
async fn every_operation_bounds_the_depth_of_its_json() {
    let server = Server::with(&[("CLONEMEMORIA_LIMITS_JSON_DEPTH", "8")]).await;
    let ada = server.admin().await;
    let document = server.client().page("/openapi.json").await.is(200);
    let deep = |depth: usize| format!("{{\"?\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    for (name, method, path, _) in all(&document).into_iter().filter(|(.., body)| *body) {
        for (depth, expected) in [(8, 400), (200, 400), (50_000, 400), (7, 422)] {
            let ask = ada.ask_outside(method.clone(), &path);
            let ask = ask.header("content-type", "application/json").bytes(deep(depth));
            let reply = ask.await;
            // A field that is missing may be met before one that is not known.
            assert_eq!(reply.status, expected, "{name} {depth}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn every_operation_bounds_the_fields_of_an_object() {
    let server = Server::start().await;
    let ada = server.admin().await;
    let document = server.client().page("/openapi.json").await.is(200);
    let fields = |count: usize| {
        let fields: Vec<String> = (0..count).map(|n| format!("\"f{n}\":1")).collect();
        format!("{{{}}}", fields.join(","))
    };
    let (most, more) = (fields(10_000), fields(10_001));
    let deeper = format!("{{\"?\":[{{}},{{\"?\":{more}}}]}}");
    for (name, method, path, _) in all(&document).into_iter().filter(|(.., body)| *body) {
        for (body, expected) in [(&more, 400), (&deeper, 400), (&most, 422)] {
            let ask = ada.ask_outside(method.clone(), &path);
            let ask = ask.header("content-type", "application/json").bytes(body.clone());
            let reply = ask.await;
            assert_eq!(reply.status, expected, "{name}: {}", reply.text());
            if expected == 400 {
                reply.problem(400, "malformed");
            }
        }
    }
    // All objects of a body together may have more, and texts may have what looks like fields.
    let clone = ada.new_clone("Maria").await;
    let memory = json!({"content": "a:".repeat(10_001), "metadata": {"\\\":{": ":{"}});
    let memories = json!({"memories": vec![memory; 20]});
    let path = format!("/clones/{clone}/memories/batch");
    assert_eq!(ada.post(&path, memories).await.is(200)["created"], 20);
    let many = (0..1_000).map(|n| {
        json!({
            "content": format!("Memory {n}."), "title": "T", "kind": "fact", "place": "P",
            "people": [], "tags": [], "visibility": "space", "source": "s", "thread": "t",
            "sequence": n, "speaker": "Maria", "external_id": n.to_string(),
        })
    });
    let many = json!({"memories": many.collect::<Vec<_>>()});
    assert_eq!(ada.post(&path, many).await.is(200)["created"], 1_000);
}

#[tokio::test]
async fn how_many_fields_an_object_may_have_is_a_setting() {
    let server = Server::with(&[("CLONEMEMORIA_LIMITS_JSON_FIELDS", "4")]).await;
    let ada = server.admin().await;
    let body = json!({"name": "Maria", "description": "d", "style": "s", "greeting": "g"});
    ada.post("/clones", body.clone()).await.is(201);
    let mut body = body;
    body["biography"] = json!("b");
    ada.post("/clones", body).await.problem(400, "malformed");
}

const IMPATIENT: [(&str, &str); 5] = [
    ("CLONEMEMORIA_LIMITS_HEADER_SECONDS", "1"),
    ("CLONEMEMORIA_LIMITS_STALL_SECONDS", "1"),
    ("CLONEMEMORIA_LIMITS_IDLE_SECONDS", "1"),
    ("CLONEMEMORIA_LIMITS_BODY_SECONDS", "1"),
    ("CLONEMEMORIA_LIMITS_BODY_IDLE_SECONDS", "2"),
];

#[tokio::test]
async fn a_slow_header_is_cut_however_steadily_it_trickles() {
    let server = Server::with(&IMPATIENT).await;
    let mut stream = connect_from(ELSEWHERE, server.address()).await;
    let began = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await.expect("an open socket");
    // A line every so often: no pause is long, and the whole is.
    while stream.write_all(b"x-slow: 1\r\n").await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(8), "it goes on for ever");
        let pause = Duration::from_millis(50);
        if closes_within(&mut stream, pause).await.is_some() {
            break;
        }
    }
    assert!(began.elapsed() > Duration::from_millis(700), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_idle_connection_and_one_that_says_nothing_are_closed() {
    let server = Server::with(&IMPATIENT).await;
    let mut silent = connect_from(ELSEWHERE, server.address()).await;
    assert!(closes_within(&mut silent, Duration::from_secs(8)).await.is_some());
    let mut idle = connect_from(ELSEWHERE, server.address()).await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("an open socket");
    assert!(closes_within(&mut idle, Duration::from_secs(8)).await.is_some());
}

#[tokio::test]
async fn a_slow_body_is_refused_in_words() {
    let server = Server::with(&IMPATIENT).await;
    let mut stream = connect_from(ELSEWHERE, server.address()).await;
    let text = "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 900\r\n\r\n{\"email\"";
    let answer = exchange(&mut stream, text).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("body_too_slow"), "{answer}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_dropped() {
    let server = Server::with(&IMPATIENT).await;
    let mut stream = connect_from(ELSEWHERE, server.address()).await;
    // More than the kernel keeps for it.
    let many = "GET /docs/swagger.js HTTP/1.1\r\nhost: x\r\n\r\n".repeat(40);
    stream.write_all(many.as_bytes()).await.expect("an open socket");
    until("the connection is gone", || async {
        let metrics = server.client().page("/metrics").await.is(200);
        let open = metrics["connections"].as_i64();
        // The one that asks.
        (open == Some(1)).then_some(())
    })
    .await;
    let got = rest(&mut stream).await.len();
    assert!(got < 40 << 20, "{got} bytes came");
}

/// What the kernel takes at once looks sent from inside the server.
#[tokio::test]
async fn so_is_one_whose_whole_answer_the_kernel_keeps() {
    let mut settings = IMPATIENT;
    settings[2].1 = "600";
    let server = Server::with(&settings).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a fresh socket");
    let mut stream = socket.connect(server.address()).await.expect("a server that listens");
    let text = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(text).await.expect("an open socket");
    until("the connection is gone", || async {
        let metrics = server.client().page("/metrics").await.is(200);
        (metrics["connections"].as_i64() == Some(1)).then_some(())
    })
    .await;
    assert!(rest(&mut stream).await.len() < 100_000);
}

/// Asks over HTTP/2 for more than the client has room for: the answer, of which nothing is read
/// yet.
async fn much_over_http2(server: &Server, window: u32) -> hyper::Response<hyper::body::Incoming> {
    let io = TokioIo::new(connect_from(ELSEWHERE, server.address()).await);
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let handshake = builder.initial_stream_window_size(window).handshake(io).await;
    let (mut sender, connection) = handshake.expect("HTTP/2");
    tokio::spawn(connection);
    let request = Request::get("http://x/docs/swagger.js").body(Empty::<Bytes>::new());
    sender.send_request(request.expect("a request")).await.expect("an answer")
}

#[tokio::test]
async fn nor_may_a_stream_of_many_be_left_unread() {
    let server = Server::with(&IMPATIENT).await;
    for window in [0, 1_000, 100_000] {
        let unread = much_over_http2(&server, window).await;
        until("the connection is gone", || async {
            let metrics = server.client().page("/metrics").await.is(200);
            (metrics["connections"].as_i64() == Some(1)).then_some(())
        })
        .await;
        assert!(unread.into_body().collect().await.is_err(), "{window}");
    }
}

#[tokio::test]
async fn one_that_is_read_slowly_arrives_whole() {
    let server = Server::with(&IMPATIENT).await;
    let fast = server.client().page("/docs/swagger.js").await;
    let mut slow = much_over_http2(&server, 20_000).await.into_body();
    let (mut got, begun) = (Vec::new(), Instant::now());
    while let Some(frame) = slow.frame().await {
        let data = frame.expect("a frame").into_data().expect("data");
        got.extend_from_slice(&data);
        // Half a megabyte a second.
        tokio::time::sleep(Duration::from_micros(2 * data.len() as u64)).await;
    }
    assert!(begun.elapsed() > Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(got == fast.bytes, "{} of {} bytes", got.len(), fast.bytes.len());
}

#[tokio::test]
async fn a_header_has_a_size() {
    let server = Server::start().await;
    for (size, allowed) in [(6_000, true), (40_000, false), (2_000_000, false)] {
        let mut stream = connect_from(ELSEWHERE, server.address()).await;
        let text = get("/api/v1/setup", &format!("x-large: {}\r\n", "x".repeat(size)));
        let answer = exchange(&mut stream, &text).await;
        assert_eq!(answer.starts_with("HTTP/1.1 200 "), allowed, "{size}: {answer:.100}");
    }
    let larger = Server::with(&[("CLONEMEMORIA_LIMITS_HEADER_BYTES", "65536")]).await;
    let mut stream = connect_from(ELSEWHERE, larger.address()).await;
    let text = get("/api/v1/setup", &format!("x-large: {}\r\n", "x".repeat(40_000)));
    assert!(exchange(&mut stream, &text).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_stop_does_not_wait_for_what_was_never_asked() {
    let mut server = Server::start().await;
    let mut half = connect_from(ELSEWHERE, server.address()).await;
    half.write_all(b"GET /api/v1/setup HTTP/1.1\r\nhos").await.expect("an open socket");
    let mut silent = connect_from(ELSEWHERE, server.address()).await;
    server.client().get("/setup").await.is(200);
    let began = Instant::now();
    assert_eq!(server.stop().await, 0);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(closes_within(&mut half, Duration::from_secs(5)).await.is_some());
    assert!(closes_within(&mut silent, Duration::from_secs(5)).await.is_some());
}

async fn is_served(stream: &mut TcpStream) -> bool {
    let text = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    if stream.write_all(text.as_bytes()).await.is_err() {
        return false;
    }
    let mut bytes = [0; 1024];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut bytes)).await;
    let read = read.expect("an answer or an end").unwrap_or(0);
    bytes[..read].starts_with(b"HTTP/1.1 200")
}

#[tokio::test]
async fn one_address_gets_so_many_connections_and_others_get_theirs() {
    let few = [("CLONEMEMORIA_LIMITS_CONNECTIONS_PER_ADDRESS", "3")];
    let server = Server::with(&few).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = connect_from(ELSEWHERE, server.address()).await;
        assert!(is_served(&mut stream).await);
        open.push(stream);
    }
    assert!(!is_served(&mut connect_from(ELSEWHERE, server.address()).await).await);
    let other = Ipv4Addr::new(127, 0, 0, 3);
    assert!(is_served(&mut connect_from(other, server.address()).await).await);
    for _ in 0..8 {
        let mut own = connect_from(Ipv4Addr::LOCALHOST, server.address()).await;
        assert!(is_served(&mut own).await, "this machine is not counted");
        open.push(own);
    }
    drop(open.remove(0));
    until("there is a place again", || async {
        let mut stream = connect_from(ELSEWHERE, server.address()).await;
        is_served(&mut stream).await.then_some(())
    })
    .await;
}

#[tokio::test]
async fn all_together_get_so_many_connections_and_the_operator_another() {
    let few = [("CLONEMEMORIA_LIMITS_CONNECTIONS", "6")];
    let server = Server::with(&few).await;
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut stream = connect_from(Ipv4Addr::LOCALHOST, server.address()).await;
        if is_served(&mut stream).await {
            open.push(stream);
        }
    }
    assert!((4..=6).contains(&open.len()), "{} are open", open.len());
    let (status, _) = server.operate(json!({"do": "setup_link"})).await;
    assert_eq!(status, 200, "the control socket has a place");
    open.clear();
    until("there is a place again", || async {
        let mut stream = connect_from(Ipv4Addr::LOCALHOST, server.address()).await;
        is_served(&mut stream).await.then_some(())
    })
    .await;
}

/// HTTP/2 frames: a request that is taken back at once.
fn opened_and_reset(stream: u32) -> Vec<u8> {
    let header: &[u8] = &[0x82, 0x86, 0x84, 0x41, 0x01, b'x'];
    let mut bytes = vec![0, 0, u8::try_from(header.len()).expect("small"), 0x1, 0x5];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(header);
    bytes.extend([0, 0, 4, 0x3, 0]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(8_u32.to_be_bytes());
    bytes
}

/// A connection on which twenty thousand requests are made and taken back.
async fn takes_back(server: &Server) -> TcpStream {
    let mut stream = connect_from(ELSEWHERE, server.address()).await;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend([0, 0, 0, 0x4, 0, 0, 0, 0, 0]);
    for number in 0..20_000_u32 {
        bytes.extend(opened_and_reset(number * 2 + 1));
    }
    drop(stream.write_all(&bytes).await);
    stream
}

#[tokio::test]
async fn requests_that_are_taken_back_at_once_end_the_connection() {
    let server = Server::start().await;
    let mut stream = takes_back(&server).await;
    let took = closes_within(&mut stream, Duration::from_secs(10)).await;
    assert!(took.is_some(), "the connection stays open");
    let began = Instant::now();
    server.client().get("/setup").await.is(200);
    assert!(began.elapsed() < Duration::from_secs(2));
    let patient = Server::with(&[("CLONEMEMORIA_LIMITS_HTTP2_RESETS", "100000")]).await;
    let mut stream = takes_back(&patient).await;
    assert_eq!(closes_within(&mut stream, Duration::from_secs(2)).await, None);
}

#[tokio::test]
async fn a_header_without_end_over_http2_ends_the_connection() {
    let server = Server::start().await;
    let mut stream = connect_from(ELSEWHERE, server.address()).await;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend([0, 0, 0, 0x4, 0, 0, 0, 0, 0]);
    // A header that is not the last frame of it, and many more of the same.
    bytes.extend([0, 0, 1, 0x1, 0, 0, 0, 0, 1, 0x82]);
    let field: Vec<u8> = [&[0x00, 0x01, b'a', 0x7f, 0x81, 0x01][..], &[b'x'; 256]].concat();
    let length = u32::try_from(field.len()).expect("small").to_be_bytes();
    for _ in 0..20_000 {
        bytes.extend([length[1], length[2], length[3], 0x9, 0, 0, 0, 0, 1]);
        bytes.extend(&field);
    }
    let before = server.resident();
    drop(stream.write_all(&bytes).await);
    assert!(closes_within(&mut stream, Duration::from_secs(10)).await.is_some());
    assert!(server.resident().saturating_sub(before) < 16 << 20);
    server.client().get("/setup").await.is(200);
}

#[tokio::test]
async fn code_that_fails_takes_nothing_down_with_it() {
    let mut server = Server::start().await;
    for words in ["a test wants it", "\"internal\"", "panicked"] {
        server.excuse(words);
    }
    let ada = server.admin().await;
    let clone = ada.new_clone("Maria").await;
    for round in 0..1_000 {
        let while_writing = round % 2 == 0;
        let (status, body) =
            server.operate(json!({"do": "panic", "while_writing": while_writing})).await;
        assert_eq!((status, &body["code"]), (500, &json!("internal")), "{body}");
        if round % 100 == 0 {
            ada.remember(&clone, "It was written down all the same.").await;
        }
    }
    assert_eq!(ada.get(&format!("/clones/{clone}")).await.is(200)["name"], "Maria");
    server.client().page("/readyz").await.is(200);
    server.restart().await;
    let found = server.again(&ada).get(&format!("/clones/{clone}/memories")).await.is(200);
    assert_eq!(found["items"].as_array().map(Vec::len), Some(10));
}
