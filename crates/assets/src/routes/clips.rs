//! Clips: a span of a recording as a file of its own, by signed address.
//!
//! A clip is cut out of the segments that are published, without encoding, which takes a moment; it is therefore made when it is asked
//! for and not kept, so that no number of spans fills a disk. The signature covers the span, and places for cutting are limited.

use super::{
    conditions::{is_current, is_same, range_problem, require_wanted, wanted_range},
    fields::stem,
    media::{Delivery, SANDBOX, signature_problem},
};
use crate::{
    AssetsError,
    delivery::{self, Fetched},
    keys,
    players::{Cut, Span},
    store,
};
use axum::{
    BoxError,
    body::{Body, Bytes},
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use futures::{TryStreamExt, stream};
use memoreel_blob::{Disposition, Grant, Purpose};
use memoreel_kernel::{AssetId, Timestamp};
use memoreel_web::{
    App, Json, May, Params, Problem, ProblemBody, ResourceId, action::ReadContent, while_taken,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{self, SeekFrom};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// The longest clip.
const CLIP_MS_MAX: u64 = 600_000;
/// The shortest: a few pictures.
const CLIP_MS_MIN: u64 = 100;
/// About as large as a clip becomes; of a recording that needs more a lighter version is taken.
const CLIP_BYTES_MAX: u64 = 512 << 20;
/// What is read of one at once.
const READ_BYTES: usize = 64 << 10;
const HOUR: i64 = 3600;
const LIFETIME_DEFAULT: i64 = 7 * 24 * HOUR;
const LIFETIME_MAX: i64 = 366 * 24 * HOUR;

/// Which part of a recording is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedClip {
    /// Where it begins, in seconds from the beginning of the recording.
    #[param(minimum = 0.0)]
    from_seconds: f64,
    /// Where it ends; at most ten minutes later.
    #[param(minimum = 0.0)]
    to_seconds: f64,
    /// How long the address works at least, an hour to 366 days; a week if not given.
    #[param(minimum = 3600, maximum = 31_622_400)]
    expires_in_seconds: Option<i64>,
}

/// Where a clip can be had.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ClipAddress {
    /// An MP4 file; it needs no session.
    url: String,
    /// Where it begins, in milliseconds.
    from_ms: u64,
    /// Where it ends, in milliseconds.
    to_ms: u64,
    /// When the address stops working.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Get the address of a clip
///
/// Whoever has the address can have that part of the recording as a file until it expires, unless the recording becomes its author's alone:
/// then those addresses go on that they made since. It is cut without encoding: players begin
/// where it was asked for, but the file holds what lies before, back to the key frame.
#[utoipa::path(get, path = "/assets/{id}/clip-address", operation_id = "get_clip_address", tag = "assets",
    params(("id" = AssetId, Path), WantedClip),
    responses((status = 200, body = ClipAddress), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn get_clip_address(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(id): ResourceId<AssetId>,
    Params(wanted): Params<WantedClip>,
) -> Result<Json<ClipAddress>, Problem> {
    let lifetime = wanted.expires_in_seconds.unwrap_or(LIFETIME_DEFAULT);
    if !(HOUR..=LIFETIME_MAX).contains(&lifetime) {
        let detail = format!("Addresses work for {HOUR} to {LIFETIME_MAX} seconds.");
        return Err(Problem::invalid_field("expires_in_seconds", "lifetime_invalid", detail));
    }
    let mut tx = app.db.tenant(&caller).await?;
    let row = store::find_asset(&mut tx, id).await.map_err(AssetsError::from)?;
    drop(tx);
    let row =
        row.filter(|row| row.deleted_at.is_none() && matches!(row.kind.as_deref(), Some("video" | "audio")));
    let row = row.ok_or(AssetsError::AssetNotFound)?;
    let (from_ms, to_ms) = span(&wanted, row.duration_seconds)?;
    let grant = Grant {
        organization_id: caller.organization_id,
        purpose: Purpose::Clip,
        is_private: row.is_private,
        prefix: keys::asset(caller.organization_id, id),
        expires_at: app.clock.now() + TimeDelta::seconds(lifetime),
        download_name: Some(file_name(&row.filename, from_ms, to_ms)),
    };
    let said = format!("{from_ms}-{to_ms}/clip.mp4");
    let token = app.signer.sign_with(&grant, &said);
    let url = format!("{}/media/clip/{id}/{said}?s={token}", app.public_url);
    // As it was signed: to the full hour.
    let expires_at =
        app.signer.verify_with(&token, &said, app.clock.now()).map_err(signature_problem)?.expires_at;
    Ok(Json(ClipAddress { url, from_ms, to_ms, expires_at }))
}

fn span(wanted: &WantedClip, duration_seconds: Option<f64>) -> Result<(u64, u64), Problem> {
    let refuse = |field: &str, detail: String| Err(Problem::invalid_field(field, "span_invalid", detail));
    let lasts = duration_seconds.unwrap_or(f64::MAX);
    let (from, to) = (wanted.from_seconds, wanted.to_seconds);
    if !from.is_finite() || from < 0.0 || from >= lasts {
        return refuse("from_seconds", "A clip begins within the recording.".to_owned());
    }
    if !to.is_finite() {
        return refuse("to_seconds", "A clip ends after it begins.".to_owned());
    }
    let ms = |seconds: f64| (seconds * 1000.0).round() as u64;
    let (from_ms, to_ms) = (ms(from), ms(to.min(lasts)));
    match to_ms.checked_sub(from_ms) {
        None | Some(..CLIP_MS_MIN) => {
            refuse("to_seconds", format!("A clip ends at least {CLIP_MS_MIN} milliseconds after it begins."))
        }
        Some(CLIP_MS_MIN..=CLIP_MS_MAX) => Ok((from_ms, to_ms)),
        Some(_) => refuse("to_seconds", format!("A clip lasts {} minutes at most.", CLIP_MS_MAX / 60_000)),
    }
}

/// Takes any two numbers as a clip of a recording, whose length may be known. What is taken lies within it, and is neither too long nor too
/// short.
///
/// # Panics
/// When that is not so.
#[cfg(fuzzing)]
pub fn fuzz_span(from_seconds: f64, to_seconds: f64, duration_seconds: Option<f64>) {
    let wanted = WantedClip { from_seconds, to_seconds, expires_in_seconds: None };
    let duration_seconds = duration_seconds.filter(|seconds| seconds.is_finite());
    if let Ok((from_ms, to_ms)) = span(&wanted, duration_seconds) {
        assert!((CLIP_MS_MIN..=CLIP_MS_MAX).contains(&(to_ms - from_ms)), "{wanted:?}");
        let ends_ms = duration_seconds.map_or(u64::MAX, |seconds| (seconds * 1000.0).round() as u64);
        assert!(to_ms <= ends_ms, "{wanted:?} of {duration_seconds:?}");
    }
}

/// `Weekly call 1.05-2.30.mp4`: of what, and which part.
fn file_name(filename: &str, from_ms: u64, to_ms: u64) -> String {
    let stem = stem(filename);
    let told = |ms: u64| format!("{}.{:02}", ms / 60_000, ms / 1000 % 60);
    format!("{stem} {}-{}.mp4", told(from_ms), told(to_ms))
}

#[derive(Debug, Deserialize)]
pub(super) struct Signed {
    s: String,
}

type Place = Result<Path<(AssetId, String, String)>, PathRejection>;
type Sign = Result<Query<Signed>, QueryRejection>;

/// What an address opens, and the part it says.
fn verified(app: &App, path: Place, signed: Sign) -> Result<(Grant, Span), Problem> {
    let not_found = || Problem::not_found("clip");
    let Path((asset_id, part, name)) = path.map_err(|_| not_found())?;
    let Query(Signed { s }) = signed.map_err(|_| not_found())?;
    let said = format!("{part}/{name}");
    let grant = app.signer.verify_with(&s, &said, app.clock.now()).map_err(signature_problem)?;
    let organization_id = grant.organization_id;
    let is_given_in_private = grant.is_private;
    if grant.purpose != Purpose::Clip || grant.prefix != keys::asset(organization_id, asset_id) {
        return Err(not_found());
    }
    let (from_ms, to_ms) = part
        .split_once('-')
        .and_then(|(from, to)| Some((from.parse::<u64>().ok()?, to.parse::<u64>().ok()?)))
        .filter(|(from, to)| to > from && to - from <= CLIP_MS_MAX)
        .ok_or_else(not_found)?;
    let bytes_max = CLIP_BYTES_MAX;
    Ok((grant, Span { organization_id, asset_id, is_given_in_private, from_ms, to_ms, bytes_max }))
}

pub(super) async fn ask(
    State(app): State<App>,
    delivery: Delivery,
    path: Place,
    signed: Sign,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let grant = match verified(&app, path, signed) {
        Ok((grant, _)) => grant,
        Err(problem) if problem.status() == StatusCode::GONE => {
            return delivery.preflight_anywhere(&app, &headers, Fetched::ByAddress).await;
        }
        Err(problem) => return Err(problem),
    };
    let deliverer = delivery.policies.of(&app, grant.organization_id).await?;
    Ok(delivery::preflight(&deliverer.policy, &headers))
}

pub(super) async fn get_clip(
    State(app): State<App>,
    delivery: Delivery,
    path: Place,
    signed: Sign,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (grant, span) = match verified(&app, path, signed) {
        Ok(verified) => verified,
        Err(problem) => return Err(delivery.told(&app, problem, &headers, Fetched::ByAddress).await),
    };
    delivery
        .guarded(&app, &grant, &headers, Fetched::ByAddress, async |policy| {
            let planned = delivery.players.plan(&app, &span).await?;
            let etag = etag_of([
                span.asset_id.to_string().as_bytes(),
                format!("{}-{}-", span.from_ms, span.to_ms).as_bytes(),
                planned.made_of.as_bytes(),
            ]);
            require_wanted(&headers, Some(&etag))?;
            let mut response = if is_current(&headers, Some(&etag)) {
                StatusCode::NOT_MODIFIED.into_response()
            } else if method == Method::HEAD {
                of_unknown_length()
            } else {
                sent(&app, delivery.players.cut(&app, &span, &planned).await?, &headers, &etag).await?
            };
            describe(response.headers_mut(), &etag);
            let left_seconds = (grant.expires_at - app.clock.now()).num_seconds();
            let answer = response.headers_mut();
            if let Ok(cache) = HeaderValue::from_str(&policy.cache_control(false, left_seconds)) {
                answer.insert(header::CACHE_CONTROL, cache);
            }
            let name = grant.download_name.as_deref().unwrap_or("clip.mp4");
            answer.insert(
                header::CONTENT_DISPOSITION,
                memoreel_blob::content_disposition(Disposition::Attachment, name),
            );
            Ok(response)
        })
        .await
}

/// The file, or the part of it that is asked for. Its folder goes at once: what is open can be read to its end, and takes its place on the
/// disk until then, or until nothing is taken of it.
async fn sent(app: &App, cut: Cut, headers: &HeaderMap, etag: &str) -> Result<Response, Problem> {
    let Cut { folder, file, room } = cut;
    let mut file = tokio::fs::File::open(folder.path().join(file)).await.map_err(Problem::internal)?;
    drop(folder);
    let size_bytes = file.metadata().await.map_err(Problem::internal)?.len();
    let range = wanted_range(headers).filter(|_| is_same(headers, Some(etag)));
    let bytes = match range.map(|range| range.resolve(size_bytes)).transpose() {
        Ok(range) => range,
        Err(_) => return Err(range_problem(Some(size_bytes))),
    };
    let status = if bytes.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let part = bytes.clone().unwrap_or(0..size_bytes);
    file.seek(SeekFrom::Start(part.start)).await.map_err(Problem::internal)?;
    let length = part.end - part.start;
    let read = ReaderStream::with_capacity(file.take(length), READ_BYTES).map_err(BoxError::from);
    let mut response = (status, while_taken(read, room, app.limits.stalled_after)).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if bytes.is_some()
        && let Ok(value) = HeaderValue::from_str(&memoreel_blob::content_range(&part, size_bytes))
    {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

fn describe(answer: &mut HeaderMap, etag: &str) {
    for (name, value) in [
        (header::CONTENT_TYPE, "video/mp4"),
        (header::ACCEPT_RANGES, "bytes"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, SANDBOX),
    ] {
        answer.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(etag) = HeaderValue::from_str(etag) {
        answer.insert(header::ETAG, etag);
    }
}

/// To who asks for nothing but what is known of it: how long it will be is known when it is cut.
pub(super) fn of_unknown_length() -> Response {
    Body::from_stream(stream::empty::<io::Result<Bytes>>()).into_response()
}

/// A tag of what is made of these.
pub(super) fn etag_of<const N: usize>(parts: [&[u8]; N]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    format!("\"{}\"", hex::encode(&hash.finalize()[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_lies_within_its_recording() {
        let of = |from_seconds, to_seconds| {
            span(&WantedClip { from_seconds, to_seconds, expires_in_seconds: None }, Some(900.5)).ok()
        };
        assert_eq!(of(1.0, 2.5), Some((1_000, 2_500)));
        assert_eq!(of(890.0, 2_000.0), Some((890_000, 900_500)));
        for (from, to) in [
            (-1.0, 2.0),
            (2.0, 2.0),
            (2.0, 1.0),
            (2.0, 2.05),
            (900.5, 901.0),
            (0.0, 601.0),
            (f64::NAN, 1.0),
            (0.0, f64::NAN),
            (0.0, f64::INFINITY),
        ] {
            assert_eq!(of(from, to), None, "{from} to {to}");
        }
        assert_eq!(file_name("会議.mov", 65_000, 150_000), "会議 1.05-2.30.mp4");
    }
}
