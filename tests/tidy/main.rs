//! Rules that a compiler does not know, checked by reading the files.
//!
//! A rule that must be broken is broken in a list here, with the reason; the lists only shrink.
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

mod layers;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the repository.
pub struct File {
    /// Its path, from the root of the repository, with slashes.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl File {
    /// The module it belongs to: `conversations` of `src/conversations/prompt/rules.rs`.
    pub fn module(&self) -> &str {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        path.split(['/', '.']).next().unwrap_or_default()
    }

    /// Whether it is compiled for tests only.
    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || name == "tests.rs"
            || name.ends_with("_tests.rs")
            || self.path.starts_with("benches/")
    }

    /// The lines before its own tests, with their numbers from 1.
    pub fn code(&self) -> Vec<(usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(i, line)| (i + 1, line));
        let mut code = Vec::new();
        let mut skipping: Option<usize> = None;
        for (number, line) in numbered {
            let indent = line.len() - line.trim_start().len();
            if let Some(outer) = skipping {
                // The item under `#[cfg(test)]` ends with its brace, or at once.
                if indent == outer && (line.trim_start().starts_with('}') || line.ends_with(';')) {
                    skipping = None;
                }
                continue;
            }
            if line.trim() == "#[cfg(test)]" {
                skipping = Some(indent);
                continue;
            }
            code.push((number, line));
        }
        code
    }
}

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder with one of these endings.
pub fn files(folder: &str, endings: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path: PathBuf = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).unwrap_or_default();
                let path = path.strip_prefix(root()).expect("below the root");
                let path = path.to_string_lossy().replace('\\', "/");
                found.push(File { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// What is made and not written.
const SKIPPED: [&str; 9] = [
    "target",
    "node_modules",
    ".svelte-kit",
    "build",
    ".git",
    "screenshots",
    "test-results",
    "data",
    "playwright-report",
];

/// Fails with everything that was found.
pub fn nothing(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n{}\n", found.join("\n"));
}
