//! What players ask for and nobody stored: manifests with what lies beside the versions in them, captions, one track of what holds two,
//! pictures of the sound, and stills of any second.
//!
//! All of it is made of what is published as HLS, of subtitles that were added, and of captions, which a slice above this one reads
//! ([`ReadCaptions`]). Nothing but stills is kept; these lie beside the poster and go with it.

mod cuts;
mod published;
mod wanted;

pub(crate) use cuts::{Cut, Span};
pub(crate) use wanted::MadeForPlayers;

use crate::{AssetsError, store};
use async_trait::async_trait;
use axum::body::Bytes;
use cuts::part_too_large;
use memoreel_blob::{BlobKey, organization_of};
use memoreel_db::TenantTx;
use memoreel_kernel::{AssetId, Caller};
use memoreel_media::{
    Beside, Ffmpeg, NamedTrack, TrackKind,
    beside::{CAPTIONS, STORYBOARD},
    dash_manifest, header_of_track, master_for_players, segment_of_track, sound_playlist,
};
use memoreel_web::{App, Permit, Problem};
use published::{PLAYLIST_BYTES_MAX, Published};
use std::sync::Arc;
use tokio::sync::OnceCell;
use wanted::{INIT, MASTER, PlayerText, TextKind, TrackFile};

/// A segment of six seconds in a heavy recording that was packaged as it is.
const SEGMENT_BYTES_MAX: u64 = 128 << 20;

/// Subtitles that somebody sent, as players have them.
#[derive(Debug)]
pub struct ReadSubtitles {
    /// What is in the file, as WebVTT.
    pub webvtt: String,
    /// What was left out of it, or guessed.
    pub warnings: Vec<FileLine>,
}

/// What is wrong with a line of a file.
#[derive(Debug)]
pub struct FileLine {
    /// Counted from 1.
    pub line: usize,
    /// A clause without a full stop.
    pub reason: String,
}

/// Reads the captions of a recording, and files of such.
#[async_trait]
pub trait ReadCaptions: Send + Sync {
    /// Their language (BCP 47), if there are any; `und` where it is not known.
    async fn language(&self, tx: &mut TenantTx, asset_id: AssetId) -> Result<Option<String>, sqlx::Error>;

    /// The captions as WebVTT, if there are any.
    async fn webvtt(&self, tx: &mut TenantTx, asset_id: AssetId) -> Result<Option<String>, sqlx::Error>;

    /// Reads a file that anybody may have written, which says its text in this language (BCP 47). It takes as long as it takes: others are not
    /// to wait on the same thread.
    ///
    /// # Errors
    /// The line that makes it no such file.
    fn read_file(&self, bytes: &[u8], language: &str) -> Result<ReadSubtitles, FileLine>;
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

impl Players {
    /// With what reads captions.
    #[must_use]
    pub fn new(captions: Arc<dyn ReadCaptions>) -> Self {
        Self { captions, ffmpeg: Arc::default() }
    }

