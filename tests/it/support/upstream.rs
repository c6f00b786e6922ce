//! The loop of every upstream that speaks HTTP.

use std::convert::Infallible;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Answers every request with `serve`, and says `connected` for each connection. Aborting the
/// task that this runs in ends the connections.
pub async fn accept<B, F>(
    listener: TcpListener,
    connected: impl Fn(),
    serve: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
) where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    F: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connected();
        // A benchmark measures the server in front of this one, not Nagle's algorithm.
        socket.set_nodelay(true).expect("a fresh socket");
        let serve = serve.clone();
        connections.spawn(async move {
            let http = hyper::server::conn::http1::Builder::new();
            // A client that leaves is what half of the tests are about.
            drop(http.serve_connection(TokioIo::new(socket), service_fn(serve)).await);
        });
        while connections.try_join_next().is_some() {}
    }
}
