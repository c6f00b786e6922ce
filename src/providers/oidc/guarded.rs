//! The library's HTTP, through the guarded client: only to the issuer's origin and those that
//! its discovery document names. When whoever runs the machine named the issuer, that is their
//! word for its host; what the document names elsewhere must be public or listed.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use url::Url;

use crate::providers::{Base, Call, Outbound, OutboundError, Target};

/// Most bytes of an answer.
const MOST: u64 = 1024 * 1024;
/// Longest wait for the headers of an answer; the whole has a deadline of its own.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// The way to one provider.
pub(super) struct Guarded {
    outbound: Outbound,
    /// The host that whoever runs the machine named.
    trusted: Option<String>,
    origins: Vec<Target>,
}

impl Guarded {
    /// To the origin of the issuer, which whoever runs the machine named, or somebody else.
    pub(super) fn new(
        outbound: Outbound,
        issuer: &Url,
        by_operator: bool,
    ) -> Result<Self, OutboundError> {
        let trusted = issuer.host_str().filter(|_| by_operator).map(str::to_owned);
        let mut guarded = Self { outbound, trusted, origins: Vec::new() };
        guarded.allow(issuer, issuer)?;
        Ok(guarded)
    }

    /// To the origin of an endpoint as well; never in the clear when the issuer is not.
    pub(super) fn allow(&mut self, endpoint: &Url, issuer: &Url) -> Result<(), OutboundError> {
        if issuer.scheme() == "https" && endpoint.scheme() != "https" {
            return Err(OutboundError::NotAllowed("an endpoint without TLS"));
        }
        let base = Base::parse(&endpoint.origin().ascii_serialization())?;
        let is_theirs = self.trusted.is_some() && self.trusted.as_deref() == endpoint.host_str();
        let target = if is_theirs { Target::Operator(base) } else { Target::Named(base) };
        self.outbound.check(&target, endpoint)?;
        self.origins.push(target);
        Ok(())
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        let (mut parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string())
            .map_err(|_| OutboundError::NotAllowed("it is not a URL"))?;
        let unknown = OutboundError::NotAllowed("it is another origin");
        let mut targets = self.origins.iter();
        let target = targets.find(|target| self.outbound.check(target, &url).is_ok());
        if let Some(credentials) = parts.headers.get_mut(http::header::AUTHORIZATION) {
            credentials.set_sensitive(true);
        }
        let call = Call {
            method: parts.method,
            url,
            headers: parts.headers,
            body: body.into(),
            headers_within: HEADERS_WITHIN,
            most: MOST,
        };
        let reply = self.outbound.send(target.ok_or(unknown)?, call).await?;
        let mut response = HttpResponse::new(Vec::new());
        *response.status_mut() = reply.status();
        if let Some(kind) = reply.header(&http::header::CONTENT_TYPE)
            && let Ok(kind) = kind.parse()
        {
            response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
        }
        *response.body_mut() = reply.body().await?;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Guarded {
    type Error = OutboundError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutboundError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
