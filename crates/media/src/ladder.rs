//! The encoded ladder: the same recording at several sizes, cut at the same times.
//!
//! Every browser plays H.264. AV1 says the same in fewer bits, and takes longer: where it is wanted it comes besides, of H.264 only the
//! smallest rung is made, and who plays AV1 has the larger ones.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::arguments::Arguments;
use crate::filters::{fitted, upright};
use crate::hls::{self, Variant, VariantVideo};
use crate::package::{SoundOutput, is_web_audio};
use crate::picture_times::PictureTimes;
use crate::staging::Staging;
use crate::{Control, Ffmpeg, Levelling, MediaError, Probe, TargetLoudness};

/// A step of [`LADDER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// A rung of AV1 looks like one of H.264 with this part of its rate.
const AV1_RATE: (u64, u64) = (3, 5);
/// Constant quality, 0 (best) to 63, below the highest rate.
const AV1_QUALITY: &str = "35";
/// Speed of SVT-AV1, 0 (slowest) to 13.
const AV1_SPEED: &str = "10";

/// A picture this little smaller than a step (1078 lines, say) still counts as that step.
const ALMOST: f64 = 0.96;
/// Key frames come this often, and a multiple of it is the segment length: jumps land close, segments align.
const KEY_FRAME_SECONDS: u32 = 2;
const FRAME_RATE_MAX: f64 = 60.0;
/// Sound up to this rate, in bits per second, is no burden to the lowest rung.
const COPIED_AUDIO_RATE_MAX: u64 = 192_000;
/// Where none comes, the last picture is repeated this often a second. Files that hold sound and picture have both of about the same time
/// in one place only if pictures are no further apart.
const REPEATED_PER_SECOND: u32 = 5;
/// Repeated pictures come when the next one does: until then sound waits to be written beside them. Two hours of it, in microseconds, are
/// about 100 MiB for each rung.
const SOUND_WAITS_US: &str = "7200000000";
/// As much sound may wait for the first picture, in bytes.
const SOUND_WAITS_BYTES: &str = "268435456";

/// How pictures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureCodec {
    /// H.264, which every browser plays.
    #[default]
    H264,
    /// AV1.
    Av1,
}

/// What is to be encoded of recordings: which of the sizes, at which rates, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedPlan")]
pub struct EncodingPlan {
    codec: PictureCodec,
    steps: Vec<LadderStep>,
    loudness: Option<TargetLoudness>,
}

#[derive(Deserialize)]
struct UncheckedPlan {
    codec: PictureCodec,
    steps: Vec<LadderStep>,
    #[serde(default)]
    loudness: Option<TargetLoudness>,
}

impl TryFrom<UncheckedPlan> for EncodingPlan {
    type Error = PlanError;

    fn try_from(plan: UncheckedPlan) -> Result<Self, PlanError> {
        Ok(Self::new(plan.codec, plan.steps)?.with_loudness(plan.loudness))
    }
}

/// Why a plan is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// There is nothing to encode.
    #[error("at least one size is made")]
    Empty,
    /// No step of [`LADDER`].
    #[error("{short_side} is none of the sizes that can be made")]
    Size {
        /// What was asked for.
        short_side: u32,
    },
    /// One size twice.
    #[error("{short_side} is named twice")]
    Twice {
        /// Which.
        short_side: u32,
    },
    /// A rate that looks bad, or wastes.
    #[error("{short_side} takes {least} to {most} bits a second")]
    Rate {
        /// Of which step.
        short_side: u32,
        /// In bits per second.
        least: u64,
        /// In bits per second.
        most: u64,
    },
}

impl LadderStep {
    /// Which rates may be chosen for this step of [`LADDER`], in bits per second: a quarter of its own to four times as much.
    #[must_use]
    pub fn rates(&self) -> std::ops::RangeInclusive<u64> {
        self.bit_rate / 4..=self.bit_rate * 4
    }
}

