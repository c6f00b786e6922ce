//! What is said of providers of sign-ins to admins, and what they say.

use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined as Patch;
use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};

use super::super::auth::RegistrationWord;
use super::super::fields::Fields;
use crate::accounts::Registration;
use crate::http::body::change;
use crate::http::etag::{Etag, Tagged};
use crate::identities::{Listed, ProbeProblem, ProviderChange, ProviderSettings, SCOPES};
use crate::kernel::{Fault, Secret};

/// Who said that there is a provider.
#[derive(Enum, Serialize)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub(super) enum ProviderSource {
    /// The configuration, which alone changes it.
    Configuration,
    /// An admin.
    Console,
}

/// A provider of sign-ins, without its secret.
// What serde writes is what its tag covers: what an admin says of it, so that nobody who changes
// that is stopped by somebody who signs up meanwhile.
#[derive(Object, Serialize)]
pub(super) struct OidcProviderView {
    /// Its name in addresses.
    pub(super) id: String,
    /// What people call it.
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) client_id: String,
    /// Whether it has given us a secret. The secret itself is not shown again.
    pub(super) has_client_secret: bool,
    /// What is asked for beside `openid`.
    pub(super) scopes: Vec<String>,
    /// Who may make an account by signing in there.
    pub(super) sign_up: RegistrationWord,
    /// Whether its word that an address is proven counts.
    pub(super) trusted_email: bool,
    /// The claim that lists a person's groups.
    pub(super) groups_claim: Option<String>,
    /// The group whose members administer the server.
    pub(super) admin_group: Option<String>,
    /// Other clients whose ID tokens are taken; only the configuration names some.
    pub(super) token_audiences: Vec<String>,
    /// Whether only apps bring its word, and no browser goes there.
    pub(super) apps_only: bool,
    pub(super) source: ProviderSource,
    /// Whether an admin wants it offered.
    pub(super) enabled: bool,
    /// Whether people can sign in with it now.
    #[serde(skip)]
    pub(super) offered: bool,
    /// How many people are linked with somebody there. The `ETag` does not cover it.
    #[serde(skip)]
    pub(super) people: u64,
    /// The address to be entered at the provider; it sends browsers back there. Nothing while
    /// this server does not know its own address.
    #[serde(skip)]
    pub(super) redirect_uri: Option<String>,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
}

/// The providers, those of the configuration first.
#[derive(Object)]
pub(super) struct OidcProviderList {
    pub(super) items: Vec<OidcProviderView>,
    pub(super) next_cursor: Option<String>,
}

/// A provider to be added.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOidcProvider {
    /// Its name in addresses: 1 to 32 of a-z, 0-9 and -. It stays.
    pub(super) id: String,
    /// What people call it.
    pub(super) name: String,
    /// Exactly as the provider calls itself. It stays: who somebody is depends on it.
    pub(super) issuer: String,
    /// What it calls us.
    pub(super) client_id: String,
    /// What we prove that with, if it gave us something.
    #[serde(default)]
    pub(super) client_secret: Option<String>,
    /// What is asked for beside `openid`; `email` and `profile` if this is left out.
    #[serde(default)]
    pub(super) scopes: Option<Vec<String>>,
    /// Who may make an account by signing in there; `invite` if this is left out.
    #[serde(default)]
    pub(super) sign_up: Option<RegistrationWord>,
    /// Whether its word that an address is proven counts.
    #[serde(default)]
    #[oai(default)]
    pub(super) trusted_email: bool,
    /// The claim that lists a person's groups.
    #[serde(default)]
    pub(super) groups_claim: Option<String>,
    /// The group whose members administer the server.
    #[serde(default)]
    pub(super) admin_group: Option<String>,
}

/// What to change of a provider.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct OidcProviderPatch {
    #[serde(default)]
    pub(super) name: Patch<String>,
    #[serde(default)]
    pub(super) client_id: Patch<String>,
    /// `null` for none.
    #[serde(default)]
    pub(super) client_secret: Patch<String>,
    #[serde(default)]
    pub(super) scopes: Patch<Vec<String>>,
    #[serde(default)]
    pub(super) sign_up: Patch<RegistrationWord>,
    #[serde(default)]
    pub(super) trusted_email: Patch<bool>,
    /// `null` for none.
    #[serde(default)]
    pub(super) groups_claim: Patch<String>,
    /// `null` for none.
    #[serde(default)]
    pub(super) admin_group: Patch<String>,
    /// Whether it is offered.
    #[serde(default)]
    pub(super) enabled: Patch<bool>,
}

