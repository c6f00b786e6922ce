//! Who may import whom, and who may name which library.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, files, nothing};

/// The layers, lowest first. A module may import from lower layers, and within a layer what
/// stands before it.
const LAYERS: &[&[&str]] = &[
    &["kernel"],
    &["seal"],
    &["store", "index", "embed", "providers", "tls"],
    &["jobs"],
    &["backup"],
    &["accounts", "sessions", "factors", "identities", "api_keys", "spaces", "consents"],
    &["access"],
    &["audit", "notifications"],
    &["clones"],
    &["share_links"],
    &["memories"],
    &["attachments"],
    &["retrieval"],
    &["conversations"],
    &["privacy", "admin", "break_glass", "legacy"],
    &["http"],
    &["app"],
    &["cli"],
];

/// Modules whose imports are fewer than their layer allows.
const NARROW: &[(&str, &[&str])] = &[
    (
        "config",
        &[
            "kernel",
            "seal",
            "store",
            "providers",
            "backup",
            "accounts",
            "sessions",
            "identities",
            "audit",
        ],
    ),
    ("seal", &["kernel"]),
    ("store", &["kernel", "seal"]),
    ("index", &["kernel"]),
    ("embed", &["kernel"]),
    ("providers", &["kernel"]),
    ("access", &["kernel", "sessions", "api_keys", "spaces"]),
    ("tls", &["kernel"]),
];

/// What `http` must not know, though it lies below.
const HIDDEN_FROM_HTTP: &[&str] = &["store", "index", "embed", "providers"];

/// Libraries and the only places that may name them.
const VENDORS: &[(&str, &[&str])] = &[
    ("redb", &["store"]),
    ("tantivy", &["index"]),
    ("hnsw_rs", &["index"]),
    // The router gets its services where everything is built.
    ("poem", &["http", "app"]),
    ("poem_openapi", &["http"]),
    ("rust_embed", &["http"]),
    ("reqwest", &["providers"]),
    ("hickory_resolver", &["providers"]),
    ("lettre", &["providers"]),
    ("ciborium", &["store", "seal"]),
    ("chacha20poly1305", &["seal"]),
    ("object_store", &["store", "providers"]),
    ("age", &["backup"]),
    ("argon2", &["accounts", "seal"]),
    ("zxcvbn", &["accounts"]),
    ("jsonwebtoken", &["sessions"]),
    ("rcgen", &["tls"]),
    ("tokio_rustls", &["http"]),
    ("totp_rs", &["factors"]),
    ("webauthn_rs", &["factors"]),
    ("openidconnect", &["providers"]),
    ("clap", &["cli"]),
    ("toml", &["config", "cli"]),
    ("edtf", &["kernel"]),
    ("zip", &["privacy"]),
    ("img_parts", &["attachments"]),
    ("multer", &["http"]),
    ("infer", &["attachments"]),
    ("frostem", &["index"]),
    ("whatlang", &["index"]),
];

fn allowed(module: &str) -> BTreeSet<&'static str> {
    if let Some((_, narrow)) = NARROW.iter().find(|(name, _)| *name == module) {
        return narrow.iter().copied().collect();
    }
    let mut allowed = BTreeSet::new();
    for layer in LAYERS {
        match layer.iter().position(|name| *name == module) {
            Some(at) => {
                allowed.extend(&layer[..at]);
                break;
            }
            None => allowed.extend(*layer),
        }
    }
    match module {
        "http" => allowed.retain(|name| !HIDDEN_FROM_HTTP.contains(name)),
        "app" | "cli" => {
            allowed.insert("config");
        }
        _ => {}
    }
    allowed
}

/// The modules that a file names, with the line. A `use crate::{a, b}` names each.
fn imports(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut group = false;
    for (number, line) in file.code() {
        let line = line.split("//").next().unwrap_or_default();
        if group || line.contains("crate::{") {
            let inner = line.split("crate::{").last().unwrap_or(line);
            let names = inner.split([',', '{', '}', ';', ':', ' ']);
            found.extend(names.filter(|name| is_module(name)).map(|n| (number, n.to_owned())));
            group = !line.contains('}');
            continue;
        }
        for part in line.split("crate::").skip(1) {
            let name: String =
                part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.push((number, name));
        }
    }
    found
}

fn is_module(name: &str) -> bool {
    LAYERS.iter().any(|layer| layer.contains(&name)) || name == "config"
}

fn sources() -> Vec<File> {
    let all = files("src", &[".rs"]).into_iter();
    all.filter(|file| !["lib", "main"].contains(&file.module())).collect()
}

#[test]
fn modules_import_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| !file.is_test()) {
        let allowed = allowed(file.module());
        for (number, name) in imports(file) {
            if name != file.module() && is_module(&name) && !allowed.contains(name.as_str()) {
                wrong.push(format!("{}:{number} imports {name}", file.path));
            }
        }
    }
    nothing("imports against the layers", &wrong);
}

