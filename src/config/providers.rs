//! Providers that people sign in with: `[[auth.oidc]]` tables of the file, and one more by keys
//! that the environment can set.

use std::collections::BTreeSet;

use super::sources::ProviderTables;
use super::{ConfigError, Origin, Reader};
use crate::accounts::Registration;
use crate::identities::{Flaw, ISSUER, ProviderSettings, SCOPES};
use crate::kernel::Secret;

/// The providers of the file and the one of the keys.
pub(super) fn check(
    read: &Reader<'_>,
    tables: &ProviderTables,
) -> Result<Vec<ProviderSettings>, ConfigError> {
    let usual = super::registration(read)?;
    let mut providers = Vec::new();
    for table in &tables.tables {
        providers.push(Table { table, path: &tables.path }.provider(usual)?);
    }
    providers.extend(of_keys(read, usual)?);
    let mut seen = BTreeSet::new();
    for provider in &providers {
        let twice = !seen.insert(provider.id.as_str()) || !seen.insert(&provider.issuer);
        if twice {
            return Err(ConfigError::Invalid {
                key: "auth.oidc",
                origin: Origin::File(tables.path.clone()),
                expected: "must not name an `id` or an `issuer` twice".to_owned(),
            });
        }
    }
    Ok(providers)
}

fn of_keys(
    read: &Reader<'_>,
    usual: Registration,
) -> Result<Option<ProviderSettings>, ConfigError> {
    let issuer = read.text("auth.oidc_issuer").to_owned();
    if issuer.is_empty() {
        return Ok(None);
    }
    let named = |key| Some(read.text(key).to_owned()).filter(|text| !text.is_empty());
    let mut provider = ProviderSettings {
        id: "oidc".to_owned(),
        name: String::new(),
        issuer,
        client_id: read.text("auth.oidc_client_id").to_owned(),
        client_secret: read.secret("auth.oidc_client_secret"),
        scopes: SCOPES.map(str::to_owned).into(),
        sign_up: usual,
        trusted_email: false,
        groups_claim: named("auth.oidc_groups_claim"),
        admin_group: named("auth.oidc_admin_group"),
        token_audiences: Vec::new(),
        apps_only: false,
    };
    let host = provider.host().ok_or_else(|| read.invalid("auth.oidc_issuer", ISSUER))?;
    if provider.client_id.is_empty() {
        let expected = "must be set when `auth.oidc_issuer` is";
        return Err(read.invalid("auth.oidc_client_id", expected));
    }
    provider.name = named("auth.oidc_name").unwrap_or(host);
    match provider.flaws().first() {
        None => Ok(Some(provider)),
        Some(&Flaw { field, expected, .. }) => {
            Err(read.invalid(key_of("auth.oidc_", field, &OWN_KEYS), expected))
        }
    }
}

/// The keys of one more provider, as errors name them.
const OWN_KEYS: [&str; 6] = [
    "auth.oidc_issuer",
    "auth.oidc_client_id",
    "auth.oidc_client_secret",
    "auth.oidc_name",
    "auth.oidc_groups_claim",
    "auth.oidc_admin_group",
];

