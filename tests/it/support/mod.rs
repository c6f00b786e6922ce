//! What the tests stand on: the real binary, a client that believes nothing, an upstream and a
//! mail server that misbehave.

pub mod browser;
pub mod client;
pub mod command;
pub mod idp;
pub mod llm;
pub mod passkey;
pub mod reply;
pub mod s3;
pub mod server;
pub mod small_disk;
pub mod smtp;
pub mod socket;
pub mod totp;
pub mod upstream;

use std::path::Path;
use std::time::Duration;

/// Never waited for when all is well; a loaded machine is slow, not broken.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A password that is good everywhere.
pub const PASSWORD: &str = "meadow copper violin harvest";

/// A value for a query.
pub fn quoted(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The slice of a text that begins at a code point and has so many.
pub fn slice(text: &str, start: usize, length: usize) -> String {
    text.chars().skip(start).take(length).collect()
}

/// Waits until `look` finds something.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let waiting = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let Ok(found) = tokio::time::timeout(PATIENCE, waiting).await else {
        panic!("waited in vain until {what}")
    };
    found
}

/// Every file below a directory, by its path.
pub fn files_below(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else if path.is_file() {
            // What is derived may be replaced while we look.
            let Ok(bytes) = std::fs::read(&path) else { continue };
            found.push((path.display().to_string(), bytes));
        }
    }
    found
}
