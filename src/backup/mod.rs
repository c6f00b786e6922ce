//! Backups: one file with everything that is stored, as it is sealed, and without the keys.
//!
//! A backup is written from one snapshot into the data directory, at the speed of its disk, and
//! only then carried to where backups lie, however slow that is: no snapshot is held open for a
//! network. Two keys open its outside, that of the instance and the recovery key (`crypt`); what is
//! inside stays sealed with the keys of accounts and clones, which are in the keyring alone. So the
//! keyring is copied beside the backups whenever it changes (`copies`), for the recovery key, and
//! a key that was destroyed is in no backup and, soon, in no copy.

mod copies;
mod crypt;
mod destination;
mod error;
mod format;
mod ledger;
mod make;
mod read;
mod recovery;
mod schedule;
mod snapshot;
mod swap;
#[cfg(test)]
mod tests;
mod trial;
mod watch;
mod write;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch as channel};
use tokio_util::sync::CancellationToken;

use crate::jobs::Tasks;
use crate::kernel::{Clock, Timestamp};
use crate::providers::{Bucket, BucketSettings, Outbound};
use crate::seal::Seals;
use crate::store::{Store, TableInfo};

pub use copies::{Copy, Opened, copy_name, open_copy};
pub use crypt::{Openers, PublicKey, RecoveryKey};
pub use destination::Destination;
pub use error::BackupError;
pub use format::{Footer, Header};
pub use ledger::{Keep, Mismatch, which};
pub use read::{header_of, unpack};
pub use recovery::{RECOVERY, Recovery, keep_file, keep_recovery, recovery_in};
pub use snapshot::{Snapshot, forget_snapshots, open_snapshot, snapshot, snapshots_in};
pub use swap::{Begun, Swap, begin, opened, revert, settle, started};
pub use trial::{Findings, Tried, Wanted};
pub use watch::{Listed, OnTrouble, PlaceState, Schedule, Trouble};
pub use write::{FILES, ledger_in};

/// The folder of a data directory for what is on its way; emptied at every start.
pub const TMP: &str = "tmp";
/// What the names of backups end in.
pub const ENDING: &str = ".cmb";

/// Where backups go, and when.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A directory.
    pub directory: Option<PathBuf>,
    /// A bucket.
    pub bucket: Option<BucketSettings>,
    /// How often one is made by itself; never if nothing is said.
    pub every: Option<Duration>,
    /// How many of this instance are kept at each place.
    pub keep: usize,
    /// How often the newest is tried out by itself; never if nothing is said.
    pub try_every: Option<Duration>,
}

impl Settings {
    /// The places that are set.
    ///
    /// # Errors
    /// When the settings of a bucket make no client.
    pub fn places(&self, outbound: Outbound) -> Result<Vec<Destination>, BackupError> {
        let mut places: Vec<_> =
            self.directory.iter().map(|path| Destination::Directory(path.clone())).collect();
        if let Some(settings) = &self.bucket {
            let bucket = Bucket::new(outbound, settings).map_err(|error| BackupError::Place {
                place: format!("s3://{}", settings.bucket),
                what: error.to_string(),
            })?;
            places.push(Destination::Bucket(bucket));
        }
        Ok(places)
    }
}

/// What backups are made of and with.
#[expect(missing_docs, reason = "each field is the part of its type")]
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub seals: Seals,
    pub tables: Vec<TableInfo>,
    pub directory: PathBuf,
    pub places: Vec<Destination>,
    pub keep: usize,
}

/// Makes backups. Cheap to clone.
#[derive(Clone)]
pub struct Backups(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    seals: Seals,
    tables: Vec<TableInfo>,
    directory: PathBuf,
    instance: String,
    places: Vec<Destination>,
    keep: usize,
    copying: tokio::sync::Mutex<()>,
    copies: channel::Sender<Vec<Copy>>,
    kick: Notify,
    last: Mutex<Last>,
    /// Since when one is being made: one at a time.
    running: Mutex<Option<Timestamp>>,
    watched: Mutex<watch::Watched>,
    on_trouble: OnceLock<OnTrouble>,
    every: OnceLock<Duration>,
    tasks: OnceLock<Tasks>,
    stop: CancellationToken,
}

/// The turn of whoever makes a backup; the next may when it is dropped.
struct Turn(Backups);

impl Drop for Turn {
    fn drop(&mut self) {
        *held(&self.0.0.running) = None;
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How it went the last times, since the start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Last {
    /// When one was made that is at every place.
    pub success: Option<Timestamp>,
    /// When one was not, and why.
    pub failure: Option<(Timestamp, String)>,
}

/// A backup that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
    /// Rows in it.
    pub rows: u64,
    /// Files in it.
    pub files: u64,
    /// Where it is.
    pub places: Vec<String>,
    /// Where it is not, and why.
    pub failed: Vec<(String, String)>,
    /// Whether the recovery key can give it back on another machine.
    pub is_restorable: bool,
}

/// A backup that lies somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Where.
    pub place: String,
    /// Its name.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
}

/// What the names of all that belongs to an instance begin with.
///
/// # Errors
/// When the keyring has no key of the instance.
pub fn beginning(seals: &Seals) -> Result<String, BackupError> {
    Ok(format!("clonememoria-{}", instance(seals)?))
}

