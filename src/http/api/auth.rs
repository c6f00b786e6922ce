//! Setting up, signing in, the account, its consents.

use std::time::Duration;

use poem::Response;
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined as Patch;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;

use super::fields::Fields;
use super::{Group, Services, cursor};
use crate::accounts::{
    Account, AccountChange, Email, NewAccount, NewSession, PASSWORD_LENGTH, Registration, SignInBy,
};
use crate::consents::{Consent, Statement};
use crate::http::auth::{Asked, Caller, require_same_origin, with_cookie};
use crate::http::body::Body;
use crate::http::listing::wanted;
use crate::http::problem::{Answer, Problem};
use crate::kernel::{Fault, Secret, Text, code_points};

pub struct AuthApi;

/// Whether the server still waits for its first account.
#[derive(Object)]
struct SetupView {
    /// True until the first account exists.
    needed: bool,
    /// Who may register: `invite`, `open` or `closed`.
    registration: String,
    /// The version of the server.
    version: String,
}

/// The first account.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct SetupRequest {
    /// The token from the link that the server printed.
    token: String,
    /// The address to sign in with.
    email: String,
    /// 12 to 128 characters.
    password: String,
    /// How the person wants to be called.
    display_name: String,
    /// BCP 47 language tag.
    #[serde(default)]
    locale: Option<String>,
    /// What the person agrees to.
    #[serde(default)]
    consents: Option<ConsentChoices>,
}

/// A new account.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RegisterRequest {
    /// The address to sign in with.
    email: String,
    /// 12 to 128 characters.
    password: String,
    /// How the person wants to be called.
    display_name: String,
    /// The token of an invitation, where one is needed.
    #[serde(default)]
    invite_token: Option<String>,
    /// BCP 47 language tag.
    #[serde(default)]
    locale: Option<String>,
    /// What the person agrees to.
    #[serde(default)]
    consents: Option<ConsentChoices>,
}

/// Consents given (true) or withdrawn (false).
#[derive(Clone, Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct ConsentChoices {
    /// That this server stores and searches what one writes.
    data_processing: Option<bool>,
    /// That one's voice is recorded and imitated.
    voice_processing: Option<bool>,
    /// That one's likeness is animated.
    video_processing: Option<bool>,
    /// That memories and questions are sent to services of others.
    third_party_apis: Option<bool>,
    /// That chat archives are read in.
    whatsapp_ingestion: Option<bool>,
}

/// Address and password.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct LoginRequest {
    /// The address of the account.
    email: String,
    /// Its password.
    password: String,
    /// The code of the second factor, where one is set.
    #[serde(default)]
    totp: Option<String>,
}

/// A refresh token; browsers send their cookie instead.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RefreshRequest {
    /// The refresh token of the last answer.
    #[serde(default)]
    refresh_token: Option<String>,
}

/// A sign-in. Our own pages get a cookie instead of the tokens.
#[derive(Object)]
struct SessionView {
    /// Opens the API, as `Authorization: Bearer …`.
    access_token: Option<String>,
    /// Always `Bearer`.
    token_type: Option<String>,
    /// For how many seconds it opens.
    expires_in: u64,
    /// Renews the sign-in; good once.
    refresh_token: Option<String>,
    /// Who signed in.
    account: Option<AccountView>,
}

/// What an account said about a consent.
#[derive(Object)]
struct ConsentView {
    /// Whether it holds now.
    granted: bool,
    /// The version of the text it was said about.
    version: Option<String>,
    /// When it was said.
    changed_at: Option<String>,
}

/// What an account said about each consent.
#[derive(Object)]
struct ConsentsView {
    data_processing: ConsentView,
    voice_processing: ConsentView,
    video_processing: ConsentView,
    third_party_apis: ConsentView,
    whatsapp_ingestion: ConsentView,
}

/// One thing said about a consent.
#[derive(Object)]
struct ConsentStatement {
    /// Its name.
    consent: String,
    /// Given or withdrawn.
    granted: bool,
    /// The version of the text.
    version: String,
    /// When.
    at: String,
}

