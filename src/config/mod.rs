//! What the operator has said: read, checked, and explained with where each value came from.

mod backups;
mod keys;
mod limits;
mod mail;
mod network;
mod providers;
mod sources;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

pub use keys::{KEYS, KeyInfo};
pub use limits::Limits;
pub use network::Tls;
pub use sources::{Given, Layers, Origin};

use crate::accounts::Registration;
use crate::audit;
use crate::backup;
use crate::identities::ProviderSettings;
use crate::kernel::{Network, Secret};
use crate::providers::{ALLOWED, Allowed, MailSettings, Place};
use crate::seal;
use crate::sessions::Lifetimes;

/// Why the configuration cannot be used. Values are not repeated: they may be secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path}, line {line}: {reason}", path = path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// There is no such key.
    #[error("there is no setting `{key}`{}; `clonememoria config show` lists them all",
        path.as_ref().map(|p| format!(" (in {})", p.display())).unwrap_or_default())]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The file it stands in, if it does.
        path: Option<PathBuf>,
    },
    /// A value is not what it must be.
    #[error("`{key}` (from {origin}) {expected}")]
    Invalid {
        /// The key.
        key: &'static str,
        /// Where the value comes from.
        origin: Origin,
        /// What it must be.
        expected: String,
    },
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For programs, an object a line.
    Json,
    /// For people on a terminal, for programs elsewhere.
    Auto,
}

/// The credential of systemd that is the root key.
const CREDENTIAL: &str = "clonememoria.root-key";

/// What networks must be to be listed.
const NETWORKS: &str = "must be IP addresses or networks such as 172.18.0.0/16";

/// The configuration, checked.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is the key of the same name in the table of keys")]
pub struct Config {
    pub data_dir: PathBuf,
    pub accept_open_data_dir: bool,
    pub root_key: seal::Source,
    pub listen: SocketAddr,
    pub public_url: Option<url::Url>,
    pub base_path: String,
    pub trusted_proxies: Vec<Network>,
    pub tls: Tls,
    pub cors_origins: Vec<String>,
    pub metrics_token: Option<Secret<String>>,
    pub registration: Registration,
    pub sessions: Lifetimes,
    pub totp: bool,
    pub passkeys: bool,
    pub oidc: Vec<ProviderSettings>,
    pub limits: Limits,
    pub audit: audit::Settings,
    pub llm: Option<Llm>,
    pub builtin_embedding: bool,
    pub allow_private: Allowed,
    pub mail: Option<MailSettings>,
    pub backup: backup::Settings,
    pub log_format: LogFormat,
    pub log_level: String,
    /// Variables of the environment that look like settings and are none.
    pub mistaken_variables: Vec<String>,
}

/// The OpenAI-compatible server that answers are written by.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is the key of the same name in the table of keys")]
pub struct Llm {
    pub base_url: url::Url,
    pub api_key: Option<Secret<String>>,
    pub model: String,
    /// The host, if others run it.
    pub outside: Option<String>,
    pub first_token: Duration,
    pub idle: Duration,
    pub total: Duration,
}