fn instance(seals: &Seals) -> Result<String, BackupError> {
    let drawn = seals.drawn("clonememoria name of the instance")?;
    Ok(drawn[..6].iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Backups {
    /// Over a store and its keys.
    ///
    /// # Errors
    /// When the keyring has no key of the instance.
    pub fn new(parts: Parts) -> Result<Self, BackupError> {
        let Parts { store, clock, seals, tables, directory, places, keep } = parts;
        let copies =
            places.iter().map(|place| Copy { place: place.label(), ..Copy::default() }).collect();
        Ok(Self(Arc::new(Inner {
            instance: instance(&seals)?,
            store,
            clock,
            seals,
            tables,
            directory,
            places,
            keep,
            copying: tokio::sync::Mutex::default(),
            copies: channel::Sender::new(copies),
            kick: Notify::new(),
            last: Mutex::default(),
            running: Mutex::default(),
            watched: Mutex::default(),
            on_trouble: OnceLock::new(),
            every: OnceLock::new(),
            tasks: OnceLock::new(),
            stop: CancellationToken::new(),
        })))
    }

    /// Starts what keeps the copies of the keyring in step, and what makes backups by itself.
    /// One that is being made is given up when `end` comes, before the tasks are stopped.
    pub fn start(&self, tasks: &Tasks, every: Option<Duration>, end: CancellationToken) {
        let (this, stop) = (self.clone(), tasks.stopping());
        // It is started once.
        self.0.tasks.get_or_init(|| tasks.clone());
        tasks.spawn("end of backups", async move {
            tokio::select! {
                () = end.cancelled() => {}
                () = stop.cancelled() => {}
            }
            this.0.stop.cancel();
        });
        if self.0.places.is_empty() {
            return;
        }
        tasks.spawn("keyring copies", self.clone().follow(tasks.stopping()));
        if let Some(every) = every {
            self.0.every.get_or_init(|| every);
            held(&self.0.watched).since = Some(self.0.clock.now());
            tasks.spawn("backups", self.clone().keep_time(every, tasks.stopping()));
            tasks.spawn("overdue backups", self.clone().look_whether_late(every, tasks.stopping()));
        }
    }

    /// Makes a backup and puts it to every place, or to one directory that is named. There no
    /// copy of the keyring is put, because it would not follow the keyring.
    ///
    /// # Errors
    /// When another one is being made, there is no place, or it cannot be written. A place that
    /// does not take it is named in what is returned.
    pub async fn make(&self, to: Option<PathBuf>) -> Result<Made, BackupError> {
        let turn = self.turn()?;
        self.make_in(turn, to).await
    }

    /// Begins a backup to every place that is set, and goes on with it behind.
    ///
    /// # Errors
    /// When another one is being made, or there is no place.
    pub fn begin(&self) -> Result<(), BackupError> {
        if self.0.places.is_empty() {
            return Err(BackupError::Nowhere);
        }
        let tasks = self.0.tasks.get().ok_or(BackupError::Stopped)?;
        let (this, turn) = (self.clone(), self.turn()?);
        tasks.spawn("backup", async move {
            watch::tell_of(&this.make_in(turn, None).await);
        });
        Ok(())
    }

    fn turn(&self) -> Result<Turn, BackupError> {
        let mut running = held(&self.0.running);
        match running.replace(self.0.clock.now()) {
            None => Ok(Turn(self.clone())),
            since => {
                *running = since;
                Err(BackupError::Running)
            }
        }
    }

    async fn make_in(&self, turn: Turn, to: Option<PathBuf>) -> Result<Made, BackupError> {
        let everywhere = to.is_none();
        let made = self.made(to).await;
        self.note(&made, everywhere);
        drop(turn);
        made
    }

    /// How it went the last times.
    pub fn last(&self) -> Last {
        held(&self.0.last).clone()
    }

    /// What lies at the places, place by place, the oldest first.
    ///
    /// # Errors
    /// When a place does not tell.
    pub async fn list(&self) -> Result<Vec<Kept>, BackupError> {
        let mut all = Vec::new();
        for place in &self.0.places {
            all.extend(backups_at(place, "clonememoria-").await?);
        }
        Ok(all)
    }

    /// The recovery key, if there is one.
    ///
    /// # Errors
    /// When what is kept of it is damaged.
    pub fn recovery(&self) -> Result<Option<Recovery>, BackupError> {
        recovery_in(&self.0.directory, &self.0.seals)
    }

    /// Keeps the public half of a recovery key that somebody has shown to have, and copies the
    /// keyring for it.
    ///
    /// # Errors
    /// When it is none, or cannot be kept.
    pub fn set_recovery(&self, key: &str) -> Result<(), BackupError> {
        let recovery = Recovery { key: PublicKey::read(key)?, since: self.0.clock.now() };
        keep_recovery(&self.0.directory, &self.0.seals, &recovery)?;
        // What lies there is for another key, or for none.
        self.0.copies.send_modify(|copies| {
            copies.iter_mut().for_each(|copy| copy.generation = None);
        });
        self.0.kick.notify_one();
        Ok(())
    }
}

/// Whether a text is the name of a backup, and not a path to anything else.
pub fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    text.len() <= 200
        && text.starts_with("clonememoria-")
        && text.ends_with(ENDING)
        && text.bytes().all(plain)
}

/// The backups at a place whose names begin so, the oldest first.
///
/// # Errors
/// When the place does not tell.
pub async fn backups_at(place: &Destination, beginning: &str) -> Result<Vec<Kept>, BackupError> {
    let found = place.list(beginning).await?;
    let mut kept: Vec<_> = found
        .into_iter()
        .filter(|(name, _)| name.ends_with(ENDING))
        .map(|(name, size)| Kept { place: place.label(), name, size })
        .collect();
    kept.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(kept)
}
