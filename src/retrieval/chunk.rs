//! Cuts long texts into passages that an embedding can hold.
//!
//! Paragraphs stay whole where they fit, then sentences, then words; a cut never falls
//! inside what a reader sees as one character. Where a paragraph had to be cut, the next
//! passage begins with the last sentence of the one before, so that no thought is lost.

use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::sentences::sentences;

/// How large passages may be, in the embedder's word pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// At most so many, unless a single character has more.
    pub most: usize,
    /// Repeated from the passage before, at most.
    pub overlap: usize,
}

impl Size {
    /// Leaves room for speaker, date and title below the 256 word pieces of the builtin model.
    pub const DEFAULT: Self = Self { most: 200, overlap: 40 };
}

/// One passage of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Where it is, in bytes.
    pub bytes: Range<usize>,
    /// Where it is, in Unicode code points.
    pub chars: Range<usize>,
}

/// An indivisible part: a paragraph, sentence or run of words.
struct Piece {
    range: Range<usize>,
    tokens: usize,
    /// Whether the text before it is another paragraph.
    fresh: bool,
}

/// The passages of `text`, in order; none for a text without content. `tokens` counts the
/// embedder's word pieces of a text.
#[must_use]
pub fn chunks(text: &str, size: Size, tokens: &dyn Fn(&str) -> usize) -> Vec<Chunk> {
    let pieces = pieces(text, size.most.max(1), tokens);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let (mut first, mut used) = (0, 0);
    for (at, piece) in pieces.iter().enumerate() {
        if at > first && used + piece.tokens > size.most {
            ranges.push(pieces[first].range.start..pieces[at - 1].range.end);
            (first, used) = next_start(&pieces, first, at, size);
        }
        used += piece.tokens;
    }
    if let (Some(start), Some(end)) = (pieces.get(first), pieces.last()) {
        ranges.push(start.range.start..end.range.end);
    }
    counted(text, ranges)
}

/// Where the passage that takes in piece `at` begins, and the tokens before `at` in it.
fn next_start(pieces: &[Piece], first: usize, at: usize, size: Size) -> (usize, usize) {
    let (mut start, mut repeated) = (at, 0);
    while start > first + 1 && !pieces[start].fresh {
        let more = pieces[start - 1].tokens;
        let too_much =
            repeated + more > size.overlap || repeated + more + pieces[at].tokens > size.most;
        if too_much {
            break;
        }
        repeated += more;
        start -= 1;
    }
    (start, repeated)
}

fn pieces(text: &str, most: usize, tokens: &dyn Fn(&str) -> usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for paragraph in paragraphs(text) {
        let before = pieces.len();
        let count = tokens(&text[paragraph.clone()]);
        if count <= most {
            pieces.push(Piece { range: paragraph, tokens: count, fresh: true });
            continue;
        }
        for sentence in sentences(&text[paragraph.clone()]) {
            let range = paragraph.start + sentence.start..paragraph.start + sentence.end;
            halve(text, range, most, tokens, &mut pieces);
        }
        if let Some(first) = pieces.get_mut(before) {
            first.fresh = true;
        }
    }
    pieces
}

/// Lines between empty lines, without the white space around them.
fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open: Option<Range<usize>> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            found.extend(open.take());
        } else {
            let start = at + (line.len() - line.trim_start().len());
            let end = start + trimmed.len();
            open = Some(open.map_or(start..end, |range| range.start..end));
        }
        at += line.len();
    }
    found.extend(open);
    found
}

/// Cuts a range in two at a word near its middle until each part fits.
fn halve(
    text: &str,
    range: Range<usize>,
    most: usize,
    tokens: &dyn Fn(&str) -> usize,
    into: &mut Vec<Piece>,
) {
    let part = &text[range.clone()];
    if part.trim().is_empty() {
        return;
    }
    let count = tokens(part);
    let cut = (count > most).then(|| middle(part)).flatten();
    let Some(cut) = cut else {
        into.push(Piece { range, tokens: count, fresh: false });
        return;
    };
    halve(text, range.start..range.start + cut, most, tokens, into);
    halve(text, range.start + cut..range.end, most, tokens, into);
}

