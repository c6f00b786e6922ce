//! What of an answer goes out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::BoxBody;

use super::wire::Flight;

/// Over HTTP/2 a client has to take so many bytes in the time after which it has stopped reading.
const PIECE: usize = 16 * 1024;

/// The body of an answer; the request is in flight while it lives.
pub(super) struct Outflow {
    body: BoxBody<Bytes, io::Error>,
    /// What is left of a frame that is given in pieces.
    rest: Bytes,
    flight: Flight,
}

impl Outflow {
    pub(super) fn new(body: BoxBody<Bytes, io::Error>, flight: Flight) -> Self {
        // Without room on the client's side the first piece is never asked for.
        if !body.is_end_stream() {
            flight.offers();
        }
        Self { body, rest: Bytes::new(), flight }
    }

    /// The next frame; over HTTP/2, where one that is asked for has room on the client's side,
    /// none is larger than a piece, so that asking for the next means to have taken the last.
    fn next(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if !self.rest.is_empty() {
            let piece = self.rest.split_to(self.rest.len().min(PIECE));
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let Poll::Ready(Some(Ok(frame))) = frame else { return frame };
        if !self.flight.is_one_of_many() {
            return Poll::Ready(Some(Ok(frame)));
        }
        let frame = match frame.into_data() {
            Ok(mut data) if data.len() > PIECE => {
                self.rest = data.split_off(PIECE);
                Frame::data(data)
            }
            Ok(data) => Frame::data(data),
            Err(trailers) => trailers,
        };
        Poll::Ready(Some(Ok(frame)))
    }
}

impl Body for Outflow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let next = self.next(context);
        match next {
            Poll::Ready(Some(Ok(_))) => self.flight.offers(),
            _ => self.flight.offers_nothing(),
        }
        next
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut whole = SizeHint::new();
        whole.set_lower(hint.lower().saturating_add(rest));
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper.saturating_add(rest));
        }
        whole
    }
}
