//! SQL of subtitles that were added to recordings. Manifests are told of them with all else that lies beside the versions (`beside`).

use crate::keys::Recording;
use memoreel_db::TenantTx;
use memoreel_kernel::{Timestamp, VideoId};

/// Subtitles in one language.
#[derive(Debug)]
pub(crate) struct NewSubtitles<'a> {
    /// As [`memoreel_media::language_tag`] spells it.
    pub(crate) language: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) is_forced: bool,
    pub(crate) webvtt: &'a str,
}

/// Puts them in place of those in the same language. Returns whether there were none.
pub(crate) async fn put_subtitles(
    tx: &mut TenantTx,
    video_id: VideoId,
    new: &NewSubtitles<'_>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    // What the log says of them names the video, with which it is forgotten: a change would name what is changed alone.
    let is_replaced = delete_subtitles(tx, video_id, new.language).await?;
    sqlx::query!(
        "INSERT INTO subtitles (organization_id, video_id, language, name, is_forced, webvtt, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        organization_id.uuid(),
        video_id.uuid(),
        new.language,
        new.name,
        new.is_forced,
        new.webvtt,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(!is_replaced)
}

/// Returns whether there were any.
pub(crate) async fn delete_subtitles(
    tx: &mut TenantTx,
    video_id: VideoId,
    language: &str,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    let deleted = sqlx::query!(
        "DELETE FROM subtitles WHERE organization_id = $1 AND video_id = $2 AND language = $3",
        organization_id.uuid(),
        video_id.uuid(),
        language,
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Those that were added to a video, for one that is a copy of it.
pub(crate) async fn copy_subtitles(
    tx: &mut TenantTx,
    from: VideoId,
    to: VideoId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "INSERT INTO subtitles (organization_id, video_id, language, name, is_forced, webvtt, created_at)
         SELECT organization_id, $3, language, name, is_forced, webvtt, $4 FROM subtitles
         WHERE organization_id = $1 AND video_id = $2",
        organization_id.uuid(),
        from.uuid(),
        to.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What is written in those that were added in this language, as WebVTT; `None` of a file that the recording has no more.
pub(crate) async fn added_webvtt(
    tx: &mut TenantTx,
    recording: Recording,
    language: &str,
) -> Result<Option<String>, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        "SELECT s.webvtt FROM subtitles s
         JOIN videos v ON v.organization_id = $1 AND v.id = s.video_id
         JOIN assets a ON a.organization_id = $1 AND a.id = v.asset_id
         WHERE s.organization_id = $1 AND s.language = $4 AND a.id = $2 AND a.version = $3",
        organization_id.uuid(),
        recording.asset_id.uuid(),
        recording.version,
        language,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Whether there are any that were added in this language to this file.
pub(crate) async fn is_added(
    tx: &mut TenantTx,
    recording: Recording,
    language: &str,
) -> Result<bool, sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM subtitles s
               JOIN videos v ON v.organization_id = $1 AND v.id = s.video_id
               JOIN assets a ON a.organization_id = $1 AND a.id = v.asset_id
               WHERE s.organization_id = $1 AND s.language = $4 AND a.id = $2 AND a.version = $3) AS "is_added!""#,
        organization_id.uuid(),
        recording.asset_id.uuid(),
        recording.version,
        language,
    )
    .fetch_one(&mut **tx)
    .await
}
