//! One order out of two: how well the words match and how near the meaning is.
//!
//! Scores are added, not ranks: `w · BM25 / best BM25 + (1 − w) · cosine`, the cosine raw.
//! Rank fusion forgets how sure the words were, and measured seven points of recall@10
//! lower on chats.

use crate::index::analysis::Query;
use crate::index::bm25::{Boosts, TextHit};
use crate::index::language::Language;

/// Which legs a search uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Words and meaning.
    #[default]
    Hybrid,
    /// Words only.
    Text,
    /// Meaning only.
    Vector,
}

/// What the embedding model understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// English, and what shares words with it (the builtin model).
    English,
    /// Any language.
    Multilingual,
}

/// The weights of one search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// Share of the words, 0 to 1.
    pub text: f32,
    /// What a passage gets from its neighbours and its thread; `TextIndex::search` wants it.
    pub boosts: Boosts,
    /// Added when the only speaker the question names said it.
    pub named: f32,
}

/// Best on chats and on paragraphs alike: anything from 0.3 to 0.45 is within a point.
const TEXT_SHARE: f32 = 0.35;
/// For languages whose words the English model half knows: German and Spanish questions
/// measure at least as well as with words alone, up to 0.7.
const TEXT_SHARE_RELATED: f32 = 0.5;
/// For other languages in Latin letters.
const TEXT_SHARE_FOREIGN: f32 = 0.85;
/// For scripts the model cannot read: meaning only breaks ties and fills up.
const TEXT_SHARE_UNREAD: f32 = 0.98;

/// Neighbours and threads: each step measured on chats (+4.2 and +1.5 points recall@10).
const BOOSTS: Boosts = Boosts { near: 0.3, thread: 0.4 };
/// +1.1 points on chats; any value from 0.08 to 0.2 measures the same.
const NAMED: f32 = 0.15;

impl Recipe {
    /// The weights for a question.
    #[must_use]
    pub fn for_query(query: &Query, mode: Mode, reach: Reach) -> Self {
        let text = match (mode, reach) {
            (Mode::Text, _) => 1.0,
            (Mode::Vector, _) => 0.0,
            (Mode::Hybrid, Reach::Multilingual) => TEXT_SHARE,
            (Mode::Hybrid, Reach::English) => text_share(query),
        };
        Self { text, boosts: BOOSTS, named: if mode == Mode::Vector { 0.0 } else { NAMED } }
    }
}

fn text_share(query: &Query) -> f32 {
    if query.beyond_latin {
        return TEXT_SHARE_UNREAD;
    }
    match query.language {
        None | Some(Language::English) => TEXT_SHARE,
        Some(
            Language::French
            | Language::German
            | Language::Spanish
            | Language::Italian
            | Language::Portuguese
            | Language::Dutch
            | Language::Swedish
            | Language::Danish
            | Language::Norwegian
            | Language::Catalan
            | Language::Romanian,
        ) => TEXT_SHARE_RELATED,
        Some(language) if language.is_latin() => TEXT_SHARE_FOREIGN,
        Some(_) => TEXT_SHARE_UNREAD,
    }
}

/// Whether the embedding model makes sense of the question, so that its cosines mean
/// something on their own.
pub(super) fn readable(query: &Query, reach: Reach) -> bool {
    reach == Reach::Multilingual || text_share(query) <= TEXT_SHARE_RELATED
}

/// A passage that one of the legs brought up, with what both say about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Its scores by words, zeros where none matches.
    pub text: TextHit,
    /// Its cosine to the question; `None` while it has no vector.
    pub cosine: Option<f32>,
}

/// A passage with its place earned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// The passage's number.
    pub passage: u64,
    /// The fused score, about 0 to 1.5.
    pub score: f32,
    /// The score by words as a share of the best of this question, 0 to 1.
    pub words: f32,
    /// The cosine, if there is a vector.
    pub cosine: Option<f32>,
}

/// Orders the candidates, best first, ties by passage number. `best` is `TextScores::best`
/// of a search with the recipe's boosts. A passage without a vector yet is taken to mean
/// what the median candidate means, so that it is neither lost nor preferred.
#[must_use]
pub fn fused(candidates: &[Candidate], best: f32, recipe: Recipe) -> Vec<Ranked> {
    let usual = median(candidates.iter().filter_map(|candidate| candidate.cosine).collect());
    let scale = if best > 0.0 { 1.0 / best } else { 0.0 };
    let mut ranked: Vec<Ranked> = candidates
        .iter()
        .map(|Candidate { text, cosine }| {
            let words = text.score * scale;
            let meaning = cosine.unwrap_or(usual);
            let named = if text.said_by_named { recipe.named } else { 0.0 };
            Ranked {
                passage: text.passage,
                score: recipe.text * words + (1.0 - recipe.text) * meaning + named,
                words,
                cosine: *cosine,
            }
        })
        .collect();
    ranked.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.passage.cmp(&b.passage)));
    ranked.dedup_by_key(|hit| hit.passage);
    ranked
}

fn median(mut cosines: Vec<f32>) -> f32 {
    cosines.sort_unstable_by(f32::total_cmp);
    cosines.get(cosines.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(passage: u64, own: f32, cosine: Option<f32>) -> Candidate {
        let text =
            TextHit { passage, own, near: 0.0, thread: own, score: own, said_by_named: false };
        Candidate { text, cosine }
    }

    fn order(mode: Mode, language: Option<Language>) -> Vec<u64> {
        let query = Query {
            language,
            beyond_latin: language == Some(Language::Russian),
            ..Query::default()
        };
        let recipe = Recipe::for_query(&query, mode, Reach::English);
        let all = [
            candidate(1, 4.0, Some(0.1)),
            candidate(2, 2.0, Some(0.9)),
            candidate(3, 0.0, Some(0.5)),
        ];
        fused(&all, 4.0, recipe).iter().map(|hit| hit.passage).collect()
    }

    #[test]
    fn words_and_meaning_are_weighed_by_language() {
        assert_eq!(order(Mode::Hybrid, Some(Language::English)), [2, 1, 3]);
        assert_eq!(order(Mode::Hybrid, Some(Language::Russian)), [1, 2, 3]);
        assert_eq!(order(Mode::Text, Some(Language::English)), [1, 2, 3]);
        assert_eq!(order(Mode::Vector, Some(Language::English)), [2, 3, 1]);
    }

    #[test]
    fn a_passage_without_a_vector_is_not_lost() {
        let recipe = Recipe::for_query(&Query::default(), Mode::Hybrid, Reach::English);
        let all = [candidate(1, 1.0, None), candidate(2, 0.1, Some(0.2)), candidate(2, 0.1, None)];
        let ranked = fused(&all, 1.0, recipe);
        assert_eq!(ranked[0].passage, 1);
    }
}
