//! That an answer is an AI's, said in the answer itself where somebody asks, and kept from being
//! denied. No profile, memory, message or model decides about this: the question is looked at
//! before any of them is asked, and what a model writes passes [`Truthful`] on its way out.

mod claims;
mod questions;
mod words;

use self::claims::{claims_to_be_human, openers};
pub(super) use self::questions::{asks_what_it_is, is_all_that_is_asked};
pub use self::words::statement;

/// A sentence that is held back is let go after so many bytes, whatever it says.
const HELD_MOST: usize = 600;

/// Lets text through that arrives in pieces, and puts the truth in place of a sentence that
/// claims that a human being answers.
///
/// What was put out is never taken back, so a sentence is held from the words on that could
/// begin such a claim ("I am", "je suis") until it ends.
pub(super) struct Truthful {
    statement: String,
    /// Whether the truth was said in place of a claim already.
    said: bool,
    /// Text that could be, or become, the beginning of a claim.
    held: String,
    /// Whether the held text does begin like one, and now runs to the end of its sentence.
    begun: bool,
    /// Whether what was put out last ends where a word can begin.
    at_word: bool,
}

impl Truthful {
    /// A filter that says `statement` in place of the first false claim.
    pub(super) fn new(statement: String) -> Self {
        Self { statement, said: false, held: String::new(), begun: false, at_word: true }
    }

    /// The truth, said before anything else; no claim brings it a second time.
    pub(super) fn first(&mut self) -> String {
        self.said = true;
        self.statement.clone()
    }

    /// Takes a piece and returns what of the text is certain now; may be empty.
    pub(super) fn push(&mut self, piece: &str) -> String {
        let mut out = String::with_capacity(piece.len());
        for c in piece.chars() {
            self.take(c, &mut out);
        }
        out
    }

    /// Ends the text and returns what was held.
    pub(super) fn finish(&mut self) -> String {
        let mut out = String::new();
        self.settle(&mut out);
        out
    }

    fn take(&mut self, c: char, out: &mut String) {
        if self.begun {
            self.held.push(c);
            let ends = matches!(c, '.' | '!' | '?' | '…' | '\n' | '。' | '！' | '？' | '।');
            if ends || self.held.len() > HELD_MOST {
                self.settle(out);
            }
            return;
        }
        if self.held.is_empty() && !self.at_word {
            self.pass(c, out);
            return;
        }
        self.held.push(c);
        let mut begins = Beginning::No;
        // What begins no claim from its first word on may begin one from a later word on.
        while !self.held.is_empty() {
            begins = beginning(&self.held);
            if begins != Beginning::No {
                break;
            }
            self.release_word(out);
        }
        self.begun = begins == Beginning::Yes;
    }

    fn pass(&mut self, c: char, out: &mut String) {
        out.push(c);
        self.at_word = !c.is_alphanumeric() || is_unspaced(c);
    }

    /// Puts out the first held word, or what is before it.
    fn release_word(&mut self, out: &mut String) {
        let held = std::mem::take(&mut self.held);
        let mut chars = held.chars();
        for c in chars.by_ref() {
            self.pass(c, out);
            if self.at_word {
                break;
            }
        }
        chars.as_str().clone_into(&mut self.held);
        // The rest of a word that goes on begins nothing.
        while !self.at_word && !self.held.is_empty() {
            let rest = std::mem::take(&mut self.held);
            let mut chars = rest.chars();
            if let Some(c) = chars.next() {
                self.pass(c, out);
            }
            chars.as_str().clone_into(&mut self.held);
        }
    }

    fn settle(&mut self, out: &mut String) {
        let held = std::mem::take(&mut self.held);
        self.begun = false;
        if held.is_empty() {
            return;
        }
        self.at_word = true;
        if !claims_to_be_human(&held) {
            out.push_str(&held);
            return;
        }
        if !self.said {
            self.said = true;
            out.push_str(&self.statement);
        }
        if held.ends_with('\n') {
            out.push('\n');
        }
    }
}

/// Scripts that part words by nothing.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Beginning {
    No,
    /// It could go on to be one.
    Maybe,
    Yes,
}

fn beginning(held: &str) -> Beginning {
    let held = folded(held);
    let mut maybe = Beginning::No;
    for opener in openers() {
        if let Some(rest) = held.strip_prefix(opener) {
            let unspaced = opener.chars().next_back().is_some_and(is_unspaced);
            match rest.chars().next() {
                Some(c) if c.is_alphanumeric() && !unspaced => {}
                Some(_) => return Beginning::Yes,
                None if unspaced => return Beginning::Yes,
                None => maybe = Beginning::Maybe,
            }
        } else if opener.starts_with(held.as_str()) {
            maybe = Beginning::Maybe;
        }
    }
    maybe
}

/// Small letters and straight apostrophes, without marks of emphasis, for comparing.
fn folded(text: &str) -> String {
    let left_out = |c: &char| matches!(c, '*' | '_' | '\u{200b}'..='\u{200d}' | '\u{307}');
    text.chars()
        .flat_map(char::to_lowercase)
        .filter(|c| !left_out(c))
        .map(|c| if matches!(c, '’' | '‘' | 'ʼ') { '\'' } else { c })
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests;
