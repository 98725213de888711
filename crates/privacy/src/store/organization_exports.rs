//! What owners take along of an organization: the wishes, and what is in the zip beside videos, as JSON.

use super::erasures::read;
use crate::{
    PrivacyError,
    model::{ExportStatus, OrganizationExport},
    packing::Wish,
};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{OrganizationExportId, OrganizationId, TaskId, Timestamp, UserId};
use serde_json::Value;
use uuid::Uuid;

/// How many exports are listed; there are as many as were asked for in a week.
const LISTED_MAX: i64 = 100;

/// How many zips of the organization are kept.
pub(crate) async fn count_kept_organization_exports(
    tx: &mut TenantTx,
    now: Timestamp,
) -> Result<i64, PrivacyError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM organization_exports
           WHERE organization_id = $1 AND finished_at IS NOT NULL AND deleted_at IS NULL AND expires_at > $2"#,
        tx.organization_id().uuid(),
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(count)
}

/// Keeps the wish and enqueues its task. False when one is being made already.
pub(crate) async fn insert_organization_export(
    tx: &mut TenantTx,
    user_id: UserId,
    id: OrganizationExportId,
    kind: &str,
    now: Timestamp,
) -> Result<bool, PrivacyError> {
    let organization_id = tx.organization_id().uuid();
    let enqueued = sqlx::query!(
        r#"WITH wanted AS (
               INSERT INTO organization_exports (organization_id, id, requested_by, requested_at)
               SELECT $1, $2, $3, $6
               WHERE NOT EXISTS (SELECT FROM organization_exports e JOIN tasks t ON t.organization_id = $1 AND t.subject_id = e.id
                   WHERE e.organization_id = $1 AND e.finished_at IS NULL AND e.deleted_at IS NULL
                       AND t.status IN ('pending', 'held', 'running'))
               RETURNING id
           ), enqueued AS (
               INSERT INTO tasks (organization_id, id, kind, subject_id, payload, scheduled_for, created_at, status)
               SELECT $1, $4, $5, wanted.id, jsonb_build_object('export_id', wanted.id), $6, $6,
                   CASE WHEN o.tasks_held THEN 'held' ELSE 'pending' END
               FROM wanted CROSS JOIN organizations o WHERE o.id = $1
               RETURNING kind
           )
           SELECT pg_notify('memoreel_tasks', kind)::text AS "notified" FROM enqueued"#,
        organization_id,
        id.uuid(),
        user_id.uuid(),
        TaskId::new(now).uuid(),
        kind,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(enqueued.len() == 1)
}

/// The organization's exports, newest first, without addresses.
pub(crate) async fn organization_exports(
    tx: &mut TenantTx,
    only: Option<OrganizationExportId>,
    now: Timestamp,
) -> Result<Vec<OrganizationExport>, PrivacyError> {
    let rows = sqlx::query!(
        r#"SELECT e.id AS "id: OrganizationExportId", u.name AS "requested_by?", e.requested_at, e.finished_at, e.size_bytes, e.expires_at,
               t.status AS "status?", t.progress AS "progress?", t.error_message AS "error_message?"
           FROM organization_exports e LEFT JOIN users u ON u.id = e.requested_by
           LEFT JOIN LATERAL (SELECT status, progress, error_message FROM tasks
               WHERE organization_id = $1 AND subject_id = e.id ORDER BY created_at DESC, id DESC LIMIT 1) t ON true
           WHERE e.organization_id = $1 AND ($2::uuid IS NULL OR e.id = $2) AND e.deleted_at IS NULL
               AND (e.expires_at IS NULL OR e.expires_at > $3)
           ORDER BY e.requested_at DESC, e.id DESC LIMIT $4"#,
        tx.organization_id().uuid(),
        only.map(OrganizationExportId::uuid),
        now,
        LISTED_MAX,
    )
    .fetch_all(&mut **tx)
    .await?;
    let exports = rows.into_iter().map(|row| {
        let status = ExportStatus::of(row.finished_at, row.status.as_deref());
        OrganizationExport {
            id: row.id,
            status,
            progress: status.progress(row.progress),
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            size_bytes: row.size_bytes,
            expires_at: row.expires_at,
            download_url: None,
            message: row.error_message.filter(|_| status != ExportStatus::Ready),
        }
    });
    Ok(exports.collect())
}

