//! Who asks: the one extractor that turns what a request carries into a [`Principal`].
//!
//! A request that names its own proof (`Authorization`, `X-API-Key`) is judged by that alone; its
//! cookies are not looked at. A cookie counts for unsafe methods only when the request was made
//! by our own pages.

use poem::http::header::{AUTHORIZATION, COOKIE, HeaderValue, SET_COOKIE};
use poem::{Request, RequestBody, Response};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::api::Services;
use super::client::Client;
use super::origin::{from_our_page, same_origin};
use super::problem::Problem;
use crate::access::Principal;
use crate::accounts::{AccountError, SignInBy};
use crate::jobs::Once;
use crate::kernel::{Fault, Kind};

const SECURE_COOKIE: &str = "__Host-cm_sid";
const PLAIN_COOKIE: &str = "cm_sid";

/// The caller, signed in.
pub struct Caller(pub Principal);

impl<'a> ApiExtractor<'a> for Caller {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn security_schemes() -> Vec<&'static str> {
        vec!["bearer", "api_key", "session"]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let services = Services::of(request)?;
        principal(services, request).map(Self).map_err(|fault| Problem::from(fault).into())
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
pub(super) fn require_same_origin(services: &Services, request: &Request) -> Result<(), Fault> {
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
    /// The session cookie it carries.
    pub cookie: Option<String>,
    /// Whether cookies may be marked as secure here.
    secure: bool,
    /// Whether an unsafe request with a cookie may be believed.
    pub same_origin: bool,
    /// Its `Idempotency-Key`.
    key: Option<String>,
    route: String,
}

impl<'a> poem::FromRequest<'a> for Asked {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let services = Services::of(request)?;
        let page = from_our_page(request, services.public_url.as_ref());
        let key = request.headers().get("idempotency-key").map(|key| key.to_str());
        let key = match key {
            None => None,
            Some(Ok(key)) if (1..=255).contains(&key.len()) => Some(key.to_owned()),
            Some(_) => {
                let detail = "must be 1 to 255 visible ASCII characters";
                return Err(Problem::from(Fault::field("Idempotency-Key", detail)).into());
            }
        };
        Ok(Self {
            sign_in_by: if page { SignInBy::Cookie } else { SignInBy::Tokens },
            cookie: session_cookie(request),
            secure: is_secure(request),
            same_origin: same_origin(request, services.public_url.as_ref()),
            key,
            route: format!("{} {}", request.method(), request.original_uri().path()),
        })
    }
}

impl Asked {
    /// The wish to have this request done once, if it was made.
    pub fn once(&self, who: &Principal, body: &[u8], services: &Services) -> Option<Once> {
        let key = self.key.as_deref()?;
        Some(Once::new(who.account, key, &self.route, body, &services.clock))
    }

    /// The header that sets the session cookie, or takes it away when there is no value.
    pub fn set_cookie(&self, value: Option<(&str, std::time::Duration)>) -> String {
        let (name, secure) =
            if self.secure { (SECURE_COOKIE, "; Secure") } else { (PLAIN_COOKIE, "") };
        let (value, lasts) = value.map_or(("", 0), |(value, lasts)| (value, lasts.as_secs()));
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={lasts}{secure}")
    }
}

/// Puts a `Set-Cookie` on an answer.
pub fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

/// Browsers keep secure cookies over TLS and on loopback, and nowhere else.
fn is_secure(request: &Request) -> bool {
    request.data::<Client>().is_some_and(|client| {
        client.tls || client.address.is_some_and(|address| address.is_loopback())
    })
}

fn session_cookie(request: &Request) -> Option<String> {
    let wanted = if is_secure(request) { SECURE_COOKIE } else { PLAIN_COOKIE };
    let cookies = request.headers().get_all(COOKIE).into_iter();
    cookies
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value.to_owned())
}
