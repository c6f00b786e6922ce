//! One key, and what is sealed with it: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), whose
//! nonces of 192 bits may be drawn at random. They come from the kernel and not from a counter of
//! ours: a machine whose memory is put back as it was, as hypervisors do, must use none twice.

use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{Key, Tag, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::SealError;

/// Bytes of a nonce.
pub(super) const NONCE: usize = 24;
/// Bytes of a tag.
pub(super) const TAG: usize = 16;

/// By what a key is found: drawn from the key itself (HKDF), so that what names one key cannot be
/// opened with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct KeyId(pub(super) [u8; 16]);

/// A key of 256 bits, ready for use.
pub(super) struct Cipher {
    pub(super) id: KeyId,
    secret: Zeroizing<[u8; 32]>,
    aead: XChaCha20Poly1305,
}

impl Cipher {
    pub(super) fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        let mut id = [0; 16];
        expand(&secret[..], b"clonememoria key id", &mut id);
        let aead = XChaCha20Poly1305::new(&Key::from(*secret));
        Self { id: KeyId(id), secret, aead }
    }

    /// A key that nobody has yet.
    pub(super) fn random() -> Result<Self, SealError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut secret[..]).map_err(SealError::Random)?;
        Ok(Self::new(secret))
    }

    /// The key that takes two others.
    pub(super) fn of_both(one: &Self, other: &Self) -> Self {
        let mut both = Zeroizing::new([0; 64]);
        both[..32].copy_from_slice(&one.secret[..]);
        both[32..].copy_from_slice(&other.secret[..]);
        Self::drawn(&both[..], b"clonememoria derived")
    }

    /// A key for one use, drawn from a secret.
    pub(super) fn drawn(secret: &[u8], label: &[u8]) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        expand(secret, label, &mut key[..]);
        Self::new(key)
    }

    /// What a text is found by: the same for the same text, and nothing to whoever has no key.
    pub(super) fn blind(&self, text: &[u8]) -> [u8; 32] {
        let mut key = Zeroizing::new([0; 32]);
        expand(&self.secret[..], b"clonememoria blind index", &mut key[..]);
        *blake3::keyed_hash(&key, text).as_bytes()
    }

    /// A secret for one use outside of here, drawn from this key.
    pub(super) fn drawn_secret(&self, label: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut secret = Zeroizing::new([0; 32]);
        expand(&self.secret[..], label, &mut secret[..]);
        secret
    }

    pub(super) fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// Seals in place; the nonce and the tag that opening takes.
    pub(super) fn seal(
        &self,
        bound: &[u8],
        text: &mut [u8],
    ) -> Result<([u8; NONCE], [u8; TAG]), SealError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(SealError::Random)?;
        let tag = self
            .aead
            .encrypt_inout_detached(&XNonce::from(nonce), bound, text.into())
            .map_err(|_| SealError::TooLong)?;
        Ok((nonce, tag.into()))
    }

    /// Opens in place.
    pub(super) fn open(
        &self,
        bound: &[u8],
        (nonce, tag): ([u8; NONCE], [u8; TAG]),
        text: &mut [u8],
    ) -> Result<(), SealError> {
        self.aead
            .decrypt_inout_detached(&XNonce::from(nonce), bound, text.into(), &Tag::from(tag))
            .map_err(|_| SealError::Damaged)
    }
}

/// HKDF-SHA256 (RFC 5869); each label has one use.
fn expand(secret: &[u8], label: &[u8], out: &mut [u8]) {
    let drawn = Hkdf::<Sha256>::new(None, secret).expand(label, out);
    // It fails for more than 255 blocks of 32 bytes; two at most are asked for.
    assert!(drawn.is_ok(), "too much is drawn from a key");
}
