//! Work that outlives a request: the tasks of this process, the durable queue, requests done
//! once, erasure.

mod arrival;
pub mod calendar;
pub mod discarded;
mod erase;
mod examine;
pub mod kept;
pub mod once;
pub mod personal;
pub mod queue;
mod tasks;

pub use erase::{Eraser, Subject, erase_in};
pub use examine::{Examiner, Finding, Findings};
pub use once::{Once, OnceError};
pub use queue::{JobError, JobName, NewJob, Queue, QueueEraser};
pub use tasks::{Panicked, Tasks, Unfinished, blocking};
