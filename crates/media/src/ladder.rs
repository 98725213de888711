//! The encoded ladder: the same recording at several sizes, cut at the same times.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::arguments::{Arguments, seconds};
use crate::filters::{fitted, upright};
use crate::hls::{self, Variant, VariantVideo};
use crate::package::{encode_audio, is_web_audio};
use crate::staging::Staging;
use crate::{Control, Ffmpeg, MediaError, Probe};

/// A step of [`LADDER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LadderStep {
    /// The `p` number: the shorter side of the picture.
    pub short_side: u32,
    /// Highest video bit rate, in bits per second; easy pictures use less.
    pub bit_rate: u64,
}

/// The sizes and rates that are offered, lowest first.
pub const LADDER: [LadderStep; 4] = [
    LadderStep { short_side: 360, bit_rate: 800_000 },
    LadderStep { short_side: 480, bit_rate: 1_400_000 },
    LadderStep { short_side: 720, bit_rate: 2_800_000 },
    LadderStep { short_side: 1080, bit_rate: 5_000_000 },
];

/// A picture this little smaller than a step (1078 lines, say) still counts as that step.
const ALMOST: f64 = 0.96;
/// Key frames come this often, and a multiple of it is the segment length: jumps land close, segments align.
const KEY_FRAME_SECONDS: u32 = 2;
const FRAME_RATE_MAX: f64 = 60.0;
/// Sound up to this rate, in bits per second, is no burden to the lowest rung.
const COPIED_AUDIO_RATE_MAX: u64 = 192_000;
/// Every recording's sound is a little longer or shorter than its picture.
const STAYS_FROM_MS: u64 = 1_000;

/// One rendition to encode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Name of its folder, such as `720p`.
    pub name: String,
    /// Even, upright, square pixels.
    pub width: u32,
    /// Even, upright, square pixels.
    pub height: u32,
    /// Highest video bit rate, in bits per second.
    pub bit_rate: u64,
}

/// What is to be encoded of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// Lowest first; empty without a picture.
    pub rungs: Vec<Rung>,
    /// Whether the sound goes into every rung as it is.
    pub copies_audio: bool,
}

/// The rungs a recording needs, lowest first: every step not above its own size, or its own size when that is
/// below the first step. Empty without a picture.
///
/// A step is left out when `instant`, the variant that was packaged without encoding, is about its size and at
/// most twice its rate. Sound that `instant` could take over, and that is not much heavier than ours, is copied: it loses
/// nothing, costs nothing, and all variants then have the same.
#[must_use]
pub fn ladder(probe: &Probe, instant: Option<&Variant>) -> Ladder {
    let sound = probe.audio.as_ref().filter(|audio| is_web_audio(audio));
    let is_light = sound.and_then(|audio| audio.bit_rate).is_some_and(|rate| rate <= COPIED_AUDIO_RATE_MAX);
    Ladder { rungs: rungs(probe, instant), copies_audio: instant.is_some() && is_light }
}

fn rungs(probe: &Probe, instant: Option<&Variant>) -> Vec<Rung> {
    let Some(video) = &probe.video else { return Vec::new() };
    let short_side = video.short_side();
    let reaches = |step: &&LadderStep| f64::from(short_side) >= f64::from(step.short_side) * ALMOST;
    let rung = |number: Option<u32>, step: &LadderStep| {
        let (width, height) = fitted(video, number.unwrap_or(short_side));
        let name = format!("{}p", number.unwrap_or(width.min(height)));
        Rung { name, width, height, bit_rate: step.bit_rate }
    };
    let mut rungs: Vec<Rung> =
        LADDER.iter().filter(reaches).map(|step| rung(Some(step.short_side), step)).collect();
    if rungs.is_empty() {
        rungs.push(rung(None, &LADDER[0]));
    }
    if let Some(instant) = instant {
        rungs.retain(|rung| !covers(instant, rung));
    }
    rungs
}

/// Whether `instant` is about the rung's size and not much heavier.
fn covers(instant: &Variant, rung: &Rung) -> bool {
    instant.bandwidth_average <= 2 * rung.bit_rate
        && instant.video.is_some_and(|video| {
            let sizes = f64::from(video.width.min(video.height)) / f64::from(rung.width.min(rung.height));
            (ALMOST..=1.0 / ALMOST).contains(&sizes)
        })
}

