//! The meaning of one clone's passages: vectors in memory, scanned exactly.
//!
//! A row is int8 with a scale; what scores best in int8 is scored again from the f16 rows
//! (kept here, or fetched by the caller), so the result equals an exact search. A delete is
//! a forgotten row, a filter is asked only about rows good enough to matter. Beyond some
//! hundred thousand rows a graph takes over the bulk (`graph.rs`).

use std::collections::HashMap;

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::bits::Bits;
use super::graph::{Graph, GraphSource};
use super::simd::{Kernel, Probe};

/// Memory of one row in a graph, in bytes, besides its `4 · dimension`: an estimate
/// from the allocations of hnsw_rs 0.3.5, not measured.
pub const GRAPH_ROW_BYTES: usize = 3_700;
/// Candidates kept beyond the wanted results before scores are made exact: int8 errs by
/// some thousandths, which moves a passage past a few dozen others, whatever is wanted.
const MARGIN: usize = 48;

/// Finds the nearest passages by meaning.
pub trait VectorSearch {
    /// The `k` passages with the highest cosine (dot product) to `query` among those for
    /// which `keep` holds, best first, ties by passage number.
    fn search(&self, query: &[f32], k: usize, keep: &dyn Fn(u64) -> bool) -> Vec<(u64, f32)>;
}

/// Where the exact rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exact {
    /// Kept here beside the int8 rows: twice the bytes again, results exact.
    Kept,
    /// Not here: scores are within some thousandths of exact, the caller may rescore with its
    /// own rows.
    Elsewhere,
}

/// The vectors of one clone.
#[derive(Debug)]
pub struct VectorSet {
    dimension: usize,
    kernel: Kernel,
    rows: Vec<i8>,
    scale: Vec<f32>,
    sum: Vec<i32>,
    exact: Option<Vec<f16>>,
    passage: Vec<u64>,
    at: HashMap<u64, u32>,
    live: Bits,
    graph: Option<Graph>,
    /// How often the rows were renumbered.
    numbering: u32,
}

impl VectorSet {
    /// An empty set of vectors of `dimension` numbers.
    #[must_use]
    pub fn new(dimension: usize, exact: Exact) -> Self {
        Self {
            dimension,
            kernel: Kernel::best(),
            rows: Vec::new(),
            scale: Vec::new(),
            sum: Vec::new(),
            exact: (exact == Exact::Kept).then(Vec::new),
            passage: Vec::new(),
            at: HashMap::new(),
            live: Bits::default(),
            graph: None,
            numbering: 0,
        }
    }

