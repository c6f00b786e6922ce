//! Dates as people know them: a day, a summer, "about 1950", "before the war ended in 1945".
//!
//! They are kept as EDTF (ISO 8601-2, levels 0 and 1), because it says how much is known
//! without inventing the rest, and searched as the span of days they may fall in.

mod extent;
mod phrase;
#[cfg(test)]
mod tests;
mod tongue;
mod words;

use std::fmt;
use std::str::FromStr;

use edtf::ParseError;
use edtf::level_1::{Certainty, Date as Part, Edtf, Precision};
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::extent::Extent;
pub use self::words::{SaidDate, parse_said_date};
use super::fault::FieldProblem;

/// No valid date is longer: a date-time with nine decimals and an offset has 35 characters.
const LONGEST: usize = 40;

/// A date known exactly, roughly, or by its bounds: `1962-07-14`, `1962~`, `1958/1994`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FuzzyDate {
    text: String,
    edtf: Edtf,
    extent: Extent,
}

/// How finely a date is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DatePrecision {
    /// Two dates, or one date and an open end: `1958/1994`, `../1950`.
    Interval,
    /// `19XX`.
    Century,
    /// `196X`.
    Decade,
    /// `1962`, and `1962-XX`, whose month is not known.
    Year,
    /// `1962-22`.
    Season,
    /// `1962-07`, and `1962-07-XX`, whose day is not known.
    Month,
    /// `1962-07-14`.
    Day,
    /// `1962-07-14T15:30:00Z`.
    Second,
}

/// The text is not a date that can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// It is not EDTF at all.
    #[error("not an EDTF date such as 1962, 1962-07-14, 1962~ or 1958/1994")]
    Unreadable,
    /// It has the form of EDTF, but names a month, day, hour or second that does not exist.
    #[error("no such day or time")]
    Nonexistent,
    /// A year before 1000 or after 2200, which is far more often a slip than a memory.
    #[error("the year is not between 1000 and 2200")]
    YearOutOfRange,
    /// An interval whose end lies before its start.
    #[error("the end is before the start")]
    Reversed,
}

impl From<DateError> for FieldProblem {
    fn from(_: DateError) -> Self {
        Self::NotADate
    }
}

impl FuzzyDate {
    /// Reads EDTF of levels 0 and 1; white space around it is ignored.
    ///
    /// Decimals of a second, which EDTF does not have and many clients send, are dropped.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(DateError::Unreadable);
        }
        let text = without_decimals(text);
        let edtf = Edtf::parse(&text).map_err(|error| match error {
            ParseError::OutOfRange => DateError::Nonexistent,
            _ => DateError::Unreadable,
        })?;
        let extent = Extent::of(&edtf)?;
        Ok(Self { text, edtf, extent })
    }

    /// The EDTF text, as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first day it may mean; 1 January 1000 where the start is open.
    ///
    /// "About" widens nothing. The day of a date-time is the one in its own zone. Seasons
    /// are the northern ones of meteorology, from March on; a winter may be the one that
    /// ends in its year or the one that begins in it, so it spans both.
    pub fn earliest(&self) -> Date {
        self.extent.earliest
    }

    /// The last day it may mean; 31 December 2200 where the end is open.
    pub fn latest(&self) -> Date {
        self.extent.latest
    }

    /// Orders by first possible day, then by last: a day before the month it begins.
    pub fn sort_key(&self) -> (Date, Date) {
        (self.extent.earliest, self.extent.latest)
    }

    /// Whether it may mean a day between these two, both included.
    pub fn overlaps(&self, from: Date, to: Date) -> bool {
        self.extent.earliest <= to && from <= self.extent.latest
    }

    /// How finely it is known.
    pub fn precision(&self) -> DatePrecision {
        match self.edtf {
            Edtf::DateTime(_) => DatePrecision::Second,
            Edtf::Date(date) => match date.precision() {
                Precision::Century(_) => DatePrecision::Century,
                Precision::Decade(_) => DatePrecision::Decade,
                Precision::Year(_) | Precision::MonthOfYear(_) | Precision::DayOfYear(_) => {
                    DatePrecision::Year
                }
                Precision::Season(..) => DatePrecision::Season,
                Precision::Month(..) | Precision::DayOfMonth(..) => DatePrecision::Month,
                Precision::Day(..) => DatePrecision::Day,
            },
            _ => DatePrecision::Interval,
        }
    }

    /// Whether it, or an end of it, is marked "about" (`~` or `%`).
    pub fn is_approximate(&self) -> bool {
        self.has(&[Certainty::Approximate, Certainty::ApproximateUncertain])
    }

    /// Whether it, or an end of it, is marked "perhaps" (`?` or `%`).
    pub fn is_uncertain(&self) -> bool {
        self.has(&[Certainty::Uncertain, Certainty::ApproximateUncertain])
    }

    /// The date said in a language (a tag such as `en` or `fr-CA`), for reading and indexing.
    ///
    /// English where the language is not one of en, fr, de, es, it, pt and nl.
    pub fn words(&self, language: &str) -> String {
        phrase::say(&self.edtf, tongue::named(language))
    }

    fn has(&self, marks: &[Certainty]) -> bool {
        let marked = |part: &Part| marks.contains(&part.certainty());
        match &self.edtf {
            Edtf::Date(date) | Edtf::IntervalFrom(date, _) | Edtf::IntervalTo(_, date) => {
                marked(date)
            }
            Edtf::Interval(from, to) => marked(from) || marked(to),
            Edtf::DateTime(_) | Edtf::YYear(_) => false,
        }
    }
}

fn without_decimals(text: &str) -> String {
    if let Some((before, after)) = text.split_once('.')
        && before.contains('T')
    {
        let zone = after.trim_start_matches(|c: char| c.is_ascii_digit());
        if zone.len() < after.len() {
            return format!("{before}{zone}");
        }
    }
    text.to_owned()
}

impl FromStr for FuzzyDate {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        Self::parse(text)
    }
}

impl fmt::Display for FuzzyDate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for FuzzyDate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl Serialize for FuzzyDate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for FuzzyDate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
