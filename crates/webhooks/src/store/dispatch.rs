//! What the dispatcher asks of the database, across organizations, and the notices that follow.

use crate::notice::{NOTICE_ATTEMPTS_MAX, NOTICE_PRIORITY, SEND_NOTICE};
use memoreel_db::{SystemConnection, SystemTx};
use memoreel_kernel::{OrganizationId, Timestamp, UserId, WebhookDeliveryId, WebhookEndpointId};
use sqlx::postgres::types::PgInterval;
use uuid::Uuid;

/// A delivery in the dispatcher's hands.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) organization_id: OrganizationId,
    pub(crate) id: WebhookDeliveryId,
    pub(crate) endpoint_id: WebhookEndpointId,
    pub(crate) url: String,
    pub(crate) payload: String,
    pub(crate) attempts: i32,
    pub(crate) lease: Uuid,
    /// Of each secret that signs, the newest first: where it lies, and what lies there.
    pub(crate) secret_ids: Vec<Uuid>,
    pub(crate) secrets: Vec<Vec<u8>>,
}

/// Whether endpoints may be told of events of this kind.
pub(crate) async fn is_sent(tx: &mut SystemTx, kind: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT webhook_event_of($1, 'completed') IS NOT NULL AS "is_sent!""#, kind)
        .fetch_one(&mut **tx)
        .await
}

/// Leases what is due, of each endpoint no more than it has places for.
pub(crate) async fn claim(
    connection: &mut SystemConnection,
    free: &[(WebhookEndpointId, i32)],
    others: i32,
    limit: i32,
    name: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Claimed>, sqlx::Error> {
    let (endpoints, places): (Vec<Uuid>, Vec<i32>) = free.iter().map(|(id, free)| (id.uuid(), *free)).unzip();
    sqlx::query_as!(
        Claimed,
        r#"SELECT organization_id AS "organization_id!: _", id AS "id!: _", endpoint_id AS "endpoint_id!: _", url AS "url!",
               payload AS "payload!", attempts AS "attempts!", lease AS "lease!",
               coalesce(secret_ids, '{}') AS "secret_ids!", coalesce(secrets, '{}') AS "secrets!"
           FROM claim_webhook_deliveries($1, $2, $3, $4, $5, $6, $7)"#,
        &endpoints,
        &places,
        others,
        limit,
        name,
        now,
        until,
    )
    .fetch_all(&mut **connection)
    .await
}

/// What became of one sending.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) organization_id: OrganizationId,
    pub(crate) id: WebhookDeliveryId,
    pub(crate) endpoint_id: WebhookEndpointId,
    pub(crate) lease: Uuid,
    /// `pending` when it is sent again.
    pub(crate) status: &'static str,
    pub(crate) next_attempt_at: Timestamp,
    pub(crate) response_status: Option<i32>,
    pub(crate) response_body: Option<String>,
    pub(crate) error_code: Option<&'static str>,
    pub(crate) duration_ms: i32,
    /// Whether the endpoint wants to be told nothing any more.
    pub(crate) is_gone: bool,
}

/// An endpoint that is told nothing any more.
#[derive(Debug)]
pub(crate) struct DisabledEndpoint {
    pub(crate) organization_id: OrganizationId,
    pub(crate) endpoint_id: WebhookEndpointId,
}

