//! Who asks, and the one table of what they may do. Pure: it takes values and returns values.

#[cfg(test)]
mod lattice_tests;
mod need;
mod permissions;
mod principal;

pub use need::{FRESH_FOR, Need, Refusal, permit};
pub use permissions::{Action, Reach, Visibility, may, may_behind_glass, may_read_memory, role_at};
pub use principal::{Principal, Proof, Visit};

pub use crate::api_keys::Scopes;
pub use crate::spaces::Role;
