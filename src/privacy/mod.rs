//! Sees every slice and is seen by none: the trash, and erasure.

mod erasure;
mod examine;
mod trash;

pub use erasure::rows::TABLES;
pub use erasure::{
    Claim, Erasure, ErasureError, Erasures, Looked, Parts, Preview, State, Traces,
    forget_memory_in, repeat, verify,
};
pub use examine::TrashExaminer;
pub use trash::{Trash, TrashError};
