//! The sound of a recording as a file of its own, for players that want no playlist: MP3 or Opus, as loud as it is or brought to one loudness.
//!
//! Loudness is what EBU R 128 (ITU-R BS.1770) measures, in LUFS. It is measured in a first pass over all of the sound, so that the second
//! can raise or lower it evenly; only where that would clip are loud moments held down.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::arguments::Arguments;
use crate::package::AUDIO_IN_TIME;
use crate::staging::Staging;
use crate::{Control, Ffmpeg, MediaError, Probe};

/// True peak that is not exceeded, in dBTP: what is encoded with loss overshoots a little.
const PEAK: &str = "-1.5";
/// Range of loudness that is kept evenly, in LU; more than any speech has.
const RANGE: &str = "20";
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

/// What sound is brought to, in whole LUFS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct TargetLoudness(i32);

impl TargetLoudness {
    /// The quietest, such as films are.
    pub const LEAST: i32 = -31;
    /// The loudest.
    pub const MOST: i32 = -9;
    /// What is usual for speech in podcasts and on the web.
    pub const SPEECH: Self = Self(-16);

    /// `None` beyond [`TargetLoudness::LEAST`] and [`TargetLoudness::MOST`].
    #[must_use]
    pub fn new(lufs: i32) -> Option<Self> {
        (Self::LEAST..=Self::MOST).contains(&lufs).then_some(Self(lufs))
    }

    /// In LUFS.
    #[must_use]
    pub fn lufs(self) -> i32 {
        self.0
    }
}

impl TryFrom<i32> for TargetLoudness {
    type Error = &'static str;

    fn try_from(lufs: i32) -> Result<Self, &'static str> {
        Self::new(lufs).ok_or("no loudness that sound is brought to")
    }
}

impl From<TargetLoudness> for i32 {
    fn from(target: TargetLoudness) -> i32 {
        target.0
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

/// What the first pass found.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Measured {
    integrated: f64,
    peak: f64,
    range: f64,
    threshold: f64,
    offset: f64,
}

impl Measured {
    /// Reads the end of ffmpeg's report; `None` of silence, which has no loudness.
    fn read(report: &str) -> Option<Self> {
        let json = report.get(report.rfind('{')?..=report.rfind('}')?)?;
        let said: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).ok()?;
        let number = |name: &str, least: f64, most: f64| {
            let value: f64 = said.get(name)?.as_str()?.trim().parse().ok()?;
            value.is_finite().then(|| value.clamp(least, most))
        };
        Some(Self {
            integrated: number("input_i", -99.0, 0.0)?,
            peak: number("input_tp", -99.0, 99.0)?,
            range: number("input_lra", 0.0, 99.0)?,
            threshold: number("input_thresh", -99.0, 0.0)?,
            offset: number("target_offset", -99.0, 99.0)?,
        })
    }
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
        let layout = if channels == 1 { "mono" } else { "stereo" };
        let prepared = format!("{AUDIO_IN_TIME},aformat=channel_layouts={layout}");
        let begin = || {
            let threads = self.limits().threads;
            let mut arguments = Arguments::ffmpeg(threads);
            arguments.input(input, threads)?;
            arguments.add(["-map", &format!("0:{}", audio.index)]);
            Ok::<_, MediaError>(arguments)
        };

        let measured = match target {
            None => None,
            Some(target) => {
                let mut arguments = begin()?;
                let filter = format!(
                    "{prepared},loudnorm=I={}:TP={PEAK}:LRA={RANGE}:print_format=json",
                    target.lufs()
                );
                arguments.add(["-af", &filter]);
                let part = control.part(0.0, MEASURING);
                let report = self.measure(arguments, probe.duration_ms, &part).await?;
                Measured::read(&report)
            }
        };
        let mut filter = prepared;
        if let (Some(target), Some(found)) = (target, measured) {
            filter.push_str(&format!(
                ",loudnorm=I={}:TP={PEAK}:LRA={RANGE}:measured_I={}:measured_TP={}:measured_LRA={}:measured_thresh={}:offset={}:linear=true",
                target.lufs(), found.integrated, found.peak, found.range, found.threshold, found.offset
            ));
        }
        let staging = Staging::within(out_dir)?;
        let file = format!("sound.{}", format.as_str());
        let mut arguments = begin()?;
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
        let measured_lufs = measured.map(|found| found.integrated);
        Ok(SoundFile { path: out_dir.join(file), channels, measured_lufs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "Stream mapping: {\n[Parsed_loudnorm_2 @ 0x5581] \n{\n\t\"input_i\" : \"-27.61\",\n\t\"input_tp\" : \"-4.47\",\n\
        \t\"input_lra\" : \"18.06\",\n\t\"input_thresh\" : \"-39.20\",\n\t\"output_i\" : \"-16.58\",\n\t\"output_tp\" : \"-1.50\",\n\
        \t\"normalization_type\" : \"dynamic\",\n\t\"target_offset\" : \"0.58\"\n}\nsize=N/A";

    #[test]
    fn what_was_measured_is_read_from_the_end_of_the_report() {
        let found = Measured::read(REPORT).unwrap();
        assert_eq!((found.integrated, found.peak, found.range), (-27.61, -4.47, 18.06));
        assert_eq!((found.threshold, found.offset), (-39.2, 0.58));
        for odd in ["", "{}", "}{", &REPORT.replace("-27.61", "-inf"), &REPORT.replace("-27.61", "1;exec")] {
            assert_eq!(Measured::read(odd), None, "{odd}");
        }
    }

    #[test]
    fn loudness_has_limits() {
        assert_eq!(TargetLoudness::new(-16), Some(TargetLoudness::SPEECH));
        for lufs in [-32, -8, 0, 16, i32::MIN, i32::MAX] {
            assert_eq!(TargetLoudness::new(lufs), None);
            assert!(serde_json::from_str::<TargetLoudness>(&lufs.to_string()).is_err());
        }
    }
}
