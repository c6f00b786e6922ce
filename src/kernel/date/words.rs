//! Dates as people say them: "summer of '68", "vers 1950", "vor zwei Jahren".
//!
//! Of duckling, whichtime, interim, fuzzydate, two_timer, date_time_parser_multi_language
//! and others none fits: they answer with instants, drop "about" and decades in most
//! languages, and pick a date out of words they did not understand.
//!
//! The rule here is the opposite: every word must be understood, or there is no answer.
//! What could as well mean something else is not understood either: a two-digit year is
//! taken for the last century only while this century has not reached it ("'68", not
//! "'05"), and so is a decade ("the sixties", not "the twenties").

mod lex;
mod point;
mod relative;
#[cfg(test)]
mod tests;

use jiff::civil::Date;

use self::lex::Token;
use self::point::Piece;
use super::FuzzyDate;
use super::tongue::{self, Sense, Tongue};

#[cfg(test)]
pub(super) use self::lex::fold;

/// In characters; whoever writes more is telling the story, not the date.
const LONGEST: usize = 200;

/// What was understood of a date said in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidDate {
    /// The date meant.
    pub date: FuzzyDate,
}

/// The date that words in a language mean, or nothing where they are not understood.
///
/// EDTF is understood in every language. `language` is a tag such as `fr` or `en-US`; it
/// decides the words and whether 07/04/1962 is in April or in July. A tag of no known
/// language is read as English. People also write in another language than the one they
/// read: what is not understood in theirs is tried in the others, and taken when all that
/// understand it understand the same. `today` is the day it was said.
///
/// "Early", "mid" and "late" are thirds: of the 1970s 1970/1973, 1974/1976 and 1977/1979,
/// of a year its first, second and last four months, of a month its ten-day parts, of a
/// century its years to 33, to 66 and to 99. Centuries are EDTF's: "the 19th century" is
/// 1800 to 1899. A time of day is heard and left out.
pub fn parse_said_date(text: &str, language: &str, today: Date) -> Option<SaidDate> {
    let text = text.trim();
    if text.chars().nth(LONGEST).is_some() {
        return None;
    }
    if let Ok(date) = FuzzyDate::parse(text) {
        return Some(SaidDate { date });
    }
    let month_first = tongue::month_comes_first(language);
    let listener = |tongue| Listener { tongue, today, month_first };
    let own = listener(tongue::named(language));
    let in_another = || {
        let others = tongue::TONGUES.into_iter().filter(|other| other.code != own.tongue.code);
        agreed(others.map(listener).filter(|l| l.knows_a_word(text)).filter_map(|l| l.heard(text)))
    };
    own.heard(text).or_else(in_another).map(|date| SaidDate { date })
}

/// What all say, if they say anything and do not disagree.
fn agreed(mut dates: impl Iterator<Item = FuzzyDate>) -> Option<FuzzyDate> {
    let date = dates.next()?;
    dates.all(|other| other == date).then_some(date)
}

/// Who listens, and when.
struct Listener {
    tongue: &'static Tongue,
    today: Date,
    month_first: bool,
}

/// A date with its marks, and the dates to use where it starts or ends an interval.
struct Found {
    piece: Piece,
    mark: &'static str,
}

impl Found {
    fn start(&self) -> String {
        self.piece.first() + self.mark
    }

    fn end(&self) -> String {
        self.piece.last() + self.mark
    }

    fn whole(&self) -> String {
        if self.piece.is_interval() {
            return format!("{}/{}", self.start(), self.end());
        }
        self.piece.whole() + self.mark
    }
}

impl Listener {
    /// Whether there is more to go by than numbers.
    fn knows_a_word(&self, text: &str) -> bool {
        lex::tokens(text, self.tongue).iter().any(|token| matches!(token, Token::Is(_)))
    }

    /// The date of everything said.
    fn heard(&self, text: &str) -> Option<FuzzyDate> {
        let edtf = self.whole(&without_clock(lex::tokens(text, self.tongue)))?;
        FuzzyDate::parse(&edtf).ok()
    }

    /// The EDTF of everything said.
    fn whole(&self, tokens: &[Token]) -> Option<String> {
        let (lead, rest) = tokens.split_first()?;
        match lead {
            Token::Is(Sense::Between) => self.split(rest, is_and),
            Token::Is(Sense::Since) => self
                .split(rest, is_to)
                .or_else(|| Some(format!("{}/..", self.marked(rest)?.start()))),
            Token::Is(Sense::After) => Some(format!("{}/..", self.marked(rest)?.end())),
            Token::Is(Sense::Before) => self.before(rest),
            Token::Is(Sense::BeforeOrAgo) => {
                self.counted_back(rest, "").map(|found| found.whole()).or_else(|| self.before(rest))
            }
            Token::Is(Sense::Until) => Some(format!("../{}", self.marked(rest)?.end())),
            _ => {
                self.marked(tokens).map(|found| found.whole()).or_else(|| self.split(tokens, is_to))
            }
        }
    }

