//! Whose turn it is to search: so many at once, each for so long.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::RetrievalError;

/// An answer takes seconds anyway: its search may take this many times as long as one that
/// somebody waits for with a finger on the key.
const FOR_ANSWERS: u32 = 5;

/// Longer waits are none: an instant has an end.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Who waits for a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// Somebody who searches.
    Searcher,
    /// An answer that is being made.
    Answer,
}

/// The turns of all searches.
pub(super) struct Turns {
    free: Arc<Semaphore>,
    most: Duration,
    /// Milliseconds that each search takes longer.
    #[cfg(feature = "testing")]
    slower: std::sync::atomic::AtomicU64,
}

impl Turns {
    /// Twice as many at once as there are cores, since one reads while another reckons; each for
    /// `most` at the longest, the waiting included.
    pub(super) fn new(most: Duration) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self::of(2 * cores, most)
    }

    fn of(many: usize, most: Duration) -> Self {
        Self {
            free: Arc::new(Semaphore::new(many)),
            most,
            #[cfg(feature = "testing")]
            slower: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// Until when a search that begins now must be done.
    pub(super) fn deadline(&self, waiting: Waiting) -> Deadline {
        let most = match waiting {
            Waiting::Searcher => self.most,
            Waiting::Answer => self.most.saturating_mul(FOR_ANSWERS),
        };
        Deadline(Instant::now() + most.min(LONGEST))
    }

    /// Waits for a turn. It lasts until what is given back is dropped: who goes away before the
    /// end of a search leaves the turn with it.
    ///
    /// # Errors
    /// `TooBusy` when none comes in time.
    pub(super) async fn next(&self, deadline: Deadline) -> Result<Turn, RetrievalError> {
        let permit = tokio::time::timeout_at(deadline.0, Arc::clone(&self.free).acquire_owned());
        match permit.await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit, deadline }),
            // Nobody closes the semaphore.
            Ok(Err(_)) | Err(_) => Err(RetrievalError::TooBusy),
        }
    }
}

#[cfg(feature = "testing")]
impl Turns {
    /// From now on each search takes longer.
    pub(super) fn slow_down(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.slower.store(millis, std::sync::atomic::Ordering::Relaxed);
    }

    /// How much longer.
    pub(super) fn slower_by(&self) -> Duration {
        Duration::from_millis(self.slower.load(std::sync::atomic::Ordering::Relaxed))
    }

    /// Works for as long as was said, or until the turn is over.
    pub(super) fn dawdle(&self, turn: &Turn) -> Result<(), RetrievalError> {
        for _ in 0..self.slower_by().as_millis() {
            std::thread::sleep(Duration::from_millis(1));
            turn.go_on()?;
        }
        Ok(())
    }
}

/// When a search has to be over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// What comes of some work, if it comes in time.
    ///
    /// # Errors
    /// `TooBusy` when it does not, and what the work fails with.
    pub(super) async fn keep<T>(
        self,
        work: impl Future<Output = Result<T, RetrievalError>>,
    ) -> Result<T, RetrievalError> {
        tokio::time::timeout_at(self.0, work).await.unwrap_or(Err(RetrievalError::TooBusy))
    }
}

/// One search's turn.
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
    deadline: Deadline,
}

impl Turn {
    /// Goes on, or gives up what nobody waits for any more.
    ///
    /// # Errors
    /// `TooBusy` when the time is up.
    pub(super) fn go_on(&self) -> Result<(), RetrievalError> {
        match Instant::now() < self.deadline.0 {
            true => Ok(()),
            false => Err(RetrievalError::TooBusy),
        }
    }

    /// The same for a walk through rows, which [`Self::go_on`] is asked about afterwards.
    pub(super) fn flow(&self) -> ControlFlow<()> {
        self.go_on().map_or(ControlFlow::Break(()), ControlFlow::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn there_are_as_many_turns_as_were_said_and_who_waits_too_long_gets_none() {
        let turns = Turns::of(1, Duration::from_millis(50));
        let first = turns.next(turns.deadline(Waiting::Searcher)).await.unwrap();
        let began = Instant::now();
        let second = turns.next(turns.deadline(Waiting::Searcher)).await;
        assert!(matches!(second, Err(RetrievalError::TooBusy)));
        assert!(began.elapsed() >= Duration::from_millis(50));
        assert!(first.go_on().is_err(), "its own time is up as well");
        drop(first);
        let patient = Turns::of(1, Duration::MAX);
        assert!(patient.next(patient.deadline(Waiting::Answer)).await.unwrap().go_on().is_ok());
    }

    fn patient(turns: &Turns) -> Deadline {
        let Deadline(soon) = turns.deadline(Waiting::Searcher);
        Deadline(soon + Duration::from_secs(60))
    }

    #[tokio::test]
    async fn who_goes_away_leaves_the_turn_with_the_work() {
        let turns = Turns::of(1, Duration::from_millis(50));
        let deadline = turns.deadline(Waiting::Searcher);
        let turn = turns.next(deadline).await.unwrap();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let work = crate::jobs::blocking(move || {
            let done = wait.recv();
            drop(turn);
            done.is_ok()
        });
        let late = deadline.keep(async { work.await.map_err(|_| RetrievalError::Broken) }).await;
        assert!(matches!(late, Err(RetrievalError::TooBusy)));
        assert_eq!(turns.free.available_permits(), 0, "somebody works there still");
        go.send(()).unwrap();
        let next = turns.next(patient(&turns)).await;
        assert!(next.is_ok());
    }
}
