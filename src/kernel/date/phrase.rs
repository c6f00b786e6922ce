//! A date said in words, so that a search for "summer 1962" finds `1962-22`.

use edtf::DateTime;
use edtf::level_1::{Certainty, Date as Part, Edtf, Precision};

use super::tongue::{Numeral, Tongue};

/// Says it; what is not known (`1962-XX`) is left out.
pub(super) fn say(edtf: &Edtf, tongue: &Tongue) -> String {
    let say_part = |part: &Part| say_part(part, tongue);
    let speech = &tongue.speech;
    match edtf {
        Edtf::DateTime(moment) => say_moment(moment, tongue),
        Edtf::Date(part) => say_part(part),
        Edtf::Interval(from, to) => between(&say_part(from), &say_part(to), tongue),
        Edtf::IntervalFrom(from, _) => speech.after.replace("{}", &say_part(from)),
        Edtf::IntervalTo(_, to) => speech.before.replace("{}", &say_part(to)),
        // No `FuzzyDate` holds one.
        Edtf::YYear(year) => year.year().to_string(),
    }
}

fn say_moment(moment: &DateTime, tongue: &Tongue) -> String {
    let (date, time) = (moment.date(), moment.time());
    let day = say_day(date.year(), date.month(), date.day(), tongue);
    format!("{day}, {:02}:{:02}", time.hour(), time.minute())
}

fn say_part(part: &Part, tongue: &Tongue) -> String {
    let speech = &tongue.speech;
    let plain = match part.precision() {
        Precision::Century(year) => say_century(year / 100 + 1, tongue),
        // "The 1900s" would be taken for the century.
        Precision::Decade(year) if year % 100 == 0 && year < 2000 => {
            between(&year.to_string(), &(year + 9).to_string(), tongue)
        }
        Precision::Decade(year) => speech.decade.replace("{}", &year.to_string()),
        Precision::Year(year) | Precision::MonthOfYear(year) | Precision::DayOfYear(year) => {
            year.to_string()
        }
        Precision::Season(year, season) => {
            named(&tongue.seasons, season as u32 - 21, year, speech.season)
        }
        Precision::Month(year, month) | Precision::DayOfMonth(year, month) => {
            named(&tongue.months, month.saturating_sub(1), year, speech.month)
        }
        Precision::Day(year, month, day) => say_day(year, month, day, tongue),
    };
    match part.certainty() {
        Certainty::Certain => plain,
        Certainty::Approximate => speech.about.replace("{}", &plain),
        Certainty::Uncertain => format!("{} {plain}", speech.perhaps),
        Certainty::ApproximateUncertain => {
            format!("{} {}", speech.perhaps, speech.about.replace("{}", &plain))
        }
    }
}

fn say_day(year: i32, month: u32, day: u32, tongue: &Tongue) -> String {
    let speech = &tongue.speech;
    let month = named(&tongue.months, month.saturating_sub(1), year, speech.month);
    let day = if day == 1 { speech.first.to_owned() } else { day.to_string() };
    speech.day.replace("{d}", &day).replace("{m}", &month)
}

fn named(names: &[&str], index: u32, year: i32, pattern: &str) -> String {
    let name = names.get(index as usize).copied().unwrap_or_default();
    pattern.replace("{n}", name).replace("{y}", &year.to_string())
}

fn between(from: &str, to: &str, tongue: &Tongue) -> String {
    tongue.speech.between.replace("{a}", from).replace("{b}", to)
}

fn say_century(number: i32, tongue: &Tongue) -> String {
    let numeral = match tongue.speech.numeral {
        Numeral::Plain => number.to_string(),
        Numeral::English => format!("{number}{}", english_ordinal(number)),
        Numeral::Roman => roman(number),
    };
    tongue.speech.century.replace("{}", &numeral)
}

fn english_ordinal(number: i32) -> &'static str {
    match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// Enough for centuries, of which there are at most 23.
fn roman(number: i32) -> String {
    const UNITS: [&str; 10] = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"];
    let tens = usize::try_from(number / 10).unwrap_or_default();
    let units = usize::try_from(number % 10).unwrap_or_default();
    format!("{}{}", "X".repeat(tens), UNITS.get(units).copied().unwrap_or_default())
}
