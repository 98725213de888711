//! All SQL of the slice.

mod purge;

pub(crate) use purge::*;

use crate::model::{Author, Channel, SpeakerView, Visibility};
use chrono::TimeDelta;
use memoreel_assets::{Playback, ReceivedUpload, Recording};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, ChannelId, OrganizationId, PageRequest, Timestamp, UserId, VideoId};
use sqlx::types::Json;
use uuid::Uuid;

/// How long a deleted video can be restored.
const RETENTION: TimeDelta = TimeDelta::days(30);

/// Makes the video of a finished upload. Returns whether it has a description, as the one it is a copy of.
pub(crate) async fn insert_uploaded_video(
    tx: &mut TenantTx,
    upload: &ReceivedUpload,
    title: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    // A channel that vanished during the upload leaves the video without one.
    sqlx::query_scalar!(
        r#"INSERT INTO videos (organization_id, id, asset_id, channel_id, author_id, title, description, visibility, created_at, updated_at)
         SELECT $1, $2, $3, coalesce(channels.id, copied.channel_id), $5, coalesce(copied.title, $6), copied.description,
             coalesce(copied.visibility, 'organization'), $7, $7
         FROM (SELECT) AS new
         LEFT JOIN channels ON channels.organization_id = $1 AND channels.id = $4
         LEFT JOIN videos copied ON copied.organization_id = $1 AND copied.id = $8
         RETURNING description IS NOT NULL AS "is_described!""#,
        organization_id.uuid(),
        upload.video_id.uuid(),
        upload.asset_id.uuid(),
        upload.channel_id.map(|id| id.uuid()),
        upload.user_id.map(|id| id.uuid()),
        title,
        now,
        upload.copies.map(|id| id.uuid()),
    )
    .fetch_one(&mut **tx)
    .await
}

/// A video that no recording belongs to.
#[derive(Debug)]
pub(crate) struct NewVideo {
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) channel_id: Option<ChannelId>,
}

