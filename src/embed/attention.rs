//! How the tokens of a text look at each other: the one step that is not a matrix product with
//! weights, and the one that takes each text by itself. All in 32-bit floats.

use super::kernels::HIDDEN;
use super::simd::{Kernel, Simd};

/// Width of one attention head.
const HEAD: usize = 32;
/// Query, key and value of a token side by side.
const QKV: usize = 3 * HIDDEN;
/// Queries that are scored together.
const TILE: usize = 4;

/// Attention of one text: every head, every token against every other.
pub(super) struct Attend<'a> {
    /// Query, key and value of each token; queries scaled for a softmax to base 2.
    pub(super) qkv: &'a [f32],
    /// One row of `HIDDEN` floats a token.
    pub(super) to: &'a mut [f32],
    /// Grown as needed.
    pub(super) scratch: &'a mut Vec<f32>,
}

impl Kernel for Attend<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let tokens = self.qkv.len() / QKV;
        // Keys lie transposed, padded to whole registers of every instruction set.
        let padded = tokens.next_multiple_of(16);
        if self.scratch.len() < (HEAD + TILE) * padded {
            self.scratch.resize((HEAD + TILE) * padded, 0.0);
        }
        let (keys, scores) = self.scratch.split_at_mut(HEAD * padded);
        let scores = &mut scores[..TILE * padded];
        for head in (0..HIDDEN).step_by(HEAD) {
            for (d, keys) in keys.chunks_exact_mut(padded).enumerate() {
                for (token, key) in keys[..tokens].iter_mut().enumerate() {
                    *key = self.qkv[token * QKV + HIDDEN + head + d];
                }
                keys[tokens..].fill(0.0);
            }
            let mut row = 0;
            while row < tokens {
                // The last tile steps back over rows that are done already.
                let rows = TILE.min(tokens);
                let start = row.min(tokens - rows);
                let queries = &self.qkv[start * QKV + head..];
                score(simd, queries, rows, keys, scores);
                let mut shares = [0.0; TILE];
                for (share, scores) in shares.iter_mut().zip(scores.chunks_exact_mut(padded)) {
                    *share = softmax(simd, scores, tokens);
                }
                let values = &self.qkv[2 * HIDDEN + head..];
                blend(simd, values, scores, &shares, &mut self.to[start * HIDDEN + head..], rows);
                row += rows;
            }
        }
    }
}

/// Scores of `TILE` queries against all keys; a tile short of queries repeats its first.
#[inline(always)]
fn score<S: Simd>(simd: S, queries: &[f32], rows: usize, keys: &[f32], scores: &mut [f32]) {
    let padded = keys.len() / HEAD;
    let mut tile = [&queries[..HEAD]; TILE];
    for (r, tile) in tile.iter_mut().enumerate().take(rows) {
        *tile = &queries[r * QKV..][..HEAD];
    }
    for at in (0..padded).step_by(S::LANES) {
        let mut sums = [simd.splat(0.0); TILE];
        for d in 0..HEAD {
            let key = simd.load(&keys[d * padded + at..]);
            for r in 0..TILE {
                sums[r] = simd.mul_add(simd.splat(tile[r][d]), key, sums[r]);
            }
        }
        for r in 0..TILE {
            simd.store(sums[r], &mut scores[r * padded + at..]);
        }
    }
}

/// Replaces scores by their powers of two and returns one over their sum.
#[inline(always)]
fn softmax<S: Simd>(simd: S, scores: &mut [f32], tokens: usize) -> f32 {
    scores[tokens..].fill(-1e9);
    let mut most = simd.splat(-1e9);
    for part in scores.chunks_exact(S::LANES) {
        most = simd.max(most, simd.load(part));
    }
    let most = simd.splat(simd.largest(most));
    let mut sum = simd.splat(0.0);
    for part in scores.chunks_exact_mut(S::LANES) {
        let power = exp2(simd, simd.sub(simd.load(part), most));
        sum = simd.add(sum, power);
        simd.store(power, part);
    }
    1.0 / simd.sum(sum)
}

/// The values of all tokens, weighted by the scores, for each row of the tile.
#[inline(always)]
fn blend<S: Simd>(
    simd: S,
    values: &[f32],
    scores: &[f32],
    shares: &[f32; TILE],
    to: &mut [f32],
    rows: usize,
) {
    let padded = scores.len() / TILE;
    let mut tile = [&scores[..padded]; TILE];
    for (r, tile) in tile.iter_mut().enumerate() {
        *tile = &scores[r * padded..][..padded];
    }
    // Two registers of the head at a time: the whole of it with 16 lanes, half with eight.
    for at in (0..HEAD).step_by(2 * S::LANES) {
        let mut sums = [[simd.splat(0.0); 2]; TILE];
        for (token, values) in values.chunks(QKV).enumerate() {
            let low = simd.load(&values[at..]);
            let high = simd.load(&values[at + S::LANES..]);
            for r in 0..TILE {
                let score = simd.splat(tile[r][token]);
                sums[r][0] = simd.mul_add(score, low, sums[r][0]);
                sums[r][1] = simd.mul_add(score, high, sums[r][1]);
            }
        }
        for r in 0..rows {
            let share = simd.splat(shares[r]);
            let to = &mut to[r * HIDDEN + at..];
            simd.store(simd.mul(sums[r][0], share), to);
            simd.store(simd.mul(sums[r][1], share), &mut to[S::LANES..]);
        }
    }
}

/// 2ˣ for x ≤ 0, relative error below 3e-6 (minimax fit); 2⁻¹²⁶ for anything smaller.
#[inline(always)]
fn exp2<S: Simd>(simd: S, x: S::Floats) -> S::Floats {
    const TERMS: [f32; 5] = [0.999_999_3, 0.693_121_8, 0.240_247_44, 0.055_917_863, 0.009_570_102];
    let x = simd.max(x, simd.splat(-126.0));
    let whole = simd.round(x);
    let rest = simd.sub(x, whole);
    let mut sum = simd.splat(TERMS[4]);
    for term in TERMS[..4].iter().rev() {
        sum = simd.mul_add(sum, rest, simd.splat(*term));
    }
    simd.scale(sum, whole)
}

#[cfg(test)]
mod tests;
