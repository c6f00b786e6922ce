//! Work that outlives a request: the tasks of this process, the durable queue, requests done
//! once, erasure.

mod arrival;
pub mod discarded;
mod erase;
pub mod kept;
pub mod once;
pub mod personal;
pub mod queue;
mod tasks;

pub use erase::{Eraser, Subject};
pub use once::{Once, OnceError};
pub use queue::{JobError, JobName, NewJob, Queue, QueueEraser};
pub use tasks::{Panicked, Tasks, Unfinished, blocking};
