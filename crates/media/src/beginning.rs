//! Whether a recording can be played at all, which its header alone does not tell.

use std::path::Path;

use crate::arguments::{Arguments, seconds};
use crate::{Control, Ffmpeg, MediaError, Probe};

/// How much of it is decoded.
const BEGINNING_MS: u64 = 3_000;

impl Ffmpeg {
    /// Decodes the first seconds of `input`. A header in front says the same of a file whose data was lost.
    ///
    /// # Errors
    /// [`MediaError::Damaged`] when neither picture nor sound comes of them; any other [`MediaError`].
    pub async fn decode_beginning(
        &self,
        input: &Path,
        probe: &Probe,
        control: &Control,
    ) -> Result<(), MediaError> {
        let threads = self.limits().threads;
        let mut arguments = Arguments::silent_ffmpeg(threads);
        arguments.add(["-max_pixels", &self.limits().pixels_max.to_string(), "-t", &seconds(BEGINNING_MS)]);
        arguments.input(input, threads)?;
        let pictures = probe.video.iter().map(|video| video.index);
        for index in pictures.chain(probe.audio.iter().map(|audio| audio.index)) {
            arguments.add(["-map", &format!("0:{index}")]);
        }
        arguments.add(["-abort_on", "empty_output", "-f", "null", "-"]);
        self.stream(arguments, control, |_| Ok(())).await
    }
}
