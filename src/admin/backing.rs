//! Backups, on the operator's word and on an admin's.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Admin, Operation, Outcome, Trial};
use crate::accounts::SecurityEvent;
use crate::backup::{BackupError, Copy, Last, PlaceState, RecoveryKey, Schedule};
use crate::jobs::Tasks;
use crate::kernel::{AccountId, Fault, Kind, Secret, Timestamp};
use crate::store::StoreError;

/// How long a new recovery key waits for somebody to show that they kept it.
const PROVEN_WITHIN: Duration = Duration::from_secs(30 * 60);
/// How many characters of its end show that.
const LAST: usize = 8;
/// How long an answer waits for the copies of the keyring.
const COPIED_WITHIN: Duration = Duration::from_secs(10);

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

/// How it is about backups.
pub struct Backing {
    /// The places that are set, with what lies there.
    pub places: Vec<PlaceState>,
    /// When backups are made.
    pub schedule: Schedule,
    /// How it went the last times.
    pub last: Last,
    /// The recovery key and the copies of the keyring.
    pub recovery: RecoveryState,
    /// The trial that runs, or ran last.
    pub trial: Option<Trial>,
}

/// A recovery key that nobody has shown to have kept.
pub(super) struct Pending {
    key: RecoveryKey,
    for_whom: AccountId,
    until: Timestamp,
}

/// A recovery key, to be shown once.
pub struct NewRecoveryKey {
    /// The key itself.
    pub key: Secret<String>,
    /// Its public half.
    pub public: String,
    /// How many characters of its end have to be typed.
    pub last: usize,
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

    /// How it is about backups.
    ///
    /// # Errors
    /// When what is kept of the recovery key is damaged.
    pub async fn backing(&self) -> Result<Backing, Fault> {
        Ok(Backing {
            places: self.backups.places().await?,
            schedule: self.backups.schedule(),
            last: self.backups.last(),
            recovery: self.recovery_state()?,
            trial: self.trials.last(),
        })
    }

    /// Has the newest backup tried out by itself whenever the last trial is older than that.
    pub fn try_by_itself(&self, tasks: &Tasks, every: Duration) {
        let drills = self.trials.clone();
        let stop = tasks.stopping();
        tasks.spawn("trials of backups", drills.keep_time(self.backups.clone(), every, stop));
    }

    /// Begins a backup, on an admin's word.
    ///
    /// # Errors
    /// When one is being made, or there is no place for it.
    pub async fn begin_backup(&self, by: AccountId) -> Result<(), Fault> {
        self.backups.begin()?;
        self.note_of(by, SecurityEvent::BackupAsked).await
    }

    /// Begins to try a backup out.
    ///
    /// # Errors
    /// When one is being tried out, or there is none of this name here.
    pub async fn begin_trial(&self, by: AccountId, name: &str) -> Result<(), Fault> {
        let places = self.backups.places().await?;
        let lies_at = |place: &PlaceState| {
            place.kept.as_ref().is_ok_and(|kept| kept.iter().any(|one| one.name == name))
        };
        if !places.iter().any(lies_at) {
            return Err(BackupError::Missing(name.to_owned()).into());
        }
        self.trials.begin(name)?;
        self.note_of(by, SecurityEvent::BackupTried).await
    }

    /// A new recovery key, which counts when it was shown that somebody kept it.
    pub fn draw_recovery_key(&self, by: AccountId) -> NewRecoveryKey {
        let key = RecoveryKey::generate();
        let (shown, public) = (key.reveal(), key.public().to_string());
        let until = self.clock.now().plus(PROVEN_WITHIN);
        *self.pending() = Some(Pending { key, for_whom: by, until });
        NewRecoveryKey { key: shown, public, last: LAST }
    }

    /// Keeps the public half of the recovery key that was shown, if the end of it that was typed
    /// is right.
    ///
    /// # Errors
    /// When none was shown to this account a while ago, or something else was typed.
    pub async fn prove_recovery_key(&self, by: AccountId, typed: &str) -> Result<(), Fault> {
        let public = {
            let mut pending = self.pending();
            let now = self.clock.now();
            let Some(drawn) =
                pending.as_ref().filter(|drawn| drawn.for_whom == by && now < drawn.until)
            else {
                let detail = "No new recovery key waits for this: have another one made.";
                return Err(Fault::new(Kind::Conflict, "no_new_recovery_key", detail));
            };
            if !is_end_of(&drawn.key, typed) {
                let detail =
                    "This is not the end of the key that was shown: it does not count yet.";
                return Err(Fault::new(Kind::Invalid, "recovery_key_mismatch", detail));
            }
            let public = drawn.key.public().to_string();
            *pending = None;
            public
        };
        self.backups.set_recovery(&public)?;
        // A place that is slow gets its copy later, and the answer says that it is behind.
        drop(tokio::time::timeout(COPIED_WITHIN, self.backups.copy_now()).await);
        self.note_of(by, SecurityEvent::RecoveryKeySet).await
    }

    async fn note_of(&self, by: AccountId, event: SecurityEvent) -> Result<(), Fault> {
        let (watchers, now) = (self.watchers.clone(), self.clock.now());
        let noted = self
            .store
            .write(move |tx| -> Result<(), StoreError> { watchers.tell_in(tx, by, &event, now) });
        Ok(noted.await?)
    }
}

/// Whether somebody typed all of a key or its end, however they grouped it.
fn is_end_of(key: &RecoveryKey, typed: &str) -> bool {
    let typed: String = typed.split_whitespace().collect::<String>().to_uppercase();
    typed.len() >= LAST && key.reveal().reveal().ends_with(&typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_key_is_enough_and_less_is_not() {
        let key = RecoveryKey::generate();
        let text = key.reveal().reveal().clone();
        let end = |count: usize| text[text.len() - count..].to_owned();
        let (four, rest) = (&end(4), &end(8)[..4]);
        for right in [text.clone(), end(8), end(8).to_lowercase(), format!(" {rest} {four}\n")] {
            assert!(is_end_of(&key, &right), "{right}");
        }
        for wrong in ["", &end(7), &text[..20], &format!("{}Q", end(8))] {
            assert!(!is_end_of(&key, wrong), "{wrong}");
        }
    }
}
