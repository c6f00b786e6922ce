//! Turns the downloaded sentence model into the one file that the binary carries.
//!
//! The weights are data, not source: `packaging/model/fetch.sh` puts them into `target/model`,
//! this step quantises them to eight bits and lays them out the way the kernels read them, so
//! that the server uses them in place, without a copy and without a start-up cost.
//! `src/embed/weights.rs` is the reader: a change of layout raises `VERSION` in both.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use sha2::{Digest, Sha256};

type Outcome<T> = Result<T, Box<dyn Error>>;

const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"CMMINILM";
const LAYERS: usize = 6;
const HIDDEN: usize = 384;
const POSITIONS: usize = 256;
/// Output channels that lie side by side in a panel: one AVX-512 register of 32-bit sums.
const PANEL: usize = 16;
/// log2(e) / sqrt(32), folded into the query weights: the kernels' softmax is a power of two.
const QUERY_SCALE: f32 = std::f32::consts::LOG2_E / 5.656_854;
/// Slots of the vocabulary's hash table.
const SLOTS: usize = 1 << 16;
/// Bytes; `src/embed/wordpiece.rs` tries no longer piece.
const LONGEST_PIECE: usize = 32;
const SUMS: &str = "packaging/model/SHA256SUMS";

/// Writes `minilm.q8` to `OUT_DIR` and sets `cfg(builtin_model)` if the model has been fetched.
///
/// # Errors
/// A model that is there but is not the one in `SHA256SUMS`, or cannot be read, fails the build.
pub(crate) fn build() -> Outcome<()> {
    println!("cargo::rustc-check-cfg=cfg(builtin_model)");
    println!("cargo::rerun-if-env-changed=CLONEMEMORIA_MODEL_DIR");
    println!("cargo::rerun-if-changed=packaging/build.rs");
    println!("cargo::rerun-if-changed=packaging/model.rs");
    // A missing file would count as changed at every build, so the model's own files are
    // watched only when they exist; `fetch.sh` touches the sums when it has put them there.
    println!("cargo::rerun-if-changed={SUMS}");

    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let dir = match std::env::var_os("CLONEMEMORIA_MODEL_DIR") {
        Some(dir) => root.join(dir),
        None => root.join("target/model"),
    };
    let (weights, tokenizer) = (dir.join("model.safetensors"), dir.join("tokenizer.json"));
    if !weights.is_file() || !tokenizer.is_file() {
        println!(
            "cargo::warning=no embedding model in {}: this build searches by words only \
             (packaging/model/fetch.sh fetches it)",
            dir.display()
        );
        return Ok(());
    }
    println!("cargo::rerun-if-changed={}", weights.display());
    println!("cargo::rerun-if-changed={}", tokenizer.display());

    let sums = fs::read_to_string(root.join(SUMS))?;
    let (weights, tokenizer) = (checked(&weights, &sums)?, checked(&tokenizer, &sums)?);
    let blob = quantise(&SafeTensors::deserialize(&weights)?, &vocabulary(&tokenizer)?)?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    fs::write(out.join("minilm.q8"), blob)?;
    // For the tests alone: the tokeniser is compared with the reference implementation.
    fs::write(out.join("minilm-tokenizer.json"), tokenizer)?;
    println!("cargo::rustc-cfg=builtin_model");
    Ok(())
}

fn checked(path: &Path, sums: &str) -> Outcome<Vec<u8>> {
    let bytes = fs::read(path)?;
    let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let known = sums.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some(&sum) && words.next() == Some(&name)
    });
    if !known {
        return Err(format!("{} is not the file named in {SUMS}", path.display()).into());
    }
    Ok(bytes)
}

/// The word pieces in the order of their ids.
fn vocabulary(tokenizer: &[u8]) -> Outcome<Vec<String>> {
    let json: serde_json::Value = serde_json::from_slice(tokenizer)?;
    let vocab = json["model"]["vocab"].as_object().ok_or("tokenizer.json has no vocabulary")?;
    let mut pieces = vec![String::new(); vocab.len()];
    for (piece, id) in vocab {
        let id = usize::try_from(id.as_u64().ok_or("a word piece has no id")?)?;
        piece.clone_into(pieces.get_mut(id).ok_or("the ids of the vocabulary have gaps")?);
    }
    Ok(pieces)
}

fn quantise(model: &SafeTensors<'_>, pieces: &[String]) -> Outcome<Vec<u8>> {
    let mut file = Sections::default();
    hash_table(&mut file, pieces)?;

    let words = floats(model, "embeddings.word_embeddings.weight")?;
    let (rows, scales) = rows_to_int8(&words, HIDDEN);
    file.push(rows.iter().map(|value| value.cast_unsigned()).collect());
    file.push_floats(&scales);
    // Every text has type 0: its vector belongs to each position.
    let types = floats(model, "embeddings.token_type_embeddings.weight")?;
    let mut positions = floats(model, "embeddings.position_embeddings.weight")?;
    positions.truncate(POSITIONS * HIDDEN);
    for (i, value) in positions.iter_mut().enumerate() {
        *value += types[i % HIDDEN];
    }
    file.push_floats(&positions);
    norm(&mut file, model, "embeddings.LayerNorm")?;

    for layer in 0..LAYERS {
        let at = |part: &str| format!("encoder.layer.{layer}.{part}");
        let mut weight = Vec::new();
        let mut bias = Vec::new();
        for (part, scale) in [("query", QUERY_SCALE), ("key", 1.0), ("value", 1.0)] {
            let name = at(&format!("attention.self.{part}"));
            weight.extend(floats(model, &format!("{name}.weight"))?.iter().map(|w| w * scale));
            bias.extend(floats(model, &format!("{name}.bias"))?.iter().map(|b| b * scale));
        }
        linear(&mut file, &weight, &bias);
        dense(&mut file, model, &at("attention.output.dense"))?;
        norm(&mut file, model, &at("attention.output.LayerNorm"))?;
        dense(&mut file, model, &at("intermediate.dense"))?;
        dense(&mut file, model, &at("output.dense"))?;
        norm(&mut file, model, &at("output.LayerNorm"))?;
    }
    Ok(file.finish())
}

