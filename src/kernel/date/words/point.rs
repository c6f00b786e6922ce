//! One date on the calendar: a day, a feast, a season, a decade, a third of any of them.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::Listener;
use super::lex::{Number, Token};
use crate::kernel::date::tongue::{Sense, Third};

/// A stretch of the calendar that EDTF can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Day(Date),
    Month(i16, i8),
    Season(i16, u8),
    Year(i16),
    Decade(i16),
    Century(i16),
    /// From one year to another.
    Years(i16, i16),
    /// From one month of a year to another.
    Months(i16, i8, i8),
    Days(Date, Date),
}

impl Piece {
    pub(super) fn is_interval(&self) -> bool {
        matches!(self, Self::Years(..) | Self::Months(..) | Self::Days(..))
    }

    pub(super) fn whole(&self) -> String {
        match self {
            Self::Day(day) => day.to_string(),
            Self::Month(year, month) => format!("{year:04}-{month:02}"),
            Self::Season(year, season) => format!("{year:04}-{season:02}"),
            Self::Year(year) => format!("{year:04}"),
            Self::Decade(year) => format!("{:03}X", year / 10),
            Self::Century(year) => format!("{:02}XX", year / 100),
            _ => format!("{}/{}", self.first(), self.last()),
        }
    }

    /// Where an interval begins that begins with it.
    pub(super) fn first(&self) -> String {
        match *self {
            Self::Decade(year) | Self::Century(year) | Self::Years(year, _) => {
                Self::Year(year).whole()
            }
            Self::Months(year, month, _) => Self::Month(year, month).whole(),
            Self::Days(day, _) => Self::Day(day).whole(),
            _ => self.whole(),
        }
    }

    /// Where an interval ends that ends with it.
    pub(super) fn last(&self) -> String {
        match *self {
            Self::Decade(year) => Self::Year(year + 9).whole(),
            Self::Century(year) => Self::Year(year + 99).whole(),
            Self::Years(_, year) => Self::Year(year).whole(),
            Self::Months(year, _, month) => Self::Month(year, month).whole(),
            Self::Days(_, day) => Self::Day(day).whole(),
            _ => self.whole(),
        }
    }

    fn third(self, third: Third) -> Option<Self> {
        Some(match self {
            Self::Century(year) => {
                let (from, to) = third.choose((0, 33), (34, 66), (67, 99));
                Self::Years(year + from, year + to)
            }
            Self::Decade(year) => {
                let (from, to) = third.choose((0, 3), (4, 6), (7, 9));
                Self::Years(year + from, year + to)
            }
            Self::Year(year) => {
                let (from, to) = third.choose((1, 4), (5, 8), (9, 12));
                Self::Months(year, from, to)
            }
            Self::Month(year, month) => {
                let first = Date::new(year, month, 1).ok()?;
                let end = first.days_in_month();
                let (from, to) = third.choose((1, 10), (11, 20), (21, end));
                Self::Days(Date::new(year, month, from).ok()?, Date::new(year, month, to).ok()?)
            }
            // EDTF has no third of a summer, and the summer is not wrong.
            Self::Season(..) => self,
            _ => return None,
        })
    }
}

impl Listener {
    /// The date that exactly these tokens mean.
    pub(super) fn point(&self, tokens: &[Token]) -> Option<Piece> {
        let is_weekday = |token: &Token| matches!(token, Token::Is(Sense::Weekday(_)));
        if let Some(at) = tokens.iter().position(is_weekday) {
            return self.on_weekday(tokens, at);
        }
        if let [Token::Is(Sense::Part(third)), rest @ ..] = tokens {
            return self
                .point(rest.strip_prefix(&[Token::Is(Sense::To)]).unwrap_or(rest))?
                .third(*third);
        }
        self.absolute(tokens)
            .or_else(|| self.decade(tokens))
            .or_else(|| self.century(tokens))
            .or_else(|| self.relative(tokens))
    }

