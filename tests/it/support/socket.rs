//! Sockets of clients that are not nice: from another address, half open, over TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::PATIENCE;

/// Another machine, as far as the server under test is concerned.
pub const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Connects from an address.
pub async fn connect_from(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((from, 0).into()).expect("an address of this machine");
    let stream = socket.connect(to).await.expect("a server that listens");
    stream.set_nodelay(true).expect("a fresh socket");
    stream
}

/// Everything that comes until the other side closes, or breaks off.
pub async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    // A reset is an end as well.
    drop(end.expect("the server closes the connection"));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sends a request as it is and reads the answer until the server closes.
pub async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), text: &str) -> String {
    // A server that refuses may have closed already.
    drop(stream.write_all(text.as_bytes()).await);
    drop(stream.flush().await);
    rest(stream).await
}

/// A request without a body, after which the server closes.
pub fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: memoria.local:8787\r\nconnection: close\r\n{headers}\r\n")
}

/// Whether the server closes the connection within a time, and when.
pub async fn closes_within(stream: &mut TcpStream, time: Duration) -> Option<Duration> {
    let began = std::time::Instant::now();
    let mut bytes = [0; 4096];
    let reading = async { while matches!(stream.read(&mut bytes).await, Ok(read) if read > 0) {} };
    tokio::time::timeout(time, reading).await.ok().map(|()| began.elapsed())
}

/// Speaks TLS, trusting one authority only.
pub async fn tls(
    stream: TcpStream,
    authority: &[u8],
    name: &str,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    tls_later(stream, authority, name, protocols, Duration::ZERO).await
}

/// The same for a client whose clock is ahead.
pub async fn tls_later(
    stream: TcpStream,
    authority: &[u8],
    name: &str,
    protocols: &[&str],
    ahead: Duration,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.to_vec())).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(Ahead(ahead)))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[derive(Debug)]
struct Ahead(Duration);

impl TimeProvider for Ahead {
    fn current_time(&self) -> Option<UnixTime> {
        let now = UnixTime::now();
        Some(UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + self.0))
    }
}

/// One request over HTTP/2.
pub async fn over_http2<I>(io: I, request: Request<Full<bytes::Bytes>>) -> Response<bytes::Bytes>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(io);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
    let (mut sender, connection) = handshake.expect("HTTP/2");
    tokio::spawn(connection);
    let response = tokio::time::timeout(PATIENCE, sender.send_request(request)).await;
    let (parts, body) = response.expect("an answer").expect("a good answer").into_parts();
    let body = tokio::time::timeout(PATIENCE, body.collect()).await;
    Response::from_parts(parts, body.expect("a body").expect("a whole body").to_bytes())
}