/// The word boundary nearest to the middle that leaves something on both sides, or the
/// character boundary where there is no word boundary.
fn middle(part: &str) -> Option<usize> {
    let half = part.len() / 2;
    let inside = |at: &usize| *at > 0 && *at < part.len();
    let words = part.split_word_bound_indices().map(|(at, _)| at).filter(inside);
    let by_word = words.min_by_key(|at| at.abs_diff(half));
    by_word.or_else(|| {
        let letters = part.grapheme_indices(true).map(|(at, _)| at).filter(inside);
        letters.min_by_key(|at| at.abs_diff(half))
    })
}

fn counted(text: &str, ranges: Vec<Range<usize>>) -> Vec<Chunk> {
    let mut known = (0, 0);
    let mut position = |byte: usize| {
        // Overlaps step back a little; from there the count goes on.
        if byte < known.0 {
            known = (byte, known.1 - text[byte..known.0].chars().count());
        } else {
            known = (byte, known.1 + text[known.0..byte].chars().count());
        }
        known.1
    };
    let mut with_chars = Vec::with_capacity(ranges.len());
    for range in ranges {
        let bytes = whole(text, range);
        let chars = position(bytes.start)..position(bytes.end);
        with_chars.push(Chunk { bytes, chars });
    }
    with_chars
}

/// The range grown to whole characters: white space can carry an accent.
fn whole(text: &str, range: Range<usize>) -> Range<usize> {
    let is_cut = |at: &usize| {
        let inside = GraphemeCursor::new(*at, text.len(), true).is_boundary(text, 0);
        text.is_char_boundary(*at) && inside.unwrap_or(true)
    };
    let start = (0..=range.start).rev().find(is_cut).unwrap_or(0);
    let end = (range.end..=text.len()).find(is_cut).unwrap_or(text.len());
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> usize {
        text.split_whitespace().map(|word| word.chars().count().div_ceil(6)).sum()
    }

    const SMALL: Size = Size { most: 12, overlap: 4 };

    #[test]
    fn a_short_text_is_one_passage() {
        let text = "  A short memory.\n";
        let found = chunks(text, Size::DEFAULT, &words);
        assert_eq!(found.len(), 1);
        assert_eq!(&text[found[0].bytes.clone()], "A short memory.");
        assert!(chunks(" \n ", Size::DEFAULT, &words).is_empty());
    }

    #[test]
    fn paragraphs_stay_whole_where_they_fit() {
        let text = "one two three four five six.\n\nseven eight nine ten eleven yes.";
        let found = chunks(text, SMALL, &words);
        assert_eq!(found.len(), 1);
        let found = chunks(&format!("{text}\n\nmore and more"), SMALL, &words);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].bytes.start, text.len() + 2);
    }

    #[test]
    fn a_cut_paragraph_repeats_its_last_sentence() {
        let text = "One two three four. Five six. Seven eight nine. Ten to me. And so on we go.";
        let found = chunks(text, SMALL, &words);
        assert!(found.len() > 1);
        assert!(found[1].bytes.start < found[0].bytes.end);
    }

    proptest! {
        #[test]
        fn passages_cover_the_text_in_order(text in "[a-z .é\u{301}👩\u{200d}字\\n]{0,200}") {
            let found = chunks(&text, SMALL, &words);
            let letters: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
            let (mut end, mut start) = (0, 0);
            for chunk in &found {
                let Range { start: from, end: to } = chunk.bytes.clone();
                prop_assert!(from < to && (start == 0 || from > start));
                prop_assert!(from <= end || text[end..from].trim().is_empty());
                prop_assert!(letters.contains(&from));
                prop_assert!(to == text.len() || letters.contains(&to));
                prop_assert_eq!(text[..from].chars().count(), chunk.chars.start);
                prop_assert_eq!(text[..to].chars().count(), chunk.chars.end);
                (start, end) = (from, to.max(end));
            }
            prop_assert!(text[end..].trim().is_empty());
        }
    }
}
