//! Reading a transcript.

use crate::model::{Segment, Speaker, Transcript, Turn, VideoHead};
use crate::routes::{answer, room_for_words};
use crate::{TranscriptsError, store};
use axum::extract::State;
use axum::response::Response;
use memoreel_kernel::VideoId;
use memoreel_web::{App, May, ProblemBody, ResourceId, Result, action::ReadContent};
use serde::Serialize;

/// Where a transcript stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TranscriptStatus {
    /// The video is still being processed.
    Pending,
    /// It is there, perhaps without text; `notice` then says why.
    Completed,
    /// Processing failed before it was written.
    Failed,
    /// The video has none and will not get one.
    None,
}

/// The text of a video.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Transcript)]
pub(crate) struct TranscriptBody {
    /// The video.
    pub(crate) video_id: VideoId,
    /// Where it stands.
    pub(crate) status: TranscriptStatus,
    /// ISO 639-1 code of the spoken language.
    pub(crate) language: Option<String>,
    /// What wrote it; `captions` for a file somebody provided.
    pub(crate) engine: Option<String>,
    /// The engine's model.
    pub(crate) model: Option<String>,
    /// Why there is no text, in a sentence.
    pub(crate) notice: Option<String>,
    /// The voices, in order of first appearance.
    pub(crate) speakers: Vec<Speaker>,
    /// The timed lines.
    pub(crate) segments: Vec<Segment>,
    /// Who speaks when, in order of time, also where no words were made out. Turns of different speakers may overlap.
    pub(crate) turns: Vec<Turn>,
}

impl TranscriptBody {
    pub(crate) fn completed(transcript: Transcript) -> Self {
        Self {
            video_id: transcript.video_id,
            status: TranscriptStatus::Completed,
            language: transcript.language,
            engine: Some(transcript.engine),
            model: transcript.model,
            notice: transcript.notice,
            speakers: transcript.speakers,
            segments: transcript.segments,
            turns: transcript.turns,
        }
    }

    fn absent(video_id: VideoId, video: &VideoHead) -> Self {
        let status = match video.status.as_str() {
            "pending" | "processing" => TranscriptStatus::Pending,
            "failed" => TranscriptStatus::Failed,
            _ => TranscriptStatus::None,
        };
        Self {
            video_id,
            status,
            language: None,
            engine: None,
            model: None,
            notice: None,
            speakers: Vec::new(),
            segments: Vec::new(),
            turns: Vec::new(),
        }
    }
}

/// The transcript of a video, or how far it is.
#[utoipa::path(
    get,
    path = "/videos/{id}/transcript",
    operation_id = "get_transcript",
    tag = "transcripts",
    params(("id" = VideoId, Path, description = "The video.")),
    responses(
        (status = 200, body = TranscriptBody),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody, description = "`organization_busy` or `rate_limited`"),
        (status = 503, body = ProblemBody, description = "`server_busy`"),
    )
)]
pub(crate) async fn get_transcript(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(video_id): ResourceId<VideoId>,
) -> Result<Response> {
    let room = room_for_words(&app, &caller).await?;
    let mut tx = app.db.tenant(&caller).await?;
    let video =
        store::video_for_transcript(&mut tx, video_id).await?.ok_or(TranscriptsError::VideoMissing)?;
    let transcript = store::transcript_with_words(&mut tx, video_id).await?;
    drop(tx);
    let body = transcript.map_or_else(|| TranscriptBody::absent(video_id, &video), TranscriptBody::completed);
    answer(&app, &body, room)
}
