//! Reading fragmented MP4: which codecs its header names, and when each segment starts and how long it lasts.
//!
//! Box layout: ISO/IEC 14496-12 (`moov`, `trak`, `stsd`, `moof`, `trun`), 14496-15 (`avcC`) and 14496-1 (`esds`
//! descriptors).

use std::io::{self, Read, Seek, SeekFrom};

/// A fragment header describes a few seconds of samples, sixteen bytes each.
const FRAGMENT_HEADER_BYTES: u64 = 16 << 20;

/// The facts of `init.mp4`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// RFC 6381 names, such as `avc1.64001f,mp4a.40.2`.
    pub(crate) codecs: String,
    tracks: Vec<Track>,
    /// The track that segments are cut by: the picture, or else the sound.
    lead: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Track {
    id: u32,
    is_video: bool,
    ticks_per_second: u32,
    sample_ticks_default: u32,
}

/// When a segment plays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SegmentTime {
    /// Start of the leading track.
    pub(crate) start_ms: f64,
    /// End of the track that lasts longest.
    pub(crate) end_ms: f64,
}

impl Header {
    /// `None` when a track is none of H.264, AV1 and AAC, or the header is broken.
    pub(crate) fn read(init: &[u8]) -> Option<Self> {
        let movie = child(init, b"moov")?;
        let mut names = Vec::new();
        let mut tracks = Vec::new();
        for (_, content) in boxes(movie).filter(|(kind, _)| kind == b"trak") {
            names.push(track_codec(content)?);
            tracks.push(Track::read(content, movie)?);
        }
        let lead = tracks.iter().find(|track| track.is_video).or(tracks.first())?.id;
        Some(Self { codecs: names.join(","), tracks, lead })
    }

    /// Reads the times of one segment file. `Ok(None)` when it holds nothing of the leading track.
    pub(crate) fn segment_time(&self, mut segment: impl Read + Seek) -> io::Result<Option<SegmentTime>> {
        loop {
            let mut start = [0; 8];
            match segment.read_exact(&mut start) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                other => other?,
            }
            let [a, b, c, d, kind @ ..] = start;
            let size = u64::from(u32::from_be_bytes([a, b, c, d]));
            let Some(content_size) = size.checked_sub(8) else { return Ok(None) };
            if &kind != b"moof" {
                segment.seek(SeekFrom::Current(content_size.cast_signed()))?;
                continue;
            }
            let mut content = Vec::new();
            segment.take(content_size.min(FRAGMENT_HEADER_BYTES)).read_to_end(&mut content)?;
            return Ok(self.fragment_time(&content));
        }
    }

    fn fragment_time(&self, fragment: &[u8]) -> Option<SegmentTime> {
        let (mut start_ms, mut end_ms) = (None, 0.0_f64);
        for (_, content) in boxes(fragment).filter(|(kind, _)| kind == b"traf") {
            let head = child(content, b"tfhd")?;
            let id = number(head, 4)?;
            let track = self.tracks.iter().find(|track| track.id == id)?;
            let (start, end) = track.fragment_times(content, head)?;
            end_ms = end_ms.max(end);
            if id == self.lead {
                start_ms = Some(start);
            }
        }
        start_ms.map(|start_ms| SegmentTime { start_ms, end_ms })
    }
}

impl Track {
    fn read(track: &[u8], movie: &[u8]) -> Option<Self> {
        let after_times = |content: &[u8]| number(content, if *content.first()? == 0 { 12 } else { 20 });
        let id = after_times(child(track, b"tkhd")?)?;
        let media = child(track, b"mdia")?;
        let ticks_per_second = after_times(child(media, b"mdhd")?).filter(|ticks| *ticks > 0)?;
        let is_video = child(media, b"hdlr")?.get(8..12)? == b"vide";
        let extends = child(movie, b"mvex").unwrap_or_default();
        let sample_ticks_default = boxes(extends)
            .filter(|(kind, _)| kind == b"trex")
            .find(|(_, content)| number(content, 4) == Some(id))
            .and_then(|(_, content)| number(content, 12))
            .unwrap_or(0);
        Some(Self { id, is_video, ticks_per_second, sample_ticks_default })
    }

