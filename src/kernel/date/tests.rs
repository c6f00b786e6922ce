//! What EDTF is accepted, what it spans and how it is said.

use jiff::civil::date;
use proptest::prelude::*;

use super::extent::{FIRST_DAY, LAST_DAY};
use super::{DateError, DatePrecision, FuzzyDate};

fn bounds(text: &str) -> Result<String, DateError> {
    let date = FuzzyDate::parse(text)?;
    Ok(format!("{} {}", date.earliest(), date.latest()))
}

#[test]
fn accepted_forms_and_the_days_they_may_mean() {
    for (text, days) in [
        ("1962", "1962-01-01 1962-12-31"),
        ("1962-07", "1962-07-01 1962-07-31"),
        ("1962-07-14", "1962-07-14 1962-07-14"),
        ("2000-02", "2000-02-01 2000-02-29"),
        ("1900-02", "1900-02-01 1900-02-28"),
        ("1962-07-14T15:30:00", "1962-07-14 1962-07-14"),
        ("1962-07-14T15:30:00Z", "1962-07-14 1962-07-14"),
        ("1962-07-14T23:30:00-11:00", "1962-07-14 1962-07-14"),
        ("1962-07-14T15:30:00+02", "1962-07-14 1962-07-14"),
        ("1962-07-14T15:30:00.123456+02:00", "1962-07-14 1962-07-14"),
        ("1962~", "1962-01-01 1962-12-31"),
        ("1962?", "1962-01-01 1962-12-31"),
        ("1962%", "1962-01-01 1962-12-31"),
        ("1962-07~", "1962-07-01 1962-07-31"),
        ("1962-07-14?", "1962-07-14 1962-07-14"),
        ("1958/1994", "1958-01-01 1994-12-31"),
        ("1958~/1994", "1958-01-01 1994-12-31"),
        ("1958-03/1958-03-02", "1958-03-01 1958-03-02"),
        ("1958-03-04/1958", "1958-03-04 1958-12-31"),
        ("../1950", "1000-01-01 1950-12-31"),
        ("/1950", "1000-01-01 1950-12-31"),
        ("1950/..", "1950-01-01 2200-12-31"),
        ("1950/", "1950-01-01 2200-12-31"),
        ("196X", "1960-01-01 1969-12-31"),
        ("196X~", "1960-01-01 1969-12-31"),
        ("19XX", "1900-01-01 1999-12-31"),
        ("1962-21", "1962-03-01 1962-05-31"),
        ("1962-22", "1962-06-01 1962-08-31"),
        ("1962-23", "1962-09-01 1962-11-30"),
        ("1963-24", "1963-01-01 1964-02-29"),
        ("2200-24", "2200-01-01 2200-12-31"),
        ("1962-XX", "1962-01-01 1962-12-31"),
        ("1962-XX-XX", "1962-01-01 1962-12-31"),
        ("1962-07-XX", "1962-07-01 1962-07-31"),
        ("1000", "1000-01-01 1000-12-31"),
        ("2200", "2200-01-01 2200-12-31"),
        ("  1962\n", "1962-01-01 1962-12-31"),
    ] {
        assert_eq!(bounds(text).as_deref(), Ok(days), "{text}");
    }
}

