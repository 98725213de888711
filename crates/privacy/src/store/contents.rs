//! What is taken along, as JSON. Rows of organizations are read under the permissions of the person, or of an owner.

use crate::PrivacyError;
use chrono::{DateTime, Utc};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{OrganizationId, Timestamp, UserId};
use serde_json::Value;
use uuid::Uuid;

/// Where the person is a member.
pub(crate) struct Place {
    pub(crate) organization_id: OrganizationId,
    pub(crate) role: String,
    /// As it is told.
    pub(crate) told: Value,
}

/// Every membership, the person's own organization first.
pub(crate) async fn places(tx: &mut SystemTx, user_id: UserId) -> Result<Vec<Place>, PrivacyError> {
    let places = sqlx::query_as!(
        Place,
        r#"SELECT o.id AS "organization_id: _", m.role, jsonb_build_object('organization_id', o.id, 'name', o.name, 'slug', o.slug,
               'status', o.status, 'is_personal', o.personal_owner_id IS NOT DISTINCT FROM m.user_id, 'role', m.role,
               'joined_at', m.created_at) AS "told!"
           FROM memberships m JOIN organizations o ON o.id = m.organization_id
           WHERE m.user_id = $1 ORDER BY o.personal_owner_id IS NOT DISTINCT FROM m.user_id DESC, m.created_at, m.id"#,
        user_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(places)
}

/// What only the system reads of a person: invitations that they accepted or that are to the address they are known to have, and mails
/// they were sent links with. Whoever signs up may name any address, and learns nothing by that.
pub(crate) async fn system_facts(tx: &mut SystemTx, user_id: UserId) -> Result<Value, PrivacyError> {
    let facts = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object(
               'has_authenticator_app', EXISTS (SELECT FROM user_totp WHERE user_id = $1 AND confirmed_at IS NOT NULL),
               'invitations', (SELECT coalesce(jsonb_agg(jsonb_build_object('organization', o.name, 'email', i.email, 'role', i.role,
                   'status', i.status, 'created_at', i.created_at, 'expires_at', i.expires_at) ORDER BY i.created_at), '[]')
                   FROM organization_invitations i JOIN organizations o ON o.id = i.organization_id
                   JOIN users u ON i.accepted_by = u.id OR (u.email_verified_at IS NOT NULL AND lower(u.email) = lower(i.email))
                   WHERE u.id = $1),
               'mailed_links', (SELECT coalesce(jsonb_agg(jsonb_build_object('purpose', purpose, 'email', email, 'new_email', new_email,
                   'created_at', created_at, 'used_at', used_at) ORDER BY created_at), '[]')
                   FROM email_tokens WHERE user_id = $1)) AS "facts!""#,
        user_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(facts)
}

/// The account itself.
pub(crate) async fn account(tx: &mut TenantTx, user_id: UserId) -> Result<Value, PrivacyError> {
    let account = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('id', id, 'email', email, 'name', name, 'avatar_url', avatar_url, 'is_active', is_active,
               'email_verified_at', email_verified_at, 'last_login_at', last_login_at, 'created_at', created_at,
               'updated_at', updated_at) AS "account!"
           FROM users WHERE id = $1"#,
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(account.unwrap_or_default())
}

/// What the person chose.
pub(crate) async fn preferences(tx: &mut TenantTx, user_id: UserId) -> Result<Value, PrivacyError> {
    let chosen = sqlx::query_scalar!(
        r#"SELECT to_jsonb(p) - 'user_id' AS "chosen!" FROM user_preferences p WHERE user_id = $1"#,
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(chosen.unwrap_or_default())
}

/// What the person agreed to.
pub(crate) async fn consents(tx: &mut TenantTx, user_id: UserId) -> Result<Value, PrivacyError> {
    let all = sqlx::query_scalar!(
        r#"SELECT coalesce(jsonb_agg(to_jsonb(c) - 'user_id' - 'id' ORDER BY recorded_at, id), '[]') AS "all!"
           FROM consents c WHERE user_id = $1"#,
        user_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(all)
}

/// Where the person is signed in.
pub(crate) async fn sessions(tx: &mut TenantTx, user_id: UserId) -> Result<Value, PrivacyError> {
    let all = sqlx::query_scalar!(
        r#"SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'user_agent', user_agent, 'address', address,
               'created_at', created_at, 'last_seen_at', last_seen_at, 'expires_at', expires_at) ORDER BY created_at), '[]') AS "all!"
           FROM sessions WHERE user_id = $1"#,
        user_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(all)
}

