//! HLS on disk: how a variant is written, checked and described in the master playlist (RFC 8216).

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::MediaError;
use crate::arguments::Arguments;
use crate::fmp4::Header;

/// Length of a segment; it ends at the first key frame from here on.
pub(crate) const SEGMENT_SECONDS: u32 = 6;
pub(crate) const PLAYLIST: &str = "media.m3u8";
pub(crate) const INIT: &str = "init.mp4";
/// A day in two-second pieces is 43,200 segments; a header is a few kilobytes.
const SMALL_FILE_BYTES: u64 = 16 << 20;

/// One playable version of a recording: a folder with `init.mp4`, `segment-00000.m4s` … and `media.m3u8`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Name of its folder: `source` or `audio` for an instant packaging, `720p` and the like for an encoded rung.
    pub name: String,
    /// The picture; absent for sound only.
    pub video: Option<VariantVideo>,
    /// Whether it has sound.
    pub has_audio: bool,
    /// RFC 6381 names, such as `avc1.64001f,mp4a.40.2`.
    pub codecs: String,
    /// Highest bit rate over any stretch about as long as a segment (`BANDWIDTH`), in bits per second.
    pub bandwidth_peak: u64,
    /// Average bit rate (`AVERAGE-BANDWIDTH`), in bits per second.
    pub bandwidth_average: u64,
    /// Sum of the segments' durations.
    pub duration_ms: u64,
    /// When its first picture is shown (or its sound begins, without one), in microseconds of its own time: encoders that look ahead begin later.
    #[serde(default)]
    pub start_us: u64,
    /// Sum of the files' sizes, header and playlist included.
    pub size_bytes: u64,
    /// Number of segments.
    pub segment_count: u32,
    /// The longest segment.
    pub segment_ms_max: u64,
}

/// The picture of a [`Variant`], as shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VariantVideo {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Average pictures per second; 0 where unknown.
    pub frame_rate: f64,
}

/// Adds an HLS output in folder `name`, relative to where ffmpeg runs.
///
/// `cmaf` leaves out edit lists, which players honour differently, and `frag_discont` makes each track start at
/// its own time: without it a picture and a sound that start apart are played together.
pub(crate) fn output(arguments: &mut Arguments, name: &str) {
    let seconds = SEGMENT_SECONDS.to_string();
    arguments
        .add(["-map_metadata", "-1", "-map_chapters", "-1", "-max_muxing_queue_size", "4096"])
        .add(["-f", "hls", "-hls_time", &seconds, "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4"])
        .add(["-hls_flags", "independent_segments", "-hls_segment_options", "movflags=+cmaf+frag_discont"])
        .add(["-hls_fmp4_init_filename", INIT])
        .add(["-hls_segment_filename", &format!("{name}/segment-%05d.m4s")])
        .add([&format!("{name}/{PLAYLIST}")]);
}

/// Checks that the variant ffmpeg wrote into `folder` is whole, measures it, and writes its playlist anew.
///
/// ffmpeg adds up the durations that packets claim, which drift where pictures come unevenly; the segments
/// themselves say exactly when each starts.
pub(crate) async fn finish(
    folder: &Path,
    name: &str,
    video: Option<VariantVideo>,
    has_audio: bool,
) -> Result<Variant, MediaError> {
    let (folder, name) = (folder.to_owned(), name.to_owned());
    let finished = tokio::task::spawn_blocking(move || finish_now(&folder, name, video, has_audio)).await;
    finished.unwrap_or_else(|error| {
        let summary = "its playlist could not be finished.".to_owned();
        Err(MediaError::Failed { summary, detail: error.to_string() })
    })
}

fn finish_now(
    folder: &Path,
    name: String,
    video: Option<VariantVideo>,
    has_audio: bool,
) -> Result<Variant, MediaError> {
    let path = folder.join(PLAYLIST);
    let text = String::from_utf8_lossy(&small_file(&path)?).into_owned();
    let files = finished_segments(&text).ok_or_else(nothing_written)?;
    let init = small_file(&folder.join(INIT))?;
    let header = Header::read(&init).ok_or_else(nothing_written)?;
    let (segments, start_us) = measure(folder, files, &header)?;
    let playlist = media_playlist(&segments);
    std::fs::write(&path, &playlist).map_err(MediaError::io("written", &path))?;

    let duration_ms: f64 = segments.iter().map(|segment| segment.duration_ms).sum();
    let media_bytes: u64 = segments.iter().map(|segment| segment.size_bytes).sum();
    let bandwidth_average = rate(media_bytes, duration_ms);
    Ok(Variant {
        name,
        video,
        has_audio,
        codecs: header.codecs,
        bandwidth_peak: peak(&segments, target_seconds(&segments)).max(bandwidth_average),
        bandwidth_average,
        duration_ms: duration_ms.round() as u64,
        start_us,
        size_bytes: media_bytes + init.len() as u64 + playlist.len() as u64,
        segment_count: u32::try_from(segments.len()).unwrap_or(u32::MAX),
        segment_ms_max: segments.iter().map(|segment| segment.duration_ms).fold(0.0, f64::max).round() as u64,
    })
}

