//! The one place that starts tasks, so that a stop can wait for all of them.
//!
//! `app` makes one [`Tasks`] and hands it down. A task that is not spawned here would outlive
//! the store it writes to.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts tasks, tells them to stop, and waits for them. Cheap to copy around.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    kill: CancellationToken,
    running: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

/// Some tasks did not end in time and were dropped where they stood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tasks did not end in time: {}", .names.join(", "))]
pub struct Unfinished {
    /// The names of the tasks, each once.
    pub names: Vec<&'static str>,
}

/// Work on the CPU or the disk, away from the threads that serve requests.
///
/// # Errors
/// When the work panicked.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Panicked> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Panicked)
}

/// The work panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a piece of work panicked")]
pub struct Panicked;

impl Tasks {
    /// No task yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Fires when the process is asked to stop; a task that loops watches it.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a task. A panic in it is logged under its name and ends that task only.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let kill = self.kill.clone();
        let entry = Entry::new(name, Arc::clone(&self.running));
        self.tracker.spawn(async move {
            let _entry = entry;
            let work = AssertUnwindSafe(work).catch_unwind();
            tokio::select! {
                biased;
                () = kill.cancelled() => {}
                end = work => if end.is_err() {
                    tracing::error!(task = name, "a task panicked");
                },
            }
        });
    }

    /// How many tasks run under each name.
    pub fn running(&self) -> BTreeMap<&'static str, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells all tasks to stop and waits for them.
    ///
    /// # Errors
    /// When some had to be dropped because `deadline` was over.
    pub async fn join_all(&self, deadline: Duration) -> Result<(), Unfinished> {
        self.join_all_while(tokio::time::sleep(deadline)).await
    }

    /// The same, for as long as somebody's patience lasts.
    ///
    /// # Errors
    /// When some had to be dropped because it was over.
    pub async fn join_all_while(
        &self,
        patience: impl Future<Output = ()>,
    ) -> Result<(), Unfinished> {
        self.stop.cancel();
        self.tracker.close();
        tokio::select! {
            biased;
            () = self.tracker.wait() => return Ok(()),
            () = patience => {}
        }
        let names = self.running().into_keys().collect();
        self.kill.cancel();
        self.tracker.wait().await;
        Err(Unfinished { names })
    }
}

/// Counts a task while it lives, also when it is dropped unpolled.
struct Entry {
    name: &'static str,
    running: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

impl Entry {
    fn new(name: &'static str, running: Arc<Mutex<BTreeMap<&'static str, usize>>>) -> Self {
        *running.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        Self { name, running }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(self.name) {
            *count -= 1;
            if *count == 0 {
                running.remove(self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_watches_the_token_is_waited_for() {
        let tasks = Tasks::new();
        let stop = tasks.stopping();
        tasks.spawn("loop", async move { stop.cancelled().await });
        assert_eq!(tasks.running().get("loop"), Some(&1));
        assert_eq!(tasks.join_all(Duration::from_secs(5)).await, Ok(()));
        assert!(tasks.running().is_empty());
    }

    #[tokio::test]
    async fn a_task_that_does_not_listen_is_dropped_and_named() {
        let tasks = Tasks::new();
        tasks.spawn("deaf", std::future::pending());
        let end = tasks.join_all(Duration::from_millis(10)).await;
        assert_eq!(end, Err(Unfinished { names: vec!["deaf"] }));
    }

    #[tokio::test]
    async fn a_panic_ends_one_task_only() {
        let tasks = Tasks::new();
        tasks.spawn("bad", async { panic!("no") });
        assert_eq!(tasks.join_all(Duration::from_secs(5)).await, Ok(()));
    }
}
