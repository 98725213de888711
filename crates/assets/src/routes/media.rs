//! Delivery of blobs by signed address, with byte ranges and conditional requests.

use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use memoreel_blob::{BlobError, BlobRead, Disposition, Grant, RangeRequest, SignatureError};
use memoreel_web::{App, Problem, ServedTo};

/// Opened as a page of its own, what somebody uploaded runs nothing, and has no origin.
pub(super) const SANDBOX: &str = "default-src 'none'; sandbox";

/// `/media/{token}/{path}`: needs no session, the token is the permission.
pub fn media_router() -> axum::Router<App> {
    axum::Router::new()
        .route("/media/{token}/", get(get_media_root))
        .route("/media/{token}/{*path}", get(get_media))
}

async fn get_media_root(
    state: State<App>,
    token: Result<Path<String>, PathRejection>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    get_media(state, token.map(|Path(token)| Path((token, String::new()))), method, headers).await
}

async fn get_media(
    State(app): State<App>,
    path: Result<Path<(String, String)>, PathRejection>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // An address that is not even UTF-8 names nothing.
    let Path((token, path)) = path.map_err(|_| Problem::not_found("file"))?;
    let grant = app.signer.verify(&token, app.clock.now()).map_err(signature_problem)?;
    let key = grant.resolve(&path).map_err(|_| Problem::not_found("file"))?;
    if method == Method::HEAD {
        let meta = app.blobs.head(&key).await?.ok_or_else(|| Problem::not_found("file"))?;
        let mut response = StatusCode::OK.into_response();
        describe(&mut response, &grant, &meta.key, meta.etag.as_deref());
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(meta.size_bytes));
        return Ok(response);
    }
    let range = wanted_range(&headers);
    let read = match app.blobs.get(&key, range).await {
        Ok(read) => read,
        Err(BlobError::RangeInvalid { size_bytes }) => return Err(range_problem(size_bytes)),
        Err(error) => return Err(error.into()),
    };
    if is_current(&headers, read.meta.etag.as_deref()) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        describe(&mut response, &grant, &read.meta.key, read.meta.etag.as_deref());
        return Ok(response);
    }
    Ok(answer(&grant, read, range.is_some()))
}

fn answer(grant: &Grant, read: BlobRead, partial: bool) -> Response {
    let BlobRead { meta, range, bytes } = read;
    let status = if partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut response = (status, Body::from_stream(bytes)).into_response();
    describe(&mut response, grant, &meta.key, meta.etag.as_deref());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    if partial
        && let Ok(value) = HeaderValue::from_str(&memoreel_blob::content_range(&range, meta.size_bytes))
    {
        headers.insert(header::CONTENT_RANGE, value);
    }
    response
}

fn describe(response: &mut Response, grant: &Grant, key: &memoreel_blob::BlobKey, etag: Option<&str>) {
    response.extensions_mut().insert(ServedTo { organization_id: grant.organization_id, user_id: None });
    let headers = response.headers_mut();
    let content_type = memoreel_blob::content_type(key);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
    // A master playlist gains variants while the ladder is encoded; everything else never changes under its key.
    let cache = if content_type.contains("mpegurl") { "private, no-cache" } else { "private, max-age=3600" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Some(name) = &grant.download_name {
        headers.insert(
            header::CONTENT_DISPOSITION,
            memoreel_blob::content_disposition(Disposition::Attachment, name),
        );
    }
    if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
        headers.insert(header::ETAG, etag);
    }
}

/// What `Range` asks for; one that is not understood is ignored (RFC 9110, 14.2).
fn wanted_range(headers: &HeaderMap) -> Option<RangeRequest> {
    RangeRequest::parse(headers.get(header::RANGE)?.to_str().ok()?).ok().flatten()
}

pub(super) fn is_current(headers: &HeaderMap, etag: Option<&str>) -> bool {
    let sent = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    sent.zip(etag)
        .is_some_and(|(sent, etag)| sent.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag))
}

fn range_problem(size_bytes: Option<u64>) -> Problem {
    let problem = Problem::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "range_invalid",
        "The file has no such range of bytes.",
    );
    match size_bytes
        .and_then(|size| HeaderValue::from_str(&memoreel_blob::content_range_unsatisfied(size)).ok())
    {
        Some(value) => problem.header(header::CONTENT_RANGE, value),
        None => problem,
    }
}

pub(super) fn signature_problem(error: SignatureError) -> Problem {
    match error {
        SignatureError::Invalid => Problem::not_found("file"),
        SignatureError::Expired => Problem::new(StatusCode::GONE, error.code(), "This address has expired.")
            .hint("Load the page again to get a fresh one."),
    }
}
