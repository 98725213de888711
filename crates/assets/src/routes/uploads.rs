//! Resumable uploads: tus 1.0 with creation, creation-with-upload, checksum, expiration and termination.
//!
//! An offset is told to the client only when the bytes before it are synced and the row says so. Bytes that were staged but
//! not acknowledged (the server was killed in the middle of a request) are taken up at the client's next HEAD.

use super::{
    announcement::{check_admitted, check_replaced},
    forms, imports, tus, upload_addresses,
};
use crate::{
    AssetsError, UPLOAD_LIFETIME,
    model::{Becomes, ReceiveUpload, Upload, UploadKind},
    receive::{Arriving, Begins, Receiver, already_arrived, append, place},
    store,
    upload_limits::UploadLimits,
};
use axum::{
    Extension,
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
};
use memoreel_blob::{BlobError, Checksum};
use memoreel_kernel::{AssetId, Caller, Timestamp, UploadId, VideoId};
use memoreel_web::{
    App, Json, May, Problem, ProblemBody, ResourceId,
    action::{EditContent, ReadContent},
};
use serde::Serialize;
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The upload routes. `receiver` makes a video of each finished upload.
pub fn upload_router(receiver: Arc<dyn ReceiveUpload>) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_upload, describe_upload_server))
        .routes(routes!(get_upload, get_upload_offset, append_upload, delete_upload))
        .layer(map_response(name_protocol))
        .merge(uploads_in_one_request())
        .layer(Extension(receiver))
}

/// Files that come as one request, or by one that names where they lie. A form is as long as the file in it, and is
/// counted as it comes.
fn uploads_in_one_request() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(upload_addresses::create_upload_address))
        .routes(routes!(upload_addresses::put_upload_content))
        .routes(routes!(imports::import_file))
        .merge(OpenApiRouter::new().routes(routes!(forms::upload_form)).layer(DefaultBodyLimit::disable()))
}

/// tus wants its version in every answer, refusals included.
async fn name_protocol(mut response: Response) -> Response {
    response.headers_mut().insert(tus::RESUMABLE, HeaderValue::from_static(tus::VERSION));
    response
}

/// An upload on its way.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Upload)]
pub(super) struct UploadView {
    id: UploadId,
    /// The file's name on the user's machine.
    filename: String,
    /// Announced size.
    size_bytes: u64,
    /// Bytes that have arrived for good.
    offset_bytes: u64,
    /// `open`, `importing`, `received`, `stored`, `terminated` or `expired`.
    status: String,
    /// What it becomes.
    kind: UploadKind,
    /// The video it becomes, which exists from the moment the upload is received, or whose recording it replaces; whether it did says the asset's
    /// `replacement`.
    video_id: Option<VideoId>,
    /// The asset it becomes, which exists from the moment the upload is received, or whose file it replaces; of a new video, it is not known yet.
    asset_id: Option<AssetId>,
    /// When an unfinished upload is given up.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<Upload> for UploadView {
    fn from(upload: Upload) -> Self {
        Self {
            asset_id: upload.asset_id(),
            id: upload.id,
            size_bytes: upload.size_bytes,
            offset_bytes: upload.offset_bytes,
            status: upload.status,
            kind: upload.becomes.kind(),
            video_id: upload.becomes.video_id(),
            filename: upload.filename,
            expires_at: upload.expires_at,
        }
    }
}

/// What a file becomes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct NewFile {
    /// The upload that brings it.
    upload_id: UploadId,
    /// The video it becomes, or whose recording it replaces.
    video_id: Option<VideoId>,
    /// The asset it becomes, or whose file it replaces; of a new video that has not arrived, it is not known yet.
    asset_id: Option<AssetId>,
}

impl NewFile {
    /// Of a file that has not arrived.
    pub(super) fn awaited(upload: &Upload) -> Self {
        Self { upload_id: upload.id, video_id: upload.becomes.video_id(), asset_id: upload.asset_id() }
    }

    /// Of one that has its asset.
    pub(super) fn with_asset(upload_id: UploadId, becomes: Becomes, asset_id: AssetId) -> Self {
        Self { upload_id, video_id: becomes.video_id(), asset_id: Some(asset_id) }
    }
}

/// Create an upload
///
/// tus creation, and creation-with-upload when the body is `application/offset+octet-stream`.
/// `Upload-Metadata` knows `filename`, `filetype` and `kind` (`video`, which is what an upload becomes where nothing is said,
/// `image` or `document`), of videos `title` and `channel_id`, of all `folder_id` and `store`, and of what replaces the file of an asset of
/// the same kind, `replaces`.
#[utoipa::path(post, path = "/uploads", operation_id = "create_upload", tag = "uploads",
    params(("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = u64, Header, description = "Size of the file in bytes"),
        ("Upload-Metadata" = Option<String>, Header, description = "Pairs of name and base64 value")),
    responses((status = 201, description = "Created; Location names the upload, Memoreel-Video-Id the video it will become, Memoreel-Asset-Id the image or document, or what it replaces the file of",
            headers(("Location" = String), ("Upload-Offset" = u64), ("Memoreel-Video-Id" = Option<String>), ("Memoreel-Asset-Id" = Option<String>))),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 412, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody), (status = 503, body = ProblemBody)))]
