//! Answers that carry a cookie, and how they are documented.

use poem::Response;
use poem_openapi::payload::Json;
use poem_openapi::types::ToJSON;
use poem_openapi::{ApiResponse, Object};

use super::views::SessionView;
use crate::http::cookies::with_cookie;

/// `Set-Cookie` headers.
pub type Cookies = Vec<String>;

/// A sign-in was made.
pub enum SignedIn {
    Created(SessionView, Cookies),
    Renewed(SessionView, Cookies),
}

impl poem::IntoResponse for SignedIn {
    fn into_response(self) -> Response {
        let (status, view, cookies) = match self {
            Self::Created(view, cookies) => (201, view, cookies),
            Self::Renewed(view, cookies) => (200, view, cookies),
        };
        let mut response = Json(view).into_response();
        response.set_status(poem::http::StatusCode::from_u16(status).unwrap_or_default());
        cookies.iter().fold(response, |response, cookie| with_cookie(response, cookie))
    }
}

/// An answer that brings cookies along.
pub struct Carrying<T, const STATUS: u16 = 200>(pub T, pub Cookies);

impl<T: ToJSON, const STATUS: u16> poem::IntoResponse for Carrying<T, STATUS> {
    fn into_response(self) -> Response {
        let mut response = Json(self.0).into_response();
        response.set_status(poem::http::StatusCode::from_u16(STATUS).unwrap_or_default());
        self.1.iter().fold(response, |response, cookie| with_cookie(response, cookie))
    }
}

impl<T: ToJSON, const STATUS: u16> ApiResponse for Carrying<T, STATUS> {
    fn meta() -> poem_openapi::registry::MetaResponses {
        let mut meta = Json::<T>::meta();
        for response in &mut meta.responses {
            response.status = Some(STATUS);
        }
        meta
    }

    fn register(registry: &mut poem_openapi::registry::Registry) {
        T::register(registry);
    }
}

/// Documents [`SignedIn`].
#[derive(ApiResponse)]
#[expect(dead_code, reason = "only its documentation is used")]
pub(super) enum SignedInShape {
    /// A new account, signed in.
    #[oai(status = 201)]
    Created(Json<SessionView>),
    /// Signed in.
    #[oai(status = 200)]
    Renewed(Json<SessionView>),
}

impl ApiResponse for SignedIn {
    fn meta() -> poem_openapi::registry::MetaResponses {
        SignedInShape::meta()
    }

    fn register(registry: &mut poem_openapi::registry::Registry) {
        SignedInShape::register(registry);
    }
}

/// Signed out here.
pub enum SignedOut {
    /// And there is nothing to say.
    Done(String),
    /// And there is somewhere else to sign out too.
    Elsewhere(String, SignedOutView),
}

/// Where one can sign out as well.
#[derive(Object)]
pub struct SignedOutView {
    /// The address at the provider by which one had signed in.
    pub(super) end_session_url: String,
}

impl poem::IntoResponse for SignedOut {
    fn into_response(self) -> Response {
        let (mut response, cookie) = match self {
            Self::Done(cookie) => (poem::http::StatusCode::NO_CONTENT.into_response(), cookie),
            Self::Elsewhere(cookie, view) => (Json(view).into_response(), cookie),
        };
        response
            .headers_mut()
            .insert("clear-site-data", poem::http::HeaderValue::from_static("\"cache\""));
        with_cookie(response, &cookie)
    }
}

#[derive(ApiResponse)]
#[expect(dead_code, reason = "only its documentation is used")]
pub(super) enum SignedOutShape {
    /// Signed out here; one can sign out at the provider too.
    #[oai(status = 200)]
    Elsewhere(Json<SignedOutView>),
    /// Signed out.
    #[oai(status = 204)]
    Done,
}

impl ApiResponse for SignedOut {
    fn meta() -> poem_openapi::registry::MetaResponses {
        SignedOutShape::meta()
    }

    fn register(registry: &mut poem_openapi::registry::Registry) {
        SignedOutShape::register(registry);
    }
}
