//! A form with a file (`multipart/form-data`), read as it comes and within bounds. What
//! poem-openapi brings for it spools to the system's temporary folder, outside of the data
//! directory.

use std::marker::PhantomData;

use bytes::{Bytes, BytesMut};
use multer::{Constraints, Field, Multipart, SizeLimit};
use poem::http::header::{CONTENT_TYPE, HeaderValue};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::problem::{Problem, intake_fault, malformed, unsupported};
use crate::kernel::{Fault, FieldProblem, Kind};

/// What a field of words may have, in bytes.
const WORDS: usize = 16 * 1024;

/// What a form is made of.
pub trait Shape: Send + Sync + 'static {
    /// What its field `file` takes.
    const FILE: &'static str;
    /// The name of its one field of words.
    const WORDS: &'static str;
    /// What that says.
    const MEANING: &'static str;
}

/// A form that was not read yet.
pub struct Form<T> {
    parts: Multipart<'static>,
    shape: PhantomData<fn() -> T>,
}

/// A file that came in a form.
pub struct Sent {
    /// What it is called.
    pub name: String,
    /// What it is said to be.
    pub declared: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// What came in a form.
pub struct Filled {
    /// The file.
    pub file: Sent,
    /// Its one field of words, if it was sent.
    pub words: Option<String>,
}

impl Filled {
    /// By what the same form is known again.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = blake3::Hasher::new();
        let file = &self.file;
        let declared = file.declared.as_deref().unwrap_or_default();
        let words = self.words.as_deref().unwrap_or_default();
        for part in [file.name.as_bytes(), declared.as_bytes(), words.as_bytes(), &file.bytes] {
            hash.update(&(part.len() as u64).to_be_bytes()).update(part);
        }
        hash.finalize().into()
    }
}

/// How the document tells of a form.
fn schema_of<T: Shape>() -> MetaSchemaRef {
    let field = |format, description| {
        let schema = MetaSchema { description: Some(description), ..MetaSchema::new("string") };
        MetaSchemaRef::Inline(Box::new(MetaSchema { format, ..schema }))
    };
    MetaSchemaRef::Inline(Box::new(MetaSchema {
        required: vec!["file"],
        properties: vec![
            ("file", field(Some("binary"), T::FILE)),
            (T::WORDS, field(None, T::MEANING)),
        ],
        ..MetaSchema::new("object")
    }))
}

impl<'a, T: Shape> ApiExtractor<'a> for Form<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(_: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType {
                content_type: "multipart/form-data",
                schema: schema_of::<T>(),
            }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let media = request.headers().get(CONTENT_TYPE).map(HeaderValue::to_str);
        let Some(Ok(media)) = media else {
            return Err(Problem::from(unsupported("The body must be multipart/form-data.")).into());
        };
        let boundary = multer::parse_boundary(media).map_err(|_| {
            Problem::from(unsupported("The body must be multipart/form-data with a boundary."))
        })?;
        // What is too much is noticed field by field, and all of it by what the body may have.
        let bounds = Constraints::new().size_limit(SizeLimit::new());
        let stream = body.take()?.into_bytes_stream();
        let parts = Multipart::with_constraints(stream, boundary, bounds);
        Ok(Self { parts, shape: PhantomData })
    }
}

impl<T: Shape> Form<T> {
    /// Reads it: the field `file`, of so many bytes at most, and one field of words.
    ///
    /// # Errors
    /// When it cannot be read, there is no file, or there is anything else in it.
    pub async fn read(mut self, most: u64) -> Result<Filled, Fault> {
        let words = T::WORDS;
        let (mut file, mut said) = (None, None);
        while let Some(field) = self.parts.next_field().await.map_err(of)? {
            match field.name().unwrap_or_default() {
                "file" if file.is_none() => file = Some(file_of(field, most).await?),
                name if name == words && said.is_none() => {
                    said = Some(words_of(field, words).await?);
                }
                name if name == "file" || name == words => {
                    let pointer = format!("/{name}");
                    return Err(Fault::field(FieldProblem::TooMany, pointer, "is there twice"));
                }
                _ => {
                    let detail = "has a field that is not known";
                    return Err(Fault::field(FieldProblem::Unknown, "", detail));
                }
            }
        }
        let missing = || Fault::field(FieldProblem::Required, "/file", "is required");
        Ok(Filled { file: file.ok_or_else(missing)?, words: said })
    }
}

async fn file_of(mut field: Field<'static>, most: u64) -> Result<Sent, Fault> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let declared = field.content_type().map(|media| media.to_string());
    let bytes = bytes_of(&mut field, most).await?;
    let too_large = || {
        let detail = format!("At most {most} bytes are accepted here.");
        Fault::new(Kind::TooLarge, "too_large", detail)
    };
    Ok(Sent { name, declared, bytes: bytes.ok_or_else(too_large)? })
}

async fn words_of(mut field: Field<'static>, name: &str) -> Result<String, Fault> {
    let pointer = format!("/{name}");
    let Some(bytes) = bytes_of(&mut field, WORDS as u64).await? else {
        return Err(Fault::field(FieldProblem::TooLong, pointer, "is too long"));
    };
    String::from_utf8(bytes.into())
        .map_err(|_| Fault::field(FieldProblem::Malformed, pointer, "must be text in UTF-8"))
}

/// All bytes of a field, or nothing if there are more than `most`.
async fn bytes_of(field: &mut Field<'static>, most: u64) -> Result<Option<Bytes>, Fault> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = field.chunk().await.map_err(of)? {
        if (bytes.len() + piece.len()) as u64 > most {
            return Ok(None);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Some(bytes.freeze()))
}

fn of(error: multer::Error) -> Fault {
    if let multer::Error::StreamReadFailed(cause) = &error
        && let Some(fault) = intake_fault(cause.as_ref())
    {
        return fault;
    }
    malformed("The form could not be read to its end.").because(error)
}
