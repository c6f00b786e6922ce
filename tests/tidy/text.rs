//! How files are written.

use super::{File, files, nothing, root};

/// The longest line.
const WIDTH: usize = 100;
/// The longest file.
const LENGTH: usize = 400;

/// Folders of what is written by hand.
const WRITTEN: &[&str] = &["src", "tests", "packaging", "web/src"];

fn rust() -> Vec<File> {
    ["src", "tests", "packaging", "benches"]
        .iter()
        .flat_map(|folder| files(folder, &[".rs"]))
        .collect()
}

#[test]
fn a_rust_file_starts_with_why_it_exists() {
    let silent: Vec<String> = rust()
        .into_iter()
        .filter(|file| !file.text.starts_with("//!"))
        .filter(|file| !(file.is_test() && file.path.starts_with("src/")))
        .map(|file| file.path)
        .collect();
    nothing("files that do not say why they exist (`//!`)", &silent);
}

#[test]
fn files_stay_short() {
    let wrong: Vec<String> = files("src", &[".rs"])
        .into_iter()
        .map(|file| (file.text.lines().count(), file.path))
        .filter(|(length, _)| *length > LENGTH)
        .map(|(length, path)| format!("{path}: {length} lines"))
        .collect();
    nothing("files that are too long", &wrong);
}

#[test]
fn lines_stay_short() {
    let mut wrong = Vec::new();
    for file in rust() {
        for (i, line) in file.text.lines().enumerate() {
            // An address cannot be broken.
            if line.chars().count() > WIDTH && !line.contains("://") {
                wrong.push(format!("{}:{}", file.path, i + 1));
            }
        }
    }
    nothing("lines that are too long", &wrong);
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    let mut wrong = Vec::new();
    for file in files("src", &[".rs"]).iter().filter(|file| !file.is_test()) {
        let code = file.code();
        let mut excused = false;
        for (number, line) in code {
            let line_of_code = line.split("//").next().unwrap_or_default();
            // An attribute with a reason stands for the item that follows, up to a blank line.
            if line.contains("reason = ") {
                excused = true;
            } else if line.trim().is_empty() {
                excused = false;
            }
            let bad = [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "dbg!("];
            if bad.iter().any(|bad| line_of_code.contains(bad)) && !excused {
                wrong.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    nothing("what can panic", &wrong);
}

#[test]
fn suppressions_have_a_reason() {
    let mut wrong = Vec::new();
    for file in rust() {
        let text = &file.text;
        for opening in ["#[allow(", "#[expect(", "#![allow(", "#![expect("] {
            // Written apart, so that this file does not find itself.
            for (at, _) in text.match_indices(&format!("\n{opening}")) {
                let end = text[at..].find(")]").map_or(text.len(), |end| at + end);
                if !text[at..end].contains("reason = ") {
                    let line = text[..=at].lines().count() + 1;
                    wrong.push(format!("{}:{line}", file.path));
                }
            }
        }
    }
    nothing("suppressions without a reason", &wrong);
}

/// What is not inlined into the entry points of the embedder is compiled without the vector
/// instructions, and closures handed to the library sometimes are not: ten times slower then.
#[test]
fn kernels_hand_no_closures_to_the_library() {
    let kernels = ["src/embed/kernels.rs", "src/embed/attention.rs", "src/embed/simd/x86.rs"];
    let mut wrong = Vec::new();
    for file in files("src/embed", &[".rs"]).iter().filter(|f| kernels.contains(&&*f.path)) {
        for (i, line) in file.text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if [".map(", ".fold(", ".for_each(", "from_fn("].iter().any(|call| code.contains(call))
            {
                wrong.push(format!("{}:{}", file.path, i + 1));
            }
        }
    }
    nothing("closures in kernels", &wrong);
}

#[test]
fn committed_text_names_no_machine_of_ours() {
    let mut wrong = Vec::new();
    let endings = [".rs", ".ts", ".svelte", ".sh", ".md", ".toml", ".json", ".yaml", ".service"];
    let mut all: Vec<File> = WRITTEN.iter().flat_map(|folder| files(folder, &endings)).collect();
    all.extend(files("docs", &endings));
    all.extend(files("openapi", &endings));
    for name in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Makefile", "Dockerfile"] {
        let text = std::fs::read_to_string(root().join(name)).unwrap_or_default();
        all.push(File { path: name.to_owned(), text });
    }
    // In pieces, so that this file does not name them either.
    let bad = [
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
        ["/home/", "user"].concat(),
        ["registry.", "npmjs.org"].concat(),
        ["static.", "crates.io"].concat(),
        ["arti", "factory"].concat(),
    ];
    for file in &all {
        for (i, line) in file.text.lines().enumerate() {
            for bad in &bad {
                if line.contains(bad.as_str()) {
                    wrong.push(format!("{}:{}: {bad}", file.path, i + 1));
                }
            }
        }
    }
    nothing("paths and hosts that mean something here only", &wrong);
}

#[test]
fn every_locked_package_comes_from_the_public_registry() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("a lock file");
    let own = "registry+https://github.com/rust-lang/crates.io-index";
    let odd: Vec<String> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("source = "))
        .map(|source| source.trim_matches('"').to_owned())
        .filter(|source| source != own)
        .collect();
    nothing("packages from elsewhere", &odd);
}

