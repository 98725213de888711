//! Key frames: the pictures a recording consists of, such as the slides of a lecture, and when each of them is shown.
//!
//! The recording is looked at four times a second, small and grey ([`watch`]), as raw pictures from ffmpeg's standard output, of
//! which one is in memory. Of what was found to be one, larger pictures are made on a second way through, by the same clock, so that
//! they show what was looked at however unevenly pictures follow each other.

mod hash;
mod watch;

pub use hash::distance;

use std::path::Path;

use crate::arguments::Arguments;
use crate::filters::{upright, within};
use crate::staging::Staging;
use crate::{Control, Ffmpeg, MediaError, Probe, VideoStream};
use watch::Watch;

/// Looks a second.
const TICKS_PER_SECOND: u64 = 4;
/// The longer side of what is looked at: a line of text is two pixels high, a mouse pointer less than a block.
const GLANCE_SIDE: u32 = 160;
/// Recordings with at least so many pictures a second show what is on a slide without those that no other needs.
const FRAME_RATE_SKIPPABLE: f64 = 12.0;
const LARGE_MAX: u32 = 1920;
const SMALL_MAX: u32 = 480;

/// A picture that stands for a while, and when it is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFrame {
    /// When it was looked at. Its picture is of this moment.
    pub at_ms: u64,
    /// What it looks like: two with few different bits look alike, see [`distance`].
    pub hash: u64,
    /// When it is shown: as often as it comes back, in order, never empty.
    pub shown: Vec<Showing>,
}

impl KeyFrame {
    /// When it is shown first.
    #[must_use]
    pub fn start_ms(&self) -> u64 {
        self.shown.first().map_or(self.at_ms, |showing| showing.start_ms)
    }
}

/// A stretch of time in which a picture is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Showing {
    /// From here.
    pub start_ms: u64,
    /// To here, where another one comes.
    pub end_ms: u64,
}

/// The files of a key frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFramePictures {
    /// A JPEG of at most 1920 by 1920, in which text can be read.
    pub large_file: String,
    /// A JPEG of at most 480 by 480, for lists.
    pub small_file: String,
    /// Pixels across of the large one.
    pub width: u32,
    /// Pixels down of the large one.
    pub height: u32,
}

impl Ffmpeg {
    /// Finds the pictures that stand: at most `count_max`, in the order in which they are first shown. What is shown again, or nearly,
    /// is one. Empty pictures and stretches in which nothing stands, such as the middle of an animation, are none.
    ///
    /// # Errors
    /// [`MediaError::NoPicture`] for sound alone; any other [`MediaError`].
    pub async fn key_frames(
        &self,
        input: &Path,
        probe: &Probe,
        count_max: usize,
        control: &Control,
    ) -> Result<Vec<KeyFrame>, MediaError> {
        let video = probe.need_video()?;
        let (width, height) = within(video, GLANCE_SIDE, GLANCE_SIDE);
        let mut arguments = Arguments::silent_ffmpeg(self.limits().threads);
        self.looked_through(&mut arguments, input, video)?;
        let filter = format!("{},scale={width}:{height}:flags=area,format=gray", clock());
        arguments
            .add(["-map", &format!("0:{}", video.index), "-vf", &filter, "-fps_mode", "passthrough"])
            .add(["-f", "rawvideo", "pipe:1"]);
        let size = width as usize * height as usize;
        let mut watch = Watch::new(width as usize, height as usize, count_max);
        let mut picture = Vec::with_capacity(size);
        let expected = (probe.duration_ms * TICKS_PER_SECOND / 1000).max(1) as f64;
        let mut reported = 0.0;
        self.stream(arguments, control, |mut bytes| {
            while !bytes.is_empty() {
                let taken = bytes.len().min(size - picture.len());
                picture.extend_from_slice(&bytes[..taken]);
                bytes = &bytes[taken..];
                if picture.len() == size {
                    watch.look(&picture);
                    picture.clear();
                }
            }
            let fraction = (watch.ticks() as f64 / expected).min(1.0);
            if fraction >= reported + 0.01 {
                reported = fraction;
                control.report(fraction);
            }
            Ok(())
        })
        .await?;
        control.report(1.0);
        Ok(watch.finish(probe.duration_ms))
    }

