//! Backups, on the operator's word.

use serde::{Deserialize, Serialize};

use super::{Admin, Operation, Outcome};
use crate::backup::Copy;
use crate::kernel::{Fault, Timestamp};

/// How it is about the recovery key.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RecoveryState {
    /// Its public half, if there is one.
    pub key: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The generation of the keyring here.
    pub generation: u64,
    /// The copies of the keyring, place by place.
    pub copies: Vec<Copy>,
}

impl Admin {
    pub(super) async fn back_up(&self, operation: Operation) -> Result<Outcome, Fault> {
        match operation {
            Operation::BackUp { to } => Ok(Outcome::Backup(self.backups.make(to).await?)),
            Operation::Backups => Ok(Outcome::Backups(self.backups.list().await?)),
            Operation::KeepRecoveryKey { key } => {
                self.backups.set_recovery(&key)?;
                self.backups.copy_now().await;
                Ok(Outcome::Recovery(self.recovery_state()?))
            }
            Operation::RecoveryState => Ok(Outcome::Recovery(self.recovery_state()?)),
            _ => Ok(Outcome::Done),
        }
    }

    fn recovery_state(&self) -> Result<RecoveryState, Fault> {
        let recovery = self.backups.recovery()?;
        Ok(RecoveryState {
            key: recovery.as_ref().map(|recovery| recovery.key.to_string()),
            since: recovery.map(|recovery| recovery.since),
            generation: self.backups.generation(),
            copies: self.backups.copies(),
        })
    }
}