    /// When the track's part of a fragment starts and ends to be played, in milliseconds.
    fn fragment_times(&self, content: &[u8], head: &[u8]) -> Option<(f64, f64)> {
        let decode_time = child(content, b"tfdt")?;
        let base = match *decode_time.first()? {
            0 => u64::from(number(decode_time, 4)?),
            _ => u64::from_be_bytes(decode_time.get(4..12)?.try_into().ok()?),
        };
        let sample_ticks = sample_ticks(head).unwrap_or(self.sample_ticks_default);
        let mut run = Run { decode_time: 0, start: i64::MAX, end: 0 };
        for (_, samples) in boxes(content).filter(|(kind, _)| kind == b"trun") {
            run.read(samples, sample_ticks)?;
        }
        let first = if run.start == i64::MAX { 0 } else { run.start };
        let ms = |ticks: i64| (base as f64 + ticks as f64) * 1000.0 / f64::from(self.ticks_per_second);
        Some((ms(first), ms(run.end)))
    }
}

/// The sample duration a fragment's track header sets for all of its samples.
fn sample_ticks(head: &[u8]) -> Option<u32> {
    let flags = number(head, 0)?;
    let before = 8 + if flags & 1 != 0 { 8 } else { 0 } + if flags & 2 != 0 { 4 } else { 0 };
    if flags & 8 != 0 { number(head, before) } else { None }
}

/// Times of samples, in ticks from the start of their fragment.
struct Run {
    decode_time: i64,
    /// When the first picture is shown; pictures are stored in another order than shown.
    start: i64,
    /// When the last picture shown stops being shown.
    end: i64,
}

impl Run {
    /// Adds the samples of a `trun`, whose fields are present as its flags say.
    fn read(&mut self, run: &[u8], sample_ticks: u32) -> Option<()> {
        let (flags, count) = (number(run, 0)?, number(run, 4)?);
        if flags & 0xF00 == 0 {
            self.start = self.start.min(self.decode_time);
            self.decode_time += i64::from(count) * i64::from(sample_ticks);
            self.end = self.end.max(self.decode_time);
            return Some(());
        }
        let mut at = 8 + if flags & 1 != 0 { 4 } else { 0 } + if flags & 4 != 0 { 4 } else { 0 };
        for _ in 0..count {
            let (mut duration, mut shown_after) = (sample_ticks, 0);
            for field in [0x100, 0x200, 0x400, 0x800] {
                if flags & field != 0 {
                    let value = number(run, at)?;
                    at += 4;
                    match field {
                        0x100 => duration = value,
                        0x800 => shown_after = value.cast_signed(),
                        _ => {}
                    }
                }
            }
            let shown = self.decode_time + i64::from(shown_after);
            self.start = self.start.min(shown);
            self.end = self.end.max(shown + i64::from(duration));
            self.decode_time += i64::from(duration);
        }
        Some(())
    }
}

fn track_codec(track: &[u8]) -> Option<String> {
    let mut inside = track;
    for wanted in [b"mdia", b"minf", b"stbl", b"stsd"] {
        inside = child(inside, wanted)?;
    }
    // `stsd` starts with version, flags and a count.
    let (kind, entry) = boxes(inside.get(8..)?).next()?;
    match &kind {
        b"avc1" | b"avc3" => {
            let [_, profile, constraints, level, ..] = child(entry.get(78..)?, b"avcC")? else { return None };
            let name = std::str::from_utf8(&kind).ok()?;
            Some(format!("{name}.{profile:02x}{constraints:02x}{level:02x}"))
        }
        b"av01" => {
            // AV1 in ISOBMFF, 2.3 and 5: profile, level, tier and depth, as the sequence header has them.
            let [_, profile_and_level, depth, ..] = child(entry.get(78..)?, b"av1C")? else { return None };
            let (profile, level) = (profile_and_level >> 5, profile_and_level & 31);
            let tier = if depth & 0x80 == 0 { 'M' } else { 'H' };
            let bits = match depth >> 5 & 3 {
                0 => 8,
                2 => 10,
                _ => 12,
            };
            Some(format!("av01.{profile}.{level:02}{tier}.{bits:02}"))
        }
        b"mp4a" => {
            let descriptors = child(entry.get(28..)?, b"esds")?.get(4..)?;
            Some(format!("mp4a.40.{}", audio_object_type(descriptors)?))
        }
        _ => None,
    }
}

/// The audio object type from the AudioSpecificConfig inside nested descriptors.
fn audio_object_type(descriptors: &[u8]) -> Option<u8> {
    const STREAM: u8 = 3;
    const DECODER: u8 = 4;
    const SPECIFIC: u8 = 5;
    let (STREAM, stream) = descriptor(descriptors)? else { return None };
    // Flags for fields that HLS never has: dependency, URL, clock.
    if stream.get(2)? & 0xE0 != 0 {
        return None;
    }
    let (DECODER, decoder) = descriptor(stream.get(3..)?)? else { return None };
    let (SPECIFIC, specific) = descriptor(decoder.get(13..)?)? else { return None };
    match specific {
        [first, second, ..] if first >> 3 == 31 => Some(32 + (((first & 7) << 3) | (second >> 5))),
        [first, ..] => Some(first >> 3),
        [] => None,
    }
}

