//! How an answer comes about: decided and stored first, then found, written, sent, stored.
//!
//! The question is decided in one write; while that write goes to disk the passages are looked
//! up and the connection to the provider is opened. Nothing reaches a listener before the write
//! is durable. What was written so far is stored now and then, so that a crash keeps it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;

use crate::access::Principal;
use crate::clones::{self, Grounding, Persona};
use crate::kernel::{Fault, Timestamp, code_points};
use crate::memories::day_of;
use crate::providers::{
    Ask, LanguageModel, ModelError, Piece, PromptPassage, Role, Sampling, Speaker, Turn, When,
};
use crate::retrieval::{Passage, Recall, Recalled};
use crate::store::Durable;

use super::agreed::Agreement;
use super::citations::{CitationFilter, unsupported_sentences};
use super::disclosure::{Truthful, asks_what_it_is, is_all_that_is_asked, statement};
use super::live::{Answer, Event, Writing};
use super::model::{Author, Citation, Message, Status, Tokens};
use super::prompt::{self, Budget, Fence, PromptParts, estimate_tokens};
use super::{ConversationError, Conversations};

/// How many passages an answer is made from unless the clone says otherwise.
const PASSAGES: usize = 8;
/// How many tokens a prompt may have; small models that run at home read 8,192.
pub(super) const PROMPT_TOKENS: usize = 6_000;
/// An answer in the making is stored after so many new bytes, or so much time. A long one waits
/// until it has grown by a quarter: it is stored as a whole.
const CHECKPOINT_BYTES: usize = 2 << 10;
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// All that an answer is made from, gathered when it was decided.
pub(super) struct Decided {
    pub(super) who: Principal,
    pub(super) persona: Persona,
    /// Whether who asks may add memories.
    pub(super) may_add: bool,
    pub(super) settings: clones::Settings,
    pub(super) question: Message,
    pub(super) answer: Message,
    pub(super) window: Vec<Message>,
    pub(super) asker: String,
    /// On whose word it is made.
    pub(super) agreement: Agreement,
}

/// How writing an answer ended.
enum End {
    Finished(String),
    Stopped,
    Broken(Fault),
}

/// An answer as far as it has come, but for its text, which listeners hold already.
struct Draft {
    message: Message,
    tokens: Option<Tokens>,
    /// That an AI answers: ours, and not the model's.
    truth: String,
    stored_bytes: usize,
    stored_at: tokio::time::Instant,
}

impl Conversations {
    /// Writes an answer from its beginning to its end; runs as a task of its own.
    pub(super) async fn write_answer(self, decided: Decided, durable: Durable, writing: Writing) {
        let mut draft = Draft {
            message: decided.answer.clone(),
            tokens: None,
            truth: String::new(),
            stored_bytes: 0,
            stored_at: tokio::time::Instant::now(),
        };
        let end = self.write_into(&mut draft, decided, durable, &writing).await;
        self.close(draft, end, &writing).await;
    }

    async fn write_into(
        &self,
        draft: &mut Draft,
        mut decided: Decided,
        durable: Durable,
        writing: &Writing,
    ) -> End {
        let model = self.model(&decided);
        let recall = Recall {
            question: self.question_for_search(&decided),
            most: decided.settings.top_k.map_or(PASSAGES, |k| k as usize),
            least_score: decided.settings.min_score,
        };
        let clone = decided.persona.id;
        let recalled = async {
            tokio::select! {
                biased;
                end = self.ended(&decided, writing) => Err(end),
                recalled = self.retrieval.recall(&decided.who, clone, recall) => {
                    recalled.map_err(|error| End::Broken(error.into()))
                }
            }
        };
        let ((), recalled, stored) = tokio::join!(model.prewarm(), recalled, durable.wait());
        if let Err(error) = stored {
            return End::Broken(error.into());
        }
        writing.answer.push(Event::Start(Arc::new(draft.message.clone())));
        let recalled = match recalled {
            Ok(recalled) => recalled,
            Err(end) => return end,
        };
        let recalled = match self.may_leave(&mut decided.agreement, recalled) {
            Ok(recalled) => recalled,
            Err(refused) => return End::Broken(refused.into()),
        };
        draft.message.citations = citations(&recalled.passages);
        writing.answer.push(Event::Sources(draft.message.citations.as_slice().into()));
        let now = self.clock.now();
        let ask = self
            .window(&decided)
            .map_err(Fault::from)
            .and_then(|window| ask(&decided, &draft.message, (recalled, window), now));
        let ask = match ask {
            Ok(ask) => ask,
            Err(fault) => return End::Broken(fault),
        };
        tokio::select! {
            end = self.stream(draft, model, ask, writing) => end,
            refused = self.taken_back(&decided) => End::Broken(refused.into()),
        }
    }

