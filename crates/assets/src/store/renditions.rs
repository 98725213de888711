//! SQL of what was made of assets.

use crate::keys::Recording;
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, PageRequest, RenditionId, Timestamp};
use memoreel_media::{AudioStream, Beside, EncodingPlan, NamedTrack};

/// A rendition as it is listed.
#[derive(Debug)]
pub(crate) struct RenditionRow {
    pub(crate) id: RenditionId,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) blob_key: String,
    pub(crate) content_type: String,
    pub(crate) byte_size: i64,
    pub(crate) width: Option<i32>,
    pub(crate) height: Option<i32>,
    pub(crate) metadata: serde_json::Value,
    pub(crate) created_at: Timestamp,
}

/// The newest first, after a cursor.
pub(crate) async fn list_renditions(
    tx: &mut TenantTx,
    asset_id: AssetId,
    page: &PageRequest,
) -> Result<Vec<RenditionRow>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let after = page.begins_after();
    sqlx::query_as!(
        RenditionRow,
        r#"SELECT id AS "id: _", kind, name, blob_key, content_type, byte_size, width, height, metadata, created_at
           FROM renditions
           WHERE organization_id = $1 AND asset_id = $2 AND (created_at, id) < ($3::timestamptz, $4::uuid)
           ORDER BY created_at DESC, id DESC LIMIT $5"#,
        organization_id.uuid(),
        asset_id.uuid(),
        after.time,
        after.id,
        page.limit_plus_one(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// The rendition of this name, if it is there.
pub(crate) async fn find_rendition(
    tx: &mut TenantTx,
    asset_id: AssetId,
    name: &str,
) -> Result<Option<RenditionRow>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        RenditionRow,
        r#"SELECT id AS "id: _", kind, name, blob_key, content_type, byte_size, width, height, metadata, created_at
           FROM renditions WHERE organization_id = $1 AND asset_id = $2 AND name = $3"#,
        organization_id.uuid(),
        asset_id.uuid(),
        name,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Counts a still of this file in with the poster that it lies beside, unless it was before. Which one it is, `number` says. Of a recording without a poster none is counted.
pub(crate) async fn count_still(
    tx: &mut TenantTx,
    recording: Recording,
    number: i64,
    size_bytes: u64,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE renditions r SET still_bytes = r.still_bytes + $5::bigint,
             stills = r.stills + int8multirange(int8range($4::bigint, $4::bigint + 1))
         FROM assets a
         WHERE a.organization_id = $1 AND a.id = $2 AND a.version = $3
             AND r.organization_id = $1 AND r.asset_id = $2 AND r.kind = 'poster' AND NOT r.stills @> $4::bigint",
        organization_id.uuid(),
        recording.asset_id.uuid(),
        recording.version,
        number,
        size_bytes.cast_signed(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What manifests name beside the versions of a recording, but captions; of its tracks, those of the file come first. `None` of a file that
/// it has no more, and no tracks of the file for a packaging that is not the one it has now: only of that one are they known.
pub(crate) async fn beside(tx: &mut TenantTx, recording: Recording) -> Result<Option<Beside>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let rows = sqlx::query!(
        r#"SELECT a.metadata -> 'probe' -> 'audio' AS sound, told.kind AS "kind?", told.metadata AS "metadata?"
           FROM assets a LEFT JOIN LATERAL (
               SELECT r.kind, r.metadata FROM renditions r WHERE r.organization_id = $1 AND r.asset_id = a.id
                   AND (r.kind = 'storyboard' OR r.kind IN ('hls_sound', 'subtitles') AND a.packaging = $4)
               UNION ALL
               -- As a track is kept (NamedTrack).
               SELECT 'subtitles', jsonb_build_object('kind', 'subtitles', 'index', 0, 'language', s.language, 'title', s.name,
                   'is_added', true, 'is_forced', s.is_forced)
               FROM videos v JOIN subtitles s ON s.organization_id = $1 AND s.video_id = v.id
               WHERE v.organization_id = $1 AND v.asset_id = a.id
           ) AS told ON true
           WHERE a.organization_id = $1 AND a.id = $2 AND a.version = $3"#,
        organization_id.uuid(),
        recording.asset_id.uuid(),
        recording.version,
        recording.packaging,
    )
    .fetch_all(&mut **tx)
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut beside = Beside::default();
    if let Some(sound) = first.sound.clone() {
        let sound = serde_json::from_value::<AudioStream>(sound).ok();
        beside.sound = sound.as_ref().map(AudioStream::label).unwrap_or_default();
    }
    for (kind, metadata) in rows.into_iter().filter_map(|row| row.kind.zip(row.metadata)) {
        match kind.as_str() {
            "storyboard" => beside.storyboard = serde_json::from_value(metadata).ok(),
            _ => beside.tracks.extend(serde_json::from_value::<NamedTrack>(metadata)),
        }
    }
    beside.tracks.sort_by_cached_key(|track| (track.is_added, track.index, track.label.language.clone()));
    Ok(Some(beside))
}

/// Whether this is the file and the packaging that the recording has now. If so, the packaging stays until the transaction ends. Renditions
/// hold the row of their asset in the same way, so that nobody waits for this who would not wait for those.
pub(crate) async fn hold_packaging(tx: &mut TenantTx, recording: Recording) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let held = sqlx::query!(
        "SELECT id FROM assets WHERE organization_id = $1 AND id = $2 AND version = $3 AND packaging = $4 FOR KEY SHARE",
        organization_id.uuid(),
        recording.asset_id.uuid(),
        recording.version,
        recording.packaging,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(held.is_some())
}

/// Gives a run a packaging of its own to make in place of this one; `None` where the recording has this one no more. What the run before it
/// stored is published by nobody and goes, as does what that writes yet. Runs wait for each other here, so that one that still has its lease
/// afterwards follows all that began before.
pub(crate) async fn begin_packaging(
    tx: &mut TenantTx,
    recording: Recording,
    now: Timestamp,
) -> Result<Option<Recording>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let begun = sqlx::query_scalar!(
        "UPDATE assets SET last_packaging = last_packaging + 1
         WHERE organization_id = $1 AND id = $2 AND version = $3 AND packaging = $4 RETURNING last_packaging",
        organization_id.uuid(),
        recording.asset_id.uuid(),
        recording.version,
        recording.packaging,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(begun) = begun else { return Ok(None) };
    let before = recording.packaged(begun - 1);
    if before != recording {
        sqlx::query!(
            "INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
             SELECT $1::uuid, $2::text, due.not_before, due.reason
             FROM (VALUES ('epoch'::timestamptz, 'packaging abandoned'), ($3::timestamptz + interval '2 days', 'written late'))
                 AS due (not_before, reason)",
            organization_id.uuid(),
            before.hls().to_string(),
            now,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(Some(recording.packaged(begun)))
}

/// Takes what players fetch of this packaging out of the renditions and lets the recording have another one, encoded by `plan`, whose
/// renditions follow in the same transaction. The files stay until `not_before`. Returns whether the recording still had this one.
pub(crate) async fn leave_packaging(
    tx: &mut TenantTx,
    recording: Recording,
    next: Recording,
    plan: &EncodingPlan,
    not_before: Timestamp,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    // After whoever writes renditions of this one down.
    sqlx::query!(
        "SELECT id FROM assets WHERE organization_id = $1 AND id = $2 FOR UPDATE",
        organization_id.uuid(),
        recording.asset_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let left = sqlx::query!(
        "WITH gone AS (
             UPDATE assets SET packaging = $8, metadata = metadata || jsonb_build_object('encoding', $7::jsonb)
             WHERE organization_id = $1 AND id = $2 AND version = $3 AND packaging = $4 RETURNING id
         ), unlisted AS (
             DELETE FROM renditions r USING gone WHERE r.organization_id = $1 AND r.asset_id = gone.id
                 AND r.kind IN ('hls_master', 'hls_variant', 'hls_sound', 'subtitles')
         )
         INSERT INTO blob_deletions (organization_id, blob_key, not_before, reason)
         SELECT $1, $5::text, $6::timestamptz, 'packaged anew' FROM gone",
        organization_id.uuid(),
        recording.asset_id.uuid(),
        recording.version,
        recording.packaging,
        recording.hls().to_string(),
        not_before,
        serde_json::to_value(plan).unwrap_or_default(),
        next.packaging,
    )
    .execute(&mut **tx)
    .await?;
    Ok(left.rows_affected() == 1)
}

/// Remembers that a sound file of this name is wanted.
pub(crate) async fn want_sound(tx: &mut TenantTx, asset_id: AssetId, name: &str) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE assets SET metadata = metadata || jsonb_build_object('sounds',
             coalesce(metadata -> 'sounds', '{}') || jsonb_build_object($3::text, true))
         WHERE organization_id = $1 AND id = $2 AND NOT coalesce(metadata -> 'sounds' ? $3, false)",
        organization_id.uuid(),
        asset_id.uuid(),
        name,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets that a sound file of this name is wanted.
pub(crate) async fn withdraw_sound(
    tx: &mut TenantTx,
    asset_id: AssetId,
    name: &str,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "UPDATE assets SET metadata = metadata #- ARRAY['sounds', $3::text] WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        asset_id.uuid(),
        name,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The names of the sound files that are wanted and not there.
pub(crate) async fn sounds_to_make(tx: &mut TenantTx, asset_id: AssetId) -> Result<Vec<String>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"SELECT wanted.name AS "name!"
           FROM assets a, jsonb_object_keys(coalesce(a.metadata -> 'sounds', '{}')) AS wanted (name)
           WHERE a.organization_id = $1 AND a.id = $2 AND NOT EXISTS (
               SELECT FROM renditions r WHERE r.organization_id = $1 AND r.asset_id = $2 AND r.name = wanted.name)
           ORDER BY wanted.name"#,
        organization_id.uuid(),
        asset_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}
