//! Asking name servers whether a record stands where only the owner of a domain could put it.

use crate::IdentityError;
use hickory_resolver::proto::rr::{Name, RData};
use memoreel_outbound::name_servers;
use std::net::SocketAddr;

/// Whether one of the text records of `name` says exactly `text`. `server` is asked instead of the system's name servers.
///
/// # Errors
/// [`IdentityError::DnsUnavailable`] when nobody answers.
pub(crate) async fn has_text(
    server: Option<SocketAddr>,
    name: &str,
    text: &str,
) -> Result<bool, IdentityError> {
    let unavailable = |error: &dyn std::fmt::Display| {
        tracing::warn!(name, %error, "no name server answers");
        IdentityError::DnsUnavailable
    };
    let mut name_of_root = Name::from_ascii(name).map_err(|_| IdentityError::DomainInvalid)?;
    // Or else the system's own search domains would be tried.
    name_of_root.set_fqdn(true);
    // Made anew for each question, so that no answer of before is remembered.
    let resolver = name_servers(server).map_err(|error| unavailable(&error))?;
    match resolver.txt_lookup(name_of_root).await {
        Ok(found) => Ok(found.answers().iter().any(|record| match &record.data {
            // A long text comes in parts.
            RData::TXT(record) => record.txt_data.concat() == text.as_bytes(),
            _ => false,
        })),
        Err(error) if error.is_no_records_found() => Ok(false),
        Err(error) => Err(unavailable(&error)),
    }
}
