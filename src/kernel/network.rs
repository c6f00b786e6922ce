//! Ranges of network addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::FieldProblem;

/// All addresses that begin with the same bits, such as `10.0.0.0/8`, or a single one.
///
/// An address is compared as what it is, so `::ffff:192.168.1.5` is `192.168.1.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

/// The text is no address and no network, or one with bits behind its length, which may not be
/// what is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address or a network such as 192.168.1.0/24")]
pub struct NoNetwork;

impl From<NoNetwork> for FieldProblem {
    fn from(_: NoNetwork) -> Self {
        Self::NotANetwork
    }
}

impl Network {
    /// A network of IPv4, for constants: a length of more than 32 does not compile there.
    pub const fn v4(octets: [u8; 4], length: u8) -> Self {
        let [a, b, c, d] = octets;
        Self(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)))
    }

    /// A network of IPv6 by its first three groups and its last, for constants: a length of more
    /// than 128 does not compile there.
    pub const fn v6(start: [u16; 3], last: u16, length: u8) -> Self {
        let [a, b, c] = start;
        let address = Ipv6Addr::new(a, b, c, 0, 0, 0, 0, last);
        Self(IpNet::V6(Ipv6Net::new_assert(address, length)))
    }

    /// Where it begins.
    pub fn address(&self) -> IpAddr {
        self.0.network()
    }

    /// How many bits its addresses have in common.
    pub fn length(&self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether an address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether all addresses of another lie in it.
    pub fn holds(&self, smaller: &Self) -> bool {
        self.0.contains(&smaller.0)
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let net: IpNet = match text.contains('/') {
            true => text.parse().map_err(|_| NoNetwork)?,
            false => text.parse::<IpAddr>().map_err(|_| NoNetwork)?.into(),
        };
        if net.addr() != net.network() {
            return Err(NoNetwork);
        }
        match (net, net.addr().to_canonical()) {
            (IpNet::V6(_), canonical @ IpAddr::V4(_)) => {
                let length = net.prefix_len().checked_sub(96).ok_or(NoNetwork)?;
                Ok(Self(IpNet::new(canonical, length).map_err(|_| NoNetwork)?))
            }
            _ => Ok(Self(net)),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.prefix_len() == self.0.max_prefix_len() {
            true => self.0.addr().fmt(out),
            false => self.0.fmt(out),
        }
    }
}

impl TryFrom<String> for Network {
    type Error = NoNetwork;

    fn try_from(text: String) -> Result<Self, NoNetwork> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    fn contains(text: &str, address: &str) -> bool {
        network(text).contains(address.parse().unwrap())
    }

    #[test]
    fn networks_contain_what_they_say() {
        assert!(contains("10.1.0.0/16", "10.1.2.3") && !contains("10.1.0.0/16", "10.2.2.3"));
        assert!(contains("10.1.0.0/16", "::ffff:10.1.2.3"));
        assert!(contains("::ffff:10.1.0.0/112", "10.1.2.3"));
        assert!(contains("0.0.0.0/0", "9.9.9.9") && !contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("2001:db8::/32", "2001:db8:1::7") && !contains("2001:db8::/32", "::1"));
        assert!(contains("192.168.1.5", "192.168.1.5") && !contains("192.168.1.5", "192.168.1.6"));
        assert!(network("10.0.0.0/8").holds(&network("10.1.0.0/16")));
        assert!(!network("10.1.0.0/16").holds(&network("10.0.0.0/8")));
    }

    #[test]
    fn what_is_written_down_is_read_back() {
        for text in ["10.1.0.0/16", "192.168.1.5", "2001:db8::/32", "::1", "0.0.0.0/0", "::/0"] {
            assert_eq!(network(text).to_string(), text);
        }
        assert_eq!(network("::ffff:10.1.0.0/112").to_string(), "10.1.0.0/16");
        assert_eq!(network("10.1.2.3/32").to_string(), "10.1.2.3");
    }

    #[test]
    fn what_is_none_is_not_taken_for_one() {
        let wrong = " /24 192.168.1.5/24 192.168.1.0/33 192.168.1.0/ 192.168.1.0/-1 10.0.0.0/+8 \
            ::/129 ::ffff:0:0/95 10.1 0x7f.1 2130706433 [::1] localhost 1.2.3.4:80 fe80::1%eth0";
        for text in wrong.split_whitespace().chain([""]) {
            assert!(text.parse::<Network>().is_err(), "{text:?}");
        }
    }
}
