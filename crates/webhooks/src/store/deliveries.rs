//! Deliveries as people see them, and sending them again.

use crate::{
    event::WebhookEvent,
    model::{DeliveryStatus, REPLAY_MAX, WebhookDelivery, WebhookDeliveryDetails},
};
use chrono::{DateTime, Utc};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{PageRequest, Timestamp, VideoId, WebhookDeliveryId, WebhookEndpointId};

/// What a list is narrowed to.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeliveryFilter {
    pub(crate) endpoint_id: Option<WebhookEndpointId>,
    pub(crate) status: Option<DeliveryStatus>,
    pub(crate) event: Option<WebhookEvent>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
}

struct DeliveryRow {
    id: WebhookDeliveryId,
    endpoint_id: WebhookEndpointId,
    event: String,
    video_id: Option<VideoId>,
    status: String,
    attempts: i32,
    next_attempt_at: Option<DateTime<Utc>>,
    last_attempt_at: Option<DateTime<Utc>>,
    response_status: Option<i32>,
    error_code: Option<String>,
    duration_ms: Option<i32>,
    created_at: DateTime<Utc>,
}

impl From<DeliveryRow> for WebhookDelivery {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: row.id,
            endpoint_id: row.endpoint_id,
            event: row.event,
            video_id: row.video_id,
            status: DeliveryStatus::from_column(&row.status),
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            last_attempt_at: row.last_attempt_at,
            response_status: row.response_status,
            error_code: row.error_code,
            duration_ms: row.duration_ms,
            created_at: row.created_at,
        }
    }
}

macro_rules! select_deliveries {
    ($chosen:tt, $($parameter:expr),+ $(,)?) => {
        sqlx::query_as!(
            DeliveryRow,
            r#"SELECT id AS "id: _", endpoint_id AS "endpoint_id: _", event, video_id AS "video_id: _", status, attempts,
                   CASE WHEN status = 'pending' AND lease IS NULL THEN next_attempt_at END AS next_attempt_at, last_attempt_at,
                   response_status, error_code, duration_ms, created_at
               FROM webhook_deliveries WHERE organization_id = $1 AND "# + $chosen,
            $($parameter),+
        )
    };
}

/// Newest first, after a cursor: by the index of an endpoint, whose deliveries may all be older than those of others, or by that of all.
pub(crate) async fn deliveries(
    tx: &mut TenantTx,
    filter: &DeliveryFilter,
    page: &PageRequest,
) -> Result<Vec<WebhookDelivery>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let cursor = page.begins_after().before(filter.to);
    let from = filter.from.unwrap_or(Timestamp::UNIX_EPOCH);
    let (status, event) = (filter.status.map(DeliveryStatus::as_str), filter.event.map(WebhookEvent::as_str));
    let rows = match filter.endpoint_id {
        Some(endpoint_id) => {
            select_deliveries!(
                "endpoint_id = $2 AND created_at >= $3 AND (created_at, id) < ($4::timestamptz, $5::uuid)
                 AND CASE WHEN $6::text IS NULL THEN true ELSE status = $6 END
                 AND CASE WHEN $7::text IS NULL THEN true ELSE event = $7 END
                 ORDER BY created_at DESC, id DESC LIMIT $8",
                organization_id.uuid(),
                endpoint_id.uuid(),
                from,
                cursor.time,
                cursor.id,
                status,
                event,
                page.limit_plus_one(),
            )
            .fetch_all(&mut **tx)
            .await?
        }
        None => {
            select_deliveries!(
                "created_at >= $2 AND (created_at, id) < ($3::timestamptz, $4::uuid)
                 AND CASE WHEN $5::text IS NULL THEN true ELSE status = $5 END
                 AND CASE WHEN $6::text IS NULL THEN true ELSE event = $6 END
                 ORDER BY created_at DESC, id DESC LIMIT $7",
                organization_id.uuid(),
                from,
                cursor.time,
                cursor.id,
                status,
                event,
                page.limit_plus_one(),
            )
            .fetch_all(&mut **tx)
            .await?
        }
    };
    Ok(rows.into_iter().map(WebhookDelivery::from).collect())
}

/// One delivery.
pub(crate) async fn find_delivery(
    tx: &mut TenantTx,
    id: WebhookDeliveryId,
) -> Result<Option<WebhookDelivery>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row =
        select_deliveries!("id = $2", organization_id.uuid(), id.uuid()).fetch_optional(&mut **tx).await?;
    Ok(row.map(WebhookDelivery::from))
}

/// One delivery with what was sent and answered.
pub(crate) async fn find_details(
    tx: &mut TenantTx,
    id: WebhookDeliveryId,
) -> Result<Option<WebhookDeliveryDetails>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"SELECT id AS "id: WebhookDeliveryId", endpoint_id AS "endpoint_id: WebhookEndpointId", event, video_id AS "video_id: VideoId",
               status, attempts, CASE WHEN status = 'pending' AND lease IS NULL THEN next_attempt_at END AS next_attempt_at,
               last_attempt_at, response_status, error_code, duration_ms, created_at, payload, response_body
           FROM webhook_deliveries WHERE organization_id = $1 AND id = $2"#,
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| WebhookDeliveryDetails {
        delivery: WebhookDelivery {
            id: row.id,
            endpoint_id: row.endpoint_id,
            event: row.event,
            video_id: row.video_id,
            status: DeliveryStatus::from_column(&row.status),
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            last_attempt_at: row.last_attempt_at,
            response_status: row.response_status,
            error_code: row.error_code,
            duration_ms: row.duration_ms,
            created_at: row.created_at,
        },
        payload: serde_json::from_str(&row.payload).unwrap_or_default(),
        response_body: row.response_body,
    }))
}

