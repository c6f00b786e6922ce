//! The token that makes the first account: 256 bits, 30 minutes, kept in memory only.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::kernel::{Clock, Timestamp, Token, TokenHash};

use super::AccountError;

const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The one set-up token that is good right now, if any.
#[derive(Clone)]
pub struct SetupLink {
    clock: Clock,
    current: Arc<Mutex<Option<(TokenHash, Timestamp)>>>,
}

/// Proof that a caller had the right token.
pub(super) struct Proof(TokenHash);

impl SetupLink {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, current: Arc::default() }
    }

    pub(super) fn fresh(&self) -> Result<Token, AccountError> {
        let token = Token::fresh().map_err(AccountError::Random)?;
        let until = self.clock.now().plus(LIFETIME);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((token.hash(), until));
        Ok(token)
    }

    pub(super) fn check(&self, token: &str) -> Result<Proof, AccountError> {
        let presented = TokenHash::of(token);
        let current = *self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match current {
            Some((good, until)) if good.same_as(&presented) && self.clock.now() < until => {
                Ok(Proof(presented))
            }
            _ => Err(AccountError::WrongSetupToken),
        }
    }

    pub(super) fn spend(&self, proof: &Proof) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.is_some_and(|(good, _)| good == proof.0) {
            *current = None;
        }
    }
}
