//! Looking after the disk: how much is left, and whether it has failed.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::http::full::IsFull;
use crate::http::health::State;
use crate::store::Disk;

/// How often it is looked how much is left: a program that fills the disk writes some hundred
/// megabytes in this time.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Looks how much is left until told to stop.
pub(super) async fn watch(disk: Disk, stop: CancellationToken) {
    loop {
        let looking = disk.clone();
        // A disk that is sick may take its time to answer.
        let _ = crate::jobs::blocking(move || looking.look()).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Whether nothing may be added, for the edge.
pub(super) fn is_full(disk: &Disk) -> IsFull {
    let disk = disk.clone();
    IsFull::new(move || !disk.has_room())
}

/// How it is, for those who ask.
pub(super) fn state(disk: &Disk) -> State {
    let figures = disk.figures();
    if figures.is_low {
        let left = figures.free >> 20;
        return State::Degraded(format!(
            "nearly full, {left} MB left: nothing is added until there is room"
        ));
    }
    State::Ok
}

/// Resolves when it has failed, with what it could not do.
pub(super) async fn failed(disk: &Disk) -> String {
    disk.failed().await;
    let Some(failure) = disk.failure() else { return String::new() };
    let (what, path, why) = (failure.what, failure.path.display(), &failure.why);
    format!(
        "the disk failed ({what} of {path}: {why}); what was acknowledged is there. Look at the \
         disk, then start again; see \"Errors of the disk\" in the manual"
    )
}