    /// Live vectors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Numbers in a vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Memory in use, in bytes, without the graph.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let exact = self.exact.as_ref().map_or(0, |rows| rows.capacity() * 2);
        self.rows.capacity() + exact + self.passage.capacity() * 16 + self.at.capacity() * 17
    }

    /// Puts in a passage's vector, replacing the one it had. A vector of another length or
    /// with numbers that are not finite is refused.
    pub fn upsert(&mut self, passage: u64, vector: &[f16]) -> bool {
        if vector.len() != self.dimension || vector.iter().any(|x| !x.is_finite()) {
            return false;
        }
        self.remove(passage);
        let row = self.passage.len() as u32;
        let (codes, scale) = quantised(vector.iter().map(|x| x.to_f32()));
        self.sum.push(codes.iter().map(|x| i32::from(*x)).sum());
        self.rows.extend_from_slice(&codes);
        self.scale.push(scale);
        if let Some(exact) = &mut self.exact {
            exact.extend_from_slice(vector);
        }
        self.passage.push(passage);
        self.live.grow(row as usize + 1);
        self.live.set(row);
        self.at.insert(passage, row);
        self.tidy();
        true
    }

    /// Forgets a passage's vector; whether there was one.
    pub fn remove(&mut self, passage: u64) -> bool {
        let Some(row) = self.at.remove(&passage) else { return false };
        self.live.clear(row);
        true
    }

    /// The cosine of `query` with each passage's vector, in the order asked; `None` where
    /// there is no vector.
    #[must_use]
    pub fn cosines(&self, query: &[f32], passages: &[u64]) -> Vec<Option<f32>> {
        let of = |passage: &u64| self.at.get(passage).map(|row| self.cosine(query, *row));
        passages.iter().map(of).collect()
    }

    /// What a graph over the live rows is built from, to be done elsewhere; `None` while the
    /// scan is good enough, a current graph exists, or it would not fit into `budget` bytes.
    #[must_use]
    pub fn graph_wanted(&self, above: usize, budget: usize) -> Option<GraphSource> {
        let cost = self.len() * (GRAPH_ROW_BYTES + 4 * self.dimension);
        let current =
            self.graph.as_ref().is_some_and(|graph| !graph.is_worn(&self.live, self.len()));
        if self.len() <= above || cost > budget || current {
            return None;
        }
        let rows = self.live.iter().map(|row| (row, self.dequantised(row))).collect();
        let total = self.passage.len() as u32;
        Some(GraphSource { rows, total, numbering: self.numbering })
    }

    /// Puts a graph built from `graph_wanted` in use. Rows that came after are scanned. A
    /// graph of rows that have been renumbered since is refused.
    pub fn install(&mut self, graph: Graph) -> bool {
        let fits = graph.numbering() == self.numbering;
        if fits {
            self.graph = Some(graph);
        }
        fits
    }

    /// Whether searches use a graph.
    #[must_use]
    pub fn has_graph(&self) -> bool {
        self.graph.is_some()
    }

    /// Closes the gaps of forgotten rows once they are a third. Rows are renumbered, so a
    /// graph goes, and one that is being built will be refused.
    fn tidy(&mut self) {
        let dead = self.passage.len() - self.at.len();
        if dead < 1_024 || dead * 3 < self.passage.len() {
            return;
        }
        let mut tidy = Self::new(self.dimension, Exact::Elsewhere);
        tidy.numbering = self.numbering + 1;
        tidy.exact = self.exact.as_ref().map(|_| Vec::new());
        for row in self.live.iter() {
            let (at, from) = (row as usize, row as usize * self.dimension);
            tidy.at.insert(self.passage[at], tidy.passage.len() as u32);
            tidy.passage.push(self.passage[at]);
            tidy.scale.push(self.scale[at]);
            tidy.sum.push(self.sum[at]);
            tidy.rows.extend_from_slice(&self.rows[from..from + self.dimension]);
            if let (Some(exact), Some(old)) = (&mut tidy.exact, &self.exact) {
                exact.extend_from_slice(&old[from..from + self.dimension]);
            }
        }
        tidy.live = Bits::none(tidy.passage.len());
        (0..tidy.passage.len() as u32).for_each(|row| tidy.live.set(row));
        *self = tidy;
    }

    fn row(&self, row: u32) -> &[i8] {
        let from = row as usize * self.dimension;
        &self.rows[from..from + self.dimension]
    }

    fn dequantised(&self, row: u32) -> Vec<f32> {
        let scale = self.scale[row as usize];
        self.row(row).iter().map(|x| f32::from(*x) * scale).collect()
    }

    /// The dot product with the most exact row there is.
    fn cosine(&self, query: &[f32], row: u32) -> f32 {
        let from = row as usize * self.dimension;
        match &self.exact {
            Some(exact) => {
                let mut row = vec![0.0; self.dimension];
                exact[from..from + self.dimension].convert_to_f32_slice(&mut row);
                dot(query, &row)
            }
            None => dot(query, &self.dequantised(row)),
        }
    }

    /// The best rows of `rows` by int8 scores; `keep` is asked only about rows that would
    /// get in.
    fn scan(
        &self,
        query: &[f32],
        rows: impl Iterator<Item = u32>,
        wanted: usize,
        keep: &dyn Fn(u64) -> bool,
    ) -> Vec<(f32, u32)> {
        let (codes, scale) = quantised(query.iter().copied());
        let probe = Probe::new(codes, self.kernel);
        let mut best: Vec<(f32, u32)> = Vec::with_capacity(2 * wanted + 1);
        let mut least = f32::NEG_INFINITY;
        for row in rows {
            let at = row as usize;
            let dot = probe.dot(self.row(row), self.sum[at]);
            let score = dot as f32 * self.scale[at] * scale;
            if score < least || !keep(self.passage[at]) {
                continue;
            }
            best.push((score, row));
            if best.len() >= 2 * wanted {
                best.select_nth_unstable_by(wanted - 1, |a, b| b.0.total_cmp(&a.0));
                best.truncate(wanted);
                least = best.iter().map(|(score, _)| *score).fold(f32::INFINITY, f32::min);
            }
        }
        if best.len() > wanted {
            best.select_nth_unstable_by(wanted - 1, |a, b| b.0.total_cmp(&a.0));
            best.truncate(wanted);
        }
        best
    }

    /// Scores the candidates exactly and keeps the best.
    fn finish(&self, query: &[f32], rows: Vec<(f32, u32)>, k: usize) -> Vec<(u64, f32)> {
        let exact = |(_, row): (f32, u32)| (self.passage[row as usize], self.cosine(query, row));
        let mut best: Vec<(u64, f32)> = rows.into_iter().map(exact).collect();
        best.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        best.dedup_by_key(|(passage, _)| *passage);
        best.truncate(k);
        best
    }

    /// The exact scan over every row, whatever the size: what the graph is checked against.
    #[must_use]
    pub fn scan_all(&self, query: &[f32], k: usize, keep: &dyn Fn(u64) -> bool) -> Vec<(u64, f32)> {
        if k == 0 || query.len() != self.dimension {
            return Vec::new();
        }
        let wanted = k + MARGIN;
        let rows = self.scan(query, self.live.iter(), wanted, keep);
        self.finish(query, rows, k)
    }

    /// The graph for the bulk, the scan for what it does not hold; `None` when the filter
    /// leaves the graph too little to find.
    fn by_graph(
        &self,
        query: &[f32],
        k: usize,
        keep: &dyn Fn(u64) -> bool,
    ) -> Option<Vec<(u64, f32)>> {
        let graph = self.graph.as_ref()?;
        let wanted = k + MARGIN;
        let found = graph.nearest(query, wanted);
        let asked = found.len();
        let mut rows: Vec<(f32, u32)> = found
            .into_iter()
            .filter(|row| self.live.has(*row) && keep(self.passage[*row as usize]))
            .map(|row| (0.0, row))
            .collect();
        if rows.len() < asked / 2 {
            return None;
        }
        let later = graph.total()..self.passage.len() as u32;
        let beside = graph.aside().iter().copied().chain(later).filter(|row| self.live.has(*row));
        rows.extend(self.scan(query, beside, wanted, keep));
        Some(self.finish(query, rows, k))
    }
}

impl VectorSearch for VectorSet {
    fn search(&self, query: &[f32], k: usize, keep: &dyn Fn(u64) -> bool) -> Vec<(u64, f32)> {
        if k == 0 || query.len() != self.dimension {
            return Vec::new();
        }
        self.by_graph(query, k, keep).unwrap_or_else(|| self.scan_all(query, k, keep))
    }
}

/// Eight sums side by side: the compiler may not reorder a single one.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in left.zip(right) {
        for at in 0..8 {
            sums[at] += x[at] * y[at];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// Numbers as int8 and what one step is worth.
fn quantised(vector: impl Iterator<Item = f32> + Clone) -> (Vec<i8>, f32) {
    let largest = vector.clone().fold(0.0f32, |largest, x| largest.max(x.abs()));
    let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
    (vector.map(|x| (x / scale).round() as i8).collect(), scale)
}

#[cfg(test)]
#[path = "vectors_tests.rs"]
mod tests;
