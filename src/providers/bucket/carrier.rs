//! Carries the requests of the library for S3 over the guarded way out.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt as _;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use url::Url;

use super::super::{Base, Call, Outbound, OutboundError, Target};

/// How long one request may take, with a piece of a file on a slow line.
const WITHIN: Duration = Duration::from_secs(300);
/// More than any piece that is asked for.
const MOST: u64 = 64 << 20;

/// The storage refused the key, or what it may do.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("refused")]
pub(super) struct Denied;

#[derive(Clone)]
pub(super) struct Carrier {
    outbound: Outbound,
    target: Target,
}

impl Carrier {
    pub(super) fn new(outbound: Outbound, base: Base) -> Self {
        Self { outbound, target: Target::Operator(base) }
    }

    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string());
        let url = url.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        let body: Bytes = body.collect().await?.to_bytes();
        let call = Call {
            method: parts.method,
            url,
            headers: parts.headers,
            body,
            headers_within: WITHIN,
            most: MOST,
        };
        let reply = self.outbound.send(&self.target, call).await.map_err(lost)?;
        if matches!(reply.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            // The library says so of some requests only, and repeats what the storage says.
            return Err(HttpError::new(HttpErrorKind::Unknown, Denied));
        }
        let mut response = http::Response::builder().status(reply.status());
        if let Some(headers) = response.headers_mut() {
            *headers = reply.headers().clone();
        }
        let body = tokio::time::timeout(WITHIN, reply.body());
        let body = body.await.map_err(|_| lost(OutboundError::Timeout))?.map_err(lost)?;
        response
            .body(HttpResponseBody::from(body))
            .map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))
    }
}

/// What may be tried again is said so; what it was stays inside.
fn lost(error: OutboundError) -> HttpError {
    let kind = match &error {
        OutboundError::Unreachable(_) => HttpErrorKind::Connect,
        OutboundError::Timeout => HttpErrorKind::Timeout,
        OutboundError::Broken(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Carrier").finish_non_exhaustive()
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>;

impl HttpService for Carrier {
    fn call<'a, 'b>(&'a self, request: HttpRequest) -> Answer<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(self.carry(request))
    }
}

impl HttpConnector for Carrier {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}
