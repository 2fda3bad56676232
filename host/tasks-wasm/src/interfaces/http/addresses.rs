//! Which addresses are public, and a resolver that returns no others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::options::Resolver;

/// A name or address that leads where no grant said.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0} is not a public address; a grant must name it with its port (`http = [\"http://host:port\"]`) to reach it"
)]
pub(super) struct NotPublic(pub(super) String);

/// What a resolver may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Public,
    Anywhere,
}

/// Resolves a name once and returns what may be connected to.
pub(super) struct Filter {
    reach: Reach,
    resolver: Option<Resolver>,
}

impl Filter {
    pub(super) fn new(reach: Reach, resolver: Option<Resolver>) -> Self {
        Self { reach, resolver }
    }
}

impl Resolve for Filter {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, resolver) = (self.reach, self.resolver.clone());
        Box::pin(async move {
            let name = name.as_str();
            let found: Vec<SocketAddr> = match resolver {
                Some(resolver) => resolver.addresses(name),
                None => tokio::net::lookup_host((name, 0)).await?.collect(),
            };
            let (allowed, refused): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|address| reach == Reach::Anywhere || is_public(address.ip()));
            match (allowed.is_empty(), refused.first()) {
                (true, Some(address)) => Err(NotPublic(format!("{name} ({})", address.ip())).into()),
                (true, None) => Err(format!("{name} has no address").into()),
                (false, _) => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// The address of a URL whose host is one. The URL parser has read every spelling of it:
/// decimal, octal, hexadecimal, with parts left out.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// Whether an address belongs to the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match (a, b, c) {
        (0 | 10 | 127, _, _) => true,
        (100, 64..=127, _) => true, // shared by carriers; metadata of one cloud
        (169, 254, _) => true,      // link-local; metadata of most clouds
        (172, 16..=31, _) | (192, 168, _) => true, // private
        (192, 0, 0 | 2) => true,    // protocols, documentation
        (192, 88, 99) => true,      // relays of old
        (198, 18 | 19, _) => true,  // benchmarks
        (198, 51, 100) | (203, 0, 113) => true, // documentation
        (224..=255, _, _) => true,  // multicast, reserved, broadcast
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    match segments {
        // Addresses that carry a version 4 address are judged by it.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(embedded(high, low)),
        [0x2002, high, low, ..] => is_public_v4(embedded(high, low)),
        // Unspecified, loopback and the rest of the range of old version 4 forms.
        [0, 0, 0, 0, ..] => false,
        [0x64, 0xff9b, 1, ..] | [0x100, 0, 0, 0, ..] => false,
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        // Public addresses are given out of 2000::/3.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses() {
        for text in [
            "1.1.1.1",
            "93.184.216.34",
            "100.63.0.1",
            "172.32.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn addresses_that_are_not() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "127.0.0.1",
            "127.255.0.9",
            "100.64.0.1",
            "100.100.100.200",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "100::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }
}