#[test]
fn what_is_refused_and_why() {
    use DateError::{Nonexistent, Reversed, Unreadable, YearOutOfRange};
    for (text, error) in [
        ("", Unreadable),
        ("yesterday", Unreadable),
        ("1962/07/14", Unreadable),
        ("14-07-1962", Unreadable),
        ("1962-7-14", Unreadable),
        ("962", Unreadable),
        ("../..", Unreadable),
        ("..", Unreadable),
        ("/", Unreadable),
        ("1950/1960/1970", Unreadable),
        ("1962-XX-14", Unreadable),
        ("196X-07", Unreadable),
        ("1962-22-14", Unreadable),
        ("1XXX", Unreadable),
        ("1962-07-14T15:30", Unreadable),
        ("1962-07-14T15:30:00./1970", Unreadable),
        ("1962-07-14T15:30:00Z/1970", Unreadable),
        ("{1960,1961}", Unreadable),
        ("1962-07-14T15:30:00.00000000000000000000Z", Unreadable),
        ("１９６２", Unreadable),
        ("1962-00", Nonexistent),
        ("1962-13", Nonexistent),
        ("1962-25", Nonexistent),
        ("1962-02-30", Nonexistent),
        ("1962-07-00", Nonexistent),
        ("1900-02-29", Nonexistent),
        ("1962-07-14T24:00:00Z", Nonexistent),
        ("1962-07-14T12:60:00Z", Nonexistent),
        ("2016-12-31T23:59:60Z", Nonexistent),
        ("1962-07-14T12:00:00+24:00", Nonexistent),
        ("0000", YearOutOfRange),
        ("-1962", YearOutOfRange),
        ("0999", YearOutOfRange),
        ("2201", YearOutOfRange),
        ("22XX", YearOutOfRange),
        ("220X", YearOutOfRange),
        ("9999", YearOutOfRange),
        ("0962-07-14T15:30:00Z", YearOutOfRange),
        ("Y19620", YearOutOfRange),
        ("1950/9999", YearOutOfRange),
        ("1962/1960", Reversed),
        ("1962-08/1962-07-31", Reversed),
        ("1963~/1962?", Reversed),
    ] {
        assert_eq!(bounds(text), Err(error), "{text}");
    }
}

#[test]
fn precision_is_what_is_known() {
    use DatePrecision::{Century, Day, Decade, Interval, Month, Season, Second, Year};
    for (text, precision) in [
        ("19XX", Century),
        ("196X", Decade),
        ("1962", Year),
        ("1962-XX", Year),
        ("1962-22", Season),
        ("1962-07-XX", Month),
        ("1962-07-14~", Day),
        ("1962-07-14T15:30:00", Second),
        ("../1950", Interval),
    ] {
        assert_eq!(FuzzyDate::parse(text).map(|date| date.precision()), Ok(precision));
    }
}

#[test]
fn marks_are_told_apart() {
    for (text, approximate, uncertain) in [
        ("1962", false, false),
        ("1962~", true, false),
        ("1962?", false, true),
        ("1962%", true, true),
        ("1958~/1994?", true, true),
        ("../1950~", true, false),
        ("1950?/..", false, true),
        ("1962-07-14T15:30:00", false, false),
    ] {
        let marks = FuzzyDate::parse(text).map(|d| (d.is_approximate(), d.is_uncertain()));
        assert_eq!(marks, Ok((approximate, uncertain)), "{text}");
    }
}

#[test]
fn decimals_of_a_second_are_dropped_and_all_else_is_kept_as_given() {
    for (given, kept) in [
        ("1962-07-14T15:30:00.000Z", "1962-07-14T15:30:00Z"),
        ("1962-07-14T15:30:00-00:30", "1962-07-14T15:30:00-00:30"),
        (" 1950/ ", "1950/"),
    ] {
        let text = FuzzyDate::parse(given).map(|date| date.to_string());
        assert_eq!(text.as_deref(), Ok(kept));
    }
}

#[test]
fn overlap_includes_both_ends() {
    let overlaps = |text, from, to| FuzzyDate::parse(text).map(|d| d.overlaps(from, to));
    assert_eq!(overlaps("1962", date(1962, 12, 31), date(1970, 1, 1)), Ok(true));
    assert_eq!(overlaps("1962", date(1950, 1, 1), date(1962, 1, 1)), Ok(true));
    assert_eq!(overlaps("1962", date(1963, 1, 1), date(1970, 1, 1)), Ok(false));
    assert_eq!(overlaps("../1950", FIRST_DAY, FIRST_DAY), Ok(true));
    assert_eq!(overlaps("1950/..", LAST_DAY, LAST_DAY), Ok(true));
}

#[test]
fn dates_sort_by_when_they_may_have_begun() {
    let mut dates: Vec<FuzzyDate> = ["1950/..", "1962", "../1950", "1962-01-01", "1958/1994"]
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    dates.sort_by_key(FuzzyDate::sort_key);
    let sorted: Vec<&str> = dates.iter().map(FuzzyDate::as_str).collect();
    assert_eq!(sorted, ["../1950", "1950/..", "1958/1994", "1962-01-01", "1962"]);
}

