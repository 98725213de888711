//! Asking for the addresses of a name, and keeping to those that may be spoken to.

use crate::{AddressPolicy, OutboundError};
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::Name as DnsName,
};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

const WAIT: Duration = Duration::from_secs(3);
const TRIES: usize = 2;

/// What asks name servers: the given one, or the system's own. It remembers nothing.
///
/// # Errors
/// When the system's own cannot be found out.
pub fn name_servers(server: Option<SocketAddr>) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        None => TokioResolver::builder_tokio()?,
        Some(address) => {
            let on_port = |mut connection: ConnectionConfig| {
                connection.port = address.port();
                connection
            };
            let connections = vec![on_port(ConnectionConfig::udp()), on_port(ConnectionConfig::tcp())];
            let server = NameServerConfig::new(address.ip(), true, connections);
            let config = ResolverConfig::from_name_servers(vec![server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    options.timeout = WAIT;
    options.attempts = TRIES;
    options.cache_size = 0;
    builder.build()
}

/// Gives the client the addresses of a name that may be spoken to, and no others. The client connects to what it is given.
#[derive(Debug, Clone)]
pub(crate) struct CheckedNames {
    pub(crate) policy: Arc<AddressPolicy>,
    /// Asked instead of the system, which also knows names of its own network.
    pub(crate) server: Option<SocketAddr>,
}

impl CheckedNames {
    async fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        let found: Vec<IpAddr> = match self.server {
            None => tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect(),
            Some(_) => {
                let mut name = DnsName::from_ascii(name)?;
                // Or else the system's own search domains would be tried.
                name.set_fqdn(true);
                name_servers(self.server)?.lookup_ip(name).await?.iter().collect()
            }
        };
        let admitted: Vec<SocketAddr> = found
            .into_iter()
            .filter(|address| self.policy.admits(*address))
            .map(|address| SocketAddr::new(address, 0))
            .collect();
        if admitted.is_empty() { Err(Box::new(OutboundError::Private)) } else { Ok(admitted) }
    }
}

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let addresses = names.addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
