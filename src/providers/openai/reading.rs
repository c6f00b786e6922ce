//! An answer while it arrives: bytes to events, events to pieces, within time and size.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use tokio::time::{Instant, timeout, timeout_at};

use super::wire::{self, Part, Said};
use super::{LastUse, Limits};
use crate::providers::event_stream::EventStream;
use crate::providers::language_model::{AnswerStream, FinishReason, ModelError, Piece, Wait};
use crate::providers::outbound::{OutboundError, Reply};

/// How long the end of the body is awaited after `[DONE]`, so that the connection can be kept.
/// It comes along with the mark, or not at all; the finish is held back for it.
const DRAIN_WITHIN: Duration = Duration::from_millis(50);
const DRAIN_CHUNKS: usize = 16;

/// When each kind of patience ends.
#[derive(Clone, Copy)]
pub(super) struct Deadlines {
    pub(super) first_byte: Instant,
    between: Duration,
    whole: Instant,
}

impl Deadlines {
    pub(super) fn from_now(limits: &Limits) -> Self {
        let now = Instant::now();
        Self {
            first_byte: now + limits.first_byte.min(limits.whole),
            between: limits.between,
            whole: now + limits.whole,
        }
    }
}

/// What the body turned out to be; known after its first byte that is no white space.
enum Form {
    Unknown,
    Events(EventStream),
    /// One JSON object, because the server does not stream.
    Whole(Vec<u8>),
}

enum Phase {
    Reading,
    /// Everything was said, but the body may not have ended.
    Draining,
    Ended,
}

pub(super) struct Reading {
    /// Gone as soon as nothing more is wanted, which closes the connection.
    reply: Option<Reply>,
    deadlines: Deadlines,
    used: Arc<LastUse>,
    form: Form,
    phase: Phase,
    began: bool,
    /// At least one event was one of an answer.
    understood: bool,
    ready: VecDeque<Result<Piece, ModelError>>,
    usage: Option<Piece>,
    finish: Option<FinishReason>,
}

impl Reading {
    pub(super) fn new(reply: Reply, deadlines: Deadlines, used: Arc<LastUse>) -> Self {
        Self {
            reply: Some(reply),
            deadlines,
            used,
            form: Form::Unknown,
            phase: Phase::Reading,
            began: false,
            understood: false,
            ready: VecDeque::new(),
            usage: None,
            finish: None,
        }
    }

    pub(super) fn stream(self) -> AnswerStream {
        Box::pin(stream::unfold(self, |mut reading| async move {
            let piece = reading.next().await?;
            Some((piece, reading))
        }))
    }

