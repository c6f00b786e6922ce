//! The one way out of this machine.
//!
//! Everything that speaks HTTP to somebody else goes through [`Outbound::send`], which knows three
//! kinds of target. What whoever runs the machine set may be anywhere, but only at that exact
//! origin. What an admin named in the app, or the document of a provider, must be public or listed
//! by whoever runs the machine, at that exact origin too. What anybody else supplied must be a
//! public host on a web port. But for the first, the address that was checked is the one dialled,
//! and one that is refused is not dialled. Redirects, proxies from the environment, cookies and
//! decompression are off, and bodies are capped. URLs and bodies never reach a log or an error.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use reqwest::dns::Resolve;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use url::{Host, Url};

use super::address::is_global_unicast;
use super::allowed::Allowed;
use super::names::{AnyAddress, ListedAddress, NameError, Names, PublicAddress};

/// Longest wait for TCP and TLS together.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long an idle connection is kept for the next call.
pub const IDLE_FOR: Duration = Duration::from_secs(60);
const IDLE_CONNECTIONS_A_HOST: usize = 16;

/// What to do about an address that is not public.
pub const NOT_LISTED: &str = "This address is in a private network, or at a port other than 80 \
    and 443. Name it in `outbound.allow_private` of the configuration.";

/// The guarded client; cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    operator: reqwest::Client,
    user: reqwest::Client,
    tls: rustls::ClientConfig,
    names: Arc<Names>,
    allowed: Allowed,
}

/// On whose word a URL is called.
#[derive(Clone, Debug)]
pub enum Target {
    /// Below an address in the file or the environment of whoever runs the machine: private
    /// networks are fine, other origins not.
    Operator(Base),
    /// Below an address that an admin named in the app, or a document of somebody else: public
    /// hosts on ports 80 and 443, and what is [`Allowed`]; other origins not.
    Named(Base),
    /// A URL supplied by somebody else: public hosts on ports 80 and 443 only.
    User,
}

/// One request.
#[derive(Clone)]
pub struct Call {
    /// The verb.
    pub method: Method,
    /// Where to; must satisfy the target.
    pub url: Url,
    /// Headers; mark credentials with `HeaderValue::set_sensitive`.
    pub headers: HeaderMap,
    /// The whole body, empty for none.
    pub body: Bytes,
    /// Longest wait for the response's headers, connecting included.
    pub headers_within: Duration,
    /// Most bytes of the response's body that are read.
    pub most: u64,
}

/// A response whose body is still to be read. Dropping it before its end closes the connection.
pub struct Reply {
    response: reqwest::Response,
    left: u64,
}

/// Why a call failed. None of the texts contains a URL, a header or a body.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The client could not be built from its certificates.
    #[error("could not read the trusted certificates")]
    Roots(#[source] Box<dyn Error + Send + Sync>),
    /// The target's policy forbids the URL or the address behind it.
    #[error("calling this address is not allowed: {0}")]
    NotAllowed(&'static str),
    /// The address is not public, and nobody who may has listed it.
    #[error("{}", NOT_LISTED)]
    NotListed,
    /// No connection: the name, the network, the port or TLS.
    #[error("could not connect")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// Connected, but the headers did not come in time.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke or stopped speaking HTTP.
    #[error("the connection broke")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
    /// The body is longer than the caller wants to read.
    #[error("the answer is too large")]
    TooLarge,
}

impl Outbound {
    /// Builds the client. Trusts Mozilla's roots and those in the PEM file `extra_roots`, if
    /// given (by convention the path in `SSL_CERT_FILE`).
    ///
    /// # Errors
    /// [`OutboundError::Roots`] when that file cannot be read or has no certificate.
    pub fn new(extra_roots: Option<&Path>) -> Result<Self, OutboundError> {
        let tls = trust(extra_roots)?;
        let names = Arc::new(Names::default());
        let any = AnyAddress(Arc::clone(&names));
        let operator = client(tls.clone(), any, IDLE_CONNECTIONS_A_HOST)?;
        // No idle connections: each call resolves and is checked anew.
        let user = client(tls.clone(), PublicAddress::new(Arc::clone(&names)), 0)?;
        Ok(Self { operator, user, tls, names, allowed: Allowed::default() })
    }

    /// The same, with what may be reached although it is not public.
    #[must_use]
    pub fn allowing(self, allowed: Allowed) -> Self {
        Self { allowed, ..self }
    }

    /// Sends a call and waits for the headers of the response, whatever its status.
    ///
    /// # Errors
    /// Any variant but [`OutboundError::Roots`] and [`OutboundError::TooLarge`].
    pub async fn send(&self, target: &Target, call: Call) -> Result<Reply, OutboundError> {
        self.check(target, &call.url)?;
        let port = call.url.port_or_known_default().unwrap_or_default();
        let host = call.url.host_str().unwrap_or_default().to_owned();
        let client = match target {
            Target::Operator(_) => &self.operator,
            Target::Named(_) => &self.listed(port)?,
            Target::User => &self.user,
        };
        let sent = client.request(call.method, call.url).headers(call.headers).body(call.body);
        let response = tokio::time::timeout(call.headers_within, sent.send())
            .await
            .map_err(|_| OutboundError::Timeout)?
            .map_err(classify)?;
        if let Some(peer) = response.remote_addr() {
            let peer = peer.ip();
            match target {
                Target::User if !is_global_unicast(peer) => {
                    return Err(OutboundError::NotAllowed("its peer is not public"));
                }
                Target::Named(_) if !self.allowed.opens_under(&host, peer, port) => {
                    return Err(OutboundError::NotListed);
                }
                _ => {}
            }
        }
        Ok(Reply { response, left: call.most })
    }

    /// Checks a URL against the policy without resolving its name.
    ///
    /// # Errors
    /// [`OutboundError::NotAllowed`] with the rule that it breaks, [`OutboundError::NotListed`].
    pub fn check(&self, target: &Target, url: &Url) -> Result<(), OutboundError> {
        let base = match target {
            Target::Operator(base) | Target::Named(base) => base,
            Target::User => return broken_rule(url).map_or(Ok(()), |rule| Err(not_allowed(rule))),
        };
        if base.0.origin() != url.origin() {
            return Err(not_allowed("it is another origin"));
        }
        let port = url.port_or_known_default().unwrap_or_default();
        match (target, literal(url)) {
            (Target::Named(_), Some(address)) if !self.allowed.opens(address, port) => {
                Err(OutboundError::NotListed)
            }
            _ => Ok(()),
        }
    }

    /// A client for one call at a port: what may be dialled depends on it, and resolvers are not
    /// told.
    fn listed(&self, port: u16) -> Result<reqwest::Client, OutboundError> {
        let (names, allowed) = (Arc::clone(&self.names), self.allowed.clone());
        client(self.tls.clone(), ListedAddress { names, allowed, port }, 0)
    }
}

fn not_allowed(rule: &'static str) -> OutboundError {
    OutboundError::NotAllowed(rule)
}

fn broken_rule(url: &Url) -> Option<&'static str> {
    if !matches!(url.scheme(), "http" | "https") {
        return Some("only http and https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("no credentials in a URL");
    }
    if !matches!(url.port_or_known_default(), Some(80 | 443)) {
        return Some("only ports 80 and 443");
    }
    if !url.has_host() {
        return Some("no host");
    }
    // The resolver checks what a name leads to.
    let inner = literal(url).is_some_and(|address| !is_global_unicast(address));
    inner.then_some("not a public address")
}

/// The address in a URL that has no name.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
        Host::Ipv6(v6) => Some(IpAddr::V6(v6)),
    }
}

