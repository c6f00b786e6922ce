//! A conversation as a file to keep.

use poem::Response;
use poem::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use poem_openapi::{ApiResponse, Enum};

/// As what a conversation is exported.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum FormatWord {
    /// Everything, for programs.
    Json,
    /// Plain text.
    Txt,
    /// Markdown.
    Md,
}

/// A file to keep.
pub(super) struct Export {
    pub(super) media: &'static str,
    pub(super) ending: &'static str,
    pub(super) text: String,
}

impl poem::IntoResponse for Export {
    fn into_response(self) -> Response {
        Response::builder()
            .header(CONTENT_TYPE, self.media)
            .header(
                CONTENT_DISPOSITION,
                format!("attachment; filename=\"conversation.{}\"", self.ending),
            )
            .body(self.text)
    }
}

#[derive(ApiResponse)]
#[expect(dead_code, reason = "only its documentation is used")]
pub(super) enum ExportShape {
    /// The file.
    #[oai(status = 200)]
    File(poem_openapi::payload::PlainText<String>),
}

impl ApiResponse for Export {
    fn meta() -> poem_openapi::registry::MetaResponses {
        ExportShape::meta()
    }

    fn register(_: &mut poem_openapi::registry::Registry) {}
}
