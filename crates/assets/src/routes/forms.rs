//! Files sent as a form, as browsers and `curl -F` send them: one request, of which all arrives or nothing.

use super::{
    announcement::{Announcement, check_admitted, check_replaced, too_large, truncated},
    form_body::{FormBody, FormEnd, FormField},
    uploads::NewFile,
};
use crate::{
    AssetsError,
    receive::{Receiver, STALLED_AFTER, added, become_asset, place},
    store,
};
use axum::{
    Extension,
    extract::{Request, State},
    http::StatusCode,
};
use futures::StreamExt;
use memoreel_blob::BlobError;
use memoreel_kernel::{Caller, UploadId};
use memoreel_web::{App, Json, May, Problem, ProblemBody, action::EditContent};
use serde_json::json;

/// The fields of a form beside the file.
const FIELDS_MAX: usize = 20;
const FIELD_BYTES_MAX: usize = 8 * 1024;

/// A file, and what is said of it.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the form, which is read field by field")]
pub(super) struct UploadForm {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// `video`, which is what a file becomes where nothing is said, `image` or `document`.
    kind: Option<String>,
    /// Its name, instead of that of the file.
    filename: Option<String>,
    /// Of a video, its title.
    title: Option<String>,
    /// Of a video, the channel it is put into.
    channel_id: Option<String>,
    /// The folder it is put into.
    folder_id: Option<String>,
    /// `permanent`, or `temporary` for a day.
    store: Option<String>,
    /// The asset of the same kind whose file it replaces.
    replaces: Option<String>,
}

/// Upload a file as a form
///
/// `multipart/form-data` with the file in the field `file`, and before or after it what else is said; what is said before it is checked before
/// the file is taken. What is cut off leaves nothing; send what is large as a resumable upload.
#[utoipa::path(post, path = "/assets", operation_id = "upload_form", tag = "assets",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = NewFile), (status = 400, body = ProblemBody), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 408, body = ProblemBody, description = "`body_too_slow`: nothing came for too long, or too little"),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody), (status = 413, body = ProblemBody), (status = 429, body = ProblemBody), (status = 503, body = ProblemBody)))]
pub(super) async fn upload_form(
    State(app): State<App>,
    Extension(receiver): Extension<Receiver>,
    May(caller, _): May<EditContent>,
    request: Request,
) -> Result<(StatusCode, Json<NewFile>), Problem> {
    let form = FormBody::read(request, STALLED_AFTER, app.limits.append_pace).await?;
    if let Some(user_id) = caller.user_id {
        app.limits.uploads.take(&user_id.to_string())?;
    }
    // In a task of its own, so that what a client that vanishes leaves behind is removed.
    let work = async move {
        let id = UploadId::new(app.clock.now());
        let received = receive(&app, &receiver, &caller, id, form).await;
        if received.is_err() {
            forget(&app, &caller, id).await;
        }
        received
    };
    let received = memoreel_web::detach(work).await.map_err(Problem::internal)?;
    Ok((StatusCode::CREATED, Json(received?)))
}

/// Removes what was staged of a form that was refused. Where the row was kept, and only its answer was lost, the bytes are needed.
async fn forget(app: &App, caller: &Caller, id: UploadId) {
    let work = async {
        let mut tx = app.db.tenant(caller).await?;
        if store::find_upload(&mut tx, id).await?.is_none() {
            app.staging.remove(id).await?;
        }
        Ok::<_, AssetsError>(())
    };
    if let Err(error) = work.await {
        tracing::warn!(%error, %id, "bytes of a form were left in staging");
    }
}

async fn receive(
    app: &App,
    receiver: &Receiver,
    caller: &Caller,
    id: UploadId,
    mut form: FormBody,
) -> Result<NewFile, AssetsError> {
    let mut said = Announcement::default();
    let mut file = None;
    let (mut fields, mut is_kind_said) = (0, false);
    while let Some(field) = form.next_field().await? {
        fields += 1;
        if fields > FIELDS_MAX {
            return Err(AssetsError::Form(format!("a form has at most {FIELDS_MAX} fields")));
        }
        match field.name() {
            Some("file") if file.is_some() => {
                return Err(AssetsError::Form("a form brings one file".to_owned()));
            }
            Some("file") => {
                said.or_named(field.file_name().unwrap_or_default());
                said.or_typed(field.content_type());
                // Much may have been said before it, and then nothing is taken that is refused anyway.
                let mut tx = app.db.tenant(caller).await?;
                let most = said.size_bytes_max(&mut tx, is_kind_said).await?;
                drop(tx);
                // Not before: whoever has not come to their file keeps nobody else from sending theirs.
                let place = place(app, caller).await?;
                file = Some((stage(app, id, field, most).await?, place));
            }
            Some(name) => {
                let name = name.to_owned();
                is_kind_said |= name == "kind";
                let value = text(field).await?;
                if !said.say(&name, &value).map_err(AssetsError::Form)? {
                    return Err(unknown(&name));
                }
            }
            None => return Err(AssetsError::Form("a field of the form has no name".to_owned())),
        }
    }
    let (size_bytes, _place) =
        file.ok_or_else(|| AssetsError::Form("the form has no field `file`".to_owned()))?;
    said.check_size(size_bytes)?;

    let now = app.clock.now();
    let mut upload = said.upload(caller, id, size_bytes, now);
    let mut tx = app.db.tenant(caller).await?;
    check_admitted(&mut tx, &upload).await?;
    check_replaced(&mut tx, &mut upload).await?;
    store::insert_upload(&mut tx, &upload).await?;
    let asset_id = become_asset(&mut tx, receiver, &upload, now).await?;
    store::receive_upload(&mut tx, id, asset_id).await?;
    app.events.emit(&mut tx, &added(&upload, asset_id)).await?;
    tx.commit().await?;
    Ok(NewFile::with_asset(id, upload.becomes, asset_id))
}

/// Streams the file to staging, and returns its size.
async fn stage(
    app: &App,
    id: UploadId,
    field: FormField<'_>,
    (size_bytes_max, ceiling): (u64, u64),
) -> Result<u64, AssetsError> {
    let outcome = app.staging.append(id, 0, Box::pin(field.content()), size_bytes_max, None).await;
    match outcome {
        Ok(outcome) => match outcome.interrupted {
            None => Ok(outcome.new_offset),
            Some(BlobError::SourceBroken(error)) => Err(match FormEnd::of(&error) {
                FormEnd::Unreadable => {
                    AssetsError::Form("the form was cut off in the middle of its file".to_owned())
                }
                end => end.into(),
            }),
            Some(error) => Err(error.into()),
        },
        Err(BlobError::TooLarge { .. }) => Err(too_large(size_bytes_max, ceiling)),
        Err(error) => Err(error.into()),
    }
}

async fn text(field: FormField<'_>) -> Result<String, AssetsError> {
    let mut bytes = Vec::new();
    let mut chunks = Box::pin(field.content());
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk.map_err(|error| FormEnd::of(&error))?);
        if bytes.len() > FIELD_BYTES_MAX {
            return Err(AssetsError::Form(format!(
                "a field of the form has at most {FIELD_BYTES_MAX} bytes"
            )));
        }
    }
    String::from_utf8(bytes).map_err(|_| AssetsError::Form("a field of the form is not UTF-8".to_owned()))
}

/// Refuses a field that [`UploadForm`] does not have, and names those that it has.
fn unknown(name: &str) -> AssetsError {
    let form = serde_json::from_value::<UploadForm>(json!({ (truncated(name, 100)): "" }));
    AssetsError::Form(form.err().map_or_else(String::new, |refused| refused.to_string()))
}
