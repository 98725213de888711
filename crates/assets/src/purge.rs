//! Assets that go by themselves: what lay in the bin for long enough, and what was for a day alone.

use crate::{AssetsError, store};
use memoreel_db::SystemReason;
use memoreel_kernel::{Event, OrganizationId, Timestamp};
use memoreel_web::App;
use uuid::Uuid;

/// Removes assets that are no recordings and whose time is over, at most so many of those in the bin and as many outside of it; their files
/// follow. Returns how many.
///
/// # Errors
/// When the database refuses; what was not done is done the next time.
pub async fn purge_assets(app: &App, assets_max: i64) -> Result<u64, AssetsError> {
    let now = app.clock.now();
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    let binned = store::delete_over_in_bin(&mut tx, now, assets_max).await?;
    tx.commit().await?;
    Ok(binned + remove_expired(app, now, assets_max).await?)
}

/// Of what goes without having been in the bin it is told that it does, and its tasks end.
async fn remove_expired(app: &App, now: Timestamp, assets_max: i64) -> Result<u64, AssetsError> {
    let mut tx = app.db.system(SystemReason::Maintain).await?;
    let expired = store::hold_expired(&mut tx, now, assets_max).await?;
    if expired.is_empty() {
        return Ok(0);
    }
    let happened: Vec<(OrganizationId, Event)> = expired
        .iter()
        .filter_map(|asset| {
            let asset_id = asset.id;
            let event = match asset.kind.as_deref()? {
                "image" => Event::ImageDeleted { asset_id },
                "document" => Event::DocumentDeleted { asset_id },
                // Of a recording that has lost its video there is nothing to tell.
                _ => return None,
            };
            Some((asset.organization_id, event))
        })
        .collect();
    let subjects: Vec<(OrganizationId, Uuid)> =
        expired.iter().map(|asset| (asset.organization_id, asset.id.uuid())).collect();
    app.events.sweep(&mut tx, &happened, &subjects).await?;
    store::delete_held(&mut tx, &subjects).await?;
    tx.commit().await?;
    Ok(subjects.len() as u64)
}
