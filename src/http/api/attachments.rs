//! Files of memories: added, listed, read, described, thrown away.

use std::time::Duration;

use poem::http::StatusCode;
use poem::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE,
};
use poem::{Body as Stream, IntoResponse, Response};
use poem_openapi::param::Path;
use poem_openapi::payload::{Binary, Json};
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;

use super::fields::{Fields, path_id};
use super::trash::Done;
use super::{Group, Services};
use crate::access::Principal;
use crate::attachments::{Attachment, AttachmentError, Brought, Media, Pieces, Shown};
use crate::http::asked::Asked;
use crate::http::auth::{Ask, Reading, Writing};
use crate::http::body::{Body, Patch, change};
use crate::http::etag::{Etag, IfMatch, Tagged};
use crate::http::form::{Form, Shape};
use crate::http::part::Wanted;
use crate::http::problem::Answer;
use crate::kernel::{AttachmentId, Change, CloneId, Fault, Kind, MemoryId};

/// How long a file may take to come: others wait for its place in memory.
const WITHIN: Duration = Duration::from_secs(5 * 60);

pub struct AttachmentApi;

/// A file with what is said of it.
struct AttachmentForm;

impl Shape for AttachmentForm {
    const FILE: &'static str = "JPEG, PNG, GIF, WebP, MP3, WAV, M4A, Ogg, PDF or plain text. What \
        a camera wrote into a picture about where and when it was taken is taken out.";
    const WORDS: &'static str = "caption";
    const MEANING: &'static str = "What is to be seen or heard (1 to 500 characters).";
}

/// What can be changed about a file.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct AttachmentPatch {
    /// What is to be seen or heard.
    caption: Patch<String>,
}

/// A file of a memory.
#[derive(Object)]
pub struct AttachmentView {
    id: String,
    memory_id: String,
    /// What it is called.
    name: String,
    /// What it is, as found in its bytes.
    media_type: String,
    /// How many bytes it has.
    size: u64,
    /// What is to be seen or heard.
    caption: Option<String>,
    /// Who added it.
    added_by: String,
    created_at: String,
}

/// The files of a memory, the oldest first.
#[derive(Object)]
struct AttachmentList {
    items: Vec<AttachmentView>,
    next_cursor: Option<String>,
}

/// A file was added.
#[derive(ApiResponse)]
enum AttachmentMade {
    /// Added.
    #[oai(status = 201)]
    Created(Json<AttachmentView>),
}

pub(super) fn view(attachment: &Attachment) -> AttachmentView {
    AttachmentView {
        id: attachment.id.to_string(),
        memory_id: attachment.memory.to_string(),
        name: attachment.name.to_string(),
        media_type: attachment.media.as_str().to_owned(),
        size: attachment.size,
        caption: attachment.caption.as_ref().map(|caption| caption.to_string()),
        added_by: attachment.added_by.to_string(),
        created_at: attachment.created_at.to_string(),
    }
}

fn etag(attachment: &Attachment) -> Etag {
    Etag::of_version(&attachment.id.to_string(), u64::from(attachment.version))
}

#[OpenApi]
impl AttachmentApi {
    /// The files of a memory
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id/attachments",
        method = "get",
        operation_id = "list_attachments",
        tag = "Group::Memories"
    )]
    async fn list(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
        memory_id: Path<String>,
    ) -> Answer<Json<AttachmentList>> {
        let place = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let found = ask.attachments.list(&ask.who, place)?;
        Ok(Json(AttachmentList { items: found.iter().map(view).collect(), next_cursor: None }))
    }

    /// Add a file to a memory
    ///
    /// Name, declared type and bytes must agree. Whoever may change the memory may add to it.
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id/attachments",
        method = "post",
        operation_id = "add_attachment",
        tag = "Group::Memories"
    )]
    async fn add(
        &self,
        ask: Ask<Writing>,
        asked: Asked,
        clone_id: Path<String>,
        memory_id: Path<String>,
        form: Form<AttachmentForm>,
    ) -> Answer<Tagged<AttachmentMade>> {
        let place = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        ask.attachments.may_add(&ask.who, place)?;
        let turn = ask.attachments.turn().await?;
        let reading = form.read(ask.attachments.bounds().bytes);
        let filled = tokio::time::timeout(WITHIN, reading).await.map_err(|_| too_slow())??;
        let once = asked.once(&ask.who, &filled.digest(), &ask);
        let mut fields = Fields::default();
        let caption = filled.words.filter(|words| !words.trim().is_empty());
        let caption = fields.optional("/caption", caption);
        fields.done()?;
        let file = filled.file;
        let brought =
            Brought { name: file.name, declared: file.declared, caption, bytes: file.bytes };
        let added = ask.attachments.add(&ask.who, place, brought, once).await?;
        drop(turn);
        Ok(Tagged { etag: etag(&added), answer: AttachmentMade::Created(Json(view(&added))) })
    }

    /// The file itself
    ///
    /// A part of it with `Range`. `damaged` if it is not on the server's disk as it was stored.
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id/attachments/:attachment_id",
        method = "get",
        operation_id = "get_attachment",
        tag = "Group::Memories"
    )]
    async fn get(
        &self,
        ask: Ask<Reading>,
        clone_id: Path<String>,
        memory_id: Path<String>,
        attachment_id: Path<String>,
        wanted: Wanted,
    ) -> Answer<Tagged<File>> {
        let place = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let found = ask.attachments.get(&ask.who, place, path_id(&attachment_id.0)?)?;
        let etag = etag(&found);
        let part = wanted.of(found.size, &etag);
        let bytes = part.clone().unwrap_or(0..found.size);
        let pieces = ask.attachments.read(&found, bytes).await?;
        Ok(Tagged { etag, answer: File { attachment: found, part, pieces } })
    }

    /// Change what is said of a file
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id/attachments/:attachment_id",
        method = "patch",
        operation_id = "change_attachment",
        tag = "Group::Memories"
    )]
    async fn change(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        memory_id: Path<String>,
        attachment_id: Path<String>,
        known: IfMatch,
        body: Body<AttachmentPatch>,
    ) -> Answer<Tagged<Json<AttachmentView>>> {
        let place = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let id = path_id(&attachment_id.0)?;
        let mut fields = Fields::default();
        let caption = match change(body.0.caption) {
            Change::Set(words) => fields.text("/caption", words).map(Change::Set),
            Change::Clear => Some(Change::Clear),
            Change::Keep => Some(Change::Keep),
        };
        let caption = fields.with(caption)?;
        let expected = known.expected(|| version(&ask, &ask.who, place, id))?;
        let changed = (caption, expected);
        let changed = ask.attachments.describe(&ask.who, place, id, changed).await?;
        Ok(Tagged { etag: etag(&changed), answer: Json(view(&changed)) })
    }

    /// Put a file into the trash
    #[oai(
        path = "/clones/:clone_id/memories/:memory_id/attachments/:attachment_id",
        method = "delete",
        operation_id = "delete_attachment",
        tag = "Group::Memories"
    )]
    async fn delete(
        &self,
        ask: Ask<Writing>,
        clone_id: Path<String>,
        memory_id: Path<String>,
        attachment_id: Path<String>,
        known: IfMatch,
    ) -> Answer<Done> {
        let place = (path_id(&clone_id.0)?, path_id(&memory_id.0)?);
        let id = path_id(&attachment_id.0)?;
        let expected = known.expected(|| version(&ask, &ask.who, place, id))?;
        ask.attachments.delete(&ask.who, place, id, expected).await?;
        Ok(Done::Done)
    }
}

