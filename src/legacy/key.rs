//! The key that somebody gives to whom they trust: on paper, in groups, without characters that
//! look like others. Only its hash is kept.

use crate::kernel::{Secret, TokenHash};

/// 160 bits, which are 32 characters.
const BYTES: usize = 20;
const LENGTH: usize = 32;
/// Crockford's alphabet, in which nothing looks like something else.
const LEGIBLE: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A key that nobody has seen, in groups of four, and what to keep of it.
pub(super) fn fresh() -> Result<(Secret<String>, TokenHash), getrandom::Error> {
    let mut bytes = [0_u8; BYTES];
    getrandom::fill(&mut bytes)?;
    let (mut plain, mut held, mut bits) = (String::with_capacity(LENGTH), 0_u32, 0_u32);
    for byte in bytes {
        held = (held << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let at = (held >> bits) & 31;
            plain.extend(LEGIBLE.get(at as usize).map(|byte| char::from(*byte)));
        }
        held &= (1 << bits) - 1;
    }
    let hash = TokenHash::of(&plain);
    let groups: Vec<&str> = (0..LENGTH).step_by(4).filter_map(|at| plain.get(at..at + 4)).collect();
    Ok((Secret::new(groups.join("-")), hash))
}

/// What is kept of a key that somebody typed, if it can be one at all. Spaces, dashes and case do
/// not count.
pub(super) fn read(typed: &str) -> Option<TokenHash> {
    let plain: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && !"-‐–—".contains(*c))
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .take(LENGTH + 1)
        .collect();
    let good = plain.len() == LENGTH && plain.bytes().all(|byte| LEGIBLE.contains(&byte));
    good.then(|| TokenHash::of(&plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_people_type_it() {
        let (key, hash) = fresh().unwrap();
        let text = key.reveal();
        assert_eq!((text.len(), text.split('-').count()), (39, 8));
        assert_eq!(read(text), Some(hash));
        assert_eq!(read(&text.to_lowercase().replace('-', " ")), Some(hash));
        assert_eq!(read(&text.replace('0', "o").replace('1', "l")), Some(hash));
        assert_eq!(read(&text[1..]), None);
        assert_eq!(read(&format!("{text}A")), None);
        assert_ne!(fresh().unwrap().1, hash);
    }
}
