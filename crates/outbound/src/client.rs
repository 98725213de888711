//! The HTTP client: it connects to checked addresses, follows redirects only where that is asked for, and says in a word why a request
//! failed.

use crate::{AddressPolicy, Refusal, names::CheckedNames};
use reqwest::{
    Client, Request, RequestBuilder, Response, StatusCode,
    header::{HeaderMap, LOCATION},
    redirect::Policy,
};
use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};
use url::Url;

const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// Until the head of what is fetched is there.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// Connections to one host that wait for the next request.
const IDLE_CONNECTIONS_MAX: usize = 64;
const IDLE_WAIT: Duration = Duration::from_secs(60);
/// How often what is fetched may be somewhere else.
const REDIRECTS_MAX: usize = 5;

/// How requests leave.
#[derive(Debug, Clone, Default)]
pub struct OutboundSettings {
    /// What may be spoken to.
    pub policy: AddressPolicy,
    /// The name server that is asked instead of the system's.
    pub dns_server: Option<SocketAddr>,
}

/// Why a request was not answered. Nothing of the network behind is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The address may not be spoken to.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The name has only addresses that may not be spoken to.
    #[error("the name leads to a private network, which this server does not send to")]
    Private,
    /// It took too long.
    #[error("there was no answer in time")]
    TimedOut,
    /// Nobody is there, or not with a certificate that is believed.
    #[error(
        "no connection could be made: the name is unknown, nobody listens there, or the certificate is not valid"
    )]
    Unreachable,
    /// One address leads to the next, and that to another.
    #[error("the address leads on and on, or nowhere")]
    Astray,
    /// The answer ended early, or is none of HTTP.
    #[error("the answer could not be read")]
    Broken,
}

impl OutboundError {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Refused(_) | Self::Private => "url_refused",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Astray => "redirects_too_many",
            Self::Broken => "answer_unreadable",
        }
    }
}

impl From<reqwest::Error> for OutboundError {
    fn from(error: reqwest::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(inner) = cause {
            if let Some(own) = inner.downcast_ref::<OutboundError>() {
                return *own;
            }
            cause = inner.source();
        }
        if error.is_timeout() {
            Self::TimedOut
        } else if error.is_connect() {
            Self::Unreachable
        } else {
            Self::Broken
        }
    }
}

/// Sends requests to addresses that people named. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbound {
    http: Client,
    policy: Arc<AddressPolicy>,
}

impl Outbound {
    /// A client with connections of its own.
    ///
    /// # Errors
    /// When there are no certificates to go by.
    pub fn new(settings: OutboundSettings) -> Result<Self, reqwest::Error> {
        let policy = Arc::new(settings.policy);
        let names = CheckedNames { policy: Arc::clone(&policy), server: settings.dns_server };
        let http = Client::builder()
            .dns_resolver(Arc::new(names))
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_WAIT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .pool_idle_timeout(IDLE_WAIT)
            .user_agent(concat!("memoreel/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, policy })
    }

    /// What may be spoken to.
    pub fn policy(&self) -> &AddressPolicy {
        &self.policy
    }

    /// Sends a request that `make` builds, and returns the beginning of its answer. The time-out of the request is for
    /// everything, the reading of the answer included.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub async fn send(
        &self,
        make: impl FnOnce(&Client) -> RequestBuilder,
    ) -> Result<Response, OutboundError> {
        let request: Request = make(&self.http).build()?;
        // Where the address is a number, nobody is asked for it.
        self.policy.check(request.url())?;
        Ok(self.http.execute(request).await?)
    }

    /// Gets what lies at `url`, or where that leads to: each address on the way is checked like the first. Returns the beginning of the
    /// answer, after which nothing limits the time it takes.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub async fn fetch(&self, mut url: Url, headers: &HeaderMap) -> Result<Response, OutboundError> {
        for _ in 0..=REDIRECTS_MAX {
            let request = self.send(|http| http.get(url.clone()).headers(headers.clone()));
            let response = tokio::time::timeout(ANSWER_WAIT, request).await;
            let response = response.map_err(|_| OutboundError::TimedOut)??;
            if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED {
                return Ok(response);
            }
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            url = location.and_then(|location| url.join(location).ok()).ok_or(OutboundError::Astray)?;
        }
        Err(OutboundError::Astray)
    }
}
