//! What the operator can ask for, and what comes of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::RecoveryState;
use crate::backup::{Kept, Made};
use crate::privacy::{Claim, Looked};

/// Something the operator wants.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// A link for the first account.
    SetupLink,
    /// An invitation for one more account.
    Invite,
    /// The address at which links to this server begin.
    Front,
    /// An account.
    CreateAccount {
        /// The address to sign in with.
        email: String,
        /// The password.
        password: String,
        /// How the person wants to be called.
        display_name: String,
        /// Whether it administers the instance.
        admin: bool,
    },
    /// A new password for an account; its sign-ins end.
    ResetPassword {
        /// The account's address.
        email: String,
        /// The new password.
        password: String,
    },
    /// What somebody took along elsewhere, into their account here.
    ImportExport {
        /// The file, as the server sees it.
        path: PathBuf,
        /// The account's address.
        email: String,
    },
    /// A mail that shows whether mails arrive.
    TestMail {
        /// The address to send it to.
        to: String,
    },
    /// An account is told something, without a cause.
    #[cfg(feature = "testing")]
    Tell {
        /// The account's address.
        email: String,
        /// The word of the topic.
        topic: String,
        /// What the notice names.
        detail: String,
    },
    /// An access token signed anew by the right key.
    #[cfg(feature = "testing")]
    TokenFor {
        /// The token.
        token: String,
        /// For whose ears; ours if nothing is said.
        audience: Option<String>,
    },
    /// Takes the authenticator app, the recovery codes and the passkeys from an account that lost
    /// them; its sign-ins end.
    ResetFactors {
        /// The account's address.
        email: String,
    },
    /// Time passes without waiting for it.
    #[cfg(feature = "testing")]
    AdvanceClock {
        /// How much.
        seconds: u64,
    },
    /// The machine's clock is turned back.
    #[cfg(feature = "testing")]
    TurnClockBack {
        /// How much.
        seconds: u64,
    },
    /// What has waited long enough in the trash is erased, as it is every hour; the edge does it.
    #[cfg(feature = "testing")]
    SweepTrash,
    /// It is counted how much of the waits of legacies has passed, as it is every hour while the
    /// clock is believed; the edge does it.
    #[cfg(feature = "testing")]
    SweepLegacies,
    /// Each search takes so much longer from now on; the edge sees to it.
    #[cfg(feature = "testing")]
    SlowSearches {
        /// How much longer, in milliseconds.
        millis: u64,
    },
    /// A call of the system fails from now on.
    #[cfg(feature = "testing")]
    FailDisk {
        /// Which.
        call: crate::store::Call,
        /// How.
        way: crate::store::Way,
        /// How many of these succeed before.
        after: u64,
    },
    /// So much of the disk is said to be free; the system is asked again if nothing is said.
    #[cfg(feature = "testing")]
    SayFree {
        /// In megabytes.
        megabytes: Option<u64>,
    },
    /// The process is killed when a point is passed for the so-manieth time from now on.
    #[cfg(feature = "testing")]
    KillAt {
        /// The point's name.
        point: String,
        /// Which passage.
        passage: u64,
    },
    /// What every part knows of an account is erased; the edge does it.
    #[cfg(feature = "testing")]
    EraseAccount {
        /// The account.
        account: crate::kernel::AccountId,
    },
    /// A piece of code fails as it never should, to see that everything else goes on.
    #[cfg(feature = "testing")]
    Panic {
        /// Whether it holds a transaction.
        while_writing: bool,
    },
    /// A look through the audit log: whether every entry is as it was written.
    VerifyAudit,
    /// A look whether what a receipt says was erased is gone.
    VerifyErasure {
        /// What the receipt says.
        claim: Claim,
    },
    /// The file of the database is written anew, as it is within a day of an erasure.
    #[cfg(feature = "testing")]
    Rewrite,
    /// In which tables words stand, once they are unsealed.
    #[cfg(feature = "testing")]
    Scan {
        /// The words.
        words: Vec<String>,
    },
    /// The values of a table as they are stored, in hexadecimal digits.
    #[cfg(feature = "testing")]
    Stored {
        /// The table.
        table: String,
    },
    /// A backup, to every place that is set or to one directory.
    BackUp {
        /// The directory, as the server finds it.
        to: Option<PathBuf>,
    },
    /// The backups that lie at the places.
    Backups,
    /// How it is about the recovery key and the copies of the keyring.
    RecoveryState,
    /// The public half of a recovery key that somebody has.
    KeepRecoveryKey {
        /// As age writes it.
        key: String,
    },
    /// A sign-in as the owner of a clone, to bring memories in.
    ActForClone {
        /// The clone.
        clone: String,
    },
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The token of a link.
    Token(String),
    /// Where links begin, without a slash at the end; nothing where no browser finds the server.
    Front(Option<String>),
    /// It is done.
    Done,
    /// So many of each record were taken in.
    Imported(std::collections::BTreeMap<String, u64>),
    /// In which tables which word stands.
    #[cfg(feature = "testing")]
    Found(std::collections::BTreeMap<String, Vec<String>>),
    /// Values in hexadecimal digits.
    #[cfg(feature = "testing")]
    Stored(Vec<String>),
    /// What was looked at to see whether something is gone.
    Erasure(Vec<Looked>),
    /// A backup was made.
    Backup(Made),
    /// The backups, place by place, the oldest first.
    Backups(Vec<Kept>),
    /// The recovery key and the copies of the keyring.
    Recovery(RecoveryState),
    /// How many entries of the audit log fit, and the number of the first that does not.
    Audit {
        /// How many.
        entries: u64,
        /// The first that does not fit.
        broken_at: Option<u64>,
    },
}

impl Operation {
    /// The name under which it is written down, if it is.
    pub(super) fn word(&self) -> Option<&'static str> {
        Some(match self {
            Self::SetupLink => "link",
            Self::Invite => "invite",
            Self::CreateAccount { .. } => "create",
            Self::ResetPassword { .. } => "reset_password",
            Self::ResetFactors { .. } => "reset_factors",
            Self::ImportExport { .. } => "import_export",
            Self::TestMail { .. } => "test_mail",
            Self::ActForClone { .. } => "act_for_clone",
            Self::BackUp { .. } => "backup",
            Self::KeepRecoveryKey { .. } => "recovery_key",
            _ => return None,
        })
    }
}
