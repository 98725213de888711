//! All SQL of the audit log.

use crate::{
    chain::Chain,
    model::{AuditActor, AuditEntry},
};
use chrono::{DateTime, Utc};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{AuditEntryId, Cursor, Timestamp, UserId};
use serde_json::Value;
use uuid::Uuid;

/// What a list is narrowed to.
#[derive(Debug, Clone, Default)]
pub(crate) struct EntryFilter {
    pub(crate) actor_id: Option<UserId>,
    /// A whole action, or what it was done to.
    pub(crate) action: Option<String>,
    pub(crate) target_id: Option<Uuid>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
}

struct EntryRow {
    id: AuditEntryId,
    occurred_at: DateTime<Utc>,
    actor_id: Option<UserId>,
    actor_kind: String,
    actor_name: Option<String>,
    action: String,
    target_kind: String,
    target_id: Uuid,
    request_id: Option<String>,
    details: Option<Value>,
    seq: Option<i64>,
    hash: Option<String>,
}

macro_rules! select_entries {
    ($chosen:tt, $($parameter:expr),+ $(,)?) => {
        sqlx::query_as!(
            EntryRow,
            r#"SELECT a.id AS "id: _", a.occurred_at, a.actor_id AS "actor_id: _", a.actor_kind, u.name AS "actor_name?", a.action,
                   a.target_kind, a.target_id, a.request_id, a.details, a.seq, encode(a.hash, 'hex') AS hash
               FROM audit_logs a LEFT JOIN users u ON u.id = a.actor_id
               WHERE a.organization_id = $1 AND a.occurred_at >= $2 AND (a.occurred_at, a.id) < ($3::timestamptz, $4::uuid)
                   AND CASE WHEN $5::text IS NULL THEN true ELSE a.action = $5 OR a.target_kind = $5 END
                   AND "# + $chosen + r#"
               ORDER BY a.occurred_at DESC, a.id DESC LIMIT $6"#,
            $($parameter),+
        )
    };
}

/// Newest first, after a cursor.
pub(crate) async fn entries(
    tx: &mut TenantTx,
    filter: &EntryFilter,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<AuditEntry>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let cursor = after.unwrap_or(Cursor::NEWEST).before(filter.to);
    let from = filter.from.unwrap_or(Timestamp::UNIX_EPOCH);
    let (action, actor_id) = (filter.action.as_deref(), filter.actor_id.map(|id| id.uuid()));
    // Conditions are written so that the planner does not take few rows to be left, and walks an index in its order: that of what things were
    // done to, that of who did them, or that of all.
    let rows = match (filter.target_id, actor_id) {
        (Some(target_id), actor_id) => {
            select_entries!(
                "a.target_id = $7 AND CASE WHEN $8::uuid IS NULL THEN true ELSE a.actor_id = $8 END",
                organization_id.uuid(),
                from,
                cursor.time,
                cursor.id,
                action,
                limit,
                target_id,
                actor_id,
            )
            .fetch_all(&mut **tx)
            .await?
        }
        (None, Some(actor_id)) => {
            select_entries!(
                "a.actor_id = $7",
                organization_id.uuid(),
                from,
                cursor.time,
                cursor.id,
                action,
                limit,
                actor_id,
            )
            .fetch_all(&mut **tx)
            .await?
        }
        (None, None) => {
            select_entries!("true", organization_id.uuid(), from, cursor.time, cursor.id, action, limit,)
                .fetch_all(&mut **tx)
                .await?
        }
    };
    Ok(rows.into_iter().map(AuditEntry::from).collect())
}

impl From<EntryRow> for AuditEntry {
    fn from(row: EntryRow) -> Self {
        let is_erased = row.details.is_none();
        let mut details = row.details.unwrap_or_default();
        let mut take = |name: &str| details.get_mut(name).map(Value::take).unwrap_or_default();
        let (old, new) = (take("old"), take("new"));
        let mut text = |name: &str| match take(name) {
            Value::String(text) => Some(text),
            _ => None,
        };
        Self {
            id: row.id,
            occurred_at: row.occurred_at,
            actor: AuditActor { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
            action: row.action,
            target_kind: row.target_kind,
            target_id: row.target_id,
            label: text("label"),
            address: text("address"),
            user_agent: text("user_agent"),
            old,
            new,
            request_id: row.request_id,
            seq: row.seq,
            hash: row.hash,
            is_erased,
        }
    }
}

/// Takes at most so many entries of all organizations into their chains; returns how many.
pub(crate) async fn seal(tx: &mut SystemTx, limit: i32) -> Result<i64, sqlx::Error> {
    let sealed = sqlx::query_scalar!(r#"SELECT seal_audit_logs($1) AS "count!""#, limit);
    sealed.fetch_one(&mut **tx).await
}

/// The chains of all organizations, each with whether it lacks a hash.
pub(crate) async fn verify(tx: &mut SystemTx, head: Option<&str>) -> Result<Vec<Chain>, sqlx::Error> {
    sqlx::query_as!(
        Chain,
        r#"SELECT organization_id AS "organization_id!: _", slug AS "slug!", sealed AS "sealed!", unsealed AS "unsealed!",
               erased AS "erased!", broken_seq, head, lacks_head AS "lacks_head!"
           FROM verify_audit_logs($1)"#,
        head,
    )
    .fetch_all(&mut **tx)
    .await
}
