//! Files sent to a signed address, which needs no session: for programs and pages that are to upload one file and do nothing else.

use super::{
    announcement::{Announcement, Keep, check_admitted, check_replaced, too_large},
    media::signature_problem,
    uploads::{NewFile, UploadView},
};
use crate::{
    AssetsError,
    delivery::Standing,
    error::size_hint,
    keys,
    model::{Upload, UploadKind},
    receive::{Arriving, Begins, Receiver, append, place},
    store,
    upload_limits::UploadLimits,
};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use chrono::TimeDelta;
use memoreel_blob::{Grant, Purpose};
use memoreel_kernel::{
    Action, Actor, AssetId, Caller, ChannelId, FolderId, OrganizationId, Timestamp, UploadId,
};
use memoreel_web::{App, Json, May, Params, Problem, ProblemBody, ResourceId, ServedTo, action::EditContent};
use serde::{Deserialize, Serialize};

const LIFETIME_DEFAULT: i64 = 3600;
const LIFETIME_MIN: i64 = 60;
const LIFETIME_MAX: i64 = 24 * 3600;
/// What the signature of an address covers beside the upload.
const SAID: &str = "PUT";

/// The file that is to be sent.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateUploadAddress {
    /// What it becomes; a video if not given.
    #[serde(default)]
    kind: UploadKind,
    /// Its size, as the organization takes it. Nothing longer or shorter is taken.
    #[schema(minimum = 1, maximum = 53_687_091_200_u64)]
    size_bytes: u64,
    /// Its name.
    #[schema(min_length = 1, max_length = 255)]
    filename: Option<String>,
    /// Of a video, its title.
    #[schema(max_length = 200)]
    title: Option<String>,
    /// Of a video, the channel it is put into.
    channel_id: Option<ChannelId>,
    /// The folder it is put into.
    folder_id: Option<FolderId>,
    /// How long it stays; until it is deleted if not given.
    store: Option<Keep>,
    /// The asset of the same kind whose file it replaces.
    replaces: Option<AssetId>,
    /// How long the address works at least, a minute to a day; an hour if not given.
    #[schema(minimum = 60, maximum = 86400)]
    expires_in_seconds: Option<i64>,
}

/// Where a file is to be sent, as the body of one PUT.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct UploadAddress {
    #[serde(flatten)]
    file: NewFile,
    /// The address.
    url: String,
    /// When it stops working.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Create an address for an upload
///
/// Whoever has the address may PUT one file to it, without a session or a key, until it expires. The bytes are the body as it is. What was
/// cut off is sent again as a whole, or continued as a resumable upload by whoever has a session.
#[utoipa::path(post, path = "/upload-addresses", operation_id = "create_upload_address", tag = "uploads", request_body = CreateUploadAddress,
    responses((status = 201, body = UploadAddress), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody), (status = 429, body = ProblemBody)))]
pub(super) async fn create_upload_address(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    Json(wanted): Json<CreateUploadAddress>,
) -> Result<(StatusCode, Json<UploadAddress>), Problem> {
    let lifetime = wanted.expires_in_seconds.unwrap_or(LIFETIME_DEFAULT);
    if !(LIFETIME_MIN..=LIFETIME_MAX).contains(&lifetime) {
        let detail = format!("Addresses work for {LIFETIME_MIN} to {LIFETIME_MAX} seconds.");
        return Err(Problem::invalid_field("expires_in_seconds", "lifetime_invalid", detail));
    }
    let file = Announcement::of(wanted.kind, wanted.filename.as_deref(), wanted.title.as_deref())?
        .placed(wanted.channel_id, wanted.folder_id, wanted.store)
        .replacing(wanted.replaces);
    file.check_size(wanted.size_bytes).map_err(size_problem)?;
    if let Some(user_id) = caller.user_id {
        app.limits.uploads.take(&user_id.to_string())?;
    }
    let now = app.clock.now();
    let mut upload = file.upload(&caller, UploadId::new(now), wanted.size_bytes, now);
    let mut tx = app.db.tenant(&caller).await?;
    check_admitted(&mut tx, &upload).await.map_err(|error| match error {
        AssetsError::TooLarge { .. } => size_problem(error),
        other => other.into(),
    })?;
    check_replaced(&mut tx, &mut upload).await?;
    store::insert_upload(&mut tx, &upload).await?;
    tx.commit().await?;
    let (url, expires_at) =
        address(&app, caller.organization_id, &upload, now + TimeDelta::seconds(lifetime));
    let file = NewFile::awaited(&upload);
    Ok((StatusCode::CREATED, Json(UploadAddress { file, url, expires_at })))
}

/// Where the size is said, rather than found.
fn size_problem(error: AssetsError) -> Problem {
    let (detail, hint) = (format!("This cannot be sent: {error}."), size_hint(&error));
    Problem::invalid_field("size_bytes", Problem::from(error).code(), detail).hint(hint)
}

