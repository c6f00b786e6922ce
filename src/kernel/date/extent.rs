//! The days an EDTF expression may mean, and what the `edtf` crate lets through that is
//! no date of ours: years out of range, leap seconds, intervals that run backwards.

use edtf::level_1::{Date as Part, Edtf, Precision, Season};
use jiff::civil::Date;

use super::DateError;

/// Where time begins for an interval with an open start.
pub(super) const FIRST_DAY: Date = Date::constant(1000, 1, 1);
/// Where time ends for an interval with an open end.
pub(super) const LAST_DAY: Date = Date::constant(2200, 12, 31);

/// From one day to another, both included; `earliest` is never after `latest`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Extent {
    pub(super) earliest: Date,
    pub(super) latest: Date,
}

impl Extent {
    pub(super) fn of(edtf: &Edtf) -> Result<Self, DateError> {
        match edtf {
            Edtf::DateTime(moment) => {
                // A day has no sixty-first second in any calendar we compute with.
                if moment.time().second() > 59 {
                    return Err(DateError::Nonexistent);
                }
                let date = moment.date();
                Self::days((date.year(), date.month(), date.day()), None)
            }
            Edtf::Date(part) => Self::of_part(part),
            Edtf::Interval(from, to) => {
                let (from, to) = (Self::of_part(from)?, Self::of_part(to)?);
                if from.earliest > to.latest {
                    return Err(DateError::Reversed);
                }
                Ok(Self { earliest: from.earliest, latest: to.latest })
            }
            Edtf::IntervalFrom(from, _) => Ok(Self { latest: LAST_DAY, ..Self::of_part(from)? }),
            Edtf::IntervalTo(_, to) => Ok(Self { earliest: FIRST_DAY, ..Self::of_part(to)? }),
            Edtf::YYear(_) => Err(DateError::YearOutOfRange),
        }
    }

    fn of_part(part: &Part) -> Result<Self, DateError> {
        match part.precision() {
            Precision::Century(year) => Self::days((year, 1, 1), Some((year + 99, 12))),
            Precision::Decade(year) => Self::days((year, 1, 1), Some((year + 9, 12))),
            Precision::Year(year) | Precision::MonthOfYear(year) | Precision::DayOfYear(year) => {
                Self::days((year, 1, 1), Some((year, 12)))
            }
            Precision::Season(year, season) => Self::season(year, season),
            Precision::Month(year, month) | Precision::DayOfMonth(year, month) => {
                Self::days((year, month, 1), Some((year, month)))
            }
            Precision::Day(year, month, day) => Self::days((year, month, day), None),
        }
    }

    fn season(year: i32, season: Season) -> Result<Self, DateError> {
        match season {
            Season::Spring => Self::days((year, 3, 1), Some((year, 5))),
            Season::Summer => Self::days((year, 6, 1), Some((year, 8))),
            Season::Autumn => Self::days((year, 9, 1), Some((year, 11))),
            // Cut short by the end of time.
            Season::Winter if year == i32::from(LAST_DAY.year()) => {
                Self::days((year, 1, 1), Some((year, 12)))
            }
            // "The winter of 1954" is the one that ended then, or the one that began.
            Season::Winter => Self::days((year, 1, 1), Some((year + 1, 2))),
        }
    }

    /// From a day to itself, or to the end of a month.
    fn days(from: (i32, u32, u32), to: Option<(i32, u32)>) -> Result<Self, DateError> {
        let earliest = day(from)?;
        let latest = match to {
            Some((year, month)) => day((year, month, 1))?.last_of_month(),
            None => earliest,
        };
        Ok(Self { earliest, latest })
    }
}

fn day((year, month, day): (i32, u32, u32)) -> Result<Date, DateError> {
    let year = i16::try_from(year).map_err(|_| DateError::YearOutOfRange)?;
    if !(FIRST_DAY.year()..=LAST_DAY.year()).contains(&year) {
        return Err(DateError::YearOutOfRange);
    }
    let month = i8::try_from(month).map_err(|_| DateError::Nonexistent)?;
    let day = i8::try_from(day).map_err(|_| DateError::Nonexistent)?;
    Date::new(year, month, day).map_err(|_| DateError::Nonexistent)
}
