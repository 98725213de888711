//! Stills and clips: what is cut out of published segments when somebody asks.

use super::{Players, published::Published, wanted::Frame};
use crate::{AssetsError, jobs::StepFolder, keys::Recording, store};
use memoreel_blob::BlobKey;
use memoreel_kernel::{AssetId, Caller, OrganizationId};
use memoreel_media::{Control, Ffmpeg, Limits, Listed, MediaError};
use memoreel_web::{App, Permit, Problem};
use std::time::Duration;

/// A still is made of one segment.
const FRAME_SOURCE_BYTES_MAX: u64 = 512 << 20;
/// How long cutting may take: people wait for it.
const CUT_TIME_MAX: Duration = Duration::from_secs(60);
const CUT_MEMORY_BYTES: u64 = 1 << 30;
const CUT_OUTPUT_BYTES_MAX: u64 = 2 << 30;
/// What stills fit into: large ones, and small ones.
const FRAME_SIDES: [(u32, u32); 2] = [(1280, 1280), (480, 854)];
/// How many pixels the shorter side of the version should have that they are made of.
const FRAME_SOURCES: [u32; 2] = [720, 360];

/// A part of a recording.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) organization_id: OrganizationId,
    pub(crate) asset_id: AssetId,
    /// Whether its author gave it away while it was theirs alone.
    pub(crate) is_given_in_private: bool,
    pub(crate) from_ms: u64,
    pub(crate) to_ms: u64,
    /// A lighter version is taken if a better one would be larger.
    pub(crate) bytes_max: u64,
}

/// What a part of a recording is cut out of.
#[derive(Debug)]
pub(crate) struct PlannedCut {
    recording: Recording,
    /// The name of the version.
    variant: String,
    /// Its segments, and when the first of them begins.
    files: Vec<String>,
    begins_us: u64,
    /// Tells one result from another.
    pub(crate) made_of: String,
}

/// A clip that was cut.
#[derive(Debug)]
pub(crate) struct Cut {
    pub(crate) folder: StepFolder,
    pub(crate) file: &'static str,
    /// Held for as long as the file takes its place on the disk.
    pub(crate) room: Permit,
}

impl Players {
    /// Makes the still, and keeps it at `key`.
    pub(crate) async fn make_frame(&self, app: &App, frame: &Frame, key: &BlobKey) -> Result<(), Problem> {
        let _place = app.limits.cuts.enter(&frame.recording.organization_id.to_string()).await?;
        // Others may have waited for the same.
        if app.blobs.head(key).await?.is_some() {
            return Ok(());
        }
        let recording = recording_now(app, frame.recording.organization_id, frame.recording.asset_id).await?;
        // Stills of all packagings of a file lie beside its poster.
        let recording = recording.filter(|now| now.version == frame.recording.version);
        let recording = recording.ok_or_else(|| Problem::not_found("still"))?;
        let published = Published { app, folder: recording.hls() };
        let size = usize::from(frame.is_small);
        let mut pictures = published.variants().await?;
        pictures.retain(|variant| variant.size.is_some());
        pictures.sort_by_key(|variant| (variant.short_side(), variant.is_av1()));
        let large_enough = pictures.iter().find(|variant| variant.short_side() >= FRAME_SOURCES[size]);
        let variant = large_enough.or(pictures.last()).ok_or_else(|| Problem::not_found("still"))?;
        let timeline = published.timeline(&variant.name).await?;
        let at_us = u64::from(frame.second) * 1_000_000;
        let (files, begins_us) = timeline.between(at_us, at_us);
        if files.is_empty() {
            return Err(Problem::not_found("still"));
        }
        let folder = StepFolder::create(&app.scratch).map_err(Problem::internal)?;
        let input = folder.path().join("input.mp4");
        published.fetch(&variant.name, &files, &input, FRAME_SOURCE_BYTES_MAX).await?;
        let ffmpeg = self.ffmpeg().await?;
        let size = fitted(variant.size.unwrap_or((1, 1)), FRAME_SIDES[size]);
        let at_ms = (at_us - begins_us) / 1000;
        let still = ffmpeg.still(&input, at_ms, size, folder.path(), &Control::default()).await;
        let still = still.map_err(cut_problem)?;
        let stored = app.blobs.put_file(key, &folder.path().join(still)).await?;
        // What was deleted or replaced meanwhile has taken its files along.
        let now = recording_now(app, recording.organization_id, recording.asset_id).await?;
        if now.is_none_or(|now| now.version != recording.version) {
            app.blobs.delete(key).await?;
            return Err(Problem::not_found("still"));
        }
        if let Err(error) = count(app, recording, frame, stored.size_bytes).await {
            // It is there, and whoever asked is shown it.
            tracing::warn!(%error, %key, "a still was stored and not counted");
        }
        Ok(())
    }

