//! JSON bodies: one payload type that says what is wrong and where.
//!
//! poem-openapi's own payload echoes values, has no pointers and is lenient with unknown
//! fields. Here a body is read by serde, so a request type derives both:
//!
//! ```ignore
//! /// What can be changed about a clone.
//! #[derive(Default, Deserialize, Object)]
//! #[serde(default, deny_unknown_fields)]
//! struct CloneChange {
//!     name: Patch<String>,      // absent, null or a value
//!     biography: Patch<String>,
//! }
//! ```
//!
//! `Body<Option<T>>` accepts a missing body.

mod objects;
mod shape;

use poem::http::header::{CONTENT_TYPE, HeaderValue};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use serde_path_to_error::{Segment, Track};

use self::objects::Objects;
pub use self::shape::Shape;
use super::problem::{Problem, intake_fault, malformed, unsupported};
use crate::kernel::{Change, Fault, FieldFault, FieldProblem, Kind};

/// A field of a `PATCH`: absent, `null`, or a value.
pub use poem_openapi::types::MaybeUndefined as Patch;

/// A JSON body: what it says, and the hash of its bytes, by which a repeated request is known.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T, pub [u8; 32]);

/// What to do with a field that may be cleared.
pub fn change<T>(field: Patch<T>) -> Change<T> {
    match field {
        Patch::Undefined => Change::Keep,
        Patch::Null => Change::Clear,
        Patch::Value(value) => Change::Set(value),
    }
}

/// The new value of a field that always has one.
///
/// # Errors
/// When the field is `null`.
pub fn replace<T>(field: Patch<T>, pointer: &str) -> Result<Option<T>, Fault> {
    match field {
        Patch::Undefined => Ok(None),
        Patch::Value(value) => Ok(Some(value)),
        Patch::Null => Err(Fault::field(FieldProblem::Required, pointer, "cannot be cleared")),
    }
}

impl<'a, T: Type + DeserializeOwned> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType {
                content_type: "application/json",
                schema: T::schema_ref(),
            }],
            required: T::IS_REQUIRED,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let bytes = body.take()?.into_bytes().await.map_err(|error| {
            let lost = |error| malformed("The body could not be read to its end.").because(error);
            Problem::from(intake_fault(&error).unwrap_or_else(|| lost(error)))
        })?;
        let media = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let shape = request.data::<Shape>().copied().unwrap_or_default();
        let value = read(media, &bytes, T::IS_REQUIRED, shape).map_err(Problem::from)?;
        Ok(Self(value, blake3::hash(&bytes).into()))
    }
}

fn read<T: DeserializeOwned>(
    media: Option<&[u8]>,
    bytes: &[u8],
    required: bool,
    shape: Shape,
) -> Result<T, Fault> {
    if bytes.is_empty() {
        let missing = malformed("A JSON body is needed.");
        return if required { Err(missing) } else { parse(b"null", shape) };
    }
    if !media.is_some_and(is_json) {
        return Err(unsupported("The body must be application/json."));
    }
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_object = first == Some(&b'{');
    // `null` would be read as if nothing was sent.
    if !is_object && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
        let mut fault = Fault::new(Kind::Invalid, "invalid", "Some fields are not valid.");
        fault.fields = vec![FieldFault::new(FieldProblem::Malformed, "", "must be an object")];
        return Err(fault);
    }
    parse(bytes, shape)
}

fn is_json(media: &[u8]) -> bool {
    let essence = media.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    essence.eq_ignore_ascii_case(b"application/json")
        || (essence.len() > 17
            && essence[..12].eq_ignore_ascii_case(b"application/")
            && essence[essence.len() - 5..].eq_ignore_ascii_case(b"+json"))
}

/// Reads JSON into a type.
///
/// # Errors
/// `malformed` for what is no JSON, `invalid` with a pointer for what is the wrong JSON.
pub fn parse<T: DeserializeOwned>(bytes: &[u8], allowed: Shape) -> Result<T, Fault> {
    allowed.check(bytes)?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let mut place = Track::new();
    let placed = serde_path_to_error::Deserializer::new(&mut reader, &mut place);
    let error = match T::deserialize(Objects(placed)) {
        Ok(value) => return reader.end().map(|()| value).map_err(|error| syntax(&error)),
        Err(error) => serde_path_to_error::Error::new(place.path(), error),
    };
    if error.inner().classify() != Category::Data {
        return Err(syntax(error.inner()));
    }
    // The first wrong field is met before a syntax error further on.
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        return Err(syntax(&error));
    }
    Err(wrong_field(&error, bytes))
}

