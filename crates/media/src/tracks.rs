//! One track of what holds two: players of DASH want sound and picture apart, and who only listens wants no picture.
//!
//! Nothing is decoded or encoded: boxes of the other track are left out, and offsets say where the samples lie now (ISO/IEC 14496-12,
//! 8.8). It reads what `crate::hls` has written, and refuses what it does not know.

use crate::fmp4::{boxes, child, number};

/// Of a fragment header: offsets count from its first byte.
const OFFSETS_FROM_HEADER: u32 = 0x02_0000;
const BASE_OFFSET: u32 = 0x1;
const BOX_HEADER: usize = 8;

/// Which track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OneTrack {
    /// What is seen.
    Picture,
    /// What is heard.
    Sound,
}

impl OneTrack {
    fn handler(self) -> &'static [u8; 4] {
        match self {
            Self::Picture => b"vide",
            Self::Sound => b"soun",
        }
    }
}

/// The header (`init.mp4`) of one track alone; `None` where there is no such track.
#[must_use]
pub fn header_of_track(init: &[u8], wanted: OneTrack) -> Option<Vec<u8>> {
    let id = track_id(init, wanted)?;
    let mut out = Vec::with_capacity(init.len());
    for (kind, content) in boxes(init) {
        if &kind != b"moov" {
            put(&mut out, &kind, content);
            continue;
        }
        let mut movie = Vec::with_capacity(content.len());
        for (kind, content) in boxes(content) {
            match &kind {
                b"trak" if id_of(content) != Some(id) => {}
                b"mvex" => {
                    let mut extends = Vec::new();
                    for (kind, content) in boxes(content) {
                        if &kind != b"trex" || number(content, 4) == Some(id) {
                            put(&mut extends, &kind, content);
                        }
                    }
                    put(&mut movie, b"mvex", &extends);
                }
                _ => put(&mut movie, &kind, content),
            }
        }
        put(&mut out, b"moov", &movie);
    }
    Some(out)
}

/// A segment of one track alone, of what `init` is the header of; `None` where it has none, or is written in another way than ours.
#[must_use]
pub fn segment_of_track(init: &[u8], segment: &[u8], wanted: OneTrack) -> Option<Vec<u8>> {
    let id = track_id(init, wanted)?;
    let size_default = child(child(init, b"moov")?, b"mvex").and_then(|extends| {
        let mut of_tracks = boxes(extends).filter(|(kind, _)| kind == b"trex").map(|(_, content)| content);
        number(of_tracks.find(|content| number(content, 4) == Some(id))?, 16)
    });
    let mut out = Vec::with_capacity(segment.len());
    let mut at = 0;
    let mut has_any = false;
    for (kind, content) in boxes(segment) {
        match &kind {
            b"moof" => {
                let fragment = Fragment { segment, at, id, size_default: size_default.unwrap_or(0) };
                has_any |= fragment.write(content, &mut out)?;
            }
            b"styp" => put(&mut out, &kind, content),
            // Samples go with their header; an index would be of what is not there.
            _ => {}
        }
        at += content.len() + BOX_HEADER;
    }
    has_any.then_some(out)
}

fn track_id(init: &[u8], wanted: OneTrack) -> Option<u32> {
    let mut tracks = boxes(child(init, b"moov")?).filter(|(kind, _)| kind == b"trak");
    tracks.find_map(|(_, track)| {
        let handler = child(child(track, b"mdia")?, b"hdlr")?.get(8..12)?;
        (handler == wanted.handler()).then(|| id_of(track))?
    })
}

fn id_of(track: &[u8]) -> Option<u32> {
    let head = child(track, b"tkhd")?;
    number(head, if *head.first()? == 0 { 12 } else { 20 })
}

fn put(out: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    let size = u32::try_from(content.len() + BOX_HEADER).unwrap_or(u32::MAX);
    out.extend_from_slice(&size.to_be_bytes());
    out.extend_from_slice(kind);
    out.extend_from_slice(content);
}

