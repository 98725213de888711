//! Requests per minute, by caller or address: token buckets (the generic cell rate algorithm of the `governor` crate).

use crate::{App, Problem};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use memoreel_kernel::Caller;
use std::{net::SocketAddr, num::NonZeroU32, sync::Arc};

type Buckets = RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// One limit: so many requests per minute and key.
#[derive(Clone)]
pub struct Limiter {
    buckets: Arc<Buckets>,
    per_minute: NonZeroU32,
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter").field("per_minute", &self.per_minute).finish_non_exhaustive()
    }
}

impl Limiter {
    /// At most `per_minute` (at least one) requests per minute and key, all at once if they come so.
    pub fn per_minute(per_minute: u32) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let buckets = RateLimiter::keyed(Quota::per_minute(per_minute)).with_middleware();
        Self { buckets: Arc::new(buckets), per_minute }
    }

    /// Takes one request from the key's bucket; returns how many are left.
    ///
    /// # Errors
    /// 429 with Retry-After when the bucket is empty.
    pub fn take(&self, key: &str) -> Result<u32, Problem> {
        match self.buckets.check_key(&key.to_owned()) {
            Ok(snapshot) => Ok(snapshot.remaining_burst_capacity()),
            Err(not_yet) => {
                let seconds = not_yet.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
                Err(Problem::new(
                    axum::http::StatusCode::TOO_MANY_REQUESTS,
                    "rate_limited",
                    format!(
                        "Too many requests: at most {} per minute. Wait {seconds} seconds.",
                        self.per_minute
                    ),
                )
                .header(header::RETRY_AFTER, seconds.into())
                .header(LIMIT, self.per_minute.get().into())
                .header(REMAINING, 0.into()))
            }
        }
    }

    /// Forgets keys whose buckets are full again.
    pub fn forget_idle(&self) {
        self.buckets.retain_recent();
    }
}

/// The limits of the product.
#[derive(Debug, Clone)]
pub struct RateLimits {
    /// Per user or key, or per address when nobody is signed in.
    pub general: Limiter,
    /// Sign-in, sign-up and tokens of invitations, per address.
    pub sign_in: Limiter,
    /// Challenges to passkeys, per address. Pages to sign in ask for one as they open.
    pub passkeys: Limiter,
    /// New uploads, per user.
    pub uploads: Limiter,
}

impl RateLimits {
    /// 600 general, 10 sign-in, 60 challenges to passkeys, 60 uploads per minute, each multiplied by `factor`.
    pub fn standard(factor: u32) -> Self {
        Self {
            general: Limiter::per_minute(600 * factor),
            sign_in: Limiter::per_minute(10 * factor),
            passkeys: Limiter::per_minute(60 * factor),
            uploads: Limiter::per_minute(60 * factor),
        }
    }

    /// Forgets idle keys; called now and then.
    pub fn forget_idle(&self) {
        for limiter in [&self.general, &self.sign_in, &self.passkeys, &self.uploads] {
            limiter.forget_idle();
        }
    }
}

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");

/// The general limit, around every API route. Runs after authentication.
pub async fn limit_requests(State(app): State<App>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().and_then(|caller| caller.user_id);
    let key = caller.map_or_else(|| client_address(&request), |user_id| user_id.to_string());
    match app.limits.general.take(&key) {
        Err(problem) => problem.into_response(),
        Ok(remaining) => {
            let mut response = next.run(request).await;
            let headers = response.headers_mut();
            headers.entry(LIMIT).or_insert_with(|| HeaderValue::from(app.limits.general.per_minute.get()));
            headers.entry(REMAINING).or_insert_with(|| HeaderValue::from(remaining));
            response
        }
    }
}

/// The address the connection comes from, or whom a proxy of ours speaks for ([`crate::behind_proxies`]).
pub fn client_address(request: &Request) -> String {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map_or_else(|| "unknown".to_owned(), |ConnectInfo(address)| address.ip().to_string())
}
