//! Videos.

use super::view;
use crate::{
    LibraryError, VideoBin,
    model::{DESCRIPTION_LENGTH_MAX, TITLE_LENGTH_MAX, Video, VideoDetail, Visibility},
    store::{self, NewVideo, VideoChanges, VideoFilter, VideoOrder},
};
use axum::{extract::State, http::StatusCode};
use memoreel_assets::RecordingBin;
use memoreel_db::contains_pattern;
use memoreel_kernel::{ChannelId, Cursor, Event, Page, VideoId};
use memoreel_tasks::{lock_subject, retry_failed_tasks};
use memoreel_web::{
    App, Json, May, PageParams, Params, Problem, ProblemBody, ResourceId,
    action::{EditContent, ReadContent},
    nullable,
};
use serde::Deserialize;

/// How videos are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListVideos {
    /// The `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-f]{48}$")]
    cursor: Option<String>,
    /// Rows wanted, 1 to 100; 20 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Only of this channel.
    channel_id: Option<ChannelId>,
    /// Only of this status: `pending`, `processing`, `completed` or `failed`.
    #[param(pattern = "^(pending|processing|completed|failed)$")]
    status: Option<String>,
    /// Only with this in the title, in upper or lower case.
    title: Option<String>,
    /// `newest` (the default), `oldest` or `title`.
    #[param(inline)]
    sort: Option<Sort>,
}

#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sort {
    Newest,
    Oldest,
    Title,
}

/// List videos
#[utoipa::path(get, path = "/videos", operation_id = "list_videos", tag = "videos", params(ListVideos),
    responses((status = 200, body = Page<Video>), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`list_changed`: by titles, where the last row is there no more"),
        (status = 422, body = ProblemBody)))]
pub(super) async fn list_videos(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    Params(wanted): Params<ListVideos>,
) -> Result<Json<Page<Video>>, Problem> {
    let page = PageParams { cursor: wanted.cursor, limit: wanted.limit }.page_request()?;
    if let Some(status) = &wanted.status
        && !matches!(status.as_str(), "pending" | "processing" | "completed" | "failed")
    {
        let detail = "The status must be pending, processing, completed or failed.";
        return Err(Problem::invalid_field("status", "status_invalid", detail));
    }
    let filter = VideoFilter {
        channel_id: wanted.channel_id,
        status: wanted.status,
        title_pattern: wanted
            .title
            .filter(|title| !title.trim().is_empty())
            .map(|title| contains_pattern(&title.trim().chars().take(TITLE_LENGTH_MAX).collect::<String>())),
    };
    let order = match wanted.sort {
        None | Some(Sort::Newest) => VideoOrder::Newest,
        Some(Sort::Oldest) => VideoOrder::Oldest,
        Some(Sort::Title) => VideoOrder::Title,
    };
    let mut tx = app.db.tenant(&caller).await?;
    let rows = store::list_videos(&mut tx, &filter, order, &page).await?;
    // A list by titles goes on behind the title of its last row, which may be there no more: that is not the end of the list.
    if let Some(after) = page.after.filter(|_| order == VideoOrder::Title && rows.is_empty())
        && !store::is_visible(&mut tx, VideoId(after.id)).await?
    {
        return Err(LibraryError::ListChanged.into());
    }
    let page = page.page(rows, |row| Cursor { time: row.created_at, id: row.id.uuid() });
    let items = view::videos(&app, &mut tx, page.items).await?;
    Ok(Json(Page { items, next_cursor: page.next_cursor }))
}

/// Get a video
#[utoipa::path(get, path = "/videos/{id}", operation_id = "get_video", tag = "videos", params(("id" = VideoId, Path)),
    responses((status = 200, body = VideoDetail), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub(super) async fn get_video(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(id): ResourceId<VideoId>,
) -> Result<Json<VideoDetail>, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    Ok(Json(read_detail(&app, &mut tx, id).await?))
}

async fn read_detail(app: &App, tx: &mut memoreel_db::TenantTx, id: VideoId) -> Result<VideoDetail, Problem> {
    let row = store::find_video(tx, id).await?.ok_or(LibraryError::VideoNotFound)?;
    Ok(view::detail(app, tx, row).await?)
}

/// A new video without a recording.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateVideo {
    /// 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\u0000]*[^\s\u0000\u0085][^\u0000]*$")]
    title: String,
    /// At most 5,000 characters.
    #[schema(max_length = 5000, pattern = r"^[^\u0000]*$")]
    description: Option<String>,
    /// A channel of the organization.
    channel_id: Option<ChannelId>,
}

