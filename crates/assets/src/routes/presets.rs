//! Presets: names for what is often made of images.

use crate::{
    AssetsError,
    store::{self, PresetRow},
};
use axum::{extract::State, http::StatusCode};
use memoreel_images::{OptionsError, Transform, is_preset_name};
use memoreel_kernel::Timestamp;
use memoreel_web::{
    App, Json, May, Problem, ProblemBody,
    action::{EditContent, ReadContent},
};
use serde::{Deserialize, Serialize};

/// Presets of one organization.
const PRESETS_MAX: i64 = 100;

/// A name for what is made of images.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ImagePreset {
    /// As it is named in options: `p=card`.
    name: String,
    /// What is made, in the one spelling of options: `w=400,h=300,fit=crop`.
    options: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// All presets of the organization, by name.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ImagePresets {
    items: Vec<ImagePreset>,
}

/// What a preset makes.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutImagePreset {
    /// Options such as `w=400,h=300,fit=crop`, without another preset among them.
    #[schema(min_length = 1, max_length = 256)]
    options: String,
}

impl From<PresetRow> for ImagePreset {
    fn from(row: PresetRow) -> Self {
        Self { name: row.name, options: row.options, created_at: row.created_at, updated_at: row.updated_at }
    }
}

/// List image presets
#[utoipa::path(get, path = "/image-presets", operation_id = "list_image_presets", tag = "assets",
    responses((status = 200, body = ImagePresets), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody)))]
pub(super) async fn list_image_presets(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
) -> Result<Json<ImagePresets>, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    let rows = store::list_presets(&mut tx).await?;
    Ok(Json(ImagePresets { items: rows.into_iter().map(ImagePreset::from).collect() }))
}

/// Make or change an image preset
///
/// Addresses that name the preset show what it makes from then on, as soon as caches let go of what it made before.
#[utoipa::path(put, path = "/image-presets/{name}", operation_id = "put_image_preset", tag = "assets",
    params(("name" = String, Path, description = "Lower-case letters, digits and hyphens, beginning with a letter; at most 40")),
    request_body = PutImagePreset,
    responses((status = 200, body = ImagePreset), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn put_image_preset(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    name: PresetName,
    Json(preset): Json<PutImagePreset>,
) -> Result<Json<ImagePreset>, Problem> {
    let PresetName(Some(name)) = name else {
        let detail = "The name of a preset has lower-case letters, digits and hyphens, begins with a letter, and has at most 40 characters.";
        return Err(Problem::invalid_field("name", "preset_name_invalid", detail));
    };
    let transform: Transform = preset.options.parse().map_err(AssetsError::from)?;
    if transform.preset.is_some() {
        let refused = OptionsError::Value { name: "p", expected: "left out: a preset names no other" };
        return Err(AssetsError::from(refused).into());
    }
    let mut tx = app.db.tenant(&caller).await?;
    let row = store::put_preset(&mut tx, &name, &transform.to_string(), PRESETS_MAX, app.clock.now()).await?;
    let row = row.ok_or(AssetsError::TooManyPresets(PRESETS_MAX))?;
    tx.commit().await?;
    Ok(Json(row.into()))
}

/// Delete an image preset
///
/// Addresses that name it show nothing from then on.
#[utoipa::path(delete, path = "/image-presets/{name}", operation_id = "delete_image_preset", tag = "assets",
    params(("name" = String, Path, description = "The preset's name")),
    responses((status = 204, description = "Gone"), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub(super) async fn delete_image_preset(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    PresetName(name): PresetName,
) -> Result<StatusCode, Problem> {
    let not_found = || Problem::not_found("preset");
    let name = name.ok_or_else(not_found)?;
    let mut tx = app.db.tenant(&caller).await?;
    if !store::delete_preset(&mut tx, &name).await? {
        return Err(not_found());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The name in the path, if it is one.
pub(super) struct PresetName(Option<String>);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for PresetName {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, Self::Rejection> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(path.ok().map(|axum::extract::Path(name)| name).filter(|name| is_preset_name(name))))
    }
}
