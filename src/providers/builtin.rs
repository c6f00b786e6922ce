//! Answers without a model: what was really said, quoted, with its source.
//!
//! This is a feature for people who want nothing invented. A quote is always an exact slice of
//! the memory; only the frame around it is ours, in the asker's language.

mod phrases;

use std::fmt::Write as _;
use std::ops::Range;

use futures_util::future::{self, BoxFuture};
use futures_util::stream;
use unicode_segmentation::UnicodeSegmentation as _;

use self::phrases::phrases;
use super::language_model::{
    AnswerStream, Ask, FinishReason, LanguageModel, ModelError, Piece, PromptPassage, Speaker,
};

/// Longest quote, in bytes, from a passage whose best sentences are not given.
const OPENING_MOST: usize = 400;

/// The provider inside the binary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Builtin;

impl LanguageModel for Builtin {
    fn id(&self) -> &'static str {
        "builtin"
    }

    fn model(&self) -> &'static str {
        "verbatim"
    }

    fn answer(&self, ask: Ask) -> BoxFuture<'_, Result<AnswerStream, ModelError>> {
        let pieces = pieces(&ask).into_iter().map(Piece::Delta);
        let last = [Piece::Finish(FinishReason::Stop)];
        let answer: AnswerStream = Box::pin(stream::iter(pieces.chain(last).map(Ok)));
        Box::pin(future::ready(Ok(answer)))
    }
}

/// The honest answer when nothing was found, and to who may, an invitation to add what is missing.
fn no_memory(ask: &Ask) -> String {
    let phrases = phrases(&ask.language);
    match ask.may_add {
        true => format!("{}\n\n{}", phrases.nothing, phrases.invitation),
        false => phrases.nothing.to_owned(),
    }
}

/// The answer in the pieces in which it is sent: the frame, then a quote each.
fn pieces(ask: &Ask) -> Vec<String> {
    let quoted: Vec<(&PromptPassage, String)> = ask
        .passages
        .iter()
        .map(|passage| (passage, quote(passage)))
        .filter(|(_, quote)| !quote.is_empty())
        .collect();
    if quoted.is_empty() {
        return vec![no_memory(ask)];
    }
    let all_mine = quoted.iter().all(|(passage, _)| passage.speaker == Speaker::Subject);
    let phrases = phrases(&ask.language);
    let frame = if all_mine { phrases.remember.to_owned() } else { phrases.says(&ask.name) };
    let blocks = quoted.iter().map(|(passage, quote)| block(passage, quote, ask));
    std::iter::once(frame).chain(blocks).collect()
}

/// The sentences worth quoting, in the order of the text; nothing but slices of it and, where
/// something was left out between them, an ellipsis.
fn quote(passage: &PromptPassage) -> String {
    let text = passage.text.as_str();
    let mut ranges: Vec<Range<usize>> = passage
        .quotes
        .iter()
        .filter(|range| text.get((*range).clone()).is_some_and(|slice| !slice.trim().is_empty()))
        .cloned()
        .collect();
    if ranges.is_empty() {
        return opening(text).to_owned();
    }
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            // Sentences that follow each other are one quote, with the space between them.
            Some(last)
                if text.get(last.end..range.start).is_none_or(|gap| gap.trim().is_empty()) =>
            {
                last.end = last.end.max(range.end);
            }
            _ => joined.push(range),
        }
    }
    let slices: Vec<&str> = joined.into_iter().map(|range| text[range].trim()).collect();
    slices.join(" […] ")
}

/// The first sentences of a text, at least one, as far as they are short.
fn opening(text: &str) -> &str {
    let text = text.trim();
    let mut end = 0;
    for sentence in text.split_sentence_bounds() {
        if end > 0 && end + sentence.len() > OPENING_MOST {
            break;
        }
        end += sentence.len();
    }
    text[..end].trim_end()
}

/// A quote as a Markdown block with its number and, if anything is known of it, its source.
fn block(passage: &PromptPassage, quote: &str, ask: &Ask) -> String {
    let mut block = String::from("\n\n");
    for (i, line) in quote.lines().enumerate() {
        block.push_str(if i > 0 { "\n> " } else { "> " });
        block.push_str(line);
    }
    // A String takes everything.
    let _ = write!(block, " [{}]", passage.n);
    let source = source(passage, ask);
    if !source.is_empty() {
        let _ = write!(block, "\n>\n> — {source}");
    }
    block
}

fn source(passage: &PromptPassage, ask: &Ask) -> String {
    let title = passage.title.as_deref().map(one_line).unwrap_or_default();
    let when = passage.when.as_ref().map(|when| one_line(&when.words(&ask.language)));
    let speaker = match &passage.speaker {
        Speaker::Subject => one_line(&ask.name),
        Speaker::Other(name) => one_line(name),
        Speaker::Unknown => String::new(),
    };
    let known: Vec<String> = [title, when.unwrap_or_default(), speaker]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    known.join(", ")
}

/// White space made single, so that a title cannot leave its line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
