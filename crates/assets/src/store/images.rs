//! SQL of images, of what is made of them, and of presets.

use super::HeldBlob;
use crate::{AssetsError, model::ImageFacts};
use memoreel_blob::{BlobFacts, BlobKey};
use memoreel_db::TenantTx;
use memoreel_images::{Described, Made, Transform, geometry::Size};
use memoreel_kernel::{AssetId, RenditionId, Timestamp, UploadId};

/// What storing an image found out.
pub(crate) struct StoredImage<'a> {
    pub(crate) described: &'a Described,
    pub(crate) facts: &'a ImageFacts,
    pub(crate) stored: &'a BlobFacts,
}

/// Whether the image was still waited for.
pub(crate) async fn mark_image_ready(
    tx: &mut TenantTx,
    id: AssetId,
    image: &StoredImage<'_>,
    blob: &HeldBlob,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let ready = sqlx::query_scalar!(
        r#"WITH ready AS (
               UPDATE assets SET content_type = $3, blob_key = $4, byte_size = $5, sha256 = $6, width = $7, height = $8,
                   metadata = metadata || jsonb_build_object('image', $9::jsonb), blob_id = $10, status = 'ready'
               WHERE organization_id = $1 AND id = $2 AND kind = 'image' AND status = 'pending' RETURNING id
           ), stored AS (
               UPDATE uploads SET status = 'stored' FROM ready WHERE uploads.organization_id = $1 AND uploads.asset_id = ready.id
           )
           SELECT count(*) AS "ready!" FROM ready"#,
        organization_id.uuid(),
        id.uuid(),
        image.described.header.format.content_type(),
        blob.blob_key,
        image.stored.size_bytes.cast_signed(),
        &image.stored.sha256[..],
        image.described.size.width.cast_signed(),
        image.described.size.height.cast_signed(),
        serde_json::to_value(image.facts).unwrap_or_default(),
        blob.id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(ready == 1)
}

/// Gives an image that is there the content that replaces its own. Returns whether that was still waited for.
pub(crate) async fn replace_image(
    tx: &mut TenantTx,
    id: AssetId,
    upload_id: UploadId,
    image: &StoredImage<'_>,
    blob: &HeldBlob,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let replaced = sqlx::query!(
        "WITH came AS (
             UPDATE uploads SET status = 'stored' WHERE organization_id = $1 AND id = $11 AND replaces_id = $2 AND status = 'received'
             RETURNING id
         )
         UPDATE assets SET content_type = $3, blob_key = $4, byte_size = $5, sha256 = $6, width = $7, height = $8,
             metadata = metadata - '{error,replacement_error,unseen_by}'::text[] || jsonb_build_object('image', $9::jsonb), blob_id = $10,
             status = 'ready', recognised_text = NULL, version = version + 1,
             replacement_id = NULL,
             filename = CASE WHEN content_type = $3 THEN filename ELSE renamed(filename, $12) END,
             original_filename = CASE WHEN content_type = $3 THEN original_filename ELSE renamed(original_filename, $12) END
         FROM came WHERE assets.organization_id = $1 AND assets.id = $2 AND assets.kind = 'image' AND assets.replacement_id = came.id",
        organization_id.uuid(),
        id.uuid(),
        image.described.header.format.content_type(),
        blob.blob_key,
        image.stored.size_bytes.cast_signed(),
        &image.stored.sha256[..],
        image.described.size.width.cast_signed(),
        image.described.size.height.cast_signed(),
        serde_json::to_value(image.facts).unwrap_or_default(),
        blob.id.uuid(),
        upload_id.uuid(),
        image.described.header.format.extension(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(replaced.rows_affected() == 1)
}

/// An image that something can be made of.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) blob_key: String,
    pub(crate) filename: String,
    /// How many files it has had.
    pub(crate) version: i32,
    pub(crate) width: i32,
    pub(crate) height: i32,
    /// Its pictures, of which an animation has several.
    pub(crate) frames: i32,
    pub(crate) has_alpha: bool,
    /// The options of the preset that was asked for, if there is one of that name.
    pub(crate) preset: Option<String>,
}

