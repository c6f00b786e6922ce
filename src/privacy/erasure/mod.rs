//! Erasure: invisible at once, then removed everywhere, the key destroyed, and told in a receipt.
//!
//! What is asked for is written down in the same change that hides it; a job does the rest, in
//! steps that are small enough for everybody else to go on writing, and that can be done again
//! after a crash. The last step writes the line of the ledger and destroys the key.

mod personal;
mod remains;
mod repeat;
pub(super) mod rows;
mod verify;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::work::{EraseJob, WORK};
use crate::accounts::{self, Account, AccountError, SecurityEvent, Watchers};
use crate::attachments::Attachments;
use crate::clones;
use crate::jobs::{self, Eraser, JobName, NewJob, Queue, Subject, Tasks};
use crate::kernel::{AccountId, Clock, CloneId, Fault, Kind, Timestamp, Token, TokenHash};
use crate::notifications;
use crate::retrieval::Retrieval;
use crate::seal::Owner;
use crate::spaces;
use crate::store::{Portion, Store, StoreError, WriteTx};

pub use self::personal::ErasureEraser;
pub use self::remains::forget_memory_in;
pub use self::repeat::repeat;
pub use self::verify::{Claim, Looked, verify};

/// How many rows one step removes at most: some hundredths of a second.
const STEP: usize = 4_000;

/// What an erasure is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// A person's account with everything that is theirs.
    Account,
    /// A clone with everything that belongs to it.
    Clone,
    /// One memory.
    Memory,
    /// One file of a memory.
    Attachment,
    /// One person of a clone.
    Person,
    /// One conversation.
    Conversation,
}

/// How far an erasure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Nobody sees it any more; it is being removed.
    Erasing,
    /// It is gone, and so is its key if it had one of its own.
    Erased,
}

/// An erasure: what its receipt says.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// Of what.
    pub subject: Subject,
    /// The clones that go with it.
    pub clones: Vec<CloneId>,
    /// How many rows of which table were removed.
    pub removed: BTreeMap<String, u64>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// How far it is.
    pub state: State,
    /// The number and the hash of its line in the ledger, once it is done.
    pub line: Option<(u64, String)>,
    /// When it was done.
    pub erased_at: Option<Timestamp>,
}

impl Erasure {
    fn begun(subject: Subject, clones: Vec<CloneId>, now: Timestamp) -> Self {
        Self {
            subject,
            clones,
            removed: BTreeMap::new(),
            requested_at: now,
            state: State::Erasing,
            line: None,
            erased_at: None,
        }
    }

    fn count(&mut self, removed: BTreeMap<String, u64>) {
        for (table, rows) in removed {
            *self.removed.entry(table).or_default() += rows;
        }
    }
}

/// What will become of things when an account is erased.
#[derive(Debug, Default)]
pub struct Preview {
    /// How many clones go with it.
    pub clones: usize,
    /// The spaces that pass on, and the names of those to whom.
    pub passing: Vec<(String, String)>,
}

/// A failure of erasure.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    /// What was given to confirm it is not the account's address.
    #[error("it was not confirmed with the address of the account")]
    NotConfirmed,
    /// There is no such erasure.
    #[error("there is no such erasure")]
    Missing,
    /// The account cannot go.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The system gives no random bytes.
    #[error("no random bytes")]
    Random(#[from] getrandom::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ErasureError> for Fault {
    fn from(error: ErasureError) -> Self {
        match error {
            ErasureError::NotConfirmed => Self::new(
                Kind::Invalid,
                "not_confirmed",
                "Erasing everything is confirmed with the e-mail address of the account.",
            ),
            ErasureError::Missing => Self::not_found(),
            ErasureError::Account(error) => error.into(),
            ErasureError::Random(error) => Self::internal(error),
            ErasureError::Store(error) => error.into(),
        }
    }
}

