//! The build script: puts the embedding model into the binary, and sees to it that a release
//! carries the web app as it is now.

use std::error::Error;
use std::path::Path;

#[path = "model.rs"]
mod model;

fn main() -> Result<(), Box<dyn Error>> {
    watch_web_app()?;
    model::build()
}

/// A development build reads the web app from its folder at run time. A release has it inside,
/// so it is built again when the folder changes, or appears: cargo takes a missing one as changed.
fn watch_web_app() -> Result<(), std::env::VarError> {
    if std::env::var("PROFILE")? == "release" {
        println!("cargo::rerun-if-changed=web/build");
        if !Path::new("web/build/index.html").is_file() {
            println!("cargo::warning=this build has no web app: `make web` builds it");
        }
    }
    Ok(())
}
