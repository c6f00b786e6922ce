//! Named points at which a test lets the process die, as `kill -9` or a power cut would end it.
//!
//! Only builds with the feature `testing` die; in others [`pass`] is nothing. A point is chosen
//! over the control socket, or by `TESTING_KILL_AT=point:passage` for what happens at the start.

macro_rules! points {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// A point that the process may not live to pass.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Point {
            $($(#[$doc])* $name,)*
        }

        impl Point {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name for tests.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

points! {
    /// The database of a first start is whole, and has another name still.
    StoreMade = "store.made",
    /// It has its name.
    StorePut = "store.put",
    /// Tables were made and upgraded, and not committed.
    UpgradeDone = "upgrade.done",
    /// That is committed.
    UpgradeCommitted = "upgrade.committed",
    /// The database was copied, to be without what an upgrade has replaced.
    RewriteCopied = "rewrite.copied",
    /// The copy is in its place, and the old one not blank.
    RewriteReplaced = "rewrite.replaced",
    /// Changes are decided, and nothing of them on the disk.
    WriterDecided = "writer.decided",
    /// New keys are on the disk, and what was sealed with them is not.
    WriterSettled = "writer.settled",
    /// The commit is on the disk.
    WriterCommitted = "writer.committed",
    /// Doomed keys are destroyed, and nobody knows of the commit.
    WriterShredded = "writer.shredded",
    /// Everybody was told of the commit.
    WriterTold = "writer.told",
    /// Keys are to be destroyed.
    ShredBegun = "shred.begun",
    /// They are, and still written down to be.
    ShredDestroyed = "shred.destroyed",
    /// They are not any more.
    ShredDone = "shred.done",
    /// A file for the new keyring is made.
    KeyringMade = "keyring.made",
    /// It is written, and not synced.
    KeyringWritten = "keyring.written",
    /// It is synced, and has another name still.
    KeyringSynced = "keyring.synced",
    /// It has its name.
    KeyringRenamed = "keyring.renamed",
    /// Its name is on the disk.
    KeyringNamed = "keyring.named",
    /// What stood there before is blank.
    KeyringBlanked = "keyring.blanked",
    /// The index of words has taken changes, and has not committed them.
    IndexApplied = "index.applied",
    /// It has, and they are in the queue still.
    IndexCommitted = "index.committed",
    /// They are not any more.
    IndexTrimmed = "index.trimmed",
    /// Vectors are made, and not stored.
    VectorsMade = "vectors.made",
    /// They are stored, and not in the set in memory.
    VectorsStored = "vectors.stored",
    /// A clone is erased from the store, and its index is there still.
    ForgetBegun = "forget.begun",
    /// It is not.
    ForgetDone = "forget.done",
    /// A file is on the disk, and no row names it.
    AttachmentWritten = "attachment.written",
    /// A row names it, and nobody was told.
    AttachmentNamed = "attachment.named",
    /// Files that no row names are found, and still there.
    AttachmentsFound = "attachments.found",
    /// They are not.
    AttachmentsSwept = "attachments.swept",
    /// Jobs are taken, and not begun.
    JobsClaimed = "jobs.claimed",
    /// A job is done, and nobody knows.
    JobsDone = "jobs.done",
    /// It is settled.
    JobsSettled = "jobs.settled",
    /// A question and its answer that is to come are decided.
    AnswerDecided = "answer.decided",
    /// What there is of an answer is handed to the store.
    AnswerKept = "answer.kept",
    /// The account of somebody who has died is closed, and nothing of it handed over.
    LegacyClosed = "legacy.closed",
    /// One more of what they left has gone where they wanted it.
    LegacyPassed = "legacy.passed",
    /// All of it has, and the job is not done.
    LegacyDone = "legacy.done",
}

#[cfg(not(feature = "testing"))]
/// Nothing.
#[inline(always)]
pub const fn pass(_: Point) {}

#[cfg(feature = "testing")]
pub use armed::{arm, pass};

#[cfg(feature = "testing")]
mod armed {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::sync::{LazyLock, Mutex, PoisonError};

    use rustix::process::{Signal, getpid, kill_process};

    use super::Point;

    /// The point of which passage ends the process.
    struct Armed {
        point: String,
        left: u64,
    }

    static ARMED: LazyLock<Mutex<Option<Armed>>> = LazyLock::new(|| {
        let wanted = std::env::var("TESTING_KILL_AT").ok();
        let armed = wanted.as_deref().and_then(|wanted| wanted.split_once(':'));
        Mutex::new(armed.and_then(|(point, passage)| {
            Some(Armed { point: point.to_owned(), left: passage.parse().ok()? })
        }))
    });
    static IS_DYING: AtomicBool = AtomicBool::new(false);

    /// Ends the process when this point is passed for the `passage`-th time from now on.
    pub fn arm(point: &str, passage: u64) {
        let armed = Armed { point: point.to_owned(), left: passage };
        *ARMED.lock().unwrap_or_else(PoisonError::into_inner) = Some(armed);
    }

    /// Passes a point, or ends here.
    pub fn pass(point: Point) {
        let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(armed) = armed.as_mut().filter(|armed| armed.point == point.word()) else {
            return;
        };
        armed.left = armed.left.saturating_sub(1);
        if armed.left > 0 || IS_DYING.swap(true, Relaxed) {
            return;
        }
        // Nothing is flushed, closed or told to anybody. The lock is held meanwhile: no other
        // thread passes a point either.
        let _ = kill_process(getpid(), Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}
