//! Dot products of int8 rows, the inner loop of the exact scan.
//!
//! The widest instructions the processor has are chosen once, when the program runs, so one
//! binary is fast everywhere. Its unsafe code is safe to call: each kernel states what
//! it needs and is called after that was checked.

/// Picks the best kernel of this processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernel {
    /// AVX-512 with VNNI: 64 products an instruction.
    #[cfg(target_arch = "x86_64")]
    Vnni,
    /// AVX2: 16 products an instruction.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Any processor.
    Scalar,
}

impl Kernel {
    /// The widest one that this processor has.
    pub(super) fn best() -> Self {
        Self::all().first().copied().unwrap_or(Self::Scalar)
    }

    /// All that this processor has, widest first.
    pub(super) fn all() -> Vec<Self> {
        let mut kernels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vnni");
            if wide {
                kernels.push(Self::Vnni);
            }
            if is_x86_feature_detected!("avx2") {
                kernels.push(Self::Avx2);
            }
        }
        kernels.push(Self::Scalar);
        kernels
    }
}

/// A question's vector, in int8 and shifted for the instruction that wants it unsigned.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    signed: Vec<i8>,
    shifted: Vec<u8>,
    kernel: Kernel,
}

impl Probe {
    pub(super) fn new(signed: Vec<i8>, kernel: Kernel) -> Self {
        let shifted = signed.iter().map(|x| (i16::from(*x) + 128) as u8).collect();
        Self { signed, shifted, kernel }
    }

    /// The dot product with one row of the same length; `sum` is the row's sum.
    #[inline]
    pub(super) fn dot(&self, row: &[i8], sum: i32) -> i32 {
        debug_assert_eq!(row.len(), self.signed.len());
        match self.kernel {
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "vendor instructions, checked by Kernel::all")]
            // SAFETY: the variant exists only where the processor has these features.
            Kernel::Vnni => unsafe { dot_vnni(&self.shifted, row) - 128 * sum },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "vendor instructions, checked by Kernel::all")]
            // SAFETY: as above.
            Kernel::Avx2 => unsafe { dot_avx2(&self.signed, row) },
            Kernel::Scalar => dot_scalar(&self.signed, row),
        }
    }
}

fn dot_scalar(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum()
}

/// # Safety
/// The processor must have AVX-512 F, BW and VNNI.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[expect(unsafe_code, reason = "unaligned loads by pointer")]
unsafe fn dot_vnni(shifted: &[u8], row: &[i8]) -> i32 {
    use std::arch::x86_64::{
        _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_reduce_add_epi32, _mm512_setzero_si512,
    };
    let len = shifted.len().min(row.len());
    let (mut one, mut two) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    let mut at = 0;
    while at + 128 <= len {
        // SAFETY: 128 bytes from `at` are inside both slices.
        unsafe {
            let (a, b) = (shifted.as_ptr().add(at), row.as_ptr().add(at));
            one = _mm512_dpbusd_epi32(
                one,
                _mm512_loadu_si512(a.cast()),
                _mm512_loadu_si512(b.cast()),
            );
            two = _mm512_dpbusd_epi32(
                two,
                _mm512_loadu_si512(a.add(64).cast()),
                _mm512_loadu_si512(b.add(64).cast()),
            );
        }
        at += 128;
    }
    let rest = shifted[at..len].iter().zip(&row[at..len]);
    _mm512_reduce_add_epi32(one)
        + _mm512_reduce_add_epi32(two)
        + rest.map(|(x, y)| i32::from(*x) * i32::from(*y)).sum::<i32>()
}

/// # Safety
/// The processor must have AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[expect(unsafe_code, reason = "unaligned loads by pointer")]
unsafe fn dot_avx2(a: &[i8], b: &[i8]) -> i32 {
    use std::arch::x86_64::{
        __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_madd_epi16,
        _mm256_setzero_si256, _mm256_storeu_si256,
    };
    let len = a.len().min(b.len());
    let (mut one, mut two) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    let mut at = 0;
    while at + 32 <= len {
        // SAFETY: 32 bytes from `at` are inside both slices.
        unsafe {
            let (x, y) = (a.as_ptr().add(at), b.as_ptr().add(at));
            let x1 = _mm256_cvtepi8_epi16(_mm_loadu_si128(x.cast()));
            let y1 = _mm256_cvtepi8_epi16(_mm_loadu_si128(y.cast()));
            let x2 = _mm256_cvtepi8_epi16(_mm_loadu_si128(x.add(16).cast()));
            let y2 = _mm256_cvtepi8_epi16(_mm_loadu_si128(y.add(16).cast()));
            one = _mm256_add_epi32(one, _mm256_madd_epi16(x1, y1));
            two = _mm256_add_epi32(two, _mm256_madd_epi16(x2, y2));
        }
        at += 32;
    }
    let mut lanes = [0i32; 8];
    // SAFETY: the array is as long as the register.
    unsafe {
        _mm256_storeu_si256(lanes.as_mut_ptr().cast::<__m256i>(), _mm256_add_epi32(one, two));
    }
    lanes.iter().sum::<i32>() + dot_scalar(&a[at..len], &b[at..len])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_kernel_computes_the_same(
            pairs in proptest::collection::vec((-127i8..=127, -127i8..=127), 0..400)
        ) {
            let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
            let sum = b.iter().map(|x| i32::from(*x)).sum();
            let expected = dot_scalar(&a, &b);
            for kernel in Kernel::all() {
                prop_assert_eq!(Probe::new(a.clone(), kernel).dot(&b, sum), expected);
            }
        }
    }
}