fn syntax(error: &serde_json::Error) -> Fault {
    let (line, column) = (error.line(), error.column());
    malformed(&format!("The body is not valid JSON at line {line}, column {column}."))
}

fn wrong_field(error: &serde_path_to_error::Error<serde_json::Error>, bytes: &[u8]) -> Fault {
    let message = error.inner().to_string();
    let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
    let mut pointer = pointer_of(error.path());
    let mut problem = FieldProblem::Malformed;
    let detail = if let Some(name) = quoted(message, "missing field `") {
        pointer.push('/');
        pointer.push_str(&escape(name));
        problem = FieldProblem::Required;
        "is required".to_owned()
    } else if let Some(name) = quoted(message, "unknown field `") {
        // The path stops before the field or at it, depending on how the type reads its keys.
        if !pointer.ends_with(&format!("/{}", escape(name))) {
            pointer.push('/');
            pointer.push_str(&escape(name));
        }
        "is not a known field".to_owned()
    } else if let Some(name) = quoted(message, "duplicate field `") {
        format!("has the field `{name}` twice")
    } else if let Some((_, expected)) = message.rsplit_once(", expected ") {
        format!("must be {}", in_json(expected))
    } else if echoes(message, &pointer, bytes) {
        "is not valid".to_owned()
    } else {
        message.to_owned()
    };
    let pointer = pointer.chars().take(200).collect();
    let mut fault = Fault::new(Kind::Invalid, "invalid", "Some fields are not valid.");
    fault.fields = vec![FieldFault { pointer, problem, detail }];
    fault
}

/// What JSON calls what a library expected by the name of its own type.
fn in_json(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        other => other,
    }
}

fn quoted<'m>(message: &'m str, opening: &str) -> Option<&'m str> {
    let rest = message.strip_prefix(opening)?;
    Some(rest.split('`').next().unwrap_or(rest))
}

