//! The key frames of a video: what is on screen, and when.

use crate::{
    AssetsError,
    key_frames::{key_frame_url, large_key_frame_url},
    keys::Recording,
    store::{self, KeyFrameRow},
};
use axum::extract::State;
use memoreel_kernel::{Page, VideoId};
use memoreel_web::{App, Json, May, Params, Problem, ProblemBody, ResourceId, action::ReadContent};
use serde::{Deserialize, Serialize};

/// Key frames in one answer, where nothing else is said, and at most.
const FRAMES_DEFAULT: u32 = 50;
const FRAMES_MAX: u32 = 100;

/// Which key frames are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListKeyFrames {
    /// The `next_cursor` of the key frames before: when the last of them is shown first.
    #[param(pattern = "^[0-9]{1,9}$")]
    cursor: Option<String>,
    /// Key frames wanted, 1 to 100; 50 if not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A picture that is on screen for a while, such as a slide.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = KeyFrame)]
pub(super) struct KeyFrame {
    /// When it is shown first, in milliseconds.
    start_ms: i64,
    /// As often as it is shown, in order.
    shown: Vec<KeyFrameShowing>,
    /// What is written on it, line by line; empty where no text was recognised.
    text: String,
    /// How sure the recognition is of the text, from 0 to 1; absent without text.
    confidence: Option<f32>,
    /// A signed address of the picture.
    image_url: String,
    /// A signed address of a small one.
    thumbnail_url: String,
    /// Pixels across of the picture.
    width: i32,
    /// Pixels down of the picture.
    height: i32,
}

/// A stretch of time.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct KeyFrameShowing {
    /// From here, in milliseconds.
    start_ms: u64,
    /// To here, in milliseconds.
    end_ms: u64,
}

/// List the key frames of a video
///
/// Slides and shots in the order in which they are shown first, each once, however often it comes back; with the text that was
/// recognised on them. None while they are looked for, and none of sound alone. The addresses need no session and work for half a day
/// at least.
#[utoipa::path(get, path = "/videos/{id}/key-frames", operation_id = "list_key_frames", tag = "videos",
    params(("id" = VideoId, Path), ListKeyFrames),
    responses((status = 200, body = Page<KeyFrame>), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub(super) async fn list_key_frames(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(id): ResourceId<VideoId>,
    Params(wanted): Params<ListKeyFrames>,
) -> Result<Json<Page<KeyFrame>>, Problem> {
    let limit = wanted.limit.unwrap_or(FRAMES_DEFAULT);
    if !(1..=FRAMES_MAX).contains(&limit) {
        let detail = format!("There are 1 to {FRAMES_MAX} key frames in one answer.");
        return Err(Problem::invalid_field("limit", "limit_invalid", detail));
    }
    let after_ms = match wanted.cursor.as_deref() {
        None => -1,
        Some(cursor) => cursor.parse::<u32>().map(i64::from).map_err(|_| {
            Problem::invalid_field("cursor", "cursor_invalid", "This is no cursor of this list.")
        })?,
    };
    let mut tx = app.db.tenant(&caller).await?;
    let recording = store::find_recording(&mut tx, id).await?;
    let Some(recording) = recording.ok_or(AssetsError::VideoNotFound)? else {
        return Ok(Json(Page { items: Vec::new(), next_cursor: None }));
    };
    let mut rows =
        store::list_key_frames(&mut tx, recording.asset_id, after_ms, i64::from(limit) + 1).await?;
    drop(tx);
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| has_more).map(|row| row.start_ms.to_string());
    let items = rows.into_iter().map(|row| key_frame(&app, recording, row)).collect();
    Ok(Json(Page { items, next_cursor }))
}

fn key_frame(app: &App, recording: Recording, row: KeyFrameRow) -> KeyFrame {
    let now = app.clock.now();
    let showing =
        |shown: memoreel_media::Showing| KeyFrameShowing { start_ms: shown.start_ms, end_ms: shown.end_ms };
    KeyFrame {
        start_ms: row.start_ms,
        shown: row.shown.0.into_iter().map(showing).collect(),
        text: row.text,
        confidence: row.confidence,
        image_url: large_key_frame_url(recording, row.start_ms, &app.signer, now),
        thumbnail_url: key_frame_url(recording, row.start_ms, &app.signer, now),
        width: row.width,
        height: row.height,
    }
}
