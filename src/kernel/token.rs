//! Random tokens that open something, and what may be kept of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::Secret;

/// 256 random bits in URL-safe base64 (43 characters), to be handed out once.
pub struct Token(Secret<String>);

/// The SHA-256 of a token: enough to recognise it, useless to forge it.
///
/// A fast hash is right here, because the token itself cannot be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenHash(pub [u8; 32]);

impl Token {
    /// A token nobody has seen.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn fresh() -> Result<Self, getrandom::Error> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(Secret::new(URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// A token that was handed out before.
    pub const fn known(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The text to hand out.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// What to keep.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.reveal())
    }
}

impl TokenHash {
    /// The hash of a token somebody presents.
    pub fn of(token: &str) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(token.as_bytes()).into())
    }

    /// Compares without telling by its duration how much was right.
    pub fn same_as(&self, other: &Self) -> bool {
        use subtle::ConstantTimeEq as _;
        self.0.ct_eq(&other.0).into()
    }
}
