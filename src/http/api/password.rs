//! Changing one's password.

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::Group;
use super::auth::{SignedIn, carried_over};
use super::fields::Fields;
use crate::http::auth::{Ask, Asked, OwningFresh};
use crate::http::body::Body;
use crate::http::problem::Answer;
use crate::kernel::Fault;

pub struct PasswordApi;

/// Another password.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    /// The present one, where there is one.
    #[serde(default)]
    current_password: Option<String>,
    /// The new one: 12 to 128 characters, not easy to guess.
    new_password: String,
}

#[OpenApi]
impl PasswordApi {
    /// Change the password
    ///
    /// Every other sign-in ends, and API keys stop working. The caller's goes on, with the
    /// tokens or the cookie of the answer.
    #[oai(
        path = "/auth/password/change",
        method = "post",
        operation_id = "change_password",
        tag = "Group::Identity"
    )]
    async fn change(
        &self,
        ask: Ask<OwningFresh>,
        asked: Asked,
        body: Body<PasswordChange>,
    ) -> Answer<SignedIn> {
        let PasswordChange { current_password, new_password } = body.0;
        let account = ask.accounts.account(ask.who.account).map_err(Fault::from)?;
        let mut fields = Fields::default();
        let known = [account.email.as_str(), &*account.display_name];
        let password = fields.password("/new_password", new_password, &known);
        let password = fields.with(password)?;
        let current = current_password.map(Into::into);
        ask.accounts.change_password(account.id, current, password).await.map_err(Fault::from)?;
        let (view, cookies) = carried_over(&ask, &asked).await?;
        Ok(SignedIn::Renewed(view, cookies))
    }
}
