//! What manifests name beside the versions of a recording, and where that lies.

use crate::{NamedTrack, Storyboard, TrackKind, TrackLabel};

/// The playlist of the sound alone ([`crate::sound_playlist`]), beside the manifests as all of these.
pub const SOUND_PLAYLIST: &str = "sound.m3u8";
/// Captions of what is said.
pub const CAPTIONS: &str = "captions.vtt";
/// A playlist of them.
pub const CAPTIONS_PLAYLIST: &str = "captions.m3u8";
/// The playlist of the storyboard ([`Storyboard::playlist`]).
pub const STORYBOARD_PLAYLIST: &str = "storyboard.m3u8";
/// The folder of its sheets.
pub const STORYBOARD: &str = "storyboard";

/// What there is of a recording beside its versions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Beside {
    /// The language (BCP 47) of the captions of what is said, if there are any; `und` where it is not known.
    pub captions: Option<String>,
    /// What the sound of the versions is called.
    pub sound: TrackLabel,
    /// More sound, and subtitles.
    pub tracks: Vec<NamedTrack>,
    /// Stills for the seek bar.
    pub storyboard: Option<Storyboard>,
}

impl Beside {
    /// The tracks of one kind, each with what menus show for it.
    #[must_use]
    pub fn tracks_of(&self, kind: TrackKind) -> Vec<(&NamedTrack, String)> {
        let of_kind = self.tracks.iter().filter(|track| track.kind == kind);
        of_kind.enumerate().map(|(number, track)| (track, shown(&track.label, kind, number + 2))).collect()
    }

    /// What menus show for the sound of the versions.
    pub(crate) fn sound_shown(&self) -> String {
        shown(&self.sound, TrackKind::Sound, 1)
    }
}

fn shown(label: &TrackLabel, kind: TrackKind, number: usize) -> String {
    label.shown().unwrap_or_else(|| match kind {
        TrackKind::Sound => format!("Sound {number}"),
        TrackKind::Subtitles => format!("Subtitles {number}"),
    })
}
