//! Work that outlives a request: the tasks of this process, requests done once, erasure.

pub mod discarded;
mod erase;
pub mod once;
mod tasks;

pub use erase::{Eraser, Subject};
pub use once::{Once, OnceError};
pub use tasks::{Panicked, Tasks, Unfinished, blocking};
