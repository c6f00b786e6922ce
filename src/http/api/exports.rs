//! Taking along everything of an account.

use poem::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use poem::{Body, IntoResponse, Response};
use poem_openapi::param::Query;
use poem_openapi::payload::Binary;
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::{ApiResponse, Enum, OpenApi};

use super::Group;
use crate::http::auth::{Ask, OwningFresh};
use crate::http::problem::Answer;
use crate::privacy::{ExportFormat, Pieces};

pub struct ExportApi;

/// As what everything is taken along.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
enum ExportWord {
    /// A ZIP: a page to read, JSON Lines and their schemas.
    Zip,
    /// One JSON document.
    Json,
}

#[OpenApi]
impl ExportApi {
    /// Take along everything of the account
    ///
    /// It is written while it is sent, from one moment's state; an answer that breaks off is not
    /// whole. Needs a fresh proof.
    #[oai(
        path = "/auth/me/export",
        method = "get",
        operation_id = "export_account",
        tag = "Group::Identity"
    )]
    async fn export(
        &self,
        ask: Ask<OwningFresh>,
        format: Query<Option<ExportWord>>,
    ) -> Answer<Export> {
        let format = match format.0 {
            Some(ExportWord::Json) => ExportFormat::Json,
            Some(ExportWord::Zip) | None => ExportFormat::Zip,
        };
        let pieces = ask.exports.take(&ask.who, format).await?;
        Ok(Export { format, pieces })
    }
}

/// The file, as it is written.
struct Export {
    format: ExportFormat,
    pieces: Pieces,
}

impl IntoResponse for Export {
    fn into_response(self) -> Response {
        let (media, ending) = match self.format {
            ExportFormat::Zip => ("application/zip", "zip"),
            ExportFormat::Json => ("application/json", "json"),
        };
        let pieces = futures_util::stream::unfold(self.pieces, async |mut pieces| {
            pieces.recv().await.map(|piece| (piece, pieces))
        });
        Response::builder()
            .header(CONTENT_TYPE, media)
            .header(CACHE_CONTROL, "no-store")
            .header(CONTENT_DISPOSITION, format!("attachment; filename=\"memories.{ending}\""))
            .body(Body::from_bytes_stream(pieces))
    }
}

#[derive(ApiResponse)]
#[expect(dead_code, reason = "only its documentation is used")]
enum ExportShape {
    /// The file.
    #[oai(status = 200, content_type = "application/zip")]
    File(Binary<Vec<u8>>),
}

impl ApiResponse for Export {
    fn meta() -> MetaResponses {
        ExportShape::meta()
    }

    fn register(_: &mut Registry) {}
}
