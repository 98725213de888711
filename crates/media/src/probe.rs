//! The facts of a recording: what it is made of, how long it is and how it is meant to be shown.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;

use crate::arguments::Arguments;
use crate::process::Lines;
use crate::{Control, Ffmpeg, Kind, MediaError, SNIFF_BYTES, Sniffed, sniff};

mod wire;

const HEADER_TIME: Duration = Duration::from_secs(60);
const MEASURE_TIME: Duration = Duration::from_secs(600);
/// ffprobe's answer for a file with thousands of bogus streams is not worth reading.
const ANSWER_BYTES: usize = 4 << 20;
/// How the names of formats begin that have eight bits a component, where they say nothing of the order of bytes.
const EIGHT_BITS: [&str; 11] =
    ["yuv", "yuyv", "uyvy", "nv", "gbr", "gray", "rgb24", "rgba", "bgr24", "bgra", "bgr0"];
/// Below this, in bits per second, not even silence is stored.
const DOUBTFUL_BIT_RATE: u64 = 500;

/// What a recording holds. Times in milliseconds, rates in bits per second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// ffmpeg's container name, such as `mov,mp4,m4a,3gp,3g2,mj2` or `matroska,webm`.
    pub container: String,
    /// Length; measured by reading every packet where the file does not say or only estimates it.
    pub duration_ms: u64,
    /// Of the whole file.
    pub bit_rate: Option<u64>,
    /// The default picture stream that can be decoded; cover art is none.
    pub video: Option<VideoStream>,
    /// The default sound stream that can be decoded.
    pub audio: Option<AudioStream>,
    /// The other sound streams that can be decoded.
    #[serde(default)]
    pub other_sounds: Vec<AudioStream>,
    /// How many decodable sound streams there are.
    pub audio_stream_count: u32,
    /// Embedded subtitles.
    pub subtitles: Vec<SubtitleStream>,
    /// Whether a cover picture is attached.
    pub has_attached_picture: bool,
}

/// A picture stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VideoStream {
    /// Position in the file.
    pub index: u32,
    /// ffmpeg's codec name, such as `h264`.
    pub codec: String,
    /// Codec profile, such as `High`.
    pub profile: Option<String>,
    /// Codec level as ffmpeg counts it: 31 is H.264 level 3.1.
    pub level: Option<i32>,
    /// ffmpeg's pixel format, such as `yuv420p`.
    pub pixel_format: String,
    /// As shown: after rotation and with square pixels.
    pub width: u32,
    /// As shown: after rotation and with square pixels.
    pub height: u32,
    /// As stored.
    pub coded_width: u32,
    /// As stored.
    pub coded_height: u32,
    /// Clockwise turn that brings it upright: 0, 90, 180 or 270 in practice.
    pub rotation_degrees: u32,
    /// Average pictures per second; 0 where unknown.
    pub frame_rate: f64,
    /// Whether the time between pictures varies.
    pub is_variable_rate: bool,
    /// Whether it was recorded with a high dynamic range (PQ or HLG transfer).
    pub is_hdr: bool,
    /// The transfer characteristic as ffmpeg names it, such as `bt709`.
    pub color_transfer: Option<String>,
    /// The matrix of its colours as ffmpeg names it, such as `bt709`.
    pub color_space: Option<String>,
    /// Whether pictures are stored as two fields.
    pub is_interlaced: bool,
    /// Whether pixels are square as stored.
    pub has_square_pixels: bool,
    /// How much later than the recording its first picture begins.
    #[serde(default)]
    pub late_ms: u64,
    /// Length of this stream, where the file says.
    pub duration_ms: Option<u64>,
    /// Of this stream, where the file says.
    pub bit_rate: Option<u64>,
}

impl VideoStream {
    /// The shorter side, which a rung such as `720p` speaks of whichever way the picture stands.
    #[must_use]
    pub fn short_side(&self) -> u32 {
        self.width.min(self.height)
    }

    /// Bits of each component of a pixel, as the name of the pixel format says; `None` of formats that are none of the usual ones.
    #[must_use]
    pub fn bit_depth(&self) -> Option<u32> {
        bit_depth(&self.pixel_format)
    }
}

