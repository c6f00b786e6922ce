//! Faults on the wire: RFC 9457 problems. The only file that knows which status means what.
//!
//! Whatever the framework refuses gets the same body as what we refuse, and nothing that was
//! sent is repeated.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use poem::error::{MethodNotAllowedError, NotFoundError, ReadBodyError, ResponseError};
use poem::http::StatusCode;
use poem::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use poem::{IntoResponse, Response};
use poem_openapi::error::{
    AuthorizationError, ContentTypeError, ParseMultipartError, ParseParamError, ParsePathError,
    ParseRequestPayloadError,
};
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::{ApiResponse, Object};
use serde::Serialize;

use super::intake::IntakeError;
use crate::kernel::{Fault, FieldFault, FieldProblem, Kind};

/// What a handler answers: a view, or a problem.
pub type Answer<T> = Result<T, Problem>;

/// A fault on its way out.
#[derive(Debug)]
pub struct Problem(Box<Fault>);

impl Problem {
    /// The fault that it says.
    pub fn fault(&self) -> &Fault {
        &self.0
    }

    /// The body to show, also for one item of a batch or in an event stream.
    pub fn view(&self, request_id: Option<&str>) -> ProblemView {
        let fault = &*self.0;
        let pointer = |field: &FieldFault| ProblemField {
            pointer: field.pointer.clone(),
            code: field.problem.as_str().to_owned(),
            detail: field.detail.clone(),
        };
        ProblemView {
            r#type: format!("urn:clonememoria:problem:{}", fault.code),
            title: title(fault).to_owned(),
            status: status(fault).as_u16(),
            detail: fault.detail.clone(),
            code: fault.code.to_owned(),
            request_id: request_id.map(str::to_owned),
            errors: fault.fields.iter().map(pointer).collect(),
            consent: fault.consent.map(str::to_owned),
        }
    }

    /// The answer; logs the cause, once, if somebody must look into it.
    pub fn answer(&self, request_id: Option<&str>) -> Response {
        let fault = &*self.0;
        log(fault, request_id.unwrap_or_default());
        let mut response = Response::builder()
            .status(status(fault))
            .header(CONTENT_TYPE, "application/problem+json")
            .finish();
        if fault.kind == Kind::Unauthenticated {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
        }
        if let Some(wait) = retry_after(fault) {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        let view = self.view(request_id);
        response.set_body(serde_json::to_vec(&view).unwrap_or_default());
        response
    }

    /// Logs the cause as [`Problem::answer`] does, for what is answered otherwise.
    pub fn log(&self, request_id: &str) {
        log(&self.0, request_id);
    }

    /// The answer to what a handler or the framework could not do.
    pub fn answer_to(error: poem::Error, request_id: Option<&str>) -> Response {
        if error.is_from_response() {
            return error.into_response();
        }
        let problem = match error.downcast::<Self>() {
            Ok(problem) => problem,
            Err(error) => Self::from(translate(&error)),
        };
        problem.answer(request_id)
    }

    /// A handler panicked; the panic itself was logged by the hook.
    pub fn panicked() -> Self {
        Self::from(Fault::internal("a handler panicked"))
    }
}

/// Problem details as of RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
#[oai(rename = "Problem")]
pub struct ProblemView {
    /// A stable name of the kind of problem.
    pub r#type: String,
    /// A few words for people; the same for every problem of this kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A sentence for people about this occurrence.
    pub detail: String,
    /// A stable word for programs.
    pub code: String,
    /// What to quote when asking for help.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    pub request_id: Option<String>,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[oai(skip_serializing_if_is_empty)]
    pub errors: Vec<ProblemField>,
    /// The consent that is missing, where the code is `consent_required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    pub consent: Option<String>,
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct ProblemField {
    /// RFC 6901 pointer into the body, or the name of a parameter.
    pub pointer: String,
    /// A stable word for programs: `required`, `too_long`, `too_short`, `too_many`, `too_few`,
    /// `out_of_range`, `malformed`, `not_an_address`, `not_a_url`, `not_a_network`,
    /// `private_address`, `not_a_date`, `unknown`, `taken`, `not_allowed` or
    /// `password_guessable`.
    pub code: String,
    /// What is wrong with it.
    pub detail: String,
}

impl<F: Into<Fault>> From<F> for Problem {
    fn from(fault: F) -> Self {
        Self(Box::new(fault.into()))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        status(&self.0)
    }

    fn as_response(&self) -> Response {
        self.answer(None)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.answer(None)
    }
}

/// The document's problem answers are the same for every operation; `openapi` adds them.
impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        MetaResponses { responses: Vec::new() }
    }

    fn register(_: &mut Registry) {}
}

/// The statuses and titles that the document lists for every operation.
pub(super) const SHARED: [(u16, &str); 10] = [
    (400, "The request could not be parsed."),
    (401, "Nobody is signed in, or the proof is not good any more."),
    (403, "A right or a consent is missing."),
    (404, "It does not exist, or it is not yours to see."),
    (409, "It contradicts what is there already."),
    (413, "More bytes than are allowed here."),
    (422, "Some fields are not valid."),
    (429, "Too often; try again later."),
    (503, "The server cannot do it right now."),
    (507, "The disk is nearly full; nothing can be added."),
];