/// Our own types give reasons without the value; others may not be so discreet.
fn echoes(message: &str, pointer: &str, bytes: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(bytes) else { return true };
    match body.pointer(pointer) {
        Some(serde_json::Value::String(text)) => text.len() > 1 && message.contains(text.as_str()),
        Some(serde_json::Value::Number(number)) => message.contains(&number.to_string()),
        _ => false,
    }
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let name = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => escape(key),
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&name);
    }
    pointer
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use poem::http::Method;
    use poem_openapi::payload::Json;
    use poem_openapi::{Object, OpenApi, OpenApiService};
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;
    use crate::http::guard::testing::ask;
    use crate::http::problem::Answer;

    #[derive(Debug, Deserialize, Object)]
    #[serde(deny_unknown_fields)]
    struct Page {
        words: Vec<Word>,
        #[serde(default)]
        note: Option<String>,
    }

    #[derive(Debug, Deserialize, Object)]
    #[serde(deny_unknown_fields)]
    struct Word {
        count: u32,
    }

    fn fault(text: &str) -> (Kind, String, String) {
        let fault = parse::<Page>(text.as_bytes(), Shape::default()).unwrap_err();
        let field = fault.fields.first().cloned();
        let field = field.unwrap_or(FieldFault::new(FieldProblem::Malformed, "", ""));
        (fault.kind, field.pointer, field.detail)
    }

    #[test]
    fn a_fault_names_the_place_and_not_the_value() {
        const WHOLE: &str = "must be a whole number that is not negative";
        let cases = [
            (r#"{"words":[],"s3cret":1}"#, "/s3cret", "is not a known field"),
            (r#"{"words":[{"count":1,"x":2}]}"#, "/words/0/x", "is not a known field"),
            (r#"{"words":[{"count":1},{"count":"s3cret"}]}"#, "/words/1/count", WHOLE),
            (r#"{"words":[{"count":-7}]}"#, "/words/0/count", WHOLE),
            (r#"{"words":[{}]}"#, "/words/0/count", "is required"),
            ("{}", "/words", "is required"),
            (r#"{"words":7}"#, "/words", "must be an array"),
            (r#"{"words":[{"count":1},[2]]}"#, "/words/1", "must be an object"),
            (r#"{"words":[],"note":{}}"#, "/note", "must be a string"),
            ("[[]]", "", "must be an object"),
        ];
        for (text, pointer, detail) in cases {
            assert_eq!(fault(text), (Kind::Invalid, pointer.into(), detail.into()), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        let wide = format!(r#"{{"words":[]{}}}"#, r#","x":1"#.repeat(10_000));
        let broken = r#"{"unknown":1, "words":[}"#;
        for text in ["", "{", "{\"words\":[]} x", "\u{0}", broken, &deep, &wide] {
            assert_eq!(fault(text).0, Kind::Malformed, "{text}");
        }
    }

    #[test]
    fn a_body_may_be_missing_where_the_type_says_so() {
        assert!(read::<Option<Page>>(None, b"", false, Shape::default()).unwrap().is_none());
        assert_eq!(
            read::<Page>(None, b"", true, Shape::default()).unwrap_err().kind,
            Kind::Malformed
        );
        assert_eq!(
            read::<Page>(None, b"{}", true, Shape::default()).unwrap_err().kind,
            Kind::Unsupported
        );
        let media: &[u8] = b"application/merge-patch+json; charset=utf-8";
        assert!(read::<Page>(Some(media), br#"{"words":[]}"#, true, Shape::default()).is_ok());
        assert!(!is_json(b"text/plain"));
    }

    struct Api;

    #[derive(Default, Deserialize, Object)]
    #[serde(default, deny_unknown_fields)]
    struct CloneChange {
        name: Patch<String>,
        biography: Patch<String>,
    }

    /// What the handler understood.
    #[derive(Object)]
    struct Understood {
        name: Option<String>,
        biography: Option<String>,
        cleared: bool,
    }

    #[OpenApi]
    impl Api {
        /// Changes a clone.
        #[oai(path = "/clone", method = "patch", operation_id = "change_clone")]
        async fn change(&self, sent: Body<CloneChange>) -> Answer<Json<Understood>> {
            let name = replace(sent.0.name, "/name")?;
            let biography = change(sent.0.biography);
            let cleared = biography == Change::Clear;
            let mut kept = None;
            biography.apply(&mut kept);
            Ok(Json(Understood { name, biography: kept, cleared }))
        }
    }

    async fn send(body: &str, media: &str) -> (u16, Value) {
        let service = OpenApiService::new(Api, "test", "1");
        let headers = [("content-type", media)];
        let response = ask(service, Method::PATCH, "/clone", &headers, body).await;
        let status = response.status().as_u16();
        (status, response.into_body().into_json().await.unwrap())
    }

    #[tokio::test]
    async fn a_patch_tells_absent_null_and_value_apart() {
        let media = "application/json; charset=utf-8";
        let (status, body) = send(r#"{"biography":null}"#, media).await;
        assert_eq!((status, &body["name"], &body["cleared"]), (200, &Value::Null, &json!(true)));
        let (_, body) = send(r#"{"name":"Ada"}"#, media).await;
        assert_eq!(body, json!({"name": "Ada", "biography": null, "cleared": false}));
        let (status, body) = send(r#"{"name":null}"#, media).await;
        assert_eq!((status, &body["errors"][0]["pointer"]), (422, &json!("/name")));
    }

    #[tokio::test]
    async fn every_refusal_is_a_problem() {
        let (status, body) = send(r#"{"nam":1}"#, "application/json").await;
        assert_eq!((status, &body["code"]), (422, &json!("invalid")));
        assert_eq!(body["errors"][0]["pointer"], "/nam");
        assert_eq!(body["errors"][0]["code"], "malformed");
        let (status, body) = send("{", "application/json").await;
        assert_eq!((status, &body["code"]), (400, &json!("malformed")));
        let (status, body) = send("{}", "text/plain").await;
        assert_eq!((status, &body["code"]), (415, &json!("unsupported_media_type")));
        assert!(body["request_id"].is_string());
    }
}
