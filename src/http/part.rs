//! Parts of a file: `Range` (RFC 9110). One range is served; whoever asks for several, or for one
//! that is not there, gets the whole file, as a server may do.

use std::ops::Range;

use poem::http::HeaderMap;
use poem::http::header::{HeaderName, IF_RANGE, RANGE};
use poem::{FromRequest, Request, RequestBody};

use super::etag::Etag;

/// Which part the caller wants, if not all of it.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    range: Option<String>,
    /// Only of this version.
    version: Option<String>,
}

impl<'a> FromRequest<'a> for Wanted {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let headers = request.headers();
        Ok(Self { range: text(headers, RANGE), version: text(headers, IF_RANGE) })
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

impl Wanted {
    /// The bytes that are wanted of a file of this size and version; all of them if nothing.
    pub fn of(&self, size: u64, etag: &Etag) -> Option<Range<u64>> {
        let etag = etag.to_string();
        if self.version.as_ref().is_some_and(|version| *version != etag) {
            return None;
        }
        let (unit, range) = self.range.as_deref()?.split_once('=')?;
        let (first, last) = range.trim().split_once('-')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") || last.contains(['-', ',']) {
            return None;
        }
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse::<u64>().ok(),
            false => None,
        };
        let range = match (first, last) {
            ("", last) => size.saturating_sub(number(last)?)..size,
            (first, "") => number(first)?..size,
            (first, last) => number(first)?..number(last)?.saturating_add(1).min(size),
        };
        (range.start < range.end).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_served_and_all_else_is_the_whole() {
        let etag = Etag::of_bytes(b"x");
        let of = |range: &str, version: Option<&str>| {
            let wanted =
                Wanted { range: Some(range.to_owned()), version: version.map(str::to_owned) };
            wanted.of(100, &etag)
        };
        assert_eq!(of("bytes=0-9", None), Some(0..10));
        assert_eq!(of("bytes=90-", None), Some(90..100));
        assert_eq!(of("bytes=90-2000", None), Some(90..100));
        assert_eq!(of("bytes=-5", None), Some(95..100));
        assert_eq!(of("bytes=-500", None), Some(0..100));
        assert_eq!(of("bytes=5-9", Some(&etag.to_string())), Some(5..10));
        for whole in ["bytes=100-", "bytes=9-5", "bytes=-0", "bytes=0-1,5-6", "lines=1-2", "bytes="]
        {
            assert_eq!(of(whole, None), None, "{whole}");
        }
        assert_eq!(of("bytes=0-18446744073709551615", None), Some(0..100));
        assert_eq!(of("bytes=5-9", Some("\"old\"")), None);
        assert_eq!(Wanted::default().of(100, &etag), None);
    }
}