/// Makes a video without a file, of the caller, that waits for its transcript.
pub(crate) async fn insert_video(
    tx: &mut TenantTx,
    id: VideoId,
    new: &NewVideo,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let caller = *tx.caller();
    sqlx::query!(
        "INSERT INTO videos (organization_id, id, channel_id, author_id, title, description, source, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'import', $7, $7)",
        caller.organization_id.uuid(),
        id.uuid(),
        new.channel_id.map(|id| id.uuid()),
        caller.user_id.map(|id| id.uuid()),
        new.title,
        new.description,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A step completed, or is tried again: the video is being processed, and perhaps playable from now on. Its file is waited for, if it was given up.
pub(crate) async fn mark_processing(
    tx: &mut TenantTx,
    id: VideoId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "WITH processing AS (
             UPDATE videos SET status = 'processing', error_code = NULL, error_message = NULL,
                 playable_at = COALESCE(playable_at, CASE WHEN EXISTS (SELECT FROM renditions r
                     WHERE r.organization_id = $1 AND r.asset_id = videos.asset_id AND r.kind IN ('file', 'hls_master')) THEN $3::timestamptz END)
             WHERE organization_id = $1 AND id = $2
                 AND (status <> 'processing' OR playable_at IS NULL)
             RETURNING asset_id
         )
         UPDATE assets SET status = 'pending', metadata = metadata - 'error' FROM processing
         WHERE assets.organization_id = $1 AND assets.id = processing.asset_id AND assets.status = 'failed' AND assets.blob_key IS NULL",
        organization_id.uuid(),
        id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// No step is left. A file that was to be stored has failed with the video. Returns whether that exists.
pub(crate) async fn mark_settled(
    tx: &mut TenantTx,
    id: VideoId,
    failure: Option<(String, String)>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let (code, message) = failure.unzip();
    let settled = sqlx::query_scalar!(
        r#"WITH settled AS (
               UPDATE videos SET status = CASE WHEN $3::text IS NULL THEN 'completed' ELSE 'failed' END,
                   error_code = $3, error_message = $4, completed_at = CASE WHEN $3::text IS NULL THEN $5::timestamptz END,
                   playable_at = COALESCE(playable_at, CASE WHEN EXISTS (SELECT FROM renditions r
                       WHERE r.organization_id = $1 AND r.asset_id = videos.asset_id AND r.kind IN ('file', 'hls_master')) THEN $5::timestamptz END)
               WHERE organization_id = $1 AND id = $2
               RETURNING asset_id
           ), file AS (
               UPDATE assets SET status = 'failed', metadata = metadata || jsonb_build_object('error',
                   jsonb_build_object('code', $3::text, 'message', $4::text))
               FROM settled WHERE assets.organization_id = $1 AND assets.id = settled.asset_id AND assets.status = 'pending'
                   AND $3 IS NOT NULL
           )
           SELECT count(*) AS "settled!" FROM settled"#,
        organization_id.uuid(),
        id.uuid(),
        code,
        message,
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(settled == 1)
}

/// A video with what is known of its file, its people and its text.
#[derive(Debug)]
pub(crate) struct VideoRow {
    pub(crate) id: VideoId,
    pub(crate) asset_id: Option<AssetId>,
    pub(crate) channel_id: Option<ChannelId>,
    author_id: Option<UserId>,
    author_name: Option<String>,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    visibility: String,
    pub(crate) source: String,
    pub(crate) status: String,
    pub(crate) error_code: Option<String>,
    pub(crate) error_message: Option<String>,
    pub(crate) playable_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) kind: Option<String>,
    pub(crate) duration_seconds: Option<f64>,
    pub(crate) width: Option<i32>,
    pub(crate) height: Option<i32>,
    pub(crate) byte_size: Option<i64>,
    pub(crate) original_filename: Option<String>,
    blob_key: Option<String>,
    pub(crate) file_version: Option<i32>,
    packaging: Option<i32>,
    has_sound: bool,
    renditions: Vec<String>,
    speakers: Option<Json<Vec<SpeakerView>>>,
    pub(crate) caption_language: Option<String>,
}

impl VideoRow {
    pub(crate) fn author(&self) -> Option<Author> {
        self.author_id.map(|id| Author { id, name: self.author_name.clone() })
    }

    pub(crate) fn visibility(&self) -> Visibility {
        Visibility::from_column(&self.visibility)
    }

    /// The speakers, which are read only once, in the order of their hues. For a page of videos, sorting each one's in the database takes
    /// as long as finding them.
    pub(crate) fn take_speakers(&mut self) -> Vec<SpeakerView> {
        let mut speakers = self.speakers.take().map(|speakers| speakers.0).unwrap_or_default();
        speakers.sort_by(|one, other| (one.hue, &one.label).cmp(&(other.hue, &other.label)));
        speakers
    }

    /// What there is to show of its file, if it has one.
    pub(crate) fn playback(&self, organization_id: OrganizationId) -> Option<Playback<'_>> {
        Some(Playback {
            recording: Recording {
                organization_id,
                asset_id: self.asset_id?,
                version: self.file_version?,
                packaging: self.packaging?,
                is_private: self.visibility() == Visibility::Private,
            },
            blob_key: self.blob_key.as_deref(),
            filename: self.original_filename.as_deref()?,
            has_sound: self.has_sound,
            renditions: &self.renditions,
        })
    }
}

