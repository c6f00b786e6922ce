//! What every processor can do: plain loops over eight lanes, which the compiler turns into
//! the vector instructions of the target's baseline (SSE2, NEON). Also the measure for the
//! other instruction sets in tests.

use super::Simd;

/// The baseline of the target.
#[derive(Clone, Copy)]
pub(super) struct Portable;

const LANES: usize = 8;

#[inline(always)]
fn zip(a: [f32; LANES], b: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    let mut out = a;
    for (out, b) in out.iter_mut().zip(b) {
        *out = f(*out, b);
    }
    out
}

impl Simd for Portable {
    const LANES: usize = LANES;
    const ROWS: usize = 2;
    type Floats = [f32; LANES];
    type Ints = [i32; LANES];
    type Weights = [[u8; 4]; LANES];
    type Inputs = [i32; 4];

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Floats {
        [value; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::Floats {
        let mut out = [0.0; LANES];
        out.copy_from_slice(&from[..LANES]);
        out
    }

    #[inline(always)]
    fn store(self, value: Self::Floats, to: &mut [f32]) {
        to[..LANES].copy_from_slice(&value);
    }

    #[inline(always)]
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        zip(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        if cfg!(target_arch = "aarch64") {
            let mut out = c;
            for (out, (a, b)) in out.iter_mut().zip(a.into_iter().zip(b)) {
                *out = a.mul_add(b, *out);
            }
            return out;
        }
        // Without the instruction, `f32::mul_add` is a library call.
        self.add(self.mul(a, b), c)
    }

    #[inline(always)]
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        zip(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        zip(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn round(self, a: Self::Floats) -> Self::Floats {
        // Adding 1.5 · 2²³ pushes the fraction out, rounding to even as the other sets do;
        // right up to 2²², and the kernels stay below 200.
        const PUSH: f32 = 12_582_912.0;
        zip(a, a, |a, _| (a + PUSH) - PUSH)
    }

    #[inline(always)]
    fn scale(self, a: Self::Floats, n: Self::Floats) -> Self::Floats {
        zip(a, n, |a, n| a * f32::from_bits(((n as i32 + 127) as u32) << 23))
    }

    #[inline(always)]
    fn sum(self, a: Self::Floats) -> f32 {
        a.iter().sum()
    }

    #[inline(always)]
    fn largest(self, a: Self::Floats) -> f32 {
        a.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }

    #[inline(always)]
    fn store_bytes(self, value: Self::Floats, to: &mut [i8]) {
        for (to, value) in to[..LANES].iter_mut().zip(value) {
            *to = value as i8;
        }
    }

    #[inline(always)]
    fn splat_int(self, value: i32) -> Self::Ints {
        [value; LANES]
    }

    #[inline(always)]
    fn to_floats(self, value: Self::Ints) -> Self::Floats {
        let mut out = [0.0; LANES];
        for (out, value) in out.iter_mut().zip(value) {
            *out = value as f32;
        }
        out
    }

    #[inline(always)]
    fn weights(self, from: &[u8]) -> Self::Weights {
        let mut out = [[0; 4]; LANES];
        out.as_flattened_mut().copy_from_slice(&from[..LANES * 4]);
        out
    }

    #[inline(always)]
    fn inputs(self, from: [i8; 4]) -> Self::Inputs {
        let [a, b, c, d] = from;
        [a.into(), b.into(), c.into(), d.into()]
    }

    #[inline(always)]
    fn dot(self, mut sum: Self::Ints, w: Self::Weights, x: Self::Inputs) -> Self::Ints {
        for (sum, w) in sum.iter_mut().zip(w) {
            for (w, x) in w.into_iter().zip(x) {
                *sum += i32::from(w) * x;
            }
        }
        sum
    }
}
