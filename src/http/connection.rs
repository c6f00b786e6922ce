//! One connection: hyper under our clock, a poem endpoint above it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use poem::endpoint::BoxEndpoint;
use poem::http::uri::Scheme;
use poem::http::{Method, Version};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint as _, RequestParts};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::client::Peer;
use super::intake::{Intake, Pace};
use super::outflow::Outflow;
use super::wire::{Flight, Times, Verdict, Watched, Wire};
use crate::jobs::Tasks;

/// How many bytes a body may have, by method and path.
pub type BodyLimit = Arc<dyn Fn(&Method, &str) -> u64 + Send + Sync>;

/// What all connections share.
pub(super) struct Shared {
    pub(super) endpoint: BoxEndpoint<'static>,
    pub(super) builder: auto::Builder<StreamTasks>,
    pub(super) times: Times,
    pub(super) pace: Pace,
    pub(super) body: BodyLimit,
    /// What makes connections over the network private, if anything does.
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) stop: CancellationToken,
    pub(super) kill: CancellationToken,
}

/// Lets hyper start the tasks of HTTP/2 streams where they are waited for.
#[derive(Clone)]
pub(super) struct StreamTasks(pub(super) Tasks);

impl<F> Executor<F> for StreamTasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn("http stream", future);
    }
}

/// What one connection may take up.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// Bytes of a header.
    pub header_bytes: usize,
    /// Requests at a time over HTTP/2.
    pub streams: u32,
    /// Requests over HTTP/2 that are taken back before anybody looked at them.
    pub resets: usize,
}

impl Default for Protocol {
    fn default() -> Self {
        Self { header_bytes: 16 * 1024, streams: 64, resets: 20 }
    }
}

/// The protocol's limits, the same for all connections.
pub(super) fn builder(tasks: &Tasks, protocol: Protocol) -> auto::Builder<StreamTasks> {
    let mut builder = auto::Builder::new(StreamTasks(tasks.clone()));
    builder
        .http1()
        .timer(TokioTimer::new())
        // The header's time is kept by `Wire`, because hyper's timer also runs between requests.
        .header_read_timeout(None)
        .pipeline_flush(false)
        .max_buf_size(protocol.header_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(protocol.streams)
        .max_header_list_size(u32::try_from(protocol.header_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(protocol.resets)
        .keep_alive_interval(std::time::Duration::from_secs(30))
        .keep_alive_timeout(std::time::Duration::from_secs(20));
    builder
}

/// Serves a connection from the network. One port takes both: the first byte tells a TLS
/// handshake from a request.
pub(super) async fn run_tcp(socket: TcpStream, local: Addr, peer: SocketAddr, shared: Arc<Shared>) {
    let wire = Wire::new();
    let Some(tls) = &shared.tls else {
        let io = Watched::new(socket, Arc::clone(&wire));
        return run(io, wire, local, Peer::Tcp(peer), shared).await;
    };
    // The time of the header runs already; a connection that is not open yet has nothing that a
    // stop would have to wait for.
    let opened = tokio::select! {
        biased;
        () = shared.stop.cancelled() => return,
        opened = tokio::time::timeout(shared.times.header, open(socket, tls, &wire)) => opened,
    };
    match opened {
        Ok(Ok(Opened::Plain(io))) => run(io, wire, local, Peer::Tcp(peer), shared).await,
        Ok(Ok(Opened::Tls(io))) => run(io, wire, local, Peer::Tls(peer), shared).await,
        Ok(Err(error)) => tracing::debug!(%error, "the handshake failed"),
        Err(_) => tracing::debug!("the handshake did not end in time"),
    }
}

enum Opened {
    Plain(Watched<TcpStream>),
    Tls(Box<TlsStream<Watched<TcpStream>>>),
}

/// The first byte of every TLS connection: a record of the handshake.
const HANDSHAKE: u8 = 0x16;

async fn open(socket: TcpStream, tls: &TlsAcceptor, wire: &Arc<Wire>) -> io::Result<Opened> {
    let mut first = [0];
    let read = socket.peek(&mut first).await?;
    // Below TLS, so that the times are those of the socket: what TLS has still to send counts.
    let io = Watched::new(socket, Arc::clone(wire));
    if read == 0 || first[0] != HANDSHAKE {
        return Ok(Opened::Plain(io));
    }
    Ok(Opened::Tls(Box::new(tls.accept(io).await?)))
}

/// Serves a connection until it ends, misbehaves, or the server stops. `wire` is what its socket
/// is watched by.
pub(super) async fn run<I>(io: I, wire: Arc<Wire>, local: Addr, peer: Peer, shared: Arc<Shared>)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(io);
    let service = service_fn(|request| {
        let flight = wire.begin(request.version() == Version::HTTP_2);
        answer(request, local.clone(), peer, Arc::clone(&shared), flight, Arc::clone(&wire))
    });
    let connection = shared.builder.serve_connection(io, service);
    tokio::pin!(connection);
    let mut told_to_leave = false;
    loop {
        let wait = match wire.judge(&shared.times) {
            Verdict::Wait(wait) => wait,
            Verdict::Drop(reason) => {
                tracing::debug!(reason, "connection dropped");
                return;
            }
            Verdict::Leave => {
                wire.leave();
                connection.as_mut().graceful_shutdown();
                continue;
            }
        };
        tokio::select! {
            biased;
            end = connection.as_mut() => {
                if let Err(error) = end {
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            () = shared.stop.cancelled(), if !told_to_leave => {
                told_to_leave = true;
                wire.leave();
                connection.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn answer(
    request: poem::http::Request<Incoming>,
    local: Addr,
    peer: Peer,
    shared: Arc<Shared>,
    flight: Flight,
    wire: Arc<Wire>,
) -> Result<hyper::Response<Outflow>, Infallible> {
    let (parts, body) = request.into_parts();
    let limit = (shared.body)(&parts.method, parts.uri.path());
    let body = Intake::new(body, limit, shared.pace, move || wire.left_unread());
    let control = || Addr::Custom("unix", "control".into());
    let (remote, scheme) = match peer {
        Peer::Tcp(address) => (Addr::SocketAddr(address), Scheme::HTTP),
        Peer::Tls(address) => (Addr::SocketAddr(address), Scheme::HTTPS),
        Peer::Control => (control(), Scheme::HTTP),
    };
    let parts = RequestParts::from((parts, LocalAddr(local), RemoteAddr(remote), scheme));
    let mut request = poem::Request::from_parts(parts, poem::Body::from(body.boxed()));
    request.set_data(peer);
    let response = match shared.endpoint.call(request).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    };
    let response: hyper::Response<BoxBody<Bytes, io::Error>> = response.into();
    Ok(response.map(|body| Outflow::new(body, flight)))
}
