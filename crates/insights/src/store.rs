//! All SQL of summaries.

use crate::model::{Chapter, KeyPoint, Summary, SummaryContent, SummarySentence};
use memoreel_db::TenantTx;
use memoreel_kernel::{Timestamp, VideoId};
use sqlx::types::Json;

/// The summary of a video.
pub(crate) async fn summary_of(tx: &mut TenantTx, video_id: VideoId) -> Result<Option<Summary>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let row = sqlx::query!(
        r#"SELECT engine, model, sentences AS "sentences: Json<Vec<SummarySentence>>",
               key_points AS "key_points: Json<Vec<KeyPoint>>", chapters AS "chapters: Json<Vec<Chapter>>"
           FROM video_summaries WHERE organization_id = $1 AND video_id = $2"#,
        organization_id.uuid(),
        video_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Summary {
        engine: row.engine,
        model: row.model,
        content: SummaryContent {
            sentences: row.sentences.0,
            key_points: row.key_points.0,
            chapters: row.chapters.0,
        },
    }))
}

/// Writes the summary of a video in place of the one before.
pub(crate) async fn replace_summary(
    tx: &mut TenantTx,
    video_id: VideoId,
    summary: &Summary,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "INSERT INTO video_summaries
             (organization_id, video_id, engine, model, sentences, key_points, chapters, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (organization_id, video_id) DO UPDATE SET engine = excluded.engine, model = excluded.model,
             sentences = excluded.sentences, key_points = excluded.key_points, chapters = excluded.chapters,
             created_at = excluded.created_at",
        organization_id.uuid(),
        video_id.uuid(),
        summary.engine,
        summary.model,
        Json(&summary.content.sentences) as _,
        Json(&summary.content.key_points) as _,
        Json(&summary.content.chapters) as _,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes the summary of a video in which nothing is said any more.
pub(crate) async fn delete_summary(tx: &mut TenantTx, video_id: VideoId) -> Result<(), sqlx::Error> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "DELETE FROM video_summaries WHERE organization_id = $1 AND video_id = $2",
        organization_id.uuid(),
        video_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How long the recording is, in milliseconds, where its file has been examined.
pub(crate) async fn duration_of(tx: &mut TenantTx, video_id: VideoId) -> Result<Option<i64>, sqlx::Error> {
    let organization_id = tx.organization_id();
    let seconds = sqlx::query_scalar!(
        "SELECT a.duration_seconds FROM videos v
         JOIN assets a ON a.organization_id = v.organization_id AND a.id = v.asset_id
         WHERE v.organization_id = $1 AND v.id = $2",
        organization_id.uuid(),
        video_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(seconds.flatten().filter(|seconds| seconds.is_finite()).map(|seconds| (seconds * 1_000.0) as i64))
}