/// One statement for every way to read videos: only which of them, their order and the parameters differ. Videos are chosen
/// first, and what is known of them is looked up for those alone. `$caption_language` is what is shown of their captions.
macro_rules! select_videos {
    ($caption_language:tt, $chosen:tt, $order:tt, $($parameter:expr),+ $(,)?) => {
        sqlx::query_as!(
            VideoRow,
            r#"SELECT v.id AS "id!: _", v.asset_id AS "asset_id: _", v.channel_id AS "channel_id: _",
                   v.author_id AS "author_id: _", u.name AS "author_name?", v.title AS "title!", v.description,
                   v.visibility AS "visibility!", v.source AS "source!", v.status AS "status!", v.error_code, v.error_message,
                   v.playable_at, v.created_at AS "created_at!", v.updated_at AS "updated_at!", a.kind AS "kind?",
                   CASE WHEN a.id IS NOT NULL THEN a.duration_seconds ELSE (SELECT max(g.end_ms) / 1000.0::double precision
                       FROM transcript_segments g WHERE g.organization_id = $1 AND g.video_id = v.id) END AS duration_seconds,
                   a.width AS "width?", a.height AS "height?",
                   a.byte_size AS "byte_size?", a.original_filename AS "original_filename?", a.blob_key AS "blob_key?",
                   a.version AS "file_version?", a.packaging AS "packaging?", a.channels IS NOT NULL AS "has_sound!",
                   ARRAY(SELECT r.kind FROM renditions r
                       WHERE r.organization_id = $1 AND r.asset_id = v.asset_id) AS "renditions!",
                   (SELECT json_agg(json_build_object('id', s.id, 'label', s.label, 'name', s.name, 'hue', s.hue))
                       FROM speakers s WHERE s.organization_id = $1 AND s.video_id = v.id) AS "speakers: _",
                   "# + $caption_language + r#" AS caption_language
               FROM (SELECT * FROM videos v WHERE v.organization_id = $1 AND v.deleted_at IS NULL AND "# + $chosen + r#") AS v
               LEFT JOIN assets a ON a.organization_id = $1 AND a.id = v.asset_id
               LEFT JOIN users u ON u.id = v.author_id
               "# + $order,
            $($parameter),+
        )
    };
}

