//! What is done with people's data here: the notice for everybody, the register for admins.

use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use super::Group;
use super::fields::Fields;
use crate::http::auth::{Administering, Ask, Open};
use crate::http::problem::Answer;
use crate::kernel::{FieldProblem, is_language};
use crate::privacy::{Activity, Notice, Recipient};

pub struct RegisterApi;

/// Somebody else who gets something.
#[derive(Object)]
struct PrivacyRecipient {
    /// As what: `language_model`, `mail`, `sign_in` or `backup`.
    kind: String,
    /// What it is called here.
    name: String,
    /// The host that it is reached at.
    host: String,
    /// Whether others run it; null where that is not known.
    outside: Option<bool>,
}

/// One thing that is done with people's data.
#[derive(Object)]
struct PrivacyActivity {
    /// A stable word for it.
    id: String,
    /// What is done, and why.
    purpose: String,
    /// What makes it lawful.
    legal_basis: String,
    /// Whose data.
    people: String,
    /// Which data.
    data: String,
    /// Who else gets it.
    recipients: Vec<PrivacyRecipient>,
    /// For how long it is kept.
    retention: String,
}

/// What is done with people's data on this server.
#[derive(Object)]
struct PrivacyNotice {
    /// The language: `en` or `fr`.
    locale: String,
    /// Another one whenever anything in it is another.
    version: String,
    activities: Vec<PrivacyActivity>,
    /// What one can do about it.
    rights: Vec<String>,
    /// How it is protected.
    protection: Vec<String>,
}

/// What is done with people's data on this server, for who is answerable for it.
#[derive(Object)]
struct ProcessingRegister {
    /// The notice that everybody is shown.
    notice: PrivacyNotice,
    /// How many accounts there are.
    accounts: u64,
    /// The address at which people reach the server, if one is configured.
    public_url: Option<String>,
    /// The version of the program.
    program: String,
}

#[OpenApi]
impl RegisterApi {
    /// What is done with people's data here
    #[oai(
        path = "/privacy/notice",
        method = "get",
        operation_id = "get_privacy_notice",
        tag = "Group::System"
    )]
    async fn notice(
        &self,
        services: Open,
        /// The language that is wanted (BCP 47): `fr`, else English.
        locale: Query<Option<String>>,
    ) -> Answer<Json<PrivacyNotice>> {
        let locale = wanted(locale.0)?;
        Ok(Json(notice_view(services.register.notice(&locale))))
    }

    /// The register of processing
    #[oai(
        path = "/admin/processing-register",
        method = "get",
        operation_id = "get_processing_register",
        tag = "Group::Admin"
    )]
    async fn register(
        &self,
        ask: Ask<Administering>,
        /// The language that is wanted (BCP 47): `fr`, else English; the account's if not given.
        locale: Query<Option<String>>,
    ) -> Answer<Json<ProcessingRegister>> {
        let locale = wanted(locale.0.or_else(|| Some(ask.who.locale.clone())))?;
        Ok(Json(ProcessingRegister {
            notice: notice_view(ask.register.notice(&locale)),
            accounts: ask.admin.figures().await?.accounts,
            public_url: ask.links.to_front(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
        }))
    }
}

fn wanted(locale: Option<String>) -> Answer<String> {
    let mut fields = Fields::default();
    if locale.as_deref().is_some_and(|tag| !is_language(tag)) {
        fields.fault(FieldProblem::Malformed, "locale", "must be a language tag such as fr");
    }
    fields.done()?;
    Ok(locale.unwrap_or_else(|| "en".to_owned()))
}

fn notice_view(notice: Notice) -> PrivacyNotice {
    PrivacyNotice {
        locale: notice.locale.to_owned(),
        version: notice.version,
        activities: notice.activities.into_iter().map(activity_view).collect(),
        rights: notice.rights,
        protection: notice.protection,
    }
}

fn activity_view(activity: Activity) -> PrivacyActivity {
    let recipient = |recipient: Recipient| PrivacyRecipient {
        kind: recipient.kind.to_owned(),
        name: recipient.name,
        host: recipient.host,
        outside: recipient.outside,
    };
    PrivacyActivity {
        id: activity.id.to_owned(),
        purpose: activity.purpose,
        legal_basis: activity.basis,
        people: activity.people,
        data: activity.data,
        recipients: activity.recipients.into_iter().map(recipient).collect(),
        retention: activity.kept,
    }
}
