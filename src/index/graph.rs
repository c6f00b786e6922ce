//! A graph over many vectors (HNSW): near neighbours without looking at every row.
//!
//! Built in the background from a copy of the rows and never written to disk: hnsw_rs' dump
//! is not crash-safe, and the rows are the truth. It cannot delete, so forgotten rows stay
//! until it is built anew, and it can leave a point unreachable, so every point is looked
//! up once after the build; those not found are scanned exactly.

use hnsw_rs::prelude::{DistDot, Hnsw};

use super::bits::Bits;

/// Links of a point: fewer leave more points unreachable (reported for 0.3.4: 32 % of
/// builds with 24 links, none of 40 with 32).
const LINKS: usize = 32;
/// Neighbours looked at while building.
const BUILD_WIDTH: usize = 200;
/// hnsw_rs has sixteen layers or refuses some calls.
const LAYERS: usize = 16;
/// Neighbours looked at in a search, at least.
const SEARCH_WIDTH: usize = 160;
/// How many a point must be among when it looks for itself.
const SELF_AMONG: usize = 10;
/// Share of forgotten rows at which the graph is worn out, one in so many.
const WORN_ONE_IN: usize = 5;
/// Rows that came after the build, beyond which it is worn out, one in so many.
const LATE_ONE_IN: usize = 5;
/// `DistDot` demands norms below 1.
const LARGEST_NORM: f32 = 1.0 - 1e-6;

/// The rows to build a graph from.
#[derive(Debug)]
pub struct GraphSource {
    pub(super) rows: Vec<(u32, Vec<f32>)>,
    pub(super) total: u32,
    pub(super) numbering: u32,
}

/// A built graph.
pub struct Graph {
    hnsw: Hnsw<'static, f32, DistDot>,
    total: u32,
    numbering: u32,
    holds: usize,
    aside: Vec<u32>,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph").field("holds", &self.holds).finish_non_exhaustive()
    }
}

impl GraphSource {
    /// Builds the graph on this thread, estimated at 1 to 3 ms a row. `stop` is asked now and then;
    /// `None` when it said yes.
    #[must_use]
    pub fn build(self, stop: &dyn Fn() -> bool) -> Option<Graph> {
        let holds = self.rows.len();
        let hnsw = Hnsw::new(LINKS, holds.max(1), LAYERS, BUILD_WIDTH, DistDot {});
        let rows: Vec<(u32, Vec<f32>)> =
            self.rows.into_iter().map(|(row, vector)| (row, unit(&vector))).collect();
        for (count, (row, vector)) in rows.iter().enumerate() {
            if count % 256 == 0 && stop() {
                return None;
            }
            hnsw.insert_slice((vector, *row as usize));
        }
        let mut aside = Vec::new();
        for (count, (row, vector)) in rows.iter().enumerate() {
            if count % 256 == 0 && stop() {
                return None;
            }
            let found = hnsw.search(vector, SELF_AMONG, 64);
            if !found.iter().any(|near| near.get_origin_id() == *row as usize) {
                aside.push(*row);
            }
        }
        let (total, numbering) = (self.total, self.numbering);
        Some(Graph { hnsw, total, numbering, holds, aside })
    }
}

impl Graph {
    /// Rows up to this one were there when it was built.
    pub(super) fn total(&self) -> u32 {
        self.total
    }

    /// Which numbering of the rows it speaks of.
    pub(super) fn numbering(&self) -> u32 {
        self.numbering
    }

    /// Rows that do not find themselves.
    pub(super) fn aside(&self) -> &[u32] {
        &self.aside
    }

    /// About `wanted` rows nearest to `query`, forgotten ones among them.
    pub(super) fn nearest(&self, query: &[f32], wanted: usize) -> Vec<u32> {
        let width = SEARCH_WIDTH.max(2 * wanted);
        let found = self.hnsw.search(&unit(query), wanted, width);
        found.iter().map(|near| near.get_origin_id() as u32).collect()
    }

    /// Whether so many rows have gone or come that it should be built anew.
    pub(super) fn is_worn(&self, live: &Bits, now: usize) -> bool {
        let held = live.iter().take_while(|row| *row < self.total).count();
        let (gone, late) = (self.holds.saturating_sub(held), now.saturating_sub(held));
        gone * WORN_ONE_IN > self.holds || late * LATE_ONE_IN > self.holds
    }
}

/// The vector with a norm just below 1; the zero vector stays.
fn unit(vector: &[f32]) -> Vec<f32> {
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    let factor = if norm > 0.0 { LARGEST_NORM / norm } else { 0.0 };
    vector.iter().map(|x| x * factor).collect()
}
