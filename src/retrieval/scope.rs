//! What is held in memory to search a clone: the changes its text index lacks, and its vectors.
//! All of it is derived, loaded at the first search and given up when idle.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::access::{Role, Visibility};
use tokio_util::sync::CancellationToken;

use crate::index::analysis::Analyzer;
use crate::index::language::Language;
use crate::index::tail::{Change, Entry, Op, Tail};
use crate::index::vectors::{Exact, VectorSet};
use crate::kernel::{AccountId, CloneId, FuzzyDate};
use crate::memories::{self, Memory};
use crate::store::{Rows, StoreError};

use super::Graphs;
use super::passage::{Told, WrittenDate, passage_text};
use super::rows::{self, PassageRow, ScopeRow};

/// Scopes without a search for so long are given up.
const IDLE: Duration = Duration::from_secs(10 * 60);
/// How many changes are taken in at once.
const STEP: usize = 4096;

/// The search state of one clone.
pub(super) struct Scope {
    pub(super) analyzer: Analyzer,
    pub(super) tail: Mutex<TailState>,
    pub(super) vectors: RwLock<Option<VectorSet>>,
    used: Mutex<Instant>,
}

/// The tail and how far it has read the outbox.
#[derive(Default)]
pub(super) struct TailState {
    pub(super) tail: Tail,
    /// The last change taken in.
    pub(super) seen: u64,
    /// Passages that not everybody in the space may know of.
    pub(super) restricted: HashMap<u64, (AccountId, Visibility)>,
    /// How many passages were met in each language.
    languages: HashMap<Language, usize>,
    /// Whether the passages from before the outbox were looked at.
    pub(super) all_known: bool,
}

/// The clones in memory.
#[derive(Default)]
pub(super) struct Scopes {
    open: Mutex<HashMap<CloneId, Arc<Scope>>>,
}

impl Scopes {
    fn open(&self) -> MutexGuard<'_, HashMap<CloneId, Arc<Scope>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of a clone that has something to search.
    pub(super) fn of(&self, clone: CloneId, row: &ScopeRow) -> Arc<Scope> {
        let mut open = self.open();
        let scope = open.entry(clone).or_insert_with(|| {
            Arc::new(Scope {
                analyzer: Analyzer::new(row.index_key),
                tail: Mutex::default(),
                vectors: RwLock::default(),
                used: Mutex::new(Instant::now()),
            })
        });
        *scope.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Arc::clone(scope)
    }

    /// The state of a clone, if it is in memory.
    pub(super) fn find(&self, clone: CloneId) -> Option<Arc<Scope>> {
        self.open().get(&clone).cloned()
    }

    /// Every clone in memory.
    pub(super) fn all(&self) -> Vec<Arc<Scope>> {
        self.open().values().cloned().collect()
    }

    /// Gives up a clone's state.
    pub(super) fn forget(&self, clone: CloneId) {
        self.open().remove(&clone);
    }

    /// Gives up what has not been searched for a while.
    pub(super) fn sweep(&self) {
        self.open().retain(|_, scope| {
            scope.used.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < IDLE
        });
    }
}

