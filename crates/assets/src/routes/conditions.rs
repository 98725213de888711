//! Ranges and conditions of requests for files (RFC 9110, 13 and 14).

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use memoreel_blob::RangeRequest;
use memoreel_web::Problem;

/// What `Range` asks for; one that is not understood is ignored (RFC 9110, 14.2).
pub(super) fn wanted_range(headers: &HeaderMap) -> Option<RangeRequest> {
    RangeRequest::parse(headers.get(header::RANGE)?.to_str().ok()?).ok().flatten()
}

/// Refuses what is not what the client means by `If-Match`: 412 `precondition_failed`. A date (`If-Unmodified-Since`) names nothing here.
pub(super) fn require_wanted(headers: &HeaderMap, etag: Option<&str>) -> Result<(), Problem> {
    if is_wanted(headers, etag) {
        return Ok(());
    }
    let detail = "What is at this address is not, or not any more, what `If-Match` names.";
    Err(Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail)
        .hint("Begin anew with what is there now: ask without `If-Match`."))
}

/// Whether `If-Match` names what is there (RFC 9110, 13.1.1), by a strong comparison, if there is one.
fn is_wanted(headers: &HeaderMap, etag: Option<&str>) -> bool {
    if !headers.contains_key(header::IF_MATCH) {
        return true;
    }
    let sent = headers.get_all(header::IF_MATCH).iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|line| line.split(',')).map(str::trim).any(|tag| {
        // Whatever is there is meant by it.
        tag == "*" || etag.is_some_and(|etag| !etag.starts_with("W/") && tag == etag)
    })
}

/// Whether the client says that it has this (RFC 9110, 13.1.2): a weak comparison.
pub(super) fn is_current(headers: &HeaderMap, etag: Option<&str>) -> bool {
    let Some(etag) = etag else { return false };
    let sent = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|line| line.split(','))
        .any(|tag| tag.trim() == "*" || tag.trim().trim_start_matches("W/") == etag)
}

/// Whether what `If-Range` names is what is there: a strong comparison. A date names nothing here.
pub(super) fn is_same(headers: &HeaderMap, etag: Option<&str>) -> bool {
    headers.get(header::IF_RANGE).is_none_or(|sent| {
        etag.is_some_and(|etag| !etag.starts_with("W/") && sent.as_bytes() == etag.as_bytes())
    })
}

/// Reads a text as the range and the conditions of a request for a file of so many bytes. A range that is taken lies within it, and nothing
/// is taken for what the client has but what it names.
///
/// # Panics
/// When that is not so.
#[cfg(fuzzing)]
pub fn fuzz_conditions(text: &str, size_bytes: u64) {
    const ETAG: &str = "\"5f\"";
    let Ok(value) = HeaderValue::from_str(text) else { return };
    let mut headers = HeaderMap::new();
    for name in [header::RANGE, header::IF_RANGE, header::IF_NONE_MATCH, header::IF_MATCH] {
        headers.insert(name, value.clone());
    }
    if let Some(Ok(range)) = wanted_range(&headers).map(|range| range.resolve(size_bytes)) {
        assert!(range.start < range.end && range.end <= size_bytes, "{text:?} {range:?}");
    }
    assert!(!is_same(&headers, Some(ETAG)) || text == ETAG, "{text:?}");
    assert!(!is_current(&headers, None) && !is_same(&headers, None), "{text:?}");
    assert!(!is_current(&headers, Some(ETAG)) || text.contains('*') || text.contains(ETAG), "{text:?}");
    assert!(!is_wanted(&headers, Some(ETAG)) || text.contains('*') || text.contains(ETAG), "{text:?}");
    for name in [header::IF_NONE_MATCH, header::IF_MATCH] {
        headers.append(name, HeaderValue::from_static(ETAG));
    }
    assert!(is_current(&headers, Some(ETAG)) && is_wanted(&headers, Some(ETAG)), "{text:?}");
}

pub(super) fn range_problem(size_bytes: Option<u64>) -> Problem {
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
