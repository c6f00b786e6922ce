//! Text to word pieces, as the uncased BERT tokeniser does it, without loading anything.
//!
//! The `tokenizers` crate builds two hash maps of 30,522 strings on first use (tens of
//! milliseconds and megabytes, again after every idle spell). This reads the vocabulary from
//! a hash table inside the binary; a test holds it to that crate, piece by piece. One wanted
//! difference: a text that spells `[SEP]` or `[MASK]` gets word pieces, not control tokens.

use unicode_categories::UnicodeCategories;
use unicode_normalization::char::decompose_canonical;

/// Opens every sequence.
pub(super) const CLS: u32 = 101;
/// Closes every sequence.
pub(super) const SEP: u32 = 102;
const UNKNOWN: u32 = 100;
/// A longer word is one unknown piece; the reference counts characters too.
const LONGEST_WORD: usize = 100;
/// Bytes; the build script refuses a vocabulary with a longer piece.
const LONGEST_PIECE: usize = 32;

/// The word pieces, in place in the model file.
pub(super) struct Vocabulary {
    /// 32-bit id + 1, or 0 for an empty slot; linear probing.
    slots: &'static [[u8; 4]],
    /// Where each piece's bytes end, in 32 bits, behind a first 0.
    ends: &'static [[u8; 4]],
    /// Each piece: a byte that says where in a word it stands, then its text.
    bytes: &'static [u8],
}

/// Where in its word a piece stands, as the vocabulary's first byte of a piece.
#[derive(Clone, Copy)]
enum Place {
    Start = 0,
    Inside = 1,
}

impl Vocabulary {
    /// `None` if the parts do not fit together.
    pub(super) fn new(
        slots: &'static [u8],
        ends: &'static [u8],
        bytes: &'static [u8],
    ) -> Option<Self> {
        let (slots, rest) = slots.as_chunks();
        let (ends, more) = ends.as_chunks::<4>();
        let last = u32::from_le_bytes(*ends.last()?) as usize;
        let fits = slots.len().is_power_of_two() && slots.len() > ends.len();
        let whole = rest.is_empty() && more.is_empty() && last == bytes.len();
        (fits && whole).then_some(Self { slots, ends, bytes })
    }

    /// How many pieces there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// Calls `each` with the pieces of `text` in order until it answers false.
    pub(super) fn pieces(&self, text: &str, each: impl FnMut(u32) -> bool) {
        let mut words = Words { vocabulary: self, word: String::new(), letters: 0, each };
        for letter in text.chars() {
            if !words.take(letter) {
                return;
            }
        }
        words.end_word();
    }

    /// The longest piece that `text` begins with: its id and length in bytes.
    fn longest(&self, place: Place, text: &[u8]) -> Option<(u32, usize)> {
        let text = &text[..text.len().min(LONGEST_PIECE)];
        let mut hashes = [0; LONGEST_PIECE];
        let mut hash = step(0x811c_9dc5, place as u8);
        for (kept, byte) in hashes.iter_mut().zip(text) {
            hash = step(hash, *byte);
            *kept = hash;
        }
        (1..=text.len()).rev().find_map(|len| {
            let id = self.find(hashes[len - 1], place, &text[..len])?;
            Some((id, len))
        })
    }

    fn find(&self, hash: u32, place: Place, text: &[u8]) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut slot = (hash ^ (hash >> 15)) as usize & mask;
        loop {
            let id = u32::from_le_bytes(self.slots[slot]).checked_sub(1)?;
            let (from, to) = (self.end(id as usize), self.end(id as usize + 1));
            if self.bytes[from..to].split_first() == Some((&(place as u8), text)) {
                return Some(id);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn end(&self, id: usize) -> usize {
        u32::from_le_bytes(self.ends[id]) as usize
    }
}

/// FNV-1a.
fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
}

/// Gathers letters into words and words into pieces.
struct Words<'v, F> {
    vocabulary: &'v Vocabulary,
    word: String,
    letters: usize,
    each: F,
}

impl<F: FnMut(u32) -> bool> Words<'_, F> {
    fn take(&mut self, letter: char) -> bool {
        if letter.is_ascii_alphanumeric() {
            self.push(letter.to_ascii_lowercase());
            return true;
        }
        match letter {
            ' ' | '\t' | '\n' | '\r' => return self.end_word(),
            '\0' | '\u{fffd}' => return true,
            _ if letter.is_ascii_punctuation() => return self.alone(letter),
            _ if letter.is_other() => return true,
            _ if letter.is_whitespace() => return self.end_word(),
            _ => {}
        }
        let ideograph = is_ideograph(letter);
        let mut go_on = !ideograph || self.end_word();
        decompose_canonical(letter, |part| {
            if go_on && !part.is_mark_nonspacing() {
                go_on = self.take_part(part);
            }
        });
        go_on && (!ideograph || self.end_word())
    }

    fn take_part(&mut self, part: char) -> bool {
        let mut go_on = true;
        for part in part.to_lowercase() {
            go_on = go_on
                && if part.is_whitespace() {
                    self.end_word()
                } else if part.is_ascii_punctuation() || part.is_punctuation() {
                    self.alone(part)
                } else {
                    self.push(part);
                    true
                };
        }
        go_on
    }

    fn push(&mut self, letter: char) {
        self.letters += 1;
        if self.letters <= LONGEST_WORD {
            self.word.push(letter);
        }
    }

    fn alone(&mut self, mark: char) -> bool {
        if !self.end_word() {
            return false;
        }
        self.push(mark);
        self.end_word()
    }

    fn end_word(&mut self) -> bool {
        let letters = std::mem::take(&mut self.letters);
        if letters == 0 {
            return true;
        }
        let mut pieces = [UNKNOWN; LONGEST_WORD];
        let mut count = 0;
        let mut rest = self.word.as_bytes();
        let mut place = Place::Start;
        while letters <= LONGEST_WORD && !rest.is_empty() {
            let Some((id, len)) = self.vocabulary.longest(place, rest) else {
                count = 0;
                break;
            };
            pieces[count] = id;
            count += 1;
            rest = &rest[len..];
            place = Place::Inside;
        }
        self.word.clear();
        if count == 0 {
            // A word that has one unknown part is unknown as a whole.
            return (self.each)(UNKNOWN);
        }
        pieces[..count].iter().all(|piece| (self.each)(*piece))
    }
}

/// Chinese characters stand alone; the blocks are those of the reference.
fn is_ideograph(letter: char) -> bool {
    matches!(
        u32::from(letter),
        0x4E00..=0x9FFF
            | 0x3400..=0x4DBF
            | 0x20000..=0x2A6DF
            | 0x2A700..=0x2B73F
            | 0x2B740..=0x2B81F
            | 0x2B920..=0x2CEAF
            | 0xF900..=0xFAFF
            | 0x2F800..=0x2FA1F
    )
}

#[cfg(test)]
#[cfg(builtin_model)]
mod tests;
