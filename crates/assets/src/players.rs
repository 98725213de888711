//! What players ask for and nobody stored: manifests with captions in them, captions, one track of what holds two, and stills of any
//! second.
//!
//! All of it is made of what is published as HLS, and of captions, which a slice above this one reads ([`ReadCaptions`]). Nothing but
//! stills is kept; these lie beside the poster and go with it.

use crate::{AssetsError, jobs::StepFolder, keys::Recording, store};
use async_trait::async_trait;
use axum::body::Bytes;
use futures::StreamExt;
use memoreel_blob::{BlobError, BlobKey, Grant, organization_of};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Caller, OrganizationId};
use memoreel_media::{
    Control, Ffmpeg, Limits, Listed, MediaError, OneTrack, Storyboard, Timeline, captions_playlist,
    dash_manifest, header_of_track, listed_variants, master_with_captions, master_with_sound,
    segment_of_track, sound_playlist,
};
use memoreel_web::{App, Permit, Problem};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{io::AsyncWriteExt, sync::OnceCell};

const MASTER: &str = "master.m3u8";
const MEDIA: &str = "media.m3u8";
const INIT: &str = "init.mp4";
const SOUND: &str = "sound.m3u8";
const CAPTIONS: &str = "captions.vtt";
const CAPTIONS_PLAYLIST: &str = "captions.m3u8";
const STORYBOARD_PLAYLIST: &str = "storyboard.m3u8";
/// Beside the manifests, where the sheets of the storyboard seem to lie.
const STORYBOARD: &str = "storyboard";
/// A day in two-second pieces is 43,200 segments of some forty bytes each.
const PLAYLIST_BYTES_MAX: u64 = 16 << 20;
/// A segment of six seconds in a heavy recording that was packaged as it is.
const SEGMENT_BYTES_MAX: u64 = 128 << 20;
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

/// Reads the captions of a recording.
#[async_trait]
pub trait ReadCaptions: Send + Sync {
    /// Their language (BCP 47), if there are any; `und` where it is not known.
    async fn language(&self, tx: &mut TenantTx, asset_id: AssetId) -> Result<Option<String>, sqlx::Error>;

    /// The captions as WebVTT, if there are any.
    async fn webvtt(&self, tx: &mut TenantTx, asset_id: AssetId) -> Result<Option<String>, sqlx::Error>;
}

/// Makes what players ask for. Cheap to clone.
#[derive(Clone)]
pub struct Players {
    captions: Arc<dyn ReadCaptions>,
    /// Looked for when something is cut for the first time: whoever only describes the API needs none.
    ffmpeg: Arc<OnceCell<Ffmpeg>>,
}

impl std::fmt::Debug for Players {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Players")
    }
}

/// Something at a key at which nothing is stored, or not before it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MadeForPlayers {
    /// Written anew each time.
    Text(PlayerText),
    /// Taken out of a segment each time.
    Track(TrackFile),
    /// Made once.
    Frame(Frame),
    /// Stored elsewhere: players look for what manifests name beside them, and an address opens nothing else.
    Alias(BlobKey),
}

/// A manifest, or captions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlayerText {
    recording: Recording,
    kind: TextKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextKind {
    Master,
    Manifest,
    CaptionsPlaylist,
    Captions,
    Sound,
    Storyboard,
}

/// One track of a header or a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrackFile {
    /// The folder of its version.
    variant: BlobKey,
    file: String,
    track: OneTrack,
}

/// A still of one second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    recording: Recording,
    second: u32,
    is_small: bool,
}

