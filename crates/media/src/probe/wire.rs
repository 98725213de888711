//! ffprobe's JSON answer and what it means.

use std::collections::HashMap;

use serde::Deserialize;

use super::{AudioStream, Probe, SubtitleStream, VideoStream};
use crate::MediaError;

/// More sounds, and subtitles, of each: a header may promise any number.
const OTHER_STREAMS_MAX: usize = 64;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Format {
    format_name: String,
    start_time: Option<String>,
    duration: Option<String>,
    bit_rate: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stream {
    index: u32,
    codec_type: Option<String>,
    codec_name: Option<String>,
    codec_tag_string: Option<String>,
    profile: Option<String>,
    level: Option<i32>,
    pix_fmt: Option<String>,
    width: u32,
    height: u32,
    sample_aspect_ratio: Option<String>,
    r_frame_rate: Option<String>,
    avg_frame_rate: Option<String>,
    field_order: Option<String>,
    color_transfer: Option<String>,
    color_space: Option<String>,
    bit_rate: Option<String>,
    start_time: Option<String>,
    duration: Option<String>,
    channels: u32,
    sample_rate: Option<String>,
    disposition: HashMap<String, u8>,
    tags: HashMap<String, String>,
    side_data_list: Vec<SideData>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SideData {
    side_data_type: String,
    rotation: Option<f64>,
}

impl Stream {
    fn is(&self, kind: &str) -> bool {
        self.codec_type.as_deref() == Some(kind)
    }

    fn has(&self, disposition: &str) -> bool {
        self.disposition.get(disposition).is_some_and(|&set| set != 0)
    }

    fn is_picture(&self) -> bool {
        self.is("video") && !self.is_cover()
    }

    fn is_cover(&self) -> bool {
        self.has("attached_pic") || self.has("timed_thumbnails") || self.has("still_image")
    }

    fn is_encrypted(&self) -> bool {
        let tag = self.codec_tag_string.as_deref().unwrap_or_default();
        matches!(tag, "encv" | "enca")
            || self.side_data_list.iter().any(|data| data.side_data_type.starts_with("Encryption"))
    }

    fn tag(&self, name: &str) -> Option<String> {
        self.tags.get(name).filter(|value| !value.is_empty() && *value != "und").cloned()
    }
}

/// Reads the answer; `decodes` says which codecs this build of ffmpeg can decode.
pub(super) fn read(answer: Answer, decodes: impl Fn(&str) -> bool) -> Result<Probe, MediaError> {
    let playable = |stream: &&Stream| stream.codec_name.as_deref().is_some_and(&decodes);
    let streams = &answer.streams;
    let media = || streams.iter().filter(|stream| stream.is_picture() || stream.is("audio"));
    if media().any(Stream::is_encrypted) {
        return Err(MediaError::Protected);
    }
    // A header that promises a picture of no size has none.
    let video =
        preferred(streams.iter().filter(|s| s.is_picture() && s.width > 0 && s.height > 0).filter(playable));
    let sounds = || streams.iter().filter(|s| s.is("audio") && s.channels > 0).filter(playable);
    let audio = preferred(sounds());
    if video.is_none() && audio.is_none() {
        return Err(match media().find(|stream| !playable(stream)) {
            Some(unknown) => MediaError::UnsupportedCodec { codec: codec_of(unknown) },
            None => MediaError::NothingPlayable,
        });
    }
    let duration_ms = match duration(&answer.format.duration) {
        0 => streams.iter().map(|stream| duration(&stream.duration)).max().unwrap_or(0),
        known => known,
    };
    Ok(Probe {
        container: answer.format.format_name.clone(),
        duration_ms,
        bit_rate: number(&answer.format.bit_rate),
        video: video.map(|stream| video_stream(stream, &answer.format)),
        audio: audio.map(audio_stream),
        other_sounds: sounds()
            .filter(|sound| audio.is_some_and(|default| default.index != sound.index))
            .take(OTHER_STREAMS_MAX)
            .map(audio_stream)
            .collect(),
        audio_stream_count: u32::try_from(sounds().count()).unwrap_or(u32::MAX),
        subtitles: streams
            .iter()
            .filter(|stream| stream.is("subtitle"))
            .take(OTHER_STREAMS_MAX)
            .map(subtitle_stream)
            .collect(),
        has_attached_picture: streams.iter().any(|stream| stream.is("video") && stream.is_cover()),
    })
}

fn preferred<'a>(streams: impl Iterator<Item = &'a Stream>) -> Option<&'a Stream> {
    let mut first = None;
    for stream in streams {
        if stream.has("default") {
            return Some(stream);
        }
        first = first.or(Some(stream));
    }
    first
}

