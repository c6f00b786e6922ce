//! Consents: what one can agree to, what one agreed to, and taking it back.

mod views;

use self::views::{ConsentHistory, ConsentPatch, TextList, statement_view, text_view};
pub use self::views::{ConsentsView, consents_view};

use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;

use super::Group;
use super::auth::choices;
use super::fields::Fields;
use crate::access::{Principal, Proof};
use crate::consents::{Channel, Consent, Saying};
use crate::http::auth::{Ask, Open, Owning};
use crate::http::body::Body;
use crate::http::listing::List;
use crate::http::problem::Answer;
use crate::kernel::{Fault, FieldProblem, is_language};
use crate::sessions::SignInBy;

const CONSENTS: List<'_> = List::named("consents");

pub struct ConsentApi;

#[OpenApi]
impl ConsentApi {
    /// What can be agreed to here, word for word
    #[oai(
        path = "/consents",
        method = "get",
        operation_id = "list_consent_texts",
        tag = "Group::Identity"
    )]
    async fn texts(
        &self,
        services: Open,
        /// The language that is wanted (BCP 47): `fr`, else English.
        locale: Query<Option<String>>,
    ) -> Answer<Json<TextList>> {
        let mut fields = Fields::default();
        if locale.0.as_deref().is_some_and(|tag| !is_language(tag)) {
            fields.fault(FieldProblem::Malformed, "locale", "must be a language tag such as fr");
        }
        fields.done()?;
        let locale = locale.0.as_deref().unwrap_or("en");
        let texts = services.consents.texts();
        let items = Consent::ALL.map(|consent| text_view(texts.of(consent, locale)));
        Ok(Json(TextList { items: items.into() }))
    }

    /// Everything said about consents
    #[oai(
        path = "/auth/me/consent",
        method = "get",
        operation_id = "list_consents",
        tag = "Group::Identity"
    )]
    async fn list(
        &self,
        ask: Ask<Owning>,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<ConsentHistory>> {
        let page = CONSENTS.wanted(limit.0, after.0)?;
        let page = ask.consents.history(ask.who.account, &page).map_err(Fault::from)?;
        Ok(Json(ConsentHistory {
            is_whole: ask.consents.is_whole(ask.who.account).map_err(Fault::from)?,
            items: page.items.into_iter().map(statement_view).collect(),
            next_cursor: CONSENTS.next(page.next),
        }))
    }

    /// Give or withdraw consents
    #[oai(
        path = "/auth/me/consent",
        method = "patch",
        operation_id = "change_consents",
        tag = "Group::Identity"
    )]
    async fn change(
        &self,
        ask: Ask<Owning>,
        body: Body<ConsentPatch>,
    ) -> Answer<Json<ConsentsView>> {
        let locale = body.0.locale.clone();
        let mut fields = Fields::default();
        if locale.as_deref().is_some_and(|tag| !is_language(tag)) {
            fields.fault(FieldProblem::Malformed, "/locale", "must be a language tag such as fr");
        }
        fields.done()?;
        let said = choices(&body.0.into());
        let account = ask.who.account;
        let withdrawn = said.contains(&(Consent::DataProcessing, false));
        let saying = saying(&ask.who, locale);
        let current = ask.consents.state(account, said, saying).await.map_err(Fault::from)?;
        if withdrawn {
            ask.conversations.stop_all_of(account);
        }
        Ok(Json(consents_view(&ask.consents, &current)))
    }
}

/// How somebody who is signed in says something.
fn saying(who: &Principal, locale: Option<String>) -> Saying {
    let channel = match who.proof {
        Proof::Session { by: SignInBy::Cookie, .. } => Channel::Web,
        _ => Channel::Api,
    };
    let locale = locale.unwrap_or_else(|| who.locale.clone());
    Saying { channel, session: who.session(), locale }
}