    /// A day with its weekday, which must be the right one.
    fn on_weekday(&self, tokens: &[Token], at: usize) -> Option<Piece> {
        let (before, after) = tokens.split_at(at);
        let (Token::Is(Sense::Weekday(number)), after) = after.split_first()? else {
            return None;
        };
        let weekday = Weekday::from_monday_one_offset(*number).ok()?;
        match self.point(&[before, after].concat())? {
            Piece::Day(day) if day.weekday() == weekday => Some(Piece::Day(day)),
            _ => None,
        }
    }

    fn absolute(&self, tokens: &[Token]) -> Option<Piece> {
        use Sense::{Easter, Feast, Month, Season, Unit};
        match tokens {
            [year] => match year {
                Token::Triple(numbers) => self.numeric(numbers),
                Token::Pair([month, year]) => month_of(year.value, month.value.try_into().ok()?),
                Token::Is(Sense::Hundred(year)) => Some(Piece::Century(*year)),
                Token::Number(number) if number.short || number.digits == 4 => {
                    self.year(year).map(Piece::Year)
                }
                _ => None,
            },
            [
                Token::Is(Unit(crate::kernel::date::tongue::Unit::Year)),
                year @ Token::Number(number),
            ] if number.digits == 4 => self.year(year).map(Piece::Year),
            [Token::Is(Season(season)), year @ ..] => self.season(*season, year),
            [Token::Is(Feast(month, day)), year] => {
                Date::new(self.year(year)?, *month, *day).ok().map(Piece::Day)
            }
            [Token::Is(Easter(days)), year] => easter(self.year(year)?, *days).map(Piece::Day),
            [Token::Is(Month(month)), year] => month_of(self.month_year(year)?, *month),
            [Token::Is(Month(month)), day, year] | [day, Token::Is(Month(month)), year] => {
                let day = self.day_number(day)?;
                Date::new(self.year(year)?, *month, day).ok().map(Piece::Day)
            }
            _ => None,
        }
    }

    /// Three numbers; where only one order makes a day, it is that one.
    fn numeric(&self, numbers: &[Number; 3]) -> Option<Piece> {
        let [a, b, c] = numbers;
        let day = |year: i16, month: &Number, day: &Number| {
            let (month, day) = (month.value.try_into().ok()?, day.value.try_into().ok()?);
            Date::new(year, month, day).ok().map(Piece::Day)
        };
        if a.digits == 4 {
            return day(a.value, b, c);
        }
        let year = self.year_of(c)?;
        if self.month_first {
            return day(year, a, b).or_else(|| day(year, b, a));
        }
        day(year, b, a).or_else(|| day(year, a, b))
    }

    /// A season's year may be two, for a winter: 1962/63.
    fn season(&self, season: u8, year: &[Token]) -> Option<Piece> {
        let [year, rest @ ..] = year else { return None };
        let first = self.year(year)?;
        match rest {
            [] => {}
            [Token::Dash, Token::Number(second)] if season == 24 => {
                let next = first + 1;
                let short = second.digits == 2 && second.value == next % 100;
                if second.value != next && !short {
                    return None;
                }
            }
            _ => return None,
        }
        Some(Piece::Season(first, season))
    }

