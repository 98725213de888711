//! All SQL of the slice.

mod assets;
mod blobs;
mod contents;
mod deletions;
mod delivery;
mod documents;
mod encoding;
mod folders;
mod images;
mod imports;
mod key_frames;
mod renditions;
mod replacements;
mod small_pictures;
mod subtitles;
mod upload_limits;

pub(crate) use assets::*;
pub(crate) use blobs::*;
pub(crate) use contents::*;
pub(crate) use deletions::*;
pub(crate) use delivery::*;
pub(crate) use documents::*;
pub(crate) use encoding::*;
pub(crate) use folders::*;
pub(crate) use images::*;
pub(crate) use imports::*;
pub(crate) use key_frames::*;
pub(crate) use renditions::*;
pub(crate) use replacements::*;
pub(crate) use small_pictures::*;
pub(crate) use subtitles::*;
pub(crate) use upload_limits::*;

use crate::{
    model::{Becomes, IMPORT_LIFETIME, SPEECH_AUDIO, TEMPORARY_LIFETIME, Upload, UploadKind, UploadMetadata},
    upload_limits::UploadLimits,
};
use memoreel_blob::{BlobFacts, BlobKey};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{AssetId, RenditionId, Role, Timestamp, UploadId, UserId, VideoId};
use memoreel_media::{Kind, Sniffed};
use std::collections::HashMap;
use uuid::Uuid;

pub(crate) async fn insert_upload(tx: &mut TenantTx, upload: &Upload) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "INSERT INTO uploads (organization_id, id, user_id, video_id, filename, metadata, size_bytes, expires_at, kind,
             replaces_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        organization_id.uuid(),
        upload.id.uuid(),
        upload.user_id.map(|id| id.uuid()),
        upload.becomes.video_id().map(|id| id.uuid()),
        upload.filename,
        serde_json::to_value(&upload.metadata).unwrap_or_default(),
        upload.size_bytes.cast_signed(),
        upload.expires_at,
        upload.becomes.kind().as_str(),
        upload.replaces_id.map(|id| id.uuid()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

struct UploadRow {
    id: UploadId,
    user_id: Option<UserId>,
    video_id: Option<VideoId>,
    replaces_id: Option<AssetId>,
    kind: String,
    filename: String,
    metadata: serde_json::Value,
    size_bytes: i64,
    offset_bytes: i64,
    status: String,
    expires_at: Timestamp,
}

impl From<UploadRow> for Upload {
    fn from(row: UploadRow) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            becomes: becomes(row.replaces_id.unwrap_or(AssetId(row.id.uuid())), row.video_id, &row.kind),
            replaces_id: row.replaces_id,
            filename: row.filename,
            metadata: serde_json::from_value::<UploadMetadata>(row.metadata).unwrap_or_default(),
            size_bytes: row.size_bytes.cast_unsigned(),
            offset_bytes: row.offset_bytes.cast_unsigned(),
            status: row.status,
            expires_at: row.expires_at,
        }
    }
}

pub(crate) async fn find_upload(tx: &mut TenantTx, id: UploadId) -> Result<Option<Upload>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query_as!(
        UploadRow,
        r#"SELECT id AS "id: _", user_id AS "user_id: _", video_id AS "video_id: _", replaces_id AS "replaces_id: _", kind, filename,
               metadata, size_bytes, offset_bytes, status, expires_at
           FROM uploads WHERE organization_id = $1 AND id = $2"#,
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Upload::from))
}

/// The upload as it stays until the end of the transaction.
pub(crate) async fn hold_upload(tx: &mut TenantTx, id: UploadId) -> Result<Option<Upload>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query_as!(
        UploadRow,
        r#"SELECT id AS "id: _", user_id AS "user_id: _", video_id AS "video_id: _", replaces_id AS "replaces_id: _", kind, filename,
               metadata, size_bytes, offset_bytes, status, expires_at
           FROM uploads WHERE organization_id = $1 AND id = $2 FOR UPDATE"#,
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Upload::from))
}

/// `asset_id` is that of an image or a document.
fn becomes(asset_id: AssetId, video_id: Option<VideoId>, kind: &str) -> Becomes {
    match video_id {
        Some(video_id) => Becomes::Video(video_id),
        None if kind == UploadKind::Document.as_str() => Becomes::Document(asset_id),
        None => Becomes::Image(asset_id),
    }
}

