//! Languages: their tags (BCP 47), and which are spoken here.

/// The languages that the app and its mails speak.
const SPOKEN: [&str; 2] = ["en", "fr"];

/// The longest tag.
const LONGEST: usize = 35;
/// How many of the languages that somebody prefers are looked at.
const MOST: usize = 32;

/// Whether a text is a language tag, by its shape.
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().is_some_and(|part| {
        (2..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphabetic())
    });
    let rest = parts.all(|part| {
        (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    });
    first && rest && tag.len() <= LONGEST
}

/// Whether the language of a tag is spoken here.
pub fn is_spoken(tag: &str) -> bool {
    let first = tag.split('-').next().unwrap_or_default();
    is_language(tag) && SPOKEN.iter().any(|spoken| first.eq_ignore_ascii_case(spoken))
}

/// The language that an `Accept-Language` prefers among those that are spoken here.
pub fn preferred(accepted: &str) -> Option<&str> {
    let mut found: Option<(&str, f32)> = None;
    for choice in accepted.split(',').take(MOST) {
        let (tag, weight) = choice.split_once(';').unwrap_or((choice, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok());
        let weight: f32 = weight.unwrap_or_default();
        let better = weight > found.map_or(0.0, |(_, best)| best);
        if better && is_spoken(tag.trim()) {
            found = Some((tag.trim(), weight));
        }
    }
    found.map(|(tag, _)| tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_its_shape() {
        for tag in ["en", "fr-CA", "zh-Hant-TW", "de-1996"] {
            assert!(is_language(tag), "{tag}");
        }
        let long = "en-".to_owned() + &"abcdefgh-".repeat(4) + "a";
        for text in ["", "e", "en_GB", "1n", "en-", "-en", "en--GB", "ninechars", "é", &long] {
            assert!(!is_language(text), "{text}");
        }
    }

    #[test]
    fn the_language_that_somebody_likes_best_of_ours_is_found() {
        for (accepted, language) in [
            ("fr", Some("fr")),
            ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", Some("fr-CH")),
            ("de-CH,de;q=0.9,EN-gb;q=0.8,fr;q=0.7", Some("EN-gb")),
            ("en;q=0.5, fr ; q=0.7", Some("fr")),
            ("fr;q=0, en;q=nonsense", None),
            ("fro, *", None),
            ("fr;q=NaN", None),
            ("", None),
        ] {
            assert_eq!(preferred(accepted), language, "{accepted}");
        }
    }
}
