//! Requests of the server to the outside: a client that only reaches public addresses.
//!
//! In: an address that somebody else chose (a trigger, a webhook's owner). Out: a [`reqwest::Client`]
//! that follows no redirects and whose names resolve to public addresses only, so that nobody makes the
//! server talk to its own network. Addresses written as numbers never reach the resolver and are checked
//! by [`check_url`]. Ranges: the special-purpose registries of IANA (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Time for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How far requests may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Public addresses only.
    #[default]
    Public,
    /// And this machine itself.
    Loopback,
    /// Wherever the name leads.
    Any,
}

impl Reach {
    /// Whether an address is within reach.
    pub fn allows(self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Loopback => ip.to_canonical().is_loopback() || is_public(ip),
            Self::Public => is_public(ip),
        }
    }
}

/// Why a request is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("not an http or https address")]
    Scheme,
    #[error("an address that is not public")]
    NotPublic,
}

/// The client. Timeouts of whole requests are the caller's.
///
/// # Errors
/// When the system's certificates cannot be used.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    client_within(Reach::Public)
}

/// As [`client`], with another reach.
///
/// # Errors
/// As [`client`].
pub fn client_within(reach: Reach) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .user_agent(concat!("oppbase/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .no_proxy()
        .dns_resolver(Arc::new(Within(reach)))
        .build()
}

/// Refuses other schemes and numeric addresses that are not public.
///
/// # Errors
/// [`Refusal`].
pub fn check_url(url: &Url) -> Result<(), Refusal> {
    check_url_within(url, Reach::Public)
}

/// As [`check_url`], with another reach.
///
/// # Errors
/// [`Refusal`].
pub fn check_url_within(url: &Url, reach: Reach) -> Result<(), Refusal> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refusal::Scheme);
    }
    match url.host() {
        Some(Host::Domain(_)) => Ok(()),
        Some(Host::Ipv4(ip)) if reach.allows(ip.into()) => Ok(()),
        Some(Host::Ipv6(ip)) if reach.allows(ip.into()) => Ok(()),
        _ => Err(Refusal::NotPublic),
    }
}

/// Resolves as the system does and drops what is out of reach.
struct Within(Reach);

impl Resolve for Within {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|at| reach.allows(at.ip())).collect();
            if allowed.is_empty() {
                return Err(Refusal::NotPublic.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_special = a == 0
        || a == 10
        || a == 127
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 168)
        || (a == 198 && (b == 18 || b == 19))
        || matches!(
            (a, b, c),
            (192, 0, 0) | (192, 0, 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113)
        );
    !is_special
}

/// Only 2000::/3 is given out; within it, the tunnels that carry an IPv4 address are judged by that.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(mapped) = ip.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let [a, b, c, ..] = ip.segments();
    let [high, low] = [b.to_be_bytes(), c.to_be_bytes()];
    match a {
        0x2002 => is_public_v4(Ipv4Addr::new(high[0], high[1], low[0], low[1])),
        0x2001 => b >= 0x200 && b != 0xdb8,
        0x3fff => false,
        _ => (0x2000..0x4000).contains(&a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_networks_and_machines_are_not_public() {
        for ip in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "64:ff9b::a00:1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.167.1.1",
            "2606:4700::1111",
            "2002:101:101::",
        ] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn loopback_may_be_allowed_without_the_network_around_it() {
        for (ip, allowed) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("1.1.1.1", true),
            ("10.0.0.1", false),
            ("169.254.169.254", false),
            ("fd12::1", false),
            ("0.0.0.0", false),
        ] {
            assert_eq!(Reach::Loopback.allows(ip.parse().unwrap()), allowed, "{ip}");
            assert!(Reach::Any.allows(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn numeric_addresses_are_checked_however_they_are_written() {
        let check = |text: &str| check_url(&Url::parse(text).unwrap());
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "https://[::1]:1/",
            "http://[::ffff:10.0.0.1]/",
            "http://0/",
        ] {
            assert_eq!(check(text), Err(Refusal::NotPublic), "{text}");
        }
        assert_eq!(check("file:///etc/passwd"), Err(Refusal::Scheme));
        assert_eq!(check("https://example.com/"), Ok(()));
    }
}
