//! What happened while an answer was written, kept for all who listen.
//!
//! Its text is kept once: what was written last is a range of it, and the message as stored
//! takes the place of the text when the answer is over.

use std::ops::Range;
use std::sync::Arc;

use crate::kernel::{Fault, FieldFault, Kind};

use super::super::model::{Citation, Message};

/// Something that happened while an answer was written. Cheap to clone, but for the text.
#[derive(Clone, Debug)]
pub enum Event {
    /// The question is stored; the answer begins, as it is stored so far.
    Start(Arc<Message>),
    /// What it is made from.
    Sources(Arc<[Citation]>),
    /// More text.
    Delta(String),
    /// It is over; the message as stored.
    Done(Arc<Message>),
    /// It broke off; what there is is stored.
    Failed(Arc<Failure>),
}

/// A fault that many can be told of.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its kind.
    pub kind: Kind,
    /// Its code.
    pub code: &'static str,
    /// Its sentence.
    pub detail: String,
    fields: Vec<FieldFault>,
    retry_after: Option<std::time::Duration>,
    consent: Option<&'static str>,
}

impl From<Fault> for Event {
    /// Keeps what callers may know; the cause goes to the log here, once, and to those who look
    /// after the server only when it is theirs to mend.
    fn from(fault: Fault) -> Self {
        let (code, cause) = (fault.code, std::error::Error::source(&fault));
        let cause = cause.map(tracing::field::display);
        match fault.kind {
            Kind::Internal | Kind::Upstream | Kind::Unavailable | Kind::Full => {
                tracing::warn!(code, cause, "an answer broke off");
            }
            _ => tracing::debug!(code, cause, "an answer was refused"),
        }
        let Fault { kind, code, detail, fields, retry_after, consent, .. } = fault;
        Self::Failed(Arc::new(Failure { kind, code, detail, fields, retry_after, consent }))
    }
}

impl From<&Failure> for Fault {
    fn from(failure: &Failure) -> Self {
        let mut fault = Self::new(failure.kind, failure.code, failure.detail.clone());
        fault.fields.clone_from(&failure.fields);
        fault.retry_after = failure.retry_after;
        fault.consent = failure.consent;
        fault
    }
}

/// An event as it is kept.
enum Entry {
    /// A part of the text.
    Text(Range<usize>),
    /// Anything else.
    Event(Event),
}

/// All events of one answer.
#[derive(Default)]
pub(super) struct Log {
    entries: Vec<Entry>,
    /// What was written so far; empty once the whole message is the last event.
    text: String,
}

impl Log {
    pub(super) fn push(&mut self, event: Event) {
        let entry = match event {
            Event::Delta(more) => {
                let start = self.text.len();
                self.text.push_str(&more);
                Entry::Text(start..self.text.len())
            }
            Event::Done(message) if message.content == self.text => {
                self.text = String::new();
                Entry::Event(Event::Done(message))
            }
            other => Entry::Event(other),
        };
        self.entries.push(entry);
        if self.is_over() {
            self.entries.shrink_to_fit();
            self.text.shrink_to_fit();
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<Event> {
        Some(match self.entries.get(at)? {
            // Ranges are of what was pushed; nothing shorter ever takes the text's place.
            Entry::Text(range) => Event::Delta(self.text()[range.clone()].to_owned()),
            Entry::Event(event) => event.clone(),
        })
    }

    /// What was written so far.
    pub(super) fn text(&self) -> &str {
        match self.entries.last() {
            Some(Entry::Event(Event::Done(message))) if self.text.is_empty() => &message.content,
            _ => &self.text,
        }
    }

    /// Whether its last event is there.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.entries.last(), Some(Entry::Event(Event::Done(_) | Event::Failed(_))))
    }

    /// Roughly how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let cited = |all: &[Citation]| all.iter().map(|one| one.quote.len()).sum::<usize>();
        let events = self.entries.iter().map(|entry| match entry {
            Entry::Event(Event::Start(message)) => cited(&message.citations),
            Entry::Event(Event::Done(message)) => message.content.len() + cited(&message.citations),
            Entry::Event(Event::Sources(citations)) => cited(citations),
            Entry::Event(Event::Delta(_) | Event::Failed(_)) | Entry::Text(_) => 0,
        });
        self.text.len() + events.sum::<usize>() + self.entries.len() * size_of::<Entry>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversations::model::Author;
    use crate::kernel::{ConversationId, Timestamp};

    fn answer(content: &str) -> Arc<Message> {
        let (id, now) = (ConversationId::fresh(), Timestamp::default());
        let blank = Message::blank(id, Author::Assistant, now);
        Arc::new(Message { content: content.to_owned(), ..blank })
    }

    fn deltas(log: &Log) -> Vec<String> {
        let all = (0..).map_while(|at| log.get(at));
        all.filter_map(|event| if let Event::Delta(text) = event { Some(text) } else { None })
            .collect()
    }

    fn written(parts: &[&str], last: Option<Event>) -> Log {
        let mut log = Log::default();
        log.push(Event::Start(answer("")));
        for part in parts {
            log.push(Event::Delta((*part).to_owned()));
        }
        last.into_iter().for_each(|event| log.push(event));
        log
    }

    #[test]
    fn late_readers_get_the_same_parts_before_and_after_the_end() {
        let parts = ["We ", "swam in the Žüri", "see", "."];
        let before = written(&parts, None);
        assert_eq!((deltas(&before), before.is_over()), (parts.map(str::to_owned).into(), false));
        let after = written(&parts, Some(Event::Done(answer("We swam in the Žürisee."))));
        assert_eq!((deltas(&after), after.is_over()), (parts.map(str::to_owned).into(), true));
        assert!(after.text.is_empty() && after.text() == "We swam in the Žürisee.");
    }

    #[test]
    fn a_message_that_differs_from_what_was_sent_does_not_change_what_was_sent() {
        let log = written(&["We swam"], Some(Event::Done(answer("We"))));
        assert_eq!((deltas(&log), log.text()), (vec!["We swam".to_owned()], "We swam"));
    }

    #[test]
    fn an_answer_without_a_word_or_that_broke_off_keeps_what_it_has() {
        let log = written(&[], Some(Event::Done(answer(""))));
        assert_eq!((log.text(), deltas(&log).len(), log.is_over()), ("", 0, true));
        let fault = Fault::new(Kind::Internal, "internal", "The answer broke off.");
        let log = written(&["We "], Some(fault.into()));
        assert_eq!((deltas(&log), log.is_over()), (vec!["We ".to_owned()], true));
    }

    #[test]
    fn an_ended_answer_takes_its_text_once_and_little_more() {
        let part = "x".repeat(2_048);
        let parts = vec![part.as_str(); 128];
        let log = written(&parts, Some(Event::Done(answer(&parts.concat()))));
        assert!((262_144..270_000).contains(&log.size()), "{}", log.size());
    }
}