/// Each segment lasts until the next one starts; the last one as long as anything in it. Beside them, when the first one starts.
fn measure(folder: &Path, files: Vec<String>, header: &Header) -> Result<(Vec<Segment>, u64), MediaError> {
    let mut segments: Vec<Segment> = Vec::with_capacity(files.len());
    let (mut first_start_ms, mut last_start_ms) = (None, 0.0);
    for file in files {
        let path = folder.join(&file);
        let opened = File::open(&path).map_err(MediaError::io("opened", &path))?;
        let size_bytes = opened.metadata().map_err(MediaError::io("read", &path))?.len();
        let time = header.segment_time(BufReader::new(opened)).map_err(MediaError::io("read", &path))?;
        let time = time.ok_or_else(nothing_written)?;
        if let Some(last) = segments.last_mut() {
            last.duration_ms = time.start_ms - last_start_ms;
        }
        last_start_ms = time.start_ms;
        first_start_ms.get_or_insert(time.start_ms);
        segments.push(Segment { file, duration_ms: time.end_ms - time.start_ms, size_bytes });
    }
    if segments.iter().all(|segment| segment.duration_ms > 0.0) {
        Ok((segments, (first_start_ms.unwrap_or(0.0) * 1000.0).round().max(0.0) as u64))
    } else {
        Err(nothing_written())
    }
}

fn nothing_written() -> MediaError {
    MediaError::Damaged {
        what: "none of its content can be decoded.",
        detail: "the tool ended well but wrote no playable segment".to_owned(),
    }
}

fn small_file(path: &Path) -> Result<Vec<u8>, MediaError> {
    match std::fs::metadata(path) {
        Ok(facts) if facts.len() <= SMALL_FILE_BYTES => {
            std::fs::read(path).map_err(MediaError::io("read", path))
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(MediaError::io("read", path)(error))
        }
        _ => Err(nothing_written()),
    }
}

/// The segments a playlist lists; `None` unless it is finished and lists one.
fn finished_segments(text: &str) -> Option<Vec<String>> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let segments: Vec<String> = lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    (lines().any(|line| line == "#EXT-X-ENDLIST") && !segments.is_empty()).then_some(segments)
}

struct Segment {
    file: String,
    duration_ms: f64,
    size_bytes: u64,
}

/// RFC 8216 section 4.3.3.1: no segment, rounded to a whole second, is longer.
fn target_seconds(segments: &[Segment]) -> f64 {
    segments.iter().map(|segment| (segment.duration_ms / 1000.0).round()).fold(1.0, f64::max)
}

fn media_playlist(segments: &[Segment]) -> String {
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n\
         #EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"{INIT}\"\n",
        target_seconds(segments)
    );
    for segment in segments {
        text.push_str(&format!("#EXTINF:{:.6},\n{}\n", segment.duration_ms / 1000.0, segment.file));
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

fn rate(size_bytes: u64, duration_ms: f64) -> u64 {
    (size_bytes as f64 * 8000.0 / duration_ms).ceil() as u64
}

/// RFC 8216 section 4.1: the largest bit rate of any contiguous segments that last between 0.5 and 1.5 target
/// durations together.
fn peak(segments: &[Segment], target_seconds: f64) -> u64 {
    let (shortest_ms, longest_ms) = (target_seconds * 500.0, target_seconds * 1500.0);
    let mut highest = 0;
    for start in 0..segments.len() {
        let (mut duration_ms, mut size_bytes) = (0.0, 0);
        for segment in &segments[start..] {
            duration_ms += segment.duration_ms;
            size_bytes += segment.size_bytes;
            if duration_ms > longest_ms {
                break;
            }
            if duration_ms >= shortest_ms {
                highest = highest.max(rate(size_bytes, duration_ms));
            }
        }
    }
    highest
}

/// Whether these RFC 6381 names are of AV1, which not every player knows.
pub(crate) fn is_av1(codecs: &str) -> bool {
    codecs.split(',').any(|name| name.starts_with("av01"))
}

fn place(variant: &Variant) -> (bool, u64, &str) {
    (is_av1(&variant.codecs), variant.bandwidth_peak, variant.name.as_str())
}

/// The first version in the master playlist that has sound.
#[must_use]
pub fn first_with_sound(variants: &[Variant]) -> Option<&Variant> {
    variants.iter().filter(|variant| variant.has_audio).min_by_key(|variant| place(variant))
}

/// The master playlist over variants whose folders lie beside it, lowest bandwidth first. What not every player knows comes last: some
/// begin with the first they are told.
#[must_use]
pub fn master_playlist(variants: &[Variant]) -> String {
    let mut ordered: Vec<&Variant> = variants.iter().collect();
    ordered.sort_by_key(|variant| place(variant));
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    for variant in ordered {
        text.push_str(&format!(
            "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={}",
            variant.bandwidth_peak, variant.bandwidth_average
        ));
        if let Some(video) = &variant.video {
            text.push_str(&format!(",RESOLUTION={}x{}", video.width, video.height));
            if video.frame_rate > 0.0 {
                text.push_str(&format!(",FRAME-RATE={:.3}", video.frame_rate));
            }
        }
        text.push_str(&format!(",CODECS=\"{}\"\n{}/{PLAYLIST}\n", variant.codecs, variant.name));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_counts_short_last_segments_only_together_with_their_neighbours() {
        let of = |duration_ms, size_bytes| Segment { file: String::new(), duration_ms, size_bytes };
        // The last tenth of a second alone would be 8 Mbit/s.
        let segments = [of(6000.0, 600_000), of(6000.0, 900_000), of(100.0, 100_000)];
        assert_eq!(peak(&segments, 6.0), rate(1_000_000, 6100.0));
    }

    #[test]
    fn an_unfinished_playlist_is_refused() {
        let started = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6.0,\nsegment-00000.m4s\n";
        assert!(finished_segments(started).is_none());
        assert!(finished_segments(&format!("{started}#EXT-X-ENDLIST\n")).is_some());
        assert!(finished_segments("#EXTM3U\n#EXT-X-ENDLIST\n").is_none());
    }
}
