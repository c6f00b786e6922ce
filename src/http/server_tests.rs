//! The server as a client on the network meets it, with short times.
#![expect(clippy::disallowed_methods, reason = "a test owns the tasks it starts")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use poem::endpoint::make;
use poem::http::Method;
use poem::web::Data;
use poem::{Body, EndpointExt as _, IntoResponse as _, Request, Response, Route, handler, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::http::guard::Guard;
use crate::http::sse::{HEARTBEAT_EVERY, Streams};
use crate::http::ui::Ui;

/// Long enough for a busy machine; a test that passes does not wait for it.
const LONG: Duration = Duration::from_secs(20);

const POST: &str = "POST /size HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";

struct Running {
    server: Server,
    tasks: Tasks,
    readiness: Readiness,
    _folder: tempfile::TempDir,
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn limits() -> Limits {
    let long = Duration::from_secs(60);
    Limits {
        connections: 64,
        per_address: 64,
        times: Times { header: long, idle: long, stall: long },
        pace: Pace { idle: long, grace: long, rate: 1 },
        protocol: Protocol::default(),
        body: Arc::new(|method, _| if method == Method::PUT { 2_000_000 } else { 1_000 }),
    }
}

#[handler]
async fn stream(streams: Data<&Streams>) -> Response {
    streams.send::<()>(futures_util::stream::pending()).into_response()
}

fn routes(streams: Streams) -> impl poem::Endpoint {
    let size = make(|request: Request| async {
        let bytes = request.into_body().into_bytes().await?;
        Ok::<_, poem::Error>(bytes.len().to_string())
    });
    let panics = make(|request: Request| async move {
        assert!(request.uri().path() != "/panic", "a test wants it");
        Ok::<_, poem::Error>(())
    });
    let never = make(|_| async {
        std::future::pending::<()>().await;
        Ok::<_, poem::Error>(())
    });
    let peer = make(|request: Request| async move {
        Ok::<_, poem::Error>(format!("{:?}", request.data::<Peer>()))
    });
    let slow = make(|_| async {
        tokio::time::sleep(millis(40)).await;
        Ok::<_, poem::Error>("done")
    });
    let big = make(|_| async { Ok::<_, poem::Error>(Body::from(vec![b'x'; 50_000_000])) });
    let size = Arc::new(size);
    Route::new()
        .at("/size", post(Arc::clone(&size)).put(size))
        .at("/panic", panics)
        .at("/never", never)
        .at("/peer", peer)
        .at("/slow", slow)
        .at("/big", big)
        .at("/stream", stream)
        .at("/*rest", Ui::embedded(""))
        .data(streams)
}

async fn start(limits: Limits) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let (tasks, readiness) = (Tasks::new(), Readiness::default());
    let (stop, metrics) = (CancellationToken::new(), Arc::new(Metrics::default()));
    let streams = Streams::new(&tasks, stop.clone(), HEARTBEAT_EVERY, Arc::clone(&metrics));
    let guard = Guard { metrics: Arc::clone(&metrics), ..Guard::default() };
    let listen = Listen {
        address: ([127, 0, 0, 1], 0).into(),
        control: Some(folder.path().join("control.sock")),
        limits,
        tls: None,
        proxies: Proxies::default(),
        readiness: readiness.clone(),
        streams: stop,
        metrics,
    };
    let server = Server::start(listen, guard.around(routes(streams)), &tasks).await.unwrap();
    Running { server, tasks, readiness, _folder: folder }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.server.address()).await.unwrap()
    }

    /// Sends bytes and returns all that comes until the server closes.
    async fn ask(&self, text: &str) -> String {
        let mut socket = self.connect().await;
        socket.write_all(text.as_bytes()).await.unwrap();
        rest(&mut socket).await
    }
}

async fn rest<S: tokio::io::AsyncRead + Unpin>(socket: &mut S) -> String {
    let mut bytes = Vec::new();
    let end = tokio::time::timeout(LONG, socket.read_to_end(&mut bytes)).await;
    let _ = end.expect("the server closes the connection");
    String::from_utf8(bytes).unwrap()
}