/// How things stand with it, wanted or not.
pub(crate) async fn find_organization_export_task(
    tx: &mut TenantTx,
    id: OrganizationExportId,
) -> Result<Option<Wish>, PrivacyError> {
    let wish = sqlx::query_as!(
        Wish,
        r#"SELECT finished_at IS NOT NULL AS "is_over!", deleted_at IS NULL AS "is_wanted!"
           FROM organization_exports WHERE organization_id = $1 AND id = $2"#,
        tx.organization_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(wish)
}

/// Notes that the zip is there. False when it is not wanted any more.
pub(crate) async fn finish_organization_export(
    tx: &mut TenantTx,
    id: OrganizationExportId,
    size_bytes: i64,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<bool, PrivacyError> {
    let finished = sqlx::query!(
        "UPDATE organization_exports SET finished_at = $3, size_bytes = $4, expires_at = $5
         WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL",
        tx.organization_id().uuid(),
        id.uuid(),
        now,
        size_bytes,
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(finished.rows_affected() == 1)
}

/// Takes an export off the list. False when there is no such export.
pub(crate) async fn mark_organization_export_deleted(
    tx: &mut TenantTx,
    id: OrganizationExportId,
    now: Timestamp,
) -> Result<bool, PrivacyError> {
    let deleted = sqlx::query!(
        "UPDATE organization_exports SET deleted_at = $3 WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
             AND (expires_at IS NULL OR expires_at > $3)",
        tx.organization_id().uuid(),
        id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Exports of all organizations whose zips are to go.
pub(crate) async fn organization_exports_over(
    tx: &mut SystemTx,
    now: Timestamp,
) -> Result<Vec<(OrganizationExportId, OrganizationId)>, PrivacyError> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: OrganizationExportId", organization_id AS "organization_id: OrganizationId"
           FROM organization_exports WHERE expires_at <= $1 OR deleted_at IS NOT NULL"#,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.organization_id)).collect())
}

/// Forgets an export whose zip is gone.
pub(crate) async fn delete_organization_export_row(
    tx: &mut TenantTx,
    id: OrganizationExportId,
) -> Result<(), PrivacyError> {
    sqlx::query!(
        "DELETE FROM organization_exports WHERE organization_id = $1 AND id = $2",
        tx.organization_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The organizations in whose exports the person may be named, but for their own.
pub(crate) async fn organizations_naming(
    tx: &mut SystemTx,
    user_id: UserId,
) -> Result<Vec<Uuid>, PrivacyError> {
    let ids = sqlx::query_scalar!(
        r#"SELECT DISTINCT named.id AS "id!" FROM organizations_naming($1) AS named(id)
           WHERE NOT EXISTS (SELECT FROM organizations o WHERE o.id = named.id AND o.personal_owner_id = $1)"#,
        user_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// Every export of these organizations.
pub(crate) async fn exports_of(
    tx: &mut SystemTx,
    organization_ids: &[Uuid],
) -> Result<Vec<(OrganizationId, OrganizationExportId)>, PrivacyError> {
    let rows = sqlx::query!(
        r#"SELECT organization_id AS "organization_id: OrganizationId", id AS "id: OrganizationExportId"
           FROM organization_exports WHERE organization_id = ANY($1)"#,
        organization_ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.organization_id, row.id)).collect())
}

/// Removes the rows of the exports in which the person may be named, and says which.
pub(crate) async fn erase_exports_naming(
    tx: &mut SystemTx,
    user_id: UserId,
    now: Timestamp,
) -> Result<Vec<(OrganizationId, OrganizationExportId)>, PrivacyError> {
    let gone = sqlx::query_scalar!(r#"SELECT erase_exports_naming($1, $2) AS "gone!""#, user_id.uuid(), now)
        .fetch_one(&mut **tx)
        .await?;
    let gone: Vec<(Uuid, Uuid)> = read(gone)?;
    Ok(gone
        .into_iter()
        .map(|(organization_id, id)| (OrganizationId(organization_id), OrganizationExportId(id)))
        .collect())
}

/// The organization itself.
pub(crate) async fn organization(tx: &mut TenantTx) -> Result<Value, PrivacyError> {
    let organization = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('id', id, 'name', name, 'slug', slug, 'description', description, 'settings', settings,
               'is_personal', personal_owner_id IS NOT NULL, 'created_at', created_at, 'updated_at', updated_at) AS "organization!"
           FROM organizations WHERE id = $1"#,
        tx.organization_id().uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(organization)
}

/// Who belongs to it.
pub(crate) async fn members(tx: &mut TenantTx) -> Result<Value, PrivacyError> {
    let all = sqlx::query_scalar!(
        r#"SELECT coalesce(jsonb_agg(jsonb_build_object('user_id', u.id, 'name', u.name, 'email', u.email, 'role', m.role,
               'joined_at', m.created_at) ORDER BY m.created_at, m.id), '[]') AS "all!"
           FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.organization_id = $1"#,
        tx.organization_id().uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(all)
}

/// Whom it invited, without what makes invitations open anything.
pub(crate) async fn invitations(tx: &mut TenantTx) -> Result<Value, PrivacyError> {
    let all = sqlx::query_scalar!(
        r#"SELECT coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'email', i.email, 'role', i.role, 'status', i.status,
               'invited_by', u.name, 'created_at', i.created_at, 'expires_at', i.expires_at) ORDER BY i.created_at, i.id), '[]') AS "all!"
           FROM organization_invitations i LEFT JOIN users u ON u.id = i.invited_by WHERE i.organization_id = $1"#,
        tx.organization_id().uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(all)
}

/// Its domains.
pub(crate) async fn domains(tx: &mut TenantTx) -> Result<Value, PrivacyError> {
    let all = sqlx::query_scalar!(
        r#"SELECT coalesce(jsonb_agg(to_jsonb(d) - 'organization_id' ORDER BY created_at, id), '[]') AS "all!"
           FROM organization_domains d WHERE organization_id = $1"#,
        tx.organization_id().uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(all)
}

/// Its channels.
pub(crate) async fn channels(tx: &mut TenantTx) -> Result<Value, PrivacyError> {
    let all = sqlx::query_scalar!(
        r#"SELECT coalesce(jsonb_agg(to_jsonb(c) - 'organization_id' ORDER BY created_at, id), '[]') AS "all!"
           FROM channels c WHERE organization_id = $1"#,
        tx.organization_id().uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(all)
}

/// Its folders of assets.
pub(crate) async fn folders(tx: &mut TenantTx) -> Result<Value, PrivacyError> {
    let all = sqlx::query_scalar!(
        r#"SELECT coalesce(jsonb_agg(to_jsonb(f) - 'organization_id' ORDER BY f.id), '[]') AS "all!"
           FROM folders f WHERE organization_id = $1"#,
        tx.organization_id().uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(all)
}

/// Its presets of images.
pub(crate) async fn image_presets(tx: &mut TenantTx) -> Result<Value, PrivacyError> {
    let all = sqlx::query_scalar!(
        r#"SELECT coalesce(jsonb_agg(to_jsonb(p) - 'organization_id' ORDER BY name), '[]') AS "all!"
           FROM image_presets p WHERE organization_id = $1"#,
        tx.organization_id().uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(all)
}

/// How large the files of its videos, but for private ones, and of its images and documents are together.
pub(crate) async fn shared_media_bytes(tx: &mut TenantTx) -> Result<i64, PrivacyError> {
    let bytes = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(a.byte_size), 0)::bigint AS "bytes!" FROM assets a
           WHERE a.organization_id = $1 AND a.blob_key IS NOT NULL AND (a.kind IN ('image', 'document') OR a.id IN (
               SELECT v.asset_id FROM videos v WHERE v.organization_id = $1 AND v.visibility <> 'private'))"#,
        tx.organization_id().uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(bytes)
}
