//! The document of the API and the page to try it with, from the binary alone.

use poem::error::{MethodNotAllowedError, NotFoundError};
use poem::http::Method;
use poem::{Endpoint, Request, Response};
use poem_openapi::OpenApiService;
use serde_json::Value;

use super::asset::{Asset, Keep};
use super::policy;

/// Nothing inline, so that the page's policy needs no exceptions.
const PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <title>CloneMemoria API</title>\
    <meta name=\"viewport\" content=\"width=device-width\">\
    <link rel=\"icon\" href=\"{base}/favicon.svg\" type=\"image/svg+xml\">\
    <link rel=\"stylesheet\" href=\"{base}/docs/swagger.css\">\
    <script src=\"{base}/docs/swagger.js\"></script></head><body><div id=\"ui\"></div>\
    <script src=\"{base}/docs/start.js\"></script></body></html>";

const START: &str = "SwaggerUIBundle({dom_id:'#ui',url:'{base}/openapi.json',deepLinking:true,\
    validatorUrl:null,persistAuthorization:false});";

/// This Swagger UI knows light pages only: for readers of dark ones it is turned over as a whole.
const DARK: &str = "\n@media (prefers-color-scheme:dark){html{background:#1c1c1c}\
    #ui{filter:invert(.88) hue-rotate(180deg)}}";

/// Serves `/openapi.json`, `/docs` and what the page needs.
pub struct Docs {
    document: Asset,
    page: Asset,
    start: Asset,
    script: Asset,
    style: Asset,
}

impl Docs {
    /// For the document as `openapi::document` made it.
    pub fn new(document: &Value, base_path: &str) -> Self {
        let base = base_path.trim_end_matches('/');
        // poem-openapi gives its copy of Swagger UI only as a page with everything inline.
        let bundle = OpenApiService::new((), "", "").swagger_ui_html();
        let part = |from: &str, to: &str| -> String {
            let part = bundle.split_once(from).and_then(|(_, rest)| rest.split_once(to));
            part.map(|(part, _)| part.to_owned()).unwrap_or_default()
        };
        let script = part("<script charset=\"UTF-8\">", "</script>\n</head>");
        let style = part("<style charset=\"UTF-8\">", "</style>") + DARK;
        let (js, css) = ("text/javascript; charset=utf-8", "text/css; charset=utf-8");
        let start = START.replace("{base}", base);
        Self {
            document: Asset::new(document.to_string().into(), "application/json", Keep::Ask),
            page: Asset::page(PAGE.replace("{base}", base), policy::DOCS),
            start: Asset::new(start.into(), js, Keep::Ask),
            script: Asset::new(script.into(), js, Keep::Ask),
            style: Asset::new(style.into(), css, Keep::Ask),
        }
    }
}

impl Endpoint for Docs {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let asset = match request.uri().path() {
            "/openapi.json" => &self.document,
            "/docs" | "/docs/" => &self.page,
            "/docs/start.js" => &self.start,
            "/docs/swagger.js" => &self.script,
            "/docs/swagger.css" => &self.style,
            _ => return Err(NotFoundError.into()),
        };
        match *request.method() {
            Method::GET | Method::HEAD => Ok(asset.answer(&request)),
            _ => Err(MethodNotAllowedError.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::guard::testing::ask;

    async fn get(path: &str) -> Response {
        let docs = Docs::new(&json!({"openapi": "3.1.0"}), "/m");
        ask(docs, Method::GET, path, &[], "").await
    }

    async fn text(path: &str) -> String {
        get(path).await.into_body().into_string().await.unwrap()
    }

    #[tokio::test]
    async fn the_page_and_its_parts_come_from_the_binary() {
        let page = text("/docs").await;
        assert!(page.contains("src=\"/m/docs/swagger.js\"") && !page.contains("http"));
        assert!(text("/docs/swagger.js").await.contains("SwaggerUIBundle"));
        let style = text("/docs/swagger.css").await;
        assert!(style.contains(".swagger-ui") && style.contains("prefers-color-scheme:dark"));
        assert!(text("/docs/start.js").await.contains("'/m/openapi.json'"));
        let policy = get("/docs").await;
        let policy = policy.header("content-security-policy").unwrap();
        assert!(!policy.contains("unsafe"));
    }

    #[tokio::test]
    async fn the_document_has_a_tag() {
        let response = get("/openapi.json").await;
        assert_eq!(response.header("content-type"), Some("application/json"));
        assert!(response.header("etag").is_some());
        assert_eq!(text("/openapi.json").await, "{\"openapi\":\"3.1.0\"}");
    }
}
