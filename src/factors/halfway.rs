//! Sign-ins that are half done: somebody was recognised elsewhere (at a provider of sign-ins) and
//! still owes the code of their authenticator app. Kept in memory, for five minutes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::accounts::Account;
use crate::kernel::{Clock, IdentityId, Timestamp, Token, TokenHash};
use crate::store::StoreError;

use super::{FactorError, Factors};

const WAITS: Duration = Duration::from_secs(5 * 60);
/// Half-done sign-ins at the same time; the oldest makes room.
const MOST: usize = 10_000;

/// Somebody who was recognised, and by what.
#[derive(Clone)]
pub struct Recognised {
    /// The account as it was then.
    pub account: Account,
    /// The identity that was recognised.
    pub identity: IdentityId,
    /// The provider that recognised it.
    pub through: ProviderMark,
}

/// Tells one provider of sign-ins from another, also from one that took its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderMark {
    /// Its issuer.
    pub issuer: String,
    /// When an admin added it; none for one of the configuration.
    pub added_at: Option<Timestamp>,
}

/// Every sign-in that is half done. Cheap to clone.
#[derive(Clone)]
pub(super) struct Halfway {
    clock: Clock,
    waiting: Arc<Mutex<HashMap<TokenHash, (Recognised, Timestamp)>>>,
}

impl Halfway {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, waiting: Arc::default() }
    }

    fn keep(&self, recognised: Recognised) -> Result<Token, FactorError> {
        let token = Token::fresh().map_err(FactorError::Random)?;
        let now = self.clock.now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, (_, since)| now.since(*since) < WAITS);
        if waiting.len() >= MOST {
            let oldest = waiting.iter().min_by_key(|(_, (_, since))| *since).map(|(key, _)| *key);
            oldest.and_then(|key| waiting.remove(&key));
        }
        waiting.insert(token.hash(), (recognised, now));
        Ok(token)
    }

    fn find(&self, token: &TokenHash) -> Option<Recognised> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (recognised, since) = waiting.get(token)?;
        (self.clock.now().since(*since) < WAITS).then(|| recognised.clone())
    }

    fn forget(&self, token: &TokenHash) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
    }
}

impl Factors {
    /// Keeps somebody who was recognised elsewhere until they bring their code, if their account
    /// wants one; the token names them then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn halfway(&self, recognised: Recognised) -> Result<Option<Token>, FactorError> {
        match self.demand(recognised.account.id, None, None).await {
            Ok(()) => Ok(None),
            Err(FactorError::CodeNeeded) => self.halfway.keep(recognised).map(Some),
            Err(other) => Err(other),
        }
    }

    /// The other half: the code. `still` says whether what recognised them would do so again.
    ///
    /// # Errors
    /// When the code is wrong, or nobody waits under this token (any more).
    pub async fn complete(
        &self,
        token: &str,
        code: &str,
        still: impl FnOnce(&Recognised) -> Result<bool, StoreError>,
    ) -> Result<Recognised, FactorError> {
        let token = TokenHash::of(token);
        let recognised = self.halfway.find(&token).ok_or(FactorError::NobodyWaits)?;
        let account = self.parts.accounts.account(recognised.account.id)?;
        // Since another app was set up, or none is any more, another code is owed, or none.
        if account.epoch != recognised.account.epoch || !still(&recognised)? {
            self.halfway.forget(&token);
            return Err(FactorError::NobodyWaits);
        }
        self.by_code(recognised.account.id, code, None).await?;
        self.halfway.forget(&token);
        Ok(recognised)
    }
}
