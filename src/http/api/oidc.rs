//! Signing in at a provider: going there and coming back, and bringing its word oneself.

mod views;

pub(super) use self::views::Way;

use self::views::{
    Away, CodeOwed, ProveRequest, ProviderList, ProviderView, TokenRequest, WayView,
};

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use url::Url;

use super::auth::{Cookies, SignedIn, newcomer, session_cookie, signed_in};
use super::{Group, Services};
use crate::accounts::Account;
use crate::factors::Recognised;
use crate::http::asked::{Asked, Traveller};
use crate::http::auth::{Ask, Open, Owning};
use crate::http::body::Body;
use crate::http::gate::Gate;
use crate::http::guard::RequestId;
use crate::http::problem::{Answer, Problem};
use crate::identities::{self, Brought, Flow, IdentityError, Intent, Presented, Wish};
use crate::kernel::{Fault, TokenHash, is_language};
use crate::sessions::NewSession;

pub struct OidcApi;

/// The page on which an invitation is accepted.
const INVITATION: &str = "/invitation";

#[OpenApi]
impl OidcApi {
    /// The providers that one can sign in with
    ///
    /// Those that only apps bring tokens of are left out.
    #[oai(
        path = "/auth/oidc",
        method = "get",
        operation_id = "list_oidc_providers",
        tag = "Group::Identity"
    )]
    async fn list(&self, services: Open) -> Answer<Json<ProviderList>> {
        let providers = services.identities.providers();
        let items = providers
            .iter()
            .filter(|provider| !provider.apps_only)
            .map(|provider| ProviderView { id: provider.id.clone(), name: provider.name.clone() });
        Ok(Json(ProviderList { items: items.collect(), next_cursor: None }))
    }

    /// Go to a provider to sign in
    ///
    /// For browsers: leads to the provider, and from there back to the web app. Problems lead to
    /// `/login?problem=…`.
    #[oai(
        path = "/auth/oidc/:provider/start",
        method = "get",
        operation_id = "start_oidc",
        tag = "Group::Identity"
    )]
    #[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
    async fn start(
        &self,
        services: Open,
        asked: Asked,
        traveller: Traveller,
        gate: Gate,
        request_id: RequestId,
        provider: Path<String>,
        redirect_to: Query<Option<String>>,
        /// The token of an invitation, to this server or into a space.
        invite: Query<Option<String>>,
        /// The language of a new account (BCP 47), unless the provider knows one that is spoken
        /// here; without it, what the browser prefers.
        locale: Query<Option<String>>,
    ) -> Answer<Away> {
        let wish = Wish {
            intent: Intent::SignIn,
            redirect_to: redirect_to.0.clone(),
            invite: invite.0.as_deref().map(TokenHash::of),
            language: locale.0.filter(|tag| is_language(tag)).or(asked.language.clone()),
            own: traveller.own,
        };
        let sent = async {
            require(&services, &provider.0)?;
            let _pass = gate.admit()?;
            services.identities.begin(&provider.0, wish).await.map_err(Fault::from)
        };
        Ok(match sent.await {
            Ok(sent) => Away {
                to: sent.url.into(),
                cookies: vec![asked.set_flow_cookie(Some(sent.cookie.reveal()))],
            },
            Err(fault) => {
                let to = failed(&services, "/login", fault, &request_id);
                Away { to, cookies: Cookies::new() }
            }
        })
    }

    /// Come back from a provider
    ///
    /// The provider sends the browser here; this leads on into the web app, with a session
    /// cookie, or to `/login?problem=…`.
    #[oai(
        path = "/auth/oidc/:provider/callback",
        method = "get",
        operation_id = "finish_oidc",
        tag = "Group::Identity"
    )]
    #[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
    async fn callback(
        &self,
        services: Open,
        asked: Asked,
        traveller: Traveller,
        gate: Gate,
        request_id: RequestId,
        provider: Path<String>,
        state: Query<Option<String>>,
        code: Query<Option<String>>,
        iss: Query<Option<String>>,
    ) -> Answer<Away> {
        // Whoever comes back here is a browser.
        let asked = asked.of_browser();
        let brought = Brought {
            state: state.0,
            code: code.0,
            issuer: iss.0,
            cookie: traveller.flow,
            session: traveller.session,
        };
        let mut page = "/login".to_owned();
        let arrived = async {
            require(&services, &provider.0)?;
            let flow = services.identities.take(&provider.0, brought).await?;
            if flow.intent() != Intent::SignIn {
                page = flow.redirect_to().unwrap_or("/account").to_owned();
            }
            arrive(&services, &asked, &flow).await
        };
        let arrived = arrived.await;
        let (to, mut cookies) = match arrived {
            Ok(Arrived::In(wanted, cookies)) => {
                gate.refund_earlier();
                (services.identities.page(wanted.as_deref().unwrap_or("/")), cookies)
            }
            Ok(Arrived::OwesCode(wanted, cookie)) => {
                gate.refund_earlier();
                let to = with_query(
                    &services,
                    "/login",
                    &[("step", Some("code")), ("next", wanted.as_deref())],
                );
                return Ok(Away { to, cookies: vec![cookie] });
            }
            Err(fault) => (failed(&services, &page, fault, &request_id), Cookies::new()),
        };
        cookies.push(asked.set_flow_cookie(None));
        Ok(Away { to, cookies })
    }

    /// Bring the code that is owed after coming back from a provider
    ///
    /// Where the account has an authenticator app, the way back from the provider leads to
    /// `/login?step=code`; this call finishes the sign-in.
    #[oai(
        path = "/auth/oidc/finish",
        method = "post",
        operation_id = "finish_oidc_with_code",
        tag = "Group::Identity"
    )]
    async fn finish(
        &self,
        services: Open,
        asked: Asked,
        traveller: Traveller,
        gate: Gate,
        body: Body<CodeOwed>,
    ) -> Answer<SignedIn> {
        let pass = gate.admit()?;
        let asked = asked.of_browser();
        let token = traveller.flow.unwrap_or_default();
        let still = |who: &Recognised| {
            services.identities.still_opens(who.account.id, who.identity, &who.through)
        };
        let who = services.factors.complete(&token, &body.0.totp, still).await?;
        pass.refund();
        let (device, device_cookie) = asked.meet()?;
        let by = asked.sign_in_by;
        let session = services.sessions.start(&who.account, by, device).await;
        let session = session.map_err(Fault::from)?;
        remember(&services, &asked, &session, who.identity).await?;
        signed_in(&services, &asked, session, device_cookie, SignedIn::Renewed)
    }

    /// Go to a provider to prove again who one is
    ///
    /// The page that asks leads the browser to the address of the answer; the provider asks the
    /// person anew. Afterwards sensitive calls are possible for five minutes.
    #[oai(
        path = "/auth/oidc/:provider/reauth",
        method = "post",
        operation_id = "start_oidc_reauth",
        tag = "Group::Identity"
    )]
    async fn reauth(
        &self,
        ask: Ask<Owning>,
        asked: Asked,
        traveller: Traveller,
        gate: Gate,
        provider: Path<String>,
        body: Body<ProveRequest>,
    ) -> Answer<Way> {
        require(&ask, &provider.0)?;
        let _pass = gate.admit()?;
        let session = traveller.session.filter(|session| ask.who.session() == Some(*session));
        let session = session.ok_or(IdentityError::BrowserNeeded).map_err(Fault::from)?;
        let intent = Intent::Prove(ask.who.account, session);
        way(
            &ask,
            &asked,
            &provider.0,
            Wish {
                intent,
                redirect_to: body.0.redirect_to,
                invite: None,
                language: None,
                own: traveller.own,
            },
        )
        .await
    }

    /// Sign in with an ID token
    ///
    /// For apps that signed a person in with the provider themselves. A token is good once.
    #[oai(
        path = "/auth/oidc/:provider/token",
        method = "post",
        operation_id = "exchange_id_token",
        tag = "Group::Identity"
    )]
    async fn token(
        &self,
        services: Open,
        asked: Asked,
        gate: Gate,
        provider: Path<String>,
        body: Body<TokenRequest>,
    ) -> Answer<SignedIn> {
        require(&services, &provider.0)?;
        let TokenRequest { id_token, nonce, invite_token, totp } = body.0;
        let pass = gate.admit()?;
        let presented = Presented {
            token: &id_token,
            nonce: nonce.as_deref(),
            newcomer: newcomer(
                &services,
                invite_token.as_deref().map(TokenHash::of),
                asked.language.clone(),
            ),
        };
        let let_in = services.identities.exchange(&provider.0, presented).await;
        let let_in = let_in.map_err(Fault::from)?;
        services.factors.demand(let_in.account.id, totp.as_deref(), None).await?;
        pass.refund();
        let answer = if let_in.is_new { SignedIn::Created } else { SignedIn::Renewed };
        let (device, device_cookie) = asked.meet()?;
        let session = services.sessions.start(&let_in.account, asked.sign_in_by, device).await;
        let session = session.map_err(Fault::from)?;
        remember(&services, &asked, &session, let_in.identity).await?;
        signed_in(&services, &asked, session, device_cookie, answer)
    }
}