/// The person's keys in this organization, without what makes them open anything.
pub(crate) async fn api_keys(tx: &mut TenantTx, user_id: UserId) -> Result<Value, PrivacyError> {
    let all = sqlx::query_scalar!(
        r#"SELECT coalesce(jsonb_agg(jsonb_build_object('organization_id', organization_id, 'id', id, 'name', name, 'prefix', prefix,
               'role', role, 'created_at', created_at, 'last_used_at', last_used_at, 'expires_at', expires_at) ORDER BY created_at),
               '[]') AS "all!"
           FROM api_keys WHERE organization_id = $1 AND user_id = $2"#,
        tx.organization_id().uuid(),
        user_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(all)
}

/// The person's uploads in this organization.
pub(crate) async fn uploads(tx: &mut TenantTx, user_id: UserId) -> Result<Value, PrivacyError> {
    let all = sqlx::query_scalar!(
        r#"SELECT coalesce(jsonb_agg(jsonb_build_object('organization_id', organization_id, 'id', id, 'filename', filename,
               'size_bytes', size_bytes, 'status', status, 'kind', kind, 'video_id', video_id, 'asset_id', asset_id,
               'created_at', created_at) ORDER BY created_at),
               '[]') AS "all!"
           FROM uploads WHERE organization_id = $1 AND user_id = $2"#,
        tx.organization_id().uuid(),
        user_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(all)
}

/// How large the files of the person's videos, images and documents in this organization are together.
pub(crate) async fn media_bytes(tx: &mut TenantTx, user_id: UserId) -> Result<i64, PrivacyError> {
    let bytes = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(a.byte_size), 0)::bigint AS "bytes!" FROM assets a
           WHERE a.organization_id = $1 AND a.blob_key IS NOT NULL AND (
               a.id IN (SELECT v.asset_id FROM videos v WHERE v.organization_id = $1 AND v.author_id = $2)
               OR a.kind IN ('image', 'document') AND a.id IN (SELECT u.asset_id FROM uploads u WHERE u.organization_id = $1 AND u.user_id = $2))"#,
        tx.organization_id().uuid(),
        user_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(bytes)
}

/// An image or a document that is taken along.
pub(crate) struct ExportedImage {
    pub(crate) id: Uuid,
    /// `image` or `document`.
    pub(crate) kind: String,
    pub(crate) blob_key: String,
    pub(crate) original_filename: String,
    /// Everything that is known of it, as it is told.
    pub(crate) told: Value,
}

/// The images and documents of this organization, or those that somebody uploaded there, by id, after one.
pub(crate) async fn images(
    tx: &mut TenantTx,
    uploaded_by: Option<UserId>,
    after: Uuid,
    limit: i64,
) -> Result<Vec<ExportedImage>, PrivacyError> {
    let images = sqlx::query_as!(
        ExportedImage,
        r#"SELECT a.id, a.kind AS "kind!", a.blob_key AS "blob_key!", a.original_filename,
               to_jsonb(a) - '{organization_id,blob_key,blob_id,filename_lower}'::text[] || jsonb_build_object('sha256', encode(a.sha256, 'hex')) AS "told!"
           FROM assets a
           WHERE a.organization_id = $1 AND a.kind IN ('image', 'document') AND a.blob_key IS NOT NULL AND a.id > $3
               AND ($2::uuid IS NULL OR a.id IN (SELECT u.asset_id FROM uploads u WHERE u.organization_id = $1 AND u.user_id = $2))
           ORDER BY a.id LIMIT $4"#,
        tx.organization_id().uuid(),
        uploaded_by.map(UserId::uuid),
        after,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(images)
}

/// A video that is taken along.
pub(crate) struct ExportedVideo {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) created_at: DateTime<Utc>,
    /// The file as it was uploaded.
    pub(crate) blob_key: Option<String>,
    pub(crate) original_filename: Option<String>,
    /// As it is told.
    pub(crate) told: Value,
}

