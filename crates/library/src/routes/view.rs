//! From rows to what the API shows: two statements at most for a page of any size.

use crate::{
    model::{CaptionTrack, PlaybackView, Video, VideoDetail, VideoError},
    progress::{Medium, Progress, progress},
    store::VideoRow,
};
use memoreel_assets::Shown;
use memoreel_db::TenantTx;
use memoreel_kernel::OrganizationId;
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
    let organization_id = tx.organization_id();
    let videos = rows.into_iter().map(|row| {
        let (stage, percent) = if is_settled(&row) {
            (None, 100)
        } else {
            let progress = progress_of(&row, &stages);
            (progress.stage, progress.percent)
        };
        video(app, organization_id, row, stage, percent)
    });
    Ok(videos.collect())
}

pub(super) async fn detail(app: &App, tx: &mut TenantTx, row: VideoRow) -> Result<VideoDetail, sqlx::Error> {
    let stages = stages_of(tx, &[row.id.uuid()]).await?;
    let progress = progress_of(&row, &stages);
    let organization_id = tx.organization_id();
    Ok(VideoDetail {
        asset_id: row.asset_id,
        file_version: row.file_version,
        playback: playback(app, organization_id, &row),
        video: video(app, organization_id, row, progress.stage, progress.percent),
        stages: progress.stages,
    })
}

fn playback(app: &App, organization_id: OrganizationId, row: &VideoRow) -> PlaybackView {
    let playback = row.playback(organization_id);
    let addresses = playback.map(|playback| playback.addresses(&app.signer, app.clock.now()));
    let url = |shown| addresses.as_ref()?.of(shown);
    let captions = row.caption_language.as_deref();
    PlaybackView {
        hls_url: url(Shown::Hls),
        dash_url: url(Shown::Dash),
        sound_url: url(Shown::Sound),
        file_url: url(Shown::File),
        poster_url: url(Shown::Poster),
        frame_url_template: url(Shown::Frames),
        storyboard_url: url(Shown::Storyboard),
        waveform_url: url(Shown::Waveform),
        waveform_image_url: url(Shown::WaveformImage),
        download_url: url(Shown::Download),
        captions: captions
            .map(|language| caption_track(row, language, url(Shown::Captions)))
            .into_iter()
            .collect(),
        // Nothing is kept of when another file came.
        playable_after_ms: row
            .playable_at
            .filter(|_| row.file_version == Some(1))
            .map(|at| (at - row.created_at).num_milliseconds()),
    }
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

fn video(
    app: &App,
    organization_id: OrganizationId,
    mut row: VideoRow,
    stage: Option<String>,
    percent: u8,
) -> Video {
    let speakers = row.take_speakers();
    let playback = row.playback(organization_id);
    let addresses = playback.map(|playback| playback.addresses(&app.signer, app.clock.now()));
    let url = |shown| addresses.as_ref()?.of(shown);
    // Texts are moved out of the row, which the addresses borrow: they come last.
    Video {
        id: row.id,
        channel_id: row.channel_id,
        author: row.author(),
        visibility: row.visibility(),
        stage,
        progress: percent,
        playable: playback.is_some_and(|playback| playback.is_playable()),
        kind: medium_of(&row).as_str().to_owned(),
        duration_ms: row.duration_seconds.map(|seconds| (seconds * 1000.0).round() as i64),
        width: row.width,
        height: row.height,
        size_bytes: row.byte_size,
        poster_url: url(Shown::Thumbnail),
        storyboard_url: url(Shown::Storyboard),
        created_at: row.created_at,
        updated_at: row.updated_at,
        title: row.title,
        description: row.description,
        source: row.source,
        status: row.status,
        error: row.error_code.zip(row.error_message).map(|(code, message)| VideoError { code, message }),
        speakers,
        filename: row.original_filename.unwrap_or_default(),
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
