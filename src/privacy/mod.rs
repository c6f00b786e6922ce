//! Sees every slice and is seen by none: the trash, and erasure.

mod trash;

pub use trash::{Trash, TrashError};
