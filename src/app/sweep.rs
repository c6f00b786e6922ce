//! Sweeping away what has expired, now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::accounts;
use crate::audit::Audit;
use crate::http::health::State;
use crate::identities::Identities;
use crate::jobs;
use crate::jobs::calendar::{self, Belief};
use crate::kernel::Clock;
use crate::legacy::Legacies;
use crate::notifications;
use crate::privacy::Trash;
use crate::sessions::Sessions;
use crate::share_links::ShareLinks;
use crate::spaces;
use crate::store::{Store, StoreError};

/// How often expired things are swept away.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// How often the file of the database is written anew, if something was erased since.
const REWRITE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// Clocks are put right by less than this all the time.
const BEHIND: Duration = Duration::from_secs(5 * 60);

/// Where something can expire.
pub(super) struct Swept {
    pub(super) trash: Trash,
    pub(super) legacies: Legacies,
    pub(super) sessions: Sessions,
    pub(super) identities: Identities,
    pub(super) share_links: ShareLinks,
    pub(super) audit: Audit,
    pub(super) store: Store,
    pub(super) clock: Clock,
    /// By how many days the clock is ahead of what is likely.
    pub(super) ahead: Arc<AtomicU64>,
}

/// How the clock is, for those who ask.
pub(super) fn clock_state(clock: &Clock, ahead: &AtomicU64) -> State {
    let behind = clock.behind();
    if behind > BEHIND {
        let minutes = behind.as_secs() / 60;
        return State::Degraded(format!(
            "the clock is {minutes} minutes behind what it said before: time stands still until \
             then; put it right and start the server again"
        ));
    }
    match ahead.load(Relaxed) {
        0 => State::Ok,
        days => State::Degraded(format!(
            "the clock says that {days} days have passed: nothing is erased because of that \
             before it has said so for a day"
        )),
    }
}

/// Sweeps away what has expired, now and then.
pub(super) async fn sweep(swept: Swept, stop: CancellationToken) {
    // Since when the clock has said what is not believed.
    let mut ahead: Option<Instant> = None;
    let mut rewritten = Instant::now();
    loop {
        if rewritten.elapsed() >= REWRITE_EVERY {
            swept.rewrite().await;
            rewritten = Instant::now();
        }
        if let Err(error) = swept.if_time_is_right(&mut ahead).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what has expired could not be swept away"
            );
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
    }
    // The next process begins no earlier than this one ended.
    if let Err(error) = swept.believed(ahead).await {
        tracing::debug!(%error, "the time of the stop could not be written down");
    }
}

impl Swept {
    /// Writes the file of the database anew if something was erased since the last time.
    async fn rewrite(&self) {
        let rewritten = match self.store.is_stale() {
            Ok(false) => return,
            Ok(true) => self.store.rewrite().await,
            Err(error) => Err(error),
        };
        match rewritten {
            Ok(()) => tracing::info!("the file of the database was written anew after erasures"),
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "the file of the database could not be written anew; it is tried again"
            ),
        }
    }

    /// Sweeps, unless the clock says that more time has passed than is likely.
    async fn if_time_is_right(&self, ahead: &mut Option<Instant>) -> Result<(), StoreError> {
        let days = match self.believed(*ahead).await? {
            Belief::Right => 0,
            Belief::Ahead(passed) => passed.as_secs() / (24 * 60 * 60),
        };
        *ahead = (days > 0).then(|| ahead.unwrap_or_else(Instant::now));
        if self.ahead.swap(days, Relaxed) == 0 && days > 0 {
            tracing::warn!(
                days,
                "the clock says that this many days have passed; nothing is erased because of \
                 that before it has said so for a day"
            );
        }
        if days > 0 { Ok(()) } else { self.once().await }
    }

    async fn believed(&self, ahead: Option<Instant>) -> Result<Belief, StoreError> {
        let (now, said_for) = (self.clock.now(), ahead.map(|since| since.elapsed()));
        let said_for = said_for.unwrap_or_default();
        self.store.write(move |tx| calendar::believe_in(tx, now, said_for)).await
    }

    /// Sweeps everywhere; what cannot be swept keeps nothing else from it.
    async fn once(&self) -> Result<(), StoreError> {
        let trash = async {
            let erased = self.trash.sweep().await?;
            if erased > 0 {
                tracing::info!(erased, "things were erased after their time in the trash");
            }
            Ok(())
        };
        let now = self.clock.now();
        let small = self.store.write(move |tx| {
            accounts::sweep_in(tx, now)?;
            spaces::sweep_in(tx, now)?;
            jobs::once::forget_old_in(tx, now)?;
            jobs::queue::forget_parked_in(tx, now)?;
            notifications::forget_old_in(tx, now)
        });
        let all = [
            trash.await,
            self.sessions.sweep().await.map(drop),
            self.identities.sweep().await.map(drop),
            self.share_links.sweep().await,
            self.legacies.sweep().await,
            self.audit.sweep().await.map(drop),
            small.await,
        ];
        all.into_iter().collect()
    }
}