/// A `moof` within its segment.
struct Fragment<'a> {
    segment: &'a [u8],
    /// Where it begins.
    at: usize,
    id: u32,
    size_default: u32,
}

impl Fragment<'_> {
    /// Writes the track's part with its samples; `Some(false)` if it has none here.
    fn write(&self, content: &[u8], out: &mut Vec<u8>) -> Option<bool> {
        let mut header = Vec::new();
        let mut samples: Vec<&[u8]> = Vec::new();
        // Where in the new header offsets stand, and how many bytes of samples lie before what they point to.
        let mut offsets: Vec<(usize, usize)> = Vec::new();
        let mut before = 0;
        for (kind, content) in boxes(content) {
            if &kind != b"traf" {
                put(&mut header, &kind, content);
                continue;
            }
            let head = child(content, b"tfhd")?;
            if number(head, 4)? != self.id {
                continue;
            }
            let flags = number(head, 0)?;
            if flags & BASE_OFFSET != 0 || flags & OFFSETS_FROM_HEADER == 0 {
                return None;
            }
            let size_default = default_size(head, flags).unwrap_or(self.size_default);
            let begins = header.len() + BOX_HEADER;
            let mut track = Vec::with_capacity(content.len());
            for (kind, run) in boxes(content) {
                if &kind == b"trun" {
                    let (flags, count) = (number(run, 0)?, number(run, 4)?);
                    if flags & 1 == 0 {
                        return None;
                    }
                    let from = self.at.checked_add(usize::try_from(number(run, 8)?).ok()?)?;
                    let size = run_size(run, flags, count, size_default)?;
                    samples.push(self.segment.get(from..from.checked_add(size)?)?);
                    offsets.push((begins + track.len() + BOX_HEADER + 8, before));
                    before += size;
                }
                put(&mut track, &kind, run);
            }
            put(&mut header, b"traf", &track);
        }
        if samples.is_empty() {
            return Some(false);
        }
        let samples_at = header.len() + 2 * BOX_HEADER;
        for (place, before) in offsets {
            let offset = u32::try_from(samples_at + before).ok()?;
            header.get_mut(place..place + 4)?.copy_from_slice(&offset.to_be_bytes());
        }
        put(out, b"moof", &header);
        let size = u32::try_from(before + BOX_HEADER).ok()?;
        out.extend_from_slice(&size.to_be_bytes());
        out.extend_from_slice(b"mdat");
        samples.into_iter().for_each(|run| out.extend_from_slice(run));
        Some(true)
    }
}

/// The size that a `tfhd` says samples have that do not say another.
fn default_size(head: &[u8], flags: u32) -> Option<u32> {
    if flags & 0x10 == 0 {
        return None;
    }
    let before = [0x1, 0x2, 0x8].map(|flag| {
        if flags & flag == 0 {
            0
        } else if flag == 0x1 {
            8
        } else {
            4
        }
    });
    number(head, 8 + before.iter().sum::<usize>())
}

