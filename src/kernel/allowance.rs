//! How often something may be done.

use std::time::Duration;

/// A bucket of tries that refills one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Tries at once.
    pub burst: u32,
    /// How long until one more.
    pub refill: Duration,
}
