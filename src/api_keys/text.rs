//! What a key looks like: `cmk_<8>_<43>_<8>`, a name to find it by, 256 random bits, and a
//! checksum, so that a mistyped key is refused without looking anything up and scanners for
//! leaked secrets recognise it.

use crate::accounts::AccountError;
use crate::kernel::Secret;

const PREFIX: &str = "cmk_";
const NAME: usize = 8;
/// 43 characters of 62 hold 256 bits.
const SECRET: usize = 43;
const CHECK: usize = 8;
const LENGTH: usize = PREFIX.len() + NAME + 1 + SECRET + 1 + CHECK;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key that was just made.
pub(super) struct FreshKey {
    pub(super) name: String,
    pub(super) whole: Secret<String>,
}

/// A key that nobody has seen.
pub(super) fn fresh() -> Result<FreshKey, AccountError> {
    let name = random(NAME)?;
    let body = format!("{PREFIX}{name}_{}", random(SECRET)?);
    let whole = format!("{body}_{:08x}", checksum(&body));
    Ok(FreshKey { name, whole: Secret::new(whole) })
}

/// The name in a key, if the text has the form of one and its checksum is right.
pub(super) fn name_of(key: &str) -> Option<&str> {
    if key.len() != LENGTH || !key.is_ascii() {
        return None;
    }
    let (body, check) = key.rsplit_once('_')?;
    let (name, secret) = body.strip_prefix(PREFIX)?.split_once('_')?;
    let good = name.len() == NAME
        && secret.len() == SECRET
        && check.len() == CHECK
        && u32::from_str_radix(check, 16) == Ok(checksum(body));
    good.then_some(name)
}

/// What lists show of a key.
pub(super) fn shown(name: &str) -> String {
    format!("{PREFIX}{name}")
}

fn checksum(body: &str) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(body.as_bytes());
    crc.sum()
}

/// Letters and digits, each as likely as the other.
fn random(length: usize) -> Result<String, AccountError> {
    let mut text = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while text.len() < length {
        getrandom::fill(&mut bytes).map_err(AccountError::Random)?;
        // 248 is the largest multiple of 62 in a byte.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let missing = length - text.len();
        text.extend(fair.take(missing).map(|byte| char::from(ALPHABET[usize::from(byte % 62)])));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_itself_and_a_mistyped_one_does_not() {
        let key = fresh().unwrap();
        let text = key.whole.reveal();
        assert_eq!(name_of(text), Some(&*key.name));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let mistyped = String::from_utf8(bytes).unwrap();
            assert_eq!(name_of(&mistyped), None, "{at}");
        }
        let long = format!("{text}0");
        for other in ["", "cmk_", &text[1..], &long, &"ü".repeat(LENGTH / 2)] {
            assert_eq!(name_of(other), None);
        }
    }
}
