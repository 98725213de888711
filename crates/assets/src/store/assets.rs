//! SQL of assets as people and programs list, change and delete them.

use crate::{
    keys::Recording,
    model::{RETENTION, TEMPORARY_LIFETIME},
};
use memoreel_db::{SystemTx, TenantTx};
use memoreel_kernel::{AssetId, FolderId, OrganizationId, PageRequest, Timestamp, UploadId, VideoId};
use serde_json::{Map, Value};
use uuid::Uuid;

/// An asset's row, with the video whose file it is.
#[derive(Debug, Clone)]
pub(crate) struct AssetRow {
    pub(crate) id: AssetId,
    pub(crate) video_id: Option<VideoId>,
    /// Whether it is the file of a recording that is its author's alone.
    pub(crate) is_private: bool,
    pub(crate) folder_id: Option<FolderId>,
    pub(crate) kind: Option<String>,
    pub(crate) status: String,
    pub(crate) filename: String,
    pub(crate) content_type: Option<String>,
    pub(crate) byte_size: i64,
    pub(crate) sha256: Option<Vec<u8>>,
    pub(crate) blob_key: Option<String>,
    pub(crate) width: Option<i32>,
    pub(crate) height: Option<i32>,
    pub(crate) duration_seconds: Option<f64>,
    pub(crate) bitrate: Option<i64>,
    pub(crate) sample_rate: Option<i32>,
    pub(crate) channels: Option<i32>,
    pub(crate) page_count: Option<i32>,
    pub(crate) image: Option<Value>,
    pub(crate) document: Option<Value>,
    /// Of a recording that was looked into, its picture and the sound that it is played with.
    pub(crate) streams: Option<Value>,
    pub(crate) error: Option<Value>,
    pub(crate) version: i32,
    pub(crate) packaging: i32,
    pub(crate) replacement_id: Option<UploadId>,
    pub(crate) replacement_error: Option<Value>,
    pub(crate) description: Option<String>,
    pub(crate) recognised_text: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) custom_metadata: Value,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) retention_until: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl AssetRow {
    /// Its file, where it is a recording.
    pub(crate) fn recording(&self, organization_id: OrganizationId) -> Recording {
        Recording {
            organization_id,
            asset_id: self.id,
            version: self.version,
            packaging: self.packaging,
            is_private: self.is_private,
        }
    }
}

/// One statement for every way to read assets: only which of them, their order and the parameters differ.
macro_rules! select_assets {
    ([$($chosen:tt),+ $(,)?], $($parameter:expr),+ $(,)?) => {
        sqlx::query_as!(
            AssetRow,
            r#"SELECT a.id AS "id: _",
                   (SELECT v.id FROM videos v WHERE v.organization_id = $1 AND v.asset_id = a.id LIMIT 1) AS "video_id: _",
                   a.visibility = 'private' AS "is_private!",
                   a.folder_id AS "folder_id: _", a.kind, a.status, a.filename, a.content_type, a.byte_size, a.sha256, a.blob_key,
                   a.width, a.height, a.duration_seconds, a.bitrate, a.sample_rate, a.channels, a.page_count,
                   a.metadata -> 'image' AS image, a.metadata -> 'document' AS document, a.metadata -> 'error' AS error,
                   -- Not all that was probed: subtitles and other sounds are as many as the file has.
                   CASE WHEN a.metadata ? 'probe' THEN jsonb_build_object('video', a.metadata #> '{probe,video}',
                       'audio', a.metadata #> '{probe,audio}') END AS streams,
                   a.version, a.packaging, a.replacement_id AS "replacement_id: _", a.metadata -> 'replacement_error' AS replacement_error,
                   a.description, a.recognised_text, a.tags, a.custom_metadata, a.expires_at, a.deleted_at, a.retention_until,
                   a.created_at, a.updated_at
               FROM assets a WHERE a.organization_id = $1 AND "# $(+ $chosen)+,
            $($parameter),+
        )
    };
}

/// What an asset is found by: each tag and each name of the metadata is one of its terms.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct WantedTerms {
    /// Each once.
    pub(crate) tags: Vec<String>,
    /// Texts, numbers and truth values.
    pub(crate) metadata: Map<String, Value>,
}