#[test]
fn words_for_reading() {
    for (language, text, words) in [
        ("en", "1962-07-14", "14 July 1962"),
        ("en-US", "1962-07", "July 1962"),
        ("ja", "1962", "1962"),
        ("en", "1962~", "about 1962"),
        ("en", "1962?", "perhaps 1962"),
        ("en", "1962%", "perhaps about 1962"),
        ("en", "1962-22", "summer 1962"),
        ("en", "1958/1994", "between 1958 and 1994"),
        ("en", "1958~/1994", "between about 1958 and 1994"),
        ("en", "../1950", "before 1950"),
        ("en", "/1950", "before 1950"),
        ("en", "1950/..", "after 1950"),
        ("en", "196X", "the 1960s"),
        ("en", "200X", "the 2000s"),
        ("en", "190X", "between 1900 and 1909"),
        ("en", "18XX", "the 19th century"),
        ("en", "20XX", "the 21st century"),
        ("en", "11XX", "the 12th century"),
        ("en", "1962-XX", "1962"),
        ("en", "1962-07-XX", "July 1962"),
        ("en", "1962-07-14T15:30:00Z", "14 July 1962, 15:30"),
        ("fr", "1968-05-01", "1er mai 1968"),
        ("fr", "1962-22", "été 1962"),
        ("fr", "196X", "les années 1960"),
        ("fr", "18XX", "le XIXe siècle"),
        ("fr", "1950~", "vers 1950"),
        ("de", "1962-03-14", "14. März 1962"),
        ("de", "196X", "die 1960er Jahre"),
        ("es", "1962-07-14", "14 de julio de 1962"),
        ("es", "18XX", "el siglo XIX"),
        ("it", "1962-07-14", "14 luglio 1962"),
        ("it", "18XX", "il XIX secolo"),
        ("pt-BR", "1962-22", "verão de 1962"),
        ("nl", "1962-07-14", "14 juli 1962"),
        ("nl", "196X", "de jaren 1960"),
    ] {
        let said = FuzzyDate::parse(text).map(|date| date.words(language));
        assert_eq!(said.as_deref(), Ok(words));
    }
}

#[test]
fn errors_do_not_repeat_the_input() {
    let error = serde_json::from_str::<FuzzyDate>("\"secret\"").map_err(|e| e.to_string());
    assert!(error.is_err_and(|message| !message.contains("secret")));
}

fn part() -> impl Strategy<Value = String> {
    let digits = prop_oneof![Just("XX".to_owned()), (0..40).prop_map(|n| format!("{n:02}"))];
    let year = prop_oneof![
        (900..2300_i32).prop_map(|y| y.to_string()),
        (90..230).prop_map(|d| format!("{d}X")),
        (9..24).prop_map(|c| format!("{c:02}XX")),
    ];
    let tail = proptest::collection::vec(digits, 0..=2);
    (year, tail, "[~?%]?")
        .prop_map(|(year, tail, mark)| [vec![year], tail].concat().join("-") + &mark)
}

fn expression() -> impl Strategy<Value = String> {
    let end = || prop_oneof![3 => part(), 1 => "(\\.\\.)?"];
    prop_oneof![
        part(),
        (end(), end()).prop_map(|(a, b)| format!("{a}/{b}")),
        (part(), "T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,4})?(Z|[+-][0-2][0-9](:30)?)?")
            .prop_map(|(day, time)| day + &time),
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        if let Ok(date) = FuzzyDate::parse(&text) {
            prop_assert!(date.earliest() <= date.latest());
        }
    }

    #[test]
    fn what_is_read_holds_together(text in expression()) {
        if let Ok(date) = FuzzyDate::parse(&text) {
            prop_assert!(date.earliest() <= date.latest());
            prop_assert!(FIRST_DAY <= date.earliest() && date.latest() <= LAST_DAY);
            prop_assert_eq!(&FuzzyDate::parse(date.as_str()), &Ok(date.clone()));
            let unfilled = date.words("fr").contains(['{', '}']);
            prop_assert!(!unfilled);
            let json = serde_json::to_string(&date).ok();
            let back = json.and_then(|json| serde_json::from_str(&json).ok());
            prop_assert_eq!(back, Some(date));
        }
    }
}
