//! A disk that is nearly full: what adds something is refused before its body is read, and takes
//! the rest of the room from nobody. What reads, signs in, takes away or protects goes on.
//!
//! Every operation is taken for one that adds unless it is listed here, so that one that comes
//! later is refused until somebody thought about it.

use std::fmt;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, EndpointExt as _, IntoEndpoint, Request, Response};
use serde_json::Value;

use super::allow::fits;
use super::problem::Problem;
use crate::kernel::Fault;

/// What goes on although it is no `GET` and no `DELETE`, and leaves a few hundred bytes at most.
const GOES_ON: &[&str] = &[
    // Who signs in, and proves it.
    "login",
    "refresh",
    "logout",
    "reauth",
    "start_passkey_login",
    "login_with_passkey",
    "finish_oidc_with_code",
    "exchange_id_token",
    "start_oidc_reauth",
    "forgot_password",
    "reset_password",
    "change_password",
    "send_verification",
    "verify_email",
    "renew_recovery_codes",
    // What somebody takes back, or an admin takes away.
    "change_consents",
    "restrict_me",
    "change_member",
    "change_user",
    "stop_answer",
    "change_oidc_provider",
    "set_clone_state",
    "object_to_clone",
    "answer_subject",
    "say_here",
    "say_here_by_link",
    "stop_legacy_claim",
    // What only looks.
    "show_invitation",
    "show_subject_consent",
    "show_legacy",
    "test_oidc_provider",
    "read_notifications",
    "read_notification",
];

/// Whether nothing may be added now.
#[derive(Clone)]
pub struct IsFull(Arc<dyn Fn() -> bool + Send + Sync>);

impl IsFull {
    /// Asked for every request that may add something: it reads a state, nothing else.
    pub fn new(probe: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(probe))
    }
}

impl fmt::Debug for IsFull {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("IsFull").finish()
    }
}

/// The API while the disk may be full. It sees paths below the API's own.
pub(super) struct Spared {
    inner: BoxEndpoint<'static, Response>,
    is_full: IsFull,
    goes_on: Vec<(Method, String)>,
}

impl Spared {
    /// Around the API of a document.
    pub(super) fn around<E>(inner: E, is_full: IsFull, document: &Value) -> Self
    where
        E: IntoEndpoint,
        E::Endpoint: 'static,
    {
        let goes_on = operations(document)
            .filter(|(_, _, id)| GOES_ON.contains(&id.as_str()))
            .map(|(method, path, _)| (method, path));
        Self {
            inner: inner.into_endpoint().map_to_response().boxed(),
            is_full,
            goes_on: goes_on.collect(),
        }
    }

    fn adds(&self, request: &Request) -> bool {
        let (method, path) = (request.method(), request.uri().path());
        if method.is_safe() || *method == Method::DELETE {
            return false;
        }
        !self.goes_on.iter().any(|(known, template)| known == method && fits(template, path))
    }
}

impl Endpoint for Spared {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if self.adds(&request) && (self.is_full.0)() {
            return Err(Problem::from(Fault::disk_full()).into());
        }
        self.inner.call(request).await
    }
}

/// Method, path and name of every operation.
fn operations(document: &Value) -> impl Iterator<Item = (Method, String, String)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = [Method::POST, Method::PUT, Method::PATCH];
        methods.into_iter().filter_map(|method| {
            let operation = item.get(method.as_str().to_ascii_lowercase())?;
            let id = operation["operationId"].as_str()?.to_owned();
            Some((method, path.clone(), id))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::api::api;
    use crate::http::edge::document;

    #[test]
    fn what_goes_on_exists() {
        let document = document(api(), "", "0");
        let known: Vec<String> = operations(&document).map(|(_, _, id)| id).collect();
        for id in GOES_ON {
            assert!(known.iter().any(|known| known == id), "{id} is no operation that changes");
        }
    }
}
