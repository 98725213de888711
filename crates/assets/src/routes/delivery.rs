//! The policy of delivery, and the cookies that open media.

use super::media::signature_problem;
use crate::{
    AssetsError,
    delivery::{
        self, DeliveryPolicies, DomainPattern, OriginPattern, PATTERN_CHARS_MAX, Policy, cookie_lifetime,
        cookie_path,
    },
    keys, store,
};
use axum::{Extension, extract::State};
use memoreel_blob::{Grant, Purpose};
use memoreel_kernel::{AssetId, Timestamp};
use memoreel_web::{
    App, Json, May, Params, Problem, ProblemBody, ResourceId,
    action::{ManageDelivery, ReadContent},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const ORIGINS_MAX: usize = 50;
const DOMAINS_MAX: usize = 100;
const CACHE_SECONDS_MAX: u32 = 366 * 24 * 3600;

/// To which web sites an organization's media are delivered.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct DeliveryPolicy {
    /// Origins whose pages may read media, and call the API with a key: `https://app.example.com`, or `https://*.example.com` for everything
    /// below that domain. Where there are none, images by address are read by everybody's pages, and other media by none.
    allowed_origins: Vec<String>,
    /// Domains whose pages may show media: `example.com`, or `*.example.com` for everything below it. Everybody's where there are none.
    referrer_domains: Vec<String>,
    /// Whether a request that does not say where it comes from is let in beside them.
    allows_no_referrer: bool,
    /// Whether caches that serve many people, such as a CDN, may keep media.
    shared_caching: bool,
    /// For how many seconds caches may keep what does not change, at most as long as its address works.
    cache_seconds: u32,
}

/// What is to be.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutDeliveryPolicy {
    /// At most 50.
    #[schema(max_items = 50)]
    allowed_origins: Vec<String>,
    /// At most 100.
    #[schema(max_items = 100)]
    referrer_domains: Vec<String>,
    /// Whether a request that does not say where it comes from is let in beside them.
    allows_no_referrer: bool,
    /// Whether caches that serve many people may keep media.
    shared_caching: bool,
    /// At most 31,622,400: 366 days.
    #[schema(maximum = 31_622_400)]
    cache_seconds: u32,
}

impl From<&Policy> for DeliveryPolicy {
    fn from(policy: &Policy) -> Self {
        Self {
            allowed_origins: policy.allowed_origins.iter().map(|one| one.as_str().to_owned()).collect(),
            referrer_domains: policy.referrer_domains.iter().map(|one| one.as_str().to_owned()).collect(),
            allows_no_referrer: policy.allows_no_referrer,
            shared_caching: policy.shared_caching,
            cache_seconds: policy.cache_seconds,
        }
    }
}

impl PutDeliveryPolicy {
    fn read(self) -> Result<Policy, Problem> {
        if self.cache_seconds > CACHE_SECONDS_MAX {
            let detail = format!("Caches keep nothing for longer than {CACHE_SECONDS_MAX} seconds.");
            return Err(Problem::invalid_field("cache_seconds", "cache_seconds_invalid", detail));
        }
        Ok(Policy {
            allowed_origins: list(
                "allowed_origins",
                "origin_invalid",
                ORIGINS_MAX,
                &self.allowed_origins,
                OriginPattern::named,
                OriginPattern::as_str,
            )?,
            referrer_domains: list(
                "referrer_domains",
                "domain_invalid",
                DOMAINS_MAX,
                &self.referrer_domains,
                DomainPattern::named,
                DomainPattern::as_str,
            )?,
            allows_no_referrer: self.allows_no_referrer,
            shared_caching: self.shared_caching,
            cache_seconds: self.cache_seconds,
        })
    }
}

/// Each once, in the order in which they were given.
fn list<P>(
    field: &str,
    code: &'static str,
    entries_max: usize,
    entries: &[String],
    parse: impl Fn(&str) -> Result<P, &'static str>,
    spelling: impl Fn(&P) -> &str,
) -> Result<Vec<P>, Problem> {
    if entries.len() > entries_max {
        let detail = format!("There are at most {entries_max} of them.");
        return Err(Problem::invalid_field(field, "list_too_long", detail));
    }
    let (mut read, mut seen) = (Vec::with_capacity(entries.len()), BTreeSet::new());
    for entry in entries {
        let one = parse(entry).map_err(|why| {
            let told: String = entry.chars().take(PATTERN_CHARS_MAX).collect();
            Problem::invalid_field(field, code, format!("`{}` {why}.", told.trim()))
        })?;
        if seen.insert(spelling(&one).to_owned()) {
            read.push(one);
        }
    }
    Ok(read)
}

