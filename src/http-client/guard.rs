//! Which addresses an endpoint may have. Checked when connecting, on what the name resolved to at that moment: a name that
//! pointed elsewhere when the directory was written, or changes between two look-ups, gets no further.
//!
//! Refused unless the endpoint allows private addresses: this host (loopback, unspecified), private and shared networks
//! (RFC 1918, RFC 6598, unique local), link-local (cloud metadata lives there), the platform address 168.63.129.16,
//! multicast, broadcast, everything that the IANA special-purpose registries set apart, and every IPv6 form that carries an IPv4
//! address inside (mapped, compatible, NAT64, 6to4, Teredo): such a form could name any of the others.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A reqwest resolver that gives only addresses that may be connected to.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    pub allow_private: bool,
}

/// A name or a URL led only to addresses that are not allowed.
#[derive(Debug, thiserror::Error)]
#[error(
    "its address {address} is {class}: correct the endpoint's url or the name's DNS record, or set allow_private on the endpoint if the receiver is meant to be inside"
)]
pub struct Forbidden {
    pub address: IpAddr,
    pub class: &'static str,
}

impl Guard {
    /// # Errors
    /// Where the address is one of those that the module names.
    pub fn check(self, address: IpAddr) -> Result<(), Forbidden> {
        let class = match address {
            IpAddr::V4(v4) => special_v4(v4),
            IpAddr::V6(v6) => special_v6(v6),
        };
        match class {
            Some(class) if !self.allow_private => Err(Forbidden { address, class }),
            _ => Ok(()),
        }
    }

    /// Keeps what is allowed; an error only where that leaves nothing.
    fn sift(self, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Forbidden> {
        let (mut allowed, mut forbidden) = (Vec::with_capacity(found.len()), None);
        for address in found {
            match self.check(address.ip()) {
                Ok(()) => allowed.push(address),
                Err(error) => forbidden = Some(error),
            }
        }
        match forbidden {
            Some(error) if allowed.is_empty() => Err(error),
            _ => Ok(allowed),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(guard.sift(found)?.into_iter()) as Addrs)
        })
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (0, ..) => Some("unspecified"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("private"),
        (100, 64..=127, _) => Some("shared by carriers (CGNAT)"),
        (127, ..) => Some("loopback"),
        (169, 254, _) => Some("link-local, where cloud metadata lives"),
        (168, 63, 129) if address.octets()[3] == 16 => Some("a cloud platform's own"),
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => Some("set apart for special purposes"),
        (224..=239, ..) => Some("multicast"),
        (240.., ..) => Some("reserved"),
        _ => None,
    }
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        [0, 0, 0, 0, 0, 0xffff | 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => Some("an IPv4 address in disguise"),
        [0x64, 0xff9b, ..] | [0x2002, ..] | [0x2001, 0, ..] => Some("an IPv4 address in disguise (NAT64, 6to4, Teredo)"),
        [0xfc00..=0xfdff, ..] => Some("private (unique local)"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        [0x2001, 0..=0x01ff | 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Some("set apart for special purposes"),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("outside global unicast"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> bool {
        Guard { allow_private: false }.check(address.parse().unwrap()).is_err()
    }

    #[test]
    fn inside_addresses_are_refused() {
        let inside = "127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.127.255.255 \
                      169.254.169.254 168.63.129.16 192.0.0.192 192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1 \
                      239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 \
                      64:ff9b:1::a00:1 2002:7f00:1:: 2001:0:1::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 2001:db8::1 2001:2::1 3fff::1 100::1 5f00::1";
        for address in inside.split_whitespace() {
            assert!(refused(address), "{address}");
        }
    }

    #[test]
    fn outside_addresses_pass_and_allowed_ones_too() {
        for address in
            "8.8.8.8 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 168.63.129.17 192.0.1.1 223.255.255.255 2a00:1450:4009::1 2606:4700::1111"
                .split(' ')
        {
            assert!(!refused(address), "{address}");
        }
        assert!(Guard { allow_private: true }.check("127.0.0.1".parse().unwrap()).is_ok());
    }

    #[test]
    fn a_name_with_both_kinds_keeps_the_outside_ones() {
        let guard = Guard { allow_private: false };
        let both = ["10.0.0.1:0", "8.8.8.8:0"].map(|text| text.parse::<SocketAddr>().unwrap()).to_vec();
        assert_eq!(guard.sift(both.clone()).unwrap(), both[1..]);
        assert_eq!(guard.sift(both[..1].to_vec()).unwrap_err().class, "private");
    }
}
