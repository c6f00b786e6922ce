//! How jobs are stored: waiting ones by kind and time, given-up ones apart.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{JobError, MOST_ATTEMPTS, NewJob, Subject, pause_after};
use crate::kernel::faults::{Planted, planted};
use crate::kernel::{AccountId, CloneId, JobId, Timestamp};
use crate::seal::Owner;
use crate::store::{
    Direction, Holds, Range, ReadTx, Row, Rows as _, StoreError, Table, Words, WriteTx,
};

pub(super) const JOBS: Table<JobKey, JobRow> = Table::new("jobs", Holds::Account);
pub(super) const PARKED: Table<JobId, ParkedRow> = Table::new("jobs_parked", Holds::Account);

/// How long given-up jobs are kept to be looked at.
const PARKED_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The kind, when it is due, and which it is.
pub(super) type JobKey = (Words, Timestamp, JobId);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct JobRow {
    pub(super) payload: String,
    account: Option<AccountId>,
    clone: Option<CloneId>,
    until: Option<Timestamp>,
    /// How often it was begun, those included that a crash ended.
    pub(super) attempts: u32,
    enqueued_at: Timestamp,
}

/// A job that was given up.
#[derive(Serialize, Deserialize)]
pub(super) struct ParkedRow {
    kind: String,
    /// The stable word for the last failure.
    code: String,
    at: Timestamp,
    job: JobRow,
}

impl Row<JobKey> for JobRow {
    fn owner(&self, _: &JobKey) -> Owner {
        owner_of(self)
    }
}

impl Row<JobId> for ParkedRow {
    fn owner(&self, _: &JobId) -> Owner {
        owner_of(&self.job)
    }
}

fn owner_of(job: &JobRow) -> Owner {
    match (job.account, job.clone) {
        (Some(account), _) => Owner::Account(account),
        (None, Some(clone)) => Owner::Clone(clone),
        (None, None) => Owner::Instance,
    }
}

/// Jobs to begin, and when to look again.
pub(super) struct Claimed {
    pub(super) jobs: Vec<(JobKey, JobRow)>,
    pub(super) next: Option<Timestamp>,
}

/// Why nothing was claimed; as an error, so that nothing is committed.
pub(super) enum Unclaimed {
    /// Nothing is due before this moment.
    Idle(Option<Timestamp>),
    /// The database failed.
    Store(StoreError),
}

impl From<StoreError> for Unclaimed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(super) fn put_in<P: Serialize>(
    tx: &mut WriteTx<'_>,
    job: &NewJob<'_, P>,
    now: Timestamp,
) -> Result<JobId, StoreError> {
    let payload = serde_json::to_string(job.payload).map_err(|_| StoreError::Damaged {
        table: JOBS.info().name,
        reason: "the payload cannot be written".to_owned(),
    })?;
    let (account, clone) = match job.about {
        Some(Subject::Account(account)) => (Some(account), None),
        Some(Subject::Clone(clone)) => (None, Some(clone)),
        // What is smaller has no job of its own that would have to go with it.
        Some(_) | None => (None, None),
    };
    let (until, attempts, enqueued_at) = (job.until, 0, now);
    let row = JobRow { payload, account, clone, until, attempts, enqueued_at };
    let id = JobId::fresh();
    tx.put(&JOBS, &(Words(job.name.name.to_owned()), job.due, id), &row)?;
    Ok(id)
}

/// Takes what is due: of each kind as many as there is room for, without those at work.
pub(super) fn claim_in(
    tx: &mut WriteTx<'_>,
    now: Timestamp,
    room: &BTreeMap<&'static str, usize>,
    at_work: &BTreeSet<JobId>,
) -> Result<Claimed, Unclaimed> {
    let mut claimed = Claimed { jobs: Vec::new(), next: None };
    let mut dropped = false;
    for (kind, room) in room {
        let due = due_of(tx, kind, *room, (now, at_work), &mut claimed.next)?;
        for (key, mut row) in due {
            if row.until.is_some_and(|until| until <= now) {
                dropped = true;
                tracing::info!(job = %key.2, kind, "a job was dropped: its time is over");
                tx.remove(&JOBS, &key);
            } else if row.attempts >= MOST_ATTEMPTS {
                // Only what was never settled gets here: it may be what ended the process.
                dropped = true;
                park_in(tx, &key, row, "job_interrupted", now)?;
            } else {
                row.attempts += 1;
                if planted(Planted::JobForgotten) {
                    tx.remove(&JOBS, &key);
                } else if let Err(error) = tx.put(&JOBS, &key, &row) {
                    if !error.is_erased() {
                        return Err(error.into());
                    }
                    // Whose it was has been erased with this very commit: there is nothing to do.
                    dropped = true;
                    tx.remove(&JOBS, &key);
                    continue;
                }
                claimed.jobs.push((key, row));
            }
        }
    }
    if dropped {
        // They took the room of others.
        claimed.next = Some(now);
    } else if claimed.jobs.is_empty() {
        return Err(Unclaimed::Idle(claimed.next));
    }
    Ok(claimed)
}

