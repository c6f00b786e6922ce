//! The vector instructions of the machine, chosen once at run time, behind safe functions.
//!
//! Everything unsafe of the embedder is here. A value of [`Avx512`] or [`Avx2`] exists only
//! inside [`Level::run`], after the processor was asked, so the functions on it are safe to
//! call; kernels (`kernels.rs`) are written once against [`Simd`] and compiled for each level.
//! A kernel must be `#[inline(always)]` down to these functions: what is not inlined into
//! `Level::run`'s entry points is compiled without the instructions and crawls.

/// Code that is compiled once for every [`Level`].
pub(super) trait Kernel {
    /// Runs on one instruction set. Implement it `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S);
}

/// An instruction set that this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level(Set);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// What every machine has.
    pub(super) const PORTABLE: Self = Self(Set::Portable);

    /// All that this machine has, the best first.
    pub(super) fn all() -> Vec<Self> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vnni")
            {
                levels.push(Self(Set::Avx512));
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                levels.push(Self(Set::Avx2));
            }
        }
        levels.push(Self::PORTABLE);
        levels
    }

    /// Runs `kernel` with this instruction set.
    pub(super) fn run<K: Kernel>(self, kernel: K) {
        match self.0 {
            Set::Portable => kernel.run(portable::Portable),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `all` made this value only after asking the processor.
            Set::Avx2 => unsafe { x86::avx2(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Set::Avx512 => unsafe { x86::avx512(kernel) },
        }
    }
}

/// A register of `LANES` 32-bit floats or integers, and what the kernels do with one.
///
/// Slices must hold at least a register's worth; shorter ones panic, longer ones are cut.
pub(super) trait Simd: Copy {
    /// Floats in a register; a divisor of 16.
    const LANES: usize;
    /// Rows that a tile of the matrix product keeps in registers, at most [`MOST_ROWS`].
    const ROWS: usize;
    /// `LANES` floats.
    type Floats: Copy;
    /// `LANES` 32-bit integers.
    type Ints: Copy;
    /// Four unsigned 8-bit weights in each lane.
    type Weights: Copy;
    /// The same four signed 8-bit inputs in every lane.
    type Inputs: Copy;

    fn splat(self, value: f32) -> Self::Floats;
    fn load(self, from: &[f32]) -> Self::Floats;
    fn store(self, value: Self::Floats, to: &mut [f32]);
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// a · b + c
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn min(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// To the nearest whole number.
    fn round(self, a: Self::Floats) -> Self::Floats;
    /// a · 2ⁿ for whole `n` in -126..=127 and an `a` near 1.
    fn scale(self, a: Self::Floats, n: Self::Floats) -> Self::Floats;
    fn sum(self, a: Self::Floats) -> f32;
    fn largest(self, a: Self::Floats) -> f32;
    /// Whole numbers in -127..=127 as bytes.
    fn store_bytes(self, value: Self::Floats, to: &mut [i8]);
    fn splat_int(self, value: i32) -> Self::Ints;
    fn to_floats(self, value: Self::Ints) -> Self::Floats;
    fn weights(self, from: &[u8]) -> Self::Weights;
    fn inputs(self, from: [i8; 4]) -> Self::Inputs;
    /// Adds to each lane the sum of its four products, exactly.
    fn dot(self, sum: Self::Ints, w: Self::Weights, x: Self::Inputs) -> Self::Ints;
}

/// Upper bound of [`Simd::ROWS`].
pub(super) const MOST_ROWS: usize = 12;

/// The floats stored little-endian in `bytes`, in place; none if they are not aligned.
pub(super) fn floats(bytes: &[u8]) -> Option<&[f32]> {
    if cfg!(target_endian = "big") {
        return None;
    }
    // SAFETY: every bit pattern is a float.
    let (before, floats, after) = unsafe { bytes.align_to::<f32>() };
    (before.is_empty() && after.is_empty()).then_some(floats)
}

/// Gives the memory under `bytes`, a part of the binary, back to the system until it is read
/// again. Twenty megabytes of weights need not be resident in a server that nobody asks.
#[cfg(target_os = "linux")]
pub(super) fn forget(bytes: &'static [u8]) {
    // A multiple of every page size in use.
    let page = 64 << 10;
    let skip = bytes.as_ptr().addr().wrapping_neg() % page;
    let Some(len) = bytes.len().checked_sub(skip) else {
        return;
    };
    let len = len - len % page;
    let start = bytes.as_ptr().wrapping_add(skip).cast_mut().cast();
    // SAFETY: whole pages inside `bytes`, which is read-only data of the executable: private
    // pages that nobody wrote to, so that the next read brings the same contents back.
    let done = unsafe { rustix::mm::madvise(start, len, rustix::mm::Advice::LinuxDontNeed) };
    if let Err(error) = done {
        tracing::debug!(%error, "the weights stay resident");
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn forget(_: &'static [u8]) {}

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;