    async fn next(&mut self) -> Option<Result<Piece, ModelError>> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(piece);
            }
            match self.phase {
                Phase::Reading => {
                    if let Err(error) = self.advance().await {
                        self.fail(error);
                    }
                }
                Phase::Draining => {
                    self.drain().await;
                    self.complete();
                }
                Phase::Ended => return None,
            }
        }
    }

    fn fail(&mut self, error: ModelError) {
        self.reply = None;
        self.phase = Phase::Ended;
        self.ready.push_back(Err(error));
    }

    async fn advance(&mut self) -> Result<(), ModelError> {
        match self.chunk().await {
            Ok(Some(chunk)) => {
                self.began = true;
                self.read(&chunk)
            }
            Ok(None) => self.end(),
            // Everything was said; how the server hangs up does not matter.
            Err(ModelError::Interrupted) if self.finish.is_some() => self.end(),
            Err(error) => Err(error),
        }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, ModelError> {
        let Some(reply) = &mut self.reply else { return Ok(None) };
        let (patience, wait) = if self.began {
            (Instant::now() + self.deadlines.between, Wait::Between)
        } else {
            (self.deadlines.first_byte, Wait::FirstByte)
        };
        let (by, wait) = if self.deadlines.whole < patience {
            (self.deadlines.whole, Wait::Whole)
        } else {
            (patience, wait)
        };
        match timeout_at(by, reply.chunk()).await {
            Err(_) => Err(ModelError::Timeout(wait)),
            Ok(Err(OutboundError::TooLarge)) => Err(ModelError::TooLarge),
            Ok(Err(_)) => Err(ModelError::Interrupted),
            Ok(Ok(chunk)) => Ok(chunk),
        }
    }

    fn read(&mut self, chunk: &[u8]) -> Result<(), ModelError> {
        if let Form::Unknown = self.form {
            // The content type is not asked: servers and proxies get it wrong.
            self.form = match chunk.trim_ascii_start().first() {
                None => return Ok(()),
                Some(b'{') => Form::Whole(Vec::new()),
                Some(b'<') => return Err(ModelError::Malformed),
                Some(_) => Form::Events(EventStream::default()),
            };
        }
        match &mut self.form {
            Form::Unknown => Ok(()),
            Form::Whole(json) => {
                json.extend_from_slice(chunk);
                Ok(())
            }
            Form::Events(events) => {
                let mut said = Vec::new();
                let fed = events.feed(chunk, |data| said.push(wire::read_event(data)));
                self.take(said)?;
                fed.map_err(|_| ModelError::TooLarge)
            }
        }
    }

    fn take(&mut self, said: Vec<Result<Said, ModelError>>) -> Result<(), ModelError> {
        for said in said {
            match said? {
                Said::Part(part) => self.keep(part),
                Said::Done => {
                    self.phase = Phase::Draining;
                    break;
                }
            }
        }
        Ok(())
    }

    fn keep(&mut self, part: Part) {
        self.understood = true;
        self.ready.extend(part.text.map(|text| Ok(Piece::Delta(text))));
        // Some servers count in every event; the last count is the sum.
        self.usage = part.usage.or(self.usage.take());
        self.finish = part.finish.or(self.finish);
    }

    /// The body ended.
    fn end(&mut self) -> Result<(), ModelError> {
        let form = std::mem::replace(&mut self.form, Form::Unknown);
        match form {
            Form::Unknown => return Err(ModelError::Malformed),
            Form::Whole(json) => {
                let part = wire::read_part(&json)?;
                if part.text.is_none() && part.finish.is_none() {
                    return Err(ModelError::Malformed);
                }
                self.finish = Some(FinishReason::Stop);
                self.keep(part);
            }
            Form::Events(mut events) => {
                let mut said = Vec::new();
                let fed = events.finish(|data| said.push(wire::read_event(data)));
                fed.map_err(|_| ModelError::TooLarge)?;
                let taken = self.take(said);
                if let Phase::Draining = self.phase {
                    return Ok(());
                }
                if self.finish.is_none() {
                    return Err(match taken {
                        // Half an event ends half a stream.
                        Ok(()) | Err(ModelError::Malformed) if self.understood => {
                            ModelError::Interrupted
                        }
                        Ok(()) => ModelError::Malformed,
                        Err(error) => error,
                    });
                }
            }
        }
        self.leave();
        self.complete();
        Ok(())
    }

    fn complete(&mut self) {
        self.ready.extend(self.usage.take().map(Ok));
        let finish = self.finish.unwrap_or(FinishReason::Stop);
        self.ready.push_back(Ok(Piece::Finish(finish)));
    }

    async fn drain(&mut self) {
        if let Some(mut reply) = self.reply.take() {
            let rest = async move {
                for _ in 0..DRAIN_CHUNKS {
                    if !matches!(reply.chunk().await, Ok(Some(_))) {
                        break;
                    }
                }
            };
            // Late or not: the answer is complete.
            drop(timeout(DRAIN_WITHIN, rest).await);
        }
        self.leave();
    }

    fn leave(&mut self) {
        self.reply = None;
        self.phase = Phase::Ended;
        self.used.now();
    }
}
