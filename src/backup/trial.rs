//! What is asked of a backup that is tried out, and what is found.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::RecoveryKey;
use crate::kernel::Timestamp;

/// Which backup, and with what it is opened.
#[derive(Default)]
pub struct Wanted {
    /// A file, or the name of one that lies where backups go; the newest if nothing is said.
    pub backup: Option<String>,
    /// The recovery key, where the keys are not here.
    pub recovery: Option<RecoveryKey>,
    /// The copy of the keyring; where nothing is said it lies beside the backup.
    pub keyring: Option<PathBuf>,
}

/// What was found in a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Rows that were opened and read: all of them.
    pub rows: u64,
    /// Those of them whose keys were destroyed: what was erased since the copy was made.
    pub erased: u64,
    /// Accounts.
    pub accounts: u64,
    /// Clones.
    pub clones: u64,
    /// Memories.
    pub memories: u64,
    /// Files of memories that were read and are as they were stored.
    pub files: u64,
    /// Those that are not: they were damaged on the disk before.
    pub damaged_files: u64,
    /// Searches for the words of memories.
    pub searches: usize,
    /// Those that found the memory.
    pub found: usize,
}

/// A backup that was tried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tried {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// The version that made it.
    pub app: String,
    /// What was found in it.
    pub findings: Findings,
}
