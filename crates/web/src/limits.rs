//! Requests per minute, by caller or address: token buckets (the generic cell rate algorithm of the `governor` crate). And how much
//! of what is costly goes on at once.

use crate::{App, Pace, Permits, Problem, taken::STALLED_AFTER};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{Extensions, HeaderName, HeaderValue, header},
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
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    num::{NonZero, NonZeroU32},
    sync::Arc,
    time::Duration,
};

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
        match self.buckets.check_key(&counted_as(key)) {
            Ok(snapshot) => Ok(snapshot.remaining_burst_capacity()),
            Err(not_yet) => {
                let seconds = not_yet.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
                let unit = if seconds == 1 { "second" } else { "seconds" };
                Err(Problem::new(
                    axum::http::StatusCode::TOO_MANY_REQUESTS,
                    "rate_limited",
                    format!(
                        "Too many requests: at most {} per minute. Wait {seconds} {unit}.",
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

/// What somebody is counted under who is known by a user, an organization or an address: of IPv6 by the network of 64 bits, because whoever
/// has one address of it has them all (RFC 6177, 2).
pub(crate) fn counted_as(whose: &str) -> String {
    match whose.parse::<Ipv6Addr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let network = address.to_bits() & (u128::MAX << 64);
            format!("{}/64", Ipv6Addr::from_bits(network))
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => whose.to_owned(),
    }
}

/// Whoever finds no place for something costly waits no longer than this.
const PLACE_WAIT: Duration = Duration::from_secs(2);
/// Stills come by the dozen, as where a pointer moves along a recording; and a player that is refused a segment may stop.
const CUT_WAIT: Duration = Duration::from_secs(10);
/// A page may show many images that nobody has made yet, and asks for none of them again.
const IMAGE_WAIT: Duration = Duration::from_secs(30);
/// Signing in is waited for: the password is typed, and the next one is done in a moment.
const PASSWORD_WAIT: Duration = Duration::from_secs(10);

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
    /// Searches at once: each takes a connection, and most of them a processor.
    pub searches: Permits,
    /// Logs that are being exported at once, until their end is on its way.
    pub exports: Permits,
    /// JSON bodies at once that may be long and are under way, by address: each may take a mebibyte.
    pub bodies: Permits,
    /// Requests at once that carry bytes of uploads, which may take hours.
    pub appends: Permits,
    /// How slowly those bytes may come.
    pub append_pace: Pace,
    /// Caption files that are being read at once.
    pub imports: Permits,
    /// Kibibytes of transcripts with their words, while they are read and written, and until they are sent.
    pub transcripts: Permits,
    /// Stills and clips that are being cut out of recordings at once.
    pub cuts: Permits,
    /// Mebibytes of clips that are on their way: each lies on the disk until all of it is sent, or nothing is taken of it.
    pub clips: Permits,
    /// Kibibytes of segments that are taken apart, and of what was made of them until it is sent; and of waveforms while they are drawn.
    pub tracks: Permits,
    /// Images that are being made at once of others, or wait for a worker.
    pub images: Permits,
    /// Passwords that are being judged or hashed at once; by person or address, as there is no organization yet.
    pub passwords: Permits,
    /// Whoever takes nothing for so long of an answer that holds a place is not waited for any more.
    pub stalled_after: Duration,
}

impl RateLimits {
    /// 600 general, 10 sign-in, 60 challenges to passkeys, 60 uploads per minute, each multiplied by `factor`. What goes on at
    /// once is not: the machine stays the same.
    pub fn standard(factor: u32) -> Self {
        Self {
            general: Limiter::per_minute(600 * factor),
            sign_in: Limiter::per_minute(10 * factor),
            passkeys: Limiter::per_minute(60 * factor),
            uploads: Limiter::per_minute(60 * factor),
            // Fewer for one organization than there are connections.
            searches: Permits::new("searches", 24, 12, PLACE_WAIT),
            exports: Permits::new("exports", 8, 2, PLACE_WAIT),
            bodies: Permits::new("requests with long bodies", 128, 16, PLACE_WAIT),
            appends: Permits::new("uploads", 256, 64, PLACE_WAIT),
            append_pace: Pace::OF_UPLOADS,
            imports: Permits::new("caption files", 8, 4, PLACE_WAIT),
            transcripts: Permits::new("transcripts", 1 << 20, 512 << 10, PLACE_WAIT),
            cuts: Permits::new("cuts of recordings", 4, 2, CUT_WAIT),
            clips: Permits::new("clips", 8 << 10, 4 << 10, PLACE_WAIT),
            tracks: Permits::new("tracks of recordings", 256 << 10, 192 << 10, CUT_WAIT),
            // As many for one organization as there are workers at most, so that none of them is idle.
            images: Permits::new("images", 64, 8, IMAGE_WAIT),
            passwords: Self::passwords(),
            stalled_after: STALLED_AFTER,
        }
    }

    /// As many passwords as there are processors, and half of them for one person: a hash takes 19 MiB for some tens of
    /// milliseconds.
    pub fn passwords() -> Permits {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Permits::new("passwords", processors, processors.div_ceil(2), PASSWORD_WAIT)
    }

    /// Forgets idle keys; called now and then.
    pub fn forget_idle(&self) {
        for limiter in [&self.general, &self.sign_in, &self.passkeys, &self.uploads] {
            limiter.forget_idle();
        }
        for permits in [
            &self.searches,
            &self.exports,
            &self.bodies,
            &self.appends,
            &self.imports,
            &self.transcripts,
            &self.cuts,
            &self.clips,
            &self.tracks,
            &self.images,
            &self.passwords,
        ] {
            permits.forget_idle();
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
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(Option<IpAddr>);

impl ClientAddress {
    /// Of a request, by its extensions.
    pub fn of(extensions: &Extensions) -> Self {
        Self(extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip()))
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

/// [`ClientAddress`] in words.
pub fn client_address(request: &Request) -> String {
    ClientAddress::of(request.extensions()).to_string()
}
