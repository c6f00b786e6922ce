//! Which network addresses a person who is not the admin may make this server call.
//!
//! Follows IANA's special-purpose address registries (RFC 6890 and its updates), and is stricter
//! where a range reaches hosts nobody means to publish.

use std::net::{IpAddr, Ipv6Addr};

use crate::kernel::Network;

/// Whether an address is an ordinary public host on the internet.
pub fn is_global_unicast(address: IpAddr) -> bool {
    let closed = |networks: &[Network]| networks.iter().any(|network| network.contains(address));
    match address {
        IpAddr::V4(_) => !closed(&CLOSED_V4),
        IpAddr::V6(v6) => is_delegated(v6) && !closed(&CLOSED_V6),
    }
}

/// The IPv4 ranges that are never a public host.
const CLOSED_V4: [Network; 18] = [
    Network::v4([0, 0, 0, 0], 8),
    Network::v4([10, 0, 0, 0], 8),
    Network::v4([100, 64, 0, 0], 10),
    Network::v4([127, 0, 0, 0], 8),
    // Azure's metadata service wears a public address.
    Network::v4([168, 63, 129, 16], 32),
    Network::v4([169, 254, 0, 0], 16),
    Network::v4([172, 16, 0, 0], 12),
    Network::v4([192, 0, 0, 0], 24),
    Network::v4([192, 0, 2, 0], 24),
    Network::v4([192, 31, 196, 0], 24),
    Network::v4([192, 52, 193, 0], 24),
    Network::v4([192, 88, 99, 0], 24),
    Network::v4([192, 168, 0, 0], 16),
    Network::v4([192, 175, 48, 0], 24),
    Network::v4([198, 18, 0, 0], 15),
    Network::v4([198, 51, 100, 0], 24),
    Network::v4([203, 0, 113, 0], 24),
    // Multicast, reserved and broadcast.
    Network::v4([224, 0, 0, 0], 3),
];

/// Ranges inside `2000::/3` that tunnel to IPv4, identify nobody, or are for documents.
const CLOSED_V6: [Network; 4] = [
    Network::v6([0x2001, 0, 0], 0, 23),
    Network::v6([0x2001, 0xdb8, 0], 0, 32),
    Network::v6([0x2002, 0, 0], 0, 16),
    Network::v6([0x3fff, 0, 0], 0, 20),
];

/// Everything public is delegated from `2000::/3`, so mapped, translated, local and multicast
/// addresses need no list of their own.
fn is_delegated(address: Ipv6Addr) -> bool {
    address.to_bits() >> 125 == 0b001
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_hosts_are_open() {
        for text in ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450::1"] {
            assert!(is_global_unicast(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn everything_else_is_closed() {
        let closed = "0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 100.127.255.255 \
            127.0.0.1 127.255.255.254 168.63.129.16 169.254.169.254 172.16.0.1 172.31.255.255 \
            192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 \
            198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 \
            :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 \
            100::1 2001::1 2001:10::1 2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1 fc00::1 \
            fd00:ec2::254 fe80::1 fec0::1 ff02::1";
        for text in closed.split_whitespace() {
            assert!(!is_global_unicast(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn the_neighbours_of_closed_ranges_are_open() {
        for text in ["100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "198.20.0.1"] {
            assert!(is_global_unicast(text.parse().unwrap()), "{text}");
        }
    }
}
