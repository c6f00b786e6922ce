//! What is sent to sign up and to change an account, checked.

use std::sync::Arc;

use poem_openapi::Object;
use poem_openapi::types::MaybeUndefined as Patch;
use serde::Deserialize;

use super::super::Services;
use super::super::fields::Fields;
use crate::accounts::{Accounts, Email, NewAccount, OnCreated, Ticket};
use crate::consents::{Channel, Consent};
use crate::http::problem::Answer;
use crate::identities::Newcomer;
use crate::kernel::{FieldProblem, Text, TokenHash, is_language};

/// The first account.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct SetupRequest {
    /// The token from the link that the server printed.
    pub(super) token: String,
    /// The address to sign in with.
    pub(super) email: String,
    /// 12 to 128 characters.
    pub(super) password: String,
    /// How the person wants to be called.
    pub(super) display_name: String,
    /// BCP 47 language tag.
    #[serde(default)]
    pub(super) locale: Option<String>,
    /// What the person agrees to.
    #[serde(default)]
    pub(super) consents: Option<ConsentChoices>,
}

/// A new account.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterRequest {
    /// The address to sign in with.
    pub(super) email: String,
    /// 12 to 128 characters.
    pub(super) password: String,
    /// How the person wants to be called.
    pub(super) display_name: String,
    /// The token of an invitation, where one is needed.
    #[serde(default)]
    pub(super) invite_token: Option<String>,
    /// BCP 47 language tag.
    #[serde(default)]
    pub(super) locale: Option<String>,
    /// What the person agrees to.
    #[serde(default)]
    pub(super) consents: Option<ConsentChoices>,
}

/// Consents given (true) or withdrawn (false).
#[derive(Clone, Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub(in crate::http::api) struct ConsentChoices {
    /// That this server stores and searches what one writes.
    pub(in crate::http::api) data_processing: Option<bool>,
    /// That one's voice is recorded and imitated.
    pub(in crate::http::api) voice_processing: Option<bool>,
    /// That one's likeness is animated.
    pub(in crate::http::api) video_processing: Option<bool>,
    /// That memories and questions are sent to services of others.
    pub(in crate::http::api) third_party_apis: Option<bool>,
    /// That chat archives are read in.
    pub(in crate::http::api) whatsapp_ingestion: Option<bool>,
}

/// Address and password.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginRequest {
    /// The address of the account.
    pub(super) email: String,
    /// Its password.
    pub(super) password: String,
    /// The code of the second factor, where one is set.
    #[serde(default)]
    pub(super) totp: Option<String>,
}

/// A refresh token; browsers send their cookie instead.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshRequest {
    /// The refresh token of the last answer.
    #[serde(default)]
    pub(super) refresh_token: Option<String>,
}

/// What can be changed about an account.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AccountPatch {
    /// How the person wants to be called.
    pub(super) display_name: Patch<String>,
    /// BCP 47 language tag.
    pub(super) locale: Patch<String>,
    /// IANA time zone.
    pub(super) time_zone: Patch<String>,
}

pub(super) struct NewAccountFields {
    pub(super) email: String,
    pub(super) password: String,
    pub(super) display_name: String,
    pub(super) locale: Option<String>,
    pub(super) consents: Option<ConsentChoices>,
}

pub(super) fn new_account(services: &Services, sent: NewAccountFields) -> Answer<NewAccount> {
    let mut fields = Fields::default();
    let email = Email::new(&sent.email);
    if email.is_none() {
        fields.fault(FieldProblem::NotAnAddress, "/email", "must be an e-mail address");
    }
    let known = [sent.email.as_str(), sent.display_name.as_str()];
    let password = fields.password("/password", sent.password, &known);
    let display_name: Option<Text<1, 100>> = fields.text("/display_name", sent.display_name);
    let locale = match sent.locale {
        Some(tag) => language(&mut fields, tag),
        None => Some("en".to_owned()),
    };
    let said = sent.consents.as_ref().map(choices).unwrap_or_default();
    if said.contains(&(Consent::DataProcessing, false)) {
        fields.fault(
            FieldProblem::Required,
            "/consents/data_processing",
            "is needed to have an account",
        );
    }
    let whole = email.zip(display_name).zip(locale);
    let ((email, display_name), locale) = fields.with(whole)?;
    let mut also = services.consents.with_sign_up(said, Channel::SignUp);
    if services.notifications.has_mail() {
        let prove = Accounts::prove_when_made(services.notifications.posts_verifications());
        also = both(also, prove);
    }
    let also = Some(also);
    Ok(NewAccount { email, password, email_verified: false, display_name, locale, also })
}

/// What an invitation is worth to somebody who signs up: one into a space vouches for them, and
/// they are in that space as soon as their account is there.
pub(super) fn with_invitation(
    services: &Services,
    mut new: NewAccount,
    token: Option<String>,
) -> (NewAccount, Ticket) {
    let (join, ticket) = invited(services, token.as_deref().map(TokenHash::of));
    new.also = [new.also.take(), join].into_iter().flatten().reduce(both);
    (new, ticket)
}

/// What is known of somebody who comes from a provider of sign-ins: the same is true of their
/// invitation, and with the data processing that the page told them of they agree by coming.
pub(in crate::http::api) fn newcomer(
    services: &Services,
    invite: Option<TokenHash>,
    language: Option<String>,
) -> Newcomer {
    let consents = services.consents.with_sign_up(Vec::new(), Channel::SignUp);
    let (join, ticket) = invited(services, invite);
    let also = join.map_or(Arc::clone(&consents), |join| both(consents, join));
    Newcomer { ticket, also, language }
}

fn invited(services: &Services, invite: Option<TokenHash>) -> (Option<OnCreated>, Ticket) {
    match invite {
        None => (None, Ticket::None),
        Some(token) if services.spaces.offer(&token).is_ok() => {
            (Some(services.spaces.accept_when_made(token)), Ticket::Vouched)
        }
        Some(token) => (None, Ticket::Invite(token)),
    }
}

/// One after the other.
fn both(first: OnCreated, second: OnCreated) -> OnCreated {
    Arc::new(move |tx, account| {
        first(tx, account)?;
        second(tx, account)
    })
}

pub(in crate::http::api) fn choices(sent: &ConsentChoices) -> Vec<(Consent, bool)> {
    let all = [
        (Consent::DataProcessing, sent.data_processing),
        (Consent::VoiceProcessing, sent.voice_processing),
        (Consent::VideoProcessing, sent.video_processing),
        (Consent::ThirdPartyApis, sent.third_party_apis),
        (Consent::WhatsappIngestion, sent.whatsapp_ingestion),
    ];
    all.into_iter().filter_map(|(consent, said)| said.map(|said| (consent, said))).collect()
}

/// A BCP 47 tag, by its shape.
pub(super) fn language(fields: &mut Fields, tag: String) -> Option<String> {
    if is_language(&tag) {
        return Some(tag);
    }
    fields.fault(FieldProblem::Malformed, "/locale", "must be a language tag such as en or fr-CA");
    None
}

/// An IANA zone name, by its shape; the clock database of the machine is not asked.
pub(super) fn time_zone(fields: &mut Fields, zone: String) -> Option<String> {
    let good = (1..=64).contains(&zone.len())
        && zone.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c));
    if good {
        return Some(zone);
    }
    fields.fault(FieldProblem::Unknown, "/time_zone", "must be a time zone such as Europe/Paris");
    None
}
