//! Whatever route a search takes, it finds what brute force finds.

use super::*;

/// Clustered like real text: 40 topics in a space of low inner dimension.
struct Made {
    state: u64,
    topics: Vec<Vec<f32>>,
}

const DIMENSION: usize = 96;

impl Made {
    fn new() -> Self {
        let mut made = Self { state: 42, topics: Vec::new() };
        made.topics = (0..40).map(|_| made.noise(1.0)).collect();
        made
    }

    fn number(&mut self) -> f32 {
        // xorshift64*, Vigna 2016: the same data on every machine.
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let bits = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40;
        bits as f32 / (1u32 << 23) as f32 - 1.0
    }

    fn noise(&mut self, size: f32) -> Vec<f32> {
        (0..DIMENSION).map(|_| self.number() * size).collect()
    }

    fn vector(&mut self) -> Vec<f16> {
        let topic = (self.state >> 20) as usize % self.topics.len();
        let noise = self.noise(0.7);
        let mixed: Vec<f32> = self.topics[topic].iter().zip(noise).map(|(t, n)| t + n).collect();
        let norm = mixed.iter().map(|x| x * x).sum::<f32>().sqrt();
        mixed.iter().map(|x| f16::from_f32(x / norm)).collect()
    }

    fn query(&mut self) -> Vec<f32> {
        self.vector().iter().map(|x| x.to_f32()).collect()
    }
}

fn brute(
    rows: &[(u64, Vec<f16>)],
    query: &[f32],
    k: usize,
    keep: &dyn Fn(u64) -> bool,
) -> Vec<u64> {
    let mut all: Vec<(u64, f32)> = rows
        .iter()
        .filter(|(passage, _)| keep(*passage))
        .map(|(p, row)| (*p, query.iter().zip(row).map(|(q, x)| q * x.to_f32()).sum()))
        .collect();
    all.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.into_iter().take(k).map(|(passage, _)| passage).collect()
}

fn recall(set: &VectorSet, rows: &[(u64, Vec<f16>)], keep: &dyn Fn(u64) -> bool) -> f64 {
    let mut made = Made::new();
    made.state = 7;
    let (mut found, mut wanted) = (0, 0);
    for _ in 0..100 {
        let query = made.query();
        let expected = brute(rows, &query, 10, keep);
        let got = set.search(&query, 10, keep);
        found += expected.iter().filter(|p| got.iter().any(|(g, _)| g == *p)).count();
        wanted += expected.len();
    }
    found as f64 / wanted as f64
}

fn filled(count: u64, exact: Exact) -> (VectorSet, Vec<(u64, Vec<f16>)>) {
    let mut made = Made::new();
    let rows: Vec<(u64, Vec<f16>)> = (0..count).map(|p| (p * 3, made.vector())).collect();
    let mut set = VectorSet::new(DIMENSION, exact);
    rows.iter().for_each(|(passage, row)| assert!(set.upsert(*passage, row)));
    (set, rows)
}

#[test]
fn the_scan_finds_what_brute_force_finds() {
    let (mut set, mut rows) = filled(3_000, Exact::Kept);
    assert!(recall(&set, &rows, &|_| true) >= 0.999);
    assert!(recall(&set, &rows, &|p| p % 2 == 0) >= 0.999);
    assert!(recall(&set, &rows, &|p| p % 50 == 0) >= 0.999);
    for passage in (0..3_000).step_by(2) {
        assert!(set.remove(passage * 3));
    }
    rows.retain(|(passage, _)| passage / 3 % 2 == 1);
    assert_eq!(set.len(), rows.len());
    assert!(recall(&set, &rows, &|_| true) >= 0.999);
    // The next change closes the gaps.
    let again = rows[0].1.clone();
    assert!(set.upsert(rows[0].0, &again));
    assert!(recall(&set, &rows, &|_| true) >= 0.999);
}

#[test]
fn int8_rows_alone_come_close() {
    let (set, rows) = filled(3_000, Exact::Elsewhere);
    assert!(recall(&set, &rows, &|_| true) >= 0.97);
    let query = Made::new().query();
    let exact = rows[5].1.iter().zip(&query).map(|(x, q)| x.to_f32() * q).sum::<f32>();
    let near = set.cosines(&query, &[rows[5].0, 1])[0].unwrap();
    assert!((exact - near).abs() < 0.003);
}

#[test]
fn the_graph_finds_what_brute_force_finds() {
    let (mut set, mut rows) = filled(2_500, Exact::Kept);
    assert!(set.graph_wanted(3_000, usize::MAX).is_none());
    assert!(set.graph_wanted(1_000, 1_000).is_none(), "over the budget");
    let graph = set.graph_wanted(1_000, usize::MAX).unwrap().build(&|| false).unwrap();
    assert!(set.install(graph));
    assert!(set.graph_wanted(1_000, usize::MAX).is_none(), "it is current");
    assert!(recall(&set, &rows, &|_| true) >= 0.995);
    assert!(recall(&set, &rows, &|p| p % 60 == 0) >= 0.995);
    let mut made = Made::new();
    made.state = 99;
    for passage in 0..500u64 {
        set.remove(rows[passage as usize].0);
        let row = made.vector();
        assert!(set.upsert(1_000_000 + passage, &row));
        rows[passage as usize] = (1_000_000 + passage, row);
    }
    assert!(recall(&set, &rows, &|_| true) >= 0.995);
    for (passage, _) in &rows[500..1_200] {
        set.remove(*passage);
    }
    assert!(set.graph_wanted(1_000, usize::MAX).is_some(), "it is worn");
    assert!(set.graph_wanted(1_000, usize::MAX).unwrap().build(&|| true).is_none());
}

#[test]
fn odd_vectors_are_refused() {
    let mut set = VectorSet::new(2, Exact::Kept);
    assert!(!set.upsert(1, &[f16::ONE]));
    assert!(!set.upsert(1, &[f16::NAN, f16::ONE]));
    assert!(set.upsert(1, &[f16::ZERO, f16::ZERO]));
    assert!(set.search(&[1.0], 5, &|_| true).is_empty());
    assert_eq!(set.search(&[1.0, 0.0], 5, &|_| true), [(1, 0.0)]);
}