/// Create a video from a transcript alone
///
/// For what was said and never recorded, or whose recording is elsewhere. The video waits until its transcript comes with
/// `PUT /videos/{id}/captions`; then it is indexed and summarised like any other. It cannot be played. A recording
/// becomes a video through an upload.
#[utoipa::path(post, path = "/videos", operation_id = "create_video", tag = "videos", request_body = CreateVideo,
    responses((status = 201, body = VideoDetail), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn create_video(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    Json(new): Json<CreateVideo>,
) -> Result<(StatusCode, Json<VideoDetail>), Problem> {
    check_length("title", &new.title, 1, TITLE_LENGTH_MAX)?;
    check_length("description", new.description.as_deref().unwrap_or_default(), 0, DESCRIPTION_LENGTH_MAX)?;
    let new = NewVideo {
        title: new.title.trim().to_owned(),
        description: new.description,
        channel_id: new.channel_id,
    };
    let now = app.clock.now();
    let id = VideoId::new(now);
    let mut tx = app.db.tenant(&caller).await?;
    store::insert_video(&mut tx, id, &new, now).await.map_err(LibraryError::from)?;
    app.events.emit(&mut tx, &Event::VideoChanged { video_id: id }).await?;
    if new.description.is_some() {
        app.events.emit(&mut tx, &Event::VideoDescribed { video_id: id }).await?;
    }
    let detail = read_detail(&app, &mut tx, id).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(detail)))
}

/// What may be changed of a video. Absent fields stay; null clears what may be empty, and leaves the rest as it is.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateVideo {
    /// 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\u0000]*[^\s\u0000\u0085][^\u0000]*$")]
    title: Option<String>,
    /// At most 5,000 characters.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 5000, pattern = r"^[^\u0000]*$")]
    description: Option<Option<String>>,
    /// A channel of the organization.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<ChannelId>)]
    channel_id: Option<Option<ChannelId>>,
    /// Who may see it.
    visibility: Option<Visibility>,
}

/// Update a video
#[utoipa::path(patch, path = "/videos/{id}", operation_id = "update_video", tag = "videos", params(("id" = VideoId, Path)),
    request_body = UpdateVideo,
    responses((status = 200, body = VideoDetail), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn update_video(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<VideoId>,
    Json(update): Json<UpdateVideo>,
) -> Result<Json<VideoDetail>, Problem> {
    if let Some(title) = &update.title {
        check_length("title", title, 1, TITLE_LENGTH_MAX)?;
    }
    if let Some(Some(description)) = &update.description {
        check_length("description", description, 0, DESCRIPTION_LENGTH_MAX)?;
    }
    let changes = VideoChanges {
        title: update.title.map(|title| title.trim().to_owned()),
        description: update.description,
        channel_id: update.channel_id,
        visibility: update.visibility,
    };
    let mut tx = app.db.tenant(&caller).await?;
    let updated = store::update_video(&mut tx, id, &changes).await.map_err(LibraryError::from)?;
    if !updated {
        return Err(LibraryError::VideoNotFound.into());
    }
    app.events.emit(&mut tx, &Event::VideoChanged { video_id: id }).await?;
    if changes.description.is_some() {
        app.events.emit(&mut tx, &Event::VideoDescribed { video_id: id }).await?;
    }
    let detail = read_detail(&app, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(detail))
}

/// Whether a text is as long as it may be. Blanks around it, which are taken off, count where it is too long.
pub(super) fn check_length(
    field: &'static str,
    text: &str,
    least: usize,
    most: usize,
) -> Result<(), LibraryError> {
    let (bare, whole) = (text.trim().chars().count(), text.chars().count());
    let fits = bare >= least && whole <= most && !text.contains('\0');
    if fits { Ok(()) } else { Err(LibraryError::Length { field, least, most }) }
}

/// Delete a video
///
/// It goes to the bin for 30 days and can be restored from there.
#[utoipa::path(delete, path = "/videos/{id}", operation_id = "delete_video", tag = "videos", params(("id" = VideoId, Path)),
    responses((status = 204, description = "In the bin"), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(super) async fn delete_video(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<VideoId>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    if !VideoBin.delete(&app, &mut tx, id).await? {
        return Err(LibraryError::VideoNotFound.into());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restore a video
#[utoipa::path(post, path = "/videos/{id}/restore", operation_id = "restore_video", tag = "videos", params(("id" = VideoId, Path)),
    responses((status = 200, body = VideoDetail), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(super) async fn restore_video(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<VideoId>,
) -> Result<Json<VideoDetail>, Problem> {
    let mut tx = app.db.tenant(&caller).await?;
    VideoBin.restore(&app, &mut tx, id).await?;
    let detail = read_detail(&app, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(detail))
}

/// Retry what failed
#[utoipa::path(post, path = "/videos/{id}/retry", operation_id = "retry_video", tag = "videos", params(("id" = VideoId, Path)),
    responses((status = 200, body = VideoDetail), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
pub(super) async fn retry_video(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<VideoId>,
) -> Result<Json<VideoDetail>, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.tenant(&caller).await?;
    store::find_video(&mut tx, id).await?.ok_or(LibraryError::VideoNotFound)?;
    if retry_failed_tasks(&mut tx, id.uuid(), now).await? == 0 {
        return Err(LibraryError::NothingToRetry.into());
    }
    // A step that ends at this moment must not say afterwards that nothing is left to do.
    lock_subject(&mut tx, id.uuid()).await?;
    store::mark_processing(&mut tx, id, now).await?;
    app.events.emit(&mut tx, &Event::VideoChanged { video_id: id }).await?;
    let detail = read_detail(&app, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(detail))
}
