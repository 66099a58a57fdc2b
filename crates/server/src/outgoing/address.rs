//! Which addresses may be called (security 112, 113: requests made by a server reach what nobody outside can).
//!
//! Public ones are what the IANA special-purpose registries call globally reachable, less what clouds answer with secrets on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::Network;

/// IPv4 networks that are not public (RFC 6890 and the registry it began).
const NOT_PUBLIC_V4: &[([u8; 4], u8)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10), // shared address space, RFC 6598
    ([127, 0, 0, 0], 8),
    ([168, 63, 129, 16], 32), // public in form, and on every machine of one cloud its host
    ([169, 254, 0, 0], 16),   // link-local, with the metadata services of most clouds
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 3), // multicast, reserved, broadcast
];

/// The only part of IPv6 that is handed out as global unicast (RFC 3587 §3).
const GLOBAL_V6: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Parts of it that are not public.
const NOT_PUBLIC_V6: &[([u16; 8], u8)] = &[
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments, Teredo among them: an IPv4 address within
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4: an IPv4 address within
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

/// NAT64 (RFC 6052 §2.1): the last 32 bits are the IPv4 address that is called.
const NAT64: ([u16; 8], u8) = ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// What may be called beside public addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Permissions {
    /// Loopback is this developer's own machine.
    pub(super) development: bool,
    /// What the operator allows.
    pub(super) networks: Vec<Network>,
}

impl Permissions {
    /// Whether this address may be called.
    pub(super) fn permit(&self, address: IpAddr) -> bool {
        is_public(address)
            || (self.development && address.to_canonical().is_loopback())
            || self.networks.iter().any(|network| network.contains(address))
    }
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) if within_v6(address, NAT64) => {
            let [.., a, b, c, d] = address.octets();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V6(address) => {
            within_v6(address, GLOBAL_V6) && !NOT_PUBLIC_V6.iter().any(|network| within_v6(address, *network))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(network, prefix): &([u8; 4], u8)| {
        (u32::from(address) ^ u32::from_be_bytes(*network)) >> (32 - u32::from(*prefix)) == 0
    };
    !NOT_PUBLIC_V4.iter().any(within)
}

fn within_v6(address: Ipv6Addr, (network, prefix): ([u16; 8], u8)) -> bool {
    (u128::from(address) ^ u128::from(Ipv6Addr::from(network))) >> (128 - u32::from(prefix)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn what_only_this_machine_or_its_network_reaches_is_not_public() {
        for text in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn what_everybody_reaches_is_public() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "128.0.0.1",
            "168.63.129.17",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2001:200::1",
            "2606:4700::1111",
            "2a00::1",
        ] {
            assert!(public(text), "{text}");
        }
    }

    #[test]
    fn an_operator_allows_networks_and_development_loopback() {
        let [inside, loopback, link] = ["10.1.2.3", "127.0.0.1", "169.254.169.254"].map(|text| text.parse().unwrap());
        let none = Permissions::default();
        assert!(!none.permit(inside) && !none.permit(loopback) && none.permit("1.1.1.1".parse().unwrap()));
        let some = Permissions { networks: vec!["10.1.0.0/16".parse().unwrap()], development: false };
        assert!(some.permit(inside) && some.permit("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!some.permit("10.2.0.1".parse().unwrap()) && !some.permit(loopback));
        let development = Permissions { development: true, networks: Vec::new() };
        assert!(development.permit(loopback) && development.permit("::1".parse().unwrap()));
        assert!(!development.permit(inside) && !development.permit(link));
    }
}
