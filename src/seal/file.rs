//! Files are sealed in pieces, each with the random key of its file, so that any part of one can be
//! read without the rest. The key lies in a row that is sealed itself: who erases the row has
//! erased the file, wherever a copy of it still is.
//!
//! ```text
//! nonce[24] sealed[1 to 65,536] tag[16]      one piece after the other; only the last is shorter
//! ```
//!
//! Bound to a piece (associated data) are its number and whether it is the last, so that none can
//! be left out, doubled, moved or cut off.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::SealError;
use super::cipher::{Cipher, NONCE, TAG};

/// How many bytes of a file are sealed at once.
pub const PIECE: usize = 64 * 1024;
/// As many bytes has a piece when it is sealed.
pub const SEALED_PIECE: usize = NONCE + PIECE + TAG;

/// How many bytes a file has when it is sealed.
pub const fn sealed_size(size: u64) -> u64 {
    size + size.div_ceil(PIECE as u64) * (NONCE + TAG) as u64
}

/// The key of one file.
#[derive(Clone)]
pub struct FileKey(Zeroizing<[u8; 32]>);

impl FileKey {
    /// A key that nothing has been sealed with.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn fresh() -> Result<Self, SealError> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut key[..]).map_err(SealError::Random)?;
        Ok(Self(key))
    }

    fn cipher(&self) -> Cipher {
        Cipher::drawn(&self.0[..], b"clonememoria file")
    }

    /// Seals a piece of the file.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn seal(&self, number: u64, is_last: bool, piece: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut sealed = Vec::with_capacity(NONCE + piece.len() + TAG);
        sealed.extend_from_slice(&[0; NONCE]);
        sealed.extend_from_slice(piece);
        let (nonce, tag) = self.cipher().seal(&bound(number, is_last), &mut sealed[NONCE..])?;
        sealed[..NONCE].copy_from_slice(&nonce);
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Opens a piece of the file.
    ///
    /// # Errors
    /// When it is not the piece that was sealed for this place.
    pub fn open(&self, number: u64, is_last: bool, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE>().ok_or(SealError::Damaged)?;
        let (text, tag) = rest.split_last_chunk::<TAG>().ok_or(SealError::Damaged)?;
        let mut text = text.to_vec();
        self.cipher().open(&bound(number, is_last), (*nonce, *tag), &mut text)?;
        Ok(text)
    }
}

fn bound(number: u64, is_last: bool) -> [u8; 9] {
    let mut bound = [0; 9];
    bound[..8].copy_from_slice(&number.to_be_bytes());
    bound[8] = u8::from(is_last);
    bound
}

impl Serialize for FileKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0[..])
    }
}

impl<'de> Deserialize<'de> for FileKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl serde::de::Visitor<'_> for Bytes {
            type Value = FileKey;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a key of 32 bytes")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<FileKey, E> {
                let key = bytes.try_into().map_err(|_| E::custom("no key of 32 bytes"))?;
                Ok(FileKey(Zeroizing::new(key)))
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}

impl std::fmt::Debug for FileKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[key of a file]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_opens_in_its_place_and_nowhere_else() {
        let key = FileKey::fresh().unwrap();
        let sealed = key.seal(3, false, b"We swam in the lake.").unwrap();
        assert_eq!(key.open(3, false, &sealed).unwrap(), b"We swam in the lake.");
        assert!(key.open(2, false, &sealed).is_err());
        assert!(key.open(3, true, &sealed).is_err());
        assert!(FileKey::fresh().unwrap().open(3, false, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert!(key.open(3, false, &other).is_err(), "byte {at}");
        }
        assert!(key.open(3, false, &sealed[..30]).is_err());
        assert!(key.open(3, false, b"").is_err());
    }

    #[test]
    fn sizes_are_as_they_are_written() {
        let key = FileKey::fresh().unwrap();
        assert_eq!(key.seal(0, true, &[7; PIECE]).unwrap().len(), SEALED_PIECE);
        assert_eq!(sealed_size(PIECE as u64), SEALED_PIECE as u64);
        assert_eq!(sealed_size(PIECE as u64 + 1), (SEALED_PIECE + 41) as u64);
        assert_eq!(sealed_size(0), 0);
    }
}
