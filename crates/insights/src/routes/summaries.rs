//! Reading a summary.

use crate::model::{Chapter, KeyPoint, SummarySentence};
use crate::{InsightsError, store};
use axum::extract::State;
use memoreel_kernel::VideoId;
use memoreel_transcripts::video_for_transcript;
use memoreel_web::{App, Json, May, ProblemBody, ResourceId, Result, action::ReadContent};
use serde::Serialize;

/// Where a summary stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SummaryStatus {
    /// The video is still being processed.
    Pending,
    /// It is there.
    Completed,
    /// There is none: nothing was said, or it could not be transcribed.
    None,
}

/// What a recording comes down to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Summary)]
pub(crate) struct SummaryBody {
    /// Where it stands.
    status: SummaryStatus,
    /// What made it; `extractive` if it consists of the recording's own sentences.
    engine: Option<String>,
    /// The model behind it.
    model: Option<String>,
    /// The summary, sentence by sentence.
    sentences: Vec<SummarySentence>,
    /// Further points worth keeping, in order of time.
    key_points: Vec<KeyPoint>,
    /// What the recording falls into, in order and without gaps.
    chapters: Vec<Chapter>,
}

/// The summary of a video with key points and chapters, or how far it is.
#[utoipa::path(
    get,
    path = "/videos/{id}/summary",
    operation_id = "get_summary",
    tag = "insights",
    params(("id" = VideoId, Path, description = "The video.")),
    responses(
        (status = 200, body = SummaryBody),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn get_summary(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(video_id): ResourceId<VideoId>,
) -> Result<Json<SummaryBody>> {
    let mut tx = app.db.tenant(&caller).await?;
    let video = video_for_transcript(&mut tx, video_id).await?.ok_or(InsightsError::VideoMissing)?;
    let summary = store::summary_of(&mut tx, video_id).await?;
    let status = match (&summary, video.status.as_str()) {
        (Some(_), _) => SummaryStatus::Completed,
        (None, "pending" | "processing") => SummaryStatus::Pending,
        (None, _) => SummaryStatus::None,
    };
    let (made_by, content) =
        summary.map(|summary| ((summary.engine, summary.model), summary.content)).unzip();
    let (engine, model) = made_by.unzip();
    let content = content.unwrap_or_default();
    Ok(Json(SummaryBody {
        status,
        engine,
        model: model.flatten(),
        sentences: content.sentences,
        key_points: content.key_points,
        chapters: content.chapters,
    }))
}
