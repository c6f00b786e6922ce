//! Who asks, and the one table of what they may do. Pure: it takes values and returns values.

mod permissions;
mod principal;

pub use permissions::{Action, Visibility, may, may_read_memory};
pub use principal::Principal;

pub use crate::spaces::Role;
