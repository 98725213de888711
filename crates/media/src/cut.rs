//! Parts of what is published: a still of a moment, and a clip between two, both of segments that were fetched before.

use std::path::Path;
use std::time::Duration;

use crate::arguments::{Arguments, seconds};
use crate::{Control, Ffmpeg, MediaError};

const STILL: &str = "still.jpg";
const CLIP: &str = "clip.mp4";

impl Ffmpeg {
    /// Writes `still.jpg` into `out_dir`: what `input` shows `at_ms` after its beginning, or else the last before, `size` pixels
    /// across and down.
    ///
    /// # Errors
    /// [`MediaError::Damaged`] when there is no picture; any other [`MediaError`].
    pub async fn still(
        &self,
        input: &Path,
        at_ms: u64,
        size: (u32, u32),
        out_dir: &Path,
        control: &Control,
    ) -> Result<&'static str, MediaError> {
        let filter = format!("scale={}:{}:flags=area,setsar=1,format=yuvj420p", size.0, size.1);
        // The last moment of a segment may lie behind its last picture.
        for at_ms in [at_ms, at_ms.saturating_sub(500), 0] {
            let threads = self.limits().threads;
            let mut arguments = Arguments::ffmpeg(threads);
            arguments.add(["-max_pixels", &self.limits().pixels_max.to_string(), "-ss", &seconds(at_ms)]);
            arguments.input(input, threads)?;
            arguments
                .add(["-map", "0:v:0", "-vf", &filter, "-frames:v", "1", "-q:v", "4", "-map_metadata", "-1"])
                .add(["-f", "image2", "-update", "1", STILL]);
            self.convert(arguments, out_dir, 1, control).await?;
            if out_dir.join(STILL).is_file() {
                return Ok(STILL);
            }
        }
        Err(MediaError::Damaged { what: "no picture in it can be decoded.", detail: String::new() })
    }

    /// Writes `clip.mp4` into `out_dir`: `lasts` of `input`, from `from_ms` after its beginning on, without encoding anything. It begins
    /// with the key frame before, and says from where on it is to be shown.
    ///
    /// # Errors
    /// Any [`MediaError`].
    pub async fn clip(
        &self,
        input: &Path,
        from_ms: u64,
        lasts: Duration,
        out_dir: &Path,
        control: &Control,
    ) -> Result<&'static str, MediaError> {
        let lasts_ms = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        let threads = self.limits().threads;
        let mut arguments = Arguments::ffmpeg(threads);
        arguments.add(["-ss", &seconds(from_ms)]);
        arguments.input(input, threads)?;
        arguments
            .add(["-t", &seconds(lasts_ms), "-map", "0:v:0?", "-map", "0:a:0?", "-c", "copy"])
            .add(["-map_metadata", "-1", "-fflags", "+bitexact", "-movflags", "+faststart"])
            .add(["-f", "mp4", CLIP]);
        self.convert(arguments, out_dir, lasts_ms, control).await?;
        Ok(CLIP)
    }
}
