//! Derived search state: what can be deleted and rebuilt from the store at any time.
//!
//! The only module that names tantivy and hnsw_rs. Nothing here knows the store, people or
//! time: callers pass values in and get identifiers and scores back.

pub mod analysis;
mod bits;
pub mod bm25;
mod framing;
pub mod graph;
mod irregular;
pub mod language;
mod scene;
pub mod shelf;
mod simd;
mod snapshot;
mod stopwords;
pub mod tail;
pub mod text;
pub mod vectors;
mod words;
