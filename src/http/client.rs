//! Who is at the other end: the peer of the socket, and the client behind trusted proxies.
//!
//! Forwarding headers count only when the peer of the socket is a configured proxy; otherwise
//! anybody could choose the address that rate limits are counted by.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use poem::http::HeaderMap;
use poem::{FromRequest, Request, RequestBody};

use crate::kernel::Network;

/// The other end of the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Over the network, readable on its way.
    Tcp(SocketAddr),
    /// Over the network and TLS.
    Tls(SocketAddr),
    /// Over the control socket, which only the account that runs the server can open.
    Control,
}

/// The proxies whose word about the client is taken.
#[derive(Clone, Debug, Default)]
pub struct Proxies(pub Vec<Network>);

impl Proxies {
    /// Whether an address is one of them.
    pub fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Whether connections from here are not counted by address.
    pub fn uncounted(&self, address: IpAddr) -> bool {
        on_this_machine(address) || self.trust(address)
    }
}

/// The client of one request, as far as it can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its address; nothing on the control socket.
    pub address: Option<IpAddr>,
    /// Whether it speaks TLS, with us or with the first proxy.
    pub tls: bool,
    /// Whether it is on this machine and nothing says that it only forwards.
    pub local: bool,
}

impl Client {
    /// Finds the client of a request.
    pub fn of(peer: Peer, headers: &HeaderMap, proxies: &Proxies) -> Self {
        let (socket, encrypted) = match peer {
            Peer::Tcp(socket) => (socket, false),
            Peer::Tls(socket) => (socket, true),
            Peer::Control => return Self { address: None, tls: false, local: true },
        };
        let near = socket.ip().to_canonical();
        let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "x-forwarded-host"]
            .iter()
            .any(|name| headers.contains_key(*name));
        if !proxies.trust(near) {
            let local = on_this_machine(near) && !forwarded;
            return Self { address: Some(near), tls: encrypted, local };
        }
        let tls = last_value(headers, "x-forwarded-proto")
            .map_or(encrypted, |proto| proto.eq_ignore_ascii_case("https"));
        let address = farthest(near, headers, proxies);
        Self { address: Some(address), tls, local: on_this_machine(near) && !forwarded }
    }

    /// The address that limits are counted by: a network of 64 bits for IPv6, since a client
    /// usually owns that many. Nobody on this machine is counted.
    pub fn counted_by(&self) -> Option<IpAddr> {
        self.address.filter(|address| !on_this_machine(*address)).map(group)
    }
}

/// Tests have one machine only: for them 127.0.0.1 is this one, and all others of its network
/// are elsewhere.
fn on_this_machine(address: IpAddr) -> bool {
    let address = address.to_canonical();
    if cfg!(feature = "testing") && address.is_ipv4() {
        return address == Ipv4Addr::LOCALHOST;
    }
    address.is_loopback()
}

/// Walks the chain from our side and stops at the first address nobody vouches for.
fn farthest(near: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> IpAddr {
    let values: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut client = near;
    for value in values.iter().rev() {
        let Some(address) = parse_hop(value.trim()) else { break };
        client = address;
        if !proxies.trust(address) {
            break;
        }
    }
    client
}

fn parse_hop(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

fn last_value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}

/// Folds an address into the unit that is counted.
pub(super) fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
    }
}

impl<'a> FromRequest<'a> for Peer {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let nobody = Self::Tcp(([0, 0, 0, 0], 0).into());
        Ok(request.data::<Self>().copied().unwrap_or(nobody))
    }
}

impl<'a> FromRequest<'a> for Client {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let unknown = Self { address: None, tls: false, local: false };
        Ok(request.data::<Self>().copied().unwrap_or(unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn an_untrusted_peer_cannot_choose_its_address() {
        let peer = Peer::Tcp("203.0.113.9:5".parse().unwrap());
        for name in ["x-forwarded-for", "x-real-ip", "forwarded"] {
            let client = Client::of(peer, &headers(&[(name, "1.2.3.4")]), &Proxies::default());
            assert_eq!(client.address, "203.0.113.9".parse().ok());
        }
    }

    #[test]
    fn behind_trusted_proxies_the_last_stranger_is_the_client() {
        let proxies = Proxies(vec!["10.0.0.0/8".parse().unwrap()]);
        let peer = Peer::Tcp("10.0.0.1:5".parse().unwrap());
        let chain = headers(&[
            ("x-forwarded-for", "6.6.6.6, 198.51.100.7, 10.0.0.2"),
            ("x-forwarded-proto", "https"),
        ]);
        let client = Client::of(peer, &chain, &proxies);
        assert_eq!(client.address, "198.51.100.7".parse().ok());
        assert!(client.tls && !client.local);
    }

    #[test]
    fn a_forwarded_request_from_this_machine_is_not_local() {
        let peer = Peer::Tcp("127.0.0.1:5".parse().unwrap());
        let none = Proxies::default();
        assert!(Client::of(peer, &headers(&[]), &none).local);
        assert!(!Client::of(peer, &headers(&[("x-forwarded-for", "1.1.1.1")]), &none).local);
    }
}