/// A sound stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AudioStream {
    /// Position in the file.
    pub index: u32,
    /// ffmpeg's codec name, such as `aac`.
    pub codec: String,
    /// Codec profile, such as `LC`.
    pub profile: Option<String>,
    /// Channels.
    pub channels: u32,
    /// In hertz.
    pub sample_rate: u32,
    /// ISO 639 code where the file gives one.
    pub language: Option<String>,
    /// Title where the file gives one.
    #[serde(default)]
    pub title: Option<String>,
    /// Length of this stream, where the file says.
    pub duration_ms: Option<u64>,
    /// Of this stream, where the file says.
    pub bit_rate: Option<u64>,
}

/// An embedded subtitle stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubtitleStream {
    /// Position in the file.
    pub index: u32,
    /// ffmpeg's codec name, such as `subrip`.
    pub codec: String,
    /// ISO 639 code where the file gives one.
    pub language: Option<String>,
    /// Title where the file gives one.
    pub title: Option<String>,
    /// Whether it is shown to whoever reads no subtitles, too.
    #[serde(default)]
    pub is_forced: bool,
}

impl Probe {
    /// [`Kind::Video`] with a picture, [`Kind::Audio`] without.
    #[must_use]
    pub fn kind(&self) -> Kind {
        if self.video.is_some() { Kind::Video } else { Kind::Audio }
    }

    pub(crate) fn need_video(&self) -> Result<&VideoStream, MediaError> {
        self.video.as_ref().ok_or(MediaError::NoPicture)
    }

    pub(crate) fn need_audio(&self) -> Result<&AudioStream, MediaError> {
        self.audio.as_ref().ok_or(MediaError::NoSound)
    }
}

impl Ffmpeg {
    /// Reads what a recording holds. The file's name plays no part.
    ///
    /// # Errors
    /// Any [`MediaError`]; permanent ones say what is wrong with the file.
    pub async fn probe(&self, input: &Path, control: &Control) -> Result<Probe, MediaError> {
        let (size_bytes, is_recognised) = refuse_other_kinds(input).await?;
        let asked = self.ask_streams(input, control).await;
        let (answer, report) = asked.map_err(|error| unreadable(error, is_recognised))?;
        let mut probe = wire::read(answer, |codec| self.decodes(codec))?;
        if is_doubtful(&probe, size_bytes, self.limits().duration_ms_max)
            || report.contains("Estimating duration")
        {
            probe.duration_ms = self.measure_duration(input, control).await?;
        }
        if probe.duration_ms == 0 {
            return Err(MediaError::NothingPlayable);
        }
        self.refuse_too_large(&probe)?;
        Ok(probe)
    }

    async fn ask_streams(
        &self,
        input: &Path,
        control: &Control,
    ) -> Result<(wire::Answer, String), MediaError> {
        let mut arguments = Arguments::default();
        arguments.add([
            "-hide_banner",
            "-loglevel",
            "warning",
            "-of",
            "json",
            "-show_format",
            "-show_streams",
        ]);
        arguments.probed(input)?;
        let mut answer = Vec::new();
        let report = self
            .inspect(arguments, HEADER_TIME, control, |bytes| {
                if answer.len() + bytes.len() > ANSWER_BYTES {
                    let detail = "the description of its streams is absurdly long".to_owned();
                    return Err(MediaError::Unreadable { detail });
                }
                answer.extend_from_slice(bytes);
                Ok(())
            })
            .await?;
        let answer = serde_json::from_slice(&answer).map_err(|error| MediaError::Failed {
            summary: "ffprobe gave an answer that cannot be read.".to_owned(),
            detail: error.to_string(),
        })?;
        Ok((answer, report))
    }

