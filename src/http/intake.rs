//! A request body that counts what it reads and does not wait for ever.
//!
//! The limit holds for the bytes that arrive, not for what a header promises, so that chunked
//! and HTTP/2 bodies are bounded too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// How slowly a body may arrive.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long nothing at all may arrive.
    pub idle: Duration,
    /// How long it may take before the rate counts.
    pub grace: Duration,
    /// How many bytes a second must arrive on average after that.
    pub rate: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { idle: Duration::from_secs(30), grace: Duration::from_secs(10), rate: 1024 }
    }
}

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// More bytes than are allowed here.
    #[error("the body has more than {limit} bytes")]
    TooLarge {
        /// How many bytes are allowed.
        limit: u64,
    },
    /// The client stopped sending, or sends a trickle.
    #[error("the body did not arrive in time")]
    TooSlow,
}

impl From<IntakeError> for io::Error {
    fn from(error: IntakeError) -> Self {
        Self::other(error)
    }
}

/// The body of a request under its limits.
pub(super) struct Intake<B> {
    inner: B,
    limit: u64,
    pace: Pace,
    read: u64,
    waited: Duration,
    waiting: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
    left_over: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl<B> Intake<B> {
    /// Watches `inner`; `left_over` runs if the body is dropped before it was read to its end.
    pub(super) fn new(
        inner: B,
        limit: u64,
        pace: Pace,
        left_over: impl FnOnce() + Send + Sync + 'static,
    ) -> Self {
        Self {
            inner,
            limit,
            pace,
            read: 0,
            waited: Duration::ZERO,
            waiting: None,
            alarm: None,
            left_over: Some(Box::new(left_over)),
        }
    }

    /// Only the time spent waiting for the client counts, not the time we take to store it.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let earned = Duration::from_millis(self.read.saturating_mul(1000) / self.pace.rate.max(1));
        let allowed = (self.pace.grace + earned).saturating_sub(self.waited);
        let deadline = since + self.pace.idle.min(allowed);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        match alarm.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err(IntakeError::TooSlow.into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn arrived(&mut self) {
        if let Some(since) = self.waiting.take() {
            self.waited += since.elapsed();
        }
    }
}

impl<B> Body for Intake<B>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let too_large = IntakeError::TooLarge { limit: this.limit };
        // A promised length is refused before the first byte, so that a client which asked with
        // `Expect: 100-continue` never sends it.
        if this.read.saturating_add(this.inner.size_hint().lower()) > this.limit {
            return Poll::Ready(Some(Err(too_large.into())));
        }
        match Pin::new(&mut this.inner).poll_frame(context) {
            Poll::Pending => this.wait(context),
            Poll::Ready(None) => {
                this.left_over = None;
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(io::Error::other(error)))),
            Poll::Ready(Some(Ok(frame))) => {
                this.arrived();
                let length = frame.data_ref().map_or(0, Bytes::len);
                this.read = this.read.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
                if this.read > this.limit {
                    return Poll::Ready(Some(Err(too_large.into())));
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> Drop for Intake<B> {
    fn drop(&mut self) {
        if let Some(left_over) = self.left_over.take() {
            left_over();
        }
    }
}
