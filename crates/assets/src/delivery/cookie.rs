//! The cookie that opens the media of one asset, for players that keep neither what stands in an address nor what stands behind it.
//!
//! It is shown to the addresses of that asset alone. Behind https pages of other sites may use it, in which case it is kept apart for each
//! of them (`Partitioned`).

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::TimeDelta;
use memoreel_kernel::{AssetId, Timestamp};

/// Its name.
pub(crate) const COOKIE: &str = "memoreel_media";

/// How long it works: an hour at least, a day at most, half of one if nothing is said. `None` if neither.
pub(crate) fn lifetime(seconds: Option<i64>) -> Option<TimeDelta> {
    const HOUR: i64 = 3600;
    let seconds = seconds.unwrap_or(12 * HOUR);
    (HOUR..=24 * HOUR).contains(&seconds).then(|| TimeDelta::seconds(seconds))
}

/// The tokens that are presented. Browsers send the one for the most particular path first.
pub(crate) fn presented(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let pairs = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(name, value)| (name == COOKIE).then_some(value))
        // A page can set no more than a few, and each is a signature to check.
        .take(4)
}

/// The folder of addresses it is for.
pub(crate) fn path(asset_id: AssetId) -> String {
    format!("/media/a/{asset_id}/")
}

/// The header that hands the token to the browser until it expires.
pub(crate) fn set(
    asset_id: AssetId,
    token: &str,
    expires_at: Timestamp,
    now: Timestamp,
    secure: bool,
) -> Option<HeaderValue> {
    let (path, seconds) = (path(asset_id), (expires_at - now).num_seconds().max(0));
    let sites = if secure { "SameSite=None; Secure; Partitioned" } else { "SameSite=Lax" };
    HeaderValue::try_from(format!("{COOKIE}={token}; Path={path}; Max-Age={seconds}; HttpOnly; {sites}")).ok()
}
