//! The front door: the real binary on a temporary data directory, asked over HTTP.
//!
//! One binary for all, so that it links once. Nothing here sleeps to wait for something, needs
//! a network or another test.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![allow(missing_docs, reason = "names of tests say what they claim")]

mod support;

mod admin;
mod api_keys;
mod at_rest;
mod attachments;
mod audit;
mod backup;
mod backup_console;
mod bad_input;
mod base_path;
mod break_glass;
mod bring_back;
mod canaries;
mod cli;
mod clocks;
mod clones;
mod consents;
mod contract;
mod contributions;
mod conversations;
mod cors;
mod cross_site;
mod disclosure;
mod disk_errors;
mod disk_full;
mod ended;
mod erasure;
mod exports;
mod factors;
mod fsck;
mod headers;
mod identity;
mod imports;
mod isolation;
mod kill;
mod legacy;
mod limits;
mod lost_password;
mod mail;
mod mail_revoked;
mod matrix;
mod memories;
mod notifications;
mod oidc;
mod oidc_arrivals;
mod oidc_console;
mod oidc_factors;
mod oidc_groups;
mod oidc_hostile;
mod oidc_private;
mod once;
mod passkeys;
mod people;
mod providers;
mod restore;
mod restriction;
mod retention;
mod sealed;
mod search;
mod search_limits;
mod setup;
mod share_links;
mod sign_in;
mod spaces;
mod stopping;
mod tampered;
mod tls;
mod told;
mod torture;
mod trash;
mod upstream;
mod versions;
mod web_ui;
mod withheld;
