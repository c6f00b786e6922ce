//! The model file that `packaging/model.rs` writes, read in place.

use super::kernels::HIDDEN;
use super::simd;
use super::wordpiece::Vocabulary;

const MAGIC: &[u8] = b"CMMINILM";
const VERSION: u32 = 1;
const LAYERS: usize = 6;
const INNER: usize = 4 * HIDDEN;

/// Positions the file has a vector for; also the longest text the model takes, in tokens.
pub(super) const POSITIONS: usize = 256;

/// A linear layer in eight bits.
#[derive(Clone, Copy)]
pub(super) struct Linear {
    packed: &'static [u8],
    scales: &'static [f32],
    bias: &'static [f32],
}

impl Linear {
    /// Panels of 16 outputs; in them, for every four inputs, the four weights of each output,
    /// 128 added.
    pub(super) fn packed(&self) -> &'static [u8] {
        self.packed
    }

    /// What one step of an output's weights is worth.
    pub(super) fn scales(&self) -> &'static [f32] {
        self.scales
    }

    /// Added to each output.
    pub(super) fn bias(&self) -> &'static [f32] {
        self.bias
    }

    /// How many outputs, a multiple of 32.
    pub(super) fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// How many inputs, a multiple of 16.
    pub(super) fn inputs(&self) -> usize {
        self.packed.len() / self.bias.len()
    }

    #[cfg(test)]
    pub(super) fn new(packed: &'static [u8], scales: &'static [f32], bias: &'static [f32]) -> Self {
        Self { packed, scales, bias }
    }
}

/// Gain and bias of a layer normalisation.
#[derive(Clone, Copy)]
pub(super) struct Norm {
    gain: &'static [f32],
    bias: &'static [f32],
}

impl Norm {
    pub(super) fn gain(&self) -> &'static [f32] {
        self.gain
    }

    pub(super) fn bias(&self) -> &'static [f32] {
        self.bias
    }

    #[cfg(test)]
    pub(super) fn new(gain: &'static [f32], bias: &'static [f32]) -> Self {
        Self { gain, bias }
    }
}

/// One of the six equal steps of the model.
pub(super) struct Layer {
    /// Query, key and value together.
    pub(super) qkv: Linear,
    pub(super) attended: Linear,
    pub(super) attended_norm: Norm,
    pub(super) widen: Linear,
    pub(super) narrow: Linear,
    pub(super) norm: Norm,
}

/// The whole model.
pub(super) struct Weights {
    pub(super) vocabulary: Vocabulary,
    words: &'static [u8],
    word_scales: &'static [f32],
    positions: &'static [f32],
    pub(super) norm: Norm,
    pub(super) layers: Vec<Layer>,
}

impl Weights {
    /// Finds the parts of `file`; `None` if it is not a file of this version.
    pub(super) fn read(file: &'static [u8]) -> Option<Self> {
        let mut sections = Sections::open(file)?;
        let vocabulary = Vocabulary::new(sections.next()?, sections.next()?, sections.next()?)?;
        let words = sections.next()?;
        let word_scales = simd::floats(sections.next()?)?;
        let positions = sections.floats(POSITIONS * HIDDEN)?;
        if words.len() != word_scales.len() * HIDDEN || vocabulary.len() != word_scales.len() {
            return None;
        }
        let norm = sections.norm()?;
        let mut layers = Vec::with_capacity(LAYERS);
        for _ in 0..LAYERS {
            layers.push(Layer {
                qkv: sections.linear(HIDDEN, 3 * HIDDEN)?,
                attended: sections.linear(HIDDEN, HIDDEN)?,
                attended_norm: sections.norm()?,
                widen: sections.linear(HIDDEN, INNER)?,
                narrow: sections.linear(INNER, HIDDEN)?,
                norm: sections.norm()?,
            });
        }
        Some(Self { vocabulary, words, word_scales, positions, norm, layers })
    }

    /// Writes the vector of a word piece at a position, both within the model's bounds.
    pub(super) fn look_up(&self, piece: u32, position: usize, to: &mut [f32]) {
        let piece = piece as usize;
        let word = &self.words[piece * HIDDEN..][..HIDDEN];
        let place = &self.positions[position * HIDDEN..][..HIDDEN];
        let scale = self.word_scales[piece];
        for (to, (word, place)) in to.iter_mut().zip(word.iter().zip(place)) {
            *to = f32::from(word.cast_signed()) * scale + place;
        }
    }
}

struct Sections {
    file: &'static [u8],
    table: &'static [u8],
}

impl Sections {
    fn open(file: &'static [u8]) -> Option<Self> {
        let (version, rest) = file.strip_prefix(MAGIC)?.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        if u32::from_le_bytes(*version) != VERSION {
            return None;
        }
        let table = rest.get(..u32::from_le_bytes(*count) as usize * 16)?;
        Some(Self { file, table })
    }

    fn next(&mut self) -> Option<&'static [u8]> {
        let (from, rest) = self.table.split_first_chunk()?;
        let (len, rest) = rest.split_first_chunk()?;
        self.table = rest;
        let from = usize::try_from(u64::from_le_bytes(*from)).ok()?;
        let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
        self.file.get(from..from.checked_add(len)?)
    }

    fn floats(&mut self, count: usize) -> Option<&'static [f32]> {
        simd::floats(self.next()?).filter(|floats| floats.len() == count)
    }

    fn norm(&mut self) -> Option<Norm> {
        Some(Norm { gain: self.floats(HIDDEN)?, bias: self.floats(HIDDEN)? })
    }

    fn linear(&mut self, inputs: usize, outputs: usize) -> Option<Linear> {
        let packed = self.next().filter(|packed| packed.len() == inputs * outputs)?;
        Some(Linear { packed, scales: self.floats(outputs)?, bias: self.floats(outputs)? })
    }
}
