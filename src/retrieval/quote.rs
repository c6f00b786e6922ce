//! What to show of a passage: the words that matched, and the sentences worth quoting.

use std::collections::BTreeSet;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::index::analysis::{Analyzer, Query};
use crate::index::bm25::Worth;
use crate::index::language::Language;

use super::sentences::sentences;

/// A sentence of a passage and how much of the question it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    /// Where it is in the passage, in bytes.
    pub bytes: Range<usize>,
    /// Where it is in the passage, in Unicode code points.
    pub chars: Range<usize>,
    /// Share of the question's worth that it holds, 0 to 1, or the mean with the cosine.
    pub score: f32,
}

/// A question and what its words are worth in the clone.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The clone's analyzer.
    pub analyzer: &'a Analyzer,
    /// What is asked.
    pub query: &'a Query,
    /// From `TextScores::worth`.
    pub worth: &'a [Worth],
}

/// The words of `text` that match the question, as ranges of Unicode code points in order,
/// those that touch merged.
#[must_use]
pub fn highlights(
    question: &Question<'_>,
    text: &str,
    language: Option<Language>,
) -> Vec<(usize, usize)> {
    let found = question.analyzer.matches(question.query, text, language);
    let mut ranges: Vec<Range<usize>> = found.into_iter().map(|(_, range)| range).collect();
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    in_chars(text, &merged)
}

fn in_chars(text: &str, ranges: &[Range<usize>]) -> Vec<(usize, usize)> {
    let (mut byte, mut count) = (0, 0);
    let mut position = |to: usize| {
        count += text[byte..to].chars().count();
        byte = to;
        count
    };
    ranges.iter().map(|range| (position(range.start), position(range.end))).collect()
}

/// Share of the question's worth that `text` holds, 0 to 1.
#[must_use]
pub fn coverage(question: &Question<'_>, text: &str, language: Option<Language>) -> f32 {
    let Question { analyzer, query, worth } = question;
    let held: BTreeSet<usize> =
        analyzer.matches(query, text, language).into_iter().map(|(concept, _)| concept).collect();
    let all: f32 = worth.iter().map(|worth| worth.idf).sum();
    let held: f32 = held.iter().filter_map(|at| worth.get(*at)).map(|worth| worth.idf).sum();
    if all > 0.0 { held / all } else { 0.0 }
}

/// The sentences of a passage, best first; ties in reading order. `cosines` are those of the
/// sentences in reading order (see `sentences`), if the caller has embedded them.
#[must_use]
pub fn quotes(
    question: &Question<'_>,
    text: &str,
    language: Option<Language>,
    cosines: Option<&[f32]>,
) -> Vec<Quote> {
    let ranges = sentences(text);
    let chars = in_chars(text, &ranges);
    let mut quotes: Vec<Quote> = ranges
        .into_iter()
        .zip(chars)
        .enumerate()
        .map(|(at, (bytes, (from, to)))| {
            let words = coverage(question, &text[bytes.clone()], language);
            let cosine = cosines.and_then(|cosines| cosines.get(at));
            let score = cosine.map_or(words, |cosine| f32::midpoint(words, *cosine));
            Quote { bytes, chars: from..to, score }
        })
        .collect();
    quotes.sort_by(|a, b| b.score.total_cmp(&a.score));
    quotes
}

/// Fewer words than this say little alone: the "Your Paul" under a letter.
const FEW_WORDS: usize = 4;

/// A sentence with as much of what stands around it as it takes to say something: first what
/// leads up to it, then what follows.
#[must_use]
pub fn in_context(text: &str, sentence: Range<usize>) -> Range<usize> {
    let all = sentences(text);
    let words = |range: &Range<usize>| text[range.clone()].unicode_words().count();
    let enough = |quoted: &Range<usize>| words(quoted) >= FEW_WORDS;
    let mut quoted = sentence.clone();
    for before in all.iter().rev().filter(|other| other.end <= sentence.start) {
        if enough(&quoted) {
            return quoted;
        }
        quoted.start = before.start;
    }
    for after in all.iter().filter(|other| other.start >= sentence.end) {
        if enough(&quoted) {
            return quoted;
        }
        quoted.end = after.end;
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::analysis::Asking;

    #[test]
    fn matches_are_marked_in_code_points() {
        let analyzer = Analyzer::new([1; 32]);
        let query = analyzer.query("Did you love cafés in Paris?", Asking::default());
        let text = "É: I loved a café, Paris.";
        let question = Question { analyzer: &analyzer, query: &query, worth: &[] };
        let marks = highlights(&question, text, Some(Language::English));
        let letters: Vec<char> = text.chars().collect();
        let words: Vec<String> =
            marks.iter().map(|(from, to)| letters[*from..*to].iter().collect()).collect();
        assert_eq!(words, ["loved", "café", "Paris"]);
    }

    #[test]
    fn pairs_of_characters_merge() {
        let analyzer = Analyzer::new([1; 32]);
        let query = analyzer.query("東京タワー", Asking::default());
        let question = Question { analyzer: &analyzer, query: &query, worth: &[] };
        let marks = highlights(&question, "昔の東京タワーで", Some(Language::Japanese));
        assert_eq!(marks, [(2, 7)]);
    }

    #[test]
    fn the_sentence_with_the_rare_words_comes_first() {
        let analyzer = Analyzer::new([1; 32]);
        let query = analyzer.query("When did the lighthouse burn?", Asking::default());
        let worth = vec![Worth { found_in: 1, idf: 2.0, names_speaker: false }; 2];
        let question = Question { analyzer: &analyzer, query: &query, worth: &worth };
        let text = "We lived by the sea. The lighthouse burned in 1931. Nobody was hurt.";
        let best = &quotes(&question, text, Some(Language::English), None)[0];
        assert_eq!(&text[best.bytes.clone()], "The lighthouse burned in 1931.");
        assert!((best.score - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_few_words_are_quoted_with_what_leads_up_to_them() {
        let text = "Dear Rosa, the office is quiet without you. Shall we dance? Your Paul";
        let at = |part: &str| text.find(part).map(|start| start..start + part.len()).unwrap();
        let signed = &text[in_context(text, at("Your Paul"))];
        assert_eq!(signed, "Shall we dance? Your Paul");
        let whole = at("Dear Rosa, the office is quiet without you.");
        assert_eq!(in_context(text, whole.clone()), whole);
        assert_eq!(
            &"Yes. We did it in the end."[in_context("Yes. We did it in the end.", 0..4)],
            "Yes. We did it in the end."
        );
        assert_eq!(in_context("Yes.", 0..4), 0..4);
    }
}
