//! Endpoints and what their messages are signed with.

use crate::{
    event::WebhookEvent,
    model::{DisabledReason, SECRETS_MAX, WebhookEndpoint},
};
use chrono::{DateTime, Utc};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{PageRequest, Timestamp, WebhookEndpointId, WebhookSecretId};

struct EndpointRow {
    id: WebhookEndpointId,
    url: String,
    description: Option<String>,
    events: Vec<String>,
    active: bool,
    failing_since: Option<DateTime<Utc>>,
    disabled_at: Option<DateTime<Utc>>,
    disabled_reason: Option<String>,
    former_secrets_until: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<EndpointRow> for WebhookEndpoint {
    fn from(row: EndpointRow) -> Self {
        Self {
            id: row.id,
            url: row.url,
            description: row.description,
            events: row.events.iter().filter_map(|event| WebhookEvent::parse(event)).collect(),
            active: row.active,
            failing_since: row.failing_since,
            disabled_at: row.disabled_at,
            disabled_reason: row.disabled_reason.as_deref().and_then(DisabledReason::parse),
            former_secrets_until: row.former_secrets_until,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

fn names(events: &[WebhookEvent]) -> Vec<String> {
    events.iter().map(|event| event.as_str().to_owned()).collect()
}

/// Newest first, after a cursor.
pub(crate) async fn endpoints(
    tx: &mut TenantTx,
    page: &PageRequest,
    now: Timestamp,
) -> Result<Vec<WebhookEndpoint>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let after = page.begins_after();
    let rows = sqlx::query_as!(
        EndpointRow,
        r#"SELECT e.id AS "id: _", e.url, e.description, e.events, e.active, e.failing_since, e.disabled_at, e.disabled_reason,
               (SELECT max(s.expires_at) FROM webhook_secrets s WHERE s.organization_id = $1 AND s.endpoint_id = e.id
                   AND s.expires_at > $5) AS former_secrets_until, e.created_at, e.updated_at
           FROM webhook_endpoints e WHERE e.organization_id = $1 AND (e.created_at, e.id) < ($2::timestamptz, $3::uuid)
           ORDER BY e.created_at DESC, e.id DESC LIMIT $4"#,
        organization_id.uuid(),
        after.time,
        after.id,
        page.limit_plus_one(),
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(WebhookEndpoint::from).collect())
}

/// One endpoint.
pub(crate) async fn find_endpoint(
    tx: &mut TenantTx,
    id: WebhookEndpointId,
    now: Timestamp,
) -> Result<Option<WebhookEndpoint>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query_as!(
        EndpointRow,
        r#"SELECT e.id AS "id: _", e.url, e.description, e.events, e.active, e.failing_since, e.disabled_at, e.disabled_reason,
               (SELECT max(s.expires_at) FROM webhook_secrets s WHERE s.organization_id = $1 AND s.endpoint_id = e.id
                   AND s.expires_at > $3) AS former_secrets_until, e.created_at, e.updated_at
           FROM webhook_endpoints e WHERE e.organization_id = $1 AND e.id = $2"#,
        organization_id.uuid(),
        id.uuid(),
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(WebhookEndpoint::from))
}

pub(crate) async fn count_endpoints(tx: &mut TenantTx) -> Result<i64, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM webhook_endpoints WHERE organization_id = $1"#,
        organization_id.uuid()
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn insert_endpoint(
    tx: &mut TenantTx,
    id: WebhookEndpointId,
    url: &str,
    description: Option<&str>,
    events: &[WebhookEvent],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "INSERT INTO webhook_endpoints (organization_id, id, url, description, events, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
        organization_id.uuid(),
        id.uuid(),
        url,
        description,
        &names(events),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What is to be changed of an endpoint; what is absent stays.
#[derive(Debug, Default)]
pub(crate) struct EndpointChanges<'a> {
    pub(crate) url: Option<&'a str>,
    pub(crate) description: Option<Option<&'a str>>,
    pub(crate) events: Option<&'a [WebhookEvent]>,
    pub(crate) active: Option<bool>,
}

/// Changes an endpoint; one that is switched on begins without its past. `false` when there is none.
pub(crate) async fn update_endpoint(
    tx: &mut TenantTx,
    id: WebhookEndpointId,
    changes: &EndpointChanges<'_>,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let events = changes.events.map(names);
    let updated = sqlx::query!(
        "UPDATE webhook_endpoints SET url = coalesce($3, url),
             description = CASE WHEN $4 THEN $5 ELSE description END,
             events = coalesce($6, events), active = coalesce($7, active),
             failing_since = CASE WHEN $7 THEN NULL ELSE failing_since END,
             disabled_at = CASE WHEN $7 THEN NULL ELSE disabled_at END,
             disabled_reason = CASE WHEN $7 THEN NULL ELSE disabled_reason END
         WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        id.uuid(),
        changes.url,
        changes.description.is_some(),
        changes.description.flatten(),
        events.as_deref(),
        changes.active,
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Notes that somebody has what an endpoint was told sent again.
pub(crate) async fn note_replay(
    tx: &mut TenantTx,
    id: WebhookEndpointId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE webhook_endpoints SET replayed_at = $3 WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes an endpoint with its secrets and deliveries; `false` when there is none.
pub(crate) async fn delete_endpoint(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let deleted = sqlx::query!(
        "DELETE FROM webhook_endpoints WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// From here to the end of the transaction the endpoint stays as it is, and those who hold it take turns. `false` when there is none.
pub(crate) async fn hold_endpoint(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let held = sqlx::query!(
        "SELECT FROM webhook_endpoints WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE",
        organization_id.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(held.rows_affected() == 1)
}

pub(crate) async fn insert_secret(
    tx: &mut TenantTx,
    endpoint_id: WebhookEndpointId,
    id: WebhookSecretId,
    sealed: &[u8],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "INSERT INTO webhook_secrets (organization_id, id, endpoint_id, secret, created_at) VALUES ($1, $2, $3, $4, $5)",
        organization_id.uuid(),
        id.uuid(),
        endpoint_id.uuid(),
        sealed,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets the secrets of an endpoint sign until `until` and no longer, and beside the one that comes no more than may sign at once.
pub(crate) async fn expire_secrets(
    tx: &mut TenantTx,
    endpoint_id: WebhookEndpointId,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE webhook_secrets s SET expires_at = CASE WHEN live.place < $5 THEN least(coalesce(s.expires_at, $3), $3) ELSE $4 END
         FROM (SELECT id, row_number() OVER (ORDER BY created_at DESC, id DESC) AS place FROM webhook_secrets
               WHERE organization_id = $1 AND endpoint_id = $2 AND (expires_at IS NULL OR expires_at > $4)) AS live
         WHERE s.organization_id = $1 AND s.id = live.id",
        organization_id.uuid(),
        endpoint_id.uuid(),
        until,
        now,
        SECRETS_MAX,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Of all organizations, those that sign no more.
pub(crate) async fn delete_expired_secrets(tx: &mut SystemTx, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM webhook_secrets WHERE expires_at <= $1", now).execute(&mut **tx).await?;
    Ok(())
}