impl MadeForPlayers {
    /// What is meant by a key that `grant` opens.
    pub(crate) fn at(grant: &Grant, key: &BlobKey) -> Option<Self> {
        let (recording, below) = Recording::of(grant.organization_id, key)?;
        let text = |kind| Some(Self::Text(PlayerText { recording, kind }));
        match below {
            "hls/master.m3u8" => text(TextKind::Master),
            "hls/manifest.mpd" => text(TextKind::Manifest),
            "hls/captions.m3u8" => text(TextKind::CaptionsPlaylist),
            "hls/captions.vtt" => text(TextKind::Captions),
            "hls/sound.m3u8" => text(TextKind::Sound),
            "hls/storyboard.m3u8" => text(TextKind::Storyboard),
            below if below.starts_with("hls/storyboard/") => {
                let sheet = below.strip_prefix("hls/storyboard/").filter(|file| is_sheet(file))?;
                Some(Self::Alias(recording.preview().join(sheet).ok()?))
            }
            below if below.starts_with("hls/") => TrackFile::at(key).map(Self::Track),
            other => {
                let name = other.strip_prefix("preview/frames/")?.strip_suffix(".jpg")?;
                let (digits, is_small) = match name.strip_suffix("-small") {
                    Some(digits) => (digits, true),
                    None => (name, false),
                };
                let second: u32 = digits.parse().ok()?;
                // In one spelling, so that one second is not kept as `7`, `07` and `+7`.
                (second.to_string() == digits).then_some(Self::Frame(Frame { recording, second, is_small }))
            }
        }
    }
}

/// Whether a file is one that the storyboard consists of.
fn is_sheet(file: &str) -> bool {
    let number = file.strip_prefix("sprite-").and_then(|rest| rest.strip_suffix(".jpg"));
    number.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
}

impl TrackFile {
    /// `…/hls/720p/sound/segment-00000.m4s`: there is no such folder.
    fn at(key: &BlobKey) -> Option<Self> {
        let (folder, file) = key.as_str().rsplit_once('/')?;
        let (variant, track) = folder.rsplit_once('/')?;
        let track = match track {
            "picture" => OneTrack::Picture,
            "sound" => OneTrack::Sound,
            _ => return None,
        };
        let is_media = file == INIT || (file.starts_with("segment-") && file.ends_with(".m4s"));
        let is_variant = variant.rsplit_once('/').is_some_and(|(folder, _)| folder.ends_with("/hls"));
        (is_media && is_variant).then_some(())?;
        Some(Self { variant: variant.parse().ok()?, file: file.to_owned(), track })
    }
}

impl Players {
    /// With what reads captions.
    #[must_use]
    pub fn new(captions: Arc<dyn ReadCaptions>) -> Self {
        Self { captions, ffmpeg: Arc::default() }
    }

    /// A manifest, or captions.
    pub(crate) async fn text(&self, app: &App, wanted: &PlayerText) -> Result<String, Problem> {
        let published = Published { app, folder: wanted.recording.hls() };
        match wanted.kind {
            TextKind::Master => {
                let master = master_with_sound(&published.read(MASTER).await?, SOUND);
                let Beside { language, storyboard } = self.beside(app, wanted).await;
                let master = match language {
                    Some(language) => master_with_captions(&master, &language, CAPTIONS_PLAYLIST),
                    None => master,
                };
                Ok(match storyboard {
                    Some(storyboard) => storyboard.beside(&master, STORYBOARD_PLAYLIST),
                    None => master,
                })
            }
            TextKind::Manifest => {
                let variants = published.variants().await?;
                let mut timed = Vec::with_capacity(variants.len());
                for variant in variants {
                    let timeline = published.timeline(&variant).await?;
                    timed.push((variant, timeline));
                }
                let Beside { language, storyboard } = self.beside(app, wanted).await;
                let captions = language.as_deref().map(|language| (language, CAPTIONS));
                Ok(dash_manifest(
                    &timed,
                    captions,
                    storyboard.as_ref().map(|storyboard| (storyboard, STORYBOARD)),
                ))
            }
            TextKind::CaptionsPlaylist => {
                let variants = published.variants().await?;
                let first = variants.first().ok_or_else(|| Problem::not_found("file"))?;
                Ok(captions_playlist(published.timeline(first).await?.duration_us(), CAPTIONS))
            }
            TextKind::Sound => {
                let variants = published.variants().await?;
                // All are cut at the same times, or are the only one.
                let first = variants.first().ok_or_else(|| Problem::not_found("file"))?;
                let timeline = published.timeline(first).await?;
                sound_playlist(&variants, &timeline).ok_or_else(|| Problem::not_found("file"))
            }
            TextKind::Storyboard => {
                let not_found = || Problem::not_found("file");
                let storyboard = self.beside(app, wanted).await.storyboard.ok_or_else(not_found)?;
                let variants = published.variants().await?;
                let first = variants.first().ok_or_else(not_found)?;
                Ok(storyboard.playlist(published.timeline(first).await?.duration_us(), STORYBOARD))
            }
            TextKind::Captions => {
                let mut tx = app.db.tenant(&Caller::service(wanted.recording.organization_id)).await?;
                let captions = async {
                    // They are of the file that the recording has now.
                    let version = store::version_of(&mut tx, wanted.recording.asset_id).await?;
                    if version != Some(wanted.recording.version) {
                        return Ok(None);
                    }
                    self.captions.webvtt(&mut tx, wanted.recording.asset_id).await
                };
                captions.await.map_err(AssetsError::from)?.ok_or_else(|| Problem::not_found("file"))
            }
        }
    }