fn too_slow() -> Fault {
    Fault::new(Kind::Malformed, "body_too_slow", "The file did not arrive in time.")
}

/// The version of a file that the caller would see now, with its tag.
fn version(
    services: &Services,
    who: &Principal,
    place: (CloneId, MemoryId),
    id: AttachmentId,
) -> Result<(Etag, u32), AttachmentError> {
    let found = services.attachments.get(who, place, id)?;
    Ok((etag(&found), found.version))
}

/// A file, or a part of it, as it is read.
struct File {
    attachment: Attachment,
    part: Option<std::ops::Range<u64>>,
    pieces: Pieces,
}

impl IntoResponse for File {
    fn into_response(self) -> Response {
        let Self { attachment, part, pieces } = self;
        let media = match attachment.media {
            Media::Text => "text/plain; charset=utf-8",
            other => other.as_str(),
        };
        let bytes = part.clone().unwrap_or(0..attachment.size);
        let mut response = Response::builder()
            .header(CONTENT_TYPE, media)
            // Whatever it is, it runs nothing and loads nothing.
            .header(CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'")
            .header(CONTENT_DISPOSITION, disposition(attachment.media, &attachment.name))
            .header(CONTENT_LENGTH, bytes.end - bytes.start)
            .header(ACCEPT_RANGES, "bytes");
        if let Some(part) = part {
            let (first, last, size) = (part.start, part.end - 1, attachment.size);
            response = response
                .status(StatusCode::PARTIAL_CONTENT)
                .header(CONTENT_RANGE, format!("bytes {first}-{last}/{size}"));
        }
        response.body(Stream::from_bytes_stream(pieces))
    }
}

/// Pictures and sound may stand in a page; all else is saved. The name twice (RFC 6266): in the
/// letters that everybody knows, and as it is.
fn disposition(media: Media, name: &str) -> String {
    use std::fmt::Write as _;
    let how = match media.shown() {
        Shown::Picture | Shown::Sound => "inline",
        Shown::File => "attachment",
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || " .-_()".contains(c) { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    let mut whole = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(whole, "%{byte:02X}");
        }
    }
    format!("{how}; filename=\"{ascii}\"; filename*=UTF-8''{whole}")
}

#[derive(ApiResponse)]
#[expect(dead_code, reason = "only its documentation is used")]
enum FileShape {
    /// The file.
    #[oai(status = 200, content_type = "application/octet-stream")]
    File(Binary<Vec<u8>>),
    /// A part of it.
    #[oai(status = 206, content_type = "application/octet-stream")]
    Part(Binary<Vec<u8>>),
}

impl ApiResponse for File {
    fn meta() -> MetaResponses {
        FileShape::meta()
    }

    fn register(_: &mut Registry) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leaves_its_quotes_nowhere() {
        assert_eq!(
            disposition(Media::Pdf, "Brief \"an\" Öma\r\n.pdf"),
            "attachment; filename=\"Brief _an_ _ma__.pdf\"; \
             filename*=UTF-8''Brief%20%22an%22%20%C3%96ma%0D%0A.pdf"
        );
        assert!(disposition(Media::Jpeg, "a.jpg").starts_with("inline; "));
    }
}
