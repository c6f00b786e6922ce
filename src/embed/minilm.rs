//! all-MiniLM-L6-v2: from texts to vectors.
//!
//! Wang et al., "MiniLM" (2020), fine-tuned for sentences by the sentence-transformers authors:
//! a BERT encoder of six layers, its outputs averaged over the tokens and brought to length 1.
//! Texts of a unit lie one behind the other without padding; only attention looks at a text
//! by itself.

use super::attention::Attend;
use super::kernels::{Finish, HIDDEN, Normalise, Product, Quantise, Rows};
use super::pool::Encoder;
use super::simd::{self, Level};
use super::weights::{Layer, Linear, POSITIONS, Weights};
use super::wordpiece::{CLS, SEP};

/// Tokens computed together, at least: the longest text. More gains nothing, since a unit of
/// this size already uses each weight often enough, and would keep a stop or a query waiting.
const UNIT: usize = POSITIONS;
/// Tokens that go through the wide layer together; its 1,536 floats a token stay in cache.
const SLAB: usize = 60;

/// The model and how to compute it on this machine.
pub(super) struct MiniLm {
    file: &'static [u8],
    weights: Weights,
    level: Level,
}

/// What a thread computes in; grows to some 3 MB with the first full unit.
#[derive(Default)]
pub(super) struct Scratch {
    tokens: Vec<u32>,
    /// Where each text of the unit ends in `tokens`.
    ends: Vec<usize>,
    hidden: Vec<f32>,
    qkv: Vec<f32>,
    attended: Vec<f32>,
    scores: Vec<f32>,
    wide: Vec<f32>,
    output: Vec<f32>,
    rows: Rows,
}

impl MiniLm {
    /// Uses `file` in place; `None` if it is not a model of this version.
    pub(super) fn new(file: &'static [u8], level: Level) -> Option<Self> {
        let weights = Weights::read(file)?;
        Some(Self { file, weights, level })
    }

    /// Word pieces of a text, without the two marks around it and without a limit.
    pub(super) fn count(&self, text: &str) -> usize {
        let mut count = 0;
        self.weights.vocabulary.pieces(text, |_| {
            count += 1;
            true
        });
        count
    }

    /// Appends the tokens of a text, cut to what the model takes.
    fn tokenise(&self, text: &str, tokens: &mut Vec<u32>) {
        let most = tokens.len() + POSITIONS - 1;
        tokens.push(CLS);
        self.weights.vocabulary.pieces(text, |piece| {
            tokens.push(piece);
            tokens.len() < most
        });
        tokens.push(SEP);
    }

    /// Computes the texts whose tokens are in `scratch`, which it empties.
    fn run(&self, scratch: &mut Scratch, vectors: &mut Vec<Vec<f32>>) {
        let count = scratch.tokens.len();
        grow(&mut scratch.hidden, count * HIDDEN);
        grow(&mut scratch.qkv, count * HIDDEN * 3);
        grow(&mut scratch.attended, count * HIDDEN);
        grow(&mut scratch.output, count * HIDDEN);
        grow(&mut scratch.wide, count.min(SLAB) * HIDDEN * 4);

        let hidden = &mut scratch.hidden[..count * HIDDEN];
        let mut start = 0;
        for end in &scratch.ends {
            for at in start..*end {
                let to = &mut hidden[at * HIDDEN..][..HIDDEN];
                self.weights.look_up(scratch.tokens[at], at - start, to);
            }
            start = *end;
        }
        let norm = &self.weights.norm;
        self.level.run(Normalise { rows: hidden, plus: None, norm });
        for layer in &self.weights.layers {
            self.attend(layer, scratch, count);
            self.feed(layer, scratch, count);
        }
        let mut start = 0;
        for end in &scratch.ends {
            vectors.push(mean(&scratch.hidden[start * HIDDEN..end * HIDDEN]));
            start = *end;
        }
        scratch.tokens.clear();
        scratch.ends.clear();
    }

    fn attend(&self, layer: &Layer, scratch: &mut Scratch, count: usize) {
        let hidden = &mut scratch.hidden[..count * HIDDEN];
        let qkv = &mut scratch.qkv[..count * HIDDEN * 3];
        let attended = &mut scratch.attended[..count * HIDDEN];
        let output = &mut scratch.output[..count * HIDDEN];
        self.linear(hidden, &layer.qkv, Finish::Plain, &mut scratch.rows, qkv);
        let mut start = 0;
        for end in &scratch.ends {
            self.level.run(Attend {
                qkv: &qkv[start * HIDDEN * 3..end * HIDDEN * 3],
                to: &mut attended[start * HIDDEN..end * HIDDEN],
                scratch: &mut scratch.scores,
            });
            start = *end;
        }
        self.linear(attended, &layer.attended, Finish::Plain, &mut scratch.rows, output);
        let norm = &layer.attended_norm;
        self.level.run(Normalise { rows: hidden, plus: Some(output), norm });
    }

    fn feed(&self, layer: &Layer, scratch: &mut Scratch, count: usize) {
        for hidden in scratch.hidden[..count * HIDDEN].chunks_mut(SLAB * HIDDEN) {
            let wide = &mut scratch.wide[..hidden.len() * 4];
            let output = &mut scratch.output[..hidden.len()];
            self.linear(hidden, &layer.widen, Finish::Gelu, &mut scratch.rows, wide);
            self.linear(wide, &layer.narrow, Finish::Plain, &mut scratch.rows, output);
            self.level.run(Normalise { rows: hidden, plus: Some(output), norm: &layer.norm });
        }
    }

    fn linear(
        &self,
        from: &[f32],
        linear: &Linear,
        finish: Finish,
        rows: &mut Rows,
        to: &mut [f32],
    ) {
        self.level.run(Quantise { from, width: linear.inputs(), to: rows });
        self.level.run(Product { rows, linear, finish, to });
    }
}

impl Encoder for MiniLm {
    type Scratch = Scratch;

    fn encode(&self, scratch: &mut Scratch, texts: &[String]) -> Vec<Vec<f32>> {
        let mut vectors = Vec::with_capacity(texts.len());
        let mut next = Vec::with_capacity(POSITIONS);
        for text in texts {
            next.clear();
            self.tokenise(text, &mut next);
            if scratch.tokens.len() + next.len() > UNIT {
                self.run(scratch, &mut vectors);
            }
            scratch.tokens.append(&mut next);
            scratch.ends.push(scratch.tokens.len());
        }
        if !scratch.tokens.is_empty() {
            self.run(scratch, &mut vectors);
        }
        vectors
    }

    fn rest(&self) {
        simd::forget(self.file);
    }
}

fn grow(buffer: &mut Vec<f32>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
}

/// The mean of the rows, brought to length 1.
fn mean(rows: &[f32]) -> Vec<f32> {
    let mut sum = vec![0.0; HIDDEN];
    for row in rows.chunks_exact(HIDDEN) {
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += value;
        }
    }
    // The mean's divisor cancels out here.
    let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
    let scale = 1.0 / length.max(f32::MIN_POSITIVE);
    for value in &mut sum {
        *value *= scale;
    }
    sum
}

#[cfg(test)]
#[cfg(builtin_model)]
mod tests;