/// Codes of refusals that only programs meet; people are never shown them.
const FOR_PROGRAMS: [&str; 7] = [
    "idempotency_key_reused",
    "mail_not_configured",
    "method_not_allowed",
    "not_an_answer",
    "provider_not_for_apps",
    "share_link_required",
    "unsupported_media_type",
];

#[test]
fn every_refusal_has_words_in_the_readers_language() {
    let catalogue = files("web/src/lib/i18n", &["problems.ts"]).remove(0).text;
    let mut wrong = Vec::new();
    for file in files("src", &[".rs"]).iter().filter(|file| !file.is_test()) {
        let code = file.code().into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("\n");
        // A kind, and the code that follows it as the next word in quotes.
        for rest in code.split("Kind::").skip(1) {
            let after = rest.trim_start_matches(|c: char| c.is_alphanumeric());
            let after = after.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            let quoted = after.strip_prefix('"').and_then(|text| text.split('"').next());
            let Some(code) = quoted else { continue };
            // `ErrorKind::` has sentences.
            if code.contains(' ') {
                continue;
            }
            let known = catalogue.contains(&format!("\n  {code}: '"));
            if !known && !FOR_PROGRAMS.contains(&code) {
                wrong.push(format!("{}: {code}", file.path));
            }
        }
    }
    nothing("codes without words in web/src/lib/i18n/problems.ts", &wrong);
}

/// What a macro of words lists: each variant and its word.
fn words_in(path: &str) -> Vec<(String, String)> {
    let text = files("src/kernel", &[path]).remove(0).text;
    let mut found = Vec::new();
    for line in text.lines() {
        let Some((name, word)) = line.trim().trim_end_matches(',').split_once(" = \"") else {
            continue;
        };
        if name.chars().all(char::is_alphanumeric) {
            found.push((name.to_owned(), word.trim_end_matches('"').to_owned()));
        }
    }
    assert!(found.len() > 10, "{path}: {found:?}");
    found
}

#[test]
fn every_point_is_passed_and_every_fault_is_planted_and_has_an_owner() {
    let code: String = files("src", &[".rs"]).into_iter().map(|file| file.text).collect();
    let owners = std::fs::read_to_string(root().join("tests/faults/owners")).expect("a list");
    let owners: Vec<&str> = owners.lines().filter(|line| !line.starts_with('#')).collect();
    let owned = |word: &str| owners.iter().any(|line| line.split(' ').next() == Some(word));
    let mut wrong = Vec::new();
    for (name, word) in words_in("points.rs") {
        if !code.contains(&format!("pass(Point::{name})")) {
            wrong.push(format!("nothing passes the point {word}"));
        }
    }
    let faults = words_in("faults.rs");
    for (name, word) in &faults {
        if !code.contains(&format!("planted(Planted::{name})")) {
            wrong.push(format!("the fault {word} is planted nowhere"));
        }
        if !owned(word) {
            wrong.push(format!("the fault {word} has no owner in tests/faults/owners"));
        }
    }
    let words = owners.iter().filter_map(|line| line.split(' ').next());
    for word in words.filter(|word| !word.is_empty()) {
        if !faults.iter().any(|(_, fault)| fault == word) {
            wrong.push(format!("tests/faults/owners names {word}, which is no fault"));
        }
    }
    nothing("points and faults", &wrong);
}
