//! What whoever runs the machine lets be reached although it is not public: hosts and networks.
//!
//! An address is compared as what it is, so `::ffff:192.168.1.5` is `192.168.1.5`. Addresses at
//! which clouds keep the keys of their machines, other link-local ones, and IPv6 addresses that
//! hide an IPv4 address are opened only by an address or a network that lies within their own
//! range, such as `169.254.169.254` or `169.254.0.0/16`: never by one that happens to cover them,
//! such as `0.0.0.0/0`, and never by a name that leads to them.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use url::Host;

use super::address::is_global_unicast;
use crate::kernel::Network;

/// The ports of public hosts that need no word of anybody.
const WEB: [u16; 2] = [80, 443];

/// What a host or network must be to be listed.
pub const ALLOWED: &str = "must be host names or addresses, each with or without a port, or \
    networks such as 192.168.1.0/24";

/// A host or a network that may be reached although it is not public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    what: What,
    /// Every port, if there is none.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Name(String),
    Network(Network),
}

/// All that may be reached although it is not public. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Allowed(Arc<[Place]>);

/// A text that is no host and no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no host and no network")]
pub struct NoPlace;

/// Opened only by what lies within them.
const CLOSE: [Network; 10] = [
    Network::v4([169, 254, 0, 0], 16),
    Network::v4([168, 63, 129, 16], 32),
    Network::v4([100, 100, 100, 200], 32),
    Network::v4([192, 0, 0, 192], 32),
    Network::v6([0xfe80, 0, 0], 0, 10),
    Network::v6([0xfd00, 0xec2, 0], 0x254, 128),
    Network::v6([0x64, 0xff9b, 0], 0, 96),
    Network::v6([0x64, 0xff9b, 1], 0, 48),
    Network::v6([0x2001, 0, 0], 0, 32),
    Network::v6([0x2002, 0, 0], 0, 16),
];

impl Allowed {
    /// Whether an address may be called at a port by somebody who does not run the machine.
    pub(super) fn opens(&self, address: IpAddr, port: u16) -> bool {
        let public = is_global_unicast(address) && WEB.contains(&port);
        public || self.networks(port).any(|network| opens(network, address))
    }

    /// The same for an address to which a name leads.
    pub(super) fn opens_under(&self, name: &str, address: IpAddr, port: u16) -> bool {
        let close = CLOSE.iter().any(|close| close.contains(address));
        self.opens(address, port) || !close && self.names(name, port)
    }

    fn names(&self, name: &str, port: u16) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name);
        self.at(port)
            .any(|what| matches!(what, What::Name(listed) if listed.eq_ignore_ascii_case(name)))
    }

    fn networks(&self, port: u16) -> impl Iterator<Item = &Network> {
        self.at(port).filter_map(|what| match what {
            What::Network(network) => Some(network),
            What::Name(_) => None,
        })
    }

    fn at(&self, port: u16) -> impl Iterator<Item = &What> {
        let here = move |place: &&Place| place.port.is_none_or(|listed| listed == port);
        self.0.iter().filter(here).map(|place| &place.what)
    }
}

impl FromIterator<Place> for Allowed {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        Self(places.into_iter().collect())
    }
}

/// Whether a network covers an address and, where that matters, means it.
fn opens(network: &Network, address: IpAddr) -> bool {
    let mut close = CLOSE.iter().filter(|close| close.contains(address));
    network.contains(address) && close.all(|close| close.holds(network))
}

impl FromStr for Place {
    type Err = NoPlace;

    /// A host name, an address or a network; the first two may have a port.
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        if let Ok(network) = bare(text).parse() {
            return Ok(Self { what: What::Network(network), port: None });
        }
        if text.contains('/') {
            return Err(NoPlace);
        }
        let (host, port) = match text.rsplit_once(':') {
            None => (text, None),
            Some((host, port)) => {
                let digits = port.bytes().all(|byte| byte.is_ascii_digit());
                let port = port.parse().ok().filter(|port| digits && *port != 0);
                (host, Some(port.ok_or(NoPlace)?))
            }
        };
        // An IPv6 address with a port has brackets.
        if (!host.contains(':') || host.starts_with('['))
            && let Ok(network) = bare(host).parse()
        {
            return Ok(Self { what: What::Network(network), port });
        }
        Ok(Self { what: What::Name(name(host).ok_or(NoPlace)?), port })
    }
}

/// An address without the brackets that one of IPv6 may have.
fn bare(text: &str) -> &str {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    inner.filter(|inner| inner.contains(':')).unwrap_or(text)
}

