//! Questions that passkeys are to answer: kept in memory, good once and for five minutes, and
//! only for the browser that asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use webauthn_rs::prelude::{DiscoverableAuthentication, PasskeyRegistration};

use crate::kernel::{AccountId, Clock, SessionId, Timestamp, Token, TokenHash};

use super::{Asker, FactorError, Reply, Site};

/// How long a question waits for its answer.
const WAITS: Duration = Duration::from_secs(5 * 60);
/// Questions of one network address that wait at the same time; the oldest makes room.
const OF_ONE: usize = 64;
/// Questions that wait at the same time.
const OF_ALL: usize = 10_000;

/// What was asked.
#[derive(Clone)]
pub(super) enum Asked {
    /// To make a passkey for an account, in this sign-in.
    Make(Box<PasskeyRegistration>, AccountId, SessionId),
    /// To open an account, whichever it is.
    Open(Box<DiscoverableAuthentication>),
}

struct Waiting {
    asked: Asked,
    site: Site,
    asker: Asker,
    since: Timestamp,
}

/// Every question that waits. Cheap to clone.
#[derive(Clone)]
pub(super) struct Questions {
    clock: Clock,
    waiting: Arc<Mutex<HashMap<TokenHash, Waiting>>>,
}

impl Questions {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, waiting: Arc::default() }
    }

    /// Keeps a question; what names it.
    pub(super) fn keep(
        &self,
        asked: Asked,
        site: Site,
        asker: Asker,
    ) -> Result<Token, FactorError> {
        let id = Token::fresh().map_err(FactorError::Random)?;
        let since = self.clock.now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= OF_ALL {
            waiting.retain(|_, other| since.since(other.since) < WAITS);
        }
        let own = waiting.values().filter(|other| other.asker.address == asker.address).count();
        let crowded = waiting.len() >= OF_ALL;
        if own >= OF_ONE || crowded {
            let candidates =
                waiting.iter().filter(|(_, other)| crowded || other.asker.address == asker.address);
            let oldest = candidates.min_by_key(|(_, other)| other.since).map(|(id, _)| *id);
            oldest.and_then(|id| waiting.remove(&id));
        }
        waiting.insert(id.hash(), Waiting { asked, site, asker, since });
        Ok(id)
    }

    /// What was asked, if it was asked of who answers; nobody gets it a second time.
    pub(super) fn take(&self, reply: &Reply) -> Option<(Asked, Site)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = waiting.remove(&TokenHash::of(&reply.id))?;
        let in_time = self.clock.now().since(kept.since) < WAITS;
        let same_browser = match (&kept.asker.browser, &reply.asker.browser) {
            (Some(own), Some(other)) => own.same_as(other),
            (Some(_), None) => false,
            (None, _) => true,
        };
        (in_time && same_browser).then_some((kept.asked, kept.site))
    }
}
