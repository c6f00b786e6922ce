//! The arithmetic of the model, written once for every instruction set of `simd.rs`.
//!
//! Activations are 32-bit floats between the steps; the matrix products, nine tenths of the
//! work, run on 8-bit numbers: weights with one scale an output, inputs with one scale a token.

use super::simd::{Kernel, MOST_ROWS, Simd};
use super::weights::{Linear, Norm};

/// Width of a token's vector.
pub(super) const HIDDEN: usize = 384;
/// Bytes of a block of packed weights: 16 outputs times 4 inputs.
const BLOCK: usize = 64;
/// Columns of a tile of the matrix product with the widest registers.
const WIDEST_TILE: usize = 32;

/// Rows of activations in eight bits: `value ≈ byte * scale`.
#[derive(Default)]
pub(super) struct Rows {
    bytes: Vec<i8>,
    scales: Vec<f32>,
    /// -128 times the sum of a row's bytes: takes back the offset of the unsigned weights.
    offsets: Vec<i32>,
    width: usize,
}

/// Fills [`Rows`] from floats; the scale of a row maps its largest value to 127.
pub(super) struct Quantise<'a> {
    /// Rows of `width` floats, a multiple of 16.
    pub(super) from: &'a [f32],
    pub(super) width: usize,
    pub(super) to: &'a mut Rows,
}

impl Kernel for Quantise<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let count = self.from.len() / self.width;
        let Rows { bytes, scales, offsets, width } = self.to;
        *width = self.width;
        bytes.resize(self.from.len(), 0);
        scales.resize(count, 0.0);
        offsets.resize(count, 0);
        let rows = self.from.chunks_exact(self.width).zip(bytes.chunks_exact_mut(self.width));
        for ((from, to), (scale, offset)) in rows.zip(scales.iter_mut().zip(offsets)) {
            let mut high = simd.splat(0.0);
            let mut low = simd.splat(0.0);
            for part in from.chunks_exact(S::LANES) {
                let part = simd.load(part);
                high = simd.max(high, part);
                low = simd.min(low, part);
            }
            let most = simd.largest(simd.max(high, simd.sub(simd.splat(0.0), low)));
            // Far above the smallest float, so that the inverse is finite.
            *scale = most.max(1e-20) / 127.0;
            let inverse = simd.splat(1.0 / *scale);
            let mut sum = simd.splat(0.0);
            for (from, to) in from.chunks_exact(S::LANES).zip(to.chunks_exact_mut(S::LANES)) {
                let whole = simd.round(simd.mul(simd.load(from), inverse));
                sum = simd.add(sum, whole);
                simd.store_bytes(whole, to);
            }
            *offset = simd.sum(sum) as i32 * -128;
        }
    }
}

/// What happens to the outputs of a [`Product`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    Plain,
    Gelu,
}

/// A linear layer: `to = finish(rows · weights + bias)`.
pub(super) struct Product<'a> {
    pub(super) rows: &'a Rows,
    pub(super) linear: &'a Linear,
    pub(super) finish: Finish,
    /// As many rows, each of the layer's outputs.
    pub(super) to: &'a mut [f32],
}

impl Kernel for Product<'_> {
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let (width, outputs) = (self.rows.width, self.linear.outputs());
        let count = self.rows.scales.len();
        for column in (0..outputs).step_by(S::LANES * 2) {
            let mut row = 0;
            while row < count {
                let rows = S::ROWS.min(count - row);
                let tile = Tile { row, column, width, outputs };
                match rows {
                    1 => tile.run::<S, 1>(simd, &mut self),
                    2 => tile.run::<S, 2>(simd, &mut self),
                    3 => tile.run::<S, 3>(simd, &mut self),
                    4 => tile.run::<S, 4>(simd, &mut self),
                    5 => tile.run::<S, 5>(simd, &mut self),
                    6 => tile.run::<S, 6>(simd, &mut self),
                    7 => tile.run::<S, 7>(simd, &mut self),
                    8 => tile.run::<S, 8>(simd, &mut self),
                    9 => tile.run::<S, 9>(simd, &mut self),
                    10 => tile.run::<S, 10>(simd, &mut self),
                    11 => tile.run::<S, 11>(simd, &mut self),
                    _ => tile.run::<S, MOST_ROWS>(simd, &mut self),
                }
                row += rows;
            }
        }
    }
}

/// Rows times two registers of columns, kept in registers while the inputs go by.
struct Tile {
    row: usize,
    column: usize,
    width: usize,
    outputs: usize,
}