impl EncodingPlan {
    /// Steps in any order, each of a size of [`LADDER`], once, at a rate that may be chosen for it.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn new(codec: PictureCodec, mut steps: Vec<LadderStep>) -> Result<Self, PlanError> {
        if steps.is_empty() {
            return Err(PlanError::Empty);
        }
        steps.sort_by_key(|step| step.short_side);
        for (number, step) in steps.iter().enumerate() {
            let short_side = step.short_side;
            let offered = LADDER.iter().find(|offered| offered.short_side == short_side);
            let rates = offered.ok_or(PlanError::Size { short_side })?.rates();
            if number > 0 && steps[number - 1].short_side == short_side {
                return Err(PlanError::Twice { short_side });
            }
            if !rates.contains(&step.bit_rate) {
                return Err(PlanError::Rate { short_side, least: *rates.start(), most: *rates.end() });
            }
        }
        Ok(Self { codec, steps, loudness: None })
    }

    /// The same with sound brought to one loudness, or left as loud as it is.
    #[must_use]
    pub fn with_loudness(self, loudness: Option<TargetLoudness>) -> Self {
        Self { loudness, ..self }
    }

    /// The same sizes for an ffmpeg that encodes nothing but H.264.
    #[must_use]
    pub fn without_av1(&self) -> Self {
        Self { codec: PictureCodec::H264, ..self.clone() }
    }

    /// How the larger rungs are written.
    #[must_use]
    pub fn codec(&self) -> PictureCodec {
        self.codec
    }

    /// What sound is brought to, if not left as loud as it is.
    #[must_use]
    pub fn loudness(&self) -> Option<TargetLoudness> {
        self.loudness
    }

    /// Lowest first.
    #[must_use]
    pub fn steps(&self) -> &[LadderStep] {
        &self.steps
    }
}

impl Default for EncodingPlan {
    fn default() -> Self {
        Self { codec: PictureCodec::default(), steps: LADDER.to_vec(), loudness: None }
    }
}

/// One rendition to encode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Name of its folder, such as `720p` or `720p-av1`.
    pub name: String,
    /// How its picture is written.
    #[serde(default)]
    pub codec: PictureCodec,
    /// Even, upright, square pixels.
    pub width: u32,
    /// Even, upright, square pixels.
    pub height: u32,
    /// Highest video bit rate, in bits per second.
    pub bit_rate: u64,
}

/// What is to be encoded of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    /// Lowest first; empty without a picture.
    pub rungs: Vec<Rung>,
    /// Whether the sound goes into every rung as it is.
    pub copies_audio: bool,
    /// What brings the sound to the loudness that is wanted, if one is.
    pub levelling: Option<Levelling>,
    /// When the first picture is to be shown, if not as early as the encoder can: as in another version ([`Variant::start_us`]), as the sound
    /// of one goes with the pictures of the other where players fetch both apart.
    pub start_us: Option<u64>,
}

impl Ladder {
    /// The rungs of one codec alone, which are made in one pass.
    #[must_use]
    pub fn of(&self, codec: PictureCodec) -> Self {
        let rungs = self.rungs.iter().filter(|rung| rung.codec == codec).cloned().collect();
        Self { rungs, ..self.clone() }
    }

    /// The same with sound that is levelled, and therefore encoded; as it is where `levelling` is none.
    #[must_use]
    pub fn levelled(self, levelling: Option<Levelling>) -> Self {
        Self { copies_audio: self.copies_audio && levelling.is_none(), levelling, ..self }
    }

    /// The same, beginning when that of `versions` does whose sound players of DASH hear; as it is where none has any.
    #[must_use]
    pub fn beginning_with(self, versions: &[Variant]) -> Self {
        let start_us = hls::first_with_sound(versions).map(|first| first.start_us);
        Self { start_us: start_us.or(self.start_us), ..self }
    }
}

/// The rungs a recording needs by `plan`, lowest first: every step not above its own size, or its own size when that is
/// below the first step. Empty without a picture. Those of AV1 come last.
///
/// A step is left out when `instant`, the variant that was packaged without encoding, is about its size and at
/// most twice its rate. Sound that `instant` could take over, and that is not much heavier than ours, is copied: it loses
/// nothing, costs nothing, and all variants then have the same. Pictures begin when those of `instant` do.
#[must_use]
pub fn ladder(probe: &Probe, instant: Option<&Variant>, plan: &EncodingPlan) -> Ladder {
    let sound = probe.audio.as_ref().filter(|audio| is_web_audio(audio));
    let is_light = sound.and_then(|audio| audio.bit_rate).is_some_and(|rate| rate <= COPIED_AUDIO_RATE_MAX);
    Ladder {
        rungs: rungs(probe, instant, plan),
        copies_audio: instant.is_some() && is_light,
        levelling: None,
        start_us: instant.map(|instant| instant.start_us),
    }
}

