//! What was deleted: brought back while it waits, erased for good afterwards.

use std::cmp::Reverse;
use std::time::Duration;

use crate::access::{Principal, Role};
use crate::attachments::{self, AttachmentError, Attachments};
use crate::clones::{self, CloneError};
use crate::consents::{self, Consent, ConsentError};
use crate::conversations::{self, ConversationError};
use crate::jobs::Subject;
use crate::jobs::discarded::{self, Discard, Discarded};
use crate::kernel::{
    AttachmentId, Clock, ConversationId, DiscardedId, Fault, Kind, MemoryId, PersonId, Timestamp,
    Token, TokenHash,
};
use crate::memories::{self, Memories, MemoryError};
use crate::spaces;
use crate::store::{Rows, Store, StoreError, WriteTx};

use super::Erasures;

/// A failure of the trash.
#[derive(Debug, thiserror::Error)]
pub enum TrashError {
    /// There is no such thing in the trash, or it is not the asker's.
    #[error("there is no such thing in the trash")]
    Missing,
    /// The clone that it belongs to is in the trash itself.
    #[error("its clone is in the trash")]
    CloneIsGone,
    /// A clone could not be brought back.
    #[error(transparent)]
    Clone(#[from] CloneError),
    /// A memory could not be brought back.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A file could not be brought back.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// A conversation could not be brought back.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The system gives no random bytes.
    #[error("no random bytes")]
    Random(#[from] getrandom::Error),
    /// Whoever brings something back has not agreed that it is kept.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TrashError> for Fault {
    fn from(error: TrashError) -> Self {
        match error {
            TrashError::Missing => Self::not_found(),
            TrashError::CloneIsGone => Self::new(
                Kind::Conflict,
                "clone_in_trash",
                "The clone that this belongs to is in the trash too; bring that back first.",
            ),
            TrashError::Clone(error) => error.into(),
            TrashError::Memory(error) => error.into(),
            TrashError::Attachment(error) => error.into(),
            TrashError::Conversation(error) => error.into(),
            TrashError::Random(error) => Self::internal(error),
            TrashError::Consent(error) => error.into(),
            TrashError::Store(error) => error.into(),
        }
    }
}

/// The trash of this instance.
#[derive(Clone)]
pub struct Trash {
    store: Store,
    clock: Clock,
    memories: Memories,
    attachments: Attachments,
    erasures: Erasures,
    kept: Duration,
}

impl Trash {
    /// The trash in a store; things wait `kept` long.
    pub fn new(
        (store, clock): (Store, Clock),
        (memories, attachments): (Memories, Attachments),
        erasures: Erasures,
        kept: Duration,
    ) -> Self {
        Self { store, clock, memories, attachments, erasures, kept }
    }

    /// How long things wait.
    pub fn kept(&self) -> Duration {
        self.kept
    }

    /// What the asker can bring back, last deleted first: what they deleted themselves, and what
    /// was deleted in spaces they are stewards of. Conversations are for their holder alone.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list(&self, who: &Principal) -> Result<Vec<Discarded>, TrashError> {
        self.store.read(|tx| {
            let mut found = Vec::new();
            for discarded in discarded::all(tx)? {
                if may_restore(tx, who, &discarded)? {
                    found.push(discarded);
                }
            }
            found.sort_by_key(|discarded| Reverse((discarded.at, discarded.id)));
            Ok(found)
        })
    }

    /// Brings something back.
    ///
    /// # Errors
    /// When it is not there for the asker, or the store fails.
    pub async fn restore(&self, who: &Principal, id: DiscardedId) -> Result<(), TrashError> {
        let (who, this) = (who.clone(), self.clone());
        self.store
            .write(move |tx| {
                let discarded = find(tx, &who, id)?;
                // What is brought back is searched again.
                consents::require_in(tx, who.account, Consent::DataProcessing)?;
                this.restore_in(tx, &who, &discarded)?;
                discarded::remove_in(tx, id);
                Ok(())
            })
            .await
    }

    /// Erases something for good, at once. The token opens the receipt.
    ///
    /// # Errors
    /// When it is not there for the asker, or the store fails.
    pub async fn purge(&self, who: &Principal, id: DiscardedId) -> Result<Token, TrashError> {
        let (who, this, token) = (who.clone(), self.clone(), Token::fresh()?);
        let key = token.hash();
        self.store
            .write(move |tx| {
                let discarded = find(tx, &who, id)?;
                Ok::<_, TrashError>(this.erase_in(tx, &discarded, key)?)
            })
            .await?;
        Ok(token)
    }

    fn restore_in(
        &self,
        tx: &mut WriteTx<'_>,
        who: &Principal,
        discarded: &Discarded,
    ) -> Result<(), TrashError> {
        let (clone, thing) = (discarded.clone, discarded.id.bytes());
        if discarded.kind != Discard::Clone && clones::present(tx, clone)?.is_none() {
            return Err(TrashError::CloneIsGone);
        }
        match discarded.kind {
            Discard::Clone => clones::restore_in(tx, who, clone)?,
            Discard::Memory => {
                self.memories.restore_in(tx, who, clone, MemoryId::from_bytes(thing))?;
            }
            Discard::Attachment => {
                self.attachments.restore_in(tx, who, clone, AttachmentId::from_bytes(thing))?;
            }
            Discard::Person => {
                memories::restore_person_in(tx, who, clone, PersonId::from_bytes(thing))?;
            }
            Discard::Conversation => {
                conversations::restore_in(tx, who, ConversationId::from_bytes(thing))?;
            }
        }
        Ok(())
    }

    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        discarded: &Discarded,
        key: TokenHash,
    ) -> Result<(), StoreError> {
        discarded::remove_in(tx, discarded.id);
        self.erasures.erase_in(tx, subject_of(discarded), key)
    }

