//! Where values come from: defaults, the file, the environment, the command line; later ones win.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::keys::{self, KEYS};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File(path) => write!(out, "file {}", path.display()),
            Self::Environment(name) => write!(out, "environment {name}"),
            Self::Flag(flag) => write!(out, "flag {flag}"),
        }
    }
}

/// A value as text, and where it comes from.
#[derive(Clone, Debug)]
pub struct Given {
    /// The value as text.
    pub text: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Every key with its value as text.
pub type Layers = BTreeMap<&'static str, Given>;

/// The one array of tables that the file can have.
const PROVIDERS: (&str, &str) = ("auth", "oidc");

/// What the file says of providers of sign-ins: a table each, still unread.
#[derive(Default)]
pub struct ProviderTables {
    /// The tables, in their order.
    pub tables: Vec<toml::Table>,
    /// The file.
    pub path: PathBuf,
}

/// Gathers the values of all keys, and the tables of providers.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a key that does not exist.
pub fn gather(
    file: Option<&Path>,
    environment: &BTreeMap<String, String>,
    flags: &[(&'static str, &'static str, String)],
) -> Result<(Layers, ProviderTables), ConfigError> {
    let mut providers = ProviderTables::default();
    let mut layers: Layers = KEYS
        .iter()
        .map(|key| (key.name, Given { text: key.default.to_owned(), origin: Origin::Default }))
        .collect();
    if let Some(path) = file {
        providers.path = path.to_owned();
        for (name, text) in read_file(path, &mut providers.tables)? {
            layers.insert(name, Given { text, origin: Origin::File(path.to_owned()) });
        }
    }
    for key in KEYS {
        let names = [Some(key.variable()), key.short_variable.map(str::to_owned)];
        for name in names.into_iter().flatten() {
            if let Some(text) = environment.get(&name) {
                let text = text.clone();
                layers.insert(key.name, Given { text, origin: Origin::Environment(name) });
            }
        }
    }
    for (name, flag, text) in flags {
        let Some(key) = keys::find(name) else {
            return Err(ConfigError::UnknownKey { key: (*name).to_owned(), path: None });
        };
        layers.insert(key.name, Given { text: text.clone(), origin: Origin::Flag(flag) });
    }
    Ok((layers, providers))
}

fn read_file(
    path: &Path,
    providers: &mut Vec<toml::Table>,
) -> Result<Vec<(&'static str, String)>, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| ConfigError::NotToml {
        path: path.to_owned(),
        reason: error.message().to_owned(),
        line: error.span().map_or(1, |span| text[..span.start].lines().count().max(1)),
    })?;
    let mut values = Vec::new();
    for (section, entries) in table {
        let toml::Value::Table(entries) = entries else {
            return Err(unknown(section, path));
        };
        for (name, value) in entries {
            if (section.as_str(), name.as_str()) == PROVIDERS {
                providers.extend(tables(value).ok_or_else(|| ConfigError::Invalid {
                    key: "auth.oidc",
                    origin: Origin::File(path.to_owned()),
                    expected: "must be tables that begin with [[auth.oidc]]".to_owned(),
                })?);
                continue;
            }
            let full = format!("{section}.{name}");
            let Some(key) = keys::find(&full) else {
                return Err(unknown(full, path));
            };
            values.push((key.name, as_text(&value)));
        }
    }
    Ok(values)
}

fn tables(value: toml::Value) -> Option<Vec<toml::Table>> {
    let toml::Value::Array(items) = value else { return None };
    let table = |item| match item {
        toml::Value::Table(table) => Some(table),
        _ => None,
    };
    items.into_iter().map(table).collect()
}

fn unknown(key: String, path: &Path) -> ConfigError {
    ConfigError::UnknownKey { key, path: Some(path.to_owned()) }
}

fn as_text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(as_text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
