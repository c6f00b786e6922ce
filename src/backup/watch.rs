//! How it is about backups, for whoever looks after the server: what lies where, when the next one
//! is due, and that somebody hears of it when none is made.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::schedule::{AGAIN, LOOK_EVERY, made_at};
use super::{BackupError, Backups, Copy, Destination, Made, backups_at, held};
use crate::kernel::Timestamp;

/// How long a place may take to say what lies there.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many looks in a row must find that none was made in time: after a clock has jumped, or a
/// machine has slept, the one that is due is being made.
const LOOKS: u32 = 10;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// One that was due could not be made, or is not at every place.
    Failed {
        /// What failed, place by place.
        what: String,
    },
    /// None was made for longer than twice the time between two.
    Overdue,
}

/// Hears of trouble, once until a backup is at every place again; and when the last good one was
/// made, as far as that is known.
pub type OnTrouble =
    Arc<dyn Fn(Trouble, Option<Timestamp>) -> BoxFuture<'static, ()> + Send + Sync>;

/// What is known of backups that are made by themselves.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// Since when somebody sees to it.
    pub(super) since: Option<Timestamp>,
    /// When the newest was made that is at every place.
    newest: Option<Timestamp>,
    /// Whether somebody was told that it goes wrong.
    told: bool,
    is_late: bool,
}

/// When backups are made.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// How often; never by themselves if nothing is said.
    pub every: Option<Duration>,
    /// When the next one is due, which may be over.
    pub next: Option<Timestamp>,
    /// Since when one is being made.
    pub running: Option<Timestamp>,
    /// When the newest was made that is at every place, as far as that is known.
    pub last_success: Option<Timestamp>,
    /// Whether none was made for longer than twice the time between two.
    pub is_late: bool,
}

/// A backup of this server at a place.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
    /// When it was made, from its name.
    pub made_at: Option<Timestamp>,
    /// Whether it is sealed for the present recovery key too.
    pub for_recovery: bool,
}

/// How it is at a place.
#[derive(Clone, Debug)]
pub struct PlaceState {
    /// Which.
    pub place: String,
    /// The backups of this server, newest first, or why the place does not tell.
    pub kept: Result<Vec<Listed>, String>,
    /// The copy of the keyring.
    pub copy: Copy,
}

/// Logs how a backup went that nobody waited for.
pub(super) fn tell_of(made: &Result<Made, BackupError>) {
    match made {
        Ok(made) if made.failed.is_empty() => {
            tracing::info!(name = made.name, size = made.size, "a backup was made");
        }
        Ok(made) => {
            let places: Vec<_> = made.failed.iter().map(|(place, _)| place).collect();
            tracing::warn!(?places, "a backup is not at every place");
        }
        Err(BackupError::Running | BackupError::Stopped) => {}
        Err(error) => tracing::warn!(%error, "no backup could be made"),
    }
}

/// What a backup that did not go well says of it; nothing of one that did, or was not tried.
fn failure_of(made: &Result<Made, BackupError>) -> Option<String> {
    match made {
        Ok(made) if made.failed.is_empty() => None,
        Ok(made) => {
            let what = made.failed.iter().map(|(place, what)| format!("{place}: {what}"));
            Some(what.collect::<Vec<_>>().join("; "))
        }
        Err(BackupError::Running | BackupError::Stopped) => None,
        Err(error) => Some(error.to_string()),
    }
}

impl Backups {
    /// Names who hears of trouble; a second call is ignored.
    pub fn on_trouble(&self, listener: OnTrouble) {
        self.0.on_trouble.get_or_init(|| listener);
    }

    /// Notes how one went; `everywhere` says whether it was for all places that are set.
    pub(super) fn note(&self, made: &Result<Made, BackupError>, everywhere: bool) {
        let now = self.0.clock.now();
        let failure = failure_of(made);
        let is_well = made.is_ok() && failure.is_none();
        if is_well && everywhere {
            let mut watched = held(&self.0.watched);
            (watched.newest, watched.told, watched.is_late) = (Some(now), false, false);
        }
        let mut last = held(&self.0.last);
        match failure {
            Some(what) => last.failure = Some((now, what)),
            None if is_well => (last.success, last.failure) = (Some(now), None),
            None => {}
        }
    }