pub(crate) async fn advance_upload(
    tx: &mut TenantTx,
    id: UploadId,
    offset_bytes: u64,
    expires_at: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE uploads SET offset_bytes = $3, expires_at = $4 WHERE organization_id = $1 AND id = $2 AND status = 'open'",
        organization_id.uuid(),
        id.uuid(),
        offset_bytes.cast_signed(),
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes the asset that an upload becomes; it waits to be stored.
pub(crate) async fn insert_asset(
    tx: &mut TenantTx,
    upload: &Upload,
    asset_id: AssetId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    // Of what becomes a video, the kind is not known yet: there may be nothing but sound.
    let kind = upload.becomes.asset_id().map(|_| upload.becomes.kind().as_str());
    sqlx::query!(
        // A folder that vanished meanwhile leaves the asset without one.
        "INSERT INTO assets (organization_id, id, filename, original_filename, byte_size, kind, owner_id, folder_id, expires_at,
             created_at, updated_at)
         VALUES ($1, $2, $3, $3, $4, $5, $7, (SELECT id FROM folders WHERE organization_id = $1 AND id = $8), $9, $6, $6)",
        organization_id.uuid(),
        asset_id.uuid(),
        upload.filename,
        upload.size_bytes.cast_signed(),
        kind,
        now,
        upload.user_id.map(|id| id.uuid()),
        upload.metadata.folder_id.map(|id| id.uuid()),
        upload.metadata.is_temporary.then_some(now + TEMPORARY_LIFETIME),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Says that all bytes of an upload have arrived, and which asset it is.
pub(crate) async fn receive_upload(
    tx: &mut TenantTx,
    id: UploadId,
    asset_id: AssetId,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE uploads SET status = 'received', offset_bytes = size_bytes, asset_id = $3
         WHERE organization_id = $1 AND id = $2 AND status = 'open'",
        organization_id.uuid(),
        id.uuid(),
        asset_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What an organization has for a file that is to come.
pub(crate) struct Reception {
    /// Whether the channel that is named is there; what is not named is.
    pub(crate) has_channel: bool,
    /// And the folder.
    pub(crate) has_folder: bool,
    pub(crate) limits: UploadLimits,
}

pub(crate) async fn find_reception(
    tx: &mut TenantTx,
    metadata: &UploadMetadata,
) -> Result<Reception, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"SELECT $2::uuid IS NULL OR EXISTS (SELECT FROM channels WHERE organization_id = $1 AND id = $2) AS "channel!",
               $3::uuid IS NULL OR EXISTS (SELECT FROM folders WHERE organization_id = $1 AND id = $3) AS "folder!",
               l.video_bytes_max AS "video?", l.audio_bytes_max AS "audio?", l.image_bytes_max AS "image?", l.document_bytes_max AS "document?"
           FROM (SELECT $1::uuid AS id) o LEFT JOIN upload_limits l ON l.organization_id = o.id"#,
        organization_id.uuid(),
        metadata.channel_id.map(|id| id.uuid()),
        metadata.folder_id.map(|id| id.uuid()),
    )
    .fetch_one(&mut **tx)
    .await?;
    let said = || Some([row.video?, row.audio?, row.image?, row.document?]);
    let limits = said().map_or(UploadLimits::DEFAULTS, UploadLimits::said);
    Ok(Reception { has_channel: row.channel, has_folder: row.folder, limits })
}

/// As what somebody belongs to the organization, while they and it go on.
pub(crate) async fn role_of(tx: &mut TenantTx, user_id: UserId) -> Result<Option<Role>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let role = sqlx::query_scalar!(
        "SELECT m.role FROM memberships m JOIN organizations o ON o.id = m.organization_id JOIN users u ON u.id = m.user_id
         WHERE m.organization_id = $1 AND m.user_id = $2 AND NOT o.tasks_held AND u.is_active AND u.erased_after IS NULL",
        organization_id.uuid(),
        user_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(role.and_then(|role| Role::parse(&role)))
}

pub(crate) async fn terminate_upload(tx: &mut TenantTx, id: UploadId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let ended = sqlx::query!(
        "UPDATE uploads SET status = 'terminated' WHERE organization_id = $1 AND id = $2 AND status = 'open'",
        organization_id.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Marks uploads that waited too long, and what is fetched for an asset that is gone, or was given up long ago. Their bytes go with the next look at the staging folder.
///
/// # Errors
/// When the statement fails.
pub async fn expire_uploads(tx: &mut SystemTx, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE uploads SET status = 'expired', source = NULL
         WHERE status = 'open' AND expires_at < $1
             OR status = 'importing' AND (asset_id IS NULL OR expires_at < $2 AND NOT EXISTS (
                 SELECT FROM tasks t WHERE t.organization_id = uploads.organization_id AND t.subject_id IN (uploads.video_id, uploads.asset_id)
                     AND t.status IN ('pending', 'held', 'running')))",
        now,
        now - IMPORT_LIFETIME,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What the bytes of an upload in the staging folder are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staged {
    /// Nothing: the upload is over.
    Over,
    /// There is more to come, or a task to be done with them.
    Needed,
    /// All of them are there, and nothing is to be done with them unless somebody asks for it again.
    GivenUp,
}

/// What the bytes of these uploads are for; those that are not there have none. What ended since `since` may yet be asked for again.
pub(crate) async fn staged_uploads(
    tx: &mut SystemTx,
    ids: &[Uuid],
    since: Timestamp,
) -> Result<HashMap<UploadId, Staged>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT u.id AS "id: UploadId", u.status IN ('stored', 'terminated', 'expired') AS "is_over!",
               u.status IN ('open', 'importing') OR EXISTS (
                   SELECT FROM tasks t WHERE t.organization_id = u.organization_id
                       AND t.subject_id IN (u.video_id, u.asset_id, u.replaces_id)
                       AND (t.status IN ('pending', 'held', 'running') OR t.finished_at >= $2)) AS "is_needed!"
           FROM uploads u WHERE u.id = ANY($1)"#,
        ids,
        since,
    )
    .fetch_all(&mut **tx)
    .await?;
    let known = rows.into_iter().map(|row| {
        let staged = match (row.is_over, row.is_needed) {
            (true, _) => Staged::Over,
            (false, true) => Staged::Needed,
            (false, false) => Staged::GivenUp,
        };
        (row.id, staged)
    });
    Ok(known.collect())
}

/// The upload an asset came from first.
pub(crate) async fn upload_of(tx: &mut TenantTx, asset_id: AssetId) -> Result<Option<UploadId>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"SELECT id AS "id: UploadId" FROM uploads WHERE organization_id = $1 AND asset_id = $2 AND replaces_id IS NULL"#,
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The upload an asset came from first, while its bytes are staged. One that is to replace it may be staged beside it.
pub(crate) async fn staged_upload_of(
    tx: &mut TenantTx,
    asset_id: AssetId,
) -> Result<Option<UploadId>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"SELECT id AS "id: UploadId" FROM uploads
           WHERE organization_id = $1 AND asset_id = $2 AND replaces_id IS NULL AND status = 'received'"#,
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// What storing a file found out.
pub(crate) struct StoredFile<'a> {
    pub(crate) kind: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) extension: &'a str,
    pub(crate) facts: &'a BlobFacts,
}

