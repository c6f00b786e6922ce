//! Whether a request that carries our cookie was made by our own pages.

use poem::Request;
use poem::http::header::{HOST, ORIGIN};
use url::{Host, Origin, Url};

use super::client::Client;

/// Whether an unsafe request with a cookie may be believed.
///
/// Modern browsers say where a request comes from (`Sec-Fetch-Site`); they say so to
/// trustworthy addresses only, so over plain HTTP the `Origin` has to be ours. A request with
/// neither is refused: it is not a browser's, and others do not use cookies.
pub fn same_origin(request: &Request, public_url: Option<&Url>) -> bool {
    let site = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if matches!(site, Some("same-origin" | "none")) {
        return true;
    }
    match (origin_of(request), public_url) {
        (None, _) => false,
        (Some(origin), Some(own)) => own.origin() == origin,
        (Some(origin), None) => is_addressed_to(request, &origin),
    }
}

/// Whether the page that made a request was opened at the address that the request goes to, be
/// that ours or not.
pub fn opened_here(request: &Request) -> bool {
    origin_of(request).is_some_and(|origin| is_addressed_to(request, &origin))
}

fn is_addressed_to(request: &Request, origin: &Origin) -> bool {
    addressed_to(request).is_some_and(|own| own.origin() == *origin)
}

/// The origin that the client says its page has.
fn origin_of(request: &Request) -> Option<Origin> {
    let origin = Url::parse(request.headers().get(ORIGIN)?.to_str().ok()?).ok()?;
    matches!(origin.scheme(), "http" | "https").then(|| origin.origin())
}

/// The origin that a browser on this machine believes to talk to; none for one elsewhere, which
/// could say anything.
pub fn on_this_machine(request: &Request) -> Option<Url> {
    request.data::<Client>().filter(|client| client.local)?;
    let own = addressed_to(request)?;
    let loopback = match own.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    loopback.then_some(own)
}

/// The origin that the client believes to talk to. Scripts cannot set `Host`.
pub fn addressed_to(request: &Request) -> Option<Url> {
    let host = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => request.headers().get(HOST)?.to_str().ok()?,
    };
    let tls = request.data::<Client>().is_some_and(|client| client.tls);
    let scheme = if tls { "https" } else { "http" };
    Url::parse(&format!("{scheme}://{host}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request {
        let mut builder = Request::builder().header("host", "memoria.lan:8787");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.finish()
    }

    fn asks(headers: &[(&str, &str)], public_url: Option<&str>) -> bool {
        let public_url = public_url.map(|url| Url::parse(url).unwrap());
        same_origin(&request(headers), public_url.as_ref())
    }

    #[test]
    fn only_our_own_pages_are_believed() {
        let public = Some("https://memoria.example/app");
        type Case<'c> = (&'c [(&'c str, &'c str)], Option<&'c str>, bool);
        let cases: &[Case<'_>] = &[
            (&[("sec-fetch-site", "same-origin")], public, true),
            (&[("sec-fetch-site", "none")], public, true),
            (&[("sec-fetch-site", "cross-site")], public, false),
            (&[("sec-fetch-site", "same-site")], public, false),
            (&[], public, false),
            (&[("origin", "null")], public, false),
            (&[("origin", "https://memoria.example")], public, true),
            (&[("origin", "https://memoria.example:443")], public, true),
            (&[("origin", "http://memoria.example")], public, false),
            (&[("origin", "https://memoria.example.evil.test")], public, false),
            (&[("origin", "https://evil-memoria.example")], public, false),
            (&[("origin", "http://memoria.lan:8787")], None, true),
            (&[("origin", "http://memoria.lan")], None, false),
            (&[("origin", "http://memoria.lan:8787")], public, false),
        ];
        for (headers, public_url, believed) in cases {
            assert_eq!(asks(headers, *public_url), *believed, "{headers:?} {public_url:?}");
        }
    }

    #[test]
    fn a_page_is_told_from_one_of_another_address() {
        assert!(opened_here(&request(&[("origin", "http://memoria.lan:8787")])));
        assert!(!opened_here(&request(&[])));
        for other in ["http://memoria.lan", "https://memoria.lan:8787", "null", "x"] {
            assert!(!opened_here(&request(&[("origin", other)])), "{other}");
        }
    }
}
