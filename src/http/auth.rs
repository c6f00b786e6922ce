//! Who asks: the one extractor that turns what a request carries into a [`Principal`], and the
//! only way for a handler to get at the services.
//!
//! A handler names what it needs as the type of its first parameter: [`Ask`] with a need, or
//! [`Open`] for what anybody may call. Without one of them it has no services to do anything
//! with. A request that names its own proof (`Authorization`, `X-API-Key`) is judged by that
//! alone; its cookies are not looked at. A cookie counts for unsafe methods only when the
//! request was made by our own pages.

use std::marker::PhantomData;
use std::ops::Deref;

use poem::http::header::{AUTHORIZATION, COOKIE, HeaderValue, SET_COOKIE};
use poem::{FromRequest, Request, RequestBody, Response};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use url::Url;

use super::api::Services;
use super::client::Client;
use super::origin::{from_our_page, on_this_machine, same_origin};
use super::problem::Problem;
use crate::access::{Need, Principal, permit};
use crate::accounts::{AccountError, Email};
use crate::jobs::Once;
use crate::kernel::{Fault, Kind, SessionId, TokenHash};
use crate::sessions::{Device, SignInBy};

const SECURE_COOKIE: &str = "__Host-cm_sid";
const PLAIN_COOKIE: &str = "cm_sid";
const SECURE_DEVICE: &str = "__Host-cm_dev";
const PLAIN_DEVICE: &str = "cm_dev";
const SECURE_FLOW: &str = "__Host-cm_oidc";
const PLAIN_FLOW: &str = "cm_oidc";

/// How long a browser may be away at a provider of sign-ins.
const FLOW_LIFETIME: std::time::Duration = std::time::Duration::from_secs(10 * 60);

/// How long a browser is remembered, so that signing in on it again is nothing new.
const DEVICE_LIFETIME: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 60 * 60);

/// The services, out of a handler's reach until somebody was let in.
#[derive(Clone)]
pub struct Door(Services);

impl Door {
    /// Behind it are these.
    pub fn new(services: Services) -> Self {
        Self(services)
    }

    fn of(request: &Request) -> Result<&Services, Problem> {
        let door: Option<&Self> = request.data();
        door.map(|door| &door.0).ok_or_else(|| Fault::internal("a route without services").into())
    }
}

/// A need, as a type that a handler can name.
pub trait Needs: Send + Sync + 'static {
    /// The need.
    const NEED: Need;
    /// The proofs that can be enough, as the document names them; a scope follows a colon.
    const PROOFS: &'static [&'static str];
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident: $need:ident, $proofs:expr;)*) => {
        $(
            $(#[$doc])*
            pub struct $name;

            impl Needs for $name {
                const NEED: Need = Need::$need;
                const PROOFS: &'static [&'static str] = &$proofs;
            }
        )*
    };
}

needs! {
    /// Reads clones and what belongs to them.
    Reading: Read, ["bearer", "api_key:read", "session"];
    /// Adds, changes or deletes them.
    Writing: Write, ["bearer", "api_key:write", "session"];
    /// Talks with a clone.
    Chatting: Chat, ["bearer", "api_key:chat", "session", "share"];
    /// Reads conversations.
    ReadingChats: ReadChat, ["bearer", "api_key:read", "api_key:chat", "session", "share"];
    /// Concerns the account itself.
    Owning: Account, ["bearer", "session"];
    /// The same, shortly after the person proved who they are.
    OwningFresh: Fresh, ["bearer", "session"];
    /// Looks after the instance.
    Administering: Admin, ["bearer", "session"];
    /// Changes something in the instance, shortly after proving who one is.
    AdministeringFresh: FreshAdmin, ["bearer", "session"];
}

/// Somebody who was let in, what they asked to do, and the services to do it with.
pub struct Ask<N> {
    services: Services,
    /// Who asks.
    pub who: Principal,
    need: PhantomData<fn() -> N>,
}

impl<N> Deref for Ask<N> {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}

impl<'a, N: Needs> ApiExtractor<'a> for Ask<N> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn security_schemes() -> Vec<&'static str> {
        N::PROOFS.to_vec()
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let services = Door::of(request)?;
        let let_in = || -> Result<Principal, Fault> {
            let who = principal(services, request)?;
            permit(&who, N::NEED, services.clock.now())?;
            Ok(who)
        };
        let who = let_in().map_err(Problem::from)?;
        Ok(Self { services: services.clone(), who, need: PhantomData })
    }
}