impl Tile {
    #[inline(always)]
    fn run<S: Simd, const R: usize>(&self, simd: S, product: &mut Product<'_>) {
        let Rows { bytes, scales, offsets, .. } = product.rows;
        let offsets = &offsets[self.row..][..R];
        let scales = &scales[self.row..][..R];
        let steps = self.width / 4;
        let mut inputs: [&[[i8; 4]]; R] = [&[]; R];
        for (r, inputs) in inputs.iter_mut().enumerate() {
            *inputs = &bytes[(self.row + r) * self.width..].as_chunks().0[..steps];
        }
        // Two registers are two panels of 16 columns, or the halves of one.
        let weights: &[[u8; BLOCK]] = product.linear.packed().as_chunks().0;
        let panel = &weights[self.column / 16 * steps..];
        let first = &panel[..steps];
        let second = if S::LANES == 16 { &panel[steps..][..steps] } else { first };
        let mut sums = [[simd.splat_int(0); 2]; R];
        for r in 0..R {
            sums[r] = [simd.splat_int(offsets[r]); 2];
        }
        for step in 0..steps {
            let (w0, w1) = if S::LANES == 16 {
                (simd.weights(&first[step]), simd.weights(&second[step]))
            } else {
                (simd.weights(&first[step]), simd.weights(&first[step][S::LANES * 4..]))
            };
            for r in 0..R {
                let x = simd.inputs(inputs[r][step]);
                sums[r][0] = simd.dot(sums[r][0], w0, x);
                sums[r][1] = simd.dot(sums[r][1], w1, x);
            }
        }
        // Through memory: a longer loop over `sums` would not be unrolled, and an array that is
        // indexed at run time does not stay in registers, not even in the loop above.
        let mut totals = [[0.0; WIDEST_TILE]; R];
        for r in 0..R {
            simd.store(simd.to_floats(sums[r][0]), &mut totals[r]);
            simd.store(simd.to_floats(sums[r][1]), &mut totals[r][S::LANES..]);
        }
        for at in [0, S::LANES] {
            let column = self.column + at;
            let scale = simd.load(&product.linear.scales()[column..]);
            let bias = simd.load(&product.linear.bias()[column..]);
            for r in 0..R {
                let value = simd.mul(simd.load(&totals[r][at..]), simd.splat(scales[r]));
                let mut value = simd.mul_add(value, scale, bias);
                if product.finish == Finish::Gelu {
                    value = gelu(simd, value);
                }
                simd.store(value, &mut product.to[(self.row + r) * self.outputs + column..]);
            }
        }
    }
}

/// x · Φ(x), with Φ - ½ as an odd polynomial up to ±4.2, where it is made to reach ±½.
/// Weighted minimax fit of our own; the error is below 7e-5, a third of an 8-bit step at 0.02.
#[inline(always)]
fn gelu<S: Simd>(simd: S, x: S::Floats) -> S::Floats {
    const EDGE: f32 = 4.2;
    const TERMS: [f32; 9] = [
        0.398_831_96,
        -0.066_221_334,
        0.009_742_675,
        -0.001_087_606_1,
        9.012_864e-5,
        -5.327_765e-6,
        2.099_502_6e-7,
        -4.894_277_4e-9,
        5.069_290_6e-11,
    ];
    let near = simd.max(simd.min(x, simd.splat(EDGE)), simd.splat(-EDGE));
    let square = simd.mul(near, near);
    let mut sum = simd.splat(TERMS[8]);
    for term in TERMS[..8].iter().rev() {
        sum = simd.mul_add(sum, square, simd.splat(*term));
    }
    simd.mul(x, simd.mul_add(sum, near, simd.splat(0.5)))
}

/// Layer normalisation of `rows`, after adding `plus` to them: the residual connection.
pub(super) struct Normalise<'a> {
    pub(super) rows: &'a mut [f32],
    pub(super) plus: Option<&'a [f32]>,
    pub(super) norm: &'a Norm,
}

impl Kernel for Normalise<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        const EPSILON: f32 = 1e-12;
        let (gain, bias) = (self.norm.gain(), self.norm.bias());
        for (index, row) in self.rows.chunks_exact_mut(HIDDEN).enumerate() {
            let mut sum = simd.splat(0.0);
            for (at, part) in row.chunks_exact_mut(S::LANES).enumerate() {
                let mut value = simd.load(part);
                if let Some(plus) = self.plus {
                    value = simd.add(value, simd.load(&plus[index * HIDDEN + at * S::LANES..]));
                    simd.store(value, part);
                }
                sum = simd.add(sum, value);
            }
            let mean = simd.splat(simd.sum(sum) / HIDDEN as f32);
            let mut square = simd.splat(0.0);
            for part in row.chunks_exact(S::LANES) {
                let value = simd.sub(simd.load(part), mean);
                square = simd.mul_add(value, value, square);
            }
            let variance = simd.sum(square) / HIDDEN as f32;
            let scale = simd.splat(1.0 / (variance + EPSILON).sqrt());
            for (at, part) in row.chunks_exact_mut(S::LANES).enumerate() {
                let gain = simd.mul(simd.load(&gain[at * S::LANES..]), scale);
                let value = simd.sub(simd.load(part), mean);
                simd.store(simd.mul_add(value, gain, simd.load(&bias[at * S::LANES..])), part);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
