//! The still that stands for a recording: a frame that shows something, large and small.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::arguments::{Arguments, seconds};
use crate::filters::{upright, within};
use crate::staging::Staging;
use crate::{Control, Ffmpeg, MediaError, Probe, VideoStream};

const LARGE_MAX: (u32, u32) = (1280, 1280);
/// A grid is as wide for upright pictures as for lying ones.
const SMALL_MAX: (u32, u32) = (480, 854);
/// Where to look, in thousandths of the duration, best guess first: past the titles, before the credits.
const PLACES: [u64; 6] = [100, 250, 400, 600, 800, 0];
/// Candidates are judged on this few grey pixels.
const GLANCE: (usize, usize) = (64, 36);
/// Standard deviation of brightness (0 to 255) from which a frame is taken at once: black, white and fade frames
/// are below 5, slides and faces above 25.
const CONTRAST_ENOUGH: f64 = 20.0;

/// The two stills of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poster {
    /// The moment they show.
    pub at_ms: u64,
    /// `poster.jpg`, at most 1280 by 1280.
    pub large: PosterImage,
    /// `poster-small.jpg`, at most 480 by 854, for grids.
    pub small: PosterImage,
}

/// One JPEG.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PosterImage {
    /// Name in the output folder.
    pub file: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

impl Ffmpeg {
    /// Writes `poster.jpg` and `poster-small.jpg` into `out_dir`, from a frame that is not blank where there is
    /// one.
    ///
    /// # Errors
    /// [`MediaError::NoPicture`] for sound alone; any other [`MediaError`].
    pub async fn poster(
        &self,
        input: &Path,
        probe: &Probe,
        out_dir: &Path,
        control: &Control,
    ) -> Result<Poster, MediaError> {
        let video = probe.need_video()?;
        let at_ms = self.telling_moment(input, probe, video, control).await?;
        self.write_poster(input, video, at_ms, out_dir, control).await
    }

    async fn write_poster(
        &self,
        input: &Path,
        video: &VideoStream,
        at_ms: u64,
        out_dir: &Path,
        control: &Control,
    ) -> Result<Poster, MediaError> {
        let (large, small) =
            (within(video, LARGE_MAX.0, LARGE_MAX.1), within(video, SMALL_MAX.0, SMALL_MAX.1));
        let staging = Staging::within(out_dir)?;
        let mut arguments = self.picture_arguments(input, at_ms, false)?;
        let graph = format!(
            "[0:{}]{},split[a][b];[a]format=yuvj420p[large];[b]scale={}:{}:flags=area,format=yuvj420p[small]",
            video.index,
            upright(self, video, large),
            small.0,
            small.1
        );
        arguments.add(["-filter_complex", &graph]);
        for (label, file) in [("[large]", "poster.jpg"), ("[small]", "poster-small.jpg")] {
            arguments
                .add(["-map", label, "-frames:v", "1", "-q:v", "3", "-map_metadata", "-1"])
                .add(["-f", "image2", "-update", "1", file]);
        }
        self.convert(arguments, staging.path(), 1, control).await?;
        if !staging.path().join("poster.jpg").is_file() || !staging.path().join("poster-small.jpg").is_file()
        {
            return Err(no_frame());
        }
        staging.publish(&["poster.jpg".to_owned(), "poster-small.jpg".to_owned()])?;
        let image = |file: &str, (width, height)| PosterImage { file: file.to_owned(), width, height };
        Ok(Poster { at_ms, large: image("poster.jpg", large), small: image("poster-small.jpg", small) })
    }

    /// The first place with enough contrast, or else the one with most.
    async fn telling_moment(
        &self,
        input: &Path,
        probe: &Probe,
        video: &VideoStream,
        control: &Control,
    ) -> Result<u64, MediaError> {
        let mut best: Option<(f64, u64)> = None;
        let mut failure = None;
        for place in PLACES {
            let at_ms = probe.duration_ms / 1000 * place + probe.duration_ms % 1000 * place / 1000;
            match self.contrast(input, video, at_ms, control).await {
                Ok(Some(contrast)) if contrast >= CONTRAST_ENOUGH => return Ok(at_ms),
                Ok(Some(contrast)) if best.is_none_or(|(most, _)| contrast > most) => {
                    best = Some((contrast, at_ms))
                }
                Ok(_) => {}
                // One unreadable place does not spoil the others.
                Err(
                    error @ (MediaError::Damaged { .. }
                    | MediaError::Failed { .. }
                    | MediaError::Unreadable { .. }),
                ) => {
                    failure = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        best.map(|(_, at_ms)| at_ms).ok_or_else(|| failure.unwrap_or_else(no_frame))
    }

    /// Standard deviation of brightness of the frame at `at_ms`; `None` where there is none.
    async fn contrast(
        &self,
        input: &Path,
        video: &VideoStream,
        at_ms: u64,
        control: &Control,
    ) -> Result<Option<f64>, MediaError> {
        let (width, height) = GLANCE;
        let mut arguments = self.picture_arguments(input, at_ms, true)?;
        let filter = format!("scale={width}:{height}:flags=area,format=gray");
        arguments
            .add(["-map", &format!("0:{}", video.index), "-vf", &filter, "-frames:v", "1"])
            .add(["-f", "rawvideo", "pipe:1"]);
        let mut pixels = Vec::with_capacity(width * height);
        let ran = self
            .stream(arguments, control, |bytes| {
                let room = width * height - pixels.len();
                pixels.extend_from_slice(&bytes[..bytes.len().min(room)]);
                Ok(())
            })
            .await;
        if pixels.len() < width * height {
            return ran.map(|()| None);
        }
        let count = pixels.len() as f64;
        let mean = pixels.iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / count;
        let variance = pixels.iter().map(|&pixel| (f64::from(pixel) - mean).powi(2)).sum::<f64>() / count;
        Ok(Some(variance.sqrt()))
    }

    fn picture_arguments(&self, input: &Path, at_ms: u64, is_silent: bool) -> Result<Arguments, MediaError> {
        let threads = self.limits().threads;
        let mut arguments =
            if is_silent { Arguments::silent_ffmpeg(threads) } else { Arguments::ffmpeg(threads) };
        arguments.add(["-max_pixels", &self.limits().pixels_max.to_string(), "-ss", &seconds(at_ms)]);
        arguments.input(input, threads)?;
        Ok(arguments)
    }
}

fn no_frame() -> MediaError {
    MediaError::Damaged { what: "no picture in it can be decoded.", detail: String::new() }
}