    /// When an answer is to end before it has been written: somebody stops it, the server stops,
    /// or what it takes is there no more.
    async fn ended(&self, decided: &Decided, writing: &Writing) -> End {
        let stopping = self.tasks.stopping();
        tokio::select! {
            () = writing.answer.stop.cancelled() => End::Stopped,
            () = stopping.cancelled() => End::Broken(ConversationError::Stopping.into()),
            refused = self.taken_back(decided) => End::Broken(refused.into()),
        }
    }

    /// Follows the provider's stream until it ends, breaks, or somebody stops it.
    async fn stream(
        &self,
        draft: &mut Draft,
        model: Arc<dyn LanguageModel>,
        ask: Ask,
        writing: &Writing,
    ) -> End {
        let stopping = self.tasks.stopping();
        // The quoting provider writes no mark that leads nowhere, and a quote stays as it is.
        let quoting = model.id() == "builtin";
        let passages = ask.passages.len();
        // Before any model is asked, and whatever it is told: who wants to know hears the truth.
        draft.truth = statement(&ask.language, &ask.name);
        let mut truthful = Truthful::new(draft.truth.clone());
        if asks_what_it_is(&ask.question, &ask.name) {
            say(writing, truthful.first());
            if quoting && is_all_that_is_asked(&ask.question) {
                return End::Finished("stop".to_owned());
            }
            say(writing, "\n\n".to_owned());
        }
        let mut filter = if quoting {
            CitationFilter::observing(passages)
        } else {
            CitationFilter::new(passages)
        };
        let started = tokio::select! {
            biased;
            () = writing.answer.stop.cancelled() => return End::Stopped,
            () = stopping.cancelled() => return End::Broken(ConversationError::Stopping.into()),
            started = model.answer(ask) => started,
        };
        let mut pieces = match started {
            Ok(pieces) => pieces,
            Err(error) => return End::Broken(error.into()),
        };
        let end = loop {
            let piece = tokio::select! {
                biased;
                () = writing.answer.stop.cancelled() => break End::Stopped,
                () = stopping.cancelled() => break End::Broken(ConversationError::Stopping.into()),
                piece = pieces.next() => piece,
            };
            match piece {
                Some(Ok(Piece::Delta(text))) if quoting => say(writing, filter.push(&text)),
                Some(Ok(Piece::Delta(text))) => {
                    say(writing, truthful.push(&filter.push(&text)));
                }
                Some(Ok(Piece::Usage { input, output })) => {
                    draft.tokens = Some(Tokens { input, output });
                }
                Some(Ok(Piece::Finish(reason))) => {
                    break End::Finished(reason.as_str().to_owned());
                }
                Some(Err(error)) => break End::Broken(error.into()),
                None => break End::Broken(ModelError::Interrupted.into()),
            }
            self.checkpoint(draft, &writing.answer).await;
        };
        let last = filter.finish();
        say(writing, if quoting { last } else { truthful.push(&last) + &truthful.finish() });
        for citation in &mut draft.message.citations {
            citation.cited = filter.cited().contains(&citation.n);
        }
        end
    }

    async fn checkpoint(&self, draft: &mut Draft, answer: &Answer) {
        let written = answer.written();
        let new = written - draft.stored_bytes;
        let late = draft.stored_at.elapsed() >= CHECKPOINT_EVERY;
        if new < CHECKPOINT_BYTES.max(draft.stored_bytes / 4) && !(late && new > 0) {
            return;
        }
        draft.stored_bytes = written;
        draft.stored_at = tokio::time::Instant::now();
        let message = Message { content: answer.text(), ..draft.message.clone() };
        // Decided is enough here: the end of the answer is what must be durable.
        let written = self.store.decide(move |tx| super::store_answer_in(tx, &message)).await;
        if let Err(error) = written {
            tracing::warn!(%error, "an answer in the making could not be stored");
        }
    }

    /// Stores the answer as it ended and tells everybody.
    async fn close(&self, draft: Draft, end: End, writing: &Writing) {
        let Draft { mut message, tokens, truth, .. } = draft;
        message.content = writing.answer.text();
        message.tokens = tokens;
        if message.grounding == Some(Grounding::Grounded) {
            message.unsupported = unsupported(&message.content, &truth);
        }
        let fault = match end {
            End::Finished(reason) => {
                message.status = Status::Complete;
                message.finish_reason = Some(reason);
                None
            }
            End::Stopped => {
                message.status = Status::Stopped;
                message.finish_reason = Some("stopped".to_owned());
                None
            }
            End::Broken(fault) => {
                message.status = Status::Incomplete;
                message.error = Some(fault.code.to_owned());
                Some(fault)
            }
        };
        let message = Arc::new(message);
        let stored = Arc::clone(&message);
        let outcome = self.store.write(move |tx| super::store_answer_in(tx, &stored)).await;
        writing.answer.push(match (outcome, fault) {
            (Err(error), _) => Fault::from(error).into(),
            (Ok(()), Some(fault)) => fault.into(),
            (Ok(()), None) => Event::Done(message),
        });
    }