    fn decade(&self, tokens: &[Token]) -> Option<Piece> {
        use crate::kernel::date::tongue::Unit as Of;
        use Sense::{Decade, Unit, Years};
        let year_word =
            |token: &Token| matches!(token, Token::Is(Years | Unit(Of::Year | Of::Decade)));
        match tokens {
            [Token::Is(Decade(name))] => self.decade_of(*name),
            [Token::Is(Decade(name)), word] if year_word(word) => self.decade_of(*name),
            [Token::Number(number)] if self.is_decade(number) => self.hundreds(number),
            [Token::Number(number), word] if self.is_decade(number) && year_word(word) => {
                self.hundreds(number)
            }
            [Token::Is(Unit(Of::Decade)), Token::Is(Years), rest @ ..]
            | [Token::Is(Unit(Of::Decade)) | Token::Is(Years), rest @ ..] => match rest {
                [Token::Number(number)] if number.suffix.is_empty() || self.is_decade(number) => {
                    self.hundreds(number)
                }
                [Token::Is(Sense::Count(tens))] if *tens >= 20 => {
                    self.decade_of(i16::try_from(*tens).ok()?)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn is_decade(&self, number: &Number) -> bool {
        self.tongue.decades.contains(&number.suffix.as_str())
    }

    /// A number that names a decade; "the 1800s" are a century, once it is over.
    fn hundreds(&self, number: &Number) -> Option<Piece> {
        let year = number.value;
        match number.digits {
            4 if year % 100 == 0 && year + 99 < self.today.year() => Some(Piece::Century(year)),
            2 | 4 => self.decade_of(year),
            _ => None,
        }
    }

    fn decade_of(&self, tens: i16) -> Option<Piece> {
        let century = self.today.year() / 100 * 100;
        let start = match tens {
            _ if tens % 10 != 0 => return None,
            0 => century,
            10..=90 if century + tens > self.today.year() => century - 100 + tens,
            1000.. => tens,
            _ => return None,
        };
        Some(Piece::Decade(start))
    }

    fn century(&self, tokens: &[Token]) -> Option<Piece> {
        let number = match tokens {
            [number, Token::Is(Sense::Century)] | [Token::Is(Sense::Century), number] => number,
            _ => return None,
        };
        let number = match number {
            Token::Number(number) if self.is_ordinal(number) => number.value,
            Token::Is(Sense::Count(count)) => i16::try_from(*count).ok()?,
            Token::Unknown(word) => roman(word, self.tongue.ordinals)?,
            _ => return None,
        };
        (11..=22).contains(&number).then(|| Piece::Century((number - 1) * 100))
    }

    fn is_ordinal(&self, number: &Number) -> bool {
        let suffix = number.suffix.as_str();
        !number.short && (suffix.is_empty() || self.tongue.ordinals.contains(&suffix))
    }

    fn day_number(&self, token: &Token) -> Option<i8> {
        match token {
            Token::Number(number) if number.digits <= 2 && self.is_ordinal(number) => {
                number.value.try_into().ok()
            }
            Token::Is(Sense::Count(count)) => (*count).try_into().ok(),
            _ => None,
        }
    }

    /// After a month, a bare number of two digits may be a day: "May 14" is not understood.
    fn month_year(&self, token: &Token) -> Option<i16> {
        match token {
            Token::Number(number) if number.digits < 4 && !number.short && number.value <= 31 => {
                None
            }
            _ => self.year(token),
        }
    }

    pub(super) fn year(&self, token: &Token) -> Option<i16> {
        match token {
            Token::Number(number) => self.year_of(number),
            _ => None,
        }
    }

    fn year_of(&self, number: &Number) -> Option<i16> {
        let this_year = self.today.year();
        match number.digits {
            _ if !number.suffix.is_empty() => None,
            4 => Some(number.value),
            2 if number.value > this_year % 100 => Some(this_year / 100 * 100 - 100 + number.value),
            _ => None,
        }
    }
}

pub(super) fn month_of(year: i16, month: i8) -> Option<Piece> {
    (1..=12).contains(&month).then_some(Piece::Month(year, month))
}

/// The number a folded Roman numeral means, with or without an ordinal's ending.
fn roman(word: &str, endings: &[&str]) -> Option<i16> {
    const NUMERALS: [&str; 12] =
        ["xi", "xii", "xiii", "xiv", "xv", "xvi", "xvii", "xviii", "xix", "xx", "xxi", "xxii"];
    let bare = |ending: &&str| word.strip_suffix(*ending).unwrap_or(word);
    let candidates = endings.iter().map(bare).chain([word]);
    candidates.into_iter().find_map(|candidate| {
        let index = NUMERALS.iter().position(|numeral| *numeral == candidate)?;
        i16::try_from(index + 11).ok()
    })
}

/// So many days after Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher).
pub(super) fn easter(year: i16, days: i8) -> Option<Date> {
    // Before, Easter followed another calendar.
    if year < 1583 {
        return None;
    }
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    let (month, day) = (i8::try_from(n / 31).ok()?, i8::try_from(n % 31 + 1).ok()?);
    Date::new(year, month, day).ok()?.checked_add(i64::from(days).days()).ok()
}