/// Everything ever said about consents, newest first.
#[derive(Object)]
struct ConsentHistory {
    items: Vec<ConsentStatement>,
    next_cursor: Option<String>,
}

/// An account, as its owner sees it.
#[derive(Object)]
struct AccountView {
    id: String,
    email: String,
    display_name: String,
    /// BCP 47 language tag.
    locale: String,
    /// IANA time zone.
    time_zone: String,
    is_admin: bool,
    plan: String,
    consents: ConsentsView,
    email_verified: bool,
    created_at: String,
    last_data_export_at: Option<String>,
}

/// What can be changed about an account.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct AccountPatch {
    /// How the person wants to be called.
    display_name: Patch<String>,
    /// BCP 47 language tag.
    locale: Patch<String>,
    /// IANA time zone.
    time_zone: Patch<String>,
}

/// A sign-in was made.
enum SignedIn {
    Created(SessionView, Option<String>),
    Renewed(SessionView, Option<String>),
}

impl poem::IntoResponse for SignedIn {
    fn into_response(self) -> Response {
        let (status, view, cookie) = match self {
            Self::Created(view, cookie) => (201, view, cookie),
            Self::Renewed(view, cookie) => (200, view, cookie),
        };
        let mut response = Json(view).into_response();
        response.set_status(poem::http::StatusCode::from_u16(status).unwrap_or_default());
        match cookie {
            Some(cookie) => with_cookie(response, &cookie),
            None => response,
        }
    }
}

/// Documents [`SignedIn`].
#[derive(ApiResponse)]
#[expect(dead_code, reason = "only its documentation is used")]
enum SignedInShape {
    /// A new account, signed in.
    #[oai(status = 201)]
    Created(Json<SessionView>),
    /// Signed in.
    #[oai(status = 200)]
    Renewed(Json<SessionView>),
}

impl ApiResponse for SignedIn {
    fn meta() -> poem_openapi::registry::MetaResponses {
        SignedInShape::meta()
    }

    fn register(registry: &mut poem_openapi::registry::Registry) {
        SignedInShape::register(registry);
    }
}

/// Done, and there is nothing to say.
enum SignedOut {
    Done(String),
}

impl poem::IntoResponse for SignedOut {
    fn into_response(self) -> Response {
        let Self::Done(cookie) = self;
        let mut response = poem::http::StatusCode::NO_CONTENT.into_response();
        response
            .headers_mut()
            .insert("clear-site-data", poem::http::HeaderValue::from_static("\"cache\""));
        with_cookie(response, &cookie)
    }
}

#[derive(ApiResponse)]
#[expect(dead_code, reason = "only its documentation is used")]
enum SignedOutShape {
    /// Signed out.
    #[oai(status = 204)]
    Done,
}

impl ApiResponse for SignedOut {
    fn meta() -> poem_openapi::registry::MetaResponses {
        SignedOutShape::meta()
    }

    fn register(_: &mut poem_openapi::registry::Registry) {}
}

#[OpenApi]
impl AuthApi {
    /// Whether the first account must still be made
    #[oai(path = "/setup", method = "get", operation_id = "get_setup", tag = "Group::System")]
    async fn setup_needed(&self, services: Data<&Services>) -> Answer<Json<SetupView>> {
        let registration = match services.accounts.registration() {
            Registration::Invite => "invite",
            Registration::Open => "open",
            Registration::Closed => "closed",
        };
        Ok(Json(SetupView {
            needed: services.accounts.setup_needed().map_err(Fault::from)?,
            registration: registration.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }))
    }

    /// Make the first account, an admin
    #[oai(path = "/setup", method = "post", operation_id = "set_up", tag = "Group::System")]
    async fn set_up(
        &self,
        services: Data<&Services>,
        asked: Asked,
        body: Body<SetupRequest>,
    ) -> Answer<SignedIn> {
        let body = body.0;
        let new = new_account(
            &services,
            NewAccountFields {
                email: body.email,
                password: body.password,
                display_name: body.display_name,
                locale: body.locale,
                consents: body.consents,
            },
        )?;
        let account = services.accounts.set_up(&body.token, new).await.map_err(Fault::from)?;
        sign_in(&services, &asked, account, SignedIn::Created).await
    }

