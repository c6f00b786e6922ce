//! Words everyone uses: identifiers, faults, time, secrets, fuzzy dates, bounded text.
//!
//! The kernel imports nothing of ours. It does no input or output. (In builds for tests `points`
//! and `faults` read the environment.)

mod allowance;
mod change;
mod clock;
mod credential;
mod date;
mod erasable;
mod fault;
pub mod faults;
mod id;
mod language;
mod network;
mod page;
pub mod points;
mod secret;
mod subjects;
mod text;
mod token;

pub use allowance::Allowance;
pub use change::Change;
pub use clock::{Clock, Timestamp};
pub use credential::{Credential, FreshCredential};
pub use date::{DateError, DatePrecision, FuzzyDate, SaidDate, parse_said_date};
pub use erasable::Subject;
pub use fault::{Fault, FieldFault, FieldProblem, Kind};
pub use id::{Id, IdError};
pub use language::{is_language, is_spoken, preferred};
pub use network::{Network, NoNetwork};
pub use page::{Cursor, Page, PageRequest};
pub use secret::Secret;
pub use subjects::*;
pub use text::{Text, TextError, code_points};
pub use token::{Token, TokenHash};