    /// Erases what has waited long enough, a thing a transaction; called now and then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let due: Vec<Discarded> = self.store.read(|tx| {
            let all = discarded::all(tx)?;
            Ok::<_, StoreError>(all.into_iter().filter(|d| self.is_due(d, now)).collect())
        })?;
        let mut count = 0;
        for discarded in due {
            let (this, token) = (self.clone(), Token::fresh());
            // Nobody asks for this receipt; the ledger has what is in it.
            let key = token.map_err(|error| StoreError::Open(Box::new(error)))?.hash();
            let erased = self.store.write(move |tx| {
                // Somebody may have brought it back since, or thrown it away anew.
                let Some(found) = discarded::get(tx, discarded.id)? else { return Ok(0) };
                if !this.is_due(&found, now) {
                    return Ok(0);
                }
                this.erase_in(tx, &found, key)?;
                Ok::<_, StoreError>(1)
            });
            count += erased.await?;
        }
        Ok(count + self.sweep_conversations(now).await?)
    }

    /// Erases the conversations that are older than those who look after their clone keep them.
    async fn sweep_conversations(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut count = 0;
        for at in self.store.read(|tx| conversations::over(tx, now))? {
            let (this, token) = (self.clone(), Token::fresh());
            let key = token.map_err(|error| StoreError::Open(Box::new(error)))?.hash();
            let erased = self.store.write(move |tx| {
                // Somebody may have said more since.
                if !conversations::is_over(tx, at, now)? {
                    return Ok(0);
                }
                conversations::uncount_in(tx, at.1)?;
                this.erasures.erase_in(tx, Subject::Conversation(at.1), key)?;
                Ok::<_, StoreError>(1)
            });
            count += erased.await?;
        }
        Ok(count)
    }

    fn is_due(&self, discarded: &Discarded, now: Timestamp) -> bool {
        now.since(discarded.at) >= self.kept
    }
}

fn find(tx: &impl Rows, who: &Principal, id: DiscardedId) -> Result<Discarded, TrashError> {
    let discarded = discarded::get(tx, id)?.ok_or(TrashError::Missing)?;
    if may_restore(tx, who, &discarded)? { Ok(discarded) } else { Err(TrashError::Missing) }
}

fn may_restore(tx: &impl Rows, who: &Principal, discarded: &Discarded) -> Result<bool, StoreError> {
    if !who.reaches(discarded.clone) {
        return Ok(false);
    }
    let own = discarded.by == who.account;
    if discarded.kind == Discard::Conversation {
        return Ok(own);
    }
    let Some(role) = spaces::role_in(tx, who.account, discarded.space)? else {
        return Ok(false);
    };
    let (clone, thing) = (discarded.clone, discarded.id.bytes());
    let theirs = own || role >= Role::Steward;
    match discarded.kind {
        Discard::Clone => Ok(role >= Role::Owner),
        Discard::Memory if theirs => {
            memories::may_discard(tx, (who.account, role), clone, MemoryId::from_bytes(thing))
        }
        Discard::Attachment if theirs => attachments::may_discard(
            tx,
            (who.account, role),
            clone,
            AttachmentId::from_bytes(thing),
        ),
        Discard::Person if theirs => memories::may_discard_person(
            tx,
            (who.account, role),
            clone,
            PersonId::from_bytes(thing),
        ),
        _ => Ok(false),
    }
}

/// What it is to be erased as.
fn subject_of(discarded: &Discarded) -> Subject {
    let (clone, thing) = (discarded.clone, discarded.id.bytes());
    match discarded.kind {
        Discard::Memory => Subject::Memory(clone, MemoryId::from_bytes(thing)),
        Discard::Attachment => Subject::Attachment(clone, AttachmentId::from_bytes(thing)),
        Discard::Person => Subject::Person(clone, PersonId::from_bytes(thing)),
        Discard::Conversation => Subject::Conversation(ConversationId::from_bytes(thing)),
        Discard::Clone => Subject::Clone(clone),
    }
}
