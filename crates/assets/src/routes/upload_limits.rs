//! How large the files are that an organization takes.

use crate::{
    AssetsError, store,
    upload_limits::{Size, UploadLimits},
};
use axum::extract::State;
use memoreel_web::{
    App, Json, May, Problem, ProblemBody,
    action::{EditContent, ManageOrganization},
};
use serde::{Deserialize, Serialize};

/// The largest file of each kind, in bytes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct UploadSizes {
    /// Of a video.
    video_bytes_max: u64,
    /// Of sound alone.
    audio_bytes_max: u64,
    /// Of an image.
    image_bytes_max: u64,
    /// Of a document.
    document_bytes_max: u64,
}

/// How large the files are that an organization takes, in bytes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = UploadLimits)]
pub(super) struct UploadLimitsView {
    #[serde(flatten)]
    sizes: UploadSizes,
    /// What they are where the organization says nothing.
    defaults: UploadSizes,
    /// What they can be set to at most.
    ceilings: UploadSizes,
}

/// What is to be. None is lower than 1 MiB.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutUploadLimits {
    /// The largest video, up to 50 GiB.
    #[schema(minimum = 1_048_576, maximum = 53_687_091_200_u64)]
    video_bytes_max: u64,
    /// The largest recording of sound alone, up to 50 GiB.
    #[schema(minimum = 1_048_576, maximum = 53_687_091_200_u64)]
    audio_bytes_max: u64,
    /// The largest image, up to 50 MiB.
    #[schema(minimum = 1_048_576, maximum = 52_428_800_u64)]
    image_bytes_max: u64,
    /// The largest document, up to 100 MiB.
    #[schema(minimum = 1_048_576, maximum = 104_857_600_u64)]
    document_bytes_max: u64,
}

impl From<UploadLimits> for UploadSizes {
    fn from(limits: UploadLimits) -> Self {
        let UploadLimits { video_bytes_max, audio_bytes_max, image_bytes_max, document_bytes_max } = limits;
        Self { video_bytes_max, audio_bytes_max, image_bytes_max, document_bytes_max }
    }
}

impl From<UploadLimits> for UploadLimitsView {
    fn from(limits: UploadLimits) -> Self {
        Self {
            sizes: limits.into(),
            defaults: UploadLimits::DEFAULTS.into(),
            ceilings: UploadLimits::CEILINGS.into(),
        }
    }
}

impl PutUploadLimits {
    fn read(self) -> Result<UploadLimits, Problem> {
        let Self { video_bytes_max, audio_bytes_max, image_bytes_max, document_bytes_max } = self;
        let wanted = UploadLimits { video_bytes_max, audio_bytes_max, image_bytes_max, document_bytes_max };
        let ceilings = UploadLimits::CEILINGS;
        for (field, bytes, most) in [
            ("video_bytes_max", wanted.video_bytes_max, ceilings.video_bytes_max),
            ("audio_bytes_max", wanted.audio_bytes_max, ceilings.audio_bytes_max),
            ("image_bytes_max", wanted.image_bytes_max, ceilings.image_bytes_max),
            ("document_bytes_max", wanted.document_bytes_max, ceilings.document_bytes_max),
        ] {
            if !(UploadLimits::LEAST..=most).contains(&bytes) {
                let detail =
                    format!("The limit is between {} and {}.", Size(UploadLimits::LEAST), Size(most));
                return Err(Problem::invalid_field(field, "upload_limit_invalid", detail));
            }
        }
        Ok(wanted)
    }
}

/// Get the limits of uploads
#[utoipa::path(get, path = "/organization/upload-limits", operation_id = "get_upload_limits", tag = "uploads",
    responses((status = 200, body = UploadLimitsView), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody)))]
pub(super) async fn get_upload_limits(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
) -> Result<Json<UploadLimitsView>, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    let limits = store::find_upload_limits(&mut tx).await.map_err(AssetsError::from)?;
    Ok(Json(limits.into()))
}

/// Set the limits of uploads
///
/// They hold for files that are announced from then on, and for links that are fetched from then on. Whether a recording is a video or sound
/// alone is known when it is looked into: then it is held to the limit of what it is, as it is at that time.
#[utoipa::path(put, path = "/organization/upload-limits", operation_id = "put_upload_limits", tag = "uploads",
    request_body = PutUploadLimits,
    responses((status = 200, body = UploadLimitsView), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(super) async fn put_upload_limits(
    State(app): State<App>,
    May(caller, _): May<ManageOrganization>,
    Json(put): Json<PutUploadLimits>,
) -> Result<Json<UploadLimitsView>, Problem> {
    let limits = put.read()?;
    let mut tx = app.db.tenant(&caller).await?;
    store::put_upload_limits(&mut tx, &limits, app.clock.now()).await.map_err(AssetsError::from)?;
    tx.commit().await?;
    Ok(Json(limits.into()))
}
