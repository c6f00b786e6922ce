//! Builds what erases, hands out and tells, over all slices.

use super::StartError;
use super::slices::{closers, erasers};
use crate::accounts::{Accounts, Watchers};
use crate::attachments::{self, Attachments, Bounds};
use crate::backup;
use crate::clones::Providers;
use crate::config::Config;
use crate::conversations::Conversations;
use crate::embed::Embedder;
use crate::identities::Identities;
use crate::jobs::personal::PrivacyProvider;
use crate::jobs::{Queue, Tasks};
use crate::kernel::Clock;
use crate::legacy::{self, Legacies};
use crate::memories::Memories;
use crate::notifications::Notifications;
use crate::privacy::{
    self, BackedUp, Erasures, ExportParts, Exports, Register, RegisterFacts, RestrictionParts,
    Restrictions, Trash,
};
use crate::retrieval::Retrieval;
use crate::store::{Blobs, Store};

/// What it is built over.
pub(super) struct Over<'a> {
    pub(super) people: (&'a Watchers, &'a Identities),
    pub(super) kept: (&'a Memories, &'a Attachments, &'a Retrieval),
    pub(super) providers: &'a Providers,
    pub(super) told: (&'a Accounts, &'a Notifications, &'a Conversations),
}

/// What is built.
pub(super) struct Privacy {
    pub(super) trash: Trash,
    pub(super) erasures: Erasures,
    pub(super) exports: Exports,
    pub(super) restrictions: Restrictions,
    pub(super) register: Register,
    pub(super) legacies: Legacies,
}

/// Memories and their files, and what follows when they change.
pub(super) fn kept(
    config: &Config,
    (store, clock): (&Store, &Clock),
    (tasks, watchers): (&Tasks, &Watchers),
    embedder: Option<Embedder>,
) -> Result<(Memories, Attachments), StartError> {
    let listeners = vec![Retrieval::listener(embedder), Attachments::listener()];
    let memories = Memories::new(store.clone(), clock.clone(), watchers.clone(), listeners);
    let attachments = files(config, (store, clock), (tasks, &memories))?;
    Ok((memories, attachments))
}

/// The files of memories, which lie in the data directory.
fn files(
    config: &Config,
    (store, clock): (&Store, &Clock),
    (tasks, memories): (&Tasks, &Memories),
) -> Result<Attachments, StartError> {
    let limits = &config.limits;
    Ok(Attachments::new(attachments::Parts {
        store: store.clone(),
        clock: clock.clone(),
        blobs: Blobs::local(&config.data_dir)?,
        memories: memories.clone(),
        tasks: tasks.clone(),
        bounds: Bounds {
            bytes: limits.attachment_bytes as u64,
            per_memory: limits.attachments_per_memory,
        },
    }))
}

/// Builds it, with what the slices keep of people.
pub(super) fn build(
    config: &Config,
    ((store, clock), (tasks, queue)): ((&Store, &Clock), (&Tasks, &Queue)),
    over: Over<'_>,
    slices: Vec<Box<dyn PrivacyProvider>>,
) -> Privacy {
    let Over {
        people: (watchers, identities),
        kept: (memories, attachments, retrieval),
        providers,
        told,
    } = over;
    let erasures = Erasures::new(privacy::Parts {
        store: store.clone(),
        clock: clock.clone(),
        queue: queue.clone(),
        watchers: watchers.clone(),
        retrieval: retrieval.clone(),
        attachments: attachments.clone(),
        erasers: erasers(),
    });
    let restrictions = Restrictions::new(RestrictionParts {
        store: store.clone(),
        clock: clock.clone(),
        queue: queue.clone(),
        watchers: watchers.clone(),
        memories: memories.clone(),
        retrieval: retrieval.clone(),
    });
    let (accounts, notifications, conversations) = told;
    let legacies = Legacies::new(legacy::Parts {
        store: store.clone(),
        clock: clock.clone(),
        queue: queue.clone(),
        accounts: accounts.clone(),
        watchers: watchers.clone(),
        notifications: notifications.clone(),
        memories: memories.clone(),
        conversations: conversations.clone(),
        erasures: erasures.clone(),
        closers: closers(),
    });
    let things = (memories.clone(), attachments.clone());
    let (data, kept) = ((store.clone(), clock.clone()), config.limits.trash);
    let trash = Trash::new(data, things, erasures.clone(), kept);
    let exports = Exports::new(ExportParts {
        store: store.clone(),
        clock: clock.clone(),
        tasks: tasks.clone(),
        watchers: watchers.clone(),
        providers: providers.clone(),
        attachments: attachments.clone(),
        slices,
    });
    let register = Register::new(facts(config), providers.clone(), identities.clone());
    Privacy { trash, erasures, exports, restrictions, register, legacies }
}

fn facts(config: &Config) -> RegisterFacts {
    let days = |time: std::time::Duration| time.as_secs() / (24 * 60 * 60);
    RegisterFacts {
        mail: config.mail.as_ref().map(|mail| mail.host.clone()),
        backups: backed_up(&config.backup),
        trash_days: days(config.limits.trash),
        audit_days: days(config.audit.kept),
        session_days: days(config.sessions.absolute),
    }
}

fn backed_up(backups: &backup::Settings) -> Option<BackedUp> {
    let bucket = backups.bucket.as_ref();
    let is_any = backups.directory.is_some() || bucket.is_some();
    is_any.then(|| BackedUp {
        host: bucket.and_then(|bucket| bucket.endpoint.host_str().map(str::to_owned)),
        keep: backups.keep,
    })
}
