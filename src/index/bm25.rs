//! BM25 over live passages only, with the tail as one more segment.
//!
//! tantivy's own scorer counts deleted passages and knows nothing of changes in memory, so
//! an edit would change scores when a merge happens to run. Here every statistic comes from
//! what is alive and visible to the asker at this moment, whatever is on disk or in memory.
//!
//! Besides a passage's own score there are its neighbours' in the same thread and the whole
//! thread's, as one long text: an answer often stands beside the turn that has the words.

use std::collections::HashMap;
use std::sync::Arc;

use super::analysis::Query;
use super::bits::Bits;
use super::scene::{Scene, rarity};
use super::snapshot::Snapshot;
use super::tail::Tail;
use super::text::{IndexError, Seen};

/// The shares of the neighbours' and the thread's score that are added to a passage's own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Boosts {
    /// Of the sum of the passages before and after.
    pub near: f32,
    /// Of the thread as a whole.
    pub thread: f32,
}

/// The scores of one passage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextHit {
    /// The passage's number.
    pub passage: u64,
    /// Its own BM25.
    pub own: f32,
    /// BM25 of the passages before and after it in its thread, added up.
    pub near: f32,
    /// BM25 of its thread among the threads, on the scale of the best passage; its own
    /// BM25 if it is in no thread, so that lone memories are not behind chats.
    pub thread: f32,
    /// The three together, by the boosts of the search.
    pub score: f32,
    /// Whether the only speaker that the question names said it.
    pub said_by_named: bool,
}

/// What one concept of the question is worth in this clone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    /// Passages that have it.
    pub found_in: u32,
    /// Inverse document frequency, times the concept's weight.
    pub idf: f32,
    /// Whether the word names a speaker.
    pub names_speaker: bool,
}

impl Worth {
    /// What the word would be worth among at least `passages` passages, the further ones
    /// without it: in a clone of a few memories nothing is rare.
    #[must_use]
    pub fn among(self, documents: u64, passages: u64) -> f32 {
        rarity(documents.max(passages), u64::from(self.found_in))
    }
}

/// All scores of one question.
pub struct TextScores {
    snapshot: Arc<Snapshot>,
    tail: Vec<(u64, u32)>,
    tail_at: HashMap<u64, u32>,
    alive: Bits,
    own: Vec<f32>,
    near: Vec<f32>,
    /// Per thread, on the scale of the best passage.
    thread: Vec<f32>,
    total: Vec<f32>,
    named: Option<Bits>,
    worth: Vec<Worth>,
    documents: u64,
    best: f32,
}

impl std::fmt::Debug for TextScores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextScores").field("worth", &self.worth).finish_non_exhaustive()
    }
}

impl TextScores {
    /// The worth of each concept, in the query's order.
    #[must_use]
    pub fn worth(&self) -> &[Worth] {
        &self.worth
    }

    /// Passages that the asker may know of.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// The best score of any passage the asker may see; 0 when no word was found.
    #[must_use]
    pub fn best(&self) -> f32 {
        self.best
    }

    /// The scores of one passage; `None` if it does not exist or may not be seen.
    #[must_use]
    pub fn of(&self, passage: u64) -> Option<TextHit> {
        let at = match self.tail_at.get(&passage) {
            Some(at) => *at,
            None => self.snapshot.find(passage)?,
        };
        self.alive.has(at).then(|| self.hit(at))
    }

    /// The `k` best passages for which `keep` holds, best first, ties by passage number.
    /// Passages without any word of the question are not among them.
    #[must_use]
    pub fn top(&self, k: usize, keep: &dyn Fn(u64) -> bool) -> Vec<TextHit> {
        let mut best: Vec<(f32, u32)> = Vec::with_capacity(2 * k + 1);
        let mut least = 0.0;
        let order = |a: &(f32, u32), b: &(f32, u32)| {
            b.0.total_cmp(&a.0).then_with(|| self.passage(a.1).cmp(&self.passage(b.1)))
        };
        for (at, &score) in (0u32..).zip(&self.total) {
            if score <= 0.0 || score < least || !keep(self.passage(at)) {
                continue;
            }
            best.push((score, at));
            if best.len() > 2 * k {
                best.sort_unstable_by(order);
                best.truncate(k);
                least = best.last().map_or(0.0, |last| last.0);
            }
        }
        best.sort_unstable_by(order);
        best.truncate(k);
        best.into_iter().map(|(_, at)| self.hit(at)).collect()
    }