/// What is wrong with a provider.
#[derive(Enum)]
#[oai(rename_all = "snake_case", remote = "ProbeProblem")]
pub(super) enum ProbeProblemWord {
    /// No connection to it.
    Unreachable,
    /// It does not answer in time.
    Slow,
    /// Something answers that is no provider with this issuer.
    NoProvider,
    /// Browsers cannot be sent there; it serves apps only.
    NoPage,
    /// It says to sign what it says of people with no key pair (RS256, ES256, EdDSA and the like),
    /// so that nobody could check it.
    NoSignature,
    /// It is in a private network, or names something that is; it was not asked.
    /// `outbound.allow_private` of the configuration lists what may be.
    NotAllowed,
}

/// What came of asking a provider what it says of itself.
#[derive(Object)]
pub(super) struct OidcProviderTest {
    /// Whether people can be sent there.
    pub(super) works: bool,
    pub(super) problem: Option<ProbeProblemWord>,
    /// More about the problem.
    pub(super) detail: Option<String>,
    /// Whether people are signed out there too when they sign out here.
    pub(super) signs_out: bool,
}

pub(super) fn settings(new: NewOidcProvider) -> ProviderSettings {
    ProviderSettings {
        id: new.id,
        name: new.name,
        issuer: new.issuer,
        client_id: new.client_id,
        client_secret: new.client_secret.map(Secret::new),
        scopes: new.scopes.unwrap_or_else(|| SCOPES.map(str::to_owned).into()),
        sign_up: new.sign_up.map_or(Registration::Invite, Registration::from),
        trusted_email: new.trusted_email,
        groups_claim: new.groups_claim,
        admin_group: new.admin_group,
        token_audiences: Vec::new(),
        apps_only: false,
    }
}

pub(super) fn wanted(sent: OidcProviderPatch) -> Result<ProviderChange, Fault> {
    let mut fields = Fields::default();
    let change = ProviderChange {
        name: fields.replace("/name", sent.name, |_, name| Some(name)),
        client_id: fields.replace("/client_id", sent.client_id, |_, id| Some(id)),
        client_secret: change(sent.client_secret),
        scopes: fields.replace("/scopes", sent.scopes, |_, scopes| Some(scopes)),
        sign_up: fields.replace("/sign_up", sent.sign_up, |_, word| Some(word.into())),
        trusted_email: fields.replace("/trusted_email", sent.trusted_email, |_, yes| Some(yes)),
        groups_claim: change(sent.groups_claim),
        admin_group: change(sent.admin_group),
        enabled: fields.replace("/enabled", sent.enabled, |_, yes| Some(yes)),
    };
    fields.done()?;
    Ok(change)
}

pub(super) fn view(listed: Listed) -> OidcProviderView {
    let Listed { settings, added, offered, people, redirect } = listed;
    OidcProviderView {
        id: settings.id,
        name: settings.name,
        issuer: settings.issuer,
        client_id: settings.client_id,
        has_client_secret: settings.client_secret.is_some(),
        scopes: settings.scopes,
        sign_up: settings.sign_up.into(),
        trusted_email: settings.trusted_email,
        groups_claim: settings.groups_claim,
        admin_group: settings.admin_group,
        token_audiences: settings.token_audiences,
        apps_only: settings.apps_only,
        source: match added {
            None => ProviderSource::Configuration,
            Some(_) => ProviderSource::Console,
        },
        enabled: added.is_none_or(|added| added.enabled),
        offered,
        people,
        redirect_uri: redirect.map(Into::into),
        created_at: added.map(|added| added.at.to_string()),
        updated_at: added.map(|added| added.changed_at.to_string()),
    }
}

pub(super) fn tagged(listed: Listed) -> Tagged<Json<OidcProviderView>> {
    let version = listed.added.map_or(0, |added| added.version);
    let view = view(listed);
    let shown = serde_json::to_string(&view).unwrap_or_default();
    Tagged { etag: Etag::of_bytes(format!("{version} {shown}").as_bytes()), answer: Json(view) }
}