impl Config {
    /// Reads and checks the configuration. `flags` are key, flag and value.
    ///
    /// # Errors
    /// When a source cannot be read or a value is not what it must be.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(&'static str, &'static str, String)],
    ) -> Result<(Self, Layers), ConfigError> {
        let environment = environment.into_iter().collect();
        let (layers, providers) = sources::gather(file, &environment, flags)?;
        let mistaken = environment.into_keys().filter(|name| keys::is_mistaken(name)).collect();
        let config = Self::check(&layers, &providers, mistaken)?;
        Ok((config, layers))
    }

    fn check(
        layers: &Layers,
        tables: &sources::ProviderTables,
        mistaken_variables: Vec<String>,
    ) -> Result<Self, ConfigError> {
        let read = Reader { layers };
        Ok(Self {
            data_dir: PathBuf::from(read.text("server.data_dir")),
            accept_open_data_dir: read.switch("server.accept_open_data_dir")?,
            root_key: root_key(&read)?,
            listen: read.parsed("server.listen", "must be an address and a port")?,
            public_url: network::public_url(&read)?,
            base_path: network::base_path(&read)?,
            trusted_proxies: read.list("server.trusted_proxies", NETWORKS)?,
            tls: Tls::check(&read)?,
            cors_origins: network::origins(&read)?,
            metrics_token: read.secret("server.metrics_token"),
            registration: registration(&read)?,
            sessions: Lifetimes {
                idle: read.hours("auth.session_idle_hours")?,
                absolute: read.hours("auth.session_hours")?,
            },
            totp: read.switch("auth.totp")?,
            passkeys: read.switch("auth.passkeys")?,
            oidc: providers::check(&read, tables)?,
            limits: Limits::check(&read)?,
            audit: audit::Settings {
                kept: read.hours("limits.audit_days")?.saturating_mul(24),
                addresses: read.switch("log.audit_addresses")?,
            },
            llm: Llm::check(&read)?,
            builtin_embedding: read.one_of("embedding.provider", &["builtin", "none"])?
                == "builtin",
            allow_private: read
                .list::<Place>("outbound.allow_private", ALLOWED)?
                .into_iter()
                .collect(),
            mail: mail::check(&read)?,
            backup: backups::check(&read)?,
            log_format: match read.one_of("log.format", &["auto", "pretty", "json"])? {
                "pretty" => LogFormat::Pretty,
                "json" => LogFormat::Json,
                _ => LogFormat::Auto,
            },
            log_level: read
                .one_of("log.level", &["error", "warn", "info", "debug", "trace"])?
                .to_owned(),
            mistaken_variables,
        })
    }
}

impl Llm {
    fn check(read: &Reader<'_>) -> Result<Option<Self>, ConfigError> {
        let base = read.optional("llm.base_url", "must be an http or https URL", network::web)?;
        let Some(base_url) = base else {
            return Ok(None);
        };
        let model = read.text("llm.model").to_owned();
        if model.is_empty() {
            return Err(read.invalid("llm.model", "must be set when `llm.base_url` is"));
        }
        let outside = match read.one_of("llm.third_party", &["auto", "true", "false"])? {
            "true" => true,
            "false" => false,
            _ => network::is_of_others(&base_url),
        };
        let outside = base_url.host_str().filter(|_| outside).map(str::to_owned);
        Ok(Some(Self {
            outside,
            base_url,
            api_key: read.secret("llm.api_key"),
            model,
            first_token: read.seconds("llm.first_token_seconds")?,
            idle: read.seconds("llm.idle_seconds")?,
            total: read.seconds("llm.total_seconds")?,
        }))
    }
}

/// Reads typed values out of the layers.
struct Reader<'a> {
    layers: &'a Layers,
}

impl<'a> Reader<'a> {
    fn text(&self, key: &'static str) -> &'a str {
        self.layers.get(key).map_or("", |given| given.text.trim())
    }

    fn secret(&self, key: &'static str) -> Option<Secret<String>> {
        let text = self.text(key);
        (!text.is_empty()).then(|| Secret::new(text.to_owned()))
    }

    fn invalid(&self, key: &'static str, expected: impl Into<String>) -> ConfigError {
        let origin = self.layers.get(key).map_or(Origin::Default, |given| given.origin.clone());
        ConfigError::Invalid { key, origin, expected: expected.into() }
    }

    fn parsed<T: FromStr>(&self, key: &'static str, expected: &str) -> Result<T, ConfigError> {
        self.text(key).parse().map_err(|_| self.invalid(key, expected))
    }

    fn number(&self, key: &'static str) -> Result<usize, ConfigError> {
        let number: usize = self.parsed(key, "must be a whole number above zero")?;
        if number == 0 {
            return Err(self.invalid(key, "must be a whole number above zero"));
        }
        Ok(number)
    }

    fn seconds(&self, key: &'static str) -> Result<Duration, ConfigError> {
        Ok(Duration::from_secs(self.number(key)? as u64))
    }

    fn hours(&self, key: &'static str) -> Result<Duration, ConfigError> {
        Ok(Duration::from_secs((self.number(key)? as u64).saturating_mul(60 * 60)))
    }

    fn optional<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        match self.text(key) {
            "" => Ok(None),
            text => read(text).map(Some).ok_or_else(|| self.invalid(key, expected)),
        }
    }

