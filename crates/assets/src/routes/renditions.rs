//! What was made of an asset: a list of it.

use super::{assets::find_outside_bin, fields::stem};
use crate::{
    AssetsError,
    keys::Recording,
    playback::{download_url, shown_url},
    store::{self, RenditionRow},
};
use axum::extract::State;
use memoreel_blob::BlobKey;
use memoreel_kernel::{AssetId, Cursor, Page, Timestamp};
use memoreel_web::{
    App, Json, May, PageParams, Params, Problem, ProblemBody, ResourceId, action::ReadContent,
};
use serde::{Deserialize, Serialize};

/// Which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListRenditions {
    /// The `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-f]{48}$")]
    cursor: Option<String>,
    /// Rows wanted, 1 to 100; 20 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Something that was made of an asset.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Rendition {
    /// `file` (as it was uploaded, where browsers play it), `hls_master`, `hls_variant`, `hls_sound` and `subtitles` (more that the file
    /// holds), `poster`, `thumbnail`, `storyboard`, `waveform`, `speech_audio` (what speech recognition listens to), `image` or `sound`.
    kind: String,
    /// Tells it from others of the asset.
    name: String,
    /// Its media type.
    content_type: String,
    /// Its size; of a version that is played in pieces, of all of them.
    size_bytes: i64,
    /// Pixels across.
    width: Option<i32>,
    /// Pixels down.
    height: Option<i32>,
    /// How long it plays, in milliseconds.
    duration_ms: Option<u64>,
    /// Bits a second, on average.
    bit_rate: Option<u64>,
    /// RFC 6381 names of what it is written in.
    codecs: Option<String>,
    /// What is spoken or written in it (BCP 47), where the file says.
    language: Option<String>,
    /// What whoever made the file calls it.
    title: Option<String>,
    /// What its sound was brought to, in LUFS.
    loudness_lufs: Option<i64>,
    /// A signed address where it is shown or played; absent of what is asked for in another way.
    url: Option<String>,
    /// A signed address where it is downloaded as a file, under a name.
    download_url: Option<String>,
    /// When it was made first.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl Rendition {
    /// `filename` is the asset's.
    pub(super) fn new(app: &App, recording: Recording, filename: &str, row: RenditionRow) -> Self {
        let (organization_id, now) = (recording.organization_id, app.clock.now());
        let key = row.blob_key.parse::<BlobKey>().ok();
        let url = key.as_ref().and_then(|key| {
            // What belongs together shares a token, so that a playlist leads to what lies beside it.
            let prefix = match row.kind.as_str() {
                "file" | "sound" => key.clone(),
                // Of the packaging that it is of: the asset may have been read before another one.
                "hls_master" | "hls_variant" | "hls_sound" | "subtitles" => {
                    Recording::of(organization_id, key)?.0.hls()
                }
                "poster" | "thumbnail" | "storyboard" | "waveform" => recording.preview(),
                _ => return None,
            };
            shown_url(recording.whose(), prefix, key, &app.signer, now)
        });
        let named = match row.kind.as_str() {
            "file" => Some(filename.to_owned()),
            "sound" => {
                key.as_ref().and_then(BlobKey::extension).map(|extension| with_extension(filename, extension))
            }
            _ => None,
        };
        let download_url =
            named.zip(key).map(|(name, key)| download_url(recording.whose(), key, &name, &app.signer, now));
        let fact = |name: &str| row.metadata.get(name);
        let text = |name: &str| Some(fact(name)?.as_str()?.to_owned());
        Self {
            duration_ms: fact("duration_ms").and_then(serde_json::Value::as_u64),
            bit_rate: fact("bandwidth_average").and_then(serde_json::Value::as_u64),
            codecs: text("codecs"),
            language: text("language"),
            title: text("title"),
            loudness_lufs: fact("loudness_lufs").and_then(serde_json::Value::as_i64),
            kind: row.kind,
            name: row.name,
            content_type: row.content_type,
            size_bytes: row.byte_size,
            width: row.width,
            height: row.height,
            url,
            download_url,
            created_at: row.created_at,
        }
    }
}

/// `Weekly call.mov` as `Weekly call.mp3`.
fn with_extension(filename: &str, extension: &str) -> String {
    format!("{}.{extension}", stem(filename))
}

/// List what was made of an asset
///
/// The newest first: versions that are played, stills, sound, and what was made of an image when somebody asked. Addresses need no session
/// and work for half a day.
#[utoipa::path(get, path = "/assets/{id}/renditions", operation_id = "list_renditions", tag = "assets",
    params(("id" = AssetId, Path), ListRenditions),
    responses((status = 200, body = Page<Rendition>), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn list_renditions(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(id): ResourceId<AssetId>,
    Params(wanted): Params<ListRenditions>,
) -> Result<Json<Page<Rendition>>, Problem> {
    let page = PageParams { cursor: wanted.cursor, limit: wanted.limit }.page_request()?;
    let mut tx = app.db.tenant(&caller).await?;
    let asset = find_outside_bin(&mut tx, id).await?;
    let rows = store::list_renditions(&mut tx, id, &page).await.map_err(AssetsError::from)?;
    let page = page.page(rows, |row| Cursor { time: row.created_at, id: row.id.uuid() });
    let recording = asset.recording(caller.organization_id);
    let view = |row| Rendition::new(&app, recording, &asset.filename, row);
    Ok(Json(Page { items: page.items.into_iter().map(view).collect(), next_cursor: page.next_cursor }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_file_is_named_like_its_recording() {
        for (filename, named) in [
            ("Weekly 会議.mov", "Weekly 会議.mp3"),
            ("a.b.mov", "a.b.mp3"),
            ("call", "call.mp3"),
            (".mov", ".mov.mp3"),
        ] {
            assert_eq!(with_extension(filename, "mp3"), named);
        }
    }
}