fn due_of(
    tx: &WriteTx<'_>,
    kind: &str,
    room: usize,
    (now, at_work): (Timestamp, &BTreeSet<JobId>),
    next: &mut Option<Timestamp>,
) -> Result<Vec<(JobKey, JobRow)>, StoreError> {
    let mut due = Vec::new();
    let kind = Words(kind.to_owned());
    tx.scan(&JOBS, &Range::prefix(&kind), Direction::Up, |key: JobKey, row| {
        if due.len() >= room {
            return Ok::<_, StoreError>(ControlFlow::Break(()));
        }
        if key.1 > now {
            *next = Some(next.map_or(key.1, |known| known.min(key.1)));
            return Ok(ControlFlow::Break(()));
        }
        if !at_work.contains(&key.2) {
            due.push((key, row));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(due)
}

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    Done,
    /// Its subject was erased meanwhile.
    Gone,
    Later(&'static str),
    Parked(&'static str),
}

/// Writes down how a job ended.
pub(super) fn settle_in(
    tx: &mut WriteTx<'_>,
    key: &JobKey,
    outcome: Result<(), JobError>,
    now: Timestamp,
) -> Result<Settled, StoreError> {
    let Some(row) = tx.get(&JOBS, key)? else { return Ok(Settled::Gone) };
    match outcome {
        Ok(()) => {
            tx.remove(&JOBS, key);
            Ok(Settled::Done)
        }
        Err(JobError::Later(code)) if row.attempts < MOST_ATTEMPTS => {
            let due = now.plus(pause_after(row.attempts, key.2));
            tx.remove(&JOBS, key);
            tx.put(&JOBS, &(key.0.clone(), due, key.2), &row)?;
            Ok(Settled::Later(code))
        }
        Err(JobError::Later(code) | JobError::Never(code)) => {
            park_in(tx, key, row, code, now)?;
            Ok(Settled::Parked(code))
        }
    }
}

fn park_in(
    tx: &mut WriteTx<'_>,
    key: &JobKey,
    mut job: JobRow,
    code: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    // What expires may hold a secret, and is of no use later.
    if job.until.is_some() {
        job.payload.clear();
    }
    tracing::warn!(
        job = %key.2, kind = key.0.0, code, attempts = job.attempts, "a job was given up"
    );
    tx.remove(&JOBS, key);
    let row = ParkedRow { kind: key.0.0.clone(), code: code.to_owned(), at: now, job };
    tx.put(&PARKED, &key.2, &row)
}

/// How many jobs wait, and how many were given up.
pub(super) fn counts(tx: &ReadTx) -> Result<(u64, u64), StoreError> {
    let waiting = tx.keys(&JOBS, &Range::all())?.len();
    let parked = tx.keys(&PARKED, &Range::all())?.len();
    Ok((waiting as u64, parked as u64))
}

/// Drops jobs that were given up long ago; called now and then.
///
/// # Errors
/// When the database fails.
pub fn forget_parked_in(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
    for (id, row) in tx.list(&PARKED, &Range::all())? {
        if now.since(row.at) > PARKED_FOR {
            tx.remove(&PARKED, &id);
        }
    }
    Ok(())
}

pub(super) fn erase_in(tx: &mut WriteTx<'_>, subject: Subject) -> Result<(), StoreError> {
    let is_about = |row: &JobRow| match subject {
        Subject::Account(id) => row.account == Some(id),
        Subject::Clone(id) => row.clone == Some(id),
        _ => false,
    };
    for (key, row) in tx.list(&JOBS, &Range::all())? {
        if is_about(&row) {
            tx.remove(&JOBS, &key);
        }
    }
    for (id, row) in tx.list(&PARKED, &Range::all())? {
        if is_about(&row.job) {
            tx.remove(&PARKED, &id);
        }
    }
    Ok(())
}
