//! Videos that go by themselves: what lay in the bin for long enough, and what was for a day alone.

use crate::store;
use memoreel_db::{DbError, SystemReason};
use memoreel_kernel::{Event, OrganizationId, Timestamp};
use memoreel_web::App;
use uuid::Uuid;

/// Removes videos whose time in the bin is over, or whose file was for a day alone, with their assets, at most so many of each; files and all
/// that hangs on them follow. Returns how many.
///
/// # Errors
/// When the database refuses; what was not done is done the next time.
pub async fn purge_videos(app: &App, videos_max: i64) -> Result<u64, DbError> {
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    let binned = store::delete_over_in_bin(&mut tx, now, videos_max).await?;
    tx.commit().await?;
    Ok(binned + remove_expired(app, now, videos_max).await?)
}

/// Of what goes without having been in the bin it is told that it does, and its tasks end.
async fn remove_expired(app: &App, now: Timestamp, videos_max: i64) -> Result<u64, DbError> {
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    let expired = store::hold_expired(&mut tx, now, videos_max).await?;
    if expired.is_empty() {
        return Ok(0);
    }
    let happened: Vec<(OrganizationId, Event)> = expired
        .iter()
        .map(|video| (video.organization_id, Event::VideoDeleted { video_id: video.id }))
        .collect();
    let videos: Vec<(OrganizationId, Uuid)> =
        expired.iter().map(|video| (video.organization_id, video.id.uuid())).collect();
    let files = expired.iter().map(|video| (video.organization_id, video.asset_id.uuid()));
    let subjects: Vec<(OrganizationId, Uuid)> = videos.iter().copied().chain(files).collect();
    app.events.sweep(&mut tx, &happened, &subjects).await?;
    store::delete_held(&mut tx, &videos).await?;
    tx.commit().await?;
    Ok(videos.len() as u64)
}
