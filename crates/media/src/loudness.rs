//! Sound brought to one loudness, as EBU R 128 (ITU-R BS.1770) measures it, in LUFS.
//!
//! It is measured in a first pass over all of the sound, so that the second can raise or lower it evenly; only where that would clip are loud
//! moments held down.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::arguments::Arguments;
use crate::package::AUDIO_IN_TIME;
use crate::{Control, Ffmpeg, MediaError, Probe};

/// True peak that is not exceeded, in dBTP: what is encoded with loss overshoots a little.
const PEAK: &str = "-1.5";
/// Range of loudness that is kept evenly, in LU; more than any speech has.
const RANGE: &str = "20";

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

/// What brings one sound to a loudness.
#[derive(Debug, Clone, PartialEq)]
pub struct Levelling {
    /// What it passes before it is encoded.
    pub(crate) filter: String,
    /// Loudness as it is, in LUFS; absent of silence, which stays as it is.
    pub measured_lufs: Option<f64>,
}

impl Ffmpeg {
    /// Listens to all of the default sound, and says what brings it to a loudness as stereo. `None` without sound.
    ///
    /// # Errors
    /// Any [`MediaError`].
    pub async fn levelling(
        &self,
        input: &Path,
        probe: &Probe,
        target: TargetLoudness,
        control: &Control,
    ) -> Result<Option<Levelling>, MediaError> {
        let Some(audio) = &probe.audio else { return Ok(None) };
        self.listen(input, audio.index, 2, target, (probe.duration_ms, control)).await.map(Some)
    }

    /// The same of the stream at `index`, in one or two channels.
    pub(crate) async fn listen(
        &self,
        input: &Path,
        index: u32,
        channels: u32,
        target: TargetLoudness,
        (duration_ms, control): (u64, &Control),
    ) -> Result<Levelling, MediaError> {
        let prepared = in_channels(channels);
        let wanted = format!("loudnorm=I={}:TP={PEAK}:LRA={RANGE}", target.lufs());
        let threads = self.limits().threads;
        let mut arguments = Arguments::ffmpeg(threads);
        arguments.input(input, threads)?;
        arguments
            .add(["-map", &format!("0:{index}")])
            .add(["-af", &format!("{prepared},{wanted}:print_format=json")]);
        let report = self.measure(arguments, duration_ms, control).await?;
        let Some(found) = Measured::read(&report) else {
            return Ok(Levelling { filter: prepared, measured_lufs: None });
        };
        let filter = format!(
            "{prepared},{wanted}:measured_I={}:measured_TP={}:measured_LRA={}:measured_thresh={}:offset={}:linear=true",
            found.integrated, found.peak, found.range, found.threshold, found.offset
        );
        Ok(Levelling { filter, measured_lufs: Some(found.integrated) })
    }
}

/// The filters that bring sound in time with its recording, in one or two channels.
pub(crate) fn in_channels(channels: u32) -> String {
    let layout = if channels == 1 { "mono" } else { "stereo" };
    format!("{AUDIO_IN_TIME},aformat=channel_layouts={layout}")
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
