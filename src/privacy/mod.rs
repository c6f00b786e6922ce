//! Sees every slice and is seen by none: the trash, erasure, restriction, taking along what is
//! kept, and what is said of all that.

mod erasure;
mod examine;
mod export;
mod import;
mod register;
mod restriction;
mod trash;

pub use erasure::rows::TABLES;
pub use erasure::{
    Claim, Erasure, ErasureEraser, ErasureError, Erasures, Looked, Parts, Preview, State, Traces,
    forget_memory_in, repeat, verify,
};
pub use examine::TrashExaminer;
pub use export::{ExportFormat, Exports, Parts as ExportParts, Pieces, TakeError};
pub use import::{ArrivalError, Imports};
pub use register::{Activity, BackedUp, Facts as RegisterFacts, Notice, Recipient, Register};
pub use restriction::{RestrictionParts, Restrictions};
pub use trash::{Trash, TrashError};
