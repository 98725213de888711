//! The HTTP client that speaks to providers: it waits and reads only so much, follows nothing, and speaks in the clear to this
//! machine alone.

use crate::IdentityError;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use std::{net::IpAddr, pin::Pin, time::Duration};
use url::{Host, Url};

const CONNECT_WAIT: Duration = Duration::from_secs(5);
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// Of keys, descriptions and tokens; real ones have a hundredth of it.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Why a provider could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderHttpError {
    #[error("{0} is neither https nor on this machine")]
    Insecure(Url),
    #[error("the answer is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Malformed(#[from] http::Error),
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ProviderHttp(reqwest::Client);

impl ProviderHttp {
    pub(crate) fn new() -> Result<Self, IdentityError> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_WAIT)
            .timeout(ANSWER_WAIT)
            // A redirect could carry the client's secret to another host.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("memoreel/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(Self).map_err(IdentityError::HttpClient)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ProviderHttpError> {
        let request = reqwest::Request::try_from(request)?;
        if !is_secure(request.url()) {
            return Err(ProviderHttpError::Insecure(request.url().clone()));
        }
        let mut answer = self.0.execute(request).await?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = answer.headers().clone();
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(ProviderHttpError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }
}

/// Whether nobody on the way to the address can listen or answer instead: it is https, or on this machine.
pub fn is_secure(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

impl<'c> AsyncHttpClient<'c> for ProviderHttp {
    type Error = ProviderHttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, ProviderHttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for (address, secure) in [
            ("https://id.example.com/token", true),
            ("http://127.0.0.1:4000/token", true),
            ("http://[::1]/token", true),
            ("http://localhost:4000", true),
            ("http://id.example.com/token", false),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1/token", false),
            ("ftp://localhost/token", false),
        ] {
            assert_eq!(is_secure(&address.parse().expect("an address")), secure, "{address}");
        }
    }
}
