//! Setting up, signing in, the account, its consents.

mod answers;
mod intake;
mod views;

use self::answers::SignedOutView;
pub(super) use self::answers::{Carrying, Cookies, SignedIn, SignedOut};
use self::intake::{
    AccountPatch, LoginRequest, NewAccountFields, RefreshRequest, RegisterRequest, SetupRequest,
    language, new_account, time_zone, with_invitation,
};
pub(super) use self::intake::{ConsentChoices, choices, newcomer};
use self::views::{AccountView, SetupView, account_view, session_view};
pub(super) use self::views::{RegistrationWord, SessionView};

use poem_openapi::OpenApi;
use poem_openapi::payload::Json;

use super::fields::Fields;
use super::{Group, Services};
use crate::accounts::{Account, AccountChange, AccountError, Email, PASSWORD_LENGTH};
use crate::factors::FactorError;
use crate::http::asked::{Asked, Traveller};
use crate::http::auth::{Ask, Needs, Open, Owning};
use crate::http::body::Body;
use crate::http::etag::{Etag, IfMatch, Tagged, tagged};
use crate::http::gate::Gate;
use crate::http::problem::{Answer, Problem};
use crate::kernel::{Fault, code_points};
use crate::sessions::{NewSession, SignInBy, SignedIn as SignedInAs};

pub struct AuthApi;

