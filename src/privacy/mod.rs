//! Sees every slice and is seen by none: the trash, erasure, taking along what is kept, and what
//! is said of all that.

mod export;
mod import;
mod register;
mod trash;

pub use export::{ExportFormat, Exports, Parts as ExportParts, Pieces, TakeError};
pub use import::{ArrivalError, Imports};
pub use register::{Activity, Facts as RegisterFacts, Notice, Recipient, Register};
pub use trash::{Trash, TrashError};
