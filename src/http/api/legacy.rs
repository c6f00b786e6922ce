//! What becomes of an account after its person's death: whom they name, what these claim, and
//! saying that one is there.

mod views;

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};

use super::Group;
use super::fields::{Fields, path_id};
use super::spaces::TokenOnly;
use super::trash::Done;
use crate::accounts::Email;
use crate::http::auth::{Administering, AdministeringFresh, Ask, Open, Owning, OwningFresh};
use crate::http::body::Body;
use crate::http::gate::Gate;
use crate::http::problem::Answer;
use crate::kernel::{Fault, FieldProblem, is_language};
use crate::legacy::{Claiming, Naming, WAIT};

use self::views::{
    ClaimChoice, ClaimList, ClaimView, ContactChoice, ContactSet, KeyOnly, LegacyContact,
    OfferedView, RunningList, StopChoice, against_view, claim_view, contact_view, offered_view,
    running_view, then, words_view,
};

pub struct LegacyApi;

/// Something was claimed.
#[derive(ApiResponse)]
enum Claimed {
    /// Claimed; the wait begins.
    #[oai(status = 201)]
    Created(Json<ClaimView>),
}

#[OpenApi]
impl LegacyApi {
    /// Whom the caller named for after their death
    #[oai(
        path = "/auth/me/legacy-contact",
        method = "get",
        operation_id = "get_legacy_contact",
        tag = "Group::Identity"
    )]
    async fn contact(&self, ask: Ask<Owning>) -> Answer<Json<LegacyContact>> {
        let contact = ask.legacies.contact(ask.who.account).map_err(Fault::from)?;
        Ok(Json(LegacyContact { contact: contact.map(contact_view) }))
    }

    /// Name somebody for after one's death, and say what then
    ///
    /// The answer holds the key for them once, when it is new. Nobody is told, unless `tell` asks
    /// for a mail to them.
    #[oai(
        path = "/auth/me/legacy-contact",
        method = "put",
        operation_id = "set_legacy_contact",
        tag = "Group::Identity"
    )]
    async fn set_contact(
        &self,
        ask: Ask<OwningFresh>,
        body: Body<ContactChoice>,
    ) -> Answer<Json<ContactSet>> {
        let naming = naming(body.0)?;
        let (contact, key) = ask.legacies.name(&ask.who, naming).await.map_err(Fault::from)?;
        let key = key.map(|key| key.reveal().clone());
        Ok(Json(ContactSet { contact: contact_view(contact), key }))
    }

    /// Name nobody any more
    #[oai(
        path = "/auth/me/legacy-contact",
        method = "delete",
        operation_id = "remove_legacy_contact",
        tag = "Group::Identity"
    )]
    async fn remove_contact(&self, ask: Ask<OwningFresh>) -> Answer<Done> {
        ask.legacies.name_nobody(&ask.who).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }

    /// Say that one is here, though somebody says that one has died
    ///
    /// Everything else that one does stops that as well.
    #[oai(
        path = "/auth/me/here",
        method = "post",
        operation_id = "say_here",
        tag = "Group::Identity"
    )]
    async fn here(&self, ask: Ask<Owning>) -> Answer<Done> {
        ask.legacies.is_here(ask.who.account).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }

    /// Say the same by the link of a mail, signed in or not
    #[oai(
        path = "/auth/here",
        method = "post",
        operation_id = "say_here_by_link",
        tag = "Group::Identity"
    )]
    async fn here_by_link(
        &self,
        services: Open,
        gate: Gate,
        body: Body<TokenOnly>,
    ) -> Answer<Done> {
        let pass = gate.admit()?;
        services.legacies.is_here_by_link(&body.0.token).await.map_err(Fault::from)?;
        pass.refund();
        Ok(Done::Done)
    }

    /// What the caller claimed, what is claimed of them, and the text to declare
    #[oai(
        path = "/auth/legacy-claims",
        method = "get",
        operation_id = "list_legacy_claims",
        tag = "Group::Identity"
    )]
    async fn claims(
        &self,
        ask: Ask<Owning>,
        /// The language of the text (BCP 47): `fr`, else English; the caller's own when not given.
        locale: Query<Option<String>>,
    ) -> Answer<Json<ClaimList>> {
        let mut fields = Fields::default();
        if locale.0.as_deref().is_some_and(|tag| !is_language(tag)) {
            fields.fault(FieldProblem::Malformed, "locale", "must be a language tag such as fr");
        }
        fields.done()?;
        let account = ask.who.account;
        let own = ask.legacies.claimed_by(account).map_err(Fault::from)?;
        let against = ask.legacies.claimed_of(account).map_err(Fault::from)?;
        let about = words_view(locale.0.as_deref().unwrap_or(&ask.who.locale));
        Ok(Json(ClaimList {
            items: own.into_iter().map(claim_view).collect(),
            against_caller: against.map(against_view),
            about,
        }))
    }

    /// What a key is for
    #[oai(
        path = "/auth/legacy-claims/show",
        method = "post",
        operation_id = "show_legacy",
        tag = "Group::Identity"
    )]
    async fn show(&self, ask: Ask<Owning>, body: Body<KeyOnly>) -> Answer<Json<OfferedView>> {
        let offered = ask.legacies.offered(&ask.who, &body.0.key).map_err(Fault::from)?;
        Ok(Json(offered_view(offered)))
    }

    /// Say that whoever gave one the key has died
    ///
    /// The wait that they chose begins. They are told by every way there is, and so is everybody
    /// who administers the server; whatever they do stops it.
    #[oai(
        path = "/auth/legacy-claims",
        method = "post",
        operation_id = "claim_legacy",
        tag = "Group::Identity"
    )]
    async fn claim(&self, ask: Ask<Owning>, body: Body<ClaimChoice>) -> Answer<Claimed> {
        let ClaimChoice { key, relation, own_words, text_sha256 } = body.0;
        let mut fields = Fields::default();
        let relation = fields.text("/relation", relation);
        let own_words = fields.optional("/own_words", own_words);
        let relation = fields.with(relation)?;
        let said = Claiming { key, relation, own_words, sha256: text_sha256 };
        let made = ask.legacies.claim(&ask.who, said).await.map_err(Fault::from)?;
        Ok(Claimed::Created(Json(claim_view(made))))
    }

    /// Take one's own claim back
    #[oai(
        path = "/auth/legacy-claims/:claim_id",
        method = "delete",
        operation_id = "withdraw_legacy_claim",
        tag = "Group::Identity"
    )]
    async fn withdraw(&self, ask: Ask<Owning>, claim_id: Path<String>) -> Answer<Done> {
        let id = path_id(&claim_id.0)?;
        ask.legacies.withdraw(&ask.who, id).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }

    /// What is claimed of whom on this server
    #[oai(
        path = "/admin/legacy-claims",
        method = "get",
        operation_id = "list_all_legacy_claims",
        tag = "Group::Admin"
    )]
    async fn all(&self, ask: Ask<Administering>) -> Answer<Json<RunningList>> {
        let all = ask.legacies.all().map_err(Fault::from)?;
        Ok(Json(RunningList { items: all.into_iter().map(running_view).collect() }))
    }

    /// Stop a claim, and say why
    ///
    /// Nobody makes the wait shorter.
    #[oai(
        path = "/admin/legacy-claims/:claim_id/stop",
        method = "post",
        operation_id = "stop_legacy_claim",
        tag = "Group::Admin"
    )]
    async fn stop(
        &self,
        ask: Ask<AdministeringFresh>,
        claim_id: Path<String>,
        body: Body<StopChoice>,
    ) -> Answer<Done> {
        let id = path_id(&claim_id.0)?;
        let mut fields = Fields::default();
        let reason = fields.text("/reason", body.0.reason);
        let reason = fields.with(reason)?;
        ask.legacies.stop_as_admin(&ask.who, id, reason).await.map_err(Fault::from)?;
        Ok(Done::Done)
    }
}

fn naming(sent: ContactChoice) -> Result<Naming, Fault> {
    let mut fields = Fields::default();
    let name = fields.text("/name", sent.name);
    let note = fields.optional("/note", sent.note);
    let email = Email::new(&sent.email);
    if email.is_none() {
        fields.fault(FieldProblem::NotAnAddress, "/email", "must be an e-mail address");
    }
    let (least, most, usual) = WAIT;
    let wait_days = sent.wait_days.unwrap_or(usual);
    if !(least..=most).contains(&wait_days) {
        let detail = format!("must be {least} to {most}");
        fields.fault(FieldProblem::OutOfRange, "/wait_days", detail);
    }
    let (name, email) = fields.with(name.zip(email))?;
    Ok(Naming {
        name,
        email,
        wait_days,
        then: then(sent.then),
        conversations: sent.conversations,
        note,
        tells: sent.tell,
        new_key: sent.new_key,
    })
}
