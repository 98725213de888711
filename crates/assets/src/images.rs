//! What other slices need of images.

use crate::{
    routes::{Addressed, address},
    store::{self, AssetRow},
};
use chrono::{DurationRound, TimeDelta};
use memoreel_db::TenantTx;
use memoreel_documents::language_of;
use memoreel_images::{FormatWish, Transform};
use memoreel_kernel::{AssetId, OrganizationId, Timestamp};
use memoreel_web::App;

/// The longer side of an image where it is one of many, in pixels.
const THUMBNAIL_SIDE: u32 = 480;
/// How long addresses of it work at least: until a midnight, so that those of one day are the same and can be cached.
const THUMBNAIL_DAYS: i64 = 7;

/// What an image says.
#[derive(Debug, Clone)]
pub struct ImageText {
    /// Its file's name.
    pub title: String,
    /// What people say of it.
    pub description: Option<String>,
    /// In which language that is, as ISO 639-1, where it can be told.
    pub description_language: Option<&'static str>,
    /// What is written in it, line by line.
    pub text: Option<String>,
    /// In which language that is.
    pub text_language: Option<&'static str>,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

/// What an image that is ready says; nothing where there is none outside the bin.
///
/// # Errors
/// When a statement fails.
pub async fn image_text(tx: &mut TenantTx, id: AssetId) -> Result<Option<ImageText>, sqlx::Error> {
    let row = store::find_asset(tx, id).await?;
    let is_shown = |row: &AssetRow| {
        row.kind.as_deref() == Some("image") && row.status == "ready" && row.deleted_at.is_none()
    };
    Ok(row.filter(is_shown).map(|row| ImageText {
        title: row.filename,
        description_language: row.description.as_deref().and_then(language_of),
        text_language: row.recognised_text.as_deref().and_then(language_of),
        description: row.description,
        text: row.recognised_text,
        created_at: row.created_at,
    }))
}

/// The signed address of a small one of an image; `version` is how many files that has had.
#[must_use]
pub fn image_thumbnail_url(
    app: &App,
    organization_id: OrganizationId,
    asset_id: AssetId,
    version: i32,
    filename: &str,
) -> String {
    let until = app.clock.now() + TimeDelta::days(THUMBNAIL_DAYS);
    let transform = Transform {
        width: Some(THUMBNAIL_SIDE),
        height: Some(THUMBNAIL_SIDE),
        format: Some(FormatWish::Auto),
        ..Transform::default()
    };
    let expires_at = until.duration_round_up(TimeDelta::days(1)).unwrap_or(until);
    address(app, Addressed { organization_id, asset_id, version, expires_at }, &transform, filename)
}