impl Ffmpeg {
    /// Encodes every rung as H.264 and AAC in one pass over the recording. Each becomes a folder of `out_dir`.
    ///
    /// # Errors
    /// Any [`MediaError`]; `out_dir` is then as before.
    pub async fn encode_ladder(
        &self,
        input: &Path,
        probe: &Probe,
        ladder: &Ladder,
        out_dir: &Path,
        control: &Control,
    ) -> Result<Vec<Variant>, MediaError> {
        let rungs = &ladder.rungs;
        if rungs.is_empty() {
            return Ok(Vec::new());
        }
        let video = probe.need_video()?;
        let staging = Staging::within(out_dir)?;
        for rung in rungs {
            staging.create_dir(&rung.name)?;
        }
        let arguments = self.ladder_arguments(input, probe, ladder)?;
        self.convert(arguments, staging.path(), probe.duration_ms, control).await?;

        let frame_rate = video.frame_rate.min(FRAME_RATE_MAX);
        let mut variants = Vec::with_capacity(rungs.len());
        for rung in rungs {
            let picture = VariantVideo { width: rung.width, height: rung.height, frame_rate };
            let folder = staging.path().join(&rung.name);
            variants.push(hls::finish(&folder, &rung.name, Some(picture), probe.audio.is_some()).await?);
        }
        let names: Vec<String> = rungs.iter().map(|rung| rung.name.clone()).collect();
        staging.publish(&names)?;
        Ok(variants)
    }

    fn ladder_arguments(
        &self,
        input: &Path,
        probe: &Probe,
        ladder: &Ladder,
    ) -> Result<Arguments, MediaError> {
        let threads = self.limits().threads;
        let mut arguments = Arguments::ffmpeg(threads);
        arguments.add(["-max_pixels", &self.limits().pixels_max.to_string()]);
        arguments.input(input, threads)?;
        arguments.add(["-filter_complex", &self.split(probe, &ladder.rungs)?]);
        for (number, rung) in ladder.rungs.iter().enumerate() {
            arguments.add(["-map", &format!("[rung{number}]")]);
            if let Some(audio) = &probe.audio {
                arguments.add(["-map", &format!("0:{}", audio.index)]);
                if ladder.copies_audio {
                    arguments.add(["-c:a", "copy"]);
                } else {
                    encode_audio(&mut arguments);
                }
            }
            let (most, buffer) = (rung.bit_rate.to_string(), (rung.bit_rate * 3 / 2).to_string());
            let key_frames = format!("expr:gte(t,n_forced*{KEY_FRAME_SECONDS})");
            arguments
                .add(["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p"])
                .add(["-crf", "22", "-maxrate", &most, "-bufsize", &buffer, "-threads", &threads.to_string()])
                // Scene cuts and the encoder's own interval would put key frames elsewhere in each rung.
                .add(["-sc_threshold", "0", "-g", "100000", "-force_key_frames", &key_frames])
                // Pictures keep their times to 1/90,000 s, however unevenly they come.
                .add(["-fps_mode", "vfr", "-enc_time_base", "1:90000"]);
            hls::output(&mut arguments, &rung.name);
        }
        Ok(arguments)
    }

    /// Decodes once, brings the picture to the largest rung, and makes the others from that.
    fn split(&self, probe: &Probe, rungs: &[Rung]) -> Result<String, MediaError> {
        let video = probe.need_video()?;
        let largest = rungs
            .iter()
            .map(|rung| (rung.width, rung.height))
            .max_by_key(|(w, h)| u64::from(*w) * u64::from(*h));
        let largest = largest.unwrap_or_else(|| fitted(video, video.short_side()));
        let calm = if video.frame_rate > FRAME_RATE_MAX + 0.5 {
            format!("fps={FRAME_RATE_MAX},")
        } else {
            String::new()
        };
        // Segments are cut at pictures, so where sound goes on without one the last picture stays.
        let lengths = (video.duration_ms, probe.audio.as_ref().and_then(|audio| audio.duration_ms));
        let stays = match lengths {
            (Some(picture_ms), Some(sound_ms)) if sound_ms > picture_ms + STAYS_FROM_MS => {
                format!(",tpad=stop_mode=clone:stop_duration={}", seconds(sound_ms - picture_ms))
            }
            _ => String::new(),
        };
        let mut graph = format!(
            "[0:{}]{calm}{}{stays},split={}",
            video.index,
            upright(self, video, largest),
            rungs.len()
        );
        for number in 0..rungs.len() {
            graph.push_str(&format!("[part{number}]"));
        }
        for (number, rung) in rungs.iter().enumerate() {
            graph.push_str(&format!(
                ";[part{number}]scale={}:{}:flags=bicubic,setsar=1[rung{number}]",
                rung.width, rung.height
            ));
        }
        Ok(graph)
    }
}
