//! Files fetched from where somebody says they lie.

use super::{
    announcement::{Announcement, Keep, check_admitted, check_replaced},
    uploads::NewFile,
};
use crate::{
    jobs::source_place,
    model::UploadKind,
    receive::{Receiver, become_asset},
    store,
};
use axum::{Extension, extract::State, http::StatusCode};
use memoreel_kernel::{AssetId, ChannelId, Event, FolderId, UploadId};
use memoreel_web::{App, Json, May, Problem, ProblemBody, action::EditContent};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use url::Url;

/// What signed addresses of other stores are shorter than.
const URL_LENGTH_MAX: usize = 4000;

/// Where a file lies, and what it is.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportFile {
    /// The address of the file itself, with https.
    #[schema(max_length = 4000)]
    url: String,
    /// What it becomes; a video if not given.
    #[serde(default)]
    kind: UploadKind,
    /// Its name; the last part of the address if not given.
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
}

/// Import a file from a link
///
/// The video or asset exists at once, and the file is fetched in the background; what fails is told as of any other step. The address may be one
/// that was signed for a while: it is kept sealed until the file is here, and nowhere else.
#[utoipa::path(post, path = "/imports", operation_id = "import_file", tag = "uploads", request_body = ImportFile,
    responses((status = 202, body = NewFile), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody), (status = 429, body = ProblemBody)))]
pub(super) async fn import_file(
    State(app): State<App>,
    Extension(receiver): Extension<Receiver>,
    May(caller, _): May<EditContent>,
    Json(wanted): Json<ImportFile>,
) -> Result<(StatusCode, Json<NewFile>), Problem> {
    let url = address(&app, &wanted.url)?;
    let mut file = Announcement::of(wanted.kind, wanted.filename.as_deref(), wanted.title.as_deref())?
        .placed(wanted.channel_id, wanted.folder_id, wanted.store)
        .replacing(wanted.replaces);
    file.or_named(&percent_decode_str(url.path()).decode_utf8_lossy());
    if let Some(user_id) = caller.user_id {
        app.limits.uploads.take(&user_id.to_string())?;
    }
    let now = app.clock.now();
    // Its size is not known yet.
    let mut upload = file.upload(&caller, UploadId::new(now), 0, now);
    let source =
        app.secrets.seal(url.as_str().as_bytes(), source_place(upload.id)).map_err(Problem::internal)?;
    let mut tx = app.db.tenant(&caller).await?;
    check_admitted(&mut tx, &upload).await?;
    check_replaced(&mut tx, &mut upload).await?;
    store::insert_upload(&mut tx, &upload).await?;
    let asset_id = become_asset(&mut tx, &receiver, &upload, now).await?;
    store::begin_import(&mut tx, upload.id, asset_id, &source).await?;
    // A video neither waits nor fails with what is to replace its recording.
    let video_id = upload.becomes.video_id().filter(|_| upload.replaces_id.is_none());
    let event = Event::ImportRequested { video_id, asset_id };
    app.events.emit(&mut tx, &event).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(NewFile::with_asset(upload.id, upload.becomes, asset_id))))
}

fn address(app: &App, text: &str) -> Result<Url, Problem> {
    let malformed = || Problem::invalid_field("url", "url_invalid", "The url must be the address of a file.");
    if text.len() > URL_LENGTH_MAX {
        return Err(malformed());
    }
    let url = Url::parse(text.trim()).map_err(|_| malformed())?;
    app.outbound.policy().check(&url).map_err(|refusal| {
        let detail = format!("This cannot be fetched: {refusal}.");
        let problem = Problem::invalid_field("url", "url_refused", detail);
        match refusal.remedy() {
            Some(remedy) => problem.hint(remedy),
            None => problem,
        }
    })?;
    Ok(url)
}
