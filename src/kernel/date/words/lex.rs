//! Cuts what was said into words, numbers and the few signs that matter in dates.
//!
//! Anything else becomes [`Token::Unknown`], which no rule accepts: a text that is not
//! wholly understood is not understood.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::kernel::date::tongue::{Sense, Tongue};

/// One thing said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Is(Sense),
    Number(Number),
    /// Three numbers, as in `14/07/1962`.
    Triple([Number; 3]),
    /// Two numbers, as in `07/1962`.
    Pair([Number; 2]),
    /// A dash or slash between the ends of an interval.
    Dash,
    /// A word of no known meaning; it may still be a Roman numeral.
    Unknown(String),
}

/// A number of at most four digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: i16,
    pub(super) digits: usize,
    /// An apostrophe stands for its century: '68.
    pub(super) short: bool,
    /// Letters glued to it: `th`, `s`, `er`.
    pub(super) suffix: String,
}

enum Raw {
    Word(String),
    Done(Token),
}

/// Lower case, without accents, with the odd letters of dates made plain.
pub(in crate::kernel::date) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match letter {
            'ß' => folded.push_str("ss"),
            'º' | '°' => folded.push('o'),
            'ª' => folded.push('a'),
            'ᵉ' => folded.push('e'),
            '’' | '‘' | 'ʼ' | '`' | '´' => folded.push('\''),
            '‐' | '‑' => folded.push('-'),
            _ => folded.push(letter),
        }
    }
    folded
}

/// The text as tokens, without its noise.
pub(super) fn tokens(text: &str, tongue: &Tongue) -> Vec<Token> {
    let mut cutter = Cutter { chars: fold(text).chars().collect(), at: 0, raw: Vec::new() };
    while cutter.step() {}
    let raw = cutter.raw;
    let mut tokens = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(next) = raw.get(at) {
        let word = match next {
            Raw::Done(token) => {
                tokens.push(token.clone());
                at += 1;
                continue;
            }
            Raw::Word(word) => word,
        };
        let words: Vec<&str> = raw[at..].iter().map_while(Raw::word).take(6).collect();
        let (length, sense) = match tongue.sense(&words) {
            Some((length, sense)) => (length, Token::Is(sense)),
            None => (1, Token::Unknown(word.clone())),
        };
        if sense != Token::Is(Sense::Noise) {
            tokens.push(sense);
        }
        at += length;
    }
    tokens
}

impl Raw {
    fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Done(_) => None,
        }
    }
}

struct Cutter {
    chars: Vec<char>,
    at: usize,
    raw: Vec<Raw>,
}