    /// Make an account
    #[oai(
        path = "/auth/register",
        method = "post",
        operation_id = "register",
        tag = "Group::Identity"
    )]
    async fn register(
        &self,
        services: Data<&Services>,
        asked: Asked,
        body: Body<RegisterRequest>,
    ) -> Answer<SignedIn> {
        let body = body.0;
        let new = new_account(
            &services,
            NewAccountFields {
                email: body.email,
                password: body.password,
                display_name: body.display_name,
                locale: body.locale,
                consents: body.consents,
            },
        )?;
        let invite = body.invite_token.map(Secret::new);
        let account = services.accounts.register(new, invite).await.map_err(Fault::from)?;
        sign_in(&services, &asked, account, SignedIn::Created).await
    }

    /// Sign in
    #[oai(path = "/auth/login", method = "post", operation_id = "login", tag = "Group::Identity")]
    async fn login(
        &self,
        services: Data<&Services>,
        asked: Asked,
        body: Body<LoginRequest>,
    ) -> Answer<SignedIn> {
        let LoginRequest { email, password, totp: _ } = body.0;
        let wrong = || Fault::from(crate::accounts::AccountError::WrongCredentials);
        let email = Email::new(&email).ok_or_else(wrong)?;
        // A longer one cannot be right and is not worth hashing.
        if code_points(&password) > *PASSWORD_LENGTH.end() {
            return Err(wrong().into());
        }
        let account = services.accounts.verify(&email, password.into()).await;
        sign_in(&services, &asked, account.map_err(Fault::from)?, SignedIn::Renewed).await
    }

    /// Renew a sign-in
    ///
    /// Programs send their refresh token and get new tokens; a refresh token is good once. The
    /// web app sends its cookie, which then lives on.
    #[oai(
        path = "/auth/refresh",
        method = "post",
        operation_id = "refresh",
        tag = "Group::Identity"
    )]
    async fn refresh(
        &self,
        services: Data<&Services>,
        asked: Asked,
        body: Body<Option<RefreshRequest>>,
    ) -> Answer<SignedIn> {
        if let Some(token) = body.0.and_then(|body| body.refresh_token) {
            let session = services.sessions.refresh(&token).await.map_err(Fault::from)?;
            let view = session_view(&services, session, SignInBy::Tokens)?;
            return Ok(SignedIn::Renewed(view, None));
        }
        let cookie = own_cookie(&asked)?;
        let lasts = services.sessions.extend(cookie).await.map_err(Fault::from)?;
        let signed_in = services.sessions.resolve(cookie, SignInBy::Cookie).map_err(Fault::from)?;
        let account = services.accounts.account(signed_in.account).map_err(Fault::from)?;
        let view = SessionView {
            access_token: None,
            token_type: None,
            expires_in: lasts.as_secs(),
            refresh_token: None,
            account: Some(account_view(&services, &account)?),
        };
        Ok(SignedIn::Renewed(view, Some(asked.set_cookie(Some((cookie, lasts))))))
    }

    /// Sign out
    #[oai(path = "/auth/logout", method = "post", operation_id = "logout", tag = "Group::Identity")]
    async fn logout(
        &self,
        services: Data<&Services>,
        asked: Asked,
        bearer: Bearer,
        body: Body<Option<RefreshRequest>>,
    ) -> Answer<SignedOut> {
        let token = body.0.and_then(|body| body.refresh_token).or(bearer.0);
        match &token {
            Some(token) => services.sessions.end(token).await.map_err(Fault::from)?,
            None if asked.cookie.is_some() => {
                services.sessions.end(own_cookie(&asked)?).await.map_err(Fault::from)?;
            }
            None => return Err(not_signed_in()),
        }
        Ok(SignedOut::Done(asked.set_cookie(None)))
    }

    /// The account that is signed in
    #[oai(path = "/auth/me", method = "get", operation_id = "get_me", tag = "Group::Identity")]
    async fn me(&self, services: Data<&Services>, caller: Caller) -> Answer<Json<AccountView>> {
        let account = services.accounts.account(caller.0.account).map_err(Fault::from)?;
        Ok(Json(account_view(&services, &account)?))
    }

    /// Change the account
    #[oai(path = "/auth/me", method = "patch", operation_id = "change_me", tag = "Group::Identity")]
    async fn change_me(
        &self,
        services: Data<&Services>,
        caller: Caller,
        body: Body<AccountPatch>,
    ) -> Answer<Json<AccountView>> {
        let mut fields = Fields::default();
        let body = body.0;
        let change = AccountChange {
            display_name: fields.replace("/display_name", body.display_name, |fields, name| {
                fields.text("/display_name", name)
            }),
            locale: fields.replace("/locale", body.locale, language),
            time_zone: fields.replace("/time_zone", body.time_zone, time_zone),
        };
        fields.done()?;
        let changed = services.accounts.change(caller.0.account, change).await;
        Ok(Json(account_view(&services, &changed.map_err(Fault::from)?)?))
    }

    /// Everything said about consents
    #[oai(
        path = "/auth/me/consent",
        method = "get",
        operation_id = "list_consents",
        tag = "Group::Identity"
    )]
    async fn consents(
        &self,
        services: Data<&Services>,
        caller: Caller,
        limit: Query<Option<u32>>,
        #[oai(name = "cursor")] after: Query<Option<String>>,
    ) -> Answer<Json<ConsentHistory>> {
        let page = wanted(limit.0, after.0)?;
        let page = services.consents.history(caller.0.account, &page).map_err(Fault::from)?;
        let items = page.items.into_iter().map(|said| ConsentStatement {
            consent: said.consent.name().to_owned(),
            granted: said.granted,
            version: said.version,
            at: said.at.to_string(),
        });
        Ok(Json(ConsentHistory { items: items.collect(), next_cursor: cursor(page.next) }))
    }

    /// Give or withdraw consents
    #[oai(
        path = "/auth/me/consent",
        method = "patch",
        operation_id = "change_consents",
        tag = "Group::Identity"
    )]
    async fn change_consents(
        &self,
        services: Data<&Services>,
        caller: Caller,
        body: Body<ConsentChoices>,
    ) -> Answer<Json<ConsentsView>> {
        let said = choices(&body.0);
        let account = caller.0.account;
        let withdrawn = said.contains(&(Consent::DataProcessing, false));
        let current = services.consents.state(account, said).await.map_err(Fault::from)?;
        if withdrawn {
            services.conversations.stop_all_of(account);
        }
        Ok(Json(consents_view(&current)))
    }
}

