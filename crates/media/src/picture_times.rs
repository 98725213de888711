//! When a recording shows pictures, and where it shows none for long. Headers tell little of that, and some tell nothing: its packets are
//! read, and nothing is decoded.
//!
//! Segments are cut at pictures. Where none comes for long the last one is repeated, so that segments there are no longer than elsewhere.

use std::path::Path;
use std::time::Duration;

use crate::arguments::Arguments;
use crate::process::Lines;
use crate::{Control, Ffmpeg, MediaError, Probe};

const MEASURE_TIME: Duration = Duration::from_secs(600);
/// Without a picture for longer than this, in seconds, the last one is repeated.
const GAP_SECONDS: f64 = 1.0;
/// Encoders that look ahead, and sound that is decoded before it is heard, set pictures this late.
pub(crate) const LATE_MS: u64 = 200;

/// When pictures are shown, in seconds from the recording's beginning on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PictureTimes {
    first: f64,
    last: f64,
    /// The longest time from one to the next.
    longest_gap: f64,
    /// When the sound ends, or the last picture where there is none.
    end: f64,
    /// How long one is shown as a rule.
    usual: f64,
}

impl PictureTimes {
    /// When the first picture comes, if that is so late that it is to be shown from the beginning on.
    pub(crate) fn late(&self) -> Option<f64> {
        (self.first * 1000.0 > LATE_MS as f64).then_some(self.first)
    }

    /// How long the last picture has to stay beyond its own time.
    pub(crate) fn stays(&self) -> Option<f64> {
        Some(self.end - self.last - self.usual).filter(|stays| *stays > GAP_SECONDS)
    }

    /// Whether there are long times without a picture, in front and at the end too.
    pub(crate) fn have_gaps(&self) -> bool {
        self.longest_gap > GAP_SECONDS || self.late().is_some() || self.stays().is_some()
    }

    /// What the header tells.
    fn told(probe: &Probe) -> Self {
        let picture_ms = probe.video.as_ref().and_then(|video| video.duration_ms);
        let sound_ms = probe.audio.as_ref().and_then(|audio| audio.duration_ms);
        let usual = usual(probe);
        let seconds = |ms: u64| ms as f64 / 1000.0;
        let end = seconds(sound_ms.or(picture_ms).unwrap_or(0).min(probe.duration_ms));
        Self { first: 0.0, last: picture_ms.map_or(end, seconds) - usual, longest_gap: 0.0, end, usual }
    }
}

/// How long a picture is shown as a rule, in seconds; what comes once a second or more rarely is taken for nothing.
fn usual(probe: &Probe) -> f64 {
    let rate = probe.video.as_ref().map_or(0.0, |video| video.frame_rate);
    if rate > 1.0 { 1.0 / rate } else { 0.0 }
}

impl Ffmpeg {
    /// Reads every packet. Of what cannot be read to its end in time counts what its header tells.
    pub(crate) async fn picture_times(
        &self,
        input: &Path,
        probe: &Probe,
        control: &Control,
    ) -> Result<PictureTimes, MediaError> {
        let mut arguments = Arguments::default();
        arguments.add(["-hide_banner", "-loglevel", "error", "-of", "csv=p=0:nk=1"]);
        let entries = "packet=stream_index,pts_time,dts_time,duration_time,flags:format=start_time";
        arguments.add(["-show_entries", entries]);
        arguments.probed(input)?;
        let mut measured = Measured::of(probe);
        let mut lines = Lines::default();
        let read = self.inspect(arguments, MEASURE_TIME, control, |bytes| {
            lines.push(bytes, |line| measured.read(line));
            Ok(())
        });
        match read.await {
            Ok(_) => Ok(measured.times(probe).unwrap_or_else(|| PictureTimes::told(probe))),
            Err(error @ (MediaError::Cancelled | MediaError::ToolMissing { .. })) => Err(error),
            Err(error) => {
                tracing::debug!(%error, "its pictures' times are taken from its header");
                Ok(PictureTimes::told(probe))
            }
        }
    }
}

/// What was read so far, in seconds of the recording's own time.
struct Measured {
    picture_index: Option<u32>,
    sound_index: Option<u32>,
    first: f64,
    last: f64,
    longest_gap: f64,
    picture_end: f64,
    sound_end: Option<f64>,
    start: f64,
}

impl Measured {
    fn of(probe: &Probe) -> Self {
        Self {
            picture_index: probe.video.as_ref().map(|video| video.index),
            sound_index: probe.audio.as_ref().map(|audio| audio.index),
            first: f64::INFINITY,
            last: f64::NEG_INFINITY,
            longest_gap: 0.0,
            picture_end: f64::NEG_INFINITY,
            sound_end: None,
            start: 0.0,
        }
    }