fn run_size(run: &[u8], flags: u32, count: u32, size_default: u32) -> Option<usize> {
    let count = usize::try_from(count).ok()?;
    if flags & 0x200 == 0 {
        return count.checked_mul(usize::try_from(size_default).ok()?);
    }
    let fields = [0x100, 0x200, 0x400, 0x800].map(|flag| usize::from(flags & flag != 0));
    let each: usize = 4 * fields.iter().sum::<usize>();
    let first = 12 + if flags & 4 != 0 { 4 } else { 0 } + 4 * fields[0];
    let mut size = 0_usize;
    for sample in 0..count {
        size = size.checked_add(usize::try_from(number(run, first + sample * each)?).ok()?)?;
    }
    Some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, kind, content);
        out
    }

    fn words(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn init() -> Vec<u8> {
        let track = |id, handler: &[u8; 4]| {
            let handler = [&[0; 8][..], handler, &[0; 12]].concat();
            let media = boxed(b"mdia", &boxed(b"hdlr", &handler));
            boxed(b"trak", &[boxed(b"tkhd", &words(&[0, 0, 0, id])), media].concat())
        };
        let extends = |id, size| boxed(b"trex", &words(&[0, id, 1, 0, size, 0]));
        let extends = boxed(b"mvex", &[extends(1, 3), extends(2, 0)].concat());
        let movie = [track(1, b"soun"), track(2, b"vide"), extends].concat();
        [boxed(b"ftyp", b"iso6"), boxed(b"moov", &movie)].concat()
    }

    /// Sound, picture, sound, as they lie beside each other; sizes of sound are those of the header.
    fn segment() -> Vec<u8> {
        let samples = b"aaaaaaPPPPPppaaa";
        let build = |at: u32| {
            let head = |id| boxed(b"tfhd", &words(&[OFFSETS_FROM_HEADER, id]));
            let sound =
                [head(1), boxed(b"trun", &words(&[0x1, 2, at])), boxed(b"trun", &words(&[0x1, 1, at + 13]))];
            let picture = [head(2), boxed(b"trun", &words(&[0x201, 2, at + 6, 5, 2]))];
            let header = [
                boxed(b"mfhd", &words(&[0, 1])),
                boxed(b"traf", &sound.concat()),
                boxed(b"traf", &picture.concat()),
            ];
            boxed(b"moof", &header.concat())
        };
        let length = u32::try_from(build(0).len()).unwrap();
        [boxed(b"styp", b"msdh"), build(length + 8), boxed(b"mdat", samples)].concat()
    }

    /// The samples that the offsets of a segment lead to.
    fn samples_of(segment: &[u8], id: u32) -> Vec<u8> {
        let at = boxes(segment).next().unwrap().1.len() + BOX_HEADER;
        let fragment = child(segment, b"moof").unwrap();
        let track = child(fragment, b"traf").unwrap();
        assert_eq!(number(child(track, b"tfhd").unwrap(), 4), Some(id));
        let mut samples = Vec::new();
        for (_, run) in boxes(track).filter(|(kind, _)| kind == b"trun") {
            let (flags, count) = (number(run, 0).unwrap(), number(run, 4).unwrap());
            let from = at + number(run, 8).unwrap() as usize;
            samples.extend_from_slice(&segment[from..from + run_size(run, flags, count, 3).unwrap()]);
        }
        samples
    }

    #[test]
    fn each_track_keeps_its_own_samples() {
        for (track, id, samples) in
            [(OneTrack::Sound, 1, &b"aaaaaaaaa"[..]), (OneTrack::Picture, 2, b"PPPPPpp")]
        {
            let header = header_of_track(&init(), track).unwrap();
            let movie = child(&header, b"moov").unwrap();
            assert_eq!(boxes(movie).filter(|(kind, _)| kind == b"trak").count(), 1);
            assert_eq!(track_id(&header, track), Some(id));
            let alone = segment_of_track(&init(), &segment(), track).unwrap();
            assert_eq!(samples_of(&alone, id), samples);
            assert_eq!(child(&alone, b"mdat"), Some(samples));
            assert_eq!(boxes(child(&alone, b"moof").unwrap()).filter(|(kind, _)| kind == b"traf").count(), 1);
            // Taken apart again, it stays as it is.
            assert_eq!(segment_of_track(&header, &alone, track), Some(alone));
        }
    }

    #[test]
    fn what_is_cut_off_or_says_nonsense_is_refused() {
        let (init, segment) = (init(), segment());
        for end in 0..init.len() {
            let _ = header_of_track(&init[..end], OneTrack::Sound);
        }
        for end in 0..segment.len() {
            // The last bytes are sound.
            assert!(segment_of_track(&init, &segment[..end], OneTrack::Sound).is_none(), "{end}");
        }
        for place in 0..segment.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut changed = segment.clone();
                changed[place] = value;
                let _ = segment_of_track(&init, &changed, OneTrack::Sound);
            }
        }
        assert_eq!(header_of_track(&[], OneTrack::Sound), None);
        assert_eq!(segment_of_track(&init, &[], OneTrack::Sound), None);
    }
}
