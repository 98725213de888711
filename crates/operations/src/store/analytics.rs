//! What the log of requests and the files come to, for those who look after an organization.

use crate::analytics::{
    ChannelStorage, KindStorage, LoggedRequest, Range, RequestLogCursor, RouteOrder, RouteTraffic, Storage,
    TrafficPoint,
};
use chrono::{DateTime, Utc};
use memoreel_db::TenantTx;
use uuid::Uuid;

/// Requests by hour or day, those without any included.
pub(crate) async fn traffic(tx: &mut TenantTx, range: &Range) -> Result<Vec<TrafficPoint>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        TrafficPoint,
        r#"WITH points AS (
               SELECT at FROM generate_series(date_trunc($4, $2::timestamptz, 'UTC'), $3::timestamptz,
                   CASE $4 WHEN 'hour' THEN interval '1 hour' ELSE interval '1 day' END, 'UTC') AS at WHERE at < $3
           ), seen AS (
               SELECT date_trunc($4, created_at, 'UTC') AS at, count(*) AS requests,
                   count(*) FILTER (WHERE status_code BETWEEN 400 AND 499) AS refusals,
                   count(*) FILTER (WHERE status_code >= 500) AS errors,
                   sum(bytes_in)::bigint AS bytes_in, sum(bytes_out)::bigint AS bytes_out,
                   sum(bytes_out) FILTER (WHERE route LIKE '/media/%' OR route LIKE '/i/%')::bigint AS media_bytes_out
               FROM request_logs WHERE organization_id = $1 AND created_at >= $2 AND created_at < $3 GROUP BY 1
           )
           SELECT points.at AS "at!: DateTime<Utc>", coalesce(requests, 0) AS "requests!", coalesce(refusals, 0) AS "refusals!",
               coalesce(errors, 0) AS "errors!", coalesce(bytes_in, 0) AS "bytes_in!", coalesce(bytes_out, 0) AS "bytes_out!",
               coalesce(media_bytes_out, 0) AS "media_bytes_out!"
           FROM points LEFT JOIN seen ON seen.at = points.at ORDER BY points.at"#,
        organization_id.uuid(),
        range.from,
        range.to,
        range.step.as_str(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// What each route took, in an order, at most `limit` of them.
pub(crate) async fn routes(
    tx: &mut TenantTx,
    range: &Range,
    order: RouteOrder,
    limit: i64,
) -> Result<Vec<RouteTraffic>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        RouteTraffic,
        r#"SELECT method, route, requests AS "requests!", refusals AS "refusals!", errors AS "errors!",
               errors::float8 / requests AS "error_rate!", quantiles[1] AS "duration_ms_p50!", quantiles[2] AS "duration_ms_p95!",
               bytes_out AS "bytes_out!"
           FROM (
               SELECT method, route, count(*) AS requests, count(*) FILTER (WHERE status_code BETWEEN 400 AND 499) AS refusals,
                   count(*) FILTER (WHERE status_code >= 500) AS errors,
                   percentile_cont(ARRAY[0.5, 0.95]::float8[]) WITHIN GROUP (ORDER BY duration_ms::float8) AS quantiles,
                   sum(bytes_out)::bigint AS bytes_out
               FROM request_logs WHERE organization_id = $1 AND created_at >= $2 AND created_at < $3 GROUP BY method, route
           ) AS taken
           ORDER BY CASE $4 WHEN 'slowest' THEN quantiles[2] WHEN 'errors' THEN errors::float8 / requests ELSE requests::float8 END DESC,
               requests DESC, route, method
           LIMIT $5"#,
        organization_id.uuid(),
        range.from,
        range.to,
        order.as_str(),
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// What is kept, by kind of file and by channel. Files of videos the caller may not see are not counted. One content is stored once, however
/// many assets have it: it counts for the oldest of those that the caller sees. What failed before it was stored takes no room.
pub(crate) async fn storage(tx: &mut TenantTx) -> Result<Storage, sqlx::Error> {
    let organization_id = tx.organization_id();
    let kinds = sqlx::query_as!(
        KindStorage,
        r#"WITH kept AS (
               SELECT a.id, a.kind, a.picture_bytes, CASE row_number() OVER (PARTITION BY coalesce(a.blob_id, a.id) ORDER BY a.id)
                   WHEN 1 THEN a.byte_size ELSE 0 END AS original_bytes
               FROM assets a WHERE a.organization_id = $1 AND a.blob_key IS NOT NULL
           ), made AS (
               SELECT r.asset_id, sum(r.byte_size + r.still_bytes) AS byte_size FROM renditions r WHERE r.organization_id = $1 GROUP BY r.asset_id
           )
           SELECT kept.kind, count(*) AS "files!", sum(kept.original_bytes)::bigint AS "original_bytes!",
               sum(kept.picture_bytes + coalesce(made.byte_size, 0))::bigint AS "rendition_bytes!"
           FROM kept LEFT JOIN made ON made.asset_id = kept.id GROUP BY kept.kind ORDER BY 3 DESC, kept.kind"#,
        organization_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let channels = sqlx::query_as!(
        ChannelStorage,
        r#"WITH kept AS (
               SELECT a.id, a.picture_bytes, CASE row_number() OVER (PARTITION BY coalesce(a.blob_id, a.id) ORDER BY a.id)
                   WHEN 1 THEN a.byte_size ELSE 0 END AS original_bytes
               FROM assets a WHERE a.organization_id = $1 AND a.blob_key IS NOT NULL
           ), made AS (
               SELECT r.asset_id, sum(r.byte_size + r.still_bytes) AS byte_size FROM renditions r WHERE r.organization_id = $1 GROUP BY r.asset_id
           )
           SELECT c.id AS "channel_id?", c.name AS "channel_name?", count(*) AS "videos!",
               coalesce(sum(kept.original_bytes + kept.picture_bytes + coalesce(made.byte_size, 0)), 0)::bigint AS "bytes!"
           FROM videos v
           LEFT JOIN channels c ON c.organization_id = $1 AND c.id = v.channel_id
           LEFT JOIN kept ON kept.id = v.asset_id LEFT JOIN made ON made.asset_id = kept.id
           WHERE v.organization_id = $1 GROUP BY c.id, c.name ORDER BY 4 DESC, c.name LIMIT 200"#,
        organization_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(Storage { kinds, channels })
}

/// A page of the log itself, newest first.
pub(crate) async fn logged_requests(
    tx: &mut TenantTx,
    range: &Range,
    after: Option<RequestLogCursor>,
    limit: i64,
) -> Result<Vec<LoggedRequest>, sqlx::Error> {
    let organization_id = tx.organization_id();
    // One bound, of the days as of the rows: the whole log is read page by page, and none passes over what the ones before it had.
    let (before, id) = after.unwrap_or((range.to, Uuid::nil()));
    sqlx::query_as!(
        LoggedRequest,
        r#"SELECT id, created_at, user_id, request_id, method, route, path, status_code, duration_ms, bytes_in, bytes_out,
               address::text AS address, user_agent
           FROM request_logs WHERE organization_id = $1 AND created_at >= $2 AND created_at <= $3 AND (created_at, id) < ($3, $4::uuid)
           ORDER BY created_at DESC, id DESC LIMIT $5"#,
        organization_id.uuid(),
        range.from,
        before,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}
