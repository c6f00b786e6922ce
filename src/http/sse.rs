//! Event streams: frames that are ready to send, one heartbeat for all, an orderly end.
//!
//! poem's own events lose line breaks and let a lone carriage return inject a field; here the
//! data is always one line of JSON. Whoever makes the frames goes on when the client is gone; a
//! client that takes nothing loses its connection (`wire`), and with it the stream.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use poem::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::metrics::Metrics;
use crate::jobs::Tasks;

/// A comment, so that proxies see traffic and we see a client that is gone.
const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

/// Asks browsers to come back after two seconds; by then another process may listen.
const SHUTDOWN: Bytes = Bytes::from_static(b"retry: 2000\nevent: shutdown\ndata: {}\n\n");

/// One event as it goes over the wire.
///
/// # Errors
/// When the data cannot be written as JSON.
pub fn frame(event: &str, id: Option<u64>, data: &impl Serialize) -> serde_json::Result<Bytes> {
    let mut text = Vec::with_capacity(128);
    if let Some(id) = id {
        text.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    text.extend_from_slice(b"event: ");
    text.extend(event.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')));
    text.extend_from_slice(b"\ndata: ");
    // JSON escapes line breaks in strings and puts none elsewhere.
    serde_json::to_writer(&mut text, data)?;
    text.extend_from_slice(b"\n\n");
    Ok(text.into())
}

/// Between two heartbeats; tests take a shorter time.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// What all event streams share. Cheap to copy around.
#[derive(Clone)]
pub struct Streams {
    beat: watch::Receiver<()>,
    stop: CancellationToken,
    metrics: Arc<Metrics>,
}

impl Streams {
    /// Starts the heartbeat. `stop` is the token that the server cancels first.
    pub fn new(
        tasks: &Tasks,
        stop: CancellationToken,
        heartbeat: Duration,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (drum, beat) = watch::channel(());
        let end = tasks.stopping();
        tasks.spawn("stream heartbeat", async move {
            loop {
                tokio::select! {
                    () = end.cancelled() => return,
                    () = drum.closed() => return,
                    () = tokio::time::sleep(heartbeat) => drum.send_modify(|()| {}),
                }
            }
        });
        Self { beat, stop, metrics }
    }

    /// A stream of frames.
    pub fn send<T>(&self, frames: impl Stream<Item = Bytes> + Send + 'static) -> Events<T> {
        let mut beat = self.beat.clone();
        beat.mark_unchanged();
        let open = Open::new(Arc::clone(&self.metrics));
        let state = Running { frames: Box::pin(frames), beat, stop: self.stop.clone(), open };
        let wire = stream::unfold(Some(state), |state| async {
            let mut state = state?;
            let step = tokio::select! {
                biased;
                frame = state.frames.next() => frame.map(|frame| (frame, true)),
                () = state.stop.cancelled() => Some((SHUTDOWN, false)),
                () = tick(&mut state.beat) => Some((HEARTBEAT, true)),
            };
            step.map(|(frame, goes_on)| (frame, goes_on.then_some(state)))
        });
        Events(Body::from_bytes_stream(wire.map(Ok::<_, std::io::Error>)), PhantomData)
    }
}

/// A heart that stopped must not make every stream spin.
async fn tick(beat: &mut watch::Receiver<()>) {
    if beat.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

struct Running<S> {
    frames: S,
    beat: watch::Receiver<()>,
    stop: CancellationToken,
    #[expect(dead_code, reason = "counts the stream as open while it lives")]
    open: Open,
}

struct Open(Arc<Metrics>);

impl Open {
    fn new(metrics: Arc<Metrics>) -> Self {
        metrics.stream_opened();
        Self(metrics)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.stream_closed();
    }
}

/// The answer that carries a stream. `T` is what the data of its events is documented as.
#[derive(Debug)]
pub struct Events<T>(Body, PhantomData<fn() -> T>);

impl<T> IntoResponse for Events<T> {
    fn into_response(self) -> Response {
        Response::builder()
            .header(CONTENT_TYPE, "text/event-stream")
            .header(CACHE_CONTROL, "no-store")
            // nginx would collect the tokens of an answer into one piece.
            .header("x-accel-buffering", "no")
            .body(self.0)
    }
}

impl<T: Type> Payload for Events<T> {
    const CONTENT_TYPE: &'static str = "text/event-stream";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type> ApiResponse for Events<T> {
    fn meta() -> MetaResponses {
        let content_type = Self::CONTENT_TYPE;
        MetaResponses {
            responses: vec![MetaResponse {
                description: "A stream of events, each with one line of JSON.",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType { content_type, schema: Self::schema_ref() }],
                headers: Vec::new(),
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

#[cfg(test)]
impl Streams {
    /// Streams that nothing stops.
    pub(super) fn for_tests() -> Self {
        let (stop, metrics) = (CancellationToken::new(), Arc::new(Metrics::default()));
        Self::new(&Tasks::new(), stop, HEARTBEAT_EVERY, metrics)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn streams(heartbeat: u64) -> (Streams, CancellationToken, Arc<Metrics>) {
        let (stop, metrics) = (CancellationToken::new(), Arc::new(Metrics::default()));
        let heartbeat = Duration::from_millis(heartbeat);
        (Streams::new(&Tasks::new(), stop.clone(), heartbeat, Arc::clone(&metrics)), stop, metrics)
    }

    /// One frame, and then nothing more.
    fn quiet(frame: Bytes) -> impl Stream<Item = Bytes> + Send {
        stream::iter([frame]).chain(stream::pending())
    }

    async fn text(events: Events<()>) -> String {
        events.into_response().into_body().into_string().await.unwrap()
    }

    #[test]
    fn data_is_one_line_whatever_it_says() {
        let data = json!({"text": "a\r\nb\rc\n\nevent: evil"});
        let frame = frame("del\nta", Some(7), &data).unwrap();
        let wire = "id: 7\nevent: delta\ndata: {\"text\":\"a\\r\\nb\\rc\\n\\nevent: evil\"}\n\n";
        assert_eq!(frame, wire);
    }

    #[tokio::test]
    async fn a_quiet_stream_beats_and_is_counted_while_it_is_read() {
        let (streams, _stop, metrics) = streams(5);
        let events = streams.send::<()>(quiet(frame("start", None, &json!({})).unwrap()));
        assert_eq!(metrics.open_streams(), 1);
        let reading = tokio::time::timeout(Duration::from_millis(500), async {
            let body = events.into_response().into_body().into_bytes_stream();
            body.take(3).map(Result::unwrap).collect::<Vec<_>>().await
        });
        let seen = reading.await.unwrap();
        assert_eq!(seen[0], "event: start\ndata: {}\n\n");
        assert_eq!(&seen[1..], [HEARTBEAT, HEARTBEAT]);
        assert_eq!(metrics.open_streams(), 0);
    }

    #[tokio::test]
    async fn a_stop_says_goodbye_after_what_was_ready() {
        let (streams, stop, _) = streams(60_000);
        let events = streams.send::<()>(quiet(Bytes::from_static(b"data: 1\n\n")));
        stop.cancel();
        let goodbye = "data: 1\n\nretry: 2000\nevent: shutdown\ndata: {}\n\n";
        assert_eq!(text(events).await, goodbye);
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_frames() {
        let (streams, _stop, _) = streams(60_000);
        let events = streams.send::<()>(stream::iter([Bytes::from_static(b"data: 1\n\n")]));
        assert_eq!(text(events).await, "data: 1\n\n");
    }
}
