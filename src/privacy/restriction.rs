//! Restriction (GDPR Art. 18): what an account has written is stored, and nothing else is done with
//! it. Nobody is shown any of it from the moment it is asked for; what was derived from it for
//! searching goes with a job, and is made again when the restriction is lifted.

use serde::{Deserialize, Serialize};

use crate::accounts::{self, SecurityEvent, Watchers};
use crate::clones;
use crate::jobs::{JobError, JobName, NewJob, Queue, Subject};
use crate::kernel::{AccountId, Clock, CloneId, MemoryId, Timestamp};
use crate::memories::{self, Memories};
use crate::retrieval::{self, Retrieval};
use crate::store::{Store, StoreError, WriteTx};

const FOLLOW: JobName<FollowJob> = JobName::new("follow_restriction");

/// How many memories one step follows at most: some hundredths of a second.
const STEP: usize = 200;

#[derive(Serialize, Deserialize)]
struct FollowJob {
    account: AccountId,
}

/// What the service stands on.
#[expect(missing_docs, reason = "each field is the service of its type")]
pub struct RestrictionParts {
    pub store: Store,
    pub clock: Clock,
    pub queue: Queue,
    pub watchers: Watchers,
    pub memories: Memories,
    pub retrieval: Retrieval,
}

/// Restricts accounts to storage. Cheap to clone.
#[derive(Clone)]
pub struct Restrictions {
    store: Store,
    clock: Clock,
    queue: Queue,
    watchers: Watchers,
    memories: Memories,
    retrieval: Retrieval,
}

impl Restrictions {
    /// Over these services.
    pub fn new(parts: RestrictionParts) -> Self {
        let RestrictionParts { store, clock, queue, watchers, memories, retrieval } = parts;
        let this = Self { store, clock, queue, watchers, memories, retrieval };
        let follows = this.clone();
        this.queue.register(&FOLLOW, 1, move |_, job: FollowJob| {
            let follows = follows.clone();
            async move { follows.follow(job.account).await }
        });
        this
    }

    /// Since when what is an account's has only been stored.
    ///
    /// # Errors
    /// When the store fails.
    pub fn since(&self, account: AccountId) -> Result<Option<Timestamp>, StoreError> {
        self.store.read(|tx| accounts::restricted_since(tx, account))
    }

    /// From now on what is an account's is only stored. Asking again changes nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn restrict(&self, account: AccountId) -> Result<(), StoreError> {
        self.change(account, true).await
    }

    /// What is an account's is used again for what it was written for.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn lift(&self, account: AccountId) -> Result<(), StoreError> {
        self.change(account, false).await
    }

    async fn change(&self, account: AccountId, restricted: bool) -> Result<(), StoreError> {
        let (this, now) = (self.clone(), self.clock.now());
        let changed = self.store.write(move |tx| {
            let is_new = match restricted {
                true => accounts::restrict_in(tx, account, now)?,
                false => accounts::lift_in(tx, account)?,
            };
            if is_new {
                let event = SecurityEvent::RestrictionChanged { restricted };
                this.watchers.tell_in(tx, account, &event, now)?;
                this.enqueue_in(tx, account, now)?;
            }
            Ok(())
        });
        changed.await
    }

    fn enqueue_in(
        &self,
        tx: &mut WriteTx<'_>,
        account: AccountId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let job = NewJob {
            name: &FOLLOW,
            payload: &FollowJob { account },
            about: Some(Subject::Account(account)),
            due: now,
            until: None,
        };
        self.queue.enqueue_in(tx, &job).map(drop)
    }

    /// Brings what is derived from an account's memories in line with whether they may be used.
    /// Doing it again does no harm.
    async fn follow(&self, account: AccountId) -> Result<(), JobError> {
        for clone in self.store.read(|tx| clones::added_to_by(tx, account))? {
            let mut after = None;
            loop {
                let this = self.clone();
                let step = move |tx: &mut WriteTx<'_>| this.step_in(tx, (clone, account), after);
                match self.store.write(step).await? {
                    Some(last) => after = Some(last),
                    None => break,
                }
            }
            if self.since(account)?.is_some() {
                // An index scores by all it holds, also by what was only marked as removed.
                let scrubbed = self.retrieval.scrub(clone).await;
                scrubbed.map_err(|_| JobError::Later("index_failed"))?;
            }
        }
        self.retrieval.wake();
        Ok(())
    }

    /// Follows the next memories of an author, and says which was the last, if there may be more.
    fn step_in(
        &self,
        tx: &mut WriteTx<'_>,
        (clone, account): (CloneId, AccountId),
        after: Option<MemoryId>,
    ) -> Result<Option<MemoryId>, StoreError> {
        // Asked in each step: it may have been changed meanwhile, and each change has its own job.
        let is_used = accounts::hidden_since(tx, account)?.is_none();
        let memories = memories::written_after(tx, (clone, account), after, STEP)?;
        for memory in &memories {
            retrieval::forget_memory_in(tx, clone, memory.id)?;
            if is_used {
                self.memories.announce_in(tx, memory)?;
            }
        }
        Ok(memories.last().map(|memory| memory.id))
    }
}
