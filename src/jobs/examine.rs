//! What each slice knows of its rows that must hold between them; `clonememoria fsck` asks all.

use std::collections::BTreeMap;

use crate::store::{Key, ReadTx, StoreError};

/// Keys that are kept of what does not hold; more are counted.
const KEPT: usize = 3;

/// Checks that what a slice has stored fits together.
pub trait Examiner: Send + Sync {
    /// Notes what does not.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn examine(&self, tx: &ReadTx, findings: &mut Findings) -> Result<(), StoreError>;
}

/// What does not hold, in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How often.
    pub count: u64,
    /// The keys of the first, in hexadecimal; they tell nothing personal.
    pub first: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    found: BTreeMap<(&'static str, &'static str), Finding>,
}

impl Findings {
    /// Notes that something does not hold for a row.
    pub fn note(&mut self, table: &'static str, what: &'static str, key: &impl Key) {
        self.note_bytes(table, what, &key.to_bytes());
    }

    /// The same, for a key in its bytes.
    pub fn note_bytes(&mut self, table: &'static str, what: &'static str, key: &[u8]) {
        let empty = Finding { count: 0, first: Vec::new() };
        let finding = self.found.entry((table, what)).or_insert(empty);
        finding.count += 1;
        if finding.first.len() < KEPT {
            finding.first.push(key.iter().map(|byte| format!("{byte:02x}")).collect());
        }
    }

    /// Notes it if it is so.
    pub fn note_if(&mut self, so: bool, table: &'static str, what: &'static str, key: &impl Key) {
        if so {
            self.note(table, what, key);
        }
    }

    /// All of it: the table, what does not hold, and for which rows.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &'static str, &Finding)> {
        self.found.iter().map(|((table, what), finding)| (*table, *what, finding))
    }
}
