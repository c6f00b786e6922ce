//! Which passwords are good enough: long, and not among those that are tried first.
//!
//! Rules about digits and capitals make passwords worse (NIST SP 800-63B, 5.1.1.2), so there are
//! none. How soon a password would be tried is estimated by zxcvbn (Wheeler, USENIX Security
//! 2016), which knows some 30,000 common passwords, names and words, also in leet and with keys
//! in a row, and is told what is known of the person.

use crate::kernel::{FieldProblem, Secret, code_points};

/// How many Unicode code points a password has, at least and at most.
pub const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 12..=128;

/// How many characters must be left of a password without what is known of the person.
const LEFT: usize = 8;

/// What everybody would try here.
const CONTEXT: [&str; 3] = ["clonememoria", "memoria", "clone"];

/// Passphrases that everybody has read somewhere, without what is no letter. The estimate takes
/// them for words that nobody expects together.
const FAMOUS: [&str; 10] = [
    "correcthorsebatterystaple",
    "correcthorsebattery",
    "thequickbrownfoxjumpsoverthelazydog",
    "thequickbrownfox",
    "maytheforcebewithyou",
    "tobeornottobe",
    "onceuponatime",
    "vivelafrance",
    "liberteegalitefraternite",
    "ilétaitunefois",
];

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Shorter than allowed.
    #[error("must have 12 to 128 characters")]
    Short,
    /// Longer than allowed.
    #[error("must have 12 to 128 characters")]
    Long,
    /// It would be guessed soon.
    #[error("is easy to guess; choose some words that nobody expects together")]
    Guessable,
}

impl From<WeakPassword> for FieldProblem {
    fn from(weak: WeakPassword) -> Self {
        match weak {
            WeakPassword::Short => Self::TooShort,
            WeakPassword::Long => Self::TooLong,
            WeakPassword::Guessable => Self::PasswordGuessable,
        }
    }
}

/// A password that the rules allow.
#[derive(Clone, Debug)]
pub struct NewPassword(Secret<String>);

impl NewPassword {
    /// Checks a password of a person of whom some words are known (name, address).
    ///
    /// # Errors
    /// When it is too short, too long or easy to guess.
    pub fn new(password: String, known: &[&str]) -> Result<Self, WeakPassword> {
        match code_points(&password) {
            length if length < *PASSWORD_LENGTH.start() => return Err(WeakPassword::Short),
            length if length > *PASSWORD_LENGTH.end() => return Err(WeakPassword::Long),
            _ => {}
        }
        let known: Vec<&str> = known.iter().flat_map(|text| parts(text)).chain(CONTEXT).collect();
        if code_points(&without(&password, &known)) < LEFT {
            return Err(WeakPassword::Guessable);
        }
        if is_famous(&password) {
            return Err(WeakPassword::Guessable);
        }
        if zxcvbn::zxcvbn(&password, &known).score() < zxcvbn::Score::Three {
            return Err(WeakPassword::Guessable);
        }
        Ok(Self(password.into()))
    }

    /// The password.
    pub(super) fn into_secret(self) -> Secret<String> {
        self.0
    }
}

/// A password without what is known of the person.
fn without(password: &str, known: &[&str]) -> String {
    let mut left = password.to_lowercase();
    for word in known {
        left = left.replace(&word.to_lowercase(), "");
    }
    left
}

/// Whether a password is little more than what everybody has read, however it is spaced.
fn is_famous(password: &str) -> bool {
    let letters: String = password.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let left = |phrase: &&str| code_points(&letters.replace(*phrase, ""));
    FAMOUS.iter().any(|phrase| letters.contains(phrase) && left(phrase) < LEFT)
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2);
    std::iter::once(text).chain(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(password: &str) -> Result<(), WeakPassword> {
        NewPassword::new(password.to_owned(), &["ada.lovelace@example.org", "Ada King"]).map(|_| ())
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for password in [
            "password1234",
            "p4ssw0rdp4ssw0rd",
            "qwertyuiop123",
            "123456789012",
            "aaaaaaaaaaaaaaa",
            "abcabcabcabcabc",
            "ada.lovelace@example.org",
            "AdaLovelace1",
            "clonememoria1",
            "CloneMemoria2026",
            "iloveyouiloveyou",
            "1q2w3e4r5t6y",
            "correct horse battery staple",
            "CorrectHorseBattery1!",
            "Vive la France 1789",
        ] {
            assert_eq!(judged(password), Err(WeakPassword::Guessable), "{password}");
        }
    }

    #[test]
    fn what_nobody_expects_is_good() {
        let long = "é".repeat(3) + "moutons gris sous la pluie d'août";
        for password in [
            "wrong horse, flat battery, no staple",
            "a long password here",
            "zebra violin 41 marmalade",
            "mQ7#vT2!xW9z",
            "%)=§ +*!^;?#~&<|",
            &long,
        ] {
            assert_eq!(judged(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn the_length_is_counted_in_characters() {
        assert_eq!(judged("kzqwvxjpfhd"), Err(WeakPassword::Short));
        assert_eq!(judged("kzqwvxjpfhdm"), Ok(()));
        let unusual: String =
            (0..129_u32).filter_map(|i| char::from_u32(0x4e00 + i * 37)).collect();
        assert_eq!(judged(&unusual), Err(WeakPassword::Long));
        let most: String = unusual.chars().take(128).collect();
        assert_eq!(judged(&most), Ok(()));
    }
}
