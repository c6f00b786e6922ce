//! What a sealed value looks like.
//!
//! ```text
//! 0 version value                                        in the clear
//! 1 version key-id[16] nonce[24] sealed tag[16]           one key
//! 2 version key-id[16] key-id[16] nonce[24] sealed tag[16] a key drawn from two
//! ```
//!
//! Bound to it (associated data): everything before the nonce, the table and the key of the row, so
//! that no value can stand in for another. The value is filled up before it is sealed (ISO/IEC
//! 7816-4), so that its length tells little.

use super::SealError;
use super::cipher::{Cipher, KeyId, NONCE, TAG};

const CLEAR: u8 = 0;
const ONE: u8 = 1;
const BOTH: u8 = 2;

/// A value that is not sealed.
pub(super) fn clear(version: u8, value: &[u8]) -> Vec<u8> {
    [&[CLEAR, version], value].concat()
}

/// The version and the value of one that is not sealed.
pub(super) fn in_the_clear(bytes: &[u8]) -> Option<(u8, &[u8])> {
    match bytes {
        [CLEAR, version, value @ ..] => Some((*version, value)),
        _ => None,
    }
}

/// Where a value lies.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The key of the row.
    pub key: &'a [u8],
}

/// A sealed value, taken apart.
pub(super) struct Sealed<'a> {
    pub(super) version: u8,
    pub(super) keys: (KeyId, Option<KeyId>),
    head: &'a [u8],
    nonce: [u8; NONCE],
    text: &'a [u8],
    tag: [u8; TAG],
}

impl<'a> Sealed<'a> {
    /// Nothing if the bytes are no sealed value.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let (&[kind, version], rest) = bytes.split_first_chunk::<2>()?;
        let (first, rest) = rest.split_first_chunk::<16>()?;
        let (second, rest) = match kind {
            ONE => (None, rest),
            BOTH => rest.split_first_chunk::<16>().map(|(id, rest)| (Some(KeyId(*id)), rest))?,
            _ => return None,
        };
        let head = &bytes[..bytes.len() - rest.len()];
        let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
        let (text, tag) = rest.split_last_chunk::<TAG>()?;
        let keys = (KeyId(*first), second);
        Some(Self { version, keys, head, nonce: *nonce, text, tag: *tag })
    }

    pub(super) fn open(&self, cipher: &Cipher, place: Place<'_>) -> Result<Vec<u8>, SealError> {
        let mut text = self.text.to_vec();
        cipher.open(&bound(self.head, place), (self.nonce, self.tag), &mut text)?;
        let end = text.iter().rposition(|&byte| byte != 0).ok_or(SealError::Damaged)?;
        if text[end] != END {
            return Err(SealError::Damaged);
        }
        text.truncate(end);
        Ok(text)
    }
}

/// Seals a value for a place with the key of these ids.
pub(super) fn seal(
    cipher: &Cipher,
    keys: (KeyId, Option<KeyId>),
    place: Place<'_>,
    version: u8,
    value: &[u8],
) -> Result<Vec<u8>, SealError> {
    let filled = filled(value.len() + 1);
    let mut bytes = Vec::with_capacity(2 + 32 + NONCE + filled + TAG);
    bytes.extend_from_slice(&[if keys.1.is_some() { BOTH } else { ONE }, version]);
    bytes.extend_from_slice(&keys.0.0);
    bytes.extend(keys.1.iter().flat_map(|id| id.0));
    let bound = bound(&bytes, place);
    let at = bytes.len();
    bytes.extend_from_slice(&[0; NONCE]);
    bytes.extend_from_slice(value);
    bytes.push(END);
    bytes.resize(at + NONCE + filled, 0);
    let (nonce, tag) = cipher.seal(&bound, &mut bytes[at + NONCE..])?;
    bytes[at..at + NONCE].copy_from_slice(&nonce);
    bytes.extend_from_slice(&tag);
    Ok(bytes)
}

const END: u8 = 0x80;

/// To how much a value is filled up: steps of at most an eighth of it, and of 16 bytes at least.
fn filled(length: usize) -> usize {
    let step = (length.next_power_of_two() / 8).max(16);
    length.next_multiple_of(step)
}

fn bound(head: &[u8], place: Place<'_>) -> Vec<u8> {
    let mut bound = Vec::with_capacity(head.len() + 2 + place.table.len() + place.key.len());
    bound.extend_from_slice(head);
    bound.extend_from_slice(place.table.as_bytes());
    // No name of a table has it in it.
    bound.push(0);
    bound.extend_from_slice(place.key);
    bound
}
