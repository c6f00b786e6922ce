//! Which sentences of an answer rest on nothing that was cited.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::mark::numbers;

/// Shorter sentences claim nothing worth marking: "Yes, dear."
const CLAIM_LEAST: usize = 12;

/// The byte ranges of the sentences of a finished, filtered answer that cite no passage.
///
/// A mark supports the sentence it stands in or directly behind. Questions, very short
/// sentences, headings, quotes, tables and code are not looked at.
pub fn unsupported_sentences(answer: &str) -> Vec<Range<usize>> {
    let mut unsupported = Vec::new();
    let mut fence = None;
    let mut start = 0;
    for line in answer.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let marker = ["```", "~~~"].into_iter().find(|marker| trimmed.starts_with(marker));
        match (fence, marker) {
            (None, Some(marker)) => fence = Some(marker),
            (Some(open), Some(marker)) if open == marker => fence = None,
            (None, None) if !trimmed.starts_with(['#', '>', '|']) => {
                let sentences = sentences(line).into_iter();
                let bare = sentences.filter(|s| !s.cited && is_claim(&line[s.range.clone()]));
                unsupported.extend(bare.map(|s| start + s.range.start..start + s.range.end));
            }
            _ => (),
        }
        start += line.len();
    }
    unsupported
}

struct Sentence {
    range: Range<usize>,
    cited: bool,
}

fn sentences(line: &str) -> Vec<Sentence> {
    let marks = marks(line);
    let shadow = shadow(line, &marks);
    let mut sentences: Vec<Sentence> = Vec::new();
    for (at, piece) in shadow.split_sentence_bound_indices() {
        let end = at + piece.len();
        let mut start = at;
        // Marks between two sentences belong to the first one.
        for mark in marks.iter().filter(|mark| mark.start >= at && mark.end <= end) {
            if !line[start..mark.start].trim().is_empty() {
                break;
            }
            if let Some(before) = sentences.last_mut() {
                before.cited = true;
            }
            start = mark.end;
        }
        let text = &line[start..end];
        let said = without_list_marker(text.trim_start());
        let range = start + (text.len() - said.len())..start + text.trim_end().len();
        if range.start < range.end {
            let cited = marks.iter().any(|mark| mark.start >= range.start && mark.end <= range.end);
            sentences.push(Sentence { range, cited });
        }
    }
    sentences
}

fn without_list_marker(text: &str) -> &str {
    ["- ", "* ", "+ "].iter().find_map(|marker| text.strip_prefix(marker)).unwrap_or(text)
}

/// The byte ranges of all marks in a line.
fn marks(line: &str) -> Vec<Range<usize>> {
    let mut marks = Vec::new();
    let mut from = 0;
    while let Some(open) = line[from..].find('[').map(|at| from + at) {
        let Some(close) = line[open..].find(']').map(|at| open + at + 1) else { break };
        if numbers(&line[open..close]).is_some() {
            marks.push(open..close);
            from = close;
        } else {
            from = open + 1;
        }
    }
    marks
}

/// The line with closing brackets in place of marks, because to the Unicode rules an opening
/// one begins a sentence and a closing one ends it.
fn shadow(line: &str, marks: &[Range<usize>]) -> String {
    let mut shadow = line.to_owned();
    for mark in marks {
        shadow.replace_range(mark.clone(), &")".repeat(mark.len()));
    }
    shadow
}

fn is_claim(sentence: &str) -> bool {
    let letters = sentence.chars().filter(|c| c.is_alphanumeric()).count();
    letters >= CLAIM_LEAST
        && !sentence.trim_end_matches(['"', '”', '»']).ends_with(['?', '？', '؟'])
}
