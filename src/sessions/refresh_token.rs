//! Refresh tokens: random, and marked as ours, so that one that was used is recognised however
//! long ago that was and without remembering it.
//!
//! A token is URL-safe base64 of the sign-in's identifier (16 bytes), a secret (32 random bytes)
//! and a mark (16 bytes): a keyed BLAKE3 hash of these and of the account's security epoch.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::accounts::AccountError;
use crate::kernel::{Secret, SessionId, Token};
use crate::store::{Rows, StoreError};

use super::rows::{self, SessionRow};

const ID: usize = 16;
const SECRET: usize = 32;
const MARK: usize = 16;

/// Makes refresh tokens and knows its own.
#[derive(Clone)]
pub(super) struct RefreshTokens {
    key: [u8; 32],
}

impl RefreshTokens {
    /// With a key that is derived from the one that access tokens are signed with.
    pub(super) fn new(signing: &Secret<Vec<u8>>) -> Self {
        Self { key: blake3::derive_key("clonememoria refresh tokens", signing.reveal()) }
    }

    /// A token of a sign-in, as long as its account is in this security epoch.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub(super) fn fresh(&self, id: SessionId, epoch: u64) -> Result<Token, AccountError> {
        let mut secret = [0; SECRET];
        getrandom::fill(&mut secret).map_err(AccountError::Random)?;
        let bytes = [&id.bytes()[..], &secret, &self.mark(id, epoch, &secret)].concat();
        Ok(Token::known(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The sign-in that a token is of, used or not, if we made it for that and in its epoch.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn session(
        &self,
        tx: &impl Rows,
        presented: &str,
    ) -> Result<Option<(SessionId, SessionRow)>, StoreError> {
        let Some((id, secret, mark)) = parts(presented) else { return Ok(None) };
        let row = rows::session(tx, id)?;
        let row = row.filter(|row| self.mark(id, row.epoch, &secret).ct_eq(&mark).into());
        Ok(row.map(|row| (id, row)))
    }

    fn mark(&self, id: SessionId, epoch: u64, secret: &[u8; SECRET]) -> [u8; MARK] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&id.bytes()).update(&epoch.to_be_bytes()).update(secret);
        let mut mark = [0; MARK];
        hasher.finalize_xof().fill(&mut mark);
        mark
    }
}

fn parts(presented: &str) -> Option<(SessionId, [u8; SECRET], [u8; MARK])> {
    let bytes = URL_SAFE_NO_PAD.decode(presented).ok()?;
    let (id, rest) = bytes.split_first_chunk::<ID>()?;
    let (secret, mark) = rest.split_first_chunk::<SECRET>()?;
    Some((SessionId::from_bytes(*id), *secret, mark.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_who_made_it_in_its_epoch_only() {
        let tokens = |key: &[u8]| RefreshTokens::new(&Secret::new(key.to_vec()));
        let (ours, theirs) = (tokens(b"ours"), tokens(b"theirs"));
        let id = SessionId::fresh();
        let token = ours.fresh(id, 7).unwrap();
        let text = token.reveal();
        assert_eq!(text.len(), 86);
        assert_ne!(ours.fresh(id, 7).unwrap().reveal(), text);
        let is_of = |tokens: &RefreshTokens, text: &str, epoch| {
            parts(text).is_some_and(|(id, secret, mark)| tokens.mark(id, epoch, &secret) == mark)
        };
        assert!(is_of(&ours, text, 7));
        assert!(!is_of(&ours, text, 8) && !is_of(&theirs, text, 7));
        assert_eq!(parts(text).map(|(id, ..)| id), Some(id));
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
        for at in 0..bytes.len() {
            let mut touched = bytes.clone();
            touched[at] ^= 1;
            assert!(!is_of(&ours, &URL_SAFE_NO_PAD.encode(touched), 7), "{at}");
        }
        for text in ["", "x", &text[..85], &format!("{text}AAAA"), "not base64!"] {
            assert!(parts(text).is_none(), "{text}");
        }
    }
}