    /// Finds out what a part of a recording is cut out of, which takes no cutting.
    pub(crate) async fn plan(&self, app: &App, span: &Span) -> Result<PlannedCut, Problem> {
        let not_found = || Problem::not_found("clip");
        let mut tx = app.db.tenant(&Caller::service(span.organization_id)).await?;
        let recording = store::recording_of(&mut tx, span.asset_id).await.map_err(AssetsError::from)?;
        drop(tx);
        // What was given away by whoever could see it does not outlast that.
        let recording = recording
            .filter(|recording| span.is_given_in_private || !recording.is_private)
            .ok_or_else(not_found)?;
        let published = Published { app, folder: recording.hls() };
        let variants = published.variants().await?;
        let lasts_ms = span.to_ms - span.from_ms;
        let is_light = |variant: &&Listed| {
            u128::from(variant.bandwidth) * u128::from(lasts_ms) / 8000 <= u128::from(span.bytes_max)
        };
        // A clip is a file that is passed on: it is of what every player knows.
        let best = variants.iter().filter(|variant| !variant.is_av1()).rfind(is_light).or(variants.first());
        let variant = best.ok_or_else(not_found)?;
        let timeline = published.timeline(&variant.name).await?;
        let us = |ms: u64| ms.saturating_mul(1000);
        let (files, begins_us) = timeline.between(us(span.from_ms), us(span.to_ms));
        let first = files.first().ok_or_else(not_found)?;
        let first = recording.hls().join(&format!("{}/{first}", variant.name))?;
        let first = app.blobs.head(&first).await?.ok_or_else(not_found)?;
        let first = first.etag.unwrap_or_else(|| first.modified_at.to_rfc3339());
        let Recording { version, packaging, .. } = recording;
        let made_of = format!("{version}-{packaging}-{}-{begins_us}-{}-{first}", variant.name, files.len());
        let files = files.into_iter().map(str::to_owned).collect();
        Ok(PlannedCut { recording, variant: variant.name.clone(), files, begins_us, made_of })
    }

    /// Cuts it, into a file of the folder that is returned.
    pub(crate) async fn cut(&self, app: &App, span: &Span, planned: &PlannedCut) -> Result<Cut, Problem> {
        let whose = span.organization_id.to_string();
        // Until there is room for what was made: no more wait for that than are cut.
        let _place = app.limits.cuts.enter(&whose).await?;
        let published = Published { app, folder: planned.recording.hls() };
        let files: Vec<&str> = planned.files.iter().map(String::as_str).collect();
        let folder = StepFolder::create(&app.scratch).map_err(Problem::internal)?;
        let input = folder.path().join("input.mp4");
        published.fetch(&planned.variant, &files, &input, 2 * span.bytes_max).await?;
        let from_ms = span.from_ms.saturating_sub(planned.begins_us / 1000);
        let lasts = Duration::from_millis(span.to_ms - span.from_ms);
        let ffmpeg = self.ffmpeg().await?;
        let file = ffmpeg.clip(&input, from_ms, lasts, folder.path(), &Control::default()).await;
        let file = file.map_err(cut_problem)?;
        let written = tokio::fs::metadata(folder.path().join(file)).await.map_err(Problem::internal)?;
        let room = app.limits.clips.enter_with(&whose, written.len().div_ceil(1 << 20)).await?;
        Ok(Cut { folder, file, room })
    }