fn status(fault: &Fault) -> StatusCode {
    match fault.kind {
        Kind::Malformed if fault.code == "method_not_allowed" => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Malformed if fault.code == "body_too_slow" => StatusCode::REQUEST_TIMEOUT,
        Kind::Malformed => StatusCode::BAD_REQUEST,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Stale => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Limited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Payment => StatusCode::PAYMENT_REQUIRED,
        Kind::Upstream if fault.code == "upstream_timeout" => StatusCode::GATEWAY_TIMEOUT,
        Kind::Upstream => StatusCode::BAD_GATEWAY,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Full => StatusCode::INSUFFICIENT_STORAGE,
        Kind::NotImplemented => StatusCode::NOT_IMPLEMENTED,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

const fn title(fault: &Fault) -> &'static str {
    match fault.kind {
        Kind::Malformed => "The request cannot be understood",
        Kind::Invalid => "The request is not valid",
        Kind::Unauthenticated => "Not signed in",
        Kind::Forbidden => "Not allowed",
        Kind::NotFound => "Not found",
        Kind::Conflict => "In conflict with what is there",
        Kind::Stale => "Changed in the meantime",
        Kind::TooLarge => "Too large",
        Kind::Unsupported => "Media type not accepted",
        Kind::Limited => "Too many requests",
        Kind::Payment => "Quota spent",
        Kind::Upstream => "A service we depend on failed",
        Kind::Unavailable => "Not available right now",
        Kind::Full => "Storage nearly full",
        Kind::NotImplemented => "Not set up on this server",
        Kind::Internal => "Something went wrong",
    }
}

fn retry_after(fault: &Fault) -> Option<Duration> {
    let usual = match fault.kind {
        Kind::Limited => Some(Duration::from_secs(1)),
        Kind::Unavailable => Some(Duration::from_secs(5)),
        _ => None,
    };
    fault.retry_after.or(usual)
}

fn log(fault: &Fault, request_id: &str) {
    let Some(cause) = fault.source() else { return };
    let (code, cause) = (fault.code, chain(cause));
    match fault.kind {
        Kind::Internal => tracing::error!(request_id, code, cause, "request failed"),
        Kind::Upstream | Kind::Unavailable | Kind::Full => {
            tracing::warn!(request_id, code, cause, "request failed");
        }
        _ => tracing::debug!(request_id, code, cause, "request refused"),
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

fn translate(error: &poem::Error) -> Fault {
    if let Some(fault) = intake_fault(error) {
        return fault;
    }
    if let Some(error) = error.downcast_ref::<ParseParamError>() {
        return parameter(error.name, &error.reason);
    }
    // poem-openapi numbers the parts of a path, so there is no name to give.
    if error.is::<ParsePathError>() {
        return malformed("A part of the address is not valid.");
    }
    if error.is::<NotFoundError>() {
        return Fault::not_found();
    }
    if error.is::<MethodNotAllowedError>() {
        return method_not_allowed();
    }
    if error.is::<ContentTypeError>() {
        return unsupported("This media type is not accepted here.");
    }
    if error.is::<ParseRequestPayloadError>() || error.is::<ParseMultipartError>() {
        return malformed("The body could not be parsed.");
    }
    if error.is::<AuthorizationError>() {
        return by_status(StatusCode::UNAUTHORIZED);
    }
    match error.status() {
        StatusCode::INTERNAL_SERVER_ERROR => Fault::internal(error.to_string()),
        status => by_status(status),
    }
}

/// Something that could not be parsed.
pub(super) fn malformed(detail: &str) -> Fault {
    Fault::new(Kind::Malformed, "malformed", detail)
}

/// A media type that is not accepted.
pub(super) fn unsupported(detail: &str) -> Fault {
    Fault::new(Kind::Unsupported, "unsupported_media_type", detail)
}

fn method_not_allowed() -> Fault {
    Fault::new(Kind::Malformed, "method_not_allowed", "This method is not possible here.")
}

/// The framework's parsers quote the value; its validators only name their rule.
fn parameter(name: &str, reason: &str) -> Fault {
    if let Some(rule) = reason.strip_prefix("verification failed. ") {
        return Fault::field(FieldProblem::OutOfRange, name, format!("must satisfy {rule}"));
    }
    let mut fault = malformed("A parameter could not be parsed.");
    fault.fields = vec![FieldFault::new(FieldProblem::Malformed, name, "is not valid")];
    fault
}

fn by_status(status: StatusCode) -> Fault {
    match status {
        StatusCode::NOT_FOUND => Fault::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => method_not_allowed(),
        StatusCode::UNAUTHORIZED => {
            Fault::new(Kind::Unauthenticated, "unauthenticated", "Sign in first.")
        }
        StatusCode::FORBIDDEN => Fault::new(Kind::Forbidden, "forbidden", "This is not allowed."),
        StatusCode::PAYLOAD_TOO_LARGE => too_large("The body is larger than is allowed here."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => unsupported("This media type is not accepted here."),
        status if status.is_client_error() => malformed("The request could not be understood."),
        _ => Fault::internal("the framework failed"),
    }
}

fn too_large(detail: impl Into<String>) -> Fault {
    Fault::new(Kind::TooLarge, "too_large", detail)
}

/// Finds the reason why a body could not be read, however deeply it was wrapped.
pub(super) fn intake_fault(error: &(dyn Error + 'static)) -> Option<Fault> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(intake) = error.downcast_ref::<IntakeError>() {
            return Some(match intake {
                IntakeError::TooLarge { limit } => {
                    too_large(format!("At most {limit} bytes are accepted here."))
                }
                IntakeError::TooSlow => {
                    let detail = "The body did not arrive in time.";
                    Fault::new(Kind::Malformed, "body_too_slow", detail)
                }
            });
        }
        // An io::Error skips the error it wraps when it is asked for its source.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => match error.downcast_ref::<ReadBodyError>() {
                Some(ReadBodyError::Io(inner)) => Some(inner),
                _ => error.source(),
            },
        };
    }
    None
}
