//! What a language knows about dates: how it says them, and which words mean what.
//!
//! The words stand in the tables folded (lower case, no accents), several to a line;
//! `_` joins the words of an expression. The longest expression wins.

mod de;
mod en;
mod es;
mod fr;
mod it;
mod nl;
mod pt;

/// One language.
pub(super) struct Tongue {
    /// The primary subtag, such as `fr`.
    pub(super) code: &'static str,
    pub(super) months: [&'static str; 12],
    /// Spring first.
    pub(super) seasons: [&'static str; 4],
    pub(super) speech: Speech,
    /// What may be glued to a number to make it "the nth": `th`, `er`.
    pub(super) ordinals: &'static [&'static str],
    /// What may be glued to a number to make it a decade: `s`, `er`.
    pub(super) decades: &'static [&'static str],
    pub(super) senses: &'static [(Sense, &'static str)],
}

/// How a language says dates. `{}` stands for the date or number in question.
pub(super) struct Speech {
    /// `{d}` day, `{m}` month and year as in `month`.
    pub(super) day: &'static str,
    /// The first day of a month.
    pub(super) first: &'static str,
    /// `{n}` name, `{y}` year.
    pub(super) month: &'static str,
    /// `{n}` name, `{y}` year.
    pub(super) season: &'static str,
    pub(super) decade: &'static str,
    pub(super) century: &'static str,
    pub(super) numeral: Numeral,
    pub(super) about: &'static str,
    pub(super) perhaps: &'static str,
    pub(super) before: &'static str,
    pub(super) after: &'static str,
    /// `{a}` start, `{b}` end.
    pub(super) between: &'static str,
}

/// How a language numbers centuries.
pub(super) enum Numeral {
    Plain,
    English,
    Roman,
}

/// What a word means in a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sense {
    /// Carries no meaning of its own: "the", "of".
    Noise,
    About,
    Perhaps,
    Before,
    /// German "vor": "ago" where a number of years or days follows.
    BeforeOrAgo,
    After,
    Since,
    /// Separates the ends of an interval; alone, it means everything up to a date.
    Until,
    /// Separates the ends of an interval; alone, it means nothing (French "à").
    To,
    Between,
    And,
    Part(Third),
    Month(i8),
    /// As EDTF counts them, 21 to 24.
    Season(u8),
    /// Monday is 1.
    Weekday(i8),
    /// The same day every year: month, day.
    Feast(i8, i8),
    /// So many days after Easter Sunday.
    Easter(i8),
    /// A number in words, cardinal or ordinal.
    Count(u16),
    /// A decade's own name, by its tens: 60 for "sixties", 2000 for "noughties".
    Decade(i16),
    /// "Century", which a number accompanies.
    Century,
    /// A century's own name, by its first year.
    Hundred(i16),
    Unit(Unit),
    /// The plural that introduces a decade: "années", "anni".
    Years,
    Ago,
    Last,
    This,
    Today,
    Yesterday,
    DayBeforeYesterday,
    /// A time of day, which is heard and left out.
    Clock,
    /// Makes the number before it a time of day.
    Hour,
}

/// Which third of a decade, a year or a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Third {
    Early,
    Middle,
    Late,
}

impl Third {
    pub(super) fn choose<T>(self, early: T, middle: T, late: T) -> T {
        match self {
            Self::Early => early,
            Self::Middle => middle,
            Self::Late => late,
        }
    }
}

/// What "ago" counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    Week,
    Month,
    Year,
    Decade,
}

pub(super) static TONGUES: [&Tongue; 7] =
    [&en::TONGUE, &fr::TONGUE, &de::TONGUE, &es::TONGUE, &it::TONGUE, &pt::TONGUE, &nl::TONGUE];

/// The language of a tag such as `fr-CA`; English where it is not one of ours.
pub(super) fn named(tag: &str) -> &'static Tongue {
    let primary = subtags(tag).next().unwrap_or_default();
    let found = TONGUES.iter().find(|tongue| tongue.code.eq_ignore_ascii_case(primary));
    found.copied().unwrap_or(&en::TONGUE)
}

/// Whether the tag's readers write the month before the day: 07/14/1962.
pub(super) fn month_comes_first(tag: &str) -> bool {
    let mut parts = subtags(tag);
    parts.next().is_some_and(|primary| primary.eq_ignore_ascii_case("en"))
        && parts.any(|part| part.eq_ignore_ascii_case("us"))
}

fn subtags(tag: &str) -> impl Iterator<Item = &str> {
    tag.trim().split(['-', '_'])
}

impl Tongue {
    /// The longest expression these words begin with: how many words, and what it means.
    pub(super) fn sense(&self, words: &[&str]) -> Option<(usize, Sense)> {
        let mut best = None;
        for (sense, expressions) in self.senses {
            for expression in expressions.split_whitespace() {
                let length = expression.split('_').count();
                let said = words.len() >= length
                    && expression.split('_').zip(words).all(|(want, have)| want == *have);
                if said && best.is_none_or(|(longest, _)| length > longest) {
                    best = Some((length, *sense));
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::date::words::fold;

    #[test]
    fn tables_are_folded_and_give_each_expression_one_meaning() {
        for tongue in TONGUES {
            let mut seen = std::collections::HashMap::new();
            for (sense, expressions) in tongue.senses {
                for expression in expressions.split_whitespace() {
                    assert_eq!(expression, fold(expression), "{}", tongue.code);
                    let other = seen.insert(expression, *sense);
                    assert_eq!(other, None, "{} says {expression} twice", tongue.code);
                }
            }
        }
    }

    #[test]
    fn tables_know_the_names_they_say() {
        for tongue in TONGUES {
            for (number, name) in (1..).zip(tongue.months) {
                let sense = tongue.sense(&[&fold(name)]);
                assert_eq!(sense, Some((1, Sense::Month(number))), "{name}");
            }
            for (number, name) in (21..).zip(tongue.seasons) {
                let sense = tongue.sense(&[&fold(name)]);
                assert_eq!(sense, Some((1, Sense::Season(number))), "{name}");
            }
        }
    }

    #[test]
    fn tags_choose_the_language_and_only_americans_put_the_month_first() {
        for (tag, code) in [("fr-CA", "fr"), ("PT_br", "pt"), ("", "en"), ("ja", "en")] {
            assert_eq!(named(tag).code, code);
        }
        assert!(month_comes_first("en-US") && month_comes_first("en-Latn-us"));
        assert!(!month_comes_first("en") && !month_comes_first("es-US"));
    }
}