impl<'a> StoredFile<'a> {
    pub(crate) fn new(sniffed: &Sniffed, facts: &'a BlobFacts) -> Self {
        let kind = if sniffed.kind == Kind::Video { "video" } else { "audio" };
        Self { kind, content_type: sniffed.content_type, extension: sniffed.extension, facts }
    }
}

/// Gives an asset its first file. Whether it is still there.
pub(crate) async fn mark_stored(
    tx: &mut TenantTx,
    asset_id: AssetId,
    file: &StoredFile<'_>,
    blob: &HeldBlob,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let stored = sqlx::query!(
        "WITH stored AS (UPDATE uploads SET status = 'stored' WHERE organization_id = $1 AND asset_id = $2 AND replaces_id IS NULL)
         UPDATE assets SET kind = $3, content_type = $4, blob_key = $5, byte_size = $6, sha256 = $7, blob_id = $8, status = 'ready'
         WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        asset_id.uuid(),
        file.kind,
        file.content_type,
        blob.blob_key,
        file.facts.size_bytes.cast_signed(),
        &file.facts.sha256[..],
        blob.id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(stored.rows_affected() == 1)
}

/// A stored asset as the steps need it.
pub(crate) struct StoredAsset {
    pub(crate) version: i32,
    pub(crate) packaging: i32,
    pub(crate) blob_key: BlobKey,
    pub(crate) probe: Option<memoreel_media::Probe>,
    /// What is to be encoded of it.
    pub(crate) plan: memoreel_media::EncodingPlan,
}

pub(crate) async fn find_stored(
    tx: &mut TenantTx,
    asset_id: AssetId,
) -> Result<Option<StoredAsset>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        "SELECT version, packaging, blob_key, metadata -> 'probe' AS probe, metadata -> 'encoding' AS encoding
         FROM assets WHERE organization_id = $1 AND id = $2 AND status = 'ready'",
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.and_then(|row| {
        let probe = row.probe.and_then(|probe| serde_json::from_value(probe).ok());
        let plan = row.encoding.and_then(|plan| serde_json::from_value(plan).ok()).unwrap_or_default();
        Some(StoredAsset {
            version: row.version,
            packaging: row.packaging,
            blob_key: row.blob_key?.parse().ok()?,
            probe,
            plan,
        })
    }))
}