/// What anybody may call, and the services to answer with.
pub struct Open(Services);

impl Deref for Open {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

impl<'a> FromRequest<'a> for Open {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self(Door::of(request)?.clone()))
    }
}

fn principal(services: &Services, request: &Request) -> Result<Principal, Fault> {
    let headers = request.headers();
    if headers.contains_key("x-api-key") {
        return Err(not_signed_in());
    }
    if let Some(proof) = headers.get(AUTHORIZATION) {
        let token = bearer(proof).ok_or_else(not_signed_in)?;
        return Ok(services.sessions.resolve(token, SignInBy::Tokens)?.into());
    }
    let cookie = session_cookie(request).ok_or_else(not_signed_in)?;
    let signed_in = services.sessions.resolve(&cookie, SignInBy::Cookie)?;
    if !request.method().is_safe() {
        require_same_origin(services, request)?;
    }
    Ok(signed_in.into())
}

/// Refuses an unsafe request with a cookie that was not made by our own pages.
fn require_same_origin(services: &Services, request: &Request) -> Result<(), Fault> {
    if same_origin(request, services.public_url.as_ref()) {
        return Ok(());
    }
    let detail = "This request does not come from a page of this server.";
    Err(Fault::new(Kind::Forbidden, "cross_origin", detail))
}

fn not_signed_in() -> Fault {
    AccountError::NotSignedIn.into()
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Facts about a request that handlers of sign-in and idempotency need.
pub struct Asked {
    /// How a sign-in made by this request is to be proven from then on.
    pub sign_in_by: SignInBy,
    /// The session cookie it carries, if it was made by our own pages.
    pub cookie: Option<String>,
    /// The bearer token it carries.
    pub bearer: Option<String>,
    /// The device it comes from.
    pub device: Device,
    /// The cookie that tells the device apart, as it was sent.
    device_cookie: Option<String>,
    /// Whether cookies may be marked as secure here.
    secure: bool,
    /// Its `Idempotency-Key`.
    key: Option<String>,
    route: String,
}

impl<'a> FromRequest<'a> for Asked {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let services = Door::of(request)?;
        let public_url = services.public_url.as_ref();
        let page = from_our_page(request, public_url);
        let bearer = request.headers().get(AUTHORIZATION).and_then(bearer).map(str::to_owned);
        let headers = request.headers();
        let own_proof = headers.contains_key(AUTHORIZATION) || headers.contains_key("x-api-key");
        let cookie = session_cookie(request).filter(|_| !own_proof);
        if cookie.is_some() && !request.method().is_safe() {
            require_same_origin(services, request).map_err(Problem::from)?;
        }
        let device_cookie = cookie_of(request, SECURE_DEVICE, PLAIN_DEVICE);
        Ok(Self {
            sign_in_by: if page { SignInBy::Cookie } else { SignInBy::Tokens },
            cookie: cookie.filter(|_| same_origin(request, public_url)),
            bearer,
            device: device(request, device_cookie.as_deref()),
            device_cookie,
            secure: is_secure(request),
            key: idempotency_key(request)?,
            route: format!("{} {}", request.method(), request.original_uri().path()),
        })
    }
}

fn idempotency_key(request: &Request) -> Result<Option<String>, Problem> {
    match request.headers().get("idempotency-key").map(HeaderValue::to_str) {
        None => Ok(None),
        Some(Ok(key)) if (1..=255).contains(&key.len()) => Ok(Some(key.to_owned())),
        Some(_) => {
            let detail = "must be 1 to 255 visible ASCII characters";
            Err(Fault::field("Idempotency-Key", detail).into())
        }
    }
}

impl Asked {
    /// The same from what must be a browser, though no page of ours made the request.
    #[must_use]
    pub fn of_browser(self) -> Self {
        Self { sign_in_by: SignInBy::Cookie, ..self }
    }

    /// The wish to have this request done once, if it was made.
    pub fn once(&self, who: &Principal, body: &[u8], services: &Services) -> Option<Once> {
        let key = self.key.as_deref()?;
        Some(Once::new(who.account, key, &self.route, body, &services.clock))
    }

