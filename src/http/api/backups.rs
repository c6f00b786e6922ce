//! Backups, for those who look after the server: what lies where, one more, trying one out, and
//! the recovery key.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;

use super::Group;
use crate::admin::{Backing, Complaint, Trial};
use crate::backup::{Copy, Listed, PlaceState, Tried};
use crate::http::auth::{Administering, AdministeringFresh, Ask};
use crate::http::body::Body;
use crate::http::problem::Answer;

pub struct BackupApi;

/// A backup of this server.
#[derive(Object)]
pub(super) struct BackupView {
    /// Its name, which is that of its file.
    id: String,
    created_at: Option<String>,
    size_bytes: u64,
    /// Whether the present recovery key opens it.
    recovery_key: bool,
}

/// The copy of the keyring at a place.
#[derive(Object)]
struct KeysCopyView {
    /// Whether it has all keys that are here; without them a backup there opens nowhere else.
    current: bool,
    copied_at: Option<String>,
    /// Why the present keys are not there.
    problem: Option<String>,
}

/// A place for backups.
#[derive(Object)]
struct BackupPlace {
    /// The directory or the bucket.
    place: String,
    /// Why it does not tell what lies there; then `items` is empty.
    problem: Option<String>,
    /// The backups of this server that lie there, newest first.
    items: Vec<BackupView>,
    keys: KeysCopyView,
}

/// When backups are made, and how that went.
#[derive(Object)]
struct BackupSchedule {
    /// Hours between two; `null` if none is made by itself.
    every_hours: Option<u64>,
    /// When the next one is due; soon, if that is over.
    next_at: Option<String>,
    /// Since when one is being made.
    running_since: Option<String>,
    /// When the last was made that is at every place, since the server started.
    succeeded_at: Option<String>,
    /// When the last one failed, if none has succeeded since.
    failed_at: Option<String>,
    /// Why.
    failure: Option<String>,
    /// Whether none was made for longer than twice the time between two.
    overdue: bool,
}

/// The recovery key, without which backups open on this machine only.
#[derive(Object)]
struct RecoveryKeyView {
    /// Its public half.
    public_key: String,
    /// Since when backups are sealed for it.
    since: Option<String>,
}

/// What is wrong.
#[derive(Object)]
pub(super) struct ComplaintView {
    /// A word for programs, as in problems.
    code: String,
    /// A sentence for people.
    detail: String,
}

/// What a backup holds, and how it went to open it.
#[derive(Object)]
pub(super) struct TriedView {
    /// The name of the backup.
    backup: String,
    created_at: String,
    /// The version of the server that made it.
    version: String,
    accounts: u64,
    clones: u64,
    memories: u64,
    /// Rows that were opened and read: all of them.
    rows: u64,
    /// Rows of what was erased since; they stay unreadable.
    erased: u64,
    /// Files of memories that were read and are as they were stored.
    files: u64,
    /// Those that are not: they were damaged on the disk before.
    damaged_files: u64,
    /// Memories that were looked for by their words.
    searches: u64,
    /// Those that were found.
    found: u64,
}

/// A backup that is, or was, tried out.
#[derive(Object)]
struct BackupTrial {
    /// The name of the backup.
    backup: String,
    begun_at: String,
    /// `null` while it goes on.
    ended_at: Option<String>,
    /// What was found, if it is good.
    found: Option<TriedView>,
    /// What is wrong with it, if it is not.
    problem: Option<ComplaintView>,
}

/// How it is about backups.
#[derive(Object)]
struct BackupsView {
    /// Where they go; empty if no place is set.
    places: Vec<BackupPlace>,
    schedule: BackupSchedule,
    /// `null` if there is none: then backups open on this machine only.
    recovery_key: Option<RecoveryKeyView>,
    /// Whether what is lost with this machine can be given back on another one: there is a
    /// recovery key, and at some place a backup for it with all the keys.
    restorable: bool,
    trial: Option<BackupTrial>,
}

/// Something that goes on behind.
#[derive(Object)]
struct BackupBegun {
    /// Where to see how it goes.
    status_url: String,
}

#[derive(ApiResponse)]
enum Begun {
    /// It goes on behind.
    #[oai(status = 202)]
    Begun(Json<BackupBegun>),
}

impl Begun {
    fn new() -> Self {
        Self::Begun(Json(BackupBegun { status_url: "/api/v1/admin/backups".to_owned() }))
    }
}

/// A recovery key that was made now.
#[derive(Object)]
struct NewRecoveryKeyView {
    /// The key; nobody can show it again.
    recovery_key: String,
    /// Its public half.
    public_key: String,
    /// How many characters of its end have to be typed before it counts.
    last: u32,
}

#[derive(ApiResponse)]
enum RecoveryKeyMade {
    /// It is shown this once, and does not count yet.
    #[oai(status = 201)]
    Made(Json<NewRecoveryKeyView>),
}

/// Shows that somebody kept a recovery key.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RecoveryKeyProof {
    /// The last eight characters of the key, or all of it.
    typed: String,
}

