//! Cross-origin reading (Fetch standard, "CORS protocol"): what pages of other origins may do with media and with the API.
//!
//! Media are opened by their address, or by a cookie of their own, which is honoured for origins that were named exactly. The API is
//! for whoever sends a key: no answer to a cookie is ever readable, because nothing here allows credentials.

use super::{policies::DeliveryPolicies, policy::Policy, web_address::Found};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use memoreel_web::{App, ClientAddress, Problem, ServedTo, client_address};
use url::Url;

/// What players need of an answer.
const MEDIA_EXPOSES: HeaderValue = HeaderValue::from_static(
    "accept-ranges, content-length, content-range, content-disposition, etag, x-request-id",
);
const MEDIA_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD");
const MEDIA_HEADERS: HeaderValue =
    HeaderValue::from_static("range, if-range, if-match, if-none-match, if-modified-since");
/// What clients of the API and of tus need.
const API_EXPOSES: HeaderValue = HeaderValue::from_static(
    "content-disposition, content-length, content-range, etag, location, ratelimit-limit, ratelimit-remaining, \
     retry-after, www-authenticate, x-request-id, tus-resumable, tus-version, tus-extension, tus-max-size, \
     tus-checksum-algorithm, upload-offset, upload-length, upload-metadata, upload-expires, memoreel-video-id, memoreel-asset-id",
);
const API_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// Not among them is the header by which our own pages show that they are ours.
const API_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, memoreel-organization, \
     range, x-request-id, tus-resumable, upload-length, upload-offset, upload-metadata, upload-checksum",
);
/// The route of the API that a signature opens.
const SIGNED: &str = "/uploads/{id}/content";
/// For how long a browser need not ask again, in seconds.
const PREFLIGHT_KEPT: HeaderValue = HeaderValue::from_static("600");
const TIMING: HeaderName = HeaderName::from_static("timing-allow-origin");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PREFLIGHT_VARIES: [HeaderName; 2] =
    [header::ACCESS_CONTROL_REQUEST_METHOD, header::ACCESS_CONTROL_REQUEST_HEADERS];

/// How a page of another origin fetched something of the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// By an address that is the permission.
    ByAddress,
    /// By the cookie of the media.
    ByCookie,
}

/// Says in `response` what pages of the origin that `asked` names may do with it.
pub(crate) fn describe(response: &mut Response, policy: &Policy, asked: &HeaderMap, fetched: Fetched) {
    if policy.allowed_origins.is_empty() {
        return;
    }
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    // Media elements without `crossorigin` and images are fetched without an origin.
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    let Some((origin, found)) = admitted(policy, asked) else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, MEDIA_EXPOSES);
    headers.insert(TIMING, origin);
    if fetched == Fetched::ByCookie && found == Found::Exactly {
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

/// The same of an image, which pages of every origin may read as long as the organization names none: its address is all that it takes.
pub(crate) fn describe_image(response: &mut Response, policy: &Policy, asked: &HeaderMap) {
    if policy.allowed_origins.is_empty() {
        let headers = response.headers_mut();
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    } else {
        describe(response, policy, asked, Fetched::ByAddress);
    }
}

/// Whether a page asks whose origin the organization does not name, beside others that it does.
pub(crate) fn is_unnamed(policy: &Policy, asked: &HeaderMap) -> bool {
    !policy.allowed_origins.is_empty()
        && asked.contains_key(header::ORIGIN)
        && admitted(policy, asked).is_none()
}

/// Lets pages read a refusal that comes before it is known whose media they are, so that any organization's word will do. It tells no more
/// than that an address or a cookie has expired, or that there is no cookie.
pub(crate) async fn describe_refusal(
    app: &App,
    policies: &DeliveryPolicies,
    problem: Problem,
    asked: &HeaderMap,
    fetched: Fetched,
    client: ClientAddress,
) -> Problem {
    if !asked.contains_key(header::ORIGIN) {
        return problem;
    }
    // Players that go on asking take nothing from what else comes from there.
    if app.limits.general.take(&format!("media {client}")).is_err() {
        return problem;
    }
    let problem = problem.header(header::VARY, HeaderValue::from_static("origin"));
    // Where that cannot be found out, it is refused all the same.
    let Ok(Some(origin)) = admitted_somewhere(app, policies, asked, fetched).await else { return problem };
    let problem = problem
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin)
        .header(header::ACCESS_CONTROL_EXPOSE_HEADERS, MEDIA_EXPOSES);
    match fetched {
        Fetched::ByAddress => problem,
        Fetched::ByCookie => {
            problem.header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"))
        }
    }
}

/// Answers a browser that asks whether a page may fetch media with headers of its own.
pub(crate) fn preflight(policy: &Policy, asked: &HeaderMap) -> Response {
    match admitted(policy, asked) {
        Some((origin, _)) => allowed(origin, MEDIA_METHODS, MEDIA_HEADERS),
        None => refused(),
    }
}

/// The same for an image; see [`describe_image`].
pub(crate) fn preflight_image(policy: &Policy, asked: &HeaderMap) -> Response {
    if policy.allowed_origins.is_empty() {
        return allowed(HeaderValue::from_static("*"), MEDIA_METHODS, MEDIA_HEADERS);
    }
    preflight(policy, asked)
}

