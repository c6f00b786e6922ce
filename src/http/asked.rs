//! Facts about a request, besides who makes it: its device, its cookies, its idempotency key.

use std::time::Duration;

use poem::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, HeaderMap, HeaderValue, ORIGIN};
use poem::{FromRequest, Request, RequestBody};
use url::Url;

use super::api::Services;
use super::auth::{Door, bearer, require_same_origin};
use super::client::{Client, group};
use super::cookies::{Cookie, is_secure};
use super::origin::{addressed_to, on_this_machine, opened_here, same_origin};
use super::problem::Problem;
use crate::access::Principal;
use crate::accounts::Email;
use crate::factors::{Asker, FactorError, NoPasskeys, Site};
use crate::jobs::Once;
use crate::kernel::{Fault, FieldProblem, Kind, SessionId, Token, TokenHash, preferred};
use crate::sessions::{Device, SignInBy};

/// How long a browser is remembered, so that signing in on it again is nothing new.
const DEVICE_LIFETIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long a browser may take to ask a passkey.
const QUESTION_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// How long a browser may be away at a provider of sign-ins.
const FLOW_LIFETIME: Duration = Duration::from_secs(10 * 60);

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
    /// The name of this server that passkeys are bound to, or why there are none.
    site: Result<Site, NoPasskeys>,
    /// The cookie that binds a passkey's question to the browser that asked.
    question_cookie: Option<String>,
    /// Whether cookies may be marked as secure here.
    secure: bool,
    /// The language that its maker likes best of those that are spoken here.
    pub language: Option<String>,
    /// Its `Idempotency-Key`.
    key: Option<String>,
    route: String,
}

impl<'a> FromRequest<'a> for Asked {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let services = Door::of(request)?;
        let public_url = services.public_url.as_ref();
        let ours = same_origin(request, public_url);
        let bearer = request.headers().get(AUTHORIZATION).and_then(bearer).map(str::to_owned);
        let headers = request.headers();
        let own_proof = headers.contains_key(AUTHORIZATION) || headers.contains_key("x-api-key");
        let cookie = Cookie::Session.of(request).filter(|_| !own_proof);
        if cookie.is_some() && !request.method().is_safe() {
            require_same_origin(services, request).map_err(Problem::from)?;
        }
        // A page at another address than the configured one would get no cookie.
        if !ours && !own_proof && opened_here(request) {
            return Err(other_address(services).into());
        }
        // A browser's page of ours names an origin; it gets a cookie where others get tokens.
        let page = ours && headers.contains_key(ORIGIN);
        let device_cookie = Cookie::Device.of(request);
        Ok(Self {
            sign_in_by: if page { SignInBy::Cookie } else { SignInBy::Tokens },
            cookie: cookie.filter(|_| ours),
            bearer,
            device: device(request, device_cookie.as_deref()),
            device_cookie,
            site: Site::of(public_url, addressed_to(request).as_ref()),
            question_cookie: Cookie::Question.of(request),
            secure: is_secure(request),
            language: language(headers),
            key: idempotency_key(request)?,
            route: format!("{} {}", request.method(), request.original_uri().path()),
        })
    }
}

fn other_address(services: &Services) -> Problem {
    let known = services.links.to_front().unwrap_or_default();
    let detail = format!("This server is used at {known}: open it there to sign in.");
    Fault::new(Kind::Forbidden, "other_address", detail).into()
}

fn language(headers: &HeaderMap) -> Option<String> {
    let accepted = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    preferred(accepted).map(str::to_owned)
}

fn idempotency_key(request: &Request) -> Result<Option<String>, Problem> {
    match request.headers().get("idempotency-key").map(HeaderValue::to_str) {
        None => Ok(None),
        Some(Ok(key)) if (1..=255).contains(&key.len()) => Ok(Some(key.to_owned())),
        Some(_) => {
            let detail = "must be 1 to 255 visible ASCII characters";
            Err(Fault::field(FieldProblem::Malformed, "Idempotency-Key", detail).into())
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
    pub fn set_cookie(&self, value: Option<(&str, Duration)>) -> String {
        Cookie::Session.header(self.secure, value)
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
        let token = Token::fresh().map_err(Fault::internal)?;
        device.mark = Some(token.hash());
        let value = Some((token.reveal(), DEVICE_LIFETIME));
        Ok((device, Some(Cookie::Device.header(self.secure, value))))
    }

    /// The name that passkeys are bound to.
    ///
    /// # Errors
    /// Why browsers have no passkeys at this address.
    pub fn site(&self) -> Result<Site, FactorError> {
        self.site.clone().map_err(FactorError::NoPasskeysHere)
    }

    /// Whom a passkey's answer comes from.
    pub fn answerer(&self) -> Asker {
        let browser = self.question_cookie.as_deref().map(TokenHash::of);
        Asker { address: self.device.address.clone(), browser }
    }

    /// Who asks for a passkey, and for a browser the header that makes sure that it answers
    /// itself.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn asker(&self) -> Result<(Asker, Option<String>), Fault> {
        let address = self.device.address.clone();
        if self.sign_in_by == SignInBy::Tokens {
            return Ok((Asker { address, browser: None }, None));
        }
        let token = Token::fresh().map_err(Fault::internal)?;
        let value = Some((token.reveal(), QUESTION_LIFETIME));
        let cookie = Cookie::Question.header(self.secure, value);
        Ok((Asker { address, browser: Some(token.hash()) }, Some(cookie)))
    }

    /// The header that lets a browser be recognised when it comes back from a provider, or that
    /// forgets that it was away.
    pub fn set_flow_cookie(&self, value: Option<&str>) -> String {
        let value = value.map(|value| (value, FLOW_LIFETIME));
        Cookie::Flow.header(self.secure, value)
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
        let signed_in = Cookie::Session
            .of(request)
            .and_then(|cookie| services.sessions.resolve(&cookie, SignInBy::Cookie).ok());
        Ok(Self {
            flow: Cookie::Flow.of(request),
            session: signed_in.map(|signed_in| signed_in.session),
            own: on_this_machine(request),
        })
    }
}

/// What is known of the device. Browsers are recognised by the cookie we gave them, programs by
/// what they call themselves and the network they come from.
fn device(request: &Request, cookie: Option<&str>) -> Device {
    let agent = request.headers().get("user-agent").and_then(|agent| agent.to_str().ok());
    let agent = agent.unwrap_or_default();
    let address = request.data::<Client>().and_then(|client| client.address);
    let mark = match (cookie, address.map(group)) {
        (Some(cookie), _) => TokenHash::of(cookie),
        (None, Some(network)) => TokenHash::of(&format!("agent {agent} at {network}")),
        (None, None) => TokenHash::of(&format!("agent {agent}")),
    };
    Device {
        label: super::device::label(agent),
        address: address.map(|address| address.to_string()),
        mark: Some(mark),
        holds: Cookie::Session.of(request).map(|cookie| TokenHash::of(&cookie)),
    }
}
