//! What is in the place of a language model, and the smallest server there can be to compare
//! with.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::Outcome;

/// How an answer comes.
#[derive(Clone, Copy)]
pub struct Pace {
    /// Before the first token.
    pub first: Duration,
    /// Before each of the others.
    pub each: Duration,
    /// How many there are.
    pub tokens: usize,
    /// Letters that each has more.
    pub wide: usize,
}

/// Speaks OpenAI's chat completions, always the same answer, at the pace that was set last.
pub async fn model(pace: Pace) -> Outcome<(SocketAddr, watch::Sender<Pace>)> {
    let (set, pace) = watch::channel(pace);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            drop(socket.set_nodelay(true));
            let pace = pace.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(request, *pace.borrow()));
                drop(http1::Builder::new().serve_connection(TokioIo::new(socket), service).await);
            });
        }
    });
    Ok((address, set))
}

async fn answer(
    request: Request<Incoming>,
    pace: Pace,
) -> Result<
    Response<StreamBody<impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>>>>,
    Infallible,
> {
    drop(request.into_body().collect().await);
    // The tokens, the reason of the end with the usage, and the mark of the end.
    let frames = stream::unfold(0, move |at| async move {
        if at > pace.tokens {
            return None;
        }
        let pause = if at == 0 { pace.first } else { pace.each };
        if at < pace.tokens {
            tokio::time::sleep(pause).await;
        }
        Some((Ok(Frame::data(event(at, pace))), at + 1))
    });
    let response = Response::builder().header("content-type", "text/event-stream");
    Ok(response.body(StreamBody::new(frames)).expect("a response"))
}

fn event(at: usize, Pace { tokens, wide, .. }: Pace) -> Bytes {
    if at < tokens {
        let delta = json!({"content": format!("token{at}{} ", "x".repeat(wide))});
        let choice = json!([{"index": 0, "delta": delta, "finish_reason": null}]);
        return Bytes::from(format!("data: {}\n\n", json!({"id": "c", "choices": choice})));
    }
    let stop = json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]);
    let usage = json!({"prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": 9});
    let (stop, usage) =
        (json!({"id": "c", "choices": stop}), json!({"id": "c", "choices": [], "usage": usage}));
    Bytes::from(format!("data: {stop}\n\ndata: {usage}\n\ndata: [DONE]\n\n"))
}

/// A server of a few lines that answers 200 to everything: what starting and idling cost at
/// the least.
pub async fn hello() -> Outcome<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    writeln!(std::io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    loop {
        let (socket, _) = listener.accept().await?;
        tokio::spawn(async move {
            let service = service_fn(async |_| {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"ok"))))
            });
            drop(http1::Builder::new().serve_connection(TokioIo::new(socket), service).await);
        });
    }
}
