//! Sound as speech recognition wants it: 16 kHz, 16 bits, in time with the recording.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::arguments::Arguments;
use crate::package::AUDIO_IN_TIME;
use crate::staging::Staging;
use crate::{Control, Ffmpeg, MediaError, Probe};

const SPEECH_RATE: u32 = 16_000;
const FILE: &str = "speech.wav";

/// Which channels [`Ffmpeg::extract_audio`] keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeechChannels {
    /// All channels mixed into one.
    #[default]
    Mono,
    /// Both channels of a stereo recording, since calls often have one speaker on each; anything else becomes
    /// one channel.
    Both,
}

/// What [`Ffmpeg::extract_audio`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractedAudio {
    /// The WAV file (RF64 above 4 GiB): 16 kHz, 16-bit signed.
    pub path: PathBuf,
    /// 1 or 2.
    pub channels: u32,
    /// Length of the sound, in silence where the recording has holes.
    pub duration_ms: u64,
    /// Size of the file.
    pub size_bytes: u64,
}

impl Ffmpeg {
    /// Writes `speech.wav` into `out_dir`. Loudness is left as it is; time 0 is the recording's time 0.
    ///
    /// # Errors
    /// [`MediaError::NoSound`] without sound; any other [`MediaError`].
    pub async fn extract_audio(
        &self,
        input: &Path,
        probe: &Probe,
        channels: SpeechChannels,
        out_dir: &Path,
        control: &Control,
    ) -> Result<ExtractedAudio, MediaError> {
        let audio = probe.need_audio()?;
        let channels = if channels == SpeechChannels::Both && audio.channels == 2 { 2 } else { 1 };
        let staging = Staging::within(out_dir)?;
        let mut arguments = Arguments::ffmpeg(self.limits().threads);
        arguments.input(input, self.limits().threads)?;
        arguments
            .add(["-map", &format!("0:{}", audio.index), "-af", AUDIO_IN_TIME, "-ac", &channels.to_string()])
            .add(["-ar", &SPEECH_RATE.to_string(), "-c:a", "pcm_s16le", "-map_metadata", "-1"])
            .add(["-fflags", "+bitexact", "-rf64", "auto", "-f", "wav", FILE]);
        self.convert(arguments, staging.path(), probe.duration_ms, control).await?;

        let staged = staging.path().join(FILE);
        let size_bytes = std::fs::metadata(&staged).map_err(MediaError::io("read", &staged))?.len();
        // The header is under 128 bytes, that is under 4 ms.
        let duration_ms = size_bytes.saturating_sub(44) * 1000 / u64::from(2 * SPEECH_RATE * channels);
        if duration_ms == 0 {
            return Err(MediaError::Damaged { what: "its sound cannot be decoded.", detail: String::new() });
        }
        staging.publish(&[FILE.to_owned()])?;
        Ok(ExtractedAudio { path: out_dir.join(FILE), channels, duration_ms, size_bytes })
    }
}
