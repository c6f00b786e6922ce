//! One's own sign-ins: seeing them, ending them, proving again who one is.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use serde::Deserialize;

use super::Group;
use super::auth::{SignedIn, signed_in};
use super::fields::path_id;
use super::passkeys::PasskeyReply;
use super::trash::Done;
use crate::factors::FactorError;
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Owning};
use crate::http::body::Body;
use crate::http::gate::Gate;
use crate::http::problem::Answer;
use crate::kernel::{Fault, FieldProblem};
use crate::sessions::{Session, SignInBy};

pub struct SignInApi;

/// How a sign-in is proven.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum SignInKind {
    /// A browser, by a cookie.
    Browser,
    /// A program, by tokens.
    Program,
}

/// A sign-in that is still good.
#[derive(Object)]
struct SignInView {
    id: String,
    kind: SignInKind,
    /// What the device calls itself, such as "Firefox (Linux)".
    device: String,
    /// The network address that it was signed in from.
    address: Option<String>,
    /// Whether this request belongs to it.
    current: bool,
    created_at: String,
    /// When it was last used, to a few minutes.
    last_used_at: String,
    /// When it ends, however much it is used.
    expires_at: String,
}

/// The caller's sign-ins, newest first.
#[derive(Object)]
struct SignInList {
    items: Vec<SignInView>,
    next_cursor: Option<String>,
}

/// What proves again that it is the person who signed in.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct ReauthRequest {
    /// The password.
    #[serde(default)]
    password: Option<String>,
    /// A code of the authenticator app, or a recovery code.
    #[serde(default)]
    totp: Option<String>,
    /// A passkey's answer to the question of `/auth/passkeys/login/start`.
    #[serde(default)]
    passkey: Option<PasskeyReply>,
}

#[OpenApi]
impl SignInApi {
    /// The sign-ins of the account
    #[oai(
        path = "/auth/sessions",
        method = "get",
        operation_id = "list_sessions",
        tag = "Group::Identity"
    )]
    async fn list(&self, ask: Ask<Owning>) -> Answer<Json<SignInList>> {
        let open = ask.sessions.list(ask.who.account).map_err(Fault::from)?;
        let own = ask.who.session();
        let items = open.into_iter().map(|session| {
            let current = Some(session.id) == own;
            view(session, current)
        });
        Ok(Json(SignInList { items: items.collect(), next_cursor: None }))
    }

    /// End all other sign-ins
    #[oai(
        path = "/auth/sessions",
        method = "delete",
        operation_id = "end_other_sessions",
        tag = "Group::Identity"
    )]
    async fn end_others(&self, ask: Ask<Owning>) -> Answer<Done> {
        let kept = ask.who.session();
        ask.sessions.end_all(ask.who.account, kept).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }

    /// End a sign-in
    #[oai(
        path = "/auth/sessions/:session_id",
        method = "delete",
        operation_id = "end_session",
        tag = "Group::Identity"
    )]
    async fn end(&self, ask: Ask<Owning>, session_id: Path<String>) -> Answer<Done> {
        let id = path_id(&session_id.0)?;
        ask.sessions.end_one(ask.who.account, id).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }

    /// Prove again who one is
    ///
    /// Sensitive calls answer `reauth_required` when this was not done within the last five
    /// minutes. Exactly one of password, code and passkey is sent. A browser's cookie gets a new
    /// value; a program gets an access token and keeps its refresh token.
    #[oai(path = "/auth/reauth", method = "post", operation_id = "reauth", tag = "Group::Identity")]
    async fn reauth(
        &self,
        ask: Ask<Owning>,
        asked: Asked,
        gate: Gate,
        body: Body<ReauthRequest>,
    ) -> Answer<SignedIn> {
        let Some(session) = ask.who.session() else {
            return Err(Fault::not_found().into());
        };
        let pass = gate.admit()?;
        let account = ask.who.account;
        match body.0 {
            ReauthRequest { password: Some(password), totp: None, passkey: None } => {
                ask.accounts.confirm(account, password.into()).await.map_err(Fault::from)?;
            }
            ReauthRequest { password: None, totp: Some(code), passkey: None } => {
                ask.factors.by_code(account, &code, None).await?;
            }
            ReauthRequest { password: None, totp: None, passkey: Some(passkey) } => {
                if ask.factors.by_passkey(passkey.with(&asked)).await?.id != account {
                    return Err(FactorError::WrongPasskey.into());
                }
            }
            _ => {
                let detail = "is needed, or `totp`, or `passkey`; one of them";
                return Err(Fault::field(FieldProblem::Required, "/password", detail).into());
            }
        }
        pass.refund();
        let renewed = ask.sessions.proven(session).await.map_err(Fault::from)?;
        signed_in(&ask, &asked, renewed, None, SignedIn::Renewed)
    }
}

fn view(session: Session, current: bool) -> SignInView {
    SignInView {
        id: session.id.to_string(),
        kind: match session.by {
            SignInBy::Cookie => SignInKind::Browser,
            SignInBy::Tokens => SignInKind::Program,
        },
        device: session.label,
        address: session.address,
        current,
        created_at: session.created_at.to_string(),
        last_used_at: session.seen_at.to_string(),
        expires_at: session.until.to_string(),
    }
}
