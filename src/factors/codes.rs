//! Codes of authenticator apps (RFC 6238) and recovery codes; pure.

use totp_rs::{Builder, Secret as Seeded};

use crate::kernel::{Secret, Timestamp, TokenHash};

/// 160 bits, as RFC 4226 wants.
pub(super) type Seed = [u8; 20];

/// Recovery codes that are handed out at once.
pub(super) const RECOVERY_CODES: usize = 10;

/// Random bytes of a recovery code: 120 bits, which are 24 characters.
const RECOVERY_BYTES: usize = 15;
const RECOVERY_LENGTH: usize = 24;
const DIGITS: usize = 6;

/// The alphabet of RFC 4648, which authenticator apps read.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Crockford's, in which nothing looks like something else.
const LEGIBLE: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What somebody typed where a code is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// A code of an authenticator app.
    Code(String),
    /// A recovery code.
    Recovery(TokenHash),
}

/// What was typed, if it can be a code at all. Spaces, dashes and case do not count.
pub(super) fn read(text: &str) -> Option<Typed> {
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !"-‐–—".contains(*c))
        .map(|c| c.to_ascii_uppercase())
        .take(RECOVERY_LENGTH + 1)
        .collect();
    if plain.len() == DIGITS && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Typed::Code(plain));
    }
    let legible: String = plain.chars().map(as_meant).collect();
    let good =
        legible.len() == RECOVERY_LENGTH && legible.bytes().all(|byte| LEGIBLE.contains(&byte));
    good.then(|| Typed::Recovery(TokenHash::of(&legible)))
}

/// What is written with characters that are in no recovery code was misread.
fn as_meant(c: char) -> char {
    match c {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }
}

/// The step that a code belongs to: this one, the one before or the one after, for clocks that
/// are not quite right and people who type slowly.
pub(super) fn step_of(seed: &Seed, code: &str, now: Timestamp) -> Option<u64> {
    let totp = Builder::new().with_skew(1).with_secret(Seeded::new_stack(*seed)).build().ok()?;
    let seconds = u64::try_from(now.0).ok()? / 1_000_000;
    totp.check(code, seconds)
}

/// A secret nobody has seen.
pub(super) fn fresh_seed() -> Result<Seed, getrandom::Error> {
    let mut seed = [0_u8; 20];
    getrandom::fill(&mut seed)?;
    Ok(seed)
}

/// A secret as people type it.
pub(super) fn typed(seed: &Seed) -> String {
    base32(seed, BASE32)
}

/// A secret as authenticator apps scan it (the key URI format).
pub(super) fn uri(seed: &Seed, issuer: &str, account: &str) -> String {
    let (secret, issuer, account) = (typed(seed), escaped(issuer), escaped(account));
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}\
         &algorithm=SHA1&digits=6&period=30"
    )
}

/// A recovery code to hand out, and what to keep of it.
pub(super) fn fresh_recovery() -> Result<(Secret<String>, TokenHash), getrandom::Error> {
    let mut bytes = [0_u8; RECOVERY_BYTES];
    getrandom::fill(&mut bytes)?;
    let plain = base32(&bytes, LEGIBLE);
    let mut shown = String::with_capacity(RECOVERY_LENGTH + 5);
    for (at, c) in plain.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            shown.push('-');
        }
        shown.push(c);
    }
    Ok((shown.into(), TokenHash::of(&plain)))
}

/// Five bits a character; the bytes come in fives, so nothing is left over.
fn base32(bytes: &[u8], alphabet: &[u8; 32]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks_exact(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for at in (0..8).rev() {
            let five = bits >> (5 * at) & 31;
            text.push(char::from(alphabet[usize::try_from(five).unwrap_or_default()]));
        }
    }
    text
}

/// Percent-encoded as a part of a path or a query.
fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "12345678901234567890", the secret of the examples in RFC 6238, appendix B.
    const SEED: &Seed = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
        {
            let step = step_of(SEED, code, at(seconds));
            assert_eq!(step, u64::try_from(seconds / 30).ok());
        }
    }

    #[test]
    fn one_step_of_drift_is_forgiven_and_two_are_not() {
        let code = "081804";
        for (drift, good) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            assert_eq!(step_of(SEED, code, at(1_111_111_109 + drift)).is_some(), good, "{drift}");
        }
        assert_eq!(step_of(SEED, code, at(-5)), None);
    }

    #[test]
    fn secrets_are_written_so_that_apps_read_them() {
        assert_eq!(typed(SEED), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = uri(SEED, "Our house & co", "ada@example.org");
        assert!(uri.starts_with("otpauth://totp/Our%20house%20%26%20co:ada@example.org?secret=GE"));
    }

    #[test]
    fn recovery_codes_are_read_however_they_are_written() {
        let (shown, kept) = fresh_recovery().unwrap();
        let shown = shown.reveal();
        assert_eq!(shown.len(), 29);
        for written in [
            shown.clone(),
            shown.to_lowercase(),
            shown.replace('-', ""),
            shown.replace('-', " – "),
            shown.replace('0', "o").replace('1', "l"),
        ] {
            assert_eq!(read(&written), Some(Typed::Recovery(kept)), "{written}");
        }
        assert_ne!(
            read(&fresh_recovery().unwrap().0.reveal().clone()),
            Some(Typed::Recovery(kept))
        );
    }

    #[test]
    fn what_can_be_no_code_is_none() {
        assert_eq!(read(" 081 804"), Some(Typed::Code("081804".to_owned())));
        for text in ["", "08180", "0818045", "08180x", "U".repeat(24).as_str(), &"0".repeat(9_999)]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
