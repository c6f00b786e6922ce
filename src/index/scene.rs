//! A snapshot and a tail as one collection: what is alive and visible to the asker, and the
//! statistics of exactly that.

use std::collections::HashMap;
use std::sync::Arc;

use super::analysis::Concept;
use super::bits::Bits;
use super::snapshot::{NO_LABEL, NO_THREAD, Snapshot};
use super::tail::{Slot, Tail};
use super::text::{IndexError, Seen};

/// How fast repeats of a word stop counting, and how much long passages are held back: 0.9
/// points of recall@10 over 1.2/0.75 on chat turns, by the project's earlier measurement.
const K1: f32 = 0.9;
const B: f32 = 0.4;

/// Number of texts, their length together, and each one's.
pub(super) struct Collection {
    pub(super) count: u64,
    total: u64,
}

/// Inverse document frequency: what a word is worth that `found_in` of `all` passages have.
pub(super) fn rarity(all: u64, found_in: u64) -> f32 {
    let (all, some) = (all as f32, found_in as f32);
    (1.0 + (all - some + 0.5) / (some + 0.5)).ln()
}

impl Collection {
    pub(super) fn idf(&self, found_in: usize) -> f32 {
        rarity(self.count, found_in as u64)
    }

    pub(super) fn gain(&self, count: u32, length: u32) -> f32 {
        let average = (self.total as f32 / self.count.max(1) as f32).max(1.0);
        let held_back = K1 * (1.0 - B + B * length as f32 / average);
        count as f32 * (K1 + 1.0) / (count as f32 + held_back)
    }
}

/// The passages of a snapshot and a tail as one collection.
pub(super) struct Scene<'t> {
    pub(super) snapshot: Arc<Snapshot>,
    tail: &'t Tail,
    /// Ordinals (tail slots after the committed ones) that count.
    pub(super) alive: Bits,
    /// Thread number of each tail slot.
    pub(super) tail_thread: Vec<u32>,
    pub(super) threads: usize,
    pub(super) passages: Collection,
    sessions: Collection,
    session_length: Vec<u32>,
    /// Live passages of each thread.
    members: Vec<u32>,
    /// Threads in which the tail changed something.
    touched: Vec<u32>,
}

impl<'t> Scene<'t> {
    pub(super) fn new(snapshot: Arc<Snapshot>, tail: &'t Tail, seen: Seen<'_>) -> Self {
        let seq = snapshot.seq;
        let base = snapshot.len() as u32;
        let mut scene = Self {
            alive: snapshot.alive.clone(),
            tail_thread: vec![NO_THREAD; tail.slots.len()],
            threads: snapshot.threads.len(),
            passages: Collection { count: snapshot.documents, total: snapshot.total_length },
            sessions: Collection { count: 0, total: 0 },
            session_length: snapshot.session_length.clone(),
            members: snapshot.member_counts(),
            touched: Vec::new(),
            snapshot,
            tail,
        };
        scene.alive.grow(base as usize + tail.slots.len());
        let mut labels: HashMap<u64, u32> = HashMap::new();
        for (passage, newest) in tail.newest.iter().filter(|(_, newest)| newest.seq > seq) {
            if let Some(at) = scene.snapshot.find(*passage) {
                scene.take_out(at);
                scene.touched.push(scene.snapshot.thread[at as usize]);
            }
            if let Some((at, slot)) = newest.slot.and_then(|at| Some((at, tail.live(at, seq)?))) {
                scene.admit(at, slot, &mut labels);
            }
        }
        scene.touched.sort_unstable();
        scene.touched.dedup();
        scene.hide(seen);
        scene.sessions = Collection {
            count: scene.members.iter().filter(|count| **count > 0).count() as u64,
            total: scene.session_length.iter().map(|length| u64::from(*length)).sum(),
        };
        scene
    }

    fn admit(&mut self, at: u32, slot: &Slot, labels: &mut HashMap<u64, u32>) {
        self.alive.set(self.snapshot.len() as u32 + at);
        self.passages.count += 1;
        self.passages.total += u64::from(slot.entry.terms.length);
        let Some(label) = slot.entry.thread.filter(|label| *label != NO_LABEL) else { return };
        let known = self.snapshot.threads.get(&label).or_else(|| labels.get(&label)).copied();
        let thread = known.unwrap_or_else(|| {
            labels.insert(label, self.threads as u32);
            self.session_length.push(0);
            self.members.push(0);
            self.threads += 1;
            self.threads as u32 - 1
        });
        self.members[thread as usize] += 1;
        self.session_length[thread as usize] += slot.entry.terms.length;
        self.tail_thread[at as usize] = thread;
        self.touched.push(thread);
    }

    /// Takes what the asker may not see out of the collection and its statistics.
    fn hide(&mut self, seen: Seen<'_>) {
        let Seen::Only(may_see) = seen else { return };
        let hidden: Vec<u32> = self.alive.iter().filter(|at| !may_see(self.passage(*at))).collect();
        for at in hidden {
            self.take_out(at);
        }
    }

    /// Takes one passage out of the collection and its statistics.
    fn take_out(&mut self, at: u32) {
        let (length, thread) = (self.length(at), self.thread(at));
        self.alive.clear(at);
        self.passages.count -= 1;
        self.passages.total -= u64::from(length);
        if thread != NO_THREAD {
            self.members[thread as usize] -= 1;
            self.session_length[thread as usize] -= length;
        }
    }

