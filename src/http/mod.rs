//! The edge: HTTP outside, services inside. The only place that names poem and rust-embed.
//!
//! A request meets, from the outside in: `server` (connections and their limits), `guard` (id,
//! headers, log, problems), `base` (the path we live under), the routes of `edge`. Handlers
//! translate: [`body`], [`listing`] and [`etag`] read what was sent, [`problem`] says what could
//! not be done, [`sse`] streams.

mod allow;
pub mod api;
pub mod asked;
mod asset;
pub mod auth;
mod base;
pub mod body;
pub mod client;
mod connection;
mod consents;
pub mod control;
pub mod cookies;
pub mod cors;
mod device;
pub mod docs;
pub mod edge;
pub mod etag;
pub mod footnotes;
pub mod form;
pub mod full;
pub mod gate;
pub mod guard;
pub mod health;
mod intake;
pub mod listing;
pub mod metrics;
pub mod openapi;
pub mod origin;
mod outflow;
pub mod part;
mod policy;
pub mod problem;
mod secured;
pub mod server;
pub mod sse;
pub mod trust;
pub mod ui;
mod wire;
mod words;
