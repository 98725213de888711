//! SQL of videos that go by themselves.

use memoreel_db::SystemTx;
use memoreel_kernel::{AssetId, OrganizationId, Timestamp, VideoId};
use uuid::Uuid;

/// Deletes videos in the bin whose time there is over, or whose file was for a day alone, with their assets, at most so many of each, but for
/// those that somebody is at work with. Returns how many.
pub(crate) async fn delete_over_in_bin(
    tx: &mut SystemTx,
    now: Timestamp,
    videos_max: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query_scalar!(r#"SELECT purge_binned_videos($1, $2) AS "deleted!""#, now, videos_max)
        .fetch_one(&mut **tx)
        .await?;
    Ok(deleted.unsigned_abs())
}

/// A video whose file's day is over.
#[derive(Debug)]
pub(crate) struct ExpiredVideo {
    pub(crate) organization_id: OrganizationId,
    pub(crate) id: VideoId,
    pub(crate) asset_id: AssetId,
}

/// Holds videos outside the bin whose file was for a day alone, which is over, with their assets, at most so many, but for those that somebody
/// is at work with.
pub(crate) async fn hold_expired(
    tx: &mut SystemTx,
    now: Timestamp,
    videos_max: i64,
) -> Result<Vec<ExpiredVideo>, sqlx::Error> {
    sqlx::query_as!(
        ExpiredVideo,
        r#"SELECT organization_id AS "organization_id!: _", id AS "id!: _", asset_id AS "asset_id!: _"
           FROM hold_expired_videos($1, $2)"#,
        now,
        videos_max,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Deletes videos that are held, with their assets.
pub(crate) async fn delete_held(
    tx: &mut SystemTx,
    videos: &[(OrganizationId, Uuid)],
) -> Result<(), sqlx::Error> {
    let (organization_ids, ids): (Vec<Uuid>, Vec<Uuid>) =
        videos.iter().map(|(organization_id, id)| (organization_id.uuid(), *id)).unzip();
    sqlx::query!(
        "WITH gone AS (
             DELETE FROM videos v USING UNNEST($1::uuid[], $2::uuid[]) AS held(organization_id, id)
             WHERE v.organization_id = held.organization_id AND v.id = held.id
             RETURNING v.organization_id, v.asset_id
         )
         DELETE FROM assets a USING gone WHERE a.organization_id = gone.organization_id AND a.id = gone.asset_id",
        &organization_ids,
        &ids,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
