//! Copies of the keyring where the backups lie: one file a place, sealed for the recovery key alone
//! and overwritten whenever the keyring changes, so that a key that was destroyed lives on in none.
//! The ledger of erasures goes with it, so that nothing comes back that was erased since.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::crypt::{Openers, open, seal_for};
use super::recovery::recovery_in;
use super::write::ledger_in;
use super::{BackupError, Backups, Destination, ledger};
use crate::kernel::Timestamp;
use crate::seal::Seals;

const MAGIC: &[u8] = b"clonememoria keys 1\n";
/// How soon it is tried again, at first and at last.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));
/// How often somebody looks whether the ledger has grown.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// New keys often come several at a time.
const GATHER: Duration = Duration::from_millis(200);

/// The copy of the keyring at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copy {
    /// Which place.
    pub place: String,
    /// The generation of the keyring that is there; none since the start, or none ever.
    pub generation: Option<u64>,
    /// Entries of the ledger of erasures that are there.
    pub erasures: usize,
    /// When it was put there.
    pub at: Option<Timestamp>,
    /// Why the present one is not there.
    pub failure: Option<String>,
}

/// What is in a copy.
pub struct Opened {
    /// The keys, in memory only.
    pub seals: Seals,
    /// The ledger of erasures that belongs to them.
    pub ledger: Vec<u8>,
}

/// How a copy of the keyring of an instance is called.
pub fn copy_name(instance: &str) -> String {
    format!("clonememoria-{instance}.keyring")
}

/// Opens a copy of a keyring with the recovery key.
///
/// # Errors
/// When it was sealed for another key, or is damaged.
pub fn open_copy(openers: &Openers, sealed: &[u8]) -> Result<Opened, BackupError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(sealed.len()));
    std::io::copy(&mut open(openers, sealed)?, &mut *bytes).map_err(BackupError::reading)?;
    let damaged = || BackupError::Damaged("it is no copy of a keyring");
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
    let (length, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
    let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| damaged())?;
    let (keys, ledger) = rest.split_at_checked(length).ok_or_else(damaged)?;
    Ok(Opened { seals: Seals::of_copy(keys)?, ledger: ledger.to_vec() })
}

/// The present keyring and ledger, sealed for the recovery key; nothing if there is none.
fn sealed_copy(
    directory: &Path,
    seals: &Seals,
) -> Result<Option<(u64, usize, Vec<u8>)>, BackupError> {
    let Some(recovery) = recovery_in(directory, seals)? else { return Ok(None) };
    // What the ledger says was erased is not in keys that are looked at after it.
    let ledger = ledger_in(directory)?.unwrap_or_default();
    let (generation, keys) = seals.copied();
    let length = (keys.len() as u64).to_be_bytes();
    let size = MAGIC.len() + length.len() + keys.len() + ledger.len();
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    for part in [MAGIC, &length, &keys, &ledger] {
        bytes.extend_from_slice(part);
    }
    let sealed = seal_for(&recovery.key, &bytes)?;
    Ok(Some((generation, ledger::entries(&ledger), sealed)))
}

impl Backups {
    /// The copies of the keyring, place by place.
    pub fn copies(&self) -> Vec<Copy> {
        self.0.copies.borrow().clone()
    }

    /// The generation of the keyring here.
    pub fn generation(&self) -> u64 {
        self.0.seals.generation()
    }

    /// Copies the keyring to every place now; what does not work is seen in [`Backups::copies`],
    /// and tried again.
    pub async fn copy_now(&self) {
        for place in &self.0.places {
            // Why not stands with the copy.
            drop(self.copy_to(place).await);
        }
    }

    /// Tells when something about the copies changes.
    pub fn copies_change(&self) -> watch::Receiver<Vec<Copy>> {
        self.0.copies.subscribe()
    }

