//! What is known of the streams of a recording.

use memoreel_media::{AudioStream, VideoStream};
use serde::{Deserialize, Serialize};

/// Of what was probed ([`memoreel_media::Probe`]), what is told.
#[derive(Debug, Deserialize)]
pub(super) struct Streams {
    video: Option<VideoStream>,
    audio: Option<AudioStream>,
}

/// What is known of a recording beside its size and length.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct RecordingDetail {
    /// Its picture; absent of sound alone.
    picture: Option<RecordingPicture>,
    /// Its sound; absent where there is none.
    sound: Option<RecordingSound>,
}

/// The picture of a recording, as it was uploaded.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct RecordingPicture {
    /// What it is written in, as ffmpeg names it: `h264`, `hevc`, `vp9`, `av1`, `prores`, and many others.
    codec: String,
    /// Which profile of that, such as `High`, where the file says.
    profile: Option<String>,
    /// Bits a second of the picture alone, where the file says.
    bit_rate: Option<u64>,
    /// Pictures a second, on average, to the thousandth; absent where it is not known.
    frame_rate: Option<f64>,
    /// Whether the time between pictures varies.
    is_variable_rate: bool,
    /// Whether pictures are stored as two fields.
    is_interlaced: bool,
    /// By how many degrees it is turned clockwise to be upright, as the camera wrote down: 0, 90, 180 or 270 in practice. Width and height and
    /// everything made of it are upright.
    rotation_degrees: u32,
    /// The matrix of its colours, as ffmpeg names it: `bt709`, `smpte170m`, `bt2020nc`, and others; absent where the file does not say.
    colour_space: Option<String>,
    /// How its values become light, as ffmpeg names it: `bt709`, `smpte2084` (PQ), `arib-std-b67` (HLG), and others; absent where the file does
    /// not say.
    colour_transfer: Option<String>,
    /// Whether it was recorded with a high dynamic range: in PQ or HLG.
    is_hdr: bool,
    /// Bits of each component of a pixel; absent where it is not known.
    bit_depth: Option<u32>,
}

/// The sound of a recording, as it was uploaded.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct RecordingSound {
    /// What it is written in, as ffmpeg names it: `aac`, `mp3`, `opus`, `pcm_s16le`, and many others.
    codec: String,
    /// Which profile of that, such as `LC`, where the file says.
    profile: Option<String>,
    /// Bits a second of the sound alone, where the file says.
    bit_rate: Option<u64>,
    /// Its language as an ISO 639 code, where the file says.
    language: Option<String>,
}

impl RecordingDetail {
    pub(super) fn new(streams: Streams) -> Self {
        Self {
            picture: streams.video.map(RecordingPicture::new),
            sound: streams.audio.map(|AudioStream { codec, profile, bit_rate, language, .. }| {
                RecordingSound { codec, profile, bit_rate, language }
            }),
        }
    }
}

impl RecordingPicture {
    fn new(stream: VideoStream) -> Self {
        Self {
            bit_depth: stream.bit_depth(),
            codec: stream.codec,
            profile: stream.profile,
            bit_rate: stream.bit_rate,
            frame_rate: Some((stream.frame_rate * 1000.0).round() / 1000.0).filter(|rate| *rate > 0.0),
            is_variable_rate: stream.is_variable_rate,
            is_interlaced: stream.is_interlaced,
            rotation_degrees: stream.rotation_degrees,
            colour_space: stream.color_space,
            colour_transfer: stream.color_transfer,
            is_hdr: stream.is_hdr,
        }
    }
}