fn address(
    app: &App,
    organization_id: OrganizationId,
    upload: &Upload,
    until: Timestamp,
) -> (String, Timestamp) {
    let grant = Grant {
        organization_id,
        purpose: Purpose::Upload,
        is_private: false,
        prefix: keys::content(organization_id, upload.id),
        expires_at: until,
        download_name: None,
    };
    let token = app.signer.sign_with(&grant, SAID);
    // As it is in the token, which counts in hours.
    let expires_at =
        app.signer.verify_with(&token, SAID, app.clock.now()).map_or(until, |grant| grant.expires_at);
    (format!("{}/api/v1/uploads/{}/content?s={token}", app.public_url, upload.id), expires_at)
}

/// What an address is signed with.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Signed {
    /// The signature.
    #[param(max_length = 1200)]
    s: String,
}

/// Send a file to its address
///
/// Sent again, it takes the place of what was cut off; once it has arrived as a whole, sending it again changes nothing.
#[utoipa::path(put, path = "/uploads/{id}/content", operation_id = "put_upload_content", tag = "uploads", security(()),
    params(("id" = UploadId, Path), Signed), request_body(content_type = "application/octet-stream"),
    responses((status = 201, body = UploadView), (status = 200, body = UploadView), (status = 400, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 408, body = ProblemBody, description = "`upload_interrupted`: nothing came for too long; `body_too_slow`: too little came"),
        (status = 410, body = ProblemBody), (status = 413, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 423, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 503, body = ProblemBody)))]
pub(super) async fn put_upload_content(
    State(app): State<App>,
    Extension(receiver): Extension<Receiver>,
    ResourceId(id): ResourceId<UploadId>,
    Params(Signed { s }): Params<Signed>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Extension<ServedTo>, Json<UploadView>), Problem> {
    let grant = app.signer.verify_with(&s, SAID, app.clock.now()).map_err(signature_problem)?;
    let organization_id = grant.organization_id;
    if grant.purpose != Purpose::Upload || grant.prefix != keys::content(organization_id, id) {
        return Err(AssetsError::UploadNotFound.into());
    }
    let (caller, upload, limits) = sender(&app, organization_id, id).await?;
    let served = Extension(ServedTo { organization_id, user_id: caller.user_id });
    if !upload.is_open() {
        return match upload.status.as_str() {
            // The answer to what arrived was lost, and it is sent again.
            "received" | "stored" => Ok((StatusCode::OK, served, Json(upload.into()))),
            _ => Err(AssetsError::UploadClosed { status: upload.status }.into()),
        };
    }
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length != upload.size_bytes) {
        return Err(AssetsError::LengthMismatch { expected: upload.size_bytes }.into());
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // What it was said to be when its address was made was looked at then; what a recording is said to be now may be news.
    if let Some(limits) = limits {
        let size_bytes_max = limits.announced(UploadKind::Video, content_type);
        if upload.size_bytes > size_bytes_max {
            let ceiling = UploadLimits::CEILINGS.announced(UploadKind::Video, content_type);
            return Err(too_large(size_bytes_max, ceiling).into());
        }
    }
    let place = Some(place(&app, &caller).await?);
    let arriving = Arriving { body, checksum: None, place };
    let offset = append(&app, &receiver, &caller, id, Begins::Anew, arriving).await?;
    if offset < upload.size_bytes {
        return Err(AssetsError::LengthMismatch { expected: upload.size_bytes }.into());
    }
    let mut tx = app.db.tenant(&caller).await?;
    let upload = store::find_upload(&mut tx, id).await?.ok_or(AssetsError::UploadNotFound)?;
    Ok((StatusCode::CREATED, served, Json(upload.into())))
}

/// Who made the address, on whose behalf a file is sent to it, as long as they may add files themselves; and of a recording what their
/// organization takes.
async fn sender(
    app: &App,
    organization_id: OrganizationId,
    id: UploadId,
) -> Result<(Caller, Upload, Option<UploadLimits>), Problem> {
    let mut tx = app.db.tenant(&Caller::service(organization_id)).await?;
    let upload = store::find_upload(&mut tx, id).await?.ok_or(AssetsError::UploadNotFound)?;
    let user_id = upload.user_id.ok_or(AssetsError::UploadNotFound)?;
    let Some(role) = store::role_of(&mut tx, user_id).await? else {
        // While an organization is stopped, nobody has a role in it.
        return Err(match store::find_deliverer(&mut tx).await?.standing {
            Standing::Suspended => Problem::organization_suspended(),
            Standing::Active | Standing::Gone => AssetsError::SenderGone.into(),
        });
    };
    let caller = Caller { organization_id, user_id: Some(user_id), role: Some(role), actor: Actor::Service };
    if !caller.may(Action::EditContent) {
        return Err(AssetsError::SenderGone.into());
    }
    let limits = match upload.becomes.kind() {
        UploadKind::Video => Some(store::find_upload_limits(&mut tx).await?),
        UploadKind::Image | UploadKind::Document => None,
    };
    Ok((caller, upload, limits))
}
