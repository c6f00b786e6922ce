//! Sweeping away what has expired, now and then.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::accounts;
use crate::audit::Audit;
use crate::identities::Identities;
use crate::jobs;
use crate::kernel::Clock;
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

/// Where something can expire.
pub(super) struct Swept {
    pub(super) trash: Trash,
    pub(super) sessions: Sessions,
    pub(super) identities: Identities,
    pub(super) share_links: ShareLinks,
    pub(super) audit: Audit,
    pub(super) store: Store,
    pub(super) clock: Clock,
}

/// Sweeps away what has expired, now and then.
pub(super) async fn sweep(swept: Swept, stop: CancellationToken) {
    let mut rewritten = Instant::now();
    loop {
        if rewritten.elapsed() >= REWRITE_EVERY {
            swept.rewrite().await;
            rewritten = Instant::now();
        }
        if let Err(error) = swept.once().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what has expired could not be swept away"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
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
            self.audit.sweep().await.map(drop),
            small.await,
        ];
        all.into_iter().collect()
    }
}
