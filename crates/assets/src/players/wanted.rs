//! What is meant by a key at which nothing is stored, or not before it was asked for.

use crate::keys::{HLS, Recording};
use memoreel_blob::{BlobKey, Grant};
use memoreel_media::{
    NamedTrack, OneTrack, Storyboard, TrackKind,
    beside::{CAPTIONS, CAPTIONS_PLAYLIST, SOUND_PLAYLIST, STORYBOARD, STORYBOARD_PLAYLIST},
};

pub(super) const MASTER: &str = "master.m3u8";
pub(super) const MEDIA: &str = "media.m3u8";
pub(super) const INIT: &str = "init.mp4";
const MANIFEST: &str = "manifest.mpd";
/// The playlist of the picture alone, in the folder of its version.
const PICTURE_PLAYLIST: &str = "picture/media.m3u8";

/// Something at a key at which nothing is stored, or not before it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MadeForPlayers {
    /// Written anew each time.
    Text(PlayerText),
    /// Taken out of a segment each time.
    Track(TrackFile),
    /// Made once.
    Frame(Frame),
    /// The outline of the sound, drawn anew each time.
    Waveform(Recording),
    /// Stored elsewhere: players look for what manifests name beside them, and an address opens nothing else.
    Alias(BlobKey),
}

/// A manifest, or captions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlayerText {
    pub(super) recording: Recording,
    pub(super) kind: TextKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TextKind {
    Master,
    Manifest,
    CaptionsPlaylist,
    Captions,
    Sound,
    Storyboard,
    /// A playlist of the subtitles at this position in the recording's file.
    Subtitles(u32),
    /// Subtitles that were added in this language.
    Added(String),
    /// A playlist of them.
    AddedPlaylist(String),
}

/// One track of a header or a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrackFile {
    /// The folder of its version.
    pub(super) variant: BlobKey,
    pub(super) file: String,
    pub(super) track: OneTrack,
}

/// A still of one second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(super) recording: Recording,
    pub(super) second: u32,
    pub(super) is_small: bool,
}

impl MadeForPlayers {
    /// What is meant by a key that `grant` opens.
    pub(crate) fn at(grant: &Grant, key: &BlobKey) -> Option<Self> {
        let (recording, folder, file) = Recording::of(grant.organization_id, key)?;
        match folder {
            HLS => Self::beside_manifests(recording, file),
            "preview" if file == "waveform.png" => Some(Self::Waveform(recording)),
            "preview" => Frame::at(recording, file).map(Self::Frame),
            _ => None,
        }
    }

    fn beside_manifests(recording: Recording, file: &str) -> Option<Self> {
        let text = |kind| Some(Self::Text(PlayerText { recording, kind }));
        match file {
            MASTER => text(TextKind::Master),
            MANIFEST => text(TextKind::Manifest),
            CAPTIONS_PLAYLIST => text(TextKind::CaptionsPlaylist),
            CAPTIONS => text(TextKind::Captions),
            SOUND_PLAYLIST => text(TextKind::Sound),
            STORYBOARD_PLAYLIST => text(TextKind::Storyboard),
            file => match file.split_once('/') {
                None => text(TextKind::of_subtitles(file)?),
                Some((STORYBOARD, sheet)) if Storyboard::is_sheet(sheet) => {
                    Some(Self::Alias(recording.preview().join(sheet).ok()?))
                }
                // Segments of the picture are called as those of the version, and last as long.
                Some((variant, file)) if file == PICTURE_PLAYLIST => {
                    Some(Self::Alias(recording.hls_variant(variant).join(MEDIA).ok()?))
                }
                Some((variant, file)) => TrackFile::at(recording, variant, file).map(Self::Track),
            },
        }
    }
}

impl TextKind {
    /// `subtitles-3.m3u8` of the file, or `subtitles-de.m3u8` and `subtitles-de.vtt` of what was added.
    fn of_subtitles(file: &str) -> Option<Self> {
        let (name, ending) = file.rsplit_once('.')?;
        let added = NamedTrack::language_of_added(name).map(str::to_owned);
        match (ending, added) {
            ("m3u8", Some(language)) => Some(Self::AddedPlaylist(language)),
            ("vtt", Some(language)) => Some(Self::Added(language)),
            ("m3u8", None) => TrackKind::Subtitles.index_of(name).map(Self::Subtitles),
            _ => None,
        }
    }
}

impl Frame {
    /// Which of the stills of its recording it is: its second, and small ones behind all of the others, so that neighbours are one range.
    pub(super) fn number(&self) -> i64 {
        i64::from(self.second) + (i64::from(self.is_small) << u32::BITS)
    }

