//! Numbers that a seed makes again.

/// SplitMix64.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// One of its own for somebody of this name.
    pub fn of(seed: u64, name: &str) -> Self {
        let hash = blake3::hash(format!("{seed} {name}").as_bytes());
        Self(u64::from_be_bytes(*hash.as_bytes().first_chunk().expect("32 bytes")))
    }

    /// The next one.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).expect("below")
    }
}
