//! Which addresses may be spoken to.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// What is not the public internet, by the registries of IANA for special-purpose addresses (RFC 6890), and what answers to the
/// machines of a cloud alone.
const REFUSED_V4: [(Ipv4Addr, u8); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Behind the address translation of carriers, and of some clouds.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Azure's, for the machine itself.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Link-local, where most clouds keep what they tell a machine about itself.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, reserved and broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// The only part of IPv6 that is public, and what is not public within it: the addresses of protocols (Teredo among them), of
/// documentation, and those that carry an IPv4 address to somewhere else (6to4).
const PUBLIC_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const REFUSED_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Why an address is not spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not one for HTTP.
    #[error("the address must begin with https://")]
    Scheme,
    /// It is in the clear.
    #[error("the address must begin with https://, or others on the way could read along")]
    Plain,
    /// It carries a name or password.
    #[error("the address must hold no user name and no password")]
    Credentials,
    /// It names nobody.
    #[error("the address names no host")]
    Host,
    /// It leads to this machine, its network, or nowhere.
    #[error("the address leads to a private network, which this server does not send to")]
    Private,
}

impl Refusal {
    /// What whoever runs the server can do about it, if there is anything.
    pub fn remedy(self) -> Option<&'static str> {
        match self {
            Self::Plain | Self::Private => Some(
                "Whoever runs this server can allow it: MEMOREEL_OUTBOUND_NETWORKS, MEMOREEL_OUTBOUND_PLAIN_HTTP.",
            ),
            Self::Scheme | Self::Credentials | Self::Host => None,
        }
    }
}

/// What may be spoken to beside the public internet.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    /// Networks that are private and may be spoken to nevertheless.
    pub allowed: Vec<IpNet>,
    /// Whether http is as good as https.
    pub plain_http: bool,
}

impl AddressPolicy {
    /// What can be said of an address before its name is resolved.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check(&self, url: &Url) -> Result<(), Refusal> {
        match url.scheme() {
            "https" => {}
            "http" if self.plain_http => {}
            "http" => return Err(Refusal::Plain),
            _ => return Err(Refusal::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        // The parser has turned every way to write a number into the usual one.
        match url.host() {
            Some(Host::Ipv4(address)) if !self.admits(address.into()) => Err(Refusal::Private),
            Some(Host::Ipv6(address)) if !self.admits(address.into()) => Err(Refusal::Private),
            Some(Host::Domain("")) | None => Err(Refusal::Host),
            Some(Host::Domain(name)) if self.means_this_machine(name) => Err(Refusal::Private),
            Some(_) => Ok(()),
        }
    }

    /// Whether a connection may go to this address.
    pub fn admits(&self, address: IpAddr) -> bool {
        // An IPv4 address in the clothes of IPv6 is what it is.
        let address = address.to_canonical();
        self.allowed.iter().any(|network| network.contains(&address)) || is_public(address)
    }

    /// Names that mean this machine by definition (RFC 6761) are told when they are entered.
    fn means_this_machine(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.');
        let is_local = name == "localhost" || name.ends_with(".localhost");
        is_local && !self.admits(Ipv4Addr::LOCALHOST.into()) && !self.admits(Ipv6Addr::LOCALHOST.into())
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !REFUSED_V4.iter().any(|network| v4(*network).contains(&address)),
        IpAddr::V6(address) => {
            v6(PUBLIC_V6).contains(&address)
                && !REFUSED_V6.iter().any(|network| v6(*network).contains(&address))
        }
    }
}

fn v4((address, prefix): (Ipv4Addr, u8)) -> Ipv4Net {
    Ipv4Net::new_assert(address, prefix)
}

fn v6((address, prefix): (Ipv6Addr, u8)) -> Ipv6Net {
    Ipv6Net::new_assert(address, prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(policy: &AddressPolicy, url: &str) -> Option<Refusal> {
        policy.check(&url.parse().expect(url)).err()
    }

    #[test]
    fn what_is_not_public_is_refused_however_it_is_written() {
        let policy = AddressPolicy::default();
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "0.0.0.0",
            "0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[::127.0.0.1]",
            "[64:ff9b::169.254.169.254]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[2001::1]",
            "[2002:7f00:1::]",
            "localhost",
            "localhost.",
            "hooks.localhost",
            "１２７.0.0.1",
        ] {
            assert_eq!(refusal(&policy, &format!("https://{host}/hook")), Some(Refusal::Private), "{host}");
        }
        for host in
            ["example.com", "1.1.1.1", "172.15.0.1", "172.32.0.1", "[2606:4700::1111]", "localhost.example"]
        {
            assert_eq!(refusal(&policy, &format!("https://{host}/hook")), None, "{host}");
        }
    }

    #[test]
    fn only_https_without_credentials_is_an_address() {
        let policy = AddressPolicy::default();
        for (url, refused) in [
            ("http://example.com", Refusal::Plain),
            ("ftp://example.com", Refusal::Scheme),
            ("file:///etc/passwd", Refusal::Scheme),
            ("gopher://example.com", Refusal::Scheme),
            ("https://ada@example.com", Refusal::Credentials),
            ("https://:secret@example.com", Refusal::Credentials),
        ] {
            assert_eq!(refusal(&policy, url), Some(refused), "{url}");
        }
    }

    #[test]
    fn whoever_runs_the_server_may_open_networks_of_theirs() {
        let allowed = vec!["10.1.0.0/16".parse().unwrap(), "::1/128".parse().unwrap()];
        let policy = AddressPolicy { allowed, plain_http: true };
        for (url, refused) in [
            ("http://10.1.2.3:8080/hook", None),
            ("https://[::ffff:10.1.2.3]/hook", None),
            ("http://[::1]/hook", None),
            ("http://localhost/hook", None),
            ("http://10.2.0.1/hook", Some(Refusal::Private)),
            ("http://127.0.0.1/hook", Some(Refusal::Private)),
        ] {
            assert_eq!(refusal(&policy, url), refused, "{url}");
        }
    }
}