pub(crate) async fn find_video(tx: &mut TenantTx, id: VideoId) -> Result<Option<VideoRow>, sqlx::Error> {
    let organization_id = tx.organization_id();
    select_videos!(
        "(SELECT COALESCE(t.language, 'und') FROM transcripts t WHERE t.organization_id = $1 AND t.video_id = v.id
              AND EXISTS (SELECT FROM transcript_segments g WHERE g.organization_id = $1 AND g.video_id = v.id))",
        "v.id = $2",
        "",
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn find_videos(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<VideoRow>, sqlx::Error> {
    let organization_id = tx.organization_id();
    select_videos!("NULL::text", "v.id = ANY($2)", "", organization_id.uuid(), ids).fetch_all(&mut **tx).await
}

/// Whether the caller sees the video, in the bin or not.
pub(crate) async fn is_visible(tx: &mut TenantTx, id: VideoId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM videos WHERE organization_id = $1 AND id = $2) AS "is_visible!""#,
        organization_id.uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// What a list is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct VideoFilter {
    pub(crate) channel_id: Option<ChannelId>,
    pub(crate) status: Option<String>,
    /// Part of the title, already escaped for ILIKE.
    pub(crate) title_pattern: Option<String>,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VideoOrder {
    Newest,
    Oldest,
    Title,
}

pub(crate) async fn list_videos(
    tx: &mut TenantTx,
    filter: &VideoFilter,
    order: VideoOrder,
    page: &PageRequest,
) -> Result<Vec<VideoRow>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let (channel_id, status, title) =
        (filter.channel_id.map(|id| id.uuid()), filter.status.as_deref(), filter.title_pattern.as_deref());
    let limit = page.limit_plus_one();
    // Conditions are written so that the planner does not take few rows to be left, and walks an index in its order: that of the channel, whose
    // videos may all be older than those of others, or that of all.
    match (order, channel_id) {
        (VideoOrder::Newest, None) => {
            let cursor = page.begins_after();
            select_videos!(
                "NULL::text",
                "(v.created_at, v.id) < ($2::timestamptz, $3::uuid)
                 AND CASE WHEN $4::text IS NULL THEN true ELSE v.status = $4 END
                 AND CASE WHEN $5::text IS NULL THEN true ELSE v.title ILIKE $5 END
                 ORDER BY v.created_at DESC, v.id DESC LIMIT $6",
                "ORDER BY v.created_at DESC, v.id DESC",
                organization_id.uuid(),
                cursor.time,
                cursor.id,
                status,
                title,
                limit,
            )
            .fetch_all(&mut **tx)
            .await
        }
        (VideoOrder::Newest, Some(channel_id)) => {
            let cursor = page.begins_after();
            select_videos!(
                "NULL::text",
                "v.channel_id = $2 AND (v.created_at, v.id) < ($3::timestamptz, $4::uuid)
                 AND CASE WHEN $5::text IS NULL THEN true ELSE v.status = $5 END
                 AND CASE WHEN $6::text IS NULL THEN true ELSE v.title ILIKE $6 END
                 ORDER BY v.created_at DESC, v.id DESC LIMIT $7",
                "ORDER BY v.created_at DESC, v.id DESC",
                organization_id.uuid(),
                channel_id,
                cursor.time,
                cursor.id,
                status,
                title,
                limit,
            )
            .fetch_all(&mut **tx)
            .await
        }
        (VideoOrder::Oldest, None) => {
            let cursor = page.rises_from();
            select_videos!(
                "NULL::text",
                "(v.created_at, v.id) > ($2::timestamptz, $3::uuid)
                 AND CASE WHEN $4::text IS NULL THEN true ELSE v.status = $4 END
                 AND CASE WHEN $5::text IS NULL THEN true ELSE v.title ILIKE $5 END
                 ORDER BY v.created_at, v.id LIMIT $6",
                "ORDER BY v.created_at, v.id",
                organization_id.uuid(),
                cursor.time,
                cursor.id,
                status,
                title,
                limit,
            )
            .fetch_all(&mut **tx)
            .await
        }
        (VideoOrder::Oldest, Some(channel_id)) => {
            let cursor = page.rises_from();
            select_videos!(
                "NULL::text",
                "v.channel_id = $2 AND (v.created_at, v.id) > ($3::timestamptz, $4::uuid)
                 AND CASE WHEN $5::text IS NULL THEN true ELSE v.status = $5 END
                 AND CASE WHEN $6::text IS NULL THEN true ELSE v.title ILIKE $6 END
                 ORDER BY v.created_at, v.id LIMIT $7",
                "ORDER BY v.created_at, v.id",
                organization_id.uuid(),
                channel_id,
                cursor.time,
                cursor.id,
                status,
                title,
                limit,
            )
            .fetch_all(&mut **tx)
            .await
        }
        // The cursor names the last row; its title is looked up, so that the cursor stays of one form.
        (VideoOrder::Title, None) => {
            select_videos!(
                "NULL::text",
                "(v.title_lower, v.id) > (CASE WHEN $2::uuid IS NULL THEN '' ELSE
                     (SELECT l.title_lower FROM videos l WHERE l.organization_id = $1 AND l.id = $2) END, $3::uuid)
                 AND CASE WHEN $4::text IS NULL THEN true ELSE v.status = $4 END
                 AND CASE WHEN $5::text IS NULL THEN true ELSE v.title ILIKE $5 END
                 ORDER BY v.title_lower, v.id LIMIT $6",
                "ORDER BY v.title_lower, v.id",
                organization_id.uuid(),
                page.after.map(|cursor| cursor.id),
                page.rises_from().id,
                status,
                title,
                limit,
            )
            .fetch_all(&mut **tx)
            .await
        }
        (VideoOrder::Title, Some(channel_id)) => {
            select_videos!(
                "NULL::text",
                "v.channel_id = $2 AND (v.title_lower, v.id) > (CASE WHEN $3::uuid IS NULL THEN '' ELSE
                     (SELECT l.title_lower FROM videos l WHERE l.organization_id = $1 AND l.id = $3) END, $4::uuid)
                 AND CASE WHEN $5::text IS NULL THEN true ELSE v.status = $5 END
                 AND CASE WHEN $6::text IS NULL THEN true ELSE v.title ILIKE $6 END
                 ORDER BY v.title_lower, v.id LIMIT $7",
                "ORDER BY v.title_lower, v.id",
                organization_id.uuid(),
                channel_id,
                page.after.map(|cursor| cursor.id),
                page.rises_from().id,
                status,
                title,
                limit,
            )
            .fetch_all(&mut **tx)
            .await
        }
    }
}

