//! Whether a request that carries our cookie was made by our own pages.

use poem::Request;
use poem::http::header::{HOST, ORIGIN};
use url::{Host, Url};

use super::client::Client;

/// Whether an unsafe request with a cookie may be believed.
///
/// Modern browsers say where a request comes from (`Sec-Fetch-Site`); they say so to
/// trustworthy addresses only, so over plain HTTP the `Origin` has to be ours. A request with
/// neither is refused: it is not a browser's, and others do not use cookies.
pub fn same_origin(request: &Request, public_url: Option<&Url>) -> bool {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if matches!(text("sec-fetch-site"), Some("same-origin" | "none")) {
        return true;
    }
    let Some(origin) = text(ORIGIN.as_str()).and_then(|origin| Url::parse(origin).ok()) else {
        return false;
    };
    if !matches!(origin.scheme(), "http" | "https") {
        return false;
    }
    match public_url {
        Some(own) => own.origin() == origin.origin(),
        None => addressed_to(request).is_some_and(|own| own.origin() == origin.origin()),
    }
}

/// Whether a browser opened our pages at another address than the configured one, where it gets
/// no cookie: it names the address it talks to, and that is not ours. Browsers that say
/// `same-origin` besides are believed anywhere.
pub fn elsewhere(request: &Request, public_url: Option<&Url>) -> bool {
    let origin = request.headers().get(ORIGIN).and_then(|value| value.to_str().ok());
    let origin = origin.and_then(|origin| Url::parse(origin).ok());
    let own = addressed_to(request).filter(|_| public_url.is_some());
    let opened_here = origin.zip(own).is_some_and(|(origin, own)| own.origin() == origin.origin());
    opened_here && !same_origin(request, public_url)
}

/// Whether a browser's page of ours made this request: it names an origin and that is ours.
/// Such a client gets a cookie where others get tokens.
pub fn from_our_page(request: &Request, public_url: Option<&Url>) -> bool {
    request.headers().contains_key(ORIGIN) && same_origin(request, public_url)
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
    fn our_pages_at_another_address_are_told_from_others() {
        let public = Url::parse("https://memoria.example/").unwrap();
        let is =
            |headers: &[(&str, &str)], public: Option<&Url>| elsewhere(&request(headers), public);
        let here = ("origin", "http://memoria.lan:8787");
        assert!(is(&[here], Some(&public)));
        assert!(!is(&[here], None));
        assert!(!is(&[here, ("sec-fetch-site", "same-origin")], Some(&public)));
        assert!(!is(&[], Some(&public)));
        for other in ["https://memoria.example", "https://evil.example", "null", "x"] {
            assert!(!is(&[("origin", other)], Some(&public)), "{other}");
        }
    }
}
