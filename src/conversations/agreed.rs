//! What those have agreed to whom an answer is about: asked when it is decided, when it is known
//! what it is made from, and twice a second while it is written.
//!
//! What goes to a provider that others run takes along the question, what was said before, the
//! profile of the clone and memories. So it takes the agreement of who asks, of the owner of the
//! clone's space, and of each author; memories of an author who has not agreed stay here.

use std::collections::HashMap;
use std::time::Duration;

use crate::access::Action;
use crate::clones;
use crate::consents::{self, Consent, ConsentError};
use crate::kernel::{AccountId, CloneId, MemoryId};
use crate::memories;
use crate::providers::Turn;
use crate::retrieval::Recalled;
use crate::store::{Rows, StoreError};

use super::prompt::estimate_tokens;
use super::reply::{Decided, PROMPT_TOKENS, turn};
use super::withheld::{GONE, Reading};
use super::{ConversationError, Conversations};

/// How often it is looked whether an answer that is being written may still be.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// On whose word an answer is written, and whether it is written elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Agreement {
    /// Who asks, or made the link that they came by.
    pub(super) asker: AccountId,
    /// The clone that is asked.
    pub(super) clone: CloneId,
    /// The host of the provider, if others run it.
    pub(super) outside: Option<String>,
    /// Who wrote the memories that go there.
    pub(super) authors: Vec<AccountId>,
}

impl Agreement {
    /// Fails when somebody has taken back what it takes.
    fn require_in(&self, tx: &impl Rows) -> Result<(), ConversationError> {
        consents::require_in(tx, self.asker, Consent::DataProcessing)?;
        let persona = clones::present(tx, self.clone)?.ok_or(ConversationError::Missing)?;
        persona.require_awake_in(tx)?;
        let Some(host) = self.outside.as_deref() else { return Ok(()) };
        let missing = || ConsentError::Required(Consent::ThirdPartyApis);
        if consents::reserved_in(tx, self.asker, persona.space, host)?.is_some() {
            return Err(missing().into());
        }
        for author in &self.authors {
            if !consents::may_leave_in(tx, *author, host)? {
                return Err(missing().into());
            }
        }
        Ok(())
    }
}

/// Which memories may go to a provider that others run.
struct Leaving<'t, T> {
    tx: &'t T,
    clone: CloneId,
    host: &'t str,
    known: HashMap<AccountId, bool>,
}

impl<T: Rows> Leaving<'_, T> {
    /// Who wrote a memory, if it may go.
    fn author_of(&mut self, id: MemoryId) -> Result<Option<AccountId>, StoreError> {
        let Some(memory) = memories::memory_of(self.tx, self.clone, id)? else { return Ok(None) };
        let may = match self.known.get(&memory.author) {
            Some(known) => *known,
            None => {
                let may = consents::may_leave_in(self.tx, memory.author, self.host)?;
                self.known.insert(memory.author, may);
                may
            }
        };
        Ok(may.then_some(memory.author))
    }
}

impl Conversations {
    /// What was found for an answer, without what must not go where it is written.
    ///
    /// # Errors
    /// When somebody has taken back what it takes, or the store fails.
    pub(super) fn may_leave(
        &self,
        agreement: &mut Agreement,
        mut recalled: Recalled,
    ) -> Result<Recalled, ConversationError> {
        self.store.read(|tx| {
            if let Some(host) = agreement.outside.as_deref() {
                let clone = agreement.clone;
                let mut leaving = Leaving { tx, clone, host, known: HashMap::new() };
                let mut kept = Vec::new();
                for passage in recalled.passages {
                    if let Some(author) = leaving.author_of(passage.memory)? {
                        agreement.authors.push(author);
                        kept.push(passage);
                    }
                }
                recalled.passages = kept;
                agreement.authors.sort();
                agreement.authors.dedup();
            }
            agreement.require_in(tx)?;
            Ok(recalled)
        })
    }

    /// What was said before, as far back as a prompt can reach, as the asker may have it now.
    pub(super) fn window(&self, decided: &Decided) -> Result<Vec<Turn>, ConversationError> {
        let (who, clone) = (&decided.who, decided.persona.id);
        let outside = decided.agreement.outside.as_deref();
        self.store.read(|tx| {
            let (_, role) = clones::open(tx, who, clone, Action::Talk)?;
            let mut reading = Reading::of(tx, (who.account, role), clone);
            let mut leaving =
                outside.map(|host| Leaving { tx, clone, host, known: HashMap::new() });
            let mut left = PROMPT_TOKENS;
            let mut newest = Vec::new();
            for said in decided.window.iter().rev() {
                let mut said = reading.shown(said.clone())?;
                if let Some(leaving) = &mut leaving {
                    for citation in said.citations.iter().filter(|citation| citation.cited) {
                        if leaving.author_of(citation.memory)?.is_none() {
                            GONE.clone_into(&mut said.content);
                        }
                    }
                }
                newest.push(turn(&said));
                left = left.saturating_sub(estimate_tokens(&said.content));
                if left == 0 {
                    break;
                }
            }
            newest.reverse();
            Ok(newest)
        })
    }

    /// Waits until what an answer takes is there no more: the share link that somebody came by
    /// opens nothing, or somebody took back what they had agreed to. Nobody pays for an answer
    /// that nobody may read, and nothing goes on that nobody wants.
    pub(super) async fn taken_back(&self, decided: &Decided) -> ConversationError {
        let Decided { who, agreement, .. } = decided;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Err(refused) = self.share_links.require(who) {
                return refused.into();
            }
            match self.store.read(|tx| agreement.require_in(tx)) {
                Ok(()) => {}
                Err(refused) => return refused,
            }
        }
    }
}