/// Reads until a text has come.
async fn until(socket: &mut TcpStream, text: &str) -> String {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains(text) {
        let mut space = [0; 4096];
        let read = tokio::time::timeout(LONG, socket.read(&mut space)).await.unwrap().unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&space[..read]);
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_header_that_does_not_end_is_not_awaited() {
    let times = Times { header: millis(40), ..limits().times };
    let running = start(Limits { times, ..limits() }).await;
    for text in ["", "G", "PRI * HTTP/2", "GET / HTTP/1.1\r\nhost: x\r\nx-"] {
        assert_eq!(running.ask(text).await, "", "{text}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let times = Times { idle: millis(30), header: millis(30), stall: millis(30) };
    let running = start(Limits { times, ..limits() }).await;
    let answer = running.ask("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\ndone"), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped() {
    let times = Times { stall: millis(30), ..limits().times };
    let running = start(Limits { times, ..limits() }).await;
    let mut socket = running.connect().await;
    socket.write_all(b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::time::timeout(LONG, async {
        while running.tasks.running().contains_key("connection") {
            tokio::time::sleep(millis(5)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn bodies_are_bounded_however_they_are_sent() {
    let running = start(limits()).await;
    let promised = format!("{POST}content-length: 1001\r\n\r\n");
    let many = "3e8\r\n".to_owned() + &"x".repeat(1000) + "\r\n3e8\r\n" + &"x".repeat(1000);
    let chunked = format!("{POST}transfer-encoding: chunked\r\n\r\n");
    for text in [promised, format!("{chunked}{many}\r\n0\r\n\r\n")] {
        let answer = running.ask(&text).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("content-type: application/problem+json"), "{answer}");
        assert!(answer.contains("\"code\":\"too_large\""), "{answer}");
    }
    let fits = format!(
        "POST /size HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
        content-length: 1000\r\n\r\n{}",
        "x".repeat(1000)
    );
    assert!(running.ask(&fits).await.ends_with("\r\n\r\n1000"));
}

#[tokio::test]
async fn a_refused_upload_still_hears_why() {
    let running = start(limits()).await;
    let mut socket = running.connect().await;
    let head = "POST /size HTTP/1.1\r\nhost: x\r\ncontent-length: 3000000\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&vec![b'x'; 3_000_000]).await.unwrap();
    assert!(rest(&mut socket).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let pace = Pace { grace: millis(20), rate: 1_000_000, idle: LONG };
    let running = start(Limits { pace, ..limits() }).await;
    let text = "POST /size HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc";
    let answer = running.ask(text).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("body_too_slow"), "{answer}");
}

#[tokio::test]
async fn a_panic_is_a_problem_and_the_server_lives() {
    let running = start(limits()).await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    for _ in 0..3 {
        let answer = running.ask(&get("/panic")).await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert!(answer.contains("\"code\":\"internal\""), "{answer}");
    }
    assert!(running.ask(&get("/peer")).await.contains("Tcp(127.0.0.1:"));
}

#[tokio::test]
async fn head_tells_the_length_and_sends_nothing() {
    let running = start(limits()).await;
    let text = "HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = running.ask(text).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    let length = answer.split("content-length: ").nth(1).unwrap().split('\r').next().unwrap();
    assert!(length.parse::<u32>().unwrap() > 100, "{answer}");
}

#[tokio::test]
async fn the_control_socket_is_private_and_known_as_such() {
    let running = start(limits()).await;
    let path = running.server.control.clone().unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut socket = UnixStream::connect(&path).await.unwrap();
    socket.write_all(b"GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(rest(&mut socket).await.ends_with("Some(Control)"));
    running.server.stop(LONG, CancellationToken::new()).await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn connections_above_the_limit_are_refused() {
    let running = start(Limits { connections: 1, ..limits() }).await;
    let mut first = running.connect().await;
    first.write_all(b"GET /stream HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    until(&mut first, "\r\n\r\n").await;
    assert_eq!(running.ask("").await, "");
}

#[tokio::test]
async fn a_stop_ends_streams_and_lets_answers_finish() {
    let running = start(limits()).await;
    let mut streaming = running.connect().await;
    streaming.write_all(b"GET /stream HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    until(&mut streaming, "text/event-stream").await;
    let mut slow = running.connect().await;
    slow.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut half = running.connect().await;
    half.write_all(b"GET /slow HTTP/1.1\r\nho").await.unwrap();
    let mut idle = running.connect().await;
    while running.tasks.running().get("connection").is_none_or(|open| *open < 4) {
        tokio::time::sleep(millis(1)).await;
    }
    tokio::time::sleep(millis(10)).await;
    let address = running.server.address();
    running.server.stop(LONG, CancellationToken::new()).await.unwrap();
    assert!(!running.readiness.is_open());
    assert!(rest(&mut streaming).await.contains("retry: 2000\nevent: shutdown\ndata: {}\n\n"));
    assert!(rest(&mut slow).await.ends_with("done"));
    assert_eq!(rest(&mut half).await + &rest(&mut idle).await, "");
    assert!(TcpStream::connect(address).await.is_err());
    running.tasks.join_all(LONG).await.unwrap();
}

#[tokio::test]
async fn what_does_not_end_is_cut_and_a_second_signal_cuts_sooner() {
    for (deadline, hurried) in [(millis(30), false), (LONG, true)] {
        let running = start(limits()).await;
        let mut socket = running.connect().await;
        socket.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        while !running.tasks.running().contains_key("connection") {
            tokio::time::sleep(millis(1)).await;
        }
        let hurry = CancellationToken::new();
        if hurried {
            hurry.cancel();
        }
        let started = std::time::Instant::now();
        let stopped = running.server.stop(deadline, hurry).await;
        assert_eq!(stopped, Err(Cut { connections: 1 }));
        assert!(started.elapsed() < Duration::from_secs(2));
        rest(&mut socket).await;
    }
}

#[tokio::test]
async fn http_2_has_the_same_limits() {
    let running = start(limits()).await;
    let io = hyper_util::rt::TokioIo::new(running.connect().await);
    let executor = hyper_util::rt::TokioExecutor::new();
    let handshake = hyper::client::conn::http2::handshake(executor, io);
    let (mut sender, connection) = handshake.await.unwrap();
    let connection = tokio::spawn(connection);
    let request = |length: usize| {
        let body = Full::new(Bytes::from(vec![b'x'; length]));
        poem::http::Request::post("http://x/size").body(body).unwrap()
    };
    let answer = sender.send_request(request(1_000)).await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer = sender.send_request(request(1_001)).await.unwrap();
    assert_eq!(answer.status(), 413);
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(text.starts_with(b"{\"type\":\"urn:clonememoria:problem:too_large\""));
    let head = poem::http::Request::head("http://x/").body(Full::default()).unwrap();
    let answer = sender.send_request(head).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("content-length"));
    assert!(answer.into_body().collect().await.unwrap().to_bytes().is_empty());
    running.server.stop(LONG, CancellationToken::new()).await.unwrap();
    connection.await.unwrap().unwrap();
}
