//! What this machine is called, and at which addresses others find it.
//!
//! Both are read from the kernel: the system's resolver is not in a static binary, and asking it
//! would take as long as the network wants.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Nobody answers there, and connecting a datagram socket sends nothing: it only makes the
/// kernel choose the address it would use.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// What the machine calls itself, if that can be a name in a certificate.
pub(super) fn host() -> Option<String> {
    // A service may be kept from the first.
    let places = ["/proc/sys/kernel/hostname", "/etc/hostname"];
    let text = places.iter().find_map(|place| std::fs::read_to_string(place).ok())?;
    host_in(&text)
}

fn host_in(text: &str) -> Option<String> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let good = name.len() <= 253 && name.split('.').all(label);
    (good && name != "localhost" && name.parse::<IpAddr>().is_err()).then_some(name)
}

/// Every address of this machine but those that only it can reach; the one that it uses to reach
/// others comes first.
pub fn addresses() -> Vec<IpAddr> {
    let v4 = std::fs::read_to_string("/proc/self/net/fib_trie").unwrap_or_default();
    let v6 = std::fs::read_to_string("/proc/self/net/if_inet6").unwrap_or_default();
    let mut found: BTreeSet<IpAddr> = v4_in(&v4).into_iter().map(IpAddr::V4).collect();
    found.extend(v6_in(&v6).into_iter().map(IpAddr::V6));
    let first = preferred();
    let rest = found.into_iter().filter(|address| Some(*address) != first);
    let all = first.into_iter().chain(rest);
    all.filter(|address| !address.is_loopback() && !address.is_unspecified()).collect()
}

fn preferred() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(ELSEWHERE).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// The tree of routes: an address stands on a line of its own, and the line after says that it
/// is one of ours.
fn v4_in(text: &str) -> Vec<Ipv4Addr> {
    let lines: Vec<&str> = text.lines().collect();
    let ours = lines.windows(2).filter(|two| two[1].trim().starts_with("/32 host LOCAL"));
    ours.filter_map(|two| two[0].trim().strip_prefix("|-- ")?.parse().ok()).collect()
}

/// The fourth column is the scope: 00 reaches beyond the link. Others need the name of an
/// interface in the address, which browsers refuse.
fn v6_in(text: &str) -> Vec<Ipv6Addr> {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter(|columns| columns.get(3) == Some(&"00"))
        .filter_map(|columns| u128::from_str_radix(columns[0], 16).ok())
        .map(Ipv6Addr::from_bits)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_certificate_can_have_is_none() {
        assert_eq!(host_in("Memoria\n").as_deref(), Some("memoria"));
        assert_eq!(host_in("nas.home.lan").as_deref(), Some("nas.home.lan"));
        for none in ["", "localhost", "a b", "-x", "x_y", "10.0.0.1", "ü", "a..b"] {
            assert_eq!(host_in(none), None, "{none}");
        }
    }

    #[test]
    fn addresses_are_found_in_what_the_kernel_says() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n\
            \x20          |-- 192.168.1.7\n              /32 host LOCAL\n\
            \x20          |-- 192.168.1.255\n              /32 link BROADCAST\n";
        assert_eq!(v4_in(trie), [Ipv4Addr::new(192, 168, 1, 7)]);
        let six = "fd000000000000000000000000000002 04 40 00 82     eth0\n\
                   fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n";
        assert_eq!(v6_in(six), ["fd00::2".parse::<Ipv6Addr>().unwrap()]);
        assert!(v4_in("").is_empty() && v6_in("x y\n").is_empty());
    }
}
