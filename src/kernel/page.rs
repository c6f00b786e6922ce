//! Long lists, a page at a time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Where the next page starts: the key after which to continue, opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Vec<u8>);

/// Bytes of a hash that tell a cursor from what never was one. They guard against mistakes: who
/// makes one up on purpose gets no more of a list than who reads it.
const MARK: usize = 6;

impl Cursor {
    /// The cursor as text for an answer of this list of a thing's.
    pub fn encode(&self, list: (&str, &str)) -> String {
        URL_SAFE_NO_PAD.encode([&self.0[..], &mark(list, &self.0)].concat())
    }

    /// Reads a cursor back; nothing if this list of this thing's did not give it.
    pub fn decode(list: (&str, &str), text: &str) -> Option<Self> {
        if text.len() > 512 {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let given = bytes.split_off(bytes.len().checked_sub(MARK)?);
        (given == mark(list, &bytes)).then_some(Self(bytes))
    }
}

fn mark((list, of): (&str, &str), place: &[u8]) -> [u8; MARK] {
    use sha2::Digest as _;
    let mut hash = sha2::Sha256::new();
    for part in [list, of] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(place);
    let mut mark = [0; MARK];
    mark.copy_from_slice(&hash.finalize()[..MARK]);
    mark
}

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// How many items at most (1 to 200).
    pub limit: usize,
    /// After which key to continue.
    pub after: Option<Cursor>,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// How to ask for the next part; nothing at the end.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page of other things.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next: self.next }
    }
}
