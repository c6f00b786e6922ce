//! What an answer is made from: the passages worth showing, or nothing when none answers.

use std::ops::Range;

use crate::access::Principal;
use crate::kernel::{CloneId, FuzzyDate, MemoryId, code_points};
use crate::memories::Filter;

use super::turn::Waiting;
use super::{Hit, Retrieval, RetrievalError, SearchMode, SearchRequest};

/// Passages that score less than this share of the best are not shown.
const WORTH_SHOWING: f32 = 0.5;

/// What an answer needs.
#[derive(Clone, Debug)]
pub struct Recall {
    /// The question.
    pub question: String,
    /// How many passages at most.
    pub most: usize,
    /// The least score that counts; the calibrated decision alone when not given.
    pub least_score: Option<f32>,
}

/// What was found for an answer.
#[derive(Clone, Debug, Default)]
pub struct Recalled {
    /// Best first; empty when nothing found answers the question.
    pub passages: Vec<Passage>,
    /// The language of the question, if it is clear (two letters).
    pub language: Option<String>,
}

/// A passage for an answer.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of a hit")]
pub struct Passage {
    pub memory: MemoryId,
    pub title: Option<String>,
    pub text: String,
    /// Where `text` begins in the memory, in code points.
    pub text_start: usize,
    /// The sentences of `text` that answer best, as byte ranges, in reading order.
    pub sentences: Vec<Range<usize>>,
    pub occurred_at: Option<FuzzyDate>,
    pub occurred_text: Option<String>,
    pub speaker: Option<String>,
    pub score: f32,
}

impl Passage {
    /// The words that count, exactly as they stand in the memory: from the first of the best
    /// sentences to the last; all of it when none stands out.
    pub fn quote(&self) -> &str {
        self.text.get(self.quoted()).unwrap_or(&self.text)
    }

    /// Where [`Self::quote`] begins in the memory, in code points.
    pub fn quote_start(&self) -> usize {
        self.text_start + code_points(&self.text[..self.quoted().start])
    }

    /// The best sentences as ranges of the memory, in code points.
    pub fn highlights(&self) -> Vec<(usize, usize)> {
        let place = |at: usize| self.text_start + code_points(&self.text[..at]);
        self.sentences.iter().map(|range| (place(range.start), place(range.end))).collect()
    }

    fn quoted(&self) -> Range<usize> {
        let first = self.sentences.first().map_or(0, |range| range.start);
        let last = self.sentences.last().map_or(self.text.len(), |range| range.end);
        first..last
    }
}

impl From<Hit> for Passage {
    fn from(hit: Hit) -> Self {
        Self {
            memory: hit.memory,
            title: hit.title,
            text: hit.text,
            text_start: hit.text_start,
            sentences: hit.sentences,
            occurred_at: hit.occurred_at,
            occurred_text: hit.occurred_text,
            speaker: hit.speaker,
            score: hit.score,
        }
    }
}

impl Retrieval {
    /// Finds what an answer is made from.
    ///
    /// # Errors
    /// When the clone is not the asker's to see, or the store fails.
    pub async fn recall(
        &self,
        who: &Principal,
        clone: CloneId,
        recall: Recall,
    ) -> Result<Recalled, RetrievalError> {
        let request = SearchRequest {
            question: recall.question,
            limit: recall.most,
            mode: SearchMode::Hybrid,
            typing: false,
            without_memories: false,
            filter: Filter::default(),
        };
        let found = self.search_for(who, clone, request, Waiting::Answer).await?;
        let best = found.hits.first().map_or(0.0, |hit| hit.score);
        let least = recall.least_score.unwrap_or(0.0).max(best * WORTH_SHOWING);
        let worth = found.hits.into_iter().filter(|hit| hit.score >= least);
        let passages = if found.relevant { worth.map(Passage::from).collect() } else { Vec::new() };
        Ok(Recalled { passages, language: found.language })
    }
}
