//! Sees every slice and is seen by none: the trash, and erasure.

mod examine;
mod trash;

pub use examine::TrashExaminer;
pub use trash::{Trash, TrashError};
