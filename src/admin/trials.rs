//! Trying out a backup behind a console or by itself: one at a time, and how the last went, which
//! is kept in a file of the data directory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::backup::{Backups, Listed, Tried, Trouble, Wanted, is_name, keep_file};
use crate::jobs::Tasks;
use crate::kernel::{Clock, Fault, Kind, Timestamp};

/// The file of the data directory that says how the last trial went.
const FILE: &str = "backup-trial";
/// How often somebody looks whether one is due.
#[cfg(not(feature = "testing"))]
const LOOK_EVERY: Duration = Duration::from_secs(5 * 60);
#[cfg(feature = "testing")]
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How old a backup is before it is tried out by itself: the first one is not in the way of
/// whoever sets a server up.
const SETTLED: Duration = Duration::from_secs(60 * 60);
/// How soon another one is tried out after one was no good.
const AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// Opens a backup in a folder of its own and reads all of it; only who builds everything can.
pub type TryOut = Arc<dyn Fn(Wanted) -> BoxFuture<'static, Result<Tried, Fault>> + Send + Sync>;

/// What is wrong, as it is told to whoever asks later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
}

impl From<Fault> for Complaint {
    fn from(fault: Fault) -> Self {
        Self { code: fault.code.to_owned(), detail: fault.detail }
    }
}

/// A trial.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trial {
    /// The backup's name.
    pub name: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it ended and what came of it, unless it goes on.
    pub ended: Option<(Timestamp, Result<Tried, Complaint>)>,
}

/// Tries backups out.
#[derive(Clone)]
pub(super) struct Trials {
    try_out: TryOut,
    tasks: Tasks,
    clock: Clock,
    data_dir: PathBuf,
    last: Arc<Mutex<Option<Trial>>>,
}

impl Trials {
    pub(super) fn new(try_out: TryOut, tasks: Tasks, clock: Clock, data_dir: PathBuf) -> Self {
        let last = Arc::new(Mutex::new(kept_in(&data_dir)));
        Self { try_out, tasks, clock, data_dir, last }
    }

    fn held(&self) -> MutexGuard<'_, Option<Trial>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that runs, or ran last.
    pub(super) fn last(&self) -> Option<Trial> {
        self.held().clone()
    }

    /// Begins one.
    ///
    /// # Errors
    /// When another one runs, or the name is none of a backup.
    pub(super) fn begin(&self, name: &str) -> Result<(), Fault> {
        if !is_name(name) {
            return Err(Fault::not_found());
        }
        self.note_begin(name)?;
        let name = name.to_owned();
        let this = self.clone();
        self.tasks.spawn("trial of a backup", async move { drop(this.run(name).await) });
        Ok(())
    }

    fn note_begin(&self, name: &str) -> Result<(), Fault> {
        let (name, begun_at) = (name.to_owned(), self.clock.now());
        let mut last = self.held();
        if last.as_ref().is_some_and(|trial| trial.ended.is_none()) {
            let detail = "A backup is being tried out already; wait until that has ended.";
            return Err(Fault::new(Kind::Conflict, "trial_running", detail));
        }
        *last = Some(Trial { name, begun_at, ended: None });
        Ok(())
    }

    async fn run(&self, name: String) -> Result<Tried, Complaint> {
        let wanted = Wanted { backup: Some(name), ..Wanted::default() };
        let tried = (self.try_out)(wanted).await.map_err(Complaint::from);
        match &tried {
            Ok(tried) => tracing::info!(name = tried.name, "a backup was tried out and opens"),
            Err(complaint) => {
                tracing::warn!(code = complaint.code, "a backup that was tried out is no good");
            }
        }
        let ended = {
            let mut last = self.held();
            if let Some(trial) = &mut *last {
                trial.ended = Some((self.clock.now(), tried.clone()));
            }
            last.clone()
        };
        let directory = self.data_dir.clone();
        let kept = tokio::task::spawn_blocking(move || keep(&directory, ended.as_ref())).await;
        if !matches!(kept, Ok(Ok(()))) {
            tracing::warn!("how a trial of a backup went is forgotten at the next start");
        }
        tried
    }

    /// Tries the newest backup out whenever the last trial is older than `every`, and tells those
    /// who look after the server of one that is no good.
    pub(super) async fn keep_time(
        self,
        backups: Backups,
        every: Duration,
        stop: CancellationToken,
    ) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if !self.is_due(every) {
                continue;
            }
            let Some(name) = self.newest_of(&backups).await else { continue };
            if self.note_begin(&name).is_err() {
                continue;
            }
            if let Err(complaint) = self.run(name.clone()).await {
                let what = format!("{name}: {}", complaint.detail);
                backups.tell_trouble(Trouble::Failed { what }).await;
            }
        }
    }

    fn is_due(&self, every: Duration) -> bool {
        let Some(last) = self.last() else { return true };
        // One that is in the future was noted by a clock that was wrong.
        let past =
            |at: Timestamp, long| at > self.clock.now() || self.clock.now().since(at) >= long;
        match last.ended {
            None => false,
            Some((at, Ok(_))) => past(at, every),
            Some((at, Err(_))) => past(at, AGAIN.min(every)),
        }
    }

    /// The newest backup that is not just being put there.
    async fn newest_of(&self, backups: &Backups) -> Option<String> {
        let now = self.clock.now();
        let is_settled = |one: &Listed| {
            one.made_at.is_some_and(|made| made <= now && now.since(made) >= SETTLED)
        };
        let places = backups.places().await.ok()?;
        let all = places.into_iter().filter_map(|place| place.kept.ok()).flatten();
        all.filter(is_settled).max_by_key(|one| one.made_at).map(|one| one.name)
    }
}

/// How the last trial went, if one has ended here.
fn kept_in(directory: &Path) -> Option<Trial> {
    let bytes = std::fs::read(directory.join(FILE)).ok()?;
    let trial: Option<Trial> = serde_json::from_slice(&bytes).ok();
    trial.filter(|trial| trial.ended.is_some())
}

fn keep(directory: &Path, trial: Option<&Trial>) -> std::io::Result<()> {
    keep_file(directory, FILE, &serde_json::to_vec(&trial)?)
}