/// A base address, checked once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base(Url);

impl Base {
    /// Reads a base address such as `http://ollama:11434` or `https://host/path/v1/`.
    ///
    /// # Errors
    /// [`OutboundError::NotAllowed`] when it is not an http(s) URL with a host, or carries
    /// credentials, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, OutboundError> {
        let url = Url::parse(text).map_err(|_| OutboundError::NotAllowed("it is not a URL"))?;
        let rule = if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            "only http and https"
        } else if !url.username().is_empty() || url.password().is_some() {
            "credentials belong in the key, not in the URL"
        } else if url.query().is_some() || url.fragment().is_some() {
            "no query or fragment"
        } else {
            return Ok(Self(url));
        };
        Err(OutboundError::NotAllowed(rule))
    }

    /// The path without a slash at its end; empty for a bare origin.
    pub fn path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }

    /// The same origin with another absolute path.
    #[must_use]
    pub fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }
}

impl Reply {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// A header, if it is there and plain text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next piece of the body; nothing at its end.
    ///
    /// # Errors
    /// [`OutboundError::Broken`] when the connection ends too early, [`OutboundError::TooLarge`]
    /// beyond the call's cap.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, OutboundError> {
        let Some(chunk) = self.response.chunk().await.map_err(classify)? else {
            return Ok(None);
        };
        let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(length).ok_or(OutboundError::TooLarge)?;
        Ok(Some(chunk))
    }

    /// The whole rest of the body. The caller bounds the time.
    ///
    /// # Errors
    /// Those of [`Reply::chunk`].
    pub async fn body(mut self) -> Result<Vec<u8>, OutboundError> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }
}

impl fmt::Debug for Reply {
    /// Without the URL.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Reply").field("status", &self.status()).finish_non_exhaustive()
    }
}

fn client(
    tls: rustls::ClientConfig,
    names: impl Resolve + 'static,
    idle: usize,
) -> Result<reqwest::Client, OutboundError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(names)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_WITHIN)
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE_FOR)
        .pool_max_idle_per_host(idle)
        .http2_max_header_list_size(32 * 1024)
        .user_agent(concat!("clonememoria/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| OutboundError::Roots(error.without_url().into()))
}

fn trust(extra_roots: Option<&Path>) -> Result<rustls::ClientConfig, OutboundError> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    if let Some(path) = extra_roots {
        let pem = std::fs::read(path).map_err(|error| OutboundError::Roots(error.into()))?;
        let found: Vec<_> = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect();
        let (added, _) = roots.add_parsable_certificates(found);
        if added == 0 {
            let empty = io::Error::new(io::ErrorKind::InvalidData, "no certificate in the file");
            return Err(OutboundError::Roots(empty.into()));
        }
    }
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .map_err(|error| OutboundError::Roots(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A configuration that reqwest did not make itself is used as it is, so it must offer h2.
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

fn classify(error: reqwest::Error) -> OutboundError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(link) = cause {
        match link.downcast_ref() {
            Some(NameError::NotPublic) => {
                return OutboundError::NotAllowed("its name does not lead to a public address");
            }
            Some(NameError::NotListed) => return OutboundError::NotListed,
            Some(NameError::Unresolved) | None => {}
        }
        cause = link.source();
    }
    let connecting = error.is_connect() || error.is_builder();
    let cause = error.without_url().into();
    if connecting { OutboundError::Unreachable(cause) } else { OutboundError::Broken(cause) }
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod listed_tests;
#[cfg(test)]
mod tests;