/// Writes down what became of deliveries; returns the endpoints that are disabled by it.
pub(crate) async fn finish(
    tx: &mut SystemTx,
    ended: &[Ended],
    now: Timestamp,
    failing_for: PgInterval,
) -> Result<Vec<DisabledEndpoint>, sqlx::Error> {
    let organization_ids: Vec<Uuid> = ended.iter().map(|one| one.organization_id.uuid()).collect();
    let ids: Vec<Uuid> = ended.iter().map(|one| one.id.uuid()).collect();
    let leases: Vec<Uuid> = ended.iter().map(|one| one.lease).collect();
    let statuses: Vec<String> = ended.iter().map(|one| one.status.to_owned()).collect();
    let next_attempts: Vec<Timestamp> = ended.iter().map(|one| one.next_attempt_at).collect();
    let response_statuses: Vec<Option<i32>> = ended.iter().map(|one| one.response_status).collect();
    let response_bodies: Vec<Option<String>> = ended.iter().map(|one| one.response_body.clone()).collect();
    let error_codes: Vec<Option<String>> =
        ended.iter().map(|one| one.error_code.map(str::to_owned)).collect();
    let durations: Vec<i32> = ended.iter().map(|one| one.duration_ms).collect();
    let gone: Vec<Uuid> = ended.iter().filter(|one| one.is_gone).map(|one| one.endpoint_id.uuid()).collect();
    sqlx::query_as!(
        DisabledEndpoint,
        r#"SELECT organization_id AS "organization_id!: _", endpoint_id AS "endpoint_id!: _"
           FROM finish_webhook_deliveries($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"#,
        &organization_ids,
        &ids,
        &leases,
        &statuses,
        &next_attempts,
        &response_statuses as &[Option<i32>],
        &response_bodies as &[Option<String>],
        &error_codes as &[Option<String>],
        &durations,
        &gone,
        now,
        failing_for,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Gives back what was not sent.
pub(crate) async fn release(tx: &mut SystemTx, leases: &[Uuid], now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook_deliveries SET lease = NULL, leased_by = NULL, next_attempt_at = $2
         WHERE status = 'pending' AND lease = ANY($1)",
        leases,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The names of all who hold leases.
pub(crate) async fn lease_holders(tx: &mut SystemTx) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT DISTINCT leased_by AS "name!" FROM webhook_deliveries WHERE status = 'pending' AND leased_by IS NOT NULL"#
    )
    .fetch_all(&mut **tx)
    .await
}

/// Gives back what these hold.
pub(crate) async fn release_holders(
    tx: &mut SystemTx,
    names: &[String],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let released = sqlx::query!(
        "UPDATE webhook_deliveries SET lease = NULL, leased_by = NULL, next_attempt_at = $2
         WHERE status = 'pending' AND leased_by = ANY($1)",
        names,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(released.rows_affected())
}

/// A notice for everybody who manages the organization: a task each, so that one address that takes no mail holds up no other.
pub(crate) async fn enqueue_notices(
    tx: &mut SystemTx,
    disabled: &DisabledEndpoint,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"WITH enqueued AS (
               INSERT INTO tasks (organization_id, kind, subject_id, payload, priority, attempts_max, scheduled_for, created_at)
               SELECT m.organization_id, $3, uuidv7(), jsonb_build_object('endpoint_id', $2::uuid, 'user_id', m.user_id), $4, $5, $6, $6
               FROM memberships m WHERE m.organization_id = $1 AND m.role IN ('owner', 'admin')
               RETURNING kind
           )
           SELECT pg_notify('memoreel_tasks', kind)::text AS notified FROM enqueued"#,
        disabled.organization_id.uuid(),
        disabled.endpoint_id.uuid(),
        SEND_NOTICE,
        NOTICE_PRIORITY,
        NOTICE_ATTEMPTS_MAX,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

/// What a notice says.
#[derive(Debug)]
pub(crate) struct NoticeRow {
    pub(crate) url: String,
    pub(crate) disabled_at: Timestamp,
    pub(crate) disabled_reason: String,
    pub(crate) organization_name: String,
    pub(crate) user_name: Option<String>,
    pub(crate) email: String,
}

/// `None` when the endpoint is told things again or gone, or the person does not manage the organization any more.
pub(crate) async fn find_notice(
    tx: &mut SystemTx,
    organization_id: OrganizationId,
    endpoint_id: WebhookEndpointId,
    user_id: UserId,
) -> Result<Option<NoticeRow>, sqlx::Error> {
    sqlx::query_as!(
        NoticeRow,
        r#"SELECT e.url, e.disabled_at AS "disabled_at!", e.disabled_reason AS "disabled_reason!", o.name AS organization_name,
               u.name AS user_name, u.email
           FROM webhook_endpoints e JOIN organizations o ON o.id = e.organization_id
               JOIN memberships m ON m.organization_id = e.organization_id AND m.user_id = $3 AND m.role IN ('owner', 'admin')
               JOIN users u ON u.id = m.user_id
           WHERE e.organization_id = $1 AND e.id = $2 AND e.disabled_at IS NOT NULL AND o.status = 'active' AND u.erased_after IS NULL"#,
        organization_id.uuid(),
        endpoint_id.uuid(),
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}