impl WantedTerms {
    pub(crate) fn count(&self) -> usize {
        self.tags.len() + self.metadata.len()
    }
}

/// What a list is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct AssetFilter {
    pub(crate) kind: Option<&'static str>,
    pub(crate) status: Option<&'static str>,
    /// A folder, or none: `Some(None)`.
    pub(crate) folder: Option<Option<FolderId>>,
    /// Part of the name, already escaped for ILIKE.
    pub(crate) name_pattern: Option<String>,
    /// Each of these the asset has.
    pub(crate) terms: WantedTerms,
    /// In the bin instead of outside.
    pub(crate) is_deleted: bool,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssetOrder {
    Newest,
    Oldest,
    /// By name, in upper or lower case.
    Filename,
    /// The largest first.
    Largest,
}

/// A page of a list: of one place, behind its last row, in one order.
///
/// Conditions are written so that the planner does not take few rows to be left, and walks an index in its order: that of the folder, whose
/// files may all be older than those of others, or that of all. By name and size the files of a folder are sorted.
macro_rules! select_page {
    ($tx:ident, $filter:ident, $page:ident, [$place:tt, $behind:tt, $order:tt], $folder:expr, $last:expr, $last_id:expr) => {
        select_assets!(
            [
                $place,
                " AND (a.deleted_at IS NOT NULL) = $3
                 AND CASE WHEN $4::text IS NULL THEN true ELSE a.kind = $4 END
                 AND CASE WHEN $5::text IS NULL THEN true ELSE a.status = $5 END
                 AND CASE WHEN $6::text IS NULL THEN true ELSE a.filename ILIKE $6 END
                 AND CASE WHEN $7::bigint = 0 THEN true ELSE a.id IN (SELECT t.asset_id FROM asset_terms t
                     WHERE t.organization_id = $1 AND t.term = ANY(asset_terms_of($8, $9)) GROUP BY t.asset_id HAVING count(*) = $7) END
                 AND ",
                $behind,
                $order,
                " LIMIT $12"
            ],
            $tx.organization_id().uuid(),
            $folder,
            $filter.is_deleted,
            $filter.kind,
            $filter.status,
            $filter.name_pattern.as_deref(),
            i64::try_from($filter.terms.count()).unwrap_or(i64::MAX),
            &$filter.terms.tags,
            Value::Object($filter.terms.metadata.clone()),
            $last,
            $last_id,
            $page.limit_plus_one(),
        )
        .fetch_all(&mut **$tx)
        .await
    };
}

/// A page of a list in one order, in a folder or elsewhere.
macro_rules! select_page_in_order {
    ($tx:ident, $filter:ident, $page:ident, [$behind:tt, $order:tt], $last:expr, $last_id:expr) => {
        if let Some(Some(folder_id)) = $filter.folder {
            select_page!(
                $tx,
                $filter,
                $page,
                ["a.folder_id = $2", $behind, $order],
                folder_id.uuid(),
                $last,
                $last_id
            )
        } else {
            select_page!(
                $tx,
                $filter,
                $page,
                ["CASE WHEN $2 THEN a.folder_id IS NULL ELSE true END", $behind, $order],
                $filter.folder.is_some(),
                $last,
                $last_id
            )
        }
    };
}

