//! Passkeys: making them, signing in with one. What browsers take and give is in the JSON form
//! of the WebAuthn specification (`parseCreationOptionsFromJSON`, `toJSON`).

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use serde_json::Value;

use super::Group;
use super::auth::{Carrying, Cookies, SessionView, SignedIn, carried_over, sign_in};
use super::fields::{Fields, path_id};
use crate::factors::{Passkey, Question, Reply};
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Open, OwningFresh};
use crate::http::body::Body;
use crate::http::gate::Gate;
use crate::http::problem::Answer;
use crate::kernel::Fault;

pub struct PasskeyApi;

/// A passkey.
#[derive(Object)]
pub struct PasskeyView {
    id: String,
    /// What its owner calls it.
    label: String,
    created_at: String,
    /// When it last opened the account.
    last_used_at: Option<String>,
}

/// A question to a browser's passkeys, good once and for five minutes.
#[derive(Object)]
struct PasskeyQuestion {
    /// Names the question in the answer.
    id: String,
    /// The options for `navigator.credentials`, in the JSON form of the WebAuthn specification.
    options: Any<Value>,
}

/// A passkey's answer.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct PasskeyReply {
    /// The question's name.
    id: String,
    /// What the browser gave, in the JSON form of the WebAuthn specification.
    credential: Any<Value>,
}

/// A passkey that a browser has made.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewPasskey {
    /// The question's name.
    id: String,
    /// What its owner calls it, to tell it from others.
    label: String,
    /// What the browser gave, in the JSON form of the WebAuthn specification.
    credential: Any<Value>,
}

/// Another name for a passkey.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct PasskeyPatch {
    label: String,
}

/// A passkey was made.
#[derive(Object)]
struct PasskeyMade {
    passkey: PasskeyView,
    /// The caller's sign-in, which goes on; all others have ended.
    session: SessionView,
}

impl PasskeyReply {
    /// The answer, with whom it comes from.
    pub(super) fn with(self, asked: &Asked) -> Reply {
        Reply { id: self.id, asker: asked.answerer(), credential: self.credential.0 }
    }
}

#[OpenApi]
impl PasskeyApi {
    /// Ask for a new passkey
    #[oai(
        path = "/auth/passkeys/register/start",
        method = "post",
        operation_id = "start_passkey",
        tag = "Group::Identity"
    )]
    async fn start_new(
        &self,
        ask: Ask<OwningFresh>,
        asked: Asked,
    ) -> Answer<Carrying<PasskeyQuestion>> {
        let session = ask.who.session().ok_or_else(Fault::not_found)?;
        let (asker, cookie) = asked.asker()?;
        let question = ask.factors.ask_for_new(ask.who.account, session, asked.site()?, asker)?;
        Ok(posed(question, cookie))
    }

    /// Keep a new passkey
    ///
    /// Every other sign-in ends, and API keys stop working. The caller's goes on, with the
    /// tokens or the cookie of the answer.
    #[oai(
        path = "/auth/passkeys/register/finish",
        method = "post",
        operation_id = "add_passkey",
        tag = "Group::Identity"
    )]
    async fn finish_new(
        &self,
        ask: Ask<OwningFresh>,
        asked: Asked,
        body: Body<NewPasskey>,
    ) -> Answer<Carrying<PasskeyMade, 201>> {
        let NewPasskey { id, label, credential } = body.0;
        let session = ask.who.session().ok_or_else(Fault::not_found)?;
        let mut fields = Fields::default();
        let label = fields.text("/label", label);
        let label = fields.with(label)?;
        let reply = PasskeyReply { id, credential }.with(&asked);
        let made = ask.factors.keep_new(ask.who.account, session, reply, label).await?;
        let (session, cookies) = carried_over(&ask, &asked).await?;
        Ok(Carrying(PasskeyMade { passkey: view(made), session }, cookies))
    }

    /// Call a passkey something else
    #[oai(
        path = "/auth/passkeys/:passkey_id",
        method = "patch",
        operation_id = "change_passkey",
        tag = "Group::Identity"
    )]
    async fn change(
        &self,
        ask: Ask<OwningFresh>,
        passkey_id: Path<String>,
        body: Body<PasskeyPatch>,
    ) -> Answer<Json<PasskeyView>> {
        let id = path_id(&passkey_id.0)?;
        let mut fields = Fields::default();
        let label = fields.text("/label", body.0.label);
        let label = fields.with(label)?;
        Ok(Json(view(ask.factors.rename_passkey(ask.who.account, id, label).await?)))
    }

    /// Take a passkey away
    ///
    /// It opens nothing any more. Every other sign-in ends, and API keys stop working. The
    /// caller's goes on, with the tokens or the cookie of the answer.
    #[oai(
        path = "/auth/passkeys/:passkey_id",
        method = "delete",
        operation_id = "remove_passkey",
        tag = "Group::Identity"
    )]
    async fn remove(
        &self,
        ask: Ask<OwningFresh>,
        asked: Asked,
        passkey_id: Path<String>,
    ) -> Answer<SignedIn> {
        let id = path_id(&passkey_id.0)?;
        let opens = ask.identities.opens_beside_passkeys();
        ask.factors.remove_passkey(ask.who.account, id, opens).await?;
        let (view, cookies) = carried_over(&ask, &asked).await?;
        Ok(SignedIn::Renewed(view, cookies))
    }

    /// Ask for any passkey of this server
    ///
    /// The question is the same for everybody. The answer goes to `/auth/passkeys/login/finish`,
    /// or to `/auth/reauth`.
    #[oai(
        path = "/auth/passkeys/login/start",
        method = "post",
        operation_id = "start_passkey_login",
        tag = "Group::Identity"
    )]
    async fn start(&self, services: Open, asked: Asked) -> Answer<Carrying<PasskeyQuestion>> {
        let (asker, cookie) = asked.asker()?;
        let question = services.factors.ask_for_any(asked.site()?, asker)?;
        Ok(posed(question, cookie))
    }

    /// Sign in with a passkey
    ///
    /// A passkey is two factors by itself: neither a password nor a code is asked for.
    #[oai(
        path = "/auth/passkeys/login/finish",
        method = "post",
        operation_id = "login_with_passkey",
        tag = "Group::Identity"
    )]
    async fn finish(
        &self,
        services: Open,
        asked: Asked,
        gate: Gate,
        body: Body<PasskeyReply>,
    ) -> Answer<SignedIn> {
        let pass = gate.admit()?;
        let account = services.factors.by_passkey(body.0.with(&asked)).await?;
        pass.refund();
        sign_in(&services, &asked, &account, SignedIn::Renewed).await
    }
}

fn posed(question: Question, cookie: Option<String>) -> Carrying<PasskeyQuestion> {
    let id = question.id.reveal().to_owned();
    let view = PasskeyQuestion { id, options: Any(question.options) };
    Carrying(view, Cookies::from_iter(cookie))
}

pub(super) fn view(passkey: Passkey) -> PasskeyView {
    PasskeyView {
        id: passkey.id.to_string(),
        label: passkey.label.into_string(),
        created_at: passkey.created_at.to_string(),
        last_used_at: passkey.used_at.map(|at| at.to_string()),
    }
}