/// The bearer token of a request, unchecked; signing out needs no more.
struct Bearer(Option<String>);

impl<'a> poem::FromRequest<'a> for Bearer {
    async fn from_request(
        request: &'a poem::Request,
        _: &mut poem::RequestBody,
    ) -> poem::Result<Self> {
        let services = Services::of(request)?;
        let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let token = header.and_then(|header| header.split_once(' '));
        if token.is_none() {
            // With a cookie alone, our own page must have asked.
            let cookie = request.headers().contains_key("cookie");
            if cookie {
                require_same_origin(services, request).map_err(Problem::from)?;
            }
        }
        Ok(Self(token.map(|(_, token)| token.trim().to_owned())))
    }
}

struct NewAccountFields {
    email: String,
    password: String,
    display_name: String,
    locale: Option<String>,
    consents: Option<ConsentChoices>,
}

fn new_account(services: &Services, sent: NewAccountFields) -> Answer<NewAccount> {
    let mut fields = Fields::default();
    let email = Email::new(&sent.email);
    if email.is_none() {
        fields.fault("/email", "must be an e-mail address");
    }
    if !PASSWORD_LENGTH.contains(&code_points(&sent.password)) {
        fields.fault("/password", "must have 12 to 128 characters");
    }
    let display_name: Option<Text<1, 100>> = fields.text("/display_name", sent.display_name);
    let locale = match sent.locale {
        Some(tag) => language(&mut fields, tag),
        None => Some("en".to_owned()),
    };
    let said = sent.consents.as_ref().map(choices).unwrap_or_default();
    if said.contains(&(Consent::DataProcessing, false)) {
        fields.fault("/consents/data_processing", "is needed to have an account");
    }
    let whole = email.zip(display_name).zip(locale);
    let ((email, display_name), locale) = fields.with(whole)?;
    let password = sent.password.into();
    let also = Some(services.consents.with_sign_up(said));
    Ok(NewAccount { email, password, display_name, locale, also })
}