async fn create_upload(
    State(app): State<App>,
    Extension(receiver): Extension<Receiver>,
    May(caller, _): May<EditContent>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    tus::check_version(&headers)?;
    let (announced, size_bytes) = tus::read_announcement(&headers)?;
    let checksum = tus::read_checksum(&headers)?;
    if let Some(user_id) = caller.user_id {
        app.limits.uploads.take(&user_id.to_string())?;
    }
    let carries_bytes = tus::has_body_type(&headers);
    let place = if carries_bytes { Some(place(&app, &caller).await?) } else { None };
    let now = app.clock.now();
    let mut upload = announced.upload(&caller, UploadId::new(now), size_bytes, now);
    let mut tx = app.db.tenant(&caller).await?;
    check_admitted(&mut tx, &upload).await?;
    check_replaced(&mut tx, &mut upload).await?;
    store::insert_upload(&mut tx, &upload).await?;
    tx.commit().await?;

    let body = if carries_bytes { body } else { Body::empty() };
    // The upload exists now, so a break in its first bytes must not hide its address from the client.
    let arriving = Arriving { body, checksum, place };
    let offset = match append(&app, &receiver, &caller, upload.id, Begins::At(0), arriving).await {
        Ok(offset) => offset,
        Err(AssetsError::Interrupted { offset_bytes } | AssetsError::TooSlow { offset_bytes, .. }) => {
            offset_bytes
        }
        Err(error) => return Err(error.into()),
    };
    let location = format!("/api/v1/uploads/{}", upload.id);
    let mut response = progress_response(StatusCode::CREATED, &upload, offset, now + UPLOAD_LIFETIME);
    response
        .headers_mut()
        .insert(header::LOCATION, HeaderValue::from_str(&location).map_err(Problem::internal)?);
    Ok(response)
}

/// Describe the upload server
#[utoipa::path(options, path = "/uploads", operation_id = "describe_upload_server", tag = "uploads", security(()),
    responses((status = 204, description = "Protocol version, extensions and the most that any organization takes are in the headers")))]
async fn describe_upload_server() -> Response {
    let headers = [
        ("tus-resumable", tus::VERSION.to_owned()),
        ("tus-version", tus::VERSION.to_owned()),
        ("tus-extension", tus::EXTENSIONS.to_owned()),
        ("tus-max-size", UploadLimits::CEILINGS.largest().to_string()),
        ("tus-checksum-algorithm", Checksum::ALGORITHMS.to_owned()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Get an upload
#[utoipa::path(get, path = "/uploads/{id}", operation_id = "get_upload", tag = "uploads",
    params(("id" = UploadId, Path)),
    responses((status = 200, body = UploadView), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn get_upload(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(id): ResourceId<UploadId>,
) -> Result<Json<UploadView>, Problem> {
    Ok(Json(find(&app, &caller, id).await?.into()))
}

/// Get an upload's offset
#[utoipa::path(head, path = "/uploads/{id}", operation_id = "get_upload_offset", tag = "uploads",
    params(("id" = UploadId, Path), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses((status = 200, description = "Upload-Offset says where to continue, Upload-Metadata what was said of the file"),
        (status = 401, description = "Not signed in"), (status = 403, description = "The role does not allow it"), (status = 404, description = "No such upload"),
        (status = 410, description = "It has expired or was terminated"), (status = 412, description = "Another version of tus")))]
async fn get_upload_offset(
    State(app): State<App>,
    Extension(receiver): Extension<Receiver>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<UploadId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    tus::check_version(&headers)?;
    let mut upload = find(&app, &caller, id).await?;
    if matches!(upload.status.as_str(), "terminated" | "expired") {
        return Err(AssetsError::UploadClosed { status: upload.status }.into());
    }
    if upload.is_open() {
        upload.offset_bytes = take_up_unacknowledged(&app, &receiver, &caller, &upload).await?;
    }
    let mut response = progress_response(StatusCode::OK, &upload, upload.offset_bytes, upload.expires_at);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(tus::LENGTH, HeaderValue::from(upload.size_bytes));
    // The extension `creation` wants it to be told as it was said.
    if let Some(Ok(said)) = upload.metadata.said.as_deref().map(HeaderValue::from_str) {
        response.headers_mut().insert(tus::METADATA, said);
    }
    Ok(response)
}

/// Append to an upload
#[utoipa::path(patch, path = "/uploads/{id}", operation_id = "append_upload", tag = "uploads",
    params(("id" = UploadId, Path), ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "Where the body begins"),
        ("Upload-Checksum" = Option<String>, Header, description = "sha1 or sha256 of the body, in base64")),
    request_body(content_type = "application/offset+octet-stream"),
    responses((status = 204, description = "Upload-Offset says how much has arrived for good"),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 408, body = ProblemBody, description = "`upload_interrupted`: nothing came for too long; `body_too_slow`: too little came"),
        (status = 409, body = ProblemBody), (status = 410, body = ProblemBody), (status = 413, body = ProblemBody), (status = 415, body = ProblemBody), (status = 423, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 503, body = ProblemBody)))]
