//! Dates that depend on the day they were said: "yesterday", "last summer", "il y a un an".

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use super::Listener;
use super::lex::Token;
use super::point::{Piece, easter, month_of};
use crate::kernel::date::tongue::{Sense, Unit};

impl Listener {
    pub(super) fn relative(&self, tokens: &[Token]) -> Option<Piece> {
        use Sense::{Ago, DayBeforeYesterday, Last, This, Today, Yesterday};
        match tokens {
            [Token::Is(Today)] => Some(Piece::Day(self.today)),
            [Token::Is(Yesterday)] => self.back(1.day()).map(Piece::Day),
            [Token::Is(DayBeforeYesterday)] => self.back(2.days()).map(Piece::Day),
            [Token::Is(Last), Token::Is(what)] | [Token::Is(what), Token::Is(Last)] => {
                self.last(*what)
            }
            [Token::Is(This), Token::Is(what)] => self.this(*what),
            [counted @ .., Token::Is(Ago)] => self.ago(counted),
            _ => None,
        }
    }

    /// So many days, weeks, months, years or decades before today, as finely as counted.
    pub(super) fn ago(&self, tokens: &[Token]) -> Option<Piece> {
        let [count, Token::Is(unit)] = tokens else {
            return None;
        };
        let count: i64 = match count {
            Token::Number(number) if number.suffix.is_empty() && !number.short => {
                number.value.into()
            }
            Token::Is(Sense::Count(count)) => (*count).into(),
            _ => return None,
        };
        let none = Span::new();
        match unit {
            Sense::Unit(Unit::Day) => Some(Piece::Day(self.back(none.try_days(count).ok()?)?)),
            // "Two weeks ago" is some day of that week.
            Sense::Unit(Unit::Week) => week(self.back(none.try_weeks(count).ok()?)?),
            Sense::Unit(Unit::Month) => month(self.back(none.try_months(count).ok()?)?),
            Sense::Unit(Unit::Year) | Sense::Years => year(self.back(none.try_years(count).ok()?)?),
            Sense::Unit(Unit::Decade) => year(self.back(none.try_years(count * 10).ok()?)?),
            _ => None,
        }
    }

    fn last(&self, what: Sense) -> Option<Piece> {
        let this_year = self.today.year();
        match what {
            Sense::Unit(Unit::Week) => week(self.back(1.week())?),
            Sense::Unit(Unit::Month) => month(self.back(1.month())?),
            Sense::Unit(Unit::Year) => Some(Piece::Year(this_year - 1)),
            Sense::Month(month) if month < self.today.month() => month_of(this_year, month),
            Sense::Month(month) => month_of(this_year - 1, month),
            Sense::Season(season) => {
                let over = |year| season_end(year, season).is_some_and(|end| end < self.today);
                let year = (this_year - 2..=this_year).rev().find(|year| over(*year))?;
                Some(Piece::Season(year, season))
            }
            Sense::Feast(..) | Sense::Easter(_) => (this_year - 1..=this_year)
                .rev()
                .find_map(|year| feast(year, what).filter(|day| *day < self.today))
                .map(Piece::Day),
            _ => None,
        }
    }

    fn this(&self, what: Sense) -> Option<Piece> {
        let this_year = self.today.year();
        match what {
            Sense::Clock => Some(Piece::Day(self.today)),
            Sense::Unit(Unit::Week) => week(self.today),
            Sense::Unit(Unit::Month) => month(self.today),
            Sense::Unit(Unit::Year) => Some(Piece::Year(this_year)),
            Sense::Month(month) => month_of(this_year, month),
            // Winter has two years; which one is meant shows only while it lasts.
            Sense::Season(24) => match self.today.month() {
                12 => Some(Piece::Season(this_year, 24)),
                1 | 2 => Some(Piece::Season(this_year - 1, 24)),
                _ => None,
            },
            Sense::Season(season) => Some(Piece::Season(this_year, season)),
            Sense::Feast(..) | Sense::Easter(_) => feast(this_year, what).map(Piece::Day),
            _ => None,
        }
    }

    fn back(&self, span: Span) -> Option<Date> {
        self.today.checked_sub(span).ok()
    }
}

fn year(day: Date) -> Option<Piece> {
    Some(Piece::Year(day.year()))
}

fn month(day: Date) -> Option<Piece> {
    month_of(day.year(), day.month())
}

/// The week a day lies in, Monday to Sunday.
fn week(day: Date) -> Option<Piece> {
    let since_monday = i64::from(day.weekday().since(Weekday::Monday));
    let monday = day.checked_sub(since_monday.days()).ok()?;
    Some(Piece::Days(monday, monday.checked_add(6.days()).ok()?))
}

fn season_end(year: i16, season: u8) -> Option<Date> {
    let (year, month) = match season {
        24 => (year + 1, 2),
        _ => (year, i8::try_from(season).ok()?.checked_sub(21)? * 3 + 5),
    };
    Some(Date::new(year, month, 1).ok()?.last_of_month())
}

fn feast(year: i16, what: Sense) -> Option<Date> {
    match what {
        Sense::Feast(month, day) => Date::new(year, month, day).ok(),
        Sense::Easter(days) => easter(year, days),
        _ => None,
    }
}