#[OpenApi]
impl BackupApi {
    /// Where backups lie, when the next one is made, and what opens them
    #[oai(
        path = "/admin/backups",
        method = "get",
        operation_id = "list_backups",
        tag = "Group::Admin"
    )]
    async fn list(&self, ask: Ask<Administering>) -> Answer<Json<BackupsView>> {
        Ok(Json(backups_view(ask.admin.backing().await?)))
    }

    /// Make a backup now
    ///
    /// It goes on behind; a 409 `backup_running` says that one is being made already.
    #[oai(
        path = "/admin/backups",
        method = "post",
        operation_id = "make_backup",
        tag = "Group::Admin"
    )]
    async fn make(&self, ask: Ask<Administering>) -> Answer<Begun> {
        ask.admin.begin_backup(ask.who.account).await?;
        Ok(Begun::new())
    }

    /// Try a backup out
    ///
    /// It is decrypted and opened in a folder of its own, every row is read, and some memories are
    /// looked for by their words. It goes on behind.
    #[oai(
        path = "/admin/backups/:backup_id/verify",
        method = "post",
        operation_id = "verify_backup",
        tag = "Group::Admin"
    )]
    async fn verify(&self, ask: Ask<Administering>, backup_id: Path<String>) -> Answer<Begun> {
        ask.admin.begin_trial(ask.who.account, &backup_id.0).await?;
        Ok(Begun::new())
    }

    /// Make a recovery key
    ///
    /// With it, a backup and the copy of the keys that lies beside it, everything can be given back
    /// on any machine. It is shown this once, and counts when its end was typed within half an
    /// hour; until then the one before does.
    #[oai(
        path = "/admin/backups/recovery-key",
        method = "post",
        operation_id = "make_recovery_key",
        tag = "Group::Admin"
    )]
    async fn make_key(&self, ask: Ask<AdministeringFresh>) -> Answer<RecoveryKeyMade> {
        let new = ask.admin.draw_recovery_key(ask.who.account);
        Ok(RecoveryKeyMade::Made(Json(NewRecoveryKeyView {
            recovery_key: new.key.reveal().clone(),
            public_key: new.public,
            last: u32::try_from(new.last).unwrap_or_default(),
        })))
    }

    /// Show that the recovery key was kept
    ///
    /// From now on it counts: backups are sealed for it, and the keys are copied for it to where
    /// they lie.
    #[oai(
        path = "/admin/backups/recovery-key/confirm",
        method = "post",
        operation_id = "confirm_recovery_key",
        tag = "Group::Admin"
    )]
    async fn prove_key(
        &self,
        ask: Ask<AdministeringFresh>,
        body: Body<RecoveryKeyProof>,
    ) -> Answer<Json<BackupsView>> {
        ask.admin.prove_recovery_key(ask.who.account, &body.0.typed).await?;
        Ok(Json(backups_view(ask.admin.backing().await?)))
    }
}

pub(super) fn backup_view(listed: Listed) -> BackupView {
    BackupView {
        id: listed.name,
        created_at: listed.made_at.map(|at| at.to_string()),
        size_bytes: listed.size,
        recovery_key: listed.for_recovery,
    }
}

pub(super) fn complaint_view(complaint: Complaint) -> ComplaintView {
    ComplaintView { code: complaint.code, detail: complaint.detail }
}

pub(super) fn tried_view(tried: Tried) -> TriedView {
    let Tried { name, made_at, app, findings } = tried;
    TriedView {
        backup: name,
        created_at: made_at.to_string(),
        version: app,
        accounts: findings.accounts,
        clones: findings.clones,
        memories: findings.memories,
        rows: findings.rows,
        erased: findings.erased,
        files: findings.files,
        damaged_files: findings.damaged_files,
        searches: findings.searches as u64,
        found: findings.found as u64,
    }
}

fn trial_view(trial: Trial) -> BackupTrial {
    let (ended_at, outcome) = trial.ended.unzip();
    let (found, problem) = match outcome {
        Some(Ok(tried)) => (Some(tried_view(tried)), None),
        Some(Err(complaint)) => (None, Some(complaint_view(complaint))),
        None => (None, None),
    };
    BackupTrial {
        backup: trial.name,
        begun_at: trial.begun_at.to_string(),
        ended_at: ended_at.map(|at| at.to_string()),
        found,
        problem,
    }
}

fn keys_view(copy: &Copy, generation: u64) -> KeysCopyView {
    KeysCopyView {
        current: copy.generation.is_some_and(|found| found >= generation),
        copied_at: copy.at.map(|at| at.to_string()),
        problem: copy.failure.clone(),
    }
}

fn backups_view(backing: Backing) -> BackupsView {
    let Backing { places, schedule, last, recovery, trial } = backing;
    let generation = recovery.generation;
    let place_view = |state: PlaceState| {
        let keys = keys_view(&state.copy, generation);
        let (items, problem) = match state.kept {
            Ok(kept) => (kept.into_iter().map(backup_view).collect(), None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        BackupPlace { place: state.place, problem, items, keys }
    };
    let places: Vec<_> = places.into_iter().map(place_view).collect();
    let has_all = |place: &BackupPlace| {
        place.keys.current && place.items.iter().any(|backup| backup.recovery_key)
    };
    let (failed_at, failure) = last.failure.unzip();
    BackupsView {
        restorable: recovery.key.is_some() && places.iter().any(has_all),
        places,
        schedule: BackupSchedule {
            every_hours: schedule.every.map(|every| every.as_secs() / 3600),
            next_at: schedule.next.map(|at| at.to_string()),
            running_since: schedule.running.map(|at| at.to_string()),
            succeeded_at: last.success.map(|at| at.to_string()),
            failed_at: failed_at.map(|at| at.to_string()),
            failure,
            overdue: schedule.is_late,
        },
        recovery_key: recovery.key.map(|public_key| RecoveryKeyView {
            public_key,
            since: recovery.since.map(|since| since.to_string()),
        }),
        trial: trial.map(trial_view),
    }
}