/// A message of the test button, due at once.
pub(crate) async fn insert_test_delivery(
    tx: &mut TenantTx,
    id: WebhookDeliveryId,
    endpoint_id: WebhookEndpointId,
    event: &str,
    payload: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        r#"WITH added AS (
               INSERT INTO webhook_deliveries (organization_id, id, endpoint_id, event, payload, next_attempt_at, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $6)
           )
           SELECT pg_notify('memoreel_webhooks', '')::text AS notified"#,
        organization_id.uuid(),
        id.uuid(),
        endpoint_id.uuid(),
        event,
        payload,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

/// Makes a delivery due at once, with all its tries, unless it is of a video that is private now, or gone; returns whether it is there and of
/// none. Of one that is on its way it is noted that it is wanted again: that is done when its try is over and was not taken.
pub(crate) async fn replay_delivery(
    tx: &mut TenantTx,
    id: WebhookDeliveryId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"WITH told AS (
               SELECT d.id FROM webhook_deliveries d LEFT JOIN videos v ON v.organization_id = $1 AND v.id = d.video_id
               WHERE d.organization_id = $1 AND d.id = $2 AND (d.video_id IS NULL OR v.visibility <> 'private')
           ), due AS (
               UPDATE webhook_deliveries d SET status = 'pending', attempts = 0, finished_at = NULL, replayed_at = $3,
                   replayed_lease = d.lease, next_attempt_at = CASE WHEN d.lease IS NULL THEN $3 ELSE d.next_attempt_at END
               FROM told WHERE d.organization_id = $1 AND d.id = told.id
           )
           SELECT EXISTS (SELECT FROM told) AS "is_told!", pg_notify('memoreel_webhooks', '')::text AS notified"#,
        organization_id.uuid(),
        id.uuid(),
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.is_told)
}

/// What was made due again.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) count: i64,
    /// When the first of those happened that were too many.
    pub(crate) next_from: Option<Timestamp>,
}

/// Makes what an endpoint was told in a range of time due again, but for videos that are private now, the oldest first, at most [`REPLAY_MAX`].
/// Of what is on its way it is noted that it is wanted again, as in [`replay_delivery`].
/// Whoever calls this holds the endpoint, and so waits for no delivery: whoever has one may wait for its endpoint.
pub(crate) async fn replay_deliveries(
    tx: &mut TenantTx,
    endpoint_id: WebhookEndpointId,
    status: DeliveryStatus,
    from: Timestamp,
    to: Option<Timestamp>,
    now: Timestamp,
) -> Result<Replayed, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        Replayed,
        r#"WITH found AS (
               SELECT id, created_at FROM webhook_deliveries d WHERE organization_id = $1 AND endpoint_id = $2 AND status = $3
                   AND created_at >= $4 AND ($5::timestamptz IS NULL OR created_at < $5)
                   AND (video_id IS NULL OR EXISTS (
                       SELECT FROM videos v WHERE v.organization_id = $1 AND v.id = d.video_id AND v.visibility <> 'private'))
               ORDER BY created_at, id LIMIT $7::bigint + 1 FOR UPDATE SKIP LOCKED
           ), chosen AS (
               SELECT id, created_at, row_number() OVER (ORDER BY created_at, id) <= $7 AS fits FROM found
           ), due AS (
               UPDATE webhook_deliveries d SET status = 'pending', attempts = 0, finished_at = NULL, replayed_lease = d.lease,
                   next_attempt_at = CASE WHEN d.lease IS NULL THEN $6 ELSE d.next_attempt_at END
               FROM chosen WHERE d.organization_id = $1 AND d.id = chosen.id AND chosen.fits RETURNING d.id
           ), told AS (
               SELECT pg_notify('memoreel_webhooks', '')
           )
           SELECT (SELECT count(*) FROM due) + 0 * (SELECT count(*) FROM told) AS "count!",
               (SELECT created_at FROM chosen WHERE NOT fits) AS next_from"#,
        organization_id.uuid(),
        endpoint_id.uuid(),
        status.as_str(),
        from,
        to,
        now,
        REPLAY_MAX,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Ends what waits for endpoints that are switched off, of all organizations: it was on its way when its endpoint was, and came back.
pub(crate) async fn fail_inactive(tx: &mut SystemTx, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook_deliveries d SET status = 'failed', error_code = coalesce(d.error_code, 'endpoint_inactive'), finished_at = $1,
             lease = NULL, leased_by = NULL
         FROM webhook_endpoints e WHERE e.organization_id = d.organization_id AND e.id = d.endpoint_id AND NOT e.active
             AND d.status = 'pending' AND (d.lease IS NULL OR d.next_attempt_at <= $1)",
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Of all organizations, some of those that came to an end before `before`; returns how many.
pub(crate) async fn delete_old_deliveries(
    tx: &mut SystemTx,
    before: Timestamp,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        "DELETE FROM webhook_deliveries WHERE (organization_id, id) IN (
             SELECT organization_id, id FROM webhook_deliveries WHERE status <> 'pending' AND finished_at < $1 LIMIT $2)",
        before,
        limit,
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected())
}
