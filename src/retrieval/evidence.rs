//! Whether a clone has a memory of what it is asked, or should say that it has none.
//!
//! A logistic regression over what the search saw, fitted on questions of the development
//! sets in English: asked to the clone they belong to, and asked to one that knows nothing of
//! it (AUC 0.98). A question with a false premise about known people and things looks
//! answerable from here: whoever writes the answer has to notice that.
//!
//! It was fitted on clones of hundreds of passages. Clones of 2, 5 and 15 texts cut from the
//! same sets, with questions as people ask them ("Tell me about the …"), showed what they
//! lack: words that only frame a question must not count (answered 22, 28 and 32 % before,
//! 98 % with all three rules), a word is as rare as it would be among `BACKGROUND` passages
//! (questions of the sets: from 77, 82 and 91 % to 89, 92 and 97 %), and a passage that has
//! every word asked for is an answer. Questions to the wrong clone pass as rarely as before.
//! `make eval` measures all of this through HTTP; the figures are in docs/quality.md.

use crate::index::analysis::{Concept, Query};
use crate::index::bm25::Worth;

use super::fuse::{Ranked, Reach, readable};

/// Passages at the top that count as evidence; `covered` is wanted for these.
pub const LOOKED_AT: usize = 3;
/// Ranked passages among which the nearest in meaning is looked for.
const NEAREST_AMONG: usize = 10;
/// Passages that a small clone is taken to have when the worth of a word is judged: anything
/// from 100 to 2,000 measures nearly the same.
const BACKGROUND: u64 = 500;

/// With a model that reads the question: weight of the cosine, of the coverage, and constant.
const BY_BOTH: [f32; 3] = [15.0, 6.5, -9.0];
/// With words alone: weight of the coverage, of unknown words, and constant.
const BY_WORDS: [f32; 3] = [7.8, -3.4, -2.3];
/// A coverage from which on nothing that was asked for is missing.
const ALL_COVERED: f32 = 0.999;

/// What speaks for an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Highest cosine near the top, if the model can read the question.
    pub cosine: Option<f32>,
    /// Largest share of the question's worth that one of the first passages holds.
    pub coverage: f32,
    /// Share of the question's worth that no passage of the clone has.
    pub unknown: f32,
    /// Whether one of the first passages has every word asked for, or nothing in particular
    /// is asked for ("Tell me a story!") and there is something to tell.
    pub certain: bool,
}

/// What each word of the question weighs when the clone decides whether to answer: nothing
/// if it only frames the question, and never less than in a clone of many memories.
#[must_use]
pub fn judged(query: &Query, worth: &[Worth], documents: u64) -> Vec<Worth> {
    let weigh = |(concept, worth): (&Concept, &Worth)| Worth {
        idf: if concept.framing {
            0.0
        } else {
            concept.weight * worth.among(documents, BACKGROUND)
        },
        ..*worth
    };
    query.concepts.iter().zip(worth).map(weigh).collect()
}

impl Evidence {
    /// At or above this probability the clone answers.
    pub const ENOUGH: f32 = 0.4;

    /// Gathers it from a ranking. `worth` is that of [`judged`]; `covered` is
    /// `quote::coverage` by it of the text of each of the first `LOOKED_AT` passages, as it
    /// was indexed, speaker and date included.
    #[must_use]
    pub fn gather(
        query: &Query,
        worth: &[Worth],
        ranked: &[Ranked],
        covered: &[f32],
        reach: Reach,
    ) -> Self {
        let all: f32 = worth.iter().map(|worth| worth.idf).sum();
        let missing: f32 = worth.iter().filter(|w| w.found_in == 0).map(|w| w.idf).sum();
        let near = ranked.iter().take(NEAREST_AMONG).filter_map(|hit| hit.cosine);
        let coverage = covered.iter().take(LOOKED_AT).copied().fold(0.0, f32::max);
        let concepts = &query.concepts;
        let open = !concepts.is_empty() && concepts.iter().all(|concept| concept.framing);
        Self {
            cosine: near.reduce(f32::max).filter(|_| readable(query, reach)),
            coverage,
            unknown: if all > 0.0 { missing / all } else { 1.0 },
            certain: (open && !ranked.is_empty())
                || (coverage >= ALL_COVERED && !query.only_stop_words),
        }
    }