    /// One packet; of the last line, when the recording begins.
    fn read(&mut self, line: &str) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
        if fields.len() == 1 {
            self.start = number(0).unwrap_or(0.0);
            return;
        }
        // What an edit list hides is decoded and not shown.
        let is_hidden = fields.get(4).is_some_and(|flags| flags.contains('D'));
        let Some(shown) = number(1).or(number(2)).filter(|_| !is_hidden) else { return };
        let end = shown + number(3).unwrap_or(0.0);
        let index = fields[0].parse::<u32>().ok();
        if index.is_some() && index == self.picture_index {
            if self.last.is_finite() {
                // Pictures are stored in another order than shown; one that jumps ahead does so by a few.
                self.longest_gap = self.longest_gap.max(shown - self.last);
            }
            self.first = self.first.min(shown);
            self.last = self.last.max(shown);
            self.picture_end = self.picture_end.max(end);
        } else if index.is_some() && index == self.sound_index {
            self.sound_end = Some(self.sound_end.map_or(end, |before| before.max(end)));
        }
    }

    /// `None` when no picture tells its time.
    fn times(&self, probe: &Probe) -> Option<PictureTimes> {
        if !self.last.is_finite() {
            return None;
        }
        let lasts = probe.duration_ms as f64 / 1000.0;
        // No time beyond the recording's length is believed.
        let since = |time: f64| (time - self.start).clamp(0.0, lasts);
        Some(PictureTimes {
            first: since(self.first),
            last: since(self.last),
            longest_gap: self.longest_gap,
            end: since(self.sound_end.unwrap_or(self.picture_end)),
            usual: usual(probe),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sound in stream 1.
    fn probe() -> Probe {
        let video = crate::VideoStream {
            index: 0,
            codec: "h264".to_owned(),
            profile: None,
            level: None,
            pixel_format: "yuv420p".to_owned(),
            width: 640,
            height: 360,
            coded_width: 640,
            coded_height: 360,
            rotation_degrees: 0,
            frame_rate: 25.0,
            is_variable_rate: false,
            is_hdr: false,
            color_transfer: None,
            color_space: None,
            is_interlaced: false,
            has_square_pixels: true,
            late_ms: 0,
            duration_ms: None,
            bit_rate: None,
        };
        let audio = crate::AudioStream {
            index: 1,
            codec: "aac".to_owned(),
            profile: None,
            channels: 1,
            sample_rate: 48_000,
            language: None,
            title: None,
            duration_ms: Some(20_000),
            bit_rate: None,
        };
        Probe {
            container: "matroska,webm".to_owned(),
            duration_ms: 20_000,
            bit_rate: None,
            video: Some(video),
            audio: Some(audio),
            other_sounds: Vec::new(),
            audio_stream_count: 1,
            subtitles: Vec::new(),
            has_attached_picture: false,
        }
    }

    fn times(lines: &[&str]) -> Option<PictureTimes> {
        let mut measured = Measured::of(&probe());
        for line in lines {
            measured.read(line);
        }
        measured.times(&probe())
    }

    #[test]
    fn pictures_that_come_all_along_have_no_gaps_however_they_are_stored() {
        let stored =
            ["0,0.1,0.0,0.04,K_", "0,0.9,0.04,0.04,__", "0,0.5,0.08,0.04,__", "1,0.0,0.0,0.92,K_", "0.0"];
        let times = times(&stored).unwrap();
        assert!(!times.have_gaps(), "{times:?}");
    }

    #[test]
    fn times_count_from_the_beginning_of_the_recording_and_hidden_pictures_do_not() {
        let late =
            times(&["0,10.2,10.2,0.04,KD", "0,12.5,12.5,0.04,K_", "1,10.0,10.0,3.0,K_", "10.0"]).unwrap();
        assert_eq!(late.late(), Some(2.5));
        assert_eq!((late.stays(), late.longest_gap), (None, 0.0));
    }

    #[test]
    fn the_last_picture_stays_as_long_as_there_is_sound_and_no_longer_than_the_recording() {
        let stays = |sound_end: &str| {
            let sound = format!("1,0.0,N/A,{sound_end},K_");
            times(&["0,0.0,N/A,0.04,K_", "0,1.0,N/A,0.04,__", &sound, "2,90.0,90.0,9.0,K_", "N/A"]).unwrap()
        };
        assert!((stays("15.0").stays().unwrap() - 13.96).abs() < 1e-9);
        assert!((stays("99.0").stays().unwrap() - 18.96).abs() < 1e-9);
        assert!(!stays("2.0").have_gaps());
        // Without any time of a picture the header counts, which here tells when the sound ends only.
        assert_eq!(times(&["1,0.0,0.0,20.0,K_", "0.0"]), None);
        assert!(!PictureTimes::told(&probe()).have_gaps());
    }
}
