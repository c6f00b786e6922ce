//! Sweeping away what has expired, now and then.

use std::time::Duration;

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
    loop {
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