    /// `frames/7.jpg`, or a small one: `frames/7-small.jpg`.
    fn at(recording: Recording, file: &str) -> Option<Self> {
        let name = file.strip_prefix("frames/")?.strip_suffix(".jpg")?;
        let (digits, is_small) = match name.strip_suffix("-small") {
            Some(digits) => (digits, true),
            None => (name, false),
        };
        let second: u32 = digits.parse().ok()?;
        // In one spelling, so that one second is not kept as `7`, `07` and `+7`.
        (second.to_string() == digits).then_some(Self { recording, second, is_small })
    }
}

impl TrackFile {
    /// `sound/segment-00000.m4s` of the version `720p`: there is no such folder.
    fn at(recording: Recording, variant: &str, file: &str) -> Option<Self> {
        let (track, file) = file.split_once('/')?;
        let track = match track {
            "picture" => OneTrack::Picture,
            "sound" => OneTrack::Sound,
            _ => return None,
        };
        let is_segment = file.starts_with("segment-") && file.ends_with(".m4s") && !file.contains('/');
        (file == INIT || is_segment).then_some(())?;
        Some(Self { variant: recording.hls_variant(variant), file: file.to_owned(), track })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;
    use memoreel_blob::Purpose;
    use memoreel_kernel::{AssetId, OrganizationId, Timestamp};

    #[test]
    fn what_is_made_has_one_key_each() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let (organization_id, asset_id) = (OrganizationId::new(now), AssetId::new(now));
        let grant = Grant {
            organization_id,
            purpose: Purpose::Playback,
            is_private: false,
            prefix: keys::asset(organization_id, asset_id),
            expires_at: now,
            download_name: None,
        };
        let at = |path: &str| MadeForPlayers::at(&grant, &grant.resolve(path).unwrap());
        let frame = |second, is_small| {
            let recording =
                Recording { organization_id, asset_id, version: 1, packaging: 1, is_private: false };
            Some(MadeForPlayers::Frame(Frame { recording, second, is_small }))
        };
        assert_eq!(at("preview/frames/7.jpg"), frame(7, false));
        assert_eq!(at("preview/frames/0-small.jpg"), frame(0, true));
        assert!(matches!(at("hls/manifest.mpd"), Some(MadeForPlayers::Text(_))));
        assert!(matches!(at("hls/720p/sound/segment-00000.m4s"), Some(MadeForPlayers::Track(_))));
        assert!(matches!(at("hls/720p/picture/init.mp4"), Some(MadeForPlayers::Track(_))));
        assert!(matches!(at("v2/hls/720p/picture/init.mp4"), Some(MadeForPlayers::Track(_))));
        assert!(matches!(at("hls-2/720p/sound/segment-00000.m4s"), Some(MadeForPlayers::Track(_))));
        let recording = Recording { organization_id, asset_id, version: 2, packaging: 3, is_private: false };
        let text = PlayerText { recording, kind: TextKind::Manifest };
        assert_eq!(at("v2/hls-3/manifest.mpd"), Some(MadeForPlayers::Text(text)));
        assert!(matches!(at("hls/subtitles-3.m3u8"), Some(MadeForPlayers::Text(_))));
        assert!(matches!(at("hls/subtitles-de.m3u8"), Some(MadeForPlayers::Text(_))));
        assert!(matches!(at("v2/hls-3/subtitles-pt-BR.vtt"), Some(MadeForPlayers::Text(_))));
        let stored = |path: &str| Some(MadeForPlayers::Alias(grant.resolve(path).unwrap()));
        assert_eq!(at("v2/hls/720p/picture/media.m3u8"), stored("v2/hls/720p/media.m3u8"));
        assert_eq!(at("hls-2/720p/picture/media.m3u8"), stored("hls-2/720p/media.m3u8"));
        assert_eq!(at("hls/storyboard/sprite-000.jpg"), stored("preview/sprite-000.jpg"));
        assert_eq!(at("v2/hls-2/storyboard/sprite-000.jpg"), stored("v2/preview/sprite-000.jpg"));
        let recording = Recording { organization_id, asset_id, version: 12, packaging: 1, is_private: false };
        let later = Some(MadeForPlayers::Frame(Frame { recording, second: 7, is_small: false }));
        assert_eq!(at("v12/preview/frames/7.jpg"), later);
        assert!(matches!(at("preview/waveform.png"), Some(MadeForPlayers::Waveform(_))));
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
            "hls/a/720p/picture/media.m3u8",
            "hls/sound-2/media.m3u8",
            "hls/subtitles-3.vtt",
            "hls/subtitles-03.m3u8",
            "hls/subtitles-deu.m3u8",
            "hls/subtitles-DE.vtt",
            "hls/subtitles-de.srt",
            "hls/720p/subtitles-de.vtt",
            "hls/storyboard/poster.jpg",
            "images/hls/manifest.mpd",
            "hls-1/manifest.mpd",
            "hls-02/manifest.mpd",
            "hls--2/manifest.mpd",
            "hls-2",
            "hls-2/hls/manifest.mpd",
            "preview-2/frames/7.jpg",
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
}