impl Cutter {
    fn step(&mut self) -> bool {
        let Some(next) = self.peek(0) else {
            return false;
        };
        if next.is_ascii_digit() {
            let token = self.number().unwrap_or_else(|| self.unreadable());
            self.raw.push(Raw::Done(token));
        } else if next.is_alphabetic() {
            let word = self.run(char::is_alphabetic);
            self.raw.push(Raw::Word(word));
        } else {
            self.sign(next);
            self.at += 1;
        }
        true
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn before(&self) -> Option<char> {
        self.chars.get(self.at.checked_sub(1)?).copied()
    }

    fn run(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek(0).is_some_and(&wanted) {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    fn sign(&mut self, sign: char) {
        let token = match sign {
            '–' | '—' => Token::Dash,
            // Between letters it only joins words.
            '-' if self.is_between(|c| c.is_ascii_digit()) => Token::Dash,
            '-' if self.is_between(char::is_whitespace) => Token::Dash,
            '/' if self.is_between(|c| c.is_ascii_digit()) => Token::Dash,
            '~' => Token::Is(Sense::About),
            '?' => Token::Is(Sense::Perhaps),
            '-' | '.' | ',' | ';' | '\'' | '(' | ')' | '"' | '«' | '»' | '“' | '”' => return,
            space if space.is_whitespace() => return,
            other => Token::Unknown(other.into()),
        };
        self.raw.push(Raw::Done(token));
    }

    fn is_between(&self, wanted: impl Fn(char) -> bool) -> bool {
        self.before().is_some_and(&wanted) && self.peek(1).is_some_and(&wanted)
    }

    /// Takes everything up to the next space, so that no part of it is misread.
    fn unreadable(&mut self) -> Token {
        Token::Unknown(self.run(|c| !c.is_whitespace()))
    }

    fn number(&mut self) -> Option<Token> {
        let short = self.before() == Some('\'');
        let mut first = self.digits()?;
        first.short = short;
        match self.peek(0) {
            Some(':') => self.clock(&first),
            Some(sign @ ('/' | '.' | '-')) => Some(self.calendar(first, sign)?),
            Some(',') if self.peek(1).is_some_and(|c| c.is_ascii_digit()) => None,
            _ => {
                first.suffix = self.suffix();
                match first.suffix.as_str() {
                    "am" | "pm" if (1..=12).contains(&first.value) => Some(Token::Is(Sense::Clock)),
                    "h" => self.clock(&first),
                    _ if self.peek(0).is_some_and(|c| c.is_ascii_digit()) => None,
                    _ => Some(Token::Number(first)),
                }
            }
        }
    }

    fn digits(&mut self) -> Option<Number> {
        let text = self.run(|c| c.is_ascii_digit());
        let digits = text.len();
        let value = (1..=4).contains(&digits).then(|| text.parse().ok()).flatten()?;
        Some(Number { value, digits, short: false, suffix: String::new() })
    }

    /// Letters glued to a number; an apostrophe may come between (the 60's).
    fn suffix(&mut self) -> String {
        let possessive = self.peek(0) == Some('\'')
            && self.peek(1) == Some('s')
            && !self.peek(2).is_some_and(char::is_alphanumeric);
        if possessive {
            self.at += 1;
        }
        self.run(char::is_alphabetic)
    }

    /// `15:30`, `15:30:20`, `15h`, `15h30`; what follows the hour is still to be read.
    fn clock(&mut self, hour: &Number) -> Option<Token> {
        let mut valid = hour.value <= 24;
        while self.peek(0).is_some_and(|c| c == ':' || c.is_ascii_digit()) {
            if self.peek(0) == Some(':') {
                self.at += 1;
            }
            let part = self.digits()?;
            valid &= part.value <= 59 && part.digits == 2;
        }
        let suffix = self.suffix();
        valid &= matches!(suffix.as_str(), "" | "h" | "am" | "pm");
        valid.then_some(Token::Is(Sense::Clock))
    }

    /// Numbers joined by the same sign: a date, a month of a year, or just one number.
    fn calendar(&mut self, first: Number, sign: char) -> Option<Token> {
        let start = self.at;
        let spaced = self.skip_sign(sign);
        let Some(second) = self.part() else {
            // "14. Juli", "1958-", "60."
            self.at = start;
            return Some(Token::Number(first));
        };
        let after_second = self.at;
        if self.peek(0) == Some(sign) {
            self.skip_sign(sign);
            if let Some(third) = self.part() {
                return Some(Token::Triple([first, second, third]));
            }
            self.at = after_second;
        }
        let month = first.digits <= 2 && second.digits == 4;
        if month && !spaced {
            return Some(Token::Pair([first, second]));
        }
        if sign == '.' || (sign == '/' && first.digits != 4) {
            // A decimal, or a fraction.
            return (spaced).then(|| {
                self.at = start;
                Token::Number(first)
            });
        }
        self.at = start;
        Some(Token::Number(first))
    }

    /// Steps over the sign, and over the space that may follow a point: "14. 7. 1962".
    fn skip_sign(&mut self, sign: char) -> bool {
        self.at += 1;
        let spaced = sign == '.' && self.peek(0) == Some(' ');
        if spaced {
            self.at += 1;
        }
        spaced
    }

    fn part(&mut self) -> Option<Number> {
        if !self.peek(0)?.is_ascii_digit() {
            return None;
        }
        self.digits()
    }
}