/// The same for what a cookie opens, which is not sent along yet, and for an address that has expired, so that any organization's word will
/// do: what is answered to the request itself depends on whose cookie it brings.
pub(crate) async fn preflight_anywhere(
    app: &App,
    policies: &DeliveryPolicies,
    asked: &HeaderMap,
    fetched: Fetched,
    client: ClientAddress,
) -> Result<Response, Problem> {
    app.limits.general.take(&client.to_string())?;
    let Some(origin) = admitted_somewhere(app, policies, asked, fetched).await? else {
        return Ok(refused());
    };
    let mut response = allowed(origin, MEDIA_METHODS, MEDIA_HEADERS);
    if fetched == Fetched::ByCookie {
        let credentials = HeaderValue::from_static("true");
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, credentials);
    }
    Ok(response)
}

/// The origin that is named, if any organization admits it.
async fn admitted_somewhere(
    app: &App,
    policies: &DeliveryPolicies,
    asked: &HeaderMap,
    fetched: Fetched,
) -> Result<Option<HeaderValue>, Problem> {
    let Some(origin) = asked.get(header::ORIGIN) else { return Ok(None) };
    let Ok(text) = origin.to_str() else { return Ok(None) };
    let is_admitted = policies.is_admitted_somewhere(app, text, fetched == Fetched::ByCookie).await?;
    Ok(is_admitted.then(|| origin.clone()))
}

fn admitted(policy: &Policy, asked: &HeaderMap) -> Option<(HeaderValue, Found)> {
    let origin = asked.get(header::ORIGIN)?;
    let found = policy.admits(origin.to_str().ok()?)?;
    Some((origin.clone(), found))
}

fn allowed(origin: HeaderValue, methods: HeaderValue, names: HeaderValue) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_KEPT);
    for name in PREFLIGHT_VARIES {
        headers.append(header::VARY, HeaderValue::from(name));
    }
    response
}

fn refused() -> Response {
    let mut response = Problem::new(
        StatusCode::FORBIDDEN,
        "origin_not_allowed",
        "Pages of this origin may not read what this address answers.",
    )
    .hint("Add the origin to the delivery settings of the organization.")
    .into_response();
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    response
}

/// What [`cross_origin`] works with.
#[derive(Debug, Clone)]
pub struct CrossOrigin {
    /// The context.
    pub app: App,
    /// The policies of this process.
    pub policies: DeliveryPolicies,
}

/// Around the API and its authentication: pages of origins that an organization admits may call it with keys of that organization and
/// addresses it signed, and with nothing else.
pub async fn cross_origin(State(around): State<CrossOrigin>, request: Request, next: Next) -> Response {
    let Some(origin) = foreign_origin(request.headers(), &around.app.public_url) else {
        return next.run(request).await;
    };
    if request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    {
        let address = client_address(&request);
        return around.preflight(&origin, &address).await.unwrap_or_else(IntoResponse::into_response);
    }
    // The scheme alone: a wrong key is told from none by authentication.
    let has_key = request.headers().get(header::AUTHORIZATION).is_some_and(|value| {
        value.as_bytes().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "))
    });
    // A signed address is as good as a key, for the one thing that it opens.
    let is_signed =
        request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str().ends_with(SIGNED));
    let mut response = next.run(request).await;
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    if (has_key || is_signed) && around.admits(&origin, response.extensions().get::<ServedTo>()).await {
        let headers = response.headers_mut();
        if let Ok(origin) = HeaderValue::from_str(&origin) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(TIMING, origin);
        }
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, API_EXPOSES);
    }
    response
}

impl CrossOrigin {
    /// For whom is not told before the key is sent along, so that any organization's word will do here.
    async fn preflight(&self, origin: &str, address: &str) -> Result<Response, Problem> {
        self.app.limits.general.take(address)?;
        if !self.policies.is_admitted_somewhere(&self.app, origin, false).await? {
            return Ok(refused());
        }
        let origin = HeaderValue::from_str(origin).map_err(Problem::internal)?;
        Ok(allowed(origin, API_METHODS, API_HEADERS))
    }

    /// Whether the organization whose key it was admits the origin; of a key that opens nothing, whether any does.
    async fn admits(&self, origin: &str, served: Option<&ServedTo>) -> bool {
        let admits = match served {
            Some(served) => {
                let deliverer = self.policies.of(&self.app, served.organization_id).await;
                deliverer.map(|deliverer| deliverer.policy.admits(origin).is_some())
            }
            None => self.policies.is_admitted_somewhere(&self.app, origin, false).await,
        };
        admits.unwrap_or_else(|error| {
            tracing::warn!(%error, "whether an origin is admitted could not be found out");
            false
        })
    }
}

/// The origin of the page that asks, unless it is one of ours.
fn foreign_origin(headers: &HeaderMap, public_url: &str) -> Option<String> {
    let origin = headers.get(header::ORIGIN)?.to_str().ok()?;
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_ours = Url::parse(public_url).is_ok_and(|url| url.origin().ascii_serialization() == origin)
        || origin.split_once("://").is_some_and(|(_, origin)| Some(origin) == host);
    (!is_ours).then(|| origin.to_owned())
}
