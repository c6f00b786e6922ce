//! Versions of what is served: `ETag`, `If-Match`, `If-None-Match`.
//!
//! A handler answers [`Tagged`]; the guard turns a `GET` whose tag the caller has already into
//! a 304, for views and static files alike.

use std::fmt;

use poem::http::header::{ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use poem::http::{Method, StatusCode};
use poem::{FromRequest, IntoResponse, Request, RequestBody, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaHeader, MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};

use crate::kernel::Fault;

/// A strong entity tag, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etag(String);

impl Etag {
    /// The tag of the n-th version of something; `salt` tells things apart whose versions are
    /// the same number, for instance the kind of view.
    pub fn of_version(salt: &str, version: u64) -> Self {
        Self::of_bytes(format!("{salt}\0{version}").as_bytes())
    }

    /// The tag of an answer, by all that it shows.
    pub fn of_view(view: &impl ToJSON) -> Self {
        Self::of_bytes(view.to_json_string().as_bytes())
    }

    /// The tag of these very bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let hash = blake3::hash(bytes).to_hex();
        Self(format!("\"{}\"", &hash.as_str()[..22]))
    }

    /// The tag of the same thing in another encoding, which must differ.
    #[must_use]
    pub fn encoded(&self, encoding: &str) -> Self {
        Self(format!("{}-{encoding}\"", self.0.trim_end_matches('"')))
    }

    /// For the header.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The caller's `If-Match`, if it sent one.
#[derive(Clone, Debug, Default)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// Checks that the caller knows the current version. Sending nothing means not to care.
    ///
    /// # Errors
    /// `stale` when the thing has changed since the caller read it.
    fn check(&self, current: &Etag) -> Result<(), Fault> {
        match &self.0 {
            Some(tags) if !matches(tags, &current.0, Strength::Strong) => Err(Fault::stale()),
            _ => Ok(()),
        }
    }

    /// What the thing must still be when it is changed: what the caller knows, by its tag, or
    /// nothing if the caller does not care.
    ///
    /// # Errors
    /// `stale` when it has changed since the caller read it already, or when it cannot be read.
    pub fn expected<T, E>(
        &self,
        current: impl FnOnce() -> Result<(Etag, T), E>,
    ) -> Result<Option<T>, Fault>
    where
        E: Into<Fault>,
    {
        if self.0.is_none() {
            return Ok(None);
        }
        let (etag, thing) = current().map_err(Into::into)?;
        self.check(&etag).map(|()| Some(thing))
    }
}

impl<'a> FromRequest<'a> for IfMatch {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self(joined(request.headers(), IF_MATCH.as_str())))
    }
}

/// An answer with its tag.
#[derive(Clone, Debug)]
pub struct Tagged<T> {
    /// What is answered.
    pub answer: T,
    /// Its version.
    pub etag: Etag,
}

/// A view with the tag of all that it shows.
pub fn tagged<V: ToJSON>(view: V) -> Tagged<Json<V>> {
    Tagged { etag: Etag::of_view(&view), answer: Json(view) }
}

impl<T: IntoResponse> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        response.headers_mut().insert(ETAG, self.etag.header());
        response
    }
}

impl<T: ApiResponse> ApiResponse for Tagged<T> {
    fn meta() -> MetaResponses {
        let mut meta = T::meta();
        for response in &mut meta.responses {
            response.headers.push(MetaHeader {
                name: "ETag".to_owned(),
                description: Some("The version, for `If-Match` and `If-None-Match`.".to_owned()),
                required: true,
                deprecated: false,
                schema: String::schema_ref(),
            });
        }
        meta
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// What the guard needs of a request to answer 304 later on.
pub(super) struct Known(Option<String>);

impl Known {
    pub(super) fn of(request: &Request) -> Self {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        Self(reads.then(|| joined(request.headers(), IF_NONE_MATCH.as_str())).flatten())
    }

    /// Empties an answer that the caller has already.
    pub(super) fn settle(&self, response: &mut Response) {
        let Some(known) = &self.0 else { return };
        if response.status() != StatusCode::OK {
            return;
        }
        let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
        if !tag.is_some_and(|tag| matches(known, tag, Strength::Weak)) {
            return;
        }
        response.set_status(StatusCode::NOT_MODIFIED);
        response.set_body(());
        for name in ["content-type", "content-length", "content-encoding"] {
            response.headers_mut().remove(name);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    Strong,
    Weak,
}

/// A proxy that compresses may have made our tag a weak one; `If-Match` forbids weak ones.
fn matches(list: &str, tag: &str, strength: Strength) -> bool {
    list.split(',').map(str::trim).any(|candidate| {
        let candidate = match strength {
            Strength::Strong => candidate,
            Strength::Weak => candidate.strip_prefix("W/").unwrap_or(candidate),
        };
        candidate == "*" || candidate == tag
    })
}

fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(name).iter();
    // What is no text is no tag of ours, but a tag.
    let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Kind;

    #[test]
    fn a_stale_tag_is_refused_and_none_is_fine() {
        let (old, new) = (Etag::of_version("clone", 1), Etag::of_version("clone", 2));
        assert_eq!(IfMatch(Some(old.to_string())).check(&new).unwrap_err().kind, Kind::Stale);
        assert!(IfMatch(Some(format!("{old}, {new}"))).check(&new).is_ok());
        assert!(IfMatch(Some("*".into())).check(&new).is_ok());
        assert!(IfMatch(Some(format!("W/{new}"))).check(&new).is_err());
        assert!(IfMatch(None).check(&new).is_ok());
    }

    #[test]
    fn a_known_tag_empties_the_answer() {
        let etag = Etag::of_bytes(b"x");
        let request = |tag: &str| Request::builder().header("if-none-match", tag).finish();
        let answer = || Tagged { answer: "x", etag: etag.clone() }.into_response();
        let mut response = answer();
        Known::of(&request(&format!("W/{etag}"))).settle(&mut response);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(response.headers().get(ETAG), Some(&etag.header()));
        let mut response = answer();
        Known::of(&request("\"other\"")).settle(&mut response);
        assert_eq!(response.status(), StatusCode::OK);
    }
}
