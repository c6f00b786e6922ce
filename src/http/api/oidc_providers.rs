//! The providers that people sign in with, as admins see and change them.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined as Patch;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::{Deserialize, Serialize};

use super::Group;
use super::auth::RegistrationWord;
use super::fields::Fields;
use super::trash::Done;
use crate::accounts::Registration;
use crate::http::asked::Traveller;
use crate::http::auth::{Administering, AdministeringFresh, Ask};
use crate::http::body::{Body, change};
use crate::http::etag::{Etag, IfMatch, Tagged};
use crate::http::problem::Answer;
use crate::identities::{
    Listed, Looked, ProviderChange, ProviderSettings, SCOPES, Trouble, Troubled,
};
use crate::kernel::{Fault, Secret};

pub struct OidcProviderApi;

/// Who said that there is a provider.
#[derive(Enum, Serialize)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
enum ProviderSource {
    /// The configuration, which alone changes it.
    Configuration,
    /// An admin.
    Console,
}

/// A provider of sign-ins, without its secret.
#[derive(Object, Serialize)]
struct OidcProviderView {
    /// Its name in addresses.
    id: String,
    /// What people call it.
    name: String,
    issuer: String,
    client_id: String,
    /// Whether it has given us a secret. The secret itself is not shown again.
    has_client_secret: bool,
    /// What is asked for beside `openid`.
    scopes: Vec<String>,
    /// Who may make an account by signing in there.
    sign_up: RegistrationWord,
    /// Whether its word that an address is proven counts.
    trusted_email: bool,
    /// The claim that lists a person's groups.
    groups_claim: Option<String>,
    /// The group whose members administer the server.
    admin_group: Option<String>,
    /// Other clients whose ID tokens are taken; only the configuration names some.
    token_audiences: Vec<String>,
    /// Whether only apps bring its word, and no browser goes there.
    apps_only: bool,
    source: ProviderSource,
    /// Whether an admin wants it offered.
    enabled: bool,
    /// Whether people can sign in with it now.
    offered: bool,
    /// How many people are linked with somebody there.
    people: u64,
    /// The address to be entered at the provider; it sends browsers back there. Nothing while
    /// this server does not know its own address.
    redirect_uri: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
}

/// The providers, those of the configuration first.
#[derive(Object)]
struct OidcProviderList {
    items: Vec<OidcProviderView>,
    next_cursor: Option<String>,
}

/// A provider to be added.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewOidcProvider {
    /// Its name in addresses: 1 to 32 of a-z, 0-9 and -. It stays.
    id: String,
    /// What people call it.
    name: String,
    /// Exactly as the provider calls itself. It stays: who somebody is depends on it.
    issuer: String,
    /// What it calls us.
    client_id: String,
    /// What we prove that with, if it gave us something.
    #[serde(default)]
    client_secret: Option<String>,
    /// What is asked for beside `openid`; `email` and `profile` if this is left out.
    #[serde(default)]
    scopes: Option<Vec<String>>,
    /// Who may make an account by signing in there; `invite` if this is left out.
    #[serde(default)]
    sign_up: Option<RegistrationWord>,
    /// Whether its word that an address is proven counts.
    #[serde(default)]
    #[oai(default)]
    trusted_email: bool,
    /// The claim that lists a person's groups.
    #[serde(default)]
    groups_claim: Option<String>,
    /// The group whose members administer the server.
    #[serde(default)]
    admin_group: Option<String>,
}

/// What to change of a provider.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct OidcProviderPatch {
    #[serde(default)]
    name: Patch<String>,
    #[serde(default)]
    client_id: Patch<String>,
    /// `null` for none.
    #[serde(default)]
    client_secret: Patch<String>,
    #[serde(default)]
    scopes: Patch<Vec<String>>,
    #[serde(default)]
    sign_up: Patch<RegistrationWord>,
    #[serde(default)]
    trusted_email: Patch<bool>,
    /// `null` for none.
    #[serde(default)]
    groups_claim: Patch<String>,
    /// `null` for none.
    #[serde(default)]
    admin_group: Patch<String>,
    /// Whether it is offered.
    #[serde(default)]
    enabled: Patch<bool>,
}

/// What is wrong with a provider.
#[derive(Enum)]
#[oai(rename_all = "snake_case", remote = "Trouble")]
enum TroubleWord {
    /// No connection to it.
    Unreachable,
    /// It does not answer in time.
    Slow,
    /// Something answers that is no provider with this issuer.
    NoProvider,
    /// Browsers cannot be sent there; it serves apps only.
    NoPage,
}

/// What came of asking a provider what it says of itself.
#[derive(Object)]
struct OidcProviderTest {
    /// Whether people can be sent there.
    works: bool,
    problem: Option<TroubleWord>,
    /// More about the problem.
    detail: Option<String>,
    /// Whether people are signed out there too when they sign out here.
    signs_out: bool,
}

/// A provider was added.
#[derive(ApiResponse)]
enum OidcProviderAdded {
    /// It is offered from now on.
    #[oai(status = 201)]
    Added(Json<OidcProviderView>),
}