/// The key of a field.
fn key_of(prefix: &str, field: &str, keys: &[&'static str]) -> &'static str {
    let is_it = |key: &&&str| key.strip_prefix(prefix) == Some(field);
    keys.iter().find(is_it).copied().unwrap_or("auth.oidc")
}

/// One table, being read.
struct Table<'a> {
    table: &'a toml::Table,
    path: &'a std::path::Path,
}

/// Every key of a table, as errors name it.
const KEYS: [&str; 12] = [
    "auth.oidc.id",
    "auth.oidc.name",
    "auth.oidc.issuer",
    "auth.oidc.client_id",
    "auth.oidc.client_secret",
    "auth.oidc.scopes",
    "auth.oidc.sign_up",
    "auth.oidc.trusted_email",
    "auth.oidc.groups_claim",
    "auth.oidc.admin_group",
    "auth.oidc.token_audiences",
    "auth.oidc.apps_only",
];

impl Table<'_> {
    fn provider(&self, usual: Registration) -> Result<ProviderSettings, ConfigError> {
        for name in self.table.keys() {
            let key = format!("auth.oidc.{name}");
            if !KEYS.contains(&key.as_str()) {
                return Err(ConfigError::UnknownKey { key, path: Some(self.path.to_owned()) });
            }
        }
        let id = self.needed("auth.oidc.id")?;
        let scopes = match self.list("auth.oidc.scopes")? {
            scopes if scopes.is_empty() => SCOPES.map(str::to_owned).into(),
            scopes => scopes,
        };
        let provider = ProviderSettings {
            name: self.text("auth.oidc.name")?.unwrap_or_else(|| id.clone()),
            id,
            issuer: self.needed("auth.oidc.issuer")?,
            client_id: self.needed("auth.oidc.client_id")?,
            client_secret: self.text("auth.oidc.client_secret")?.map(Secret::new),
            scopes,
            sign_up: self.sign_up(usual)?,
            trusted_email: self.truth("auth.oidc.trusted_email")?,
            groups_claim: self.text("auth.oidc.groups_claim")?,
            admin_group: self.text("auth.oidc.admin_group")?,
            token_audiences: self.list("auth.oidc.token_audiences")?,
            apps_only: self.truth("auth.oidc.apps_only")?,
        };
        match provider.flaws().first() {
            None => Ok(provider),
            Some(&Flaw { field, expected, .. }) => {
                Err(self.invalid(key_of("auth.oidc.", field, &KEYS), expected))
            }
        }
    }

    fn invalid(&self, key: &'static str, expected: &str) -> ConfigError {
        let origin = Origin::File(self.path.to_owned());
        ConfigError::Invalid { key, origin, expected: expected.to_owned() }
    }

    fn value(&self, key: &'static str) -> Option<&toml::Value> {
        self.table.get(key.rsplit('.').next().unwrap_or(key))
    }

    fn text(&self, key: &'static str) -> Result<Option<String>, ConfigError> {
        match self.value(key) {
            None => Ok(None),
            Some(toml::Value::String(text)) => {
                Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
            }
            Some(_) => Err(self.invalid(key, "must be text in quotes")),
        }
    }

    fn needed(&self, key: &'static str) -> Result<String, ConfigError> {
        self.text(key)?.ok_or_else(|| self.invalid(key, "must be set"))
    }

    fn list(&self, key: &'static str) -> Result<Vec<String>, ConfigError> {
        let wrong = || self.invalid(key, "must be a list of texts in quotes");
        match self.value(key) {
            None => Ok(Vec::new()),
            Some(toml::Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
                .collect(),
            Some(_) => Err(wrong()),
        }
    }

    fn truth(&self, key: &'static str) -> Result<bool, ConfigError> {
        match self.value(key) {
            None => Ok(false),
            Some(toml::Value::Boolean(truth)) => Ok(*truth),
            Some(_) => Err(self.invalid(key, "must be true or false")),
        }
    }

    fn sign_up(&self, usual: Registration) -> Result<Registration, ConfigError> {
        match self.text("auth.oidc.sign_up")?.as_deref() {
            None => Ok(usual),
            Some(word) => Registration::of(word).ok_or_else(|| {
                self.invalid("auth.oidc.sign_up", "must be one of: invite, open, closed")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    const TABLE: &str = "[[auth.oidc]]\nid = 'home'\nname = 'Home'\n\
        issuer = 'https://id.example/app/'\nclient_id = 'memoria'\n";

    fn load(text: &str) -> Result<Config, String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("c.toml");
        std::fs::write(&file, text).unwrap();
        let loaded = Config::load(Some(&file), [], &[]);
        loaded.map(|(config, _)| config).map_err(|error| error.to_string())
    }

    #[test]
    fn any_number_of_providers_can_be_named() {
        let more = "[[auth.oidc]]\nid = 'b'\nissuer = 'http://localhost:1'\nclient_id = 'c'\n\
            client_secret = 's3cret'\nsign_up = 'closed'\nscopes = ['email']\n\
            token_audiences = ['app']\ngroups_claim = 'groups'\nadmin_group = 'admins'\n";
        let config = load(&format!("[auth]\nregistration = 'open'\n{TABLE}{more}")).unwrap();
        let [first, second] = &config.oidc[..] else { panic!("two") };
        assert_eq!((&*first.id, &*first.issuer), ("home", "https://id.example/app/"));
        assert_eq!(first.sign_up, Registration::Open);
        assert_eq!(first.scopes, SCOPES);
        assert!(!first.trusted_email && !first.apps_only);
        assert_eq!((&*second.name, second.sign_up), ("b", Registration::Closed));
        assert_eq!(second.scopes, ["email"]);
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        for (wrong, key) in [
            ("id = 's3cret/'", "auth.oidc.id"),
            ("issuer = 'http://s3cret.example'", "auth.oidc.issuer"),
            ("issuer = 'https://u:s3cret@id.example'", "auth.oidc.issuer"),
            ("client_secret = 5", "auth.oidc.client_secret"),
            ("sign_up = 's3cret'", "auth.oidc.sign_up"),
            ("trusted_email = 'true'", "auth.oidc.trusted_email"),
            ("admin_group = 's3cret'", "auth.oidc.groups_claim"),
            ("space_groups = 's3cret'", "auth.oidc.space_groups"),
        ] {
            let name = wrong.split(' ').next().unwrap();
            let kept = TABLE.lines().filter(|line| !line.starts_with(&format!("{name} =")));
            let text = kept.collect::<Vec<_>>().join("\n") + "\n" + wrong;
            let error = load(&text).unwrap_err();
            assert!(error.contains(key) && !error.contains("s3cret"), "{wrong}: {error}");
        }
        assert!(load(&format!("{TABLE}{TABLE}")).unwrap_err().contains("twice"));
        assert!(load("[auth]\noidc = 1\n").unwrap_err().contains("auth.oidc"));
    }

    #[test]
    fn the_environment_can_name_one() {
        let environment = [
            ("CLONEMEMORIA_AUTH_OIDC_ISSUER", "https://id.example"),
            ("CLONEMEMORIA_AUTH_OIDC_CLIENT_ID", "memoria"),
        ];
        let named = environment.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let (config, _) = Config::load(None, named.clone(), &[]).unwrap();
        assert_eq!((&*config.oidc[0].id, &*config.oidc[0].name), ("oidc", "id.example"));
        assert!(config.mistaken_variables.is_empty());
        let lonely = named.clone().into_iter().take(1);
        assert!(Config::load(None, lonely, &[]).unwrap_err().to_string().contains("client_id"));
        let admins = [("CLONEMEMORIA_AUTH_OIDC_ADMIN_GROUP".to_owned(), "admins".to_owned())];
        let groupless = named.into_iter().chain(admins);
        assert!(Config::load(None, groupless, &[]).unwrap_err().to_string().contains("groups"));
    }
}