pub(crate) async fn list_assets(
    tx: &mut TenantTx,
    filter: &AssetFilter,
    order: AssetOrder,
    page: &PageRequest,
) -> Result<Vec<AssetRow>, sqlx::Error> {
    let (falling, rising) = (page.begins_after(), page.rises_from());
    let last = page.after.map(|cursor| cursor.id);
    // The cursor names the last row; its name or size is looked up, so that the cursor stays of one form.
    match order {
        AssetOrder::Newest => select_page_in_order!(
            tx,
            filter,
            page,
            [
                "(a.created_at, a.id) < ($10::timestamptz, $11::uuid)",
                " ORDER BY a.created_at DESC, a.id DESC"
            ],
            falling.time,
            falling.id
        ),
        AssetOrder::Oldest => select_page_in_order!(
            tx,
            filter,
            page,
            ["(a.created_at, a.id) > ($10::timestamptz, $11::uuid)", " ORDER BY a.created_at, a.id"],
            rising.time,
            rising.id
        ),
        AssetOrder::Filename => select_page_in_order!(
            tx,
            filter,
            page,
            [
                "(a.filename_lower, a.id) > (CASE WHEN $10::uuid IS NULL THEN '' ELSE
                     (SELECT l.filename_lower FROM assets l WHERE l.organization_id = $1 AND l.id = $10) END, $11::uuid)",
                " ORDER BY a.filename_lower, a.id"
            ],
            last,
            rising.id
        ),
        AssetOrder::Largest => select_page_in_order!(
            tx,
            filter,
            page,
            [
                "(a.byte_size, a.id) < (CASE WHEN $10::uuid IS NULL THEN 9223372036854775807 ELSE
                     (SELECT l.byte_size FROM assets l WHERE l.organization_id = $1 AND l.id = $10) END, $11::uuid)",
                " ORDER BY a.byte_size DESC, a.id DESC"
            ],
            last,
            falling.id
        ),
    }
}

/// The asset, in the bin or not.
pub(crate) async fn find_asset(tx: &mut TenantTx, id: AssetId) -> Result<Option<AssetRow>, sqlx::Error> {
    let organization_id = tx.organization_id();
    select_assets!(["a.id = $2"], organization_id.uuid(), id.uuid()).fetch_optional(&mut **tx).await
}

/// New values; `None` leaves the column as it is.
#[derive(Debug, Default)]
pub(crate) struct AssetChanges {
    pub(crate) filename: Option<String>,
    pub(crate) folder_id: Option<Option<FolderId>>,
    /// `Some(None)` removes it.
    pub(crate) description: Option<Option<String>>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) custom_metadata: Option<Value>,
    pub(crate) is_temporary: Option<bool>,
}