    fn list<T: FromStr>(&self, key: &'static str, expected: &str) -> Result<Vec<T>, ConfigError> {
        let parts = self.text(key).split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| part.parse().map_err(|_| self.invalid(key, expected))).collect()
    }

    fn switch(&self, key: &'static str) -> Result<bool, ConfigError> {
        Ok(self.one_of(key, &["true", "false"])? == "true")
    }

    fn one_of(&self, key: &'static str, allowed: &[&str]) -> Result<&'a str, ConfigError> {
        let text = self.text(key);
        if allowed.contains(&text) {
            return Ok(text);
        }
        Err(self.invalid(key, format!("must be one of: {}", allowed.join(", "))))
    }
}

/// Where the root key is: where it is said to be, where systemd puts it, or beside the data.
fn root_key(read: &Reader<'_>) -> Result<seal::Source, ConfigError> {
    if let Some(words) = read.secret("server.root_passphrase") {
        return Ok(seal::Source::Passphrase(words));
    }
    let file = read.text("server.root_key_file");
    if !file.is_empty() {
        return Ok(seal::Source::File(PathBuf::from(file)));
    }
    let provided = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let provided = provided.map(|folder| folder.join(CREDENTIAL)).filter(|path| path.exists());
    if let Some(path) = provided {
        return Ok(seal::Source::Provided(path));
    }
    let wrong = || read.invalid("server.root_key_file", "must be set for this data directory");
    let data = std::path::absolute(read.text("server.data_dir")).map_err(|_| wrong())?;
    let (folder, name) = data.parent().zip(data.file_name()).ok_or_else(wrong)?;
    let mut name = name.to_owned();
    name.push(".root-key");
    Ok(seal::Source::File(folder.join(name)))
}

fn registration(read: &Reader<'_>) -> Result<Registration, ConfigError> {
    let word = read.one_of("auth.registration", &["invite", "open", "closed"])?;
    Ok(Registration::of(word).unwrap_or(Registration::Invite))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(environment: &[(&str, &str)]) -> Result<(Config, Layers), ConfigError> {
        let environment =
            environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Config::load(None, environment, &[])
    }

    #[test]
    fn the_defaults_are_good() {
        let (config, layers) = load(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8787");
        assert!(config.llm.is_none());
        assert!(layers.values().all(|given| given.origin == Origin::Default));
    }

    #[test]
    fn later_sources_win_and_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("c.toml");
        std::fs::write(&file, "[server]\nlisten = '0.0.0.0:1'\n[auth]\nregistration='open'\n")
            .unwrap();
        let environment = [("CLONEMEMORIA_LISTEN".to_owned(), "0.0.0.0:2".to_owned())];
        let flags = [("server.data_dir", "--data-dir", "/x".to_owned())];
        let (config, layers) = Config::load(Some(&file), environment, &flags).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.registration, Registration::Open);
        assert_eq!(layers["auth.registration"].origin, Origin::File(file));
        assert_eq!(layers["server.data_dir"].origin, Origin::Flag("--data-dir"));
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        let error = load(&[("CLONEMEMORIA_LISTEN", "s3cret")]).unwrap_err().to_string();
        assert!(error.contains("server.listen") && error.contains("CLONEMEMORIA_LISTEN"));
        assert!(!error.contains("s3cret"));
        assert!(load(&[("CLONEMEMORIA_SERVER_BASE_PATH", "/a/../b")]).is_err());
        assert!(load(&[("CLONEMEMORIA_LLM_BASE_URL", "ftp://x")]).is_err());
        assert!(load(&[("CLONEMEMORIA_LLM_BASE_URL", "http://x/v1")]).is_err(), "without a model");
        assert!(load(&[("CLONEMEMORIA_MAIL_HOST", "mail.example.org")]).is_err(), "no sender");
    }

    #[test]
    fn what_may_be_reached_is_a_list_of_places() {
        let name = "CLONEMEMORIA_OUTBOUND_ALLOW_PRIVATE";
        for good in ["", "auth.home.lan, 192.168.1.5:8443,[fd00::5]:1 , 10.0.0.0/8"] {
            assert!(load(&[(name, good)]).is_ok(), "{good}");
        }
        let error = load(&[(name, "10.0.0.0/8, s3cret/")]).unwrap_err().to_string();
        assert!(error.contains("outbound.allow_private") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn an_unknown_key_in_the_file_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("c.toml");
        std::fs::write(&file, "[server]\nlisen = '0.0.0.0:1'\n").unwrap();
        let error = Config::load(Some(&file), [], &[]).unwrap_err().to_string();
        assert!(error.contains("server.lisen"), "{error}");
    }
}
