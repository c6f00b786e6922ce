//! Sweeping away what has expired, now and then.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::accounts;
use crate::jobs;
use crate::kernel::{Clock, Timestamp};
use crate::notifications;
use crate::privacy::Trash;
use crate::sessions::Sessions;
use crate::spaces;
use crate::store::{Store, StoreError};

/// How often expired things are swept away.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Sweeps away what has expired, now and then.
pub(super) async fn sweep(
    trash: Trash,
    sessions: Sessions,
    store: Store,
    clock: Clock,
    stop: CancellationToken,
) {
    loop {
        let swept = sweep_once(&trash, &sessions, &store, clock.now()).await;
        if let Err(error) = swept {
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

async fn sweep_once(
    trash: &Trash,
    sessions: &Sessions,
    store: &Store,
    now: Timestamp,
) -> Result<(), StoreError> {
    let erased = trash.sweep().await?;
    if erased > 0 {
        tracing::info!(erased, "things were erased after their time in the trash");
    }
    sessions.sweep().await?;
    store
        .write(move |tx| {
            accounts::sweep_in(tx, now)?;
            spaces::sweep_in(tx, now)?;
            jobs::once::forget_old_in(tx, now)?;
            jobs::queue::forget_parked_in(tx, now)?;
            notifications::forget_old_in(tx, now)
        })
        .await
}