impl Source {
    /// Upright.
    pub(crate) fn size(&self) -> Size {
        Size { width: self.width.cast_unsigned(), height: self.height.cast_unsigned() }
    }

    /// The preset that a transform names, with which this was found.
    pub(crate) fn preset_of(&self, transform: &Transform) -> Result<Transform, AssetsError> {
        match (&transform.preset, &self.preset) {
            (None, _) => Ok(Transform::default()),
            (Some(_), Some(options)) => Ok(options.parse()?),
            (Some(name), None) => Err(AssetsError::PresetNotFound(name.clone())),
        }
    }
}

pub(crate) async fn find_source(
    tx: &mut TenantTx,
    id: AssetId,
    preset: Option<&str>,
) -> Result<Option<Source>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        Source,
        r#"SELECT blob_key AS "blob_key!", filename, version, width AS "width!", height AS "height!",
               coalesce((metadata -> 'image' -> 'frames')::int, 1) AS "frames!",
               coalesce((metadata -> 'image' -> 'has_alpha')::bool, false) AS "has_alpha!",
               (SELECT p.options FROM image_presets p WHERE p.organization_id = $1 AND p.name = $3) AS preset
           FROM assets
           WHERE organization_id = $1 AND id = $2 AND kind = 'image' AND status = 'ready' AND deleted_at IS NULL
               AND width IS NOT NULL AND height IS NOT NULL"#,
        organization_id.uuid(),
        id.uuid(),
        preset,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// An image that text is looked for in.
pub(crate) struct LegibleImage {
    pub(crate) blob_key: String,
    pub(crate) width: i32,
    pub(crate) height: i32,
    /// Whether that was done.
    pub(crate) is_read: bool,
}

