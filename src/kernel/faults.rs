//! Faults that are planted in the code, to see that a test notices them.
//!
//! Only builds with the feature `faults` can have one, chosen by `TESTING_FAULT=word`; in others
//! [`planted`] is nothing. `tests/faults/owners` says which tests must fail with each.
//! A new one is a line here, a line there, and the place where it is planted.

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// Something done wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Planted {
            $($(#[$doc])* $name,)*
        }

        impl Planted {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name for tests.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

faults! {
    /// A change is said to be durable before its commit.
    AcknowledgedEarly = "acknowledged_early",
    /// A commit is not waited for to be on the disk.
    NotDurable = "not_durable",
    /// A commit becomes visible in the same sync as what it points to.
    OnePhase = "one_phase",
    /// New keys reach the disk after what was sealed with them.
    KeyringAfterCommit = "keyring_after_commit",
    /// The new keyring is not synced before it gets its name.
    KeyringNotSynced = "keyring_not_synced",
    /// The name of the new keyring is not synced.
    KeyringNameNotSynced = "keyring_name_not_synced",
    /// The keyring is written over the old one.
    KeyringInPlace = "keyring_in_place",
    /// The keyring that was replaced stays on the disk.
    KeyringNotBlanked = "keyring_not_blanked",
    /// The disk is not told to sync files and names.
    DiskNotSynced = "disk_not_synced",
    /// A file of somebody's is not synced.
    BlobNotSynced = "blob_not_synced",
    /// The database of a first start is made under its own name.
    MadeInPlace = "made_in_place",
    /// What was sealed for somebody erased stays readable.
    KeyNotDestroyed = "key_not_destroyed",
    /// Keys that a crash has left are not destroyed at the start.
    ShredNotResumed = "shred_not_resumed",
    /// An index that is older than its queue is believed.
    IndexBelieved = "index_believed",
    /// A change is not put into the queue of the index.
    OutboxDropped = "outbox_dropped",
    /// Erasing a clone leaves the people in it.
    ErasureSkipsATable = "erasure_skips_a_table",
    /// Erasing a clone leaves its index.
    ErasureSkipsTheIndex = "erasure_skips_the_index",
    /// The index of an erased clone that a crash has left stays.
    StrangersStay = "strangers_stay",
    /// That something was done once is remembered in another transaction.
    OnceApart = "once_apart",
    /// What a memory said before is not kept.
    RevisionNotKept = "revision_not_kept",
    /// A deleted memory stays counted.
    CountNotKept = "count_not_kept",
    /// A job that is begun is not promised any more.
    JobForgotten = "job_forgotten",
    /// Answers that a crash has left half are not marked.
    AnswersLeftOpen = "answers_left_open",
    /// An entry of the audit log is taken as it is found.
    AuditBelieved = "audit_believed",
}

/// Whether this fault is planted.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub const fn planted(_: Planted) -> bool {
    false
}

/// Whether this fault is planted.
#[cfg(feature = "faults")]
pub fn planted(fault: Planted) -> bool {
    use std::sync::LazyLock;
    static CHOSEN: LazyLock<Option<Planted>> = LazyLock::new(|| {
        let word = std::env::var("TESTING_FAULT").ok()?;
        Planted::ALL.iter().copied().find(|fault| fault.word() == word)
    });
    *CHOSEN == Some(fault)
}
