//! Setting up, signing in, the account, its consents.

mod answers;
mod intake;
mod views;

use self::answers::{SignedIn, SignedOut};
use self::intake::{
    AccountPatch, ConsentChoices, LoginRequest, NewAccountFields, RefreshRequest, RegisterRequest,
    SetupRequest, choices, language, new_account, time_zone,
};
use self::views::{
    AccountView, ConsentHistory, ConsentStatement, ConsentsView, SessionView, SetupView,
    account_view, consents_view, session_view,
};

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;

use super::fields::Fields;
use super::{Group, Services, cursor};
use crate::accounts::{Account, AccountChange, Email, PASSWORD_LENGTH, SignInBy};
use crate::consents::Consent;
use crate::http::auth::{Asked, Caller, require_same_origin};
use crate::http::body::Body;
use crate::http::listing::wanted;
use crate::http::problem::{Answer, Problem};
use crate::kernel::{Fault, Secret, code_points};

pub struct AuthApi;

#[OpenApi]
impl AuthApi {
    /// Whether the first account must still be made
    #[oai(path = "/setup", method = "get", operation_id = "get_setup", tag = "Group::System")]
    async fn setup_needed(&self, services: Data<&Services>) -> Answer<Json<SetupView>> {
        Ok(Json(SetupView {
            needed: services.accounts.setup_needed().map_err(Fault::from)?,
            registration: services.accounts.registration().into(),
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
            consent: said.consent.into(),
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

fn own_cookie(asked: &Asked) -> Answer<&str> {
    match &asked.cookie {
        Some(cookie) if asked.same_origin => Ok(cookie),
        _ => Err(not_signed_in()),
    }
}

fn not_signed_in() -> Problem {
    Fault::from(crate::accounts::AccountError::NotSignedIn).into()
}