    /// Waits until the keyring of a generation, or a later one, is at every place; at once where
    /// nothing is copied because there is no place or no recovery key. What was destroyed before
    /// that generation is then in no copy any more.
    pub async fn until_copied(&self, generation: u64) {
        let mut changes = self.copies_change();
        let there = |copies: &Vec<Copy>| {
            copies.iter().all(|copy| copy.generation.is_some_and(|found| found >= generation))
        };
        while self.has_recovery() && !there(&changes.borrow_and_update()) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn has_recovery(&self) -> bool {
        recovery_in(&self.0.directory, &self.0.seals).is_ok_and(|found| found.is_some())
    }

    /// Puts the present keyring to one place, if a recovery key is set.
    pub(super) async fn copy_to(&self, place: &Destination) -> Result<(), BackupError> {
        // One after the other, so that an older one never overwrites a newer one.
        let _turn = self.0.copying.lock().await;
        let this = self.clone();
        let sealed = move || sealed_copy(&this.0.directory, &this.0.seals);
        let sealed = crate::jobs::blocking(sealed).await.map_err(|_| BackupError::Broken)??;
        let Some((generation, erasures, bytes)) = sealed else { return Ok(()) };
        let outcome = place.replace(&copy_name(&self.0.instance), bytes).await;
        let now = self.0.clock.now();
        self.0.copies.send_modify(|copies| {
            let label = place.label();
            let Some(copy) = copies.iter_mut().find(|copy| copy.place == label) else { return };
            match &outcome {
                Ok(()) => {
                    let place = std::mem::take(&mut copy.place);
                    let (generation, at) = (Some(generation), Some(now));
                    *copy = Copy { place, generation, erasures, at, failure: None };
                }
                Err(error) => copy.failure = Some(error.to_string()),
            }
        });
        outcome
    }

    /// Whether a copy at a place is older than the keyring or the ledger here.
    fn is_behind(&self, place: &Destination) -> bool {
        let (label, generation) = (place.label(), self.0.seals.generation());
        let ledger = ledger_in(&self.0.directory).ok().flatten().unwrap_or_default();
        let copies = self.0.copies.borrow();
        let copy = copies.iter().find(|copy| copy.place == label);
        copy.is_none_or(|copy| {
            copy.generation.is_none_or(|found| found < generation)
                || copy.erasures < ledger::entries(&ledger)
        })
    }

    /// Keeps the copies in step until it is stopped. A slow place keeps nobody waiting here.
    pub(super) async fn follow(self, stop: CancellationToken) {
        let mut changes = self.0.seals.changes();
        let mut wait = AGAIN.0;
        loop {
            changes.mark_unchanged();
            let mut failed = false;
            if self.has_recovery() {
                for place in &self.0.places {
                    if !self.is_behind(place) {
                        continue;
                    }
                    let copied = tokio::select! {
                        () = stop.cancelled() => return,
                        copied = self.copy_to(place) => copied,
                    };
                    if let Err(error) = copied {
                        failed = true;
                        tracing::warn!(%error, "the keyring could not be copied");
                    }
                }
            }
            let pause = if failed { wait } else { LOOK_EVERY };
            wait = if failed { AGAIN.1.min(wait * 2) } else { AGAIN.0 };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                () = self.0.kick.notified() => {}
                changed = changes.changed(), if !failed => {
                    if changed.is_err() {
                        return;
                    }
                    tokio::time::sleep(GATHER).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::RecoveryKey;
    use super::super::recovery::{Recovery, keep_recovery};
    use super::*;
    use crate::kernel::AccountId;
    use crate::seal::{Owner, Place};

    #[test]
    fn a_copy_gives_the_keys_that_are_left_and_the_ledger() {
        let directory = tempfile::tempdir().unwrap();
        let (path, seals, key) = (directory.path(), Seals::in_memory(), RecoveryKey::generate());
        let place = Place { table: "t", key: b"k" };
        let sealed = [1, 2].map(|account| {
            let owner = Owner::Account(AccountId::from_bytes([account; 16]));
            (owner, seals.seal(owner, place, 1, b"what is kept").unwrap())
        });
        assert!(sealed_copy(path, &seals).unwrap().is_none(), "nobody could open it");
        let recovery = Recovery { key: key.public(), since: Timestamp(1) };
        keep_recovery(path, &seals, &recovery).unwrap();
        std::fs::write(path.join("erasures"), "{\"seq\":1}\n{\"se").unwrap();
        seals.destroy(&[sealed[1].0]).unwrap();
        let (_, entries, copy) = sealed_copy(path, &seals).unwrap().unwrap();
        assert_eq!(entries, 1);
        let opened = open_copy(&Openers::recovery(&key), &copy).unwrap();
        assert_eq!(opened.ledger, b"{\"seq\":1}\n");
        assert!(opened.seals.are_of(&seals));
        assert_eq!(opened.seals.open_value(place, &sealed[0].1).unwrap().value, b"what is kept");
        assert!(opened.seals.open_value(place, &sealed[1].1).is_err(), "it was destroyed");
        let other = Openers::recovery(&RecoveryKey::generate());
        assert!(matches!(open_copy(&other, &copy), Err(BackupError::OtherKeys)));
    }
}
