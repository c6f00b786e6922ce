//! The built-in embedder: texts to vectors of meaning, inside the process, on the CPU.
//!
//! The model travels in the binary (`packaging/model.rs`), is used in place and costs no memory
//! and no thread until the first text; a minute after the last one both are given back.

mod attention;
mod kernels;
mod minilm;
mod pool;
#[expect(unsafe_code, reason = "vector instructions and memory advice have no safe form")]
mod simd;
mod weights;
mod wordpiece;

use std::sync::Arc;
use std::time::Duration;

use self::minilm::MiniLm;
use self::pool::{Limits, Pool};
use self::simd::Level;

/// Names a model, its quantisation and their revision: vectors of different ids do not compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModelId(pub &'static str);

/// The model that a binary carries.
pub const MODEL: ModelId = ModelId("all-minilm-l6-v2-q8/1");

/// Length of its vectors.
pub const DIMENSION: usize = kernels::HIDDEN;

/// Word pieces of a text that the model sees (256 less the two marks around it); what comes
/// after them has no influence on the vector.
pub const MOST_TOKENS: usize = weights::POSITIONS - 2;

/// Threads without work for so long end.
const IDLE: Duration = Duration::from_secs(60);

/// Why there is no vector.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// [`Embedder::stop`] was called.
    #[error("the embedder has stopped")]
    Stopped,
    /// The model panicked on the text; the log has the place.
    #[error("the embedding model failed")]
    Failed,
    /// The system gives no thread.
    #[error("could not start a thread for the embedder")]
    Thread(#[source] std::io::Error),
}

/// Turns texts into vectors of length 1. Clones share one model and one set of threads; the
/// last one to go joins the threads.
#[derive(Clone)]
pub struct Embedder {
    pool: Arc<Pool<MiniLm>>,
}

impl Embedder {
    /// The embedder with the model in this binary, `None` if it was built without one.
    #[must_use]
    pub fn builtin() -> Option<Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let level = Level::all().first().copied().unwrap_or(Level::PORTABLE);
        Self::with(level, Limits { threads, idle: IDLE })
    }

    fn with(level: Level, limits: Limits) -> Option<Self> {
        let model = MiniLm::new(model_file()?, level)?;
        Some(Self { pool: Arc::new(Pool::new(model, limits)) })
    }

    /// The id to keep with every vector.
    #[must_use]
    pub fn model(&self) -> &str {
        MODEL.0
    }

    /// Length of the vectors.
    #[must_use]
    pub fn dimension(&self) -> usize {
        DIMENSION
    }

    /// The vector of a question; goes ahead of all passages.
    ///
    /// # Errors
    /// The model failed, no thread could be started, or the embedder has stopped.
    pub async fn query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        self.pool.question(text.to_owned()).await
    }

    /// The vectors of texts to be found, in their order. Waits while other calls fill the
    /// queue. Dropping the future abandons what has not been computed.
    ///
    /// # Errors
    /// The model failed on one of the texts, no thread could be started, or the embedder has
    /// stopped.
    pub async fn passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.pool.passages(texts).await
    }

    /// Word pieces in a text, exactly, without the two marks that the model adds and without
    /// its limit of [`MOST_TOKENS`]. Adds up over parts that are cut at white space. Runs at
    /// tens of megabytes a second on the calling thread.
    #[must_use]
    pub fn tokens(&self, text: &str) -> usize {
        self.pool.encoder().count(text)
    }

    /// Ends and joins the threads, which finish the unit they are at (some 15 ms); what still
    /// waits, and every later call, gets [`EmbedError::Stopped`].
    pub fn stop(&self) {
        self.pool.stop();
    }
}

impl std::fmt::Debug for Embedder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedder").field("model", &MODEL.0).finish_non_exhaustive()
    }
}

/// The model on a cache line's boundary, as the kernels like it.
#[cfg(builtin_model)]
fn model_file() -> Option<&'static [u8]> {
    #[repr(C, align(64))]
    struct Aligned<T: ?Sized>(T);
    static FILE: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/minilm.q8")));
    Some(&FILE.0)
}

#[cfg(not(builtin_model))]
fn model_file() -> Option<&'static [u8]> {
    None
}

#[cfg(test)]
#[cfg(builtin_model)]
mod tests;
