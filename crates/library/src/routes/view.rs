//! From rows to what the API shows: three statements for a page of any size.

use crate::{
    model::{CaptionTrack, PlaybackView, Video, VideoDetail, VideoError},
    progress::{Medium, Progress, progress},
    store::VideoRow,
};
use memoreel_assets::{Playback, playback_of};
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
    let (stages, playback) = surroundings(app, tx, &rows).await?;
    Ok(rows
        .into_iter()
        .map(|row| video(&row, &progress_of(&row, &stages), playback_for(&row, &playback)))
        .collect())
}

pub(super) async fn detail(app: &App, tx: &mut TenantTx, row: VideoRow) -> Result<VideoDetail, sqlx::Error> {
    let rows = [row];
    let (stages, playback) = surroundings(app, tx, &rows).await?;
    let [row] = rows;
    let progress = progress_of(&row, &stages);
    let addresses = playback_for(&row, &playback);
    Ok(VideoDetail {
        video: video(&row, &progress, addresses),
        playback: PlaybackView {
            hls_url: addresses.and_then(|found| found.hls_url.clone()),
            file_url: addresses.and_then(|found| found.file_url.clone()),
            poster_url: addresses.and_then(|found| found.poster_url.clone()),
            storyboard_url: addresses.and_then(|found| found.storyboard_url.clone()),
            waveform_url: addresses.and_then(|found| found.waveform_url.clone()),
            download_url: addresses.and_then(|found| found.download_url.clone()),
            captions: row
                .caption_language
                .as_deref()
                .map(|language| caption_track(&row, language))
                .into_iter()
                .collect(),
            playable_after_ms: row.playable_at.map(|at| (at - row.created_at).num_milliseconds()),
        },
        stages: progress.stages,
    })
}

type Surroundings = (HashMap<Uuid, Vec<TaskStage>>, HashMap<memoreel_kernel::AssetId, Playback>);

async fn surroundings(app: &App, tx: &mut TenantTx, rows: &[VideoRow]) -> Result<Surroundings, sqlx::Error> {
    let video_ids: Vec<Uuid> = rows.iter().map(|row| row.id.uuid()).collect();
    let asset_ids: Vec<_> = rows.iter().filter_map(|row| row.asset_id).collect();
    let stages = stages_of(tx, &video_ids).await?;
    let playback = playback_of(tx, &app.signer, &asset_ids, app.clock.now()).await?;
    Ok((stages, playback))
}

fn progress_of(row: &VideoRow, stages: &HashMap<Uuid, Vec<TaskStage>>) -> Progress {
    let tasks = stages.get(&row.id.uuid()).map_or(&[][..], Vec::as_slice);
    progress(tasks, medium_of(row), matches!(row.status.as_str(), "completed" | "failed"))
}

fn medium_of(row: &VideoRow) -> Medium {
    match (row.asset_id, row.kind.as_deref()) {
        (None, _) => Medium::Text,
        (Some(_), Some("audio")) => Medium::Sound,
        (Some(_), _) => Medium::Film,
    }
}

fn playback_for<'a>(
    row: &VideoRow,
    playback: &'a HashMap<memoreel_kernel::AssetId, Playback>,
) -> Option<&'a Playback> {
    row.asset_id.and_then(|asset_id| playback.get(&asset_id))
}

fn video(row: &VideoRow, progress: &Progress, playback: Option<&Playback>) -> Video {
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
        poster_url: playback.and_then(|found| found.thumbnail_url.clone()),
        storyboard_url: playback.and_then(|found| found.storyboard_url.clone()),
        speakers: row.speakers(),
        filename: row.original_filename.clone().unwrap_or_default(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn caption_track(row: &VideoRow, language: &str) -> CaptionTrack {
    let label = match language {
        "en" => "English",
        "und" => "Captions",
        other => other,
    };
    CaptionTrack {
        language: language.to_owned(),
        label: label.to_owned(),
        url: format!("/api/v1/videos/{}/captions.vtt", row.id),
    }
}
