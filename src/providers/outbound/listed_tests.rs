//! What may be called because it is listed, and nothing beside it. The resolver asks a DNS server
//! of the test's own.

use std::net::Ipv4Addr;
use std::sync::atomic::Ordering;

use url::Url;

use super::hostile_tests::{Dns, EMPTY, listens, locally};
use super::tests::call;
use super::{Allowed, Base, Outbound, OutboundError, Target};
use crate::providers::Place;

fn list(places: &[&str]) -> Allowed {
    places.iter().map(|place| place.parse::<Place>().unwrap()).collect()
}

/// The way out with this list and the names of this server.
fn outbound(dns: &Dns, places: &[&str]) -> Outbound {
    Outbound { names: dns.names(), ..Outbound::new(None).unwrap() }.allowing(list(places))
}

fn named(url: &str) -> Target {
    Target::Named(Base::parse(url).unwrap())
}

#[test]
fn a_literal_is_judged_before_anything_is_dialled() {
    let outbound = Outbound::new(None).unwrap().allowing(list(&["192.168.1.5:8443"]));
    for (text, open) in [
        ("https://1.1.1.1", true),
        ("https://id.example:8443", true),
        ("https://192.168.1.5:8443", true),
        ("https://[::ffff:192.168.1.5]:8443", true),
        ("https://192.168.1.5", false),
        ("https://1.1.1.1:8443", false),
        ("http://2130706433:8443", false),
        ("http://169.254.169.254", false),
    ] {
        let url = Url::parse(text).unwrap();
        assert_eq!(outbound.check(&named(text), &url).is_ok(), open, "{text}");
        let other = Url::parse("https://1.1.1.2/").unwrap();
        assert!(outbound.check(&named(text), &other).is_err(), "another origin");
    }
}

/// Two addresses of this machine play the listed one and the inner one.
#[tokio::test]
async fn a_name_that_flips_is_dialled_only_where_it_is_listed() {
    let listed = Ipv4Addr::new(127, 0, 0, 2);
    let answers = move |n: usize| match n % 3 {
        0 => vec![listed],
        1 => vec![Ipv4Addr::LOCALHOST],
        _ => vec![listed, Ipv4Addr::LOCALHOST],
    };
    locally(async move {
        let dns = Dns::start(answers).await;
        let (inner, inner_count) = listens((Ipv4Addr::LOCALHOST, 0).into(), EMPTY).await;
        let (_, open_count) = listens((listed, inner.port()).into(), EMPTY).await;
        let url = format!("http://rebind.example:{}/", inner.port());
        let outbound = outbound(&dns, &["127.0.0.2"]);
        let mut answered = 0;
        for _ in 0..300 {
            match outbound.send(&named(&url), call(&url)).await {
                Ok(_) => answered += 1,
                Err(failed) => assert!(matches!(failed, OutboundError::NotListed), "{failed:?}"),
            }
        }
        assert_eq!(inner_count.load(Ordering::SeqCst), 0);
        assert_eq!((open_count.load(Ordering::SeqCst), answered), (100, 100));
    })
    .await;
}

#[tokio::test]
async fn a_listed_name_opens_its_port_and_no_keys_of_clouds() {
    locally(async {
        let metadata = Ipv4Addr::new(169, 254, 169, 254);
        let dns = Dns::start(move |n| vec![[Ipv4Addr::LOCALHOST, metadata][n.min(1)]]).await;
        let (address, count) = listens((Ipv4Addr::LOCALHOST, 0).into(), EMPTY).await;
        let port = address.port();
        let outbound = outbound(&dns, &[&format!("Auth.Home.lan:{port}"), "0.0.0.0/0"]);
        let url = format!("http://auth.home.lan:{port}/");
        outbound.send(&named(&url), call(&url)).await.unwrap();
        // Now the name leads to where clouds keep keys.
        let failed = outbound.send(&named(&url), call(&url)).await.unwrap_err();
        assert!(matches!(failed, OutboundError::NotListed), "{failed:?}");
        assert_eq!(count.load(Ordering::SeqCst), 1);
    })
    .await;
}

#[tokio::test]
async fn without_a_list_a_name_that_leads_inside_is_not_dialled() {
    locally(async {
        let dns = Dns::start(|_| vec![Ipv4Addr::LOCALHOST]).await;
        let (address, count) = listens((Ipv4Addr::LOCALHOST, 0).into(), EMPTY).await;
        let url = format!("http://inner.example:{}/", address.port());
        let failed = outbound(&dns, &[]).send(&named(&url), call(&url)).await.unwrap_err();
        assert!(matches!(failed, OutboundError::NotListed), "{failed:?}");
        assert!(failed.to_string().contains("outbound.allow_private"), "{failed}");
        assert_eq!(count.load(Ordering::SeqCst), 0);
    })
    .await;
}
