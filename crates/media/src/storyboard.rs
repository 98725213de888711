//! The storyboard: sheets of small pictures, with the times they stand for, shown while a viewer drags the
//! playhead.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arguments::Arguments;
use crate::filters::upright;
use crate::process::Lines;
use crate::staging::Staging;
use crate::{Control, Ffmpeg, MediaError, Probe, VideoStream};

const TILE_WIDTH: u32 = 160;
/// A very tall picture gets narrower rather than tiles higher than this.
const TILE_HEIGHT_MAX: u32 = 320;
const COLUMNS: u32 = 10;
const ROWS: u32 = 10;
const TILES_MAX: u64 = 300;
/// Intervals that are easy to read; the first that gives few enough tiles is taken.
const INTERVALS_MS: [u64; 13] =
    [1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000, 60_000, 90_000, 120_000, 180_000, 240_000, 300_000];
/// From here on key frames are close enough to the wanted times, and decoding only those is many times faster.
const KEY_FRAMES_ONLY_MS: u64 = 10_000;
/// Up to so far apart, key frames show every scene.
const KEY_FRAMES_NEAR_MS: u64 = 2_500;
/// The part of the recording that is looked at for them.
const KEY_FRAMES_LOOKED_FOR: &str = "%+30";
/// How long that may take.
const KEY_FRAMES_TIME: Duration = Duration::from_secs(20);
const CUES: &str = "storyboard.vtt";
/// What sheets are called before their number, which has at least three digits, and `.jpg`.
pub(crate) const SHEET: &str = "sprite-";

/// What [`Ffmpeg::storyboard`] wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storyboard {
    /// WebVTT whose cues are `sprite-000.jpg#xywh=0,0,160,90`.
    pub cues_file: String,
    /// `sprite-000.jpg` and on.
    pub sheet_files: Vec<String>,
    /// Time between tiles.
    pub interval_ms: u64,
    /// Number of tiles over all sheets.
    pub tile_count: u32,
    /// In pixels.
    pub tile_width: u32,
    /// In pixels.
    pub tile_height: u32,
}

impl Storyboard {
    /// Whether files of this name are sheets.
    #[must_use]
    pub fn is_sheet(file: &str) -> bool {
        let number = file.strip_prefix(SHEET).and_then(|rest| rest.strip_suffix(".jpg"));
        number.is_some_and(|digits| digits.len() >= 3 && digits.bytes().all(|digit| digit.is_ascii_digit()))
    }

    /// Tiles across and down in each sheet.
    pub(crate) fn layout(&self) -> (u32, u32) {
        layout(self.tile_count)
    }
}

fn layout(tile_count: u32) -> (u32, u32) {
    (tile_count.min(COLUMNS), tile_count.div_ceil(COLUMNS).min(ROWS))
}

impl Ffmpeg {
    /// Writes sheets of at most 10 by 10 tiles and `storyboard.vtt` into `out_dir`.
    ///
    /// Long recordings are read by their key frames; give an encoded rung as `input` where the source has few.
    ///
    /// # Errors
    /// [`MediaError::NoPicture`] for sound alone; any other [`MediaError`].
    pub async fn storyboard(
        &self,
        input: &Path,
        probe: &Probe,
        out_dir: &Path,
        control: &Control,
    ) -> Result<Storyboard, MediaError> {
        let video = probe.need_video()?;
        let plan = Plan::of(video, probe.duration_ms);
        let staging = Staging::within(out_dir)?;
        let threads = self.limits().threads;
        let mut arguments = Arguments::ffmpeg(threads);
        arguments.add(["-max_pixels", &self.limits().pixels_max.to_string()]);
        arguments.add(["-skip_frame", self.skipped_frames(input, video, &plan, control).await?]);
        arguments.input(input, threads)?;
        // The last picture is repeated, so that sound which goes on after it has tiles and every cue has one.
        let filter = format!(
            "fps=fps=1000/{}:start_time=0:eof_action=pass,{},tpad=stop_mode=clone:stop=-1,trim=end_frame={},tile={}x{},format=yuvj420p",
            plan.interval_ms,
            upright(self, video, (plan.tile_width, plan.tile_height)),
            plan.tile_count,
            plan.columns,
            plan.rows
        );
        arguments
            .add(["-map", &format!("0:{}", video.index), "-vf", &filter, "-fps_mode", "passthrough"])
            .add([
                "-q:v",
                "5",
                "-map_metadata",
                "-1",
                "-f",
                "image2",
                "-start_number",
                "0",
                &format!("{SHEET}%03d.jpg"),
            ]);
        self.convert(arguments, staging.path(), probe.duration_ms, control).await?;

        let sheet_files = plan.sheet_files();
        if sheet_files.iter().any(|file| !staging.path().join(file).is_file()) {
            return Err(MediaError::Damaged {
                what: "no picture in it can be decoded.",
                detail: String::new(),
            });
        }
        let cues = staging.path().join(CUES);
        std::fs::write(&cues, plan.cues(probe.duration_ms)).map_err(MediaError::io("written", cues))?;
        let mut files = sheet_files.clone();
        files.push(CUES.to_owned());
        staging.publish(&files)?;
        Ok(Storyboard {
            cues_file: CUES.to_owned(),
            sheet_files,
            interval_ms: plan.interval_ms,
            tile_count: plan.tile_count,
            tile_width: plan.tile_width,
            tile_height: plan.tile_height,
        })
    }
}

