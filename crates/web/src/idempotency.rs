//! `Idempotency-Key`: a POST that is sent twice takes effect once, and the second answer is the first one again, unless that
//! one asked to try later.

use crate::{App, Problem, in_memory, layers::detach};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header, uri::PathAndQuery},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use futures::FutureExt;
use memoreel_kernel::{Caller, Timestamp, UserId};
use sha2::{Digest, Sha256};
use std::panic::{AssertUnwindSafe, resume_unwind};
use tokio::task::JoinError;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
/// How files come that are sent with what is said of them.
const FORM: &str = "multipart/form-data";
const BODY_BYTES_MAX: usize = 1 << 20;
/// A request that has not answered by then is taken for dead, and its key may be used again. One has several statements, each of which may
/// take a minute, and may wait for models.
const ABANDONED_AFTER: TimeDelta = TimeDelta::minutes(15);

/// Whether a request is to take effect once: a POST with the header that brings no file. A file is larger than what is compared here, and is
/// not held in memory. A resumable upload has its own way to be sent again, and its answer is in headers, which are not kept.
pub(crate) fn is_sent_once(request: &Request) -> bool {
    let headers = request.headers();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with(FORM));
    let is_file = is_form || headers.contains_key(&RESUMABLE);
    request.method() == Method::POST && headers.contains_key(&HEADER) && !is_file
}

/// Around all routes but those that take files, after authentication and after the body was read ([`crate::read_whole`]). Requests without the
/// header pass untouched.
pub async fn idempotency(State(app): State<App>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().copied();
    let key = request.headers().get(&HEADER).cloned().filter(|_| is_sent_once(&request));
    let (Some(caller), Some(key)) = (caller, key) else { return next.run(request).await };
    let Some(user_id) = caller.user_id else { return next.run(request).await };
    match run_once(&app, caller, user_id, &key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn run_once(
    app: &App,
    caller: Caller,
    user_id: UserId,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len())).map(str::to_owned);
    let key = key.ok_or_else(|| {
        Problem::bad_request(
            "idempotency_key_invalid",
            "Idempotency-Key must be 1 to 255 visible ASCII characters.",
        )
    })?;
    let (parts, body) = request.into_parts();
    let body = in_memory(body, BODY_BYTES_MAX, Problem::body_too_large).await?;
    let target = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let hash = request_hash(target, &body);
    let reserved = match reserve(app, &caller, user_id, &key, &hash).await? {
        Reservation::Replay(response) => return Ok(response),
        Reservation::Ours(at) => Reserved { caller, user_id, key, at },
    };
    let (app, request) = (app.clone(), Request::from_parts(parts, Body::from(body)));
    // In a task of its own: what a client did not wait for is done, and must be known as done when it is sent again.
    let answered = detach(async move {
        let response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(response) => response,
            // It may go better when it is sent again, which must not wait until this one is taken for dead.
            Err(panic) => {
                release(&app, &reserved).await?;
                resume_unwind(panic)
            }
        };
        if is_passing(response.status()) || is_secret(&response) {
            release(&app, &reserved).await?;
            return Ok(response);
        }
        keep(&app, &reserved, response).await
    });
    match answered.await.map_err(JoinError::try_into_panic) {
        Ok(answer) => answer,
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(error)) => Err(Problem::internal(error)),
    }
}

/// Whether the same request may be answered otherwise when it is sent again: the server failed, was busy or asked to wait.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT
                // Whose headers are not kept say what it takes.
                | StatusCode::UNAUTHORIZED
                | StatusCode::METHOD_NOT_ALLOWED
                | StatusCode::LOCKED
                | StatusCode::TOO_EARLY
                | StatusCode::TOO_MANY_REQUESTS
        )
}

/// What must not be stored anywhere, such as a new API key, is not stored here either; a repeated request makes a new one.
fn is_secret(response: &Response) -> bool {
    let cache = response.headers().get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
    response.status().is_success() && cache.is_some_and(|value| value.contains("no-store"))
}

fn request_hash(path_and_query: &str, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(path_and_query.as_bytes());
    hash.update([0]);
    hash.update(body);
    hash.finalize().into()
}

enum Reservation {
    /// Since then.
    Ours(Timestamp),
    Replay(Response),
}

/// A key that a request has. If it was taken for dead, another has it since a later time, and what the late one answers is not kept.
struct Reserved {
    caller: Caller,
    user_id: UserId,
    key: String,
    at: Timestamp,
}

async fn reserve(
    app: &App,
    caller: &Caller,
    user_id: UserId,
    key: &str,
    hash: &[u8],
) -> Result<Reservation, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.tenant(caller).await?;
    let ours = sqlx::query!(
        "INSERT INTO idempotency_keys AS kept (organization_id, user_id, key, request_hash, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (organization_id, user_id, key) DO UPDATE SET created_at = excluded.created_at
             WHERE kept.response_status IS NULL AND kept.request_hash = excluded.request_hash AND kept.created_at < $6
         RETURNING key",
        caller.organization_id.uuid(),
        user_id.uuid(),
        key,
        hash,
        now,
        now - ABANDONED_AFTER,
    )
    .fetch_optional(&mut *tx)
    .await?;
    if ours.is_some() {
        tx.commit().await?;
        return Ok(Reservation::Ours(now));
    }
    let kept = sqlx::query!(
        "SELECT request_hash, response_status, response_body, response_content_type FROM idempotency_keys
         WHERE organization_id = $1 AND user_id = $2 AND key = $3",
        caller.organization_id.uuid(),
        user_id.uuid(),
        key,
    )
    .fetch_optional(&mut *tx)
    .await?;
    // Released between the two statements: the first request failed just now.
    let Some(kept) = kept else { return Err(in_use()) };
    if kept.request_hash != hash {
        return Err(Problem::invalid(
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request.",
        )
        .hint("Take a new key for each thing that you want done."));
    }
    let status =
        kept.response_status.and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
    let Some(status) = status else {
        return Err(in_use());
    };
    let mut response = (status, kept.response_body.unwrap_or_default()).into_response();
    let content_type = kept.response_content_type.and_then(|value| HeaderValue::from_str(&value).ok());
    if let Some(content_type) = content_type {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(Reservation::Replay(response))
}

fn in_use() -> Problem {
    Problem::conflict(
        "idempotency_key_in_use",
        "The first request with this Idempotency-Key has not finished.",
    )
    .hint("Send it again with the same key in a few seconds.")
}

async fn release(app: &App, reserved: &Reserved) -> Result<(), Problem> {
    let mut tx = app.db.tenant(&reserved.caller).await?;
    sqlx::query!(
        "DELETE FROM idempotency_keys WHERE organization_id = $1 AND user_id = $2 AND key = $3 AND created_at = $4",
        reserved.caller.organization_id.uuid(),
        reserved.user_id.uuid(),
        reserved.key.as_str(),
        reserved.at,
    )
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

async fn keep(app: &App, reserved: &Reserved, response: Response) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    let body: Bytes = to_bytes(body, BODY_BYTES_MAX).await.map_err(Problem::internal)?;
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut tx = app.db.tenant(&reserved.caller).await?;
    sqlx::query!(
        "UPDATE idempotency_keys SET response_status = $4, response_body = $5, response_content_type = $6
         WHERE organization_id = $1 AND user_id = $2 AND key = $3 AND created_at = $7",
        reserved.caller.organization_id.uuid(),
        reserved.user_id.uuid(),
        reserved.key.as_str(),
        i32::from(parts.status.as_u16()),
        body.as_ref(),
        content_type,
        reserved.at,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}