    /// What manifests name beside the versions. If it cannot be found out, the recording is played without it.
    async fn beside(&self, app: &App, wanted: &PlayerText) -> Beside {
        let asset_id = wanted.recording.asset_id;
        let read = async {
            let mut tx = app.db.tenant(&Caller::service(wanted.recording.organization_id)).await?;
            let language = self.captions.language(&mut tx, asset_id).await?;
            let found = store::find_rendition(&mut tx, asset_id, "storyboard").await?;
            let storyboard = found.and_then(|found| serde_json::from_value(found.metadata).ok());
            Ok::<_, AssetsError>(Beside { language, storyboard })
        };
        read.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a manifest leaves out captions and storyboard");
            Beside::default()
        })
    }

    /// One track of a header or a segment, with what tells it from another version of the same.
    pub(crate) async fn track(&self, app: &App, wanted: &TrackFile) -> Result<(Bytes, String), Problem> {
        let not_found = || Problem::not_found("file");
        let source = wanted.variant.join(&wanted.file)?;
        let meta = app.blobs.head(&source).await?.ok_or_else(not_found)?;
        if meta.size_bytes > SEGMENT_BYTES_MAX {
            return Err(part_too_large());
        }
        let whose = organization_of(&source).ok_or_else(not_found)?.to_string();
        let kibibytes = |bytes: u64| bytes.div_ceil(1 << 10);
        // What was read, and what is written, while both are there; then what is written, until it is sent.
        let mut room = app.limits.tracks.enter_with(&whose, kibibytes(2 * meta.size_bytes)).await?;
        let init = app.blobs.get_bytes(&wanted.variant.join(INIT)?, PLAYLIST_BYTES_MAX).await?;
        let alone = if wanted.file == INIT {
            header_of_track(&init, wanted.track)
        } else {
            let segment = app.blobs.get_bytes(&source, SEGMENT_BYTES_MAX).await?;
            segment_of_track(&init, &segment, wanted.track)
        };
        let bytes = alone.ok_or_else(not_found)?;
        room.shrink_to(kibibytes(bytes.capacity() as u64));
        let version = meta.etag.unwrap_or_else(|| meta.modified_at.to_rfc3339());
        Ok((Bytes::from_owner(Held { bytes, _room: room }), version))
    }

    /// Makes the still, and keeps it at `key`.
    pub(crate) async fn make_frame(&self, app: &App, frame: &Frame, key: &BlobKey) -> Result<(), Problem> {
        let _place = app.limits.cuts.enter(&frame.recording.organization_id.to_string()).await?;
        // Others may have waited for the same.
        if app.blobs.head(key).await?.is_some() {
            return Ok(());
        }
        let published = Published { app, folder: frame.recording.hls() };
        let size = usize::from(frame.is_small);
        let mut pictures = published.variants().await?;
        pictures.retain(|variant| variant.size.is_some());
        pictures.sort_by_key(|variant| (variant.short_side(), variant.is_av1()));
        let large_enough = pictures.iter().find(|variant| variant.short_side() >= FRAME_SOURCES[size]);
        let variant = large_enough.or(pictures.last()).ok_or_else(|| Problem::not_found("still"))?;
        let timeline = published.timeline(variant).await?;
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
        app.blobs.put_file(key, &folder.path().join(still)).await?;
        // What was deleted or replaced meanwhile has taken its files along.
        let mut tx = app.db.tenant(&Caller::service(frame.recording.organization_id)).await?;
        let version =
            store::version_of(&mut tx, frame.recording.asset_id).await.map_err(AssetsError::from)?;
        drop(tx);
        if version != Some(frame.recording.version) {
            app.blobs.delete(key).await?;
            return Err(Problem::not_found("still"));
        }
        Ok(())
    }

    /// Finds out what a part of a recording is cut out of, which takes no cutting.
    pub(crate) async fn plan(&self, app: &App, span: &Span) -> Result<PlannedCut, Problem> {
        let not_found = || Problem::not_found("clip");
        let mut tx = app.db.tenant(&Caller::service(span.organization_id)).await?;
        let version = store::version_of(&mut tx, span.asset_id).await.map_err(AssetsError::from)?;
        // What was given away by whoever could see it does not outlast that.
        if !span.is_given_in_private
            && store::is_private(&mut tx, span.asset_id).await.map_err(AssetsError::from)?
        {
            return Err(not_found());
        }
        drop(tx);
        let version = version.ok_or_else(not_found)?;
        let recording = Recording { organization_id: span.organization_id, asset_id: span.asset_id, version };
        let published = Published { app, folder: recording.hls() };
        let variants = published.variants().await?;
        let lasts_ms = span.to_ms - span.from_ms;
        let is_light = |variant: &&Listed| {
            u128::from(variant.bandwidth) * u128::from(lasts_ms) / 8000 <= u128::from(span.bytes_max)
        };
        // A clip is a file that is passed on: it is of what every player knows.
        let best = variants.iter().filter(|variant| !variant.is_av1()).rfind(is_light).or(variants.first());
        let variant = best.ok_or_else(not_found)?;
        let timeline = published.timeline(variant).await?;
        let (files, begins_us) = timeline.between(span.from_ms * 1000, span.to_ms * 1000);
        let first = files.first().ok_or_else(not_found)?;
        let first = recording.hls().join(&format!("{}/{first}", variant.name))?;
        let first = app.blobs.head(&first).await?.ok_or_else(not_found)?;
        let first = first.etag.unwrap_or_else(|| first.modified_at.to_rfc3339());
        let made_of = format!("{version}-{}-{begins_us}-{}-{first}", variant.name, files.len());
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

/// What there is of a recording beside its versions.
#[derive(Default)]
struct Beside {
    /// Of its captions.
    language: Option<String>,
    storyboard: Option<Storyboard>,
}

/// Bytes, and the room that they take.
struct Held {
    bytes: Vec<u8>,
    _room: Permit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

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

/// What is published of an asset.
struct Published<'a> {
    app: &'a App,
    folder: BlobKey,
}

impl Published<'_> {
    async fn read(&self, path: &str) -> Result<String, Problem> {
        let bytes = self.app.blobs.get_bytes(&self.folder.join(path)?, PLAYLIST_BYTES_MAX).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The versions, lightest first, those of AV1 last.
    async fn variants(&self) -> Result<Vec<Listed>, Problem> {
        Ok(listed_variants(&self.read(MASTER).await?))
    }

    async fn timeline(&self, variant: &Listed) -> Result<Timeline, Problem> {
        Ok(Timeline::read(&self.read(&format!("{}/{MEDIA}", variant.name)).await?))
    }

    /// Writes the header and these segments into one file.
    async fn fetch(&self, variant: &str, files: &[&str], into: &Path, bytes_max: u64) -> Result<(), Problem> {
        let mut output = tokio::fs::File::create(into).await.map_err(BlobError::from)?;
        let mut written = 0;
        for file in std::iter::once(&INIT).chain(files) {
            let key = self.folder.join(&format!("{variant}/{file}"))?;
            let read = self.app.blobs.get(&key, None).await?;
            written += read.meta.size_bytes;
            if written > bytes_max {
                return Err(part_too_large());
            }
            let mut bytes = read.into_bytes();
            while let Some(piece) = bytes.next().await {
                output.write_all(&piece.map_err(BlobError::from)?).await.map_err(BlobError::from)?;
            }
        }
        Ok(output.flush().await.map_err(BlobError::from)?)
    }
}

/// The largest size of the same proportions, in even numbers, that fits and enlarges nothing.
fn fitted((width, height): (u32, u32), (width_max, height_max): (u32, u32)) -> (u32, u32) {
    let (wide, high) = (f64::from(width.max(1)), f64::from(height.max(1)));
    let scale = (f64::from(width_max) / wide).min(f64::from(height_max) / high).min(1.0);
    let even = |side: f64| (((side * scale / 2.0).round() as u32) * 2).max(2);
    (even(wide), even(high))
}

fn part_too_large() -> Problem {
    Problem::invalid("part_too_large", "This part of the recording is too large to be worked on.")
        .hint("Ask for a shorter or smaller part, or download the whole recording.")
}

fn cut_problem(error: MediaError) -> Problem {
    tracing::warn!(%error, detail = error.detail(), "a part of a recording could not be cut");
    if matches!(error, MediaError::ToolMissing { .. }) {
        return Problem::unavailable("cuts_unavailable", "Recordings cannot be cut at the moment.")
            .hint("Whoever runs this server finds what is missing with `memoreel doctor`.");
    }
    if matches!(
        error,
        MediaError::TooLarge { .. } | MediaError::OutputTooLarge { .. } | MediaError::OutOfMemory { .. }
    ) {
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
    use crate::keys;
    use memoreel_blob::Purpose;
    use memoreel_kernel::Timestamp;

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
    fn what_is_made_has_one_key_each() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let (organization_id, asset_id) = (OrganizationId::new(now), AssetId::new(now));
        let grant = Grant {
            organization_id,
            purpose: Purpose::Playback,
            prefix: keys::asset(organization_id, asset_id),
            expires_at: now,
            download_name: None,
        };
        let at = |path: &str| MadeForPlayers::at(&grant, &grant.resolve(path).unwrap());
        let frame = |second, is_small| {
            let recording = Recording { organization_id, asset_id, version: 1 };
            Some(MadeForPlayers::Frame(Frame { recording, second, is_small }))
        };
        assert_eq!(at("preview/frames/7.jpg"), frame(7, false));
        assert_eq!(at("preview/frames/0-small.jpg"), frame(0, true));
        assert!(matches!(at("hls/manifest.mpd"), Some(MadeForPlayers::Text(_))));
        assert!(matches!(at("hls/720p/sound/segment-00000.m4s"), Some(MadeForPlayers::Track(_))));
        assert!(matches!(at("hls/720p/picture/init.mp4"), Some(MadeForPlayers::Track(_))));
        assert!(matches!(at("v2/hls/720p/picture/init.mp4"), Some(MadeForPlayers::Track(_))));
        let recording = Recording { organization_id, asset_id, version: 12 };
        let later = Some(MadeForPlayers::Frame(Frame { recording, second: 7, is_small: false }));
        assert_eq!(at("v12/preview/frames/7.jpg"), later);
        for path in [
            "preview/frames/07.jpg",
            "preview/frames/7.png",
            "preview/frames/99999999999.jpg",
            "preview/frames/7/8.jpg",
            "preview/poster.jpg",
            "hls/720p/media.m3u8",
            "hls/720p/segment-00000.m4s",
            "hls/sound/segment-00000.m4s",
            "hls/a/720p/sound/segment-00000.m4s",
            "hls/720p/sound/media.m3u8",
            "images/hls/manifest.mpd",
            "v1/hls/manifest.mpd",
            "v02/hls/manifest.mpd",
            "v-2/hls/manifest.mpd",
            "v2/v3/hls/manifest.mpd",
        ] {
            assert_eq!(at(path), None, "{path}");
        }
        let other = Grant { organization_id: OrganizationId::new(now), ..grant.clone() };
        assert_eq!(MadeForPlayers::at(&other, &grant.resolve("hls/manifest.mpd").unwrap()), None);
    }

    #[test]
    fn stills_keep_their_proportions() {
        assert_eq!(fitted((1920, 1080), (1280, 1280)), (1280, 720));
        assert_eq!(fitted((1080, 1920), (480, 854)), (480, 854));
        assert_eq!(fitted((320, 240), (1280, 1280)), (320, 240));
        assert_eq!(fitted((4000, 2), (480, 854)), (480, 2));
    }
}