    /// Writes the pictures of `frames`, which [`Ffmpeg::key_frames`] found in the same recording, into `out_dir`: as many as there are
    /// frames, in the order in which they were looked at.
    ///
    /// # Errors
    /// [`MediaError::Damaged`] where one of them is not there any more; any other [`MediaError`].
    pub async fn key_frame_pictures(
        &self,
        input: &Path,
        probe: &Probe,
        frames: &[KeyFrame],
        out_dir: &Path,
        control: &Control,
    ) -> Result<Vec<KeyFramePictures>, MediaError> {
        let video = probe.need_video()?;
        let mut ticks: Vec<u64> = frames.iter().map(|frame| tick_of(frame.at_ms)).collect();
        ticks.sort_unstable();
        let Some(last) = ticks.last() else { return Ok(Vec::new()) };
        let (large, small) = (within(video, LARGE_MAX, LARGE_MAX), within(video, SMALL_MAX, SMALL_MAX));
        let staging = Staging::within(out_dir)?;
        let mut arguments = Arguments::ffmpeg(self.limits().threads);
        self.looked_through(&mut arguments, input, video)?;
        let wanted: Vec<String> = ticks.iter().map(|tick| format!("eq(n,{tick})")).collect();
        let graph = format!(
            "[0:{}]{},select='{}',{},split[a][b];[a]format=yuvj420p[large];[b]scale={}:{}:flags=area,format=yuvj420p[small]",
            video.index,
            clock(),
            wanted.join("+"),
            upright(self, video, large),
            small.0,
            small.1
        );
        let count = ticks.len().to_string();
        arguments.add(["-filter_complex", &graph]);
        for (label, quality, file) in [("[large]", "2", "large-%05d.jpg"), ("[small]", "4", "small-%05d.jpg")]
        {
            arguments
                .add(["-map", label, "-fps_mode", "passthrough", "-frames:v", &count, "-q:v", quality])
                .add(["-map_metadata", "-1", "-f", "image2", "-start_number", "0", file]);
        }
        self.convert(arguments, staging.path(), (last + 1) * 1000 / TICKS_PER_SECOND, control).await?;
        let pictures: Vec<KeyFramePictures> = (0..ticks.len())
            .map(|number| KeyFramePictures {
                large_file: format!("large-{number:05}.jpg"),
                small_file: format!("small-{number:05}.jpg"),
                width: large.0,
                height: large.1,
            })
            .collect();
        let files: Vec<String> = pictures
            .iter()
            .flat_map(|picture| [picture.large_file.clone(), picture.small_file.clone()])
            .collect();
        if files.iter().any(|file| !staging.path().join(file).is_file()) {
            return Err(MediaError::Damaged {
                what: "not all of its pictures can be decoded.",
                detail: String::new(),
            });
        }
        staging.publish(&files)?;
        Ok(pictures)
    }

    /// Both ways through decode the same pictures.
    fn looked_through(
        &self,
        arguments: &mut Arguments,
        input: &Path,
        video: &VideoStream,
    ) -> Result<(), MediaError> {
        let skipped = if video.frame_rate >= FRAME_RATE_SKIPPABLE { "bidir" } else { "default" };
        arguments.add(["-max_pixels", &self.limits().pixels_max.to_string(), "-skip_frame", skipped]);
        arguments.input(input, self.limits().threads)?;
        Ok(())
    }
}

/// At each tick, the picture that is shown then: the last one that is not later.
fn clock() -> String {
    format!("fps=fps={TICKS_PER_SECOND}:start_time=0:round=up")
}

fn ms_of(tick: u64) -> u64 {
    tick * 1000 / TICKS_PER_SECOND
}

fn tick_of(ms: u64) -> u64 {
    ms * TICKS_PER_SECOND / 1000
}