impl Scope {
    /// The tail, up to date with everything committed before this call. The text index has what
    /// happened up to `indexed`, and the outbox what happened after `trimmed`.
    pub(super) fn caught_up(
        &self,
        tx: &impl Rows,
        clone: CloneId,
        (indexed, trimmed): (u64, u64),
    ) -> Result<MutexGuard<'_, TailState>, StoreError> {
        let mut state = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.all_known || state.seen < trimmed {
            // What the outbox does not have any more is in the passages alone.
            state.restricted.clear();
            state.languages.clear();
            rows::each_passage(tx, clone, |passage, row| {
                state.note(passage, &row);
                Ok(ControlFlow::Continue(()))
            })?;
            state.all_known = true;
            state.seen = state.seen.max(trimmed);
        }
        self.follow(tx, clone, indexed, &mut state)?;
        Ok(state)
    }

    /// Takes in what happened since the state was looked at last. Every change is noted, those
    /// that the text index has included: who may know of a passage is not in the index.
    pub(super) fn follow(
        &self,
        tx: &impl Rows,
        clone: CloneId,
        indexed: u64,
        state: &mut TailState,
    ) -> Result<(), StoreError> {
        loop {
            let changes = rows::changes(tx, clone, state.seen, STEP)?;
            let more = changes.len() == STEP;
            for (seq, change) in changes {
                let passage = change.passage;
                match rows::passage(tx, clone, passage)?.filter(|_| !change.removed) {
                    Some(row) => state.note(passage, &row),
                    None => {
                        state.restricted.remove(&passage);
                    }
                }
                if seq > indexed {
                    state.tail.push(Change { seq, passage, op: self.op(tx, clone, change)? });
                }
                state.seen = seq;
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// What a change means to the index. A passage that was removed later is removed now.
    pub(super) fn op(
        &self,
        tx: &impl Rows,
        clone: CloneId,
        change: rows::OutboxRow,
    ) -> Result<Op, StoreError> {
        if change.removed {
            return Ok(Op::Remove);
        }
        let Some(row) = rows::passage(tx, clone, change.passage)? else {
            return Ok(Op::Remove);
        };
        Ok(match memories::memory_of(tx, clone, row.memory)? {
            Some(memory) => Op::Upsert(self.entry(&memory, &row)),
            None => Op::Remove,
        })
    }

    /// What the text index knows of a passage.
    pub(super) fn entry(&self, memory: &Memory, row: &PassageRow) -> Entry {
        let labels = labels(memory);
        let told = told(memory, row, &labels);
        let speaker = memory.content.speaker.as_deref();
        Entry {
            terms: self.analyzer.passage(&passage_text(&told), told.language),
            names: speaker.map(|name| self.analyzer.name(name)).unwrap_or_default(),
            thread: row.thread,
            order: row.order,
        }
    }

    /// Builds the search graph if the vectors are so many that a scan is slower. The scan serves
    /// meanwhile; rows that come later are scanned beside the graph.
    pub(super) fn grow_graph(&self, graphs: Graphs, stop: &CancellationToken) {
        let wanted = {
            let vectors = self.vectors.read().unwrap_or_else(PoisonError::into_inner);
            vectors.as_ref().and_then(|set| set.graph_wanted(graphs.above, graphs.memory))
        };
        let Some(graph) = wanted.and_then(|source| source.build(&|| stop.is_cancelled())) else {
            return;
        };
        let mut vectors = self.vectors.write().unwrap_or_else(PoisonError::into_inner);
        if vectors.as_mut().is_some_and(|set| set.install(graph)) {
            tracing::info!("a search graph was built");
        }
    }

    /// Loads the vectors if they are not there.
    pub(super) fn load_vectors(
        &self,
        tx: &impl Rows,
        clone: CloneId,
        dimension: usize,
    ) -> Result<(), StoreError> {
        let mut vectors = self.vectors.write().unwrap_or_else(PoisonError::into_inner);
        if vectors.is_some() {
            return Ok(());
        }
        let mut set = VectorSet::new(dimension, Exact::Kept);
        rows::each_vector(tx, clone, |passage, vector| {
            set.upsert(passage, vector);
        })?;
        *vectors = Some(set);
        Ok(())
    }
}

impl TailState {
    fn note(&mut self, passage: u64, row: &PassageRow) {
        if let Some(language) = row.language.as_deref().and_then(Language::from_tag) {
            *self.languages.entry(language).or_default() += 1;
        }
        if row.visibility == Visibility::Space {
            self.restricted.remove(&passage);
        } else {
            self.restricted.insert(passage, (row.author, row.visibility));
        }
    }

    /// The languages that at least one passage in twenty is in, most frequent first.
    pub(super) fn languages(&self) -> Vec<Language> {
        let all: usize = self.languages.values().sum();
        let mut often: Vec<_> =
            self.languages.iter().filter(|(_, count)| *count * 20 >= all).collect();
        often.sort_by_key(|(language, count)| (std::cmp::Reverse(**count), **language));
        often.into_iter().map(|(language, _)| *language).collect()
    }

    /// The passages that somebody may not know of.
    pub(super) fn hidden_from(
        &self,
        account: AccountId,
        role: Role,
    ) -> std::collections::HashSet<u64> {
        let hidden = self.restricted.iter().filter(|(_, (author, visibility))| {
            !memories::is_readable(account, role, *author, *visibility)
        });
        hidden.map(|(passage, _)| *passage).collect()
    }
}

/// A passage's words, as a slice of its memory.
pub(super) fn words<'a>(memory: &'a Memory, row: &PassageRow) -> &'a str {
    memory.content.text.get(row.from..row.to).unwrap_or_default()
}

/// Place and people of a memory, as far as its words do not name them already.
pub(super) fn labels(memory: &Memory) -> String {
    let content = &memory.content;
    let all = content.place.iter().chain(&content.people).map(|name| &**name);
    let fresh: Vec<&str> = all.filter(|name| !content.text.contains(name)).collect();
    fresh.join(", ")
}

/// A passage with what is known about it.
pub(super) fn told<'a>(memory: &'a Memory, row: &PassageRow, labels: &'a str) -> Told<'a> {
    let text = words(memory, row);
    Told {
        text,
        labels,
        title: memory.content.title.as_deref().filter(|title| !title.is_empty()),
        speaker: memory.content.speaker.as_deref(),
        date: memory.content.occurred_at.as_ref().map(written),
        language: row.language.as_deref().and_then(Language::from_tag),
    }
}

/// The date as exactly as it is known.
fn written(date: &FuzzyDate) -> WrittenDate {
    let (first, last) = (date.earliest(), date.latest());
    let same_month = first.year() == last.year() && first.month() == last.month();
    WrittenDate {
        year: i32::from(first.year()),
        month: same_month.then(|| first.month().unsigned_abs()),
        day: (first == last).then(|| first.day().unsigned_abs()),
    }
}
