//! Hostile names, hostile answers and every spelling of an inner address. Nothing here leaves
//! the machine: the resolver asks a DNS server of the test's own, and all of them listen on
//! loopback.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::HeaderValue;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION};
use reqwest::dns::{Name, Resolve as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use url::Url;

use super::{Base, Call, Outbound, OutboundError, Target, client, trust};
use crate::providers::address::is_global_unicast;
use crate::providers::names::{Names, PublicAddress};

const INNER: [[u8; 4]; 12] = [
    [127, 0, 0, 1],
    [127, 9, 8, 7],
    [0, 0, 0, 0],
    [10, 0, 0, 1],
    [172, 16, 0, 1],
    [192, 168, 1, 1],
    [169, 254, 169, 254],
    [100, 64, 0, 1],
    [100, 100, 100, 200],
    [192, 0, 0, 192],
    [168, 63, 129, 16],
    [255, 255, 255, 255],
];

/// The ways to write an IPv4 address into the host of a URL.
fn spellings([a, b, c, d]: [u8; 4]) -> Vec<String> {
    let number = u32::from_be_bytes([a, b, c, d]);
    let (high, low) = (number >> 16, number & 0xffff);
    let plain = format!("{a}.{b}.{c}.{d}");
    let percent: String = plain.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let wide = |c: char| match c.to_digit(10) {
        Some(digit) => char::from_u32(0xff10 + digit).unwrap(),
        None => c,
    };
    let wide: String = plain.chars().map(wide).collect();
    vec![
        plain.clone(),
        format!("{plain}."),
        number.to_string(),
        format!("0x{number:x}"),
        format!("0X{number:08X}"),
        format!("0{number:o}"),
        format!("{a}.{}", number & 0x00ff_ffff),
        format!("{a}.{b}.{low}"),
        format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("0000{a:o}.{b}.0x{c:x}.{d}"),
        plain.replace('.', "\u{3002}"),
        plain.replace('.', "\u{ff0e}"),
        plain.replace('.', "\u{ff61}"),
        plain.replace('.', "%2e"),
        plain.replace('.', ".\t"),
        plain.replace('.', ".\n"),
        percent,
        wide,
        format!("[::ffff:{plain}]"),
        format!("[::ffff:{high:x}:{low:x}]"),
        format!("[0:0:0:0:0:FFFF:{high:x}:{low:x}]"),
        format!("[::{high:x}:{low:x}]"),
        format!("[64:ff9b::{plain}]"),
        format!("[64:ff9b:1::{high:x}:{low:x}]"),
        format!("[2002:{high:x}:{low:x}::]"),
        format!("[2002:{high:x}:{low:x}::1]"),
        format!("[2001:0:{high:x}:{low:x}::1]"),
        format!("example.org@{plain}"),
        format!("example.org:80@{plain}"),
        format!("{plain}\\@example.org"),
        format!("{plain}#@example.org"),
        format!("{plain}?@example.org"),
    ]
}

#[test]
fn no_spelling_of_an_inner_address_is_open() {
    let mut inner: BTreeSet<String> = INNER.into_iter().flat_map(spellings).collect();
    let v6 =
        ["::", "::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "fc00::1", "::1.2.3.4"];
    inner.extend(v6.map(|address| format!("[{address}]")));
    let outbound = Outbound::new(None).unwrap();
    let mut judged = 0;
    for host in &inner {
        for text in [
            format!("http://{host}/"),
            format!("https:{host}/"),
            format!("http:\\\\{host}\\x"),
            format!("HTTP:/{host}:80/"),
            format!(" http://{host}/\t"),
        ] {
            judged += 1;
            // What is no URL can be called by nobody: there is one parser, and it is this one.
            if let Ok(url) = Url::parse(&text) {
                assert!(outbound.check(&Target::User, &url).is_err(), "{text:?} is {url}");
            }
        }
    }
    let other_schemes = ["file", "gopher", "ftp", "dict", "ldap", "ws", "data", "javascript"];
    for scheme in other_schemes {
        let url = Url::parse(&format!("{scheme}://example.org/")).unwrap();
        assert!(outbound.check(&Target::User, &url).is_err(), "{url}");
    }
    println!("{} spellings of hosts in {judged} URLs", inner.len());
    assert!(inner.len() >= 120, "{}", inner.len());
}

/// A DNS server whose answers of the type A come from a function of how many it gave before.
/// Nothing may be kept of an answer: it lives for no second.
pub(super) struct Dns {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Dns {
    pub(super) async fn start(answers: impl Fn(usize) -> Vec<Ipv4Addr> + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::task::spawn_local(async move {
            let mut packet = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                let question = &packet[..length];
                let is_a = asks_for_a(question);
                let given =
                    if is_a { answers(count.fetch_add(1, Ordering::SeqCst)) } else { vec![] };
                drop(socket.send_to(&answer(question, &given), from).await);
            }
        });
        Self { address, asked }
    }

    pub(super) fn names(&self) -> Arc<Names> {
        Arc::new(Names::asking(self.address))
    }
}

/// Where the one question of a query ends.
fn end_of_question(query: &[u8]) -> usize {
    let mut at = 12;
    while query[at] != 0 {
        at += usize::from(query[at]) + 1;
    }
    at + 5
}

fn asks_for_a(query: &[u8]) -> bool {
    let end = end_of_question(query);
    query[end - 4..end - 2] == [0, 1]
}

fn answer(query: &[u8], addresses: &[Ipv4Addr]) -> Vec<u8> {
    let count = u8::try_from(addresses.len()).unwrap();
    let mut reply = query[..2].to_vec();
    // A response that is final, without an error; one question, so many answers.
    reply.extend([0x85, 0x80, 0, 1, 0, count, 0, 0, 0, 0]);
    reply.extend(&query[12..end_of_question(query)]);
    for address in addresses {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        reply.extend(address.octets());
    }
    reply
}

pub(super) async fn locally<F: Future>(work: F) -> F::Output {
    tokio::task::LocalSet::new().run_until(work).await
}

#[tokio::test]
async fn ten_thousand_flipping_answers_never_open_an_inner_address() {
    let public = Ipv4Addr::new(93, 184, 216, 34);
    let answers = move |n: usize| match n % 5 {
        0 => vec![public],
        1 => vec![Ipv4Addr::LOCALHOST],
        2 => vec![public, Ipv4Addr::from(INNER[n / 5 % INNER.len()])],
        3 => vec![Ipv4Addr::from(INNER[n / 5 % INNER.len()]), public],
        _ => vec![public, Ipv4Addr::new(1, 1, 1, 1)],
    };
    locally(async move {
        let dns = Dns::start(answers).await;
        let guard = PublicAddress::new(dns.names());
        let (mut open, mut refused) = (0, 0);
        for _ in 0..10_000 {
            let name: Name = "rebind.example".parse().unwrap();
            let Ok(found) = guard.resolve(name).await else {
                refused += 1;
                continue;
            };
            open += 1;
            for found in found {
                assert!(is_global_unicast(found.ip()), "{found}");
            }
        }
        let asked = dns.asked.load(Ordering::SeqCst);
        println!("{asked} questions to the DNS server: {open} open, {refused} refused");
        assert!(asked >= 10_000, "answers were kept: {asked}");
        assert!((3_900..=4_100).contains(&open), "{open}");
    })
    .await;
}

/// Listens and counts; answers each request with these bytes.
pub(super) async fn listens(
    at: SocketAddr,
    reply: &'static [u8],
) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::task::spawn_local(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            drop(stream.read(&mut request).await);
            drop(stream.write_all(reply).await);
        }
    });
    (address, count)
}

