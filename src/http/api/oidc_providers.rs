//! The providers that people sign in with, as admins see and change them.

mod views;

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};

use self::views::{
    NewOidcProvider, OidcProviderList, OidcProviderPatch, OidcProviderTest, OidcProviderView,
    settings, tagged, view, wanted,
};
use url::Url;

use super::Group;
use super::trash::Done;
use crate::http::asked::Traveller;
use crate::http::auth::{Administering, AdministeringFresh, Ask};
use crate::http::body::Body;
use crate::http::etag::{Etag, IfMatch, Tagged};
use crate::http::problem::Answer;
use crate::identities::{IdentityError, Offered, ProbeFailure, Probed};
use crate::kernel::Fault;

pub struct OidcProviderApi;

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
        let expected = known.expected(|| version(offered, &provider.0, own))?.flatten();
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
    async fn remove(
        &self,
        ask: Ask<AdministeringFresh>,
        traveller: Traveller,
        provider: Path<String>,
        known: IfMatch,
    ) -> Answer<Done> {
        let (offered, own) = (ask.identities.offered(), traveller.own.as_ref());
        let expected = known.expected(|| version(offered, &provider.0, own))?.flatten();
        offered.remove(ask.who.account, &provider.0, expected).await.map_err(Fault::from)?;
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
        let probed = ask.identities.offered().probe(&provider.0).await.map_err(Fault::from)?;
        Ok(Json(match probed {
            Ok(Probed { signs_out }) => {
                OidcProviderTest { works: true, problem: None, detail: None, signs_out }
            }
            Err(ProbeFailure { problem, detail }) => OidcProviderTest {
                works: false,
                problem: Some(problem.into()),
                detail: Some(detail),
                signs_out: false,
            },
        }))
    }
}

/// The version of a provider that the caller would see now, with its tag; none for one of the
/// configuration.
fn version(
    offered: &Offered,
    id: &str,
    own: Option<&Url>,
) -> Result<(Etag, Option<u64>), IdentityError> {
    let listed = offered.one(id, own)?;
    let version = listed.added.map(|added| added.version);
    Ok((tagged(listed).etag, version))
}