/// The image, in the bin or not, once it is ready.
pub(crate) async fn find_legible(
    tx: &mut TenantTx,
    id: AssetId,
) -> Result<Option<LegibleImage>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        LegibleImage,
        r#"SELECT blob_key AS "blob_key!", width AS "width!", height AS "height!", recognised_text IS NOT NULL AS "is_read!"
           FROM assets WHERE organization_id = $1 AND id = $2 AND kind = 'image' AND status = 'ready'
               AND blob_key IS NOT NULL AND width IS NOT NULL AND height IS NOT NULL"#,
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Keeps what is written in the image, if this is still its file.
pub(crate) async fn record_image_text(
    tx: &mut TenantTx,
    id: AssetId,
    blob_key: &str,
    text: &str,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE assets SET recognised_text = $4 WHERE organization_id = $1 AND id = $2 AND kind = 'image' AND blob_key = $3",
        organization_id.uuid(),
        id.uuid(),
        blob_key,
        text,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An image that was made of another.
#[derive(Debug, Clone)]
pub(crate) struct MadeImage {
    pub(crate) blob_key: String,
    /// The beginning of its SHA-256, in hexadecimal.
    pub(crate) digest: Option<String>,
}

pub(crate) async fn find_made(
    tx: &mut TenantTx,
    asset_id: AssetId,
    name: &str,
) -> Result<Option<MadeImage>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        MadeImage,
        "SELECT blob_key, metadata ->> 'digest' AS digest FROM renditions
         WHERE organization_id = $1 AND asset_id = $2 AND name = $3 AND kind = 'image'",
        organization_id.uuid(),
        asset_id.uuid(),
        name,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Whether the image it was made of is still there, and that is still its file: its row is held until the transaction ends.
#[expect(clippy::too_many_arguments, reason = "it is a row, column by column")]
pub(crate) async fn put_made(
    tx: &mut TenantTx,
    asset_id: AssetId,
    original: &BlobKey,
    name: &str,
    blob_key: &BlobKey,
    made: &Made,
    digest: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let put = sqlx::query!(
        "WITH source AS (
             SELECT id FROM assets WHERE organization_id = $1 AND id = $2 AND kind = 'image' AND blob_key = $12 FOR NO KEY UPDATE
         ), kept AS (
             -- It may have been one too many before, and its file lies where that did.
             DELETE FROM blob_deletions WHERE organization_id = $1 AND blob_key = $5
         )
         INSERT INTO renditions (organization_id, id, asset_id, kind, name, blob_key, content_type, byte_size, width, height, metadata,
             created_at)
         SELECT $1, $3, source.id, 'image', $4, $5, $6, $7, $8, $9, jsonb_build_object('digest', $10::text), $11 FROM source
         ON CONFLICT (organization_id, asset_id, name) DO UPDATE SET blob_key = excluded.blob_key, byte_size = excluded.byte_size,
             metadata = excluded.metadata",
        organization_id.uuid(),
        asset_id.uuid(),
        RenditionId::new(now).uuid(),
        name,
        blob_key.to_string(),
        made.format.content_type(),
        i64::try_from(made.bytes.len()).unwrap_or(i64::MAX),
        made.size.width.cast_signed(),
        made.size.height.cast_signed(),
        digest,
        now,
        original.to_string(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(put.rows_affected() == 1)
}

/// Lets go of the images that were made of an asset first, but not of the one of this name, until so many are left. Returns how many went;
/// their files follow. Whoever calls this holds the asset's row.
pub(crate) async fn drop_made(
    tx: &mut TenantTx,
    asset_id: AssetId,
    name: &str,
    made_max: i64,
) -> Result<u64, sqlx::Error> {
    let organization_id = tx.organization_id();
    let dropped = sqlx::query!(
        "WITH dropped AS (
             DELETE FROM renditions WHERE organization_id = $1 AND id IN (
                 SELECT id FROM renditions WHERE organization_id = $1 AND asset_id = $2 AND kind = 'image' AND name <> $3
                 ORDER BY created_at DESC, id DESC OFFSET $4)
             RETURNING blob_key
         )
         INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
         SELECT $1, blob_key, 'epoch', 'one of too many' FROM dropped",
        organization_id.uuid(),
        asset_id.uuid(),
        name,
        made_max - 1,
    )
    .execute(&mut **tx)
    .await?;
    Ok(dropped.rows_affected())
}

/// A preset's row.
#[derive(Debug, Clone)]
pub(crate) struct PresetRow {
    pub(crate) name: String,
    pub(crate) options: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

pub(crate) async fn list_presets(tx: &mut TenantTx) -> Result<Vec<PresetRow>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        PresetRow,
        "SELECT name, options, created_at, updated_at FROM image_presets WHERE organization_id = $1 ORDER BY name",
        organization_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Makes or changes a preset; `None` where there are `presets_max` others already.
pub(crate) async fn put_preset(
    tx: &mut TenantTx,
    name: &str,
    options: &str,
    presets_max: i64,
    now: Timestamp,
) -> Result<Option<PresetRow>, sqlx::Error> {
    tx.hold_organization().await?;
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        PresetRow,
        "INSERT INTO image_presets AS p (organization_id, name, options, created_at, updated_at)
         SELECT $1, $2, $3, $5, $5
         WHERE (SELECT count(*) FROM image_presets other WHERE other.organization_id = $1 AND other.name <> $2) < $4
         ON CONFLICT (organization_id, name) DO UPDATE SET options = excluded.options
         RETURNING p.name, p.options, p.created_at, p.updated_at",
        organization_id.uuid(),
        name,
        options,
        presets_max,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn delete_preset(tx: &mut TenantTx, name: &str) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let deleted = sqlx::query!(
        "DELETE FROM image_presets WHERE organization_id = $1 AND name = $2",
        organization_id.uuid(),
        name,
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}