/// What becomes of a browser that came back.
enum Arrived {
    /// It goes where it wanted to be, with these cookies.
    In(Option<String>, Cookies),
    /// It owes a code first, and is known by this cookie until then.
    OwesCode(Option<String>, String),
}

async fn arrive(services: &Services, asked: &Asked, flow: &Flow) -> Result<Arrived, Fault> {
    let identities = &services.identities;
    let wanted = flow.redirect_to().map(str::to_owned);
    match flow.intent() {
        Intent::SignIn => {
            let new = newcomer(services, flow.invite(), flow.language());
            let let_in = identities.sign_in(flow, new).await?;
            let wanted = match flow.invite().filter(|_| !let_in.is_new) {
                Some(invite) => led_by_invitation(services, &let_in.account, &invite, wanted)?,
                None => wanted,
            };
            let identities::SignedIn { account, identity, through, .. } = let_in;
            let who = Recognised { account, identity, through };
            if let Some(token) = services.factors.halfway(who.clone()).await? {
                let cookie = asked.set_flow_cookie(Some(token.reveal()));
                return Ok(Arrived::OwesCode(wanted, cookie));
            }
            let (device, device_cookie) = asked.meet()?;
            let by = asked.sign_in_by;
            let session = services.sessions.start(&who.account, by, device).await?;
            remember(services, asked, &session, who.identity).await?;
            let mut cookies = vec![session_cookie(asked, &session)];
            cookies.extend(device_cookie);
            Ok(Arrived::In(wanted, cookies))
        }
        Intent::Link(account, _) => {
            identities.link(flow, account).await?;
            Ok(Arrived::In(wanted, Cookies::new()))
        }
        Intent::Prove(account, session) => {
            identities.prove(flow, account).await?;
            let renewed = services.sessions.proven(session).await?;
            Ok(Arrived::In(wanted, vec![session_cookie(asked, &renewed)]))
        }
    }
}