    fn split(&self, tokens: &[Token], separates: fn(&Token) -> bool) -> Option<String> {
        // The first token opens the interval and separates nothing (French "à Noël").
        let at = 1 + tokens.iter().skip(1).position(separates)?;
        let (from, to) = tokens.split_at(at);
        self.interval(from, to.split_first()?.1)
    }

    /// Two dates, of which one may lean on the other: "May to July 1968", "1939-45".
    fn interval(&self, from: &[Token], to: &[Token]) -> Option<String> {
        let start = self.marked(from);
        let end = match &start {
            Some(start) => self.marked(to).or_else(|| self.completed_end(start, to))?,
            None => self.marked(to)?,
        };
        let start = start.or_else(|| self.completed_start(from, to, &end))?;
        Some(format!("{}/{}", start.start(), end.end()))
    }

    fn completed_start(&self, from: &[Token], to: &[Token], end: &Found) -> Option<Found> {
        let borrowed = match end.piece {
            Piece::Month(..) | Piece::Season(..) => 1..=1,
            Piece::Day(_) => 1..=2,
            _ => return None,
        };
        borrowed.into_iter().find_map(|count| {
            let tail = to.get(to.len().checked_sub(count)?..)?;
            let found = self.marked(&[from, tail].concat())?;
            let alike = matches!(
                (&found.piece, &end.piece),
                (Piece::Month(..), Piece::Month(..))
                    | (Piece::Season(..), Piece::Season(..))
                    | (Piece::Day(_), Piece::Day(_))
            );
            alike.then_some(found)
        })
    }

    /// The two digits after a full year: 1939-45.
    fn completed_end(&self, start: &Found, to: &[Token]) -> Option<Found> {
        let (Piece::Year(from), [Token::Number(number)]) = (&start.piece, to) else {
            return None;
        };
        let year = from - from % 100 + number.value;
        let plain = number.digits == 2 && number.suffix.is_empty() && year > *from;
        plain.then_some(Found { piece: Piece::Year(year), mark: "" })
    }

    /// One date with "about" or "perhaps" at either end.
    fn marked(&self, tokens: &[Token]) -> Option<Found> {
        let (rest, mark) = unmarked(tokens);
        match rest {
            [Token::Is(Sense::Ago), counted @ ..] => self.counted_back(counted, mark),
            _ => Some(Found { piece: self.point(rest)?, mark }),
        }
    }

    /// "About two years", after a word for "ago".
    fn counted_back(&self, tokens: &[Token], mark: &'static str) -> Option<Found> {
        let (counted, inner) = unmarked(tokens);
        let mark = if inner.is_empty() { mark } else { inner };
        Some(Found { piece: self.ago(counted)?, mark })
    }

    fn before(&self, tokens: &[Token]) -> Option<String> {
        Some(format!("../{}", self.marked(tokens)?.start()))
    }
}

/// What remains without "about" and "perhaps", and how EDTF writes them.
fn unmarked(tokens: &[Token]) -> (&[Token], &'static str) {
    use Sense::{About, Perhaps, To};
    let (mut about, mut perhaps) = (false, false);
    let mut rest = tokens;
    loop {
        rest = match rest {
            [Token::Is(About), inner @ ..] | [inner @ .., Token::Is(About)] => {
                about = true;
                inner
            }
            [Token::Is(Perhaps), inner @ ..] | [inner @ .., Token::Is(Perhaps)] => {
                perhaps = true;
                inner
            }
            [Token::Is(To), inner @ ..] => inner,
            _ => break,
        };
    }
    let mark = match (about, perhaps) {
        (true, true) => "%",
        (true, false) => "~",
        (false, true) => "?",
        (false, false) => "",
    };
    (rest, mark)
}

fn is_to(token: &Token) -> bool {
    matches!(token, Token::Dash | Token::Is(Sense::To | Sense::Until))
}

fn is_and(token: &Token) -> bool {
    matches!(token, Token::Dash | Token::Is(Sense::And))
}

/// Leaves out times of day, with the "at" or "about" before them.
fn without_clock(tokens: Vec<Token>) -> Vec<Token> {
    use Sense::{About, Clock, Hour, This, To};
    // "This morning" names a day.
    if let [Token::Is(This), Token::Is(Clock)] = tokens.as_slice() {
        return tokens;
    }
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        match token {
            Token::Is(Clock) => {}
            Token::Is(Hour) => match kept.pop() {
                Some(Token::Number(hour)) if hour.value <= 24 && hour.digits <= 2 => {}
                Some(Token::Is(Sense::Count(1..=12))) => {}
                _ => return Vec::new(),
            },
            other => {
                kept.push(other);
                continue;
            }
        }
        while let Some(Token::Is(To | About)) = kept.last() {
            kept.pop();
        }
    }
    kept
}