impl Ffmpeg {
    /// Which pictures need not be decoded: all but key frames, where these come about as often as tiles do, which costs a
    /// tenth; else those that no other picture needs.
    async fn skipped_frames(
        &self,
        input: &Path,
        video: &VideoStream,
        plan: &Plan,
        control: &Control,
    ) -> Result<&'static str, MediaError> {
        let near_enough_ms = plan.interval_ms.max(KEY_FRAMES_NEAR_MS);
        if plan.interval_ms >= KEY_FRAMES_ONLY_MS
            || self
                .key_frames_apart_ms(input, video, control)
                .await?
                .is_some_and(|apart| apart <= near_enough_ms)
        {
            return Ok("nokey");
        }
        Ok("bidir")
    }

    /// The longest time between two key frames near the beginning; `None` where there is only one, or where the packets
    /// cannot be read.
    async fn key_frames_apart_ms(
        &self,
        input: &Path,
        video: &VideoStream,
        control: &Control,
    ) -> Result<Option<u64>, MediaError> {
        let mut arguments = Arguments::default();
        arguments.add(["-hide_banner", "-loglevel", "quiet", "-of", "csv=p=0:nk=1"]);
        arguments.add([
            "-select_streams",
            &video.index.to_string(),
            "-read_intervals",
            KEY_FRAMES_LOOKED_FOR,
        ]);
        arguments.add(["-show_entries", "packet=pts_time,flags"]);
        arguments.probed(input)?;
        let (mut last, mut apart) = (None, None);
        let mut lines = Lines::default();
        let looked = self.inspect(arguments, KEY_FRAMES_TIME, control, |bytes| {
            lines.push(bytes, |line| {
                let Some((time, flags)) = line.split_once(',') else { return };
                let Ok(time) = time.parse::<f64>() else { return };
                if flags.starts_with('K') {
                    if let Some(last) = last {
                        apart = Some(f64::max(time - last, apart.unwrap_or(0.0)));
                    }
                    last = Some(time);
                }
            });
            Ok(())
        });
        match looked.await {
            Ok(_) => Ok(apart.map(|seconds: f64| (seconds * 1000.0).round() as u64)),
            Err(MediaError::Cancelled) => Err(MediaError::Cancelled),
            Err(_) => Ok(None),
        }
    }
}

struct Plan {
    interval_ms: u64,
    tile_count: u32,
    tile_width: u32,
    tile_height: u32,
    columns: u32,
    rows: u32,
}

impl Plan {
    fn of(video: &VideoStream, duration_ms: u64) -> Self {
        let enough = |interval: &u64| duration_ms.div_ceil(*interval) <= TILES_MAX;
        let interval_ms =
            INTERVALS_MS.into_iter().find(enough).unwrap_or_else(|| duration_ms.div_ceil(TILES_MAX));
        let tile_count = u32::try_from(duration_ms.div_ceil(interval_ms).max(1)).unwrap_or(1);
        let (columns, rows) = layout(tile_count);
        let (width, height) = (f64::from(video.width), f64::from(video.height));
        let scale = (f64::from(TILE_WIDTH) / width).min(f64::from(TILE_HEIGHT_MAX) / height);
        let even = |length: f64| ((length.round() as u32 + 1) & !1).max(2);
        Self {
            interval_ms,
            tile_count,
            tile_width: even(width * scale).min(TILE_WIDTH),
            tile_height: even(height * scale).min(TILE_HEIGHT_MAX),
            columns,
            rows,
        }
    }

    fn tiles_per_sheet(&self) -> u32 {
        self.columns * self.rows
    }

    fn sheet_files(&self) -> Vec<String> {
        (0..self.tile_count.div_ceil(self.tiles_per_sheet()))
            .map(|sheet| format!("{SHEET}{sheet:03}.jpg"))
            .collect()
    }

    fn cues(&self, duration_ms: u64) -> String {
        let mut text = String::from("WEBVTT\n");
        for tile in 0..self.tile_count {
            let start_ms = u64::from(tile) * self.interval_ms;
            let end_ms = (start_ms + self.interval_ms).min(duration_ms.max(start_ms + 1));
            let (sheet, place) = (tile / self.tiles_per_sheet(), tile % self.tiles_per_sheet());
            let (x, y) = (place % self.columns * self.tile_width, place / self.columns * self.tile_height);
            text.push_str(&format!(
                "\n{} --> {}\n{SHEET}{sheet:03}.jpg#xywh={x},{y},{},{}\n",
                clock(start_ms),
                clock(end_ms),
                self.tile_width,
                self.tile_height
            ));
        }
        text
    }
}

/// A WebVTT time stamp.
fn clock(ms: u64) -> String {
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}