fn dense(file: &mut Sections, model: &SafeTensors<'_>, name: &str) -> Outcome<()> {
    let weight = floats(model, &format!("{name}.weight"))?;
    let bias = floats(model, &format!("{name}.bias"))?;
    linear(file, &weight, &bias);
    Ok(())
}

fn norm(file: &mut Sections, model: &SafeTensors<'_>, name: &str) -> Outcome<()> {
    file.push_floats(&floats(model, &format!("{name}.weight"))?);
    file.push_floats(&floats(model, &format!("{name}.bias"))?);
    Ok(())
}

/// One linear layer: panels of 16 outputs, within them four inputs of each output together
/// (what one 32-bit lane of a dot-product instruction takes), offset by 128 to be unsigned.
fn linear(file: &mut Sections, weight: &[f32], bias: &[f32]) {
    let outputs = bias.len();
    let inputs = weight.len() / outputs;
    let (rows, scales) = rows_to_int8(weight, inputs);
    let mut packed = Vec::with_capacity(rows.len());
    for panel in (0..outputs).step_by(PANEL) {
        for input in (0..inputs).step_by(4) {
            for output in panel..panel + PANEL {
                let from = output * inputs + input;
                packed.extend(rows[from..from + 4].iter().map(|w| w.cast_unsigned() ^ 0x80));
            }
        }
    }
    file.push(packed);
    file.push_floats(&scales);
    file.push_floats(bias);
}

/// Symmetric, one scale a row: `value ≈ int8 * scale`.
fn rows_to_int8(values: &[f32], width: usize) -> (Vec<i8>, Vec<f32>) {
    let mut rows = Vec::with_capacity(values.len());
    let mut scales = Vec::with_capacity(values.len() / width);
    for row in values.chunks_exact(width) {
        let largest = row.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let scale = largest.max(f32::MIN_POSITIVE) / 127.0;
        rows.extend(row.iter().map(|value| (value / scale).round().clamp(-127.0, 127.0) as i8));
        scales.push(scale);
    }
    (rows, scales)
}

/// Open addressing over the word pieces, so that the server looks them up in place.
/// `##` becomes a leading 1 byte, the start of a word a leading 0.
fn hash_table(file: &mut Sections, pieces: &[String]) -> Outcome<()> {
    let mut slots = vec![0_u32; SLOTS];
    let mut ends = vec![0_u32];
    let mut bytes = Vec::new();
    for (id, piece) in pieces.iter().enumerate() {
        let from = bytes.len();
        match piece.strip_prefix("##") {
            Some(rest) if !rest.is_empty() => {
                bytes.push(1);
                bytes.extend(rest.as_bytes());
            }
            _ => {
                bytes.push(0);
                bytes.extend(piece.as_bytes());
            }
        }
        if bytes.len() - from > LONGEST_PIECE + 1 {
            return Err(format!("the word piece {piece} is longer than the reader looks").into());
        }
        ends.push(bytes.len() as u32);
        let hash = bytes[from..].iter().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
        });
        let mut slot = (hash ^ (hash >> 15)) as usize % SLOTS;
        while slots[slot] != 0 {
            slot = (slot + 1) % SLOTS;
        }
        slots[slot] = id as u32 + 1;
    }
    file.push(slots.iter().flat_map(|slot| slot.to_le_bytes()).collect());
    file.push(ends.iter().flat_map(|end| end.to_le_bytes()).collect());
    file.push(bytes);
    Ok(())
}

fn floats(model: &SafeTensors<'_>, name: &str) -> Outcome<Vec<f32>> {
    let (values, rest) = model.tensor(name)?.data().as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!("{name} is not made of 32-bit floats").into());
    }
    Ok(values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// The file: magic, version, count, then (offset, length) of each section, then the sections,
/// each on a 64-byte boundary, everything little-endian.
#[derive(Default)]
struct Sections(Vec<Vec<u8>>);

impl Sections {
    fn push(&mut self, bytes: Vec<u8>) {
        self.0.push(bytes);
    }

    fn push_floats(&mut self, values: &[f32]) {
        self.push(values.iter().flat_map(|value| value.to_le_bytes()).collect());
    }

    fn finish(self) -> Vec<u8> {
        let mut file = Vec::new();
        file.extend(MAGIC);
        file.extend(VERSION.to_le_bytes());
        file.extend((self.0.len() as u32).to_le_bytes());
        let mut offset = (file.len() + self.0.len() * 16).next_multiple_of(64);
        for section in &self.0 {
            file.extend((offset as u64).to_le_bytes());
            file.extend((section.len() as u64).to_le_bytes());
            offset = (offset + section.len()).next_multiple_of(64);
        }
        for section in self.0 {
            file.resize(file.len().next_multiple_of(64), 0);
            file.extend(section);
        }
        file
    }
}
