//! From rows to what the API shows: two statements at most for a page of any size.

use crate::{
    model::{CaptionTrack, PlaybackView, Video, VideoDetail, VideoError},
    progress::{Medium, Progress, progress},
    store::VideoRow,
};
use memoreel_assets::{Playback, Shown};
use memoreel_db::TenantTx;
use memoreel_tasks::{TaskStage, stages_of};
use memoreel_web::App;
use std::collections::HashMap;
use uuid::Uuid;

pub(super) async fn videos(
    app: &App,
    tx: &mut TenantTx,
    rows: Vec<VideoRow>,
) -> Result<Vec<Video>, sqlx::Error> {
    // Of what is done, a list tells no steps.
    let open: Vec<Uuid> = rows.iter().filter(|row| !is_settled(row)).map(|row| row.id.uuid()).collect();
    let stages = if open.is_empty() { HashMap::new() } else { stages_of(tx, &open).await? };
    Ok(rows
        .iter()
        .map(|row| video(app, row, &progress_of(row, &stages), row.playback(tx.organization_id()).as_ref()))
        .collect())
}

pub(super) async fn detail(app: &App, tx: &mut TenantTx, row: VideoRow) -> Result<VideoDetail, sqlx::Error> {
    let stages = stages_of(tx, &[row.id.uuid()]).await?;
    let progress = progress_of(&row, &stages);
    let playback = row.playback(tx.organization_id());
    let url = |shown| playback.as_ref()?.url(shown, &app.signer, app.clock.now());
    Ok(VideoDetail {
        video: video(app, &row, &progress, playback.as_ref()),
        playback: PlaybackView {
            hls_url: url(Shown::Hls),
            dash_url: url(Shown::Dash),
            sound_url: url(Shown::Sound),
            file_url: url(Shown::File),
            poster_url: url(Shown::Poster),
            frame_url_template: url(Shown::Frames),
            storyboard_url: url(Shown::Storyboard),
            waveform_url: url(Shown::Waveform),
            download_url: url(Shown::Download),
            captions: row
                .caption_language
                .as_deref()
                .map(|language| caption_track(&row, language, url(Shown::Captions)))
                .into_iter()
                .collect(),
            playable_after_ms: row.playable_at.map(|at| (at - row.created_at).num_milliseconds()),
        },
        stages: progress.stages,
    })
}

fn is_settled(row: &VideoRow) -> bool {
    matches!(row.status.as_str(), "completed" | "failed")
}

fn progress_of(row: &VideoRow, stages: &HashMap<Uuid, Vec<TaskStage>>) -> Progress {
    let tasks = stages.get(&row.id.uuid()).map_or(&[][..], Vec::as_slice);
    progress(tasks, medium_of(row), is_settled(row))
}

fn medium_of(row: &VideoRow) -> Medium {
    match (row.asset_id, row.kind.as_deref()) {
        (None, _) => Medium::Text,
        (Some(_), Some("audio")) => Medium::Sound,
        (Some(_), _) => Medium::Film,
    }
}

fn video(app: &App, row: &VideoRow, progress: &Progress, playback: Option<&Playback>) -> Video {
    let url = |shown| playback?.url(shown, &app.signer, app.clock.now());
    Video {
        id: row.id,
        title: row.title.clone(),
        description: row.description.clone(),
        channel_id: row.channel_id,
        author: row.author(),
        visibility: row.visibility(),
        source: row.source.clone(),
        status: row.status.clone(),
        stage: progress.stage.clone(),
        progress: progress.percent,
        error: row
            .error_code
            .clone()
            .zip(row.error_message.clone())
            .map(|(code, message)| VideoError { code, message }),
        playable: playback.is_some_and(Playback::is_playable),
        kind: medium_of(row).as_str().to_owned(),
        duration_ms: row.duration_seconds.map(|seconds| (seconds * 1000.0).round() as i64),
        width: row.width,
        height: row.height,
        size_bytes: row.byte_size,
        poster_url: url(Shown::Thumbnail),
        storyboard_url: url(Shown::Storyboard),
        speakers: row.speakers(),
        filename: row.original_filename.clone().unwrap_or_default(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn caption_track(row: &VideoRow, language: &str, signed_url: Option<String>) -> CaptionTrack {
    let label = match language {
        "en" => "English",
        "und" => "Captions",
        other => other,
    };
    CaptionTrack {
        language: language.to_owned(),
        label: label.to_owned(),
        url: format!("/api/v1/videos/{}/captions.vtt", row.id),
        signed_url,
    }
}
