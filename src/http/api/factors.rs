//! What an account proves itself with besides its password: the overview, the authenticator app,
//! recovery codes.

use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::Group;
use super::auth::{Carrying, SessionView, SignedIn, carried_over};
use super::passkeys::{PasskeyView, view};
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Owning, OwningFresh};
use crate::http::body::Body;
use crate::http::problem::Answer;
use crate::kernel::{Fault, Secret};

pub struct FactorApi;

/// What the account proves itself with.
#[derive(Object)]
struct FactorsView {
    /// Whether it has a password.
    password: bool,
    /// Whether an authenticator app is set up.
    totp: bool,
    /// Whether one can be set up here.
    totp_possible: bool,
    /// Since when.
    totp_since: Option<String>,
    /// How many recovery codes are left.
    recovery_codes_left: u32,
    /// Its passkeys, the oldest first.
    passkeys: Vec<PasskeyView>,
    /// Whether passkeys can be made at this address.
    passkeys_possible: bool,
    /// Why not, in a sentence.
    passkeys_obstacle: Option<String>,
}

/// A secret for an authenticator app; nothing changes before it is confirmed.
#[derive(Object)]
struct TotpSecret {
    /// In base32, to be typed.
    secret: String,
    /// The same as an `otpauth:` address, to be shown as a QR code.
    uri: String,
}

/// A code that the authenticator app shows.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct TotpCode {
    code: String,
}

/// Codes that stand in for the authenticator app, each once. They are shown here and never again.
#[derive(Object)]
struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// An authenticator app is set up.
#[derive(Object)]
struct TotpConfirmed {
    /// Codes that stand in for the app, each once. They are shown here and never again.
    recovery_codes: Vec<String>,
    /// The caller's sign-in, which goes on; all others have ended.
    session: SessionView,
}

#[OpenApi]
impl FactorApi {
    /// What the account proves itself with
    #[oai(
        path = "/auth/factors",
        method = "get",
        operation_id = "get_factors",
        tag = "Group::Identity"
    )]
    async fn factors(&self, ask: Ask<Owning>, asked: Asked) -> Answer<Json<FactorsView>> {
        let account = ask.who.account;
        let overview = ask.factors.overview(account)?;
        let obstacle = ask.factors.passkeys_at(asked.site()).err();
        Ok(Json(FactorsView {
            password: ask.accounts.has_password(account).map_err(Fault::from)?,
            totp: overview.totp_since.is_some(),
            totp_possible: ask.factors.settings().totp,
            totp_since: overview.totp_since.map(|since| since.to_string()),
            recovery_codes_left: overview.recovery_codes.try_into().unwrap_or(u32::MAX),
            passkeys: overview.passkeys.into_iter().map(view).collect(),
            passkeys_possible: obstacle.is_none(),
            passkeys_obstacle: obstacle.map(|obstacle| Fault::from(obstacle).detail),
        }))
    }

    /// Begin to set up an authenticator app
    ///
    /// Nothing changes before the first code is sent to `/auth/totp/confirm`; an app that is set
    /// up already goes on until then.
    #[oai(
        path = "/auth/totp",
        method = "post",
        operation_id = "begin_totp",
        tag = "Group::Identity"
    )]
    async fn begin(&self, ask: Ask<OwningFresh>) -> Answer<Json<TotpSecret>> {
        let new = ask.factors.begin_totp(ask.who.account).await?;
        let (secret, uri) = (new.secret.reveal().clone(), new.uri.reveal().clone());
        Ok(Json(TotpSecret { secret, uri }))
    }

    /// Take the authenticator app away, and its recovery codes
    ///
    /// Every other sign-in ends, and API keys stop working. The caller's goes on, with the
    /// tokens or the cookie of the answer.
    #[oai(
        path = "/auth/totp",
        method = "delete",
        operation_id = "remove_totp",
        tag = "Group::Identity"
    )]
    async fn remove(&self, ask: Ask<OwningFresh>, asked: Asked) -> Answer<SignedIn> {
        ask.factors.remove_totp(ask.who.account).await?;
        let (view, cookies) = carried_over(&ask, &asked).await?;
        Ok(SignedIn::Renewed(view, cookies))
    }

    /// Set an authenticator app up
    ///
    /// From now on signing in with the password needs a code as well. Every other sign-in ends,
    /// and API keys stop working. The caller's goes on.
    #[oai(
        path = "/auth/totp/confirm",
        method = "post",
        operation_id = "confirm_totp",
        tag = "Group::Identity"
    )]
    async fn confirm(
        &self,
        ask: Ask<OwningFresh>,
        asked: Asked,
        body: Body<TotpCode>,
    ) -> Answer<Carrying<TotpConfirmed>> {
        let codes = ask.factors.confirm_totp(ask.who.account, &body.0.code).await?;
        let (session, cookies) = carried_over(&ask, &asked).await?;
        Ok(Carrying(TotpConfirmed { recovery_codes: shown(&codes), session }, cookies))
    }

    /// Make new recovery codes
    ///
    /// Those from before stop working.
    #[oai(
        path = "/auth/totp/recovery-codes",
        method = "post",
        operation_id = "renew_recovery_codes",
        tag = "Group::Identity"
    )]
    async fn renew(&self, ask: Ask<OwningFresh>) -> Answer<Json<RecoveryCodes>> {
        let codes = ask.factors.renew_recovery(ask.who.account).await?;
        Ok(Json(RecoveryCodes { recovery_codes: shown(&codes) }))
    }
}

fn shown(codes: &[Secret<String>]) -> Vec<String> {
    codes.iter().map(|code| code.reveal().clone()).collect()
}