fn rungs(probe: &Probe, instant: Option<&Variant>, plan: &EncodingPlan) -> Vec<Rung> {
    let Some(video) = &probe.video else { return Vec::new() };
    let short_side = video.short_side();
    let reaches = |step: &&LadderStep| f64::from(short_side) >= f64::from(step.short_side) * ALMOST;
    let rung = |number: Option<u32>, step: &LadderStep| {
        let (width, height) = fitted(video, number.unwrap_or(short_side));
        let name = format!("{}p", number.unwrap_or(width.min(height)));
        Rung { name, codec: PictureCodec::H264, width, height, bit_rate: step.bit_rate }
    };
    let mut rungs: Vec<Rung> =
        plan.steps.iter().filter(reaches).map(|step| rung(Some(step.short_side), step)).collect();
    if rungs.is_empty() {
        // A plan may begin with a size for which there is more to show.
        rungs.push(rung(None, LADDER.iter().rfind(reaches).unwrap_or(&LADDER[0])));
    }
    let besides: Vec<Rung> = match plan.codec {
        PictureCodec::H264 => Vec::new(),
        PictureCodec::Av1 => rungs.iter().map(in_av1).collect(),
    };
    if !besides.is_empty() {
        rungs.truncate(1);
    }
    if let Some(instant) = instant {
        rungs.retain(|rung| !covers(instant, rung));
    }
    rungs.extend(besides);
    rungs
}