fn choices(sent: &ConsentChoices) -> Vec<(Consent, bool)> {
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
fn language(fields: &mut Fields, tag: String) -> Option<String> {
    let mut parts = tag.split('-');
    let first = parts.next().is_some_and(|part| {
        (2..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphabetic())
    });
    let rest = parts.all(|part| {
        (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    });
    if first && rest && tag.len() <= 35 {
        return Some(tag);
    }
    fields.fault("/locale", "must be a language tag such as en or fr-CA");
    None
}

/// An IANA zone name, by its shape; the clock database of the machine is not asked.
fn time_zone(fields: &mut Fields, zone: String) -> Option<String> {
    let good = (1..=64).contains(&zone.len())
        && zone.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c));
    if good {
        return Some(zone);
    }
    fields.fault("/time_zone", "must be a time zone such as Europe/Paris");
    None
}

async fn sign_in(
    services: &Services,
    asked: &Asked,
    account: Account,
    answer: fn(SessionView, Option<String>) -> SignedIn,
) -> Answer<SignedIn> {
    let session = services.sessions.start(account, asked.sign_in_by).await.map_err(Fault::from)?;
    let cookie = (asked.sign_in_by == SignInBy::Cookie)
        .then(|| asked.set_cookie(Some((session.access.reveal(), session.expires_in))));
    Ok(answer(session_view(services, session, asked.sign_in_by)?, cookie))
}

fn session_view(services: &Services, session: NewSession, by: SignInBy) -> Answer<SessionView> {
    let tokens = by == SignInBy::Tokens;
    Ok(SessionView {
        access_token: tokens.then(|| session.access.reveal().to_owned()),
        token_type: tokens.then(|| "Bearer".to_owned()),
        expires_in: Duration::as_secs(&session.expires_in),
        refresh_token: session.refresh.map(|token| token.reveal().to_owned()),
        account: Some(account_view(services, &session.account)?),
    })
}

fn own_cookie(asked: &Asked) -> Answer<&str> {
    match &asked.cookie {
        Some(cookie) if asked.same_origin => Ok(cookie),
        _ => Err(not_signed_in()),
    }
}

fn not_signed_in() -> Problem {
    Fault::from(crate::accounts::AccountError::NotSignedIn).into()
}

fn account_view(services: &Services, account: &Account) -> Answer<AccountView> {
    let current = services.consents.current(account.id).map_err(Fault::from)?;
    Ok(AccountView {
        id: account.id.to_string(),
        email: account.email.as_str().to_owned(),
        display_name: account.display_name.to_string(),
        locale: account.locale.clone(),
        time_zone: account.time_zone.clone(),
        is_admin: account.is_admin,
        plan: "unlimited".to_owned(),
        consents: consents_view(&current),
        email_verified: account.email_verified,
        created_at: account.created_at.to_string(),
        last_data_export_at: None,
    })
}

fn consents_view(current: &[Statement]) -> ConsentsView {
    let view = |consent| {
        let said = current.iter().find(|said| said.consent == consent);
        ConsentView {
            granted: said.is_some_and(|said| said.granted),
            version: said.map(|said| said.version.clone()),
            changed_at: said.map(|said| said.at.to_string()),
        }
    };
    ConsentsView {
        data_processing: view(Consent::DataProcessing),
        voice_processing: view(Consent::VoiceProcessing),
        video_processing: view(Consent::VideoProcessing),
        third_party_apis: view(Consent::ThirdPartyApis),
        whatsapp_ingestion: view(Consent::WhatsappIngestion),
    }
}
