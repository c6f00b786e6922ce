//! One search over one clone: which passages to weigh, and what weighs more.
//!
//! Both legs bring candidates; every candidate is then scored by both, so a passage that
//! one leg found is not punished for being just below the other's cut.

use std::collections::BTreeSet;

use crate::index::bm25::TextScores;
use crate::index::vectors::{VectorSearch, VectorSet};

use super::fuse::{Candidate, Mode, Ranked, Recipe, fused};

/// Candidates each leg brings, at least: deep enough that a passage good in both legs and
/// first in neither is among them.
const CANDIDATES: usize = 200;

/// The question's vector and where to look with it.
#[derive(Debug, Clone, Copy)]
pub struct Meaning<'a> {
    /// The clone's vectors.
    pub vectors: &'a VectorSet,
    /// The question's, normalised.
    pub question: &'a [f32],
}

/// One search.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// All scores by words, searched with the boosts of `recipe`.
    pub text: &'a TextScores,
    /// The question's meaning; without it the words decide alone.
    pub meaning: Option<Meaning<'a>>,
    /// The weights.
    pub recipe: Recipe,
    /// Which legs take part.
    pub mode: Mode,
    /// Results wanted.
    pub limit: usize,
}

/// The best passages among those for which `keep` holds (the filters of the search; what
/// the asker may not see at all was left out of `text` already and never comes up). At
/// least `limit` where there are so many, best first.
#[must_use]
pub fn ranked(search: &Search<'_>, keep: &dyn Fn(u64) -> bool) -> Vec<Ranked> {
    let Search { text, recipe, mode, limit, .. } = *search;
    let wanted = CANDIDATES.max(2 * limit);
    let meaning = search.meaning.filter(|_| mode != Mode::Text);
    let mut passages: BTreeSet<u64> = BTreeSet::new();
    if mode != Mode::Vector {
        passages.extend(text.top(wanted, keep).iter().map(|hit| hit.passage));
    }
    let may_come_up = |passage: u64| keep(passage) && text.of(passage).is_some();
    let passages: Vec<u64> = match meaning {
        None => passages.into_iter().collect(),
        Some(Meaning { vectors, question }) => {
            let near = vectors.search(question, wanted, &may_come_up);
            passages.extend(near.iter().map(|(passage, _)| *passage));
            passages.into_iter().collect()
        }
    };
    let cosines = match meaning {
        Some(Meaning { vectors, question }) => vectors.cosines(question, &passages),
        None => vec![None; passages.len()],
    };
    let candidates: Vec<Candidate> = passages
        .iter()
        .zip(cosines)
        .filter_map(|(passage, cosine)| Some(Candidate { text: text.of(*passage)?, cosine }))
        .collect();
    fused(&candidates, text.best(), recipe)
}