/// The person's videos in this organization, or all that are not private, those in the bin included, by id, after one.
pub(crate) async fn videos(
    tx: &mut TenantTx,
    author_id: Option<UserId>,
    after: Uuid,
    limit: i64,
) -> Result<Vec<ExportedVideo>, PrivacyError> {
    let videos = sqlx::query_as!(
        ExportedVideo,
        r#"SELECT v.id, v.title, v.created_at, a.blob_key, a.original_filename AS "original_filename?",
               jsonb_build_object('organization_id', v.organization_id, 'id', v.id, 'title', v.title, 'description', v.description,
                   'channel', c.name, 'author', u.name, 'visibility', v.visibility, 'status', v.status, 'error_code', v.error_code,
                   'error_message', v.error_message, 'source', v.source,
                   'created_at', v.created_at, 'updated_at', v.updated_at, 'deleted_at', v.deleted_at,
                   'file', CASE WHEN a.id IS NOT NULL THEN to_jsonb(a) - '{organization_id,blob_key,blob_id,original_filename,filename_lower}'::text[]
                       || jsonb_build_object('name', a.original_filename, 'sha256', encode(a.sha256, 'hex')) END) AS "told!"
           FROM videos v
           LEFT JOIN assets a ON a.organization_id = $1 AND a.id = v.asset_id
           LEFT JOIN channels c ON c.organization_id = $1 AND c.id = v.channel_id
           LEFT JOIN users u ON u.id = v.author_id
           WHERE v.organization_id = $1 AND v.id > $3
               AND CASE WHEN $2::uuid IS NULL THEN v.visibility <> 'private' ELSE v.author_id = $2 END
           ORDER BY v.id LIMIT $4"#,
        tx.organization_id().uuid(),
        author_id.map(UserId::uuid),
        after,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(videos)
}

/// Transcript, speakers and summary of a video, and the subtitles that were added to it.
pub(crate) async fn spoken(tx: &mut TenantTx, video_id: Uuid) -> Result<Value, PrivacyError> {
    let spoken = sqlx::query_scalar!(
        r#"SELECT jsonb_build_object(
               'transcript', (SELECT jsonb_build_object('language', t.language, 'engine', t.engine, 'model', t.model, 'notice', t.notice,
                   'created_at', t.created_at,
                   'segments', (SELECT coalesce(jsonb_agg(jsonb_build_object('start_ms', g.start_ms, 'end_ms', g.end_ms,
                       'speaker', coalesce(p.name, p.label), 'text', g.text, 'words', g.words, 'confidence', g.confidence,
                       'cue_identifier', g.cue_identifier, 'cue_settings', g.cue_settings) ORDER BY g.segment_index), '[]')
                       FROM transcript_segments g LEFT JOIN speakers p ON p.organization_id = $1 AND p.id = g.speaker_id
                       WHERE g.organization_id = $1 AND g.transcript_id = t.id))
                   FROM transcripts t WHERE t.organization_id = $1 AND t.video_id = $2),
               'speakers', (SELECT coalesce(jsonb_agg(jsonb_build_object('label', p.label, 'name', p.name, 'turns', p.turns)
                   ORDER BY p.label), '[]') FROM speakers p WHERE p.organization_id = $1 AND p.video_id = $2),
               'subtitles', (SELECT coalesce(jsonb_agg(jsonb_build_object('language', b.language, 'name', b.name,
                   'is_forced', b.is_forced, 'webvtt', b.webvtt, 'created_at', b.created_at)
                   ORDER BY b.language), '[]') FROM subtitles b WHERE b.organization_id = $1 AND b.video_id = $2),
               'summary', (SELECT jsonb_build_object('engine', s.engine, 'model', s.model, 'sentences', s.sentences,
                   'key_points', s.key_points, 'chapters', s.chapters, 'created_at', s.created_at)
                   FROM video_summaries s WHERE s.organization_id = $1 AND s.video_id = $2)) AS "spoken!""#,
        tx.organization_id().uuid(),
        video_id,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(spoken)
}

/// Some entries of the audit log.
pub(crate) struct AuditedPage {
    pub(crate) entries: Vec<Value>,
    pub(crate) last: Option<(Timestamp, Uuid)>,
}

/// Entries of this organization's log about the person: what they did, and what was done to them, their memberships and keys;
/// oldest first, after one. From where somebody else did it is theirs.
pub(crate) async fn audit_entries(
    tx: &mut TenantTx,
    user_id: UserId,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<AuditedPage, PrivacyError> {
    // Before every entry, so that each page is read from where the one before ended: whether there was one is not asked in the statement.
    let (time, id) = after.unwrap_or((Timestamp::UNIX_EPOCH, Uuid::nil()));
    let rows = sqlx::query!(
        r#"SELECT a.id, a.occurred_at, jsonb_build_object('organization_id', a.organization_id, 'occurred_at', a.occurred_at,
               'by_oneself', a.actor_id IS NOT DISTINCT FROM $2, 'action', a.action, 'target_kind', a.target_kind,
               'target_id', a.target_id, 'details', CASE WHEN a.actor_id IS NOT DISTINCT FROM $2 THEN a.details
                   ELSE a.details - 'address' - 'user_agent' END) AS "told!"
           FROM audit_logs a
           WHERE a.organization_id = $1 AND (a.actor_id = $2 OR a.target_id = $2 OR audit_is_about(a.details, $2::uuid)
                   -- Of a change of their role, too, from before entries said whom they are about.
                   OR a.target_id IN (SELECT m.id FROM memberships m WHERE m.organization_id = $1 AND m.user_id = $2))
               AND (a.occurred_at, a.id) > ($3::timestamptz, $4::uuid)
           ORDER BY a.occurred_at, a.id LIMIT $5"#,
        tx.organization_id().uuid(),
        user_id.uuid(),
        time,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let last = rows.last().map(|row| (row.occurred_at, row.id));
    Ok(AuditedPage { entries: rows.into_iter().map(|row| row.told).collect(), last })
}
