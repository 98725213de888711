//! The tracks that a recording has beside what it is played with: sound in other languages, and subtitles.

use std::path::Path;

use crate::arguments::Arguments;
use crate::hls;
use crate::package::SoundOutput;
use crate::staging::Staging;
use crate::{Control, Ffmpeg, Levelling, MediaError, NamedTrack, Probe, TargetLoudness, TrackKind};

/// Stands between the times of each cue, and nowhere else.
const ARROW: &str = "-->";
/// Subtitles of a long film are a few hundred kilobytes.
const SUBTITLES_BYTES_MAX: u64 = 8 << 20;

/// A track as it is to be written.
#[derive(Debug, Clone)]
pub struct WantedTrack {
    /// Which.
    pub track: NamedTrack,
    /// What brings its sound to the loudness that is wanted, if one is.
    pub levelling: Option<Levelling>,
}

impl From<NamedTrack> for WantedTrack {
    /// As loud as it is.
    fn from(track: NamedTrack) -> Self {
        Self { track, levelling: None }
    }
}

impl Ffmpeg {
    /// A track that is to be brought to a loudness, if to one: its sound is heard once for that.
    ///
    /// # Errors
    /// Any [`MediaError`].
    pub async fn levelled_track(
        &self,
        input: &Path,
        probe: &Probe,
        track: NamedTrack,
        target: Option<TargetLoudness>,
        control: &Control,
    ) -> Result<WantedTrack, MediaError> {
        let levelling = match target.filter(|_| track.kind == TrackKind::Sound) {
            Some(target) => {
                Some(self.listen(input, track.index, 2, target, (probe.duration_ms, control)).await?)
            }
            None => None,
        };
        Ok(WantedTrack { track, levelling })
    }

    /// Writes these of [`Probe::other_tracks`] into `out_dir` in one pass over the recording: sound as AAC in an HLS folder, subtitles as a file
    /// of WebVTT. Returns what was written, without subtitles that say nothing. The pictures that they go with begin at `start_us`
    /// ([`crate::Variant::start_us`]).
    ///
    /// # Errors
    /// Any [`MediaError`]; `out_dir` is then as before.
    pub async fn write_tracks(
        &self,
        input: &Path,
        probe: &Probe,
        tracks: &[WantedTrack],
        start_us: u64,
        out_dir: &Path,
        control: &Control,
    ) -> Result<Vec<NamedTrack>, MediaError> {
        if tracks.is_empty() {
            return Ok(Vec::new());
        }
        let staging = Staging::within(out_dir)?;
        let threads = self.limits().threads;
        let mut arguments = Arguments::ffmpeg(threads);
        arguments.input(input, threads)?;
        for WantedTrack { track, levelling } in tracks {
            let name = track.name();
            arguments.add(["-map", &format!("0:{}", track.index)]);
            match track.kind {
                TrackKind::Sound => {
                    staging.create_dir(&name)?;
                    SoundOutput::Encoded(levelling.as_ref()).add_to(&mut arguments);
                    if start_us > 0 {
                        arguments.add(["-output_ts_offset", &format!("{start_us}us")]);
                    }
                    hls::output(&mut arguments, &name);
                }
                TrackKind::Subtitles => {
                    arguments
                        .add(["-map_metadata", "-1", "-map_chapters", "-1", "-c:s", "webvtt", "-f", "webvtt"])
                        .add([&file_of(track)]);
                }
            }
        }
        self.convert(arguments, staging.path(), probe.duration_ms, control).await?;

        let mut written = Vec::with_capacity(tracks.len());
        let mut names = Vec::with_capacity(tracks.len());
        for WantedTrack { track, .. } in tracks {
            let name = track.name();
            match track.kind {
                TrackKind::Sound => {
                    let sound = hls::finish(&staging.path().join(&name), &name, None, true).await?;
                    written.push(NamedTrack { sound: Some(sound), ..track.clone() });
                    names.push(name);
                }
                TrackKind::Subtitles if says_something(&staging.path().join(file_of(track)))? => {
                    written.push(track.clone());
                    names.push(file_of(track));
                }
                TrackKind::Subtitles => {}
            }
        }
        staging.publish(&names)?;
        Ok(written)
    }
}

fn file_of(track: &NamedTrack) -> String {
    format!("{}.vtt", track.name())
}

fn says_something(path: &Path) -> Result<bool, MediaError> {
    let size_bytes = std::fs::metadata(path).map_err(MediaError::io("read", path))?.len();
    if size_bytes > SUBTITLES_BYTES_MAX {
        return Err(MediaError::OutputTooLarge { limit_bytes: SUBTITLES_BYTES_MAX });
    }
    Ok(std::fs::read_to_string(path).map_err(MediaError::io("read", path))?.contains(ARROW))
}
