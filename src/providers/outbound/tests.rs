//! What may be called and what may not. Nothing here leaves the machine.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use super::{Base, Call, Outbound, OutboundError, Target};

/// A call of an address.
pub(super) fn call(url: &str) -> Call {
    Call {
        method: Method::GET,
        url: Url::parse(url).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        headers_within: Duration::from_secs(5),
        most: 1024,
    }
}

#[test]
fn a_stranger_reaches_public_web_ports_only() {
    let outbound = Outbound::new(None).unwrap();
    let open = ["https://example.org/hook", "http://example.org:443/", "https://1.1.1.1/x?y=z"];
    for url in open {
        assert!(outbound.check(&Target::User, &Url::parse(url).unwrap()).is_ok(), "{url}");
    }
}

#[test]
fn every_spelling_of_an_inner_address_is_refused() {
    let spellings = [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.0.0.1./",
        "http://127。0。0。1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://%31%32%37.0.0.1/",
        "http:\\\\127.0.0.1\\",
        "http://127.0.\t0.1/",
        "http://0.0.0.0/",
        "http://0/",
        "http://[::]/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fd00:ec2::254]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "http://100.64.0.1/",
        "http://168.63.129.16/",
        "http://user@example.org/",
        "http://user:pass@example.org/",
        "http://example.org@127.0.0.1/",
        "http://example.org:8080/",
        "https://example.org:22/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "data:text/plain,x",
    ];
    let outbound = Outbound::new(None).unwrap();
    for spelling in spellings {
        let url = Url::parse(spelling).unwrap();
        assert!(outbound.check(&Target::User, &url).is_err(), "{spelling}");
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_before_a_connection() {
    let outbound = Outbound::new(None).unwrap();
    for url in ["http://localhost/", "http://x.localhost:443/", "http://localhost./"] {
        let failed = outbound.send(&Target::User, call(url)).await.unwrap_err();
        assert!(matches!(failed, OutboundError::NotAllowed(_)), "{url}: {failed:?}");
    }
}

#[tokio::test]
async fn the_admins_base_covers_its_own_origin_only() {
    let outbound = Outbound::new(None).unwrap();
    let target = Target::Operator(Base::parse("http://127.0.0.1:9/v1").unwrap());
    for url in ["http://127.0.0.1:10/v1", "https://127.0.0.1:9/v1", "http://127.0.0.2:9/v1"] {
        let failed = outbound.send(&target, call(url)).await.unwrap_err();
        assert!(matches!(failed, OutboundError::NotAllowed(_)), "{url}: {failed:?}");
    }
    let failed = outbound.send(&target, call("http://127.0.0.1:9/v1")).await.unwrap_err();
    assert!(matches!(failed, OutboundError::Unreachable(_)), "{failed:?}");
}

#[tokio::test]
async fn no_error_tells_the_url() {
    let outbound = Outbound::new(None).unwrap();
    let target = Target::Operator(Base::parse("http://127.0.0.1:9").unwrap());
    let failed = outbound.send(&target, call("http://127.0.0.1:9/canary?key=c4n4ry")).await;
    let told = format!("{:?}", failed.unwrap_err());
    assert!(!told.contains("canary") && !told.contains("c4n4ry"), "{told}");
}

#[test]
fn a_base_is_a_plain_http_address() {
    for text in ["ollama:11434", "ftp://host", "http://k:v@host", "http://host/?a", "/v1", ""] {
        assert!(Base::parse(text).is_err(), "{text}");
    }
    assert_eq!(Base::parse("https://host/api/v1/").unwrap().path(), "/api/v1");
    assert_eq!(Base::parse("http://[::1]:8080").unwrap().path(), "");
}

#[test]
fn a_root_file_without_certificates_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(matches!(Outbound::new(Some(file.path())), Err(OutboundError::Roots(_))));
    assert!(Outbound::new(Some("/nowhere/ca.pem".as_ref())).is_err());
}
