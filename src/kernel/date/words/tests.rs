//! What is understood, and that nothing else is.

mod tables;

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::parse_said_date;
use crate::kernel::date::FuzzyDate;

/// A Sunday.
const TODAY: Date = date(2026, 11, 15);

fn understood(text: &str, language: &str) -> Option<String> {
    parse_said_date(text, language, TODAY).map(|said| said.date.to_string())
}

fn check(language: &str, cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(text, edtf)| {
            let got = understood(text, language);
            (got.as_deref() != Some(*edtf)).then(|| format!("{text}: {got:?}, not {edtf}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{language}\n{}", wrong.join("\n"));
}

#[test]
fn english() {
    check("en", tables::ENGLISH);
    check("en-US", &[("07/04/1962", "1962-07-04"), ("14/07/1962", "1962-07-14")]);
    check("en-GB", &[("07/04/1962", "1962-04-07")]);
    check("xx", &[("summer 1962", "1962-22")]);
}

#[test]
fn french() {
    check("fr", tables::FRENCH);
}

#[test]
fn german() {
    check("de", tables::GERMAN);
}

#[test]
fn spanish() {
    check("es", tables::SPANISH);
}

#[test]
fn italian() {
    check("it", tables::ITALIAN);
}

#[test]
fn portuguese() {
    check("pt-BR", tables::PORTUGUESE);
}

#[test]
fn dutch() {
    check("nl", tables::DUTCH);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn what_is_not_understood_is_not_guessed() {
    let cases = [
        "",
        " ",
        ",",
        "the",
        "when I was ten",
        "before the war",
        "I was born in 1962",
        "May",
        "14 July",
        "May 14",
        "May the fourth",
        "summer",
        "Easter",
        "Easter 1500",
        "68",
        "3.5",
        "31 February 1962",
        "32/07/1962",
        "14/14/1962",
        "0/7/1962",
        "14/07/19622",
        "1962/1960",
        "between 1994 and 1958",
        "between 14 and 1962",
        "from 3 to May 1968",
        "Christmas '05",
        "14/07/05",
        "the twenties",
        "the tens",
        "the 65s",
        "the 5th century",
        "the 40th century",
        "the 19th century century",
        "Monday 14 July 1962",
        "not 1962",
        "1962!",
        "1,962",
        "19 62",
        "14 July 1962 at 25:99",
        "the year 3000",
        "999",
        "years ago",
        "a few years ago",
        "9999 years ago",
        "9999 decades ago",
        "three years before 1962",
        "about",
        "noon",
        "last",
        "last the",
        "this",
        "ago",
        "between",
        "from",
        "century",
        "before",
        "14 July 1962 b",
        "about before 1950",
        "before two years",
        "1950 and 1960",
        "1962 1963",
        "1st 1962",
        "1962th",
        "this winter",
        "11-12-13-14",
        "1962-07-14-15",
        "१९६२",
        "early 14 July 1962",
        "July 1962 1",
    ];
    let guessed: Vec<_> =
        cases.iter().filter_map(|text| Some((text, understood(text, "en")?))).collect();
    assert_eq!(guessed, []);
    assert_eq!(understood("des années", "fr"), None);
    assert_eq!(understood("dès 1950", "fr"), None);
    assert_eq!(understood("pasado mañana", "es"), None);
    assert_eq!(understood("Morgen", "de"), None);
}

#[test]
fn what_ones_own_language_does_not_have_is_tried_in_the_others() {
    let cases = [
        ("mai 1968", "en", Some("1968-05")),
        ("été 1968", "en", Some("1968-22")),
        ("summer of '68", "fr", Some("1968-22")),
        ("vor zwei Jahren", "es", Some("2024")),
        ("le 14 juillet 1962", "de", Some("1962-07-14")),
        // A word of two languages is read in one's own, where it has a meaning there.
        ("mars 1962", "fr", Some("1962-03")),
        ("juli 1962", "nl", Some("1962-07")),
        ("juli 1962", "fr", Some("1962-07")),
        ("14/07/1962", "en-US", Some("1962-07-14")),
        // Numbers are read by the rules of one's own language only.
        ("des 1950", "fr", None),
    ];
    for (text, language, date) in cases {
        assert_eq!(understood(text, language).as_deref(), date, "{text} in {language}");
    }
}

#[test]
fn long_texts_are_not_read() {
    let padded = |spaces: usize| format!("summer{}1962", " ".repeat(spaces));
    assert_eq!(understood(&padded(190), "en").as_deref(), Some("1962-22"));
    assert_eq!(understood(&padded(191), "en"), None);
}

#[test]
fn the_last_season_is_the_last_one_over() {
    let last = |text, today| parse_said_date(text, "en", today).map(|d| d.date.to_string());
    assert_eq!(last("last summer", date(2026, 7, 1)).as_deref(), Some("2025-22"));
    assert_eq!(last("last summer", date(2026, 9, 1)).as_deref(), Some("2026-22"));
    assert_eq!(last("last winter", date(2026, 1, 9)).as_deref(), Some("2024-24"));
    assert_eq!(last("this winter", date(2026, 1, 9)).as_deref(), Some("2025-24"));
    assert_eq!(last("the twenties", date(2019, 1, 9)).as_deref(), Some("192X"));
}

#[test]
fn easter_is_where_the_church_puts_it() {
    for (year, month, day) in
        [(1583, 4, 10), (1818, 3, 22), (1943, 4, 25), (1954, 4, 18), (2000, 4, 23), (2038, 4, 25)]
    {
        assert_eq!(super::point::easter(year, 0), Some(date(year, month, day)));
    }
}

/// EDTF that words can say in full.
fn sayable() -> impl Strategy<Value = String> {
    let year = 1000..2200_i32;
    let part = prop_oneof![
        year.clone().prop_map(|y| y.to_string()),
        (year.clone(), 1..13).prop_map(|(y, m)| format!("{y}-{m:02}")),
        (year.clone(), 1..13, 1..29).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}")),
        (year, 21..25).prop_map(|(y, s)| format!("{y}-{s}")),
    ];
    let whole = prop_oneof![
        part.clone(),
        (part.clone(), part.clone()).prop_map(|(a, b)| format!("{a}/{b}")),
        (100..220)
            .prop_filter("said as years", |d: &i32| d % 10 != 0)
            .prop_map(|d| format!("{d}X")),
        (10..22).prop_map(|c| format!("{c}XX")),
    ];
    prop_oneof![
        whole,
        (part.clone(), "[~?%]").prop_map(|(part, mark)| part + &mark),
        part.clone().prop_map(|part| format!("../{part}")),
        part.prop_map(|part| format!("{part}/..")),
    ]
}

proptest! {
    #[test]
    fn nothing_said_makes_it_panic(text in "\\PC{0,80}", language in "[a-z]{2}(-US)?") {
        understood(&text, &language);
    }

    #[test]
    fn no_mixture_of_date_words_makes_it_panic(
        words in proptest::collection::vec(
            prop_oneof![
                "[0-9]{1,5}(s|th|er|h|e)?",
                "[0-9]{1,4}[-/.: ][0-9]{1,4}([-/.:][0-9]{1,4})?",
                "about|before|after|between|and|from|to|early|late|last|this|ago|years|decades",
                "may|summer|winter|christmas|easter|century|sixties|the|noon|xix|monday|'68",
            ],
            0..7,
        ),
        separator in "[ ,'/-]",
    ) {
        let text = words.join(&separator);
        if let Some(said) = parse_said_date(&text, "en", TODAY) {
            prop_assert!(said.date.earliest() <= said.date.latest());
        }
    }

    #[test]
    fn what_we_say_we_understand(text in sayable(), language in "en|fr|de|es|it|pt|nl") {
        if let Ok(date) = FuzzyDate::parse(&text) {
            let words = date.words(&language);
            prop_assert_eq!(understood(&words, &language), Some(text), "{}", words);
        }
    }
}
