//! Where the sentences of a text are, for quoting and for cutting long texts.
//!
//! UAX #29 ends a sentence at every full stop before a capital; names and short forms
//! (`Dr. Ada`, `J. Smith`, `z. B.`) are mended here.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// Short forms after which a sentence goes on, lower case, without the last full stop.
const SHORT_FORMS: &[&str] = &[
    "dr", "mr", "mrs", "ms", "prof", "st", "sr", "jr", "vs", "etc", "e.g", "i.e", "no", "nr",
    "fig", "vol", "approx", "hr", "fr", "frau", "bzw", "ca", "z.b", "d.h", "u.a", "usw", "str",
    "mme", "mlle", "m", "av", "env", "ex", "sra", "sig", "dott", "ing", "op", "cf", "p", "pp",
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "okt", "nov", "dec",
    "dez", "т", "г", "ул", "см",
];

/// The sentences of `text` as byte ranges without the white space around them. Line breaks
/// end a sentence too.
#[must_use]
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    for (at, piece) in text.split_sentence_bound_indices() {
        let start = open.take().unwrap_or(at);
        let end = at + piece.len();
        if goes_on(&text[start..end]) && end < text.len() {
            open = Some(start);
            continue;
        }
        push_trimmed(text, start..end, &mut found);
    }
    found
}

fn push_trimmed(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let piece = &text[range.clone()];
    let start = range.start + (piece.len() - piece.trim_start().len());
    let trimmed = piece.trim();
    if !trimmed.is_empty() {
        found.push(start..start + trimmed.len());
    }
}

fn goes_on(so_far: &str) -> bool {
    if so_far.ends_with('\n') {
        return false;
    }
    let Some(before) = so_far.trim_end().strip_suffix('.') else { return false };
    let last = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or("");
    let initial = last.chars().count() == 1 && last.chars().all(char::is_uppercase);
    initial || SHORT_FORMS.contains(&last.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn short_forms_do_not_end_a_sentence() {
        assert_eq!(
            split("I met Dr. Ada. She smiled!  Then J. Smith came."),
            ["I met Dr. Ada.", "She smiled!", "Then J. Smith came."]
        );
        assert_eq!(split("Eins, z.B. Zwei. Drei."), ["Eins, z.B. Zwei.", "Drei."]);
        assert_eq!(split("我出生在苏州。父亲是老师。"), ["我出生在苏州。", "父亲是老师。"]);
        assert_eq!(split("one\ntwo"), ["one", "two"]);
        assert_eq!(split("वह आई। वह गई।"), ["वह आई।", "वह गई।"]);
    }

    proptest! {
        #[test]
        fn nothing_but_white_space_is_left_out(text in "[a-zA-Z .!?\\n。é]{0,80}") {
            let mut end = 0;
            for range in sentences(&text) {
                prop_assert!(range.start >= end);
                prop_assert!(text[end..range.start].trim().is_empty());
                end = range.end;
            }
            prop_assert!(text[end..].trim().is_empty());
        }
    }
}
