//! Who asks, where a proxy that ends TLS stands in front.

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    http::{HeaderMap, HeaderName},
    middleware::{Next, from_fn},
};
use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Lets requests that come from `trusted` addresses be those of whom their `X-Forwarded-For` names. To be laid around all
/// other layers, since limits, sessions and the audit log go by the address.
pub fn behind_proxies(router: Router, trusted: &[IpNet]) -> Router {
    if trusted.is_empty() {
        return router;
    }
    let trusted: Arc<[IpNet]> = trusted.into();
    router.layer(from_fn(move |mut request: Request, next: Next| {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        if let Some(peer) = peer {
            let client = client_behind(peer.ip(), request.headers(), &trusted);
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, peer.port())));
        }
        next.run(request)
    }))
}

/// Each proxy adds whom it was asked by at the end of the header: from there on, the first that is no proxy of ours is who
/// asks. What stands before it is what they say of themselves.
fn client_behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let hops = headers.get_all(FORWARDED_FOR).into_iter().rev();
    let hops = hops.flat_map(|value| value.to_str().unwrap_or_default().rsplit(',').map(str::trim));
    let mut client = peer.to_canonical();
    for hop in hops {
        match address(hop) {
            Some(before) if is_trusted(client) => client = before,
            _ => break,
        }
    }
    client
}

/// An address, which some proxies write with a port.
fn address(hop: &str) -> Option<IpAddr> {
    let plain = hop.parse().ok();
    let address = plain.or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let trusted =
            ["10.0.0.0/8", "127.0.0.1/32", "fd00::/8"].map(|network| network.parse().expect("a network"));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(value).expect("a value"));
        }
        client_behind(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn whoever_is_no_proxy_is_who_they_are_whatever_they_say() {
        assert_eq!(client("203.0.113.5", &[]), "203.0.113.5");
        assert_eq!(client("203.0.113.5", &["198.51.100.1"]), "203.0.113.5");
        assert_eq!(client("::ffff:203.0.113.5", &["198.51.100.1"]), "203.0.113.5");
    }

    #[test]
    fn behind_proxies_it_is_the_last_that_is_none_of_them() {
        assert_eq!(client("127.0.0.1", &["203.0.113.5"]), "203.0.113.5");
        assert_eq!(client("::ffff:127.0.0.1", &["203.0.113.5"]), "203.0.113.5");
        assert_eq!(client("127.0.0.1", &["198.51.100.1, 203.0.113.5, 10.1.2.3"]), "203.0.113.5");
        assert_eq!(client("127.0.0.1", &["198.51.100.1", "203.0.113.5", "10.1.2.3"]), "203.0.113.5");
        assert_eq!(client("fd00::1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(client("127.0.0.1", &["203.0.113.5:4711"]), "203.0.113.5");
    }

    #[test]
    fn what_is_no_address_ends_the_way() {
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &[""]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["203.0.113.5, unknown, 10.1.2.3"]), "10.1.2.3");
        assert_eq!(client("127.0.0.1", &["10.0.0.1, 10.0.0.2"]), "10.0.0.1");
    }
}
