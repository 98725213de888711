//! The sound of a recording as a file of its own, for players that want no playlist: MP3 or Opus, as loud as it is or brought to one loudness.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::arguments::Arguments;
use crate::loudness::in_channels;
use crate::staging::Staging;
use crate::{Control, Ffmpeg, MediaError, Probe, TargetLoudness};

/// Part of the whole that measuring takes.
const MEASURING: f64 = 0.4;

/// How a sound file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SoundFormat {
    /// MP3 with a varying bit rate, which everything plays.
    Mp3,
    /// Opus in Ogg, which says the same in fewer bits.
    Opus,
}

impl SoundFormat {
    /// All of them.
    pub const ALL: [SoundFormat; 2] = [SoundFormat::Mp3, SoundFormat::Opus];

    /// Its name, which ends files of it, too.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
        }
    }
}

/// What [`Ffmpeg::encode_sound`] wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct SoundFile {
    /// `sound.mp3` or `sound.opus`.
    pub path: PathBuf,
    /// 1 or 2.
    pub channels: u32,
    /// Loudness of the recording as it is, in LUFS, where it was measured; absent of silence.
    pub measured_lufs: Option<f64>,
}

impl Ffmpeg {
    /// Writes the sound of a recording into `out_dir`, in time with the recording.
    ///
    /// # Errors
    /// [`MediaError::NoSound`] without sound; any other [`MediaError`].
    pub async fn encode_sound(
        &self,
        input: &Path,
        probe: &Probe,
        format: SoundFormat,
        target: Option<TargetLoudness>,
        out_dir: &Path,
        control: &Control,
    ) -> Result<SoundFile, MediaError> {
        let audio = probe.need_audio()?;
        let encoder = match format {
            SoundFormat::Mp3 => "libmp3lame",
            SoundFormat::Opus => "libopus",
        };
        self.need_encoder(encoder)?;
        let channels = audio.channels.clamp(1, 2);
        let levelling = match target {
            None => None,
            Some(target) => {
                let part = control.part(0.0, MEASURING);
                let told = (probe.duration_ms, &part);
                Some(self.listen(input, audio.index, channels, target, told).await?)
            }
        };
        let filter = levelling.as_ref().map_or_else(|| in_channels(channels), |found| found.filter.clone());
        let staging = Staging::within(out_dir)?;
        let file = format!("sound.{}", format.as_str());
        let threads = self.limits().threads;
        let mut arguments = Arguments::ffmpeg(threads);
        arguments.input(input, threads)?;
        arguments.add(["-map", &format!("0:{}", audio.index)]);
        arguments.add(["-af", &filter, "-ar", "48000", "-map_metadata", "-1", "-map_chapters", "-1"]);
        match format {
            SoundFormat::Mp3 => {
                arguments.add(["-c:a", encoder, "-q:a", "3", "-id3v2_version", "3", "-f", "mp3", &file])
            }
            SoundFormat::Opus => {
                let rate = if channels == 1 { "64k" } else { "96k" };
                arguments.add(["-c:a", encoder, "-b:a", rate, "-fflags", "+bitexact", "-f", "ogg", &file])
            }
        };
        let part = if target.is_some() { control.part(MEASURING, 1.0) } else { control.part(0.0, 1.0) };
        self.convert(arguments, staging.path(), probe.duration_ms, &part).await?;
        let staged = staging.path().join(&file);
        let is_empty = std::fs::metadata(&staged).map_err(MediaError::io("read", &staged))?.len() == 0;
        if is_empty {
            return Err(MediaError::Damaged { what: "its sound cannot be decoded.", detail: String::new() });
        }
        staging.publish(std::slice::from_ref(&file))?;
        let measured_lufs = levelling.and_then(|found| found.measured_lufs);
        Ok(SoundFile { path: out_dir.join(file), channels, measured_lufs })
    }
}