/// New values; `None` leaves the column as it is.
#[derive(Debug, Default)]
pub(crate) struct VideoChanges {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<Option<String>>,
    pub(crate) channel_id: Option<Option<ChannelId>>,
    pub(crate) visibility: Option<Visibility>,
}

pub(crate) async fn update_video(
    tx: &mut TenantTx,
    id: VideoId,
    changes: &VideoChanges,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let updated = sqlx::query!(
        "UPDATE videos SET title = COALESCE($3, title),
             description = CASE WHEN $4 THEN $5 ELSE description END,
             channel_id = CASE WHEN $6 THEN $7 ELSE channel_id END,
             visibility = COALESCE($8, visibility)
         WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL",
        organization_id.uuid(),
        id.uuid(),
        changes.title,
        changes.description.is_some(),
        changes.description.clone().flatten(),
        changes.channel_id.is_some(),
        changes.channel_id.flatten().map(|id| id.uuid()),
        changes.visibility.map(Visibility::as_str),
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

pub(crate) async fn delete_video(
    tx: &mut TenantTx,
    id: VideoId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let deleted = sqlx::query!(
        "UPDATE videos SET deleted_at = $3, retention_until = $4 WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL",
        organization_id.uuid(),
        id.uuid(),
        now,
        now + RETENTION,
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

pub(crate) async fn restore_video(tx: &mut TenantTx, id: VideoId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let restored = sqlx::query!(
        "UPDATE videos SET deleted_at = NULL, retention_until = NULL WHERE organization_id = $1 AND id = $2 AND deleted_at IS NOT NULL",
        organization_id.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(restored.rows_affected() == 1)
}

pub(crate) async fn list_channels(
    tx: &mut TenantTx,
    page: &PageRequest,
) -> Result<Vec<Channel>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let after = page.begins_after();
    sqlx::query_as!(
        Channel,
        r#"SELECT c.id AS "id: _", c.name, c.description, c.created_at,
               (SELECT count(*) FROM videos v
                   WHERE v.organization_id = $1 AND v.channel_id = c.id AND v.deleted_at IS NULL) AS "video_count!"
           FROM channels c WHERE c.organization_id = $1 AND (c.created_at, c.id) < ($2::timestamptz, $3::uuid)
           ORDER BY c.created_at DESC, c.id DESC LIMIT $4"#,
        organization_id.uuid(),
        after.time,
        after.id,
        page.limit_plus_one(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn insert_channel(
    tx: &mut TenantTx,
    name: &str,
    description: Option<&str>,
    now: Timestamp,
) -> Result<Channel, sqlx::Error> {
    let organization_id = tx.organization_id();
    let id = ChannelId::new(now);
    sqlx::query!(
        "INSERT INTO channels (organization_id, id, name, description, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)",
        organization_id.uuid(),
        id.uuid(),
        name,
        description,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(Channel {
        id,
        name: name.to_owned(),
        description: description.map(str::to_owned),
        video_count: 0,
        created_at: now,
    })
}

pub(crate) async fn update_channel(
    tx: &mut TenantTx,
    id: ChannelId,
    name: Option<&str>,
    description: Option<Option<&str>>,
) -> Result<Option<Channel>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_as!(
        Channel,
        r#"UPDATE channels SET name = COALESCE($3, name), description = CASE WHEN $4 THEN $5 ELSE description END
           WHERE organization_id = $1 AND id = $2
           RETURNING id AS "id: _", name, description, created_at,
               (SELECT count(*) FROM videos v
                   WHERE v.organization_id = $1 AND v.channel_id = $2 AND v.deleted_at IS NULL) AS "video_count!""#,
        organization_id.uuid(),
        id.uuid(),
        name,
        description.is_some(),
        description.flatten(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Its videos stay, without a channel.
pub(crate) async fn delete_channel(tx: &mut TenantTx, id: ChannelId) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let deleted = sqlx::query!(
        "DELETE FROM channels WHERE organization_id = $1 AND id = $2",
        organization_id.uuid(),
        id.uuid()
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}