    /// The provider that was decided on; the settings may have changed since, the message has not.
    fn model(&self, decided: &Decided) -> Arc<dyn LanguageModel> {
        let id = decided.answer.provider.as_deref().unwrap_or_default();
        self.models.get(id)
    }

    /// What to search for. A short question that follows others ("and then?") is understood
    /// together with the question before it.
    fn question_for_search(&self, decided: &Decided) -> String {
        decided.question.content.clone()
    }
}

fn say(writing: &Writing, text: String) {
    if !text.is_empty() {
        writing.answer.push(Event::Delta(text));
    }
}

/// The sentences without support, in code points; that an AI answers needs none.
fn unsupported(content: &str, truth: &str) -> Vec<(usize, usize)> {
    let place = |at: usize| code_points(&content[..at]);
    let ours = |text: &str| !truth.is_empty() && truth.contains(text.trim());
    let ranges = unsupported_sentences(content).into_iter();
    let ranges = ranges.filter(|range| !ours(&content[range.clone()]));
    ranges.map(|range| (place(range.start), place(range.end))).collect()
}

fn citations(passages: &[Passage]) -> Vec<Citation> {
    let numbered = passages.iter().enumerate();
    numbered
        .map(|(i, passage)| Citation {
            n: i + 1,
            cited: false,
            memory: passage.memory,
            withheld: false,
            title: passage.title.clone(),
            quote: passage.quote().to_owned(),
            occurred_at: passage.occurred_at.as_ref().map(|date| date.to_string()),
            occurred_text: passage.occurred_text.clone(),
            speaker: passage.speaker.clone(),
            score: passage.score,
            text_start: passage.quote_start(),
            highlights: passage.highlights(),
        })
        .collect()
}

fn ask(
    decided: &Decided,
    answer: &Message,
    (recalled, window): (Recalled, Vec<Turn>),
    now: Timestamp,
) -> Result<Ask, Fault> {
    let language = recalled.language.unwrap_or_else(|| decided.who.locale.clone());
    let passages: Vec<PromptPassage> = recalled
        .passages
        .into_iter()
        .enumerate()
        .map(|(i, passage)| prompt_passage(i + 1, passage, &decided.persona))
        .collect();
    let grounding = answer.grounding.unwrap_or(Grounding::Verbatim);
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| Fault::internal(error.to_string()))?;
    let prompt = prompt::build(&PromptParts {
        persona: &decided.persona.profile,
        grounding,
        passages: &passages,
        window: &window,
        summary: None,
        question: &decided.question.content,
        asker: &decided.asker,
        may_add: decided.may_add,
        language: &language,
        today: &day_of(now).to_string(),
        fence: Fence::new(random),
        budget: Budget { tokens: PROMPT_TOKENS, count: &estimate_tokens },
    });
    Ok(Ask {
        question: decided.question.content.clone(),
        language,
        name: decided.persona.profile.name.to_string(),
        may_add: decided.may_add,
        passages,
        prompt,
        model: answer.model.clone(),
        sampling: Sampling {
            temperature: decided.settings.temperature,
            top_p: decided.settings.top_p,
            max_tokens: decided.settings.max_tokens,
        },
    })
}

pub(super) fn turn(message: &Message) -> Turn {
    let role = match message.author {
        Author::User => Role::User,
        Author::Assistant => Role::Assistant,
    };
    Turn { role, text: message.content.clone() }
}

fn prompt_passage(n: usize, passage: Passage, persona: &Persona) -> PromptPassage {
    let said = passage.occurred_text.map(When::Said);
    let when = passage.occurred_at.map(When::Date).or(said);
    let subject =
        |name: &String| crate::memories::fold(name) == crate::memories::fold(&persona.profile.name);
    let speaker = match passage.speaker {
        None => Speaker::Unknown,
        Some(name) if subject(&name) => Speaker::Subject,
        Some(name) => Speaker::Other(name),
    };
    PromptPassage {
        n,
        text: passage.text,
        quotes: passage.sentences,
        title: passage.title,
        when,
        speaker,
    }
}
