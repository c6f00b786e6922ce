//! CloneMemoria: keeps what a person told, wrote and left behind, and lets the people they chose
//! talk with a clone that answers from those memories and says which ones.
//!
//! `ARCHITECTURE.md` names each module's one job and who may import whom.

pub mod access;
pub mod accounts;
pub mod admin;
pub mod api_keys;
pub mod app;
pub mod attachments;
pub mod audit;
pub mod backup;
pub mod break_glass;
pub mod cli;
pub mod clones;
pub mod config;
pub mod consents;
pub mod conversations;
pub mod embed;
pub mod factors;
pub mod http;
pub mod identities;
pub mod index;
pub mod jobs;
pub mod kernel;
pub mod legacy;
pub mod memories;
pub mod notifications;
pub mod privacy;
pub mod providers;
pub mod retrieval;
pub mod seal;
pub mod sessions;
pub mod share_links;
pub mod spaces;
pub mod store;
pub mod tls;
