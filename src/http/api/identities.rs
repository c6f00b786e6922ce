//! Who one is at providers of sign-ins: seeing it, linking, unlinking.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::Group;
use super::fields::path_id;
use super::oidc::{Way, require, way};
use super::trash::Done;
use crate::http::asked::{Asked, Traveller};
use crate::http::auth::{Ask, Owning, OwningFresh};
use crate::http::body::Body;
use crate::http::gate::Gate;
use crate::http::problem::Answer;
use crate::identities::{Identity, IdentityError, Intent, Wish};
use crate::kernel::Fault;

pub struct IdentityApi;

/// Who the account is at a provider.
#[derive(Object)]
struct IdentityView {
    id: String,
    /// The provider's name in addresses; nothing if it is not offered any more.
    provider: Option<String>,
    /// What people call the provider.
    provider_name: String,
    /// The address that the provider last gave.
    email: Option<String>,
    /// The groups that the provider last said the account is in, at most 200.
    groups: Vec<String>,
    linked_at: String,
    last_used_at: String,
}

/// The identities that are linked with the account.
#[derive(Object)]
struct IdentityList {
    items: Vec<IdentityView>,
    next_cursor: Option<String>,
}

/// A provider to link.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct LinkRequest {
    /// The provider's name in addresses.
    provider: String,
    /// Where to be afterwards: a path within the web app.
    #[serde(default)]
    redirect_to: Option<String>,
}

#[OpenApi]
impl IdentityApi {
    /// The identities that are linked with the account
    #[oai(
        path = "/auth/me/identities",
        method = "get",
        operation_id = "list_identities",
        tag = "Group::Identity"
    )]
    async fn list(&self, ask: Ask<Owning>) -> Answer<Json<IdentityList>> {
        let linked = ask.identities.of(ask.who.account).map_err(Fault::from)?;
        let items = linked.into_iter().map(view).collect();
        Ok(Json(IdentityList { items, next_cursor: None }))
    }

    /// Link who one is at a provider
    ///
    /// The page that asks leads the browser to the address of the answer. From there it comes
    /// back linked, or with `?problem=…`.
    #[oai(
        path = "/auth/me/identities",
        method = "post",
        operation_id = "link_identity",
        tag = "Group::Identity"
    )]
    async fn link(
        &self,
        ask: Ask<OwningFresh>,
        asked: Asked,
        traveller: Traveller,
        gate: Gate,
        body: Body<LinkRequest>,
    ) -> Answer<Way> {
        let LinkRequest { provider, redirect_to } = body.0;
        require(&ask, &provider)?;
        let _pass = gate.admit()?;
        let session = traveller.session.filter(|session| ask.who.session() == Some(*session));
        let session = session.ok_or(IdentityError::BrowserNeeded).map_err(Fault::from)?;
        let intent = Intent::Link(ask.who.account, session);
        let own = traveller.own;
        let wish = Wish { intent, redirect_to, invite: None, language: None, own };
        way(&ask, &asked, &provider, wish).await
    }

    /// Unlink an identity
    ///
    /// What was signed in by it ends too, but for the caller's own sign-in.
    #[oai(
        path = "/auth/me/identities/:identity_id",
        method = "delete",
        operation_id = "unlink_identity",
        tag = "Group::Identity"
    )]
    async fn unlink(&self, ask: Ask<OwningFresh>, identity_id: Path<String>) -> Answer<Done> {
        let id = path_id(&identity_id.0)?;
        let asking = ask.who.session();
        ask.identities.unlink(ask.who.account, id, asking).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }
}

fn view(identity: Identity) -> IdentityView {
    IdentityView {
        id: identity.id.to_string(),
        provider: identity.provider,
        provider_name: identity.provider_name,
        email: identity.email,
        groups: identity.groups,
        linked_at: identity.linked_at.to_string(),
        last_used_at: identity.used_at.to_string(),
    }
}
