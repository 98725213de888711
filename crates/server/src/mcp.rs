//! `/mcp`: the tools of `memoreel-mcp` for assistants that reach this server by HTTP, each with its API key.
//!
//! It is outside the description of the API, because the protocol describes itself: `tools/list` says what there is. What a tool does
//! goes through the routes of the API like any other request, with the key, address and request id of the one that asked for it; so
//! it is bound by the same permissions and limits, and tells the audit log the same.

use async_trait::async_trait;
use axum::{
    Extension, Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use memoreel_client::{Body as Sent, Client, ClientError, Transport};
use memoreel_kernel::Actor;
use memoreel_mcp::HttpService;
use memoreel_web::{App, May, Problem, RequestId, action::ReadContent};
use std::{net::SocketAddr, sync::Arc};
use tower::ServiceExt;

/// An answer of the API that a tool reads; the transcript of a day is a tenth of it.
const ANSWER_BYTES_MAX: usize = 256 << 20;
/// What says in words why a request is none of the protocol.
const REASON_BYTES_MAX: usize = 4 << 10;
/// What shows who is asking, and through what.
const PASSED_ON: [header::HeaderName; 3] =
    [header::AUTHORIZATION, header::USER_AGENT, header::HeaderName::from_static("x-request-id")];

/// The route. `api` is what requests for `/api/v1` go to.
pub fn router(app: &App, api: Router) -> Router<App> {
    let public_url = app.public_url.parse::<url::Url>().ok();
    let client = move |parts: &axum::http::request::Parts| {
        let inside =
            Inside { api: api.clone(), headers: passed_on(parts), peer: parts.extensions.get().copied() };
        Some(Client::over(public_url.clone()?, Arc::new(inside)))
    };
    let service = memoreel_mcp::http_service(client, crate::router::JSON_BYTES_MAX);
    Router::new().route("/mcp", any(answer)).layer(Extension(service))
}

async fn answer(
    State(_): State<App>,
    May(caller, _): May<ReadContent>,
    Extension(service): Extension<HttpService>,
    request: Request,
) -> Result<Response, Problem> {
    // The cookies of a browser are no way in: it would send them along for any page.
    if !matches!(caller.actor, Actor::ApiKey(_)) {
        return Err(Problem::unauthenticated());
    }
    let says_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let answer = service.handle(request).await.map(Body::new);
    let is_json = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if answer.status().is_success() || is_json { Ok(answer) } else { Ok(refusal(answer, says_json).await) }
}

/// What is no message of the protocol is refused like everything else.
async fn refusal(answer: Response, says_json: bool) -> Response {
    let (mut parts, body) = answer.into_parts();
    // What cannot be read as a message is none of a type that is not supported.
    if parts.status == StatusCode::UNSUPPORTED_MEDIA_TYPE && says_json {
        parts.status = StatusCode::BAD_REQUEST;
    }
    let reason = to_bytes(body, REASON_BYTES_MAX).await.unwrap_or_default();
    if parts.status == StatusCode::INTERNAL_SERVER_ERROR {
        return Problem::internal(String::from_utf8_lossy(&reason)).into_response();
    }
    let code = match parts.status {
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "body_type",
        _ => "mcp_request_invalid",
    };
    let problem = Problem::new(parts.status, code, String::from_utf8_lossy(&reason).into_owned()).hint(
        "This address speaks the Model Context Protocol: docs/clients.md says how to connect an assistant.",
    );
    let mut response = problem.into_response();
    if let Some(allowed) = parts.headers.get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    response
}

fn passed_on(parts: &axum::http::request::Parts) -> HeaderMap {
    let mut headers: HeaderMap = PASSED_ON
        .into_iter()
        .filter_map(|name| Some((name.clone(), parts.headers.get(&name)?.clone())))
        .collect();
    let id = parts.extensions.get::<RequestId>().and_then(|id| id.0.parse().ok());
    if let Some(id) = id {
        headers.insert("x-request-id", id);
    }
    headers
}

/// The way to the API within the process, for whoever sent a request.
struct Inside {
    api: Router,
    headers: HeaderMap,
    peer: Option<ConnectInfo<SocketAddr>>,
}

impl std::fmt::Debug for Inside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inside").finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Inside {
    async fn send(
        &self,
        request: axum::http::Request<Sent>,
    ) -> Result<axum::http::Response<Bytes>, ClientError> {
        let mut request = request.map(|body| match body {
            Sent::Empty => Body::empty(),
            Sent::Bytes(bytes) => Body::from(bytes),
            Sent::Stream(stream) => Body::from_stream(stream),
        });
        request.headers_mut().extend(self.headers.clone());
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        let Ok(answer) = self.api.clone().oneshot(request).await;
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, ANSWER_BYTES_MAX)
            .await
            .map_err(|error| ClientError::Unexpected { reason: error.to_string() })?;
        Ok(axum::http::Response::from_parts(parts, body))
    }
}