/// A host name as it stands in URLs; another spelling of an address is none.
fn name(text: &str) -> Option<String> {
    let Ok(Host::Domain(name)) = Host::parse(text) else { return None };
    let plain = name.strip_suffix('.').unwrap_or(&name);
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let good = |label: &str| !label.is_empty() && label.chars().all(letters);
    plain.split('.').all(good).then(|| plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(places: &[&str]) -> Allowed {
        places.iter().map(|place| place.parse::<Place>().unwrap()).collect()
    }

    fn opens(places: &[&str], address: &str, port: u16) -> bool {
        list(places).opens(address.parse().unwrap(), port)
    }

    #[test]
    fn without_a_list_public_hosts_on_web_ports_are_open() {
        assert!(opens(&[], "1.1.1.1", 443) && opens(&[], "2606:4700::1111", 80));
        assert!(!opens(&[], "1.1.1.1", 8443));
        for inner in ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "::ffff:8.8.8.8"] {
            assert!(!opens(&[], inner, 443), "{inner}");
        }
    }

    #[test]
    fn a_listed_address_is_open_however_it_is_written() {
        for place in ["192.168.1.5", "192.168.1.0/24", "::ffff:192.168.1.5", "[::ffff:c0a8:105]"] {
            for address in ["192.168.1.5", "::ffff:192.168.1.5"] {
                assert!(opens(&[place], address, 8443), "{place} {address}");
            }
            assert!(!opens(&[place], "192.168.2.5", 8443), "{place}");
        }
        assert!(opens(&["::ffff:192.168.1.0/120"], "192.168.1.77", 1));
        assert!(opens(&["fd00:1::/32"], "fd00:1::7", 1) && !opens(&["fd00:1::/32"], "fd00:2::", 1));
        assert!(opens(&["::1"], "::1", 1) && !opens(&["::1"], "127.0.0.1", 1));
        assert!(opens(&["1.1.1.1"], "1.1.1.1", 8443), "a public host at another port");
        assert!(!opens(&["auth.home.lan"], "192.168.1.5", 443), "a name opens itself only");
    }

    #[test]
    fn a_port_opens_only_itself() {
        for place in ["192.168.1.5:8443", "[::ffff:192.168.1.5]:8443"] {
            assert!(opens(&[place], "192.168.1.5", 8443), "{place}");
            assert!(!opens(&[place], "192.168.1.5", 443), "{place}");
        }
        let home = list(&["auth.home.lan:8443"]);
        let address = "192.168.1.5".parse().unwrap();
        assert!(home.opens_under("auth.home.lan", address, 8443));
        assert!(!home.opens_under("auth.home.lan", address, 443));
    }

    #[test]
    fn a_name_is_itself_in_any_case_and_nothing_below_it() {
        let home = list(&["Auth.Home.LAN.", "bücher.example"]);
        let address = "192.168.1.5".parse().unwrap();
        for name in ["auth.home.lan", "AUTH.home.lan", "auth.home.lan.", "xn--bcher-kva.example"] {
            assert!(home.opens_under(name, address, 7), "{name}");
        }
        for name in ["x.auth.home.lan", "home.lan", "evil-auth.home.lan", "192.168.1.5"] {
            assert!(!home.opens_under(name, address, 7), "{name}");
        }
    }

    #[test]
    fn what_clouds_keep_is_opened_by_its_own_name_only() {
        let wide = list(&["0.0.0.0/0", "::/0", "169.0.0.0/8", "100.64.0.0/10", "fd00::/8", "evil"]);
        let close = "169.254.169.254 169.254.0.1 168.63.129.16 100.100.100.200 192.0.0.192 \
            fe80::1 fd00:ec2::254 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe:: \
            64:ff9b:1::1 2001:0:1::";
        for text in close.split_whitespace() {
            let address = text.parse().unwrap();
            assert!(!wide.opens(address, 80), "{text}");
            assert!(!wide.opens_under("evil", address, 80), "{text}");
            assert!(list(&[text]).opens(address, 80), "{text}");
        }
        assert!(wide.opens("10.1.2.3".parse().unwrap(), 25));
        for place in ["169.254.0.0/16", "169.254.169.0/24"] {
            assert!(opens(&[place], "169.254.169.254", 80), "{place}");
        }
    }

    #[test]
    fn what_is_no_place_is_not_taken_for_one() {
        let wrong = " /24 192.168.1.5/24 192.168.1.0/33 192.168.1.0/ 192.168.1.0/-1 10.0.0.0/+8 \
            ::/129 ::ffff:0:0/95 auth.home.lan/24 *.home.lan * https://auth.home.lan \
            auth.home.lan:0 auth.home.lan:65536 auth.home.lan:+80 auth.home.lan: :80 10.1 0x7f.1 \
            2130706433 user@auth.home.lan auth..lan [192.168.1.5] [::1 ::1]:80 192.168.1.0/24:80";
        for text in wrong.split_whitespace().chain([""]) {
            assert!(text.parse::<Place>().is_err(), "{text:?}");
        }
    }
}
