//! Failures of the disk that tests ask for: at a call of the system, or in how much is free. For
//! machines on which nobody may mount a small file system or watch a process; where that is
//! possible, tests do it for real.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// A call that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Reading from the database.
    Read,
    /// Writing to it.
    Write,
    /// Waiting until it is on the disk.
    Sync,
    /// Making it longer.
    Grow,
}

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// As a disk that is broken.
    Broken,
    /// As a disk that is full, until something is removed.
    Full,
}

#[derive(Debug, Default)]
struct State {
    fault: Option<(Call, Way, u64)>,
    free: Option<u64>,
}

/// What fails, and what is said to be free.
#[derive(Debug, Default)]
pub struct Faults(Mutex<State>);

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From the call after `after` of these on, all of them fail; or, when the disk is full, one.
    pub fn fail(&self, call: Call, way: Way, after: u64) {
        self.state().fault = Some((call, way, after));
    }

    /// So many bytes are said to be free; `None` asks the system again.
    pub fn say_free(&self, bytes: Option<u64>) {
        self.state().free = bytes;
    }

    pub(super) fn free_bytes(&self) -> Option<u64> {
        self.state().free
    }

    pub(super) fn check(&self, now: Call) -> io::Result<()> {
        let mut state = self.state();
        let Some((call, way, left)) = &mut state.fault else { return Ok(()) };
        if *call != now {
            return Ok(());
        }
        if *left > 0 {
            *left -= 1;
            return Ok(());
        }
        match way {
            Way::Broken => Err(io::Error::from_raw_os_error(5)),
            Way::Full => {
                state.fault = None;
                Err(io::Error::from_raw_os_error(28))
            }
        }
    }
}
