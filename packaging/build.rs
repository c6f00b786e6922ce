//! The build script: puts the embedding model into the binary.

use std::error::Error;

#[path = "model.rs"]
mod model;

fn main() -> Result<(), Box<dyn Error>> {
    model::build()
}