/// Get the delivery policy
#[utoipa::path(get, path = "/organization/delivery", operation_id = "get_delivery_policy", tag = "delivery",
    responses((status = 200, body = DeliveryPolicy), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody)))]
pub(super) async fn get_delivery_policy(
    State(app): State<App>,
    May(caller, _): May<ManageDelivery>,
) -> Result<Json<DeliveryPolicy>, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    let deliverer = store::find_deliverer(&mut tx).await.map_err(AssetsError::from)?;
    Ok(Json((&deliverer.policy).into()))
}

/// Set the delivery policy
///
/// Other processes of the server know of it within a few seconds, browsers within ten minutes, and caches once they let go of what they keep.
#[utoipa::path(put, path = "/organization/delivery", operation_id = "put_delivery_policy", tag = "delivery",
    request_body = PutDeliveryPolicy,
    responses((status = 200, body = DeliveryPolicy), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(super) async fn put_delivery_policy(
    State(app): State<App>,
    Extension(policies): Extension<DeliveryPolicies>,
    May(caller, _): May<ManageDelivery>,
    Json(put): Json<PutDeliveryPolicy>,
) -> Result<Json<DeliveryPolicy>, Problem> {
    let policy = put.read()?;
    let mut tx = app.db.tenant(&caller).await?;
    store::put_delivery_policy(&mut tx, &policy, app.clock.now()).await.map_err(AssetsError::from)?;
    tx.commit().await?;
    policies.forget(caller.organization_id);
    Ok(Json((&policy).into()))
}

/// How long a cookie is to work.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedCookie {
    /// How long the cookie works at least, an hour to a day; half a day if not given.
    #[param(minimum = 3600, maximum = 86_400)]
    expires_in_seconds: Option<i64>,
}

/// A cookie that opens the media of one recording, and what it opens.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct MediaCookie {
    /// Fetched by a page with `credentials: "include"`, it hands the cookie to the browser.
    open_url: String,
    /// The cookie's name, for who sets it themselves on a domain they share with this server.
    name: String,
    /// Its value.
    value: String,
    /// Its path: no other address is shown it.
    path: String,
    /// When it stops working.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// HLS master playlist.
    hls_url: String,
    /// DASH manifest.
    dash_url: String,
    /// WebVTT captions.
    captions_url: String,
    /// A large still.
    poster_url: String,
}

/// Get a cookie for the media of a recording
///
/// For players that keep neither what stands in an address nor what stands behind it. The cookie opens playlists, segments, captions, stills
/// and waveforms of this recording, and nothing else; what is not there yet is answered 404.
#[utoipa::path(get, path = "/assets/{id}/media-cookie", operation_id = "get_media_cookie", tag = "delivery",
    params(("id" = AssetId, Path), WantedCookie),
    responses((status = 200, body = MediaCookie), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn get_media_cookie(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(id): ResourceId<AssetId>,
    Params(wanted): Params<WantedCookie>,
) -> Result<Json<MediaCookie>, Problem> {
    let lifetime = cookie_lifetime(wanted.expires_in_seconds).ok_or_else(|| {
        let detail = "Cookies work for 3600 to 86400 seconds.";
        Problem::invalid_field("expires_in_seconds", "lifetime_invalid", detail)
    })?;
    let mut tx = app.db.tenant(&caller).await?;
    let row = store::find_asset(&mut tx, id).await.map_err(AssetsError::from)?;
    drop(tx);
    let recording = row
        .filter(|row| row.deleted_at.is_none() && matches!(row.kind.as_deref(), Some("video" | "audio")))
        .ok_or(AssetsError::AssetNotFound)?
        .recording(caller.organization_id);
    let now = app.clock.now();
    let grant = Grant {
        organization_id: caller.organization_id,
        purpose: Purpose::Cookie,
        is_private: recording.is_private,
        prefix: keys::asset(caller.organization_id, id),
        expires_at: now + lifetime,
        download_name: None,
    };
    let value = app.signer.sign_with(&grant, delivery::COOKIE);
    // As it was signed: to the full hour.
    let expires_at =
        app.signer.verify_with(&value, delivery::COOKIE, now).map_err(signature_problem)?.expires_at;
    let path = cookie_path(id);
    let below = |file: &str| format!("{}{path}{file}", app.public_url);
    let played = |file: &str| below(&format!("{}/{file}", recording.hls_below()));
    Ok(Json(MediaCookie {
        open_url: below(&format!("open?t={value}")),
        name: delivery::COOKIE.to_owned(),
        hls_url: played("master.m3u8"),
        dash_url: played("manifest.mpd"),
        captions_url: played("captions.vtt"),
        poster_url: below(&recording.below("preview/poster.jpg")),
        value,
        path,
        expires_at,
    }))
}