#[OpenApi]
impl AuthApi {
    /// Whether the first account must still be made
    #[oai(path = "/setup", method = "get", operation_id = "get_setup", tag = "Group::System")]
    async fn setup_needed(&self, services: Open) -> Answer<Json<SetupView>> {
        Ok(Json(SetupView {
            needed: services.accounts.setup_needed().map_err(Fault::from)?,
            registration: services.accounts.registration().into(),
            mail: services.notifications.has_mail(),
            passkeys: services.factors.settings().passkeys,
            public_url: services.links.to_front(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }))
    }

    /// Make the first account, an admin
    #[oai(path = "/setup", method = "post", operation_id = "set_up", tag = "Group::System")]
    async fn set_up(
        &self,
        services: Open,
        asked: Asked,
        gate: Gate,
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
        let pass = gate.admit()?;
        let account = services.accounts.set_up(&body.token, new).await.map_err(Fault::from)?;
        pass.refund();
        sign_in(&services, &asked, &account, SignedIn::Created).await
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
        services: Open,
        asked: Asked,
        gate: Gate,
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
        let (new, ticket) = with_invitation(&services, new, body.invite_token);
        let _pass = gate.admit()?;
        let account = services.accounts.register(new, ticket).await.map_err(Fault::from)?;
        sign_in(&services, &asked, &account, SignedIn::Created).await
    }

    /// Sign in
    #[oai(path = "/auth/login", method = "post", operation_id = "login", tag = "Group::Identity")]
    async fn login(
        &self,
        services: Open,
        asked: Asked,
        gate: Gate,
        body: Body<LoginRequest>,
    ) -> Answer<SignedIn> {
        let LoginRequest { email, password, totp } = body.0;
        let pass = gate.admit()?;
        let wrong = || Fault::from(AccountError::WrongCredentials);
        let email = Email::new(&email).ok_or_else(wrong)?;
        // A longer one cannot be right and is not worth hashing.
        if code_points(&password) > *PASSWORD_LENGTH.end() {
            return Err(wrong().into());
        }
        let device = asked.known_device(&services, &email)?;
        let code = totp.as_deref();
        let factors = &services.factors;
        match factors.by_password(&email, password.into(), code, device.as_ref()).await {
            Ok(account) => {
                pass.refund();
                sign_in(&services, &asked, &account, SignedIn::Renewed).await
            }
            Err(error) => {
                // The password was right: the try goes on.
                if matches!(error, FactorError::CodeNeeded) {
                    pass.refund();
                }
                Err(error.into())
            }
        }
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
        services: Open,
        asked: Asked,
        body: Body<Option<RefreshRequest>>,
    ) -> Answer<SignedIn> {
        if let Some(token) = body.0.and_then(|body| body.refresh_token) {
            let session = services.sessions.refresh(&token).await.map_err(Fault::from)?;
            let view = session_view(&services, session, SignInBy::Tokens)?;
            return Ok(SignedIn::Renewed(view, Cookies::default()));
        }
        let cookie = asked.cookie.as_deref().ok_or_else(not_signed_in)?;
        let session = services.sessions.extend(cookie).await.map_err(Fault::from)?;
        let cookies = Cookies::from([session_cookie(&asked, &session)]);
        Ok(SignedIn::Renewed(session_view(&services, session, SignInBy::Cookie)?, cookies))
    }

    /// Sign out
    #[oai(path = "/auth/logout", method = "post", operation_id = "logout", tag = "Group::Identity")]
    async fn logout(
        &self,
        services: Open,
        asked: Asked,
        traveller: Traveller,
        body: Body<Option<RefreshRequest>>,
    ) -> Answer<SignedOut> {
        let sent = body.0.and_then(|body| body.refresh_token);
        let token = sent.as_ref().or(asked.bearer.as_ref()).or(asked.cookie.as_ref());
        let token = token.ok_or_else(not_signed_in)?;
        let by = if asked.bearer.is_some() { SignInBy::Tokens } else { SignInBy::Cookie };
        let elsewhere = match services.sessions.resolve(token, by) {
            Ok(SignedInAs { account, session, .. }) => services
                .identities
                .opener(account, session, traveller.own.as_ref())
                .map_err(Fault::from)?,
            Err(_) => None,
        };
        services.sessions.end(token).await.map_err(Fault::from)?;
        // Nothing here waits for what is elsewhere.
        let elsewhere = match elsewhere {
            Some(opener) => opener.end_session().await,
            None => None,
        };
        let cookie = asked.set_cookie(None);
        Ok(match elsewhere {
            Some(url) => {
                SignedOut::Elsewhere(cookie, SignedOutView { end_session_url: url.into() })
            }
            None => SignedOut::Done(cookie),
        })
    }

    /// The account that is signed in
    #[oai(path = "/auth/me", method = "get", operation_id = "get_me", tag = "Group::Identity")]
    async fn me(&self, ask: Ask<Owning>) -> Answer<Tagged<Json<AccountView>>> {
        let account = ask.accounts.account(ask.who.account).map_err(Fault::from)?;
        Ok(tagged(account_view(&ask, &account)?))
    }

    /// Change the account
    #[oai(path = "/auth/me", method = "patch", operation_id = "change_me", tag = "Group::Identity")]
    async fn change_me(
        &self,
        ask: Ask<Owning>,
        known: IfMatch,
        body: Body<AccountPatch>,
    ) -> Answer<Tagged<Json<AccountView>>> {
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
        let own = ask.who.account;
        let expected = known.expected(|| {
            let account = ask.accounts.account(own).map_err(Fault::from)?;
            let etag = Etag::of_view(&account_view(&ask, &account)?);
            Ok::<_, Fault>((etag, account))
        })?;
        let changed = ask.accounts.change(own, change, expected).await;
        Ok(tagged(account_view(&ask, &changed.map_err(Fault::from)?)?))
    }
}

/// Signs an account in and answers with the sign-in, as cookies or as tokens.
pub(super) async fn sign_in(
    services: &Services,
    asked: &Asked,
    account: &Account,
    answer: fn(SessionView, Cookies) -> SignedIn,
) -> Answer<SignedIn> {
    let (device, device_cookie) = asked.meet()?;
    let session = services.sessions.start(account, asked.sign_in_by, device).await;
    let session = session.map_err(Fault::from)?;
    signed_in(services, asked, session, device_cookie, answer)
}

/// The answer to a sign-in that was made or renewed.
pub(super) fn signed_in(
    services: &Services,
    asked: &Asked,
    session: NewSession,
    device_cookie: Option<String>,
    answer: fn(SessionView, Cookies) -> SignedIn,
) -> Answer<SignedIn> {
    let (view, mut cookies) = handed_out(services, asked, session)?;
    if !cookies.is_empty() {
        cookies.extend(device_cookie);
    }
    Ok(answer(view, cookies))
}

/// The caller's own sign-in after the account's security epoch has advanced: the only one that
/// goes on, with other tokens or another cookie.
pub(super) async fn carried_over<N: Needs>(
    ask: &Ask<N>,
    asked: &Asked,
) -> Answer<(SessionView, Cookies)> {
    let session = ask.who.session().ok_or_else(Fault::not_found)?;
    let renewed = ask.sessions.carry_over(session).await.map_err(Fault::from)?;
    handed_out(ask, asked, renewed)
}

/// A sign-in as it is handed out.
fn handed_out(
    services: &Services,
    asked: &Asked,
    session: NewSession,
) -> Answer<(SessionView, Cookies)> {
    // What a token sign-in is renewed with goes to the client; a cookie renews itself.
    let by = if session.refresh.is_some() { SignInBy::Tokens } else { asked.sign_in_by };
    let mut cookies = Cookies::default();
    if by == SignInBy::Cookie {
        cookies.push(session_cookie(asked, &session));
    }
    Ok((session_view(services, session, by)?, cookies))
}

/// The header that gives a browser its sign-in. It is kept as long as that can live at all: one
/// that is not used ends earlier here, without the browser being told each time it was.
pub(super) fn session_cookie(asked: &Asked, session: &NewSession) -> String {
    asked.set_cookie(Some((session.access.reveal(), session.ends_in)))
}

fn not_signed_in() -> Problem {
    Fault::from(AccountError::NotSignedIn).into()
}
