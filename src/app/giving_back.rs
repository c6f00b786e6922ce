//! What a running server does with backups: makes them, says when that fails, tries one out for
//! those who look after it, and has one ready that the next start puts in place.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::build::outbound;
use super::restore::Restore;
use super::{StartError, tables};
use crate::accounts::Accounts;
use crate::admin::{Admin, Prepare, Ready, RestoreParts, Restores, TryOut};
use crate::backup::{self, Backups, Destination, OnTrouble, Tried, Trouble, Wanted};
use crate::config::Config;
use crate::jobs::Tasks;
use crate::kernel::{Clock, Fault, Kind};
use crate::notifications::{Notice, Notifications};
use crate::seal::Seals;
use crate::store::Store;

/// Tries backups out in folders of their own.
pub(super) fn try_out(config: &Config) -> TryOut {
    let config = Arc::new(config.clone());
    Arc::new(move |wanted| {
        let config = Arc::clone(&config);
        Box::pin(async move { tried(&config, wanted).await })
    })
}

async fn tried(config: &Config, wanted: Wanted) -> Result<Tried, Fault> {
    let restore = Restore::look(config, wanted).await?;
    let (_, findings) = restore.verify().await?;
    if findings.found < findings.searches {
        let detail = "It opens, but not every memory is found by its words.";
        return Err(Fault::new(Kind::Invalid, "backup_damaged", detail));
    }
    let (name, app) = (restore.name().to_owned(), restore.header().app.clone());
    Ok(Tried { name, made_at: restore.made_at(), app, findings })
}

/// Tries a backup out and leaves it beside what is there.
pub(super) fn prepare(config: &Config) -> Prepare {
    let config = Arc::new(config.clone());
    Arc::new(move |wanted, accept_stale_ledger| {
        let config = Arc::clone(&config);
        Box::pin(async move { prepared(&config, wanted, accept_stale_ledger).await })
    })
}

async fn prepared(
    config: &Config,
    wanted: Wanted,
    accept_stale_ledger: bool,
) -> Result<Ready, Fault> {
    let restore = Restore::look(config, wanted).await?;
    let (name, app) = (restore.name().to_owned(), restore.header().app.clone());
    let made_at = restore.made_at();
    let prepared = restore.prepare(accept_stale_ledger).await?;
    let tried = Tried { name, made_at, app, findings: prepared.findings() };
    Ok(Ready { tried, leave: Box::new(move || Ok(prepared.leave()?)) })
}

/// What gives a backup back to a server that has nothing yet.
pub(super) fn restores(
    config: &Config,
    (store, tasks): (&Store, &Tasks),
    accounts: &Accounts,
    backups: &Backups,
) -> Restores {
    Restores::new(RestoreParts {
        store: store.clone(),
        accounts: accounts.clone(),
        backups: backups.clone(),
        data_dir: config.data_dir.clone(),
        tasks: tasks.clone(),
        prepare: prepare(config),
    })
}

/// Has backups made, and tried out, by themselves.
pub(super) fn start(
    config: &Config,
    (backups, admin): (&Backups, &Admin),
    (tasks, end): (&Tasks, &CancellationToken),
) {
    let backup::Settings { every, try_every, .. } = &config.backup;
    backups.start(tasks, *every, end.clone());
    // Without a schedule somebody else sees to backups, and to whether they open.
    if let (Some(_), Some(try_every)) = (every, try_every) {
        admin.try_by_itself(tasks, *try_every);
    }
}

/// Whoever looks after the server hears that backups fail.
pub(super) fn tells_admins(notifications: &Notifications) -> OnTrouble {
    let notifications = notifications.clone();
    Arc::new(move |trouble, since| {
        let notifications = notifications.clone();
        let notice = match trouble {
            Trouble::Failed { what } => Notice::BackupFailed { what },
            Trouble::Overdue => Notice::BackupOverdue,
        };
        Box::pin(async move {
            if let Err(error) = notifications.tell_admins(notice, since).await {
                tracing::warn!(%error, "nobody could be told that backups fail");
            }
        })
    })
}

/// What makes backups, and the places for them.
pub(super) fn backups(
    config: &Config,
    (store, seals, clock): (&Store, &Seals, &Clock),
) -> Result<Backups, StartError> {
    Ok(Backups::new(backup::Parts {
        store: store.clone(),
        clock: clock.clone(),
        seals: seals.clone(),
        tables: tables(),
        directory: config.data_dir.clone(),
        places: places(config)?,
        keep: config.backup.keep,
    })?)
}

/// Where backups lie.
pub(super) fn places(config: &Config) -> Result<Vec<Destination>, StartError> {
    Ok(config.backup.places(outbound(config.allow_private.clone())?)?)
}