async fn append_upload(
    State(app): State<App>,
    Extension(receiver): Extension<Receiver>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<UploadId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    tus::check_version(&headers)?;
    if !tus::has_body_type(&headers) {
        return Err(AssetsError::ContentType.into());
    }
    let given = tus::read_number(&headers, &tus::OFFSET, "Upload-Offset")?;
    let checksum = tus::read_checksum(&headers)?;
    let upload = find(&app, &caller, id).await?;
    if given != upload.offset_bytes {
        return Err(AssetsError::OffsetMismatch { expected: upload.offset_bytes, given }.into());
    }
    let offset = if upload.is_open() {
        let place = Some(place(&app, &caller).await?);
        append(&app, &receiver, &caller, id, Begins::At(given), Arriving { body, checksum, place }).await?
    } else {
        // The answer to the last PATCH was lost and the client asks again.
        already_arrived(upload.clone())?
    };
    Ok(progress_response(StatusCode::NO_CONTENT, &upload, offset, app.clock.now() + UPLOAD_LIFETIME))
}

/// Terminate an upload
#[utoipa::path(delete, path = "/uploads/{id}", operation_id = "delete_upload", tag = "uploads",
    params(("id" = UploadId, Path)),
    responses((status = 204, description = "Its bytes are gone"), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 410, body = ProblemBody),
        (status = 423, body = ProblemBody)))]
async fn delete_upload(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(id): ResourceId<UploadId>,
) -> Result<Response, Problem> {
    find(&app, &caller, id).await?;
    // So that no request completes it meanwhile.
    let held = app.staging.hold(id, true).await.map_err(AssetsError::from)?;
    let mut tx = app.db.tenant(&caller).await?;
    if !store::terminate_upload(&mut tx, id).await? {
        drop(tx);
        held.leave().await.map_err(AssetsError::from)?;
        let status = find(&app, &caller, id).await?.status;
        return Err(AssetsError::UploadClosed { status }.into());
    }
    tx.commit().await?;
    // If this request dies before that, the next look at the staging folder does it.
    held.remove().await.map_err(AssetsError::from)?;
    Ok((StatusCode::NO_CONTENT, [(tus::RESUMABLE, tus::VERSION)]).into_response())
}

async fn find(app: &App, caller: &Caller, id: UploadId) -> Result<Upload, AssetsError> {
    let mut tx = app.db.tenant(caller).await?;
    let upload = store::find_upload(&mut tx, id).await?.ok_or(AssetsError::UploadNotFound)?;
    // Uploads in progress are their owner's alone.
    if upload.user_id != caller.user_id {
        return Err(AssetsError::UploadNotFound);
    }
    Ok(upload)
}

/// Bytes that were staged when the server died, and that no answer told the client of: syncs them and counts them in.
async fn take_up_unacknowledged(
    app: &App,
    receiver: &Receiver,
    caller: &Caller,
    upload: &Upload,
) -> Result<u64, AssetsError> {
    let staged = app.staging.len(upload.id).await?.unwrap_or(0);
    let complete = upload.offset_bytes == upload.size_bytes;
    if staged <= upload.offset_bytes && !complete {
        return Ok(upload.offset_bytes);
    }
    match append(app, receiver, caller, upload.id, Begins::AfterStaged, Arriving::nothing()).await {
        // A request that is still running will acknowledge them itself.
        Err(AssetsError::Blob(BlobError::Locked)) => Ok(upload.offset_bytes),
        other => other,
    }
}

fn progress_response(status: StatusCode, upload: &Upload, offset: u64, expires_at: Timestamp) -> Response {
    let mut response = status.into_response();
    let headers = response.headers_mut();
    headers.insert(tus::RESUMABLE, HeaderValue::from_static(tus::VERSION));
    headers.insert(tus::OFFSET, HeaderValue::from(offset));
    if offset < upload.size_bytes {
        headers.insert(tus::EXPIRES, tus::http_date(expires_at));
    }
    for (name, id) in [
        (tus::VIDEO_ID, upload.becomes.video_id().map(|id| id.to_string())),
        (tus::ASSET_ID, upload.asset_id().map(|id| id.to_string())),
    ] {
        if let Some(Ok(id)) = id.as_deref().map(HeaderValue::from_str) {
            headers.insert(name, id);
        }
    }
    response
}