pub(super) const EMPTY: &[u8] = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

/// Two addresses of this machine play the public one and the inner one, so that what is really
/// dialled can be counted.
#[tokio::test]
async fn what_was_checked_is_what_is_dialled() {
    let open = Ipv4Addr::new(127, 0, 0, 2);
    let answers = move |n: usize| match n % 3 {
        0 => vec![open],
        1 => vec![Ipv4Addr::LOCALHOST],
        _ => vec![open, Ipv4Addr::LOCALHOST],
    };
    locally(async move {
        let dns = Dns::start(answers).await;
        let (inner, inner_count) = listens((Ipv4Addr::LOCALHOST, 0).into(), EMPTY).await;
        let (_, open_count) = listens((open, inner.port()).into(), EMPTY).await;
        let guard = PublicAddress { names: dns.names(), is_open: |ip| ip != Ipv4Addr::LOCALHOST };
        let client = client(trust(None).unwrap(), guard, 0).unwrap();
        let url = format!("http://rebind.example:{}/", inner.port());
        let mut answered = 0;
        for _ in 0..1_500 {
            let reply = client.get(&url).send().await;
            answered += usize::from(reply.is_ok());
        }
        println!("1500 calls, {answered} answered");
        assert_eq!(inner_count.load(Ordering::SeqCst), 0);
        assert_eq!(open_count.load(Ordering::SeqCst), answered);
        assert_eq!(answered, 500);
    })
    .await;
}

fn call(url: &str) -> Call {
    let (headers_within, most) = (Duration::from_secs(1), 64 * 1024);
    Call { headers_within, most, ..super::tests::call(url) }
}

