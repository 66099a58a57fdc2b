//! Where the server listens and which proxies it believes.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where the server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

impl Listen {
    /// Whether only this machine can reach it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }

    /// The TCP port, if it has one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(address) => Some(address.port()),
            Self::Unix(_) => None,
        }
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err("names no path; write unix:/run/symbolon/http.sock".into()),
                path => Ok(Self::Unix(PathBuf::from(path))),
            };
        }
        // Names are not looked up here: an answer that depends on a resolver is no configuration. `localhost` is the exception people type.
        if let Some(port) = text.strip_prefix("localhost:") {
            let port = port.parse().map_err(|_| format!("`{port}` is not a port number"))?;
            return Ok(Self::Tcp(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)));
        }
        text.parse().map(Self::Tcp).map_err(|_| {
            format!(
                "`{text}` is not an address and port; write 127.0.0.1:4400, [::1]:4400 or unix:/run/symbolon/http.sock"
            )
        })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// One address, or a network of them (`10.0.0.0/8`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether every address of its kind lies in it.
    pub fn is_everybody(&self) -> bool {
        self.prefix == 0
    }

    /// Whether `address` lies in it. An IPv4 address mapped into IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                same_prefix(&network.octets(), &address.octets(), self.prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(&network.octets(), &address.octets(), self.prefix)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("`{text}` is not an address or network; write 10.0.0.7 or 10.0.0.0/8"))?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|prefix| *prefix <= longest)
                .ok_or_else(|| format!("`/{prefix}` in `{text}` is not a prefix length between 0 and {longest}"))?,
        };
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

fn same_prefix(one: &[u8], other: &[u8], prefix: u8) -> bool {
    let (whole, bits) = (usize::from(prefix / 8), prefix % 8);
    if one[..whole] != other[..whole] {
        return false;
    }
    bits == 0 || (one[whole] ^ other[whole]) >> (8 - bits) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_sockets_and_localhost_are_understood() {
        for (text, shown, local) in [
            ("127.0.0.1:4400", "127.0.0.1:4400", true),
            ("localhost:80", "127.0.0.1:80", true),
            ("[::1]:4400", "[::1]:4400", true),
            ("0.0.0.0:443", "0.0.0.0:443", false),
            ("unix:/run/s.sock", "unix:/run/s.sock", true),
        ] {
            let listen: Listen = text.parse().unwrap();
            assert_eq!((listen.to_string().as_str(), listen.is_local()), (shown, local));
        }
    }

    #[test]
    fn names_bare_ports_and_nonsense_are_refused() {
        for text in [
            "",
            "4400",
            ":4400",
            "example.com:4400",
            "localhost",
            "localhost:x",
            "localhost:70000",
            "127.0.0.1",
            "unix:",
            "::1:4400",
        ] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_network_holds_its_own_addresses_only() {
        let check = |network: &str, address: &str, expected: bool| {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), expected, "{network} {address}");
        };
        check("10.0.0.0/8", "10.255.3.4", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("192.168.1.128/25", "192.168.1.200", true);
        check("192.168.1.128/25", "192.168.1.100", false);
        check("127.0.0.1", "127.0.0.1", true);
        check("127.0.0.1", "127.0.0.2", false);
        check("127.0.0.1", "::ffff:127.0.0.1", true);
        check("0.0.0.0/0", "8.8.8.8", true);
        check("0.0.0.0/0", "::1", false);
        check("fd00::/8", "fd12::1", true);
        check("fd00::/8", "fe80::1", false);
        for text in ["", "10.0.0.0/33", "10.0.0/8", "example.com", "10.0.0.0/", "10.0.0.0/-1", "::1/129"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