#[test]
fn every_module_has_its_layer() {
    let placed: BTreeSet<&str> = LAYERS.iter().flat_map(|layer| layer.iter().copied()).collect();
    let there: BTreeSet<String> = sources().iter().map(|file| file.module().to_owned()).collect();
    let homeless: Vec<String> = there
        .into_iter()
        .filter(|name| !placed.contains(name.as_str()) && name != "config")
        .collect();
    nothing("modules without a place in the table of layers", &homeless);
}

#[test]
fn libraries_are_named_only_where_they_belong() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| !file.is_test()) {
        for (number, line) in file.code() {
            let line = line.split("//").next().unwrap_or_default();
            for (library, homes) in VENDORS {
                let named = [format!("{library}::"), format!("use {library};")];
                let names = named.iter().any(|named| {
                    line.match_indices(named.as_str()).any(|(at, _)| {
                        !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c))
                    })
                });
                if names && !homes.contains(&file.module()) {
                    wrong.push(format!("{}:{number} names {library}", file.path));
                }
            }
        }
    }
    nothing("libraries outside their module", &wrong);
}

/// What opens a connection, and who may besides the guarded way out: a command of the machine's
/// own server, and nobody else.
const CONNECTS: [&str; 7] = [
    "TcpStream::connect",
    "TcpSocket",
    "UnixStream::connect",
    "connect_tokio1",
    "HttpConnector",
    "client::conn",
    "AsyncHttpClient",
];

#[test]
fn nothing_connects_but_the_guarded_way_out() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| !file.is_test()) {
        if ["providers", "cli"].contains(&file.module()) {
            continue;
        }
        for (number, line) in file.code() {
            let line = line.split("//").next().unwrap_or_default();
            let found = CONNECTS.iter().find(|way| line.contains(**way));
            wrong.extend(found.map(|way| format!("{}:{number} has {way}", file.path)));
        }
    }
    nothing("connections beside the guarded way out", &wrong);
}

#[test]
fn only_one_file_knows_status_codes() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| !file.is_test()) {
        if file.module() == "http" || file.module() == "providers" || file.module() == "cli" {
            continue;
        }
        for (number, line) in file.code() {
            if line.contains("StatusCode") {
                wrong.push(format!("{}:{number}", file.path));
            }
        }
    }
    nothing("status codes outside the edge", &wrong);
}

#[test]
fn every_declared_table_is_opened() {
    let app = files("src/app", &["slices.rs"]).remove(0).text;
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut listed = String::new();
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| !file.is_test() && file.module() != "store") {
        let code: Vec<&str> = file.code().into_iter().map(|(_, line)| line).collect();
        for (at, line) in code.iter().enumerate() {
            let Some((name, _)) = line.split_once(": Table<") else { continue };
            let Some((_, name)) = name.rsplit_once("const ") else { continue };
            let declared = code[at..].iter().take(3).any(|line| line.contains("Table::new("));
            if declared {
                tables.entry(file.module().to_owned()).or_default().push(name.to_owned());
            }
        }
        let text = code.join("\n");
        for (at, _) in text.match_indices("const TABLES: ") {
            let list = &text[at..];
            let list = &list[..list.find("];").unwrap_or(list.len())];
            listed.push_str(list);
            if !is_opened(&app, file, list) {
                wrong.push(format!("{}: its TABLES are not in app::tables()", file.path));
            }
        }
    }
    for (module, names) in &tables {
        for name in names {
            if !listed.contains(&format!("{name}.info()")) {
                wrong.push(format!("{module}: the table {name} is in no TABLES"));
            }
        }
    }
    assert!(tables.len() > 5, "the tables were not found: {tables:?}");
    nothing("tables that are not opened", &wrong);
}

/// Whether a list of tables is one of those that `app` opens, or a part of one: a slice puts the
/// lists of its files together in its face, entry by entry.
fn is_opened(app: &str, file: &File, list: &str) -> bool {
    let inner = file.path.trim_start_matches("src/").trim_end_matches(".rs");
    let path = inner.trim_end_matches("/mod").replace('/', "::");
    if app.contains(&format!("{path}::TABLES,")) {
        return true;
    }
    let (slice, name) = path.split_once("::").unwrap_or((&path, ""));
    let face = files(&format!("src/{slice}"), &["mod.rs"]);
    let face = face.iter().map(|file| &*file.text).collect::<String>();
    let count = list.matches(".info()").count();
    app.contains(&format!("{slice}::TABLES,"))
        && (face
            .split(';')
            .any(|part| part.contains(&format!("pub use {name}::")) && part.contains("TABLES"))
            || (0..count).all(|i| face.contains(&format!("{name}::TABLES[{i}]"))))
}