    /// A manifest, or captions.
    pub(crate) async fn text(&self, app: &App, wanted: &PlayerText) -> Result<String, Problem> {
        let published = Published { app, folder: wanted.recording.hls() };
        match &wanted.kind {
            TextKind::Master => {
                let master = published.read(MASTER).await?;
                Ok(master_for_players(&master, &self.beside(app, wanted).await))
            }
            TextKind::Manifest => {
                let variants = published.variants().await?;
                let mut timed = Vec::with_capacity(variants.len());
                for variant in variants {
                    let timeline = published.timeline(&variant.name).await?;
                    timed.push((variant, timeline));
                }
                let beside = self.beside(app, wanted).await;
                let mut sounds = Vec::new();
                for track in beside.tracks.iter().filter(|track| track.kind == TrackKind::Sound) {
                    sounds.push((track.index, published.timeline(&track.name()).await?));
                }
                Ok(dash_manifest(&timed, &sounds, &beside))
            }
            TextKind::CaptionsPlaylist => published.text_playlist(CAPTIONS).await,
            TextKind::Subtitles(index) => {
                let file = format!("{}.vtt", TrackKind::Subtitles.name(*index));
                app.blobs.head(&wanted.recording.hls().join(&file)?).await?.ok_or_else(not_found)?;
                published.text_playlist(&file).await
            }
            TextKind::AddedPlaylist(language) => {
                let mut tx = app.db.tenant(&Caller::service(wanted.recording.organization_id)).await?;
                let added = store::is_added(&mut tx, wanted.recording, language).await;
                drop(tx);
                if !added.map_err(AssetsError::from)? {
                    return Err(not_found());
                }
                published.text_playlist(&format!("{}.vtt", NamedTrack::name_of_added(language))).await
            }
            TextKind::Added(language) => {
                let mut tx = app.db.tenant(&Caller::service(wanted.recording.organization_id)).await?;
                let added = store::added_webvtt(&mut tx, wanted.recording, language).await;
                added.map_err(AssetsError::from)?.ok_or_else(not_found)
            }
            TextKind::Sound => {
                let variants = published.variants().await?;
                // If any has sound, it has, and is the one that the playlist is of.
                let first = variants.first().ok_or_else(not_found)?;
                let timeline = published.timeline(&first.name).await?;
                sound_playlist(&variants, &timeline).ok_or_else(not_found)
            }
            TextKind::Storyboard => {
                let mut tx = app.db.tenant(&Caller::service(wanted.recording.organization_id)).await?;
                let beside = store::beside(&mut tx, wanted.recording).await.map_err(AssetsError::from)?;
                drop(tx);
                let storyboard = beside.and_then(|beside| beside.storyboard).ok_or_else(not_found)?;
                Ok(storyboard.playlist(published.duration_us().await?, STORYBOARD))
            }
            TextKind::Captions => {
                let mut tx = app.db.tenant(&Caller::service(wanted.recording.organization_id)).await?;
                let captions = async {
                    // They are of the file that the recording has now.
                    let now = store::recording_of(&mut tx, wanted.recording.asset_id).await?;
                    if now.is_none_or(|now| now.version != wanted.recording.version) {
                        return Ok(None);
                    }
                    self.captions.webvtt(&mut tx, wanted.recording.asset_id).await
                };
                captions.await.map_err(AssetsError::from)?.ok_or_else(not_found)
            }
        }
    }

    /// What manifests name beside the versions. If it cannot be found out, the recording is played without it.
    async fn beside(&self, app: &App, wanted: &PlayerText) -> Beside {
        let read = async {
            let mut tx = app.db.tenant(&Caller::service(wanted.recording.organization_id)).await?;
            let Some(beside) = store::beside(&mut tx, wanted.recording).await? else {
                return Ok(Beside::default());
            };
            let captions = self.captions.language(&mut tx, wanted.recording.asset_id).await?;
            Ok::<_, AssetsError>(Beside { captions, ..beside })
        };
        read.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a manifest leaves out what lies beside the versions");
            Beside::default()
        })
    }

    /// The header or segment that a track is taken out of. It is not read.
    pub(crate) async fn track_source(&self, app: &App, wanted: &TrackFile) -> Result<TrackSource, Problem> {
        let meta = app.blobs.head(&wanted.variant.join(&wanted.file)?).await?.ok_or_else(not_found)?;
        if meta.size_bytes > SEGMENT_BYTES_MAX {
            return Err(part_too_large());
        }
        let version = meta.etag.unwrap_or_else(|| meta.modified_at.to_rfc3339());
        Ok(TrackSource { key: meta.key, size_bytes: meta.size_bytes, version })
    }

    /// One track of a header or a segment.
    pub(crate) async fn track(
        &self,
        app: &App,
        wanted: &TrackFile,
        source: &TrackSource,
    ) -> Result<Bytes, Problem> {
        let whose = organization_of(&source.key).ok_or_else(not_found)?.to_string();
        let kibibytes = |bytes: u64| bytes.div_ceil(1 << 10);
        // What was read, and what is written, while both are there; then what is written, until it is sent.
        let mut room = app.limits.tracks.enter_with(&whose, kibibytes(2 * source.size_bytes)).await?;
        let init = app.blobs.get_bytes(&wanted.variant.join(INIT)?, PLAYLIST_BYTES_MAX).await?;
        let alone = if wanted.file == INIT {
            header_of_track(&init, wanted.track)
        } else {
            let (segment, track) = (app.blobs.get_bytes(&source.key, SEGMENT_BYTES_MAX).await?, wanted.track);
            // To copy a large one takes some ten milliseconds, in which others are not to wait.
            tokio::task::spawn_blocking(move || segment_of_track(&init, &segment, track))
                .await
                .map_err(Problem::internal)?
        };
        let bytes = alone.ok_or_else(not_found)?;
        room.shrink_to(kibibytes(bytes.capacity() as u64));
        Ok(Bytes::from_owner(Held { bytes, _room: room }))
    }
}

/// What a track is taken out of.
pub(crate) struct TrackSource {
    key: BlobKey,
    size_bytes: u64,
    /// Tells it from another version of the same.
    pub(crate) version: String,
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

fn not_found() -> Problem {
    Problem::not_found("file")
}
