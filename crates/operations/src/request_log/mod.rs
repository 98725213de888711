//! The log of requests: what was asked and answered, written in batches beside the requests, which never wait for it.
//!
//! What opens something is nowhere in it: of paths, only those of the API are kept, whose ids open nothing, and never a query.

mod body;
mod layer;
mod writer;

pub use layer::record_request;
pub use writer::{RequestLog, RequestLogWriter};

use ipnet::IpNet;
use memoreel_kernel::Timestamp;
use memoreel_web::ServedTo;
use std::{net::IpAddr, sync::Arc};

/// What is kept of the addresses that requests come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AddressPolicy {
    /// The network: 24 bits of IPv4, 48 of IPv6.
    #[default]
    Truncated,
    /// All of it.
    Full,
    /// Nothing.
    None,
}

impl AddressPolicy {
    fn of(self, address: IpAddr) -> Option<IpNet> {
        let address = address.to_canonical();
        let bits = match (self, address) {
            (Self::None, _) => return None,
            (Self::Full, IpAddr::V4(_)) => 32,
            (Self::Full, IpAddr::V6(_)) => 128,
            (Self::Truncated, IpAddr::V4(_)) => 24,
            (Self::Truncated, IpAddr::V6(_)) => 48,
        };
        IpNet::new(address, bits).ok().map(|network| network.trunc())
    }
}

/// A request that was answered, as cheap to make as it can be: what takes work is done where it is written. Thousands of them may wait, so
/// that nothing in it is as long as somebody likes.
#[derive(Debug)]
pub(crate) struct Entry {
    created_at: Timestamp,
    served_to: Option<ServedTo>,
    request_id: Option<String>,
    method: &'static str,
    /// Without one, it is a page of the web app, or nothing.
    route: Option<Arc<str>>,
    /// Where it may be kept.
    path: Option<String>,
    status: u16,
    duration_ms: f32,
    bytes_in: u64,
    bytes_out: u64,
    address: Option<IpAddr>,
    user_agent: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_the_network_is_kept_unless_asked_for_otherwise() {
        let kept = |policy: AddressPolicy, address: &str| {
            policy.of(address.parse().expect("an address")).map(|network| network.to_string())
        };
        let network = |text: &str| Some(text.to_owned());
        assert_eq!(kept(AddressPolicy::Truncated, "203.0.113.77"), network("203.0.113.0/24"));
        assert_eq!(kept(AddressPolicy::Truncated, "::ffff:203.0.113.77"), network("203.0.113.0/24"));
        assert_eq!(kept(AddressPolicy::Truncated, "2001:db8:1:2:3::4"), network("2001:db8:1::/48"));
        assert_eq!(kept(AddressPolicy::Full, "203.0.113.77"), network("203.0.113.77/32"));
        assert_eq!(kept(AddressPolicy::None, "203.0.113.77"), None);
    }
}
