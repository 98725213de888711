//! Caption files out and in.

use crate::captions::{CAPTION_BYTES_MAX, TextOptions, Warning, parse, to_json, to_srt, to_text, to_webvtt};
use crate::import::{captions_from, transcript_from_captions};
use crate::routes::{answer, room_for_words, transcripts::TranscriptBody};
use crate::{Transcribe, TranscriptsError, store};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use memoreel_blob::{Disposition, content_disposition};
use memoreel_kernel::{Caller, Event, VideoId};
use memoreel_tasks::{Handle, cancel_tasks};
use memoreel_web::{
    App, FILE_TIME_MAX, May, ProblemBody, ResourceId, Result,
    action::{EditContent, ReadContent},
    arrive_within, in_memory,
};
use serde::Serialize;

/// The forms a transcript can be taken home in.
#[derive(Debug, Clone, Copy)]
enum Form {
    WebVtt,
    SubRip,
    Text,
    Json,
}

impl Form {
    fn extension(self) -> &'static str {
        match self {
            Form::WebVtt => "vtt",
            Form::SubRip => "srt",
            Form::Text => "txt",
            Form::Json => "json",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Form::WebVtt => "text/vtt; charset=utf-8",
            Form::SubRip => "application/x-subrip; charset=utf-8",
            Form::Text => "text/plain; charset=utf-8",
            Form::Json => "application/json",
        }
    }
}

async fn download(app: &App, caller: &Caller, video_id: VideoId, form: Form) -> Result<Response> {
    let mut tx = app.db.tenant(caller).await?;
    let video =
        store::video_for_transcript(&mut tx, video_id).await?.ok_or(TranscriptsError::VideoMissing)?;
    let transcript =
        store::transcript_of(&mut tx, video_id).await?.ok_or(TranscriptsError::TranscriptMissing)?;
    drop(tx);
    let captions = captions_from(transcript);
    let body = match form {
        Form::WebVtt => to_webvtt(&captions),
        Form::SubRip => to_srt(&captions),
        Form::Text => to_text(&captions, TextOptions::default()),
        Form::Json => to_json(&captions),
    };
    let name = format!("{}.{}", video.title, form.extension());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(form.content_type())),
        (header::CONTENT_DISPOSITION, content_disposition(Disposition::Attachment, &name)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, body).into_response())
}