    fn slot(&self, at: u32) -> Option<&Slot> {
        self.tail.slots.get((at as usize).checked_sub(self.snapshot.len())?)
    }

    fn passage(&self, at: u32) -> u64 {
        self.slot(at).map_or_else(|| self.snapshot.passage[at as usize], |slot| slot.passage)
    }

    pub(super) fn length(&self, at: u32) -> u32 {
        let in_tail = self.slot(at).map(|slot| slot.entry.terms.length);
        in_tail.unwrap_or_else(|| self.snapshot.length[at as usize])
    }

    fn thread(&self, at: u32) -> u32 {
        match (at as usize).checked_sub(self.snapshot.len()) {
            Some(slot) => self.tail_thread[slot],
            None => self.snapshot.thread[at as usize],
        }
    }

    fn place(&self, at: u32) -> (i64, u64) {
        let order = self.slot(at).map(|slot| slot.entry.order);
        (order.unwrap_or_else(|| self.snapshot.order[at as usize]), self.passage(at))
    }

    /// The live passages that have any spelling of the concept, with the highest count.
    pub(super) fn passages_with(&self, concept: &Concept) -> Result<Vec<(u32, u32)>, IndexError> {
        let base = self.snapshot.len() as u32;
        let mut found = Vec::new();
        for &key in &concept.keys {
            self.snapshot.postings(key, &mut found)?;
            found.extend(self.tail.postings(key).iter().map(|(at, count)| (base + at, *count)));
        }
        if let Some(prefix) = concept.prefix {
            self.snapshot.beginning_with(prefix, &mut found)?;
            found.extend(self.tail.beginning_with(prefix).iter().map(|at| (base + at, 1)));
        }
        found.retain(|(at, _)| self.alive.has(*at));
        if concept.keys.len() > 1 || concept.prefix.is_some() {
            found.sort_unstable_by_key(|(at, count)| (*at, std::cmp::Reverse(*count)));
            found.dedup_by_key(|(at, _)| *at);
        }
        Ok(found)
    }

    /// What a speaker with this word in the name said; `None` if there is no such speaker.
    pub(super) fn said_by(&self, concept: &Concept) -> Result<Option<Bits>, IndexError> {
        let mut found = Vec::new();
        self.snapshot.postings(concept.name, &mut found)?;
        let base = self.snapshot.len() as u32;
        found.extend(self.tail.postings(concept.name).iter().map(|(at, _)| (base + at, 1)));
        let mut said = Bits::none(base as usize + self.tail.slots.len());
        found.iter().filter(|(at, _)| self.alive.has(*at)).for_each(|(at, _)| said.set(*at));
        Ok((!said.is_empty()).then_some(said))
    }

    /// Adds the concept's BM25 of each thread, taken as one text. `counts` is scratch, all
    /// zero before and after.
    pub(super) fn add_threads(
        &self,
        concept: &Concept,
        found: &[(u32, u32)],
        counts: &mut [u32],
        scores: &mut [f32],
    ) {
        let mut reached = Vec::new();
        for &(at, count) in found {
            let thread = self.thread(at);
            if thread != NO_THREAD {
                if counts[thread as usize] == 0 {
                    reached.push(thread);
                }
                counts[thread as usize] += count;
            }
        }
        let idf = concept.weight * self.sessions.idf(reached.len());
        for thread in reached {
            let at = thread as usize;
            scores[at] += idf * self.sessions.gain(counts[at], self.session_length[at]);
            counts[at] = 0;
        }
    }

    /// The scores of each passage's neighbours, added up.
    pub(super) fn near(&self, own: &[f32]) -> Vec<f32> {
        let mut near = vec![0.0; own.len()];
        let changed = self.changed_neighbours();
        for at in (0..own.len() as u32).filter(|at| own[*at as usize] > 0.0) {
            let committed = (at as usize) < self.snapshot.len();
            let neighbours = match changed.get(&at) {
                Some(neighbours) => *neighbours,
                None if committed => self.snapshot.neighbours(at),
                None => [None; 2],
            };
            for neighbour in neighbours.into_iter().flatten() {
                near[neighbour as usize] += own[at as usize];
            }
        }
        near
    }

    /// The neighbours in the threads where the tail changed something. Passages the asker
    /// may not see keep their place: only their scores are none.
    fn changed_neighbours(&self) -> HashMap<u32, [Option<u32>; 2]> {
        let base = self.snapshot.len() as u32;
        let gone = |at: u32| {
            let newest = self.tail.newest.get(&self.snapshot.passage[at as usize]);
            newest.is_some_and(|newest| newest.seq > self.snapshot.seq)
        };
        let mut added: HashMap<u32, Vec<u32>> = HashMap::new();
        for (slot, &thread) in self.tail_thread.iter().enumerate() {
            if thread != NO_THREAD {
                added.entry(thread).or_default().push(base + slot as u32);
            }
        }
        let mut changed = HashMap::new();
        for thread in self.touched.iter().filter(|thread| **thread != NO_THREAD) {
            let old = self.snapshot.members(*thread).iter().copied().filter(|at| !gone(*at));
            let new = added.get(thread).into_iter().flatten().copied();
            let mut line: Vec<u32> = old.chain(new).collect();
            line.sort_unstable_by_key(|at| self.place(*at));
            for (place, &at) in line.iter().enumerate() {
                let before = place.checked_sub(1).map(|before| line[before]);
                changed.insert(at, [before, line.get(place + 1).copied()]);
            }
        }
        changed
    }
}
