//! Changes that the text index on disk does not have yet, searchable from memory.
//!
//! A memory is found the moment it is acknowledged: the caller puts each change of its
//! outbox in here after the transaction, and takes it out after the index has committed it.

use std::collections::HashMap;

use super::analysis::{TermCounts, TermKey};

/// What the text index knows about one passage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// Its terms, from `Analyzer::passage`.
    pub terms: TermCounts,
    /// Hashed words of the speaker's name, from `Analyzer::name`; empty without one.
    pub names: Vec<TermKey>,
    /// The thread it belongs to, from `Analyzer::label`, if it has an order somewhere.
    pub thread: Option<u64>,
    /// Its place in the thread.
    pub order: i64,
}

/// What happened to a passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// It is new or has changed.
    Upsert(Entry),
    /// It is gone.
    Remove,
}

/// One row of a clone's outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Ascending within the clone.
    pub seq: u64,
    /// The passage's number, never used again for another one.
    pub passage: u64,
    /// What happened.
    pub op: Op,
}

/// The last change of a passage.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newest {
    pub(super) seq: u64,
    /// Where the entry is; `None` when the passage was removed.
    pub(super) slot: Option<u32>,
}

#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) seq: u64,
    pub(super) passage: u64,
    pub(super) entry: Entry,
}

/// A small inverted index over the changes since the last commit.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    pub(super) slots: Vec<Slot>,
    pub(super) newest: HashMap<u64, Newest>,
    postings: HashMap<TermKey, Vec<(u32, u32)>>,
    prefixes: HashMap<TermKey, Vec<u32>>,
}

impl Tail {
    /// Nothing waiting.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Passages and removals waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.newest.len()
    }

    /// Whether nothing is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.newest.is_empty()
    }

    /// Takes in one change; an older one of the same passage no longer counts.
    pub fn push(&mut self, change: Change) {
        let Change { seq, passage, op } = change;
        if self.newest.get(&passage).is_some_and(|newest| newest.seq > seq) {
            return;
        }
        let slot = match op {
            Op::Remove => None,
            Op::Upsert(entry) => Some(self.store(Slot { seq, passage, entry })),
        };
        self.newest.insert(passage, Newest { seq, slot });
    }

    fn store(&mut self, slot: Slot) -> u32 {
        let at = self.slots.len() as u32;
        for &(term, count) in &slot.entry.terms.terms {
            self.postings.entry(term).or_default().push((at, count));
        }
        for &name in &slot.entry.names {
            self.postings.entry(name).or_default().push((at, 1));
        }
        for &prefix in &slot.entry.terms.prefixes {
            self.prefixes.entry(prefix).or_default().push(at);
        }
        self.slots.push(slot);
        at
    }

    /// Drops what the index has committed, up to and including `seq`.
    pub fn forget_up_to(&mut self, seq: u64) {
        let mut kept = Self::default();
        let newest = std::mem::take(&mut self.newest);
        for (passage, last) in newest.into_iter().filter(|(_, last)| last.seq > seq) {
            let slot = last.slot.map(|at| kept.store(self.slots[at as usize].clone()));
            kept.newest.insert(passage, Newest { seq: last.seq, slot });
        }
        *self = kept;
    }

    /// The slot of the entry, if it is the passage's last and newer than `seq`.
    pub(super) fn live(&self, at: u32, seq: u64) -> Option<&Slot> {
        let slot = self.slots.get(at as usize)?;
        let newest = self.newest.get(&slot.passage)?;
        (newest.slot == Some(at) && slot.seq > seq).then_some(slot)
    }

    pub(super) fn postings(&self, term: TermKey) -> &[(u32, u32)] {
        self.postings.get(&term).map_or(&[], Vec::as_slice)
    }

    pub(super) fn beginning_with(&self, prefix: TermKey) -> &[u32] {
        self.prefixes.get(&prefix).map_or(&[], Vec::as_slice)
    }
}