/// Where somebody goes who has an account and came with an invitation: to its page, if it can
/// still be accepted. They have to say so there, or a link alone could show who they are to the
/// people of any space.
fn led_by_invitation(
    services: &Services,
    account: &Account,
    invite: &TokenHash,
    wanted: Option<String>,
) -> Result<Option<String>, Fault> {
    let there = wanted.as_deref().is_some_and(|page| page.starts_with(INVITATION));
    let leads = !there && services.spaces.is_open_to(account, invite)?;
    Ok(if leads { Some(INVITATION.to_owned()) } else { wanted })
}

/// Notes by which identity a sign-in was opened.
async fn remember(
    services: &Services,
    asked: &Asked,
    session: &NewSession,
    identity: crate::kernel::IdentityId,
) -> Result<(), Fault> {
    let opened = services.sessions.resolve(session.access.reveal(), asked.sign_in_by)?;
    Ok(services.identities.opened(identity, opened.account, opened.session).await?)
}

/// Tells a page of ours where the browser has to go.
pub(super) async fn way(
    services: &Services,
    asked: &Asked,
    provider: &str,
    wish: Wish,
) -> Answer<Way> {
    let sent = services.identities.begin(provider, wish).await.map_err(Fault::from)?;
    Ok(Way {
        view: WayView { url: sent.url.into() },
        cookie: asked.set_flow_cookie(Some(sent.cookie.reveal())),
    })
}

/// Fails for a provider that is not offered.
pub(super) fn require(services: &Services, provider: &str) -> Result<(), Fault> {
    let known = services.identities.providers().iter().any(|one| one.id == provider);
    if known { Ok(()) } else { Err(Fault::not_found()) }
}

/// A page of ours, with what went wrong.
fn failed(services: &Services, page: &str, fault: Fault, request_id: &RequestId) -> String {
    let code = fault.code;
    Problem::from(fault).log(request_id.as_str());
    with_query(services, page, &[("problem", Some(code))])
}

/// The address of a page of ours with a query.
fn with_query(services: &Services, page: &str, query: &[(&str, Option<&str>)]) -> String {
    let page = services.identities.page(page);
    let with = |origin: &str| {
        let mut url = Url::parse(origin).ok()?.join(&page).ok()?;
        for (name, value) in query {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        Some(url.as_str().strip_prefix(origin)?.to_owned())
    };
    with("http://ours.invalid").unwrap_or(page.clone())
}
