//! The audit log: what happened to the safety of this server, in the order in which it happened,
//! so that afterwards somebody can tell who did what.
//!
//! Entries are written in the transaction of their cause and never changed. Each carries a hash
//! over itself and the hash before, so that whoever changes, removes or reorders one is found
//! out ([`Audit::verify`]). They name things by their identifiers and hold no content, no
//! credential and no address of a person. Tries that failed are counted in memory and written
//! down together, so that nobody fills the disk by trying.

mod chain;
mod examine;
mod failures;
mod model;
mod personal;
mod rows;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::accounts::{Actor, Failure, OnCreated, OnFailure, OnSecurity, SecurityEvent};
use crate::jobs::{Eraser, Subject, Tasks, blocking};
use crate::kernel::{AccountId, Clock, Fault, Page, PageRequest, Timestamp};
use crate::store::{Portion, Store, StoreError, WriteTx};

use self::failures::Failures;
use self::rows::NewEntry;

pub use examine::AuditExaminer;
pub use model::{Chain, Entry, Filter, Thing};
pub use rows::TABLES;

/// How often failed tries are written down.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// What the operator decides about the log.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long entries are kept.
    pub kept: Duration,
    /// Whether entries of sign-ins say from which network address they came.
    pub addresses: bool,
}

/// The audit log of this instance. Cheap to clone.
#[derive(Clone)]
pub struct Audit {
    store: Store,
    clock: Clock,
    settings: Settings,
    failures: Failures,
    broken: Arc<AtomicBool>,
}

impl Audit {
    /// The log in a store.
    pub fn new(store: Store, clock: Clock, settings: Settings) -> Self {
        let failures = Failures::new(clock.clone());
        Self { store, clock, settings, failures, broken: Arc::default() }
    }

    /// Checks the log once and then writes down failed tries, until the process stops.
    pub fn start(&self, tasks: &Tasks) {
        let (this, stop) = (self.clone(), tasks.stopping());
        tasks.spawn("audit", async move {
            match this.verify().await {
                Ok(Chain { broken_at: Some(number), .. }) => {
                    tracing::warn!(number, "the audit log was changed: an entry does not fit");
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the audit log could not be checked"),
            }
            this.write_failures(stop).await;
        });
    }

    async fn write_failures(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(WRITE_EVERY) => {}
            }
            let stopping = stop.is_cancelled();
            let (entries, now) = (self.failures.due(stopping), self.clock.now());
            if !entries.is_empty() {
                let written = self.store.write(move |tx| {
                    entries.into_iter().try_for_each(|entry| rows::append_in(tx, entry, now))
                });
                if let Err(error) = written.await {
                    tracing::warn!(%error, "failed tries could not be written down");
                }
            }
            if stopping {
                return;
            }
        }
    }

    /// Writes down what happens to the safety of accounts.
    pub fn watcher(&self) -> OnSecurity {
        let addresses = self.settings.addresses;
        Arc::new(move |tx, account, event, now| {
            let mut entry = words::entry(account, event);
            entry.address = entry.address.filter(|_| addresses);
            rows::append_in(tx, entry, now)
        })
    }

    /// Writes down that an account was made.
    pub fn on_created(&self) -> OnCreated {
        Arc::new(|tx, account| {
            let entry = words::entry(account.id, &SecurityEvent::AccountCreated);
            Ok(rows::append_in(tx, entry, account.created_at)?)
        })
    }

    /// Counts tries that were refused.
    pub fn on_failure(&self) -> OnFailure {
        let failures = self.failures.clone();
        Arc::new(move |account, failure| failures.count(account, failure))
    }

    /// Counts that somebody who is no admin asked for what only admins may.
    pub fn count_refusal(&self, account: AccountId) {
        self.failures.count(Some(account), Failure::NoAdmin);
    }

    /// Writes down what the operator of the machine had done, by the name of the command.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_command(&self, command: &'static str) -> Result<(), StoreError> {
        let now = self.clock.now();
        let entry = NewEntry::new("operator_command", Actor::System).with("command", command);
        self.store.write(move |tx| rows::append_in(tx, entry, now)).await
    }

    /// Entries that a filter admits, newest first.
    ///
    /// # Errors
    /// When the store fails or an entry cannot be read.
    pub fn page(&self, filter: &Filter, request: &PageRequest) -> Result<Page<Entry>, StoreError> {
        self.store.read(|tx| rows::page(tx, filter, request))
    }

    /// When an account last did something that is written down.
    ///
    /// # Errors
    /// When the store fails.
    pub fn last_act(&self, account: AccountId) -> Result<Option<Timestamp>, StoreError> {
        self.store.read(|tx| rows::last_act(tx, account))
    }

    /// Goes through the whole log and says whether every entry is as it was written, in its
    /// place.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn verify(&self) -> Result<Chain, Fault> {
        let store = self.store.clone();
        let chain = blocking(move || store.read(rows::verify)).await.map_err(Fault::internal)??;
        self.broken.store(chain.broken_at.is_some(), Relaxed);
        Ok(chain)
    }

    /// Whether the last look found every entry as it was written.
    pub fn holds(&self) -> bool {
        !self.broken.load(Relaxed)
    }

    /// Drops entries that are too old; what is left can still be verified. Called now and then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let (now, kept) = (self.clock.now(), self.settings.kept);
        self.store.write(move |tx| rows::prune_in(tx, |at| now.since(at) > kept)).await
    }
}

/// Takes an account's entries out of the list of what it did. The entries stay: what they name
/// it by leads nowhere then, and without them the log could not be verified.
pub struct AuditEraser;

impl Eraser for AuditEraser {
    fn erase_in(
        &self,
        tx: &mut WriteTx<'_>,
        subject: Subject,
        _: &mut Portion,
    ) -> Result<(), StoreError> {
        match subject {
            Subject::Account(account) => rows::forget_account_in(tx, account),
            _ => Ok(()),
        }
    }
}