/// Tag, a length of one to four bytes with seven bits each, content.
fn descriptor(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (&tag, mut rest) = bytes.split_first()?;
    let mut length = 0_usize;
    for _ in 0..4 {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        length = (length << 7) | usize::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some((tag, rest.get(..length)?))
}

/// The big-endian number at `offset`.
pub(crate) fn number(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(offset..offset.checked_add(4)?)?.try_into().ok()?))
}

pub(crate) fn child<'a>(bytes: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(bytes).find(|(kind, _)| kind == wanted).map(|(_, content)| content)
}

/// The boxes of a box's content; ends at the first that is cut off.
pub(crate) fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let size = usize::try_from(number(bytes, 0)?).ok()?;
        let kind: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
        let content = bytes.get(8..size)?;
        bytes = &bytes[size..];
        Some((kind, content))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let size = u32::try_from(content.len() + 8).unwrap();
        [&size.to_be_bytes()[..], kind, content].concat()
    }

    fn words(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    #[test]
    fn a_segment_starts_with_its_picture_and_ends_with_what_lasts_longest() {
        let track = |id, is_video| Track { id, is_video, ticks_per_second: 1_000, sample_ticks_default: 40 };
        let header = Header { codecs: String::new(), tracks: vec![track(1, false), track(7, true)], lead: 7 };
        let track = |id: u32, base: u32, runs: &[&[u32]]| {
            let mut content = boxed(b"tfhd", &words(&[0, id]));
            content.extend(boxed(b"tfdt", &words(&[0x0100_0000, 0, base])));
            runs.iter().for_each(|run| content.extend(boxed(b"trun", &words(run))));
            boxed(b"traf", &content)
        };
        // Durations, sizes and composition offsets: the second picture is shown before the first.
        let picture = [0x0000_0b01, 2, 0, 30, 999, 50, 50, 999, (-30_i32).cast_unsigned()];
        let segment_with = |sound_samples| {
            let fragment =
                [track(1, 5_950, &[&[0, sound_samples]]), track(7, 6_000, &[&picture, &[0x800, 1, 0]])];
            [boxed(b"styp", b"msdh"), boxed(b"moof", &fragment.concat()), boxed(b"mdat", &[0; 9])].concat()
        };
        let time = |segment: &[u8]| header.segment_time(Cursor::new(segment)).unwrap();
        assert_eq!(time(&segment_with(1)), Some(SegmentTime { start_ms: 6_000.0, end_ms: 6_120.0 }));
        assert_eq!(time(&segment_with(5)), Some(SegmentTime { start_ms: 6_000.0, end_ms: 6_150.0 }));
        let whole = segment_with(5);
        for end in 0..whole.len() - 17 {
            let _ = time(&whole[..end]);
        }
    }

    #[test]
    fn a_header_of_bare_boxes_is_refused() {
        let mut nested = Vec::new();
        for kind in [b"stsd", b"stbl", b"minf", b"mdia", b"trak", b"moov"] {
            nested = boxed(kind, &nested);
        }
        assert_eq!(Header::read(&nested), None);
        assert_eq!(Header::read(&[]), None);
    }

    #[test]
    fn av1_is_named_by_profile_level_tier_and_depth() {
        let named = |first: u8, second: u8| {
            let entry = [&[0; 78][..], &boxed(b"av1C", &[0x81, first, second, 0])].concat();
            let mut inside = [&[0; 8][..], &boxed(b"av01", &entry)].concat();
            for kind in [b"stsd", b"stbl", b"minf", b"mdia"] {
                inside = boxed(kind, &inside);
            }
            track_codec(&inside)
        };
        assert_eq!(named(0x08, 0x0c).as_deref(), Some("av01.0.08M.08"));
        assert_eq!(named(0x0d, 0x4c).as_deref(), Some("av01.0.13M.10"));
        assert_eq!(named(0x4f, 0xec).as_deref(), Some("av01.2.15H.12"));
    }

    #[test]
    fn extended_audio_object_types_are_read_from_both_bytes() {
        // Descriptors 3, 4 and 5 with an AudioSpecificConfig for type 42 (xHE-AAC): escape 31, then 42 - 32.
        let specific = [5, 2, 0b1111_1001, 0b0100_0000];
        let mut decoder = vec![4, 13 + 4, 0x40, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        decoder.extend(specific);
        let mut stream = vec![3, 3 + 19, 0, 1, 0];
        stream.extend(decoder);
        assert_eq!(audio_object_type(&stream), Some(42));
    }
}
