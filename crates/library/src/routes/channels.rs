//! Channels.

use super::videos::check_length;
use crate::{
    LibraryError,
    model::{CHANNEL_NAME_LENGTH_MAX, Channel, DESCRIPTION_LENGTH_MAX},
    store,
};
use axum::{extract::State, http::StatusCode};
use memoreel_kernel::{ChannelId, Cursor, Page};
use memoreel_web::{
    App, Json, May, PageParams, Params, Problem, ProblemBody, ResourceId,
    action::{ManageChannels, ReadContent},
    nullable,
};
use serde::Deserialize;

/// List channels
#[utoipa::path(get, path = "/channels", operation_id = "list_channels", tag = "channels", params(PageParams),
    responses((status = 200, body = Page<Channel>), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn list_channels(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    Params(paging): Params<PageParams>,
) -> Result<Json<Page<Channel>>, Problem> {
    let page = paging.page_request()?;
    let mut tx = app.db.tenant(&caller).await?;
    let rows = store::list_channels(&mut tx, &page).await?;
    Ok(Json(page.page(rows, |row| Cursor { time: row.created_at, id: row.id.uuid() })))
}

/// A new channel.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateChannel {
    /// 1 to 100 characters, unique in the organization.
    #[schema(min_length = 1, max_length = 100, pattern = r"^[^\u0000]*[^\s\u0000\u0085][^\u0000]*$")]
    name: String,
    /// At most 5,000 characters.
    #[schema(max_length = 5000, pattern = r"^[^\u0000]*$")]
    description: Option<String>,
}

/// Create a channel
#[utoipa::path(post, path = "/channels", operation_id = "create_channel", tag = "channels", request_body = CreateChannel,
    responses((status = 201, body = Channel), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn create_channel(
    State(app): State<App>,
    May(caller, _): May<ManageChannels>,
    Json(new): Json<CreateChannel>,
) -> Result<(StatusCode, Json<Channel>), Problem> {
    check_length("name", &new.name, 1, CHANNEL_NAME_LENGTH_MAX)?;
    let name = new.name.trim();
    check_length("description", new.description.as_deref().unwrap_or_default(), 0, DESCRIPTION_LENGTH_MAX)?;
    let mut tx = app.db.tenant(&caller).await?;
    let channel = store::insert_channel(&mut tx, name, new.description.as_deref(), app.clock.now())
        .await
        .map_err(LibraryError::from)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(channel)))
}

/// What may be changed of a channel. Absent fields stay; null clears what may be empty, and leaves the rest as it is.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateChannel {
    /// 1 to 100 characters, unique in the organization.
    #[schema(min_length = 1, max_length = 100, pattern = r"^[^\u0000]*[^\s\u0000\u0085][^\u0000]*$")]
    name: Option<String>,
    /// At most 5,000 characters.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 5000, pattern = r"^[^\u0000]*$")]
    description: Option<Option<String>>,
}

/// Update a channel
#[utoipa::path(patch, path = "/channels/{id}", operation_id = "update_channel", tag = "channels",
    params(("id" = ChannelId, Path)), request_body = UpdateChannel,
    responses((status = 200, body = Channel), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn update_channel(
    State(app): State<App>,
    May(caller, _): May<ManageChannels>,
    ResourceId(id): ResourceId<ChannelId>,
    Json(update): Json<UpdateChannel>,
) -> Result<Json<Channel>, Problem> {
    if let Some(name) = &update.name {
        check_length("name", name, 1, CHANNEL_NAME_LENGTH_MAX)?;
    }
    let name = update.name.as_deref().map(str::trim);
    let description = update.description.as_ref().map(Option::as_deref);
    check_length("description", description.flatten().unwrap_or_default(), 0, DESCRIPTION_LENGTH_MAX)?;
    let mut tx = app.db.tenant(&caller).await?;
    let channel = store::update_channel(&mut tx, id, name, description).await.map_err(LibraryError::from)?;
    let channel = channel.ok_or(LibraryError::ChannelNotFound)?;
    tx.commit().await?;
    Ok(Json(channel))
}

/// Delete a channel
///
/// Its videos stay, without a channel.
#[utoipa::path(delete, path = "/channels/{id}", operation_id = "delete_channel", tag = "channels",
    params(("id" = ChannelId, Path)),
    responses((status = 204, description = "Gone"), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(super) async fn delete_channel(
    State(app): State<App>,
    May(caller, _): May<ManageChannels>,
    ResourceId(id): ResourceId<ChannelId>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    if !store::delete_channel(&mut tx, id).await? {
        return Err(LibraryError::ChannelNotFound.into());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