    /// Notes what lies at the places, if all of them tell: when the newest was made that is
    /// everywhere.
    pub(super) fn note_newest(&self, newest: Option<Timestamp>) {
        held(&self.0.watched).newest = newest;
    }

    /// Tells that it went wrong, unless that was told and no backup went well since.
    pub async fn tell_trouble(&self, trouble: Trouble) {
        let newest = {
            let mut watched = held(&self.0.watched);
            if std::mem::replace(&mut watched.told, true) {
                return;
            }
            watched.newest
        };
        if let Some(listener) = self.0.on_trouble.get() {
            listener(trouble, newest).await;
        }
    }

    /// Tells of one that was made by itself and did not go well.
    pub(super) async fn tell_failure(&self, made: &Result<Made, BackupError>) {
        if let Some(what) = failure_of(made) {
            self.tell_trouble(Trouble::Failed { what }).await;
        }
    }

    /// Sees whether none was made for too long, whatever keeps them from being made.
    pub(super) async fn look_whether_late(self, every: Duration, stop: CancellationToken) {
        let mut looks = 0;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            looks = if self.seems_late(every) { looks + 1 } else { 0 };
            let is_late = looks >= LOOKS;
            held(&self.0.watched).is_late = is_late;
            if is_late {
                self.tell_trouble(Trouble::Overdue).await;
            }
        }
    }

    fn seems_late(&self, every: Duration) -> bool {
        let now = self.0.clock.now();
        // One that is being made may take its time, but not for ever.
        if held(&self.0.running).is_some_and(|since| now.since(since) < every) {
            return false;
        }
        let watched = held(&self.0.watched);
        // What was missed while the server did not run is made up for at its start.
        watched.newest.max(watched.since).is_some_and(|last| now.since(last) > every * 2)
    }

    /// When backups are made.
    pub fn schedule(&self) -> Schedule {
        let every = self.0.every.get().copied();
        let again = held(&self.0.last).failure.as_ref().map(|(at, _)| at.plus(AGAIN));
        let running = *held(&self.0.running);
        let watched = held(&self.0.watched);
        let due = every
            .and_then(|every| watched.newest.map(|newest| newest.plus(every)).or(watched.since));
        let next = due.map(|due| again.unwrap_or(due).max(due));
        let (last_success, is_late) = (watched.newest, watched.is_late);
        Schedule { every, next, running, last_success, is_late }
    }

    /// What lies at each place, and how it is about the copy of the keyring there.
    ///
    /// # Errors
    /// When what is kept of the recovery key is damaged.
    pub async fn places(&self) -> Result<Vec<PlaceState>, BackupError> {
        let since = self.recovery()?.map(|recovery| recovery.since);
        let beginning = format!("clonememoria-{}-", self.0.instance);
        let mut states = Vec::new();
        for (place, copy) in self.0.places.iter().zip(self.copies()) {
            let kept = listed(place, &beginning, since).await;
            states.push(PlaceState { place: place.label(), kept, copy });
        }
        Ok(states)
    }

    /// Every backup that lies at a place, whoever's it is: for a server that has nothing yet.
    pub async fn anybodys(&self) -> Vec<(String, Result<Vec<Listed>, String>)> {
        let mut all = Vec::new();
        for place in &self.0.places {
            all.push((place.label(), listed(place, "clonememoria-", None).await));
        }
        all
    }
}

/// The backups at a place whose names begin so, the newest first, or why it does not tell.
async fn listed(
    place: &Destination,
    beginning: &str,
    recovery: Option<Timestamp>,
) -> Result<Vec<Listed>, String> {
    let found = tokio::time::timeout(PATIENCE, backups_at(place, beginning)).await;
    let kept = match found {
        Ok(Ok(kept)) => kept,
        Ok(Err(BackupError::Place { what, .. })) => return Err(what),
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err("it does not answer in time".to_owned()),
    };
    let listed = kept.into_iter().map(|kept| {
        let made_at = made_at(&kept.name);
        // Names have no parts of seconds: one of the same second counts as made before.
        let for_recovery = recovery.zip(made_at).is_some_and(|(since, at)| at >= since);
        Listed { name: kept.name, size: kept.size, made_at, for_recovery }
    });
    let mut listed: Vec<_> = listed.collect();
    listed.sort_by_key(|one| std::cmp::Reverse(one.made_at));
    Ok(listed)
}