    /// The device, if it is a browser that the account with this address signed in on before.
    ///
    /// # Errors
    /// When the store fails.
    pub fn known_device(
        &self,
        services: &Services,
        email: &Email,
    ) -> Result<Option<TokenHash>, Fault> {
        let Some(mark) = self.device.mark.filter(|_| self.device_cookie.is_some()) else {
            return Ok(None);
        };
        let Some(account) = services.accounts.by_email(email)? else {
            return Ok(None);
        };
        Ok(services.sessions.knows(account.id, &mark)?.then_some(mark))
    }

    /// The header that sets the session cookie, or takes it away when there is no value.
    pub fn set_cookie(&self, value: Option<(&str, std::time::Duration)>) -> String {
        self.cookie_header(SECURE_COOKIE, PLAIN_COOKIE, value)
    }

    /// The device, and the header that lets a browser we have not met be recognised next time.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn meet(&self) -> Result<(Device, Option<String>), Fault> {
        let mut device = self.device.clone();
        if self.sign_in_by == SignInBy::Tokens || self.device_cookie.is_some() {
            return Ok((device, None));
        }
        let token = crate::kernel::Token::fresh().map_err(Fault::internal)?;
        device.mark = Some(token.hash());
        let value = Some((token.reveal(), DEVICE_LIFETIME));
        Ok((device, Some(self.cookie_header(SECURE_DEVICE, PLAIN_DEVICE, value))))
    }

    /// The header that lets a browser be recognised when it comes back from a provider, or that
    /// forgets that it was away.
    pub fn set_flow_cookie(&self, value: Option<&str>) -> String {
        let value = value.map(|value| (value, FLOW_LIFETIME));
        self.cookie_header(SECURE_FLOW, PLAIN_FLOW, value)
    }

    fn cookie_header(
        &self,
        secure_name: &str,
        plain_name: &str,
        value: Option<(&str, std::time::Duration)>,
    ) -> String {
        let (name, secure) = if self.secure { (secure_name, "; Secure") } else { (plain_name, "") };
        let (value, lasts) = value.map_or(("", 0), |(value, lasts)| (value, lasts.as_secs()));
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={lasts}{secure}")
    }
}

/// A browser on its way to or from a provider of sign-ins. It comes from another site, so its
/// cookies prove who it is and nothing else.
pub struct Traveller {
    /// The cookie that it left with.
    pub flow: Option<String>,
    /// The sign-in that it has here.
    pub session: Option<SessionId>,
    /// The address by which it reaches this machine, if it is on it.
    pub own: Option<Url>,
}

impl<'a> FromRequest<'a> for Traveller {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let services = Door::of(request)?;
        let signed_in = session_cookie(request)
            .and_then(|cookie| services.sessions.resolve(&cookie, SignInBy::Cookie).ok());
        Ok(Self {
            flow: cookie_of(request, SECURE_FLOW, PLAIN_FLOW),
            session: signed_in.map(|signed_in| signed_in.session),
            own: on_this_machine(request),
        })
    }
}

/// Puts a `Set-Cookie` on an answer.
pub fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

/// What is known of the device. Browsers are recognised by the cookie we gave them, programs by
/// what they call themselves.
fn device(request: &Request, cookie: Option<&str>) -> Device {
    let agent = request.headers().get("user-agent").and_then(|agent| agent.to_str().ok());
    let agent = agent.unwrap_or_default();
    let mark = match cookie {
        Some(cookie) => TokenHash::of(cookie),
        None => TokenHash::of(&format!("agent {agent}")),
    };
    let address = request.data::<Client>().and_then(|client| client.address);
    Device {
        label: super::device::label(agent),
        address: address.map(|address| address.to_string()),
        mark: Some(mark),
    }
}

/// Browsers keep secure cookies over TLS and on loopback, and nowhere else.
fn is_secure(request: &Request) -> bool {
    request.data::<Client>().is_some_and(|client| {
        client.tls || client.address.is_some_and(|address| address.is_loopback())
    })
}

fn session_cookie(request: &Request) -> Option<String> {
    cookie_of(request, SECURE_COOKIE, PLAIN_COOKIE)
}

fn cookie_of(request: &Request, secure_name: &str, plain_name: &str) -> Option<String> {
    let wanted = if is_secure(request) { secure_name } else { plain_name };
    let cookies = request.headers().get_all(COOKIE).into_iter();
    cookies
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value.to_owned())
}