/// An admin's server at a free port, and a client that may call it.
async fn admin_at(reply: &'static [u8]) -> (Outbound, Target, String, Arc<AtomicUsize>) {
    let (address, count) = listens((Ipv4Addr::LOCALHOST, 0).into(), reply).await;
    let url = format!("http://{address}/");
    let target = Target::Operator(Base::parse(&url).unwrap());
    (Outbound::new(None).unwrap(), target, url, count)
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_credential_goes_elsewhere() {
    locally(async {
        let elsewhere = "127.0.0.1:0".parse().unwrap();
        let (elsewhere, visited) = listens(elsewhere, EMPTY).await;
        let there = format!("http://{elsewhere}/");
        let targets = ["file:///etc/passwd", "gopher://127.0.0.1:70/x", "//127.0.0.1/", &there];
        for status in ["301 Moved", "302 Found", "303 See Other", "307 Again", "308 For Ever"] {
            for location in targets {
                let reply = format!(
                    "HTTP/1.1 {status}\r\nlocation: {location}\r\nrefresh: 0; url={location}\r\n\
                     content-length: 0\r\nconnection: close\r\n\r\n"
                );
                let (outbound, target, url, count) = admin_at(reply.leak().as_bytes()).await;
                let mut call = call(&url);
                call.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer s3cret"));
                let reply = outbound.send(&target, call).await.unwrap();
                assert!(reply.status().is_redirection(), "{status} {location}");
                assert_eq!(count.load(Ordering::SeqCst), 1, "{status} {location}");
            }
        }
        assert_eq!(visited.load(Ordering::SeqCst), 0);
    })
    .await;
}

#[tokio::test]
async fn a_stranger_cannot_reach_what_the_admin_may() {
    locally(async {
        let (outbound, target, url, count) = admin_at(EMPTY).await;
        let failed = outbound.send(&Target::User, call(&url)).await.unwrap_err();
        assert!(matches!(failed, OutboundError::NotAllowed(_)), "{failed:?}");
        let ollama = outbound.send(&Target::User, call("http://127.0.0.1:11434/")).await;
        assert!(matches!(ollama.unwrap_err(), OutboundError::NotAllowed(_)));
        assert_eq!(count.load(Ordering::SeqCst), 0);
        outbound.send(&target, call(&url)).await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 1);
    })
    .await;
}

/// Serves bytes for ever, a piece at a time.
async fn drips(head: &'static [u8], piece: &'static [u8], pause: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::task::spawn_local(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            drop(stream.read(&mut request).await);
            drop(stream.write_all(head).await);
            while stream.write_all(piece).await.is_ok() {
                tokio::time::sleep(pause).await;
            }
        }
    });
    url
}

#[tokio::test]
async fn slow_and_endless_answers_are_cut_at_their_limits() {
    locally(async {
        let outbound = Outbound::new(None).unwrap();
        let admin = |url: &str| Target::Operator(Base::parse(url).unwrap());
        // Headers that come, but never end.
        let url = drips(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", Duration::from_millis(100)).await;
        let began = Instant::now();
        let failed = outbound.send(&admin(&url), call(&url)).await.unwrap_err();
        assert!(matches!(failed, OutboundError::Timeout), "{failed:?}");
        let took = began.elapsed();
        assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(3), "{took:?}");
        // Headers without end, as fast as they go.
        let piece: &[u8] = [b"x: ".as_slice(), &[b'y'; 8_000], b"\r\n"].concat().leak();
        let url = drips(b"HTTP/1.1 200 OK\r\n", piece, Duration::ZERO).await;
        let failed = outbound.send(&admin(&url), call(&url)).await.unwrap_err();
        assert!(matches!(failed, OutboundError::Broken(_)), "{failed:?}");
        // A body without end.
        let url = drips(b"HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 8_192], Duration::ZERO).await;
        let mut reply = outbound.send(&admin(&url), call(&url)).await.unwrap();
        let mut read = 0;
        let failed = loop {
            match reply.chunk().await {
                Ok(Some(chunk)) => read += chunk.len(),
                Ok(None) => panic!("it has no end"),
                Err(failed) => break failed,
            }
        };
        assert!(matches!(failed, OutboundError::TooLarge), "{failed:?}");
        assert!(read <= 64 * 1024, "{read}");
    })
    .await;
}

/// Ten megabytes of zeros, as gzip writes them, are ten kilobytes: nothing may unpack them.
#[tokio::test]
async fn nothing_that_comes_is_unpacked() {
    locally(async {
        let reply = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 12\r\n\
            connection: close\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x04";
        let (outbound, target, url, _) = admin_at(reply).await;
        let asked = call(&url);
        assert!(!asked.headers.contains_key(ACCEPT_ENCODING));
        let body = outbound.send(&target, asked).await.unwrap().body().await.unwrap();
        assert_eq!(body, &reply[reply.len() - 12..]);
    })
    .await;
}

#[tokio::test]
async fn many_calls_at_once_are_all_judged() {
    locally(async {
        let dns = Dns::start(|n| vec![Ipv4Addr::from(INNER[n % INNER.len()])]).await;
        let guard = Arc::new(PublicAddress::new(dns.names()));
        let each = (0..200).map(|n| {
            let guard = Arc::clone(&guard);
            async move { guard.resolve(format!("n{n}.example").parse().unwrap()).await.is_err() }
        });
        let refused = futures_util::future::join_all(each).await;
        assert!(refused.into_iter().all(|refused| refused));
    })
    .await;
}
