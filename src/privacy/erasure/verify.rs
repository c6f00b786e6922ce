//! Whether something is really gone: looked at in what is stored now, not in what the program
//! remembers of having done.

use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::{AccountId, CloneId};
use crate::retrieval;
use crate::seal::Owner;
use crate::store::{Store, StoreError};

/// Where the identifier of what was erased may still stand, with nothing behind it, and why.
const MAY_NAME: &[(&str, &str)] = &[
    ("erasures", "the ledger says that it was erased"),
    ("erasure_requests", "the receipt names it"),
    ("audit_log", "what happened stays written down"),
    ("clones", "who made a clone of others"),
    ("memory_revisions", "who changed what somebody else wrote"),
    ("discarded", "who threw away what somebody else wrote"),
    ("break_glass", "who looked at what is somebody else's"),
    ("messages", "an answer that cited it, without its words"),
];

/// What a receipt says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claim {
    /// `account`, `clone`, `memory`, `person` or `conversation`.
    pub scope: String,
    /// The identifier of what was erased.
    pub subject: Uuid,
    /// The number and the hash of the line of the ledger.
    pub ledger: Option<ClaimedLine>,
}

/// The line of the ledger that a receipt names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClaimedLine {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub sha256: String,
}

/// Something that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Looked {
    /// Whether it is as it should be.
    pub good: bool,
    /// What was found.
    pub text: String,
}

/// Looks whether what a receipt says was erased is gone from a data directory.
///
/// # Errors
/// When the store fails.
pub fn verify(store: &Store, directory: &Path, claim: &Claim) -> Result<Vec<Looked>, StoreError> {
    let mut looked = vec![in_ledger(store, claim)?];
    looked.extend(key(store, claim)?);
    looked.extend(rows(store, claim)?);
    looked.extend(files(directory, claim));
    looked.push(pages(store, claim)?);
    Ok(looked)
}

fn in_ledger(store: &Store, claim: &Claim) -> Result<Looked, StoreError> {
    let lines = store.erasures()?;
    let Some(line) = &claim.ledger else {
        return Ok(Looked {
            good: false,
            text: "the receipt is of an erasure under way".to_owned(),
        });
    };
    let good = lines.iter().any(|found| found.number == line.number && found.hash == line.sha256);
    let text = match good {
        true => format!("line {} of {} in the ledger says so", line.number, lines.len()),
        false => format!("no line {} of the ledger says so", line.number),
    };
    Ok(Looked { good, text })
}

fn key(store: &Store, claim: &Claim) -> Result<Option<Looked>, StoreError> {
    let id = claim.subject.into_bytes();
    let owner = match claim.scope.as_str() {
        "account" => Owner::Account(AccountId::from_bytes(id)),
        "clone" => Owner::Clone(CloneId::from_bytes(id)),
        _ => return Ok(None),
    };
    let good = store.is_shredded(owner)?;
    let text = if good { "its key is destroyed" } else { "its key is in the keyring" };
    Ok(Some(Looked { good, text: text.to_owned() }))
}

fn rows(store: &Store, claim: &Claim) -> Result<Vec<Looked>, StoreError> {
    let found = store.occurrences(claim.subject.into_bytes())?;
    let mut looked = Vec::new();
    for (table, count) in &found.rows {
        let reason = MAY_NAME.iter().find(|(name, _)| name == table).map(|(_, reason)| reason);
        let text = match reason {
            Some(reason) => format!("{count} rows of {table} name its identifier: {reason}"),
            None => format!("{count} rows of {table} are still of it"),
        };
        looked.push(Looked { good: reason.is_some(), text });
    }
    for (table, count) in &found.unreadable {
        let text = format!("{count} rows of {table} are sealed with a key that is gone");
        looked.push(Looked { good: false, text });
    }
    if looked.iter().all(|looked| looked.good) {
        looked.push(Looked { good: true, text: "no row of any table is of it".to_owned() });
    }
    Ok(looked)
}

fn files(directory: &Path, claim: &Claim) -> Option<Looked> {
    if claim.scope != "clone" {
        return None;
    }
    let clone = CloneId::from_bytes(claim.subject.into_bytes());
    let there = retrieval::folder_below(directory, clone).exists();
    let text = if there { "its text index is there" } else { "its text index is gone" };
    Some(Looked { good: !there, text: text.to_owned() })
}

/// Not overwritten yet is nothing bad: it is done within a day.
fn pages(store: &Store, claim: &Claim) -> Result<Looked, StoreError> {
    let line = claim.ledger.as_ref().map_or(u64::MAX, |line| line.number);
    let text = match store.rewritten()? >= line {
        true => "the file of the database was written anew since",
        false => {
            "the file of the database is written anew within a day; until then its freed \
                  pages may hold what the keys of others open"
        }
    };
    Ok(Looked { good: true, text: text.to_owned() })
}