/// What the service stands on.
#[expect(missing_docs, reason = "each field is the service of its type")]
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub queue: Queue,
    pub watchers: Watchers,
    pub retrieval: Retrieval,
    pub attachments: Attachments,
    /// Those of all slices.
    pub erasers: Vec<Box<dyn Eraser>>,
}

/// Erases. Cheap to clone.
#[derive(Clone)]
pub struct Erasures {
    store: Store,
    clock: Clock,
    queue: Queue,
    watchers: Watchers,
    retrieval: Retrieval,
    attachments: Attachments,
    erasers: Arc<[Box<dyn Eraser>]>,
}

impl Erasures {
    /// Over these services.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, clock, queue, watchers, retrieval, attachments, erasers } = parts;
        let erasers = erasers.into();
        let this = Self { store, clock, queue, watchers, retrieval, attachments, erasers };
        this.register();
        this
    }

    /// Cleans up what a start has left to clean up: after an old copy of the database, memories are
    /// erased again.
    pub fn start(&self, tasks: &Tasks) {
        let this = self.clone();
        tasks.spawn("erasures", async move {
            if this.clean_up().await.is_err() {
                tracing::error!("what is left of erased memories could not be cleaned up");
            }
        });
    }

    /// What will become of things when an account is erased.
    ///
    /// # Errors
    /// When the store fails.
    pub fn preview(&self, account: AccountId) -> Result<Preview, ErasureError> {
        self.store.read(|tx| {
            let without = spaces::without(tx, account)?;
            let clones = clones::going_with(tx, account, &without.ending)?.len();
            let mut passing = Vec::new();
            for (space, heir) in without.passing {
                let heir = accounts::account_in(tx, heir)?;
                let name = heir.map(|heir| heir.display_name.to_string()).unwrap_or_default();
                passing.push((space.name.to_string(), name));
            }
            Ok(Preview { clones, passing })
        })
    }

    /// Erases an account with everything that is its: from this moment on nobody sees any of it
    /// or signs in to it. The token opens the receipt.
    ///
    /// # Errors
    /// When `confirmation` is not its address, it is the only admin of others, or the store fails.
    pub async fn erase_account(
        &self,
        account: AccountId,
        confirmation: &str,
    ) -> Result<Token, ErasureError> {
        let (token, this) = (Token::fresh()?, self.clone());
        let (key, confirmation) = (token.hash(), confirmation.trim().to_lowercase());
        let begun = self.store.write(move |tx| {
            let found = accounts::account_in(tx, account)?.ok_or(AccountError::Missing)?;
            if found.email.as_str().to_lowercase() != confirmation {
                return Err(ErasureError::NotConfirmed);
            }
            accounts::may_leave_in(tx, account)?;
            this.begin_in(tx, &found, key)
        });
        begun.await?;
        Ok(token)
    }

    fn begin_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: &Account,
        key: TokenHash,
    ) -> Result<(), ErasureError> {
        let (id, now) = (account.id, self.clock.now());
        self.watchers.tell_in(tx, id, &SecurityEvent::ErasureRequested, now)?;
        let without = spaces::without(tx, id)?;
        for (space, heir) in &without.passing {
            let event = SecurityEvent::OwnershipHandedOver { space: space.id, to: *heir };
            self.watchers.tell_in(tx, id, &event, now)?;
        }
        let going = clones::going_with(tx, id, &without.ending)?;
        for clone in &going {
            clones::hide_in(tx, *clone, now)?;
        }
        accounts::leave_in(tx, id, now)?;
        notifications::forget_name_in(tx, &account.display_name)?;
        let mut erasure = Erasure::begun(Subject::Account(id), going.into_iter().collect(), now);
        // What opens it, and what is little, goes with this very change.
        jobs::erase_in(tx, &self.erasers, erasure.subject, &mut Portion::of(STEP))?;
        erasure.count(tx.removed()?);
        rows::put_in(tx, &key, &erasure)?;
        Ok(self.enqueue_in(tx, key)?)
    }

    /// The same for somebody who has died and wanted it so, in the caller's transaction; also if
    /// that leaves others without an admin, whom the operator can make.
    ///
    /// # Errors
    /// When there is no such account, or the store fails.
    pub fn erase_left_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
    ) -> Result<(), ErasureError> {
        let key = Token::fresh()?.hash();
        let found = accounts::account_in(tx, account)?.ok_or(AccountError::Missing)?;
        self.begin_in(tx, &found, key)
    }

    /// The same without asking anybody, for tests.
    ///
    /// # Errors
    /// When there is no such account, or the store fails.
    #[cfg(feature = "testing")]
    pub async fn erase_without_asking(&self, account: AccountId) -> Result<(), ErasureError> {
        let (this, key) = (self.clone(), Token::fresh()?.hash());
        let begun = self.store.write(move |tx| {
            let found = accounts::account_in(tx, account)?.ok_or(AccountError::Missing)?;
            this.begin_in(tx, &found, key)
        });
        begun.await
    }

    /// Erases something of which nobody needs a receipt, and which was thrown away or taken out
    /// of all counts before.
    ///
    /// # Errors
    /// When the system gives no random bytes, or the store fails.
    pub fn erase_quietly_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
    ) -> Result<(), ErasureError> {
        Ok(self.erase_in(tx, subject, Token::fresh()?.hash())?)
    }

    /// Erases something that was thrown away: a clone by a job, what is smaller with this change.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        key: TokenHash,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        if let Subject::Clone(clone) = subject {
            clones::hide_in(tx, clone, now)?;
            rows::put_in(tx, &key, &Erasure::begun(subject, vec![clone], now))?;
            return self.enqueue_in(tx, key);
        }
        let mut erasure = Erasure::begun(subject, Vec::new(), now);
        jobs::erase_in(tx, &self.erasers, subject, &mut Portion::unlimited())?;
        erasure.count(tx.removed()?);
        if matches!(subject, Subject::Memory(..) | Subject::Attachment(..)) {
            // Answers may still quote it, an index name it, and its files be there.
            rows::put_in(tx, &key, &erasure)?;
            return self.enqueue_in(tx, key);
        }
        Self::finish_in(tx, key, erasure, now)?;
        Ok(())
    }

    fn enqueue_in(&self, tx: &mut WriteTx<'_>, erasure: TokenHash) -> Result<(), StoreError> {
        let job = NewJob {
            name: &WORK,
            payload: &EraseJob { erasure },
            about: None,
            due: self.clock.now(),
            until: None,
        };
        self.queue.enqueue_in(tx, &job).map(drop)
    }

    /// How far an erasure is, and what is left of what it is of. It is done when its key is
    /// destroyed, not before.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub fn find(&self, token: &str) -> Result<(Erasure, Traces), ErasureError> {
        let key = TokenHash::of(token);
        let found = self.store.read(|tx| rows::erasure(tx, &key))?;
        let mut erasure = found.ok_or(ErasureError::Missing)?;
        let owner = match erasure.subject {
            Subject::Account(account) => Some(Owner::Account(account)),
            Subject::Clone(clone) => Some(Owner::Clone(clone)),
            _ => None,
        };
        let key_destroyed = owner.map(|owner| self.store.is_shredded(owner)).transpose()?;
        if key_destroyed == Some(false) {
            erasure.state = State::Erasing;
        }
        let line = erasure.line.as_ref().map(|(number, _)| *number);
        let rewritten = self.store.rewritten()?;
        let pages_overwritten = line.is_some_and(|line| line <= rewritten);
        Ok((erasure, Traces { key_destroyed, pages_overwritten }))
    }
}

/// What is left of something that was erased.
#[derive(Clone, Copy, Debug)]
pub struct Traces {
    /// Whether its key is destroyed, if it had one of its own.
    pub key_destroyed: Option<bool>,
    /// Whether the pages of the database that it was in are overwritten.
    pub pages_overwritten: bool,
}
