//! A file that is served from memory: its type, its tag, its compressed form.

use std::io::Write as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use poem::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderValue, VARY,
};
use poem::{Request, Response};

use super::etag::Etag;

/// Below this a compressed file is hardly smaller than its header.
const WORTH_IT: usize = 1_024;

/// How long a browser may keep it without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// For ever: its name changes with its content.
    Forever,
    /// It asks each time and usually hears that nothing changed.
    Ask,
}

/// A file in memory.
pub(super) struct Asset {
    bytes: Bytes,
    mime: &'static str,
    keep: Keep,
    etag: Etag,
    policy: Option<HeaderValue>,
    gzip: OnceLock<Option<Bytes>>,
}

impl Asset {
    pub(super) fn new(bytes: Bytes, mime: &'static str, keep: Keep) -> Self {
        let etag = Etag::of_bytes(&bytes);
        Self { bytes, mime, keep, etag, policy: None, gzip: OnceLock::new() }
    }

    /// A page, with the policy that says what it may load and run.
    pub(super) fn page(html: String, policy: &str) -> Self {
        let mut page = Self::new(html.into(), "text/html; charset=utf-8", Keep::Ask);
        page.policy = HeaderValue::from_str(policy).ok();
        page
    }

    /// The answer to a `GET`; the guard makes it a 304 or a `HEAD` where
    /// that is asked for.
    pub(super) fn answer(&self, request: &Request) -> Response {
        let gzip = if accepts_gzip(request) { self.gzip() } else { None };
        let mut response = Response::builder().header(CONTENT_TYPE, self.mime).finish();
        let headers = response.headers_mut();
        let keep = match self.keep {
            Keep::Forever => "public, max-age=31536000, immutable",
            Keep::Ask => "no-cache",
        };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        if let Some(policy) = &self.policy {
            headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
        }
        let (bytes, etag) = match gzip {
            Some(gzip) => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                (gzip, self.etag.encoded("gz"))
            }
            None => (&self.bytes, self.etag.clone()),
        };
        headers.insert(ETAG, etag.header());
        response.set_body(bytes.clone());
        response
    }

    fn gzip(&self) -> Option<&Bytes> {
        self.gzip.get_or_init(|| self.compress()).as_ref()
    }

    fn compress(&self) -> Option<Bytes> {
        let texts = ["text/", "application/json", "application/manifest+json", "image/svg"];
        let text = texts.iter().any(|text| self.mime.starts_with(text));
        if !text && self.mime != "application/wasm" || self.bytes.len() < WORTH_IT {
            return None;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.bytes).ok()?;
        let packed = encoder.finish().ok()?;
        (packed.len() < self.bytes.len()).then(|| packed.into())
    }
}

/// `q=0` means no.
fn accepts_gzip(request: &Request) -> bool {
    let values = request.headers().get_all(ACCEPT_ENCODING);
    values.iter().filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let refused = parts.any(|part| {
            let weight = part.strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
            weight.is_some_and(|weight| weight <= 0.0)
        });
        gzip && !refused
    })
}

/// The media type of a file by its name.
pub(super) fn mime(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        "xml" => "text/xml; charset=utf-8",
        "wasm" => "application/wasm",
        "webm" => "video/webm",
        "mp3" => "audio/mpeg",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use poem::http::Method;

    use super::*;

    fn asks(encoding: &str) -> Request {
        let builder = Request::builder().method(Method::GET);
        builder.header("accept-encoding", encoding).finish()
    }

    #[tokio::test]
    async fn text_is_compressed_once_for_those_who_take_it() {
        let asset = Asset::new("abc ".repeat(999).into(), "text/plain", Keep::Forever);
        let plain = asset.answer(&asks("br, gzip;q=0"));
        assert!(plain.header("content-encoding").is_none());
        let packed = asset.answer(&asks("br;q=1.0, gzip;q=0.8"));
        assert_eq!(packed.header("content-encoding"), Some("gzip"));
        assert_ne!(packed.header("etag"), plain.header("etag"));
        assert_eq!(packed.header("vary"), Some("Accept-Encoding"));
        assert!(packed.header("cache-control").unwrap().contains("immutable"));
        let bytes = packed.into_body().into_bytes().await.unwrap();
        assert!(bytes.len() < 200);
        assert_eq!(asset.answer(&asks("gzip")).into_body().into_bytes().await.unwrap(), bytes);
    }

    #[test]
    fn pictures_stay_as_they_are() {
        let asset = Asset::new(vec![0; 9_999].into(), "image/png", Keep::Ask);
        assert!(asset.answer(&asks("gzip")).header("content-encoding").is_none());
        assert_eq!(mime("manifest.webmanifest"), "application/manifest+json");
        assert_eq!(mime("favicon.ico"), "image/x-icon");
    }
}