    /// How likely the first passages hold an answer, 0 to 1.
    #[must_use]
    pub fn probability(&self) -> f32 {
        if self.certain {
            return 1.0;
        }
        let logit = match self.cosine {
            Some(cosine) => BY_BOTH[0] * cosine + BY_BOTH[1] * self.coverage + BY_BOTH[2],
            None => BY_WORDS[0] * self.coverage + BY_WORDS[1] * self.unknown + BY_WORDS[2],
        };
        1.0 / (1.0 + (-logit).exp())
    }

    /// Whether to answer at all.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.probability() >= Self::ENOUGH
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::analysis::{Analyzer, Asking};
    use crate::index::language::Language;

    #[test]
    fn nothing_is_no_evidence_and_much_is() {
        let query = Query::default();
        let none = Evidence::gather(&query, &[], &[], &[], Reach::English);
        assert!(!none.is_enough());
        let ranked = [Ranked { passage: 1, score: 1.0, words: 1.0, cosine: Some(0.6) }];
        let worth = [Worth { found_in: 2, idf: 3.0, names_speaker: false }];
        assert!(Evidence::gather(&query, &worth, &ranked, &[0.9], Reach::English).is_enough());
        let far = [Ranked { cosine: Some(0.1), ..ranked[0] }];
        assert!(!Evidence::gather(&query, &worth, &far, &[0.3], Reach::English).is_enough());
    }

    #[test]
    fn a_script_the_model_cannot_read_is_judged_by_words() {
        let query = Query { beyond_latin: true, ..Query::default() };
        let ranked = [Ranked { passage: 1, score: 1.0, words: 1.0, cosine: Some(0.9) }];
        let unknown = [Worth { found_in: 0, idf: 3.0, names_speaker: false }];
        let evidence = Evidence::gather(&query, &unknown, &ranked, &[0.0], Reach::English);
        assert_eq!(evidence.cosine, None);
        assert!(!evidence.is_enough());
    }

    #[test]
    fn words_that_only_frame_a_question_do_not_count() {
        let analyzer = Analyzer::new([1; 32]);
        let english = Asking { hint: Some(Language::English), ..Asking::default() };
        let query = analyzer.query("What happened in Lyon?", english);
        let known = Worth { found_in: 1, idf: 1.0, names_speaker: false };
        let unknown = Worth { found_in: 0, idf: 2.0, names_speaker: false };
        let worth: Vec<Worth> = query
            .concepts
            .iter()
            .map(|concept| if concept.word == "lyon" { known } else { unknown })
            .collect();
        let judged = judged(&query, &worth, 3);
        assert_eq!(judged.iter().filter(|worth| worth.idf > 0.0).count(), 1);
        let ranked = [Ranked { passage: 1, score: 1.0, words: 1.0, cosine: Some(0.1) }];
        assert!(Evidence::gather(&query, &judged, &ranked, &[1.0], Reach::English).is_enough());
    }

    #[test]
    fn a_question_for_anything_is_answered_when_there_is_something() {
        let analyzer = Analyzer::new([1; 32]);
        let english = Asking { hint: Some(Language::English), ..Asking::default() };
        let query = analyzer.query("Tell me a story!", english);
        let worth = vec![Worth { found_in: 0, idf: 2.0, names_speaker: false }; 2];
        let judged = judged(&query, &worth, 3);
        let ranked = [Ranked { passage: 1, score: 0.1, words: 0.0, cosine: Some(0.1) }];
        assert!(Evidence::gather(&query, &judged, &ranked, &[0.0], Reach::English).is_enough());
        assert!(!Evidence::gather(&query, &judged, &[], &[], Reach::English).is_enough());
    }
}
