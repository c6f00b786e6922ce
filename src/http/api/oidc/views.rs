//! What is said on the way to a provider of sign-ins and back.

use poem::Response;
use poem::http::StatusCode;
use poem::http::header::{HeaderValue, LOCATION};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};
use serde::Deserialize;

use super::super::auth::Cookies;
use crate::http::cookies::with_cookie;

/// A provider that one can sign in with.
#[derive(Object)]
pub(super) struct ProviderView {
    /// Its name in addresses.
    pub(super) id: String,
    /// What people call it.
    pub(super) name: String,
}

/// The providers that one can sign in with.
#[derive(Object)]
pub(super) struct ProviderList {
    pub(super) items: Vec<ProviderView>,
    pub(super) next_cursor: Option<String>,
}

/// Where to be after having proven who one is.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ProveRequest {
    /// A path within the web app.
    pub(super) redirect_to: Option<String>,
}

/// Where a browser has to go.
#[derive(Object)]
pub struct WayView {
    /// The address at the provider; good for ten minutes.
    pub(super) url: String,
}

/// An ID token that an app got itself.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequest {
    /// The token, as the provider gave it.
    pub(super) id_token: String,
    /// The nonce that it was asked for with, if it was.
    #[serde(default)]
    pub(super) nonce: Option<String>,
    /// The token of an invitation, where one is needed to make an account.
    #[serde(default)]
    pub(super) invite_token: Option<String>,
    /// The code of the second factor, where one is set. The ID token is used up even when the
    /// code is missing or wrong.
    #[serde(default)]
    pub(super) totp: Option<String>,
}

/// The code that is owed.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeOwed {
    /// A code of the authenticator app, or a recovery code.
    pub(super) totp: String,
}

/// A browser is sent on its way.
pub struct Away {
    pub(super) to: String,
    pub(super) cookies: Cookies,
}

/// Where a browser has to go, said to a page of ours.
pub struct Way {
    pub(super) view: WayView,
    pub(super) cookie: String,
}

impl poem::IntoResponse for Away {
    fn into_response(self) -> Response {
        let mut response = StatusCode::FOUND.into_response();
        if let Ok(to) = HeaderValue::from_str(&self.to) {
            response.headers_mut().insert(LOCATION, to);
        }
        self.cookies.iter().fold(response, |response, cookie| with_cookie(response, cookie))
    }
}

/// Documents [`Away`].
#[derive(ApiResponse)]
#[expect(dead_code, reason = "only its documentation is used")]
enum AwayShape {
    /// The browser is sent on.
    #[oai(status = 302)]
    Away,
}

impl ApiResponse for Away {
    fn meta() -> poem_openapi::registry::MetaResponses {
        AwayShape::meta()
    }

    fn register(registry: &mut poem_openapi::registry::Registry) {
        AwayShape::register(registry);
    }
}

impl poem::IntoResponse for Way {
    fn into_response(self) -> Response {
        with_cookie(Json(self.view).into_response(), &self.cookie)
    }
}

/// Documents [`Way`].
#[derive(ApiResponse)]
#[expect(dead_code, reason = "only its documentation is used")]
enum WayShape {
    /// Where the browser has to go.
    #[oai(status = 200)]
    Way(Json<WayView>),
}

impl ApiResponse for Way {
    fn meta() -> poem_openapi::registry::MetaResponses {
        WayShape::meta()
    }

    fn register(registry: &mut poem_openapi::registry::Registry) {
        WayShape::register(registry);
    }
}