fn video_stream(stream: &Stream, format: &Format) -> VideoStream {
    let aspect =
        stream.sample_aspect_ratio.as_deref().and_then(ratio).filter(|ratio| (0.05..=20.0).contains(ratio));
    let turned = stream.side_data_list.iter().find_map(|data| data.rotation).unwrap_or(0.0);
    // ffprobe counts counter-clockwise.
    let rotation_degrees = (-turned).rem_euclid(360.0).round() as u32 % 360;
    let (wide, high) = (stretched(stream.width, aspect.unwrap_or(1.0)), stream.height);
    let (width, height) =
        if matches!(rotation_degrees, 46..=134 | 226..=314) { (high, wide) } else { (wide, high) };
    let average = stream.avg_frame_rate.as_deref().and_then(ratio).unwrap_or(0.0);
    let smallest = stream.r_frame_rate.as_deref().and_then(ratio).unwrap_or(average);
    let seconds = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<f64>().ok());
    let late = seconds(&stream.start_time).unwrap_or(0.0) - seconds(&format.start_time).unwrap_or(0.0);
    let is_hdr = matches!(stream.color_transfer.as_deref(), Some("smpte2084" | "arib-std-b67"));
    VideoStream {
        index: stream.index,
        codec: codec_of(stream),
        profile: stream.profile.clone(),
        level: stream.level.filter(|level| *level > 0),
        pixel_format: stream.pix_fmt.clone().unwrap_or_default(),
        width,
        height,
        coded_width: stream.width,
        coded_height: stream.height,
        rotation_degrees,
        frame_rate: if average > 0.0 { average } else { smallest },
        is_variable_rate: average > 0.0 && (smallest / average - 1.0).abs() > 0.02,
        is_hdr,
        color_transfer: stream.color_transfer.clone(),
        color_space: stream.color_space.clone(),
        is_interlaced: matches!(stream.field_order.as_deref(), Some("tt" | "bb" | "tb" | "bt")),
        has_square_pixels: aspect.is_none_or(|ratio| (ratio - 1.0).abs() < 0.001),
        late_ms: whole_ms(late),
        duration_ms: Some(duration(&stream.duration)).filter(|ms| *ms > 0),
        bit_rate: number(&stream.bit_rate),
    }
}

fn stretched(width: u32, aspect: f64) -> u32 {
    ((f64::from(width) * aspect).round() as u32).max(1)
}

fn audio_stream(stream: &Stream) -> AudioStream {
    AudioStream {
        index: stream.index,
        codec: codec_of(stream),
        profile: stream.profile.clone(),
        channels: stream.channels,
        sample_rate: number(&stream.sample_rate).and_then(|rate| u32::try_from(rate).ok()).unwrap_or(0),
        language: stream.tag("language"),
        title: stream.tag("title"),
        duration_ms: Some(duration(&stream.duration)).filter(|ms| *ms > 0),
        bit_rate: number(&stream.bit_rate),
    }
}

fn subtitle_stream(stream: &Stream) -> SubtitleStream {
    SubtitleStream {
        index: stream.index,
        codec: codec_of(stream),
        language: stream.tag("language"),
        title: stream.tag("title"),
        is_forced: stream.has("forced"),
    }
}

fn codec_of(stream: &Stream) -> String {
    let tag = stream
        .codec_tag_string
        .as_deref()
        .filter(|tag| tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    stream.codec_name.as_deref().or(tag).unwrap_or("unknown").to_owned()
}

fn number(text: &Option<String>) -> Option<u64> {
    text.as_deref()?.parse().ok()
}

fn duration(text: &Option<String>) -> u64 {
    whole_ms(text.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0.0))
}

/// Milliseconds from seconds; 0 for what is no positive number.
pub(super) fn whole_ms(seconds: f64) -> u64 {
    // A float-to-integer cast saturates, and takes not-a-number to 0.
    (seconds * 1000.0).round().max(0.0).min(u64::MAX as f64) as u64
}

/// `30000/1001` or `4:3`.
fn ratio(text: &str) -> Option<f64> {
    let (over, under) = text.split_once(['/', ':'])?;
    let (over, under): (f64, f64) = (over.parse().ok()?, under.parse().ok()?);
    (over > 0.0 && under > 0.0).then(|| over / under)
}
