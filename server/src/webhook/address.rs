//! Where a webhook may be sent. Whoever administers a tenant names the address, so it must not lead to what only this
//! server can reach: names are resolved here, and the connection is made to an address that was checked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::Uri;

/// Characters of an address at most.
const URL_CHARACTERS_MAX: usize = 2_048;

/// Why nothing is sent to an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    /// It is no address of the web.
    #[error("must be an https URL of at most {URL_CHARACTERS_MAX} characters, without credentials or fragment")]
    Malformed,
    /// The name does not resolve.
    #[error("the name does not resolve")]
    Unresolved,
    /// It is, or resolves to, addresses that are not public.
    #[error("it leads to an address that is not public")]
    Private,
}

/// The parts of a URL that a request needs.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(super) uri: Uri,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_tls: bool,
}

impl Target {
    /// Parses a URL; one without TLS only if private addresses are allowed.
    pub(crate) fn parse(text: &str, allow_private: bool) -> Result<Self, AddressError> {
        if text.len() > URL_CHARACTERS_MAX || text.contains('#') {
            return Err(AddressError::Malformed);
        }
        let uri: Uri = text.parse().map_err(|_| AddressError::Malformed)?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if allow_private => false,
            _ => return Err(AddressError::Malformed),
        };
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(AddressError::Malformed);
        }
        let host = uri.host().ok_or(AddressError::Malformed)?.trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        Ok(Self { uri, host, port, is_tls })
    }

    /// The addresses that may be connected to.
    pub(crate) async fn resolve(&self, allow_private: bool) -> Result<Vec<SocketAddr>, AddressError> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let found: Vec<SocketAddr> = found.map_err(|_| AddressError::Unresolved)?.collect();
        if found.is_empty() {
            return Err(AddressError::Unresolved);
        }
        // One private address among others is refused with them: the name is not what it pretends to be.
        match allow_private || found.iter().all(|address| is_public(address.ip())) {
            true => Ok(found),
            false => Err(AddressError::Private),
        }
    }
}

/// Returns true for an address that everybody can reach.
/// Source: the registries of special-purpose addresses of IANA (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let special = matches!(
        (first, second, third),
        // This network, private networks, loopback.
        (0 | 10 | 127, _, _) | (172, 16..=31, _) | (192, 168, _)
        // Carrier NAT; link-local, where clouds have their metadata.
        | (100, 64..=127, _) | (169, 254, _)
        // Protocol assignments, documentation, the former relay of 6to4, benchmarks.
        | (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99) | (198, 18..=19, _)
        // Multicast, reserved, broadcast.
        | (224..=255, _, _)
    );
    // Metadata and hosts of a large cloud, at a public address.
    !special && address != Ipv4Addr::new(168, 63, 129, 16)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // An IPv4 address in other clothes is judged as that.
    if let Some(address) = address.to_ipv4_mapped() {
        return is_public_v4(address);
    }
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        // NAT64 and 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => is_public_v4(embedded(high, low)),
        // Teredo, ORCHID and the like; documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, ..] => false,
        // Only 2000::/3 is given out: all else is loopback, local, multicast or reserved.
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h7_addresses_that_only_this_server_reaches_are_refused() {
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "192.0.0.192",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "193.0.0.1",
            "::ffff:1.1.1.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[tokio::test]
    async fn h7_whatever_a_literal_address_is_written_as_it_is_checked() {
        for url in ["https://127.0.0.1/x", "https://[::1]:8443/", "https://localhost/", "https://[::ffff:10.0.0.1]/"] {
            let target = Target::parse(url, false).unwrap();
            assert_eq!(target.resolve(false).await, Err(AddressError::Private), "{url}");
            assert!(target.resolve(true).await.is_ok(), "{url}");
        }
        // The resolver of the system may read these as 127.0.0.1: that is what is judged then.
        for url in ["https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/"] {
            let target = Target::parse(url, false).unwrap();
            assert!(target.resolve(false).await.is_err(), "{url}");
        }
        for url in
            ["http://example.org/", "ftp://example.org/", "https://a:b@example.org/", "https:///x", "example", ""]
        {
            assert_eq!(Target::parse(url, false).unwrap_err(), AddressError::Malformed, "{url}");
        }
        assert!(Target::parse("http://127.0.0.1:1/x", true).is_ok());
    }
}
