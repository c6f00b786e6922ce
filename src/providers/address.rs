//! Which network addresses a person who is not the admin may make this server call.
//!
//! Follows IANA's special-purpose address registries (RFC 6890 and its updates), and is stricter
//! where a range reaches hosts nobody means to publish.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is an ordinary public host on the internet.
pub fn is_global_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => is_global_v6(v6),
    }
}

/// Network and prefix length of the IPv4 ranges that are never a public host.
const CLOSED_V4: [(Ipv4Addr, u32); 18] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Azure's metadata service wears a public address.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, reserved and broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

fn is_global_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    CLOSED_V4.iter().all(|(network, length)| {
        let mask = u32::MAX << (32 - length);
        bits & mask != network.to_bits()
    })
}

/// Ranges inside `2000::/3` that tunnel to IPv4, identify nobody, or are for documents.
const CLOSED_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn is_global_v6(address: Ipv6Addr) -> bool {
    // Everything public is delegated from 2000::/3, so mapped, translated, local and multicast
    // addresses need no list of their own.
    let bits = address.to_bits();
    bits >> 125 == 0b001
        && CLOSED_V6.iter().all(|(network, length)| {
            let mask = u128::MAX << (128 - length);
            bits & mask != network.to_bits()
        })
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
