//! Trying out a backup behind a console: one at a time, and how the last went.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;

use crate::backup::{Tried, Wanted, is_name};
use crate::jobs::Tasks;
use crate::kernel::{Clock, Fault, Kind, Timestamp};

/// Opens a backup in a folder of its own and reads all of it; only who builds everything can.
pub type TryOut = Arc<dyn Fn(Wanted) -> BoxFuture<'static, Result<Tried, Fault>> + Send + Sync>;

/// What is wrong, as it is told to whoever asks later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
}

impl From<Fault> for Complaint {
    fn from(fault: Fault) -> Self {
        Self { code: fault.code, detail: fault.detail }
    }
}

/// A trial.
#[derive(Clone, Debug)]
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
    last: Arc<Mutex<Option<Trial>>>,
}

impl Trials {
    pub(super) fn new(try_out: TryOut, tasks: Tasks, clock: Clock) -> Self {
        Self { try_out, tasks, clock, last: Arc::default() }
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
        let (name, begun_at) = (name.to_owned(), self.clock.now());
        let mut last = self.held();
        if last.as_ref().is_some_and(|trial| trial.ended.is_none()) {
            let detail = "A backup is being tried out already; wait until that has ended.";
            return Err(Fault::new(Kind::Conflict, "trial_running", detail));
        }
        *last = Some(Trial { name: name.clone(), begun_at, ended: None });
        drop(last);
        let this = self.clone();
        self.tasks.spawn("trial of a backup", async move {
            let wanted = Wanted { backup: Some(name), ..Wanted::default() };
            let tried = (this.try_out)(wanted).await.map_err(Complaint::from);
            match &tried {
                Ok(tried) => tracing::info!(name = tried.name, "a backup was tried out and opens"),
                Err(complaint) => {
                    tracing::warn!(code = complaint.code, "a backup that was tried out is no good");
                }
            }
            if let Some(trial) = &mut *this.held() {
                trial.ended = Some((this.clock.now(), tried));
            }
        });
        Ok(())
    }
}
