//! `clonememoria openapi`: the document of the HTTP API, for generating clients.

use super::{Failure, say};
use crate::http::api::api;
use crate::http::edge::document;

pub fn run() -> Result<(), Failure> {
    let document = document(api(), "", env!("CARGO_PKG_VERSION"));
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    say(text);
    Ok(())
}
