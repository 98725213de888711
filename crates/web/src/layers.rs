//! Around every request: its id, its log line, its metrics.

use crate::client_address;
use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use memoreel_db::Origin;
use memoreel_kernel::{Caller, OrganizationId, UserId};
use std::time::Instant;
use tokio::task::JoinHandle;
use tracing::Instrument;
use uuid::Uuid;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// More of it tells nobody anything.
const USER_AGENT_CHARS_MAX: usize = 300;

tokio::task_local! {
    static CURRENT: String;
}

/// The id of a request, in its extensions.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// For whom something was answered. What knows puts it among the extensions of the response, for the log of requests.
#[derive(Debug, Clone, Copy)]
pub struct ServedTo {
    /// Whose things they were.
    pub organization_id: OrganizationId,
    /// Who asked; absent where an address alone is the permission.
    pub user_id: Option<UserId>,
}

impl From<&Caller> for ServedTo {
    fn from(caller: &Caller) -> Self {
        Self { organization_id: caller.organization_id, user_id: caller.user_id }
    }
}

pub(crate) fn current_request_id() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs `work` in a task of its own that is part of the request it begins in, and goes on where nobody waits for its answer any more.
pub fn detach<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    tokio::spawn(part_of(current_request_id(), Origin::current(), work).in_current_span())
}

async fn part_of<F: Future>(id: Option<String>, origin: Option<Origin>, work: F) -> F::Output {
    let within = async move {
        match origin {
            Some(origin) => origin.scope(work).await,
            None => work.await,
        }
    };
    match id {
        Some(id) => CURRENT.scope(id, within).await,
        None => within.await,
    }
}

/// Paths of these routes may be written down: ids in them open nothing.
const API: &str = "/api/";
/// And of those, not these: the path says who somebody is.
const OF_PEOPLE: &str = "{user_id}";

/// The path of a request, if it may be written down. Others hold what opens a file or an invitation, or who somebody is.
pub fn loggable_path(request: &Request) -> Option<&str> {
    let route = request.extensions().get::<MatchedPath>()?.as_str();
    (route.starts_with(API) && !route.contains(OF_PEOPLE)).then(|| request.uri().path())
}

/// Gives the request an id (the client's own if it sent a plausible one), which every log line, problem and response carries.
pub async fn request_id(mut request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(&HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (8..=64).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id, method = %request.method(), path = loggable_path(&request));
    let origin = origin(&request, &id);
    let mut response = part_of(Some(id.clone()), origin, next.run(request)).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// What the audit log tells of a request that may change something.
fn origin(request: &Request, id: &str) -> Option<Origin> {
    if request.method().is_safe() {
        return None;
    }
    Some(Origin {
        request_id: id.to_owned(),
        address: client_address(request),
        user_agent: user_agent(request.headers()),
    })
}

/// What a browser or program calls itself, as much of it as is kept.
pub fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(USER_AGENT_CHARS_MAX).collect())
}

/// The name of a method as it is counted and logged. Anything may be sent as one, so that those nobody knows have one name.
pub fn method_name(method: &Method) -> &'static str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::CONNECT,
        Method::TRACE,
    ];
    const NAMES: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
    KNOWN.iter().zip(NAMES).find(|(known, _)| *known == method).map_or("other", |(_, name)| name)
}

/// Logs the request once and counts it by route and status.
pub async fn observe(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = method_name(request.method());
    let started = Instant::now();
    let response = next.run(request).await;
    let (status, seconds) = (response.status(), started.elapsed().as_secs_f64());
    let duration_ms = (seconds * 1000.0) as u64;
    if is_routine(&route, status) {
        tracing::debug!(route, status = status.as_u16(), duration_ms, "answered");
    } else {
        tracing::info!(route, status = status.as_u16(), duration_ms, "answered");
    }
    metrics::counter!("memoreel_requests_total", "method" => method, "route" => route.clone(), "status" => status.as_str().to_owned())
        .increment(1);
    metrics::histogram!("memoreel_request_seconds", "method" => method, "route" => route).record(seconds);
    response
}

/// Whether an answer is one of the many that a page or a player asks for at once, of which nobody wants a line each: segments, pictures
/// and parts of the web app.
fn is_routine(route: &str, status: StatusCode) -> bool {
    !route.starts_with(API) && (status.is_success() || status == StatusCode::NOT_MODIFIED)
}