    async fn ffmpeg(&self) -> Result<&Ffmpeg, Problem> {
        let limits = Limits {
            wall_time: CUT_TIME_MAX,
            slowness_max: 0,
            memory_bytes: CUT_MEMORY_BYTES,
            output_bytes_max: CUT_OUTPUT_BYTES_MAX,
            threads: 1,
            nice: 0,
            ..Limits::default()
        };
        self.ffmpeg.get_or_try_init(|| Ffmpeg::locate(limits)).await.map_err(cut_problem)
    }
}

/// The recording as it is now, if it is there.
async fn recording_now(
    app: &App,
    organization_id: OrganizationId,
    asset_id: AssetId,
) -> Result<Option<Recording>, Problem> {
    let mut tx = app.db.tenant(&Caller::service(organization_id)).await?;
    Ok(store::recording_of(&mut tx, asset_id).await.map_err(AssetsError::from)?)
}

async fn count(app: &App, recording: Recording, frame: &Frame, size_bytes: u64) -> Result<(), AssetsError> {
    let mut tx = app.db.tenant(&Caller::service(recording.organization_id)).await?;
    store::count_still(&mut tx, recording, frame.number(), size_bytes).await?;
    Ok(tx.commit().await?)
}

/// The largest size of the same proportions, in even numbers, that fits and enlarges nothing.
fn fitted((width, height): (u32, u32), (width_max, height_max): (u32, u32)) -> (u32, u32) {
    let (wide, high) = (f64::from(width.max(1)), f64::from(height.max(1)));
    let scale = (f64::from(width_max) / wide).min(f64::from(height_max) / high).min(1.0);
    let even = |side: f64| (((side * scale / 2.0).round() as u32) * 2).max(2);
    (even(wide), even(high))
}

pub(super) fn part_too_large() -> Problem {
    Problem::invalid("part_too_large", "This part of the recording is too large to be worked on.")
        .hint("Ask for a shorter or smaller part, or download the whole recording.")
}

fn cut_problem(error: MediaError) -> Problem {
    tracing::warn!(%error, detail = error.detail(), "a part of a recording could not be cut");
    if matches!(error, MediaError::ToolMissing { .. }) {
        return Problem::unavailable("cuts_unavailable", "Recordings cannot be cut at the moment.")
            .hint("Whoever runs this server finds what is missing with `memoreel doctor`.");
    }
    if error.code() == "media_too_large" {
        return part_too_large();
    }
    if error.is_permanent() {
        return Problem::invalid(
            "cut_failed",
            "This part of the recording cannot be cut: the recording is damaged there.",
        );
    }
    Problem::unavailable("cut_failed", "This part of the recording could not be cut. Try again later.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_be_cut_is_not_to_be_asked_for_again() {
        let damaged = cut_problem(MediaError::NothingPlayable);
        assert_eq!((damaged.status().as_u16(), damaged.code()), (422, "cut_failed"));
        let large = cut_problem(MediaError::OutOfMemory { limit_bytes: 1 << 30 });
        assert_eq!((large.status().as_u16(), large.code()), (422, "part_too_large"));
        let stopped = cut_problem(MediaError::DiskFull);
        assert_eq!((stopped.status().as_u16(), stopped.code()), (503, "cut_failed"));
    }

    #[test]
    fn stills_keep_their_proportions() {
        assert_eq!(fitted((1920, 1080), (1280, 1280)), (1280, 720));
        assert_eq!(fitted((1080, 1920), (480, 854)), (480, 854));
        assert_eq!(fitted((320, 240), (1280, 1280)), (320, 240));
        assert_eq!(fitted((4000, 2), (480, 854)), (480, 2));
    }
}
