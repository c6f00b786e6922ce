//! What is said of a provider of sign-ins, in the configuration or the console, and what of it
//! cannot be.

use url::{Host, Url};

use crate::accounts::Registration;
use crate::kernel::{Clock, FieldProblem, Secret, Timestamp};
use crate::providers::{Oidc, OidcError, OidcSettings, Outbound};

use super::Provider;

/// What every provider is asked for beside `openid`, unless something else is said.
pub const SCOPES: [&str; 2] = ["email", "profile"];

/// What an issuer must be.
pub const ISSUER: &str = "must be an https address (http on this machine only)";

/// The longest name in addresses.
const LONGEST_ID: usize = 32;
/// The longest of any other text, in bytes.
const LONGEST: usize = 500;
/// Most items of a list.
const MOST: usize = 20;

/// A provider that people sign in with, as it was described.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Its name in addresses.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// As written: issuers are compared letter by letter.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove that with, if it gave us something.
    pub client_secret: Option<Secret<String>>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Who may make an account by signing in there.
    pub sign_up: Registration,
    /// Whether its word that an address is proven counts.
    pub trusted_email: bool,
    /// The claim that lists a person's groups.
    pub groups_claim: Option<String>,
    /// The group whose members administer the instance.
    pub admin_group: Option<String>,
    /// Other clients of ours (mobile apps) whose ID tokens are taken.
    pub token_audiences: Vec<String>,
    /// Whether only apps of ours bring its word.
    pub apps_only: bool,
}

/// Something that cannot be: the field, and what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The name of the field.
    pub field: &'static str,
    /// Which of the usual problems it has.
    pub problem: FieldProblem,
    /// What it must be, without what it is.
    pub expected: &'static str,
}

impl ProviderSettings {
    /// Everything in it that cannot be.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut must = |good: bool, field, expected| {
            if !good {
                flaws.push(Flaw { field, problem: FieldProblem::Malformed, expected });
            }
        };
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let id = (1..=LONGEST_ID).contains(&self.id.len()) && self.id.chars().all(letters);
        must(id, "id", "must be 1 to 32 of a-z, 0-9 and -: it is part of addresses");
        must(line(&self.name), "name", "must be a line of 1 to 500 bytes");
        must(line(&self.client_id), "client_id", "must be a line of 1 to 500 bytes");
        let secret = self.client_secret.as_ref().is_none_or(|secret| line(secret.reveal()));
        must(secret, "client_secret", "must be a line of 1 to 500 bytes");
        let words = |list: &[String]| {
            let word = |text: &String| line(text) && !text.contains(char::is_whitespace);
            list.len() <= MOST && list.iter().all(word)
        };
        const LIST: &str = "must be at most 20 words without spaces";
        must(words(&self.scopes), "scopes", LIST);
        must(words(&self.token_audiences), "token_audiences", LIST);
        let named = |text: &Option<String>| text.as_deref().is_none_or(line);
        must(named(&self.groups_claim), "groups_claim", "must be a line of 1 to 500 bytes");
        must(named(&self.admin_group), "admin_group", "must be a line of 1 to 500 bytes");
        let told = self.admin_group.is_none() || self.groups_claim.is_some();
        must(told, "groups_claim", "must be set when `admin_group` is");
        if self.host().is_none() {
            flaws.push(Flaw { field: "issuer", problem: FieldProblem::NotAUrl, expected: ISSUER });
        }
        flaws
    }

    /// The host of its issuer, if that is a good one.
    pub fn host(&self) -> Option<String> {
        let url = Url::parse(&self.issuer).ok()?;
        let plain = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none();
        let safe = match (url.scheme(), url.host()?) {
            ("https", _) => true,
            ("http", Host::Domain(name)) => name == "localhost",
            ("http", Host::Ipv4(address)) => address.is_loopback(),
            ("http", Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        };
        let fits = self.issuer.len() <= LONGEST;
        (plain && bare && safe && fits).then(|| url.host_str().map(str::to_owned))?
    }

    /// The provider itself, named by the configuration or, at some time, by an admin; it is not
    /// asked anything yet.
    ///
    /// # Errors
    /// When the issuer is no address.
    pub(super) fn provider(
        &self,
        way: (&Outbound, &Clock),
        added_at: Option<Timestamp>,
    ) -> Result<Provider, OidcError> {
        let settings = OidcSettings {
            id: self.id.clone(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            scopes: self.scopes.clone(),
            audiences: self.token_audiences.clone(),
            groups_claim: self.groups_claim.clone(),
            by_operator: added_at.is_none(),
        };
        Ok(Provider {
            id: self.id.clone(),
            name: self.name.clone(),
            oidc: Oidc::new(way.0.clone(), way.1.clone(), settings)?,
            sign_up: self.sign_up,
            trusted_email: self.trusted_email,
            groups_claim: self.groups_claim.clone(),
            admin_group: self.admin_group.clone(),
            apps_only: self.apps_only,
            configured: added_at.is_none(),
            added_at,
        })
    }
}

/// Whether a text is one short line.
fn line(text: &str) -> bool {
    let edges = text.trim().len() == text.len();
    edges && (1..=LONGEST).contains(&text.len()) && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> ProviderSettings {
        ProviderSettings {
            id: "home".to_owned(),
            name: "Home".to_owned(),
            issuer: "https://id.example/app/".to_owned(),
            client_id: "memoria".to_owned(),
            client_secret: None,
            scopes: SCOPES.map(str::to_owned).into(),
            sign_up: Registration::Invite,
            trusted_email: false,
            groups_claim: None,
            admin_group: None,
            token_audiences: Vec::new(),
            apps_only: false,
        }
    }

    #[test]
    fn every_flaw_is_named_by_its_field() {
        assert!(good().flaws().is_empty());
        let bad = ProviderSettings {
            id: "Home/".to_owned(),
            name: " ".to_owned(),
            issuer: "http://id.example".to_owned(),
            client_id: "two\nlines".to_owned(),
            client_secret: Some(Secret::new(String::new())),
            scopes: vec!["two words".to_owned()],
            admin_group: Some("admins".to_owned()),
            token_audiences: vec!["app".to_owned(); MOST + 1],
            ..good()
        };
        let named: Vec<&str> = bad.flaws().iter().map(|flaw| flaw.field).collect();
        let expected = [
            "id",
            "name",
            "client_id",
            "client_secret",
            "scopes",
            "token_audiences",
            "groups_claim",
            "issuer",
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn an_issuer_has_tls_or_is_on_this_machine() {
        for (issuer, host) in [
            ("https://id.example", Some("id.example")),
            ("http://localhost:8080/x", Some("localhost")),
            ("http://127.0.0.1:1", Some("127.0.0.1")),
            ("http://[::1]:1", Some("[::1]")),
            ("http://192.168.1.2", None),
            ("https://u:p@id.example", None),
            ("https://id.example?tenant=1", None),
            ("ftp://id.example", None),
            ("id.example", None),
        ] {
            let settings = ProviderSettings { issuer: issuer.to_owned(), ..good() };
            assert_eq!(settings.host().as_deref(), host, "{issuer}");
        }
    }
}
