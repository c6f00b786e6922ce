//! Our cookies: what they are called, how they are read and set.

use std::time::Duration;

use poem::http::header::{COOKIE, HeaderValue, SET_COOKIE};
use poem::{Request, Response};

use super::client::Client;

/// One of our cookies. The prefix `__Host-` makes browsers keep them to this host, over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// Opens the account.
    Session,
    /// Tells a browser that signed in before from one that did not.
    Device,
    /// Binds the question to a passkey to the browser that asked.
    Question,
    /// Binds a stay at a provider of sign-ins to the browser that left.
    Flow,
}

impl Cookie {
    /// Its names where cookies can be secure and where they cannot.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Session => ("__Host-cm_sid", "cm_sid"),
            Self::Device => ("__Host-cm_dev", "cm_dev"),
            Self::Question => ("__Host-cm_ask", "cm_ask"),
            Self::Flow => ("__Host-cm_oidc", "cm_oidc"),
        }
    }

    /// Its value in a request.
    pub fn of(self, request: &Request) -> Option<String> {
        let (secure, plain) = self.names();
        let wanted = if is_secure(request) { secure } else { plain };
        let cookies = request.headers().get_all(COOKIE).into_iter();
        cookies
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value.to_owned())
    }

    /// The header that sets it, or takes it away when there is no value.
    pub fn header(self, secure: bool, value: Option<(&str, Duration)>) -> String {
        let (secure_name, plain_name) = self.names();
        let (name, secure) = if secure { (secure_name, "; Secure") } else { (plain_name, "") };
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
pub fn is_secure(request: &Request) -> bool {
    request.data::<Client>().is_some_and(|client| {
        client.tls || client.address.is_some_and(|address| address.is_loopback())
    })
}