/// Writes down what was probed. What is to be encoded is decided by what the organization says now, once: whoever looks again finds the same,
/// unless it was encoded anew.
pub(crate) async fn record_probe(
    tx: &mut TenantTx,
    asset_id: AssetId,
    probe: &memoreel_media::Probe,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let (video, audio) = (probe.video.as_ref(), probe.audio.as_ref());
    sqlx::query!(
        "UPDATE assets SET kind = $3, width = $4, height = $5, duration_seconds = $6, bitrate = $7, sample_rate = $8,
             channels = $9, metadata = metadata || jsonb_build_object('probe', $10::jsonb) || CASE
                 WHEN metadata ? 'probe' THEN '{}'
                 ELSE jsonb_build_object('encoding', (SELECT jsonb_build_object('codec', e.codec, 'loudness', e.loudness, 'steps', (
                     SELECT jsonb_agg(jsonb_build_object('short_side', s.height, 'bit_rate', s.bit_rate))
                     FROM unnest(e.heights, e.bit_rates) AS s (height, bit_rate)))
                 FROM encoding_settings e WHERE e.organization_id = $1)) END
         WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        asset_id.uuid(),
        if video.is_some() { "video" } else { "audio" },
        video.map(|video| video.width.cast_signed()),
        video.map(|video| video.height.cast_signed()),
        probe.duration_ms as f64 / 1000.0,
        probe.bit_rate.map(u64::cast_signed),
        audio.map(|audio| audio.sample_rate.cast_signed()),
        audio.map(|audio| audio.channels.cast_signed()),
        serde_json::to_value(probe).unwrap_or_default(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A rendition to be written; one of the same name is replaced.
pub(crate) struct NewRendition {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) blob_key: BlobKey,
    pub(crate) size_bytes: u64,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) metadata: serde_json::Value,
}

pub(crate) async fn put_rendition(
    tx: &mut TenantTx,
    asset_id: AssetId,
    rendition: &NewRendition,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "INSERT INTO renditions (organization_id, id, asset_id, kind, name, blob_key, content_type, byte_size, width, height,
             metadata, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (organization_id, asset_id, name) DO UPDATE SET kind = excluded.kind, blob_key = excluded.blob_key,
             content_type = excluded.content_type, byte_size = excluded.byte_size, width = excluded.width,
             height = excluded.height, metadata = excluded.metadata",
        organization_id.uuid(),
        RenditionId::new(now).uuid(),
        asset_id.uuid(),
        rendition.kind,
        rendition.name,
        rendition.blob_key.to_string(),
        memoreel_blob::content_type(&rendition.blob_key),
        rendition.size_bytes.cast_signed(),
        rendition.width.map(u32::cast_signed),
        rendition.height.map(u32::cast_signed),
        rendition.metadata,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The HLS variants that are published.
pub(crate) async fn hls_variants(
    tx: &mut TenantTx,
    asset_id: AssetId,
) -> Result<Vec<memoreel_media::Variant>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query_scalar!(
        "SELECT metadata FROM renditions WHERE organization_id = $1 AND asset_id = $2 AND kind = 'hls_variant'",
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().filter_map(|metadata| serde_json::from_value(metadata).ok()).collect())
}

/// Where the sound for speech recognition lies, once it is there.
///
/// # Errors
/// When the statement fails.
pub async fn speech_audio_key(tx: &mut TenantTx, asset_id: AssetId) -> Result<Option<BlobKey>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let key = sqlx::query_scalar!(
        "SELECT blob_key FROM renditions WHERE organization_id = $1 AND asset_id = $2 AND name = $3",
        organization_id.uuid(),
        asset_id.uuid(),
        SPEECH_AUDIO,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(key.and_then(|key| key.parse().ok()))
}