fn in_av1(rung: &Rung) -> Rung {
    let (part, whole) = AV1_RATE;
    Rung {
        name: format!("{}-av1", rung.name),
        codec: PictureCodec::Av1,
        bit_rate: rung.bit_rate * part / whole,
        ..rung.clone()
    }
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
    /// Encodes every rung, with sound as AAC, in one pass over the recording. Each becomes a folder of `out_dir`.
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
        let times = self.picture_times(input, probe, control).await?;
        let arguments = self.ladder_arguments(input, probe, ladder, &times)?;
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
        times: &PictureTimes,
    ) -> Result<Arguments, MediaError> {
        let threads = self.limits().threads;
        let frame_rate = probe.need_video()?.frame_rate.min(FRAME_RATE_MAX);
        // Pictures that are stored in another order begin two later than they could, and later still where these are apart.
        let begins_early = ladder.start_us.is_some_and(|start_us| start_us as f64 * frame_rate < 2e6);
        let mut arguments = Arguments::ffmpeg(threads);
        arguments.add(["-max_pixels", &self.limits().pixels_max.to_string()]);
        arguments.input(input, threads)?;
        arguments.add(["-filter_complex", &self.split(probe, &ladder.rungs, times)?]);
        for (number, rung) in ladder.rungs.iter().enumerate() {
            arguments.add(["-map", &format!("[rung{number}]")]);
            if let Some(audio) = &probe.audio {
                arguments.add(["-map", &format!("0:{}", audio.index)]);
                let encoded = SoundOutput::Encoded(ladder.levelling.as_ref());
                if ladder.copies_audio { SoundOutput::Copied } else { encoded }.add_to(&mut arguments);
            }
            encode_picture(&mut arguments, rung, threads);
            arguments
                // Scene cuts and the encoder's own interval would put key frames elsewhere in each rung.
                .add(["-g", "100000", "-force_key_frames", &key_frames()])
                // Pictures keep their times to 1/90,000 s, however unevenly they come.
                .add(["-fps_mode", "vfr", "-enc_time_base", "1:90000"]);
            if times.have_gaps() {
                arguments
                    .add(["-max_interleave_delta", SOUND_WAITS_US])
                    .add(["-muxing_queue_data_threshold", SOUND_WAITS_BYTES]);
            }
            if rung.codec == PictureCodec::H264 && (times.have_gaps() || begins_early) {
                arguments.add(["-bf", "0"]);
            }
            if let Some(start_us) = ladder.start_us.filter(|start_us| *start_us > 0) {
                arguments.add(["-output_ts_offset", &format!("{start_us}us")]);
            }
            hls::output(&mut arguments, &rung.name);
        }
        Ok(arguments)
    }

    /// Decodes once, brings the picture to the largest rung, and makes the others from that.
    fn split(&self, probe: &Probe, rungs: &[Rung], times: &PictureTimes) -> Result<String, MediaError> {
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
        let (repeated, filled) = filling(times);
        // The first picture is shown from the beginning on, whatever a decoder makes of its time to the millisecond.
        let early = times
            .late()
            .map_or_else(String::new, |late| format!("setpts='if(lte(T,{:.6}),0,PTS)',", late + 0.002));
        let mut graph = format!(
            "{repeated}[0:{}]{early}{calm}{}{filled},split={}",
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

/// At the first picture of every other second. Counting key frames instead would, after a gap, force one at every picture until the count
/// is made up for.
fn key_frames() -> String {
    let every = KEY_FRAME_SECONDS;
    format!("expr:if(isnan(prev_forced_t),1,gt(floor(t/{every}),floor(prev_forced_t/{every})))")
}

/// What repeats the last picture wherever none comes for long: a clock, and what joins the picture with it. Nothing for other recordings,
/// which keep the pictures that they have.
fn filling(times: &PictureTimes) -> (String, String) {
    if !times.have_gaps() {
        return (String::new(), String::new());
    }
    let stays = times
        .stays()
        .map_or_else(String::new, |stays| format!(",tpad=stop_mode=clone:stop_duration={stays:.3}"));
    let clock = format!("color=size=16x16:rate={REPEATED_PER_SECOND},settb=1/90000[clock];");
    // It gives a picture whenever either has one, and always that of the first.
    (clock, format!("{stays},settb=1/90000[timed];[timed][clock]streamselect=inputs=2:map=0"))
}

fn encode_picture(arguments: &mut Arguments, rung: &Rung, threads: usize) {
    let (most, buffer) = (rung.bit_rate.to_string(), (rung.bit_rate * 3 / 2).to_string());
    match rung.codec {
        PictureCodec::H264 => {
            arguments
                .add(["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p"])
                .add(["-crf", "22", "-sc_threshold", "0"])
                .add(["-maxrate", &most, "-bufsize", &buffer, "-threads", &threads.to_string()]);
        }
        PictureCodec::Av1 => {
            arguments
                .add(["-c:v", "libsvtav1", "-preset", AV1_SPEED, "-pix_fmt", "yuv420p"])
                .add(["-crf", AV1_QUALITY, "-maxrate", &most, "-bufsize", &buffer])
                .add(["-svtav1-params", &format!("lp={threads}:scd=0:enable-force-key-frames=1")]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(short_side: u32, bit_rate: u64) -> LadderStep {
        LadderStep { short_side, bit_rate }
    }

    #[test]
    fn a_plan_is_made_of_offered_steps_once_each_or_refused() {
        let plan =
            EncodingPlan::new(PictureCodec::Av1, vec![step(720, 2_000_000), step(360, 800_000)]).unwrap();
        assert_eq!(plan.steps(), [step(360, 800_000), step(720, 2_000_000)]);
        let told = serde_json::to_value(&plan).unwrap();
        assert_eq!(serde_json::from_value::<EncodingPlan>(told).unwrap(), plan);
        let loud = plan.clone().with_loudness(Some(TargetLoudness::SPEECH));
        let told = serde_json::to_value(&loud).unwrap();
        assert_eq!(serde_json::from_value::<EncodingPlan>(told).unwrap(), loud);
        let before = r#"{"codec":"av1","steps":[{"short_side":360,"bit_rate":800000},{"short_side":720,"bit_rate":2000000}]}"#;
        assert_eq!(serde_json::from_str::<EncodingPlan>(before).unwrap(), plan);
        let refused =
            |steps: &[LadderStep]| EncodingPlan::new(PictureCodec::H264, steps.to_vec()).unwrap_err();
        assert_eq!(refused(&[]), PlanError::Empty);
        assert_eq!(refused(&[step(500, 800_000)]), PlanError::Size { short_side: 500 });
        assert_eq!(refused(&[step(360, 800_000), step(360, 900_000)]), PlanError::Twice { short_side: 360 });
        for rate in [0, 199_999, 3_200_001, u64::MAX] {
            let rates = PlanError::Rate { short_side: 360, least: 200_000, most: 3_200_000 };
            assert_eq!(refused(&[step(360, rate)]), rates, "{rate}");
        }
        for odd in [
            r#"{"codec":"h264","steps":[]}"#,
            r#"{"codec":"hevc","steps":[{"short_side":360,"bit_rate":800000}]}"#,
        ] {
            assert!(serde_json::from_str::<EncodingPlan>(odd).is_err(), "{odd}");
        }
    }
}
