//! On whose word clones exist, who objects, what the living say, and letting clones rest.

mod views;

use self::views::{
    AnswerChoice, AskedView, DeclarationChoice, MadeLinkView, ObjectionChoice, StandingView,
    StateChoice, asked_view, life, view,
};
pub(super) use self::views::{GroundWord, StateWord, ground_word, state_word};

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};

use super::Group;
use super::clones::subject;
use super::fields::{Fields, path_id};
use super::spaces::TokenOnly;
use super::trash::Done;
use crate::clones::{Answering, CloneError, Declaring, Subject};
use crate::http::auth::{Ask, Open, Owning, Reading, Writing};
use crate::http::body::Body;
use crate::http::gate::{Gate, Pass};
use crate::http::problem::Answer;
use crate::kernel::{FieldProblem, is_language};

pub struct StandingApi;

/// Something was said of a clone.
#[derive(ApiResponse)]
enum Said {
    /// Said.
    #[oai(status = 201)]
    Created(Json<StandingView>),
}

/// A link was made.
#[derive(ApiResponse)]
enum LinkMade {
    /// Made.
    #[oai(status = 201)]
    Created(Json<MadeLinkView>),
}

#[OpenApi]
impl StandingApi {
    /// On whose word a clone exists, and whether it rests
    ///
    /// What was declared and objected is for members of its space, what the person said for
    /// those who look after it.
    #[oai(
        path = "/clones/:clone_id/standing",
        method = "get",
        operation_id = "get_standing",
        tag = "Group::Clones"
    )]
    async fn get(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
        /// The language of the texts that can be declared (BCP 47): `fr`, else English; the
        /// caller's own when not given.
        locale: Query<Option<String>>,
    ) -> Answer<Json<StandingView>> {
        let mut fields = Fields::default();
        if locale.0.as_deref().is_some_and(|tag| !is_language(tag)) {
            fields.fault(FieldProblem::Malformed, "locale", "must be a language tag such as fr");
        }
        fields.done()?;
        let stands = ask.clones.standing(&ask.who, path_id(&clone_id.0)?)?;
        Ok(Json(view(&ask, &ask.who, stands, locale.0.as_deref())))
    }

    /// Declare that a clone is of oneself, or of somebody close who has died
    ///
    /// The clone is of that subject from then on, and can be opened to others.
    #[oai(
        path = "/clones/:clone_id/declarations",
        method = "post",
        operation_id = "declare_standing",
        tag = "Group::Clones"
    )]
    async fn declare(
        &self,
        ask: Ask<Owning>,
        clone_id: Path<String>,
        body: Body<DeclarationChoice>,
    ) -> Answer<Said> {
        let id = path_id(&clone_id.0)?;
        let said = declaring(body.0)?;
        let stands = ask.clones.declare(&ask.who, id, said).await?;
        Ok(Said::Created(Json(view(&ask, &ask.who, stands, None))))
    }

    /// Object to a clone of somebody close who has died
    ///
    /// It rests until the objection is taken back. Saying it again changes the words.
    #[oai(
        path = "/clones/:clone_id/objections",
        method = "post",
        operation_id = "object_to_clone",
        tag = "Group::Clones"
    )]
    async fn object(
        &self,
        ask: Ask<Owning>,
        clone_id: Path<String>,
        body: Body<ObjectionChoice>,
    ) -> Answer<Said> {
        let id = path_id(&clone_id.0)?;
        let mut fields = Fields::default();
        let relation = fields.text("/relation", body.0.relation);
        let own_words = fields.optional("/own_words", body.0.own_words);
        let relation = fields.with(relation)?;
        let stands = ask.clones.object(&ask.who, id, relation, own_words).await?;
        Ok(Said::Created(Json(view(&ask, &ask.who, stands, None))))
    }

    /// Take one's own objection back
    #[oai(
        path = "/clones/:clone_id/objections/:objection_id",
        method = "delete",
        operation_id = "withdraw_objection",
        tag = "Group::Clones"
    )]
    async fn withdraw(
        &self,
        ask: Ask<Owning>,
        clone_id: Path<String>,
        objection_id: Path<String>,
    ) -> Answer<Done> {
        let (clone, objection) = (path_id(&clone_id.0)?, path_id(&objection_id.0)?);
        ask.clones.withdraw_objection(&ask.who, clone, objection).await?;
        Ok(Done::Done)
    }

    /// Make the link by which a living person says whether they agree to their clone
    ///
    /// The answer holds its token once. One from before that nobody answered stops working.
    #[oai(
        path = "/clones/:clone_id/subject-consent",
        method = "post",
        operation_id = "ask_subject",
        tag = "Group::Clones"
    )]
    async fn ask_subject(&self, ask: Ask<Owning>, clone_id: Path<String>) -> Answer<LinkMade> {
        let made = ask.clones.ask_subject(&ask.who, path_id(&clone_id.0)?).await?;
        let token = made.token.reveal().to_owned();
        let url = ask.links.to_subject_consent(&token);
        let expires_at = made.asked.expires_at.to_string();
        Ok(LinkMade::Created(Json(MadeLinkView { token, url, expires_at })))
    }

    /// Let a clone rest, retire it, or wake it
    ///
    /// Stewards can let it rest; its owner does the rest. A clone that was retired more than 30
    /// days ago wakes for somebody who proved a moment ago who they are.
    #[oai(
        path = "/clones/:clone_id/state",
        method = "put",
        operation_id = "set_clone_state",
        tag = "Group::Clones"
    )]
    async fn set_state(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        body: Body<StateChoice>,
    ) -> Answer<Json<StandingView>> {
        let id = path_id(&clone_id.0)?;
        let mut fields = Fields::default();
        let farewell = fields.optional("/farewell", body.0.farewell);
        fields.done()?;
        let stands = ask.clones.set_life(&ask.who, id, life(body.0.state), farewell).await?;
        Ok(Json(view(&ask, &ask.who, stands, None)))
    }

    /// What a clone is, for the living person who was asked
    ///
    /// For whoever holds the token of their link, signed in or not.
    #[oai(
        path = "/subject-consents/show",
        method = "post",
        operation_id = "show_subject_consent",
        tag = "Group::Clones"
    )]
    async fn show(
        &self,
        services: Open,
        gate: Gate,
        /// The language of the text (BCP 47): `fr`, else English.
        locale: Query<Option<String>>,
        body: Body<TokenOnly>,
    ) -> Answer<Json<AskedView>> {
        let mut fields = Fields::default();
        if locale.0.as_deref().is_some_and(|tag| !is_language(tag)) {
            fields.fault(FieldProblem::Malformed, "locale", "must be a language tag such as fr");
        }
        fields.done()?;
        let pass = gate.admit()?;
        let asked = services.clones.asked_by(&body.0.token)?;
        let by = services.clones.asked_by_whom(&body.0.token)?;
        pass.refund();
        Ok(Json(asked_view(asked, by, locale.0.as_deref().unwrap_or("en"))))
    }

    /// Say whether one agrees to one's clone
    ///
    /// It can be said again, and otherwise, by the same link at any time. A no pauses the clone
    /// at once.
    #[oai(
        path = "/subject-consents/answer",
        method = "post",
        operation_id = "answer_subject",
        tag = "Group::Clones"
    )]
    async fn answer(
        &self,
        services: Open,
        gate: Gate,
        body: Body<AnswerChoice>,
    ) -> Answer<Json<AskedView>> {
        let AnswerChoice { token, agreed, name, text_sha256 } = body.0;
        let mut fields = Fields::default();
        let name = fields.text("/name", name);
        let name = fields.with(name)?;
        let pass: Pass = gate.admit()?;
        let answering = Answering { agreed, name, sha256: text_sha256 };
        let asked = services.clones.answer_subject(&token, answering).await?;
        let by = services.clones.asked_by_whom(&token)?;
        pass.refund();
        let locale = asked.answer.as_ref().map(|answer| answer.words.locale.clone());
        Ok(Json(asked_view(asked, by, locale.as_deref().unwrap_or("en"))))
    }
}

fn declaring(sent: DeclarationChoice) -> Result<Declaring, crate::kernel::Fault> {
    let mut fields = Fields::default();
    let subject = subject(sent.subject);
    let relation = fields.optional("/relation", sent.relation);
    let own_words = fields.optional("/own_words", sent.own_words);
    // Who speaks for the dead says who they are to them.
    if subject == Subject::Deceased {
        if relation.is_none() {
            fields.fault(FieldProblem::Required, "/relation", "say what they were to you");
        }
        if own_words.as_ref().is_none_or(|words: &crate::clones::OwnWords| words.is_empty()) {
            fields.fault(FieldProblem::Required, "/own_words", "say who you are to them");
        }
    }
    if !matches!(subject, Subject::Oneself | Subject::Deceased) {
        return Err(CloneError::NotDeclarable.into());
    }
    fields.done()?;
    Ok(Declaring { subject, sha256: sent.text_sha256, relation, own_words })
}