    fn add_up(&mut self, boosts: Boosts) {
        for at in self.alive.iter() {
            let place = at as usize;
            let near = boosts.near * self.near[place];
            let score = self.own[place] + near + boosts.thread * self.thread_score(at);
            self.total[place] = score;
            self.best = self.best.max(score);
        }
    }

    fn hit(&self, at: u32) -> TextHit {
        TextHit {
            passage: self.passage(at),
            own: self.own[at as usize],
            near: self.near[at as usize],
            thread: self.thread_score(at),
            score: self.total[at as usize],
            said_by_named: self.named.as_ref().is_some_and(|named| named.has(at)),
        }
    }

    fn passage(&self, at: u32) -> u64 {
        let at = at as usize;
        match self.snapshot.passage.get(at) {
            Some(passage) => *passage,
            None => self.tail[at - self.snapshot.len()].0,
        }
    }

    fn thread_score(&self, at: u32) -> f32 {
        let thread = match self.snapshot.thread.get(at as usize) {
            Some(thread) => *thread,
            None => self.tail[at as usize - self.snapshot.len()].1,
        };
        self.thread.get(thread as usize).copied().unwrap_or(self.own[at as usize])
    }
}

/// Scores all passages; see `TextIndex::search`.
pub(super) fn score(
    snapshot: Arc<Snapshot>,
    tail: &Tail,
    query: &Query,
    seen: Seen<'_>,
    boosts: Boosts,
) -> Result<TextScores, IndexError> {
    let scene = Scene::new(snapshot, tail, seen);
    let all = scene.snapshot.len() + tail.slots.len();
    let mut own = vec![0.0f32; all];
    let mut thread = vec![0.0f32; scene.threads];
    let mut counts = vec![0u32; scene.threads];
    let mut worth = Vec::with_capacity(query.concepts.len());
    let mut names: Vec<Bits> = Vec::new();
    for concept in &query.concepts {
        let found = scene.passages_with(concept)?;
        let idf = concept.weight * scene.passages.idf(found.len());
        for &(at, count) in &found {
            own[at as usize] += idf * scene.passages.gain(count, scene.length(at));
        }
        scene.add_threads(concept, &found, &mut counts, &mut thread);
        let speaker = scene.said_by(concept)?;
        worth.push(Worth { found_in: found.len() as u32, idf, names_speaker: speaker.is_some() });
        names.extend(speaker);
    }
    let near = scene.near(&own);
    let highest = own.iter().copied().fold(0.0, f32::max);
    let best_thread = thread.iter().copied().fold(0.0, f32::max);
    if best_thread > 0.0 {
        for score in &mut thread {
            *score *= highest / best_thread;
        }
    }
    let named = names.into_iter().reduce(|mut one, other| {
        one.intersect(&other);
        one
    });
    let slots = tail.slots.iter().zip(&scene.tail_thread);
    let tail_at = (0..tail.slots.len() as u32)
        .filter(|at| tail.live(*at, scene.snapshot.seq).is_some())
        .map(|at| (tail.slots[at as usize].passage, scene.snapshot.len() as u32 + at))
        .collect();
    let mut scores = TextScores {
        tail: slots.map(|(slot, thread)| (slot.passage, *thread)).collect(),
        tail_at,
        named: named.filter(|named| !named.is_empty()),
        documents: scene.passages.count,
        best: 0.0,
        alive: scene.alive,
        snapshot: scene.snapshot,
        total: vec![0.0; own.len()],
        own,
        near,
        thread,
        worth,
    };
    scores.add_up(boosts);
    Ok(scores)
}
