//! What one connection is doing, and the socket that tells it.
//!
//! hyper has a timer for headers only; it takes an idle connection for a slow header and does
//! not see a client that never sends its first byte or stops reading. So the socket itself
//! keeps the times, and the connection's task judges by them.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long a refused upload is read and thrown away, so that the client gets to our answer.
const LINGER: Duration = Duration::from_secs(2);

/// How long a connection that was told to leave may take when nothing is in flight.
const LEAVE: Duration = Duration::from_millis(500);

/// How long the states of a connection may last.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// From the first byte of a request to the end of its header.
    pub header: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// Without the client taking a byte of what we have for it.
    pub stall: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            stall: Duration::from_secs(30),
        }
    }
}

/// What to do with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Look again after this long at the latest.
    Wait(Duration),
    /// Close it politely.
    Leave,
    /// Close it at once, for this reason.
    Drop(&'static str),
}

/// The times are milliseconds since `opened`, plus one, so that 0 can mean "not so".
pub(super) struct Wire {
    opened: Instant,
    in_flight: AtomicUsize,
    header_since: AtomicU64,
    quiet_since: AtomicU64,
    blocked_since: AtomicU64,
    leaving_since: AtomicU64,
    many_streams: AtomicBool,
    unread: AtomicBool,
    flights: AtomicU64,
    /// The flights of many streams that have something for the client, and since when.
    offers: Mutex<HashMap<u64, u64>>,
}

impl Wire {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            in_flight: AtomicUsize::new(0),
            // The first header is awaited from the start: whoever connects has something to say.
            header_since: AtomicU64::new(1),
            quiet_since: AtomicU64::new(1),
            blocked_since: AtomicU64::new(0),
            leaving_since: AtomicU64::new(0),
            many_streams: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            flights: AtomicU64::new(0),
            offers: Mutex::default(),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    fn lasted(&self, since: u64) -> Duration {
        Duration::from_millis(self.now().saturating_sub(since))
    }

    /// A request has arrived; it is in flight until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>, many_streams: bool) -> Flight {
        self.in_flight.fetch_add(1, Relaxed);
        self.header_since.store(0, Relaxed);
        self.many_streams.store(many_streams, Relaxed);
        let number = self.flights.fetch_add(1, Relaxed);
        Flight { wire: Arc::clone(self), number, many_streams }
    }

    fn offers(&self) -> MutexGuard<'_, HashMap<u64, u64>> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the client left something on a stream untaken for so long, while the others of the
    /// connection go on.
    fn is_ignored(&self, stall: Duration) -> bool {
        self.offers().values().any(|since| self.lasted(*since) >= stall)
    }

    /// The connection was asked to end.
    pub(super) fn leave(&self) {
        self.leaving_since.store(self.now(), Relaxed);
    }

    /// A request body was given up before its end.
    pub(super) fn left_unread(&self) {
        self.unread.store(true, Relaxed);
    }

    pub(super) fn judge(&self, times: &Times) -> Verdict {
        let blocked = self.blocked_since.load(Relaxed);
        if (blocked != 0 && self.lasted(blocked) >= times.stall) || self.is_ignored(times.stall) {
            return Verdict::Drop("the client stopped reading");
        }
        let look_again = times.header.min(times.stall).min(times.idle);
        let leaving = self.leaving_since.load(Relaxed);
        if self.in_flight.load(Relaxed) > 0 {
            return Verdict::Wait(look_again);
        }
        let header = self.header_since.load(Relaxed);
        let quiet = self.lasted(self.quiet_since.load(Relaxed));
        if leaving != 0 {
            let over = self.lasted(leaving).min(quiet) >= LEAVE;
            let gone = Verdict::Drop("the server is stopping or the connection was idle");
            return if over { gone } else { Verdict::Wait(LEAVE / 4) };
        }
        if header != 0 && !self.many_streams.load(Relaxed) {
            return match times.header.checked_sub(self.lasted(header)) {
                Some(left) if !left.is_zero() => Verdict::Wait(left),
                _ => Verdict::Drop("the header did not arrive in time"),
            };
        }
        match times.idle.checked_sub(quiet) {
            Some(left) if !left.is_zero() => Verdict::Wait(left.min(look_again)),
            _ => Verdict::Leave,
        }
    }
}

/// A request whose answer has not been handed over completely.
pub(super) struct Flight {
    wire: Arc<Wire>,
    number: u64,
    many_streams: bool,
}

impl Flight {
    /// Whether others share the connection.
    pub(super) const fn is_one_of_many(&self) -> bool {
        self.many_streams
    }

    /// There is something for the client. On a connection of its own the socket says whether it
    /// is taken; on a shared one only this answer knows.
    pub(super) fn offers(&self) {
        if self.many_streams {
            self.wire.offers().insert(self.number, self.wire.now());
        }
    }

    /// All that there is was taken.
    pub(super) fn offers_nothing(&self) {
        if self.many_streams {
            self.wire.offers().remove(&self.number);
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.offers_nothing();
        self.wire.quiet_since.store(self.wire.now(), Relaxed);
        self.wire.in_flight.fetch_sub(1, Relaxed);
    }
}

/// A socket that notes on its [`Wire`] what happens.
pub(super) struct Watched<I> {
    inner: I,
    wire: Arc<Wire>,
    linger: Option<Pin<Box<Sleep>>>,
}

impl<I> Watched<I> {
    pub(super) const fn new(inner: I, wire: Arc<Wire>) -> Self {
        Self { inner, wire, linger: None }
    }

    fn wrote(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Pending => {
                let now = self.wire.now();
                let _ = self.wire.blocked_since.compare_exchange(0, now, Relaxed, Relaxed);
            }
            Poll::Ready(_) => self.wire.blocked_since.store(0, Relaxed),
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(context, buffer);
        if buffer.filled().len() > before && self.wire.in_flight.load(Relaxed) == 0 {
            let now = self.wire.now();
            let _ = self.wire.header_since.compare_exchange(0, now, Relaxed, Relaxed);
        }
        result
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.wrote(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(context, bytes);
        self.wrote(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    /// Closing while the client still sends makes the kernel reset the connection, and the
    /// answer that says why the upload was refused would be lost on its way.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.inner).poll_shutdown(context))?;
        }
        if !this.wire.unread.load(Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let linger = this.linger.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        let mut space = [0_u8; 16 * 1024];
        loop {
            if linger.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut this.inner).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times() -> Times {
        let long = Duration::from_secs(60);
        Times { header: Duration::from_millis(20), idle: long, stall: long }
    }

    #[tokio::test]
    async fn a_client_that_never_sends_a_header_is_dropped() {
        let wire = Wire::new();
        assert!(matches!(wire.judge(&times()), Verdict::Wait(_)));
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert_eq!(wire.judge(&times()), Verdict::Drop("the header did not arrive in time"));
    }

    #[tokio::test]
    async fn a_request_in_flight_is_not_idle() {
        let wire = Wire::new();
        let flight = wire.begin(false);
        let times = Times { idle: Duration::ZERO, ..times() };
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert!(matches!(wire.judge(&times), Verdict::Wait(_)));
        drop(flight);
        assert_eq!(wire.judge(&times), Verdict::Leave);
    }
}