#[OpenApi]
impl OidcProviderApi {
    /// The providers that people sign in with
    #[oai(
        path = "/admin/oidc",
        method = "get",
        operation_id = "list_oidc_settings",
        tag = "Group::Admin"
    )]
    async fn list(
        &self,
        ask: Ask<Administering>,
        traveller: Traveller,
    ) -> Answer<Json<OidcProviderList>> {
        let own = traveller.own.as_ref();
        let all = ask.identities.offered().list(own).map_err(Fault::from)?;
        let items = all.into_iter().map(view).collect();
        Ok(Json(OidcProviderList { items, next_cursor: None }))
    }

    /// Add a provider that people sign in with
    ///
    /// It is offered at once, and not asked anything before somebody needs it. Apps bring ID tokens
    /// only of providers that the configuration names: whoever runs an app gets tokens with which
    /// accounts can be opened here, and that is for whoever runs the machine to allow.
    #[oai(
        path = "/admin/oidc",
        method = "post",
        operation_id = "add_oidc_provider",
        tag = "Group::Admin"
    )]
    async fn add(
        &self,
        ask: Ask<AdministeringFresh>,
        traveller: Traveller,
        body: Body<NewOidcProvider>,
    ) -> Answer<OidcProviderAdded> {
        let new = settings(body.0);
        let (offered, id) = (ask.identities.offered(), new.id.clone());
        offered.add(ask.who.account, new).await.map_err(Fault::from)?;
        let added = offered.one(&id, traveller.own.as_ref()).map_err(Fault::from)?;
        Ok(OidcProviderAdded::Added(Json(view(added))))
    }

    /// One provider
    #[oai(
        path = "/admin/oidc/:provider",
        method = "get",
        operation_id = "get_oidc_settings",
        tag = "Group::Admin"
    )]
    async fn one(
        &self,
        ask: Ask<Administering>,
        traveller: Traveller,
        provider: Path<String>,
    ) -> Answer<Tagged<Json<OidcProviderView>>> {
        let own = traveller.own.as_ref();
        Ok(tagged(ask.identities.offered().one(&provider.0, own).map_err(Fault::from)?))
    }

    /// Change a provider that an admin added
    ///
    /// It takes effect at once. Sign-ins that were opened before stay open.
    #[oai(
        path = "/admin/oidc/:provider",
        method = "patch",
        operation_id = "change_oidc_provider",
        tag = "Group::Admin"
    )]
    async fn change(
        &self,
        ask: Ask<AdministeringFresh>,
        traveller: Traveller,
        provider: Path<String>,
        known: IfMatch,
        body: Body<OidcProviderPatch>,
    ) -> Answer<Tagged<Json<OidcProviderView>>> {
        let (offered, own) = (ask.identities.offered(), traveller.own.as_ref());
        let patch = wanted(body.0)?;
        let before = offered.one(&provider.0, own).map_err(Fault::from)?;
        let version = before.added.map(|added| added.version);
        known.check(&tagged(before).etag)?;
        let expected = version.filter(|_| known.is_given());
        let changed = offered.change(ask.who.account, &provider.0, patch, expected).await;
        changed.map_err(Fault::from)?;
        Ok(tagged(offered.one(&provider.0, own).map_err(Fault::from)?))
    }

    /// Remove a provider that an admin added
    ///
    /// Nobody can sign in with it any more. Who is linked with somebody there stays linked, for
    /// the case that the same issuer is added again.
    #[oai(
        path = "/admin/oidc/:provider",
        method = "delete",
        operation_id = "remove_oidc_provider",
        tag = "Group::Admin"
    )]
    async fn remove(&self, ask: Ask<AdministeringFresh>, provider: Path<String>) -> Answer<Done> {
        let by = ask.who.account;
        ask.identities.offered().remove(by, &provider.0).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }

    /// Ask a provider what it says of itself
    #[oai(
        path = "/admin/oidc/:provider/test",
        method = "post",
        operation_id = "test_oidc_provider",
        tag = "Group::Admin"
    )]
    async fn test(
        &self,
        ask: Ask<Administering>,
        provider: Path<String>,
    ) -> Answer<Json<OidcProviderTest>> {
        let looked = ask.identities.offered().look(&provider.0).await.map_err(Fault::from)?;
        Ok(Json(match looked {
            Ok(Looked { signs_out }) => {
                OidcProviderTest { works: true, problem: None, detail: None, signs_out }
            }
            Err(Troubled { trouble, detail }) => OidcProviderTest {
                works: false,
                problem: Some(trouble.into()),
                detail: Some(detail),
                signs_out: false,
            },
        }))
    }
}

fn settings(new: NewOidcProvider) -> ProviderSettings {
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

fn wanted(sent: OidcProviderPatch) -> Result<ProviderChange, Fault> {
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

fn view(listed: Listed) -> OidcProviderView {
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

fn tagged(listed: Listed) -> Tagged<Json<OidcProviderView>> {
    let version = listed.added.map_or(0, |added| added.version);
    let view = view(listed);
    let shown = serde_json::to_string(&view).unwrap_or_default();
    Tagged { etag: Etag::of_bytes(format!("{version} {shown}").as_bytes()), answer: Json(view) }
}