/// The transcript as WebVTT, speakers as voices.
#[utoipa::path(
    get,
    path = "/videos/{id}/captions.vtt",
    operation_id = "get_captions_vtt",
    tag = "transcripts",
    params(("id" = VideoId, Path, description = "The video.")),
    responses(
        (status = 200, content_type = "text/vtt", body = String),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn get_captions_vtt(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(video_id): ResourceId<VideoId>,
) -> Result<Response> {
    download(&app, &caller, video_id, Form::WebVtt).await
}

/// The transcript as SubRip, speakers before the text.
#[utoipa::path(
    get,
    path = "/videos/{id}/captions.srt",
    operation_id = "get_captions_srt",
    tag = "transcripts",
    params(("id" = VideoId, Path, description = "The video.")),
    responses(
        (status = 200, content_type = "application/x-subrip", body = String),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn get_captions_srt(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(video_id): ResourceId<VideoId>,
) -> Result<Response> {
    download(&app, &caller, video_id, Form::SubRip).await
}

/// The transcript as text to read, in paragraphs.
#[utoipa::path(
    get,
    path = "/videos/{id}/captions.txt",
    operation_id = "get_captions_txt",
    tag = "transcripts",
    params(("id" = VideoId, Path, description = "The video.")),
    responses(
        (status = 200, content_type = "text/plain", body = String),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn get_captions_txt(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(video_id): ResourceId<VideoId>,
) -> Result<Response> {
    download(&app, &caller, video_id, Form::Text).await
}

/// The transcript as JSON that `PUT /videos/{id}/captions` reads back.
#[utoipa::path(
    get,
    path = "/videos/{id}/captions.json",
    operation_id = "get_captions_json",
    tag = "transcripts",
    params(("id" = VideoId, Path, description = "The video.")),
    responses(
        (status = 200, content_type = "application/json", body = serde_json::Value),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn get_captions_json(
    State(app): State<App>,
    May(caller, _): May<ReadContent>,
    ResourceId(video_id): ResourceId<VideoId>,
) -> Result<Response> {
    download(&app, &caller, video_id, Form::Json).await
}

/// The transcript that a caption file became, and what of the file was left out or guessed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AcceptedCaptions {
    #[serde(flatten)]
    transcript: TranscriptBody,
    /// What was left out or guessed.
    warnings: Vec<CaptionWarning>,
}

/// Something in a caption file that was left out or guessed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct CaptionWarning {
    /// The line, counted from 1.
    line: usize,
    /// What was done and why.
    reason: String,
}

impl From<Warning> for CaptionWarning {
    fn from(warning: Warning) -> Self {
        Self { line: warning.line, reason: warning.reason }
    }
}

/// Replaces the transcript by a caption file: WebVTT, SubRip or Memoreel JSON, found out from its content.
///
/// Speech recognition that waits or runs is called off and never replaces the captions later.
#[utoipa::path(
    put,
    path = "/videos/{id}/captions",
    operation_id = "put_captions",
    tag = "transcripts",
    params(("id" = VideoId, Path, description = "The video.")),
    request_body(content((String = "text/vtt"), (String = "application/x-subrip")), description = "The file, at most 10 MiB, 50,000 cues and 400,000 words."),
    responses(
        (status = 200, body = AcceptedCaptions),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 408, body = ProblemBody, description = "`body_too_slow`"),
        (status = 409, body = ProblemBody, description = "`replacement_pending`"),
        (status = 413, body = ProblemBody),
        (status = 422, body = ProblemBody, description = "`captions_invalid`, with the line and the reason."),
        (status = 429, body = ProblemBody, description = "`organization_busy` or `rate_limited`"),
        (status = 503, body = ProblemBody, description = "`server_busy`"),
    )
)]
pub(crate) async fn put_captions(
    State(app): State<App>,
    May(caller, _): May<EditContent>,
    ResourceId(video_id): ResourceId<VideoId>,
    body: Body,
) -> Result<Response> {
    let mut tx = app.db.tenant(&caller).await?;
    store::video_for_transcript(&mut tx, video_id).await?.ok_or(TranscriptsError::VideoMissing)?;
    drop(tx);
    let place = app.limits.imports.enter(&caller.organization_id.to_string()).await?;
    // A place is held meanwhile.
    let file = in_memory(body, CAPTION_BYTES_MAX, || TranscriptsError::CaptionsTooLarge.into());
    let bytes = arrive_within(FILE_TIME_MAX, file).await??;
    let (place, read) = tokio::task::spawn_blocking(move || {
        let read = parse(&bytes);
        // It goes on when the client has hung up, and holds its place until it has ended.
        (place, read.map(|parsed| (transcript_from_captions(parsed.captions), parsed.warnings)))
    })
    .await
    .map_err(TranscriptsError::Interrupted)?;
    let (new, warnings) = read.map_err(TranscriptsError::CaptionsInvalid)?;
    let room = room_for_words(&app, &caller).await?;

    let now = app.clock.now();
    let mut tx = app.db.tenant(&caller).await?;
    store::video_for_transcript(&mut tx, video_id).await?.ok_or(TranscriptsError::VideoMissing)?;
    if store::awaits_file(&mut tx, video_id).await? {
        return Err(TranscriptsError::FileAwaited.into());
    }
    // The transcript before the task's row, as at the end of a run.
    store::replace_transcript(&mut tx, video_id, &new, now).await?;
    drop(new);
    cancel_tasks(&mut tx, video_id.uuid(), &[Transcribe::KIND], now).await?;
    app.events.emit(&mut tx, &Event::TranscriptReady { video_id }).await?;
    let transcript =
        store::transcript_with_words(&mut tx, video_id).await?.ok_or(TranscriptsError::TranscriptMissing)?;
    tx.commit().await?;
    let accepted = AcceptedCaptions {
        transcript: TranscriptBody::completed(transcript),
        warnings: warnings.into_iter().map(CaptionWarning::from).collect(),
    };
    let answer = answer(&app, &accepted, room);
    drop(place);
    answer
}