/// Whether there is such an asset outside the bin.
pub(crate) async fn update_asset(
    tx: &mut TenantTx,
    id: AssetId,
    changes: &AssetChanges,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let updated = sqlx::query!(
        "UPDATE assets SET filename = coalesce($3, filename),
             folder_id = CASE WHEN $4 THEN $5 ELSE folder_id END,
             tags = coalesce($6, tags), custom_metadata = coalesce($7, custom_metadata),
             expires_at = CASE WHEN $8::bool IS NULL THEN expires_at WHEN $8 THEN coalesce(expires_at, $9) END,
             description = CASE WHEN $10 THEN $11 ELSE description END
         WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL",
        organization_id.uuid(),
        id.uuid(),
        changes.filename,
        changes.folder_id.is_some(),
        changes.folder_id.flatten().map(|id| id.uuid()),
        changes.tags.as_deref(),
        changes.custom_metadata,
        changes.is_temporary,
        now + TEMPORARY_LIFETIME,
        changes.description.is_some(),
        changes.description.as_ref().and_then(Option::as_deref),
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// What people have done anew with an asset that is there; the audit log tells it by when it was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked {
    /// A recording encoded, perhaps to what it was before.
    Encoding,
    /// An image or a document read.
    Reading,
}

/// Notes that somebody asked for it.
pub(crate) async fn note_asked(
    tx: &mut TenantTx,
    id: AssetId,
    asked: Asked,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    let name = match asked {
        Asked::Encoding => "encoding_asked_at",
        Asked::Reading => "reread_asked_at",
    };
    sqlx::query!(
        "UPDATE assets SET metadata = metadata || jsonb_build_object($4::text, $3::timestamptz) WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        id.uuid(),
        now,
        name,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts an asset that is no recording into the bin: whether there was such a one outside.
pub(crate) async fn bin_asset(tx: &mut TenantTx, id: AssetId, now: Timestamp) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let binned = sqlx::query!(
        "UPDATE assets SET deleted_at = $3, retention_until = $4 WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL",
        organization_id.uuid(),
        id.uuid(),
        now,
        now + RETENTION,
    )
    .execute(&mut **tx)
    .await?;
    Ok(binned.rows_affected() == 1)
}

/// Takes an asset that is no recording out of the bin: whether there was such a one inside.
pub(crate) async fn restore_asset(tx: &mut TenantTx, id: AssetId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let restored = sqlx::query!(
        "UPDATE assets SET deleted_at = NULL, retention_until = NULL
         WHERE organization_id = $1 AND id = $2 AND deleted_at IS NOT NULL",
        organization_id.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(restored.rows_affected() == 1)
}

/// Deletes the row of an asset that is no recording; its files follow.
pub(crate) async fn delete_asset(tx: &mut TenantTx, id: AssetId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let deleted = sqlx::query!(
        "DELETE FROM assets WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Makes a second asset of the same content, as temporary as it: whether there was a ready one outside the bin.
pub(crate) async fn copy_asset(
    tx: &mut TenantTx,
    id: AssetId,
    copy_id: AssetId,
    folder_id: Option<FolderId>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let (organization_id, user_id) = (tx.organization_id(), tx.caller().user_id);
    let copied = sqlx::query!(
        "INSERT INTO assets (organization_id, id, kind, filename, original_filename, content_type, byte_size, sha256, blob_key, blob_id,
             status, width, height, duration_seconds, bitrate, sample_rate, channels, page_count, metadata, folder_id, owner_id, tags,
             custom_metadata, description, recognised_text, expires_at, created_at, updated_at)
         SELECT organization_id, $3, kind, filename, original_filename, content_type, byte_size, sha256, blob_key, blob_id,
             -- What is on a document's pages is read again.
             CASE WHEN kind = 'document' THEN 'pending' ELSE status END, width, height, duration_seconds, bitrate, sample_rate,
             -- What is made on request is asked for anew.
             channels, page_count, metadata - '{sounds,encoding_wanted,encoding_asked_at,reread_asked_at}'::text[], coalesce($4, folder_id), $5, tags, custom_metadata, description,
             recognised_text, expires_at, $6, $6
         FROM assets WHERE organization_id = $1 AND id = $2 AND status = 'ready' AND blob_id IS NOT NULL AND deleted_at IS NULL",
        organization_id.uuid(),
        id.uuid(),
        copy_id.uuid(),
        folder_id.map(|id| id.uuid()),
        user_id.map(|id| id.uuid()),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(copied.rows_affected() == 1)
}

/// Deletes assets in the bin that are no recordings and whose time is over, at most so many, but for those that somebody is at work with; their
/// files follow. Returns how many.
pub(crate) async fn delete_over_in_bin(
    tx: &mut SystemTx,
    now: Timestamp,
    assets_max: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query_scalar!(r#"SELECT purge_binned_assets($1, $2) AS "deleted!""#, now, assets_max)
        .fetch_one(&mut **tx)
        .await?;
    Ok(deleted.unsigned_abs())
}

/// An asset whose day is over.
#[derive(Debug)]
pub(crate) struct ExpiredAsset {
    pub(crate) organization_id: OrganizationId,
    pub(crate) id: AssetId,
    pub(crate) kind: Option<String>,
}

/// Holds assets outside the bin that are no recordings and whose day is over, at most so many, but for those that somebody is at work with.
pub(crate) async fn hold_expired(
    tx: &mut SystemTx,
    now: Timestamp,
    assets_max: i64,
) -> Result<Vec<ExpiredAsset>, sqlx::Error> {
    sqlx::query_as!(
        ExpiredAsset,
        r#"SELECT organization_id AS "organization_id!: _", id AS "id!: _", kind FROM hold_expired_assets($1, $2)"#,
        now,
        assets_max,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Deletes assets that are held.
pub(crate) async fn delete_held(
    tx: &mut SystemTx,
    assets: &[(OrganizationId, Uuid)],
) -> Result<(), sqlx::Error> {
    let (organization_ids, ids): (Vec<Uuid>, Vec<Uuid>) =
        assets.iter().map(|(organization_id, id)| (organization_id.uuid(), *id)).unzip();
    sqlx::query!(
        "DELETE FROM assets a USING UNNEST($1::uuid[], $2::uuid[]) AS held(organization_id, id)
         WHERE a.organization_id = held.organization_id AND a.id = held.id",
        &organization_ids,
        &ids,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
