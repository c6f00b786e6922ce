//! What people copy and programs carry: `cmk_<8>_<43>_<8>`, a prefix that says what it is, a
//! name to find it by, 256 random bits, and a checksum, so that a mistyped one is refused without
//! looking anything up and scanners for leaked secrets recognise it.

use super::Secret;

const NAME: usize = 8;
/// 43 characters of 62 hold 256 bits.
const SECRET: usize = 43;
const CHECK: usize = 8;
/// After the prefix.
const LENGTH: usize = NAME + 1 + SECRET + 1 + CHECK;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A kind of credential, by the prefix that all of them begin with.
#[derive(Clone, Copy, Debug)]
pub struct Credential(&'static str);

/// A credential that was just made.
pub struct FreshCredential {
    /// What to find it by.
    pub name: String,
    /// The whole text, to be handed out once.
    pub whole: Secret<String>,
}

impl Credential {
    /// Those with this prefix, such as `cmk_`.
    pub const fn of(prefix: &'static str) -> Self {
        Self(prefix)
    }

    /// One that nobody has seen.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn fresh(self) -> Result<FreshCredential, getrandom::Error> {
        let name = random(NAME)?;
        let body = format!("{}{name}_{}", self.0, random(SECRET)?);
        let whole = format!("{body}_{:08x}", checksum(&body));
        Ok(FreshCredential { name, whole: Secret::new(whole) })
    }

    /// The name in one, if the text has the form and its checksum is right.
    pub fn name_of(self, text: &str) -> Option<&str> {
        if text.len() != self.0.len() + LENGTH || !text.is_ascii() {
            return None;
        }
        let (body, check) = text.rsplit_once('_')?;
        let (name, secret) = body.strip_prefix(self.0)?.split_once('_')?;
        let good = name.len() == NAME
            && secret.len() == SECRET
            && check.len() == CHECK
            && u32::from_str_radix(check, 16) == Ok(checksum(body));
        good.then_some(name)
    }

    /// What lists show of one.
    pub fn shown(self, name: &str) -> String {
        format!("{}{name}", self.0)
    }
}

fn checksum(body: &str) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(body.as_bytes());
    crc.sum()
}

/// Letters and digits, each as likely as the other.
fn random(length: usize) -> Result<String, getrandom::Error> {
    let mut text = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while text.len() < length {
        getrandom::fill(&mut bytes)?;
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

    const KEY: Credential = Credential::of("cmk_");

    #[test]
    fn a_key_names_itself_and_a_mistyped_one_does_not() {
        let key = KEY.fresh().unwrap();
        let text = key.whole.reveal();
        assert_eq!(KEY.name_of(text), Some(&*key.name));
        assert_eq!(Credential::of("cms_").name_of(text), None);
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let mistyped = String::from_utf8(bytes).unwrap();
            assert_eq!(KEY.name_of(&mistyped), None, "{at}");
        }
        let long = format!("{text}0");
        for other in ["", "cmk_", &text[1..], &long, &"ü".repeat(text.len() / 2)] {
            assert_eq!(KEY.name_of(other), None);
        }
    }
}
