//! Citation marks in generated text: `[1]`, `[1, 2]`, `[1-3]`, `[1][2]`.
//!
//! A model invents marks as easily as anything else. [`CitationFilter`] removes those that point
//! nowhere while the text streams by, split anywhere, and writes the others as `[1][2]`, so that
//! clients need to know one form. Code, links and years in brackets are left alone.

mod code;
mod mark;
mod support;

use std::collections::BTreeSet;

use self::code::Code;
use self::mark::{MARK_MOST, may_continue, numbers};
pub use self::support::unsupported_sentences;

/// Removes marks that point nowhere from text that arrives in pieces.
///
/// What was put out is never taken back; at most the beginning of a mark, and a space before it,
/// is held until the next piece.
pub struct CitationFilter {
    passages: usize,
    changes: Changes,
    cited: BTreeSet<usize>,
    code: Code,
    /// Blanks that are put out unless a removed mark follows them.
    blanks: String,
    /// A possible mark from its opening bracket on.
    candidate: String,
    line_start: bool,
    /// A mark was removed where a line begins, so the blank after it goes as well.
    eat_blank: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Changes {
    Marks,
    Nothing,
}

impl CitationFilter {
    /// A filter for an answer to which so many passages were given, numbered from 1.
    pub fn new(passages: usize) -> Self {
        Self::with(passages, Changes::Marks)
    }

    /// Notes what is cited and changes nothing, for answers of quotes: what looks like a mark
    /// may be a part of one.
    pub fn observing(passages: usize) -> Self {
        Self::with(passages, Changes::Nothing)
    }

    fn with(passages: usize, changes: Changes) -> Self {
        Self {
            passages,
            changes,
            cited: BTreeSet::new(),
            code: Code::default(),
            blanks: String::new(),
            candidate: String::new(),
            line_start: true,
            eat_blank: false,
        }
    }

    /// Takes a piece and returns what of the text is certain now; may be empty.
    pub fn push(&mut self, piece: &str) -> String {
        let mut out = String::with_capacity(piece.len() + 8);
        for c in piece.chars() {
            self.take(c, &mut out);
        }
        out
    }

    /// Ends the text and returns what was held.
    pub fn finish(&mut self) -> String {
        let mut out = String::new();
        self.settle(None, &mut out);
        out.push_str(&std::mem::take(&mut self.blanks));
        out
    }

    /// The numbers of the passages cited so far.
    pub fn cited(&self) -> &BTreeSet<usize> {
        &self.cited
    }

    fn take(&mut self, c: char, out: &mut String) {
        if !self.candidate.is_empty() {
            if self.candidate.ends_with([']', '】']) {
                self.settle(Some(c), out);
            } else if may_continue(&self.candidate, c) && self.candidate.len() < MARK_MOST {
                self.candidate.push(c);
                return;
            } else {
                self.give_up(out);
            }
        }
        let eat_blank = std::mem::take(&mut self.eat_blank);
        let in_text = self.code.step(c, self.line_start);
        match c {
            '[' | '【' if in_text => {
                self.candidate.push(c);
                return;
            }
            ' ' if eat_blank => return,
            ' ' if in_text && !self.line_start => {
                self.blanks.push(c);
                return;
            }
            _ => (),
        }
        out.push_str(&self.blanks);
        self.blanks.clear();
        out.push(c);
        self.line_start = c == '\n' || (self.line_start && c == ' ');
    }

    /// Decides about a complete mark when the character after it is known.
    fn settle(&mut self, next: Option<char>, out: &mut String) {
        // `[1](…)` is a link, `[1]: …` at the start of a line its definition.
        let link = next == Some('(') || (next == Some(':') && self.line_start);
        let Some(numbers) = numbers(&self.candidate).filter(|_| !link) else {
            self.give_up(out);
            return;
        };
        let given = 1..=self.passages;
        let known: Vec<usize> = numbers.into_iter().filter(|n| given.contains(n)).collect();
        self.cited.extend(&known);
        if self.changes == Changes::Nothing {
            self.give_up(out);
            return;
        }
        self.candidate.clear();
        if known.is_empty() {
            self.eat_blank = self.line_start;
            // The blanks before it go as well, unless they part two words or belong to the
            // next mark.
            match next {
                Some('[' | '【') => (),
                Some(c) if c.is_alphanumeric() => self.blanks.truncate(1),
                _ => self.blanks.clear(),
            }
            return;
        }
        out.push_str(&self.blanks);
        self.blanks.clear();
        for n in known {
            out.push('[');
            out.push_str(&n.to_string());
            out.push(']');
        }
        self.line_start = false;
    }

    fn give_up(&mut self, out: &mut String) {
        if self.candidate.is_empty() {
            return;
        }
        out.push_str(&std::mem::take(&mut self.blanks));
        out.push_str(&std::mem::take(&mut self.candidate));
        self.line_start = false;
    }
}

/// The text without any mark.
pub fn without_marks(text: &str) -> String {
    let mut filter = CitationFilter::new(0);
    let mut kept = filter.push(text);
    kept.push_str(&filter.finish());
    kept
}

#[cfg(test)]
mod tests;