    /// The time from the first packet to the end of the last one. Nothing is decoded.
    async fn measure_duration(&self, input: &Path, control: &Control) -> Result<u64, MediaError> {
        let mut arguments = Arguments::default();
        arguments.add(["-hide_banner", "-loglevel", "error", "-of", "csv=p=0:nk=1"]);
        arguments.add(["-show_entries", "packet=pts_time,dts_time,duration_time"]);
        arguments.probed(input)?;
        let (mut first, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
        let mut lines = Lines::default();
        self.inspect(arguments, MEASURE_TIME, control, |bytes| {
            lines.push(bytes, |line| {
                let mut fields = line.split(',').map(|field| field.parse::<f64>().ok());
                let (pts, dts, duration) = (fields.next(), fields.next(), fields.next());
                if let Some(start) = pts.flatten().or(dts.flatten()) {
                    first = first.min(start);
                    last = last.max(start + duration.flatten().unwrap_or(0.0));
                }
            });
            Ok(())
        })
        .await
        .map_err(|error| unreadable(error, true))?;
        Ok(wire::whole_ms(last - first))
    }

    fn refuse_too_large(&self, probe: &Probe) -> Result<(), MediaError> {
        let limits = self.limits();
        if let Some(video) = &probe.video {
            let stored = u64::from(video.coded_width) * u64::from(video.coded_height);
            let shown = u64::from(video.width) * u64::from(video.height);
            if stored.max(shown) > limits.pixels_max {
                let what = format!(
                    "its picture is {} by {} pixels, and at most {} pixels in all are accepted",
                    video.width, video.height, limits.pixels_max
                );
                return Err(MediaError::TooLarge { what });
            }
        }
        if probe.duration_ms > limits.duration_ms_max {
            let what = format!(
                "it lasts {} minutes, and at most {} minutes are accepted",
                probe.duration_ms / 60_000,
                limits.duration_ms_max / 60_000
            );
            return Err(MediaError::TooLarge { what });
        }
        Ok(())
    }
}

fn bit_depth(format: &str) -> Option<u32> {
    let Some(stem) = format.strip_suffix("le").or_else(|| format.strip_suffix("be")) else {
        // What needs no order of bytes fits into one.
        let is_usual = EIGHT_BITS.iter().any(|family| format.starts_with(family));
        return is_usual.then_some(8);
    };
    let digits = stem.strip_prefix("gray").or_else(|| Some(stem.rsplit_once('p')?.1))?;
    // Of `p210` the first digit is about the chroma.
    Some(digits.parse::<u32>().ok()? % 100).filter(|bits| (9..=16).contains(bits))
}

/// Says what a file is when it is plainly no recording, which ffmpeg would put less kindly. Else gives
/// its size and whether its beginning was recognised.
async fn refuse_other_kinds(input: &Path) -> Result<(u64, bool), MediaError> {
    let file = tokio::fs::File::open(input).await.map_err(MediaError::io("opened", input))?;
    let facts = file.metadata().await.map_err(MediaError::io("read", input))?;
    if !facts.is_file() {
        let source = std::io::Error::other("it is not a regular file");
        return Err(MediaError::Io { action: "opened", path: input.to_owned(), source });
    }
    if facts.len() == 0 {
        return Err(MediaError::EmptyFile);
    }
    let size_bytes = facts.len();
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    file.take(SNIFF_BYTES as u64).read_to_end(&mut head).await.map_err(MediaError::io("read", input))?;
    let sniffed = sniff(&head);
    match sniffed {
        Some(Sniffed { kind: Kind::Image | Kind::Document | Kind::Other, content_type, .. }) => {
            Err(MediaError::NotARecording { content_type })
        }
        _ => Ok((size_bytes, sniffed.is_some())),
    }
}

/// A duration that is missing, over the limit, or far too long for so few bytes is measured before it is believed.
fn is_doubtful(probe: &Probe, size_bytes: u64, duration_ms_max: u64) -> bool {
    let bits_per_second = size_bytes.saturating_mul(8_000) / probe.duration_ms.max(1);
    probe.duration_ms == 0 || probe.duration_ms > duration_ms_max || bits_per_second < DOUBTFUL_BIT_RATE
}

/// The limits are there for what a recording needs to be decoded; failing to read what it holds is its own fault.
/// Of noise that looks a little like some format it would mislead to say what is damaged.
fn unreadable(error: MediaError, is_recognised: bool) -> MediaError {
    match error {
        MediaError::Damaged { detail, .. } if !is_recognised => MediaError::Unreadable { detail },
        MediaError::Failed { detail, .. } => MediaError::Unreadable { detail },
        MediaError::OutOfMemory { .. } => MediaError::Damaged {
            what: "its header asks for an absurd amount of memory.",
            detail: String::new(),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_pixel_format_tells_its_depth() {
        for (format, bits) in [
            ("yuv420p", Some(8)),
            ("yuvj420p", Some(8)),
            ("nv12", Some(8)),
            ("gbrp", Some(8)),
            ("bgr0", Some(8)),
            ("gbrp9le", Some(9)),
            ("yuv422p10le", Some(10)),
            ("p010le", Some(10)),
            ("p210be", Some(10)),
            ("yuva444p12le", Some(12)),
            ("gray16be", Some(16)),
            ("p416le", Some(16)),
            ("rgb565le", None),
            ("bgr8", None),
            ("gbrpf32le", None),
            ("monow", None),
            ("", None),
        ] {
            assert_eq!(bit_depth(format), bits, "{format}");
        }
    }
}
